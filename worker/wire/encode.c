/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The encoder: walks a field table and appends a struct. See codec.h. Pure functions, any thread.
 */
#include "wire/api.h"
#include "wire/table_priv.h"

#include <string.h>

struct encoder {
    struct kc_wire_out *out;
    int version;
    bool flexible;
    bool in_tag; /* a tagged field is measured after writing, so it has no references */
    const struct kc_wire_field *failed;
    const char *bad;
};

static void encode_struct(struct encoder *enc, const struct kc_wire_type *type, const void *object);

static void fail(struct encoder *enc, const struct kc_wire_field *field, const char *why)
{
    if (enc->bad)
        return;
    enc->bad = why;
    enc->failed = field;
}

static size_t uvarint_write(uint32_t value, char buffer[5])
{
    size_t len = 0;

    for (; value >= 0x80; value >>= 7)
        buffer[len++] = (char)(value | 0x80);
    buffer[len++] = (char)value;
    return len;
}

static void encode_uvarint(struct encoder *enc, uint32_t value)
{
    char buffer[5];

    kc_str_append_n(&enc->out->bytes, buffer, uvarint_write(value, buffer));
}

/* A length, -1 for null. */
static void encode_length(struct encoder *enc, int32_t len, int plain_size)
{
    if (enc->flexible)
        encode_uvarint(enc, (uint32_t)len + 1);
    else if (plain_size == 2)
        kc_str_append_i16(&enc->out->bytes, (int16_t)len);
    else
        kc_str_append_i32(&enc->out->bytes, len);
}

/* Writes the length of a null value, if len says so. */
static bool encode_null(struct encoder *enc, const struct kc_wire_field *field, int32_t len,
                        int plain_size)
{
    if (len >= 0)
        return false;
    if (!field->nullable || enc->version < field->nullable - 1)
        fail(enc, field, "it is null, which this version doesn't allow");
    encode_length(enc, -1, plain_size);
    return true;
}

static void encode_str(struct encoder *enc, const struct kc_wire_field *field,
                       const struct kc_wire_str *str)
{
    if (encode_null(enc, field, str->len, 2))
        return;
    if (str->len > INT16_MAX) {
        fail(enc, field, "the string is longer than 32767 bytes");
        return;
    }
    encode_length(enc, str->len, 2);
    kc_str_append_n(&enc->out->bytes, str->data, (size_t)str->len);
}

static void add_ref(struct kc_wire_out *out, const struct kc_wire_bytes *bytes)
{
    if (out->ref_count == out->ref_cap) {
        out->ref_cap = out->ref_cap ? out->ref_cap * 2 : 8;
        out->refs = kc_realloc(out->refs, out->ref_cap * sizeof(*out->refs));
    }
    out->refs[out->ref_count++] =
        (struct kc_wire_ref){out->bytes.len, bytes->data, (size_t)bytes->len};
    out->ref_bytes += (size_t)bytes->len;
}

static void encode_bytes(struct encoder *enc, const struct kc_wire_field *field,
                         const struct kc_wire_bytes *bytes)
{
    if (encode_null(enc, field, bytes->len, 4))
        return;
    encode_length(enc, bytes->len, 4);
    if (enc->out->refs_min && (size_t)bytes->len >= enc->out->refs_min && !enc->in_tag)
        add_ref(enc->out, bytes);
    else
        kc_str_append_n(&enc->out->bytes, bytes->data, (size_t)bytes->len);
}

static void encode_scalar(struct encoder *enc, enum kc_wire_kind kind, const void *member)
{
    struct kc_str *bytes = &enc->out->bytes;

    switch (kind) {
    case KC_WIRE_BOOL:
        kc_str_append_char(bytes, *(const bool *)member ? 1 : 0);
        break;
    case KC_WIRE_I8:
        kc_str_append_char(bytes, (char)*(const int8_t *)member);
        break;
    case KC_WIRE_I16:
        kc_str_append_i16(bytes, *(const int16_t *)member);
        break;
    case KC_WIRE_I32:
        kc_str_append_i32(bytes, *(const int32_t *)member);
        break;
    case KC_WIRE_I64:
        kc_str_append_i64(bytes, *(const int64_t *)member);
        break;
    default:
        kc_str_append_n(bytes, member, sizeof(struct kc_uuid));
    }
}

static void encode_list(struct encoder *enc, const struct kc_wire_field *field, const void *member)
{
    struct kc_wire_any_list list;
    size_t item_size = kc_wire_element_size(field);

    memcpy(&list, member, sizeof(list));
    if (encode_null(enc, field, list.count, 4))
        return;
    encode_length(enc, list.count, 4);
    for (int32_t i = 0; i < list.count; i++) {
        const void *item = (const char *)list.items + item_size * (size_t)i;

        if (field->element == KC_WIRE_STRUCT)
            encode_struct(enc, field->type, item);
        else if (field->element == KC_WIRE_STR)
            encode_str(enc, field, item);
        else
            encode_scalar(enc, field->element, item);
    }
}

