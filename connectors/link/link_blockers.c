/* SPDX-License-Identifier: Apache-2.0 */
/* What speaks against promoting topics: see link_blockers_priv.h. */
#include "link/link_blockers_priv.h"
#include "link/link_gateways_priv.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    QUIET_MS = 1000,      /* the source must have been seen unchanged for so long */
    BASE_MS = 500,        /* of a promotion that has nothing to copy */
    LATELY_MS = 60000,    /* a producer that wrote since may still run */
    BYPASS_MS = 10000,    /* the same, where others are expected to have moved to gateways */
    LONGEST_MS = 60000,   /* a lag that takes longer is named as a blocker */
    NAMED_GROUPS = 5,     /* in a message */
    NAMED_PRODUCERS = 16, /* whose transactional ids are looked up */
};

/* All that a promotion of several topics is judged by. */
struct promotion_view {
    struct link_control *control;
    const struct link_mirror *mirrors;
    struct link_outcome *outcomes;
    size_t count;
    const struct link_request *request;
    struct link_look *look;
    const json_t *gateways; /* writers of each; NULL: there are no gateways */
};

static bool is_open(const struct promotion_view *view, size_t i)
{
    return view->outcomes[i].status == 0;
}

/* ---- reachable, quiet, caught up ---- */

static void block_reach(const struct promotion_view *view, size_t i)
{
    struct link_outcome *outcome = &view->outcomes[i];
    const struct link_lags *lags = &view->look->topics[i];
    const char *name = view->mirrors[i].name;
    if (view->look->source_error)
        link_outcome_block(outcome, "SOURCE_UNREACHABLE", false,
                           "The source cluster can't be reached, so that the end of %s isn't known "
                           "(%s). Wait until it is back, or go on with what is copied: fail over",
                           lags->source_topic, view->look->source_error);
    else if (lags->source_gone)
        link_outcome_block(outcome, "SOURCE_TOPIC_GONE", false,
                           "The source cluster has no topic %s any more. Fail over to go on with "
                           "what is copied",
                           lags->source_topic);
    if (view->look->target_error)
        link_outcome_block(outcome, "TARGET_UNREACHABLE", false,
                           "The target cluster can't be reached (%s). Try again when it is back",
                           view->look->target_error);
    else if (lags->target_gone)
        link_outcome_block(outcome, "TARGET_TOPIC_GONE", false,
                           "The target cluster has no topic %s any more. End the mirroring and "
                           "create it again",
                           name);
}

static void block_noise(const struct promotion_view *view, size_t i)
{
    const struct link_lags *lags = &view->look->topics[i];
    if (lags->quiet_ms >= QUIET_MS || lags->source_rate < 0)
        return;
    link_outcome_block(
        &view->outcomes[i], "SOURCE_NOT_QUIET", view->request->force,
        "Something writes to %s at the source (%.0f records a second). What is written there after "
        "the promotion is not copied. Stop the producers, or move them to the gateway, or use "
        "force",
        lags->source_topic, lags->source_rate);
}

/* Whether it is one of the producers that write through gateways; gateways NULL: there are none. */
static bool is_routed(const json_t *gateways, int64_t producer_id)
{
    size_t index, at;
    json_t *writers, *id;
    json_array_foreach (gateways, index, writers)
        json_array_foreach (writers, at, id)
            if (json_integer_value(id) == producer_id)
                return true;
    return false;
}

/* Where gateways hold the writes, what is missing then is copied as fast as all is copied now. */
static int64_t eta_of(const struct promotion_view *view, const struct link_lags *lags)
{
    int64_t eta = link_lags_eta_ms(lags);
    if (eta >= 0 || !view->gateways || lags->lag < 0 || lags->target_rate <= 0)
        return eta;
    return (int64_t)((double)lags->lag * 1000 / lags->target_rate);
}

static void block_lag(const struct promotion_view *view, size_t i)
{
    struct link_outcome *outcome = &view->outcomes[i];
    const struct link_lags *lags = &view->look->topics[i];
    int64_t eta = eta_of(view, lags);
    if (eta >= 0)
        outcome->predicted_ms = eta + BASE_MS;
    if (lags->lag > 0 && (eta < 0 || eta > LONGEST_MS)) {
        char *when = eta < 0 ? kc_strdup("it isn't getting less")
                             : kc_asprintf("%lld seconds at this rate", (long long)eta / 1000);
        link_outcome_block(outcome, "LAGGING", view->request->force,
                           "%s is %lld records behind the source: %s. Wait until it has caught up, "
                           "or use force to have it finished first, however long that takes",
                           view->mirrors[i].name, (long long)lags->lag, when);
        free(when);
    }
    int64_t most = view->request->max_pause_ms;
    if (most > 0 && (outcome->predicted_ms < 0 ? lags->lag > 0 : outcome->predicted_ms > most))
        link_outcome_block(outcome, "PAUSE_TOO_LONG", false,
                           "Promoting %s would take longer than %lld ms. Wait until it has caught "
                           "up, or allow a longer pause",
                           view->mirrors[i].name, (long long)most);
}

