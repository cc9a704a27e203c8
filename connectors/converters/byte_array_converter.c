/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ByteArrayConverter: bytes as they are. The converter of MM2; nothing is copied either way.
 *
 * Called by task threads through the plugin descriptor; it has no state.
 */
#include "converters/converter_priv.h"

static const struct kc_config_key keys[] = {CONVERTER_TYPE_KEY};

static struct kc_error *create(const struct kc_map *config, bool is_key, void **converter)
{
    *converter = NULL;
    return NULL;
}

static void destroy(void *converter)
{
}

static struct kc_error *from_connect(void *converter, const char *topic, const char *header_key,
                                     const struct kc_schema *schema, const struct kc_value *value,
                                     struct kc_arena *arena, const void **data, size_t *len)
{
    if (schema && kc_schema_type(schema) != KC_TYPE_BYTES)
        return kc_error_new(KC_ERR_DATA, "Invalid schema type for ByteArrayConverter: %s",
                            kc_type_name(kc_schema_type(schema)));
    if (value->type == KC_TYPE_NULL) {
        *data = NULL;
        *len = 0;
        return NULL;
    }
    if (value->type != KC_TYPE_BYTES || kc_schema_is(schema, KC_LOGICAL_DECIMAL))
        return kc_error_new(KC_ERR_DATA,
                            "ByteArrayConverter is not compatible with objects of type %s",
                            kc_value_java_class(value, schema));
    *data = value->u.bytes.data;
    *len = value->u.bytes.len;
    return NULL;
}

static struct kc_error *to_connect(void *converter, const char *topic, const char *header_key,
                                   const void *data, size_t len, struct kc_batch *batch,
                                   const struct kc_schema **schema, struct kc_value *value)
{
    *schema = KC_OPTIONAL_BYTES;
    *value = kc_value_bytes(data, len);
    return NULL;
}

static const struct kc_converter_ops ops = {
    .create = create,
    .destroy = destroy,
    .from_connect = from_connect,
    .to_connect = to_connect,
    .passes_bytes = true,
};

CONVERTER_PLUGINS(byte_array, "org.apache.kafka.connect.converters.ByteArrayConverter", keys, 1,
                  &ops);
