/* SPDX-License-Identifier: Apache-2.0 */
/* Buffers of frames: used again when they fit, given back when nobody needs them. */
#include "base/memory_limit.h"
#include "wire/frames.h"

#include "connect/mem.h"

#include <check.h>
#include <string.h>

#define MIB ((size_t)1 << 20)

static void empty_pool(void)
{
    wire_frames_trim(kc_mono_ms() + 1000000000);
    ck_assert_uint_eq(wire_frames_kept(), 0);
}

START_TEST(small_frames_are_exact_and_not_kept)
{
    size_t cap, before = wire_frames_kept();
    uint8_t *frame = wire_frame_new(5000, &cap);

    ck_assert_uint_eq(cap, 5000);
    wire_frame_free(frame, cap);
    wire_frame_free(NULL, 0);
    ck_assert_uint_eq(wire_frames_kept(), before);
}
END_TEST

START_TEST(without_memory_there_is_no_frame)
{
    size_t cap;

    if (!leave_memory(64 * MIB))
        return;
    ck_assert_ptr_null(wire_frame_new(100 * MIB, &cap));
    for (int i = 0; i < 10 && wire_frame_new(16 * MIB, &cap); i++)
        ck_assert_int_lt(i, 4);
}
END_TEST

START_TEST(a_large_frame_takes_a_buffer_that_served_before)
{
    size_t cap, other_cap;
    uint8_t *frame = wire_frame_new(2 * MIB + 77, &cap), *again, *other;

    ck_assert_uint_ge(cap, 2 * MIB + 77);
    memset(frame, 1, cap);
    wire_frame_free(frame, cap);
    ck_assert_uint_eq(wire_frames_kept(), cap);
    again = wire_frame_new(2 * MIB, &other_cap);
    ck_assert_ptr_eq(again, frame);
    ck_assert_uint_eq(other_cap, cap);
    other = wire_frame_new(2 * MIB, &other_cap);
    ck_assert_ptr_ne(other, again);
    wire_frame_free(again, cap);
    wire_frame_free(other, other_cap);
    empty_pool();
}
END_TEST

START_TEST(a_buffer_too_small_or_much_too_large_is_left)
{
    size_t cap, wanted_cap;
    uint8_t *frame = wire_frame_new(MIB, &cap), *wanted;

    wire_frame_free(frame, cap);
    wanted = wire_frame_new(2 * MIB, &wanted_cap);
    ck_assert_uint_ge(wanted_cap, 2 * MIB);
    ck_assert_uint_eq(wire_frames_kept(), cap);
    wire_frame_free(wanted, wanted_cap);
    wanted = wire_frame_new(MIB / 8, &wanted_cap);
    ck_assert_uint_lt(wanted_cap, MIB);
    wire_frame_free(wanted, wanted_cap);
    empty_pool();
}
END_TEST

/* As many as a worker has in use at its fullest, where the next moment all are done with. */
START_TEST(a_full_queue_that_empties_and_fills_again_finds_its_buffers)
{
    uint8_t *frames[40];
    size_t caps[40], used = 0;

    for (int i = 0; i < 40; i++) {
        frames[i] = wire_frame_new(MIB, &caps[i]);
        used += caps[i];
    }
    for (int i = 0; i < 40; i++)
        wire_frame_free(frames[i], caps[i]);
    ck_assert_uint_eq(wire_frames_kept(), used);
    for (int i = 0; i < 40; i++)
        frames[i] = wire_frame_new(MIB, &caps[i]);
    ck_assert_uint_eq(wire_frames_kept(), 0);
    for (int i = 0; i < 40; i++)
        wire_frame_free(frames[i], caps[i]);
    empty_pool();
}
END_TEST

START_TEST(what_is_kept_is_bounded)
{
    uint8_t *frames[80];
    size_t caps[80];

    for (int i = 0; i < 80; i++)
        frames[i] = wire_frame_new(MIB, &caps[i]);
    for (int i = 0; i < 80; i++)
        wire_frame_free(frames[i], caps[i]);
    ck_assert_uint_le(wire_frames_kept(), 64 * MIB);
    ck_assert_uint_ge(wire_frames_kept(), 48 * MIB);
    empty_pool();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("frames");
    TCase *tests = tcase_create("all");
    SRunner *runner = srunner_create(suite);

    tcase_add_test(tests, small_frames_are_exact_and_not_kept);
    tcase_add_test(tests, without_memory_there_is_no_frame);
    tcase_add_test(tests, a_large_frame_takes_a_buffer_that_served_before);
    tcase_add_test(tests, a_buffer_too_small_or_much_too_large_is_left);
    tcase_add_test(tests, a_full_queue_that_empties_and_fills_again_finds_its_buffers);
    tcase_add_test(tests, what_is_kept_is_bounded);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
