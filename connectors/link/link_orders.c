/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Orders for mirror topics: see link_control_priv.h, and link_order_batch_priv.h for the manner.
 * Whoever asks for what is under way already is told so, and nothing is written.
 */
#include "link/link_back_priv.h"
#include "link/link_blockers_priv.h"
#include "link/link_order_batch_priv.h"

#include "connect/admin.h"
#include "connect/log.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.connect.link.Orders");

enum { WRITE_MS = 15000, FORGET_AT_ONCE = 500 };

#define IN(state) (1u << KC_LINK_##state)

/* ---- which wish is for which state ---- */

struct wish_rule {
    const char *done;   /* "promoted", in messages */
    unsigned from;      /* states in which the wish may be asked; 0: whatever may move to a goal */
    unsigned goals;     /* one of them must be allowed to follow */
    unsigned under_way; /* states in which there is nothing to order */
    const char *elsewise; /* what to do in other states; NULL: see remedies */
};

static const struct wish_rule rules[KC_LINK_WISHES] = {
    [KC_LINK_WISH_LINK] = {"resumed", IN(PAUSED) | IN(PROMOTING),
                           IN(PENDING) | IN(ALIGNING) | IN(LINKING),
                           IN(PENDING) | IN(ALIGNING) | IN(LINKING) | IN(SOURCE_UNAVAILABLE), NULL},
    [KC_LINK_WISH_PAUSE] = {"paused", 0, IN(PAUSED), IN(PAUSED), NULL},
    [KC_LINK_WISH_PROMOTE] = {"promoted", 0, IN(PROMOTING), IN(PROMOTING), NULL},
    [KC_LINK_WISH_FAILOVER] = {"failed over", 0, IN(FAILED_OVER), 0, NULL},
    [KC_LINK_WISH_REPAIR] = {"repaired", IN(DIVERGED) | IN(FAILED) | IN(SOURCE_UNAVAILABLE),
                             IN(PENDING) | IN(ALIGNING) | IN(LINKING), 0,
                             "There is nothing to repair"},
};

/* What leads out of a state that a wish isn't for. */
static const char *const remedies[KC_LINK_TOPIC_STATES] = {
    [KC_LINK_PENDING] = "Wait until it is LINKING",
    [KC_LINK_ALIGNING] = "Wait until it is LINKING",
    [KC_LINK_LINKING] = "",
    [KC_LINK_PAUSED] = "Resume it first",
    [KC_LINK_PROMOTING] = "Wait for the promotion; resume takes it back, failover cuts it short",
    [KC_LINK_PROMOTED] = "The link doesn't write to it any more",
    [KC_LINK_FAILED_OVER] = "The link doesn't write to it any more",
    [KC_LINK_SOURCE_UNAVAILABLE] =
        "Wait until the source is back, or fail over to go on with what is copied",
    [KC_LINK_DIVERGED] = "Repair it first, or fail over to go on with what is there",
    [KC_LINK_FAILED] = "Repair it first, or fail over to go on with what is there",
};

static bool may_reach(enum kc_link_topic_state from, const struct wish_rule *rule)
{
    if (rule->from && !(rule->from >> from & 1))
        return false;
    for (int to = 0; to < KC_LINK_TOPIC_STATES; to++)
        if ((rule->goals >> to & 1) && kc_link_topic_may_move(from, (enum kc_link_topic_state)to))
            return true;
    return false;
}

/* Whether the same was asked before and is being done. force is more than was asked. */
static bool is_under_way(const struct link_mirror *mirror, enum kc_link_wish wish,
                         const struct link_request *request)
{
    enum kc_link_topic_state state = link_mirror_effective(mirror);
    bool asked = mirror->order.wish == wish && !mirror->followed && !mirror->order.refusal;
    bool can_be_forced = wish == KC_LINK_WISH_PROMOTE || wish == KC_LINK_WISH_REPAIR;
    bool more = can_be_forced && request->force && !mirror->order.force;
    return (asked || (rules[wish].under_way >> state & 1)) && !more;
}

