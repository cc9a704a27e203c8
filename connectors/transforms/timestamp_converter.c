/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TimestampConverter: between text, Unix time, Date, Time and Timestamp; of a field or the whole.
 *
 * Called by the task's chain of transforms, on the task's thread. In between there are
 * milliseconds. Without a schema Java makes java.util.Dates; here they are INT64 milliseconds.
 */
#include "transforms/transform_priv.h"
#include "values/date_format.h"
#include "values/java_text.h"

#include <stdlib.h>
#include <string.h>

enum timestamp_kind { STRING, UNIX, DATE, TIME, TIMESTAMP };
enum precision { NANOSECONDS, MICROSECONDS, MILLISECONDS, SECONDS };
enum { MS_PER_DAY = 86400000 };

struct timestamp_converter {
    bool is_key;
    bool replace_null;
    enum timestamp_kind target;
    enum precision precision;
    char *field; /* "": the whole */
    char *pattern;
    struct kc_date_format *format;      /* NULL: none configured */
    const struct kc_schema *schemas[2]; /* of the target, required and optional */
    struct kc_schema_cache cache;
};

static const char purpose[] = "converting timestamp formats";

/* ---- configuration ---- */

static const char *const kinds[] = {"string", "unix", "Date", "Time", "Timestamp", NULL};
static const char *const precisions[] = {"nanoseconds", "microseconds", "milliseconds", "seconds",
                                         NULL};

static struct kc_error *check_kind(const char *name, const char *value)
{
    return kc_config_one_of(name, value, kinds, false);
}

static struct kc_error *check_precision(const char *name, const char *value)
{
    return kc_config_one_of(name, value, precisions, false);
}

static const struct kc_config_key keys[] = {
    TRANSFORM_KEY("field", STRING, "", NULL, HIGH,
                  "The field that has the timestamp; empty when the whole key or value is one."),
    TRANSFORM_KEY("target.type", STRING, kc_config_required, check_kind, HIGH,
                  "What the timestamp becomes: string, unix, Date, Time or Timestamp."),
    TRANSFORM_KEY(
        "format", STRING, "", NULL, MEDIUM,
        "How text is written or read, as <code>java.text.SimpleDateFormat</code> patterns "
        "go."),
    TRANSFORM_KEY("unix.precision", STRING, "milliseconds", check_precision, LOW,
                  "What Unix time counts: seconds, milliseconds, microseconds or nanoseconds. "
                  "Nothing finer than milliseconds survives."),
    REPLACE_NULL_KEY,
};
enum { KEY_COUNT = sizeof(keys) / sizeof(keys[0]) };

static int index_of(const char *const *names, const char *name)
{
    int index = 0;
    while (names[index] && strcmp(names[index], name) != 0)
        index++;
    return index;
}

static bool is_blank(const char *text)
{
    while (*text && (unsigned char)*text <= ' ')
        text++;
    return !*text;
}

static void destroy(void *object)
{
    struct timestamp_converter *converter = object;
    if (!converter)
        return;
    free(converter->field);
    free(converter->pattern);
    kc_date_format_destroy(converter->format);
    kc_schema_unref(converter->schemas[0]);
    kc_schema_unref(converter->schemas[1]);
    kc_schema_cache_clear(&converter->cache);
    free(converter);
}

static struct kc_error *open_format(struct timestamp_converter *converter)
{
    bool blank = is_blank(converter->pattern);
    if (blank && converter->target == STRING)
        return kc_error_new(KC_ERR_CONFIG, "TimestampConverter requires format option to be "
                                           "specified when using string timestamps");
    struct kc_error *err =
        blank ? NULL : kc_date_format_new(converter->pattern, &converter->format);
    if (!err)
        return NULL;
    struct kc_error *invalid =
        kc_error_new(KC_ERR_CONFIG,
                     "Invalid value java.lang.IllegalArgumentException: %s for configuration "
                     "TimestampConverter requires a SimpleDateFormat-compatible pattern for string "
                     "timestamps: %s",
                     kc_error_text(err), converter->pattern);
    kc_error_destroy(err);
    return invalid;
}

