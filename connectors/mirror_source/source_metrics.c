/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of a partition's measures, see source_metrics_priv.h.
 *
 * The header of an unopened batch has the times of its first and its youngest record. The times
 * between are taken as evenly spread.
 */
#include "mirror_source/source_metrics_priv.h"

#include "mirror/flow_loads.h"

#include <time.h>

enum { RECORDS, BYTES, AGE, LATENCY, END, POSITION, LAG, LAG_BYTES, LAG_SECONDS, MEASURES };

static const char *const labels[] = {"source", "target", "topic", "partition", NULL};

static const struct kc_measure measures[MEASURES] = {
    [RECORDS] = {KC_MEASURE_COUNTER, "record_count",
                 "Records mirrored and acknowledged by the "
                 "target",
                 .rate = "record_rate"},
    [BYTES] = {KC_MEASURE_COUNTER, "byte_count",
               "Bytes mirrored: values of records, and whole batches where they pass as bytes",
               .rate = "byte_rate"},
    [AGE] = {KC_MEASURE_WINDOW, "record_age_ms",
             "Age of records when they were read from the source, in milliseconds"},
    [LATENCY] = {KC_MEASURE_WINDOW, "replication_latency_ms",
                 "From a record's timestamp to its acknowledgement by the target, in milliseconds"},
    [END] = {KC_MEASURE_GAUGE, "source_end_offset",
             "Where the source partition ends, as seen at the last fetch"},
    [POSITION] = {KC_MEASURE_GAUGE, "mirrored_offset",
                  "Source offset before which everything has been mirrored"},
    [LAG] = {KC_MEASURE_DIFFERENCE, "replication_lag_records",
             "Records that the mirror is behind its source: source_end_offset less "
             "mirrored_offset",
             .minuend = END, .subtrahend = POSITION},
    [LAG_BYTES] = {KC_MEASURE_ESTIMATE, "replication_lag_bytes",
                   "The same in bytes, as an estimate: the records times the average size of those "
                   "mirrored by this task",
                   .minuend = LAG, .subtrahend = BYTES},
    [LAG_SECONDS] =
        {KC_MEASURE_DELAY, "replication_lag_seconds",
         "Age of the mirror: time since it had all there was, or since the timestamp of "
         "the youngest record mirrored if that is later; 0 where nothing is missing",
         .minuend = LAG},
};

static const struct kc_series_group group = {
    "kafka_connect_mirror_source_connector",
    labels,
    measures,
    MEASURES,
};

/* KIP-1280 */
static const char *const plugin_labels[] = {"connector", "task",      "source", "target",
                                            "topic",     "partition", NULL};

static const struct kc_series_group plugin_group = {
    "kafka_connect_plugins",
    plugin_labels,
    measures,
    MEASURES,
};

void kc_source_metrics_open(struct kc_source_context *context,
                            const struct kc_mirror_config *config,
                            struct kc_mirror_assignment *assignment)
{
    for (size_t i = 0; i < kc_mirror_assignment_count(assignment); i++) {
        struct kc_mirrored_partition *partition = kc_mirror_assignment_at(assignment, i);
        char number[16];
        snprintf(number, sizeof(number), "%d", partition->partition);
        const char *const values[] = {config->source, config->target, partition->remote, number};
        partition->series = kc_mirror_series_new(context, config, &group, &plugin_group, values);
    }
}

/* ---- times ---- */

/* From a clock that costs next to nothing and is a few milliseconds late. */
static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t since(int64_t now, int64_t timestamp)
{
    return now > timestamp ? now - timestamp : 0;
}

/* Adds a batch of count records of which the first and the youngest are known. */
static void take_batch(struct kc_sample *sample, int64_t now, int64_t first, int64_t youngest,
                       int64_t count)
{
    if (first < 0 || youngest < 0 || count <= 0)
        return; /* no times */
    int64_t longest = since(now, first < youngest ? first : youngest);
    int64_t shortest = since(now, youngest);
    struct kc_sample batch = {count, shortest, longest, (shortest + longest) / 2 * count};
    if (sample->count && sample->min < batch.min)
        batch.min = sample->min;
    if (sample->count && sample->max > batch.max)
        batch.max = sample->max;
    batch.count += sample->count;
    batch.sum += sample->sum;
    *sample = batch;
}

