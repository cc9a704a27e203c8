/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FileStreamSink: each record's value as a line of a file, or of standard output.
 *
 * The smallest sink there is. The worker calls everything of a task on that task's thread. Lines
 * are in the file when put() returns, as Java's are, and count as delivered once flush() has
 * returned.
 */
#include "connect/log.h"
#include "connect/plugin.h"
#include "connect/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.file.FileStreamSinkConnector");

static const struct kc_config_key keys[] = {
    {
        .name = "file",
        .type = KC_CONFIG_STRING,
        .default_value = NULL,
        .importance = KC_IMPORTANCE_HIGH,
        .order = -1,
        .documentation = "The file to append to. Without it, lines go to standard output.",
    },
};

/* ---- connector ---- */

struct file_sink_connector {
    struct kc_map *config;
};

static void *create_connector(struct kc_connector_context *context)
{
    return kc_calloc(1, sizeof(struct file_sink_connector));
}

static struct kc_error *start_connector(void *object, const struct kc_map *config)
{
    struct file_sink_connector *connector = object;
    const char *file = kc_map_get(config, "file");
    connector->config = kc_map_copy(config);
    kc_info("Starting file sink connector writing to %s", file && *file ? file : "standard output");
    return NULL;
}

static void stop_connector(void *object)
{
    struct file_sink_connector *connector = object;
    kc_map_destroy(connector->config);
    connector->config = NULL;
}

static void destroy_connector(void *object)
{
    if (object)
        stop_connector(object);
    free(object);
}

static struct kc_error *task_configs(void *object, int max_tasks, struct kc_maps *configs)
{
    const struct file_sink_connector *connector = object;
    for (int i = 0; i < max_tasks; i++)
        kc_maps_take(configs, kc_map_copy(connector->config));
    return NULL;
}

/* Its offsets are the consumer group's alone: any change is fine. */
static struct kc_error *alter_offsets(const struct kc_map *config, const json_t *offsets,
                                      bool *handled)
{
    *handled = true;
    return NULL;
}

/* ---- task ---- */

struct file_sink_task {
    char *file; /* NULL: standard output */
    FILE *stream;
    struct kc_str line;
};

static void *create_task(struct kc_sink_context *context)
{
    return kc_calloc(1, sizeof(struct file_sink_task));
}

static struct kc_error *start_task(void *object, const struct kc_map *config)
{
    struct file_sink_task *task = object;
    const char *file = kc_map_get(config, "file");
    if (!file || !*file) {
        task->stream = stdout;
        return NULL;
    }
    task->file = kc_strdup(file);
    task->stream = fopen(file, "ae");
    if (!task->stream)
        return kc_error_new(KC_ERR_CONNECT,
                            "Couldn't find or create file '%s' for FileStreamSinkTask: %s", file,
                            strerror(errno));
    return NULL;
}

static struct kc_error *write_error(const struct file_sink_task *task)
{
    return kc_error_new(KC_ERR_CONNECT, "Couldn't write to %s: %s",
                        task->file ? task->file : "standard output", strerror(errno));
}

static struct kc_error *put(void *object, struct kc_batch *batch)
{
    struct file_sink_task *task = object;
    for (size_t i = 0; i < kc_batch_count(batch); i++) {
        const struct kc_record *record = kc_batch_at(batch, i);
        kc_str_clear(&task->line);
        kc_java_text(&task->line, record->value_schema, &record->value);
        kc_str_append_char(&task->line, '\n');
        if (fwrite(task->line.data, 1, task->line.len, task->stream) != task->line.len)
            return write_error(task);
    }
    return fflush(task->stream) == 0 ? NULL : write_error(task);
}

static struct kc_error *flush(void *object, const struct kc_topic_partition *offsets, size_t count)
{
    const struct file_sink_task *task = object;
    return fflush(task->stream) == 0 ? NULL : write_error(task);
}

static void stop_task(void *object)
{
    struct file_sink_task *task = object;
    if (task->stream && task->file)
        fclose(task->stream);
    task->stream = NULL;
}

static void destroy_task(void *object)
{
    struct file_sink_task *task = object;
    if (!task)
        return;
    stop_task(task);
    kc_str_destroy(&task->line);
    free(task->file);
    free(task);
}

/* ---- plugin ---- */

static const struct kc_connector_ops connector_ops = {
    .create = create_connector,
    .start = start_connector,
    .stop = stop_connector,
    .destroy = destroy_connector,
    .task_configs = task_configs,
    .alter_offsets = alter_offsets,
};

static const struct kc_sink_task_ops task_ops = {
    .create = create_task,
    .start = start_task,
    .put = put,
    .flush = flush,
    .stop = stop_task,
    .destroy = destroy_task,
};

const struct kc_plugin kc_file_sink = {
    KC_PLUGIN_HEAD,
    .kind = KC_PLUGIN_SINK,
    .class_name = "org.apache.kafka.connect.file.FileStreamSinkConnector",
    .task_class = "org.apache.kafka.connect.file.FileStreamSinkTask",
    .version = "4.1.0",
    .config_keys = keys,
    .config_key_count = sizeof(keys) / sizeof(keys[0]),
    .connector = &connector_ops,
    .sink_task = &task_ops,
};
