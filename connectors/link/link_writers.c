/* SPDX-License-Identifier: Apache-2.0 */
/* Who writes several topics as one: see link_writers_priv.h. */
#include "link/link_writers_priv.h"

#include "connect/admin.h"
#include "connect/hash.h"
#include "link/link_live_priv.h"
#include "link/link_view_priv.h"

#include <stdlib.h>
#include <string.h>

/* ---- a list of writers ---- */

void link_writers_add(struct link_writers *writers, const char *name, bool streams,
                      const char *topic)
{
    struct link_writer *writer = NULL;
    for (size_t i = 0; i < writers->count && !writer; i++)
        if (writers->items[i].streams == streams && strcmp(writers->items[i].name, name) == 0)
            writer = &writers->items[i];
    if (!writer) {
        writers->items = kc_realloc(writers->items, (writers->count + 1) * sizeof(*writers->items));
        writer = &writers->items[writers->count++];
        *writer = (struct link_writer){.name = kc_strdup(name), .streams = streams};
    }
    if (!kc_strings_contain(&writer->topics, topic))
        kc_strings_add(&writer->topics, topic);
}

static void clear_writer(struct link_writer *writer)
{
    free(writer->name);
    kc_strings_destroy(&writer->topics);
}

void link_writers_settle(struct link_writers *writers)
{
    size_t kept = 0;
    for (size_t i = 0; i < writers->count; i++) {
        struct link_writer *writer = &writers->items[i];
        if (writer->topics.count < 2) {
            clear_writer(writer);
            continue;
        }
        kc_strings_sort(&writer->topics);
        writers->items[kept++] = *writer;
    }
    writers->count = kept;
}

void link_writers_clear(struct link_writers *writers)
{
    for (size_t i = 0; i < writers->count; i++)
        clear_writer(&writers->items[i]);
    free(writers->items);
    free(writers->unknown);
    *writers = (struct link_writers){0};
}

/* ---- transactional ids ---- */

/* The transactional id of a producer id. */
struct writer_id {
    int64_t producer_id;
    char *name;
    struct kc_strings topics; /* that it wrote, each once */
    UT_hash_handle hh;
};

static void forget_ids(struct writer_id **ids)
{
    struct writer_id *id = NULL, *next = NULL;
    HASH_ITER (hh, *ids, id, next) {
        HASH_DEL(*ids, id);
        kc_strings_destroy(&id->topics);
        free(id->name);
        free(id);
    }
}

static struct kc_error *learn_ids(struct kc_admin *admin, struct writer_id **ids)
{
    struct kc_transactions all = {0};
    struct kc_error *err = kc_admin_list_transactions(admin, NULL, &all);
    for (size_t i = 0; i < all.count && !err; i++) {
        struct writer_id *id = NULL;
        HASH_FIND(hh, *ids, &all.items[i].producer_id, sizeof(int64_t), id);
        if (id || all.items[i].error)
            continue;
        id = kc_calloc(1, sizeof(*id));
        id->producer_id = all.items[i].producer_id;
        id->name = kc_strdup(all.items[i].transactional_id);
        HASH_ADD(hh, *ids, producer_id, sizeof(int64_t), id);
    }
    kc_transactions_destroy(&all);
    return err;
}

/* Partitions of a topic come one after the other. */
static void take_producers(struct writer_id *ids, const struct kc_partition_producers *item)
{
    for (size_t k = 0; k < item->count; k++) {
        struct writer_id *id = NULL;
        HASH_FIND(hh, ids, &item->producers[k].producer_id, sizeof(int64_t), id);
        size_t count = id ? id->topics.count : 0;
        bool known = count && strcmp(id->topics.items[count - 1], item->topic) == 0;
        /* Its marker comes after the answer to its commit: until then the transaction is open. */
        bool wrote = item->producers[k].coordinator_epoch >= 0 ||
                     item->producers[k].current_txn_start_offset >= 0;
        if (id && !known && wrote)
            kc_strings_add(&id->topics, item->topic);
    }
}

static void take_ids(struct link_writers *writers, struct writer_id *ids)
{
    for (const struct writer_id *id = ids; id; id = id->hh.next)
        for (size_t i = 0; id->topics.count > 1 && i < id->topics.count; i++)
            link_writers_add(writers, id->name, false, id->topics.items[i]);
}

static struct kc_error *look_at_producers(struct kc_admin *admin, const struct link_mirror *mirrors,
                                          size_t count, struct writer_id *ids)
{
    size_t room = 1, used = 0;
    for (size_t i = 0; i < count; i++)
        room += mirrors[i].order.partitions > 0 ? (size_t)mirrors[i].order.partitions : 0;
    struct kc_partition_producers *items = kc_calloc(room, sizeof(*items));
    for (size_t i = 0; i < count; i++)
        for (int32_t p = 0; p < mirrors[i].order.partitions; p++)
            items[used++] = (struct kc_partition_producers){.topic = mirrors[i].order.source_topic,
                                                            .partition = p};
    struct kc_error *err = used ? kc_admin_describe_producers(admin, items, used) : NULL;
    for (size_t i = 0; i < used && !err; i++)
        take_producers(ids, &items[i]);
    kc_partition_producers_clear(items, used);
    free(items);
    return err;
}

static void load_transactional(struct link_control *control, const struct link_mirror *mirrors,
                               size_t count, struct link_writers *writers)
{
    struct writer_id *ids = NULL;
    struct kc_admin *admin = link_live_admin(control->live, LINK_SOURCE, &writers->unknown);
    if (!admin)
        return;
    struct kc_error *err = learn_ids(admin, &ids);
    if (!err)
        err = look_at_producers(admin, mirrors, count, ids);
    if (!err)
        take_ids(writers, ids);
    writers->unknown = link_live_failed(control->live, LINK_SOURCE, err);
    forget_ids(&ids);
}

