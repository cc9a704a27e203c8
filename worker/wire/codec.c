/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared by encoder and decoder: defaults, small value types, the output buffer, headers. Pure
 * functions, any thread.
 */
#include "wire/codec.h"

#include "base/byte_reader.h"
#include "wire/api.h"
#include "wire/table_priv.h"

#include <stdlib.h>
#include <string.h>

static const size_t element_sizes[] = {
    [KC_WIRE_BOOL] = sizeof(bool),
    [KC_WIRE_I8] = sizeof(int8_t),
    [KC_WIRE_I16] = sizeof(int16_t),
    [KC_WIRE_I32] = sizeof(int32_t),
    [KC_WIRE_I64] = sizeof(int64_t),
    [KC_WIRE_UUID] = sizeof(struct kc_uuid),
    [KC_WIRE_STR] = sizeof(struct kc_wire_str),
    [KC_WIRE_BYTES] = sizeof(struct kc_wire_bytes),
};

size_t kc_wire_element_size(const struct kc_wire_field *field)
{
    return field->element == KC_WIRE_STRUCT ? field->type->size : element_sizes[field->element];
}

void kc_wire_set_default(const struct kc_wire_field *field, void *member)
{
    int32_t empty = field->def < 0 ? -1 : 0;

    switch (field->kind) {
    case KC_WIRE_BOOL:
        *(bool *)member = field->def != 0;
        break;
    case KC_WIRE_I8:
        *(int8_t *)member = (int8_t)field->def;
        break;
    case KC_WIRE_I16:
        *(int16_t *)member = (int16_t)field->def;
        break;
    case KC_WIRE_I32:
        *(int32_t *)member = (int32_t)field->def;
        break;
    case KC_WIRE_I64:
        *(int64_t *)member = field->def;
        break;
    case KC_WIRE_UUID:
        memset(member, 0, sizeof(struct kc_uuid));
        break;
    case KC_WIRE_STR:
        *(struct kc_wire_str *)member = (struct kc_wire_str){empty ? NULL : "", empty};
        break;
    case KC_WIRE_BYTES:
        *(struct kc_wire_bytes *)member = (struct kc_wire_bytes){NULL, empty};
        break;
    case KC_WIRE_ARRAY:
        memcpy(member, &(struct kc_wire_any_list){NULL, empty}, sizeof(struct kc_wire_any_list));
        break;
    case KC_WIRE_STRUCT:
        kc_wire_set_defaults(field->type, member);
        break;
    case KC_WIRE_POINTER:
        memset(member, 0, sizeof(void *));
        break;
    }
}

bool kc_wire_is_default(const struct kc_wire_field *field, const void *member)
{
    static const struct kc_uuid zero;
    int32_t empty = field->def < 0 ? -1 : 0;
    struct kc_wire_any_list list;
    void *pointer;

    switch (field->kind) {
    case KC_WIRE_BOOL:
        return *(const bool *)member == (field->def != 0);
    case KC_WIRE_I8:
        return *(const int8_t *)member == field->def;
    case KC_WIRE_I16:
        return *(const int16_t *)member == field->def;
    case KC_WIRE_I32:
        return *(const int32_t *)member == field->def;
    case KC_WIRE_I64:
        return *(const int64_t *)member == field->def;
    case KC_WIRE_UUID:
        return memcmp(member, &zero, sizeof(zero)) == 0;
    case KC_WIRE_STR:
        return ((const struct kc_wire_str *)member)->len == empty;
    case KC_WIRE_BYTES:
        return ((const struct kc_wire_bytes *)member)->len == empty;
    case KC_WIRE_ARRAY:
        memcpy(&list, member, sizeof(list));
        return list.count == empty;
    case KC_WIRE_STRUCT:
        return kc_wire_all_default(field->type, member);
    case KC_WIRE_POINTER:
        memcpy(&pointer, member, sizeof(pointer));
        return pointer == NULL;
    }
    return false;
}

void kc_wire_set_defaults(const struct kc_wire_type *type, void *object)
{
    memset(object, 0, type->size);
    for (size_t i = 0; i < type->count; i++)
        kc_wire_set_default(&type->fields[i], (char *)object + type->fields[i].offset);
}

bool kc_wire_all_default(const struct kc_wire_type *type, const void *object)
{
    for (size_t i = 0; i < type->count; i++) {
        if (!kc_wire_is_default(&type->fields[i], (const char *)object + type->fields[i].offset))
            return false;
    }
    return true;
}

