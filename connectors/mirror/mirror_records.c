/* SPDX-License-Identifier: Apache-2.0 */
/* Codecs of MM2's records, see mirror_records.h. */
#include "mirror/mirror_records.h"

#include <stdlib.h>
#include <string.h>

#define RECORD_VERSION 0

/* ---- writing ---- */

/* STRING: two bytes of length. Names in Kafka are far shorter; a longer text is cut. */
static void append_string(struct kc_str *out, const char *text)
{
    size_t len = text ? strlen(text) : 0;
    if (len > INT16_MAX)
        len = INT16_MAX;
    kc_str_append_i16(out, (int16_t)len);
    kc_str_append_n(out, text ? text : "", len);
}

void kc_offset_sync_encode(const struct kc_offset_sync *sync, struct kc_str *key,
                           struct kc_str *value)
{
    append_string(key, sync->topic);
    kc_str_append_i32(key, sync->partition);
    kc_str_append_i64(value, sync->upstream);
    kc_str_append_i64(value, sync->downstream);
}

void kc_checkpoint_encode(const struct kc_checkpoint *checkpoint, struct kc_str *key,
                          struct kc_str *value)
{
    append_string(key, checkpoint->group);
    append_string(key, checkpoint->topic);
    kc_str_append_i32(key, checkpoint->partition);
    kc_str_append_i16(value, RECORD_VERSION);
    kc_str_append_i64(value, checkpoint->upstream);
    kc_str_append_i64(value, checkpoint->downstream);
    append_string(value, checkpoint->metadata);
}

void kc_heartbeat_encode(const struct kc_heartbeat *heartbeat, struct kc_str *key,
                         struct kc_str *value)
{
    append_string(key, heartbeat->source);
    append_string(key, heartbeat->target);
    kc_str_append_i16(value, RECORD_VERSION);
    kc_str_append_i64(value, heartbeat->timestamp);
}

/* ---- reading ---- */

/* A place in bytes; `bad` names the first field that didn't fit, and stops everything after it. */
struct mirror_reader {
    const unsigned char *data;
    size_t left;
    const char *bad;
};

static uint64_t read_number(struct mirror_reader *in, size_t size, const char *field)
{
    uint64_t number = 0;
    if (in->bad)
        return 0;
    if (in->left < size) {
        in->bad = field;
        return 0;
    }
    for (size_t i = 0; i < size; i++)
        number = number << 8 | in->data[i];
    in->data += size;
    in->left -= size;
    return number;
}

static int64_t read_i64(struct mirror_reader *in, const char *field)
{
    return (int64_t)read_number(in, 8, field);
}

static int32_t read_i32(struct mirror_reader *in, const char *field)
{
    return (int32_t)read_number(in, 4, field);
}

static char *read_string(struct mirror_reader *in, const char *field)
{
    int16_t len = (int16_t)read_number(in, 2, field);
    if (in->bad)
        return NULL;
    if (len < 0 || (size_t)len > in->left) {
        in->bad = field;
        return NULL;
    }
    char *text = kc_strndup((const char *)in->data, (size_t)len);
    in->data += len;
    in->left -= (size_t)len;
    return text;
}

static void read_version(struct mirror_reader *in)
{
    int16_t version = (int16_t)read_number(in, 2, "version");
    if (!in->bad && version != RECORD_VERSION)
        in->bad = "version";
}

static struct kc_error *outcome(const char *what, const struct mirror_reader *key,
                                const struct mirror_reader *value)
{
    const char *bad = key->bad ? key->bad : value->bad;
    if (!bad)
        return NULL;
    return kc_error_new(KC_ERR_SCHEMA, "Error reading field '%s' of the %s of %s record", bad,
                        key->bad ? "key" : "value", what);
}

static struct mirror_reader reader_of(const void *data, size_t len)
{
    return (struct mirror_reader){.data = data, .left = data ? len : 0};
}

struct kc_error *kc_offset_sync_decode(const void *key, size_t key_len, const void *value,
                                       size_t value_len, struct kc_offset_sync *sync)
{
    struct mirror_reader in_key = reader_of(key, key_len), in_value = reader_of(value, value_len);
    memset(sync, 0, sizeof(*sync));
    sync->topic = read_string(&in_key, "topic");
    sync->partition = read_i32(&in_key, "partition");
    sync->upstream = read_i64(&in_value, "upstreamOffset");
    sync->downstream = read_i64(&in_value, "offset");
    struct kc_error *err = outcome("an offset sync", &in_key, &in_value);
    if (err)
        kc_offset_sync_clear(sync);
    return err;
}

struct kc_error *kc_checkpoint_decode(const void *key, size_t key_len, const void *value,
                                      size_t value_len, struct kc_checkpoint *checkpoint)
{
    struct mirror_reader in_key = reader_of(key, key_len), in_value = reader_of(value, value_len);
    memset(checkpoint, 0, sizeof(*checkpoint));
    checkpoint->group = read_string(&in_key, "group");
    checkpoint->topic = read_string(&in_key, "topic");
    checkpoint->partition = read_i32(&in_key, "partition");
    read_version(&in_value);
    checkpoint->upstream = read_i64(&in_value, "upstreamOffset");
    checkpoint->downstream = read_i64(&in_value, "offset");
    checkpoint->metadata = read_string(&in_value, "metadata");
    struct kc_error *err = outcome("a checkpoint", &in_key, &in_value);
    if (err)
        kc_checkpoint_clear(checkpoint);
    return err;
}

void kc_offset_sync_clear(struct kc_offset_sync *sync)
{
    free(sync->topic);
    sync->topic = NULL;
}

void kc_checkpoint_clear(struct kc_checkpoint *checkpoint)
{
    free(checkpoint->group);
    free(checkpoint->topic);
    free(checkpoint->metadata);
    checkpoint->group = checkpoint->topic = checkpoint->metadata = NULL;
}
