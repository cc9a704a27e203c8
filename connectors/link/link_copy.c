/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The copying of a task's topics: life, topics, and the loop. See link_copy_priv.h.
 */
#include "connect/log.h"
#include "link/copy_priv.h"

#include <string.h>
#include <utlist.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.link.copy");

enum {
    FETCH_BYTES = 64 << 20,  /* fetched and not yet appended */
    APPEND_BYTES = 64 << 20, /* at the appender */
    ADMIN_MS = 4000,         /* for a call to a cluster; a task that stops waits for it */
    REFUSED_MS = 15000,
    TICK_MS = 20,
    CALM_TICK_MS = 100,      /* where nothing is to be done soon */
    CHUNKS_MOST = 64,        /* between two rounds of everything else */
    SAVE_MS = 5000,          /* how often `checked` is moved on */
    SLOW_LOOKS = 2,          /* from so many in a row on a partition is asked about apart */
    MARKERS_IN_A_RUN = 5000, /* longer runs without records are fillers, in topics with markers */
};

/* ---- opening and closing ---- */

static struct kc_error *open_fetcher(struct link_copy *copy)
{
    struct kc_map *properties =
        link_client_properties(copy->config, LINK_SOURCE, KC_CLIENT_CONSUMER, "copy");
    char *name = kc_asprintf("%s|%d|copy", copy->config->name, copy->config->task);
    kc_map_set(properties, "isolation.level", "read_committed");
    struct kc_error *err = kc_fetcher_open(properties, name, FETCH_BYTES, &copy->fetcher);
    kc_map_destroy(properties);
    free(name);
    return err;
}

/* Nothing may be sent late by the kernel either, when the lease is another's already: that is half
 * a duration after its end. What the target refuses for longer than REFUSED_MS is looked at anew,
 * which can be done at any time, and the topic's state says why. */
static struct kc_error *open_appender(struct link_copy *copy)
{
    struct kc_map *properties =
        link_client_properties(copy->config, LINK_TARGET, KC_CLIENT_PRODUCER, "copy");
    char *name = kc_asprintf("%s|%d", copy->config->name, copy->config->task);
    kc_map_setf(properties, "tcp.user.timeout.ms", "%lld", (long long)copy->config->lease_ms / 3);
    if (!kc_map_get(properties, "delivery.timeout.ms"))
        kc_map_setf(properties, "delivery.timeout.ms", "%d", REFUSED_MS);
    struct kc_error *err = kc_appender_open(properties, name, APPEND_BYTES, &copy->appender);
    kc_map_destroy(properties);
    free(name);
    return err;
}

static struct kc_error *open_admins(struct link_copy *copy)
{
    struct kc_error *err = link_admin_new(copy->config, LINK_SOURCE, "copy", &copy->source);
    if (!err)
        err = link_admin_new(copy->config, LINK_TARGET, "copy", &copy->target);
    if (err)
        return err;
    kc_admin_set_timeout(copy->source, ADMIN_MS);
    kc_admin_set_timeout(copy->target, ADMIN_MS);
    return NULL;
}

struct kc_error *link_copy_open(const struct link_config *config, const struct link_lease *lease,
                                int64_t producer_id, struct link_copy **out)
{
    struct link_copy *copy = kc_calloc(1, sizeof(*copy));
    copy->config = config;
    copy->lease = lease;
    copy->producer_id = producer_id;
    copy->tokens_at_ms = kc_mono_ms();
    pthread_mutex_init(&copy->mutex, NULL);
    link_results_init(&copy->results);
    copy->index = link_index_new(config, "copy");
    kc_cond_init(&copy->cond);
    link_markers_open(copy);
    struct kc_error *err = open_admins(copy);
    if (!err)
        err = open_fetcher(copy);
    if (!err)
        err = open_appender(copy);
    if (!err)
        err = link_jobs_start(copy);
    if (err) {
        link_copy_close(copy);
        return err;
    }
    *out = copy;
    return NULL;
}

