/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connect's data model: schemas and values (org.apache.kafka.connect.data).
 *
 * A value is a small tagged struct passed by copy; what it points to (bytes, text, elements)
 * belongs to its batch or arena and is immutable once handed over. Schemas are shared and
 * reference-counted; any thread may ref and unref.
 */
#ifndef CONNECT_DATA_H
#define CONNECT_DATA_H

#include "connect/mem.h"

KC_API_BEGIN

enum kc_type {
    KC_TYPE_NULL, /* only of values: null */
    KC_TYPE_INT8,
    KC_TYPE_INT16,
    KC_TYPE_INT32,
    KC_TYPE_INT64,
    KC_TYPE_FLOAT32,
    KC_TYPE_FLOAT64,
    KC_TYPE_BOOLEAN,
    KC_TYPE_STRING,
    KC_TYPE_BYTES,
    KC_TYPE_ARRAY,
    KC_TYPE_MAP,
    KC_TYPE_STRUCT,
};

struct kc_schema;
struct kc_map;

/* Logical types (Decimal, Date, Time, Timestamp) are carried in their physical form: Decimal as
 * BYTES (two's complement), Date and Time as INT32, Timestamp as INT64; the schema's name tells.
 * Never grows. */
struct kc_value {
    enum kc_type type;
    /* Elements of ARRAY and STRUCT, pairs of MAP. For a Decimal: the difference, as int32_t, of its
     * scale to its schema's, because Java's BigDecimal has a scale of its own. */
    uint32_t count;
    union {
        int64_t i; /* INT8..INT64 */
        double d;  /* FLOAT32, FLOAT64 */
        bool b;
        struct {
            const char *data; /* STRING is UTF-8, not terminated */
            size_t len;
        } bytes;                      /* STRING, BYTES */
        const struct kc_value *items; /* ARRAY: elements; STRUCT: one per field, in schema order */
        const struct kc_pair *pairs;  /* MAP, in insertion order */
    } u;
};

/* Never grows. */
struct kc_pair {
    struct kc_value key;
    struct kc_value value;
};

static inline struct kc_value kc_value_null(void)
{
    struct kc_value value = {KC_TYPE_NULL, 0, {0}};
    return value;
}

/* The text or bytes at data, which are kept by reference; NULL is null. */
static inline struct kc_value kc_value_text(enum kc_type type, const void *data, size_t len)
{
    struct kc_value value = kc_value_null();
    if (!data)
        return value;
    value.type = type;
    value.u.bytes.data = (const char *)data;
    value.u.bytes.len = len;
    return value;
}

static inline struct kc_value kc_value_bytes(const void *data, size_t len)
{
    return kc_value_text(KC_TYPE_BYTES, data, len);
}

static inline struct kc_value kc_value_string(const char *text, size_t len)
{
    return kc_value_text(KC_TYPE_STRING, text, len);
}

static inline struct kc_value kc_value_int(enum kc_type type, int64_t number)
{
    struct kc_value value = {type, 0, {number}};
    return value;
}

static inline struct kc_value kc_value_bool(bool b)
{
    struct kc_value value = kc_value_null();
    value.type = KC_TYPE_BOOLEAN;
    value.u.b = b;
    return value;
}

static inline struct kc_value kc_value_double(enum kc_type type, double number)
{
    struct kc_value value = kc_value_null();
    value.type = type;
    value.u.d = number;
    return value;
}

bool kc_value_equal(const struct kc_value *a, const struct kc_value *b);
/* Copies value with everything that it points to into arena. */
struct kc_value kc_value_copy(struct kc_arena *arena, const struct kc_value *value);
/* Java's view of a value, for messages: "class java.lang.String"; schema (may be NULL) tells
 * logical types. */
const char *kc_value_java_class(const struct kc_value *value, const struct kc_schema *schema);
/* Schema.Type's constant: "INT32", ... */
const char *kc_type_name(enum kc_type type);

/* Names of the logical types. */
#define KC_LOGICAL_DECIMAL   "org.apache.kafka.connect.data.Decimal"
#define KC_LOGICAL_DATE      "org.apache.kafka.connect.data.Date"
#define KC_LOGICAL_TIME      "org.apache.kafka.connect.data.Time"
#define KC_LOGICAL_TIMESTAMP "org.apache.kafka.connect.data.Timestamp"

