/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Topics that a source task makes before its first record goes to them (KIP-158): TopicCreation,
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

/* What is wrong with the groups, in Java's words (SourceConnectorConfig), of a connector that uses
 * them. */
struct kc_error *kc_topic_creation_check(const struct kc_map *originals) KC_MUST_CHECK;

/* originals: the connector's configuration with the topic.creation.* keys; admin: properties. */
struct kc_error *kc_topic_creation_new(const struct kc_map *originals, const struct kc_map *admin,
                                       struct kc_topic_creation **creation) KC_MUST_CHECK;
void kc_topic_creation_destroy(struct kc_topic_creation *creation);

/* Makes topic by the first group that matches it, unless it exists. */
struct kc_error *kc_topic_creation_ensure(struct kc_topic_creation *creation,
                                          const char *topic) KC_MUST_CHECK;

/* The name of the group that topic belongs to; borrowed. */
const char *kc_topic_creation_group(const struct kc_topic_creation *creation, const char *topic);

#endif
