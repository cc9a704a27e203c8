/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The common part of the configurations of MM2's three connectors (MirrorConnectorConfig).
 *
 * Each connector declares its table of keys with the macros below, beginning with
 * mirror_base_keys.inc, and parses its properties once; the result is immutable and may be read
 * from any thread.
 */
#ifndef CONNECTORS_MIRROR_MIRROR_CONFIG_H
#define CONNECTORS_MIRROR_MIRROR_CONFIG_H

#include "connect/kafka.h"
#include "connect/plugin.h"
#include "mirror/replication_policy.h"

#define KC_MIRROR_KEY(key, kind, fallback, weight, check, text)                                    \
    {                                                                                              \
        .name = (key), .type = KC_CONFIG_##kind, .default_value = fallback, .validator = (check),  \
        .importance = KC_IMPORTANCE_##weight, .order = -1, .documentation = text                   \
    }

#define KC_MIRROR_GROUPED_KEY(key, kind, fallback, weight, check, in, at, wide, shown, text)       \
    {                                                                                              \
        .name = (key), .type = KC_CONFIG_##kind, .default_value = fallback, .validator = (check),  \
        .importance = KC_IMPORTANCE_##weight, .group = (in), .order = (at),                        \
        .width = KC_WIDTH_##wide, .display_name = (shown), .documentation = text                   \
    }

/* Validators of keys with a closed set of values or a range; their tables are in the .c file. */
struct kc_error *kc_mirror_valid_option(const char *name, const char *value);
struct kc_error *kc_mirror_valid_range(const char *name, const char *value);

/* Adds an error for each policy or filter class that isn't here, as Java does for a class that it
 * can't load. */
void kc_mirror_validate_classes(const struct kc_map *config, struct kc_config_values *values);
/* Adds errors for settings of offset syncs that contradict emit.offset-syncs.enabled=false.
 * connector is the simple name of its class. */
void kc_mirror_validate_offset_syncs(const char *connector, const struct kc_map *config,
                                     struct kc_config_values *values);
/* Whether config says "false", in these letters, as Java compares before it parses. */
bool kc_mirror_is_false(const struct kc_map *config, const char *key);

enum kc_mirror_cluster { KC_MIRROR_SOURCE, KC_MIRROR_TARGET };

struct kc_mirror_config {
    struct kc_config *values;
    const struct kc_map *properties; /* as given; belongs to values */
    const char *connector;           /* name */
    const char *source;              /* aliases */
    const char *target;
    struct kc_replication_policy *policy;
    char *label; /* "A->B|connector", "A->B|connector-0" for tasks: part of client ids and logs */
};

/* Parses properties by the plugin's table of keys. is_task adds task.index to the label. */
struct kc_error *kc_mirror_config_new(const struct kc_plugin *plugin,
                                      const struct kc_map *properties, bool is_task,
                                      struct kc_mirror_config **config) KC_MUST_CHECK;
void kc_mirror_config_destroy(struct kc_mirror_config *config);

/* A warning about settings that Kafka 4.0 removed and that have no effect any more
 * (topics.blacklist, ...): owned by the caller; NULL: there are none. */
char *kc_mirror_removed_settings(const struct kc_map *properties);

/* Short for the values. */
bool kc_mirror_bool(const struct kc_mirror_config *config, const char *key);
int64_t kc_mirror_long(const struct kc_mirror_config *config, const char *key);

/* A setting in seconds, as ms. A negative one is -1. Zero, which Java repeats without a break, is
 * 1. INT64_MAX means never. */
int64_t kc_mirror_seconds_ms(const struct kc_mirror_config *config, const char *key);
/* The same of "<what>.interval.seconds", or -1 when "<what>.enabled" is false. */
int64_t kc_mirror_interval_ms(const struct kc_mirror_config *config, const char *what);

/* The properties of one client: the cluster's connection settings, then those of the kind of
 * client, then those of both; a consumer's fixed ones; and the client id with `use` at its end. New
 * map. */
struct kc_map *kc_mirror_client_properties(const struct kc_mirror_config *config,
                                           enum kc_mirror_cluster cluster, enum kc_client_role role,
                                           const char *use);
/* The source consumer's properties without a client id, from raw properties. New map. */
struct kc_map *kc_mirror_source_consumer_properties(const struct kc_map *properties);

/* An admin client of one cluster that waits at most admin.timeout.ms. */
struct kc_error *kc_mirror_admin_new(const struct kc_mirror_config *config,
                                     enum kc_mirror_cluster cluster, const char *use,
                                     struct kc_admin **admin) KC_MUST_CHECK;

/* The cluster of the offset-syncs topic, and the topic's name (owned by the caller). */
enum kc_mirror_cluster kc_mirror_offset_syncs_cluster(const struct kc_mirror_config *config);
char *kc_mirror_offset_syncs_topic(const struct kc_mirror_config *config);
/* The same for the offset index, which is on the same cluster; and whether there is one. */
char *kc_mirror_offset_index_topic(const struct kc_mirror_config *config);
#define KC_OFFSET_INDEX_SETTING "offset.index.enabled" /* default true */
bool kc_mirror_has_offset_index(const struct kc_mirror_config *config);

/* The flow's name among those that share the target alias, and so the topics for offset syncs and
 * index: the source's alias, and the naming of remote topics. Owned by the caller. */
char *kc_mirror_flow(const struct kc_mirror_config *config);

/* The target's name for a topic of the source. A topic that came from the target has its own name
 * there. Owned by the caller; NULL: the policy has none. */
char *kc_mirror_target_topic(const struct kc_mirror_config *config, const char *topic);

#endif
