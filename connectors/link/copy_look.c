/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking: where the source's log is, and how far the target's log has come. On a lane's thread.
 *
 * Partitions are asked about together, as brokers allow. Only those whose log may hold markers are
 * read, from the place on up to which it was known.
 */
#include "connect/log.h"
#include "link/copy_priv.h"

#include <string.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.link.copy");

enum {
    WALK_MS = 10000,      /* for the logs of one job */
    READ_BYTES = 8 << 20, /* fetched ahead */
    NAME_MS = 3000,
};

static struct kc_error **error_of(struct copy_item *item, enum copy_side side)
{
    return side == COPY_AT_SOURCE ? &item->source_error : &item->target_error;
}

static const char *name_of(const struct copy_item *item, enum copy_side side)
{
    return side == COPY_AT_SOURCE ? item->source : item->topic;
}

/* Takes err: it holds for all. */
static void fail_all(struct copy_job *job, enum copy_side side, struct kc_error *err)
{
    for (size_t i = 0; err && i < job->count; i++) {
        struct kc_error **to = error_of(&job->items[i], side);
        if (!*to)
            *to = kc_error_copy(err);
    }
    kc_error_destroy(err);
}

/* ---- offsets ---- */

void link_offsets_ask(struct link_copy *copy, struct copy_job *job, enum copy_side side,
                      int64_t timestamp, bool committed_only, size_t to)
{
    struct kc_partition_offset *asked = kc_calloc(job->count + 1, sizeof(*asked));
    size_t *of = kc_calloc(job->count + 1, sizeof(*of)), count = 0;
    for (size_t i = 0; i < job->count; i++) {
        if (*error_of(&job->items[i], side))
            continue;
        of[count] = i;
        asked[count++] = (struct kc_partition_offset){.topic = name_of(&job->items[i], side),
                                                      .partition = job->items[i].partition,
                                                      .timestamp = timestamp};
    }
    struct kc_admin *admin = side == COPY_AT_SOURCE ? copy->source : copy->target;
    struct kc_error *err =
        count ? kc_admin_list_offsets(admin, asked, count, committed_only) : NULL;
    for (size_t i = 0; !err && i < count; i++) {
        struct copy_item *item = &job->items[of[i]];
        *(int64_t *)((char *)item + to) = asked[i].offset;
        *error_of(item, side) = asked[i].error;
    }
    fail_all(job, side, err);
    free(asked);
    free(of);
}

#define ASK(side, timestamp, committed_only, field)                                                \
    link_offsets_ask(copy, job, (side), (timestamp), (committed_only),                             \
                     offsetof(struct copy_item, field))

static void look_at_source(struct link_copy *copy, struct copy_job *job)
{
    ASK(COPY_AT_SOURCE, KC_OFFSET_EARLIEST, false, source_start);
    ASK(COPY_AT_SOURCE, KC_OFFSET_LATEST, true, source_stable);
    ASK(COPY_AT_SOURCE, KC_OFFSET_LATEST, false, source_high);
}

/* Where a mirror begins that begins by time. */
static void find_start(struct link_copy *copy, struct copy_item *item)
{
    struct kc_partition_offset asked = {
        .topic = item->source, .partition = item->partition, .timestamp = item->start};
    item->start_offset = item->source_start;
    if (item->source_error || item->start == KC_OFFSET_EARLIEST)
        return;
    if (item->start == KC_OFFSET_LATEST) {
        item->start_offset = item->source_stable;
        return;
    }
    struct kc_error *err = kc_admin_list_offsets(copy->source, &asked, 1, true);
    item->source_error = err ? err : asked.error;
    if (!item->source_error)
        item->start_offset = asked.offset >= 0 ? asked.offset : item->source_stable;
}

/* ---- topics ---- */

static const struct kc_topic_description *described(const struct kc_topic_descriptions *topics,
                                                    const char *name)
{
    for (size_t i = 0; i < topics->count; i++) {
        if (strcmp(topics->items[i].name, name) == 0)
            return &topics->items[i];
    }
    return NULL;
}

