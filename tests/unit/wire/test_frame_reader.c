/* SPDX-License-Identifier: Apache-2.0 */
/* Frames cut out of bytes, whatever pieces they come in. */
#include "wire/frame_reader_priv.h"

#include "connect/mem.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define FIRST 100 /* bytes that a frame has room for before any have arrived */

static const size_t sizes[] = {5, 0, 1, 99, 100, 101, 70000, 300000, 4};
#define FRAMES (sizeof(sizes) / sizeof(*sizes))

/* Frames of these sizes in a row, each filled with its number. */
static void make_input(struct kc_str *input)
{
    for (size_t i = 0; i < FRAMES; i++) {
        kc_str_append_i32(input, (int32_t)sizes[i]);
        for (size_t j = 0; j < sizes[i]; j++)
            kc_str_append_char(input, (char)(i + 1));
    }
}

/* Checks frame number `index`. */
static void check_frame(struct wire_frame_reader *reader, size_t index)
{
    size_t cap, len;
    uint8_t *frame = wire_frame_reader_take(reader, &cap, &len);

    ck_assert_uint_eq(len, sizes[index]);
    ck_assert_uint_ge(cap, len);
    for (size_t i = 0; i < len; i++)
        ck_assert_uint_eq(frame[i], index + 1);
    wire_frame_free(frame, cap);
}

/* How many frames complete with these bytes. */
static size_t feed(struct wire_frame_reader *reader, const uint8_t *data, size_t len, size_t index)
{
    size_t done = 0;

    for (;;) {
        switch (wire_frame_reader_feed(reader, &data, &len)) {
        case WIRE_FRAME_MORE:
            ck_assert_uint_eq(len, 0);
            return done;
        case WIRE_FRAME_BEGINS:
            ck_assert_uint_eq(wire_frame_reader_size(reader), sizes[index + done]);
            ck_assert(wire_frame_reader_begin(reader, FIRST));
            break;
        case WIRE_FRAME_COMPLETE:
            check_frame(reader, index + done++);
            break;
        case WIRE_FRAME_PART:
        case WIRE_FRAME_NO_MEMORY:
            ck_abort_msg("a part, or no memory");
        }
    }
}

static const size_t pieces[] = {1, 2, 3, 5, 64, 1000, 65536, 10000000};

START_TEST(frames_are_cut_from_pieces_of_any_size)
{
    struct wire_frame_reader reader = {0};
    struct kc_str input = {0};
    size_t index = 0;

    make_input(&input);
    for (size_t at = 0; at < input.len; at += pieces[_i]) {
        size_t part = input.len - at < pieces[_i] ? input.len - at : pieces[_i];

        index += feed(&reader, (uint8_t *)input.data + at, part, index);
    }
    ck_assert_uint_eq(index, FRAMES);
    ck_assert_uint_eq(wire_frame_reader_left(&reader), 0);
    wire_frame_reader_destroy(&reader);
    kc_str_destroy(&input);
}
END_TEST

/* As a socket reads: the head through the reader, the rest to where it stays. */
START_TEST(bytes_may_be_read_straight_into_the_frame)
{
    struct wire_frame_reader reader = {0};
    const uint8_t head[] = {0, 1, 0, 0}, *at = head;
    size_t len = sizeof(head), cap, turns = 0;
    uint8_t *to;

    ck_assert_int_eq(wire_frame_reader_feed(&reader, &at, &len), WIRE_FRAME_BEGINS);
    ck_assert_uint_eq(wire_frame_reader_room(&reader, &to), 0);
    ck_assert(wire_frame_reader_begin(&reader, FIRST));
    while (wire_frame_reader_left(&reader)) {
        size_t room = wire_frame_reader_room(&reader, &to);

        ck_assert_uint_gt(room, 0);
        ck_assert_uint_le(room, wire_frame_reader_left(&reader));
        memset(to, 7, room);
        wire_frame_reader_advance(&reader, room);
        turns++;
    }
    ck_assert_uint_gt(turns, 3);
    at = NULL;
    len = 0;
    ck_assert_int_eq(wire_frame_reader_feed(&reader, &at, &len), WIRE_FRAME_COMPLETE);
    to = wire_frame_reader_take(&reader, &cap, &len);
    ck_assert_uint_eq(len, 65536);
    for (size_t i = 0; i < len; i++)
        ck_assert_uint_eq(to[i], 7);
    wire_frame_free(to, cap);
}
END_TEST

