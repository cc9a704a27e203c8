/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading, altering and resetting a connector's offsets (KIP-875): Worker.connectorOffsets and
 * modifyConnectorOffsets.
 *
 * Called by request threads, several at a time; every call makes its own clients.
 */
#include "connect/java_json.h"
#include "connect/log.h"
#include "runtime/worker_priv.h"
#include "sink/sink_offsets.h"
#include "source/eos_offsets.h"
#include "storage/connector_offsets.h"

#include <stdlib.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.runtime.Worker");

enum { REQUEST_MS = 90000 };

/* One request. */
struct offsets_call {
    struct kc_worker *worker;
    const char *connector;
    struct kc_map *config; /* resolved */
    const struct kc_plugin *plugin;
    /* Sources. */
    struct kc_offset_store *store;
    /* Sinks. */
    struct kc_admin *admin;
    char *group;
};

static struct kc_error *open_sink(struct offsets_call *call)
{
    char *id = kc_asprintf("connector-worker-adminclient-%s", call->connector);
    struct kc_map *admin =
        kc_task_client_properties(call->worker->config, "admin", call->config, id);
    struct kc_map *consumer =
        kc_task_client_properties(call->worker->config, "consumer", call->config, id);
    const char *group = kc_map_get(consumer, "group.id");
    call->group = group ? kc_strdup(group) : kc_asprintf("connect-%s", call->connector);
    struct kc_error *err = kc_admin_new(admin, &call->admin);
    kc_map_destroy(consumer);
    kc_map_destroy(admin);
    free(id);
    return err;
}

static struct kc_error *open_source(struct offsets_call *call)
{
    bool own;
    struct kc_error *err =
        kc_connector_offset_store(call->worker->config, call->worker->offsets, call->config,
                                  call->connector, &call->store, &own);
    if (!err && own)
        err = kc_offset_store_start(call->store, NULL);
    return err;
}

static struct kc_error *open_call(struct offsets_call *call, const struct kc_map *config)
{
    struct kc_error *err = kc_worker_resolve(call->worker, config, &call->config);
    if (!err)
        err = kc_worker_connector_plugin(call->worker, call->config, &call->plugin);
    if (err)
        return err;
    return call->plugin->kind == KC_PLUGIN_SINK ? open_sink(call) : open_source(call);
}

static void close_call(struct offsets_call *call)
{
    kc_offset_store_unref(call->store);
    kc_admin_destroy(call->admin);
    free(call->group);
    kc_map_destroy(call->config);
}

/* ConnectUtils.maybeWrap: wraps what isn't a ConnectException. Takes err. */
static struct kc_error *wrap(struct kc_error *err, const char *what,
                             const struct offsets_call *call)
{
    static const char *const kind_names[] = {
        [KC_PLUGIN_SINK] = "sink", [KC_PLUGIN_SOURCE] = "source"};
    if (!err)
        return NULL;
    kc_log_error("%s %s connector %s: %s", what, call->plugin ? kind_names[call->plugin->kind] : "",
                 call->connector, kc_error_text(err));
    enum kc_error_code code = kc_error_code(err);
    if (code != KC_ERR_KAFKA && code != KC_ERR_IO && code != KC_ERR_TIMEOUT)
        return err;
    return kc_error_caused(kc_error_new(KC_ERR_CONNECT, "%s %s connector %s", what,
                                        call->plugin ? kind_names[call->plugin->kind] : "",
                                        call->connector),
                           err);
}

/* ---- reading ---- */

struct kc_error *kc_worker_offsets(struct kc_worker *worker, const char *connector,
                                   const struct kc_map *config, json_t **offsets)
{
    struct offsets_call call = {.worker = worker, .connector = connector};
    json_t *list = NULL;
    struct kc_error *err = open_call(&call, config);
    bool is_sink = call.plugin && call.plugin->kind == KC_PLUGIN_SINK;
    if (!err && is_sink)
        err = kc_sink_offsets_list(call.admin, call.group, &list);
    else if (!err)
        err = kc_offset_store_list(call.store, connector, REQUEST_MS, &list);
    err = wrap(err,
               is_sink ? "Failed to retrieve consumer group offsets for"
                       : "Failed to retrieve offsets for",
               &call);
    close_call(&call);
    if (!err)
        *offsets = json_pack("{s:o}", "offsets", list);
    return err;
}

/* ---- altering ---- */

/* Every known partition with a null offset. New reference. */
static json_t *nulled(const json_t *list)
{
    json_t *reset = json_array();
    size_t i;
    json_t *entry;
    json_array_foreach (list, i, entry)
        json_array_append_new(reset, json_pack("{s:O, s:n}", "partition",
                                               json_object_get(entry, "partition"), "offset"));
    return reset;
}

/* The offsets to write for a source connector, converted to bytes and back, so that numbers are
 * what a task would read (normalizeSourceConnectorOffsets). */
static struct kc_error *normalise(const json_t *offsets, json_t **normal)
{
    char *text = kc_json_print(offsets, KC_JSON_HASH_MAP);
    struct kc_str bytes = {0};
    kc_str_append(&bytes, text);
    struct kc_error *err = kc_json_parse(bytes.data, bytes.len, normal);
    kc_str_destroy(&bytes);
    free(text);
    return err;
}

