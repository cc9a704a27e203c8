/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MirrorSourceConnector: decides what is mirrored and splits it into tasks.
 *
 * Calls come on the connector's thread; looking at the clusters happens on a scheduler thread of
 * its own. What they share, the list of topics, is replaced as a whole under `mutex`. A topic is
 * handed to tasks once it exists on the target, so that no broker makes it up with settings of its
 * own.
 */
#include "common/acl_sync.h"
#include "common/client_limits.h"
#include "common/compacted_topic.h"
#include "common/deal.h"
#include "common/flow_topics.h"
#include "common/mirror_config.h"
#include "common/mirror_offsets.h"
#include "common/provenance.h"
#include "common/scheduler.h"
#include "common/topic_sync.h"
#include "connect/log.h"
#include "mirror_source/mirror_source.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.mirror.MirrorSourceConnector");

/* Between two looks at the source's topics, besides refresh.topics.interval.seconds. */
#define WATCH_INTERVAL_MS 5000
/* A look at a large cluster must not take more than this part of the time. */
#define WATCH_SHARE 50

struct connector {
    struct kc_connector_context *context;
    struct kc_mirror_config *config;
    struct kc_flow *flow;             /* NULL when not enabled */
    struct kc_provenance *provenance; /* NULL: names tell */
    struct kc_acl_sync *acls;
    struct kc_client_limits *limits;
    struct kc_scheduler *scheduler;

    pthread_mutex_t mutex;
    struct kc_flow_topics topics;
    char *situation; /* for explain; NULL: nothing to say */

    struct kc_deal dealt; /* what the tasks were last given; the connector's thread */

    /* Of the scheduler thread. */
    bool loaded; /* topics come from a complete look at both clusters */
    int64_t next_watch_ms;
    int64_t next_repair_ms;
    int64_t repair_delay_ms;
};

static void *connector_create(struct kc_connector_context *context)
{
    struct connector *connector = kc_calloc(1, sizeof(*connector));
    connector->context = context;
    connector->repair_delay_ms = WATCH_INTERVAL_MS;
    pthread_mutex_init(&connector->mutex, NULL);
    return connector;
}

/* ---- for people ---- */

/* Says what the connector waits for, and what the target lacks. Any thread. */
static void tell(struct connector *connector)
{
    char *note = connector->limits ? kc_client_limits_note(connector->limits) : NULL;
    pthread_mutex_lock(&connector->mutex);
    char *text = connector->situation && note
                     ? kc_asprintf("%s; %s", connector->situation, note)
                     : kc_strdup(connector->situation ? connector->situation : note);
    pthread_mutex_unlock(&connector->mutex);
    kc_connector_explain(connector->context, text);
    free(text);
    free(note);
}

/* ---- jobs ---- */

static struct kc_error *create_offset_syncs_topic(void *arg)
{
    struct connector *connector = arg;
    const struct kc_mirror_config *config = connector->config;
    struct kc_admin *admin = NULL;
    if (!kc_mirror_bool(config, "emit.offset-syncs.enabled"))
        return NULL;
    enum kc_mirror_cluster cluster = kc_mirror_offset_syncs_cluster(config);
    struct kc_error *err = kc_mirror_admin_new(
        config, cluster,
        cluster == KC_MIRROR_SOURCE ? "offset-syncs-source-admin" : "offset-syncs-target-admin",
        &admin);
    if (err)
        return err;
    char *topic = kc_mirror_offset_syncs_topic(config);
    err = kc_compacted_topic_create(
        admin, topic, kc_mirror_long(config, "offset-syncs.topic.replication.factor"));
    free(topic);
    kc_admin_destroy(admin);
    return err;
}

/* Names that don't change must not meet themselves: source and target would be one topic. */
static struct kc_error *check_not_one_cluster(struct connector *connector)
{
    char *source = NULL, *target = NULL;
    if (!kc_policy_is_identity(connector->config->policy))
        return NULL;
    struct kc_error *err = kc_admin_cluster_id(connector->flow->source, &source);
    if (!err)
        err = kc_admin_cluster_id(connector->flow->target, &target);
    if (!err && source && target && strcmp(source, target) == 0)
        kc_connector_raise_error(
            connector->context,
            kc_error_new(KC_ERR_CONFIG,
                         "%s and %s are the same cluster (id %s), and IdentityReplicationPolicy "
                         "keeps topic names: each record would be mirrored onto its own topic for "
                         "ever. Correct source.cluster.bootstrap.servers or "
                         "target.cluster.bootstrap.servers, or choose DefaultReplicationPolicy",
                         connector->config->source, connector->config->target, source));
    free(source);
    free(target);
    return err;
}

