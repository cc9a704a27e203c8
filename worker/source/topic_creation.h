/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Creates topics before a source task's first record to them (KIP-158): TopicCreation,
 * TopicCreationGroup.
 *
 * One per task, used by its thread.
 */
#ifndef WORKER_SOURCE_TOPIC_CREATION_H
#define WORKER_SOURCE_TOPIC_CREATION_H

#include "connect/kafka.h"

struct kc_topic_creation;

/* Whether the connector's configuration turns topic creation on (usesTopicCreation). */
bool kc_topic_creation_used(const struct kc_map *originals);

/* Checks the groups of a connector that uses them; errors in Java's words (SourceConnectorConfig).
 */
struct kc_error *kc_topic_creation_check(const struct kc_map *originals) KC_MUST_CHECK;

/* originals: the connector's configuration with the topic.creation.* keys; admin: properties. */
struct kc_error *kc_topic_creation_new(const struct kc_map *originals, const struct kc_map *admin,
                                       struct kc_topic_creation **creation) KC_MUST_CHECK;
void kc_topic_creation_destroy(struct kc_topic_creation *creation);

/* Creates topic by the first group that matches it, unless it exists. */
struct kc_error *kc_topic_creation_ensure(struct kc_topic_creation *creation,
                                          const char *topic) KC_MUST_CHECK;

/* The name of the group that topic belongs to; borrowed. */
const char *kc_topic_creation_group(const struct kc_topic_creation *creation, const char *topic);

#endif
