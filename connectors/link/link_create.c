/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes mirror topics (link_control_priv.h): looks at both sides, says what speaks against each,
 * makes the target's topics, writes the orders.
 *
 * Nothing is remembered between the steps but on the clusters: whoever is killed after the topics
 * were made finds them empty, and takes them. A thousand topics take a few requests, because each
 * step asks for many at once.
 */
#include "link/link_back_priv.h"
#include "link/link_control_priv.h"
#include "link/link_index_priv.h"
#include "link/link_settings_priv.h"

#include "connect/admin.h"
#include "connect/log.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.connect.link.KafkaLinkConnector");

#define AT_ONCE          200
#define PUT_MS           30000
#define APPEAR_MS        15000
#define UNKNOWN          3 /* Kafka's codes: UNKNOWN_TOPIC_OR_PARTITION */
#define NO_RIGHT         29
#define NO_CLUSTER_RIGHT 31
#define EXISTS           36

/* A source topic on its way to a mirror topic. */
struct link_candidate {
    const char *source;
    char *target;
    size_t outcome; /* index */
    struct kc_topic_description *from;
    struct kc_topic_description *to; /* NULL: not there yet */
    struct kc_config_entries settings;
    struct kc_error *settings_error;
    struct kc_map *now; /* settings while it is linked */
    struct kc_map *later;
    int64_t epoch;            /* of the order to write */
    bool known;               /* nothing is to be done */
    bool again;               /* it was refused before, and FAILED */
    struct kc_uuid former_id; /* of the target's topic then */
};

struct link_creation {
    struct link_control *control;
    const struct link_request *request;
    struct link_outcomes *outcomes;
    struct link_candidate items[AT_ONCE];
    size_t count;
    struct kc_topic_descriptions sources;
    struct kc_topic_descriptions targets;
    struct kc_config_entries target_settings; /* of a topic, which tell what the target knows */
    struct link_topic_plan *plans;            /* by outcome; NULL: nobody asks */
};

static struct link_outcome *outcome_of(struct link_creation *creation,
                                       const struct link_candidate *candidate)
{
    return &creation->outcomes->items[candidate->outcome];
}

/* Whether it goes on: nothing has been said against it so far. */
static bool goes_on(struct link_creation *creation, const struct link_candidate *candidate)
{
    const struct link_outcome *outcome = outcome_of(creation, candidate);
    return !candidate->known && outcome->status == 0 && !link_outcome_blocked(outcome);
}

/* ---- what is known of it ---- */

/* A mirror topic that is there needs nothing. One that was refused is looked at anew. */
static void look_up_order(struct link_creation *creation, struct link_candidate *candidate)
{
    struct link_control *control = creation->control;
    struct link_outcome *outcome = outcome_of(creation, candidate);
    struct link_mirror former = {0};
    char *other = link_store_other_link(control->store, candidate->target);
    struct kc_error *unknown =
        link_mirror_load(control->store, control->config->name, candidate->target, &former);
    const struct kc_link_topic_order *order = &former.order;
    bool found = !unknown;
    candidate->epoch = found ? order->epoch + 1 : 1;
    candidate->again = found && order->refusal;
    candidate->former_id = order->target_id;
    if (found && !order->refusal && kc_link_topic_is_final(former.state.state)) {
        link_outcome_refuse(outcome, 409,
                            "Topic %s was linked, and is %s: the target's topic is "
                            "the truth now",
                            candidate->target, kc_link_topic_state_name(former.state.state));
        candidate->known = true;
    } else if (found && !order->refusal) {
        link_outcome_refuse(outcome, creation->request->dry_run ? 200 : 202,
                            "Topic %s is a mirror topic of this link already", candidate->target);
        candidate->known = true;
    } else if (other && !creation->request->force)
        link_outcome_block(outcome, "OTHER_LINK", false,
                           "Topic %s is a mirror topic of link '%s'. End that mirroring first "
                           "(DELETE /links/%s/mirrors/%s), or use force if that link is gone",
                           candidate->target, other, other, candidate->target);
    free(other);
    kc_error_destroy(unknown);
    link_mirror_clear(&former);
}

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
    struct link_outcome *outcome = outcome_of(creation, candidate);
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
    struct link_outcome *outcome = outcome_of(creation, candidate);
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

