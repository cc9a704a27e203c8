/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way back of promoted topics: a second link with the sides swapped, which is made from the
 * first one's configuration as people gave it, so that secrets stay references.
 */
#ifndef WORKER_CLI_CLI_BACK_PRIV_H
#define WORKER_CLI_CLI_BACK_PRIV_H

#include "cli/cli_priv.h"

/* The configuration of a link back of `link`: the caller's. */
struct kc_error *cli_reverse_config(struct cli *cli, const char *link,
                                    struct kc_map **config) KC_MUST_CHECK;
/* reverse-and-start, truncate-and-restore, finalize: the row's verb. */
struct kc_error *cli_mirror_back(struct cli *cli) KC_MUST_CHECK;

/* cli_link.c: waits until the link answers, so that the next command may follow at once. */
struct kc_error *cli_await_link(struct cli *cli, const char *link) KC_MUST_CHECK;

#endif
