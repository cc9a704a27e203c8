/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings of topics: DescribeConfigs, and IncrementalAlterConfigs (KIP-339).
 *
 * Any thread, several at once.
 */
#include "kafka/admin_priv.h"

#include <stdlib.h>
#include <string.h>

static void fill(struct kc_config_entry *to, const rd_kafka_ConfigEntry_t *from)
{
    const char *value = rd_kafka_ConfigEntry_value(from);
    to->name = kc_strdup(rd_kafka_ConfigEntry_name(from));
    to->is_sensitive = rd_kafka_ConfigEntry_is_sensitive(from) == 1;
    to->value = to->is_sensitive ? NULL : kc_strdup(value);
    to->is_default = rd_kafka_ConfigEntry_is_default(from) == 1;
    to->is_read_only = rd_kafka_ConfigEntry_is_read_only(from) == 1;
    to->source = (int)rd_kafka_ConfigEntry_source(from);
}

static struct kc_error *take_result(const rd_kafka_ConfigResource_t *resource,
                                    struct kc_config_entries *entries)
{
    rd_kafka_resp_err_t code = rd_kafka_ConfigResource_error(resource);
    const char *topic = rd_kafka_ConfigResource_name(resource);
    if (code) {
        const char *reason = rd_kafka_ConfigResource_error_string(resource);
        return kc_client_error(code, "Reading the settings of topic %s failed%s%s", topic,
                               reason ? ": " : "", reason ? reason : "");
    }
    size_t count = 0;
    const rd_kafka_ConfigEntry_t **configs = rd_kafka_ConfigResource_configs(resource, &count);
    entries->items = kc_calloc(count + 1, sizeof(*entries->items));
    for (; entries->count < count; entries->count++)
        fill(&entries->items[entries->count], configs[entries->count]);
    return NULL;
}

static void take_results(const rd_kafka_DescribeConfigs_result_t *result,
                         const struct kc_strings *names, struct kc_config_entries *entries,
                         struct kc_error **errors)
{
    size_t count = 0;
    const rd_kafka_ConfigResource_t **resources =
        rd_kafka_DescribeConfigs_result_resources(result, &count);
    for (size_t r = 0; r < count; r++) {
        const char *topic = rd_kafka_ConfigResource_name(resources[r]);
        for (size_t i = 0; i < names->count; i++) {
            if (strcmp(names->items[i], topic) != 0 || entries[i].items || errors[i])
                continue;
            errors[i] = take_result(resources[r], &entries[i]);
            break;
        }
    }
    for (size_t i = 0; i < names->count; i++) {
        if (!entries[i].items && !errors[i])
            errors[i] = kc_client_error(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
                                        "Reading the settings of topic %s failed", names->items[i]);
    }
}

struct kc_error *kc_admin_topic_configs(struct kc_admin *admin, const struct kc_strings *names,
                                        struct kc_config_entries *entries, struct kc_error **errors)
{
    struct kc_admin_call call = {0};
    memset(entries, 0, names->count * sizeof(*entries));
    memset(errors, 0, names->count * sizeof(*errors));
    if (names->count == 0)
        return NULL;
    rd_kafka_ConfigResource_t **resources = kc_calloc(names->count, sizeof(*resources));
    for (size_t i = 0; i < names->count; i++)
        resources[i] = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, names->items[i]);
    kc_admin_call_begin(&call, admin, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
    rd_kafka_DescribeConfigs(admin->client, resources, names->count, call.options, call.queue);
    struct kc_error *err = kc_admin_call_wait(&call, "Reading topic settings failed");
    if (!err)
        take_results(rd_kafka_event_DescribeConfigs_result(call.event), names, entries, errors);
    kc_admin_call_end(&call);
    rd_kafka_ConfigResource_destroy_array(resources, names->count);
    free(resources);
    return err;
}

struct kc_error *kc_admin_topic_config(struct kc_admin *admin, const char *topic,
                                       struct kc_config_entries *entries)
{
    struct kc_strings names = {0};
    struct kc_error *of_topic = NULL;
    kc_strings_add(&names, topic);
    struct kc_error *err = kc_admin_topic_configs(admin, &names, entries, &of_topic);
    kc_strings_destroy(&names);
    return err ? err : of_topic;
}

void kc_config_entries_destroy(struct kc_config_entries *entries)
{
    for (size_t i = 0; i < entries->count; i++) {
        free(entries->items[i].name);
        free(entries->items[i].value);
    }
    free(entries->items);
    *entries = (struct kc_config_entries){0};
}

/* ---- altering ---- */

struct kc_error *kc_admin_alter_config(struct kc_wire_admin *wire, enum kc_wire_resource resource,
                                       const char *name, const struct kc_config_op *ops,
                                       size_t count, int timeout_ms)
{
    struct kc_wire_config_change *changes = kc_calloc(count + 1, sizeof(*changes));
    for (size_t i = 0; i < count; i++)
        changes[i] = (struct kc_wire_config_change){
            .name = ops[i].name,
            .op = ops[i].value ? KC_WIRE_CONFIG_SET : KC_WIRE_CONFIG_DELETE,
            .value = ops[i].value,
        };
    struct kc_wire_config_item item = {
        .topic = name, .resource = resource, .changes = changes, .change_count = count};
    struct kc_error *err = kc_wire_alter_topic_configs(wire, &item, 1, false, timeout_ms);
    free(changes);
    if (err)
        kc_error_destroy(item.error);
    else
        err = item.error;
    return err;
}

struct kc_error *kc_admin_alter_topic_config(struct kc_admin *admin, const char *topic,
                                             const struct kc_config_op *ops, size_t count)
{
    struct kc_wire_admin *wire = NULL;
    struct kc_error *err = kc_admin_wire(admin, &wire);
    if (!err)
        err = kc_admin_alter_config(wire, KC_WIRE_RESOURCE_TOPIC, topic, ops, count,
                                    admin->timeout_ms);
    if (err && kc_error_kafka_code(err) == RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION)
        err = kc_error_caused(
            kc_error_new(KC_ERR_UNSUPPORTED,
                         "Changing the settings of topic %s needs brokers of Kafka 2.3 or newer",
                         topic),
            err);
    return err;
}
