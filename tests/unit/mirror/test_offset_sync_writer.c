/* SPDX-License-Identifier: Apache-2.0 */
/* When offset syncs are written: the scenarios of Java's OffsetSyncWriterTest, and the limits. */
#include "mirror/mirror_check.h"
#include "mirror/offset_sync_writer.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#define MAX_SENT 64

struct sent {
    size_t count;
    struct kc_offset_sync syncs[MAX_SENT];
    bool refuse;
};

static bool send_sync(void *arg, const struct kc_offset_sync *sync)
{
    struct sent *sent = arg;
    if (sent->refuse)
        return false;
    ck_assert_uint_lt(sent->count, MAX_SENT);
    sent->syncs[sent->count++] = *sync;
    return true;
}

static void assert_last(const struct sent *sent, size_t count, int64_t upstream, int64_t downstream)
{
    ck_assert_uint_eq(sent->count, count);
    ck_assert_int_eq(sent->syncs[count - 1].upstream, upstream);
    ck_assert_int_eq(sent->syncs[count - 1].downstream, downstream);
}

START_TEST(the_first_record_and_each_irregularity_is_synced_at_once)
{
    struct sent sent = {0};
    struct kc_sync_partition partition;
    struct kc_offset_sync_writer *writer = kc_offset_sync_writer_new(50, send_sync, &sent);
    kc_sync_partition_init(&partition, (char *)"t", 0);
    kc_offset_sync_writer_update(writer, &partition, 0, 100);
    assert_last(&sent, 1, 0, 100);
    kc_offset_sync_writer_update(writer, &partition, 1, 101);
    ck_assert_uint_eq(sent.count, 1);
    kc_offset_sync_writer_update(writer, &partition, 3, 102); /* a gap upstream */
    assert_last(&sent, 2, 3, 102);
    kc_offset_sync_writer_update(writer, &partition, 4, 50); /* truncated downstream */
    assert_last(&sent, 3, 4, 50);
    for (int64_t i = 1; i <= 50; i++)
        kc_offset_sync_writer_update(writer, &partition, 4 + i, 50 + i);
    ck_assert_uint_eq(sent.count, 3);
    kc_offset_sync_writer_update(writer, &partition, 55, 101); /* 50 records behind the sync */
    assert_last(&sent, 4, 55, 101);
    kc_offset_sync_writer_destroy(writer);
}
END_TEST

START_TEST(no_lag_at_all_syncs_every_record)
{
    struct sent sent = {0};
    struct kc_sync_partition partition;
    struct kc_offset_sync_writer *writer = kc_offset_sync_writer_new(0, send_sync, &sent);
    kc_sync_partition_init(&partition, (char *)"t", 0);
    for (int64_t i = 0; i < 30; i++) {
        kc_offset_sync_writer_update(writer, &partition, i, i);
        kc_offset_sync_writer_sent(writer);
    }
    ck_assert_uint_eq(sent.count, 30);
    kc_offset_sync_writer_destroy(writer);
}
END_TEST

START_TEST(the_newest_position_waits_for_the_next_commit)
{
    struct sent sent = {0};
    struct kc_sync_partition partition;
    struct kc_offset_sync_writer *writer = kc_offset_sync_writer_new(100, send_sync, &sent);
    kc_sync_partition_init(&partition, (char *)"t", 0);
    for (int64_t i = 0; i < 20; i++)
        kc_offset_sync_writer_update(writer, &partition, i, i);
    assert_last(&sent, 1, 0, 0);
    kc_offset_sync_writer_fire(writer);
    ck_assert_uint_eq(sent.count, 1);
    kc_offset_sync_writer_promote(writer);
    kc_offset_sync_writer_fire(writer);
    assert_last(&sent, 2, 19, 19);
    kc_offset_sync_writer_promote(writer);
    kc_offset_sync_writer_fire(writer);
    ck_assert_uint_eq(sent.count, 2);
    kc_offset_sync_writer_destroy(writer);
}
END_TEST

START_TEST(ten_are_under_way_and_of_each_partition_the_newest_waits)
{
    struct sent sent = {0};
    struct kc_sync_partition partitions[12];
    struct kc_offset_sync_writer *writer = kc_offset_sync_writer_new(0, send_sync, &sent);
    for (int32_t p = 0; p < 12; p++) {
        kc_sync_partition_init(&partitions[p], (char *)"t", p);
        kc_offset_sync_writer_update(writer, &partitions[p], 0, 0);
    }
    ck_assert_uint_eq(sent.count, KC_MAX_OUTSTANDING_SYNCS);
    kc_offset_sync_writer_update(writer, &partitions[10], 1, 1);
    kc_offset_sync_writer_update(writer, &partitions[10], 2, 2);
    ck_assert_uint_eq(kc_offset_sync_writer_waiting(writer), 13);
    for (int i = 0; i < 3; i++) {
        kc_offset_sync_writer_sent(writer);
        kc_offset_sync_writer_fire(writer);
    }
    ck_assert_int_eq(sent.syncs[10].partition, 10);
    ck_assert_int_eq(sent.syncs[10].upstream, 0);
    ck_assert_int_eq(sent.syncs[11].partition, 11);
    ck_assert_int_eq(sent.syncs[12].partition, 10);
    assert_last(&sent, 13, 2, 2);
    kc_offset_sync_writer_destroy(writer);
}
END_TEST

