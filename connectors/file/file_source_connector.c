/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FileStreamSource, the connector: lines of a file, or of standard input, as records of one topic.
 *
 * Begin here to see what a connector is: a table of keys, a table of functions, and a descriptor at
 * the end that ties them together. The worker calls the functions on the connector's thread. There
 * is only one task, because there is one file; its configuration is the connector's own.
 */
#include "file_source_priv.h"

#include "connect/log.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.file.FileStreamSourceConnector");

const struct kc_config_key kc_file_source_keys[KC_FILE_SOURCE_KEYS] = {
    {
        .name = "file",
        .type = KC_CONFIG_STRING,
        .default_value = NULL,
        .importance = KC_IMPORTANCE_HIGH,
        .order = -1,
        .documentation = "The file to read. Without it, lines come from standard input.",
    },
    {
        .name = "topic",
        .type = KC_CONFIG_STRING,
        .default_value = kc_config_required,
        .validator = kc_config_non_empty,
        .importance = KC_IMPORTANCE_HIGH,
        .order = -1,
        .documentation = "The topic that the lines are written to.",
    },
    {
        .name = "batch.size",
        .type = KC_CONFIG_INT,
        .default_value = "2000",
        .importance = KC_IMPORTANCE_LOW,
        .order = -1,
        .documentation = "How many lines the task hands over at once, at most.",
    },
};

struct file_source_connector {
    struct kc_map *config;
};

struct kc_error *kc_file_source_config(const struct kc_map *config, struct kc_config **parsed)
{
    struct kc_config_def *def = kc_config_def_new(kc_file_source_keys, KC_FILE_SOURCE_KEYS);
    struct kc_error *err = kc_config_parse(def, config, parsed);
    kc_config_def_destroy(def);
    return err;
}

static bool has_file(const struct kc_map *config)
{
    const char *file = kc_map_get(config, "file");
    return file && *file;
}

static void *create(struct kc_connector_context *context)
{
    return kc_calloc(1, sizeof(struct file_source_connector));
}

static struct kc_error *start(void *object, const struct kc_map *config)
{
    struct file_source_connector *connector = object;
    struct kc_config *parsed = NULL;
    struct kc_error *err = kc_file_source_config(config, &parsed);
    if (err)
        return err;
    kc_config_destroy(parsed);
    connector->config = kc_map_copy(config);
    kc_info("Starting file source connector reading from %s",
            has_file(config) ? kc_map_get(config, "file") : "standard input");
    return NULL;
}

static void stop(void *object)
{
    struct file_source_connector *connector = object;
    kc_map_destroy(connector->config);
    connector->config = NULL;
}

static void destroy(void *object)
{
    if (object)
        stop(object);
    free(object);
}

static struct kc_error *task_configs(void *object, int max_tasks, struct kc_maps *configs)
{
    const struct file_source_connector *connector = object;
    kc_maps_take(configs, kc_map_copy(connector->config));
    return NULL;
}

/* Positions in a file that only grows can be taken up again exactly; standard input has none. */
static enum kc_support exactly_once_support(const struct kc_map *config)
{
    return has_file(config) ? KC_SUPPORT_SUPPORTED : KC_SUPPORT_UNSUPPORTED;
}

/* NULL offsets are always allowed: that is how a mess is cleaned up. */
static struct kc_error *check_offset(const json_t *partition, const json_t *offset)
{
    const json_t *position = json_object_get(offset, "position");
    if (!offset || json_is_null(offset))
        return NULL;
    if (!position)
        return kc_error_new(KC_ERR_CONNECT,
                            "Offset objects should either be null or contain the key 'position'");
    if (!json_is_integer(position))
        return kc_error_new(KC_ERR_CONNECT, "The value for the 'position' key in the offset is "
                                            "expected to be a Long value");
    if (json_integer_value(position) < 0)
        return kc_error_new(KC_ERR_CONNECT, "The value for the 'position' key in the offset "
                                            "should be a non-negative value");
    if (!partition || json_is_null(partition))
        return kc_error_new(KC_ERR_CONNECT, "Partition objects cannot be null");
    if (!json_object_get(partition, "filename"))
        return kc_error_new(KC_ERR_CONNECT, "Partition objects should contain the key 'filename'");
    return NULL;
}

static struct kc_error *alter_offsets(const struct kc_map *config, const json_t *offsets,
                                      bool *handled)
{
    struct kc_error *err = NULL;
    size_t index;
    json_t *item;
    if (!has_file(config))
        return kc_error_new(KC_ERR_CONNECT,
                            "Offsets cannot be modified if the 'file' configuration is "
                            "unspecified. This is because stdin is used for input and offsets are "
                            "not tracked.");
    json_array_foreach (offsets, index, item) {
        if (!err)
            err = check_offset(json_object_get(item, "partition"), json_object_get(item, "offset"));
    }
    *handled = !err;
    return err;
}

static const struct kc_connector_ops ops = {
    .create = create,
    .start = start,
    .stop = stop,
    .destroy = destroy,
    .task_configs = task_configs,
    .exactly_once_support = exactly_once_support,
    .alter_offsets = alter_offsets,
};

const struct kc_plugin kc_file_source = {
    KC_PLUGIN_HEAD,
    .kind = KC_PLUGIN_SOURCE,
    .class_name = "org.apache.kafka.connect.file.FileStreamSourceConnector",
    .task_class = "org.apache.kafka.connect.file.FileStreamSourceTask",
    .version = FILE_VERSION,
    .config_keys = kc_file_source_keys,
    .config_key_count = KC_FILE_SOURCE_KEYS,
    .connector = &ops,
    .source_task = &kc_file_source_task,
};
