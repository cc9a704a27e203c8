/* SPDX-License-Identifier: Apache-2.0 */
/* An offset store on a connector's own topic, without the worker's beneath it. For
 * offset_store_connector.c. */
#ifndef WORKER_STORAGE_OFFSET_STORE_KAFKA_PRIV_H
#define WORKER_STORAGE_OFFSET_STORE_KAFKA_PRIV_H

#include "storage/offset_store.h"

/* producer NULL: read-only. */
struct kc_error *kc_offset_store_topic_new(const struct kc_worker_config *config, const char *topic,
                                           const struct kc_map *producer,
                                           const struct kc_map *consumer,
                                           const struct kc_map *admin, bool read_committed,
                                           struct kc_offset_store **store) KC_MUST_CHECK;

#endif