void *kc_wire_new(struct kc_arena *arena, const struct kc_wire_type *type)
{
    return kc_wire_new_array(arena, type, 1);
}

void *kc_wire_new_array(struct kc_arena *arena, const struct kc_wire_type *type, int32_t count)
{
    char *items = kc_arena_alloc(arena, type->size * (size_t)(count > 0 ? count : 1));

    for (int32_t i = 0; i < count; i++)
        kc_wire_set_defaults(type, items + type->size * (size_t)i);
    return items;
}

void *kc_wire_zeroed(struct kc_arena *arena, size_t size)
{
    return memset(kc_arena_alloc(arena, size), 0, size);
}

struct kc_wire_str kc_wire_str(const char *text)
{
    return (struct kc_wire_str){text, text ? (int32_t)strlen(text) : -1};
}

struct kc_wire_str kc_wire_str_copy(struct kc_arena *arena, const char *text)
{
    return kc_wire_str(text ? kc_arena_strdup(arena, text) : NULL);
}

struct kc_wire_bytes kc_wire_bytes(const void *data, size_t len)
{
    return (struct kc_wire_bytes){data, (int32_t)len};
}

bool kc_wire_str_is(struct kc_wire_str str, const char *text)
{
    if (str.len < 0 || !text)
        return str.len < 0 && !text;
    return strlen(text) == (size_t)str.len && memcmp(str.data, text, (size_t)str.len) == 0;
}

void kc_wire_out_destroy(struct kc_wire_out *out)
{
    kc_str_destroy(&out->bytes);
    free(out->refs);
    *out = (struct kc_wire_out){0};
}

size_t kc_wire_out_size(const struct kc_wire_out *out)
{
    return out->bytes.len + out->ref_bytes;
}

void kc_wire_write_request_header(struct kc_wire_out *out,
                                  const struct kc_wire_request_header *header)
{
    kc_str_append_i16(&out->bytes, header->api);
    kc_str_append_i16(&out->bytes, header->version);
    kc_str_append_i32(&out->bytes, header->correlation);
    kc_str_append_i16(&out->bytes,
                      (int16_t)(header->client_id.len < 0 ? -1 : header->client_id.len));
    if (header->client_id.len > 0)
        kc_str_append_n(&out->bytes, header->client_id.data, (size_t)header->client_id.len);
    if (kc_api_is_flexible(header->api, header->version))
        kc_str_append_char(&out->bytes, 0);
}

/* ApiVersions answers with header v0 always, so that a client can read a refusal (KIP-511). */
static bool response_header_flexible(int api, int version)
{
    return api != KC_API_API_VERSIONS && kc_api_is_flexible(api, version);
}

void kc_wire_write_response_header(struct kc_wire_out *out, int api, int version,
                                   int32_t correlation)
{
    kc_str_append_i32(&out->bytes, correlation);
    if (response_header_flexible(api, version))
        kc_str_append_char(&out->bytes, 0);
}

struct kc_error *kc_wire_read_request_header(const uint8_t *data, size_t len,
                                             struct kc_wire_request_header *header, size_t *used)
{
    struct reader in = {.at = data, .end = data + len};

    header->api = (int16_t)read_int(&in, 2);
    header->version = (int16_t)read_int(&in, 2);
    header->correlation = (int32_t)read_int(&in, 4);
    int16_t id_len = (int16_t)read_int(&in, 2);
    header->client_id = (struct kc_wire_str){NULL, -1};
    if (id_len >= 0)
        header->client_id = (struct kc_wire_str){(const char *)read_bytes(&in, id_len), id_len};
    if (!in.bad && !kc_api_find(header->api))
        return kc_error_new(KC_ERR_UNSUPPORTED, "request with unknown API key %d", header->api);
    if (kc_api_is_flexible(header->api, header->version))
        skip_tags(&in);
    *used = (size_t)(in.at - data);
    if (in.bad)
        return kc_error_new(KC_ERR_SCHEMA, "reading a request header of %zu bytes: %s", len,
                            in.bad);
    return NULL;
}

struct kc_error *kc_wire_read_response_header(int api, int version, const uint8_t *data, size_t len,
                                              int32_t *correlation, size_t *used)
{
    struct reader in = {.at = data, .end = data + len};

    *correlation = (int32_t)read_int(&in, 4);
    if (response_header_flexible(api, version))
        skip_tags(&in);
    *used = (size_t)(in.at - data);
    if (in.bad)
        return kc_error_new(KC_ERR_SCHEMA, "reading the header of a %s response of %zu bytes: %s",
                            kc_api_name(api), len, in.bad);
    return NULL;
}
