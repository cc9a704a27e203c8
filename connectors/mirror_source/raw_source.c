/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Batches for a mirror task, see raw_source_priv.h.
 *
 * Most of the time a partition is READING and a poll is one or a few chunks taken off the fetcher.
 * A partition in any other state isn't fetched; poll() handles all that are due with one request
 * for their bounds.
 */
#include "mirror_source/history_watch_priv.h"
#include "mirror_source/raw_source_priv.h"

#include "connect/fetch.h"
#include "connect/log.h"
#include "mirror_source/source_metrics_priv.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.mirror.MirrorSourceTask");

enum {
    FETCH_BUDGET = 16 << 20,
    OPENED_BUDGET =
        4 << 20, /* for opened batches, because their records take several times as much */
    POLL_BYTES = 1 << 20,
    BOUNDS_MS = 2000,
    RETRY_MS = 5000,
    WARN_INTERVAL_MS = 30000,
};

enum raw_source_state {
    READING,
    FRESH, /* nothing was mirrored yet: auto.offset.reset says where to begin */
    RESET, /* the next offset isn't in the log: the same, and it is reported */
    AGAIN, /* reading failed: continues where it stopped */
};

#define TO(state) (1u << (state))
/* Only a partition that is read can get into trouble. One whose trouble can't be settled now stays
 * in it, and is tried again. */
static const unsigned moves[] = {
    [READING] = TO(READING) | TO(FRESH) | TO(RESET) | TO(AGAIN),
    [FRESH] = TO(READING) | TO(FRESH),
    [RESET] = TO(READING) | TO(RESET),
    [AGAIN] = TO(READING),
};

struct raw_position {
    enum raw_source_state state; /* changed by move() */
    int64_t retry_at_ms;
    bool recreated; /* RESET: the topic is another one */
};

struct kc_raw_source {
    struct kc_mirror_assignment *assignment;
    struct kc_fetcher *fetcher;
    char *alias; /* of the source cluster */
    char *reset; /* auto.offset.reset */
    struct kc_history_watch *history;
    struct raw_position *positions;
    size_t unsettled; /* positions that aren't READING */
    bool ends_asked;  /* once, for partitions that have nothing to fetch yet */
    int64_t warned_ms;
    size_t unwarned;
};

struct kc_error *kc_raw_source_new(struct kc_source_context *context,
                                   const struct kc_mirror_config *config,
                                   struct kc_mirror_assignment *assignment, bool opened,
                                   struct kc_raw_source **source)
{
    struct kc_map *properties = kc_mirror_client_properties(
        config, KC_MIRROR_SOURCE, KC_CLIENT_CONSUMER, "replication-consumer");
    struct kc_raw_source *made = kc_calloc(1, sizeof(*made));
    made->assignment = kc_mirror_assignment_ref(assignment);
    made->alias = kc_strdup(config->source);
    made->reset = kc_strdup(kc_map_get_or(properties, "auto.offset.reset", "earliest"));
    made->history = kc_history_watch_new(context, config, made->reset);
    made->positions =
        kc_calloc(kc_mirror_assignment_count(assignment) + 1, sizeof(*made->positions));
    made->warned_ms = INT64_MIN / 2;
    /* A dedicated process has a connector of this name for each flow. Two flows of one source must
     * not share an engine, because each partition belongs to one fetcher of it. */
    char *name = kc_asprintf("fetch-%s->%s|%s", config->source, config->target, config->connector);
    struct kc_error *err =
        kc_fetcher_open(properties, name, opened ? OPENED_BUDGET : FETCH_BUDGET, &made->fetcher);
    free(name);
    kc_map_destroy(properties);
    if (err) {
        kc_raw_source_destroy(made);
        return err;
    }
    *source = made;
    return NULL;
}

void kc_raw_source_destroy(struct kc_raw_source *source)
{
    if (!source)
        return;
    kc_fetcher_close(source->fetcher);
    kc_mirror_assignment_unref(source->assignment);
    free(source->positions);
    free(source->alias);
    free(source->reset);
    kc_history_watch_destroy(source->history);
    free(source);
}

