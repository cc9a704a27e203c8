/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plugins that are linked into the worker, in no particular order. The worker's plugin registry
 * walks the list once, at start.
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

#define CONNECTORS(X)                                                                              \
    X(kc_mirror_source_plugin)                                                                     \
    X(kc_mirror_checkpoint_plugin)                                                                 \
    X(kc_mirror_heartbeat_plugin)                                                                  \
    X(kc_file_source)                                                                              \
    X(kc_file_sink)

#define DECLARE(symbol) extern const struct kc_plugin symbol;
CONVERTERS(DECLARE)
CONNECTORS(DECLARE)

#define LIST(symbol) &symbol,
const struct kc_plugin *const kc_builtin_plugins[] = {CONVERTERS(LIST) CONNECTORS(LIST) NULL};
