/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cuts the target's logs so that they begin where the source's do (DeleteRecords). On a lane's
 * thread.
 *
 * A topic that is only compacted refuses that (POLICY_VIOLATION). Its policy is switched for the
 * cut, with a retention that deletes nothing, and then put back.
 */
#include "connect/log.h"
#include "link/copy_priv.h"

#include <string.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.link.copy");

enum {
    POLICY_VIOLATION = 44,
    PATIENCE_MS = 20000, /* until the brokers know of another policy */
    PAUSE_MS = 100,
};

static struct kc_error *alter(struct link_copy *copy, const char *topic,
                              const struct kc_config_op *ops, size_t count)
{
    struct kc_config_alteration change = {KC_CONFIG_OF_TOPIC, topic, ops, count, NULL};
    struct kc_error *err = kc_admin_alter_configs(copy->target, &change, 1, false);
    err = err ? err : change.error;
    return err ? kc_error_prefix(err, "changing the cleanup policy of topic %s", topic) : NULL;
}

/* What a topic's settings were before the cut. */
struct cut_settings {
    char *policy;
    char *retention_ms; /* NULL: the default's */
    char *retention_bytes;
};

static void clear(struct cut_settings *settings)
{
    free(settings->policy);
    free(settings->retention_ms);
    free(settings->retention_bytes);
}

static void take_entry(struct cut_settings *settings, const struct kc_config_entry *entry)
{
    bool own = entry->source == RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG;
    if (strcmp(entry->name, "cleanup.policy") == 0)
        settings->policy = kc_strdup(entry->value);
    else if (own && strcmp(entry->name, "retention.ms") == 0)
        settings->retention_ms = kc_strdup(entry->value);
    else if (own && strcmp(entry->name, "retention.bytes") == 0)
        settings->retention_bytes = kc_strdup(entry->value);
}

static struct kc_error *read_settings(struct link_copy *copy, const char *topic,
                                      struct cut_settings *settings)
{
    struct kc_config_entries entries = {0};
    struct kc_error *err = kc_admin_topic_config(copy->target, topic, &entries);
    for (size_t i = 0; !err && i < entries.count; i++)
        take_entry(settings, &entries.items[i]);
    kc_config_entries_destroy(&entries);
    return err;
}

static struct kc_error *allow_cut(struct link_copy *copy, const char *topic)
{
    static const struct kc_config_op ops[] = {
        {"cleanup.policy", "compact,delete"}, {"retention.ms", "-1"}, {"retention.bytes", "-1"}};
    kc_info("%s: topic %s is only compacted; it is compact,delete until its log is cut",
            copy->config->name, topic);
    return alter(copy, topic, ops, sizeof(ops) / sizeof(*ops));
}

static struct kc_error *put_back(struct link_copy *copy, const char *topic,
                                 const struct cut_settings *settings)
{
    const struct kc_config_op ops[] = {{"cleanup.policy", "compact"},
                                       {"retention.ms", settings->retention_ms},
                                       {"retention.bytes", settings->retention_bytes}};
    return alter(copy, topic, ops, sizeof(ops) / sizeof(*ops));
}

/* True: some are refused for the policy, which brokers may not know of yet. */
static bool cut_once(struct link_copy *copy, struct copy_job *job)
{
    struct kc_records_before *asked = kc_calloc(job->count + 1, sizeof(*asked));
    size_t *of = kc_calloc(job->count + 1, sizeof(*of)), count = 0;
    bool again = false;
    for (size_t i = 0; i < job->count; i++) {
        if (job->items[i].target_start >= job->items[i].offset)
            continue;
        of[count] = i;
        asked[count++] = (struct kc_records_before){.topic = job->items[i].topic,
                                                    .partition = job->items[i].partition,
                                                    .before_offset = job->items[i].offset};
    }
    struct kc_error *err = count ? kc_admin_delete_records(copy->target, asked, count) : NULL;
    for (size_t i = 0; i < count; i++) {
        struct copy_item *item = &job->items[of[i]];
        kc_error_destroy(item->target_error);
        item->target_error = err ? kc_error_copy(err) : asked[i].error;
        if (!item->target_error)
            item->target_start = asked[i].low_watermark;
        again = again || kc_error_kafka_code(item->target_error) == POLICY_VIOLATION;
    }
    kc_error_destroy(err);
    free(asked);
    free(of);
    return again;
}

static void fail(struct copy_job *job, struct kc_error *err)
{
    for (size_t i = 0; err && i < job->count; i++) {
        kc_error_destroy(job->items[i].target_error);
        job->items[i].target_error = kc_error_copy(err);
    }
    kc_error_destroy(err);
}

/* All items are of one topic. */
void link_cut_run(struct link_copy *copy, struct copy_job *job)
{
    const char *topic = job->items[0].topic;
    struct cut_settings before = {0};
    int64_t deadline = kc_mono_ms() + PATIENCE_MS;
    struct kc_stop *stop = kc_thread_stop(copy->workers[COPY_LANE_CHECK].thread);
    struct kc_error *err = job->items[0].compact ? read_settings(copy, topic, &before) : NULL;
    bool switched = before.policy && strcmp(before.policy, "compact") == 0;
    if (!err && switched)
        err = allow_cut(copy, topic);
    if (!err) {
        while (cut_once(copy, job) && kc_mono_ms() < deadline &&
               !kc_stop_wait_until(stop, kc_mono_ms() + PAUSE_MS))
            continue;
    }
    fail(job, err);
    err = switched ? put_back(copy, topic, &before) : NULL;
    if (err)
        kc_warn("%s: %s", copy->config->name, kc_error_text(err));
    kc_error_destroy(err);
    clear(&before);
}
