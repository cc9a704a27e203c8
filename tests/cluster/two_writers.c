/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two writers that don't know of each other write one log under one identity, with the public
 * headers alone. Run by test_linking_writers.py:
 *
 *     two_writers BOOTSTRAP TOPIC RUNS one|apart
 *
 * A plan says what each offset of the log is: a record, whose value is the offset, or a marker.
 * Both writers follow it to its end: each asks where the log is, cuts what comes next into batches
 * at random, and sends them, five in flight. Of each batch the broker takes one and knows or
 * refuses the other. Markers have no such condition, so whoever writes one makes sure otherwise
 * that nobody else does: of the coordinator's by fencing, of those that are written directly by a
 * lock, which stands for a lease.
 *
 * Each run has a partition of its own. Exits 1 and says "wrong log" if one differs from its plan.
 * With `apart` each writer has its own identity, and so each record comes twice.
 */
#include "connect/admin.h"
#include "connect/append.h"
#include "connect/fetch.h"
#include "connect/thread.h"
#include "linking_check.h"

#include <string.h>

#define ID          ((INT64_C(1) << 62) + (INT64_C(6) << 42) + 1) /* that no broker issues */
#define MARKER_ID   (INT64_C(3) << 61)
#define MAX_BYTES   ((size_t)8 << 20)
#define OUT_OF_TURN 45
#define LOG         200 /* offsets */
#define BATCHES     12  /* that a writer hands in at once */
#define BATCH_MAX   8   /* records */

enum kind { RECORD, MARKER_OF_COORDINATOR, MARKER_DIRECT };

struct run {
    int32_t partition;
    char *transactional_id;
    enum kind plan[LOG];
    int records;
    pthread_mutex_t lease;
};

struct writer {
    struct run *run;
    struct kc_admin *admin;
    struct kc_appender *appender;
    int64_t id;
    uint64_t seed;
    bool apart;
    int taken, known, refused; /* batches */
};

/* Where the log is, by what its leader said. */
struct place {
    int32_t records;
    int64_t next;    /* offset behind the last record */
    int64_t markers; /* that come there before the next record */
    int64_t written; /* of these */
};

static struct kc_map *properties;
static const char *topic;

static uint32_t random_below(uint64_t *seed, uint32_t limit)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*seed >> 33) % limit;
}

/* ---- the plan ---- */

static void make_plan(struct run *run, int32_t partition)
{
    uint64_t seed = (uint64_t)partition + 1;
    *run = (struct run){.partition = partition};
    run->transactional_id = kc_asprintf("%s-%d", topic, partition);
    pthread_mutex_init(&run->lease, NULL);
    for (int i = 0; i < LOG;) {
        for (uint32_t n = 1 + random_below(&seed, 60); n > 0 && i < LOG; n--, i++)
            run->records++;
        enum kind kind = random_below(&seed, 2) ? MARKER_OF_COORDINATOR : MARKER_DIRECT;
        for (uint32_t n = 1 + random_below(&seed, 3); n > 0 && i < LOG - 1; n--)
            run->plan[i++] = kind;
    }
}

/* Behind the first `records` of them. */
static int64_t offset_behind(const struct run *run, int32_t records)
{
    int64_t offset = 0;
    for (; records > 0; offset++)
        records -= run->plan[offset] == RECORD;
    return offset;
}

/* ---- where the log is ---- */

static int64_t end_of(const struct writer *writer)
{
    struct kc_partition_offset item = {
        .topic = topic, .partition = writer->run->partition, .timestamp = KC_OFFSET_LATEST};
    ok(kc_admin_list_offsets(writer->admin, &item, 1, false));
    ok(item.error);
    return item.offset;
}

static int32_t records_written(const struct writer *writer)
{
    struct kc_partition_producers item = {.topic = topic, .partition = writer->run->partition};
    int32_t last = -1;
    ok(kc_admin_describe_producers(writer->admin, &item, 1));
    ok(item.error);
    for (size_t i = 0; i < item.count; i++)
        if (item.producers[i].producer_id == writer->id)
            last = item.producers[i].last_sequence;
    kc_partition_producers_clear(&item, 1);
    return last + 1;
}

/* The sequence is asked for first. A marker that is missing then is missing at the end, too, or was
 * written since; and no record follows it before its writer has seen it. */
