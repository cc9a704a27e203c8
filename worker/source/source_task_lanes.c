/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decides which lanes a source task has, and handles a target that gives no producer id. See
 * source_task_priv.h. No other file asks which lane there is.
 *
 * - Record batches that pass as bytes take a raw lane. Records from batches that had to be opened
 *   take a record lane, which opens with the first such record.
 * - A task that leaves out refused records has only a raw lane, also for records: they are built
 *   into batches (record_batches_priv.h).
 * - An exactly-once task whose batches pass has only a raw lane, too (eos_raw.c), because a
 *   transactional id has one producer.
 * - All others have a record lane alone.
 */
#include "connect/log.h"
#include "kafka/plain_producers.h"
#include "source/quarantine.h"
#include "source/raw_lane_priv.h"
#include "source/record_lane_priv.h"
#include "source/source_task_priv.h"

#include <stdlib.h>

static struct kc_logger log =
    KC_LOGGER("org.apache.kafka.connect.runtime.AbstractWorkerSourceTask");

static struct kc_map *producer_properties(struct kc_source_task *task)
{
    return kc_task_core_client_properties(&task->core, "producer", "connector-producer-");
}

static void force_transactional(struct kc_source_task *task, struct kc_map *properties)
{
    kc_map_set(properties, "enable.idempotence", "true");
    kc_map_setf(properties, "transactional.id", "%s-%s-%d",
                kc_config_string(task->core.config->values, "group.id"),
                kc_task_host_connector(task->core.host), kc_task_host_task(task->core.host));
}

/* ---- the choice ---- */

/* A connector that was stored before the worker had its settings. */
static struct kc_error *check_quarantine(const struct kc_source_task *task)
{
    const char *why =
        kc_quarantine_wanted(task->core.settings)
            ? kc_quarantine_refusal(kc_config_string(task->core.settings, "errors.tolerance"),
                                    task->how == &kc_exactly_once)
            : NULL;
    return why ? kc_error_new(KC_ERR_CONFIG, "%s: %s", KC_QUARANTINE_TOPIC_SETTING, why) : NULL;
}

static void on_topic_used(void *opaque, const char *topic)
{
    struct kc_source_task *task = opaque;
    if (task->core.track_topics)
        kc_task_host_topic_used(task->core.host, topic);
}

static struct kc_lane_owner owner_of(struct kc_source_task *task)
{
    return (struct kc_lane_owner){&task->how->events, task->delivery, on_topic_used, task};
}

static void on_missing(void *opaque, const struct kc_strings *topics)
{
    struct kc_source_task *task = opaque;
    json_t *list = topics->count ? json_array() : NULL;
    for (size_t i = 0; i < topics->count; i++)
        json_array_append_new(list, json_string(topics->items[i]));
    kc_task_host_show(task->core.host, "missing_topics", list);
}

/* Record batches of one connector's tasks go to different partitions, so the tasks may share an
 * appender. If transforms choose the topic, or for records, that needn't be so. */
static char *lane_name(const struct kc_source_task *task)
{
    const char *connector = kc_task_host_connector(task->core.host);
    const char *kind = task->raw_refusal ? "records" : "raw";
    return task->raw_refusal || task->rules.route
               ? kc_asprintf("%s-%s-%d", kind, connector, kc_task_host_task(task->core.host))
               : kc_asprintf("raw-%s", connector);
}

/* NULL: it can't be made, and task->raw_refusal says why. */
static struct kc_raw_lane *make_raw_lane(struct kc_source_task *task, const struct kc_map *producer)
{
    const struct kc_lane_owner owner = owner_of(task);
    char *name = lane_name(task);
    struct kc_raw_lane *lane = NULL;
    struct kc_error *err = kc_raw_lane_new(producer, task->core.config, name, &owner, &lane);
    free(name);
    if (err) {
        kc_strings_add(&task->raw_failures, kc_error_text(err));
        task->raw_refusal = task->raw_failures.items[task->raw_failures.count - 1];
        kc_error_destroy(err);
        return NULL;
    }
    kc_raw_lane_on_missing(lane, on_missing);
    if (task->rules.route || task->raw_refusal)
        kc_raw_lane_ask_for_topics(lane);
    return lane;
}

static void tell_choice(const struct kc_source_task *task)
{
    if (task->raw_refusal)
        kc_info("Record batches are opened and their records sent one by one: %s",
                task->raw_refusal);
    else
        kc_info("Record batches pass to the target as they are");
}

