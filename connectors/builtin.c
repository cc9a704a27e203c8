/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plugins that are linked into the worker, in no particular order. The program's main()
 * hands the list to the worker, which refers to none of them by itself.
 */
#include "connect/plugin.h"

/* X(symbol): one line for each. */
#define CONVERTERS(X)                                                                              \
    X(kc_byte_array_converter)                                                                     \
    X(kc_byte_array_header_converter)                                                              \
    X(kc_boolean_converter)                                                                        \
    X(kc_boolean_header_converter)                                                                 \
    X(kc_float64_converter)                                                                        \
    X(kc_float64_header_converter)                                                                 \
    X(kc_float32_converter)                                                                        \
    X(kc_float32_header_converter)                                                                 \
    X(kc_int32_converter)                                                                          \
    X(kc_int32_header_converter)                                                                   \
    X(kc_int64_converter)                                                                          \
    X(kc_int64_header_converter)                                                                   \
    X(kc_int16_converter)                                                                          \
    X(kc_int16_header_converter)                                                                   \
    X(kc_json_converter)                                                                           \
    X(kc_json_header_converter)                                                                    \
    X(kc_string_converter)                                                                         \
    X(kc_string_header_converter)                                                                  \
    X(kc_simple_header_converter)

#define TRANSFORMS(X)                                                                              \
    X(kc_cast_key)                                                                                 \
    X(kc_cast_value)                                                                               \
    X(kc_drop_headers)                                                                             \
    X(kc_extract_field_key)                                                                        \
    X(kc_extract_field_value)                                                                      \
    X(kc_filter)                                                                                   \
    X(kc_flatten_key)                                                                              \
    X(kc_flatten_value)                                                                            \
    X(kc_header_from_key)                                                                          \
    X(kc_header_from_value)                                                                        \
    X(kc_hoist_field_key)                                                                          \
    X(kc_hoist_field_value)                                                                        \
    X(kc_insert_field_key)                                                                         \
    X(kc_insert_field_value)                                                                       \
    X(kc_insert_header)                                                                            \
    X(kc_mask_field_key)                                                                           \
    X(kc_mask_field_value)                                                                         \
    X(kc_regex_router)                                                                             \
    X(kc_replace_field_key)                                                                        \
    X(kc_replace_field_value)                                                                      \
    X(kc_set_schema_metadata_key)                                                                  \
    X(kc_set_schema_metadata_value)                                                                \
    X(kc_timestamp_converter_key)                                                                  \
    X(kc_timestamp_converter_value)                                                                \
    X(kc_timestamp_router)                                                                         \
    X(kc_value_to_key)                                                                             \
    X(kc_has_header_key)                                                                           \
    X(kc_record_is_tombstone)                                                                      \
    X(kc_topic_name_matches)

#define CONNECTORS(X)                                                                              \
    X(kc_mirror_source_plugin)                                                                     \
    X(kc_mirror_sink_plugin)                                                                       \
    X(kc_mirror_checkpoint_plugin)                                                                 \
    X(kc_mirror_heartbeat_plugin)                                                                  \
    X(link_plugin)                                                                                 \
    X(kc_file_source)                                                                              \
    X(kc_file_sink)

#define MIRROR_POLICIES(X)                                                                         \
    X(kc_default_replication_policy)                                                               \
    X(kc_identity_replication_policy)                                                              \
    X(kc_strimzi_identity_policy)                                                                  \
    X(kc_aws_custom_policy)                                                                        \
    X(kc_mawileo_prefixless_policy)                                                                \
    X(kc_default_topic_filter)                                                                     \
    X(kc_default_group_filter)                                                                     \
    X(kc_default_config_property_filter)

#define DECLARE(symbol) extern const struct kc_plugin symbol;
CONVERTERS(DECLARE)
TRANSFORMS(DECLARE)
CONNECTORS(DECLARE)
MIRROR_POLICIES(DECLARE)

#define LIST(symbol) &symbol,
/* Declared for main by worker/data/plugins.h. */
extern const struct kc_plugin *const kc_builtin_plugins[];
const struct kc_plugin *const kc_builtin_plugins[] = {
    CONVERTERS(LIST) TRANSFORMS(LIST) CONNECTORS(LIST) MIRROR_POLICIES(LIST) NULL};