static void free_topic(struct link_copy *copy, struct copy_topic *topic)
{
    HASH_DELETE(hh, copy->topics, topic);
    HASH_DELETE(hh_source, copy->by_source, topic);
    copy->translated -= topic->translate;
    for (size_t i = 0; i < topic->count; i++)
        link_part_free(topic->partitions[i]);
    free(topic->partitions);
    free(topic->name);
    free(topic->source);
    free(topic);
}

void link_copy_close(struct link_copy *copy)
{
    if (!copy)
        return;
    kc_appender_close(copy->appender);
    link_jobs_stop(copy);
    link_index_close(copy->index);
    link_pump_discard(copy);
    while (copy->topics)
        free_topic(copy, copy->topics);
    kc_fetcher_close(copy->fetcher);
    kc_fetcher_close(copy->forced_fetcher);
    kc_admin_destroy(copy->source);
    kc_admin_destroy(copy->target);
    link_markers_close(copy);
    free(copy->index_complaint);
    kc_str_destroy(&copy->filler);
    pthread_cond_destroy(&copy->cond);
    link_results_destroy(&copy->results);
    pthread_mutex_destroy(&copy->mutex);
    free(copy);
}

/* ---- topics ---- */

struct copy_topic *link_copy_topic(struct link_copy *copy, const char *name)
{
    struct copy_topic *topic;
    HASH_FIND(hh, copy->topics, name, strlen(name), topic);
    return topic;
}

struct copy_partition *link_copy_find(struct link_copy *copy, const struct copy_item *item)
{
    struct copy_topic *topic = link_copy_topic(copy, item->topic);
    if (!topic || item->partition < 0 || (size_t)item->partition >= topic->count)
        return NULL;
    return topic->partitions[item->partition];
}

static void add_partitions(struct copy_topic *topic, size_t count,
                           const struct kc_link_partition *saved)
{
    topic->partitions = kc_realloc(topic->partitions, (count + 1) * sizeof(*topic->partitions));
    for (size_t i = topic->count; i < count; i++)
        topic->partitions[i] =
            link_part_new(topic, (int32_t)i, saved && saved[i].partition >= 0 ? &saved[i] : NULL);
    topic->count = count;
}

/* By number; partition is -1 where nothing was saved. */
static struct kc_link_partition *read_saved(const struct link_copy *copy, const char *name,
                                            const struct kc_link_topic *state, size_t count)
{
    struct kc_link_partition *saved = kc_calloc(count + 1, sizeof(*saved));
    const json_t *item;
    size_t i;
    for (i = 0; i < count; i++)
        saved[i].partition = -1;
    if (!state || !state->partition_states)
        return saved;
    json_array_foreach (state->partition_states, i, item) {
        struct kc_link_partition one;
        struct kc_error *err = kc_link_partition_parse(item, &one);
        if (err)
            kc_warn("%s: the saved state of topic %s is left out: %s", copy->config->name, name,
                    kc_error_text(err));
        else if (one.partition >= 0 && (size_t)one.partition < count)
            saved[one.partition] = one;
        kc_error_destroy(err);
    }
    return saved;
}

