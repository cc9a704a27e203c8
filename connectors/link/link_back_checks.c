/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What speaks against a way back (link_back_priv.h): both clusters are asked where their logs
 * begin and end, and the last records before the cut are compared. On the connector's thread.
 */
#include "link/link_back_priv.h"

#include "link/link_verify_priv.h"

#include "connect/admin.h"

#include <stdlib.h>
#include <string.h>

enum {
    UNKNOWN = 3,        /* Kafka's code: UNKNOWN_TOPIC_OR_PARTITION */
    TAIL = 200,         /* offsets before the cut that are compared */
    COMPARE_MS = 20000, /* for all partitions of a topic */
};

/* ---- what the link knows ---- */

static struct kc_error *read_receipt(struct link_control *control, const char *topic,
                                     struct kc_link_receipt *receipt)
{
    json_t *json = link_store_get(control->store, KC_LINK_RECEIPT, topic);
    struct kc_error *err = json
                               ? kc_link_receipt_parse(json, receipt)
                               : kc_error_new(KC_ERR_NOT_FOUND,
                                              "Topic %s has no receipt, so it isn't known where it "
                                              "was cut from the source",
                                              topic);
    json_decref(json);
    return err;
}

static void take_cuts(struct link_back_case *back, const struct kc_link_receipt *receipt)
{
    back->count = (size_t)back->mirror.order.partitions;
    back->partitions = kc_calloc(back->count + 1, sizeof(*back->partitions));
    for (size_t i = 0; i < back->count; i++)
        back->partitions[i] = (struct link_back_partition){-1, -1, -1, -1, -1, false};
    for (size_t i = 0; i < receipt->partition_count; i++) {
        const struct kc_link_receipt_partition *from = &receipt->partitions[i];
        if (from->partition >= 0 && (size_t)from->partition < back->count)
            back->partitions[from->partition].cut = from->target_end;
    }
}

static bool is_fit(const struct link_control *control, const struct link_back_case *back,
                   struct link_outcome *outcome)
{
    const struct kc_link_topic *state = &back->mirror.state;
    if (!kc_link_topic_is_final(state->state))
        link_outcome_block(
            outcome, "NOT_PROMOTED", false,
            "%s is %s. A way back begins at a promotion: promote it, or fail it over", back->topic,
            kc_link_topic_state_name(state->state));
    else if (state->offsets != KC_LINK_PRESERVE)
        link_outcome_block(outcome, "NOT_PRESERVED", false,
                           "The offsets of %s were translated: the two logs have no common offsets "
                           "to go on from. Mirror it back by a link of its own",
                           back->topic);
    else if (strcmp(back->topic, back->mirror.order.source_topic) != 0)
        link_outcome_block(
            outcome, "OTHER_NAME", false,
            "%s is called %s at the source (link.topic.prefix is \"%s\"), and a link "
            "back can't take a prefix away",
            back->topic, back->mirror.order.source_topic, control->config->topic_prefix);
    return !link_outcome_blocked(outcome);
}

static bool load(struct link_control *control, struct link_back_case *back,
                 struct link_outcome *outcome)
{
    struct kc_link_receipt receipt = {0};
    struct kc_error *err =
        link_mirror_load(control->store, control->config->name, back->topic, &back->mirror);
    if (!err && !is_fit(control, back, outcome))
        return false;
    if (!err)
        err = read_receipt(control, back->topic, &receipt);
    if (!err)
        take_cuts(back, &receipt);
    if (err)
        link_outcome_refuse(outcome, kc_error_code(err) == KC_ERR_NOT_FOUND ? 404 : 500, "%s",
                            kc_error_text(err));
    kc_error_destroy(err);
    kc_link_receipt_clear(&receipt);
    return outcome->status == 0;
}

/* ---- what the clusters say ---- */

/* Asks for one kind of offset of all partitions. */
static struct kc_error *ask(const struct link_back_case *back, struct kc_admin *admin,
                            int64_t timestamp, bool committed_only, size_t to)
{
    struct kc_partition_offset *items = kc_calloc(back->count + 1, sizeof(*items));
    for (size_t i = 0; i < back->count; i++)
        items[i] = (struct kc_partition_offset){
            .topic = back->topic, .partition = (int32_t)i, .timestamp = timestamp};
    struct kc_error *err =
        back->count ? kc_admin_list_offsets(admin, items, back->count, committed_only) : NULL;
    for (size_t i = 0; i < back->count; i++) {
        *(int64_t *)((char *)&back->partitions[i] + to) = items[i].offset;
        if (err)
            kc_error_destroy(items[i].error);
        else
            err = items[i].error;
    }
    free(items);
    return err;
}