static struct kc_error *wanted_offsets(struct offsets_call *call, const json_t *offsets,
                                       json_t **wanted)
{
    bool is_sink = call->plugin->kind == KC_PLUGIN_SINK;
    if (offsets)
        return is_sink ? kc_sink_offsets_parse(offsets, wanted) : normalise(offsets, wanted);
    json_t *known = NULL;
    struct kc_error *err =
        is_sink ? kc_sink_offsets_list(call->admin, call->group, &known)
                : kc_offset_store_list(call->store, call->connector, REQUEST_MS, &known);
    if (err && is_sink)
        return kc_error_caused(
            kc_error_new(KC_ERR_CONNECT,
                         "Failed to list offsets prior to resetting offsets for sink connector %s",
                         call->connector),
            err);
    if (!err)
        *wanted = nulled(known);
    json_decref(known);
    return err;
}

static struct kc_error *ask_plugin(struct offsets_call *call, const json_t *wanted, bool *handled)
{
    *handled = false;
    if (!call->plugin->connector->alter_offsets)
        return NULL;
    struct kc_error *err = call->plugin->connector->alter_offsets(call->config, wanted, handled);
    if (!err || kc_error_code(err) != KC_ERR_UNSUPPORTED)
        return err;
    return kc_error_caused(kc_error_new(KC_ERR_CONNECT,
                                        "Failed to modify offsets for connector %s because it "
                                        "doesn't support external modification of offsets",
                                        call->connector),
                           err);
}

static json_t *object_or_null(json_t *value)
{
    return json_is_object(value) ? value : NULL;
}

/* OffsetUtils.validateFormat: an offset that a task can read back has no nested values. */
static struct kc_error *check_primitive(const json_t *object)
{
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)object, key, value)
        if (json_is_object(value) || json_is_array(value))
            return kc_error_new(KC_ERR_DATA,
                                "Offsets may only contain primitive types as values, but field %s "
                                "contains %s",
                                key, json_is_object(value) ? "MAP" : "ARRAY");
    return NULL;
}

static struct kc_error *check_format(const json_t *wanted)
{
    size_t i;
    json_t *entry;
    json_array_foreach (wanted, i, entry) {
        struct kc_error *err = check_primitive(json_object_get(entry, "partition"));
        if (!err)
            err = check_primitive(json_object_get(entry, "offset"));
        if (err)
            return err;
    }
    return NULL;
}

static struct kc_error *write_source(struct offsets_call *call, const json_t *wanted)
{
    size_t count = json_array_size(wanted), i;
    if (count == 0) {
        kc_info("No offsets found for source connector %s - this can occur due to a prior attempt "
                "to reset offsets or if the source connector hasn't committed any offsets yet",
                call->connector);
        return NULL;
    }
    struct kc_error *err = check_format(wanted);
    if (err)
        return err;
    struct kc_offset_write *writes = kc_calloc(count, sizeof(*writes));
    json_t *entry;
    json_array_foreach (wanted, i, entry)
        writes[i] = (struct kc_offset_write){object_or_null(json_object_get(entry, "partition")),
                                             object_or_null(json_object_get(entry, "offset"))};
    if (kc_exactly_once_enabled(call->worker->config))
        err = kc_eos_write_offsets(call->worker->config, call->worker->offsets, call->connector,
                                   call->config, writes, count, REQUEST_MS);
    else
        err = kc_offset_store_write(call->store, call->connector, writes, count, REQUEST_MS);
    free(writes);
    return err;
}

static struct kc_error *write_offsets(struct offsets_call *call, const json_t *wanted, bool reset)
{
    if (call->plugin->kind == KC_PLUGIN_SOURCE)
        return write_source(call, wanted);
    if (reset)
        return kc_sink_offsets_reset(call->admin, call->connector, call->group);
    return kc_sink_offsets_alter(call->admin, call->connector, call->group, wanted);
}

static char *success_message(bool handled, bool reset)
{
    if (handled)
        return kc_asprintf("The offsets for this connector have been %s successfully",
                           reset ? "reset" : "altered");
    return kc_asprintf("The Connect framework-managed offsets for this connector have been %s "
                       "successfully. However, if this connector manages offsets externally, they "
                       "will need to be manually %s in the system that the connector uses.",
                       reset ? "reset" : "altered", reset ? "reset" : "altered");
}

struct kc_error *kc_worker_alter_offsets(struct kc_worker *worker, const char *connector,
                                         const struct kc_map *config, const json_t *offsets,
                                         char **message)
{
    struct offsets_call call = {.worker = worker, .connector = connector};
    json_t *wanted = NULL;
    bool handled = false;
    struct kc_error *err = open_call(&call, config);
    if (!err)
        err = wanted_offsets(&call, offsets, &wanted);
    if (!err)
        err = ask_plugin(&call, wanted, &handled);
    if (!err)
        err = write_offsets(&call, wanted, !offsets);
    err = wrap(err, "Failed to modify offsets for", &call);
    if (!err)
        *message = success_message(handled, !offsets);
    json_decref(wanted);
    close_call(&call);
    return err;
}
