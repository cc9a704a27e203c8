/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Batches on their way, see raw_lane_priv.h: the life of a lane, and sending.
 *
 * Order within a partition: the appender gives results in the order of appending, and after a
 * failed batch it refuses everything behind it until it is unblocked. So each span of a partition
 * is acknowledged or comes back, and the lists here are in order. The exception: an appender that
 * has ended refuses further spans at once; these are inserted by their number.
 *
 * `mutex` guards parts' counters and both lists; it is held for moments only, and never while the
 * appender or a callback runs.
 */
#include "source/raw_lane_state_priv.h"

#include "connect/thread.h"
#include "source/eos_channel_priv.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

enum { WAIT_MS = 100 /* between looks at what no signal tells */ };

/* ---- which lane ---- */

static struct kc_error *header(void *conversion, const char *topic, const struct kc_header *from,
                               struct kc_arena *arena, const void **data, size_t *len)
{
    return kc_conversion_header(conversion, topic, from, arena, data, len);
}

static const char *route(void *conversion, const char *topic, char **routed)
{
    return kc_conversion_route(conversion, topic, routed);
}

const char *kc_raw_lane_refusal(const struct kc_raw_choice *choice, struct kc_raw_rules *rules)
{
    const char *enabled = kc_map_get_or(choice->connector_config, KC_RAW_LANE_SETTING, "true");
    const char *why = kc_conversion_raw_refusal(choice->conversion);
    if (why)
        return why;
    if (strcasecmp(enabled, "false") == 0)
        return KC_RAW_LANE_SETTING " is false";
    why = kc_raw_rules_set_codec(rules, choice->producer);
    if (why)
        return why;
    rules->headers_reason = kc_conversion_headers_reason(choice->conversion);
    rules->header = rules->headers_reason ? header : NULL;
    rules->route = kc_conversion_routes(choice->conversion) ? route : NULL;
    rules->opaque = choice->conversion;
    kc_raw_rules_finish(rules, choice->producer);
    return NULL;
}

/* ---- making and ending ---- */

void kc_raw_lane_leave_out(struct kc_raw_lane *lane, kc_raw_refused refused, void *opaque)
{
    lane->refused = refused;
    lane->refused_opaque = opaque;
}

void kc_raw_lane_take_records(struct kc_raw_lane *lane, kc_raw_take_record take, void *opaque)
{
    lane->take_record = take;
    lane->take_opaque = opaque;
}

void kc_raw_lane_follow(struct kc_raw_lane *lane, struct kc_lane *records)
{
    lane->followed = records;
}

struct kc_lane *kc_raw_lane_base(struct kc_raw_lane *lane)
{
    return &lane->lane;
}

static void cancel(struct kc_lane *base)
{
    struct kc_raw_lane *lane = kc_raw_lane_of(base);
    atomic_store(&lane->cancelled, true);
    pthread_mutex_lock(&lane->mutex);
    pthread_cond_broadcast(&lane->moved);
    pthread_cond_broadcast(&lane->room);
    pthread_mutex_unlock(&lane->mutex);
}

/* ---- leaving those who go on ---- */

static bool is_mine(const void *who, const void *arg)
{
    const struct kc_raw_span *span = arg;
    return span->lane == who;
}

static void *keep_bytes(void *arg)
{
    const struct kc_raw_span *span = arg;
    return kc_batch_ref(span->batch);
}

static void drop_bytes(void *arg, const struct kc_append_result *result)
{
    (void)result;
    kc_batch_unref(arg);
}

void kc_raw_lane_clear(struct kc_raw_span *span)
{
    kc_error_clear(&span->error);
    kc_record_errors_unref(span->record_errors);
    span->record_errors = NULL;
}