static const struct kc_schema *target_schema(enum timestamp_kind kind, bool optional)
{
    switch (kind) {
    case STRING:
        return kc_schema_simple(KC_TYPE_STRING, optional);
    case UNIX:
        return kc_schema_simple(KC_TYPE_INT64, optional);
    case DATE:
        return kc_logical_schema(KC_TYPE_INT32, KC_LOGICAL_DATE, optional);
    case TIME:
        return kc_logical_schema(KC_TYPE_INT32, KC_LOGICAL_TIME, optional);
    default:
        return kc_logical_schema(KC_TYPE_INT64, KC_LOGICAL_TIMESTAMP, optional);
    }
}

static struct kc_error *create(const struct kc_map *config, bool is_key, void **object)
{
    struct kc_config *parsed = NULL;
    struct kc_error *err = kc_transform_config(keys, KEY_COUNT, config, &parsed);
    if (err)
        return err;
    struct timestamp_converter *converter = kc_calloc(1, sizeof(*converter));
    converter->is_key = is_key;
    converter->replace_null = kc_config_bool(parsed, "replace.null.with.default");
    converter->target =
        (enum timestamp_kind)index_of(kinds, kc_config_string(parsed, "target.type"));
    converter->precision =
        (enum precision)index_of(precisions, kc_config_string(parsed, "unix.precision"));
    converter->field = kc_strdup(kc_config_string(parsed, "field"));
    converter->pattern = kc_strdup(kc_config_string(parsed, "format"));
    for (int i = 0; i < 2; i++)
        converter->schemas[i] = target_schema(converter->target, i);
    kc_config_destroy(parsed);
    err = open_format(converter);
    if (err)
        destroy(converter);
    else
        *object = converter;
    return err;
}

/* ---- one timestamp ---- */

static struct kc_error *kind_of_schema(const struct kc_schema *schema, enum timestamp_kind *kind)
{
    const char *name = kc_schema_name(schema);
    if (kc_schema_is(schema, KC_LOGICAL_TIMESTAMP))
        *kind = TIMESTAMP;
    else if (kc_schema_is(schema, KC_LOGICAL_DATE))
        *kind = DATE;
    else if (kc_schema_is(schema, KC_LOGICAL_TIME))
        *kind = TIME;
    else if (kc_schema_type(schema) == KC_TYPE_STRING)
        *kind = STRING;
    else if (kc_schema_type(schema) == KC_TYPE_INT64)
        *kind = UNIX;
    else
        return kc_error_new(KC_ERR_CONNECT,
                            "Schema Schema{%s%s%s} does not correspond to a known timestamp type "
                            "format",
                            name ? name : "", name ? ":" : "",
                            kc_type_name(kc_schema_type(schema)));
    return NULL;
}

static struct kc_error *kind_of_value(const struct kc_value *value, enum timestamp_kind *kind)
{
    if (value->type != KC_TYPE_INT64 && value->type != KC_TYPE_STRING)
        return kc_error_new(KC_ERR_DATA,
                            "TimestampConverter does not support %s objects as timestamps",
                            kc_value_java_class(value, NULL));
    *kind = value->type == KC_TYPE_INT64 ? UNIX : STRING;
    return NULL;
}

/* TimeUnit's conversions: multiplying saturates, dividing truncates. */
static int64_t scale(int64_t number, int64_t factor)
{
    int64_t product;
    if (__builtin_mul_overflow(number, factor, &product))
        return number < 0 ? INT64_MIN : INT64_MAX;
    return product;
}

static int64_t unix_to_ms(enum precision precision, int64_t number)
{
    return precision == SECONDS        ? scale(number, 1000)
           : precision == MICROSECONDS ? number / 1000
           : precision == NANOSECONDS  ? number / 1000000
                                       : number;
}

static int64_t ms_to_unix(enum precision precision, int64_t ms)
{
    return precision == SECONDS        ? ms / 1000
           : precision == MICROSECONDS ? scale(ms, 1000)
           : precision == NANOSECONDS  ? scale(ms, 1000000)
                                       : ms;
}

