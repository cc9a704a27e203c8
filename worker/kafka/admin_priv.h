/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared by the admin_*.c files: one call, from request to result event.
 *
 * A call has a queue of its own, so that any number of threads may be in one at a time.
 */
#ifndef WORKER_KAFKA_ADMIN_PRIV_H
#define WORKER_KAFKA_ADMIN_PRIV_H

#include "connect/kafka.h"
#include "wire/wire_admin.h"

#include <pthread.h>

struct kc_wire_admin;

struct kc_admin {
    struct kc_map *properties;
    rd_kafka_t *client; /* reads uncommitted */
    int timeout_ms;
    pthread_mutex_t lock;       /* guards the clients below, made on first use */
    rd_kafka_t *committed;      /* reads committed, for last stable offsets */
    struct kc_wire_admin *wire; /* for calls that librdkafka lacks */
};

struct kc_admin_call {
    struct kc_admin *admin;
    rd_kafka_queue_t *queue;
    rd_kafka_AdminOptions_t *options;
    rd_kafka_event_t *event;
    int64_t began_ms;
    int64_t deadline_ms;
};

/* Our own client beneath, connected on first use; borrowed. */
struct kc_error *kc_admin_wire(struct kc_admin *admin, struct kc_wire_admin **wire) KC_MUST_CHECK;

/* Sends request (taken) by our own client; `what` names the action in errors. */
struct kc_error *kc_admin_call_wire(struct kc_admin *admin, struct kc_wire_request *request,
                                    const char *what, struct kc_wire_reply **reply) KC_MUST_CHECK;

/* IncrementalAlterConfigs of one resource. */
struct kc_error *kc_admin_alter_config(struct kc_wire_admin *wire, enum kc_wire_resource resource,
                                       const char *name, const struct kc_config_op *ops,
                                       size_t count, int timeout_ms) KC_MUST_CHECK;

/* How many topics from the first on go into one request to create them; count is 1 or more. */
size_t kc_admin_create_slice(const struct kc_new_topic *topics, size_t count);

/* Options for op with the admin's time-out. Always kc_admin_call_end() it. */
void kc_admin_call_begin(struct kc_admin_call *call, struct kc_admin *admin,
                         rd_kafka_admin_op_t op);
/* Fetches metadata anew. librdkafka fetches it once when it lacks a controller or the cluster's id,
 * and then waits for news. If a broker was out of service at that moment, it waits for the whole
 * time-out of the call. */
void kc_admin_look_again(const struct kc_admin *admin);

/* Java's admin client fails at once when its login is refused; a call of librdkafka waits for its
 * time-out. Returns KC_ERR_KAFKA once the call has waited a while and the cluster has lately
 * refused the client; NULL: wait on. */
struct kc_error *kc_admin_refusal(const struct kc_admin *admin, int64_t began_ms,
                                  const char *what) KC_MUST_CHECK;
/* Waits for the result in call->event; `what` names the action in errors. */
struct kc_error *kc_admin_call_wait(struct kc_admin_call *call, const char *what) KC_MUST_CHECK;
void kc_admin_call_end(struct kc_admin_call *call);

#endif