static struct place look(const struct writer *writer)
{
    const struct run *run = writer->run;
    struct place place = {.records = records_written(writer)};
    place.next = offset_behind(run, place.records);
    while (place.next + place.markers < LOG && run->plan[place.next + place.markers] != RECORD)
        place.markers++;
    if (place.markers == 0)
        return place;
    place.written = end_of(writer) - place.next;
    if (place.written > place.markers)
        place.written = place.markers;
    return place;
}

/* RECORD: nothing has to come before the next record. */
static enum kind lacking(const struct run *run, const struct place *place)
{
    return place->written < place->markers ? run->plan[place->next] : RECORD;
}

/* ---- markers ---- */

/* Somebody else may have taken over; everything else is an error. */
static bool in_charge(struct kc_error *err)
{
    if (!err)
        return true;
    if (kc_error_code(err) != KC_ERR_FENCED)
        ok(err);
    kc_error_destroy(err);
    return false;
}

/* Nobody else can end a transaction of the id between the look and our own end. What became of the
 * end, which the other may have forestalled, the next look tells. Meanwhile the other may have come
 * to markers of the other kind: against whoever writes those, being fenced doesn't help. */
static void mark_by_coordinator(const struct writer *writer)
{
    const char *id = writer->run->transactional_id;
    struct kc_txn_partition part = {.topic = topic, .partition = writer->run->partition};
    struct kc_producer_identity producer;
    ok(kc_admin_init_producer(writer->admin, id, PATIENCE, &producer));
    struct place place = look(writer);
    if (lacking(writer->run, &place) != MARKER_OF_COORDINATOR)
        return;
    if (in_charge(kc_admin_add_partitions_to_txn(writer->admin, id, &producer, &part, 1)) &&
        in_charge(part.error))
        kc_error_destroy(kc_admin_end_txn(writer->admin, id, &producer, true));
}

static void mark_directly(const struct writer *writer)
{
    struct kc_txn_marker marker = {.topic = topic,
                                   .partition = writer->run->partition,
                                   .producer_id = MARKER_ID,
                                   .commit = true};
    pthread_mutex_lock(&writer->run->lease);
    struct place place = look(writer);
    if (lacking(writer->run, &place) == MARKER_DIRECT) {
        ok(kc_admin_write_markers(writer->admin, &marker, 1));
        ok(marker.error);
    }
    pthread_mutex_unlock(&writer->run->lease);
}

/* ---- records ---- */

struct round {
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    struct writer *writer;
    int waiting;
    bool refused;
    struct sent {
        struct round *round;
        int64_t offset; /* at which the plan has it */
        struct kc_str data;
    } batches[BATCHES];
};

static void on_appended(void *arg, const struct kc_append_result *result)
{
    struct sent *sent = arg;
    struct round *round = sent->round;
    struct writer *writer = round->writer;
    pthread_mutex_lock(&round->mutex);
    if (result->error) {
        CHECK(result->skipped || kc_error_kafka_code(result->error) == OUT_OF_TURN);
        round->refused = true;
        writer->refused++;
    } else {
        CHECK(writer->apart || result->base_offset < 0 || result->base_offset == sent->offset);
        if (result->base_offset >= 0)
            writer->taken++;
        else
            writer->known++;
    }
    if (--round->waiting == 0)
        pthread_cond_signal(&round->cond);
    pthread_mutex_unlock(&round->mutex);
}

/* The batch of count records at an offset; they follow each other in the plan. */
static void build(const struct writer *writer, int64_t offset, int32_t sequence, int count,
                  struct kc_str *out)
{
    struct kc_record_batch_builder *builder = kc_record_batch_builder_new(KC_CODEC_NONE, 0, true);
    for (int i = 0; i < count; i++) {
        int64_t value = offset + i;
        const struct kc_plain_record record = {.offset = value,
                                               .timestamp = kc_now_ms(),
                                               .key = {NULL, -1},
                                               .value = {(const uint8_t *)&value, sizeof(value)}};
        fine(kc_record_batch_builder_add(builder, &record));
    }
    fine(kc_record_batch_builder_finish(builder, out));
    kc_record_batch_builder_destroy(builder);
    kc_record_batch_set_producer((uint8_t *)out->data, out->len, writer->id, 0, sequence);
}

