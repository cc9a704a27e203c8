/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MirrorSourceConnector: deals the mirrored partitions to tasks. The keeper (flow_keeper.h) finds
 * them and prepares the target. All on the connector's thread.
 */
#include "connect/log.h"
#include "mirror/deal.h"
#include "mirror/flow_keeper.h"
#include "mirror/mirror_config.h"
#include "mirror/mirror_offsets.h"
#include "mirror/translate_request.h"
#include "mirror_source/history_priv.h"
#include "mirror_source/mirror_source_priv.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.mirror.MirrorSourceConnector");

struct mirror_source_connector {
    struct kc_connector_context *context;
    struct kc_mirror_config *config;
    struct kc_flow *flow;          /* NULL when not enabled */
    struct kc_flow_keeper *keeper; /* likewise */
    struct kc_flow_loads *loads;   /* NULL: partitions stay where they are */
    struct kc_deal dealt;          /* what the tasks were last given */
};

static void *connector_create(struct kc_connector_context *context)
{
    struct mirror_source_connector *connector = kc_calloc(1, sizeof(*connector));
    connector->context = context;
    return connector;
}

/* ---- operations ---- */

static struct kc_error *connector_start(void *arg, const struct kc_map *properties)
{
    struct mirror_source_connector *connector = arg;
    int64_t start = kc_mono_ms();
    bool enabled = false;
    struct kc_error *err = kc_history_check(properties);
    if (!err)
        err =
            kc_flow_config_new(&kc_mirror_source_plugin, properties, &connector->config, &enabled);
    if (err || !enabled)
        return err;
    connector->loads = kc_flow_loads_new(connector->config);
    err = kc_flow_new(connector->config, &connector->flow);
    if (!err)
        err = kc_flow_keeper_new(connector->context, connector->config, connector->flow,
                                 connector->loads, &connector->keeper);
    if (err)
        return err;
    kc_info("Started %s with %zu topic-partitions in %lld ms.", connector->config->connector,
            kc_flow_keeper_count(connector->keeper), (long long)(kc_mono_ms() - start));
    return NULL;
}

static void connector_stop(void *arg)
{
    struct mirror_source_connector *connector = arg;
    kc_flow_keeper_destroy(connector->keeper);
    connector->keeper = NULL;
    kc_flow_loads_destroy(connector->loads);
    connector->loads = NULL;
    kc_flow_destroy(connector->flow);
    connector->flow = NULL;
    kc_mirror_config_destroy(connector->config);
    connector->config = NULL;
}

static void connector_destroy(void *arg)
{
    struct mirror_source_connector *connector = arg;
    connector_stop(connector);
    kc_deal_clear(&connector->dealt);
    free(connector);
}

/* ---- tasks ---- */

/* Partitions are dealt to the tasks in turn. Later ones go to the task with the fewest, so that
 * none changes hands while the number of tasks stays the same, unless the load is uneven for long.
 */
static void deal(struct mirror_source_connector *connector, const struct kc_strings *ready,
                 size_t tasks)
{
    struct kc_deal deal = {0};
    if (!kc_deal_again(&connector->dealt, ready, tasks, &deal))
        kc_deal_round(ready, tasks, &deal);
    kc_deal_clear(&connector->dealt);
    connector->dealt = deal;
    kc_flow_loads_balance(connector->loads, &connector->dealt);
    kc_flow_loads_set_deal(connector->loads, &connector->dealt);
}

static struct kc_error *connector_task_configs(void *arg, int max_tasks, struct kc_maps *configs)
{
    struct mirror_source_connector *connector = arg;
    struct kc_strings ready = {0};
    if (connector->keeper)
        kc_flow_keeper_list(connector->keeper, &ready);
    size_t tasks = ready.count < (size_t)max_tasks ? ready.count : (size_t)max_tasks;
    deal(connector, &ready, tasks);
    for (size_t i = 0; i < tasks; i++) {
        struct kc_map *config = kc_map_copy(connector->config->properties);
        char *list = kc_strings_join(&connector->dealt.tasks[i], ",");
        kc_map_set(config, KC_TASK_PARTITIONS, list);
        kc_map_setf(config, "task.index", "%zu", i);
        kc_maps_take(configs, config);
        free(list);
    }
    kc_strings_destroy(&ready);
    if (connector->keeper)
        kc_flow_keeper_explain(connector->keeper, tasks);
    else
        kc_flow_explain_disabled(connector->context, connector->config);
    return NULL;
}

static struct kc_error *connector_alter_offsets(const struct kc_map *config, const json_t *offsets,
                                                bool *handled)
{
    *handled = true;
    return kc_mirror_check_offsets(&kc_mirror_source_offset_rules, offsets);
}

static struct kc_error *connector_translate(const struct kc_map *config, const json_t *offsets,
                                            json_t **answer)
{
    return kc_mirror_translate(&kc_mirror_source_plugin, config, offsets, answer);
}

const struct kc_connector_ops kc_mirror_source_connector_ops = {
    .create = connector_create,
    .start = connector_start,
    .stop = connector_stop,
    .destroy = connector_destroy,
    .task_configs = connector_task_configs,
    .validate = kc_mirror_source_validate,
    .exactly_once_support = kc_mirror_source_exactly_once,
    .alter_offsets = connector_alter_offsets,
    .translate = connector_translate,
};