void link_copy_add(struct link_copy *copy, const char *name,
                   const struct kc_link_topic_order *order, const struct kc_link_topic *state)
{
    size_t count = order->partitions > 0 ? (size_t)order->partitions : 0;
    struct kc_link_partition *saved = read_saved(copy, name, state, count);
    struct copy_topic *topic = kc_calloc(1, sizeof(*topic));
    bool markers = !order->compacted || order->gaps == KC_LINK_GAPS_MARKERS;
    *topic = (struct copy_topic){.name = kc_strdup(name),
                                 .source = kc_strdup(order->source_topic),
                                 .source_id = order->source_id,
                                 .target_id = order->target_id,
                                 .start = order->start,
                                 .compacted = order->compacted,
                                 .translate = order->offsets == KC_LINK_TRANSLATE,
                                 .gives_up = order->offsets == KC_LINK_TRANSLATE &&
                                             order->gaps == KC_LINK_GAPS_TRANSLATE,
                                 .epoch = state ? state->epoch : 0,
                                 .paused = order->wish == KC_LINK_WISH_PAUSE,
                                 .repairing = order->wish == KC_LINK_WISH_REPAIR &&
                                              (!state || state->state == KC_LINK_PENDING),
                                 .copy = copy};
    topic->rules =
        (struct copy_gap_rules){.compacted = !markers,
                                .most_markers = order->gaps == KC_LINK_GAPS_MARKERS ||
                                                        copy->config->markers == LINK_MARKERS_DIRECT
                                                    ? INT64_MAX
                                                    : MARKERS_IN_A_RUN};
    link_copy_remove(copy, name);
    HASH_ADD_KEYPTR(hh, copy->topics, topic->name, strlen(topic->name), topic);
    HASH_ADD_KEYPTR(hh_source, copy->by_source, topic->source, strlen(topic->source), topic);
    copy->translated += topic->translate;
    add_partitions(topic, count, saved);
    copy->next_tick_ms = 0;
    free(saved);
}

void link_copy_grow(struct link_copy *copy, const char *name, int32_t partitions)
{
    struct copy_topic *topic = link_copy_topic(copy, name);
    if (topic && partitions > 0 && (size_t)partitions > topic->count)
        add_partitions(topic, (size_t)partitions, NULL);
    copy->next_tick_ms = 0;
}

/* Ends what is under way for all partitions. */
static void drain_topic(struct copy_topic *topic)
{
    for (size_t i = 0; i < topic->count; i++)
        link_part_drain(topic->partitions[i], COPY_REST, NULL);
}

void link_copy_pause(struct link_copy *copy, const char *name, bool paused)
{
    struct copy_topic *topic = link_copy_topic(copy, name);
    if (!topic || topic->paused == paused)
        return;
    topic->paused = paused;
    copy->next_tick_ms = 0;
    if (paused) {
        drain_topic(topic);
        return;
    }
    for (size_t i = 0; i < topic->count; i++) {
        if (topic->partitions[i]->phase == COPY_REST)
            link_part_move(topic->partitions[i], COPY_LOOK);
    }
}

void link_copy_finish(struct link_copy *copy, const char *name, bool force)
{
    struct copy_topic *topic = link_copy_topic(copy, name);
    if (!topic)
        return;
    topic->force = force;
    copy->next_tick_ms = 0;
    for (size_t i = 0; i < topic->count; i++) {
        struct copy_partition *partition = topic->partitions[i];
        if (!partition->finishing)
            partition->finish_after = partition->checks + 1 + (partition->checking ? 1 : 0);
        partition->finishing = true;
        partition->check_at_ms = 0;
    }
}

/* ---- what comes back from jobs ---- */

static void take_item(struct copy_partition *partition, enum copy_job_kind kind,
                      struct copy_item *item)
{
    switch (kind) {
    case COPY_JOB_LOOK:
        link_part_looked(partition, item);
        break;
    case COPY_JOB_CHECK:
        link_part_checked(partition, item);
        break;
    case COPY_JOB_CUT:
        link_part_cut(partition, item);
        break;
    case COPY_JOB_MARK:
        link_pump_marked(partition, item);
        break;
    case COPY_JOB_FORCE:
        link_force_known(partition, item);
        break;
    case COPY_JOB_NAME:
        link_part_named(partition, item);
        break;
    case COPY_JOB_INDEX:
        link_translate_saved(partition, item);
        break;
    case COPY_JOB_FORGET:
        break;
    }
}

static void take_jobs(struct link_copy *copy)
{
    struct copy_job *done, *job, *next;
    pthread_mutex_lock(&copy->mutex);
    done = copy->done;
    copy->done = NULL;
    pthread_mutex_unlock(&copy->mutex);
    DL_FOREACH_SAFE (done, job, next) {
        for (size_t i = 0; i < job->count; i++) {
            struct copy_partition *partition = link_copy_find(copy, &job->items[i]);
            if (partition)
                take_item(partition, job->kind, &job->items[i]);
        }
        link_job_free(job);
    }
}