static void block_offsets(const struct promotion_view *view, size_t i)
{
    const struct link_mirror *mirror = &view->mirrors[i];
    if (mirror->order.gaps != KC_LINK_GAPS_TRANSLATE || mirror->state.offsets == KC_LINK_PRESERVE)
        return;
    link_outcome_block(&view->outcomes[i], "NOT_PRESERVED", true,
                       "The offsets of %s are not those of the source, which has some without a "
                       "record. Consumers that keep offsets themselves must translate them: GET "
                       "/links/%s/offsets",
                       mirror->name, view->control->config->name);
}

/* ---- open transactions ---- */

static bool has_open(const struct link_lag *lag)
{
    return lag->source_stable >= 0 && lag->source_stable < lag->source_end;
}

/* The transactional id of a producer; NULL: not known. The caller's. */
static char *transactional_id(struct kc_admin *admin, int64_t producer_id)
{
    struct kc_transactions found = {0};
    const struct kc_transaction_filter filter = {.producer_ids = &producer_id,
                                                 .producer_id_count = 1};
    char *id = NULL;
    struct kc_error *err = kc_admin_list_transactions(admin, &filter, &found);
    for (size_t i = 0; i < found.count && !id && !err; i++)
        if (found.items[i].producer_id == producer_id && !found.items[i].error)
            id = kc_strdup(found.items[i].transactional_id);
    kc_error_destroy(err);
    kc_transactions_destroy(&found);
    return id;
}

static void block_producer(const struct promotion_view *view, size_t i, struct kc_admin *admin,
                           int32_t partition, const struct kc_partition_producer *producer)
{
    char *id = transactional_id(admin, producer->producer_id);
    int64_t age_ms = producer->last_timestamp < 0 ? -1 : kc_now_ms() - producer->last_timestamp;
    link_outcome_block(
        &view->outcomes[i], "HANGING_TRANSACTION", view->request->force,
        "A transaction is open in %s-%d at the source since offset %lld: producer id %lld, "
        "transactional id %s, last written %lld s ago. Nothing behind it is copied. Let it end, or "
        "abort it (kafka-transactions.sh abort), or use force to take it for aborted",
        view->look->topics[i].source_topic, partition,
        (long long)producer->current_txn_start_offset, (long long)producer->producer_id,
        id ? id : "(unknown)", (long long)(age_ms < 0 ? -1 : age_ms / 1000));
    free(id);
}

/* Names the producers of open transactions, where the source tells them (Kafka 2.8). admin NULL: it
 * can't be asked. Gateways end the transactions of their own clients; and while there are writes,
 * the ends that were read may be of two moments. */
static void name_producers(const struct promotion_view *view, size_t i, struct kc_admin *admin,
                           int32_t partition)
{
    struct kc_partition_producers item = {.topic = view->look->topics[i].source_topic,
                                          .partition = partition};
    struct kc_error *err = admin ? kc_admin_describe_producers(admin, &item, 1) : NULL;
    size_t named = 0;
    for (size_t k = 0; k < item.count && !err && named < NAMED_PRODUCERS; k++) {
        if (item.producers[k].current_txn_start_offset < 0 ||
            is_routed(view->gateways, item.producers[k].producer_id))
            continue;
        block_producer(view, i, admin, partition, &item.producers[k]);
        named++;
    }
    if (!named && !view->gateways)
        link_outcome_block(&view->outcomes[i], "HANGING_TRANSACTION", view->request->force,
                           "A transaction is open in %s-%d at the source. Nothing behind it is "
                           "copied. Let it end, or abort it, or use force to take it for aborted",
                           view->look->topics[i].source_topic, partition);
    kc_error_destroy(err);
    kc_partition_producers_clear(&item, 1);
}

/* The first partition with an open transaction is enough to say. */
static void block_transactions(const struct promotion_view *view, size_t i)
{
    const struct link_lags *lags = &view->look->topics[i];
    for (size_t k = 0; k < lags->count; k++) {
        if (!has_open(&lags->items[k]))
            continue;
        char *why = NULL;
        struct kc_admin *admin = link_live_admin(view->control->live, LINK_SOURCE, &why);
        name_producers(view, i, admin, lags->items[k].partition);
        free(why);
        return;
    }
}

