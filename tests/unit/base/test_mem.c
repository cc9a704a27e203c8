/* SPDX-License-Identifier: Apache-2.0 */
/* Strings, lists, arenas and maps. */
#include "connect/map.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

START_TEST(string_grows_and_is_terminated)
{
    struct kc_str str = {0};
    for (int i = 0; i < 1000; i++)
        kc_str_appendf(&str, "%d,", i);
    ck_assert_uint_eq(strlen(str.data), str.len);
    ck_assert_int_eq(strncmp(str.data, "0,1,2,", 6), 0);
    kc_str_clear(&str);
    kc_str_append_i16(&str, 258);
    kc_str_append_i32(&str, -2);
    kc_str_append_i64(&str, 1);
    ck_assert_uint_eq(str.len, 14);
    ck_assert_int_eq(memcmp(str.data, "\1\2\xff\xff\xff\xfe\0\0\0\0\0\0\0\1", 14), 0);
    kc_str_destroy(&str);
    char *empty = kc_str_take(&str);
    ck_assert_str_eq(empty, "");
    free(empty);
}
END_TEST

START_TEST(lists_split_as_config_lists)
{
    static const struct {
        const char *csv;
        size_t count;
        const char *joined;
    } cases[] = {{"", 0, ""},           {"  ", 0, ""},       {"a", 1, "a"},
                 {" a , b ", 2, "a|b"}, {"a,,b", 3, "a||b"}, {"a,", 2, "a|"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kc_strings list = {0};
        kc_strings_split(&list, cases[i].csv);
        char *joined = kc_strings_join(&list, "|");
        ck_assert_uint_eq(list.count, cases[i].count);
        ck_assert_str_eq(joined, cases[i].joined);
        free(joined);
        kc_strings_destroy(&list);
    }
}
END_TEST

START_TEST(distinct_texts_keep_their_order)
{
    struct kc_strings from = {0}, to = {0};
    kc_strings_split(&from, "b,a,,b,c,a");
    kc_strings_add(&from, NULL);
    kc_strings_copy_distinct(&to, &from);
    char *joined = kc_strings_join(&to, "|");
    ck_assert_str_eq(joined, "b|a|c");
    free(joined);
    kc_strings_destroy(&to);
    /* Compared with each other, these take five thousand million steps. */
    for (int i = 0; i < 100000; i++)
        kc_strings_take(&from, kc_asprintf("t%d", i));
    kc_strings_copy_distinct(&to, &from);
    ck_assert_uint_eq(to.count, 100003);
    kc_strings_destroy(&to);
    kc_strings_destroy(&from);
}
END_TEST

START_TEST(arena_is_aligned_and_takes_large_pieces)
{
    struct kc_arena *arena = kc_arena_new(128);
    for (size_t size = 1; size < 5000; size += 97) {
        char *piece = kc_arena_alloc(arena, size);
        ck_assert_uint_eq((uintptr_t)piece % 16, 0);
        memset(piece, 1, size);
    }
    ck_assert_str_eq(kc_arena_strdup(arena, "text"), "text");
    kc_arena_destroy(arena);
}
END_TEST

START_TEST(map_keeps_order_and_nulls)
{
    struct kc_map *map = kc_map_new();
    kc_map_set(map, "b", "1");
    kc_map_set(map, "a", NULL);
    kc_map_setf(map, "c", "%d", 3);
    kc_map_set(map, "b", "2");
    kc_map_set_default(map, "c", "9");
    char *text = kc_map_print(map);
    ck_assert_str_eq(text, "{b=2, a=null, c=3}");
    free(text);
    ck_assert(kc_map_has(map, "a"));
    ck_assert_ptr_null(kc_map_get(map, "a"));
    ck_assert_str_eq(kc_map_get_or(map, "a", "x"), "x");
    struct kc_map *copy = kc_map_copy(map);
    ck_assert(kc_map_equal(map, copy));
    kc_map_set(copy, "a", "");
    ck_assert(!kc_map_equal(map, copy));
    kc_map_remove(copy, "a");
    ck_assert_uint_eq(kc_map_size(copy), 2);
    kc_map_destroy(copy);
    kc_map_destroy(map);
}
END_TEST

START_TEST(map_subset_strips_prefix)
{
    struct kc_map *map = kc_map_new();
    kc_map_set(map, "producer.acks", "all");
    kc_map_set(map, "consumer.x", "1");
    struct kc_map *cut = kc_map_subset(map, "producer.", true);
    struct kc_map *kept = kc_map_subset(map, "producer.", false);
    ck_assert_str_eq(kc_map_get(cut, "acks"), "all");
    ck_assert_str_eq(kc_map_get(kept, "producer.acks"), "all");
    ck_assert_uint_eq(kc_map_size(cut), 1);
    kc_map_destroy(cut);
    kc_map_destroy(kept);
    kc_map_destroy(map);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mem");
    TCase *tcase = tcase_create("mem");
    tcase_add_test(tcase, string_grows_and_is_terminated);
    tcase_add_test(tcase, lists_split_as_config_lists);
    tcase_add_test(tcase, distinct_texts_keep_their_order);
    tcase_add_test(tcase, arena_is_aligned_and_takes_large_pieces);
    tcase_add_test(tcase, map_keeps_order_and_nulls);
    tcase_add_test(tcase, map_subset_strips_prefix);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