/* ---- what is due ---- */

static void add_look(struct copy_job **job, struct copy_partition *partition)
{
    struct copy_item *item = link_job_add(job, COPY_JOB_LOOK, partition);
    item->checked = partition->saved.checked;
    item->fresh = partition->saved.first_offset < 0;
    item->compact = partition->topic->compacted;
    item->wants_map = partition->topic->translate && !partition->translation.known;
    if (item->checked >= 0)
        item->from = (struct copy_position){item->checked - partition->saved.markers,
                                            partition->saved.markers};
    item->settled =
        partition->settle_end >= 0 && kc_mono_ms() - partition->settle_since_ms > COPY_SETTLE_MS;
    partition->asking = true;
}

static void add_check(struct copy_job **job, struct copy_partition *partition, int64_t now)
{
    struct copy_item *item = link_job_add(job, COPY_JOB_CHECK, partition);
    item->offset = link_position_offset(&partition->acked);
    item->hanging = partition->asked_hanging;
    item->brief = now < partition->whole_check_at_ms && link_part_is_at_rest(partition);
    partition->checking = true;
}

static void add_cut(struct copy_job **job, struct copy_partition *partition)
{
    struct copy_item *item = link_job_add(job, COPY_JOB_CUT, partition);
    item->offset = link_part_cut_goal(partition);
    item->target_start = partition->target_start;
    item->compact = partition->topic->compacted;
    partition->cutting = true;
}

static void add_name(struct copy_job **job, struct copy_partition *partition)
{
    link_job_add(job, COPY_JOB_NAME, partition)->offset = partition->foreign_offset;
    partition->asked_name = true;
}

static bool cut_is_due(const struct copy_partition *partition, int64_t now)
{
    if (partition->cutting || now < partition->cut_at_ms)
        return false;
    if (partition->phase == COPY_CUT)
        return true;
    return partition->phase == COPY_RUN && partition->target_start >= 0 &&
           partition->target_start < link_part_cut_goal(partition);
}

/* The jobs of a round. */
struct copy_round {
    struct link_copy *copy;
    int64_t now;
    struct copy_job *look, *slow, *check, *check_slow, *name, *force;
};

static void plan(struct copy_round *round, struct copy_partition *partition)
{
    int64_t now = round->now;
    if (partition->phase == COPY_LOOK && !partition->asking && now >= partition->look_at_ms)
        add_look(partition->looks > SLOW_LOOKS ? &round->slow : &round->look, partition);
    if (partition->phase == COPY_RUN && !partition->checking &&
        (now >= partition->check_at_ms || (partition->finishing && !partition->finished)))
        add_check(partition->check_slow ? &round->check_slow : &round->check, partition, now);
    if (link_force_is_due(partition))
        link_force_add(&round->force, partition);
    if (partition->phase == COPY_DIVERGED && partition->foreign_offset >= 0 &&
        !partition->asked_name)
        add_name(&round->name, partition);
}

static void plan_cuts(struct copy_round *round, struct copy_topic *topic)
{
    struct copy_job *job = NULL;
    for (size_t i = 0; i < topic->count; i++) {
        if (cut_is_due(topic->partitions[i], round->now))
            add_cut(&job, topic->partitions[i]);
    }
    link_jobs_submit(round->copy, COPY_LANE_SLOW, job);
}

static void keep_up(struct copy_partition *partition, int64_t now)
{
    if (partition->phase == COPY_ALIGN && !partition->pieces)
        link_part_begin(partition);
    if (partition->phase == COPY_SAVE && link_part_is_saved(partition))
        link_part_begin(partition);
    if (partition->phase != COPY_RUN || partition->saved.checked < 0 ||
        now - partition->saved_at_ms < SAVE_MS ||
        partition->saved.checked == link_position_offset(&partition->acked))
        return;
    partition->saved.checked = link_position_offset(&partition->acked);
    partition->saved.markers = partition->acked.markers;
    partition->saved_at_ms = now;
    link_part_want_save(partition, false);
}

