/* SPDX-License-Identifier: Apache-2.0 */
/* Creates MM2's internal topics (MirrorUtils.createSinglePartitionCompactedTopic). Any thread. */
#ifndef CONNECTORS_MIRROR_COMPACTED_TOPIC_H
#define CONNECTORS_MIRROR_COMPACTED_TOPIC_H

#include "mirror/mirror_config.h"

/* One partition, compacted. A topic that exists, and brokers that don't let us create one, are
 * fine: then somebody else has made it. */
struct kc_error *kc_compacted_topic_create(struct kc_admin *admin, const char *topic,
                                           int64_t replication_factor) KC_MUST_CHECK;

/* Looks after a topic that was made before: makes it again where it was deleted, and sets its
 * cleanup.policy to compact where brokers made it for a producer; both are said, with what is lost.
 */
struct kc_error *kc_compacted_topic_keep(struct kc_admin *admin, const char *topic,
                                         int64_t replication_factor,
                                         const char *what_is_lost) KC_MUST_CHECK;

#endif