#define ASK(admin, timestamp, committed_only, field)                                               \
    ask(back, (admin), (timestamp), (committed_only), offsetof(struct link_back_partition, field))

static struct kc_error *ask_offsets(struct link_control *control, struct link_back_case *back)
{
    struct kc_error *err = ASK(control->target, KC_OFFSET_EARLIEST, false, target_begin);
    if (err || back->gone)
        return err;
    err = ASK(control->source, KC_OFFSET_EARLIEST, false, begin);
    if (!err)
        err = ASK(control->source, KC_OFFSET_LATEST, true, stable);
    return err ? err : ASK(control->source, KC_OFFSET_LATEST, false, end);
}

/* One side's topic; *found is false where there is none. */
static struct kc_error *describe(struct kc_admin *admin, const char *topic, bool *found,
                                 struct kc_uuid *id, size_t *partitions)
{
    struct kc_strings names = {0};
    struct kc_topic_descriptions topics = {0};
    kc_strings_add(&names, topic);
    struct kc_error *err = kc_admin_describe_topics(admin, &names, &topics);
    const struct kc_topic_description *item = err ? NULL : &topics.items[0];
    if (item && item->error && kc_error_kafka_code(item->error) != UNKNOWN)
        err = kc_error_copy(item->error);
    *found = item && !err && !item->error;
    if (*found) {
        *id = item->id;
        *partitions = item->partition_count;
    }
    kc_topic_descriptions_destroy(&topics);
    kc_strings_destroy(&names);
    return err;
}

static bool same_partitions(const struct link_back_case *back, const char *side, size_t found,
                            struct link_outcome *outcome)
{
    if (found == back->count)
        return true;
    link_outcome_block(outcome, "PARTITIONS_DIFFER", false,
                       "%s has %zu partitions at the %s, and had %zu when it was promoted. Give "
                       "both sides as many",
                       back->topic, found, side, back->count);
    return false;
}

static struct kc_error *describe_both(struct link_control *control, struct link_back_case *back,
                                      struct link_outcome *outcome)
{
    size_t there = 0, here = 0;
    bool found = false, at_target = false;
    struct kc_uuid ignored;
    struct kc_error *err = describe(control->target, back->topic, &at_target, &ignored, &here);
    if (err)
        return kc_error_prefix(err, "The target cluster can't be asked for %s", back->topic);
    if (!at_target) {
        link_outcome_block(outcome, "TARGET_TOPIC_GONE", false, "%s was deleted on the target",
                           back->topic);
        return NULL;
    }
    err = describe(control->source, back->topic, &found, &back->id, &there);
    if (err)
        return kc_error_prefix(err, "The source cluster can't be asked for %s", back->topic);
    const struct kc_uuid *known = &back->mirror.order.source_id;
    back->gone = !found;
    back->another = found && !kc_uuid_is_zero(known) && !kc_uuid_equal(known, &back->id);
    if (same_partitions(back, "target", here, outcome) && found && !back->another)
        same_partitions(back, "source", there, outcome);
    return NULL;
}

/* ---- the last records before the cut ---- */

static void add_tail(struct link_verify_topic *topic, const struct link_back_partition *partition,
                     int32_t number)
{
    int64_t to = partition->cut < partition->end ? partition->cut : partition->end;
    int64_t from = to - TAIL > 0 ? to - TAIL : 0;
    if (from < partition->begin)
        from = partition->begin;
    if (from < partition->target_begin)
        from = partition->target_begin;
    if (from >= to)
        return;
    struct link_verify_partition *part = link_verify_part(topic, number);
    part->from = from;
    part->to = to;
}

static void take_tail(struct link_back_case *back, const struct link_verify_topic *topic,
                      struct link_outcome *outcome)
{
    bool complete = !topic->error;
    for (size_t i = 0; i < topic->count; i++) {
        const struct link_verify_partition *part = &topic->partitions[i];
        bool differs = part->done && part->pair.kind != LINK_VERIFY_SAME;
        back->partitions[part->partition].differs = differs;
        complete = complete && (part->done || differs) && !part->error;
    }
    if (!complete)
        link_outcome_block(outcome, "NOT_COMPARED", true,
                           "The last records of %s before the cut couldn't be compared in time. "
                           "isthmus verify with the link back compares all of them",
                           back->topic);
}

