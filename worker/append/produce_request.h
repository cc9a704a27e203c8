/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Produce requests and their answers: the one place where batches are packed for a broker, by topic
 * name or by topic id (KIP-516). Pure functions, any thread.
 */
#ifndef WORKER_APPEND_PRODUCE_REQUEST_H
#define WORKER_APPEND_PRODUCE_REQUEST_H

#include "wire/messages_data.h"
#include "wire/wire_client.h"

/* What goes to one partition. */
struct produce_part {
    const char *topic; /* copied */
    int32_t partition;
    struct kc_uuid topic_id; /* zero: not known, and the topic is named */
    const uint8_t *records;  /* sent from where they are: they stay until the answer */
    size_t len;
};

/* A request with all parts, those of one topic following each other; transactional_id may be NULL.
 * timeout_ms: what the broker waits for replicas. Target and versions are the caller's to narrow.
 */
struct kc_wire_request *produce_request_new(const struct produce_part *parts, size_t count,
                                            const char *transactional_id, int16_t acks,
                                            int32_t timeout_ms);

/* The part's answer within a successful reply; NULL: the reply leaves it out. */
const struct kc_produce_response_partition *produce_answer_find(const struct kc_wire_reply *reply,
                                                                const char *topic,
                                                                const struct kc_uuid *topic_id,
                                                                int32_t partition);

#endif
