/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why Kafka clients can't use their clusters, for people. Each client of either library reports its
 * failed connections here; `explain` and the log show them.
 *
 * A client belongs to the threads that made it or share it, by their log context ("[mm|task-0] ").
 * A trouble is removed when the address works again, or when no client has met it for a while. Any
 * thread.
 */
#ifndef WORKER_WIRE_ACCESS_H
#define WORKER_WIRE_ACCESS_H

#include "connect/map.h"

struct kc_access;

/* Java's keys: bootstrap.servers, security.protocol, sasl.mechanism, and who logs in. Copied. */
struct kc_access_login {
    const char *servers;
    const char *protocol;
    const char *mechanism; /* NULL: no SASL */
    const char *user;      /* NULL: not known */
};

/* client is its name in the log; kc_access_find() finds it by handle, which may be NULL. */
struct kc_access *kc_access_new(const char *client, const void *handle,
                                const struct kc_access_login *login);
/* By the client's own settings. */
struct kc_access *kc_access_of(const char *client, const struct kc_map *settings);
void kc_access_destroy(struct kc_access *access); /* NULL is fine */

/* The entry of the client with the handle; NULL: none. The caller releases it, because librdkafka's
 * threads may still report a connection's end while the client is destroyed. */
struct kc_access *kc_access_find(const void *handle);
void kc_access_release(struct kc_access *access); /* NULL is fine */

/* This thread uses the client, too. */
void kc_access_join(struct kc_access *access);

/* A connection to address failed. refused: the broker doesn't admit this client, so another try
 * won't help. Logs the first refusal, and lasting trouble once a minute. */
void kc_access_failed(struct kc_access *access, const char *address, bool refused, const char *why);
/* It works; NULL: all of the client's addresses. */
void kc_access_ready(struct kc_access *access, const char *address);

/* A refusal of the last half minute, owned by the caller; NULL: none. */
char *kc_access_refusal(struct kc_access *access);

/* Appends why the clients of the connector (task -1) or of its task can't use their clusters. */
void kc_access_explain(const char *connector, int task, struct kc_strings *troubles);

#endif