void kc_raw_source_wake(struct kc_raw_source *source)
{
    kc_fetcher_wake(source->fetcher);
}

/* ---- positions ---- */

static bool resets_to_latest(const struct kc_raw_source *source)
{
    return strcasecmp(source->reset, "latest") == 0;
}

static bool resets(const struct kc_raw_source *source)
{
    return strcasecmp(source->reset, "none") != 0;
}

static void move(struct kc_raw_source *source, size_t index, enum raw_source_state state)
{
    struct raw_position *position = &source->positions[index];
    assert(moves[position->state] & TO(state));
    source->unsettled -= position->state != READING;
    source->unsettled += state != READING;
    position->state = state;
}

static void settle_later(struct kc_raw_source *source, size_t index, enum raw_source_state state,
                         int64_t delay_ms)
{
    move(source, index, state);
    source->positions[index].retry_at_ms = kc_mono_ms() + delay_ms;
}

static void read_from(struct kc_raw_source *source, size_t index, int64_t offset)
{
    struct kc_mirrored_partition *partition = kc_mirror_assignment_at(source->assignment, index);
    move(source, index, READING);
    source->positions[index].recreated = false;
    partition->next_offset = offset;
    kc_source_metrics_start(partition, offset);
    kc_fetcher_add(source->fetcher, partition->topic, partition->partition, offset, -1);
}

struct kc_error *kc_raw_source_start(struct kc_raw_source *source)
{
    for (size_t i = 0; i < kc_mirror_assignment_count(source->assignment); i++) {
        struct kc_mirrored_partition *partition = kc_mirror_assignment_at(source->assignment, i);
        if (partition->next_offset >= 0)
            read_from(source, i, partition->next_offset);
        else if (resets(source))
            settle_later(source, i, FRESH, 0);
        else
            return kc_error_new(KC_ERR_CONNECT,
                                "There is no stored offset for %s-%d, and auto.offset.reset is "
                                "none: set the connector's offsets, or choose earliest or latest",
                                partition->topic, partition->partition);
    }
    return NULL;
}

/* ---- trouble ---- */

/* Logs the failure, at most twice a minute. */
static void warn(struct kc_raw_source *source, const struct kc_mirrored_partition *partition,
                 const struct kc_error *err)
{
    int64_t now = kc_mono_ms();
    if (now - source->warned_ms < WARN_INTERVAL_MS) {
        source->unwarned++;
        return;
    }
    kc_warn(
        "Could not read %s-%d from %s: %s. It is tried again; %zu such errors since the last line.",
        partition->topic, partition->partition, source->alias, kc_error_text(err),
        source->unwarned);
    source->warned_ms = now;
    source->unwarned = 0;
}

static struct kc_error *settle_one(struct kc_raw_source *source, size_t index, int64_t low,
                                   int64_t high)
{
    struct kc_mirrored_partition *partition = kc_mirror_assignment_at(source->assignment, index);
    const struct raw_position *position = &source->positions[index];
    int64_t going_on = resets_to_latest(source) ? high : low;
    struct kc_error *err =
        position->state == RESET
            ? kc_history_watch_lost(source->history, partition, position->recreated,
                                    partition->next_offset, low, high, &going_on)
            : NULL;
    if (err)
        return err;
    if (position->state == FRESH)
        kc_index_partition_begin(&partition->index, going_on);
    kc_source_metrics_end(partition, high);
    read_from(source, index, going_on);
    return NULL;
}

/* Questions of poll() to the cluster: the bounds of partitions, and their indexes. */
struct raw_question {
    struct kc_fetch_bound *low, *high;
    size_t *index;
    size_t count;
};

static void question_add(struct raw_question *question,
                         const struct kc_mirrored_partition *partition, size_t index)
{
    const struct kc_fetch_bound bound = {.topic = partition->topic,
                                         .partition = partition->partition};
    question->low[question->count] = question->high[question->count] = bound;
    question->index[question->count++] = index;
}

