/* SPDX-License-Identifier: Apache-2.0 */
/* Creates MM2's internal topics (MirrorUtils.createSinglePartitionCompactedTopic). Any thread. */
#ifndef CONNECTORS_MIRROR_COMPACTED_TOPIC_H
#define CONNECTORS_MIRROR_COMPACTED_TOPIC_H

#include "mirror/mirror_config.h"

/* One partition, compacted. An existing topic is no error. A missing right to create it is none
 * either, because somebody else may create it. */
struct kc_error *kc_compacted_topic_create(struct kc_admin *admin, const char *topic,
                                           int64_t replication_factor) KC_MUST_CHECK;

/* Repairs a topic that was created before. Creates it again if it was deleted; sets cleanup.policy
 * to compact if a broker created it for a producer. The log says both, with what is lost. */
struct kc_error *kc_compacted_topic_keep(struct kc_admin *admin, const char *topic,
                                         int64_t replication_factor,
                                         const char *what_is_lost) KC_MUST_CHECK;

#endif
