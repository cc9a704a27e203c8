/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may keep a connection, and for how long.
 *
 * Two rules. A connection that takes too long over a request or an answer is cut off
 * (libmicrohttpd itself ends only those that don't move at all). And no more than a number of them
 * are open, all listeners together: a new one takes the place of another, never waits. Which one
 * goes: of the address with the most connections (IPv6: of the /64), the one that has waited
 * longest for its client, first among those of which no whole request has come, then among those
 * whose answer isn't taken. A request that the worker is at is never cut off.
 *
 * Entries belong to the event thread of their connection; one thread looks at all deadlines.
 */
#ifndef WORKER_REST_CONNECTION_GUARD_PRIV_H
#define WORKER_REST_CONNECTION_GUARD_PRIV_H

#include "connect/error.h"

#include <stdint.h>
#include <sys/socket.h>

struct kc_connection_guard;
struct kc_guarded; /* one connection */

enum kc_guard_phase {
    KC_GUARD_READING,   /* of a request, the first byte or the next; also between requests */
    KC_GUARD_HANDLING,  /* the worker is at it */
    KC_GUARD_ANSWERING, /* the client is to take the answer */
};

struct kc_error *kc_connection_guard_new(size_t max_connections,
                                         struct kc_connection_guard **guard) KC_MUST_CHECK;
void kc_connection_guard_destroy(struct kc_connection_guard *guard); /* when no entry is left */

/* Watches a socket until kc_guarded_destroy(), which must come before the socket is closed. May cut
 * another one off. address may be NULL. */
struct kc_guarded *kc_guarded_new(struct kc_connection_guard *guard, int fd,
                                  const struct sockaddr *address, int64_t deadline_ms);
void kc_guarded_destroy(struct kc_guarded *guarded);

/* What the connection waits for from now on, and the time (kc_mono_ms() units; INT64_MAX: never) at
 * which its socket is shut down. */
void kc_guarded_move(struct kc_guarded *guarded, enum kc_guard_phase phase, int64_t deadline_ms);

/* Whether it holds much of the server's memory. */
void kc_guarded_set_large(struct kc_guarded *guarded, bool large);

/* Memory is wanted: cuts off the client that holds much of it and has hardly sent or taken anything
 * for longest. Who goes on sending or taking, and who waits for the worker, is left alone. */
void kc_connection_guard_relieve(struct kc_connection_guard *guard);

#endif
