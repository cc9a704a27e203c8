/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of Java's object serialization protocol that a HashMap<byte[], byte[]> needs.
 *
 * Reader and writer for offset_store_file.c. It writes exactly what ObjectOutputStream writes. It
 * reads any layout that the protocol allows for these classes, except references, nulls and split
 * block data.
 */
#include "storage/java_serial_priv.h"

#include <stdlib.h>
#include <string.h>

enum { /* java.io.ObjectStreamConstants */
       STREAM_VERSION = 5,
       TC_NULL = 0x70,
       TC_REFERENCE = 0x71,
       TC_CLASSDESC = 0x72,
       TC_OBJECT = 0x73,
       TC_ARRAY = 0x75,
       TC_BLOCKDATA = 0x77,
       TC_ENDBLOCKDATA = 0x78,
       SC_WRITE_METHOD = 1,
       SC_SERIALIZABLE = 2,
       BASE_HANDLE = 0x7e0000,
};

#define HASH_MAP     "java.util.HashMap"
#define HASH_MAP_UID 0x0507dac1c31660d1LL
#define BYTES        "[B"
#define BYTES_UID    ((int64_t)0xacf317f8060854e0ULL)

/* ---- reading ---- */

enum handle_kind { HANDLE_OTHER, HANDLE_BYTES_CLASS, HANDLE_BYTES };

struct handle {
    enum handle_kind kind;
    const char *data; /* of HANDLE_BYTES */
    size_t len;
};

struct serial_reader {
    const unsigned char *data;
    size_t len;
    size_t at;
    const char *wrong; /* the first thing that was; NULL: nothing */
    struct handle *handles;
    size_t handle_count;
    size_t handle_cap;
};

static void fail(struct serial_reader *in, const char *why)
{
    if (!in->wrong)
        in->wrong = why;
}

static const unsigned char *take(struct serial_reader *in, size_t count)
{
    if (in->wrong || in->len - in->at < count) {
        fail(in, "the file ends too early");
        return NULL;
    }
    in->at += count;
    return in->data + in->at - count;
}

static uint64_t number(struct serial_reader *in, size_t bytes)
{
    const unsigned char *p = take(in, bytes);
    uint64_t value = 0;
    for (size_t i = 0; p && i < bytes; i++)
        value = value << 8 | p[i];
    return value;
}

static void add_handle(struct serial_reader *in, struct handle handle)
{
    if (in->handle_count == in->handle_cap) {
        in->handle_cap = in->handle_cap ? 2 * in->handle_cap : 64;
        in->handles = kc_realloc(in->handles, in->handle_cap * sizeof(*in->handles));
    }
    in->handles[in->handle_count++] = handle;
}

static const struct handle *reference(struct serial_reader *in)
{
    uint64_t index = number(in, 4) - BASE_HANDLE;
    if (in->wrong || index >= in->handle_count) {
        fail(in, "a reference to nothing");
        return NULL;
    }
    return &in->handles[index];
}

static void skip_text(struct serial_reader *in)
{
    take(in, number(in, 2));
}

static bool text_is(struct serial_reader *in, const char *wanted)
{
    size_t len = number(in, 2);
    const unsigned char *text = take(in, len);
    return text && len == strlen(wanted) && memcmp(text, wanted, len) == 0;
}

/* Sizes of primitive fields by their type code. */
static size_t field_size(struct serial_reader *in, char type)
{
    switch (type) {
    case 'B':
    case 'Z':
        return 1;
    case 'C':
    case 'S':
        return 2;
    case 'I':
    case 'F':
        return 4;
    case 'J':
    case 'D':
        return 8;
    default:
        fail(in, "a field that java.util.HashMap doesn't have");
        return 0;
    }
}

/* The rest of a class description after its type code; *field_bytes: the size of its fields'
 * values. */
static void class_description(struct serial_reader *in, const char *name, enum handle_kind kind,
                              size_t *field_bytes)
{
    if (!text_is(in, name))
        fail(in, "a class that Connect's offset file doesn't have");
    number(in, 8);
    add_handle(in, (struct handle){.kind = kind});
    number(in, 1);
    size_t fields = number(in, 2);
    *field_bytes = 0;
    for (size_t i = 0; i < fields && !in->wrong; i++) {
        *field_bytes += field_size(in, (char)number(in, 1));
        skip_text(in);
    }
    if (number(in, 1) != TC_ENDBLOCKDATA)
        fail(in, "a class annotation");
    if (number(in, 1) != TC_NULL)
        fail(in, "a superclass");
}

static void bytes_class(struct serial_reader *in)
{
    size_t field_bytes = 0;
    uint64_t type = number(in, 1);
    if (type == TC_CLASSDESC) {
        class_description(in, BYTES, HANDLE_BYTES_CLASS, &field_bytes);
    } else if (type == TC_REFERENCE) {
        const struct handle *handle = reference(in);
        if (handle && handle->kind != HANDLE_BYTES_CLASS)
            fail(in, "an array of something else than bytes");
    } else {
        fail(in, "an array without a class");
    }
}

