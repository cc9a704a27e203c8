/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decides which connections are kept, and for how long.
 *
 * Two rules. A connection that takes too long over a request or an answer is cut off (libmicrohttpd
 * itself ends only those that don't move at all). And the number of open connections is bounded,
 * all listeners together: a new one never waits, but takes the place of another. That one belongs
 * to the address with the most connections (IPv6: the /64). It is the one that has waited longest
 * for its client: first among those without a whole request, then among those whose answer isn't
 * taken. A request that the worker is handling is never cut off.
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
    KC_GUARD_ANSWERING, /* the client must take the answer */
};

struct kc_error *kc_connection_guard_new(size_t max_connections,
                                         struct kc_connection_guard **guard) KC_MUST_CHECK;
void kc_connection_guard_destroy(struct kc_connection_guard *guard); /* when no entry is left */

/* Watches a socket until kc_guarded_destroy(), which must come before the socket is closed. May cut
 * another one off. address may be NULL. */
struct kc_guarded *kc_guarded_new(struct kc_connection_guard *guard, int fd,
                                  const struct sockaddr *address, int64_t deadline_ms);
void kc_guarded_destroy(struct kc_guarded *guarded);

/* Sets what the connection waits for from now on, and the time (kc_mono_ms() units; INT64_MAX:
 * never) at which its socket is shut down. */
void kc_guarded_move(struct kc_guarded *guarded, enum kc_guard_phase phase, int64_t deadline_ms);

/* The text that the client gets before it is cut off, if it has begun a request and is late with
 * it. It holds until the next move. text is static; NULL: none. Not for TLS. */
void kc_guarded_set_farewell(struct kc_guarded *guarded, const char *text);

/* Whether it holds much of the server's memory. */
void kc_guarded_set_large(struct kc_guarded *guarded, bool large);

/* Frees memory: cuts off the client that holds much of it and has hardly sent or taken anything for
 * longest. A client that keeps sending or taking, or waits for the worker, is left alone. */
void kc_connection_guard_relieve(struct kc_connection_guard *guard);

#endif
