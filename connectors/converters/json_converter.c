/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JsonConverter: data as JSON, with or without the schema in an envelope, byte for byte as Java's.
 *
 * Called by task threads through the plugin descriptor; one object per thread. Two caches save most
 * of the work with schemas: the envelope's text by schema, and the schema by its JSON text. A cache
 * that has grown to schemas.cache.size is emptied.
 */
#include "connect/hash.h"
#include "converters/converter_priv.h"
#include "converters/json_format_priv.h"

#include <stdlib.h>
#include <string.h>

/* schema -> its JSON. The reference keeps the address from being used again. */
struct written {
    const struct kc_schema *schema;
    char *text;
    size_t len;
    UT_hash_handle hh;
};

/* JSON text -> schema. */
struct read {
    char *text;
    const struct kc_schema *schema; /* NULL: the text is null */
    UT_hash_handle hh;
};

struct json_converter {
    bool schemas;
    struct kc_json_settings settings;
    unsigned cache_size;
    struct written *written;
    struct read *reads;
    struct kc_str out; /* reused */
};

/* ---- configuration ---- */

static struct kc_error *check_decimal_format(const char *name, const char *value)
{
    static const char *const formats[] = {"NUMERIC", "BASE64", NULL};
    return kc_config_one_of(name, value, formats, true);
}

static const struct kc_config_key keys[] = {
    CONVERTER_TYPE_KEY,
    {
        .name = "schemas.enable",
        .type = KC_CONFIG_BOOLEAN,
        .default_value = "true",
        .importance = KC_IMPORTANCE_HIGH,
        .group = "Schemas",
        .order = 0,
        .width = KC_WIDTH_MEDIUM,
        .display_name = "Enable Schemas",
        .documentation = "Whether each key and value carries its schema beside the payload.",
    },
    {
        .name = "schemas.cache.size",
        .type = KC_CONFIG_INT,
        .default_value = "1000",
        .importance = KC_IMPORTANCE_HIGH,
        .group = "Schemas",
        .order = 1,
        .width = KC_WIDTH_MEDIUM,
        .display_name = "Schema Cache Size",
        .documentation = "How many schemas one converter remembers at most, in each direction.",
    },
    {
        .name = "decimal.format",
        .type = KC_CONFIG_STRING,
        .default_value = "BASE64",
        .validator = check_decimal_format,
        .importance = KC_IMPORTANCE_LOW,
        .group = "Serialization",
        .order = 0,
        .width = KC_WIDTH_MEDIUM,
        .display_name = "Decimal Format",
        .documentation = "How decimals are written: BASE64 (their bytes) or NUMERIC (a JSON "
                         "number); upper and lower case are the same.",
    },
    {
        .name = "replace.null.with.default",
        .type = KC_CONFIG_BOOLEAN,
        .default_value = "true",
        .importance = KC_IMPORTANCE_LOW,
        .group = "Serialization",
        .order = 1,
        .width = KC_WIDTH_MEDIUM,
        .display_name = "Replace null with default",
        .documentation = "Whether a field that is null and has a default takes the default; null "
                         "stays null otherwise.",
    },
};
enum { KEY_COUNT = sizeof(keys) / sizeof(keys[0]) };

static struct kc_error *create(const struct kc_map *config, bool is_key, void **object)
{
    struct kc_config *parsed = NULL;
    struct kc_error *err = kc_converter_config(keys, KEY_COUNT, config, is_key, &parsed);
    if (err)
        return err;
    struct json_converter *converter = kc_calloc(1, sizeof(*converter));
    int64_t cache_size = kc_config_long(parsed, "schemas.cache.size");
    converter->schemas = kc_config_bool(parsed, "schemas.enable");
    converter->cache_size = cache_size > 0 ? (unsigned)cache_size : 0;
    converter->settings.numeric_decimals =
        strcasecmp(kc_config_string(parsed, "decimal.format"), "NUMERIC") == 0;
    converter->settings.replace_null_with_default =
        kc_config_bool(parsed, "replace.null.with.default");
    kc_config_destroy(parsed);
    *object = converter;
    return NULL;
}

/* ---- caches ---- */

static void clear_written(struct json_converter *converter)
{
    struct written *entry, *next;
    HASH_ITER (hh, converter->written, entry, next) {
        HASH_DEL(converter->written, entry);
        kc_schema_unref(entry->schema);
        free(entry->text);
        free(entry);
    }
}

static void clear_reads(struct json_converter *converter)
{
    struct read *entry, *next;
    HASH_ITER (hh, converter->reads, entry, next) {
        HASH_DEL(converter->reads, entry);
        kc_schema_unref(entry->schema);
        free(entry->text);
        free(entry);
    }
}

static void destroy(void *object)
{
    struct json_converter *converter = object;
    if (!converter)
        return;
    clear_written(converter);
    clear_reads(converter);
    kc_str_destroy(&converter->out);
    free(converter);
}