/* Schemas without name, version, default or parameters; shared, never freed. */
const struct kc_schema *kc_schema_simple(enum kc_type type, bool optional);
#define KC_BYTES           kc_schema_simple(KC_TYPE_BYTES, false)
#define KC_OPTIONAL_BYTES  kc_schema_simple(KC_TYPE_BYTES, true)
#define KC_OPTIONAL_STRING kc_schema_simple(KC_TYPE_STRING, true)

/* Builds a schema (SchemaBuilder). Everything is copied or ref'ed. The maker owns one reference,
 * and must not change the schema once anybody else has seen it. Freed by kc_schema_unref(). */
struct kc_schema *kc_schema_new(enum kc_type type);
void kc_schema_set_optional(struct kc_schema *schema, bool optional);
void kc_schema_set_name(struct kc_schema *schema, const char *name);
void kc_schema_set_version(struct kc_schema *schema, int32_t version);
void kc_schema_set_doc(struct kc_schema *schema, const char *doc);
void kc_schema_set_parameter(struct kc_schema *schema, const char *name, const char *value);
/* Deep-copies value into the schema. KC_ERR_DATA when it doesn't fit. */
struct kc_error *kc_schema_set_default(struct kc_schema *schema,
                                       const struct kc_value *value) KC_MUST_CHECK;
void kc_schema_set_items(struct kc_schema *schema, const struct kc_schema *items);   /* ARRAY */
void kc_schema_set_keys(struct kc_schema *schema, const struct kc_schema *keys);     /* MAP */
void kc_schema_set_values(struct kc_schema *schema, const struct kc_schema *values); /* MAP */
struct kc_error *kc_schema_add_field(struct kc_schema *schema, const char *name,
                                     const struct kc_schema *field) KC_MUST_CHECK; /* STRUCT */

const struct kc_schema *kc_schema_ref(const struct kc_schema *schema); /* NULL for NULL */
void kc_schema_unref(const struct kc_schema *schema);
bool kc_schema_equal(const struct kc_schema *a, const struct kc_schema *b);
/* Equal schemas have equal hashes. */
uint32_t kc_schema_hash(const struct kc_schema *schema);

enum kc_type kc_schema_type(const struct kc_schema *schema);
const char *kc_schema_type_name(const struct kc_schema *schema); /* "int32", ... */
bool kc_schema_optional(const struct kc_schema *schema);
const char *kc_schema_name(const struct kc_schema *schema); /* NULL: none */
bool kc_schema_version(const struct kc_schema *schema, int32_t *version);
const char *kc_schema_doc(const struct kc_schema *schema);
const struct kc_map *kc_schema_parameters_map(const struct kc_schema *schema); /* NULL: none */
const struct kc_value *kc_schema_default(const struct kc_schema *schema);      /* NULL: none */
const struct kc_schema *kc_schema_items(const struct kc_schema *schema);
const struct kc_schema *kc_schema_keys(const struct kc_schema *schema);
const struct kc_schema *kc_schema_values(const struct kc_schema *schema);
size_t kc_schema_field_count(const struct kc_schema *schema);
const char *kc_schema_field_name(const struct kc_schema *schema, size_t index);
const struct kc_schema *kc_schema_field(const struct kc_schema *schema, size_t index);
/* Whether schema (NULL: no) carries the given name, as KC_LOGICAL_DATE. */
bool kc_schema_is(const struct kc_schema *schema, const char *name);
int kc_schema_field_index(const struct kc_schema *schema, const char *name); /* -1: none */

/* Struct.get: field index of a STRUCT value, or its schema's default when that is null. Borrowed.
 */
const struct kc_value *kc_struct_get(const struct kc_schema *schema, const struct kc_value *value,
                                     size_t index);

/* ConnectSchema.validateValue: KC_ERR_DATA with Java's text when value doesn't fit schema. */
struct kc_error *kc_schema_validate(const struct kc_schema *schema,
                                    const struct kc_value *value) KC_MUST_CHECK;
/* As Struct.put checks the value of the field called field (NULL: as above). */
struct kc_error *kc_schema_validate_field(const char *field, const struct kc_schema *schema,
                                          const struct kc_value *value) KC_MUST_CHECK;

KC_API_END

#endif