static void publish(struct connector *connector, struct kc_flow_topics *topics)
{
    pthread_mutex_lock(&connector->mutex);
    struct kc_flow_topics old = connector->topics;
    connector->topics = *topics;
    pthread_mutex_unlock(&connector->mutex);
    *topics = (struct kc_flow_topics){0};
    kc_flow_topics_clear(&old);
}

static size_t partitions_of(const struct kc_flow_topics *topics)
{
    size_t count = 0;
    for (size_t i = 0; i < topics->count; i++)
        count += (size_t)topics->items[i].partitions;
    return count;
}

/* Topics that could not be made are tried again, ever less often. */
static void plan_repair(struct connector *connector)
{
    connector->next_repair_ms = kc_mono_ms() + connector->repair_delay_ms;
    if (connector->repair_delay_ms < 32 * WATCH_INTERVAL_MS)
        connector->repair_delay_ms *= 2;
}

/* Looks at both clusters, makes what is missing, and publishes the outcome. */
static struct kc_error *look(struct connector *connector)
{
    struct kc_flow_topics topics = {0};
    plan_repair(connector);
    struct kc_error *err = kc_flow_list_source(connector->flow, &topics);
    if (err)
        return err;
    kc_provenance_apply(connector->provenance, &topics);
    err = kc_flow_list_target(connector->flow, &topics);
    if (!err)
        err = kc_flow_create_missing(connector->flow, &topics);
    else
        kc_flow_topics_inherit(&topics, &connector->topics);
    connector->loaded = !err;
    if (!err && kc_flow_topics_ready(&topics) == partitions_of(&topics))
        connector->repair_delay_ms = WATCH_INTERVAL_MS;
    publish(connector, &topics);
    return err;
}

static struct kc_error *load_topics(void *arg)
{
    struct connector *connector = arg;
    struct kc_error *err = check_not_one_cluster(connector);
    return err ? err : look(connector);
}

/* What a later comparison needs of a list that is about to be replaced. */
static struct kc_flow_topics copy_source_side(const struct kc_flow_topics *topics)
{
    struct kc_flow_topics copy = {
        .items = kc_calloc(topics->count ? topics->count : 1, sizeof(*copy.items)),
        .count = topics->count,
    };
    for (size_t i = 0; i < topics->count; i++) {
        copy.items[i].name = kc_strdup(topics->items[i].name);
        copy.items[i].partitions = topics->items[i].partitions;
    }
    return copy;
}

static bool contains(const struct kc_flow_topics *topics, const char *name)
{
    for (size_t i = 0; i < topics->count; i++)
        if (strcmp(topics->items[i].name, name) == 0)
            return true;
    return false;
}

/* Should it come again under its name, nothing in the stored offsets tells that it is another. */
static void report_vanished(const struct connector *connector, const struct kc_flow_topics *before)
{
    for (size_t i = 0; i < before->count; i++) {
        const char *name = before->items[i].name;
        if (!contains(&connector->topics, name))
            kc_warn("Topic %s on %s is mirrored no longer: it was deleted, or the topic filter "
                    "leaves it out. The offsets mirrored so far stay stored. Should a topic of "
                    "that name be made anew, delete them (DELETE /connectors/<name>/offsets), or "
                    "it is mirrored from where the former one stopped.",
                    name, connector->config->source);
    }
}

static struct kc_error *refresh_topics(void *arg)
{
    struct connector *connector = arg;
    struct kc_flow_topics before = copy_source_side(&connector->topics);
    size_t ready_before = kc_flow_topics_ready(&connector->topics);
    struct kc_error *err = look(connector);
    const struct kc_flow_topics *now = &connector->topics;
    size_t ready = kc_flow_topics_ready(now);
    if (!kc_flow_topics_equal_source(&before, now) || ready != ready_before) {
        kc_info("%s now has %zu mirrored topics with %zu partitions (before: %zu with %zu); %zu of "
                "them can be mirrored now (before: %zu).",
                connector->config->source, now->count, partitions_of(now), before.count,
                partitions_of(&before), ready, ready_before);
        report_vanished(connector, &before);
        kc_connector_request_reconfiguration(connector->context);
    }
    kc_flow_topics_clear(&before);
    return err;
}

