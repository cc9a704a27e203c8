/* SPDX-License-Identifier: Apache-2.0 */
/* The offset index: growth and bytes of chunks, answers, what a task adds over its lives. */
#include "mirror/mirror_check.h"
#include "mirror/offset_index_writer.h"

static void add(struct kc_index_chunk *chunk, int64_t from, int64_t up, int64_t down, int64_t count)
{
    ck_assert_int_eq(kc_index_chunk_add(chunk, &(struct kc_index_run){from, up, down, count}),
                     KC_INDEX_TAKEN);
}

/* ---- chunks ---- */

START_TEST(runs_without_a_change_are_one)
{
    struct kc_index_chunk chunk = {0};
    add(&chunk, 0, 0, 100, 10);
    add(&chunk, 10, 10, 110, 5);
    ck_assert_uint_eq(chunk.count, 1);
    add(&chunk, 15, 16, 115, 1); /* a marker on the source */
    add(&chunk, 17, 17, 117, 1); /* and one on the target */
    ck_assert_uint_eq(chunk.count, 3);
    kc_index_chunk_clear(&chunk);
}
END_TEST

START_TEST(what_is_mirrored_again_gives_way)
{
    struct kc_index_chunk chunk = {0};
    add(&chunk, 0, 0, 0, 50);
    add(&chunk, 50, 60, 50, 40);
    add(&chunk, 30, 30, 90, 10);
    ck_assert_uint_eq(chunk.count, 2);
    ck_assert_int_eq(chunk.runs[0].count, 30);
    ck_assert_int_eq(chunk.runs[1].downstream, 90);
    ck_assert(!chunk.fresh);
    add(&chunk, 40, 40, 7, 1); /* the target's log begins anew */
    ck_assert(chunk.fresh);
    ck_assert_uint_eq(chunk.count, 1);
    kc_index_chunk_clear(&chunk);
}
END_TEST

START_TEST(a_full_chunk_takes_no_other_run)
{
    struct kc_index_chunk chunk = {0};
    for (int64_t i = 0; i < KC_INDEX_CHUNK_RUNS; i++)
        add(&chunk, 2 * i, 2 * i, i, 1);
    int64_t next = 2 * KC_INDEX_CHUNK_RUNS;
    struct kc_index_run run = {next, next, KC_INDEX_CHUNK_RUNS, 1};
    ck_assert_int_eq(kc_index_chunk_add(&chunk, &run), KC_INDEX_FULL);
    add(&chunk, next - 1, next - 1, KC_INDEX_CHUNK_RUNS, 4); /* goes on with the last */
    kc_index_chunk_clear(&chunk);
}
END_TEST

START_TEST(bytes_are_few_and_come_back)
{
    struct kc_index_chunk chunk = {.sequence = 3, .fresh = true}, back = {0};
    struct kc_str bytes = {0};
    for (int64_t i = 0; i < 200; i++) /* ten records and a marker */
        add(&chunk, 11 * i, 11 * i, 10 * i, 10);
    kc_index_chunk_encode(&chunk, &bytes);
    ck_assert_uint_le(bytes.len, 8 + 4 * 200);
    assert_ok(kc_index_chunk_decode(bytes.data, bytes.len, &back));
    ck_assert_int_eq(back.sequence, 3);
    ck_assert(back.fresh);
    ck_assert_uint_eq(back.count, 200);
    ck_assert_mem_eq(back.runs, chunk.runs, 200 * sizeof(*back.runs));
    for (size_t len = 0; len < bytes.len; len++)
        kc_error_destroy(kc_index_chunk_decode(bytes.data, len, &back));
    assert_error(kc_index_chunk_decode("\0\0\1\0\1\0\0\0", 8, &back),
                 "Error reading field 'records' of the value of an offset index record");
    assert_error(kc_index_chunk_decode("\0\1", 2, &back),
                 "Error reading field 'version' of the value of an offset index record");
    assert_error(kc_index_chunk_decode("\0\0\1\0\0\0", 6, &back),
                 "Error reading field 'end' of the value of an offset index record");
    kc_index_chunk_clear(&chunk);
    kc_index_chunk_clear(&back);
    kc_str_destroy(&bytes);
}
END_TEST

