/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MirrorCheckpointConnector: finds the consumer groups that get checkpoints and splits them into
 * tasks.
 *
 * Calls come on the connector's thread; the clusters are asked on a scheduler thread of its own.
 * The list of groups is replaced as a whole under `mutex`. A group counts if the group filter
 * admits it and it has an offset in a topic that the topic filter admits. So unrelated groups
 * change nothing.
 */
#include "connect/log.h"
#include "mirror/compacted_topic.h"
#include "mirror/deal.h"
#include "mirror/mirror_config.h"
#include "mirror/mirror_offsets.h"
#include "mirror/name_filter.h"
#include "mirror/scheduler.h"
#include "mirror/translate_request.h"
#include "mirror_checkpoint/group_translation_priv.h"
#include "mirror_checkpoint/mirror_checkpoint_priv.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static struct kc_logger log =
    KC_LOGGER("org.apache.kafka.connect.mirror.MirrorCheckpointConnector");

#define LOAD_RETRY_MS 5000

struct checkpoint_connector {
    struct kc_connector_context *context;
    struct kc_mirror_config *config;
    struct kc_name_filter *groups_filter;
    struct kc_name_filter *topics_filter;
    struct kc_admin *source;
    struct kc_admin *target;
    struct kc_scheduler *scheduler; /* NULL when not enabled */

    pthread_mutex_t mutex;
    struct kc_strings groups; /* sorted */
    bool loaded;              /* groups have been listed at least once */
    size_t seen;              /* groups that the source has, filtered out or not */

    struct kc_deal dealt; /* what the tasks were last given; the connector's thread */
};

static void *connector_create(struct kc_connector_context *context)
{
    struct checkpoint_connector *connector = kc_calloc(1, sizeof(*connector));
    connector->context = context;
    pthread_mutex_init(&connector->mutex, NULL);
    return connector;
}

/* ---- jobs ---- */

static struct kc_error *create_checkpoints_topic(void *arg)
{
    struct checkpoint_connector *connector = arg;
    const struct kc_mirror_config *config = connector->config;
    char *topic = kc_policy_checkpoints_topic(config->policy, config->source);
    struct kc_error *err = kc_compacted_topic_create(
        connector->target, topic, kc_mirror_long(config, "checkpoints.topic.replication.factor"));
    free(topic);
    return err;
}

/* Whether something is committed in a topic that counts. */
static bool is_relevant(struct checkpoint_connector *connector,
                        const rd_kafka_topic_partition_list_t *offsets)
{
    for (int i = 0; i < offsets->cnt; i++)
        if (kc_name_filter_accepts(connector->topics_filter, offsets->elems[i].topic))
            return true;
    return false;
}

/* Takes offsets, or err; puts err into *failure unless there is one. */
static void take_group(struct checkpoint_connector *connector, const char *group,
                       rd_kafka_topic_partition_list_t *offsets, struct kc_error *err,
                       struct kc_strings *found, struct kc_error **failure)
{
    if (err && !*failure)
        *failure = kc_error_prefix(err, "Could not list offsets of consumer group %s on %s cluster",
                                   group, connector->config->source);
    else
        kc_error_destroy(err);
    if (offsets && is_relevant(connector, offsets))
        kc_strings_add(found, group);
    else if (offsets)
        kc_debug("Ignoring group %s: it has no offsets in topics that pass the topic filter",
                 group);
    if (offsets)
        rd_kafka_topic_partition_list_destroy(offsets);
}

static struct kc_error *find_relevant(struct checkpoint_connector *connector,
                                      const struct kc_strings *groups, struct kc_strings *found)
{
    rd_kafka_topic_partition_list_t **offsets =
        kc_calloc(groups->count + 1, sizeof(rd_kafka_topic_partition_list_t *));
    struct kc_error **errors = kc_calloc(groups->count + 1, sizeof(struct kc_error *));
    struct kc_error *err = kc_admin_groups_offsets(connector->source, groups, offsets, errors);
    for (size_t i = 0; i < groups->count; i++)
        take_group(connector, groups->items[i], offsets[i], errors[i], found, &err);
    free(errors);
    free(offsets);
    return err;
}

static struct kc_error *find_groups(struct checkpoint_connector *connector,
                                    struct kc_strings *found, size_t *seen)
{
    struct kc_group_infos all = {0};
    struct kc_strings accepted = {0};
    struct kc_error *err = kc_admin_groups(connector->source, &all);
    if (err)
        return kc_error_prefix(err, "Could not list consumer groups on %s cluster",
                               connector->config->source);
    for (size_t i = 0; i < all.count; i++)
        if (kc_name_filter_accepts(connector->groups_filter, all.items[i].id))
            kc_strings_add(&accepted, all.items[i].id);
    *seen = all.count;
    kc_group_infos_destroy(&all);
    err = find_relevant(connector, &accepted, found);
    kc_strings_destroy(&accepted);
    kc_strings_sort(found);
    return err;
}

