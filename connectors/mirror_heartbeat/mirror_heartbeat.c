/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MirrorHeartbeatConnector and its task: a record per second or so that shows the flow is alive.
 *
 * One task, made of the connector's own configuration. As in Java, `enabled` doesn't matter:
 * heartbeats of a direction that mirrors nothing tell the other direction's consumers which
 * clusters are there.
 */
#include "mirror_heartbeat/mirror_heartbeat_priv.h"

#include "connect/log.h"
#include "connect/thread.h"
#include "mirror/compacted_topic.h"
#include "mirror/mirror_config.h"
#include "mirror/mirror_offsets.h"
#include "mirror/mirror_records.h"
#include "mirror/scheduler.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.mirror.MirrorHeartbeatConnector");

/* ---- connector ---- */

struct heartbeat_connector {
    struct kc_mirror_config *config;
    struct kc_admin *admin;
    struct kc_scheduler *scheduler;
};

static void *connector_create(struct kc_connector_context *context)
{
    return kc_calloc(1, sizeof(struct heartbeat_connector));
}

static struct kc_error *create_topic(void *arg)
{
    struct heartbeat_connector *connector = arg;
    return kc_compacted_topic_create(
        connector->admin, KC_HEARTBEATS_TOPIC,
        kc_mirror_long(connector->config, "heartbeats.topic.replication.factor"));
}

static struct kc_error *connector_start(void *arg, const struct kc_map *properties)
{
    struct heartbeat_connector *connector = arg;
    struct kc_error *err =
        kc_mirror_config_new(&kc_mirror_heartbeat_plugin, properties, false, &connector->config);
    if (!err)
        err = kc_mirror_admin_new(connector->config, KC_MIRROR_TARGET, "heartbeats-target-admin",
                                  &connector->admin);
    if (!err)
        err = kc_scheduler_new(connector->config->label,
                               kc_mirror_long(connector->config, "admin.timeout.ms"),
                               &connector->scheduler);
    if (!err)
        kc_scheduler_execute(connector->scheduler, create_topic, connector,
                             "creating internal topics");
    return err;
}

static void connector_stop(void *arg)
{
    struct heartbeat_connector *connector = arg;
    kc_scheduler_destroy(connector->scheduler);
    connector->scheduler = NULL;
    if (connector->admin)
        kc_admin_destroy(connector->admin);
    connector->admin = NULL;
    kc_mirror_config_destroy(connector->config);
    connector->config = NULL;
}

static void connector_destroy(void *arg)
{
    connector_stop(arg);
    free(arg);
}

static struct kc_error *connector_task_configs(void *arg, int max_tasks, struct kc_maps *configs)
{
    struct heartbeat_connector *connector = arg;
    if (kc_mirror_interval_ms(connector->config, "emit.heartbeats") < 0) {
        kc_info(
            "%s runs without a task: emit.heartbeats.enabled is false, or the interval negative.",
            connector->config->connector);
        return NULL;
    }
    kc_maps_take(configs, kc_map_copy(connector->config->properties));
    return NULL;
}

static struct kc_error *connector_alter_offsets(const struct kc_map *config, const json_t *offsets,
                                                bool *handled)
{
    *handled = true;
    return kc_mirror_check_offsets(&kc_mirror_heartbeat_offset_rules, offsets);
}

static void validate(const struct kc_map *config, struct kc_config_values *values)
{
    kc_mirror_validate_classes(config, values);
}

static const struct kc_connector_ops connector_ops = {
    .validate = validate,
    .create = connector_create,
    .start = connector_start,
    .stop = connector_stop,
    .destroy = connector_destroy,
    .task_configs = connector_task_configs,
    .alter_offsets = connector_alter_offsets,
};

/* ---- task ---- */

/* A poll may wait about a second; a longer interval takes several polls. */
#define LONGEST_WAIT_MS 1000

struct heartbeat_task {
    struct kc_mirror_config *config;
    struct kc_source_partition *partition;
    int64_t interval_ms;
    int64_t due_ms;
    struct kc_stop *stop;
};

static void *task_create(struct kc_source_context *context)
{
    struct heartbeat_task *task = kc_calloc(1, sizeof(*task));
    task->stop = kc_stop_new();
    return task;
}