/* In a burst, what waits is replaced by what is newer; but not where the offsets' difference
 * begins. */
START_TEST(a_burst_loses_no_change_of_the_difference)
{
    struct sent sent = {0};
    struct kc_sync_partition busy, partition;
    struct kc_offset_sync_writer *writer = kc_offset_sync_writer_new(10, send_sync, &sent);
    kc_sync_partition_init(&busy, (char *)"busy", 0);
    kc_sync_partition_init(&partition, (char *)"t", 0);
    for (int64_t i = 0; i <= 90; i += 10)
        kc_offset_sync_writer_update(writer, &busy, i, i); /* ten under way */
    for (int64_t i = 0; i < 100; i++)
        kc_offset_sync_writer_update(writer, &partition, i, i);
    for (int64_t i = 100; i < 200; i++)
        kc_offset_sync_writer_update(writer, &partition, i + 1, i);
    for (int i = 0; i < 10; i++)
        kc_offset_sync_writer_sent(writer);
    kc_offset_sync_writer_fire(writer);
    ck_assert_int_eq(sent.syncs[10].upstream, 0);
    ck_assert_int_eq(sent.syncs[11].upstream, 101);
    ck_assert_int_eq(sent.syncs[11].downstream, 100);
    assert_last(&sent, 13, 200, 199);
    kc_offset_sync_writer_destroy(writer);
}
END_TEST

START_TEST(a_send_that_is_refused_holds_nothing_up)
{
    struct sent sent = {.refuse = true};
    struct kc_sync_partition partition;
    struct kc_offset_sync_writer *writer = kc_offset_sync_writer_new(0, send_sync, &sent);
    kc_sync_partition_init(&partition, (char *)"t", 0);
    for (int64_t i = 0; i < 20; i++)
        kc_offset_sync_writer_update(writer, &partition, i, i);
    ck_assert_uint_eq(kc_offset_sync_writer_waiting(writer), 0);
    sent.refuse = false;
    kc_offset_sync_writer_update(writer, &partition, 20, 20);
    assert_last(&sent, 1, 20, 20);
    kc_offset_sync_writer_destroy(writer);
}
END_TEST

/* ---- two threads ---- */

/* The first send is slow, while another thread has a later sync of the partition. */
struct slow {
    struct sent sent;
    struct kc_offset_sync_writer *writer;
    struct kc_sync_partition partition;
    pthread_t other;
    bool started;
    atomic_bool other_sent;
};

static void *update_later(void *arg)
{
    struct slow *slow = arg;
    kc_offset_sync_writer_update(slow->writer, &slow->partition, 60, 60);
    return NULL;
}

static bool send_slowly(void *arg, const struct kc_offset_sync *sync)
{
    struct slow *slow = arg;
    if (slow->started)
        atomic_store(&slow->other_sent, true);
    else {
        int64_t deadline = kc_mono_ms() + 300;
        slow->started = true;
        ck_assert_int_eq(pthread_create(&slow->other, NULL, update_later, slow), 0);
        while (!atomic_load(&slow->other_sent) && kc_mono_ms() < deadline)
            usleep(1000);
    }
    return send_sync(&slow->sent, sync);
}

/* A reader of the topic takes a sync behind a later one for a rewind, and forgets what was before.
 */
START_TEST(a_later_sync_never_overtakes)
{
    struct slow slow = {0};
    slow.writer = kc_offset_sync_writer_new(50, send_slowly, &slow);
    kc_sync_partition_init(&slow.partition, (char *)"t", 0);
    kc_offset_sync_writer_update(slow.writer, &slow.partition, 0, 0);
    pthread_join(slow.other, NULL);
    ck_assert_int_eq(slow.sent.syncs[0].upstream, 0);
    assert_last(&slow.sent, 2, 60, 60);
    kc_offset_sync_writer_destroy(slow.writer);
}
END_TEST

RUN_TESTS("offset_sync_writer", the_first_record_and_each_irregularity_is_synced_at_once,
          no_lag_at_all_syncs_every_record, the_newest_position_waits_for_the_next_commit,
          ten_are_under_way_and_of_each_partition_the_newest_waits,
          a_burst_loses_no_change_of_the_difference, a_send_that_is_refused_holds_nothing_up,
          a_later_sync_never_overtakes)
