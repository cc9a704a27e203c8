/* SPDX-License-Identifier: Apache-2.0 */
/* Offsets of sink connectors: see sink_offsets.h. */
#include "sink/sink_offsets.h"

#include "connect/java_json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- parsing ---- */

static struct kc_error *bad(const char *text)
{
    return kc_error_new(KC_ERR_BAD_REQUEST, "%s", text);
}

/* String.valueOf: text as it is, anything else as JSON. Owned by the caller. */
static char *as_text(const json_t *value)
{
    return json_is_string(value) ? kc_strdup(json_string_value(value))
                                 : kc_json_print(value, KC_JSON_AS_IS);
}

/* Long.parseLong: digits with an optional sign and nothing else. */
static bool parse_number(const char *text, long long max, long long *number)
{
    const char *digits = text + (*text == '-' || *text == '+');
    if (!*digits || digits[strspn(digits, "0123456789")])
        return false;
    errno = 0;
    *number = strtoll(text, NULL, 10);
    return !errno && *number <= max && *number >= -max - 1;
}

static struct kc_error *read_number(const json_t *value, const char *what, const char *whats,
                                    long long max, long long *number)
{
    char *text = as_text(value);
    bool fine = parse_number(text, max, number);
    struct kc_error *err =
        fine ? NULL
             : kc_error_new(KC_ERR_BAD_REQUEST,
                            "Failed to parse the following Kafka %s value in the provided offsets: "
                            "'%s'. %s values for sink connectors need to be integers.",
                            what, text, whats);
    free(text);
    return err;
}

static struct kc_error *read_partition(const json_t *partition, char **topic, long long *number)
{
    if (!partition || json_is_null(partition))
        return bad("The partition for a sink connector offset cannot be null or missing");
    const json_t *name = json_object_get(partition, "kafka_topic");
    const json_t *index = json_object_get(partition, "kafka_partition");
    if (!name || !index)
        return bad("The partition for a sink connector offset must contain the keys 'kafka_topic' "
                   "and 'kafka_partition'");
    if (json_is_null(name))
        return bad("Kafka topic names must be valid strings and may not be null");
    if (json_is_null(index))
        return bad("Kafka partitions must be valid numbers and may not be null");
    struct kc_error *err = read_number(index, "partition", "Partition", INT32_MAX, number);
    if (!err)
        *topic = as_text(name);
    return err;
}

static struct kc_error *read_offset(const json_t *offset, json_t **normal)
{
    *normal = NULL;
    if (!offset || json_is_null(offset)) {
        *normal = json_null();
        return NULL;
    }
    const json_t *value = json_object_get(offset, "kafka_offset");
    if (!value)
        return bad("The offset for a sink connector should either be null or contain the key "
                   "'kafka_offset'");
    long long number = 0;
    struct kc_error *err = read_number(value, "offset", "Offset", INT64_MAX, &number);
    if (!err)
        *normal = json_pack("{s:I}", "kafka_offset", (json_int_t)number);
    return err;
}

/* Takes offset. */
static void put(json_t *list, const char *topic, long long partition, json_t *offset)
{
    json_t *key =
        json_pack("{s:s, s:I}", "kafka_topic", topic, "kafka_partition", (json_int_t)partition);
    size_t i;
    json_t *entry;
    json_array_foreach (list, i, entry) {
        if (!json_equal(json_object_get(entry, "partition"), key))
            continue;
        json_object_set_new(entry, "offset", offset);
        json_decref(key);
        return;
    }
    json_array_append_new(list, json_pack("{s:o, s:o}", "partition", key, "offset", offset));
}

struct kc_error *kc_sink_offsets_parse(const json_t *offsets, json_t **parsed)
{
    json_t *list = json_array();
    struct kc_error *err = NULL;
    size_t i;
    json_t *entry;
    json_array_foreach (offsets, i, entry) {
        char *topic = NULL;
        long long partition = 0;
        json_t *offset = NULL;
        err = read_partition(json_object_get(entry, "partition"), &topic, &partition);
        if (!err)
            err = read_offset(json_object_get(entry, "offset"), &offset);
        if (!err)
            put(list, topic, partition, offset);
        free(topic);
        if (err)
            break;
    }
    if (err) {
        json_decref(list);
        return err;
    }
    *parsed = list;
    return NULL;
}