START_TEST(sums_that_are_too_large_are_refused)
{
    struct kc_index_chunk chunk = {0};
    struct kc_str bytes = {0};
    add(&chunk, INT64_MAX - 5, INT64_MAX - 5, 0, 5);
    kc_index_chunk_encode(&chunk, &bytes);
    assert_ok(kc_index_chunk_decode(bytes.data, bytes.len, &chunk));
    bytes.data[bytes.len - 1]++; /* one record more */
    bytes.data[bytes.len - 1]++;
    assert_error(kc_index_chunk_decode(bytes.data, bytes.len, &chunk),
                 "Error reading field 'records' of the value of an offset index record");
    kc_index_chunk_clear(&chunk);
    kc_str_destroy(&bytes);
}
END_TEST

START_TEST(a_last_sequence_is_refused)
{
    struct kc_index_chunk chunk = {.sequence = INT64_MAX}; /* no chunk could follow it */
    struct kc_str bytes = {0};
    kc_index_chunk_encode(&chunk, &bytes);
    assert_error(kc_index_chunk_decode(bytes.data, bytes.len, &chunk),
                 "Error reading field 'sequence' of the value of an offset index record");
    kc_index_chunk_clear(&chunk);
    kc_str_destroy(&bytes);
}
END_TEST

START_TEST(keys_come_back_and_are_checked)
{
    struct kc_index_key key = {(char *)"orders", 7, 12, (char *)"A:A.topic"}, back;
    struct kc_str bytes = {0};
    kc_index_key_encode(&key, &bytes);
    assert_ok(kc_index_key_decode(bytes.data, bytes.len, &back));
    ck_assert_str_eq(back.topic, "orders");
    ck_assert_int_eq(back.partition, 7);
    ck_assert_int_eq(back.slot, 12);
    ck_assert_str_eq(back.flow, "A:A.topic");
    kc_index_key_clear(&back);
    assert_error(kc_index_key_decode(bytes.data, bytes.len - 4, &back),
                 "Error reading field 'flow' of the key of an offset index record");
    assert_error(kc_index_key_decode(bytes.data, bytes.len - 12, &back),
                 "Error reading field 'slot' of the key of an offset index record");
    kc_str_destroy(&bytes);
}
END_TEST

/* ---- answers ---- */

static void put_of(struct kc_offset_index *index, const struct kc_index_chunk *chunk,
                   const char *flow)
{
    struct kc_index_key key = {(char *)"t", 0, (int32_t)(chunk->sequence % KC_INDEX_SLOTS),
                               (char *)flow};
    struct kc_str name = {0}, value = {0};
    kc_index_key_encode(&key, &name);
    kc_index_chunk_encode(chunk, &value);
    assert_ok(kc_offset_index_put(index, name.data, name.len, value.data, value.len));
    kc_str_destroy(&name);
    kc_str_destroy(&value);
}

static void put(struct kc_offset_index *index, const struct kc_index_chunk *chunk)
{
    put_of(index, chunk, "A");
}

START_TEST(another_flows_chunks_are_not_ours)
{
    struct kc_offset_index *index = kc_offset_index_new("A");
    struct kc_index_chunk chunk = {0};
    kc_index_chunk_add(&chunk, &(struct kc_index_run){0, 0, 0, 100});
    put(index, &chunk);
    kc_index_chunk_clear(&chunk);
    kc_index_chunk_add(&chunk, &(struct kc_index_run){0, 0, 5000, 100});
    put_of(index, &chunk, "B");
    kc_index_chunk_clear(&chunk);
    struct kc_index_place place = kc_offset_index_find(index, "t", 0, 7);
    ck_assert_int_eq(place.answer, KC_INDEX_EXACT);
    ck_assert_int_eq(place.downstream, 7);
    kc_offset_index_destroy(index);
}
END_TEST

static void assert_place(const struct kc_offset_index *index, int64_t upstream,
                         enum kc_index_answer answer, int64_t downstream)
{
    struct kc_index_place place = kc_offset_index_find(index, "t", 0, upstream);
    ck_assert_msg(place.answer == answer, "%d for %d", (int)place.answer, (int)upstream);
    if (answer == KC_INDEX_EXACT)
        ck_assert_int_eq(place.downstream, downstream);
    if (answer == KC_INDEX_END)
        ck_assert_int_eq(place.low.downstream, downstream);
}

