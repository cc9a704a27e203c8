/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a link does by itself (link_control_priv.h): takes up topics and groups that match, adds
 * partitions, notices source topics that were made again, keeps settings alike, brings ACLs over,
 * moves waves on.
 *
 * A thread of its own runs the jobs one after the other. An error is logged, and the job runs again
 * at its next time.
 */
#include "link/link_acls_priv.h"
#include "link/link_back_priv.h"
#include "link/link_control_priv.h"
#include "link/link_parts_priv.h"
#include "link/link_settings_priv.h"
#include "link/link_wave_priv.h"

#include "connect/admin.h"
#include "connect/hash.h"
#include "connect/log.h"
#include "connect/timed_jobs.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.connect.link.KafkaLinkConnector");

#define AT_ONCE     100
#define PUT_MS      30000
#define WAVES_MS    1000
#define ACLS_MS     1000
#define BACK_MS     1000
#define STATE_MS    1000
#define HAS_ALREADY 37 /* INVALID_PARTITIONS */

/* A source topic as it was when its mirror topic was last found to be like it. */
struct link_followed_topic {
    char *name;
    struct kc_uuid id;
    size_t partitions;
    UT_hash_handle hh;
};

struct link_watch {
    struct link_control *control;
    struct kc_stop *stop;
    struct kc_timed_jobs *jobs;
    struct link_followed_topic *followed;
    struct link_acl_keeper *acls;
    struct link_back_follower *back; /* NULL: the link is no way back */
};

/* ---- what is ordered ---- */

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* names is sorted. */
static bool is_among(const struct kc_strings *names, const char *name)
{
    return names->count > 0 &&
           bsearch(&name, names->items, names->count, sizeof(*names->items), compare_names);
}

/* A topic's order, if the link still works for the topic: it wasn't refused, it isn't promoted, and
 * nobody is about to. */
static bool read_live_order(struct link_control *control, const char *topic,
                            struct kc_link_topic_order *order)
{
    struct kc_link_topic state = {0};
    json_t *json = link_store_get(control->store, KC_LINK_TOPIC_ORDER, topic);
    json_t *state_json = link_store_get(control->store, KC_LINK_TOPIC, topic);
    struct kc_error *err =
        json ? kc_link_topic_order_parse(json, order) : kc_error_new(KC_ERR_NOT_FOUND, "none");
    if (!err && state_json)
        err = kc_link_topic_parse(state_json, &state);
    bool live = !err && !order->refusal && order->wish != KC_LINK_WISH_PROMOTE &&
                order->wish != KC_LINK_WISH_FAILOVER &&
                !(state_json && kc_link_topic_is_final(state.state));
    kc_error_destroy(err);
    json_decref(json);
    json_decref(state_json);
    kc_link_topic_clear(&state);
    if (!live) {
        kc_link_topic_order_clear(order);
        *order = (struct kc_link_topic_order){0};
    }
    return live;
}

/* A changed order takes effect as a new one. */
static struct kc_error *write_order(struct link_control *control, const char *topic,
                                    struct kc_link_topic_order *order)
{
    order->epoch++;
    struct link_change change = {KC_LINK_TOPIC_ORDER, topic, kc_link_topic_order_json(order)};
    return link_store_put(control->store, &change, 1, PUT_MS);
}

/* ---- new topics ---- */

static void log_outcomes(const struct link_control *control, const struct link_outcomes *outcomes)
{
    for (size_t i = 0; i < outcomes->count; i++) {
        const struct link_outcome *outcome = &outcomes->items[i];
        if (outcome->status >= 400)
            kc_warn("Link '%s': %s isn't mirrored: %s", control->config->name, outcome->name,
                    outcome->message ? outcome->message : "");
        for (size_t b = 0; b < outcome->blocker_count; b++)
            if (outcome->blockers[b].warning)
                kc_warn("Link '%s': %s", control->config->name, outcome->blockers[b].message);
    }
}

static struct kc_error *
take_up(struct link_control *control, const struct kc_strings *names,
        struct kc_error *(*create)(struct link_control *, const struct kc_strings *,
                                   const struct link_request *, struct link_outcomes *))
{
    const struct link_request request = {.by = "pattern"};
    struct link_outcomes outcomes = {0};
    struct kc_error *err = names->count ? create(control, names, &request, &outcomes) : NULL;
    log_outcomes(control, &outcomes);
    link_outcomes_clear(&outcomes);
    return err;
}