static int records_from(const struct run *run, int64_t offset)
{
    int count = 0;
    while (offset + count < LOG && run->plan[offset + count] == RECORD)
        count++;
    return count;
}

/* Hands in what comes up to the next marker, in batches of random sizes. */
static int submit_all(struct writer *writer, struct round *round, int64_t offset, int32_t sequence)
{
    int left = records_from(writer->run, offset), count = 0;
    for (; left > 0 && count < BATCHES; count++) {
        struct sent *sent = &round->batches[count];
        int size = 1 + (int)random_below(&writer->seed, BATCH_MAX);
        size = size < left ? size : left;
        *sent = (struct sent){.round = round, .offset = offset};
        build(writer, offset, sequence, size, &sent->data);
        pthread_mutex_lock(&round->mutex);
        round->waiting++;
        pthread_mutex_unlock(&round->mutex);
        CHECK(kc_appender_submit(writer->appender,
                                 &(struct kc_append){.topic = topic,
                                                     .partition = writer->run->partition,
                                                     .data = (uint8_t *)sent->data.data,
                                                     .len = sent->data.len,
                                                     .done = on_appended,
                                                     .arg = sent}));
        offset += size;
        sequence += size;
        left -= size;
    }
    return count;
}

static void append(struct writer *writer, const struct place *place)
{
    struct round round = {.writer = writer};
    int64_t until = kc_mono_ms() + PATIENCE;
    pthread_mutex_init(&round.mutex, NULL);
    kc_cond_init(&round.cond);
    int count = submit_all(writer, &round, place->next + place->markers, place->records);
    pthread_mutex_lock(&round.mutex);
    while (round.waiting && kc_cond_wait_until(&round.cond, &round.mutex, until))
        continue;
    CHECK(round.waiting == 0);
    pthread_mutex_unlock(&round.mutex);
    if (round.refused)
        kc_appender_unblock(writer->appender, topic, writer->run->partition);
    for (int i = 0; i < count; i++)
        kc_str_destroy(&round.batches[i].data);
    pthread_cond_destroy(&round.cond);
    pthread_mutex_destroy(&round.mutex);
}

static void *write_log(void *arg)
{
    struct writer *writer = arg;
    const struct run *run = writer->run;
    for (struct place place = look(writer); place.records < run->records; place = look(writer)) {
        switch (lacking(run, &place)) {
        case RECORD:
            append(writer, &place);
            break;
        case MARKER_DIRECT:
            mark_directly(writer);
            break;
        case MARKER_OF_COORDINATOR:
            mark_by_coordinator(writer);
            break;
        }
    }
    return NULL;
}

/* ---- the log ---- */

static bool differs(const struct run *run, int64_t offset, int64_t value)
{
    bool wrong = offset >= LOG || (value < 0) != (run->plan[offset] != RECORD) ||
                 (value >= 0 && value != offset);
    if (wrong)
        printf("wrong log: partition %d has at %lld %s %lld\n", run->partition, (long long)offset,
               value < 0 ? "a marker" : "the record of", (long long)value);
    return wrong;
}

/* False: a batch differs from the plan. */
static bool compare_batch(const struct run *run, const struct kc_record_batch *batch)
{
    struct kc_record_walk *walk = NULL;
    struct kc_plain_record record;
    const char *why = NULL;
    bool right = true;
    if (kc_record_batch_control(batch))
        return !differs(run, batch->base_offset, -1);
    fine(kc_record_walk_begin(batch, KC_RECORDS_LIMIT, &walk));
    while (right && kc_record_walk_next(walk, &record, &why)) {
        int64_t value;
        memcpy(&value, record.value.data, sizeof(value));
        right = !differs(run, record.offset, value);
    }
    fine(why);
    kc_record_walk_end(walk);
    return right;
}

/* Who wrote what: a marker by the coordinator has the transactional id's producer. */
static bool print_batch(const struct run *run, const struct kc_record_batch *batch)
{
    printf("  partition %d, offsets %lld to %lld: producer %llx, epoch %d, sequence %d%s\n",
           run->partition, (long long)batch->base_offset,
           (long long)kc_record_batch_last_offset(batch), (unsigned long long)batch->producer_id,
           batch->producer_epoch, batch->base_sequence,
           kc_record_batch_control(batch) ? ", a marker" : "");
    return true;
}

