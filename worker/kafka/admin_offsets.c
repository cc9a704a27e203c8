/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Offsets: of partitions (ListOffsets), and those that groups have committed.
 *
 * The isolation level of ListOffsets belongs to the client. So last stable offsets need a second
 * client, which is made when first needed. Any thread, several at once.
 */
#include "kafka/admin_priv.h"

#include <stdlib.h>

static struct kc_error *committed_client(struct kc_admin *admin, rd_kafka_t **client)
{
    struct kc_error *err = NULL;
    pthread_mutex_lock(&admin->lock);
    if (!admin->committed) {
        rd_kafka_conf_t *conf = NULL;
        err = kc_client_conf(KC_CLIENT_ADMIN, admin->properties, &conf);
        if (!err) {
            rd_kafka_conf_set(conf, "isolation.level", "read_committed", NULL, 0);
            err = kc_client_new(KC_CLIENT_ADMIN, conf, &admin->committed);
        }
    }
    *client = admin->committed;
    pthread_mutex_unlock(&admin->lock);
    return err;
}

struct kc_error *kc_admin_offsets(struct kc_admin *admin, const char *topic, int32_t partition,
                                  bool committed_only, int64_t *low, int64_t *high)
{
    rd_kafka_t *client = admin->client;
    if (committed_only) {
        struct kc_error *err = committed_client(admin, &client);
        if (err)
            return err;
    }
    rd_kafka_resp_err_t code =
        rd_kafka_query_watermark_offsets(client, topic, partition, low, high, admin->timeout_ms);
    return code ? kc_client_error(code, "Reading the offsets of %s-%d failed", topic, partition)
                : NULL;
}

struct kc_error *kc_admin_end_offsets(struct kc_admin *admin,
                                      rd_kafka_topic_partition_list_t *partitions, int timeout_ms)
{
    size_t count = (size_t)partitions->cnt;
    struct kc_wire_offset_item *items = kc_calloc(count + 1, sizeof(*items));
    struct kc_wire_admin *wire = NULL;
    for (size_t i = 0; i < count; i++)
        items[i] = (struct kc_wire_offset_item){.topic = partitions->elems[i].topic,
                                                .partition = partitions->elems[i].partition,
                                                .timestamp = KC_WIRE_LATEST};
    struct kc_error *err = count ? kc_admin_wire(admin, &wire) : NULL;
    if (!err && count)
        err = kc_wire_list_offsets(wire, items, count, false, timeout_ms);
    for (size_t i = 0; i < count; i++) {
        rd_kafka_topic_partition_t *place = &partitions->elems[i];
        int code = items[i].error ? kc_error_kafka_code(items[i].error) : 0;
        place->offset = items[i].error || err ? RD_KAFKA_OFFSET_INVALID : items[i].offset;
        place->err = items[i].error && !code ? RD_KAFKA_RESP_ERR__FAIL : (rd_kafka_resp_err_t)code;
        kc_error_destroy(items[i].error);
    }
    free(items);
    return err;
}

/* ---- committed offsets ---- */

static struct kc_error *group_error(const rd_kafka_group_result_t *result, const char *what)
{
    const rd_kafka_error_t *error = rd_kafka_group_result_error(result);
    if (!error)
        return NULL;
    return kc_client_error(rd_kafka_error_code(error), "%s of group %s failed: %s", what,
                           rd_kafka_group_result_name(result), rd_kafka_error_string(error));
}

static struct kc_error *partition_error(const rd_kafka_topic_partition_list_t *list,
                                        const char *group, const char *what)
{
    for (int i = 0; list && i < list->cnt; i++) {
        if (list->elems[i].err)
            return kc_client_error(list->elems[i].err, "%s of group %s for %s-%d failed", what,
                                   group, list->elems[i].topic, list->elems[i].partition);
    }
    return NULL;
}

static struct kc_error *first_result(const rd_kafka_group_result_t **results, size_t count,
                                     const char *what)
{
    struct kc_error *err = NULL;
    for (size_t i = 0; i < count && !err; i++) {
        err = group_error(results[i], what);
        if (!err)
            err = partition_error(rd_kafka_group_result_partitions(results[i]),
                                  rd_kafka_group_result_name(results[i]), what);
    }
    return err;
}

/* partitions NULL: all that the group has offsets for. */
static struct kc_error *list_offsets(struct kc_admin *admin, const char *group,
                                     const rd_kafka_topic_partition_list_t *partitions,
                                     rd_kafka_topic_partition_list_t **offsets)
{
    static const char what[] = "Reading the offsets";
    struct kc_admin_call call = {0};
    size_t count = 0;
    rd_kafka_ListConsumerGroupOffsets_t *request =
        rd_kafka_ListConsumerGroupOffsets_new(group, partitions);
    kc_admin_call_begin(&call, admin, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS);
    rd_kafka_ListConsumerGroupOffsets(admin->client, &request, 1, call.options, call.queue);
    struct kc_error *err = kc_admin_call_wait(&call, "Reading a group's offsets failed");
    const rd_kafka_group_result_t **results = NULL;
    if (!err) {
        results = rd_kafka_ListConsumerGroupOffsets_result_groups(
            rd_kafka_event_ListConsumerGroupOffsets_result(call.event), &count);
        err = first_result(results, count, what);
    }
    if (!err) {
        const rd_kafka_topic_partition_list_t *found =
            count ? rd_kafka_group_result_partitions(results[0]) : NULL;
        *offsets = found ? rd_kafka_topic_partition_list_copy(found)
                         : rd_kafka_topic_partition_list_new(0);
    }
    kc_admin_call_end(&call);
    rd_kafka_ListConsumerGroupOffsets_destroy(request);
    return err;
}

