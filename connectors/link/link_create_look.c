/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks at both sides before mirror topics are made, and says what speaks against each topic: at
 * the source that it isn't there, or can't be read; at the target that something is there already.
 */
#include "link/link_back_priv.h"
#include "link/link_create_priv.h"
#include "link/link_index_priv.h"
#include "link/link_settings_priv.h"

#include "connect/admin.h"

#include <stdlib.h>
#include <string.h>

#define UNKNOWN  3 /* Kafka's codes: UNKNOWN_TOPIC_OR_PARTITION */
#define NO_RIGHT 29

/* ---- the source ---- */

static bool is_internal(const struct kc_topic_description *topic)
{
    static const char *const names[] = {"__consumer_offsets",  "__transaction_state",
                                        "__share_group_state", "__remote_log_metadata",
                                        KC_LINK_STATE_TOPIC,   LINK_INDEX_TOPIC};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(names[i], topic->name) == 0)
            return true;
    return topic->internal;
}

static void check_source(struct link_creation *creation, struct link_candidate *candidate)
{
    struct link_outcome *outcome = link_create_outcome(creation, candidate);
    const struct kc_topic_description *from = candidate->from;
    int code = kc_error_kafka_code(from->error);
    if (code == UNKNOWN)
        link_outcome_refuse(outcome, 404, "The source cluster has no topic %s", candidate->source);
    else if (code == NO_RIGHT)
        link_outcome_block(outcome, "MISSING_RIGHTS", false,
                           "The link's user at the source needs DESCRIBE and READ on topic %s",
                           candidate->source);
    else if (from->error)
        link_outcome_refuse(outcome, 503, "The source cluster says of topic %s: %s",
                            candidate->source, kc_error_text(from->error));
    else if (is_internal(from))
        link_outcome_block(outcome, "INTERNAL_TOPIC", false,
                           "Topic %s is internal to its cluster, and can't be mirrored",
                           candidate->source);
}

static void check_source_settings(struct link_creation *creation, struct link_candidate *candidate)
{
    struct link_outcome *outcome = link_create_outcome(creation, candidate);
    const struct kc_config_entry *unclean =
        link_settings_find(&candidate->settings, "unclean.leader.election.enable");
    if (kc_error_kafka_code(candidate->settings_error) == NO_RIGHT) {
        link_outcome_block(outcome, "MISSING_RIGHTS", false,
                           "The link's user at the source needs DESCRIBE_CONFIGS on topic %s",
                           candidate->source);
        return;
    }
    if (candidate->settings_error) {
        link_outcome_refuse(outcome, 503,
                            "The settings of topic %s at the source can't be read: %s",
                            candidate->source, kc_error_text(candidate->settings_error));
        return;
    }
    if (unclean && unclean->value && strcmp(unclean->value, "true") == 0)
        link_outcome_block(outcome, "UNCLEAN_ELECTION", true,
                           "Topic %s has unclean.leader.election.enable=true at the source: an "
                           "election that loses records there makes the mirror DIVERGED",
                           candidate->source);
    candidate->now = kc_map_new();
    candidate->later = kc_map_new();
    link_settings_plan(creation->control->config->settings, &candidate->settings,
                       &creation->target_settings, candidate->now, candidate->later);
}

struct kc_error *link_create_look_at_settings(struct link_creation *creation)
{
    struct kc_strings names = {0};
    struct kc_config_entries *entries = kc_calloc(LINK_CREATE_AT_ONCE, sizeof(*entries));
    struct kc_error **errors = kc_calloc(LINK_CREATE_AT_ONCE, sizeof(*errors));
    struct kc_error *err = NULL;
    for (size_t i = 0; i < creation->count; i++)
        if (link_create_goes_on(creation, &creation->items[i]))
            kc_strings_add(&names, creation->items[i].source);
    if (names.count > 0)
        err = kc_admin_topic_configs(creation->control->source, &names, entries, errors);
    for (size_t i = 0, n = 0; !err && i < creation->count; i++) {
        struct link_candidate *candidate = &creation->items[i];
        if (!link_create_goes_on(creation, candidate))
            continue;
        candidate->settings = entries[n];
        candidate->settings_error = errors[n++];
        check_source_settings(creation, candidate);
    }
    kc_strings_destroy(&names);
    free(entries);
    free(errors);
    return err;
}

struct kc_error *link_create_look_at_source(struct link_creation *creation)
{
    struct kc_strings names = {0};
    for (size_t i = 0; i < creation->count; i++)
        kc_strings_add(&names, creation->items[i].source);
    struct kc_error *err =
        kc_admin_describe_topics(creation->control->source, &names, &creation->sources);
    kc_strings_destroy(&names);
    for (size_t i = 0; !err && i < creation->count; i++) {
        creation->items[i].from = &creation->sources.items[i];
        if (link_create_goes_on(creation, &creation->items[i]))
            check_source(creation, &creation->items[i]);
    }
    return err ? kc_error_prefix(err, "The source cluster can't be asked for the topics") : NULL;
}

/* ---- the target ---- */

/* Settings of the state topic, which is always there. */
struct kc_error *link_create_learn_settings(struct link_creation *creation)
{
    struct kc_error *err = kc_admin_topic_config(creation->control->target, KC_LINK_STATE_TOPIC,
                                                 &creation->target_settings);
    return err ? kc_error_prefix(err,
                                 "The settings that the target knows can't be read; the "
                                 "link's user needs DESCRIBE_CONFIGS on topic %s",
                                 KC_LINK_STATE_TOPIC)
               : NULL;
}