START_TEST(answers_are_exact_where_the_mirroring_was_watched)
{
    struct kc_offset_index *index = kc_offset_index_new("A");
    struct kc_index_chunk chunk = {0};
    assert_place(index, 0, KC_INDEX_NOTHING, 0);
    add(&chunk, 5, 7, 100, 10);   /* 7..16 */
    add(&chunk, 17, 20, 110, 10); /* 17..19 aren't records */
    add(&chunk, 50, 52, 130, 10); /* somebody else mirrored 30..49 */
    put(index, &chunk);
    assert_place(index, 4, KC_INDEX_HOLE, 0);
    assert_place(index, 5, KC_INDEX_EXACT, 100);
    assert_place(index, 16, KC_INDEX_EXACT, 109);
    assert_place(index, 17, KC_INDEX_EXACT, 110);
    assert_place(index, 19, KC_INDEX_EXACT, 110);
    assert_place(index, 29, KC_INDEX_EXACT, 119);
    assert_place(index, 30, KC_INDEX_HOLE, 0);
    struct kc_index_place hole = kc_offset_index_find(index, "t", 0, 40);
    ck_assert_int_eq(hole.low.upstream, 30);
    ck_assert_int_eq(hole.low.downstream, 120);
    ck_assert_int_eq(hole.high.upstream, 52);
    ck_assert_int_eq(hole.high.downstream, 130);
    assert_place(index, 51, KC_INDEX_EXACT, 130);
    assert_place(index, 62, KC_INDEX_END, 140);
    assert_place(index, 1000, KC_INDEX_END, 140);
    ck_assert(kc_offset_index_fits(index, "t", 0, 8, 101));
    ck_assert(!kc_offset_index_fits(index, "t", 0, 8, 201)); /* mirrored again */
    ck_assert(!kc_offset_index_fits(index, "t", 0, 70, 3));  /* onto a new log */
    ck_assert(kc_offset_index_fits(index, "t", 0, 70, 148));
    kc_index_chunk_clear(&chunk);
    kc_offset_index_destroy(index);
}
END_TEST

START_TEST(a_newer_chunk_counts_more_where_two_overlap)
{
    struct kc_offset_index *index = kc_offset_index_new("A");
    struct kc_index_chunk old = {0}, again = {.sequence = 1}, anew = {.sequence = 2, .fresh = true};
    add(&old, 0, 0, 0, 100);
    add(&again, 50, 50, 100, 100);
    put(index, &again);
    put(index, &old); /* compaction changes the order of neither slot */
    assert_place(index, 49, KC_INDEX_EXACT, 49);
    assert_place(index, 60, KC_INDEX_EXACT, 110);
    add(&anew, 150, 150, 0, 10);
    put(index, &anew);
    assert_place(index, 49, KC_INDEX_HOLE, 0);
    assert_place(index, 155, KC_INDEX_EXACT, 5);
    kc_index_chunk_clear(&old);
    kc_index_chunk_clear(&again);
    kc_index_chunk_clear(&anew);
    kc_offset_index_destroy(index);
}
END_TEST

/* ---- a task's side ---- */

/* The topic as a reader has it, and the writer that a task has. */
struct side {
    struct kc_offset_index *index;
    struct kc_offset_index_writer *writer;
    struct kc_index_partition partition;
    struct kc_index_chunk newest; /* as read back */
    size_t records;
    bool refuse;
};

static bool take_record(void *arg, struct kc_index_partition *partition, const struct kc_str *key,
                        const struct kc_str *value)
{
    struct side *side = arg;
    if (side->refuse)
        return false;
    side->records++;
    assert_ok(kc_offset_index_put(side->index, key->data, key->len, value->data, value->len));
    assert_ok(kc_index_chunk_decode(value->data, value->len, &side->newest));
    return true;
}

static void side_begin(struct side *side, int64_t offset)
{
    if (!side->index)
        side->index = kc_offset_index_new("A");
    side->writer = kc_offset_index_writer_new("A", take_record, side);
    kc_index_partition_init(&side->partition, "t", 0);
    if (offset >= 0)
        kc_index_partition_begin(&side->partition, offset);
}

/* A task whose partition has no past. */
static void side_begin_anew(struct side *side)
{
    side_begin(side, 0);
    kc_offset_index_writer_known(side->writer);
}

static void side_add(struct side *side, int64_t upstream, int64_t downstream, int64_t count)
{
    kc_offset_index_writer_add(side->writer, &side->partition, upstream, downstream, count);
}

/* The same after it has mirrored the first records. */
static void side_begin_with(struct side *side, int64_t count)
{
    side_begin_anew(side);
    side_add(side, 0, 0, count);
    kc_offset_index_writer_flush(side->writer);
}

static void side_end(struct side *side)
{
    kc_offset_index_writer_destroy(side->writer);
    kc_index_partition_clear(&side->partition);
}

static void side_destroy(struct side *side)
{
    side_end(side);
    kc_index_chunk_clear(&side->newest);
    kc_offset_index_destroy(side->index);
}

