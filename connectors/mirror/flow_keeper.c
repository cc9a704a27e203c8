/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps a target like its source, see flow_keeper.h.
 *
 * A scheduler thread of its own looks at the clusters. It shares one thing with the connector's
 * thread, the list of topics, which is replaced as a whole under `mutex`. A topic is ready once it
 * exists on the target, so that no broker creates it with its own settings.
 */
#include "mirror/flow_keeper.h"

#include "connect/log.h"
#include "mirror/acl_sync_priv.h"
#include "mirror/client_limits_priv.h"
#include "mirror/compacted_topic.h"
#include "mirror/scheduler.h"
#include "mirror/topic_sync_priv.h"
#include "mirror/watch_pace_priv.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.mirror.MirrorSourceConnector");

/* Time between two looks at the source's topics, in addition to refresh.topics.interval.seconds. */
#define WATCH_INTERVAL_MS 5000
#define KEEP_INTERVAL_MS  30000 /* between looks at topics of our own */

struct kc_flow_keeper {
    struct kc_connector_context *context;
    struct kc_mirror_config *config;
    struct kc_flow *flow;
    struct kc_provenance *provenance; /* NULL: names tell */
    struct kc_acl_sync *acls;
    struct kc_client_limits *limits;
    struct kc_flow_loads *loads; /* NULL: partitions aren't dealt out, or stay where they are */
    struct kc_scheduler *scheduler;

    pthread_mutex_t mutex;
    struct kc_flow_topics topics;
    char *situation; /* what the connector waits for; NULL: nothing */

    /* Of the scheduler thread. */
    enum { UNKNOWN, ONE, TWO } clusters; /* whether source and target are one */
    bool loaded;                         /* topics come from a complete look at both clusters */
    struct kc_watch_pace pace;
    int64_t next_repair_ms;
    int64_t repair_delay_ms;
};

/* ---- for people ---- */

/* Says what the connector waits for, and what the target lacks. Any thread. */
static void tell(struct kc_flow_keeper *keeper)
{
    char *note = keeper->limits ? kc_client_limits_note(keeper->limits) : NULL;
    pthread_mutex_lock(&keeper->mutex);
    char *text = keeper->situation && note
                     ? kc_asprintf("%s; %s", keeper->situation, note)
                     : kc_strdup(keeper->situation ? keeper->situation : note);
    pthread_mutex_unlock(&keeper->mutex);
    kc_connector_explain(keeper->context, text);
    free(text);
    free(note);
}

/* ---- jobs ---- */

typedef struct kc_error *(*topic_job)(struct kc_admin *admin, const char *topic, int64_t replicas,
                                      const char *what_is_lost);

static struct kc_error *create_topic(struct kc_admin *admin, const char *topic, int64_t replicas,
                                     const char *what_is_lost)
{
    (void)what_is_lost;
    return kc_compacted_topic_create(admin, topic, replicas);
}

/* Does job for the topics of offset syncs and of the offset index. */
static struct kc_error *for_sync_topics(struct kc_flow_keeper *keeper, topic_job job)
{
    const struct kc_mirror_config *config = keeper->config;
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
    int64_t replicas = kc_mirror_long(config, "offset-syncs.topic.replication.factor");
    char *syncs = kc_mirror_offset_syncs_topic(config);
    char *index = kc_mirror_offset_index_topic(config);
    err = job(admin, syncs, replicas,
              "Offsets of partitions at rest have no translation until something is mirrored.");
    if (!err && kc_mirror_has_offset_index(config))
        err = job(admin, index, replicas,
                  "Offsets that it told are looked up in the topics, which takes longer.");
    free(syncs);
    free(index);
    kc_admin_destroy(admin);
    return err;
}

static struct kc_error *create_offset_syncs_topic(void *arg)
{
    return for_sync_topics(arg, create_topic);
}

static struct kc_error *keep_offset_syncs_topic(void *arg)
{
    return for_sync_topics(arg, kc_compacted_topic_keep);
}

/* If names don't change and both clusters are the same, source and target would be one topic. Then
 * the connector fails, and its keeper creates no more topics, because its own heartbeats would come
 * back, each time under a longer name. */
