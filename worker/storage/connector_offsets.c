/* SPDX-License-Identifier: Apache-2.0 */
/* The choice of an offset store: see connector_offsets.h. Pure except for making the store. */
#include "storage/connector_offsets.h"

#include <stdlib.h>
#include <string.h>

static const char *own_topic(const struct kc_map *originals)
{
    const char *topic = kc_map_get(originals, "offsets.storage.topic");
    return topic && *topic ? topic : NULL;
}

const char *kc_connector_offsets_topic(const struct kc_worker_config *config,
                                       const struct kc_map *originals)
{
    if (config->mode != KC_WORKER_DISTRIBUTED)
        return NULL;
    const char *topic = own_topic(originals);
    return topic ? topic : kc_config_string(config->values, "offset.storage.topic");
}

/* Worker.usesWorkerBootstrap: the producer's servers, in any order, are the worker's. */
static bool same_cluster(const struct kc_worker_config *config, const struct kc_map *originals)
{
    struct kc_map *producer = kc_task_client_properties(config, "producer", originals, "");
    struct kc_map *worker = kc_worker_client_properties(config, "");
    struct kc_strings ours = {0}, theirs = {0};
    kc_strings_split(&ours, kc_map_get_or(worker, "bootstrap.servers", ""));
    kc_strings_split(&theirs, kc_map_get_or(producer, "bootstrap.servers", ""));
    bool same = ours.count == theirs.count;
    for (size_t i = 0; i < theirs.count && same; i++)
        same = kc_strings_contain(&ours, theirs.items[i]);
    kc_strings_destroy(&ours);
    kc_strings_destroy(&theirs);
    kc_map_destroy(worker);
    kc_map_destroy(producer);
    return same;
}

bool kc_connector_offsets_separate(const struct kc_worker_config *config,
                                   const struct kc_map *originals)
{
    const char *topic = kc_connector_offsets_topic(config, originals);
    if (!topic)
        return false;
    return strcmp(topic, kc_config_string(config->values, "offset.storage.topic")) != 0 ||
           !same_cluster(config, originals);
}

static struct kc_map *properties(const struct kc_worker_config *config, const char *kind,
                                 const struct kc_map *originals, const char *id_prefix,
                                 const char *suffix)
{
    char *id = kc_asprintf("%s%s", id_prefix, suffix);
    struct kc_map *map = kc_task_client_properties(config, kind, originals, id);
    free(id);
    return map;
}

struct kc_error *kc_connector_offset_store(const struct kc_worker_config *config,
                                           struct kc_offset_store *worker_store,
                                           const struct kc_map *originals,
                                           const char *client_suffix,
                                           struct kc_offset_store **store, bool *own)
{
    bool exactly_once = kc_exactly_once_enabled(config);
    *own = config->mode == KC_WORKER_DISTRIBUTED && (exactly_once || own_topic(originals));
    if (!*own) {
        *store = kc_offset_store_ref(worker_store);
        return NULL;
    }
    struct kc_map *producer =
        properties(config, "producer", originals, "connector-producer-", client_suffix);
    struct kc_map *consumer =
        properties(config, "consumer", originals, "connector-consumer-", client_suffix);
    /* As Java's regularSourceOffsetsConsumerConfigs(): offsets of aborted transactions don't count,
     * even if this task has no transactions. */
    kc_map_set_default(consumer, "isolation.level", "read_committed");
    struct kc_map *admin =
        properties(config, "admin", originals, "connector-adminclient-", client_suffix);
    bool separate = kc_connector_offsets_separate(config, originals);
    struct kc_error *err = kc_offset_store_connector_new(
        separate ? worker_store : NULL, config, kc_connector_offsets_topic(config, originals),
        producer, consumer, admin, exactly_once, store);
    kc_map_destroy(producer);
    kc_map_destroy(consumer);
    kc_map_destroy(admin);
    return err;
}
