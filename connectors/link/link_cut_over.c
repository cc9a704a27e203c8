/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cuts topics from their source: the end of a promotion or a failover (link_work_priv.h).
 *
 * Many topics are cut together: each step is one request for all of them. The order of the steps is
 * what makes a crash harmless. Until the last one has happened the topic is PROMOTING, and its
 * successor goes through all of them again.
 */
#include "link/link_work_priv.h"

#include "connect/admin.h"
#include "connect/log.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.connect.link.KafkaLinkTask");

#define PUT_MS 30000

static bool goes_on(const struct link_cut *cut)
{
    return !cut->not_quiet && !cut->error;
}

static bool is_failover(const struct link_cut *cut)
{
    return cut->state->state == KC_LINK_FAILED_OVER;
}

/* Takes err. */
static void fail_all(struct link_cut *cuts, size_t count, struct kc_error *err)
{
    for (size_t i = 0; i < count; i++)
        if (goes_on(&cuts[i]))
            cuts[i].error = kc_error_copy(err);
    kc_error_destroy(err);
}

/* ---- the source's end ---- */

static const struct link_copy_partition *copied_partition(const struct link_cut *cut,
                                                          int32_t partition)
{
    for (size_t i = 0; cut->status && i < cut->status->count; i++)
        if (cut->status->partitions[i].partition == partition)
            return &cut->status->partitions[i];
    return NULL;
}

/* Adds the end of each of the cut's partitions under the name. */
static void add_ends(const struct link_cut *cut, const char *topic,
                     struct kc_partition_offset **items, size_t *count)
{
    *items = kc_realloc(*items, (*count + (size_t)cut->order->partitions + 1) * sizeof(**items));
    for (int32_t p = 0; p < cut->order->partitions; p++)
        (*items)[(*count)++] = (struct kc_partition_offset){
            .topic = topic, .partition = p, .timestamp = KC_OFFSET_LATEST};
}

static void free_ends(struct kc_partition_offset *items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        kc_error_destroy(items[i].error);
    free(items);
}

static void note_unread(struct link_cut *cut, const struct kc_partition_offset *end)
{
    if (!cut->error)
        cut->error = kc_error_prefix(kc_error_copy(end->error),
                                     "The end of topic %s at the source can't be read", end->topic);
}

/* False: it is further than what was copied. */
static bool is_reached(const struct link_cut *cut, const struct kc_partition_offset *end)
{
    const struct link_copy_partition *copied = copied_partition(cut, end->partition);
    return !copied || end->offset <= copied->source_high;
}

static void compare_end(struct link_cut *cut, const struct kc_partition_offset *end)
{
    if (end->error)
        note_unread(cut, end);
    else if (!is_reached(cut, end))
        cut->not_quiet = true;
}

/* What only the source's leader has was acknowledged all the same, with acks=1. Brokers from 3.7 on
 * show it to nobody as long as there are fewer replicas in sync than min.insync.replicas. */
static void compare_log_end(struct link_cut *cut, const struct kc_partition_offset *end)
{
    if (end->error)
        note_unread(cut, end);
    else if (goes_on(cut) && !is_reached(cut, end))
        cut->error = kc_error_retriable_new(
            KC_ERR_KAFKA,
            "SOURCE_NOT_REPLICATED: the leader of partition %d of topic %s at the source has "
            "records before offset %lld that aren't on enough replicas, so that they can't be "
            "read. Bring the source's brokers back, or promote with force, which leaves them "
            "behind",
            end->partition, end->topic, (long long)end->offset);
}

static struct kc_error *ask_ends(const struct link_work *work, struct kc_partition_offset *ends,
                                 size_t count)
{
    return kc_admin_list_offsets(work->source, ends, count, false);
}

static struct kc_error *ask_log_ends(const struct link_work *work, struct kc_partition_offset *ends,
                                     size_t count)
{
    return kc_admin_log_ends(work->source, ends, count);
}

static bool is_checked(const struct link_cut *cut)
{
    return goes_on(cut) && !is_failover(cut) && !cut->order->force;
}

typedef struct kc_error *(*ends_asker)(const struct link_work *work,
                                       struct kc_partition_offset *ends, size_t count);
typedef void (*end_comparer)(struct link_cut *cut, const struct kc_partition_offset *end);

