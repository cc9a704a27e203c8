/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Batches on their way, see raw_lane_priv.h.
 *
 * Order within a partition: the appender gives results in the order of appending, and once a batch
 * has failed it refuses everything behind it until told otherwise. So all spans of a partition
 * either are acknowledged or come back, and the lists here are in order, but for those that the
 * appender refused on the spot when it became useless: these are sorted in by their number.
 *
 * `mutex` guards parts' counters and both lists; it is held for moments only, and never while the
 * appender or a callback runs.
 */
#include "source/raw_lane_state_priv.h"

#include "append/appender.h"
#include "base/kafka_errors.h"
#include "base/thread.h"

#include <string.h>
#include <strings.h>
#include <utlist.h>

enum {
    IN_FLIGHT_BYTES = 8 << 20,
    ROOM_BYTES = IN_FLIGHT_BYTES / 2, /* in flight: who waits for room is woken no sooner */
    ANNOUNCE_MS = 5000,
    WAIT_MS = 100, /* between looks at what no signal tells */
    SERVE_BYTES = 1 << 20,
    TELL_MS = 20, /* between requests to serve less */
    NO_PARTITION = -1,
};

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

struct kc_error *kc_raw_lane_new(const struct kc_map *producer, const void *worker,
                                 const char *name, void (*wake)(void *opaque), void *opaque,
                                 struct kc_raw_lane **lane)
{
    struct kc_raw_lane *made = kc_calloc(1, sizeof(*made));
    struct kc_error *err = kc_raw_target_join(producer, worker, name, &made->target);
    if (err) {
        free(made);
        return err;
    }
    made->wake = wake;
    made->opaque = opaque;
    made->transactional = !made->target->shared;
    pthread_mutex_init(&made->mutex, NULL);
    kc_cond_init(&made->moved);
    kc_cond_init(&made->room);
    *lane = made;
    return NULL;
}

void kc_raw_lane_leave_out(struct kc_raw_lane *lane, kc_raw_refused refused, void *opaque)
{
    lane->refused = refused;
    lane->refused_opaque = opaque;
}

