/* SPDX-License-Identifier: Apache-2.0 */
/* Where there is no more memory, what came from outside is refused, and the rest goes on. */
#include "base/memory_limit.h"

#include <stdlib.h>
#include <string.h>

#define MIB ((size_t)1 << 20)

START_TEST(what_is_too_large_is_refused)
{
    if (!leave_memory(64 * MIB))
        return;
    struct kc_str str = {0};
    struct kc_arena *arena = kc_arena_new(4096);
    void *kept = kc_malloc(16);
    ck_assert_ptr_null(kc_try_malloc(100 * MIB));
    ck_assert_ptr_null(kc_try_calloc(100, MIB));
    ck_assert_ptr_null(kc_try_realloc(kept, 100 * MIB));
    ck_assert_ptr_null(kc_arena_try_alloc(arena, 100 * MIB));
    kc_str_append(&str, "abc");
    ck_assert(!kc_str_try_reserve(&str, 100 * MIB));
    ck_assert_str_eq(str.data, "abc");
    ck_assert(!kc_mem_has_room(100 * MIB));
    ck_assert(kc_mem_has_room(10 * MIB));
    ck_assert(kc_str_try_reserve(&str, 10 * MIB));
    void *piece = kc_arena_try_alloc(arena, 10 * MIB);
    ck_assert_ptr_nonnull(piece);
    kc_arena_destroy(arena);
    kc_str_destroy(&str);
    free(kept);
}
END_TEST

START_TEST(no_number_is_taken_for_a_small_one)
{
    struct kc_str str = {0};
    struct kc_arena *arena = kc_arena_new(64);
    ck_assert_ptr_null(kc_try_malloc(SIZE_MAX));
    ck_assert_ptr_null(kc_try_calloc(SIZE_MAX / 2, 3));
    ck_assert_ptr_null(kc_try_malloc(KC_TRY_MAX + 1));
    ck_assert_ptr_null(kc_arena_try_alloc(arena, SIZE_MAX - 3));
    ck_assert(!kc_str_try_reserve(&str, SIZE_MAX - 3));
    kc_arena_destroy(arena);
}
END_TEST

/* An error's text, a log line, a status: all that says what has happened needs a few bytes. */
START_TEST(small_pieces_are_there_when_large_ones_are_refused)
{
    void *taken[1024];
    size_t count = 0;
    if (!leave_memory(64 * MIB))
        return;
    while ((taken[count] = kc_try_malloc(MIB)))
        count++;
    ck_assert_uint_gt(count, 20);
    for (int i = 0; i < 4096; i++)
        memset(kc_malloc(1000), 1, 1000);
    struct kc_error *err = kc_error_memory(MIB, "Reading %s", "a record");
    ck_assert_int_eq(kc_error_code(err), KC_ERR_MEMORY);
    ck_assert(kc_error_retriable(err));
    ck_assert_ptr_nonnull(strstr(kc_error_text(err), "Reading a record: there is no memory for "
                                                     "1048576 bytes"));
    kc_error_destroy(err);
    /* The reserve is gone now, and comes back before anything large is given out. */
    ck_assert_ptr_null(kc_try_malloc(MIB));
    for (size_t i = 0; i < count; i++)
        free(taken[i]);
    void *again = kc_try_malloc(MIB);
    ck_assert_ptr_nonnull(again);
    free(again);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mem_limit");
    TCase *tcase = tcase_create("mem_limit");
    tcase_add_test(tcase, what_is_too_large_is_refused);
    tcase_add_test(tcase, no_number_is_taken_for_a_small_one);
    tcase_add_test(tcase, small_pieces_are_there_when_large_ones_are_refused);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