/* Of many topics most are calm most of the time, and then all are looked at less often. */
static void tick(struct link_copy *copy)
{
    struct copy_round round = {.copy = copy, .now = kc_mono_ms()};
    bool calm = true;
    for (struct copy_topic *topic = copy->topics; topic; topic = topic->hh.next) {
        for (size_t i = 0; i < topic->count; i++) {
            keep_up(topic->partitions[i], round.now);
            plan(&round, topic->partitions[i]);
            calm = calm && link_part_is_calm(topic->partitions[i]);
        }
        plan_cuts(&round, topic);
        link_status_measure(topic, round.now);
    }
    link_jobs_submit(copy, COPY_LANE_LOOK, round.look);
    link_jobs_submit(copy, COPY_LANE_SLOW, round.slow);
    link_jobs_submit(copy, COPY_LANE_CHECK, round.check);
    link_jobs_submit(copy, COPY_LANE_SLOW, round.check_slow);
    link_jobs_submit(copy, COPY_LANE_LOOK, round.name);
    link_jobs_submit(copy, COPY_LANE_SLOW, round.force);
    copy->next_tick_ms = round.now + (calm ? CALM_TICK_MS : TICK_MS);
}

/* ---- the loop ---- */

static void work_once(struct link_copy *copy)
{
    int64_t now = kc_mono_ms();
    link_pump_results(copy);
    take_jobs(copy);
    link_pace_refill(copy);
    if (now >= copy->next_tick_ms)
        tick(copy);
    link_translate_save(copy);
    link_pump_run(copy);
    link_pump_mark(copy);
}

static bool take_woken(struct link_copy *copy)
{
    pthread_mutex_lock(&copy->mutex);
    bool woken = copy->woken;
    copy->woken = false;
    pthread_mutex_unlock(&copy->mutex);
    return woken;
}

static void take_chunks(struct link_copy *copy, struct kc_fetcher *fetcher, int64_t deadline_ms)
{
    struct kc_fetched *fetched = kc_fetcher_next(fetcher, deadline_ms);
    for (int i = 0; fetched && i < CHUNKS_MOST; i++) {
        link_intake_take(copy, fetched);
        fetched = kc_fetcher_next(fetcher, 0);
    }
    if (fetched)
        link_intake_take(copy, fetched);
}

struct kc_error *link_copy_run(struct link_copy *copy, int64_t deadline_ms)
{
    do {
        if (link_lease_until(copy->lease) == 0)
            return kc_error_new(KC_ERR_FENCED, "another worker has taken over task %d of link %s",
                                copy->config->task, copy->config->name);
        work_once(copy);
        int64_t until = copy->next_tick_ms;
        take_chunks(copy, copy->fetcher, until < deadline_ms ? until : deadline_ms);
        if (copy->forced_fetcher)
            take_chunks(copy, copy->forced_fetcher, 0);
    } while (kc_mono_ms() < deadline_ms && !take_woken(copy));
    return NULL;
}

void link_copy_wake(struct link_copy *copy)
{
    pthread_mutex_lock(&copy->mutex);
    copy->woken = true;
    pthread_mutex_unlock(&copy->mutex);
    kc_fetcher_wake(copy->fetcher);
}

/* ---- the end of a topic ---- */

static bool is_busy(const struct copy_topic *topic)
{
    for (size_t i = 0; i < topic->count; i++) {
        const struct copy_partition *partition = topic->partitions[i];
        if (partition->in_flight > 0 || partition->marking || partition->translation.saving)
            return true;
    }
    return false;
}

void link_copy_remove(struct link_copy *copy, const char *name)
{
    struct copy_topic *topic = link_copy_topic(copy, name);
    if (!topic)
        return;
    drain_topic(topic);
    while (is_busy(topic)) {
        struct kc_fetched *fetched = kc_fetcher_next(copy->fetcher, kc_mono_ms() + TICK_MS);
        if (fetched)
            link_intake_take(copy, fetched);
        link_pump_results(copy);
        take_jobs(copy);
    }
    free_topic(copy, topic);
}
