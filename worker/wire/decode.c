/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decoder: walks a field table and fills a struct. See codec.h.
 *
 * A list is allocated only after checking its count against the least bytes that so many elements
 * take. A struct may still be 16 times its smallest encoding or more, for a few types. So
 * everything together may take at most a multiple of the message's own bytes. Pure functions, any
 * thread.
 */
#include "base/byte_reader.h"
#include "wire/api.h"
#include "wire/table_priv.h"

#include <stddef.h>
#include <string.h>

struct decoder {
    struct reader in;
    int version;
    bool flexible;
    struct kc_arena *arena;
    size_t budget;                      /* bytes of the arena that may still be taken */
    const struct kc_wire_field *failed; /* where in.bad was set first */
};

/* Decoded into structs, brokers' answers take two to five times their encoded size; those that say
 * next to nothing of many things take more, but are small. */
#define DECODED_RATIO 8
#define DECODED_LEAST ((size_t)1 << 20)

/* Where the items of all empty lists are: null ones alone have none. */
static max_align_t nothing;

static void decode_struct(struct decoder *dec, const struct kc_wire_type *type, void *object);

static void fail(struct decoder *dec, const char *why)
{
    if (!dec->in.bad)
        dec->in.bad = why;
}

/* Zeroed memory from the message's share; NULL: decoding has failed. */
static void *take(struct decoder *dec, size_t size)
{
    void *taken = size <= dec->budget ? kc_arena_try_alloc(dec->arena, size) : NULL;

    if (!taken) {
        fail(dec, size <= dec->budget ? "there is no memory for it"
                                      : "it would take far more memory than it has bytes");
        return NULL;
    }
    dec->budget -= size;
    return memset(taken, 0, size);
}

/* The length in front of a string, bytes or list; -1 for null. */
static int64_t decode_length(struct decoder *dec, int plain_size)
{
    if (dec->flexible)
        return (int64_t)read_uvarint(&dec->in) - 1;
    return read_int(&dec->in, plain_size);
}

static bool null_allowed(struct decoder *dec, const struct kc_wire_field *field)
{
    if (field->nullable && dec->version >= field->nullable - 1)
        return true;
    fail(dec, "it is null, which this version doesn't allow");
    return false;
}

static void decode_str(struct decoder *dec, const struct kc_wire_field *field,
                       struct kc_wire_str *str, bool element)
{
    int64_t len = decode_length(dec, 2);

    *str = (struct kc_wire_str){NULL, -1};
    if (len < 0) {
        if (len != -1 || element)
            fail(dec, "a string's length is negative");
        else
            null_allowed(dec, field);
        return;
    }
    const uint8_t *data = read_bytes(&dec->in, len);
    if (!data)
        return;
    char *copy = take(dec, (size_t)len + 1);
    if (!copy)
        return;
    memcpy(copy, data, (size_t)len);
    *str = (struct kc_wire_str){copy, (int32_t)len};
}

static void decode_bytes(struct decoder *dec, const struct kc_wire_field *field,
                         struct kc_wire_bytes *bytes)
{
    int64_t len = decode_length(dec, 4);

    *bytes = (struct kc_wire_bytes){NULL, -1};
    if (len == -1) {
        null_allowed(dec, field);
        return;
    }
    bytes->data = read_bytes(&dec->in, len);
    if (bytes->data)
        bytes->len = (int32_t)len;
}

static size_t kind_min_size(const struct decoder *dec, enum kc_wire_kind kind,
                            const struct kc_wire_type *type);

static size_t struct_min_size(const struct decoder *dec, const struct kc_wire_type *type)
{
    size_t size = dec->flexible ? 1 : 0;

    for (size_t i = 0; i < type->count; i++) {
        const struct kc_wire_field *field = &type->fields[i];

        if (!field->tag && kc_wire_field_in(field, dec->version))
            size += kind_min_size(dec, field->kind, field->type);
    }
    return size;
}

static size_t kind_min_size(const struct decoder *dec, enum kc_wire_kind kind,
                            const struct kc_wire_type *type)
{
    switch (kind) {
    case KC_WIRE_BOOL:
    case KC_WIRE_I8:
    case KC_WIRE_POINTER:
        return 1;
    case KC_WIRE_I16:
        return 2;
    case KC_WIRE_I32:
        return 4;
    case KC_WIRE_I64:
        return 8;
    case KC_WIRE_UUID:
        return 16;
    case KC_WIRE_STR:
        return dec->flexible ? 1 : 2;
    case KC_WIRE_BYTES:
    case KC_WIRE_ARRAY:
        return dec->flexible ? 1 : 4;
    case KC_WIRE_STRUCT:
        return struct_min_size(dec, type);
    }
    return 1;
}

static void decode_scalar(struct decoder *dec, enum kc_wire_kind kind, void *member)
{
    const uint8_t *data;

    switch (kind) {
    case KC_WIRE_BOOL:
        *(bool *)member = read_int(&dec->in, 1) != 0;
        break;
    case KC_WIRE_I8:
        *(int8_t *)member = (int8_t)read_int(&dec->in, 1);
        break;
    case KC_WIRE_I16:
        *(int16_t *)member = (int16_t)read_int(&dec->in, 2);
        break;
    case KC_WIRE_I32:
        *(int32_t *)member = (int32_t)read_int(&dec->in, 4);
        break;
    case KC_WIRE_I64:
        *(int64_t *)member = read_int(&dec->in, 8);
        break;
    default:
        data = read_bytes(&dec->in, sizeof(struct kc_uuid));
        if (data)
            memcpy(member, data, sizeof(struct kc_uuid));
    }
}

