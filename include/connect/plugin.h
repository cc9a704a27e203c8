/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plugin descriptor: the first thing the worker reads of a connector.
 *
 * A plugin that is linked in is in a list of the program's; a shared object on `plugin.path`
 * exports such a list as `kc_plugins`. The worker takes a descriptor whose api_major
 * equals its own and whose api_minor isn't newer; `size` tells how much of the struct the plugin
 * knew.
 *
 * API history
 *   1.0  connectors, tasks, converters, transforms, predicates
 *   1.1  record batches as bytes: fetch.h, kc_batch_add_raw(), kc_source_context_takes_raw(),
 *        kc_source_task_ops.raw_committed and .wake
 *   1.2  measure.h; kc_connector_explain(); bytes and times of a kc_raw_run
 *   1.3  mirror.h: replication policies and filters; kc_plugin_find(); topic_only of transforms
 *        and predicates; kc_series_read(), estimates and delays; kc_connector_ops.translate; admin
 *        calls on many groups; kc_try_malloc() and its kin, KC_ERR_MEMORY; hash.h;
 *        kc_regex_replace() tells why it gave up; resource.h: REST resources; group.h: membership
 * in groups; series of connectors and of sink tasks
 */
#ifndef CONNECT_PLUGIN_H
#define CONNECT_PLUGIN_H

#include "connect/connector.h"
#include "connect/mirror.h"
#include "connect/resource.h"

#define KC_API_MAJOR 1
#define KC_API_MINOR 3

enum kc_plugin_kind {
    KC_PLUGIN_SINK,
    KC_PLUGIN_SOURCE,
    KC_PLUGIN_TRANSFORMATION,
    KC_PLUGIN_PREDICATE,
    KC_PLUGIN_CONVERTER,
    KC_PLUGIN_HEADER_CONVERTER,
    KC_PLUGIN_REPLICATION_POLICY, /* API 1.3, as what follows */
    KC_PLUGIN_TOPIC_FILTER,
    KC_PLUGIN_GROUP_FILTER,
    KC_PLUGIN_CONFIG_PROPERTY_FILTER,
};

/* Converter: between bytes and data. An object is used by one thread. */
struct kc_converter_ops {
    /* config without prefix; is_key tells the side. */
    struct kc_error *(*create)(const struct kc_map *config, bool is_key, void **converter);
    void (*destroy)(void *converter);
    /* Value to bytes: *data NULL is null; memory from arena, or the value's own bytes when they are
     * the same. header_key is NULL but for header converters. */
    struct kc_error *(*from_connect)(void *converter, const char *topic, const char *header_key,
                                     const struct kc_schema *schema, const struct kc_value *value,
                                     struct kc_arena *arena, const void **data, size_t *len);
    /* Bytes to value; data may be kept by reference (it lives as long as batch). *schema is
     * borrowed until the batch ends (kc_batch_own_schema()), NULL for schemaless. */
    struct kc_error *(*to_connect)(void *converter, const char *topic, const char *header_key,
                                   const void *data, size_t len, struct kc_batch *batch,
                                   const struct kc_schema **schema, struct kc_value *value);
    /* True: BYTES pass through unchanged both ways, so that a batch needn't be opened. */
    bool passes_bytes;
};

struct kc_transform_ops {
    struct kc_error *(*create)(const struct kc_map *config, void **transform);
    void (*destroy)(void *transform);
    /* Changes record in place (memory from batch); *keep false drops it. */
    struct kc_error *(*apply)(void *transform, struct kc_batch *batch, struct kc_record *record,
                              bool *keep);
};

struct kc_predicate_ops {
    struct kc_error *(*create)(const struct kc_map *config, void **predicate);
    void (*destroy)(void *predicate);
    bool (*test)(void *predicate, const struct kc_record *record);
};

struct kc_plugin {
    uint16_t api_major;
    uint16_t api_minor;
    uint32_t size;
    enum kc_plugin_kind kind;
    const char
        *class_name; /* the Java class that it stands for, e.g. org.apache.kafka...Connector */
    const char *task_class; /* connectors: written as `task.class` into task configs */
    const char *version;    /* as REST shows it */
    const struct kc_config_key *config_keys;
    size_t config_key_count;
    const struct kc_connector_ops *connector;
    const struct kc_source_task_ops *source_task;
    const struct kc_sink_task_ops *sink_task;
    const struct kc_converter_ops *converter; /* converters and header converters */
    const struct kc_transform_ops *transform;
    const struct kc_predicate_ops *predicate;
    const struct kc_replication_policy_ops *policy; /* API 1.3 */
    const struct kc_name_filter_ops *filter;        /* topic, group and property filters; API 1.3 */
    /* Of a transformation or predicate (API 1.3): looks at topics alone, and changes them or drops.
     * It may be asked once for many records, with one that has nothing but a topic. */
    bool topic_only;
    const struct kc_resource
        *resource; /* of a connector: its REST resource; NULL: none (API 1.3) */
};

#define KC_PLUGIN_HEAD KC_API_MAJOR, KC_API_MINOR, sizeof(struct kc_plugin)

/* The plugin of that kind whose class is called name, with or without its package: one that is
 * linked in or one of the shared objects that this process has loaded. NULL: there is none. Any
 * thread (API 1.3). */
const struct kc_plugin *kc_plugin_find(enum kc_plugin_kind kind, const char *name);

/* The symbol of a shared object: a NULL-terminated list as well. */
#define KC_PLUGINS_SYMBOL "kc_plugins"

#endif