static struct kc_error *take_up_topics(struct link_control *control,
                                       const struct kc_topic_descriptions *all,
                                       const struct kc_strings *ordered)
{
    struct kc_strings fresh = {0};
    for (size_t i = 0; i < all->count; i++) {
        const struct kc_topic_description *topic = &all->items[i];
        if (topic->error || topic->internal ||
            !kc_name_filter_accepts(control->config->topics, topic->name))
            continue;
        char *target = link_target_topic(control->config, topic->name);
        if (!is_among(ordered, target))
            kc_strings_add(&fresh, topic->name);
        free(target);
    }
    struct kc_error *err = take_up(control, &fresh, link_create_topics);
    kc_strings_destroy(&fresh);
    return err;
}

static struct kc_error *take_up_groups(struct link_control *control)
{
    struct kc_group_infos groups = {0};
    struct kc_strings ordered = {0}, fresh = {0};
    if (kc_config_list(control->config->values, "groups")->count == 0)
        return NULL;
    struct kc_error *err = kc_admin_groups(control->source, &groups);
    link_store_names(control->store, KC_LINK_GROUP_ORDER, &ordered);
    for (size_t i = 0; !err && i < groups.count; i++) {
        char *target = link_target_group(control->config, groups.items[i].id);
        if (kc_name_filter_accepts(control->config->groups, groups.items[i].id) &&
            !is_among(&ordered, target))
            kc_strings_add(&fresh, groups.items[i].id);
        free(target);
    }
    if (!err)
        err = take_up(control, &fresh, link_create_groups);
    kc_strings_destroy(&ordered);
    kc_strings_destroy(&fresh);
    kc_group_infos_destroy(&groups);
    return err;
}

/* ---- topics that changed at the source ---- */

static struct kc_error *grow(struct link_control *control, const char *topic,
                             struct kc_link_topic_order *order, int32_t partitions)
{
    struct kc_error *err = kc_admin_create_partitions(control->target, topic, partitions);
    if (kc_error_kafka_code(err) == HAS_ALREADY)
        kc_error_clear(&err); /* a former try has made them */
    if (err)
        return kc_error_prefix(err,
                               "Topic %s on the target can't get %d partitions (the link's "
                               "user needs ALTER)",
                               topic, (int)partitions);
    kc_info("Link '%s': topic %s has %d partitions now, as at the source.", control->config->name,
            topic, (int)partitions);
    order->partitions = partitions;
    return write_order(control, topic, order);
}

static struct kc_error *refuse_recreated(struct link_control *control, const char *topic,
                                         struct kc_link_topic_order *order)
{
    order->refusal = kc_asprintf(
        "SOURCE_RECREATED: topic %s was deleted at the source and made again, so the target has "
        "records that the source doesn't know. Fail over to keep the target as it is. A repair by "
        "force makes topic %s anew on the target; its dry run tells what that gives up",
        order->source_topic, topic);
    kc_log_error("Link '%s': %s", control->config->name, order->refusal);
    return write_order(control, topic, order);
}

/* *live: false: the link doesn't work for the topic now, and looks again later. */
static struct kc_error *follow_topic(struct link_control *control, const char *topic,
                                     const struct kc_topic_description *source, bool *live)
{
    struct kc_link_topic_order order = {0};
    struct kc_error *err = NULL;
    pthread_mutex_lock(&control->ordering);
    *live = read_live_order(control, topic, &order);
    if (*live) {
        bool known = !kc_uuid_is_zero(&order.source_id) && !kc_uuid_is_zero(&source->id);
        if (known && !kc_uuid_equal(&order.source_id, &source->id))
            err = refuse_recreated(control, topic, &order);
        else if ((int32_t)source->partition_count > order.partitions &&
                 link_part_is_paused(control->store, LINK_PART_TOPICS))
            *live = false;
        else if ((int32_t)source->partition_count > order.partitions)
            err = grow(control, topic, &order, (int32_t)source->partition_count);
    }
    pthread_mutex_unlock(&control->ordering);
    kc_link_topic_order_clear(&order);
    return err;
}

/* Whether nothing has changed at the source since the topic was last followed. */
static bool is_followed(struct link_watch *watch, const struct kc_topic_description *source)
{
    struct link_followed_topic *topic = NULL;
    HASH_FIND_STR(watch->followed, source->name, topic);
    return topic && topic->partitions == source->partition_count &&
           kc_uuid_equal(&topic->id, &source->id);
}

