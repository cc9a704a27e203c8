/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes mirror topics (link_control_priv.h): has both sides looked at (link_create_look.c),
 * makes the target's topics, writes the orders.
 *
 * Nothing is remembered between the steps but on the clusters: whoever is killed after the topics
 * were made finds them empty, and takes them. A thousand topics take a few requests, because each
 * step asks for many at once.
 */
#include "link/link_back_priv.h"
#include "link/link_create_priv.h"
#include "link/link_index_priv.h"
#include "link/link_settings_priv.h"

#include "connect/admin.h"
#include "connect/log.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.connect.link.KafkaLinkConnector");

#define PUT_MS           30000
#define APPEAR_MS        15000
#define NO_RIGHT         29 /* Kafka's codes: TOPIC_AUTHORIZATION_FAILED */
#define NO_CLUSTER_RIGHT 31
#define EXISTS           36

struct link_outcome *link_create_outcome(struct link_creation *creation,
                                         const struct link_candidate *candidate)
{
    return &creation->outcomes->items[candidate->outcome];
}

bool link_create_goes_on(struct link_creation *creation, const struct link_candidate *candidate)
{
    const struct link_outcome *outcome = link_create_outcome(creation, candidate);
    return !candidate->known && outcome->status == 0 && !link_outcome_blocked(outcome);
}

/* ---- what is known of it ---- */

/* A mirror topic that is there needs nothing. One that was refused is looked at anew. */
static void look_up_order(struct link_creation *creation, struct link_candidate *candidate)
{
    struct link_control *control = creation->control;
    struct link_outcome *outcome = link_create_outcome(creation, candidate);
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

/* ---- making topics ---- */

static void note_refusal(struct link_creation *creation, struct link_candidate *candidate,
                         struct kc_error *error)
{
    struct link_outcome *outcome = link_create_outcome(creation, candidate);
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
    struct kc_new_topic topics[LINK_CREATE_AT_ONCE];
    struct link_candidate *owners[LINK_CREATE_AT_ONCE];
    struct kc_error *errors[LINK_CREATE_AT_ONCE] = {NULL};
    size_t count = 0;
    for (size_t i = 0; i < creation->count; i++) {
        struct link_candidate *candidate = &creation->items[i];
        if (!link_create_goes_on(creation, candidate) || candidate->to)
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
    struct kc_config_alteration items[LINK_CREATE_AT_ONCE];
    struct link_candidate *owners[LINK_CREATE_AT_ONCE];
    struct kc_config_op *ops[LINK_CREATE_AT_ONCE];
    size_t count = 0;
    for (size_t i = 0; i < creation->count; i++) {
        struct link_candidate *candidate = &creation->items[i];
        size_t n = 0;
        if (!link_create_goes_on(creation, candidate) || !candidate->to)
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
            link_outcome_block(link_create_outcome(creation, owners[i]), "TARGET_REFUSES", false,
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
        err = link_create_describe_targets(creation);
        for (size_t i = 0; !err && i < creation->count; i++) {
            struct link_candidate *candidate = &creation->items[i];
            all = all && (!link_create_goes_on(creation, candidate) ||
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
           link_create_outcome(creation, candidate)->status == 409;
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
    struct link_change changes[2 * LINK_CREATE_AT_ONCE];
    size_t count = 0, made = 0, refused = 0;
    for (size_t i = 0; i < creation->count; i++) {
        struct link_candidate *candidate = &creation->items[i];
        struct link_outcome *outcome = link_create_outcome(creation, candidate);
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
    struct kc_error *err = link_create_look_at_source(creation);
    if (!err)
        err = link_create_look_at_settings(creation);
    if (!err)
        err = link_create_look_at_target(creation);
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
        err = link_create_learn_settings(creation);
    for (size_t i = 0; !err && i < source_topics->count; i++) {
        add_candidate(creation, source_topics->items[i]);
        if (creation->count < LINK_CREATE_AT_ONCE && i + 1 < source_topics->count)
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