static void check_target(struct link_creation *creation, struct link_candidate *candidate)
{
    struct link_outcome *outcome = link_create_outcome(creation, candidate);
    const struct kc_topic_description *to = candidate->to;
    int code = kc_error_kafka_code(to->error);
    if (code == UNKNOWN && creation->request->back)
        link_outcome_block(
            outcome, "TARGET_TOPIC_GONE", false,
            "Topic %s, which was to go on as a mirror, isn't on the target any more. "
            "truncate-and-restore makes it anew",
            candidate->target);
    else if (code == UNKNOWN)
        candidate->to = NULL;
    else if (code == NO_RIGHT)
        link_outcome_block(outcome, "MISSING_RIGHTS", false,
                           "The link's user at the target needs CREATE, DESCRIBE, WRITE, "
                           "ALTER_CONFIGS and DELETE (to move the log's start) on topic %s",
                           candidate->target);
    else if (to->error)
        link_outcome_refuse(outcome, 503, "The target cluster says of topic %s: %s",
                            candidate->target, kc_error_text(to->error));
    else if (to->partition_count != candidate->from->partition_count)
        link_outcome_block(outcome, "PARTITIONS_DIFFER", false,
                           "Topic %s exists on the target with %zu partitions; the source has "
                           "%zu. Delete it, and the link makes it again",
                           candidate->target, to->partition_count,
                           candidate->from->partition_count);
}

/* The ends of all partitions of the topics that exist already. */
static size_t list_ends(struct link_creation *creation, struct kc_partition_offset **ends)
{
    size_t count = 0, room = 0;
    *ends = NULL;
    for (size_t i = 0; i < creation->count; i++) {
        struct link_candidate *candidate = &creation->items[i];
        if (!link_create_goes_on(creation, candidate) || !candidate->to)
            continue;
        room += candidate->to->partition_count;
        *ends = kc_realloc(*ends, room * sizeof(**ends));
        for (size_t p = 0; p < candidate->to->partition_count; p++)
            (*ends)[count++] =
                (struct kc_partition_offset){.topic = candidate->target,
                                             .partition = candidate->to->partitions[p].partition,
                                             .timestamp = KC_OFFSET_LATEST};
    }
    return count;
}

/* Of a way back, where the log is to go on. False: it is another log, or ends elsewhere. */
static bool is_place_to_go_on(const struct kc_link_back *back,
                              const struct link_candidate *candidate,
                              const struct kc_partition_offset *end)
{
    size_t p = (size_t)end->partition;
    return kc_uuid_equal(&back->topic_id, &candidate->to->id) && p < back->partition_count &&
           back->partitions[p].offset == end->offset;
}

/* Only a log that has never had a record can get the source's offsets, or one that has them. */
static void check_end(struct link_creation *creation, const struct kc_partition_offset *end)
{
    const struct kc_link_back *back = creation->request->back;
    for (size_t i = 0; i < creation->count; i++) {
        struct link_candidate *candidate = &creation->items[i];
        if (strcmp(candidate->target, end->topic) != 0 || !link_create_goes_on(creation, candidate))
            continue;
        if (end->error)
            link_outcome_refuse(link_create_outcome(creation, candidate), 503,
                                "The end of topic %s on the target can't be read: %s", end->topic,
                                kc_error_text(end->error));
        else if (back && !is_place_to_go_on(back, candidate, end))
            link_outcome_block(link_create_outcome(creation, candidate), "TARGET_HAS_MORE", false,
                               "Partition %d of topic %s ends at offset %lld on the target, which "
                               "isn't where it was cut, or the topic was made again since. "
                               "truncate-and-restore makes it anew; its dry run tells what that "
                               "gives up",
                               (int)end->partition, end->topic, (long long)end->offset);
        else if (!back && end->offset != 0)
            link_outcome_block(link_create_outcome(creation, candidate), "TARGET_NOT_EMPTY", false,
                               "Topic %s exists on the target, and partition %d has, or had, "
                               "records: its end is offset %lld. A mirror topic begins empty: "
                               "delete the topic and create the mirror topic again, or mirror "
                               "under another name with link.topic.prefix",
                               end->topic, (int)end->partition, (long long)end->offset);
    }
}

static struct kc_error *look_at_ends(struct link_creation *creation)
{
    struct kc_partition_offset *ends = NULL;
    size_t count = list_ends(creation, &ends);
    struct kc_error *err =
        count ? kc_admin_list_offsets(creation->control->target, ends, count, false) : NULL;
    for (size_t i = 0; !err && i < count; i++)
        check_end(creation, &ends[i]);
    for (size_t i = 0; i < count; i++)
        kc_error_destroy(ends[i].error);
    free(ends);
    return err;
}

struct kc_error *link_create_describe_targets(struct link_creation *creation)
{
    struct kc_strings names = {0};
    kc_topic_descriptions_destroy(&creation->targets);
    for (size_t i = 0; i < creation->count; i++)
        kc_strings_add(&names, creation->items[i].target);
    struct kc_error *err =
        kc_admin_describe_topics(creation->control->target, &names, &creation->targets);
    kc_strings_destroy(&names);
    for (size_t i = 0; !err && i < creation->count; i++)
        creation->items[i].to = &creation->targets.items[i];
    return err ? kc_error_prefix(err, "The target cluster can't be asked for the topics") : NULL;
}

struct kc_error *link_create_look_at_target(struct link_creation *creation)
{
    struct kc_error *err = link_create_describe_targets(creation);
    for (size_t i = 0; !err && i < creation->count; i++)
        if (link_create_goes_on(creation, &creation->items[i]))
            check_target(creation, &creation->items[i]);
    return err ? err : look_at_ends(creation);
}