static void forget_all(struct kc_raw_lane *lane)
{
    for (struct raw_part *part = lane->parts; part; part = part->hh.next) {
        for (struct kc_raw_span *span = part->returned; span; span = span->next)
            kc_raw_lane_clear(span);
        part->returned = NULL;
        part->in_flight = 0;
    }
    pthread_mutex_lock(&lane->mutex);
    lane->acked = lane->newest = NULL;
    lane->in_flight = lane->unserved = lane->returned = 0;
    pthread_mutex_unlock(&lane->mutex);
    atomic_store(&lane->bytes, 0);
    atomic_store(&lane->extra, 0);
}

/* Spans in flight were waited for, or are given up: the plugin isn't told of them any more. */
static void close_lane(struct kc_lane *base, int timeout_ms)
{
    struct kc_raw_lane *lane = kc_raw_lane_of(base);
    (void)timeout_ms;
    if (lane->target->shared)
        kc_appender_abandon(lane->target->appender,
                            &(struct kc_append_leaver){is_mine, keep_bytes, drop_bytes, lane});
    kc_raw_target_leave(lane->target);
    lane->target = NULL;
    forget_all(lane);
}

static void destroy(struct kc_lane *base)
{
    struct kc_raw_lane *lane = kc_raw_lane_of(base);
    struct raw_part *part, *next;
    HASH_ITER (hh, lane->parts, part, next) {
        HASH_DEL(lane->parts, part);
        kc_source_partition_unref(part->queue);
        free(part->key);
        free(part);
    }
    kc_strings_destroy(&lane->missing);
    pthread_cond_destroy(&lane->room);
    pthread_cond_destroy(&lane->moved);
    pthread_mutex_destroy(&lane->mutex);
    free(lane);
}

/* ---- sending ---- */

struct raw_part *kc_raw_part_get(struct kc_raw_lane *lane, const char *topic, int32_t partition)
{
    char buffer[300]; /* a topic's name has 249 at most, or there is no such topic */
    struct raw_part *part = NULL;
    size_t len = (size_t)snprintf(buffer, sizeof(buffer), "%d-%s", partition, topic);
    char *key = len < sizeof(buffer) ? NULL : kc_asprintf("%d-%s", partition, topic);
    HASH_FIND(hh, lane->parts, key ? key : buffer, len, part);
    if (part) {
        free(key);
        return part;
    }
    part = kc_calloc(1, sizeof(*part));
    part->key = key ? key : kc_strdup(buffer);
    part->topic = strchr(part->key + (partition < 0), '-') + 1;
    part->partition = partition;
    part->announced_ms = INT64_MIN / 2;
    HASH_ADD_KEYPTR(hh, lane->parts, part->key, strlen(part->key), part);
    return part;
}

struct kc_source_partition *kc_raw_lane_queue(struct kc_raw_lane *lane, const char *topic,
                                              int32_t partition)
{
    struct raw_part *part = kc_raw_part_get(lane, topic, partition);
    if (!part->queue)
        part->queue = kc_source_partition_new(NULL);
    return part->queue;
}

static void note_record(struct kc_lane *lane, const char *topic, int32_t partition)
{
    kc_raw_part_get(kc_raw_lane_of(lane), topic, partition)->records = true;
}

/* The partition's records in another lane come first. */
static bool follow_records(struct kc_raw_lane *lane, struct raw_part *part)
{
    if (!part->records)
        return true;
    part->records = false;
    return lane->followed->ops->drain(lane->followed, INT64_MAX);
}

void kc_raw_lane_wait_moved(struct kc_raw_lane *lane)
{
    kc_cond_wait_until(&lane->moved, &lane->mutex, kc_mono_ms() + WAIT_MS);
}

static bool has_room(struct kc_raw_lane *lane, size_t len)
{
    size_t bytes = atomic_load(&lane->bytes);
    return bytes == 0 || bytes + len <= KC_RAW_IN_FLIGHT_BYTES;
}

/* With mutex. A missing topic may keep the lane full. */
static void wait_a_moment(struct kc_raw_lane *lane)
{
    kc_cond_wait_until(&lane->room, &lane->mutex, kc_mono_ms() + WAIT_MS);
    pthread_mutex_unlock(&lane->mutex);
    kc_raw_lane_tend(&lane->lane);
    pthread_mutex_lock(&lane->mutex);
}

