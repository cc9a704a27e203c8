/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A comparison of many partitions: see link_verify_priv.h.
 *
 * Both sides are asked for what the topics are and where their logs begin and end. Then some
 * threads take one partition after the other. Each has a fetcher of its own on either side, with
 * one partition in it, so that memory is bounded and no partition waits for another one.
 */
#include "link/link_index_priv.h"
#include "link/link_verify_priv.h"

#include "connect/admin.h"
#include "connect/fetch.h"
#include "connect/hash.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
    THREADS = 4,
    BUDGET = 4 << 20,               /* of a fetcher */
    COMPACTED_MORE_MS = 10 * 60000, /* that a compacted partition may take beyond the time */
};

/* ---- what is to be compared ---- */

struct link_verify_place {
    int32_t partition;
    size_t at;
    UT_hash_handle hh;
};

static void clear_places(struct link_verify_topic *topic)
{
    struct link_verify_place *place, *next;
    HASH_ITER (hh, topic->places, place, next) {
        HASH_DEL(topic->places, place);
        free(place);
    }
}

void link_verify_clear(struct link_verify *verify)
{
    for (size_t i = 0; i < verify->count; i++) {
        struct link_verify_topic *topic = &verify->topics[i];
        for (size_t j = 0; j < topic->count; j++) {
            free(topic->partitions[j].error);
            link_map_clear(&topic->partitions[j].map);
        }
        clear_places(topic);
        free(topic->partitions);
        free(topic->name);
        free(topic->source);
        free(topic->error);
    }
    free(verify->topics);
    *verify = (struct link_verify){0};
}

struct link_verify_topic *link_verify_add(struct link_verify *verify, const char *name,
                                          const char *source)
{
    for (size_t i = 0; i < verify->count; i++)
        if (strcmp(verify->topics[i].name, name) == 0)
            return &verify->topics[i];
    verify->topics = kc_realloc(verify->topics, (verify->count + 1) * sizeof(*verify->topics));
    struct link_verify_topic *topic = &verify->topics[verify->count++];
    *topic = (struct link_verify_topic){.name = kc_strdup(name), .source = kc_strdup(source)};
    return topic;
}

/* A body may name as many partitions as it has room for. */
struct link_verify_partition *link_verify_part(struct link_verify_topic *topic, int32_t partition)
{
    struct link_verify_place *place = NULL;
    HASH_FIND_INT(topic->places, &partition, place);
    if (place)
        return &topic->partitions[place->at];
    if (topic->count == topic->cap) {
        topic->cap = topic->cap ? 2 * topic->cap : 16;
        topic->partitions = kc_realloc(topic->partitions, topic->cap * sizeof(*topic->partitions));
    }
    place = kc_calloc(1, sizeof(*place));
    place->partition = partition;
    place->at = topic->count++;
    HASH_ADD_INT(topic->places, partition, place);
    struct link_verify_partition *part = &topic->partitions[place->at];
    *part = (struct link_verify_partition){.partition = partition, .from = -1, .to = -1};
    return part;
}

/* Takes err. */
static void fail_topic(struct link_verify_topic *topic, struct kc_error *err)
{
    if (!topic->error)
        topic->error = kc_strdup(kc_error_text(err));
    kc_error_destroy(err);
}

/* Takes err. */
static void fail_part(struct link_verify_partition *part, const char *side, struct kc_error *err)
{
    if (!part->error)
        part->error = kc_asprintf("%s: %s", side, kc_error_text(err));
    kc_error_destroy(err);
}

/* ---- both sides, asked ---- */

static const char *const side_names[] = {[LINK_SOURCE] = "source", [LINK_TARGET] = "target"};

static const char *name_on(const struct link_verify_topic *topic, enum link_side side)
{
    return side == LINK_SOURCE ? topic->source : topic->name;
}

static void names_on(const struct link_verify *verify, enum link_side side,
                     struct kc_strings *names)
{
    for (size_t i = 0; i < verify->count; i++)
        kc_strings_add(names, name_on(&verify->topics[i], side));
}

/* Takes all that there are where none are named; one that isn't there is said. */
static void match_parts(struct link_verify_topic *topic, enum link_side side,
                        const struct kc_topic_description *found)
{
    bool all = topic->count == 0;
    for (size_t i = 0; all && i < found->partition_count; i++)
        link_verify_part(topic, (int32_t)i);
    for (size_t i = 0; i < topic->count; i++) {
        struct link_verify_partition *part = &topic->partitions[i];
        if ((size_t)part->partition >= found->partition_count && !part->error)
            part->error = kc_asprintf("the %s has %zu partitions only", side_names[side],
                                      found->partition_count);
    }
}