static void check_state(const struct link_order_batch *batch, const void *of,
                        struct link_outcome *outcome)
{
    const struct link_mirror *mirror = of;
    enum kc_link_wish wish = (enum kc_link_wish)batch->wish;
    const struct wish_rule *rule = &rules[wish];
    enum kc_link_topic_state state = link_mirror_effective(mirror);
    if (is_under_way(mirror, wish, batch->request)) {
        link_order_batch_say_under_way(batch, mirror, outcome);
        return;
    }
    bool more = state == KC_LINK_PROMOTING && wish == KC_LINK_WISH_PROMOTE;
    if (more || may_reach(state, rule))
        return;
    const char *code = state == KC_LINK_PROMOTED      ? "ALREADY_PROMOTED"
                       : state == KC_LINK_FAILED_OVER ? "ALREADY_FAILED_OVER"
                                                      : "WRONG_STATE";
    const char *reason = mirror->state.reason ? mirror->state.reason : "";
    link_outcome_block(outcome, code, false, "%s is %s%s%s%s, it can't be %s. %s", mirror->name,
                       kc_link_topic_state_name(state), *reason ? " (" : "", reason,
                       *reason ? ")" : "", rule->done,
                       rule->elsewise ? rule->elsewise : remedies[state]);
}

/* ---- looking ---- */

void link_look_begin(struct link_look *look, const struct link_mirror *mirrors, size_t count)
{
    *look =
        (struct link_look){.topics = kc_calloc(count + 1, sizeof(*look->topics)), .count = count};
    for (size_t i = 0; i < count; i++)
        look->topics[i] = (struct link_lags){
            .topic = mirrors[i].name,
            .source_topic = mirrors[i].order.source_topic,
            .partitions = mirrors[i].state.partitions > 0 ? mirrors[i].state.partitions
                                                          : mirrors[i].order.partitions,
            .preserve = mirrors[i].order.offsets == KC_LINK_PRESERVE,
            .target_id = mirrors[i].order.target_id,
        };
}

static void block_promotions(const struct link_order_batch *batch, const void *mirrors,
                             struct link_outcome *outcomes, size_t count)
{
    struct link_look look = {0};
    link_block_promotions(batch->control, mirrors, outcomes, count, batch->request, &look);
    link_look_clear(&look);
}

/* ---- the kind of orders ---- */

static struct kc_error *load(struct link_control *control, const char *name, void *mirror)
{
    return link_mirror_load(control->store, control->config->name, name, mirror);
}

static void clear(void *mirror)
{
    link_mirror_clear(mirror);
}

static struct link_order_facts facts_of(const void *of)
{
    const struct link_mirror *mirror = of;
    return (struct link_order_facts){.name = mirror->name,
                                     .state = kc_link_topic_state_name(mirror->state.state),
                                     .wish = kc_link_wish_name(mirror->order.wish),
                                     .epoch = mirror->order.epoch,
                                     .since_ms = mirror->order.since_ms,
                                     .by = mirror->order.by};
}

static const char *done(int wish)
{
    return rules[wish].done;
}

static json_t *renew(const struct link_order_batch *batch, void *mirror)
{
    struct kc_link_topic_order *order = &((struct link_mirror *)mirror)->order;
    bool promotes = batch->wish == KC_LINK_WISH_PROMOTE;
    order->epoch++;
    order->wish = (enum kc_link_wish)batch->wish;
    order->force = batch->request->force;
    order->max_pause_ms = promotes ? batch->request->max_pause_ms : 0;
    order->since_ms = kc_now_ms();
    free(order->by);
    order->by = kc_strdup(batch->request->by);
    return kc_link_topic_order_json(order);
}