static bool wait_for_room(struct kc_raw_lane *lane, size_t len)
{
    if (has_room(lane, len))
        return true;
    pthread_mutex_lock(&lane->mutex);
    while (!has_room(lane, len) && !atomic_load(&lane->cancelled))
        wait_a_moment(lane);
    pthread_mutex_unlock(&lane->mutex);
    return !atomic_load(&lane->cancelled);
}

/* If its slot's offset counts, everything before it must be in the log first. Otherwise it goes
 * back with that, and is left out behind it. */
static struct kc_error *leave_out(struct kc_raw_lane *lane, struct raw_part *part,
                                  struct kc_raw_span *span)
{
    pthread_mutex_lock(&lane->mutex);
    while (!span->early && part->in_flight > 0 && !atomic_load(&lane->cancelled))
        kc_raw_lane_wait_moved(lane);
    bool waits = !span->early && (part->in_flight > 0 || part->returned);
    if (waits) {
        span->lane = lane;
        span->part = part;
        span->sequence = part->next_sequence++;
        span->skipped = true;
        span->error = kc_error_copy(span->refusal);
        kc_raw_part_return(lane, span);
    }
    pthread_mutex_unlock(&lane->mutex);
    return waits ? NULL : lane->refused(lane->refused_opaque, span, span->refusal);
}

struct kc_error *kc_raw_lane_send(struct kc_raw_lane *lane, struct kc_raw_span *span, void *slot)
{
    struct raw_part *part = kc_raw_part_get(lane, span->raw->topic, span->raw->partition);
    span->slot = slot;
    if (span->refusal)
        return leave_out(lane, part, span);
    if (!follow_records(lane, part) || !wait_for_room(lane, span->len))
        return kc_error_new(KC_ERR_WAKEUP, "The task has been cancelled while sending");
    span->lane = lane;
    span->part = part;
    span->sequence = part->next_sequence++;
    atomic_fetch_add(&lane->bytes, span->len);
    atomic_fetch_add(&lane->extra, kc_raw_lane_extra_of(span));
    pthread_mutex_lock(&lane->mutex);
    part->in_flight++;
    lane->in_flight++;
    lane->unserved++;
    pthread_mutex_unlock(&lane->mutex);
    kc_appender_append_parsed(lane->target->appender, part->topic, part->partition, span->data,
                              &span->header, kc_raw_lane_result, span);
    return NULL;
}

static struct kc_error *send_span(struct kc_lane *lane, struct kc_raw_span *span, void *slot)
{
    return kc_raw_lane_send(kc_raw_lane_of(lane), span, slot);
}

static struct kc_error *send_record(struct kc_lane *base, struct kc_target_topic *topic,
                                    const struct kc_producer_record *record, void *slot)
{
    struct kc_raw_lane *lane = kc_raw_lane_of(base);
    (void)topic;
    return lane->take_record(lane->take_opaque, record, slot);
}

static bool drain(struct kc_lane *base, int64_t deadline_ms)
{
    struct kc_raw_lane *lane = kc_raw_lane_of(base);
    pthread_mutex_lock(&lane->mutex);
    lane->drainers++;
    bool unasked = lane->acked && lane->in_flight == 0;
    pthread_mutex_unlock(&lane->mutex);
    if (unasked)
        kc_lane_moved(base);
    pthread_mutex_lock(&lane->mutex);
    while (lane->unserved > 0 && !lane->returned && !atomic_load(&lane->cancelled) &&
           kc_mono_ms() < deadline_ms)
        kc_raw_lane_wait_moved(lane);
    bool drained = lane->unserved == 0 && !lane->returned;
    lane->drainers--;
    pthread_mutex_unlock(&lane->mutex);
    return drained;
}

