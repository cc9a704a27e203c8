/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The topic for records that a sink task can't use: DeadLetterQueueReporter (KIP-298).
 *
 * One per task, used by its thread.
 */
#ifndef WORKER_DATA_DEAD_LETTER_QUEUE_H
#define WORKER_DATA_DEAD_LETTER_QUEUE_H

#include "connect/kafka.h"
#include "data/error_policy.h"

struct kc_dead_letter_queue;

struct kc_dead_letter_settings {
    const char *connector;
    int task;
    const struct kc_config *config; /* the connector's, parsed */
    const struct kc_map *admin;     /* Java client properties */
    const struct kc_map *producer;
    struct kc_task_metrics *metrics;
};

/* Makes the topic when it is missing. *queue NULL: the connector has none. */
struct kc_error *kc_dead_letter_queue_new(const struct kc_dead_letter_settings *settings,
                                          struct kc_dead_letter_queue **queue) KC_MUST_CHECK;
void kc_dead_letter_queue_destroy(struct kc_dead_letter_queue *queue);

/* A kc_error_reporter: sends the consumed message. */
void kc_dead_letter_queue_report(void *queue, const struct kc_processing *processing);

/* The headers that tell why (with errors.deadletterqueue.context.headers.enable), added to what
 * the message has. */
rd_kafka_headers_t *kc_dead_letter_headers(const struct kc_processing *processing,
                                           const char *connector, int task, bool with_context);

/* Waits until all that was reported is acknowledged or has failed. */
void kc_dead_letter_queue_flush(struct kc_dead_letter_queue *queue, int timeout_ms);

#endif
