/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The converters of one primitive type: Boolean, Short, Integer, Long, Float, Double, in the bytes
 * of Kafka's serializers (big-endian).
 *
 * Called by task threads through the plugin descriptors. A converter is its row in a table.
 */
#include "converters/converter_priv.h"

#include <string.h>

struct primitive {
    enum kc_type type;
    uint32_t size;
    const char *name;         /* in messages */
    const char *deserializer; /* in messages */
};

static const struct kc_config_key keys[] = {CONVERTER_TYPE_KEY};

static const struct primitive boolean = {KC_TYPE_BOOLEAN, 1, "boolean", "BooleanDeserializer"};
static const struct primitive int16 = {KC_TYPE_INT16, 2, "short", "ShortDeserializer"};
static const struct primitive int32 = {KC_TYPE_INT32, 4, "integer", "IntegerDeserializer"};
static const struct primitive int64 = {KC_TYPE_INT64, 8, "long", "LongDeserializer"};
static const struct primitive float32 = {KC_TYPE_FLOAT32, 4, "float", "FloatDeserializer"};
static const struct primitive float64 = {KC_TYPE_FLOAT64, 8, "double", "DoubleDeserializer"};

static struct kc_error *create(const struct primitive *primitive, const struct kc_map *config,
                               bool is_key, void **converter)
{
    struct kc_config *parsed = NULL;
    struct kc_error *err = kc_converter_config(keys, 1, config, is_key, &parsed);
    kc_config_destroy(parsed);
    *converter = err ? NULL : (void *)primitive;
    return err;
}

static void destroy(void *converter)
{
}

/* The bits that go on the wire, in the low bytes. */
static uint64_t bits_of(const struct kc_value *value)
{
    uint64_t bits = 0;
    if (value->type == KC_TYPE_BOOLEAN) {
        bits = value->u.b;
    } else if (value->type == KC_TYPE_FLOAT64) {
        memcpy(&bits, &value->u.d, sizeof(bits));
    } else if (value->type == KC_TYPE_FLOAT32) {
        float single = (float)value->u.d;
        uint32_t half;
        memcpy(&half, &single, sizeof(half));
        bits = half;
    } else {
        bits = (uint64_t)value->u.i;
    }
    return bits;
}

static struct kc_error *wrong_class(const struct primitive *primitive,
                                    const struct kc_schema *schema, const struct kc_value *value)
{
    const char *java_class = kc_value_java_class(value, schema);
    if (primitive->type == KC_TYPE_BOOLEAN)
        return kc_error_new(
            KC_ERR_DATA, "BooleanConverter is not compatible with objects of type %s", java_class);
    return kc_error_new(KC_ERR_DATA, "Failed to serialize to %s (was %s): ", primitive->name,
                        java_class);
}

/* Java's objects of these types are Dates, which no serializer here takes. */
static bool is_date(const struct kc_schema *schema)
{
    return kc_schema_is(schema, KC_LOGICAL_DATE) || kc_schema_is(schema, KC_LOGICAL_TIME) ||
           kc_schema_is(schema, KC_LOGICAL_TIMESTAMP);
}

static struct kc_error *from_connect(void *converter, const char *topic, const char *header_key,
                                     const struct kc_schema *schema, const struct kc_value *value,
                                     struct kc_arena *arena, const void **data, size_t *len)
{
    const struct primitive *primitive = converter;
    *data = NULL;
    *len = 0;
    if (primitive->type == KC_TYPE_BOOLEAN && schema && kc_schema_type(schema) != KC_TYPE_BOOLEAN)
        return kc_error_new(KC_ERR_DATA, "Invalid schema type for BooleanConverter: %s",
                            kc_type_name(kc_schema_type(schema)));
    if (value->type == KC_TYPE_NULL)
        return NULL;
    if (value->type != primitive->type || is_date(schema))
        return wrong_class(primitive, schema, value);
    uint64_t bits = bits_of(value);
    unsigned char *bytes = kc_arena_alloc(arena, primitive->size);
    for (uint32_t i = 0; i < primitive->size; i++)
        bytes[i] = (unsigned char)(bits >> (8 * (primitive->size - 1 - i)));
    *data = bytes;
    *len = primitive->size;
    return NULL;
}

static struct kc_value value_of(const struct primitive *primitive, uint64_t bits)
{
    if (primitive->type == KC_TYPE_BOOLEAN)
        return kc_value_bool(bits);
    if (primitive->type == KC_TYPE_FLOAT64) {
        double number;
        memcpy(&number, &bits, sizeof(number));
        return kc_value_double(KC_TYPE_FLOAT64, number);
    }
    if (primitive->type == KC_TYPE_FLOAT32) {
        uint32_t half = (uint32_t)bits;
        float single;
        memcpy(&single, &half, sizeof(single));
        return kc_value_double(KC_TYPE_FLOAT32, (double)single);
    }
    unsigned unused = (64 - 8 * (unsigned)primitive->size) % 64;
    return kc_value_int(primitive->type, (int64_t)(bits << unused) >> unused);
}

static struct kc_error *malformed(const struct primitive *primitive, struct kc_error *cause)
{
    return kc_error_caused(kc_error_new(KC_ERR_DATA, "Failed to deserialize %s: ", primitive->name),
                           cause);
}

static struct kc_error *to_connect(void *converter, const char *topic, const char *header_key,
                                   const void *data, size_t len, struct kc_batch *batch,
                                   const struct kc_schema **schema, struct kc_value *value)
{
    const struct primitive *primitive = converter;
    const unsigned char *bytes = data;
    *schema = kc_schema_simple(primitive->type, true);
    *value = kc_value_null();
    if (!data)
        return NULL;
    if (len != primitive->size)
        return malformed(primitive,
                         kc_error_new(KC_ERR_SCHEMA, "Size of data received by %s is not %u",
                                      primitive->deserializer, primitive->size));
    if (primitive->type == KC_TYPE_BOOLEAN && bytes[0] > 1)
        return malformed(primitive,
                         kc_error_new(KC_ERR_SCHEMA, "Unexpected byte received by %s: %d",
                                      primitive->deserializer, (int8_t)bytes[0]));
    uint64_t bits = 0;
    for (size_t i = 0; i < len; i++)
        bits = bits << 8 | bytes[i];
    *value = value_of(primitive, bits);
    return NULL;
}

#define PRIMITIVE(name, class_name_)                                                               \
    static struct kc_error *create_##name(const struct kc_map *config, bool is_key,                \
                                          void **converter)                                        \
    {                                                                                              \
        return create(&name, config, is_key, converter);                                           \
    }                                                                                              \
    static const struct kc_converter_ops name##_ops = {                                            \
        .create = create_##name,                                                                   \
        .destroy = destroy,                                                                        \
        .from_connect = from_connect,                                                              \
        .to_connect = to_connect,                                                                  \
    };                                                                                             \
    CONVERTER_PLUGINS(name, "org.apache.kafka.connect.converters." class_name_, keys, 1,           \
                      &name##_ops)

PRIMITIVE(boolean, "BooleanConverter");
PRIMITIVE(int16, "ShortConverter");
PRIMITIVE(int32, "IntegerConverter");
PRIMITIVE(int64, "LongConverter");
PRIMITIVE(float32, "FloatConverter");
PRIMITIVE(float64, "DoubleConverter");