static struct kc_error *check_not_one_cluster(struct kc_flow_keeper *keeper)
{
    char *source = NULL, *target = NULL;
    if (keeper->clusters != UNKNOWN || !kc_policy_is_identity(keeper->config->policy))
        return NULL;
    struct kc_error *err = kc_admin_cluster_id(keeper->flow->source, &source);
    if (!err)
        err = kc_admin_cluster_id(keeper->flow->target, &target);
    bool one = !err && source && target && strcmp(source, target) == 0;
    if (!err)
        keeper->clusters = one ? ONE : TWO;
    if (one)
        kc_connector_raise_error(
            keeper->context,
            kc_error_new(KC_ERR_CONFIG,
                         "%s and %s are the same cluster (id %s), and IdentityReplicationPolicy "
                         "keeps topic names: each record would be mirrored onto its own topic for "
                         "ever. Correct source.cluster.bootstrap.servers or "
                         "target.cluster.bootstrap.servers, or choose DefaultReplicationPolicy",
                         keeper->config->source, keeper->config->target, source));
    free(source);
    free(target);
    return err;
}

static void publish(struct kc_flow_keeper *keeper, struct kc_flow_topics *topics)
{
    pthread_mutex_lock(&keeper->mutex);
    struct kc_flow_topics old = keeper->topics;
    keeper->topics = *topics;
    pthread_mutex_unlock(&keeper->mutex);
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
static void plan_repair(struct kc_flow_keeper *keeper)
{
    keeper->next_repair_ms = kc_mono_ms() + keeper->repair_delay_ms;
    if (keeper->repair_delay_ms < 32 * WATCH_INTERVAL_MS)
        keeper->repair_delay_ms *= 2;
}

/* Looks at both clusters, creates missing topics, and publishes the outcome. */
static struct kc_error *look(struct kc_flow_keeper *keeper)
{
    struct kc_flow_topics topics = {0};
    plan_repair(keeper);
    struct kc_error *err = check_not_one_cluster(keeper);
    if (!err && keeper->clusters == ONE)
        return NULL;
    if (!err)
        err = kc_flow_list_source(keeper->flow, &topics);
    if (err)
        return err;
    kc_provenance_apply(keeper->provenance, &topics);
    err = kc_flow_list_target(keeper->flow, &topics);
    bool listed = !err;
    if (listed)
        err = kc_flow_create_missing(keeper->flow, &topics);
    kc_flow_topics_inherit(&topics, &keeper->topics, listed);
    keeper->loaded = !err;
    if (!err && kc_flow_topics_ready(&topics) == partitions_of(&topics))
        keeper->repair_delay_ms = WATCH_INTERVAL_MS;
    publish(keeper, &topics);
    return err;
}

static struct kc_error *load_topics(void *arg)
{
    return look(arg);
}

/* Keeps what a later comparison needs from a list that is about to be replaced. */
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

/* If a topic comes back under this name, the stored offsets don't tell that it is another one. */
static void report_vanished(const struct kc_flow_keeper *keeper,
                            const struct kc_flow_topics *before)
{
    for (size_t i = 0; i < before->count; i++) {
        const char *name = before->items[i].name;
        if (!contains(&keeper->topics, name))
            kc_warn("Topic %s on %s is mirrored no longer: it was deleted, or the topic filter "
                    "leaves it out. Its offsets stay stored. If a topic of that name is created "
                    "again, delete them (DELETE /connectors/<name>/offsets); otherwise mirroring "
                    "begins where the former topic's stopped.",
                    name, keeper->config->source);
    }
}

static struct kc_error *refresh_topics(void *arg)
{
    struct kc_flow_keeper *keeper = arg;
    struct kc_flow_topics before = copy_source_side(&keeper->topics);
    size_t ready_before = kc_flow_topics_ready(&keeper->topics);
    struct kc_error *err = look(keeper);
    const struct kc_flow_topics *now = &keeper->topics;
    size_t ready = kc_flow_topics_ready(now);
    if (!kc_flow_topics_equal_source(&before, now) || ready != ready_before) {
        kc_info("%s now has %zu mirrored topics with %zu partitions (before: %zu with %zu); %zu of "
                "them can be mirrored now (before: %zu).",
                keeper->config->source, now->count, partitions_of(now), before.count,
                partitions_of(&before), ready, ready_before);
        report_vanished(keeper, &before);
        kc_connector_request_reconfiguration(keeper->context);
    }
    kc_flow_topics_clear(&before);
    return err;
}

/* A cheap look at the source alone: new topics are mirrored within seconds. */
static struct kc_error *watch_topics(void *arg)
{
    struct kc_flow_keeper *keeper = arg;
    struct kc_flow_topics now = {0};
    int64_t start = kc_mono_ms();
    if (!kc_watch_pace_due(&keeper->pace, start) || keeper->clusters == ONE)
        return NULL;
    struct kc_error *err = kc_flow_list_source(keeper->flow, &now);
    kc_watch_pace_looked(&keeper->pace, start, kc_mono_ms());
    if (err)
        return err;
    kc_provenance_apply(keeper->provenance, &now);
    bool changed = !kc_flow_topics_equal_source(&now, &keeper->topics);
    bool incomplete =
        !keeper->loaded || kc_flow_topics_ready(&keeper->topics) != partitions_of(&keeper->topics);
    kc_flow_topics_clear(&now);
    if (changed || (incomplete && kc_mono_ms() >= keeper->next_repair_ms))
        return refresh_topics(keeper);
    return NULL;
}

static struct kc_error *sync_acls(void *arg)
{
    struct kc_flow_keeper *keeper = arg;
    return kc_acl_sync_run(keeper->acls);
}

static struct kc_error *compare_limits(void *arg)
{
    struct kc_flow_keeper *keeper = arg;
    struct kc_error *err = kc_client_limits_run(keeper->limits);
    tell(keeper);
    return err;
}

static struct kc_error *look_at_loads(void *arg)
{
    struct kc_flow_keeper *keeper = arg;
    bool due = false;
    struct kc_error *err = kc_flow_loads_look(keeper->loads, &due);
    if (due)
        kc_connector_request_reconfiguration(keeper->context);
    return err;
}

static struct kc_error *sync_configs(void *arg)
{
    struct kc_flow_keeper *keeper = arg;
    struct kc_error *err = kc_sync_topic_configs(keeper->flow, &keeper->topics);
    if (err && kc_error_code(err) == KC_ERR_UNSUPPORTED) {
        kc_connector_raise_error(
            keeper->context,
            kc_error_caused(kc_error_new(KC_ERR_CONNECT,
                                         "the target cluster '%s' is not compatible with "
                                         "IncrementalAlterConfigs API",
                                         keeper->config->target),
                            err));
        return NULL;
    }
    return err;
}

/* ---- life ---- */

static void schedule(struct kc_flow_keeper *keeper)
{
    struct kc_scheduler *scheduler = keeper->scheduler;
    const struct kc_mirror_config *config = keeper->config;
    int64_t refresh = kc_mirror_interval_ms(config, "refresh.topics");
    kc_scheduler_execute(scheduler, create_offset_syncs_topic, keeper,
                         "creating upstream offset-syncs topic");
    kc_scheduler_execute(scheduler, load_topics, keeper, "loading and creating topic-partitions");
    kc_scheduler_repeat(scheduler, sync_acls, keeper, 0,
                        kc_mirror_interval_ms(config, "sync.topic.acls"), "syncing topic ACLs");
    kc_scheduler_repeat(scheduler, compare_limits, keeper, 0,
                        kc_client_limits_interval_ms(keeper->limits),
                        "comparing quotas, groups and users");
    kc_scheduler_repeat(scheduler, sync_configs, keeper, 0,
                        kc_mirror_interval_ms(config, "sync.topic.configs"),
                        "syncing topic configs");
    kc_scheduler_repeat(scheduler, refresh_topics, keeper, refresh, refresh, "refreshing topics");
    kc_scheduler_repeat(scheduler, keep_offset_syncs_topic, keeper, KEEP_INTERVAL_MS,
                        KEEP_INTERVAL_MS, "looking after the offset-syncs topic");
    if (keeper->loads)
        kc_scheduler_repeat(
            scheduler, look_at_loads, keeper, kc_flow_loads_interval_ms(keeper->loads),
            kc_flow_loads_interval_ms(keeper->loads), "looking at the loads of partitions");
    if (refresh > WATCH_INTERVAL_MS)
        kc_scheduler_repeat(scheduler, watch_topics, keeper, WATCH_INTERVAL_MS, WATCH_INTERVAL_MS,
                            "looking for new topics");
}

struct kc_error *kc_flow_keeper_new(struct kc_connector_context *context,
                                    struct kc_mirror_config *config, struct kc_flow *flow,
                                    struct kc_flow_loads *loads, struct kc_flow_keeper **keeper)
{
    struct kc_flow_keeper *made = kc_calloc(1, sizeof(*made));
    pthread_mutex_init(&made->mutex, NULL);
    made->context = context;
    made->config = config;
    made->flow = flow;
    made->loads = loads;
    made->repair_delay_ms = WATCH_INTERVAL_MS;
    made->limits = kc_client_limits_new(flow);
    struct kc_error *err = kc_provenance_new(flow, &made->provenance);
    if (!err)
        err = kc_acl_sync_new(flow, &made->acls);
    if (!err)
        err = kc_scheduler_new(config->label, kc_mirror_long(config, "admin.timeout.ms"),
                               &made->scheduler);
    if (err) {
        kc_flow_keeper_destroy(made);
        return err;
    }
    schedule(made);
    *keeper = made;
    return NULL;
}

void kc_flow_keeper_destroy(struct kc_flow_keeper *keeper)
{
    if (!keeper)
        return;
    kc_scheduler_destroy(keeper->scheduler);
    kc_flow_topics_clear(&keeper->topics);
    kc_provenance_destroy(keeper->provenance);
    kc_acl_sync_destroy(keeper->acls);
    kc_client_limits_destroy(keeper->limits);
    pthread_mutex_destroy(&keeper->mutex);
    free(keeper->situation);
    free(keeper);
}

/* ---- for the connector ---- */

size_t kc_flow_keeper_count(struct kc_flow_keeper *keeper)
{
    pthread_mutex_lock(&keeper->mutex);
    size_t ready = kc_flow_topics_ready(&keeper->topics);
    pthread_mutex_unlock(&keeper->mutex);
    return ready;
}

void kc_flow_keeper_list(struct kc_flow_keeper *keeper, struct kc_strings *ready)
{
    pthread_mutex_lock(&keeper->mutex);
    for (size_t i = 0; i < keeper->topics.count; i++) {
        const struct kc_flow_topic *topic = &keeper->topics.items[i];
        for (int32_t p = 0; p < kc_flow_topic_ready(topic); p++)
            kc_strings_take(ready, kc_asprintf("%s-%d", topic->name, p));
    }
    pthread_mutex_unlock(&keeper->mutex);
}

/* NULL: there is nothing to say. */
static char *situation_of(struct kc_flow_keeper *keeper, size_t tasks)
{
    const struct kc_mirror_config *config = keeper->config;
    size_t left_out = kc_provenance_left_out(keeper->provenance);
    pthread_mutex_lock(&keeper->mutex);
    size_t all = partitions_of(&keeper->topics);
    size_t ready = kc_flow_topics_ready(&keeper->topics);
    pthread_mutex_unlock(&keeper->mutex);
    if (tasks == 0 && all == 0 && left_out == 0)
        return kc_asprintf("runs without tasks: no topic of %s passes 'topics' and "
                           "'topics.exclude', or they could not be listed yet",
                           config->source);
    if (left_out > 0)
        return kc_asprintf("%zu topics are left out, since they would come back to %s in a circle, "
                           "see the log",
                           left_out, config->target);
    if (ready < all)
        return kc_asprintf("%s%zu of %zu partitions wait: they could not be created on %s yet, see "
                           "the log; it is tried again",
                           tasks == 0 ? "runs without tasks: " : "", all - ready, all,
                           config->target);
    return NULL;
}

void kc_flow_keeper_explain(struct kc_flow_keeper *keeper, size_t tasks)
{
    char *text = situation_of(keeper, tasks);
    if (text && tasks == 0)
        kc_warn("%s %s.", keeper->config->connector, text);
    pthread_mutex_lock(&keeper->mutex);
    free(keeper->situation);
    keeper->situation = text;
    pthread_mutex_unlock(&keeper->mutex);
    tell(keeper);
}

struct kc_error *kc_flow_config_new(const struct kc_plugin *plugin, const struct kc_map *properties,
                                    struct kc_mirror_config **config, bool *enabled)
{
    *enabled = false;
    struct kc_error *err = kc_mirror_config_new(plugin, properties, false, config);
    if (err)
        return err;
    *enabled = kc_mirror_bool(*config, "enabled");
    if (!*enabled)
        kc_info("%s is disabled (enabled=false): nothing is mirrored from %s to %s.",
                (*config)->connector, (*config)->source, (*config)->target);
    char *removed = kc_mirror_removed_settings(properties);
    if (removed && *enabled)
        kc_warn("%s.", removed);
    free(removed);
    return NULL;
}

void kc_flow_explain_disabled(struct kc_connector_context *context,
                              const struct kc_mirror_config *config)
{
    static const char text[] = "runs without tasks: enabled is false";
    kc_info("%s %s.", config->connector, text);
    kc_connector_explain(context, text);
}