static bool same_groups(const struct kc_strings *a, const struct kc_strings *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (strcmp(a->items[i], b->items[i]) != 0)
            return false;
    return true;
}

/* Lists the groups and publishes them; *changed tells whether they differ from before. */
static struct kc_error *list_groups(struct checkpoint_connector *connector, bool *changed)
{
    struct kc_strings found = {0};
    size_t seen = 0;
    struct kc_error *err = find_groups(connector, &found, &seen);
    if (err) {
        kc_strings_destroy(&found);
        return err;
    }
    *changed = !connector->loaded || !same_groups(&connector->groups, &found);
    if (*changed)
        kc_info("Found %zu consumer groups to checkpoint on %s, of %zu groups there (before: %zu).",
                found.count, connector->config->source, seen, connector->groups.count);
    pthread_mutex_lock(&connector->mutex);
    struct kc_strings old = connector->groups;
    connector->groups = found;
    connector->seen = seen;
    connector->loaded = true;
    pthread_mutex_unlock(&connector->mutex);
    kc_strings_destroy(&old);
    return NULL;
}

static struct kc_error *load_groups(void *arg)
{
    bool changed = false;
    return list_groups(arg, &changed);
}

static struct kc_error *refresh_groups(void *arg)
{
    struct checkpoint_connector *connector = arg;
    bool changed = false;
    struct kc_error *err = list_groups(connector, &changed);
    if (!err && changed)
        kc_connector_request_reconfiguration(connector->context);
    return err;
}

/* There is nothing to run before the first listing has worked, so don't wait for the next refresh.
 */
static struct kc_error *retry_loading(void *arg)
{
    struct checkpoint_connector *connector = arg;
    return connector->loaded ? NULL : refresh_groups(connector);
}

/* ---- operations ---- */

static struct kc_error *make_clients(struct checkpoint_connector *connector)
{
    const struct kc_mirror_config *config = connector->config;
    struct kc_error *err =
        kc_name_filter_new(config->properties, KC_FILTER_GROUPS, &connector->groups_filter);
    if (!err)
        err = kc_name_filter_new(config->properties, KC_FILTER_TOPICS, &connector->topics_filter);
    if (!err)
        err = kc_mirror_admin_new(config, KC_MIRROR_SOURCE, "checkpoint-source-admin",
                                  &connector->source);
    if (!err)
        err = kc_mirror_admin_new(config, KC_MIRROR_TARGET, "checkpoint-target-admin",
                                  &connector->target);
    return err;
}

static struct kc_error *connector_start(void *arg, const struct kc_map *properties)
{
    struct checkpoint_connector *connector = arg;
    struct kc_error *err =
        kc_mirror_config_new(&kc_mirror_checkpoint_plugin, properties, false, &connector->config);
    if (err)
        return err;
    if (!kc_mirror_bool(connector->config, "enabled"))
        return NULL;
    char *removed = kc_mirror_removed_settings(properties);
    if (removed)
        kc_warn("%s.", removed);
    free(removed);
    err = make_clients(connector);
    if (!err)
        err = kc_scheduler_new(connector->config->label,
                               kc_mirror_long(connector->config, "admin.timeout.ms"),
                               &connector->scheduler);
    if (err)
        return err;
    int64_t refresh = kc_mirror_interval_ms(connector->config, "refresh.groups");
    kc_scheduler_execute(connector->scheduler, create_checkpoints_topic, connector,
                         "creating internal topics");
    kc_scheduler_execute(connector->scheduler, load_groups, connector,
                         "loading initial consumer groups");
    kc_scheduler_repeat(connector->scheduler, refresh_groups, connector, refresh, refresh,
                        "refreshing consumer groups");
    kc_scheduler_repeat(connector->scheduler, retry_loading, connector, LOAD_RETRY_MS,
                        LOAD_RETRY_MS, "loading consumer groups");
    return NULL;
}

static void connector_stop(void *arg)
{
    struct checkpoint_connector *connector = arg;
    kc_scheduler_destroy(connector->scheduler);
    connector->scheduler = NULL;
    kc_strings_destroy(&connector->groups);
    kc_name_filter_destroy(connector->groups_filter);
    kc_name_filter_destroy(connector->topics_filter);
    connector->groups_filter = connector->topics_filter = NULL;
    if (connector->source)
        kc_admin_destroy(connector->source);
    if (connector->target)
        kc_admin_destroy(connector->target);
    connector->source = connector->target = NULL;
    kc_mirror_config_destroy(connector->config);
    connector->config = NULL;
    connector->loaded = false;
}