/* The past as a task finds it at its start. */
static void tell_past(struct side *side)
{
    struct kc_index_chunk copy = side->newest;
    copy.runs = kc_memdup(side->newest.runs, copy.cap * sizeof(*copy.runs));
    kc_offset_index_writer_past(side->writer, &side->partition, &copy);
    kc_offset_index_writer_known(side->writer);
}

START_TEST(nothing_is_written_before_the_past_is_known)
{
    struct side side = {0};
    side_begin(&side, 0);
    side_add(&side, 0, 0, 10);
    kc_offset_index_writer_flush(side.writer);
    ck_assert_uint_eq(side.records, 0);
    kc_offset_index_writer_known(side.writer);
    kc_offset_index_writer_flush(side.writer);
    kc_offset_index_writer_flush(side.writer);
    ck_assert_uint_eq(side.records, 1);
    assert_place(side.index, 3, KC_INDEX_EXACT, 3);
    side_destroy(&side);
}
END_TEST

START_TEST(a_restart_goes_on_with_the_newest_chunk)
{
    struct side side = {0};
    side_begin_with(&side, 10);
    for (int64_t life = 1; life <= 600; life++) {
        side_end(&side);
        side_begin(&side, 10 * life);
        side_add(&side, 10 * life, 10 * life, 10);
        tell_past(&side);
        kc_offset_index_writer_flush(side.writer);
    }
    ck_assert_uint_eq(kc_offset_index_changes(side.index), 1);
    assert_place(side.index, 6009, KC_INDEX_EXACT, 6009);
    side_destroy(&side);
}
END_TEST

/* A sink task's partitions go and come, while the partition's object stays. */
static void change_writer(struct side *side, bool written)
{
    kc_offset_index_writer_destroy(side->writer);
    kc_index_partition_leave(&side->partition, written);
    side->writer = kc_offset_index_writer_new("A", take_record, side);
    kc_offset_index_writer_join(side->writer, &side->partition);
}

START_TEST(a_partition_goes_from_one_writer_to_another)
{
    struct side side = {0};
    side_begin_with(&side, 10);
    change_writer(&side, true);
    side_add(&side, 12, 10, 10);
    change_writer(&side, false); /* nothing was known by then: what was added stays */
    tell_past(&side);
    kc_offset_index_writer_flush(side.writer);
    assert_place(side.index, 5, KC_INDEX_EXACT, 5);
    assert_place(side.index, 11, KC_INDEX_EXACT, 10);
    assert_place(side.index, 15, KC_INDEX_EXACT, 13);
    ck_assert_uint_eq(kc_offset_index_changes(side.index), 2);
    side_destroy(&side);
}
END_TEST

START_TEST(what_a_task_did_not_see_is_a_hole)
{
    struct side side = {0};
    side_begin_with(&side, 10);
    side_end(&side);
    side_begin(&side, 30); /* another worker mirrored 10..29 */
    tell_past(&side);
    side_add(&side, 31, 25, 10);
    side_add(&side, 41, -1, 5); /* nobody knows where */
    side_add(&side, 46, 40, 5);
    kc_offset_index_writer_flush(side.writer);
    assert_place(side.index, 9, KC_INDEX_EXACT, 9);
    assert_place(side.index, 15, KC_INDEX_HOLE, 0);
    assert_place(side.index, 30, KC_INDEX_EXACT, 25);
    assert_place(side.index, 43, KC_INDEX_HOLE, 0);
    assert_place(side.index, 46, KC_INDEX_EXACT, 40);
    side_destroy(&side);
}
END_TEST

START_TEST(the_oldest_changes_go_first_and_the_rest_takes_little_memory)
{
    struct side side = {0};
    int64_t changes = (KC_INDEX_SLOTS + 10) * KC_INDEX_CHUNK_RUNS;
    side_begin_anew(&side);
    for (int64_t i = 0; i < changes; i++) {
        side_add(&side, 11 * i, 10 * i, 10);
        if (i % 100 == 0)
            kc_offset_index_writer_flush(side.writer);
    }
    kc_offset_index_writer_flush(side.writer);
    size_t kept = kc_offset_index_changes(side.index);
    ck_assert_uint_ge(kept, (KC_INDEX_SLOTS - 1) * KC_INDEX_CHUNK_RUNS);
    ck_assert_uint_le(kept, KC_INDEX_SLOTS * KC_INDEX_CHUNK_RUNS);
    ck_assert_uint_le(kc_offset_index_bytes(side.index), 16 * kept);
    assert_place(side.index, 5, KC_INDEX_HOLE, 0);
    for (int64_t i = changes - (int64_t)kept; i < changes; i += 777) {
        assert_place(side.index, 11 * i + 4, KC_INDEX_EXACT, 10 * i + 4);
        if (i + 1 < changes)
            assert_place(side.index, 11 * i + 10, KC_INDEX_EXACT, 10 * i + 10);
    }
    side_destroy(&side);
}
END_TEST

