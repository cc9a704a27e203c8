/* SPDX-License-Identifier: Apache-2.0 */
/*
 * StringConverter: any value as its toString(), in a character set of the user's choice.
 *
 * Called by task threads through the plugin descriptor; one object per thread. UTF-8 is the fast
 * way: text passes through by reference. Other character sets go through iconv.
 */
#include "connect/text.h"
#include "converters/converter_priv.h"
#include "values/java_text.h"

#include <errno.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct string_converter {
    bool utf8;
    bool mark;      /* UTF-16: big-endian, behind a byte order mark */
    iconv_t encode; /* unused when utf8 */
    iconv_t decode;
};

static const struct kc_config_key keys[] = {
    CONVERTER_TYPE_KEY,
    {
        .name = "converter.encoding",
        .type = KC_CONFIG_STRING,
        .default_value = "UTF-8",
        .importance = KC_IMPORTANCE_HIGH,
        .order = -1,
        .width = KC_WIDTH_MEDIUM,
        .display_name = "Encoding",
        .documentation = "The character set in which strings are written as bytes and read back.",
    },
};
enum { KEY_COUNT = sizeof(keys) / sizeof(keys[0]) };

static void destroy(void *object)
{
    struct string_converter *converter = object;
    if (!converter)
        return;
    if (converter->encode != (iconv_t)-1)
        iconv_close(converter->encode);
    if (converter->decode != (iconv_t)-1)
        iconv_close(converter->decode);
    free(converter);
}

static struct kc_error *open_charset(struct string_converter *converter, const char *charset)
{
    converter->encode = converter->decode = (iconv_t)-1;
    converter->utf8 = strcasecmp(charset, "UTF-8") == 0 || strcasecmp(charset, "UTF8") == 0;
    if (converter->utf8)
        return NULL;
    converter->mark = strcasecmp(charset, "UTF-16") == 0;
    converter->encode = iconv_open(converter->mark ? "UTF-16BE" : charset, "UTF-8");
    converter->decode = iconv_open("UTF-8", charset);
    if (converter->encode != (iconv_t)-1 && converter->decode != (iconv_t)-1)
        return NULL;
    return kc_config_invalid("converter.encoding", charset,
                             "this character set isn't known here; UTF-8 always is");
}

static struct kc_error *create(const struct kc_map *config, bool is_key, void **object)
{
    struct kc_config *parsed = NULL;
    struct kc_error *err = kc_converter_config(keys, KEY_COUNT, config, is_key, &parsed);
    if (err)
        return err;
    struct string_converter *converter = kc_calloc(1, sizeof(*converter));
    err = open_charset(converter, kc_config_string(parsed, "converter.encoding"));
    kc_config_destroy(parsed);
    if (err) {
        destroy(converter);
        return err;
    }
    *object = converter;
    return NULL;
}

/* Converts all of data; what cannot be converted becomes substitute, as in Java. */
static const char *transcode(iconv_t charset, const char *substitute, struct kc_arena *arena,
                             const char *data, size_t len, size_t *out_len)
{
    size_t size = 4 * len + 16;
    char *out = kc_arena_alloc(arena, size);
    char *to = out;
    char *from = (char *)data;
    iconv(charset, NULL, NULL, NULL, NULL);
    while (len && iconv(charset, &from, &len, &to, &size) == (size_t)-1 && size > 4) {
        if (errno == E2BIG)
            break;
        size_t sub_len = strlen(substitute);
        to = mempcpy(to, substitute, sub_len);
        size -= sub_len;
        from++;
        len--;
        while (len && ((unsigned char)*from & 0xc0) == 0x80 && sub_len == 1) {
            from++; /* the rest of the character that has no counterpart */
            len--;
        }
    }
    iconv(charset, NULL, NULL, &to, &size);
    *out_len = (size_t)(to - out);
    return out;
}

static struct kc_error *from_connect(void *object, const char *topic, const char *header_key,
                                     const struct kc_schema *schema, const struct kc_value *value,
                                     struct kc_arena *arena, const void **data, size_t *len)
{
    const struct string_converter *converter = object;
    *data = NULL;
    *len = 0;
    if (value->type == KC_TYPE_NULL)
        return NULL;
    if (value->type == KC_TYPE_STRING) {
        *data = value->u.bytes.data;
        *len = value->u.bytes.len;
    } else {
        struct kc_str text = {0};
        kc_java_text(&text, schema, value);
        *data = kc_arena_dup(arena, text.data ? text.data : "", text.len);
        *len = text.len;
        kc_str_destroy(&text);
    }
    if (!converter->utf8)
        *data = transcode(converter->encode, "?", arena, *data, *len, len);
    if (converter->mark && *len) {
        char *marked = kc_arena_alloc(arena, *len + 2);
        marked[0] = '\xfe';
        marked[1] = '\xff';
        memcpy(marked + 2, *data, *len);
        *data = marked;
        *len += 2;
    }
    return NULL;
}

static struct kc_error *to_connect(void *object, const char *topic, const char *header_key,
                                   const void *data, size_t len, struct kc_batch *batch,
                                   const struct kc_schema **schema, struct kc_value *value)
{
    const struct string_converter *converter = object;
    *schema = KC_OPTIONAL_STRING;
    *value = kc_value_null();
    if (!data)
        return NULL;
    size_t text_len = len;
    const char *text = converter->utf8 ? kc_utf8_text(kc_batch_arena(batch), data, len, &text_len)
                                       : transcode(converter->decode, "\xef\xbf\xbd",
                                                   kc_batch_arena(batch), data, len, &text_len);
    *value = kc_value_string(text, text_len);
    return NULL;
}

static const struct kc_converter_ops ops = {
    .create = create,
    .destroy = destroy,
    .from_connect = from_connect,
    .to_connect = to_connect,
};

CONVERTER_PLUGINS(string, "org.apache.kafka.connect.storage.StringConverter", keys, KEY_COUNT,
                  &ops);
