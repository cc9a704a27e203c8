/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Offsets of many partitions, records deleted, topics with ids and replicas: see connect/admin.h.
 * Any thread, several at once.
 */
#include "connect/admin.h"
#include "kafka/admin_ask_priv.h"
#include "wire/messages_cluster.h"

#include <stdlib.h>
#include <string.h>

/* ---- offsets ---- */

enum which_ends { AS_CONSUMER, AS_COMMITTED, AS_REPLICA };

static struct kc_error *ask(struct kc_admin *admin, struct kc_wire_offset_item *asked, size_t count,
                            enum which_ends which)
{
    struct kc_wire_admin *wire = NULL;
    struct kc_error *err = count ? kc_admin_wire(admin, &wire) : NULL;
    if (err || !count)
        return err;
    return which == AS_REPLICA
               ? kc_wire_log_ends(wire, asked, count, admin->timeout_ms)
               : kc_wire_list_offsets(wire, asked, count, which == AS_COMMITTED, admin->timeout_ms);
}

static struct kc_error *list_offsets(struct kc_admin *admin, struct kc_partition_offset *items,
                                     size_t count, enum which_ends which)
{
    struct kc_wire_offset_item *asked = kc_calloc(count + 1, sizeof(*asked));
    for (size_t i = 0; i < count; i++)
        asked[i] = (struct kc_wire_offset_item){.topic = items[i].topic,
                                                .partition = items[i].partition,
                                                .timestamp = items[i].timestamp};
    struct kc_error *err = ask(admin, asked, count, which);
    for (size_t i = 0; i < count; i++) {
        items[i].error = err ? NULL : asked[i].error;
        items[i].offset = asked[i].offset;
        items[i].found_timestamp = asked[i].found_timestamp;
        items[i].leader_epoch = asked[i].leader_epoch;
        if (err)
            kc_error_destroy(asked[i].error);
    }
    free(asked);
    return err;
}

struct kc_error *kc_admin_list_offsets(struct kc_admin *admin, struct kc_partition_offset *items,
                                       size_t count, bool committed_only)
{
    return list_offsets(admin, items, count, committed_only ? AS_COMMITTED : AS_CONSUMER);
}

struct kc_error *kc_admin_log_ends(struct kc_admin *admin, struct kc_partition_offset *items,
                                   size_t count)
{
    return list_offsets(admin, items, count, AS_REPLICA);
}

/* ---- records ---- */

struct kc_error *kc_admin_delete_records(struct kc_admin *admin, struct kc_records_before *items,
                                         size_t count)
{
    struct kc_wire_admin *wire = NULL;
    struct kc_wire_delete_item *asked = kc_calloc(count + 1, sizeof(*asked));
    for (size_t i = 0; i < count; i++)
        asked[i] = (struct kc_wire_delete_item){.topic = items[i].topic,
                                                .partition = items[i].partition,
                                                .before_offset = items[i].before_offset};
    struct kc_error *err = count ? kc_admin_wire(admin, &wire) : NULL;
    if (!err && count)
        err = kc_wire_delete_records(wire, asked, count, admin->timeout_ms);
    for (size_t i = 0; i < count; i++) {
        items[i].error = err ? NULL : asked[i].error;
        items[i].low_watermark = asked[i].low_watermark;
        if (err)
            kc_error_destroy(asked[i].error);
    }
    free(asked);
    return err;
}

/* ---- topics ---- */

static int32_t *copy_ids(const int32_t *items, int32_t count, size_t *copied)
{
    *copied = count > 0 ? (size_t)count : 0;
    int32_t *ids = kc_calloc(*copied + 1, sizeof(*ids));
    if (*copied)
        memcpy(ids, items, *copied * sizeof(*ids));
    return ids;
}

static int by_number(const void *a, const void *b)
{
    const struct kc_partition_info *x = a, *y = b;
    return (x->partition > y->partition) - (x->partition < y->partition);
}

static void fill_topic(struct kc_topic_description *to,
                       const struct kc_metadata_response_topic *from)
{
    size_t count = from->partitions.count > 0 ? (size_t)from->partitions.count : 0;
    to->id = from->topic_id;
    to->internal = from->is_internal;
    to->partitions = kc_calloc(count + 1, sizeof(*to->partitions));
    to->partition_count = count;
    for (size_t i = 0; i < count; i++) {
        const struct kc_metadata_response_partition *one = &from->partitions.items[i];
        struct kc_partition_info *info = &to->partitions[i];
        *info = (struct kc_partition_info){.partition = one->partition_index,
                                           .leader = one->leader_id,
                                           .leader_epoch = one->leader_epoch,
                                           .error = one->error_code};
        info->replicas =
            copy_ids(one->replica_nodes.items, one->replica_nodes.count, &info->replica_count);
        info->isr = copy_ids(one->isr_nodes.items, one->isr_nodes.count, &info->isr_count);
    }
    qsort(to->partitions, count, sizeof(*to->partitions), by_number);
}

