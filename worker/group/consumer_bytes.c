/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The subscription and assignment bytes of consumers in a classic group (ConsumerProtocol, version
 * 0, which every consumer reads). Pure functions; input comes from other members and is checked.
 */
#include "base/byte_reader.h"
#include "connect/group.h"

#include <stdlib.h>
#include <string.h>

static void put_string(struct kc_str *out, const char *text)
{
    size_t len = strlen(text);
    kc_str_append_i16(out, (int16_t)len);
    kc_str_append_n(out, text, len);
}

void kc_group_subscription_encode(struct kc_str *out, const struct kc_strings *topics)
{
    kc_str_append_i16(out, 0);
    kc_str_append_i32(out, (int32_t)topics->count);
    for (size_t i = 0; i < topics->count; i++)
        put_string(out, topics->items[i]);
    kc_str_append_i32(out, -1); /* no user data */
}

struct kc_error *kc_group_subscription_decode(const void *metadata, size_t len,
                                              struct kc_strings *topics)
{
    struct reader in = {metadata, (const uint8_t *)metadata + len, NULL};
    struct kc_strings read = {0};
    int64_t version = read_int(&in, 2);
    int64_t count = read_int(&in, 4);
    if (!in.bad && version < 0)
        in.bad = "its version is negative";
    for (int64_t i = 0; i < count && !in.bad; i++) {
        int64_t size = read_int(&in, 2);
        const uint8_t *text = read_bytes(&in, size);
        if (text)
            kc_strings_take(&read, kc_strndup((const char *)text, (size_t)size));
    }
    if (!in.bad)
        kc_strings_copy(topics, &read);
    kc_strings_destroy(&read);
    return in.bad
               ? kc_error_new(KC_ERR_SCHEMA, "A consumer's subscription can't be read: %s", in.bad)
               : NULL;
}

static size_t topic_run(const struct kc_group_offset *partitions, size_t count)
{
    size_t run = 1;
    while (run < count && strcmp(partitions[run].topic, partitions[0].topic) == 0)
        run++;
    return run;
}

void kc_group_assignment_encode(struct kc_str *out, const struct kc_group_offset *partitions,
                                size_t count)
{
    int32_t topics = 0;
    for (size_t i = 0; i < count; i += topic_run(partitions + i, count - i))
        topics++;
    kc_str_append_i16(out, 0);
    kc_str_append_i32(out, topics);
    for (size_t i = 0; i < count;) {
        size_t run = topic_run(partitions + i, count - i);
        put_string(out, partitions[i].topic);
        kc_str_append_i32(out, (int32_t)run);
        for (size_t end = i + run; i < end; i++)
            kc_str_append_i32(out, partitions[i].partition);
    }
    kc_str_append_i32(out, -1);
}
