/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A herder for tests: a connector that does as its configuration says, stores in memory, a member
 * that is alone (or isn't the leader), and librdkafka's mock cluster where a broker is asked.
 */
#ifndef TESTS_UNIT_HERDER_FIXTURE_H
#define TESTS_UNIT_HERDER_FIXTURE_H

#include "data/plugins.h"
#include "herder/distributed_priv.h"
#include "membership_single.h"

#include <check.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATIENCE_MS = 20000 };

/* ---- a connector by configuration: "tasks" tasks; "fail" = "start", "configs" or "task" ---- */

static const struct kc_config_key scripted_keys[] = {
    {.name = "tasks",
     .type = KC_CONFIG_INT,
     .default_value = "1",
     .importance = KC_IMPORTANCE_HIGH,
     .order = -1,
     .documentation = "How many tasks."},
    {.name = "fail",
     .type = KC_CONFIG_STRING,
     .default_value = "",
     .importance = KC_IMPORTANCE_LOW,
     .order = -1,
     .documentation = "What fails."},
};

struct scripted {
    struct kc_map *config;
};

static void *scripted_create(struct kc_connector_context *context)
{
    return kc_calloc(1, sizeof(struct scripted));
}

static bool fails(const struct kc_map *config, const char *what)
{
    return strcmp(kc_map_get_or(config, "fail", ""), what) == 0;
}

static struct kc_error *scripted_start(void *connector, const struct kc_map *config)
{
    struct scripted *scripted = connector;
    kc_map_destroy(scripted->config);
    scripted->config = kc_map_copy(config);
    return fails(config, "start") ? kc_error_new(KC_ERR_CONNECT, "scripted to fail") : NULL;
}

static void scripted_stop(void *connector)
{
}

static void scripted_destroy(void *connector)
{
    struct scripted *scripted = connector;
    if (scripted)
        kc_map_destroy(scripted->config);
    free(scripted);
}

static struct kc_error *scripted_task_configs(void *connector, int max_tasks,
                                              struct kc_maps *configs)
{
    struct scripted *scripted = connector;
    int count = atoi(kc_map_get_or(scripted->config, "tasks", "1"));
    for (int i = 0; i < count && i < max_tasks; i++) {
        struct kc_map *config = kc_map_copy(scripted->config);
        kc_map_setf(config, "number", "%d", i);
        kc_maps_take(configs, config);
    }
    return NULL;
}

static struct kc_error *scripted_alter(const struct kc_map *config, const json_t *offsets,
                                       bool *handled)
{
    *handled = true;
    return NULL;
}

static void *scripted_task_create(struct kc_source_context *context)
{
    return kc_calloc(1, 1);
}

static struct kc_error *scripted_task_start(void *task, const struct kc_map *config)
{
    return fails(config, "task") ? kc_error_new(KC_ERR_CONNECT, "scripted to fail") : NULL;
}

static struct kc_error *scripted_poll(void *task, struct kc_batch **batch)
{
    usleep(5000);
    *batch = NULL;
    return NULL;
}

static void scripted_task_stop(void *task)
{
}

static atomic_bool scripted_hang; /* while it is set, validations of fail=hang don't end */

static void scripted_validate(const struct kc_map *config, struct kc_config_values *values)
{
    while (fails(config, "hang") && atomic_load(&scripted_hang))
        usleep(2000);
}

static const struct kc_connector_ops scripted_connector = {
    .create = scripted_create,
    .start = scripted_start,
    .stop = scripted_stop,
    .destroy = scripted_destroy,
    .task_configs = scripted_task_configs,
    .alter_offsets = scripted_alter,
    .validate = scripted_validate,
};

static const struct kc_source_task_ops scripted_task = {
    .create = scripted_task_create,
    .start = scripted_task_start,
    .poll = scripted_poll,
    .stop = scripted_task_stop,
    .destroy = free,
};

#ifndef SCRIPTED_RESOURCE
#define SCRIPTED_RESOURCE NULL
#endif

static const struct kc_plugin scripted_plugin = {
    KC_PLUGIN_HEAD,
    .kind = KC_PLUGIN_SOURCE,
    .class_name = "org.isthmus.test.ScriptedConnector",
    .task_class = "org.isthmus.test.ScriptedTask",
    .version = "9.9",
    .config_keys = scripted_keys,
    .config_key_count = 2,
    .connector = &scripted_connector,
    .source_task = &scripted_task,
    .resource = SCRIPTED_RESOURCE,
};

/* ---- the herder ---- */

struct fixture {
    rd_kafka_t *handle; /* carries the mock cluster */
    rd_kafka_mock_cluster_t *cluster;
    struct kc_worker_config *config;
    struct kc_plugins *plugins;
    struct kc_herder *herder;
    char file[64];
};

static void must(struct kc_error *err)
{
    ck_assert_msg(err == NULL, "%s", err ? kc_error_text(err) : "");
}

static inline void must_fail(struct kc_error *err, enum kc_error_code code, const char *text)
{
    ck_assert_msg(err != NULL, "no error instead of: %s", text);
    ck_assert_msg(strcmp(kc_error_text(err), text) == 0, "%s", kc_error_text(err));
    ck_assert_int_eq(kc_error_code(err), code);
    kc_error_destroy(err);
}

static void make_config(struct fixture *fixture, enum kc_worker_mode mode)
{
    char text[512];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    fixture->handle = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
    ck_assert_ptr_nonnull(fixture->handle);
    fixture->cluster = rd_kafka_mock_cluster_new(fixture->handle, 1);
    struct kc_map *properties = kc_map_new();
    kc_map_set(properties, "bootstrap.servers", rd_kafka_mock_cluster_bootstraps(fixture->cluster));
    kc_map_set(properties, "key.converter",
               "org.apache.kafka.connect.converters.ByteArrayConverter");
    kc_map_set(properties, "value.converter",
               "org.apache.kafka.connect.converters.ByteArrayConverter");
    if (mode == KC_WORKER_STANDALONE) {
        kc_map_set(properties, "offset.storage.file.filename", fixture->file);
    } else {
        kc_map_set(properties, "group.id", "g");
        kc_map_set(properties, "config.storage.topic", "c");
        kc_map_set(properties, "offset.storage.topic", "o");
        kc_map_set(properties, "status.storage.topic", "s");
    }
    must(kc_worker_config_new(mode, properties, "test", NULL, &fixture->config));
    kc_map_destroy(properties);
}

static void fixture_make(struct fixture *fixture, enum kc_worker_mode mode)
{
    static const struct kc_plugin *plugins[16];
    size_t count = 0;
    *fixture = (struct fixture){0};
    plugins[count++] = &scripted_plugin;
    for (size_t i = 0; kc_builtin_plugins[i] && count < 15; i++)
        if (strstr(kc_builtin_plugins[i]->class_name, "ByteArrayConverter") ||
            strstr(kc_builtin_plugins[i]->class_name, "SimpleHeaderConverter"))
            plugins[count++] = kc_builtin_plugins[i];
    plugins[count] = NULL;
    snprintf(fixture->file, sizeof(fixture->file), "/tmp/herder-test-%d.offsets", (int)getpid());
    make_config(fixture, mode);
    fixture->plugins = kc_plugins_new(plugins, NULL);
}

static struct kc_herder_settings settings_of(const struct fixture *fixture)
{
    return (struct kc_herder_settings){.config = fixture->config,
                                       .plugins = fixture->plugins,
                                       .worker_id = "w:1",
                                       .rest_url = "http://w:1/"};
}

static void wait_ready(struct fixture *fixture)
{
    must(kc_herder_start(fixture->herder));
    int64_t deadline = kc_mono_ms() + PATIENCE_MS;
    while (!kc_herder_ready(fixture->herder) && kc_mono_ms() < deadline)
        usleep(2000);
    ck_assert(kc_herder_ready(fixture->herder));
}

static inline void standalone(struct fixture *fixture)
{
    fixture_make(fixture, KC_WORKER_STANDALONE);
    struct kc_herder_settings settings = settings_of(fixture);
    must(kc_herder_standalone_new(&settings, &fixture->herder));
    wait_ready(fixture);
}

/* A distributed herder with stores in memory; it isn't started. */
static inline void distributed_unstarted(struct fixture *fixture)
{
    fixture_make(fixture, KC_WORKER_DISTRIBUTED);
    struct kc_herder_settings settings = settings_of(fixture);
    fixture->herder = kc_distributed_prepare(&settings);
    struct kc_membership *member =
        membership_single_new("http://w:1/", &kc_distributed_membership_listener, fixture->herder);
    struct kc_herder_parts parts = {
        .config_store =
            kc_config_store_memory_new(&kc_distributed_config_listener, fixture->herder),
        .status_store = kc_status_store_memory_new(),
    };
    must(kc_offset_store_file_new(fixture->file, &parts.offsets));
    must(kc_distributed_equip(fixture->herder, member, &parts));
}

static inline void distributed(struct fixture *fixture)
{
    distributed_unstarted(fixture);
    wait_ready(fixture);
}

static void stop_brokers(struct fixture *fixture)
{
    rd_kafka_mock_cluster_destroy(fixture->cluster);
    rd_kafka_destroy(fixture->handle);
}

static void fixture_end(struct fixture *fixture)
{
    kc_herder_stop(fixture->herder);
    must(kc_herder_wait(fixture->herder));
    kc_herder_destroy(fixture->herder);
    kc_plugins_destroy(fixture->plugins);
    kc_worker_config_destroy(fixture->config);
    stop_brokers(fixture);
    unlink(fixture->file);
}

/* ---- what tests do ---- */

static inline struct kc_map *scripted_config(const char *tasks, const char *fail)
{
    struct kc_map *config = kc_map_new();
    kc_map_set(config, "connector.class", "org.isthmus.test.ScriptedConnector");
    kc_map_set(config, "tasks.max", "8");
    kc_map_set(config, "tasks", tasks);
    if (fail)
        kc_map_set(config, "fail", fail);
    return config;
}

static inline struct kc_error *try_put(struct fixture *fixture, const char *connector,
                                       const char *tasks, const char *fail, bool allow_replace,
                                       bool *created)
{
    struct kc_map *config = scripted_config(tasks, fail);
    json_t *info = NULL;
    struct kc_error *err =
        kc_herder_put_connector(fixture->herder, connector, config, KC_TARGET_NONE, allow_replace,
                                PATIENCE_MS, &info, created);
    if (!err)
        ck_assert_str_eq(json_string_value(json_object_get(info, "type")), "source");
    json_decref(info);
    kc_map_destroy(config);
    return err;
}

static inline void put(struct fixture *fixture, const char *connector, const char *tasks)
{
    bool created = false;
    must(try_put(fixture, connector, tasks, NULL, true, &created));
}

/* "CONNECTOR/TASK,TASK" as the status shows it. Owned by the caller. */
static inline char *states(struct fixture *fixture, const char *connector)
{
    json_t *status = NULL;
    struct kc_error *err = kc_herder_status(fixture->herder, connector, &status);
    if (err) {
        kc_error_destroy(err);
        return kc_strdup("none");
    }
    struct kc_str text = {0};
    kc_str_append(
        &text, json_string_value(json_object_get(json_object_get(status, "connector"), "state")));
    size_t i;
    json_t *task;
    json_array_foreach (json_object_get(status, "tasks"), i, task)
        kc_str_appendf(&text, "%s%s", i ? "," : "/",
                       json_string_value(json_object_get(task, "state")));
    json_decref(status);
    return kc_str_take(&text);
}

static inline void await(struct fixture *fixture, const char *connector, const char *expected)
{
    int64_t deadline = kc_mono_ms() + PATIENCE_MS;
    for (;;) {
        char *actual = states(fixture, connector);
        bool same = strcmp(actual, expected) == 0;
        if (!same && kc_mono_ms() >= deadline)
            ck_abort_msg("%s is %s, not %s", connector, actual, expected);
        free(actual);
        if (same)
            return;
        usleep(5000);
    }
}

/* Waits until connector has count tasks in the config store. */
static inline void await_tasks(struct fixture *fixture, const char *connector, size_t count)
{
    int64_t deadline = kc_mono_ms() + PATIENCE_MS;
    for (;;) {
        json_t *info = NULL;
        must(kc_herder_info_snapshot(fixture->herder, connector, &info));
        size_t actual = json_array_size(json_object_get(info, "tasks"));
        json_decref(info);
        if (actual == count)
            return;
        ck_assert_msg(kc_mono_ms() < deadline, "%s has %zu tasks, not %zu", connector, actual,
                      count);
        usleep(5000);
    }
}

#endif