static struct kc_error *find_partitions(struct kc_admin *admin, enum link_side side,
                                        struct link_verify *verify)
{
    struct kc_strings names = {0};
    struct kc_topic_descriptions found = {0};
    names_on(verify, side, &names);
    struct kc_error *err = kc_admin_describe_topics(admin, &names, &found);
    for (size_t i = 0; i < verify->count && !err; i++) {
        struct kc_topic_description *description = &found.items[i];
        if (description->error)
            fail_topic(&verify->topics[i],
                       kc_error_prefix(kc_error_copy(description->error), "topic %s on the %s",
                                       names.items[i], side_names[side]));
        else
            match_parts(&verify->topics[i], side, description);
    }
    kc_topic_descriptions_destroy(&found);
    kc_strings_destroy(&names);
    return err;
}

static bool is_compacted(const struct kc_config_entries *entries)
{
    for (size_t i = 0; i < entries->count; i++)
        if (strcmp(entries->items[i].name, "cleanup.policy") == 0)
            return entries->items[i].value && strstr(entries->items[i].value, "compact");
    return false;
}

/* Whoever may read a topic may not always see its settings: then it counts as not compacted. */
static struct kc_error *find_policies(struct kc_admin *admin, enum link_side side,
                                      struct link_verify *verify)
{
    struct kc_strings names = {0};
    struct kc_config_entries *entries = kc_calloc(verify->count + 1, sizeof(*entries));
    struct kc_error **errors = kc_calloc(verify->count + 1, sizeof(struct kc_error *));
    names_on(verify, side, &names);
    struct kc_error *err = kc_admin_topic_configs(admin, &names, entries, errors);
    for (size_t i = 0; i < verify->count; i++) {
        if (!err && is_compacted(&entries[i]))
            verify->topics[i].compacted = true;
        kc_config_entries_destroy(&entries[i]);
        kc_error_destroy(errors[i]);
    }
    kc_strings_destroy(&names);
    free(errors);
    free(entries);
    return err;
}

/* ---- bounds ---- */

/* At least as many as can be compared. */
static size_t count_parts(const struct link_verify *verify)
{
    size_t count = 0;
    for (size_t i = 0; i < verify->count; i++)
        count += verify->topics[i].error ? 0 : verify->topics[i].count;
    return count;
}

/* One side's log begins or ends at offset. */
static void narrow(struct link_verify_partition *part, enum link_side side, int64_t timestamp,
                   int64_t offset)
{
    if (timestamp == KC_OFFSET_EARLIEST) {
        part->from = offset > part->from ? offset : part->from;
        return;
    }
    part->ends[side] = offset;
    if (part->to < 0 || offset < part->to)
        part->to = offset;
}

static bool needs_index(const struct link_verify *verify)
{
    for (size_t i = 0; i < verify->count; i++)
        if (verify->topics[i].translate)
            return true;
    return false;
}

/* A bound of the target's log as an offset of the source. The index was read after it was asked. */
static int64_t take_target_bound(struct link_index *index, const struct link_verify_topic *topic,
                                 struct link_verify_partition *part, int64_t timestamp,
                                 int64_t offset)
{
    const struct link_index_place place = {topic->name, topic->target_id, part->partition};
    if (timestamp == KC_OFFSET_LATEST) {
        part->target_end = offset;
        link_index_map(index, &place, &part->map);
        if (part->map.count == 0 && offset > 0 && !part->error)
            part->error = kc_asprintf("topic %s has nothing of it: which of the source's records "
                                      "the target has isn't known",
                                      LINK_INDEX_TOPIC);
        if (offset == 0)
            return part->from; /* nothing was copied yet */
    }
    return link_index_source(index, &place, offset);
}

/* A partition whose bounds are asked. */
struct asked_part {
    struct link_verify_topic *topic;
    struct link_verify_partition *part;
};

static void take_bounds(struct link_index *index, enum link_side side,
                        const struct asked_part *asked, struct kc_partition_offset *items,
                        size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct link_verify_partition *part = asked[i].part;
        int64_t offset = items[i].offset;
        if (items[i].error) {
            fail_part(part, side_names[side], items[i].error);
            continue;
        }
        if (side == LINK_TARGET && asked[i].topic->translate)
            offset = take_target_bound(index, asked[i].topic, part, items[i].timestamp, offset);
        narrow(part, side, items[i].timestamp, offset);
    }
}