static void check_ends(const struct link_work *work, struct link_cut *cuts, size_t count,
                       ends_asker ask, end_comparer compare)
{
    struct kc_partition_offset *ends = NULL;
    size_t end_count = 0, at = 0;
    bool *checked = kc_calloc(count, sizeof(*checked));
    for (size_t i = 0; i < count; i++) {
        checked[i] = is_checked(&cuts[i]);
        if (checked[i])
            add_ends(&cuts[i], cuts[i].order->source_topic, &ends, &end_count);
    }
    struct kc_error *err = end_count ? ask(work, ends, end_count) : NULL;
    for (size_t i = 0; i < count; i++) {
        if (checked[i] && err)
            cuts[i].error = kc_error_prefix(kc_error_copy(err),
                                            "The source's end can't be read; it is tried again");
        for (int32_t p = 0; checked[i] && !err && p < cuts[i].order->partitions; p++)
            compare(&cuts[i], &ends[at++]);
    }
    free_ends(ends, end_count);
    kc_error_destroy(err);
    free(checked);
}

/* Records that came after the end was reached aren't to be left behind unnoticed. */
static void check_source(const struct link_work *work, struct link_cut *cuts, size_t count)
{
    check_ends(work, cuts, count, ask_ends, compare_end);
    check_ends(work, cuts, count, ask_log_ends, compare_log_end);
}

/* ---- producers ---- */

static bool learns(const struct link_work *work, const struct link_cut *cut)
{
    return goes_on(cut) && cut->status && !is_failover(cut) &&
           link_copy_flips_are_young(work->copy, cut->topic);
}

/* A source that can't tell (before Kafka 2.8) keeps no promotion waiting; nor does one that doesn't
 * answer where that was forced. */
static void note_untold(const struct link_work *work, struct link_cut *cut,
                        const struct kc_error *err)
{
    if (!err || cut->error)
        return;
    if (kc_error_retriable(err) && !cut->order->force)
        cut->error = kc_error_prefix(kc_error_copy(err), "The source doesn't tell who writes %s",
                                     cut->order->source_topic);
    else
        kc_warn("Link '%s': topic %s is promoted without what its producers wrote before this task "
                "began: what they send again of that may be doubled. %s",
                work->config->name, cut->topic, kc_error_text(err));
}

/* Of one topic. */
static void take_producers(const struct link_work *work, struct link_cut *cut,
                           const struct kc_error *err, const struct kc_partition_producers *items)
{
    note_untold(work, cut, err);
    for (int32_t p = 0; p < cut->order->partitions; p++)
        note_untold(work, cut, items[p].error);
    link_copy_learn_flips(work->copy, cut->topic, items, (size_t)cut->order->partitions);
}

/* What this task hasn't seen, because its predecessor copied it, the source's leaders know. */
static void learn_producers(const struct link_work *work, struct link_cut *cuts, size_t count)
{
    struct kc_partition_producers *items = NULL;
    size_t used = 0, at = 0;
    for (size_t i = 0; i < count; i++) {
        cuts[i].learns = learns(work, &cuts[i]);
        if (!cuts[i].learns)
            continue;
        items = kc_realloc(items, (used + (size_t)cuts[i].order->partitions + 1) * sizeof(*items));
        for (int32_t p = 0; p < cuts[i].order->partitions; p++)
            items[used++] = (struct kc_partition_producers){.topic = cuts[i].order->source_topic,
                                                            .partition = p};
    }
    struct kc_error *err = used ? kc_admin_describe_producers(work->source, items, used) : NULL;
    for (size_t i = 0; at < used; i++) {
        if (!cuts[i].learns)
            continue;
        take_producers(work, &cuts[i], err, &items[at]);
        at += (size_t)cuts[i].order->partitions;
    }
    kc_error_destroy(err);
    kc_partition_producers_clear(items, used);
    free(items);
}

/* ---- settings ---- */

static struct kc_map *read_settings(const struct link_work *work, const char *topic)
{
    struct kc_link_topic_order order = {0};
    json_t *json = link_store_get(work->store, KC_LINK_TOPIC_ORDER, topic);
    struct kc_error *err = json ? kc_link_topic_order_parse(json, &order) : NULL;
    struct kc_map *settings = json && !err ? order.settings : NULL;
    if (settings)
        order.settings = NULL;
    json_decref(json);
    kc_error_destroy(err);
    kc_link_topic_order_clear(&order);
    return settings;
}

static struct kc_config_op *make_ops(const struct kc_map *settings, size_t *count)
{
    struct kc_config_op *ops = kc_calloc(kc_map_size(settings) + 1, sizeof(*ops));
    kc_map_foreach (settings, entry)
        ops[(*count)++] = (struct kc_config_op){entry->key, entry->value};
    return ops;
}

/* A target that refuses them keeps a promotion waiting; who forces it, or fails over, has no time
 * for that. Takes err. */