/* A byte[], null, or a reference to an earlier one. */
static void byte_array(struct serial_reader *in, const char **data, size_t *len)
{
    const struct handle *handle = NULL;
    *data = NULL;
    *len = 0;
    switch (number(in, 1)) {
    case TC_NULL:
        return;
    case TC_REFERENCE:
        handle = reference(in);
        if (handle && handle->kind != HANDLE_BYTES)
            fail(in, "a reference to something else than bytes");
        if (handle) {
            *data = handle->data;
            *len = handle->len;
        }
        return;
    case TC_ARRAY:
        bytes_class(in);
        *len = number(in, 4);
        *data = (const char *)take(in, *len);
        add_handle(in, (struct handle){HANDLE_BYTES, *data, *len});
        return;
    default:
        fail(in, "something else than bytes");
    }
}

/* Up to and with the number of pairs, which it returns. */
static size_t map_head(struct serial_reader *in)
{
    size_t field_bytes = 0;
    if (number(in, 2) != 0xaced || number(in, 2) != STREAM_VERSION)
        fail(in, "no Java serialization stream");
    if (number(in, 1) != TC_OBJECT || number(in, 1) != TC_CLASSDESC)
        fail(in, "no java.util.HashMap");
    class_description(in, HASH_MAP, HANDLE_OTHER, &field_bytes);
    add_handle(in, (struct handle){.kind = HANDLE_OTHER});
    take(in, field_bytes);
    if (number(in, 1) != TC_BLOCKDATA || number(in, 1) != 8)
        fail(in, "a map without its size");
    number(in, 4);
    return number(in, 4);
}

struct kc_error *kc_serial_read(const char *data, size_t len,
                                void (*each)(void *opaque, const struct kc_serial_pair *pair),
                                void *opaque)
{
    struct serial_reader in = {.data = (const unsigned char *)data, .len = len};
    struct kc_error *err = NULL;
    size_t count = map_head(&in);
    for (size_t i = 0; i < count && !in.wrong; i++) {
        struct kc_serial_pair pair = {0};
        byte_array(&in, &pair.key, &pair.key_len);
        byte_array(&in, &pair.value, &pair.value_len);
        if (!in.wrong)
            each(opaque, &pair);
    }
    if (!in.wrong && number(&in, 1) != TC_ENDBLOCKDATA)
        fail(&in, "more than the map's pairs");
    if (in.wrong)
        err = kc_error_new(KC_ERR_DATA, "%s at byte %zu", in.wrong, in.at);
    free(in.handles);
    return err;
}

/* ---- writing ---- */

static void write_text(struct kc_str *out, const char *text)
{
    kc_str_append_i16(out, (int16_t)strlen(text));
    kc_str_append(out, text);
}

static void write_class(struct kc_str *out, const char *name, int64_t uid, int flags)
{
    kc_str_append_char(out, TC_CLASSDESC);
    write_text(out, name);
    kc_str_append_i64(out, uid);
    kc_str_append_char(out, (char)flags);
}

static void write_class_end(struct kc_str *out)
{
    kc_str_append_char(out, TC_ENDBLOCKDATA);
    kc_str_append_char(out, TC_NULL);
}

/* The class of bytes is described once, as the third handle, and referred to afterwards. */
static void write_bytes(struct kc_str *out, const char *data, size_t len, bool *described)
{
    if (!data) {
        kc_str_append_char(out, TC_NULL);
        return;
    }
    kc_str_append_char(out, TC_ARRAY);
    if (*described) {
        kc_str_append_char(out, TC_REFERENCE);
        kc_str_append_i32(out, BASE_HANDLE + 2);
    } else {
        write_class(out, BYTES, BYTES_UID, SC_SERIALIZABLE);
        kc_str_append_i16(out, 0);
        write_class_end(out);
        *described = true;
    }
    kc_str_append_i32(out, (int32_t)len);
    kc_str_append_n(out, data, len);
}

/* A table that these many fit in at a load of 0.75. */
static int32_t capacity_for(size_t count)
{
    int32_t capacity = 16;
    while ((size_t)capacity * 3 / 4 < count && capacity < (1 << 30))
        capacity *= 2;
    return capacity;
}

void kc_serial_write(struct kc_str *out, const struct kc_serial_pair *pairs, size_t count)
{
    int32_t capacity = capacity_for(count);
    bool described = false;
    kc_str_append_i16(out, (int16_t)0xaced);
    kc_str_append_i16(out, STREAM_VERSION);
    kc_str_append_char(out, TC_OBJECT);
    write_class(out, HASH_MAP, HASH_MAP_UID, SC_WRITE_METHOD | SC_SERIALIZABLE);
    kc_str_append_i16(out, 2);
    kc_str_append_char(out, 'F');
    write_text(out, "loadFactor");
    kc_str_append_char(out, 'I');
    write_text(out, "threshold");
    write_class_end(out);
    kc_str_append_i32(out, 0x3f400000); /* 0.75f */
    kc_str_append_i32(out, capacity * 3 / 4);
    kc_str_append_char(out, TC_BLOCKDATA);
    kc_str_append_char(out, 8);
    kc_str_append_i32(out, capacity);
    kc_str_append_i32(out, (int32_t)count);
    for (size_t i = 0; i < count; i++) {
        write_bytes(out, pairs[i].key, pairs[i].key_len, &described);
        write_bytes(out, pairs[i].value, pairs[i].value_len, &described);
    }
    kc_str_append_char(out, TC_ENDBLOCKDATA);
}