static struct kc_error *task_start(void *arg, const struct kc_map *properties)
{
    struct heartbeat_task *task = arg;
    struct kc_error *err =
        kc_mirror_config_new(&kc_mirror_heartbeat_plugin, properties, true, &task->config);
    if (err)
        return err;
    json_t *map = kc_mirror_heartbeat_partition(task->config->source, task->config->target);
    task->partition = kc_source_partition_new(map);
    json_decref(map);
    task->interval_ms = kc_mirror_seconds_ms(task->config, "emit.heartbeats.interval.seconds");
    task->due_ms = kc_deadline_ms(task->interval_ms);
    return NULL;
}

/* Waits until due, told to stop, or for as long as a poll may last; true: a heartbeat is due. */
static bool wait_due(struct heartbeat_task *task)
{
    int64_t now = kc_mono_ms();
    int64_t until = task->due_ms < now + LONGEST_WAIT_MS ? task->due_ms : now + LONGEST_WAIT_MS;
    return !kc_stop_wait_until(task->stop, until) && kc_mono_ms() >= task->due_ms;
}

static struct kc_batch *make_heartbeat(struct heartbeat_task *task)
{
    struct kc_batch *batch = kc_batch_new(1);
    struct kc_record *record = kc_batch_add(batch);
    struct kc_str key = {0}, value = {0};
    struct kc_heartbeat heartbeat = {(char *)task->config->source, (char *)task->config->target,
                                     kc_now_ms()};
    kc_heartbeat_encode(&heartbeat, &key, &value);
    record->topic = KC_HEARTBEATS_TOPIC;
    record->partition = 0;
    record->timestamp = heartbeat.timestamp;
    record->key_schema = record->value_schema = kc_schema_simple(KC_TYPE_BYTES, false);
    record->key = kc_value_bytes(kc_batch_dup(batch, key.data, key.len), key.len);
    record->value = kc_value_bytes(kc_batch_dup(batch, value.data, value.len), value.len);
    record->source_partition = task->partition;
    record->source_offset = (struct kc_source_offset){.field = "offset", .number = 0};
    kc_str_destroy(&key);
    kc_str_destroy(&value);
    return batch;
}

static struct kc_error *task_poll(void *arg, struct kc_batch **batch)
{
    struct heartbeat_task *task = arg;
    *batch = NULL;
    if (!wait_due(task))
        return NULL;
    *batch = make_heartbeat(task);
    task->due_ms = kc_deadline_ms(task->interval_ms);
    return NULL;
}

static void task_stop(void *arg)
{
    struct heartbeat_task *task = arg;
    kc_stop_set(task->stop);
}

static void task_destroy(void *arg)
{
    struct heartbeat_task *task = arg;
    if (task->partition)
        kc_source_partition_unref(task->partition);
    kc_mirror_config_destroy(task->config);
    kc_stop_destroy(task->stop);
    free(task);
}

static const struct kc_source_task_ops task_ops = {
    .create = task_create,
    .start = task_start,
    .poll = task_poll,
    .stop = task_stop,
    .destroy = task_destroy,
};

/* ---- descriptor ---- */

/* clang-format off */
static const struct kc_config_key keys[] = {
#include "mirror/mirror_base_keys.inc"
    KC_MIRROR_KEY("emit.heartbeats.enabled", BOOLEAN, "true", LOW, NULL,
     "Whether heartbeats are written to the target cluster."),
    KC_MIRROR_KEY("emit.heartbeats.interval.seconds", LONG, "1", LOW, NULL,
     "How often a heartbeat is written."),
    KC_MIRROR_KEY("heartbeats.topic.replication.factor", SHORT, "3", LOW, NULL,
     "The replication factor of the heartbeats topic, where it is created."),
};
/* clang-format on */

const struct kc_plugin kc_mirror_heartbeat_plugin = {
    KC_PLUGIN_HEAD,
    .kind = KC_PLUGIN_SOURCE,
    .class_name = "org.apache.kafka.connect.mirror.MirrorHeartbeatConnector",
    .task_class = "org.apache.kafka.connect.mirror.MirrorHeartbeatTask",
    .version = KC_VERSION,
    .config_keys = keys,
    .config_key_count = sizeof(keys) / sizeof(keys[0]),
    .connector = &connector_ops,
    .source_task = &task_ops,
};