static void note_followed(struct link_watch *watch, const struct kc_topic_description *source)
{
    struct link_followed_topic *topic = NULL;
    HASH_FIND_STR(watch->followed, source->name, topic);
    if (!topic) {
        topic = kc_calloc(1, sizeof(*topic));
        topic->name = kc_strdup(source->name);
        HASH_ADD_KEYPTR(hh, watch->followed, topic->name, strlen(topic->name), topic);
    }
    topic->id = source->id;
    topic->partitions = source->partition_count;
}

static void forget_followed(struct link_watch *watch)
{
    struct link_followed_topic *topic, *next;
    HASH_ITER (hh, watch->followed, topic, next) {
        HASH_DEL(watch->followed, topic);
        free(topic->name);
        free(topic);
    }
}

static struct kc_error *follow_topics(struct link_watch *watch,
                                      const struct kc_topic_descriptions *all,
                                      const struct kc_strings *ordered)
{
    struct kc_error *err = NULL;
    for (size_t i = 0; !err && i < all->count; i++) {
        if (all->items[i].error || is_followed(watch, &all->items[i]))
            continue;
        char *target = link_target_topic(watch->control->config, all->items[i].name);
        bool live = false;
        if (is_among(ordered, target))
            err = follow_topic(watch->control, target, &all->items[i], &live);
        if (!err && live)
            note_followed(watch, &all->items[i]);
        free(target);
    }
    return err;
}

/* Of all topics where some may match, else of those that are mirrored. */
static struct kc_error *describe_source(struct link_control *control,
                                        const struct kc_strings *ordered,
                                        struct kc_topic_descriptions *topics)
{
    struct kc_strings names = {0};
    bool all = kc_config_list(control->config->values, "topics")->count > 0;
    for (size_t i = 0; !all && i < ordered->count; i++) {
        char *name = link_source_topic(control->config, ordered->items[i]);
        if (name)
            kc_strings_take(&names, name);
    }
    struct kc_error *err =
        all || names.count > 0
            ? kc_admin_describe_topics(control->source, all ? NULL : &names, topics)
            : NULL;
    kc_strings_destroy(&names);
    return err;
}

static struct kc_error *look_at_source(struct link_watch *watch)
{
    struct link_control *control = watch->control;
    struct kc_topic_descriptions topics = {0};
    struct kc_strings ordered = {0};
    link_store_names(control->store, KC_LINK_TOPIC_ORDER, &ordered);
    struct kc_error *err = describe_source(control, &ordered, &topics);
    if (!err)
        err = follow_topics(watch, &topics, &ordered);
    if (!err && !link_part_is_paused(control->store, LINK_PART_TOPICS))
        err = take_up_topics(control, &topics, &ordered);
    if (!err && !link_part_is_paused(control->store, LINK_PART_GROUPS))
        err = take_up_groups(control);
    kc_topic_descriptions_destroy(&topics);
    kc_strings_destroy(&ordered);
    return err;
}

/* ---- settings ---- */

/* Topics whose settings are compared together. */
struct link_settings_slice {
    struct link_control *control;
    struct kc_strings sources;
    struct kc_strings targets;
    struct kc_link_topic_order orders[AT_ONCE];
    struct kc_config_entries now[2][AT_ONCE]; /* by side */
    struct kc_error *errors[2][AT_ONCE];
};

static struct kc_error *alter(struct link_settings_slice *slice, size_t i, const struct kc_map *now)
{
    const struct kc_config_entries *target = &slice->now[LINK_TARGET][i];
    const char *topic = slice->targets.items[i];
    struct kc_config_op *ops = kc_calloc(kc_map_size(now) + target->count + 1, sizeof(*ops));
    size_t count = link_settings_ops(slice->control->config->settings, now, target, ops);
    struct kc_error *err =
        count ? kc_admin_alter_topic_config(slice->control->target, topic, ops, count) : NULL;
    if (!err && count > 0)
        kc_info("Link '%s': %zu settings of topic %s were brought over, %s among them.",
                slice->control->config->name, count, topic, ops[0].name);
    free(ops);
    return err ? kc_error_prefix(err, "The settings of topic %s can't be changed on the target",
                                 topic)
               : NULL;
}