static bool is_another(const struct kc_uuid *known, const struct kc_topic_description *topic)
{
    return !kc_uuid_is_zero(known) && !kc_uuid_is_zero(&topic->id) &&
           !kc_uuid_equal(known, &topic->id);
}

static void judge_topic(struct copy_item *item, enum copy_side side,
                        const struct kc_topic_description *topic)
{
    struct kc_error **err = error_of(item, side);
    bool at_source = side == COPY_AT_SOURCE;
    if (*err || !topic)
        return;
    if (topic->error) {
        *err = kc_error_copy(topic->error);
        return;
    }
    if (!item->diverged && is_another(at_source ? &item->source_id : &item->target_id, topic))
        item->diverged =
            kc_asprintf("topic %s was deleted and created again at the %s: what is mirrored "
                        "isn't its history. A repair by force makes the mirror topic anew",
                        name_of(item, side), at_source ? "source" : "target");
    for (size_t i = 0; !at_source && i < topic->partition_count; i++) {
        if (topic->partitions[i].partition == item->partition)
            item->alone = topic->partitions[i].isr_count == 1;
    }
}

static void look_at_topics(struct link_copy *copy, struct copy_job *job, enum copy_side side)
{
    struct kc_strings names = {0}, once = {0};
    struct kc_topic_descriptions topics = {0};
    for (size_t i = 0; i < job->count; i++)
        kc_strings_add(&names, name_of(&job->items[i], side));
    kc_strings_copy_distinct(&once, &names);
    struct kc_error *err = kc_admin_describe_topics(
        side == COPY_AT_SOURCE ? copy->source : copy->target, &once, &topics);
    for (size_t i = 0; !err && i < job->count; i++)
        judge_topic(&job->items[i], side, described(&topics, name_of(&job->items[i], side)));
    fail_all(job, side, err);
    kc_topic_descriptions_destroy(&topics);
    kc_strings_destroy(&names);
    kc_strings_destroy(&once);
}

/* ---- the target's log ---- */

static void take_producers(const struct link_copy *copy, struct copy_item *item,
                           struct kc_partition_producers *answer)
{
    item->target_error = answer->error;
    answer->error = NULL;
    item->sight.sequence = -1;
    for (size_t i = 0; i < answer->count; i++) {
        const struct kc_partition_producer *producer = &answer->producers[i];
        if (producer->producer_id == copy->producer_id && producer->last_sequence >= 0) {
            item->sight.known = true;
            item->sight.sequence = producer->last_sequence;
        } else if (producer->producer_id != copy->producer_id) {
            item->foreign_id = producer->producer_id;
        }
    }
}

static void ask_producers(struct link_copy *copy, struct copy_job *job)
{
    struct kc_partition_producers *asked = kc_calloc(job->count + 1, sizeof(*asked));
    size_t *of = kc_calloc(job->count + 1, sizeof(*of)), count = 0;
    for (size_t i = 0; i < job->count; i++) {
        if (job->items[i].target_error)
            continue;
        of[count] = i;
        asked[count++] = (struct kc_partition_producers){.topic = job->items[i].topic,
                                                         .partition = job->items[i].partition};
    }
    struct kc_error *err = count ? kc_admin_describe_producers(copy->target, asked, count) : NULL;
    for (size_t i = 0; !err && i < count; i++)
        take_producers(copy, &job->items[of[i]], &asked[i]);
    fail_all(job, COPY_AT_TARGET, err);
    kc_partition_producers_clear(asked, count);
    free(asked);
    free(of);
}

static void look_at_target(struct link_copy *copy, struct copy_job *job)
{
    ASK(COPY_AT_TARGET, KC_OFFSET_EARLIEST, false, target_start);
    ASK(COPY_AT_TARGET, KC_OFFSET_LATEST, false, sight.before);
    ask_producers(copy, job);
    ASK(COPY_AT_TARGET, KC_OFFSET_LATEST, false, sight.after);
    for (size_t i = 0; i < job->count; i++) {
        struct copy_item *item = &job->items[i];
        item->target_end = item->sight.after;
        item->sight.start = item->target_start;
        item->sight.settled = item->settled || item->alone;
        /* Nothing says that what is there is ours: it is read from its beginning. */
        if (item->fresh && !item->sight.known && item->sight.after > 0) {
            item->checked = item->target_start;
            item->from = (struct copy_position){.records = item->target_start};
        }
        if (!item->target_error)
            item->finding = link_position_find(
                &item->sight, item->checked >= 0 ? &item->from : NULL, &item->position);
        item->marks_from = link_position_offset(&item->position);
    }
}