static struct kc_error *wrong_type(enum timestamp_kind kind, const struct kc_value *value)
{
    static const char *const wanted[] = {
        [STRING] = "Expected string timestamp to be a String, but found",
        [UNIX] = "Expected Unix timestamp to be a Long, but found",
        [DATE] = "Expected Date to be a java.util.Date, but found",
        [TIME] = "Expected Time to be a java.util.Date, but found",
        [TIMESTAMP] = "Expected Timestamp to be a java.util.Date, but found",
    };
    return kc_error_new(KC_ERR_DATA, "%s %s", wanted[kind], kc_value_java_class(value, NULL));
}

static struct kc_error *to_ms(const struct timestamp_converter *converter, enum timestamp_kind kind,
                              const struct kc_value *value, int64_t *ms)
{
    static const enum kc_type types[] = {[STRING] = KC_TYPE_STRING,
                                         [UNIX] = KC_TYPE_INT64,
                                         [DATE] = KC_TYPE_INT32,
                                         [TIME] = KC_TYPE_INT32,
                                         [TIMESTAMP] = KC_TYPE_INT64};
    if (value->type != types[kind])
        return wrong_type(kind, value);
    if (kind == STRING) {
        if (converter->format &&
            kc_date_format_parse(converter->format, value->u.bytes.data, value->u.bytes.len, ms))
            return NULL;
        return kc_error_new(KC_ERR_DATA,
                            "Could not parse timestamp: value (%.*s) does not match pattern (%s)",
                            (int)value->u.bytes.len, value->u.bytes.data, converter->pattern);
    }
    *ms = kind == UNIX   ? unix_to_ms(converter->precision, value->u.i)
          : kind == DATE ? value->u.i * MS_PER_DAY
                         : value->u.i;
    return NULL;
}

static int64_t floor_day(int64_t ms)
{
    return ms / MS_PER_DAY - (ms % MS_PER_DAY < 0);
}

static struct kc_value from_ms(const struct timestamp_converter *converter, struct kc_batch *batch,
                               bool schemaless, int64_t ms)
{
    struct kc_str text = {0};
    struct kc_value value;
    int64_t day = floor_day(ms);
    switch (converter->target) {
    case STRING:
        kc_date_format_print(converter->format, ms, &text);
        value = kc_value_string(kc_batch_dup(batch, text.data ? text.data : "", text.len + 1),
                                text.len);
        kc_str_destroy(&text);
        return value;
    case UNIX:
        return kc_value_int(KC_TYPE_INT64, ms_to_unix(converter->precision, ms));
    case DATE:
        return schemaless ? kc_value_int(KC_TYPE_INT64, day * MS_PER_DAY)
                          : kc_value_int(KC_TYPE_INT32, (int32_t)day);
    case TIME:
        return kc_value_int(schemaless ? KC_TYPE_INT64 : KC_TYPE_INT32, ms - day * MS_PER_DAY);
    default:
        return kc_value_int(KC_TYPE_INT64, ms);
    }
}

/* Converts *value, of schema (NULL: schemaless). Null stays null. */
static struct kc_error *convert(const struct timestamp_converter *converter, struct kc_batch *batch,
                                const struct kc_schema *schema, struct kc_value *value)
{
    enum timestamp_kind kind = UNIX;
    int64_t ms = 0;
    struct kc_error *err = NULL;
    if (schema)
        err = kind_of_schema(schema, &kind);
    if (err || value->type == KC_TYPE_NULL)
        return err;
    if (!schema)
        err = kind_of_value(value, &kind);
    if (!err)
        err = to_ms(converter, kind, value, &ms);
    if (!err)
        *value = from_ms(converter, batch, !schema, ms);
    return err;
}

/* ---- records ---- */

