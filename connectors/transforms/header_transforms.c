/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DropHeaders and InsertHeader. A record's headers are an array in the batch: a new one takes its
 * place.
 *
 * Called by the task's chain of transforms, on the task's thread.
 */
#include "connect/text.h"
#include "transforms/transform_priv.h"

#include <stdlib.h>
#include <string.h>

/* ---- DropHeaders ---- */

static const struct kc_config_key drop_keys[] = {
    TRANSFORM_KEY("headers", LIST, kc_config_required, kc_check_non_empty_list, HIGH,
                  "The names of the headers to leave out."),
};

static void destroy_drop(void *object)
{
    kc_strings_destroy(object);
    free(object);
}

static struct kc_error *create_drop(const struct kc_map *config, void **object)
{
    struct kc_config *parsed = NULL;
    struct kc_error *err = kc_transform_config(drop_keys, 1, config, &parsed);
    if (err)
        return err;
    struct kc_strings *names = kc_calloc(1, sizeof(*names));
    kc_strings_copy(names, kc_config_list(parsed, "headers"));
    kc_config_destroy(parsed);
    *object = names;
    return NULL;
}

static struct kc_error *apply_drop(void *object, struct kc_batch *batch, struct kc_record *record,
                                   bool *keep)
{
    *keep = true;
    if (!record->header_count)
        return NULL;
    struct kc_header *headers =
        kc_batch_alloc(batch, record->header_count * sizeof(*record->headers));
    uint32_t count = 0;
    for (uint32_t i = 0; i < record->header_count; i++)
        if (!kc_strings_contain(object, record->headers[i].key))
            headers[count++] = record->headers[i];
    record->headers = headers;
    record->header_count = count;
    return NULL;
}

static const struct kc_transform_ops drop_ops = {create_drop, destroy_drop, apply_drop};
TRANSFORM_PLUGIN(kc_drop_headers, "DropHeaders", drop_keys, 1, &drop_ops);

/* ---- InsertHeader ---- */

struct insert_header {
    char *key;
    const struct kc_schema *schema;
    struct kc_value value;
    struct kc_arena *arena; /* of value */
};

static const struct kc_config_key insert_keys[] = {
    TRANSFORM_KEY("header", STRING, kc_config_required, kc_config_non_null, HIGH,
                  "The name of the header."),
    TRANSFORM_KEY("value.literal", STRING, kc_config_required, kc_config_non_null, HIGH,
                  "The value that every record gets, in the text format of headers."),
};

static void destroy_insert(void *object)
{
    struct insert_header *insert = object;
    if (!insert)
        return;
    free(insert->key);
    kc_schema_unref(insert->schema);
    kc_arena_destroy(insert->arena);
    free(insert);
}

static struct kc_error *create_insert(const struct kc_map *config, void **object)
{
    struct kc_config *parsed = NULL;
    struct kc_error *err = kc_transform_config(insert_keys, 2, config, &parsed);
    if (err)
        return err;
    struct insert_header *insert = kc_calloc(1, sizeof(*insert));
    insert->arena = kc_arena_new(512);
    insert->key = kc_strdup(kc_config_string(parsed, "header"));
    const char *text = kc_arena_strdup(insert->arena, kc_config_string(parsed, "value.literal"));
    err = kc_values_parse(insert->arena, text, strlen(text), &insert->schema, &insert->value);
    kc_config_destroy(parsed);
    if (err)
        destroy_insert(insert);
    else
        *object = insert;
    return err;
}

static struct kc_error *apply_insert(void *object, struct kc_batch *batch, struct kc_record *record,
                                     bool *keep)
{
    const struct insert_header *insert = object;
    struct kc_header *headers =
        kc_batch_alloc(batch, (record->header_count + 1) * sizeof(*headers));
    *keep = true;
    if (record->header_count)
        memcpy(headers, record->headers, record->header_count * sizeof(*headers));
    kc_batch_own_schema(batch, insert->schema);
    headers[record->header_count] = (struct kc_header){
        .key = kc_batch_dup(batch, insert->key, strlen(insert->key) + 1),
        .schema = insert->schema,
        .value = kc_value_copy(kc_batch_arena(batch), &insert->value),
    };
    record->headers = headers;
    record->header_count++;
    return NULL;
}

static const struct kc_transform_ops insert_ops = {create_insert, destroy_insert, apply_insert};
TRANSFORM_PLUGIN(kc_insert_header, "InsertHeader", insert_keys, 2, &insert_ops);
