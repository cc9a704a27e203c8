/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What anybody may have written into the state topic of links. The first byte picks the reader; the
 * rest is a key, or a value. What was read is written and read again, and stays the same.
 */
#include "connect/java_json.h"
#include "connect/link.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_key(const char *text, size_t len)
{
    struct kc_link_key key = {0}, again = {0};
    struct kc_error *err = kc_link_key_parse(text, len, &key);

    if (!err) {
        char *written = kc_link_key_format(key.link, key.resource, key.name);
        if (kc_link_key_parse(written, strlen(written), &again) || strcmp(key.link, again.link) ||
            key.resource != again.resource || strcmp(key.name, again.name))
            abort();
        free(written);
    }
    kc_error_destroy(err);
    kc_link_key_clear(&key);
    kc_link_key_clear(&again);
}

static void check_flip_name(const char *text)
{
    char *topic = NULL, *name = NULL, *again = NULL;
    int32_t partition = 0, number = 0;

    if (kc_link_flip_name_parse(text, &topic, &partition)) {
        name = kc_link_flip_name(topic, partition);
        if (!kc_link_flip_name_parse(name, &again, &number) || number != partition ||
            strcmp(topic, again) != 0)
            abort();
    }
    free(topic);
    free(name);
    free(again);
}

/* Each batch of a table is known to it, and no batch makes the look-up fail. */
static void check_look_ups(const struct kc_link_flip *flip)
{
    for (size_t i = 0; i < flip->producer_count; i++) {
        const struct kc_link_flip_producer *producer = &flip->producers[i];
        for (size_t k = 0; k < producer->batch_count; k++) {
            const struct kc_link_flip_batch *batch = &producer->batches[k];
            int64_t offset = -2;
            if (kc_link_flip_look_up(flip, producer->id, producer->epoch, batch->first, batch->last,
                                     &offset) != KC_LINK_FLIP_DUPLICATE)
                abort();
            kc_link_flip_look_up(flip, producer->id, producer->epoch, batch->last, batch->first,
                                 &offset);
        }
    }
}

/* A value, as text, by the functions of its struct. */
#define CHECK(what, json, also)                                                                    \
    do {                                                                                           \
        struct what value, again;                                                                  \
        struct kc_error *err = what##_parse(json, &value);                                         \
        if (!err) {                                                                                \
            json_t *first = what##_json(&value);                                                   \
            if (what##_parse(first, &again))                                                       \
                abort();                                                                           \
            json_t *second = what##_json(&again);                                                  \
            if (!json_equal(first, second))                                                        \
                abort();                                                                           \
            also(&value);                                                                          \
            what##_clear(&again);                                                                  \
            json_decref(first);                                                                    \
            json_decref(second);                                                                   \
        }                                                                                          \
        kc_error_destroy(err);                                                                     \
        what##_clear(&value);                                                                      \
    } while (0)
#define NOTHING_ELSE(value) ((void)(value))

static void kc_link_partition_clear(struct kc_link_partition *partition)
{
    memset(partition, 0, sizeof(*partition));
}

static void check_value(uint8_t kind, const json_t *json)
{
    switch ((uint8_t)(kind - '0') % 10) {
    case 0:
        CHECK(kc_link_topic_order, json, NOTHING_ELSE);
        return;
    case 1:
        CHECK(kc_link_topic, json, NOTHING_ELSE);
        return;
    case 2:
        CHECK(kc_link_partition, json, NOTHING_ELSE);
        return;
    case 3:
        CHECK(kc_link_group_order, json, NOTHING_ELSE);
        return;
    case 4:
        CHECK(kc_link_group, json, NOTHING_ELSE);
        return;
    case 5:
        CHECK(kc_link_lease, json, NOTHING_ELSE);
        return;
    case 6:
        CHECK(kc_link_gateway, json, NOTHING_ELSE);
        return;
    case 7:
        CHECK(kc_link_flip, json, check_look_ups);
        return;
    case 8:
        CHECK(kc_link_receipt, json, NOTHING_ELSE);
        return;
    default:
        CHECK(kc_link_wave, json, NOTHING_ELSE);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kc_error *err = NULL;
    json_t *json = NULL;

    if (size < 1)
        return 0;
    char *text = kc_strndup((const char *)data + 1, size - 1);
    if (data[0] == 'k')
        check_key((const char *)data + 1, size - 1);
    else if (data[0] == 'n')
        check_flip_name(text);
    else if (!(err = kc_json_parse((const char *)data + 1, size - 1, &json)))
        check_value(data[0], json);
    kc_error_destroy(err);
    json_decref(json);
    free(text);
    return 0;
}