/* ---- the group ---- */

struct kc_error *kc_sink_offsets_list(struct kc_admin *admin, const char *group, json_t **offsets)
{
    rd_kafka_topic_partition_list_t *list = NULL;
    struct kc_error *err = kc_admin_group_offsets(admin, group, &list);
    if (err)
        return err;
    *offsets = json_array();
    for (int i = 0; i < list->cnt; i++)
        if (list->elems[i].offset >= 0)
            put(*offsets, list->elems[i].topic, list->elems[i].partition,
                json_pack("{s:I}", "kafka_offset", (json_int_t)list->elems[i].offset));
    rd_kafka_topic_partition_list_destroy(list);
    return NULL;
}

/* Takes err. busy: the group has members, so the tasks are still there. */
static struct kc_error *group_failed(const char *verb, const char *connector, bool busy,
                                     struct kc_error *err)
{
    if (!busy)
        return kc_error_caused(kc_error_new(KC_ERR_CONNECT,
                                            "Failed to %s consumer group offsets for connector %s",
                                            verb, connector),
                               err);
    return kc_error_caused(
        kc_error_new(KC_ERR_CONNECT,
                     "Failed to %s consumer group offsets for connector %s either because its "
                     "tasks haven't stopped completely yet or the connector was resumed before the "
                     "request to %s its offsets could be successfully completed. If the connector "
                     "is in a stopped state, this operation can be safely retried. If it doesn't "
                     "eventually succeed, the Connect cluster may need to be restarted to get rid "
                     "of the zombie sink tasks.",
                     verb, connector, verb),
        err);
}

struct kc_error *kc_sink_offsets_alter(struct kc_admin *admin, const char *connector,
                                       const char *group, const json_t *parsed)
{
    rd_kafka_topic_partition_list_t *writes = rd_kafka_topic_partition_list_new(8);
    rd_kafka_topic_partition_list_t *deletes = rd_kafka_topic_partition_list_new(8);
    size_t i;
    json_t *entry;
    json_array_foreach (parsed, i, entry) {
        const json_t *partition = json_object_get(entry, "partition");
        const json_t *offset = json_object_get(entry, "offset");
        rd_kafka_topic_partition_t *item = rd_kafka_topic_partition_list_add(
            json_is_null(offset) ? deletes : writes,
            json_string_value(json_object_get(partition, "kafka_topic")),
            (int32_t)json_integer_value(json_object_get(partition, "kafka_partition")));
        item->offset = json_integer_value(json_object_get(offset, "kafka_offset"));
    }
    struct kc_error *err = writes->cnt ? kc_admin_alter_group_offsets(admin, group, writes) : NULL;
    if (!err && deletes->cnt)
        err = kc_admin_delete_group_offsets(admin, group, deletes);
    rd_kafka_topic_partition_list_destroy(writes);
    rd_kafka_topic_partition_list_destroy(deletes);
    if (!err)
        return NULL;
    int code = kc_error_kafka_code(err);
    return group_failed("alter", connector,
                        code == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID ||
                            code == RD_KAFKA_RESP_ERR_GROUP_SUBSCRIBED_TO_TOPIC,
                        err);
}

struct kc_error *kc_sink_offsets_reset(struct kc_admin *admin, const char *connector,
                                       const char *group)
{
    struct kc_error *err = kc_admin_delete_group(admin, group);
    if (err && kc_error_kafka_code(err) == RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND)
        kc_error_clear(&err);
    if (!err)
        return NULL;
    return group_failed("reset", connector,
                        kc_error_kafka_code(err) == RD_KAFKA_RESP_ERR_NON_EMPTY_GROUP, err);
}
