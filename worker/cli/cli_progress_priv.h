/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The progress of mirror topics as text: a frame with bars for a terminal, lines for a pipe.
 *
 * Pure functions of what REST says of mirrors.
 */
#ifndef WORKER_CLI_CLI_PROGRESS_PRIV_H
#define WORKER_CLI_CLI_PROGRESS_PRIV_H

#include "cli/cli_print_priv.h"

/* One mirror, its partitions added up. -1: not known. Texts are borrowed from the JSON. */
struct cli_progress {
    const char *name;
    const char *state;
    const char *reason; /* "" : none */
    double progress;    /* 0 to 1 */
    int64_t lag;        /* records */
    int64_t lag_bytes;
    int64_t lag_ms; /* of the partition that is most behind */
    int64_t eta_ms;
};
void cli_progress_of(const json_t *mirror, struct cli_progress *progress);

/* Appends a line of at most width columns (0: any), without a line feed; the name takes name_width.
 */
void cli_progress_line(struct kc_str *out, const struct cli_progress *progress, int name_width,
                       int width, bool colour);
/* Appends lines for all mirrors and one that adds them up, at most height of them (0: any); returns
 * how many. */
int cli_progress_frame(struct kc_str *out, const json_t *mirrors, int width, int height,
                       bool colour);
/* Appends a text that is another one when there is something new to tell: another state or reason,
 * one percent more, caught up, or no longer so. */
void cli_progress_key(struct kc_str *out, const struct cli_progress *progress);

#endif