static struct kc_error *compare_topic(struct link_settings_slice *slice, size_t i)
{
    struct kc_link_topic_order *order = &slice->orders[i];
    if (slice->errors[LINK_SOURCE][i] || slice->errors[LINK_TARGET][i])
        return NULL; /* a topic that is gone, or forbidden: others tell of it */
    struct kc_map *now = kc_map_new(), *later = kc_map_new();
    link_settings_plan(slice->control->config->settings, &slice->now[LINK_SOURCE][i],
                       &slice->now[LINK_TARGET][i], now, later);
    struct kc_error *err = alter(slice, i, now);
    if (!err && (!order->settings || !kc_map_equal(order->settings, later))) {
        kc_map_destroy(order->settings);
        order->settings = later;
        later = NULL;
        err = write_order(slice->control, slice->targets.items[i], order);
    }
    kc_map_destroy(now);
    kc_map_destroy(later);
    return err;
}

static void reset_slice(struct link_settings_slice *slice)
{
    for (size_t i = 0; i < slice->targets.count; i++) {
        kc_link_topic_order_clear(&slice->orders[i]);
        slice->orders[i] = (struct kc_link_topic_order){0};
        for (int side = 0; side < 2; side++) {
            kc_config_entries_destroy(&slice->now[side][i]);
            slice->now[side][i] = (struct kc_config_entries){0};
            kc_error_clear(&slice->errors[side][i]);
        }
    }
    kc_strings_destroy(&slice->sources);
    kc_strings_destroy(&slice->targets);
}

/* The source may take long to answer: nobody has to wait for that to write an order. */
static struct kc_error *ask_both(struct link_settings_slice *slice)
{
    struct kc_error *err =
        kc_admin_topic_configs(slice->control->source, &slice->sources, slice->now[LINK_SOURCE],
                               slice->errors[LINK_SOURCE]);
    if (!err)
        err = kc_admin_topic_configs(slice->control->target, &slice->targets,
                                     slice->now[LINK_TARGET], slice->errors[LINK_TARGET]);
    return err;
}

/* Nobody orders a promotion meanwhile: it would get these settings after its own. */
static struct kc_error *compare_if_live(struct link_settings_slice *slice, size_t i)
{
    struct link_control *control = slice->control;
    struct kc_error *err = NULL;
    pthread_mutex_lock(&control->ordering);
    if (read_live_order(control, slice->targets.items[i], &slice->orders[i]))
        err = compare_topic(slice, i);
    pthread_mutex_unlock(&control->ordering);
    return err;
}

static struct kc_error *compare_some(struct link_settings_slice *slice,
                                     const struct kc_strings *names, size_t from)
{
    struct kc_link_topic_order order = {0};
    for (size_t i = from; i < names->count && i < from + AT_ONCE; i++) {
        if (!read_live_order(slice->control, names->items[i], &order))
            continue;
        kc_strings_add(&slice->sources, order.source_topic);
        kc_strings_add(&slice->targets, names->items[i]);
        kc_link_topic_order_clear(&order);
    }
    struct kc_error *err = slice->targets.count > 0 ? ask_both(slice) : NULL;
    for (size_t i = 0; !err && i < slice->targets.count; i++)
        err = compare_if_live(slice, i);
    reset_slice(slice);
    return err;
}

static struct kc_error *compare_settings(struct link_watch *watch)
{
    struct link_settings_slice *slice = kc_calloc(1, sizeof(*slice));
    struct kc_strings names = {0};
    struct kc_error *err = NULL;
    slice->control = watch->control;
    link_store_names(watch->control->store, KC_LINK_TOPIC_ORDER, &names);
    for (size_t i = 0; !err && i < names.count && !kc_timed_jobs_closing(watch->jobs); i += AT_ONCE)
        err = compare_some(slice, &names, i);
    kc_strings_destroy(&names);
    free(slice);
    return err;
}

/* ---- jobs ---- */

#define ONCE ((int64_t)10 * 365 * 24 * 3600 * 1000) /* for an interval that is switched off */

/* Takes err; also tells those who ask what the connector is doing. */
static void log_failure(const struct link_watch *watch, const char *what, struct kc_error *err)
{
    const struct link_control *control = watch->control;
    if (err && !kc_timed_jobs_closing(watch->jobs)) {
        char *text = kc_asprintf("%s failed, and is tried again: %s", what, kc_error_text(err));
        kc_warn("Link '%s': %s", control->config->name, text);
        kc_connector_explain(control->context, text);
        free(text);
    } else if (!err)
        kc_connector_explain(control->context, NULL);
    kc_error_destroy(err);
}

