/* SPDX-License-Identifier: Apache-2.0 */
/* Look-ups in two logs that are made up: markers, compaction, records that are alike, copies. */
#include "mirror/mirror_check.h"
#include "mirror/offset_lookup.h"

#define MOST 400000

/* Both logs, and how much was read of them. */
struct logs {
    struct kc_record_window side[2];
    int64_t low[2], end[2];
    size_t reads, records;
    int64_t ahead, first_target; /* where the target was said to be read from, and first was */
    bool fail;
};

static struct kc_error *bounds(void *arg, enum kc_lookup_side side, int64_t *low, int64_t *high)
{
    struct logs *logs = arg;
    *low = logs->low[side];
    *high = logs->end[side];
    return logs->fail ? kc_error_new(KC_ERR_KAFKA, "no broker") : NULL;
}

static size_t first_at(const struct kc_record_window *log, int64_t offset)
{
    size_t low = 0, high = log->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (log->records[middle].offset < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct kc_error *read_log(void *arg, enum kc_lookup_side side, int64_t from, int64_t to,
                                 size_t max, struct kc_record_window *window)
{
    struct logs *logs = arg;
    const struct kc_record_window *log = &logs->side[side];
    size_t i = first_at(log, from);
    logs->reads++;
    if (side == KC_LOOKUP_TARGET && logs->first_target < 0)
        logs->first_target = from;
    for (; i < log->count && log->records[i].offset < to && window->count < max; i++)
        kc_record_window_add(window, &log->records[i]);
    logs->records += window->count;
    window->at_start = from == 0;
    window->at_end = i == log->count;
    return NULL;
}

static struct kc_error *by_time(void *arg, int64_t timestamp, int64_t *offset)
{
    struct logs *logs = arg;
    const struct kc_record_window *log = &logs->side[KC_LOOKUP_TARGET];
    *offset = -1;
    for (size_t i = 0; i < log->count && *offset < 0; i++)
        if (log->records[i].timestamp >= timestamp)
            *offset = log->records[i].offset;
    return NULL;
}

static void ahead(void *arg, int64_t from)
{
    ((struct logs *)arg)->ahead = from;
}

static void append(struct logs *logs, enum kc_lookup_side side, int64_t skip, int64_t time,
                   uint64_t content)
{
    struct kc_record_mark mark = {logs->end[side] + skip, time, content};
    kc_record_window_add(&logs->side[side], &mark);
    logs->end[side] = mark.offset + 1;
}

/* A record that is mirrored; skip: what is before it on the source alone. */
static void mirror(struct logs *logs, int64_t skip, int64_t time, uint64_t content)
{
    append(logs, KC_LOOKUP_SOURCE, skip, time, content);
    append(logs, KC_LOOKUP_TARGET, 0, time, content);
}

static void logs_clear(struct logs *logs)
{
    kc_record_window_clear(&logs->side[0]);
    kc_record_window_clear(&logs->side[1]);
}

static const struct kc_index_pair none = {-1, -1};

static int64_t look(struct logs *logs, int64_t upstream, struct kc_index_pair low,
                    struct kc_index_pair high)
{
    struct kc_lookup_reader reader = {logs, bounds, read_log, by_time, ahead};
    enum kc_lookup_result result;
    int64_t downstream = -1;
    logs->reads = logs->records = 0;
    logs->ahead = logs->first_target = -1;
    assert_ok(
        kc_offset_lookup(&reader, upstream, low, high, kc_mono_ms() + 30000, &result, &downstream));
    return result == KC_LOOKUP_FOUND ? downstream : -1;
}

/* What look() should say: the number of the first record at or after upstream. */
static int64_t truth(const struct logs *logs, int64_t upstream)
{
    size_t at = first_at(&logs->side[KC_LOOKUP_SOURCE], upstream);
    return at < logs->side[KC_LOOKUP_TARGET].count ? logs->side[KC_LOOKUP_TARGET].records[at].offset
                                                   : logs->end[KC_LOOKUP_TARGET];
}

/* Many offsets, with and without neighbours. */
static void look_everywhere(struct logs *logs, size_t most_reads)
{
    int64_t end = logs->end[KC_LOOKUP_SOURCE];
    for (int64_t i = 0; i <= 40; i++) {
        int64_t upstream = end * i / 40;
        struct kc_index_pair low = {0, truth(logs, 0)};
        ck_assert_int_eq(look(logs, upstream, low, none), truth(logs, upstream));
        ck_assert_uint_le(logs->reads, most_reads);
        ck_assert_int_eq(look(logs, upstream, none, none), truth(logs, upstream));
        ck_assert_uint_le(logs->reads, most_reads);
    }
}

START_TEST(a_bulk_copy_needs_two_reads)
{
    struct logs logs = {0};
    for (uint64_t i = 0; i < 300000; i++)
        mirror(&logs, 0, 1000 + (int64_t)i / 500, i);
    ck_assert_int_eq(look(&logs, 150000, (struct kc_index_pair){0, 0}, none), 150000);
    ck_assert_uint_eq(logs.reads, 2);
    ck_assert_int_ge(logs.ahead, 0);
    ck_assert_int_eq(logs.ahead, logs.first_target);
    look_everywhere(&logs, 3);
    logs_clear(&logs);
}
END_TEST

START_TEST(markers_and_gaps_are_found_by_time_or_by_closing_in)
{
    struct logs timed = {0}, timeless = {0};
    for (uint64_t i = 0; i < 100000; i++) {
        int64_t skip = i % 7 == 6 ? 1 + (int64_t)(i / 20000) : 0;
        mirror(&timed, skip, 1000 + (int64_t)i, i);
        mirror(&timeless, skip, -1, i);
    }
    look_everywhere(&timed, 6);
    look_everywhere(&timeless, 60);
    logs_clear(&timed);
    logs_clear(&timeless);
}
END_TEST

START_TEST(records_that_are_alike_are_told_apart_by_their_run)
{
    struct logs logs = {0};
    uint64_t run = 0;
    for (uint64_t i = 0; i < 3000; run++) /* runs of 1 to 60 of three kinds */
        for (uint64_t end = i + 1 + run * 37 % 60; i < end; i++)
            mirror(&logs, 0, 1000, run % 3);
    for (int64_t upstream = 0; upstream < 3000; upstream += 7)
        ck_assert_int_eq(look(&logs, upstream, none, none), upstream);
    logs_clear(&logs);
}
END_TEST

START_TEST(what_can_not_be_told_is_not_guessed)
{
    struct logs logs = {0};
    for (int i = 0; i < 5000; i++) /* all alike, and nobody knows how many were left out */
        mirror(&logs, 0, 1000, 1);
    logs.low[KC_LOOKUP_SOURCE] = 100;
    ck_assert_int_eq(look(&logs, 2500, none, none), -1);
    logs_clear(&logs);
}
END_TEST

START_TEST(a_record_that_is_not_there_yet_is_not_found)
{
    struct logs logs = {0};
    for (uint64_t i = 0; i < 1000; i++)
        mirror(&logs, 0, 1000 + (int64_t)i, i);
    for (uint64_t i = 1000; i < 1200; i++)
        append(&logs, KC_LOOKUP_SOURCE, 0, 1000 + (int64_t)i, i);
    ck_assert_int_eq(look(&logs, 999, none, none), 999);
    ck_assert_int_eq(look(&logs, 1100, none, none), -1);
    ck_assert_int_eq(look(&logs, 1200, none, none), -1);
    logs_clear(&logs);
}
END_TEST

START_TEST(compaction_on_either_side_leaves_enough)
{
    struct logs logs = {0};
    for (uint64_t i = 0; i < 20000; i++) {
        bool gone_here = i % 3 == 0, gone_there = i % 5 == 0;
        if (!gone_here)
            append(&logs, KC_LOOKUP_SOURCE, (int64_t)i - logs.end[KC_LOOKUP_SOURCE], 1000, i);
        if (!gone_there)
            append(&logs, KC_LOOKUP_TARGET, (int64_t)i - logs.end[KC_LOOKUP_TARGET], 1000, i);
    }
    ck_assert_int_eq(look(&logs, 7001, none, none), 7001);
    ck_assert_int_eq(look(&logs, 6999, none, none), -1); /* 7000 is the next, and isn't there */
    logs_clear(&logs);
}
END_TEST

START_TEST(neighbours_keep_older_copies_out)
{
    struct logs logs = {0};
    for (uint64_t i = 0; i < 500; i++)
        append(&logs, KC_LOOKUP_TARGET, 0, 1000 + (int64_t)i, i);
    for (uint64_t i = 0; i < 500; i++) /* everything once more */
        mirror(&logs, 0, 1000 + (int64_t)i, i);
    ck_assert_int_eq(look(&logs, 250, (struct kc_index_pair){0, 500}, none), 750);
    ck_assert_int_eq(look(&logs, 250, none, (struct kc_index_pair){400, 400}), 250);
    logs_clear(&logs);
}
END_TEST

START_TEST(an_offset_that_is_gone_is_the_first_that_is_there)
{
    struct logs logs = {0};
    append(&logs, KC_LOOKUP_SOURCE, 5000, 1000, 1);
    append(&logs, KC_LOOKUP_TARGET, 0, 1000, 1);
    logs.low[KC_LOOKUP_SOURCE] = 5000;
    ck_assert_int_eq(look(&logs, 17, none, none), 0);
    ck_assert_int_eq(look(&logs, 5001, none, none), 1); /* behind the last */
    logs_clear(&logs);
}
END_TEST

START_TEST(the_work_is_bounded_and_errors_come_up)
{
    struct logs logs = {0};
    enum kc_lookup_result result;
    int64_t downstream;
    for (uint64_t i = 0; i < MOST; i++) {
        append(&logs, KC_LOOKUP_SOURCE, 0, 1000, i);
        append(&logs, KC_LOOKUP_TARGET, 0, 1000, i + MOST); /* something else */
    }
    ck_assert_int_eq(look(&logs, MOST / 2, none, none), -1);
    ck_assert_uint_le(logs.records, 150000);
    logs.fail = true;
    struct kc_lookup_reader reader = {&logs, bounds, read_log, by_time, NULL};
    assert_error(kc_offset_lookup(&reader, 1, none, none, INT64_MAX, &result, &downstream),
                 "no broker");
    logs_clear(&logs);
}
END_TEST

RUN_TESTS("offset_lookup", a_bulk_copy_needs_two_reads,
          markers_and_gaps_are_found_by_time_or_by_closing_in,
          records_that_are_alike_are_told_apart_by_their_run, what_can_not_be_told_is_not_guessed,
          a_record_that_is_not_there_yet_is_not_found, compaction_on_either_side_leaves_enough,
          neighbours_keep_older_copies_out, an_offset_that_is_gone_is_the_first_that_is_there,
          the_work_is_bounded_and_errors_come_up)
