/* SPDX-License-Identifier: Apache-2.0 */
/* The common core of tasks: see task_core.h. */
#include "host/task_core.h"

#include <stdlib.h>

struct kc_error *kc_task_core_make(struct kc_task_core *core,
                                   const struct kc_task_core_settings *settings,
                                   const struct kc_task_kind *kind, void *impl)
{
    const struct kc_config *worker = settings->config->values;
    bool is_source = settings->plugin->kind == KC_PLUGIN_SOURCE;
    core->config = settings->config;
    core->plugin = settings->plugin;
    core->connector_config = kc_map_copy(settings->connector_config);
    core->task_config = kc_map_copy(settings->task_config);
    core->flush_timeout_ms = kc_config_long(worker, "offset.flush.timeout.ms");
    core->track_topics = kc_config_bool(worker, "topic.tracking.enable");
    struct kc_task_host *host = kc_task_host_new(&settings->host, kind, impl);
    core->host = host;
    struct kc_error *err = kc_config_parse(kc_connector_config_def(is_source),
                                           core->connector_config, &core->settings);
    if (!err)
        err = kc_conversion_new(settings->plugins, settings->config, core->connector_config,
                                &core->conversion);
    if (err) {
        kc_task_host_destroy(host);
        return err;
    }
    core->policy = kc_error_policy_new(settings->host.connector, settings->host.task,
                                       core->settings, kc_task_host_metrics(host));
    return NULL;
}

void kc_task_core_clear(struct kc_task_core *core)
{
    kc_conversion_destroy(core->conversion);
    kc_error_policy_destroy(core->policy);
    kc_config_destroy(core->settings);
    kc_map_destroy(core->connector_config);
    kc_map_destroy(core->task_config);
}

struct kc_map *kc_task_core_client_properties(const struct kc_task_core *core, const char *kind,
                                              const char *id_prefix)
{
    char *id = kc_asprintf("%s%s-%d", id_prefix, kc_task_host_connector(core->host),
                           kc_task_host_task(core->host));
    struct kc_map *properties =
        kc_task_client_properties(core->config, kind, core->connector_config, id);
    free(id);
    return properties;
}