/* DELETE /links/{link} was asked for, or nothing that is written would be kept. */
static bool rests(const struct link_watch *watch)
{
    return atomic_load(&watch->control->ended) || !link_store_is_kept(watch->control->store);
}

static void run_state(void *arg)
{
    struct link_watch *watch = arg;
    struct link_control *control = watch->control;
    link_store_watch(control->store, control->target, true, watch->stop);
    char *trouble = link_store_trouble(control->store);
    if (trouble)
        kc_connector_explain(control->context, trouble);
    free(trouble);
}

static void run_look(void *arg)
{
    if (!rests(arg))
        log_failure(arg, "looking at the source's topics", look_at_source(arg));
}

static void run_compare(void *arg)
{
    struct link_watch *watch = arg;
    if (!rests(watch) && !link_part_is_paused(watch->control->store, LINK_PART_CONFIGS))
        log_failure(arg, "comparing settings of topics", compare_settings(arg));
}

static void run_waves(void *arg)
{
    struct link_watch *watch = arg;
    if (!rests(watch))
        log_failure(arg, "moving waves on", link_waves_step(watch->control));
}

static void run_back(void *arg)
{
    struct link_watch *watch = arg;
    if (!rests(watch))
        log_failure(arg, "following the link that this one is the reverse of",
                    link_back_follower_step(watch->back));
}

static void run_acls(void *arg)
{
    struct link_watch *watch = arg;
    if (link_store_is_kept(watch->control->store))
        log_failure(arg, "bringing ACLs over", link_acl_keeper_step(watch->acls));
}

static void add_job(struct link_watch *watch, void (*run)(void *), const char *enabled,
                    const char *key, bool once)
{
    const struct kc_config *values = watch->control->config->values;
    int64_t seconds = kc_config_long(values, key);
    bool repeats = kc_config_bool(values, enabled);
    if (!repeats && !once)
        return;
    const struct kc_timed_job job = {
        .run = run,
        .arg = watch,
        .repeat = KC_TIMED_FIXED_DELAY,
        .interval_ms = repeats && seconds < ONCE / 1000 ? seconds * 1000 : ONCE,
    };
    kc_timed_jobs_add(watch->jobs, &job);
}

/* One that nobody can switch off. */
static void add_steady_job(struct link_watch *watch, void (*run)(void *), int64_t interval_ms)
{
    const struct kc_timed_job job = {
        .run = run, .arg = watch, .repeat = KC_TIMED_FIXED_DELAY, .interval_ms = interval_ms};
    kc_timed_jobs_add(watch->jobs, &job);
}

struct kc_error *link_watch_start(struct link_control *control, struct link_watch **watch)
{
    struct link_watch *made = kc_calloc(1, sizeof(*made));
    char *context = kc_asprintf("[%s] ", control->config->name);
    made->control = control;
    made->stop = kc_stop_new();
    made->acls = link_acl_keeper_new(control);
    made->back = link_back_follower_new(control);
    struct kc_error *err = kc_timed_jobs_new("link-watch", context, &made->jobs);
    free(context);
    if (err) {
        link_back_follower_destroy(made->back);
        link_acl_keeper_destroy(made->acls);
        kc_stop_destroy(made->stop);
        free(made);
        return err;
    }
    add_job(made, run_look, "refresh.topics.enabled", "refresh.topics.interval.seconds", true);
    add_job(made, run_compare, "sync.topic.configs.enabled", "sync.topic.configs.interval.seconds",
            false);
    add_steady_job(made, run_state, STATE_MS);
    add_steady_job(made, run_waves, WAVES_MS);
    add_steady_job(made, run_acls, ACLS_MS);
    if (made->back)
        add_steady_job(made, run_back, BACK_MS);
    *watch = made;
    return NULL;
}

void link_watch_stop(struct link_watch *watch)
{
    if (!watch)
        return;
    link_back_follower_stop(watch->back);
    kc_stop_set(watch->stop);
    kc_timed_jobs_destroy(watch->jobs);
    link_back_follower_destroy(watch->back);
    forget_followed(watch);
    link_acl_keeper_destroy(watch->acls);
    kc_stop_destroy(watch->stop);
    free(watch);
}
