/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `connect-distributed.sh -daemon FILE`: Apache's scripts go into the background on request and
 * print to $LOG_DIR/NAME.out. For main.c, before any thread exists.
 */
#ifndef WORKER_DAEMON_MODE_H
#define WORKER_DAEMON_MODE_H

#include <stdbool.h>

/* Returns true in the child, which has a session of its own; in the parent, and after an error that
 * has been printed, false with the exit status. script: the path that the program was called by. */
bool kc_daemon_mode(const char *script, const char *name, int *status);

#endif