static struct kc_error *take_answer(struct kc_raw_source *source, struct raw_question *question,
                                    size_t i)
{
    size_t index = question->index[i];
    struct kc_error *failed =
        question->low[i].error ? question->low[i].error : question->high[i].error;
    if (!failed)
        return settle_one(source, index, question->low[i].offset, question->high[i].offset);
    warn(source, kc_mirror_assignment_at(source->assignment, index), failed);
    settle_later(source, index, source->positions[index].state, RETRY_MS);
    kc_error_destroy(question->low[i].error);
    kc_error_destroy(question->high[i].error);
    return NULL;
}

static struct kc_error *ask(struct kc_raw_source *source, struct raw_question *question)
{
    struct kc_error *err = NULL;
    kc_fetcher_bounds(source->fetcher, question->low, question->count, false, BOUNDS_MS);
    kc_fetcher_bounds(source->fetcher, question->high, question->count, true, BOUNDS_MS);
    for (size_t i = 0; i < question->count; i++) {
        struct kc_error *failure = take_answer(source, question, i);
        if (err)
            kc_error_destroy(failure);
        else
            err = failure;
    }
    return err;
}

/* Continues the partitions whose waiting time has passed. */
static struct kc_error *settle(struct kc_raw_source *source)
{
    size_t count = kc_mirror_assignment_count(source->assignment);
    int64_t now = kc_mono_ms();
    struct raw_question question = {
        .low = kc_calloc(count, sizeof(*question.low)),
        .high = kc_calloc(count, sizeof(*question.high)),
        .index = kc_calloc(count, sizeof(*question.index)),
    };
    for (size_t i = 0; i < count; i++) {
        struct kc_mirrored_partition *partition = kc_mirror_assignment_at(source->assignment, i);
        const struct raw_position *position = &source->positions[i];
        if (position->state == READING || now < position->retry_at_ms)
            continue;
        if (position->state == AGAIN)
            read_from(source, i, partition->next_offset);
        else
            question_add(&question, partition, i);
    }
    struct kc_error *err = question.count ? ask(source, &question) : NULL;
    free(question.low);
    free(question.high);
    free(question.index);
    return err;
}

/* ---- events ---- */

static void on_truncated(struct kc_raw_source *source, size_t index,
                         const struct kc_fetched *fetched)
{
    const struct kc_mirrored_partition *partition =
        kc_mirror_assignment_at(source->assignment, index);
    if (fetched->next_offset < 0 || kc_history_watch_policy(source->history) != KC_HISTORY_REWIND) {
        settle_later(source, index, RESET, 0);
        return;
    }
    kc_history_watch_cut(source->history, partition, fetched->next_offset);
    read_from(source, index, fetched->next_offset);
}

static void on_recreated(struct kc_raw_source *source, size_t index)
{
    const struct kc_mirrored_partition *partition =
        kc_mirror_assignment_at(source->assignment, index);
    kc_warn("Topic %s on %s was deleted and created again: offset %lld of partition %d, which was "
            "next to be mirrored, means nothing in it.",
            partition->topic, source->alias, (long long)partition->next_offset,
            partition->partition);
    source->positions[index].recreated = true;
    settle_later(source, index, RESET, 0);
}

static void on_event(struct kc_raw_source *source, size_t index, const struct kc_fetched *fetched)
{
    switch (fetched->kind) {
    case KC_FETCHED_TRUNCATED:
        on_truncated(source, index, fetched);
        break;
    case KC_FETCHED_RECREATED:
        on_recreated(source, index);
        break;
    case KC_FETCHED_OUT_OF_RANGE:
        settle_later(source, index, RESET, 0);
        break;
    case KC_FETCHED_FAILED:
        warn(source, kc_mirror_assignment_at(source->assignment, index), fetched->error);
        settle_later(source, index, AGAIN, RETRY_MS);
        break;
    case KC_FETCHED_DATA:
        break;
    }
}

/* ---- data ---- */