/* ---- polled ---- */

/* Positions of the wanted fields in a record batch's header (KIP-98). */
enum {
    LENGTH_AT = 8,
    MAGIC_AT = 16,
    ATTRIBUTES_AT = 21,
    FIRST_AT = 27,
    MAX_AT = 35,
    COUNT_AT = 57
};
enum { HEADER = 61, LENGTH_ENDS = 12, CONTROL = 32 };

static int64_t big_endian(const uint8_t *data, size_t size)
{
    uint64_t number = 0;
    for (size_t i = 0; i < size; i++)
        number = number << 8 | data[i];
    return (int64_t)number;
}

void kc_source_metrics_polled(const struct kc_mirrored_partition *partition, const uint8_t *data,
                              size_t len)
{
    struct kc_sample ages = {0};
    int64_t now = now_ms();
    while (len >= HEADER) {
        size_t size = LENGTH_ENDS + (size_t)big_endian(data + LENGTH_AT, 4);
        bool control = big_endian(data + ATTRIBUTES_AT, 2) & CONTROL;
        if (data[MAGIC_AT] == 2 && !control)
            take_batch(&ages, now, big_endian(data + FIRST_AT, 8), big_endian(data + MAX_AT, 8),
                       (int32_t)big_endian(data + COUNT_AT, 4));
        if (size > len)
            break;
        data += size;
        len -= size;
    }
    kc_source_metrics_ages(partition, &ages);
}

void kc_source_metrics_ages(const struct kc_mirrored_partition *partition,
                            const struct kc_sample *ages)
{
    kc_mirror_series_sample(partition->series, AGE, ages);
}

/* Notes the time if the mirror has every record. */
static void note_level(const struct kc_mirrored_partition *partition, int64_t position)
{
    int64_t end = kc_mirror_series_read(partition->series, END);
    if (end != INT64_MIN && position >= end)
        kc_mirror_series_raise(partition->series, LAG_SECONDS, now_ms());
}

void kc_source_metrics_end(const struct kc_mirrored_partition *partition, int64_t end)
{
    /* Up to now what had been there was mirrored. */
    if (end > kc_mirror_series_read(partition->series, END))
        note_level(partition, kc_mirror_series_read(partition->series, POSITION));
    kc_mirror_series_set(partition->series, END, end);
    note_level(partition, kc_mirror_series_read(partition->series, POSITION));
}

void kc_source_metrics_start(const struct kc_mirrored_partition *partition, int64_t offset)
{
    kc_mirror_series_set(partition->series, POSITION, offset);
}

/* ---- acknowledged ---- */

static void committed(const struct kc_mirrored_partition *partition, int64_t records, size_t bytes,
                      const struct kc_sample *latency)
{
    kc_mirror_series_add(partition->series, RECORDS, (uint64_t)records);
    kc_mirror_series_add(partition->series, BYTES, bytes);
    kc_mirror_series_sample(partition->series, LATENCY, latency);
    if (latency->count > 0)
        kc_mirror_series_raise(partition->series, LAG_SECONDS, now_ms() - latency->min);
}

void kc_source_metrics_committed(const struct kc_mirrored_partition *partition, size_t bytes,
                                 int64_t timestamp)
{
    struct kc_sample latency = {0};
    if (timestamp >= 0)
        kc_sample_take(&latency, since(now_ms(), timestamp));
    committed(partition, 1, bytes, &latency);
}

void kc_source_metrics_run_committed(const struct kc_mirrored_partition *partition,
                                     const struct kc_raw_run *run)
{
    struct kc_sample latency = {0};
    take_batch(&latency, now_ms(), run->base_timestamp, run->max_timestamp, run->count);
    committed(partition, run->count, run->bytes, &latency);
}

void kc_source_metrics_done(const struct kc_mirrored_partition *partition, int64_t offset)
{
    kc_mirror_series_raise(partition->series, POSITION, offset);
    note_level(partition, offset);
}

void kc_source_metrics_note_size(const struct kc_mirrored_partition *partition,
                                 const struct kc_mirror_config *config)
{
    kc_flow_loads_note(config, partition->topic,
                       (uint64_t)kc_mirror_series_read(partition->series, RECORDS),
                       (uint64_t)kc_mirror_series_read(partition->series, BYTES));
}
