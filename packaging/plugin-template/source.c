/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A source connector: it counts. Each record is the next number, as text; after a restart it goes
 * on with the number behind the last one whose offset was committed.
 */
#include <connect/log.h>
#include <connect/plugin.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static struct kc_logger log = KC_LOGGER("org.example.CounterSourceConnector");

/* ---- configuration ---- */

static const struct kc_config_key keys[] = {
    {
        .name = "topic",
        .type = KC_CONFIG_STRING,
        .default_value = kc_config_required,
        .validator = kc_config_non_empty,
        .importance = KC_IMPORTANCE_HIGH,
        .order = -1,
        .documentation = "The topic that the numbers are written to.",
    },
    {
        .name = "interval.ms",
        .type = KC_CONFIG_INT,
        .default_value = "100",
        .validator = kc_config_at_least_1,
        .importance = KC_IMPORTANCE_LOW,
        .order = -1,
        .documentation = "Milliseconds from one number to the next.",
    },
};
enum { KEY_COUNT = sizeof(keys) / sizeof(keys[0]) };

/* The settings as their types say, with all defaults; *parsed is the caller's. */
static struct kc_error *parse(const struct kc_map *config, struct kc_config **parsed)
{
    struct kc_config_def *def = kc_config_def_new(keys, KEY_COUNT);
    struct kc_error *err = kc_config_parse(def, config, parsed);
    kc_config_def_destroy(def);
    return err;
}

/* ---- the connector: says which tasks there are ---- */

struct connector {
    struct kc_map *config;
};

static void *connector_create(struct kc_connector_context *context)
{
    return kc_calloc(1, sizeof(struct connector));
}

static struct kc_error *connector_start(void *object, const struct kc_map *config)
{
    struct connector *connector = object;
    struct kc_config *parsed = NULL;
    struct kc_error *err = parse(config, &parsed);
    if (err)
        return err;
    kc_config_destroy(parsed);
    connector->config = kc_map_copy(config);
    return NULL;
}

static void connector_stop(void *object)
{
    struct connector *connector = object;
    kc_map_destroy(connector->config);
    connector->config = NULL;
}

static void connector_destroy(void *object)
{
    connector_stop(object);
    free(object);
}

/* One task, however many there may be: a count has one order. */
static struct kc_error *task_configs(void *object, int max_tasks, struct kc_maps *configs)
{
    const struct connector *connector = object;
    kc_maps_take(configs, kc_map_copy(connector->config));
    return NULL;
}

static const struct kc_connector_ops connector_ops = {
    .create = connector_create,
    .start = connector_start,
    .stop = connector_stop,
    .destroy = connector_destroy,
    .task_configs = task_configs,
};

/* ---- the task: makes records, on a thread of its own ---- */

struct task {
    struct kc_source_context *context;
    struct kc_config *config;
    struct kc_source_partition *partition; /* what its offsets belong to */
    int64_t next;
    int64_t due_ms; /* kc_mono_ms() of the next number */
};

static void *task_create(struct kc_source_context *context)
{
    struct task *task = kc_calloc(1, sizeof(*task));
    task->context = context;
    return task;
}

static struct kc_error *task_start(void *object, const struct kc_map *config)
{
    struct task *task = object;
    json_t *offset = NULL;
    struct kc_error *err = parse(config, &task->config);
    if (err)
        return err;
    json_t *map = json_pack("{s:s}", "counter", kc_source_context_connector(task->context));
    task->partition = kc_source_partition_new(map);
    err = kc_source_context_offsets(task->context, &map, 1, &offset);
    task->next = json_integer_value(json_object_get(offset, "next"));
    if (!err)
        kc_info("Counting from %lld", (long long)task->next);
    json_decref(offset);
    json_decref(map);
    return err;
}

static void add_number(struct task *task, struct kc_batch *batch)
{
    char text[32];
    int len = snprintf(text, sizeof(text), "%lld", (long long)task->next++);
    struct kc_record *record = kc_batch_add(batch);
    const char *topic = kc_config_string(task->config, "topic");
    record->topic = kc_arena_strdup(kc_batch_arena(batch), topic);
    record->value_schema = kc_schema_simple(KC_TYPE_STRING, false);
    record->value = kc_value_string(kc_batch_dup(batch, text, (size_t)len), (size_t)len);
    record->source_partition = task->partition;
    record->source_offset.field = "next";
    record->source_offset.number = task->next;
}

/* Waits for the next number's time, but a tenth of a second at most: a stop waits for it. */
static struct kc_error *task_poll(void *object, struct kc_batch **batch)
{
    struct task *task = object;
    int64_t wait_ms = task->due_ms - kc_mono_ms();
    struct timespec pause = {.tv_nsec = (wait_ms < 100 ? wait_ms : 100) * 1000000};
    if (wait_ms > 0)
        nanosleep(&pause, NULL);
    *batch = NULL;
    if (wait_ms > 100)
        return NULL;
    task->due_ms = kc_mono_ms() + kc_config_long(task->config, "interval.ms");
    *batch = kc_batch_new(1);
    add_number(task, *batch);
    return NULL;
}

/* Any thread. There is nothing to end: poll() returns soon by itself. */
static void task_stop(void *object)
{
}

static void task_destroy(void *object)
{
    struct task *task = object;
    kc_source_partition_unref(task->partition);
    kc_config_destroy(task->config);
    free(task);
}

static const struct kc_source_task_ops task_ops = {
    .create = task_create,
    .start = task_start,
    .poll = task_poll,
    .stop = task_stop,
    .destroy = task_destroy,
};

/* ---- the descriptor: ties it all together ---- */

const struct kc_plugin counter_source = {
    KC_PLUGIN_HEAD,
    .kind = KC_PLUGIN_SOURCE,
    .class_name = "org.example.CounterSourceConnector",
    .task_class = "org.example.CounterSourceTask",
    .version = "1.0",
    .config_keys = keys,
    .config_key_count = KEY_COUNT,
    .connector = &connector_ops,
    .source_task = &task_ops,
};