struct held_chunk {
    struct kc_mirror_assignment *assignment;
    const struct kc_mirrored_partition *partition;
    struct kc_fetched *fetched;
};

static void release(void *arg)
{
    struct held_chunk *held = arg;
    /* Every record in it is on the target or is left out. */
    if (!kc_mirror_assignment_ended(held->assignment))
        kc_source_metrics_done(held->partition, held->fetched->next_offset);
    kc_fetched_release(held->fetched);
    kc_mirror_assignment_unref(held->assignment);
    free(held);
}

static void add_chunk(struct kc_raw_source *source, struct kc_batch *batch, size_t index,
                      struct kc_fetched *fetched)
{
    struct kc_mirrored_partition *partition = kc_mirror_assignment_at(source->assignment, index);
    struct held_chunk *held = kc_malloc(sizeof(*held));
    *held = (struct held_chunk){kc_mirror_assignment_ref(source->assignment), partition, fetched};
    kc_source_metrics_polled(partition, fetched->data, fetched->len);
    kc_source_metrics_end(partition, kc_fetcher_read_committed(source->fetcher)
                                         ? fetched->last_stable_offset
                                         : fetched->high_watermark);
    kc_batch_own(batch, held, release);
    *kc_batch_add_raw(batch) = (struct kc_raw){
        .topic = partition->remote,
        .partition = partition->partition,
        .data = fetched->data,
        .len = fetched->len,
        .first_offset = fetched->first_offset,
        .aborted = fetched->aborted,
        .aborted_count = fetched->aborted_count,
        .read_committed = kc_fetcher_read_committed(source->fetcher),
        .source_partition = partition->source,
        .offset_field = "offset",
        .task_data = partition,
    };
    partition->next_offset = fetched->next_offset;
}

static size_t take(struct kc_raw_source *source, struct kc_fetched *fetched,
                   struct kc_batch **batch)
{
    size_t index, len = fetched->len;
    bool known =
        kc_mirror_assignment_find(source->assignment, fetched->topic, fetched->partition, &index);
    if (known && fetched->kind == KC_FETCHED_DATA && len > 0) {
        if (!*batch)
            *batch = kc_batch_new(0);
        add_chunk(source, *batch, index, fetched);
        return len;
    }
    if (known)
        on_event(source, index, fetched);
    kc_fetched_release(fetched);
    return 0;
}

/* Asks for the end offsets of idle partitions, so that their lag is known to be zero. */
static void ask_ends(struct kc_raw_source *source)
{
    size_t count = kc_mirror_assignment_count(source->assignment);
    struct kc_fetch_bound *ends = kc_calloc(count + 1, sizeof(*ends));
    source->ends_asked = true;
    for (size_t i = 0; i < count; i++) {
        const struct kc_mirrored_partition *partition =
            kc_mirror_assignment_at(source->assignment, i);
        ends[i] =
            (struct kc_fetch_bound){.topic = partition->topic, .partition = partition->partition};
    }
    kc_fetcher_bounds(source->fetcher, ends, count, true, BOUNDS_MS);
    for (size_t i = 0; i < count; i++) {
        if (!ends[i].error)
            kc_source_metrics_end(kc_mirror_assignment_at(source->assignment, i), ends[i].offset);
        kc_error_destroy(ends[i].error);
    }
    free(ends);
}

struct kc_error *kc_raw_source_poll(struct kc_raw_source *source, int timeout_ms,
                                    struct kc_batch **batch)
{
    int64_t deadline = kc_mono_ms() + timeout_ms;
    size_t bytes = 0;
    *batch = NULL;
    if (!source->ends_asked)
        ask_ends(source);
    while (bytes < POLL_BYTES) {
        struct kc_error *err = source->unsettled > 0 && !*batch ? settle(source) : NULL;
        if (err)
            return err;
        struct kc_fetched *fetched = kc_fetcher_next(source->fetcher, *batch ? 0 : deadline);
        if (!fetched)
            break;
        bytes += take(source, fetched, batch);
    }
    return NULL;
}
