/* SPDX-License-Identifier: Apache-2.0 */
/* --watch: asks a worker for mirror topics again and again, and shows what has changed. */
#ifndef WORKER_CLI_CLI_WATCH_PRIV_H
#define WORKER_CLI_CLI_WATCH_PRIV_H

#include "cli/cli_priv.h"

enum cli_watch_end {
    CLI_WATCH_COPIED, /* each mirror has caught up with its source, or can't */
    CLI_WATCH_FINAL,  /* nothing more will happen to any of them by itself */
};

/* Watches the mirrors of a link: those named, or all (names NULL). With -o json or yaml each change
 * is a document. A worker that is away is waited for until the time-out. cli->status is CLI_FAILED
 * if a mirror is DIVERGED or FAILED at the end. */
struct kc_error *cli_watch(struct cli *cli, const char *link, const struct kc_strings *names,
                           enum cli_watch_end end) KC_MUST_CHECK;

#endif