/* ---- walks over logs with markers ---- */

struct walker {
    struct link_copy *copy;
    struct kc_fetcher *fetcher;
    struct copy_job *job;
    struct copy_walk *walks; /* by item */
    bool *open;
    size_t left;
};

static bool needs_walk(const struct copy_item *item)
{
    return !item->target_error && !item->diverged && item->finding == COPY_READ_ON;
}

static void end_walk(struct walker *walker, size_t i)
{
    kc_fetcher_remove(walker->fetcher, walker->job->items[i].topic,
                      walker->job->items[i].partition);
    walker->open[i] = false;
    walker->left--;
}

/* Whether the walk has come to the end, or to what isn't ours. */
static void judge_walk(struct walker *walker, size_t i)
{
    struct copy_item *item = &walker->job->items[i];
    const struct copy_walk *walk = &walker->walks[i];
    if (walk->foreign >= 0) {
        item->foreign = walk->foreign;
        item->foreign_id = walk->foreign_id;
        item->finding = COPY_MORE_THERE;
        end_walk(walker, i);
    } else if (link_walk_position(walk, link_sight_count(&item->sight), item->sight.after,
                                  &item->position)) {
        item->finding = COPY_FOUND;
        item->marks_from = walk->seen ? link_position_offset(&walk->own) : walk->end;
        end_walk(walker, i);
    }
}

static void walk_chunk(struct walker *walker, const struct kc_fetched *chunk)
{
    struct kc_record_batch batch;
    const char *why;
    size_t i = 0;
    while (i < walker->job->count &&
           (!walker->open[i] || walker->job->items[i].partition != chunk->partition ||
            strcmp(walker->job->items[i].topic, chunk->topic) != 0))
        i++;
    if (i == walker->job->count)
        return;
    if (chunk->kind != KC_FETCHED_DATA) {
        struct copy_item *item = &walker->job->items[i];
        item->target_error = kc_error_retriable_new(
            KC_ERR_KAFKA, "reading %s-%d at offset %lld: %s", item->topic, item->partition,
            (long long)chunk->first_offset,
            chunk->error ? kc_error_text(chunk->error) : "its log has changed meanwhile");
        end_walk(walker, i);
        return;
    }
    for (size_t at = 0; at < chunk->len; at += batch.size) {
        if (kc_record_batch_parse(chunk->data + at, chunk->len - at, &batch, &why) != KC_BATCH_OK ||
            !link_walk_take(&walker->walks[i], &batch))
            break;
    }
    judge_walk(walker, i);
}

static void open_walks(struct walker *walker)
{
    for (size_t i = 0; i < walker->job->count; i++) {
        struct copy_item *item = &walker->job->items[i];
        if (!needs_walk(item))
            continue;
        link_walk_begin(&walker->walks[i], walker->copy->producer_id, &item->from,
                        item->target_start);
        walker->open[i] = true;
        walker->left++;
        kc_fetcher_add(walker->fetcher, item->topic, item->partition, walker->walks[i].end, -1);
        judge_walk(walker, i);
    }
}

static void walk_all(struct walker *walker)
{
    int64_t deadline = kc_mono_ms() + WALK_MS;
    open_walks(walker);
    while (walker->left > 0) {
        struct kc_fetched *chunk = kc_fetcher_next(walker->fetcher, deadline);
        if (!chunk && kc_mono_ms() >= deadline)
            break;
        if (chunk) {
            walk_chunk(walker, chunk);
            kc_fetched_release(chunk);
        }
    }
    for (size_t i = 0; i < walker->job->count; i++) {
        struct copy_item *item = &walker->job->items[i];
        if (!walker->open[i])
            continue;
        item->target_error = kc_error_retriable_new(
            KC_ERR_TIMEOUT, "reading %s-%d from offset %lld on: its end wasn't reached in time",
            item->topic, item->partition, (long long)link_position_offset(&item->from));
    }
}