static const struct link_order_kind topic_orders = {
    .resource = KC_LINK_TOPIC_ORDER,
    .noun = "topic",
    .what = "",
    .mirror_size = sizeof(struct link_mirror),
    .load = load,
    .clear = clear,
    .facts = facts_of,
    .done = done,
    .check = check_state,
    .block = block_promotions,
    .renew = renew,
};

/* ---- topics that couldn't be made ---- */

/* Tries again to make the topics whose orders were refused. */
static struct kc_error *create_again(const struct link_order_batch *batch)
{
    const struct link_mirror *mirrors = batch->mirrors;
    struct kc_strings names = {0};
    struct link_outcomes again = {0};
    size_t *places = kc_calloc(batch->count + 1, sizeof(*places));
    for (size_t i = 0; i < batch->count; i++) {
        if (batch->outcomes[i].status || !mirrors[i].order.refusal)
            continue;
        places[names.count] = i;
        kc_strings_add(&names, mirrors[i].order.source_topic);
    }
    struct kc_error *err =
        names.count ? link_create_topics(batch->control, &names, batch->request, &again) : NULL;
    for (size_t i = 0; i < again.count && i < names.count && !err; i++) {
        struct link_outcome *place = &batch->outcomes[places[i]];
        struct link_outcome former = *place;
        *place = again.items[i];
        place->given_up = former.given_up;
        former.given_up = NULL;
        again.items[i] = former;
    }
    link_outcomes_clear(&again);
    kc_strings_destroy(&names);
    free(places);
    return err;
}

/* What has records that the source hasn't is made anew, if that is what people want. */
static struct kc_error *unmake(const struct link_order_batch *batch)
{
    struct link_mirror *mirrors = batch->mirrors;
    struct kc_error *err = NULL;
    for (size_t i = 0; i < batch->count && !err; i++)
        if (!batch->outcomes[i].status && !link_outcome_blocked(&batch->outcomes[i]))
            err = link_repair_unmake(batch->control, &mirrors[i], batch->request,
                                     &batch->outcomes[i]);
    return err ? err : create_again(batch);
}

/* ---- all of it ---- */

struct kc_error *link_order_topics(struct link_control *control, const struct kc_strings *topics,
                                   enum kc_link_wish wish, const struct link_request *request,
                                   struct link_outcomes *outcomes)
{
    struct link_order_batch batch = {
        .kind = &topic_orders, .control = control, .request = request, .wish = (int)wish};
    struct kc_error *err = NULL;
    link_order_batch_open(&batch, topics, outcomes);
    if (wish == KC_LINK_WISH_PROMOTE)
        link_order_batch_block(&batch);
    if (wish == KC_LINK_WISH_REPAIR)
        err = unmake(&batch);
    if (!err)
        err = link_order_batch_write(&batch);
    link_order_batch_close(&batch);
    return err;
}

/* ---- the end of a mirroring ---- */

static bool has_settings(const struct link_mirror *mirror)
{
    const struct kc_map *settings = mirror->order.settings;
    return settings && kc_map_size(settings) > 0 && !kc_link_topic_is_final(mirror->state.state);
}

static struct kc_config_alteration settings_of(const struct link_mirror *mirror)
{
    struct kc_config_op *ops = kc_calloc(kc_map_size(mirror->order.settings), sizeof(*ops));
    size_t count = 0;
    kc_map_foreach (mirror->order.settings, entry)
        ops[count++] = (struct kc_config_op){entry->key, entry->value};
    return (struct kc_config_alteration){KC_CONFIG_OF_TOPIC, mirror->name, ops, count, NULL};
}