static void decode_element(struct decoder *dec, const struct kc_wire_field *field, void *item)
{
    if (field->element == KC_WIRE_STRUCT)
        decode_struct(dec, field->type, item);
    else if (field->element == KC_WIRE_STR)
        decode_str(dec, field, item, true);
    else
        decode_scalar(dec, field->element, item);
}

static void decode_list(struct decoder *dec, const struct kc_wire_field *field, void *member)
{
    struct kc_wire_any_list list = {NULL, -1};
    int64_t count = decode_length(dec, 4);
    size_t least = kind_min_size(dec, field->element, field->type);
    size_t item_size = kc_wire_element_size(field);

    if (count < 0) {
        if (count != -1)
            fail(dec, "a list's length is negative");
        else
            null_allowed(dec, field);
    } else if ((uint64_t)count > reader_left(&dec->in) / (least ? least : 1)) {
        fail(dec, "a list claims more elements than there are bytes");
    } else {
        list.items = count ? take(dec, item_size * (size_t)count) : &nothing;
        list.count = list.items ? (int32_t)count : 0;
        for (int64_t i = 0; i < count && !dec->in.bad; i++)
            decode_element(dec, field, (char *)list.items + item_size * (size_t)i);
    }
    memcpy(member, &list, sizeof(list));
}

static void decode_pointer(struct decoder *dec, const struct kc_wire_field *field, void *member)
{
    void *object = NULL;

    if (read_int(&dec->in, 1) < 0) {
        null_allowed(dec, field);
    } else if (!dec->in.bad) {
        object = take(dec, field->type->size);
        if (object)
            decode_struct(dec, field->type, object);
    }
    memcpy(member, &object, sizeof(object));
}

static void decode_field(struct decoder *dec, const struct kc_wire_field *field, void *member)
{
    switch (field->kind) {
    case KC_WIRE_STR:
        decode_str(dec, field, member, false);
        break;
    case KC_WIRE_BYTES:
        decode_bytes(dec, field, member);
        break;
    case KC_WIRE_ARRAY:
        decode_list(dec, field, member);
        break;
    case KC_WIRE_STRUCT:
        decode_struct(dec, field->type, member);
        break;
    case KC_WIRE_POINTER:
        decode_pointer(dec, field, member);
        break;
    default:
        decode_scalar(dec, field->kind, member);
    }
    if (dec->in.bad && !dec->failed)
        dec->failed = field;
}

static const struct kc_wire_field *find_tag(const struct decoder *dec,
                                            const struct kc_wire_type *type, uint32_t tag)
{
    for (size_t i = 0; i < type->count; i++) {
        const struct kc_wire_field *field = &type->fields[i];

        if (field->tag && (uint32_t)(field->tag - 1) == tag &&
            kc_wire_field_in(field, dec->version))
            return field;
    }
    return NULL;
}

static void decode_tags(struct decoder *dec, const struct kc_wire_type *type, void *object)
{
    uint32_t count = read_uvarint(&dec->in);

    for (uint32_t i = 0; i < count && !dec->in.bad; i++) {
        uint32_t tag = read_uvarint(&dec->in);
        const uint8_t *data = read_bytes(&dec->in, read_uvarint(&dec->in));
        const struct kc_wire_field *field = find_tag(dec, type, tag);
        struct reader outer = dec->in;

        if (!data || !field)
            continue;
        dec->in = (struct reader){.at = data, .end = outer.at};
        decode_field(dec, field, (char *)object + field->offset);
        outer.bad = dec->in.bad;
        dec->in = outer;
    }
}

static void decode_struct(struct decoder *dec, const struct kc_wire_type *type, void *object)
{
    for (size_t i = 0; i < type->count && !dec->in.bad; i++) {
        const struct kc_wire_field *field = &type->fields[i];
        char *member = (char *)object + field->offset;

        if (field->tag || !kc_wire_field_in(field, dec->version))
            kc_wire_set_default(field, member);
        else
            decode_field(dec, field, member);
    }
    if (dec->flexible && !dec->in.bad)
        decode_tags(dec, type, object);
}

struct kc_error *kc_wire_decode_type(const struct kc_wire_type *type, int version, bool flexible,
                                     const uint8_t *data, size_t len, struct kc_arena *arena,
                                     void *message)
{
    struct decoder dec = {
        .in = {.at = data,
               .end = data ? data + len : NULL}, /* a message may have no bytes at all */
        .version = version,
        .flexible = flexible,
        .arena = arena,
        .budget = len < DECODED_LEAST / DECODED_RATIO ? DECODED_LEAST : len * DECODED_RATIO,
    };

    decode_struct(&dec, type, message);
    if (!dec.in.bad)
        return NULL;
    return kc_error_new(KC_ERR_SCHEMA, "reading %s version %d from %zu bytes: field %s: %s",
                        type->name + strlen("kc_"), version, len,
                        dec.failed ? dec.failed->name : "(tags)", dec.in.bad);
}

struct kc_error *kc_wire_decode(int api, enum kc_wire_direction direction, int version,
                                const uint8_t *data, size_t len, struct kc_arena *arena,
                                void **message)
{
    const struct kc_api_info *info = kc_api_find(api);

    *message = NULL;
    if (!info || version < info->min || version > info->max)
        return kc_error_new(KC_ERR_UNSUPPORTED, "%s version %d is not one that this worker speaks",
                            kc_api_name(api), version);
    const struct kc_wire_type *type = direction == KC_WIRE_REQUEST ? info->request : info->response;
    *message = kc_wire_zeroed(arena, type->size);
    return kc_wire_decode_type(type, version, version >= info->flexible, data, len, arena,
                               *message);
}