static rd_kafka_topic_partition_list_t *every_partition(const struct kc_topic_infos *topics)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(64);
    for (size_t i = 0; i < topics->count; i++)
        for (int32_t p = 0; p < topics->items[i].partitions; p++)
            rd_kafka_topic_partition_list_add(list, topics->items[i].name, p);
    return list;
}

static void drop_uncommitted(rd_kafka_topic_partition_list_t *offsets)
{
    for (int i = offsets->cnt - 1; i >= 0; i--)
        if (offsets->elems[i].offset < 0)
            rd_kafka_topic_partition_list_del_by_idx(offsets, i);
}

/* Before OffsetFetch version 6 (Kafka 2.4), librdkafka sends an empty list of partitions for "all",
 * and the answer is empty. Then every existing partition is named. */
static struct kc_error *list_by_name(struct kc_admin *admin, const char *group,
                                     rd_kafka_topic_partition_list_t **offsets)
{
    struct kc_topic_infos topics = {0};
    struct kc_error *err = kc_admin_topics(admin, NULL, &topics);
    if (!err) {
        rd_kafka_topic_partition_list_t *named = every_partition(&topics);
        rd_kafka_topic_partition_list_t *found = NULL;
        err = named->cnt > 0 ? list_offsets(admin, group, named, &found) : NULL;
        rd_kafka_topic_partition_list_destroy(named);
        if (found) {
            drop_uncommitted(found);
            rd_kafka_topic_partition_list_destroy(*offsets);
            *offsets = found;
        }
    }
    kc_topic_infos_destroy(&topics);
    return err;
}

struct kc_error *kc_admin_group_offsets(struct kc_admin *admin, const char *group,
                                        rd_kafka_topic_partition_list_t **offsets)
{
    rd_kafka_topic_partition_list_t *found = NULL;
    struct kc_error *err = list_offsets(admin, group, NULL, &found);
    if (!err && found->cnt == 0)
        err = list_by_name(admin, group, &found);
    if (!err)
        *offsets = found;
    else if (found)
        rd_kafka_topic_partition_list_destroy(found);
    return err;
}

struct kc_error *kc_admin_alter_group_offsets(struct kc_admin *admin, const char *group,
                                              const rd_kafka_topic_partition_list_t *offsets)
{
    struct kc_admin_call call = {0};
    if (offsets->cnt == 0)
        return NULL;
    rd_kafka_AlterConsumerGroupOffsets_t *request =
        rd_kafka_AlterConsumerGroupOffsets_new(group, offsets);
    kc_admin_call_begin(&call, admin, RD_KAFKA_ADMIN_OP_ALTERCONSUMERGROUPOFFSETS);
    rd_kafka_AlterConsumerGroupOffsets(admin->client, &request, 1, call.options, call.queue);
    struct kc_error *err = kc_admin_call_wait(&call, "Committing a group's offsets failed");
    if (!err) {
        size_t count = 0;
        const rd_kafka_group_result_t **results = rd_kafka_AlterConsumerGroupOffsets_result_groups(
            rd_kafka_event_AlterConsumerGroupOffsets_result(call.event), &count);
        err = first_result(results, count, "Committing the offsets");
    }
    kc_admin_call_end(&call);
    rd_kafka_AlterConsumerGroupOffsets_destroy(request);
    return err;
}

struct kc_error *kc_admin_delete_group_offsets(struct kc_admin *admin, const char *group,
                                               const rd_kafka_topic_partition_list_t *partitions)
{
    struct kc_admin_call call = {0};
    if (partitions->cnt == 0)
        return NULL;
    rd_kafka_DeleteConsumerGroupOffsets_t *request =
        rd_kafka_DeleteConsumerGroupOffsets_new(group, partitions);
    kc_admin_call_begin(&call, admin, RD_KAFKA_ADMIN_OP_DELETECONSUMERGROUPOFFSETS);
    rd_kafka_DeleteConsumerGroupOffsets(admin->client, &request, 1, call.options, call.queue);
    struct kc_error *err = kc_admin_call_wait(&call, "Deleting a group's offsets failed");
    if (!err) {
        size_t count = 0;
        const rd_kafka_group_result_t **results = rd_kafka_DeleteConsumerGroupOffsets_result_groups(
            rd_kafka_event_DeleteConsumerGroupOffsets_result(call.event), &count);
        err = first_result(results, count, "Deleting the offsets");
    }
    kc_admin_call_end(&call);
    rd_kafka_DeleteConsumerGroupOffsets_destroy(request);
    return err;
}
