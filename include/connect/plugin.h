/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plugin descriptor: what the worker reads first.
 *
 * A shared object on `plugin.path` lists its descriptors by KC_PLUGINS(); those that are linked in
 * have a list of their own. The worker takes a descriptor whose api_major equals its own and whose
 * api_minor isn't newer; `size` tells how much of the struct the plugin knew. Before it uses a
 * plugin it checks that everything that its kind needs is there, and logs what is missing.
 * docs/PLUGINS.md builds some from nothing.
 *
 * API history
 *   1.0  connectors, tasks, converters, transforms, predicates
 *   1.1  record batches as bytes: fetch.h, kc_batch_add_raw(), kc_source_context_takes_raw(),
 *        kc_source_task_ops.raw_committed and .wake
 *   1.2  measure.h; kc_connector_explain(); bytes and times of a kc_raw_run
 *   1.3  mirror.h: replication policies and filters; kc_plugin_find(); topic_only of transforms
 *        and predicates; kc_series_read(), estimates and delays; kc_connector_ops.translate; admin
 *        calls on many groups; kc_try_malloc() and its kin, KC_ERR_MEMORY; hash.h;
 *        kc_regex_replace() tells why it gave up; contract.h: what is exported and what may grow;
 *        majors of libraries in the descriptor; KC_PLUGINS(); text.h; C++; resource.h; admin.h,
 *        append.h, group.h, http.h, link.h, missing_rights.h, record_batch.h, resting_client.h,
 *        thread.h, timed_jobs.h, topic_log.h, uuid.h
 */
#ifndef CONNECT_PLUGIN_H
#define CONNECT_PLUGIN_H

#include "connect/connector.h"
#include "connect/mirror.h"
#include "connect/resource.h"

KC_API_BEGIN

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

/* Converter: between bytes and data. An object is used by one thread. May grow. */
struct kc_converter_ops {
    /* config without prefix; is_key tells the side. */
    struct kc_error *(*create)(const struct kc_map *config, bool is_key, void **converter);
    void (*destroy)(void *converter);
    /* Value to bytes: *data NULL is null; memory from arena, or the value's own bytes when they are
     * the same. header_key is NULL except for header converters. */
    struct kc_error *(*from_connect)(void *converter, const char *topic, const char *header_key,
                                     const struct kc_schema *schema, const struct kc_value *value,
                                     struct kc_arena *arena, const void **data, size_t *len);
    /* Bytes to value; data may be kept by reference (it lives as long as batch). *schema is
     * borrowed until the batch ends (kc_batch_own_schema()), NULL for schemaless. */
    struct kc_error *(*to_connect)(void *converter, const char *topic, const char *header_key,
                                   const void *data, size_t len, struct kc_batch *batch,
                                   const struct kc_schema **schema, struct kc_value *value);
    /* True: BYTES pass through unchanged both ways, so a batch needn't be opened. */
    bool passes_bytes;
};

/* May grow. */
struct kc_transform_ops {
    struct kc_error *(*create)(const struct kc_map *config, void **transform);
    void (*destroy)(void *transform);
    /* Changes record in place (memory from batch); *keep false drops it. */
    struct kc_error *(*apply)(void *transform, struct kc_batch *batch, struct kc_record *record,
                              bool *keep);
};

/* May grow. */
struct kc_predicate_ops {
    struct kc_error *(*create)(const struct kc_map *config, void **predicate);
    void (*destroy)(void *predicate);
    bool (*test)(void *predicate, const struct kc_record *record);
};

/* May grow. */
struct kc_plugin {
    uint16_t api_major;
    uint16_t api_minor;
    uint32_t size;
    enum kc_plugin_kind kind;
    /* Libraries whose objects both sides hand to each other (API 1.3; 0: not used). */
    uint16_t jansson_major;
    uint16_t rdkafka_major;
    const char *class_name; /* as configurations name it: org.example.OrdersSourceConnector */
    const char *task_class; /* connectors: written as `task.class` into task configs */
    const char *version;    /* as REST shows it; NULL: "undefined" */
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
    /* For a transformation or predicate (API 1.3): it looks only at topics, and changes or drops
     * them. It may be called once for many records, with a record that has only a topic. */
    bool topic_only;
    const struct kc_resource
        *resource; /* of a connector: its REST resource; NULL: none (API 1.3) */
};

/* The head of a descriptor: static const struct kc_plugin x = {KC_PLUGIN_HEAD, .kind = ...}. The
 * file that has the descriptor includes connect/kafka.h if any file of the plugin does. C++ wants
 * members in their order: KC_PLUGIN_HEAD, .kind = ..., KC_PLUGIN_LIBRARIES, .class_name... */
#define KC_PLUGIN_LIBRARIES                                                                        \
    .jansson_major = JANSSON_MAJOR_VERSION, .rdkafka_major = KC_RDKAFKA_MAJOR
#define KC_PLUGIN_API                                                                              \
    .api_major = KC_API_MAJOR, .api_minor = KC_API_MINOR, .size = sizeof(struct kc_plugin)
#ifdef __cplusplus
#define KC_PLUGIN_HEAD KC_PLUGIN_API
#else
#define KC_PLUGIN_HEAD KC_PLUGIN_API, KC_PLUGIN_LIBRARIES
#endif
#ifndef KC_RDKAFKA_MAJOR
#define KC_RDKAFKA_MAJOR 0 /* connect/kafka.h says better */
#endif

/* The plugin of that kind whose class is called name, with or without its package: one that is
 * linked in or one of the shared objects that this process has loaded. NULL: there is none. Any
 * thread (API 1.3). */
const struct kc_plugin *kc_plugin_find(enum kc_plugin_kind kind, const char *name);

/* The symbol of a shared object that lists its plugins, NULL-terminated. KC_PLUGINS(&one,
 * &another); defines it, at the end of one of the files. In plugins that are linked into the worker
 * it defines nothing, because connectors/builtin.c lists them. */
#define KC_PLUGINS_SYMBOL "kc_plugins"
#ifdef KC_LINKED_IN
#define KC_PLUGINS(...) extern const struct kc_plugin *const kc_plugins[]
#else
#define KC_PLUGINS(...)                                                                            \
    extern KC_EXPORT const struct kc_plugin *const kc_plugins[];                                   \
    const struct kc_plugin *const kc_plugins[] = {__VA_ARGS__, NULL}
#endif

KC_API_END

#endif