static struct kc_error *find_bounds(struct kc_admin *admin, struct link_index *index,
                                    enum link_side side, int64_t timestamp,
                                    struct link_verify *verify)
{
    size_t count = count_parts(verify), n = 0;
    struct kc_partition_offset *items = kc_calloc(count + 1, sizeof(*items));
    struct asked_part *asked = kc_calloc(count + 1, sizeof(*asked));
    for (size_t i = 0; i < verify->count; i++) {
        struct link_verify_topic *topic = &verify->topics[i];
        for (size_t j = 0; j < topic->count && !topic->error; j++) {
            if (topic->partitions[j].error)
                continue;
            asked[n] = (struct asked_part){topic, &topic->partitions[j]};
            items[n++] = (struct kc_partition_offset){.topic = name_on(topic, side),
                                                      .partition = topic->partitions[j].partition,
                                                      .timestamp = timestamp};
        }
    }
    struct kc_error *err = n ? kc_admin_list_offsets(admin, items, n, true) : NULL;
    if (!err && side == LINK_TARGET && needs_index(verify))
        err = link_index_refresh(index, NULL);
    if (!err)
        take_bounds(index, side, asked, items, n);
    free(asked);
    free(items);
    return err;
}

static struct kc_error *ask_side(const struct link_config *config, struct link_index *index,
                                 enum link_side side, struct link_verify *verify)
{
    struct kc_admin *admin = NULL;
    struct kc_error *err = link_admin_new(config, side, "verify", &admin);
    if (!err)
        err = find_partitions(admin, side, verify);
    if (!err)
        err = find_policies(admin, side, verify);
    if (!err)
        err = find_bounds(admin, index, side, KC_OFFSET_EARLIEST, verify);
    if (!err)
        err = find_bounds(admin, index, side, KC_OFFSET_LATEST, verify);
    kc_admin_destroy(admin);
    return err ? kc_error_prefix(err, "asking the %s cluster", side_names[side]) : NULL;
}

/* ---- the threads ---- */

struct run {
    const struct link_config *config;
    struct link_verify *verify;
    int64_t until;
    const struct kc_stop *stop;
    unsigned number; /* of this run in the process, for names */
    atomic_int threads;
    pthread_mutex_t mutex; /* guards what follows */
    size_t topic, part;    /* the next one to take */
    struct kc_error *error;
};

static struct kc_error *open_fetcher(const struct run *run, enum link_side side, int thread,
                                     struct kc_fetcher **fetcher)
{
    struct kc_map *properties =
        link_client_properties(run->config, side, KC_CLIENT_CONSUMER, "verify");
    char *name =
        kc_asprintf("verify-%s-%u-%d-%s", run->config->name, run->number, thread, side_names[side]);
    kc_map_set(properties, "isolation.level", "read_committed");
    struct kc_error *err = kc_fetcher_open(properties, name, BUDGET, fetcher);
    free(name);
    kc_map_destroy(properties);
    return err;
}

/* The next partition that can be compared; NULL: there is none, or no time. */
static struct link_verify_partition *take(struct run *run, struct link_verify_topic **topic)
{
    struct link_verify_partition *taken = NULL;
    pthread_mutex_lock(&run->mutex);
    while (!taken && run->topic < run->verify->count && kc_mono_ms() < run->until &&
           !(run->stop && kc_stop_is_set(run->stop))) {
        *topic = &run->verify->topics[run->topic];
        if ((*topic)->error || run->part == (*topic)->count) {
            run->topic++;
            run->part = 0;
        } else if (!(*topic)->partitions[run->part++].error) {
            taken = &(*topic)->partitions[run->part - 1];
        }
    }
    pthread_mutex_unlock(&run->mutex);
    return taken;
}

/* A stream of one side; map: its records get the source's offsets by it, NULL: they have them. */
struct side_stream {
    struct link_verify_stream *stream;
    const struct link_map *map;
};

static enum link_verify_got next_of(void *arg, struct kc_plain_record *record)
{
    const struct side_stream *side = arg;
    enum link_verify_got got = link_verify_stream_next(side->stream, record);
    if (got == LINK_VERIFY_RECORD && side->map)
        record->offset = link_map_source(side->map, record->offset);
    return got;
}

static struct link_verify_stream *open_stream(const struct run *run,
                                              const struct link_verify_topic *topic,
                                              const struct link_verify_partition *part,
                                              enum link_side side, struct kc_fetcher *fetcher)
{
    int64_t until = topic->compacted ? run->until + COMPACTED_MORE_MS : run->until;
    int64_t from = part->from, to = part->ends[side];
    if (side == LINK_TARGET && topic->translate) {
        to = part->target_end;
        from = part->map.count > 0 ? link_map_target(&part->map, part->from) : to;
    }
    struct link_verify_stream *stream =
        link_verify_stream_new(fetcher, name_on(topic, side), part->partition, from, to);
    link_verify_stream_limit(stream, until, run->stop);
    return stream;
}

