/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MirrorSinkConnector: a keeper (flow_keeper.h) keeps the target like the source. All tasks have
 * the same configuration, because the worker's consumer group deals the partitions. All on the
 * connector's thread.
 */
#include "mirror/flow_keeper.h"
#include "mirror/mirror_config.h"
#include "mirror/translate_request.h"
#include "mirror_sink/mirror_sink_priv.h"

#include <stdlib.h>
#include <string.h>

struct mirror_sink_connector {
    struct kc_connector_context *context;
    struct kc_mirror_config *config;
    struct kc_flow *flow;          /* NULL when not enabled */
    struct kc_flow_keeper *keeper; /* likewise */
};

static void *connector_create(struct kc_connector_context *context)
{
    struct mirror_sink_connector *connector = kc_calloc(1, sizeof(*connector));
    connector->context = context;
    return connector;
}

static struct kc_error *connector_start(void *arg, const struct kc_map *properties)
{
    struct mirror_sink_connector *connector = arg;
    bool enabled;
    struct kc_error *err =
        kc_flow_config_new(&kc_mirror_sink_plugin, properties, &connector->config, &enabled);
    if (err || !enabled)
        return err;
    err = kc_flow_subscribed_new(connector->config, &connector->flow);
    if (!err)
        err = kc_flow_keeper_new(connector->context, connector->config, connector->flow, NULL,
                                 &connector->keeper);
    return err;
}

static void connector_stop(void *arg)
{
    struct mirror_sink_connector *connector = arg;
    kc_flow_keeper_destroy(connector->keeper);
    connector->keeper = NULL;
    kc_flow_destroy(connector->flow);
    connector->flow = NULL;
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
    struct mirror_sink_connector *connector = arg;
    if (!connector->keeper) {
        kc_flow_explain_disabled(connector->context, connector->config);
        return NULL;
    }
    for (int i = 0; i < max_tasks; i++) {
        struct kc_map *config = kc_map_copy(connector->config->properties);
        kc_map_setf(config, "task.index", "%d", i);
        kc_maps_take(configs, config);
    }
    kc_flow_keeper_explain(connector->keeper, (size_t)max_tasks);
    return NULL;
}

static struct kc_error *connector_translate(const struct kc_map *config, const json_t *offsets,
                                            json_t **answer)
{
    return kc_mirror_translate(&kc_mirror_sink_plugin, config, offsets, answer);
}

const struct kc_connector_ops kc_mirror_sink_connector_ops = {
    .create = connector_create,
    .start = connector_start,
    .stop = connector_stop,
    .destroy = connector_destroy,
    .task_configs = connector_task_configs,
    .validate = kc_mirror_sink_validate,
    .translate = connector_translate,
};