/* Reads the log up to end or until each() says no; where it ended. */
static int64_t read_log(const struct run *run, struct kc_fetcher *fetcher, int64_t end,
                        bool (*each)(const struct run *, const struct kc_record_batch *),
                        bool *right)
{
    int64_t position = 0, until = kc_mono_ms() + PATIENCE;
    *right = true;
    kc_fetcher_add(fetcher, topic, run->partition, 0, -1);
    while (*right && position < end) {
        struct kc_fetched *chunk = kc_fetcher_next(fetcher, until);
        struct kc_record_batch batch;
        const char *why = NULL;
        CHECK(chunk && chunk->kind == KC_FETCHED_DATA);
        for (size_t at = 0; *right && at < chunk->len; at += batch.size) {
            CHECK(kc_record_batch_parse(chunk->data + at, chunk->len - at, &batch, &why) ==
                  KC_BATCH_OK);
            position = kc_record_batch_last_offset(&batch) + 1;
            *right = each(run, &batch);
        }
        kc_fetched_release(chunk);
    }
    kc_fetcher_remove(fetcher, topic, run->partition);
    return position;
}

/* A log that is wrong is printed, beside its plan. */
static bool compare(const struct run *run, struct kc_fetcher *fetcher, int64_t end)
{
    bool right;
    if (read_log(run, fetcher, end, compare_batch, &right) == LOG && right)
        return true;
    read_log(run, fetcher, end, print_batch, &right);
    printf("  by the plan of partition %d, markers are at", run->partition);
    for (int i = 0; i < LOG; i++)
        if (run->plan[i] != RECORD)
            printf(" %d (%s)", i, run->plan[i] == MARKER_DIRECT ? "direct" : "coordinator");
    printf("\n");
    return false;
}

/* ---- runs ---- */

static void open_writer(struct writer *writer, bool second, bool apart)
{
    *writer = (struct writer){.id = ID + (apart && second), .seed = 77u + second, .apart = apart};
    ok(kc_admin_new(properties, &writer->admin));
    kc_admin_set_timeout(writer->admin, PATIENCE);
    ok(kc_appender_open(properties, second ? "second" : "first", MAX_BYTES, &writer->appender));
}

static void close_writer(struct writer *writer)
{
    printf("%d batches taken, %d known, %d refused\n", writer->taken, writer->known,
           writer->refused);
    kc_appender_close(writer->appender);
    kc_admin_destroy(writer->admin);
}

static bool run_once(struct writer writers[2], struct kc_fetcher *fetcher, int32_t partition)
{
    struct run run;
    pthread_t threads[2];
    make_plan(&run, partition);
    for (int i = 0; i < 2; i++) {
        writers[i].run = &run;
        CHECK(pthread_create(&threads[i], NULL, write_log, &writers[i]) == 0);
    }
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    bool right = compare(&run, fetcher, end_of(&writers[0]));
    pthread_mutex_destroy(&run.lease);
    free(run.transactional_id);
    return right;
}

static void create(const struct writer *writer, int32_t partitions)
{
    struct kc_map *config = kc_map_new();
    struct kc_error *error = NULL;
    ok(kc_admin_create_topics(writer->admin, &(struct kc_new_topic){topic, partitions, 1, config},
                              1, &error));
    ok(error);
    kc_map_destroy(config);
}

int main(int argc, char **argv)
{
    struct writer writers[2];
    struct kc_fetcher *fetcher = NULL;
    CHECK(argc == 5);
    topic = argv[2];
    int32_t runs = (int32_t)strtol(argv[3], NULL, 10), wrong = 0;
    properties = kc_map_new();
    kc_map_set(properties, "bootstrap.servers", argv[1]);
    ok(kc_fetcher_open(properties, "comparing", MAX_BYTES, &fetcher));
    for (int i = 0; i < 2; i++)
        open_writer(&writers[i], i == 1, strcmp(argv[4], "apart") == 0);
    create(&writers[0], runs);
    for (int32_t i = 0; i < runs; i++)
        wrong += !run_once(writers, fetcher, i);
    for (int i = 0; i < 2; i++)
        close_writer(&writers[i]);
    printf("%d of %d logs are wrong\n", wrong, runs);
    kc_fetcher_close(fetcher);
    kc_map_destroy(properties);
    return wrong > 0;
}