static struct kc_error *convert_struct(const struct timestamp_converter *converter,
                                       struct kc_batch *batch, const struct kc_schema *schema,
                                       const struct kc_schema *updated, struct kc_value *value)
{
    struct kc_value *items;
    struct kc_error *err = NULL;
    if (value->type == KC_TYPE_NULL)
        return NULL;
    struct kc_value result = kc_struct_new(batch, updated, &items);
    for (size_t i = 0; i < result.count && !err; i++) {
        struct kc_value field = kc_field_value(schema, value, i, converter->replace_null);
        if (strcmp(kc_schema_field_name(schema, i), converter->field) == 0)
            err = convert(converter, batch, kc_schema_field(schema, i), &field);
        if (!err)
            err = kc_struct_put(updated, items, i, field);
    }
    if (!err)
        *value = result;
    return err;
}

static struct kc_error *make_schema(struct timestamp_converter *converter, struct kc_batch *batch,
                                    const struct kc_schema *schema,
                                    const struct kc_schema **updated)
{
    struct kc_schema *made = kc_schema_basics(schema, KC_TYPE_STRUCT);
    struct kc_error *err = NULL;
    for (size_t i = 0; i < kc_schema_field_count(schema) && !err; i++) {
        const char *name = kc_schema_field_name(schema, i);
        const struct kc_schema *field = kc_schema_field(schema, i);
        bool hit = strcmp(name, converter->field) == 0;
        err = kc_schema_add_field(made, name,
                                  hit ? converter->schemas[kc_schema_optional(field)] : field);
    }
    kc_schema_set_optional(made, kc_schema_optional(schema));
    if (!err && kc_schema_default(schema)) {
        struct kc_value fallback = *kc_schema_default(schema);
        err = convert_struct(converter, batch, schema, made, &fallback);
        if (!err)
            err = kc_schema_set_default(made, &fallback);
    }
    if (err) {
        kc_schema_unref(made);
        return err;
    }
    kc_schema_cache_put(&converter->cache, schema, made);
    *updated = made;
    return NULL;
}

static struct kc_error *apply_schema(struct timestamp_converter *converter, struct kc_batch *batch,
                                     struct kc_side side)
{
    const struct kc_schema *schema = *side.schema;
    const struct kc_schema *updated = NULL;
    struct kc_value value = *side.value;
    struct kc_error *err = NULL;
    if (!*converter->field) {
        updated = converter->schemas[kc_schema_optional(schema)];
        err = convert(converter, batch, schema, &value);
    } else {
        if (value.type != KC_TYPE_NULL)
            err = kc_require_struct(schema, &value, purpose);
        updated = kc_schema_cache_get(&converter->cache, schema);
        if (!err && !updated)
            err = make_schema(converter, batch, schema, &updated);
        if (!err)
            err = convert_struct(converter, batch, schema, updated, &value);
    }
    if (!err)
        kc_side_set(side, batch, updated, value);
    return err;
}

static struct kc_error *apply_schemaless(const struct timestamp_converter *converter,
                                         struct kc_batch *batch, struct kc_side side)
{
    if (side.value->type == KC_TYPE_NULL || !*converter->field)
        return convert(converter, batch, NULL, side.value);
    struct kc_error *err = kc_require_map(side.value, purpose);
    if (err)
        return err;
    struct kc_map_edit edit = kc_map_edit(batch, side.value);
    const struct kc_value *found = kc_map_value(side.value, converter->field);
    struct kc_value value = found ? *found : kc_value_null();
    err = convert(converter, batch, NULL, &value);
    kc_map_edit_put_name(&edit, converter->field, value);
    if (!err)
        *side.value = kc_map_edit_done(&edit);
    return err;
}

static struct kc_error *apply(void *object, struct kc_batch *batch, struct kc_record *record,
                              bool *keep)
{
    struct timestamp_converter *converter = object;
    struct kc_side side = kc_record_side(record, converter->is_key);
    *keep = true;
    return *side.schema ? apply_schema(converter, batch, side)
                        : apply_schemaless(converter, batch, side);
}

TRANSFORM_SIDES(timestamp_converter, "TimestampConverter", keys, KEY_COUNT);