/* A cheap look at the source alone: new topics are mirrored within seconds. */
static struct kc_error *watch_topics(void *arg)
{
    struct connector *connector = arg;
    struct kc_flow_topics now = {0};
    int64_t start = kc_mono_ms();
    if (start < connector->next_watch_ms)
        return NULL;
    struct kc_error *err = kc_flow_list_source(connector->flow, &now);
    connector->next_watch_ms = kc_mono_ms() + (kc_mono_ms() - start) * WATCH_SHARE;
    if (err)
        return err;
    kc_provenance_apply(connector->provenance, &now);
    bool changed = !kc_flow_topics_equal_source(&now, &connector->topics);
    bool incomplete = !connector->loaded ||
                      kc_flow_topics_ready(&connector->topics) != partitions_of(&connector->topics);
    kc_flow_topics_clear(&now);
    if (changed || (incomplete && kc_mono_ms() >= connector->next_repair_ms))
        return refresh_topics(connector);
    return NULL;
}

static struct kc_error *sync_acls(void *arg)
{
    struct connector *connector = arg;
    return kc_acl_sync_run(connector->acls);
}

static struct kc_error *compare_limits(void *arg)
{
    struct connector *connector = arg;
    struct kc_error *err = kc_client_limits_run(connector->limits);
    tell(connector);
    return err;
}

static struct kc_error *sync_configs(void *arg)
{
    struct connector *connector = arg;
    struct kc_error *err = kc_sync_topic_configs(connector->flow, &connector->topics);
    if (err && kc_error_code(err) == KC_ERR_UNSUPPORTED) {
        kc_connector_raise_error(
            connector->context,
            kc_error_caused(kc_error_new(KC_ERR_CONNECT,
                                         "the target cluster '%s' is not compatible with "
                                         "IncrementalAlterConfigs API",
                                         connector->config->target),
                            err));
        return NULL;
    }
    return err;
}

/* ---- operations ---- */

static void schedule(struct connector *connector)
{
    struct kc_scheduler *scheduler = connector->scheduler;
    const struct kc_mirror_config *config = connector->config;
    int64_t refresh = kc_mirror_interval_ms(config, "refresh.topics");
    kc_scheduler_execute(scheduler, create_offset_syncs_topic, connector,
                         "creating upstream offset-syncs topic");
    kc_scheduler_execute(scheduler, load_topics, connector,
                         "loading and creating topic-partitions");
    kc_scheduler_repeat(scheduler, sync_acls, connector, 0,
                        kc_mirror_interval_ms(config, "sync.topic.acls"), "syncing topic ACLs");
    kc_scheduler_repeat(scheduler, compare_limits, connector, 0,
                        kc_client_limits_interval_ms(connector->limits),
                        "comparing quotas, groups and users");
    kc_scheduler_repeat(scheduler, sync_configs, connector, 0,
                        kc_mirror_interval_ms(config, "sync.topic.configs"),
                        "syncing topic configs");
    kc_scheduler_repeat(scheduler, refresh_topics, connector, refresh, refresh,
                        "refreshing topics");
    if (refresh > WATCH_INTERVAL_MS)
        kc_scheduler_repeat(scheduler, watch_topics, connector, WATCH_INTERVAL_MS,
                            WATCH_INTERVAL_MS, "looking for new topics");
}

static struct kc_error *connector_start(void *arg, const struct kc_map *properties)
{
    struct connector *connector = arg;
    int64_t start = kc_mono_ms();
    struct kc_error *err =
        kc_mirror_config_new(&kc_mirror_source_plugin, properties, false, &connector->config);
    if (err)
        return err;
    if (!kc_mirror_bool(connector->config, "enabled")) {
        kc_info("%s is disabled (enabled=false): nothing is mirrored from %s to %s.",
                connector->config->connector, connector->config->source, connector->config->target);
        return NULL;
    }
    err = kc_flow_new(connector->config, &connector->flow);
    if (!err)
        err = kc_provenance_new(connector->flow, &connector->provenance);
    if (!err)
        err = kc_acl_sync_new(connector->flow, &connector->acls);
    if (!err)
        err = kc_scheduler_new(connector->config->label,
                               kc_mirror_long(connector->config, "admin.timeout.ms"),
                               &connector->scheduler);
    if (err)
        return err;
    connector->limits = kc_client_limits_new(connector->flow);
    schedule(connector);
    pthread_mutex_lock(&connector->mutex);
    size_t ready = kc_flow_topics_ready(&connector->topics);
    pthread_mutex_unlock(&connector->mutex);
    kc_info("Started %s with %zu topic-partitions in %lld ms.", connector->config->connector, ready,
            (long long)(kc_mono_ms() - start));
    return NULL;
}

static void connector_stop(void *arg)
{
    struct connector *connector = arg;
    kc_scheduler_destroy(connector->scheduler);
    connector->scheduler = NULL;
    kc_flow_topics_clear(&connector->topics);
    kc_provenance_destroy(connector->provenance);
    connector->provenance = NULL;
    kc_acl_sync_destroy(connector->acls);
    connector->acls = NULL;
    kc_client_limits_destroy(connector->limits);
    connector->limits = NULL;
    free(connector->situation);
    connector->situation = NULL;
    kc_flow_destroy(connector->flow);
    connector->flow = NULL;
    kc_mirror_config_destroy(connector->config);
    connector->config = NULL;
    connector->loaded = false;
}

