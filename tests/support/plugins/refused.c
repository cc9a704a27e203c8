/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plugins that a worker must leave out, each for one reason that it names; and a file of functions
 * that are called like some inside the worker. Built by tests without the worker's own tree.
 */
#include "connect/log.h"
#include "connect/plugin.h"

#include <stdlib.h>

static struct kc_logger log = KC_LOGGER("org.example.refused");

/* ---- names ---- */

/* The worker, librdkafka and cJSON inside it have functions of these names. */
int append_end(void);
int kc_plugins_find(void);
int rd_list_add(void);
int cJSON_Parse(void);

int append_end(void)
{
    return 1;
}

int kc_plugins_find(void)
{
    return 2;
}

int rd_list_add(void)
{
    return 4;
}

int cJSON_Parse(void)
{
    return 8;
}

__attribute__((constructor)) static void call_them(void)
{
    int own = append_end() | kc_plugins_find() | rd_list_add() | cJSON_Parse();
    kc_info("own functions: %d", own);
}

/* ---- functions that a complete plugin has ---- */

static void *create(struct kc_connector_context *context)
{
    return kc_strdup("");
}

static struct kc_error *start(void *object, const struct kc_map *config)
{
    return NULL;
}

static void stop(void *object)
{
}

static struct kc_error *task_configs(void *object, int max_tasks, struct kc_maps *configs)
{
    return NULL;
}

static void *create_task(struct kc_source_context *context)
{
    return kc_strdup("");
}

static struct kc_error *poll(void *task, struct kc_batch **batch)
{
    *batch = NULL;
    return NULL;
}

static const struct kc_connector_ops connector = {
    .create = create,
    .start = start,
    .stop = stop,
    .destroy = free,
    .task_configs = task_configs,
};

static const struct kc_source_task_ops task = {
    .create = create_task,
    .start = start,
    .poll = poll,
    .stop = stop,
    .destroy = free,
};

static const struct kc_source_task_ops task_without_poll = {
    .create = create_task,
    .start = start,
    .stop = stop,
    .destroy = free,
};

static const struct kc_config_key nameless_key[] = {{.type = KC_CONFIG_INT}};
static const struct kc_config_key key_with_text[] = {
    {.name = "size", .type = KC_CONFIG_INT, .default_value = "large"},
};

/* ---- descriptors ---- */

#define SOURCE(symbol, name, ...)                                                                  \
    static const struct kc_plugin symbol = {KC_PLUGIN_HEAD,                                        \
                                            .kind = KC_PLUGIN_SOURCE,                              \
                                            .class_name = "org.example." name "SourceConnector",   \
                                            .task_class = "org.example." name "SourceTask",        \
                                            .connector = &connector,                               \
                                            __VA_ARGS__}

SOURCE(no_poll, "NoPoll", .source_task = &task_without_poll);
SOURCE(no_task, "NoTask", .source_task = NULL);
SOURCE(nameless, "Nameless", .source_task = &task, .config_keys = nameless_key,
       .config_key_count = 1);
SOURCE(text, "Text", .source_task = &task, .config_keys = key_with_text, .config_key_count = 1);
SOURCE(jansson, "Jansson", .source_task = &task, .jansson_major = JANSSON_MAJOR_VERSION + 1);
SOURCE(fine, "Fine", .source_task = &task);
SOURCE(twin, "Fine", .source_task = &task);
static const struct kc_plugin short_one = {.api_major = KC_API_MAJOR, .size = 24};
static const struct kc_plugin major = {.api_major = KC_API_MAJOR + 1, .size = 24};
static const struct kc_plugin newer = {
    .api_major = KC_API_MAJOR, .api_minor = KC_API_MINOR + 1, .size = sizeof(newer)};

KC_PLUGINS(&no_poll, &no_task, &nameless, &text, &jansson, &fine, &twin, &short_one, &major,
           &newer);