struct kc_error *link_reader_open(struct link_copy *copy, enum link_side side, const char *use,
                                  struct kc_fetcher **fetcher)
{
    struct kc_map *properties = link_client_properties(copy->config, side, KC_CLIENT_CONSUMER, use);
    char *name = kc_asprintf("%s|%d|%s", copy->config->name, copy->config->task, use);
    kc_map_set(properties, "isolation.level", "read_uncommitted");
    struct kc_error *err = kc_fetcher_open(properties, name, READ_BYTES, fetcher);
    kc_map_destroy(properties);
    free(name);
    return err;
}

static void walk(struct link_copy *copy, struct copy_job *job)
{
    struct walker walker = {.copy = copy, .job = job};
    bool any = false;
    for (size_t i = 0; i < job->count; i++)
        any = any || needs_walk(&job->items[i]);
    if (!any)
        return;
    struct kc_error *err = link_reader_open(
        copy, LINK_TARGET, job->items[0].settled ? "walk-slow" : "walk", &walker.fetcher);
    if (err) {
        fail_all(job, COPY_AT_TARGET, err);
        return;
    }
    walker.walks = kc_calloc(job->count, sizeof(*walker.walks));
    walker.open = kc_calloc(job->count, sizeof(*walker.open));
    walk_all(&walker);
    kc_fetcher_close(walker.fetcher);
    free(walker.walks);
    free(walker.open);
}

/* A predecessor's markers must have come to an end before the log's end is asked. */
static void fence(struct link_copy *copy, struct copy_job *job)
{
    for (size_t i = 0; i < job->count; i++) {
        if (job->items[i].checked < 0)
            continue;
        fail_all(job, COPY_AT_TARGET, link_markers_fence(copy));
        return;
    }
}

void link_look_run(struct link_copy *copy, struct copy_job *job)
{
    look_at_topics(copy, job, COPY_AT_TARGET);
    look_at_topics(copy, job, COPY_AT_SOURCE);
    look_at_source(copy, job);
    for (size_t i = 0; i < job->count; i++)
        find_start(copy, &job->items[i]);
    fence(copy, job);
    uint64_t number = link_markers_fence_number(copy);
    for (size_t i = 0; i < job->count; i++)
        job->items[i].fence = number;
    look_at_target(copy, job);
    walk(copy, job);
    link_translate_load(copy, job, COPY_LANE_LOOK);
    link_witness_run(copy, job);
}

/* ---- who has written ---- */

static char *writer_at(struct link_copy *copy, struct kc_fetcher *fetcher,
                       const struct copy_item *item)
{
    struct kc_record_batch batch = {.producer_id = -1};
    const char *why;
    kc_fetcher_add(fetcher, item->topic, item->partition, item->offset, -1);
    struct kc_fetched *chunk = kc_fetcher_next(fetcher, kc_mono_ms() + NAME_MS);
    bool got = chunk && chunk->kind == KC_FETCHED_DATA &&
               kc_record_batch_parse(chunk->data, chunk->len, &batch, &why) == KC_BATCH_OK;
    kc_fetched_release(chunk);
    kc_fetcher_remove(fetcher, item->topic, item->partition);
    if (!got)
        return NULL;
    if (batch.producer_id == copy->producer_id)
        return kc_strdup("the link itself, by a task that isn't this one");
    return batch.producer_id < 0 ? kc_strdup("a producer without an id")
                                 : kc_asprintf("producer id %lld", (long long)batch.producer_id);
}

void link_name_run(struct link_copy *copy, struct copy_job *job)
{
    struct kc_fetcher *fetcher = NULL;
    struct kc_error *err = link_reader_open(copy, LINK_TARGET, "name", &fetcher);
    for (size_t i = 0; !err && i < job->count; i++)
        job->items[i].text = writer_at(copy, fetcher, &job->items[i]);
    if (err)
        kc_debug("%s", kc_error_text(err));
    kc_error_destroy(err);
    kc_fetcher_close(fetcher);
}
