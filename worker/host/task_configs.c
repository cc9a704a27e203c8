/* SPDX-License-Identifier: Apache-2.0 */
/* Generation of task configurations: see task_configs.h. */
#include "host/task_configs.h"

#include "config/worker_config.h"
#include "connect/log.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.runtime.Worker");

static struct kc_error *too_many(const char *name, size_t count, int64_t max)
{
    return kc_error_new(KC_ERR_TOO_MANY_TASKS,
                        "The connector %s has generated %zu tasks, which is greater than %lld, the "
                        "maximum number of tasks it is configured to create. This behaviour should "
                        "be considered a bug and is disallowed. If necessary, it can be permitted "
                        "by reconfiguring the connector with 'tasks.max.enforce' set to false; "
                        "however, this option will be removed in a future release of Kafka "
                        "Connect.",
                        name, count, (long long)max);
}

/* The most tasks for a connector of this configuration, whatever tasks.max says, because each task
 * costs at least a copy of it. */
static int64_t most_tasks(const struct kc_map *config)
{
    enum { TASKS = 10000, BYTES = 256 << 20 };
    size_t bytes = 1;
    kc_map_foreach (config, entry)
        bytes += strlen(entry->key) + (entry->value ? strlen(entry->value) : 0);
    return bytes > BYTES / TASKS ? (int64_t)(BYTES / bytes) + 1 : TASKS;
}

static struct kc_error *check_most(const char *name, const struct kc_map *config, size_t count)
{
    int64_t most = most_tasks(config);
    if ((int64_t)count <= most)
        return NULL;
    return kc_error_new(KC_ERR_TOO_MANY_TASKS,
                        "The connector %s makes more than %lld tasks, the most that a worker runs "
                        "of a connector with a configuration of this size; lower tasks.max (%s)",
                        name, (long long)most, kc_map_get_or(config, "tasks.max", "1"));
}

static struct kc_error *check(const char *name, const struct kc_config *parsed, size_t count)
{
    int64_t max = kc_config_long(parsed, "tasks.max");
    if ((int64_t)count <= max)
        return NULL;
    if (kc_config_bool(parsed, "tasks.max.enforce"))
        return too_many(name, count, max);
    kc_warn("The connector %s has generated %zu tasks, which is greater than %lld, the maximum "
            "number of tasks it is configured to create",
            name, count, (long long)max);
    return NULL;
}

static struct kc_error *check_each(const char *name, const struct kc_maps *configs)
{
    for (size_t i = 0; i < configs->count; i++)
        if (!configs->items[i])
            return kc_error_new(KC_ERR_CONNECT,
                                "The connector %s has generated task %zu without a configuration",
                                name, i);
    return NULL;
}

struct kc_error *kc_task_configs_check(const char *name, const struct kc_map *config,
                                       bool is_source, size_t count)
{
    struct kc_config *parsed = NULL;
    struct kc_error *err = kc_config_parse(kc_connector_config_def(is_source), config, &parsed);
    if (!err)
        err = check(name, parsed, count);
    kc_config_destroy(parsed);
    return err;
}

static void complete(const struct kc_plugin *plugin, const struct kc_map *config,
                     struct kc_maps *configs)
{
    static const char *const copied[] = {"topics", "topics.regex"};
    for (size_t i = 0; i < configs->count; i++) {
        kc_map_set(configs->items[i], "task.class", plugin->task_class);
        for (size_t k = 0; k < sizeof(copied) / sizeof(copied[0]); k++)
            if (kc_map_has(config, copied[k]))
                kc_map_set(configs->items[i], copied[k], kc_map_get(config, copied[k]));
    }
}

struct kc_error *kc_task_configs_generate(const struct kc_plugin *plugin, void *connector,
                                          const char *name, const struct kc_map *config,
                                          struct kc_maps *configs)
{
    struct kc_config *parsed = NULL;
    struct kc_error *err =
        kc_config_parse(kc_connector_config_def(plugin->kind == KC_PLUGIN_SOURCE), config, &parsed);
    if (!err) {
        int64_t max = kc_config_long(parsed, "tasks.max"), most = most_tasks(config) + 1;
        err = plugin->connector->task_configs(connector, (int)(max < most ? max : most), configs);
    }
    if (!err)
        err = check_most(name, config, configs->count);
    if (!err)
        err = check(name, parsed, configs->count);
    if (!err)
        err = check_each(name, configs);
    if (!err)
        complete(plugin, config, configs);
    kc_config_destroy(parsed);
    return err;
}