/* The most that a change takes: large gaps on both sides, and the room of a chunk that grows. */
START_TEST(a_change_never_takes_more_than_64_bytes)
{
    struct side side = {0};
    int64_t changes = 20 * KC_INDEX_CHUNK_RUNS, far = INT64_C(1) << 50;
    side_begin_anew(&side);
    for (int64_t i = 0; i < changes; i++) {
        side_add(&side, i * far + far / 2, i * far / 2, far / 8);
        ck_assert_uint_le(side.partition.chunk.cap * sizeof(struct kc_index_run),
                          64 * side.partition.chunk.count);
        kc_offset_index_writer_flush(side.writer);
    }
    ck_assert_uint_eq(kc_offset_index_changes(side.index), changes);
    ck_assert_uint_le(kc_offset_index_bytes(side.index), 64 * changes);
    assert_place(side.index, 77 * far + far / 2 + 5, KC_INDEX_EXACT, 77 * far / 2 + 5);
    side_destroy(&side);
}
END_TEST

START_TEST(many_changes_before_the_past_is_known_are_all_written)
{
    struct side side = {0};
    int64_t changes = 3 * KC_INDEX_CHUNK_RUNS + 5;
    side_begin_with(&side, 5);
    side_end(&side);
    side_begin(&side, 11);
    for (int64_t i = 1; i < changes; i++)
        side_add(&side, 11 * i, 10 * i, 10);
    tell_past(&side);
    kc_offset_index_writer_flush(side.writer);
    ck_assert_uint_eq(kc_offset_index_changes(side.index), changes);
    for (int64_t i = 1; i < changes; i++)
        assert_place(side.index, 11 * i, KC_INDEX_EXACT, 10 * i);
    side_destroy(&side);
}
END_TEST

START_TEST(what_could_not_be_written_is_written_later)
{
    struct side side = {0};
    side_begin_anew(&side);
    side_add(&side, 0, 0, 10);
    side.refuse = true;
    kc_offset_index_writer_flush(side.writer);
    ck_assert_uint_eq(side.records, 0);
    side.refuse = false;
    kc_offset_index_writer_flush(side.writer);
    ck_assert_uint_eq(side.records, 1);
    kc_offset_index_writer_lost(side.writer, &side.partition);
    kc_offset_index_writer_flush(side.writer);
    ck_assert_uint_eq(side.records, 2);
    side_destroy(&side);
}
END_TEST

START_TEST(what_the_topic_has_lost_is_written_again)
{
    struct side side = {0};
    side_begin_anew(&side);
    ck_assert_uint_eq(kc_offset_index_writer_again(side.writer), 0); /* there is nothing */
    side_add(&side, 0, 0, 10);
    kc_offset_index_writer_flush(side.writer);
    kc_offset_index_destroy(side.index); /* the topic was deleted */
    side.index = kc_offset_index_new("A");
    ck_assert_uint_eq(kc_offset_index_writer_again(side.writer), 1);
    kc_offset_index_writer_flush(side.writer);
    ck_assert_uint_eq(side.records, 2);
    assert_place(side.index, 5, KC_INDEX_EXACT, 5);
    side_destroy(&side);
}
END_TEST

RUN_TESTS("offset_index", runs_without_a_change_are_one, what_is_mirrored_again_gives_way,
          a_full_chunk_takes_no_other_run, bytes_are_few_and_come_back,
          sums_that_are_too_large_are_refused, a_last_sequence_is_refused,
          keys_come_back_and_are_checked, another_flows_chunks_are_not_ours,
          answers_are_exact_where_the_mirroring_was_watched,
          a_newer_chunk_counts_more_where_two_overlap, nothing_is_written_before_the_past_is_known,
          a_restart_goes_on_with_the_newest_chunk, a_partition_goes_from_one_writer_to_another,
          what_a_task_did_not_see_is_a_hole,
          the_oldest_changes_go_first_and_the_rest_takes_little_memory,
          a_change_never_takes_more_than_64_bytes,
          many_changes_before_the_past_is_known_are_all_written,
          what_could_not_be_written_is_written_later, what_the_topic_has_lost_is_written_again)