static void encode_pointer(struct encoder *enc, const struct kc_wire_field *field,
                           const void *member)
{
    const void *object;

    memcpy(&object, member, sizeof(object));
    if (!object && (!field->nullable || enc->version < field->nullable - 1))
        fail(enc, field, "it is null, which this version doesn't allow");
    kc_str_append_char(&enc->out->bytes, object ? 1 : -1);
    if (object)
        encode_struct(enc, field->type, object);
}

static void encode_field(struct encoder *enc, const struct kc_wire_field *field, const void *member)
{
    switch (field->kind) {
    case KC_WIRE_STR:
        encode_str(enc, field, member);
        break;
    case KC_WIRE_BYTES:
        encode_bytes(enc, field, member);
        break;
    case KC_WIRE_ARRAY:
        encode_list(enc, field, member);
        break;
    case KC_WIRE_STRUCT:
        encode_struct(enc, field->type, member);
        break;
    case KC_WIRE_POINTER:
        encode_pointer(enc, field, member);
        break;
    default:
        encode_scalar(enc, field->kind, member);
    }
}

/* Tag, size, value. The size is known only afterwards, and is then inserted in front. */
static void encode_tag(struct encoder *enc, const struct kc_wire_field *field, const void *member)
{
    struct kc_str *bytes = &enc->out->bytes;
    bool outer = enc->in_tag;
    char size[5];

    encode_uvarint(enc, (uint32_t)(field->tag - 1));
    size_t start = bytes->len;
    enc->in_tag = true;
    encode_field(enc, field, member);
    enc->in_tag = outer;
    size_t len = bytes->len - start;
    size_t size_len = uvarint_write((uint32_t)len, size);
    kc_str_append_n(bytes, size, size_len);
    memmove(bytes->data + start + size_len, bytes->data + start, len);
    memcpy(bytes->data + start, size, size_len);
}

static bool tag_wanted(const struct encoder *enc, const struct kc_wire_field *field,
                       const void *object)
{
    return field->tag && kc_wire_field_in(field, enc->version) &&
           !kc_wire_is_default(field, (const char *)object + field->offset);
}

/* Tags in ascending order, as the protocol requires; tables are short. */
static void encode_tags(struct encoder *enc, const struct kc_wire_type *type, const void *object)
{
    uint32_t count = 0;

    for (size_t i = 0; i < type->count; i++)
        count += tag_wanted(enc, &type->fields[i], object);
    encode_uvarint(enc, count);
    for (int tag = 1; count > 0; tag++) {
        for (size_t i = 0; i < type->count; i++) {
            const struct kc_wire_field *field = &type->fields[i];

            if (field->tag != tag || !tag_wanted(enc, field, object))
                continue;
            encode_tag(enc, field, (const char *)object + field->offset);
            count--;
        }
    }
}

static void encode_struct(struct encoder *enc, const struct kc_wire_type *type, const void *object)
{
    for (size_t i = 0; i < type->count; i++) {
        const struct kc_wire_field *field = &type->fields[i];
        const char *member = (const char *)object + field->offset;

        if (!kc_wire_field_in(field, enc->version)) {
            if (!field->ignorable && !kc_wire_is_default(field, member))
                fail(enc, field, "this version has no such field");
        } else if (!field->tag) {
            encode_field(enc, field, member);
        }
    }
    if (enc->flexible)
        encode_tags(enc, type, object);
}

struct kc_error *kc_wire_encode_type(const struct kc_wire_type *type, int version, bool flexible,
                                     const void *message, struct kc_wire_out *out)
{
    struct encoder enc = {.out = out, .version = version, .flexible = flexible};

    encode_struct(&enc, type, message);
    if (!enc.bad)
        return NULL;
    return kc_error_new(KC_ERR_UNSUPPORTED, "writing %s version %d: field %s: %s",
                        type->name + strlen("kc_"), version, enc.failed->name, enc.bad);
}

struct kc_error *kc_wire_encode(int api, enum kc_wire_direction direction, int version,
                                const void *message, struct kc_wire_out *out)
{
    const struct kc_api_info *info = kc_api_find(api);

    if (!info || version < info->min || version > info->max)
        return kc_error_new(KC_ERR_UNSUPPORTED, "%s version %d is not one that this worker speaks",
                            kc_api_name(api), version);
    return kc_wire_encode_type(direction == KC_WIRE_REQUEST ? info->request : info->response,
                               version, version >= info->flexible, message, out);
}