static const char *broken(struct kc_lane *lane)
{
    return atomic_load(&kc_raw_lane_of(lane)->broken);
}

static bool is_plain(struct kc_lane *lane)
{
    return kc_appender_is_plain(kc_raw_lane_of(lane)->target->appender);
}

static size_t bytes_in_flight(struct kc_lane *lane)
{
    return atomic_load(&kc_raw_lane_of(lane)->bytes);
}

static uint64_t extra(struct kc_lane *lane)
{
    return atomic_load(&kc_raw_lane_of(lane)->extra);
}

/* ---- transactions ---- */

struct kc_appender *kc_raw_lane_appender(struct kc_raw_lane *lane)
{
    return lane->target->appender;
}

struct kc_wire_client *kc_raw_lane_client(struct kc_raw_lane *lane)
{
    return lane->target->client;
}

void kc_raw_lane_await(struct kc_raw_lane *lane, int64_t deadline_ms)
{
    pthread_mutex_lock(&lane->mutex);
    while (!lane->acked && !lane->returned && lane->unserved > 0 &&
           !atomic_load(&lane->cancelled) && kc_mono_ms() < deadline_ms)
        kc_raw_lane_wait_moved(lane);
    pthread_mutex_unlock(&lane->mutex);
}

bool kc_raw_lane_idle(struct kc_raw_lane *lane)
{
    pthread_mutex_lock(&lane->mutex);
    bool idle = lane->unserved == 0 && lane->returned == 0;
    pthread_mutex_unlock(&lane->mutex);
    return idle;
}

void kc_raw_lane_discard(struct kc_raw_lane *lane)
{
    const struct kc_lane_owner *owner = &lane->lane.owner;
    for (struct raw_part *part = lane->parts; part; part = part->hh.next) {
        pthread_mutex_lock(&lane->mutex);
        struct kc_raw_span *span = part->returned;
        part->returned = NULL;
        for (struct kc_raw_span *each = span; each; each = each->next)
            lane->returned--;
        pthread_mutex_unlock(&lane->mutex);
        if (span)
            kc_appender_unblock(lane->target->appender, part->topic, part->partition);
        while (span) {
            struct kc_raw_span *next = span->next;
            kc_raw_lane_clear(span);
            owner->events->retracted(owner->delivery, span->slot); /* the span may be gone then */
            span = next;
        }
    }
}

/* ---- the table ---- */

static const struct kc_lane_ops ops = {
    .transactions = &kc_eos_raw,
    .prepare_topic = kc_raw_lane_prepare_topic,
    .send_record = send_record,
    .send_span = send_span,
    .note_record = note_record,
    .drain = drain,
    .broken = broken,
    .fit = kc_raw_lane_fit,
    .recover = kc_raw_lane_recover,
    .tend = kc_raw_lane_tend,
    .is_plain = is_plain,
    .serve = kc_raw_lane_serve,
    .has_returned = kc_raw_lane_has_returned,
    .bytes = bytes_in_flight,
    .extra = extra,
    .cancel = cancel,
    .close = close_lane,
    .destroy = destroy,
};

struct kc_raw_lane *kc_raw_lane_of(struct kc_lane *lane)
{
    assert(lane->ops == &ops);
    return (struct kc_raw_lane *)lane;
}

struct kc_error *kc_raw_lane_new(const struct kc_map *producer, const void *worker,
                                 const char *name, const struct kc_lane_owner *owner,
                                 struct kc_raw_lane **lane)
{
    struct kc_raw_lane *made = kc_calloc(1, sizeof(*made));
    struct kc_error *err = kc_raw_target_join(producer, worker, name, &made->target);
    if (err) {
        free(made);
        return err;
    }
    made->lane.ops = &ops;
    made->lane.owner = *owner;
    made->transactional = !made->target->shared;
    pthread_mutex_init(&made->mutex, NULL);
    kc_cond_init(&made->moved);
    kc_cond_init(&made->room);
    *lane = made;
    return NULL;
}