/* Fed by `piece` bytes, taken in parts. */
static void check_parts(const uint8_t *data, size_t len, size_t piece)
{
    struct wire_frame_reader reader = {0};
    size_t frames = 0, taken = 0;

    for (size_t at = 0; at < len || frames < 2;) {
        size_t part = len - at < piece ? len - at : piece, cap = 0, got = 0;
        const uint8_t *from = data + at;
        uint8_t *bytes = NULL;
        const enum wire_frame_event event = wire_frame_reader_feed(&reader, &from, &part);

        at = (size_t)(from - data);
        ck_assert_int_ne(event, WIRE_FRAME_NO_MEMORY);
        if (event == WIRE_FRAME_BEGINS)
            ck_assert(wire_frame_reader_begin_parts(&reader, 10));
        else if (event == WIRE_FRAME_PART)
            bytes = wire_frame_reader_take_part(&reader, 10, &cap, &got);
        else if (event == WIRE_FRAME_COMPLETE)
            bytes = wire_frame_reader_take(&reader, &cap, &got);
        if (!bytes)
            continue;
        ck_assert_uint_eq(got, event == WIRE_FRAME_PART ? 10 : frames == 0 ? 5 : 10);
        for (size_t i = 0; i < got; i++)
            ck_assert_uint_eq(bytes[i], (frames == 0 ? 0 : 100) + taken + i);
        taken = event == WIRE_FRAME_PART ? taken + got : 0;
        frames += event == WIRE_FRAME_COMPLETE;
        wire_frame_free(bytes, cap);
    }
    ck_assert_uint_eq(reader.head_len, 0);
    wire_frame_reader_destroy(&reader);
}

START_TEST(a_frame_may_be_taken_in_parts)
{
    struct kc_str input = {0};

    kc_str_append_i32(&input, 25);
    for (int i = 0; i < 25; i++)
        kc_str_append_char(&input, (char)i);
    kc_str_append_i32(&input, 20);
    for (int i = 0; i < 20; i++)
        kc_str_append_char(&input, (char)(100 + i));
    for (size_t piece = 1; piece <= input.len; piece++)
        check_parts((const uint8_t *)input.data, input.len, piece);
    kc_str_destroy(&input);
}
END_TEST

START_TEST(a_large_length_costs_what_has_arrived)
{
    struct wire_frame_reader reader = {0};
    const uint8_t input[] = {0x7f, 0xff, 0xff, 0xff, 1, 2, 3}, *at = input;
    size_t len = sizeof(input);

    ck_assert_int_eq(wire_frame_reader_feed(&reader, &at, &len), WIRE_FRAME_BEGINS);
    ck_assert_uint_eq(wire_frame_reader_size(&reader), 0x7fffffff);
    ck_assert(wire_frame_reader_begin(&reader, FIRST));
    ck_assert_int_eq(wire_frame_reader_feed(&reader, &at, &len), WIRE_FRAME_MORE);
    ck_assert_uint_le(reader.cap, FIRST);
    wire_frame_reader_destroy(&reader);
    ck_assert_ptr_null(reader.frame);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("frame_reader");
    TCase *tests = tcase_create("all");
    tcase_add_loop_test(tests, frames_are_cut_from_pieces_of_any_size, 0,
                        sizeof(pieces) / sizeof(*pieces));
    tcase_add_test(tests, bytes_may_be_read_straight_into_the_frame);
    tcase_add_test(tests, a_frame_may_be_taken_in_parts);
    tcase_add_test(tests, a_large_length_costs_what_has_arrived);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