static struct kc_error *compare_tails(struct link_control *control, struct link_back_case *back,
                                      struct link_outcome *outcome)
{
    struct link_verify verify = {0};
    if (back->gone || back->another)
        return NULL;
    struct link_verify_topic *topic = link_verify_add(&verify, back->topic, back->topic);
    for (size_t i = 0; i < back->count; i++)
        if (back->partitions[i].cut >= 0)
            add_tail(topic, &back->partitions[i], (int32_t)i);
    struct kc_error *err =
        topic->count ? link_verify_run(control->config, &verify, kc_mono_ms() + COMPARE_MS, NULL)
                     : NULL;
    if (!err && topic->count)
        take_tail(back, topic, outcome);
    link_verify_clear(&verify);
    return err;
}

bool link_back_look(struct link_control *control, const char *topic, struct link_back_case *back,
                    struct link_outcome *outcome)
{
    back->topic = topic;
    if (!load(control, back, outcome))
        return false;
    struct kc_error *err = describe_both(control, back, outcome);
    if (!err && !link_outcome_blocked(outcome))
        err = ask_offsets(control, back);
    if (!err && !link_outcome_blocked(outcome))
        err = compare_tails(control, back, outcome);
    if (err)
        link_outcome_block(outcome, "UNREACHABLE", false, "%s. Ask again when it can be reached",
                           kc_error_text(err));
    kc_error_destroy(err);
    return !link_outcome_blocked(outcome);
}

/* ---- judging ---- */

int64_t link_back_common(const struct link_back_case *back, size_t partition)
{
    const struct link_back_partition *one = &back->partitions[partition];
    if (back->gone || back->another || one->differs || one->cut < 0)
        return one->begin;
    return one->cut < one->end ? one->cut : one->end;
}

#define RESTORE                                                                                    \
    "truncate-and-restore makes it anew from the target; its dry run tells what that gives up"

static void check_partition(const struct link_back_case *back, size_t number,
                            struct link_outcome *outcome)
{
    const struct link_back_partition *one = &back->partitions[number];
    const char *topic = back->topic;
    int p = (int)number;
    if (one->cut < 0)
        link_outcome_block(outcome, "NO_CUT", false,
                           "The receipt doesn't say where partition %d of %s was cut. " RESTORE, p,
                           topic);
    else if (one->end > one->cut)
        link_outcome_block(outcome, "SOURCE_HAS_MORE", false,
                           "Partition %d of %s has records at the source that the target never "
                           "got: offsets %lld to %lld. " RESTORE,
                           p, topic, (long long)one->cut, (long long)one->end - 1);
    else if (one->end < one->cut)
        link_outcome_block(outcome, "SOURCE_CUT_SHORT", false,
                           "The source's log of partition %d of %s ends at offset %lld, although "
                           "%lld were copied: its history was cut off. " RESTORE,
                           p, topic, (long long)one->end, (long long)one->cut);
    else if (one->differs)
        link_outcome_block(outcome, "HISTORIES_DIFFER", false,
                           "The last records of partition %d of %s before offset %lld differ on "
                           "the two sides: the source's history was written anew. " RESTORE,
                           p, topic, (long long)one->cut);
    else if (one->stable < one->end)
        link_outcome_block(outcome, "OPEN_TRANSACTION", false,
                           "A transaction is open at the source, at offset %lld of partition %d of "
                           "%s, and its end would be one more record. End it "
                           "(kafka-transactions.sh), and then " RESTORE,
                           (long long)one->stable, p, topic);
    if (one->cut >= 0 && one->target_begin > one->cut)
        link_outcome_block(outcome, "TARGET_STARTS_LATER", false,
                           "The target has deleted records of partition %d of %s that the source "
                           "never got: offsets %lld to %lld. " RESTORE,
                           p, topic, (long long)one->cut, (long long)one->target_begin - 1);
}

void link_back_check(const struct link_back_case *back, struct link_outcome *outcome)
{
    if (back->gone)
        link_outcome_block(outcome, "SOURCE_TOPIC_GONE", false,
                           "%s was deleted at the source. " RESTORE, back->topic);
    else if (back->another)
        link_outcome_block(outcome, "SOURCE_RECREATED", false,
                           "%s was deleted at the source and made again. " RESTORE, back->topic);
    for (size_t i = 0; i < back->count && !back->gone && !back->another; i++)
        check_partition(back, i, outcome);
}

void link_back_clear(struct link_back_case *back)
{
    link_mirror_clear(&back->mirror);
    free(back->partitions);
    *back = (struct link_back_case){0};
}