/* ---- applications of Kafka Streams ---- */

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), tail = strlen(end);
    return len >= tail && strcmp(text + len - tail, end) == 0;
}

bool link_is_streams_topic(const char *topic, const char *application)
{
    size_t len = strlen(application);
    return strncmp(topic, application, len) == 0 && topic[len] == '-' &&
           (ends_with(topic + len, "-changelog") || ends_with(topic + len, "-repartition"));
}

/* Adds the topics of one group, if it is such an application. */
static void add_application(struct link_writers *writers, const struct link_mirror *mirrors,
                            size_t count, const char *group,
                            const rd_kafka_topic_partition_list_t *offsets)
{
    bool streams = false;
    for (size_t i = 0; i < count && !streams; i++)
        streams = link_is_streams_topic(mirrors[i].order.source_topic, group);
    for (size_t i = 0; i < count && streams; i++)
        if (link_is_streams_topic(mirrors[i].order.source_topic, group))
            link_writers_add(writers, group, true, mirrors[i].order.source_topic);
    for (int k = 0; streams && offsets && k < offsets->cnt; k++)
        if (offsets->elems[k].offset >= 0)
            link_writers_add(writers, group, true, offsets->elems[k].topic);
}

static struct kc_error *load_applications(struct link_control *control,
                                          const struct link_mirror *mirrors, size_t count,
                                          struct link_writers *writers)
{
    struct kc_group_infos groups = {0};
    struct kc_strings ids = {0};
    char *why = NULL;
    struct kc_admin *admin = link_live_admin(control->live, LINK_SOURCE, &why);
    free(why);
    struct kc_error *err = admin ? kc_admin_groups(admin, &groups) : NULL;
    for (size_t i = 0; i < groups.count && !err; i++)
        for (size_t k = 0; k < count; k++)
            if (link_is_streams_topic(mirrors[k].order.source_topic, groups.items[i].id)) {
                kc_strings_add(&ids, groups.items[i].id);
                break;
            }
    rd_kafka_topic_partition_list_t **offsets =
        kc_calloc(ids.count + 1, sizeof(rd_kafka_topic_partition_list_t *));
    struct kc_error **errors = kc_calloc(ids.count + 1, sizeof(struct kc_error *));
    if (!err && ids.count)
        err = kc_admin_groups_offsets(admin, &ids, offsets, errors);
    for (size_t i = 0; i < ids.count; i++) {
        if (!err)
            add_application(writers, mirrors, count, ids.items[i], offsets[i]);
        kc_error_destroy(errors[i]);
        if (offsets[i])
            rd_kafka_topic_partition_list_destroy(offsets[i]);
    }
    free(offsets);
    free(errors);
    kc_strings_destroy(&ids);
    kc_group_infos_destroy(&groups);
    return err;
}

struct kc_error *link_writers_load(struct link_control *control, const struct link_mirror *mirrors,
                                   size_t count, struct link_writers *writers)
{
    load_transactional(control, mirrors, count, writers);
    struct kc_error *err = load_applications(control, mirrors, count, writers);
    link_writers_settle(writers);
    return err ? kc_error_prefix(err, "The source's groups can't be read") : NULL;
}

/* ---- what a wave mustn't part ---- */

/* The batch that has the topic; -1: none. */
static long batch_of(const struct kc_link_wave *wave, const char *topic)
{
    for (size_t i = 0; i < wave->batch_count; i++)
        if (kc_strings_contain(&wave->batches[i].topics, topic))
            return (long)i;
    return -1;
}

static void block_writer(const struct link_config *config, const struct link_writer *writer,
                         const struct kc_link_wave *wave, struct link_outcome *outcome)
{
    char *first = link_target_topic(config, writer->topics.items[0]);
    long where = batch_of(wave, first);
    for (size_t i = 1; i < writer->topics.count; i++) {
        char *other = link_target_topic(config, writer->topics.items[i]);
        bool together = batch_of(wave, other) == where;
        if (!together)
            link_outcome_block(outcome, writer->streams ? "SPLIT_APPLICATION" : "SPLIT_TRANSACTION",
                               wave->force,
                               "%s %s writes %s and %s as one, so they must move in one batch",
                               writer->streams ? "Streams application" : "Transactional id",
                               writer->name, first, other);
        free(other);
        if (!together)
            break;
    }
    free(first);
}

void link_writers_block(const struct link_config *config, const struct link_writers *writers,
                        const struct kc_link_wave *wave, struct link_outcome *outcome)
{
    for (size_t i = 0; i < writers->count; i++)
        block_writer(config, &writers->items[i], wave, outcome);
    if (writers->unknown)
        link_outcome_block(outcome, "WRITERS_UNKNOWN", true,
                           "The source doesn't tell which topics a transactional id writes (%s). "
                           "See to it yourself that these are in one batch",
                           writers->unknown);
}

struct kc_error *link_writers_check(struct link_control *control, const struct kc_link_wave *wave,
                                    struct link_outcome *outcome)
{
    struct link_mirrors mirrors = {0};
    struct link_writers writers = {0};
    link_mirrors_load(control, NULL, &mirrors);
    struct kc_error *err = link_writers_load(control, mirrors.items, mirrors.count, &writers);
    if (!err)
        link_writers_block(control->config, &writers, wave, outcome);
    link_writers_clear(&writers);
    link_mirrors_clear(&mirrors);
    return err;
}