/* ---- who wrote lately ---- */

/* The source of a way back was a mirror topic: the link to it, which has copied nothing since the
 * promotion, isn't somebody who goes on writing. */
static bool is_former_link(const struct link_config *config, int64_t producer_id)
{
    return *config->reverse_of && kc_link_id_is_links(producer_id);
}

const struct kc_partition_producer *link_last_writer(const struct link_config *config,
                                                     const struct kc_partition_producers *items,
                                                     size_t count, const json_t *gateways,
                                                     int32_t *partition)
{
    const struct kc_partition_producer *last = NULL;
    int64_t since = kc_now_ms() - (gateways ? BYPASS_MS : LATELY_MS);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < items[i].count; k++) {
            const struct kc_partition_producer *producer = &items[i].producers[k];
            if (producer->last_timestamp < since ||
                (last && producer->last_timestamp <= last->last_timestamp) ||
                is_routed(gateways, producer->producer_id) ||
                is_former_link(config, producer->producer_id))
                continue;
            last = producer;
            *partition = items[i].partition;
        }
    return last;
}

static void warn_writer(const struct promotion_view *view, size_t i,
                        const struct kc_partition_producers *items, size_t count,
                        const json_t *gateways)
{
    int32_t partition = 0;
    const struct kc_partition_producer *producer =
        link_last_writer(view->control->config, items, count, gateways, &partition);
    if (!producer)
        return;
    int64_t ago = kc_now_ms() - producer->last_timestamp;
    const char *topic = view->look->topics[i].source_topic;
    if (gateways)
        link_outcome_block(
            &view->outcomes[i], "BYPASSED", view->request->force,
            "Producer id %lld wrote to %s-%d at the source %lld s ago, and not through a gateway. "
            "What it writes there after the promotion is not copied. Move it to the gateway, or "
            "stop it, or use force",
            (long long)producer->producer_id, topic, (int)partition,
            (long long)(ago > 0 ? ago / 1000 : 0));
    else
        link_outcome_block(&view->outcomes[i], "RECENT_WRITER", true,
                           "Producer id %lld wrote to %s-%d at the source %lld s ago. If it still "
                           "runs, what it writes there after the promotion is not copied",
                           (long long)producer->producer_id, topic, (int)partition,
                           (long long)(ago > 0 ? ago / 1000 : 0));
}

/* A topic that is gone would be waited for. */
static size_t partitions_at_source(const struct link_lags *lags)
{
    return lags->source_gone ? 0 : lags->count;
}

/* Idempotent producers are known to the source (Kafka 2.8); others can't be told. */
static void warn_writers(const struct promotion_view *view, const json_t *gateways)
{
    char *why = NULL;
    size_t room = 1, used = 0;
    struct kc_admin *admin = link_live_admin(view->control->live, LINK_SOURCE, &why);
    free(why);
    for (size_t i = 0; i < view->count; i++)
        room += partitions_at_source(&view->look->topics[i]);
    struct kc_partition_producers *items = kc_calloc(room, sizeof(*items));
    for (size_t i = 0; i < view->count && admin; i++)
        for (size_t k = 0; k < partitions_at_source(&view->look->topics[i]); k++)
            items[used++] = (struct kc_partition_producers){
                .topic = view->look->topics[i].source_topic, .partition = (int32_t)k};
    struct kc_error *err = used ? kc_admin_describe_producers(admin, items, used) : NULL;
    for (size_t i = 0, at = 0; i < view->count && used && !err; i++) {
        size_t count = partitions_at_source(&view->look->topics[i]);
        if (is_open(view, i))
            warn_writer(view, i, &items[at], count, gateways);
        at += count;
    }
    kc_error_destroy(err);
    kc_partition_producers_clear(items, used);
    free(items);
}

/* ---- groups and settings ---- */

static void warn_groups(const struct promotion_view *view, size_t i,
                        const struct link_commits *commits)
{
    struct kc_str names = {0};
    size_t count = 0;
    for (size_t k = 0; k < commits->groups.count; k++) {
        if (commits->promoted[k] ||
            !link_commits_has(commits, k, view->look->topics[i].source_topic))
            continue;
        if (count++ < NAMED_GROUPS)
            kc_str_appendf(&names, "%s%s", count > 1 ? ", " : "", commits->target_groups.items[k]);
    }
    if (count)
        link_outcome_block(&view->outcomes[i], "GROUPS_NOT_PROMOTED", true,
                           "%zu mirror groups that read %s are not promoted yet: %s%s. Their "
                           "consumers at the source see no new records after the promotion",
                           count, view->mirrors[i].name, names.data,
                           count > NAMED_GROUPS ? ", ..." : "");
    kc_str_destroy(&names);
}