static void take_topic(struct kc_topic_description *to,
                       const struct kc_metadata_response_topic *from)
{
    static const struct kc_wire_str no_message = {NULL, -1};
    kc_admin_answered(&to->error, from->error_code, no_message, "describing topic %s", to->name);
    if (!to->error)
        fill_topic(to, from);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct kc_topic_description *)a)->name,
                  ((const struct kc_topic_description *)b)->name);
}

static void take_all(const struct kc_metadata_response *response,
                     struct kc_topic_descriptions *topics)
{
    topics->items = kc_calloc((size_t)response->topics.count + 1, sizeof(*topics->items));
    for (int32_t i = 0; i < response->topics.count; i++) {
        const struct kc_metadata_response_topic *from = &response->topics.items[i];
        if (from->name.len < 0)
            continue;
        topics->items[topics->count].name = kc_admin_text(from->name);
        take_topic(&topics->items[topics->count++], from);
    }
    qsort(topics->items, topics->count, sizeof(*topics->items), by_name);
}

static int by_response(const void *a, const void *b)
{
    const struct kc_metadata_response_topic *x = *(const struct kc_metadata_response_topic **)a,
                                            *y = *(const struct kc_metadata_response_topic **)b;
    return strcmp(x->name.data, y->name.data);
}

static int is_name(const void *name, const void *topic)
{
    const struct kc_metadata_response_topic *one =
        *(const struct kc_metadata_response_topic **)topic;
    return strcmp(name, one->name.data);
}

/* In the order of names. A topic that the answer leaves out doesn't exist. */
static void take_named(const struct kc_metadata_response *response, const struct kc_strings *names,
                       struct kc_topic_descriptions *topics)
{
    size_t count = 0;
    const struct kc_metadata_response_topic **sorted =
        kc_calloc((size_t)response->topics.count + 1, sizeof(struct kc_metadata_response_topic *));
    for (int32_t i = 0; i < response->topics.count; i++) {
        if (response->topics.items[i].name.len >= 0)
            sorted[count++] = &response->topics.items[i];
    }
    qsort(sorted, count, sizeof(*sorted), by_response);
    topics->items = kc_calloc(names->count + 1, sizeof(*topics->items));
    topics->count = names->count;
    for (size_t i = 0; i < names->count; i++) {
        static const struct kc_metadata_response_topic missing = {
            .error_code = KC_KAFKA_UNKNOWN_TOPIC_OR_PARTITION};
        const struct kc_metadata_response_topic **found =
            bsearch(names->items[i], sorted, count, sizeof(*sorted), is_name);
        topics->items[i].name = kc_strdup(names->items[i]);
        take_topic(&topics->items[i], found ? *found : &missing);
    }
    free(sorted);
}

struct kc_error *kc_admin_describe_topics(struct kc_admin *admin, const struct kc_strings *names,
                                          struct kc_topic_descriptions *topics)
{
    struct kc_wire_admin *wire = NULL;
    struct kc_wire_reply *reply = NULL;
    *topics = (struct kc_topic_descriptions){0};
    if (names && names->count == 0)
        return NULL;
    struct kc_error *err = kc_admin_wire(admin, &wire);
    if (!err)
        err = kc_wire_metadata(wire, names ? (const char *const *)names->items : NULL,
                               names ? names->count : 0, admin->timeout_ms, &reply);
    if (err)
        return err;
    if (names)
        take_named(reply->message, names, topics);
    else
        take_all(reply->message, topics);
    kc_wire_reply_unref(reply);
    return NULL;
}

void kc_topic_descriptions_destroy(struct kc_topic_descriptions *topics)
{
    for (size_t i = 0; i < topics->count; i++) {
        struct kc_topic_description *topic = &topics->items[i];
        for (size_t j = 0; j < topic->partition_count; j++) {
            free(topic->partitions[j].replicas);
            free(topic->partitions[j].isr);
        }
        free(topic->partitions);
        free(topic->name);
        kc_error_destroy(topic->error);
    }
    free(topics->items);
    *topics = (struct kc_topic_descriptions){0};
}