static void compare(const struct run *run, const struct link_verify_topic *topic,
                    struct link_verify_partition *part, struct kc_fetcher *const fetchers[2])
{
    struct side_stream streams[2] = {{NULL, NULL}, {NULL, topic->translate ? &part->map : NULL}};
    struct link_verify_pair *pair = &part->pair;
    for (int side = LINK_SOURCE; side <= LINK_TARGET; side++)
        streams[side].stream = open_stream(run, topic, part, side, fetchers[side]);
    pair->next = next_of;
    pair->source = &streams[LINK_SOURCE];
    pair->target = &streams[LINK_TARGET];
    pair->to = part->to;
    pair->compacted = topic->compacted;
    pair->source_ends = part->ends[LINK_SOURCE] == part->to;
    pair->target_ends = part->ends[LINK_TARGET] == part->to;
    link_verify_compare(pair);
    part->done = pair->complete || pair->kind != LINK_VERIFY_SAME;
    if (pair->complete)
        pair->next_offset = part->to;
    if (topic->translate && pair->target_offset >= 0)
        pair->target_offset = link_map_target(&part->map, pair->target_offset);
    for (int side = LINK_SOURCE; side <= LINK_TARGET; side++) {
        char *why = link_verify_stream_error(streams[side].stream);
        if (why && !part->error && !part->done)
            part->error = kc_asprintf("%s: %s", side_names[side], why);
        free(why);
        link_verify_stream_destroy(streams[side].stream);
    }
    pair->source = pair->target = NULL;
}

static void *compare_some(void *arg)
{
    struct run *run = arg;
    struct kc_fetcher *fetchers[2] = {NULL, NULL};
    struct link_verify_topic *topic = NULL;
    struct link_verify_partition *part = NULL;
    int thread = atomic_fetch_add(&run->threads, 1);
    struct kc_error *err = open_fetcher(run, LINK_SOURCE, thread, &fetchers[LINK_SOURCE]);
    if (!err)
        err = open_fetcher(run, LINK_TARGET, thread, &fetchers[LINK_TARGET]);
    while (!err && (part = take(run, &topic)))
        compare(run, topic, part, fetchers);
    kc_fetcher_close(fetchers[LINK_TARGET]);
    kc_fetcher_close(fetchers[LINK_SOURCE]);
    if (err) {
        pthread_mutex_lock(&run->mutex);
        struct kc_error *former = run->error;
        run->error = err;
        pthread_mutex_unlock(&run->mutex);
        kc_error_destroy(former);
    }
    return NULL;
}

static void settle_ranges(struct link_verify *verify)
{
    for (size_t i = 0; i < verify->count; i++) {
        for (size_t j = 0; j < verify->topics[i].count; j++) {
            struct link_verify_partition *part = &verify->topics[i].partitions[j];
            if (part->to < part->from)
                part->to = part->from;
            part->pair = (struct link_verify_pair){
                .next_offset = part->from, .source_offset = -1, .target_offset = -1};
        }
    }
}

static struct kc_error *compare_all(struct run *run)
{
    pthread_t threads[THREADS];
    size_t wanted = count_parts(run->verify), started = 0;
    struct kc_error *err = NULL;
    wanted = wanted < THREADS ? wanted : THREADS;
    while (started < wanted && !err) {
        err = kc_thread_start(&threads[started], "link-verify", compare_some, run);
        started += err ? 0 : 1;
    }
    for (size_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    if (err && started) { /* fewer do it, too */
        kc_error_destroy(err);
        err = NULL;
    }
    return err;
}

struct kc_error *link_verify_run(const struct link_config *config, struct link_verify *verify,
                                 int64_t until, const struct kc_stop *stop)
{
    static atomic_uint runs;
    struct run run = {.config = config,
                      .verify = verify,
                      .until = until,
                      .stop = stop,
                      .number = atomic_fetch_add(&runs, 1)};
    struct link_index *index = link_index_new(config, "verify");
    struct kc_error *err = ask_side(config, index, LINK_SOURCE, verify);
    if (!err)
        err = ask_side(config, index, LINK_TARGET, verify);
    link_index_close(index);
    if (err)
        return err;
    settle_ranges(verify);
    pthread_mutex_init(&run.mutex, NULL);
    err = compare_all(&run);
    pthread_mutex_destroy(&run.mutex);
    if (err) {
        kc_error_destroy(run.error);
        return err;
    }
    return run.error;
}