static struct kc_error *look_at_settings(struct link_creation *creation)
{
    struct kc_strings names = {0};
    struct kc_config_entries *entries = kc_calloc(AT_ONCE, sizeof(*entries));
    struct kc_error **errors = kc_calloc(AT_ONCE, sizeof(*errors));
    struct kc_error *err = NULL;
    for (size_t i = 0; i < creation->count; i++)
        if (goes_on(creation, &creation->items[i]))
            kc_strings_add(&names, creation->items[i].source);
    if (names.count > 0)
        err = kc_admin_topic_configs(creation->control->source, &names, entries, errors);
    for (size_t i = 0, n = 0; !err && i < creation->count; i++) {
        struct link_candidate *candidate = &creation->items[i];
        if (!goes_on(creation, candidate))
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

static struct kc_error *look_at_source(struct link_creation *creation)
{
    struct kc_strings names = {0};
    for (size_t i = 0; i < creation->count; i++)
        kc_strings_add(&names, creation->items[i].source);
    struct kc_error *err =
        kc_admin_describe_topics(creation->control->source, &names, &creation->sources);
    kc_strings_destroy(&names);
    for (size_t i = 0; !err && i < creation->count; i++) {
        creation->items[i].from = &creation->sources.items[i];
        if (goes_on(creation, &creation->items[i]))
            check_source(creation, &creation->items[i]);
    }
    return err ? kc_error_prefix(err, "The source cluster can't be asked for the topics") : NULL;
}

/* ---- the target ---- */

/* Settings of the state topic, which is always there. */
static struct kc_error *learn_target_settings(struct link_creation *creation)
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
    struct link_outcome *outcome = outcome_of(creation, candidate);
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
        if (!goes_on(creation, candidate) || !candidate->to)
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
        if (strcmp(candidate->target, end->topic) != 0 || !goes_on(creation, candidate))
            continue;
        if (end->error)
            link_outcome_refuse(outcome_of(creation, candidate), 503,
                                "The end of topic %s on the target can't be read: %s", end->topic,
                                kc_error_text(end->error));
        else if (back && !is_place_to_go_on(back, candidate, end))
            link_outcome_block(outcome_of(creation, candidate), "TARGET_HAS_MORE", false,
                               "Partition %d of topic %s ends at offset %lld on the target, which "
                               "isn't where it was cut, or the topic was made again since. "
                               "truncate-and-restore makes it anew; its dry run tells what that "
                               "gives up",
                               (int)end->partition, end->topic, (long long)end->offset);
        else if (!back && end->offset != 0)
            link_outcome_block(outcome_of(creation, candidate), "TARGET_NOT_EMPTY", false,
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

static struct kc_error *describe_targets(struct link_creation *creation)
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

static struct kc_error *look_at_target(struct link_creation *creation)
{
    struct kc_error *err = describe_targets(creation);
    for (size_t i = 0; !err && i < creation->count; i++)
        if (goes_on(creation, &creation->items[i]))
            check_target(creation, &creation->items[i]);
    return err ? err : look_at_ends(creation);
}

/* ---- making topics ---- */

static void note_refusal(struct link_creation *creation, struct link_candidate *candidate,
                         struct kc_error *error)
{
    struct link_outcome *outcome = outcome_of(creation, candidate);
    int code = kc_error_kafka_code(error);
    if (code == NO_RIGHT || code == NO_CLUSTER_RIGHT)
        link_outcome_block(outcome, "MISSING_RIGHTS", false,
                           "The link's user at the target may not make topic %s: it needs CREATE "
                           "on the topic or the cluster, and ALTER_CONFIGS",
                           candidate->target);
    else if (error && code != EXISTS)
        link_outcome_block(outcome, "TARGET_REFUSES", false, "The target doesn't make topic %s: %s",
                           candidate->target, kc_error_text(error));
    kc_error_destroy(error);
}

static struct kc_error *make_topics(struct link_creation *creation)
{
    struct kc_new_topic topics[AT_ONCE];
    struct link_candidate *owners[AT_ONCE];
    struct kc_error *errors[AT_ONCE] = {NULL};
    size_t count = 0;
    for (size_t i = 0; i < creation->count; i++) {
        struct link_candidate *candidate = &creation->items[i];
        if (!goes_on(creation, candidate) || candidate->to)
            continue;
        owners[count] = candidate;
        topics[count++] =
            (struct kc_new_topic){.name = candidate->target,
                                  .partitions = (int32_t)candidate->from->partition_count,
                                  .replication_factor = (int16_t)kc_config_long(
                                      creation->control->config->values, "replication.factor"),
                                  .config = candidate->now};
    }
    struct kc_error *err =
        count ? kc_admin_create_topics(creation->control->target, topics, count, errors) : NULL;
    for (size_t i = 0; i < count; i++)
        note_refusal(creation, owners[i], errors[i]);
    return err ? kc_error_prefix(err, "The mirror topics can't be made") : NULL;
}

/* Gives a topic that existed already, or was made by somebody in between, the settings. */
static struct kc_error *set_settings(struct link_creation *creation)
{
    struct kc_config_alteration items[AT_ONCE];
    struct link_candidate *owners[AT_ONCE];
    struct kc_config_op *ops[AT_ONCE];
    size_t count = 0;
    for (size_t i = 0; i < creation->count; i++) {
        struct link_candidate *candidate = &creation->items[i];
        size_t n = 0;
        if (!goes_on(creation, candidate) || !candidate->to)
            continue;
        ops[count] = kc_calloc(kc_map_size(candidate->now) + 1, sizeof(**ops));
        kc_map_foreach (candidate->now, entry)
            ops[count][n++] = (struct kc_config_op){entry->key, entry->value};
        owners[count] = candidate;
        items[count] = (struct kc_config_alteration){KC_CONFIG_OF_TOPIC, candidate->target,
                                                     ops[count], n, NULL};
        count++;
    }
    struct kc_error *err =
        count ? kc_admin_alter_configs(creation->control->target, items, count, false) : NULL;
    for (size_t i = 0; i < count; i++) {
        if (!err && items[i].error)
            link_outcome_block(outcome_of(creation, owners[i]), "TARGET_REFUSES", false,
                               "The settings of topic %s on the target can't be changed (the "
                               "link's user needs ALTER_CONFIGS): %s",
                               owners[i]->target, kc_error_text(items[i].error));
        kc_error_destroy(items[i].error);
        free(ops[i]);
    }
    return err;
}

/* All brokers know a new topic some time later. */
static struct kc_error *await_topics(struct link_creation *creation)
{
    int64_t until = kc_mono_ms() + APPEAR_MS;
    struct kc_stop *pause = kc_stop_new();
    struct kc_error *err = NULL;
    for (;;) {
        bool all = true;
        err = describe_targets(creation);
        for (size_t i = 0; !err && i < creation->count; i++) {
            struct link_candidate *candidate = &creation->items[i];
            all = all && (!goes_on(creation, candidate) ||
                          (!candidate->to->error &&
                           candidate->to->partition_count == candidate->from->partition_count));
        }
        if (err || all || kc_mono_ms() >= until)
            break;
        kc_stop_wait_until(pause, kc_mono_ms() + 50);
    }
    kc_stop_destroy(pause);
    return err;
}

/* ---- orders ---- */

static json_t *make_order(struct link_creation *creation, const struct link_candidate *candidate,
                          const char *refusal)
{
    const struct link_config *config = creation->control->config;
    struct kc_link_topic_order order = {
        .epoch = candidate->epoch,
        .source_topic = (char *)candidate->source,
        .partitions = candidate->from ? (int32_t)candidate->from->partition_count : 0,
        .offsets = config->offsets,
        .gaps = config->gaps,
        .start = config->start,
        .compacted = link_settings_compacted(&candidate->settings),
        .wish = candidate->again ? KC_LINK_WISH_REPAIR : KC_LINK_WISH_LINK,
        .by = (char *)creation->request->by,
        .since_ms = kc_now_ms(),
        .refusal = (char *)refusal,
        .settings = candidate->later,
    };
    if (candidate->from)
        order.source_id = candidate->from->id;
    if (candidate->to)
        order.target_id = candidate->to->id;
    return kc_link_topic_order_json(&order);
}

/* A topic that nobody asked for over REST has nobody who reads an answer: its order says why. */
static bool is_told_by_order(struct link_creation *creation, const struct link_candidate *candidate)
{
    const struct link_request *request = creation->request;
    bool unseen = strcmp(request->by, "pattern") == 0 || strcmp(request->by, "back") == 0;
    return unseen && !request->dry_run && !candidate->known &&
           outcome_of(creation, candidate)->status == 409;
}

/* The state that stands beside a new order: of a log that is there already, or none where the topic
 * isn't the one that the former state is about. Returns how many changes. */
static size_t first_state(struct link_creation *creation, const struct link_candidate *candidate,
                          struct link_change *change)
{
    const struct kc_link_back *back = creation->request->back;
    bool anew = candidate->again && !kc_uuid_equal(&candidate->former_id, &candidate->to->id);
    if (!back && !anew)
        return 0;
    *change = (struct link_change){
        KC_LINK_TOPIC, candidate->target,
        back ? link_back_first_state(creation->control, candidate->target, back) : NULL};
    return 1;
}

static struct kc_error *write_orders(struct link_creation *creation)
{
    struct link_change changes[2 * AT_ONCE];
    size_t count = 0, made = 0, refused = 0;
    for (size_t i = 0; i < creation->count; i++) {
        struct link_candidate *candidate = &creation->items[i];
        struct link_outcome *outcome = outcome_of(creation, candidate);
        bool write = !candidate->known && link_outcome_settle(outcome, creation->request);
        bool refuse = is_told_by_order(creation, candidate);
        if (write)
            count += first_state(creation, candidate, &changes[count]);
        if (write || refuse)
            changes[count++] = (struct link_change){
                KC_LINK_TOPIC_ORDER, candidate->target,
                make_order(creation, candidate, refuse ? outcome->message : NULL)};
        made += write;
        refused += refuse;
    }
    struct kc_error *err =
        count ? link_store_put(creation->control->store, changes, count, PUT_MS) : NULL;
    if (!err && made > 0)
        kc_info("Link '%s': %zu more mirror topics.", creation->control->config->name, made);
    if (!err && refused > 0)
        kc_warn("Link '%s': %zu topics that match can't be mirrored; their states say why.",
                creation->control->config->name, refused);
    return err;
}

/* ---- a request ---- */

static void add_candidate(struct link_creation *creation, const char *source)
{
    struct link_candidate *candidate = &creation->items[creation->count++];
    *candidate = (struct link_candidate){
        .source = source,
        .target = link_target_topic(creation->control->config, source),
        .outcome = creation->outcomes->count,
    };
    link_outcomes_add(creation->outcomes, candidate->target);
    look_up_order(creation, candidate);
}

static void keep_plan(struct link_candidate *candidate, struct link_topic_plan *plan)
{
    const struct kc_topic_description *from = candidate->from, *to = candidate->to;
    *plan = (struct link_topic_plan){
        .partitions = from && !from->error ? (int32_t)from->partition_count : 0,
        .exists = to && !to->error,
        .compacted = link_settings_compacted(&candidate->settings),
        .now = candidate->now,
        .later = candidate->later,
    };
    candidate->now = candidate->later = NULL;
}

static void reset(struct link_creation *creation)
{
    for (size_t i = 0; i < creation->count; i++) {
        struct link_candidate *candidate = &creation->items[i];
        if (creation->plans)
            keep_plan(candidate, &creation->plans[candidate->outcome]);
        free(candidate->target);
        kc_map_destroy(candidate->now);
        kc_map_destroy(candidate->later);
        kc_config_entries_destroy(&candidate->settings);
        kc_error_destroy(candidate->settings_error);
    }
    creation->count = 0;
    kc_topic_descriptions_destroy(&creation->sources);
    kc_topic_descriptions_destroy(&creation->targets);
}

static struct kc_error *create_some(struct link_creation *creation)
{
    struct kc_error *err = look_at_source(creation);
    if (!err)
        err = look_at_settings(creation);
    if (!err)
        err = look_at_target(creation);
    if (!err && !creation->request->dry_run)
        err = set_settings(creation);
    if (!err && !creation->request->dry_run)
        err = make_topics(creation);
    if (!err && !creation->request->dry_run)
        err = await_topics(creation);
    return err ? err : write_orders(creation);
}

static struct kc_error *run(const struct link_creation *what,
                            const struct kc_strings *source_topics)
{
    struct link_control *control = what->control;
    struct link_creation *creation = kc_calloc(1, sizeof(*creation));
    *creation = *what;
    pthread_mutex_lock(&control->ordering);
    struct kc_error *err = link_check_open(control);
    if (!err)
        err = learn_target_settings(creation);
    for (size_t i = 0; !err && i < source_topics->count; i++) {
        add_candidate(creation, source_topics->items[i]);
        if (creation->count < AT_ONCE && i + 1 < source_topics->count)
            continue;
        err = create_some(creation);
        reset(creation);
    }
    pthread_mutex_unlock(&control->ordering);
    reset(creation);
    kc_config_entries_destroy(&creation->target_settings);
    free(creation);
    return err ? kc_error_prefix(err, "Link '%s'", control->config->name) : NULL;
}

struct kc_error *link_create_topics(struct link_control *control,
                                    const struct kc_strings *source_topics,
                                    const struct link_request *request,
                                    struct link_outcomes *outcomes)
{
    const struct link_creation what = {
        .control = control, .request = request, .outcomes = outcomes};
    return run(&what, source_topics);
}

struct kc_error *link_plan_topics(struct link_control *control,
                                  const struct kc_strings *source_topics,
                                  struct link_outcomes *outcomes, struct link_topic_plan *plans)
{
    const struct link_request request = {.by = "rest", .dry_run = true};
    const struct link_creation what = {
        .control = control, .request = &request, .outcomes = outcomes, .plans = plans};
    return run(&what, source_topics);
}
