/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log of one of a worker's three internal topics, from the worker's settings.
 *
 * Used by the stores when they are made.
 */
#ifndef WORKER_STORAGE_INTERNAL_TOPIC_H
#define WORKER_STORAGE_INTERNAL_TOPIC_H

#include "config/worker_config.h"
#include "kafka/kafka_log.h"

enum kc_internal_topic { KC_TOPIC_CONFIG, KC_TOPIC_OFFSET, KC_TOPIC_STATUS };

/* exactly.once.source.support: the leader writes transactionally (preparing, enabled); readers of
 * configs and offsets see committed records only (enabled). */
bool kc_exactly_once_leader(const struct kc_worker_config *config);
bool kc_exactly_once_enabled(const struct kc_worker_config *config);

/* The name of the topic; KC_ERR_CONFIG when it isn't given. Borrowed from config. */
struct kc_error *kc_internal_topic_name(const struct kc_worker_config *config,
                                        enum kc_internal_topic which,
                                        const char **name) KC_MUST_CHECK;

/* Properties of the worker's own clients for the topic ("<base>configs", ...); new map. */
struct kc_map *kc_internal_topic_client(const struct kc_worker_config *config,
                                        enum kc_internal_topic which);

/* A log on the topic, as KafkaTopicBasedBackingStore sets it up. */
struct kc_error *kc_internal_topic_log(const struct kc_worker_config *config,
                                       enum kc_internal_topic which, kc_log_listener listener,
                                       void *opaque, struct kc_kafka_log **log) KC_MUST_CHECK;

/* A log on an offsets topic of a connector's own, with that connector's clients. */
struct kc_error *kc_internal_topic_offsets_log(const struct kc_worker_config *config,
                                               const char *topic, const struct kc_map *producer,
                                               const struct kc_map *consumer,
                                               const struct kc_map *admin, bool read_committed,
                                               kc_log_listener listener, void *opaque,
                                               struct kc_kafka_log **log) KC_MUST_CHECK;

#endif
