/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From data to bytes and back: a task's converters, header converter and transformation chain.
 *
 * One per task, made on the herder's thread and then used by the task's alone. Decides, per batch,
 * how much work a record needs. Byte converters without transforms need none.
 */
#ifndef WORKER_DATA_CONVERSION_H
#define WORKER_DATA_CONVERSION_H

#include "config/worker_config.h"
#include "data/error_policy.h"
#include "data/plugins.h"

struct kc_conversion;

/* originals: the connector's configuration with variables resolved. The worker's has what it
 * doesn't set. */
struct kc_error *kc_conversion_new(const struct kc_plugins *plugins,
                                   const struct kc_worker_config *worker,
                                   const struct kc_map *originals,
                                   struct kc_conversion **conversion) KC_MUST_CHECK;
void kc_conversion_destroy(struct kc_conversion *conversion);

/* How much work the records of a batch need. */
enum kc_conversion_need {
    KC_CONVERT_NOTHING, /* keys and values are produced where they lie */
    KC_CONVERT_RECORDS, /* each record is transformed and converted */
};
/* The one place that decides it for a batch; *reason (static or owned by conversion) says why, for
 * status and metrics. */
enum kc_conversion_need kc_conversion_needed(const struct kc_conversion *conversion,
                                             const struct kc_batch *batch, const char **reason);

/* ---- whole batches as bytes: conversion_raw.c ---- */

/* Why no batch can pass unopened (owned by conversion). NULL: batches pass, unless their topic must
 * be opened. */
const char *kc_conversion_raw_refusal(const struct kc_conversion *conversion);
/* Whether there are transforms, and kc_conversion_route() can apply them all. */
bool kc_conversion_routes(const struct kc_conversion *conversion);
/* Why headers are written anew (the same); NULL: they pass. */
const char *kc_conversion_headers_reason(const struct kc_conversion *conversion);
/* The bytes of a header of BYTES, *data NULL: null; memory from arena. */
struct kc_error *kc_conversion_header(const struct kc_conversion *conversion, const char *topic,
                                      const struct kc_header *header, struct kc_arena *arena,
                                      const void **data, size_t *len) KC_MUST_CHECK;
/* Applies the transforms to all records of a topic at once. *routed: their new topic, owned by the
 * caller; NULL: they are dropped. Returns NULL, or why a transform must look into the records
 * (owned by conversion); then *routed is NULL, and they must be opened. */
const char *kc_conversion_route(const struct kc_conversion *conversion, const char *topic,
                                char **routed);

/* A record for the producer; everything is borrowed from the batch. */
struct kc_producer_header {
    const char *key;
    const void *data; /* NULL: null */
    size_t len;
};
struct kc_producer_record {
    const char *topic;
    int32_t partition;
    int64_t timestamp; /* KC_NO_TIMESTAMP: now */
    const void *key;
    size_t key_len;
    const void *value;
    size_t value_len;
    const struct kc_producer_header *headers;
    size_t header_count;
};

/* NULL if a plugin has made the record so that it can be sent. Texts as Java's ProducerRecord and
 * ConnectHeaders have them. */
struct kc_error *kc_producer_record_check(const struct kc_producer_record *record) KC_MUST_CHECK;

/* KC_CONVERT_NOTHING, or a record that has been converted: fills wire from record; false when the
 * record isn't plain bytes after all, and needs kc_conversion_to_wire(). No allocation but for
 * headers. */
bool kc_conversion_pass(const struct kc_conversion *conversion, struct kc_batch *batch,
                        const struct kc_record *record, struct kc_producer_record *wire);

/* Transforms and converts a copy of record, which stays unchanged. *keep false: it was dropped, or
 * its error is tolerated. An error fails the task. */
struct kc_error *kc_conversion_to_wire(struct kc_conversion *conversion,
                                       struct kc_error_policy *policy, struct kc_batch *batch,
                                       const struct kc_record *record,
                                       struct kc_producer_record *wire, bool *keep) KC_MUST_CHECK;

/* Converts and transforms a consumed message into a new record of batch, which must own message;
 * *keep false: nothing was added. */
struct kc_error *kc_conversion_from_message(struct kc_conversion *conversion,
                                            struct kc_error_policy *policy, struct kc_batch *batch,
                                            const rd_kafka_message_t *message,
                                            bool *keep) KC_MUST_CHECK;

#endif