void kc_raw_lane_cancel(struct kc_raw_lane *lane)
{
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

void kc_raw_lane_close(struct kc_raw_lane *lane)
{
    if (!lane)
        return;
    if (lane->target->shared)
        kc_appender_abandon(lane->target->appender,
                            &(struct kc_append_leaver){is_mine, keep_bytes, drop_bytes, lane});
    kc_raw_target_leave(lane->target);
    lane->target = NULL;
    forget_all(lane);
}

void kc_raw_lane_destroy(struct kc_raw_lane *lane)
{
    if (!lane)
        return;
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

/* ---- results; the client's thread ---- */

static int by_sequence(const struct kc_raw_span *a, const struct kc_raw_span *b)
{
    return (a->sequence > b->sequence) - (a->sequence < b->sequence);
}

/* Locked. */
static void came_back(struct kc_raw_lane *lane, struct kc_raw_span *span,
                      const struct kc_append_result *result)
{
    struct raw_part *part = span->part;
    span->error = kc_error_copy(result->error);
    /* Who leaves out refused records must know which they are: alone, it will be told. */
    span->skipped = result->skipped || (result->merged && lane->refused);
    span->record_errors = span->skipped ? NULL : kc_record_errors_ref(result->record_errors);
    LL_INSERT_INORDER(part->returned, span, by_sequence);
    lane->returned++;
    lane->unserved--;
}

/* Locked. Whether serving is to be asked for, now that nothing else is under way. */
static bool tell_quiet(struct kc_raw_lane *lane)
{
    int64_t now = kc_mono_ms();
    if (lane->in_flight > 0 || (!lane->drainers && now - lane->told_ms < TELL_MS))
        return false;
    lane->told_ms = now;
    return true;
}

/* Locked. True: they are to be served now, for they are many, or nothing else is under way. What
 * isn't told is found within the acknowledgement thread's own rhythm: to wake it for each batch
 * would cost more than the batch. */
static bool acknowledged(struct kc_raw_lane *lane, struct kc_raw_span *span,
                         const struct kc_append_result *result)
{
    bool few = lane->acked_bytes < SERVE_BYTES;
    span->base_offset = result->base_offset;
    span->log_append_time_ms = result->log_append_time_ms;
    span->next = NULL;
    if (!lane->acked)
        lane->acked = span;
    else
        lane->newest->next = span;
    lane->newest = span;
    lane->acked_bytes += span->len;
    return tell_quiet(lane) || (few && lane->acked_bytes >= SERVE_BYTES);
}

/* Records that have no slot of their own; built ones have, beside their span's. */
static uint64_t extra_of(const struct kc_raw_span *span)
{
    return span->built ? (uint64_t)-1 : (uint64_t)span->count - 1;
}

static void on_result(void *arg, const struct kc_append_result *result)
{
    struct kc_raw_span *span = arg;
    struct raw_part *part = span->part;
    struct kc_raw_lane *lane = span->lane;
    bool wake = true;
    size_t left = atomic_fetch_sub(&lane->bytes, span->len) - span->len;
    atomic_fetch_sub(&lane->extra, extra_of(span));
    pthread_mutex_lock(&lane->mutex);
    part->in_flight--;
    lane->in_flight--;
    if (result->error)
        came_back(lane, span, result);
    else
        wake = acknowledged(lane, span, result);
    pthread_cond_broadcast(&lane->moved);
    if (left <= ROOM_BYTES)
        pthread_cond_broadcast(&lane->room);
    pthread_mutex_unlock(&lane->mutex);
    if (wake)
        lane->wake(lane->opaque);
}

void kc_raw_lane_serve(struct kc_raw_lane *lane,
                       void (*acked)(void *opaque, const struct kc_raw_span *span), void *opaque)
{
    size_t served = 0;
    pthread_mutex_lock(&lane->mutex);
    struct kc_raw_span *span = lane->acked;
    lane->acked = lane->newest = NULL;
    lane->acked_bytes = 0;
    pthread_mutex_unlock(&lane->mutex);
    while (span) {
        struct kc_raw_span *next = span->next; /* the span may be gone afterwards */
        acked(opaque, span);
        served++;
        span = next;
    }
    if (!served)
        return;
    pthread_mutex_lock(&lane->mutex);
    lane->unserved -= served;
    pthread_cond_broadcast(&lane->moved);
    pthread_mutex_unlock(&lane->mutex);
}

const char *kc_raw_lane_announce(const struct kc_raw_span *span)
{
    struct raw_part *part = span->part;
    int64_t now = kc_mono_ms();
    if (now - part->announced_ms < ANNOUNCE_MS)
        return NULL;
    part->announced_ms = now;
    return part->topic;
}

bool kc_raw_lane_has_returned(struct kc_raw_lane *lane)
{
    pthread_mutex_lock(&lane->mutex);
    bool any = lane->returned > 0;
    pthread_mutex_unlock(&lane->mutex);
    return any;
}

uint64_t kc_raw_lane_extra(struct kc_raw_lane *lane)
{
    return atomic_load(&lane->extra);
}

size_t kc_raw_lane_bytes(struct kc_raw_lane *lane)
{
    return atomic_load(&lane->bytes);
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

void kc_raw_lane_note_record(struct kc_raw_lane *lane, const char *topic, int32_t partition)
{
    kc_raw_part_get(lane, topic, partition)->records = true;
}

bool kc_raw_lane_follows_record(struct kc_raw_lane *lane, const char *topic, int32_t partition)
{
    struct raw_part *part = kc_raw_part_get(lane, topic, partition);
    bool follows = part->records;
    part->records = false;
    return follows;
}

void kc_raw_lane_wait_moved(struct kc_raw_lane *lane)
{
    kc_cond_wait_until(&lane->moved, &lane->mutex, kc_mono_ms() + WAIT_MS);
}

static bool has_room(struct kc_raw_lane *lane, size_t len)
{
    size_t bytes = kc_raw_lane_bytes(lane);
    return bytes == 0 || bytes + len <= IN_FLIGHT_BYTES;
}

/* With mutex. A topic that isn't there may be what keeps the lane full. */
static void wait_a_moment(struct kc_raw_lane *lane)
{
    kc_cond_wait_until(&lane->room, &lane->mutex, kc_mono_ms() + WAIT_MS);
    pthread_mutex_unlock(&lane->mutex);
    kc_raw_lane_look_for_missing(lane);
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

/* Where its slot's offset counts, what is before it is in the log first; or it goes back with that,
 * to be left out behind it. */
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
        LL_INSERT_INORDER(part->returned, span, by_sequence);
        lane->returned++;
    }
    pthread_mutex_unlock(&lane->mutex);
    return waits ? NULL : lane->refused(lane->refused_opaque, span, span->refusal);
}

struct kc_error *kc_raw_lane_send(struct kc_raw_lane *lane, struct kc_raw_span *span,
                                  struct kc_slot *slot)
{
    struct raw_part *part = kc_raw_part_get(lane, span->raw->topic, span->raw->partition);
    span->slot = slot;
    if (span->refusal)
        return leave_out(lane, part, span);
    if (!wait_for_room(lane, span->len))
        return kc_error_new(KC_ERR_WAKEUP, "The task has been cancelled while sending");
    span->lane = lane;
    span->part = part;
    span->sequence = part->next_sequence++;
    atomic_fetch_add(&lane->bytes, span->len);
    atomic_fetch_add(&lane->extra, extra_of(span));
    pthread_mutex_lock(&lane->mutex);
    part->in_flight++;
    lane->in_flight++;
    lane->unserved++;
    pthread_mutex_unlock(&lane->mutex);
    kc_appender_append(lane->target->appender, part->topic, part->partition, span->data, span->len,
                       on_result, span);
    return NULL;
}

bool kc_raw_lane_drain(struct kc_raw_lane *lane, int64_t deadline_ms)
{
    pthread_mutex_lock(&lane->mutex);
    lane->drainers++;
    bool unasked = lane->acked && lane->in_flight == 0;
    pthread_mutex_unlock(&lane->mutex);
    if (unasked)
        lane->wake(lane->opaque);
    pthread_mutex_lock(&lane->mutex);
    while (lane->unserved > 0 && !lane->returned && !atomic_load(&lane->cancelled) &&
           kc_mono_ms() < deadline_ms)
        kc_raw_lane_wait_moved(lane);
    bool drained = lane->unserved == 0 && !lane->returned;
    lane->drainers--;
    pthread_mutex_unlock(&lane->mutex);
    return drained;
}

const char *kc_raw_lane_broken(struct kc_raw_lane *lane)
{
    return atomic_load(&lane->broken);
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

bool kc_raw_lane_first_use(struct kc_raw_lane *lane, const char *topic)
{
    return !kc_raw_part_get(lane, topic, NO_PARTITION)->prepared;
}

void kc_raw_lane_prepared(struct kc_raw_lane *lane, const char *topic)
{
    kc_raw_part_get(lane, topic, NO_PARTITION)->prepared = true;
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

void kc_raw_lane_discard(struct kc_raw_lane *lane,
                         void (*give_up)(void *opaque, struct kc_slot *slot), void *opaque)
{
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
            give_up(opaque, span->slot); /* the span may be gone afterwards */
            span = next;
        }
    }
}