/* The target's topics get the settings that were held back until the promotion. */
static struct kc_error *give_settings(struct link_control *control,
                                      const struct link_mirror *mirrors, size_t count)
{
    struct kc_config_alteration *items = kc_calloc(count + 1, sizeof(*items));
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        if (has_settings(&mirrors[i]))
            items[n++] = settings_of(&mirrors[i]);
    struct kc_error *err = n ? kc_admin_alter_configs(control->target, items, n, false) : NULL;
    for (size_t i = 0; i < n; i++) {
        bool gone = kc_error_kafka_code(items[i].error) == 3; /* UNKNOWN_TOPIC_OR_PARTITION */
        if (items[i].error && !gone && !err)
            err = kc_error_prefix(kc_error_copy(items[i].error),
                                  "The settings of %s can't be put back", items[i].name);
        kc_error_destroy(items[i].error);
        free((struct kc_config_op *)items[i].ops);
    }
    free(items);
    return err;
}

/* Whether the mirroring may end; otherwise why not. */
static struct kc_error *check_end(struct link_control *control, const struct link_mirror *mirror)
{
    if (link_mirror_effective(mirror) == KC_LINK_PROMOTING)
        return kc_error_new(KC_ERR_CONFLICT,
                            "%s is being promoted, its mirroring can't be ended now. Wait for the "
                            "promotion, or take it back: resume",
                            mirror->name);
    if (!atomic_load(&control->ended) &&
        kc_name_filter_accepts(control->config->topics, mirror->order.source_topic))
        return kc_error_new(KC_ERR_CONFLICT,
                            "%s is mirrored because the link's topics name it or match it, and "
                            "would be mirrored again at once. Take it out of topics, or put it "
                            "into topics.exclude",
                            mirror->order.source_topic);
    return NULL;
}

/* What is damaged can be ended, or nothing would lead out of it, neither here nor at the end of the
 * link. Which settings were held back isn't known then: the target's topic keeps those that it has.
 */
static struct kc_error *load_to_end(struct link_control *control, const char *name,
                                    struct link_mirror *mirror)
{
    struct kc_error *err = link_mirror_load(control->store, control->config->name, name, mirror);
    if (!err)
        return check_end(control, mirror);
    if (kc_error_code(err) != KC_ERR_DATA)
        return err;
    kc_warn("Link %s: the mirroring of topic %s is ended, and its settings on the target stay as "
            "they are, retention among them: %s",
            control->config->name, name, kc_error_text(err));
    kc_error_destroy(err);
    return NULL;
}

/* Topics end together: one request for their settings, and one write. */
static struct kc_error *forget_some(struct link_control *control, char *const *names, size_t count)
{
    struct link_mirror *mirrors = kc_calloc(count, sizeof(*mirrors));
    struct link_change *changes = kc_calloc(2 * count, sizeof(*changes));
    struct kc_error *err = NULL;
    pthread_mutex_lock(&control->ordering);
    for (size_t i = 0; !err && i < count; i++) {
        err = load_to_end(control, names[i], &mirrors[i]);
        changes[2 * i] = (struct link_change){KC_LINK_TOPIC_ORDER, names[i], NULL};
        changes[2 * i + 1] = (struct link_change){KC_LINK_TOPIC, names[i], NULL};
    }
    if (!err)
        err = give_settings(control, mirrors, count);
    if (!err)
        err = link_store_put(control->store, changes, 2 * count, WRITE_MS);
    pthread_mutex_unlock(&control->ordering);
    for (size_t i = 0; i < count; i++) {
        if (!err)
            kc_info("Link %s: the mirroring of topic %s ends; the topic stays",
                    control->config->name, names[i]);
        link_mirror_clear(&mirrors[i]);
    }
    free(changes);
    free(mirrors);
    return err;
}

struct kc_error *link_forget_topics(struct link_control *control, const struct kc_strings *topics)
{
    struct kc_error *err = NULL;
    for (size_t i = 0; !err && i < topics->count; i += FORGET_AT_ONCE) {
        size_t left = topics->count - i;
        err =
            forget_some(control, &topics->items[i], left < FORGET_AT_ONCE ? left : FORGET_AT_ONCE);
    }
    return err;
}

struct kc_error *link_forget_topic(struct link_control *control, const char *topic)
{
    char *name = (char *)topic;
    return forget_some(control, &name, 1);
}