static void note_refused(struct link_cut *cut, struct kc_error *err)
{
    if (!err)
        return;
    err = kc_error_prefix(err, "SETTINGS_REFUSED: the target's topic %s can't get its settings",
                          cut->topic);
    if (!is_failover(cut) && !cut->order->force) {
        cut->error = err;
        return;
    }
    kc_warn("%s. It keeps those that it had while it was linked.", kc_error_text(err));
    kc_error_destroy(err);
}

static void put_settings(const struct link_work *work, struct link_cut *cuts, size_t count)
{
    struct kc_config_alteration *items = kc_calloc(count, sizeof(*items));
    struct kc_map **settings = kc_calloc(count, sizeof(*settings));
    struct link_cut **owners = kc_calloc(count, sizeof(*owners));
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        struct kc_map *own = goes_on(&cuts[i]) ? read_settings(work, cuts[i].topic) : NULL;
        if (!own)
            continue;
        settings[n] = own;
        owners[n] = &cuts[i];
        items[n].type = KC_CONFIG_OF_TOPIC;
        items[n].name = cuts[i].topic;
        items[n].ops = make_ops(own, &items[n].op_count);
        n++;
    }
    struct kc_error *err = n ? kc_admin_alter_configs(work->target, items, n, false) : NULL;
    for (size_t i = 0; i < n; i++) {
        note_refused(owners[i], err ? kc_error_copy(err) : items[i].error);
        free((struct kc_config_op *)items[i].ops);
        kc_map_destroy(settings[i]);
    }
    kc_error_destroy(err);
    free(items);
    free(settings);
    free(owners);
}

/* ---- receipts ---- */

/* Where the link's groups stand at the target. */
struct link_group_places {
    struct kc_strings groups;
    rd_kafka_topic_partition_list_t **offsets;
};

static void free_places(struct link_group_places *places)
{
    for (size_t i = 0; places->offsets && i < places->groups.count; i++)
        if (places->offsets[i])
            rd_kafka_topic_partition_list_destroy(places->offsets[i]);
    free(places->offsets);
    kc_strings_destroy(&places->groups);
}

/* A receipt without them is better than a promotion that waits for them. */
static void ask_places(const struct link_work *work, struct link_group_places *places)
{
    link_store_names(work->store, KC_LINK_GROUP, &places->groups);
    size_t count = places->groups.count;
    struct kc_error **errors = kc_calloc(count + 1, sizeof(*errors));
    places->offsets = kc_calloc(count + 1, sizeof(*places->offsets));
    struct kc_error *err =
        count ? kc_admin_groups_offsets(work->target, &places->groups, places->offsets, errors)
              : NULL;
    if (err)
        kc_warn("Link '%s': receipts go without offsets of groups: %s", work->config->name,
                kc_error_text(err));
    for (size_t i = 0; i < count; i++)
        kc_error_destroy(errors[i]);
    kc_error_destroy(err);
    free(errors);
}

static void add_places(struct kc_link_receipt *receipt, const char *topic, const char *group,
                       const rd_kafka_topic_partition_list_t *offsets)
{
    for (int i = 0; offsets && i < offsets->cnt; i++) {
        const rd_kafka_topic_partition_t *place = &offsets->elems[i];
        if (strcmp(place->topic, topic) != 0 || place->offset < 0)
            continue;
        receipt->groups =
            kc_realloc(receipt->groups, (receipt->group_count + 1) * sizeof(*receipt->groups));
        receipt->groups[receipt->group_count++] =
            (struct kc_link_receipt_group){(char *)group, place->partition, place->offset};
    }
}

struct kc_link_receipt_partition link_receipt_of(const struct link_copy_partition *copied,
                                                 int32_t partition, int64_t target_end)
{
    bool all = copied && copied->checked + copied->fillers == copied->written;
    return (struct kc_link_receipt_partition){
        .partition = partition,
        .source_end = copied ? copied->source_end : -1,
        .target_end = target_end,
        .records = copied ? copied->written : 0,
        .checksum = all ? copied->checksum : 0,
    };
}

static json_t *make_receipt(const struct link_cut *cut, const struct kc_partition_offset *ends,
                            const struct link_group_places *places)
{
    size_t count = (size_t)cut->order->partitions;
    struct kc_link_receipt receipt = {
        .source_topic = cut->order->source_topic,
        .state = cut->state->state,
        .epoch = cut->state->epoch,
        .since_ms = cut->state->since_ms,
        .pause_ms = cut->pause_ms,
        .by = cut->order->by,
        .force = cut->order->force,
        .partitions = kc_calloc(count + 1, sizeof(*receipt.partitions)),
        .partition_count = count,
    };
    for (size_t i = 0; i < count; i++) {
        int32_t number = ends[i].partition;
        receipt.partitions[i] = link_receipt_of(copied_partition(cut, number), number,
                                                ends[i].error ? -1 : ends[i].offset);
    }
    for (size_t i = 0; i < places->groups.count; i++)
        add_places(&receipt, cut->topic, places->groups.items[i], places->offsets[i]);
    json_t *json = kc_link_receipt_json(&receipt);
    free(receipt.partitions);
    free(receipt.groups);
    return json;
}

