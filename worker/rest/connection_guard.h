/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time limits for connections: who sends a request byte by byte, or takes an answer so, is cut off.
 * (libmicrohttpd itself ends only those that don't move at all.)
 *
 * Entries belong to the event thread of their connection; one thread looks at all deadlines.
 */
#ifndef WORKER_REST_CONNECTION_GUARD_H
#define WORKER_REST_CONNECTION_GUARD_H

#include "connect/error.h"

#include <stdint.h>

struct kc_connection_guard;
struct kc_guarded; /* one connection */

struct kc_error *kc_connection_guard_new(struct kc_connection_guard **guard) KC_MUST_CHECK;
void kc_connection_guard_destroy(struct kc_connection_guard *guard); /* when no entry is left */

/* Watches a socket until kc_guarded_destroy(), which must come before the socket is closed. */
struct kc_guarded *kc_guarded_new(struct kc_connection_guard *guard, int fd, int64_t deadline_ms);
void kc_guarded_destroy(struct kc_guarded *guarded);

/* The time (kc_mono_ms() units; INT64_MAX: never) at which the socket is shut down. */
void kc_guarded_set_deadline(struct kc_guarded *guarded, int64_t deadline_ms);

#endif