static void connector_destroy(void *arg)
{
    struct connector *connector = arg;
    connector_stop(connector);
    kc_deal_clear(&connector->dealt);
    pthread_mutex_destroy(&connector->mutex);
    free(connector);
}

/* ---- tasks ---- */

/* "topic-partition" of all that can be mirrored now, in the order of topics and numbers. */
static void list_ready(struct connector *connector, struct kc_strings *ready)
{
    if (!connector->flow)
        return;
    pthread_mutex_lock(&connector->mutex);
    for (size_t i = 0; i < connector->topics.count; i++) {
        const struct kc_flow_topic *topic = &connector->topics.items[i];
        for (int32_t p = 0; p < kc_flow_topic_ready(topic); p++)
            kc_strings_take(ready, kc_asprintf("%s-%d", topic->name, p));
    }
    pthread_mutex_unlock(&connector->mutex);
}

/* Partitions go round the tasks; those that come later go to whoever has least, so that none
 * changes hands while the number of tasks stays. */
static void deal(struct connector *connector, const struct kc_strings *ready, size_t tasks)
{
    struct kc_deal deal = {0};
    if (!kc_deal_again(&connector->dealt, ready, tasks, &deal))
        kc_deal_round(ready, tasks, &deal);
    kc_deal_clear(&connector->dealt);
    connector->dealt = deal;
}

/* Says why there are no tasks, or that some partitions wait. */
static void explain(struct connector *connector, size_t tasks)
{
    const struct kc_mirror_config *config = connector->config;
    char *text = NULL;
    pthread_mutex_lock(&connector->mutex);
    size_t all = partitions_of(&connector->topics);
    size_t ready = kc_flow_topics_ready(&connector->topics);
    pthread_mutex_unlock(&connector->mutex);
    if (!connector->flow)
        text = kc_strdup("runs without tasks: enabled is false");
    else if (tasks == 0 && all == 0 && kc_provenance_left_out(connector->provenance) == 0)
        text = kc_asprintf("runs without tasks: no topic of %s passes 'topics' and "
                           "'topics.exclude', or they could not be listed yet",
                           config->source);
    else if (kc_provenance_left_out(connector->provenance) > 0)
        text = kc_asprintf("%zu topics are left out, since they would come back to %s in a circle, "
                           "see the log",
                           kc_provenance_left_out(connector->provenance), config->target);
    else if (ready < all)
        text =
            kc_asprintf("%s%zu of %zu partitions wait: they could not be created on %s yet, see "
                        "the log; it is tried again",
                        tasks == 0 ? "runs without tasks: " : "", all - ready, all, config->target);
    if (text && tasks == 0)
        kc_warn("%s %s.", config->connector, text);
    pthread_mutex_lock(&connector->mutex);
    free(connector->situation);
    connector->situation = text;
    pthread_mutex_unlock(&connector->mutex);
    tell(connector);
}

static struct kc_error *connector_task_configs(void *arg, int max_tasks, struct kc_maps *configs)
{
    struct connector *connector = arg;
    struct kc_strings ready = {0};
    list_ready(connector, &ready);
    size_t tasks = ready.count < (size_t)max_tasks ? ready.count : (size_t)max_tasks;
    deal(connector, &ready, tasks);
    for (size_t i = 0; i < tasks; i++) {
        struct kc_map *config = kc_map_copy(connector->config->properties);
        char *list = kc_strings_join(&connector->dealt.tasks[i], ",");
        kc_map_set(config, KC_TASK_PARTITIONS, list);
        kc_map_setf(config, "task.index", "%zu", i);
        kc_maps_take(configs, config);
        free(list);
    }
    kc_strings_destroy(&ready);
    explain(connector, tasks);
    return NULL;
}

static struct kc_error *connector_alter_offsets(const struct kc_map *config, const json_t *offsets,
                                                bool *handled)
{
    *handled = true;
    return kc_mirror_check_offsets(&kc_mirror_source_offset_rules, offsets);
}

const struct kc_connector_ops kc_mirror_source_connector_ops = {
    .create = connector_create,
    .start = connector_start,
    .stop = connector_stop,
    .destroy = connector_destroy,
    .task_configs = connector_task_configs,
    .validate = kc_mirror_source_validate,
    .exactly_once_support = kc_mirror_source_exactly_once,
    .alter_offsets = connector_alter_offsets,
};