static void connector_destroy(void *arg)
{
    struct checkpoint_connector *connector = arg;
    connector_stop(connector);
    kc_deal_clear(&connector->dealt);
    pthread_mutex_destroy(&connector->mutex);
    free(connector);
}

/* ---- tasks ---- */

/* Why no task runs; owned by the caller. */
static char *why_idle(const struct checkpoint_connector *connector, size_t seen)
{
    const struct kc_mirror_config *config = connector->config;
    if (!kc_mirror_bool(config, "enabled"))
        return kc_strdup("enabled is false");
    if (kc_mirror_interval_ms(config, "emit.checkpoints") < 0)
        return kc_strdup("emit.checkpoints.enabled is false");
    return kc_asprintf("of %zu consumer groups on %s none passes 'groups' and 'groups.exclude' and "
                       "has offsets in a topic that passes 'topics' and 'topics.exclude'; it looks "
                       "again every %lld s",
                       seen, config->source,
                       (long long)kc_mirror_long(config, "refresh.groups.interval.seconds"));
}

/* Says why there are no tasks, because otherwise nobody knows why a RUNNING connector does nothing.
 */
static void explain_idle(const struct checkpoint_connector *connector, size_t seen)
{
    char *why = why_idle(connector, seen);
    char *text = kc_asprintf("runs without tasks: %s", why);
    kc_warn("%s %s.", connector->config->connector, text);
    kc_connector_explain(connector->context, text);
    free(text);
    free(why);
}

/* Each task gets a contiguous part of the groups. Later groups go to the task with the fewest, so
 * that none changes hands while the number of tasks stays the same. */
static void split_groups(struct checkpoint_connector *connector, const struct kc_strings *groups,
                         size_t tasks, struct kc_maps *configs)
{
    struct kc_deal deal = {0};
    if (!kc_deal_again(&connector->dealt, groups, tasks, &deal))
        kc_deal_parts(groups, tasks, &deal);
    kc_deal_clear(&connector->dealt);
    connector->dealt = deal;
    for (size_t i = 0; i < tasks; i++) {
        struct kc_map *config = kc_map_copy(connector->config->properties);
        char *list = kc_strings_join(&deal.tasks[i], ",");
        kc_map_set(config, KC_TASK_GROUPS, list);
        kc_map_setf(config, "task.index", "%zu", i);
        kc_maps_take(configs, config);
        free(list);
    }
}

static struct kc_error *connector_task_configs(void *arg, int max_tasks, struct kc_maps *configs)
{
    struct checkpoint_connector *connector = arg;
    struct kc_strings groups = {0};
    pthread_mutex_lock(&connector->mutex);
    bool loaded = connector->loaded;
    size_t seen = connector->seen;
    kc_strings_copy(&groups, &connector->groups);
    pthread_mutex_unlock(&connector->mutex);
    bool enabled = connector->scheduler != NULL;
    if (enabled && !loaded) {
        kc_connector_explain(connector->context,
                             "runs without tasks: the consumer groups could not be listed yet, see "
                             "the log; it tries again every 5 s");
        return kc_error_retriable_new(KC_ERR_CONNECT, "Timeout while loading consumer groups.");
    }
    size_t tasks = groups.count;
    if (!enabled || kc_mirror_interval_ms(connector->config, "emit.checkpoints") < 0)
        tasks = 0;
    if (tasks > (size_t)max_tasks)
        tasks = (size_t)max_tasks;
    if (tasks > 0) {
        split_groups(connector, &groups, tasks, configs);
        kc_connector_explain(connector->context, NULL);
    } else {
        explain_idle(connector, seen);
    }
    kc_strings_destroy(&groups);
    return NULL;
}

static struct kc_error *connector_alter_offsets(const struct kc_map *config, const json_t *offsets,
                                                bool *handled)
{
    *handled = true;
    return kc_mirror_check_offsets(&kc_mirror_checkpoint_offset_rules, offsets);
}

static struct kc_error *connector_translate(const struct kc_map *config, const json_t *offsets,
                                            json_t **answer)
{
    return kc_mirror_translate(&kc_mirror_checkpoint_plugin, config, offsets, answer);
}

static struct kc_error *connector_translate_groups(const struct kc_map *config,
                                                   const json_t *question, json_t **answer)
{
    return kc_mirror_translate_groups(&kc_mirror_checkpoint_plugin, config, question, answer);
}

const struct kc_connector_ops kc_mirror_checkpoint_connector_ops = {
    .create = connector_create,
    .start = connector_start,
    .stop = connector_stop,
    .destroy = connector_destroy,
    .task_configs = connector_task_configs,
    .validate = kc_mirror_checkpoint_validate,
    .alter_offsets = connector_alter_offsets,
    .translate = connector_translate,
    .translate_groups = connector_translate_groups,
};
