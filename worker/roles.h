/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The roles that the binary can play, each a function from its arguments to an exit status.
 *
 * Called by main on the main thread, with signals blocked; each runs until it is told to stop by
 * SIGTERM, SIGINT or SIGHUP. Exit statuses are those of Apache's launchers: 0 stopped cleanly, 1
 * wrong usage or configuration, 2 failed while running, 3 failed to start.
 */
#ifndef WORKER_ROLES_H
#define WORKER_ROLES_H

#include "connect/thread.h"
#include "herder/herder.h"

enum kc_exit { KC_EXIT_OK = 0, KC_EXIT_ERROR = 1, KC_EXIT_FAILED = 2, KC_EXIT_START = 3 };

/* argv[0] is the role's name, arguments follow. */
int kc_role_distributed(int argc, char **argv);
int kc_role_standalone(int argc, char **argv);
int kc_role_mirror_maker(int argc, char **argv);
int kc_role_gateway(int argc, char **argv);

/* ---- what the roles share ---- */

/* Prints err to stderr as one line and destroys it. Returns status. */
int kc_role_fail(struct kc_error *err, enum kc_exit status);

/* Sets the log up by `log.level` and `log.format`; the keys may be absent. KC_ERR_CONFIG. */
struct kc_error *kc_role_logging(const struct kc_map *properties) KC_MUST_CHECK;

/* Starts a thread that calls kc_herder_stop() on all herders and sets stop (NULL: none) at the
 * first stop signal, and ends the process at the second. Both are borrowed until
 * kc_role_signals_end(). */
struct kc_error *kc_role_signals_start(struct kc_herder *const *herders, size_t count,
                                       struct kc_stop *stop) KC_MUST_CHECK;
void kc_role_signals_end(void);

#endif