/* The raw lane, if the task gets one; otherwise NULL, and task->raw_refusal says why. */
static struct kc_raw_lane *choose_raw_lane(struct kc_source_task *task,
                                           const struct kc_map *producer)
{
    const struct kc_raw_choice choice = {
        .conversion = task->core.conversion,
        .connector_config = task->core.connector_config,
        .producer = producer,
    };
    bool leaves_out =
        task->how == &kc_at_least_once && kc_error_policy_tolerates_all(task->core.policy);
    bool knows = kc_source_task_knows_raw(task);
    kc_raw_rules_clear(&task->rules);
    task->raw_refusal =
        knows ? kc_raw_lane_refusal(&choice, &task->rules) : "the connector hands over records";
    struct kc_raw_lane *raw =
        !task->raw_refusal || leaves_out ? make_raw_lane(task, producer) : NULL;
    task->builds_batches = leaves_out && raw;
    if (leaves_out && !raw)
        kc_warn("A record that the target refuses will take others of its batch with it, for there "
                "is no raw lane: %s",
                task->raw_refusal);
    if (knows)
        tell_choice(task);
    return raw;
}

/* Makes *records unless the raw lane takes them. */
static struct kc_error *make_record_lane(struct kc_source_task *task, const struct kc_raw_lane *raw,
                                         const struct kc_map *producer, struct kc_lane **records)
{
    const struct kc_lane_owner owner = owner_of(task);
    if (raw && task->how == &kc_exactly_once)
        return NULL;
    if (task->builds_batches)
        return kc_record_lane_check(producer);
    return kc_record_lane_new(producer, &owner, records);
}

/* Both are taken; either may be NULL. */
static void take_lanes(struct kc_source_task *task, struct kc_lane *records,
                       struct kc_raw_lane *raw)
{
    struct kc_lanes lanes = {.records = records, .batches = records};
    if (records)
        kc_lanes_add(&lanes, records);
    if (raw) {
        lanes.batches = kc_raw_lane_base(raw);
        lanes.records = records ? records : lanes.batches;
        kc_lanes_add(&lanes, lanes.batches);
        kc_raw_lane_follow(raw, lanes.records);
    }
    pthread_mutex_lock(&task->mutex);
    task->lanes = lanes;
    pthread_mutex_unlock(&task->mutex);
}

struct kc_error *kc_source_task_make_lanes(struct kc_source_task *task)
{
    struct kc_error *err = check_quarantine(task);
    if (err)
        return err;
    struct kc_map *properties = producer_properties(task);
    if (task->how == &kc_exactly_once)
        force_transactional(task, properties);
    task->plain = kc_producers_are_plain(properties);
    if (kc_producers_were_refused(properties))
        kc_task_host_set_note(task->core.host, kc_producers_plain_note);
    task->targets = kc_target_topics_new();
    struct kc_raw_lane *raw = choose_raw_lane(task, properties);
    struct kc_lane *records = NULL;
    err = make_record_lane(task, raw, properties, &records);
    kc_map_destroy(properties);
    take_lanes(task, records, raw);
    return err;
}

/* ---- their life ---- */

struct kc_error *kc_source_task_start_acks(struct kc_source_task *task)
{
    return kc_acks_start(&task->lanes, task->how->served, task->delivery,
                         kc_task_host_log_context(task->core.host), &task->acks);
}

void kc_source_task_end_lanes(struct kc_source_task *task, int timeout_ms)
{
    kc_lanes_close(&task->lanes, timeout_ms);
    kc_acks_stop(task->acks);
    task->acks = NULL;
    pthread_mutex_lock(&task->mutex);
    struct kc_lanes lanes = task->lanes;
    task->lanes = (struct kc_lanes){0};
    pthread_mutex_unlock(&task->mutex);
    kc_lanes_destroy(&lanes);
    kc_target_topics_destroy(task->targets);
    task->targets = NULL;
}

/* ---- without a producer id ---- */

bool kc_source_task_make_plain(struct kc_source_task *task)
{
    struct kc_map *properties = producer_properties(task);
    bool may = kc_producers_may_be_plain(properties);
    if (may) {
        kc_producers_make_plain(properties);
        kc_task_host_set_note(task->core.host, kc_producers_plain_note);
    }
    kc_map_destroy(properties);
    return may;
}

void kc_source_task_watch_plain(struct kc_source_task *task)
{
    if (task->plain || !kc_lane_is_plain(task->lanes.batches))
        return;
    task->plain = true;
    kc_source_task_make_plain(task);
}