static bool elects_unclean(const struct kc_config_entries *entries)
{
    for (size_t i = 0; i < entries->count; i++)
        if (strcmp(entries->items[i].name, "unclean.leader.election.enable") == 0)
            return entries->items[i].value && strcmp(entries->items[i].value, "true") == 0;
    return false;
}

static void warn_settings(const struct promotion_view *view)
{
    char *why = NULL;
    struct kc_strings names = {0};
    struct kc_admin *admin = link_live_admin(view->control->live, LINK_SOURCE, &why);
    free(why);
    for (size_t i = 0; i < view->count; i++)
        kc_strings_add(&names, view->look->topics[i].source_topic);
    struct kc_config_entries *entries = kc_calloc(view->count + 1, sizeof(*entries));
    struct kc_error **errors = kc_calloc(view->count + 1, sizeof(struct kc_error *));
    struct kc_error *err =
        admin && view->count ? kc_admin_topic_configs(admin, &names, entries, errors) : NULL;
    for (size_t i = 0; i < view->count; i++) {
        if (!err && !errors[i] && is_open(view, i) && elects_unclean(&entries[i]))
            link_outcome_block(&view->outcomes[i], "UNCLEAN_ELECTION", true,
                               "%s has unclean.leader.election.enable=true at the source: an "
                               "election there may drop records that are copied already. Set it "
                               "to false until the promotion",
                               names.items[i]);
        kc_error_destroy(errors[i]);
        kc_config_entries_destroy(&entries[i]);
    }
    kc_error_destroy(err);
    free(entries);
    free(errors);
    kc_strings_destroy(&names);
}

/* ---- all of them ---- */

/* Whether nobody can tell yet if the source is quiet, or how fast the copying goes. */
static bool needs_second_look(const struct link_look *look)
{
    if (look->source_error || look->target_error)
        return false;
    for (size_t i = 0; i < look->count; i++)
        if (look->topics[i].quiet_ms < QUIET_MS)
            return true;
    return false;
}

static void look_twice(const struct promotion_view *view)
{
    link_look_begin(view->look, view->mirrors, view->count);
    link_live_look(view->control->live, view->look, false);
    if (!needs_second_look(view->look))
        return;
    const struct timespec pause = {.tv_sec = QUIET_MS / 1000, .tv_nsec = 50000000};
    nanosleep(&pause, NULL);
    link_look_clear(view->look);
    link_look_begin(view->look, view->mirrors, view->count);
    link_live_look(view->control->live, view->look, false);
}

/* Which producers write through each of the link's gateways; NULL: there are no gateways. A gateway
 * holds the writes itself: the source needn't be quiet. One that has crashed leaves its record. */
static json_t *load_gateways(struct link_control *control)
{
    struct kc_strings names = {0};
    json_t *gateways = NULL;
    link_store_names(control->store, KC_LINK_GATEWAY, &names);
    for (size_t i = 0; i < names.count; i++) {
        if (!link_gateway_lives(control->store, names.items[i]))
            continue;
        json_t *record = link_store_get(control->store, KC_LINK_GATEWAY, names.items[i]);
        json_t *writers = json_object_get(record, "writers");
        gateways = gateways ? gateways : json_array();
        if (json_is_array(writers))
            json_array_append(gateways, writers);
        json_decref(record);
    }
    kc_strings_destroy(&names);
    return gateways;
}

void link_block_promotions(struct link_control *control, const struct link_mirror *mirrors,
                           struct link_outcome *outcomes, size_t count,
                           const struct link_request *request, struct link_look *look)
{
    json_t *gateways = load_gateways(control);
    const struct promotion_view view = {control, mirrors, outcomes, count, request, look, gateways};
    struct link_commits commits = {0};
    look_twice(&view);
    bool reached = !look->source_error && !look->target_error;
    char *why = reached ? link_commits_load(control, &commits) : NULL;
    for (size_t i = 0; i < count; i++) {
        if (!is_open(&view, i))
            continue;
        block_reach(&view, i);
        block_offsets(&view, i);
        if (!reached)
            continue;
        if (!gateways)
            block_noise(&view, i);
        block_transactions(&view, i); /* before the lag that they cause */
        block_lag(&view, i);
        warn_groups(&view, i, &commits);
    }
    if (reached)
        warn_settings(&view);
    if (reached)
        warn_writers(&view, gateways);
    json_decref(gateways);
    link_commits_clear(&commits);
    free(why);
}