/* ---- writing ---- */

struct link_change_list {
    struct link_change *items;
    size_t count;
    struct kc_strings names; /* that were made for items */
};

static void add_change(struct link_change_list *list, enum kc_link_resource resource,
                       const char *name, json_t *value)
{
    list->items = kc_realloc(list->items, (list->count + 1) * sizeof(*list->items));
    list->items[list->count++] = (struct link_change){resource, name, value};
}

/* tables: of link_copy_flip_table(), or NULL. The epoch is that of the state. */
static void add_flips(struct link_change_list *list, const struct link_cut *cut, json_t *tables)
{
    size_t index;
    json_t *table;
    json_array_foreach (tables, index, table) {
        struct kc_link_flip flip = {0};
        struct kc_error *err = kc_link_flip_parse(table, &flip);
        if (!err) {
            char *name = kc_link_flip_name(cut->topic, flip.partition);
            flip.epoch = cut->state->epoch;
            add_change(list, KC_LINK_FLIP, name, kc_link_flip_json(&flip));
            kc_strings_take(&list->names, name);
        }
        kc_error_destroy(err);
        kc_link_flip_clear(&flip);
    }
}

/* Receipt and flip tables of each stand before its state, which makes them true. */
static struct kc_error *write_all(const struct link_work *work, struct link_cut *cuts, size_t count,
                                  json_t **flips, const struct kc_partition_offset *ends)
{
    struct link_change_list list = {0};
    struct link_group_places places = {0};
    size_t at = 0;
    ask_places(work, &places);
    for (size_t i = 0; i < count; i++) {
        if (goes_on(&cuts[i])) {
            add_change(&list, KC_LINK_RECEIPT, cuts[i].topic,
                       make_receipt(&cuts[i], &ends[at], &places));
            add_flips(&list, &cuts[i], flips[i]);
            add_change(&list, KC_LINK_TOPIC, cuts[i].topic, kc_link_topic_json(cuts[i].state));
        }
        at += (size_t)cuts[i].order->partitions;
    }
    struct kc_error *err =
        list.count ? link_store_put(work->store, list.items, list.count, PUT_MS) : NULL;
    free(list.items);
    kc_strings_destroy(&list.names);
    free_places(&places);
    return err;
}

static void log_cuts(const struct link_work *work, const struct link_cut *cuts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (goes_on(&cuts[i]))
            kc_info("Link '%s': topic %s is %s after %lld ms. The target is the truth now.",
                    work->config->name, cuts[i].topic,
                    kc_link_topic_state_name(cuts[i].state->state), (long long)cuts[i].pause_ms);
}

/* ---- all of it ---- */

static void finish(const struct link_work *work, struct link_cut *cuts, size_t count,
                   json_t **flips)
{
    struct kc_partition_offset *ends = NULL;
    size_t end_count = 0;
    for (size_t i = 0; i < count; i++)
        add_ends(&cuts[i], cuts[i].topic, &ends, &end_count);
    struct kc_error *err =
        end_count ? kc_admin_list_offsets(work->target, ends, end_count, false) : NULL;
    if (!err && !link_lease_holds(work->lease))
        err = kc_error_retriable_new(KC_ERR_FENCED, "The task's lease has ended meanwhile");
    if (!err)
        err = write_all(work, cuts, count, flips, ends);
    free_ends(ends, end_count);
    if (err)
        fail_all(cuts, count, err);
    else
        log_cuts(work, cuts, count);
}

void link_cut_over(const struct link_work *work, struct link_cut *cuts, size_t count)
{
    json_t **flips = kc_calloc(count, sizeof(*flips));
    check_source(work, cuts, count);
    learn_producers(work, cuts, count);
    put_settings(work, cuts, count);
    for (size_t i = 0; i < count; i++) {
        if (!goes_on(&cuts[i]) || !cuts[i].status)
            continue;
        flips[i] = link_copy_flip_table(work->copy, cuts[i].topic);
        link_copy_remove(work->copy, cuts[i].topic);
        cuts[i].ended = true;
    }
    finish(work, cuts, count, flips);
    for (size_t i = 0; i < count; i++)
        json_decref(flips[i]);
    free(flips);
}