static void remember_written(struct json_converter *converter, const struct kc_schema *schema,
                             const char *text, size_t len)
{
    if (HASH_COUNT(converter->written) >= converter->cache_size)
        clear_written(converter);
    if (!converter->cache_size)
        return;
    struct written *entry = kc_calloc(1, sizeof(*entry));
    entry->schema = kc_schema_ref(schema);
    entry->text = kc_memdup(text, len);
    entry->len = len;
    HASH_ADD_PTR(converter->written, schema, entry);
}

static void remember_read(struct json_converter *converter, const struct kc_json_node *node,
                          const struct kc_schema *schema)
{
    if (HASH_COUNT(converter->reads) >= converter->cache_size)
        clear_reads(converter);
    if (!converter->cache_size)
        return;
    struct read *entry = kc_calloc(1, sizeof(*entry));
    entry->schema = kc_schema_ref(schema);
    entry->text = kc_memdup(node->start, node->size);
    HASH_ADD_KEYPTR(hh, converter->reads, entry->text, node->size, entry);
}

/* ---- to bytes ---- */

static struct kc_error *append_schema(struct json_converter *converter,
                                      const struct kc_schema *schema)
{
    struct kc_str *out = &converter->out;
    struct written *known = NULL;
    if (schema)
        HASH_FIND_PTR(converter->written, &schema, known);
    if (known) {
        kc_str_append_n(out, known->text, known->len);
        return NULL;
    }
    size_t start = out->len;
    struct kc_error *err = kc_json_format_schema(out, &converter->settings, schema);
    if (!err && schema)
        remember_written(converter, schema, out->data + start, out->len - start);
    return err;
}

static struct kc_error *from_connect(void *object, const char *topic, const char *header_key,
                                     const struct kc_schema *schema, const struct kc_value *value,
                                     struct kc_arena *arena, const void **data, size_t *len)
{
    struct json_converter *converter = object;
    struct kc_str *out = &converter->out;
    struct kc_error *err = NULL;
    *data = NULL;
    *len = 0;
    if (!schema && value->type == KC_TYPE_NULL)
        return NULL;
    kc_str_clear(out);
    if (converter->schemas) {
        kc_str_append(out, "{\"schema\":");
        err = append_schema(converter, schema);
        kc_str_append(out, ",\"payload\":");
    }
    if (!err)
        err = kc_json_format_value(out, &converter->settings, schema, value);
    if (err)
        return err;
    if (converter->schemas)
        kc_str_append_char(out, '}');
    *data = kc_arena_dup(arena, out->data, out->len);
    *len = out->len;
    return NULL;
}

/* ---- from bytes ---- */

static struct kc_error *find_schema(struct json_converter *converter,
                                    const struct kc_json_node *node, struct kc_batch *batch,
                                    const struct kc_schema **schema)
{
    struct read *known = NULL;
    HASH_FIND(hh, converter->reads, node->start, node->size, known);
    if (known) {
        *schema = known->schema;
        kc_batch_own_schema(batch, *schema);
        return NULL;
    }
    struct kc_error *err = kc_json_parse_schema(&converter->settings, node, schema);
    if (err)
        return err;
    remember_read(converter, node, *schema);
    kc_batch_own_schema(batch, *schema);
    kc_schema_unref(*schema);
    return NULL;
}

static struct kc_error *open_envelope(struct json_converter *converter,
                                      const struct kc_json_node *root, struct kc_batch *batch,
                                      const struct kc_schema **schema,
                                      const struct kc_json_node **payload)
{
    const struct kc_json_node *node = kc_json_member(root, "schema");
    *payload = kc_json_member(root, "payload");
    if (root->kind != KC_JSON_OBJECT || root->count != 2 || !node || !*payload)
        return kc_error_new(
            KC_ERR_DATA,
            "JsonConverter with schemas.enable requires \"schema\" and \"payload\" fields and may "
            "not contain additional fields. If you are trying to deserialize plain JSON data, set "
            "schemas.enable=false in your converter configuration.");
    return find_schema(converter, node, batch, schema);
}

static struct kc_error *to_connect(void *object, const char *topic, const char *header_key,
                                   const void *data, size_t len, struct kc_batch *batch,
                                   const struct kc_schema **schema, struct kc_value *value)
{
    struct json_converter *converter = object;
    *schema = NULL;
    *value = kc_value_null();
    if (!data)
        return NULL;
    struct kc_json_node root;
    const struct kc_json_node *payload = &root;
    struct kc_arena *nodes = kc_arena_new(4096);
    struct kc_error *err = kc_json_read(data, len, nodes, kc_batch_arena(batch), &root);
    if (err)
        err = kc_error_caused(kc_error_new(KC_ERR_DATA,
                                           "Converting byte[] to Kafka Connect data failed due to "
                                           "serialization error: "),
                              err);
    else if (converter->schemas)
        err = open_envelope(converter, &root, batch, schema, &payload);
    if (!err)
        err = kc_json_parse_value(&converter->settings, kc_batch_arena(batch), *schema, payload,
                                  value);
    kc_arena_destroy(nodes);
    return err;
}

static const struct kc_converter_ops ops = {
    .create = create,
    .destroy = destroy,
    .from_connect = from_connect,
    .to_connect = to_connect,
};

CONVERTER_PLUGINS(json, "org.apache.kafka.connect.json.JsonConverter", keys, KEY_COUNT, &ops);
