/* SPDX-License-Identifier: Apache-2.0 */
/* Measuring JSON: what is found is never less than what parsing then takes. */
#include "rest/json_extent_priv.h"

#include <check.h>
#include <jansson.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t taken;
static size_t most;

static void *counting_malloc(size_t size)
{
    void *ptr = malloc(size);
    taken += malloc_usable_size(ptr) + sizeof(size_t);
    most = taken > most ? taken : most;
    return ptr;
}

static void counting_free(void *ptr)
{
    if (ptr)
        taken -= malloc_usable_size(ptr) + sizeof(size_t);
    free(ptr);
}

/* piece, a comma, piece, ... between open and close. */
static char *repeat(const char *open, const char *piece, const char *close, size_t times)
{
    size_t len = strlen(open) + times * (strlen(piece) + 1) + strlen(close) + 1;
    char *text = malloc(len);
    char *at = stpcpy(text, open);
    for (size_t i = 0; i < times; i++) {
        at = stpcpy(at, piece);
        *at++ = ',';
    }
    strcpy(at - 1, close);
    return text;
}

START_TEST(memory_is_not_underestimated)
{
    static const struct {
        const char *open, *piece, *close;
        size_t values; /* of a piece */
    } cases[] = {
        {"[", "[]", "]", 1},
        {"[", "{}", "]", 1},
        {"[", "1", "]", 1},
        {"[", "null", "]", 1},
        {"[", "1.5e3", "]", 1},
        {"[", "\"\"", "]", 1},
        {"[", "\"a text \\u0041 that is somewhat longer, with \\\"quotes\\\"\"", "]", 1},
        {"[", "{\"a\":\"b\"}", "]", 3},
        {"[", "{\"a\":{\"b\":[1,2,[]]}}", "]", 8},
        {"[", " [ \"x\" , { \"y\" : [ ] } ] ", "]", 5},
    };
    json_set_alloc_funcs(counting_malloc, counting_free);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kc_json_extent extent;
        char *text = repeat(cases[i].open, cases[i].piece, cases[i].close, 10000);
        kc_json_measure(text, strlen(text), &extent);
        taken = most = 0;
        json_t *json = json_loadb(text, strlen(text), JSON_DECODE_ANY, NULL);
        ck_assert_ptr_nonnull(json);
        ck_assert_msg(extent.bytes + 4096 >= most, "%s: %zu of %zu", cases[i].piece, extent.bytes,
                      most);
        ck_assert_msg(extent.bytes < 8 * most, "%s: %zu of %zu", cases[i].piece, extent.bytes,
                      most);
        ck_assert_uint_eq(extent.values, 1 + 10000 * cases[i].values);
        json_decref(json);
        free(text);
    }
}
END_TEST

/* Members, whose table grows. */
START_TEST(large_objects)
{
    struct kc_json_extent extent;
    char *text = malloc(2000000);
    size_t len = 1;
    text[0] = '{';
    for (int i = 0; i < 50000; i++)
        len += (size_t)sprintf(text + len, "%s\"%d\":\"\"", i ? "," : "", i);
    text[len++] = '}';
    json_set_alloc_funcs(counting_malloc, counting_free);
    kc_json_measure(text, len, &extent);
    taken = most = 0;
    json_t *json = json_loadb(text, len, 0, NULL);
    ck_assert_ptr_nonnull(json);
    ck_assert_msg(extent.bytes + 4096 >= most, "%zu of %zu", extent.bytes, most);
    ck_assert_uint_eq(extent.values, 1 + 2 * 50000);
    json_decref(json);
    free(text);
}
END_TEST

START_TEST(depth_and_numbers)
{
    static const struct {
        const char *text;
        size_t depth, numbers;
    } cases[] = {{"", 0, 0},
                 {"7", 0, 1},
                 {"\"7\"", 0, 0},
                 {"[[[]],[]]", 3, 0},
                 {"{\"a\":[-1,2e5,\"3\"]}", 2, 2},
                 {"[\"[[[[\\\"[[[\"]", 1, 0},
                 {"\"[[[", 0, 0},
                 {"]]]][", 1, 0}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kc_json_extent extent;
        kc_json_measure(cases[i].text, strlen(cases[i].text), &extent);
        ck_assert_msg(extent.depth == cases[i].depth, "%s: %zu", cases[i].text, extent.depth);
        ck_assert_msg(extent.numbers == cases[i].numbers, "%s: %zu", cases[i].text, extent.numbers);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("json_extent");
    TCase *cases = tcase_create("measure");
    tcase_add_test(cases, memory_is_not_underestimated);
    tcase_add_test(cases, large_objects);
    tcase_add_test(cases, depth_and_numbers);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
