/* SPDX-License-Identifier: Apache-2.0 */
/* Arrays and maps, one within the other, as Object.toString and Values.convertToString have them.
 */
#include "connect/text.h"

#include <check.h>
#include <stdlib.h>

static const struct kc_pair pairs[] = {
    {{KC_TYPE_STRING, 0, {.bytes = {"a", 1}}}, {KC_TYPE_INT32, 0, {.i = 1}}},
    {{KC_TYPE_STRING, 0, {.bytes = {"b\"", 2}}}, {KC_TYPE_BOOLEAN, 0, {.b = true}}},
};
static const struct kc_value items[] = {
    {KC_TYPE_STRING, 0, {.bytes = {"x", 1}}},
    {KC_TYPE_NULL, 0, {0}},
    {KC_TYPE_MAP, 2, {.pairs = pairs}},
};
static const struct kc_value array = {KC_TYPE_ARRAY, 3, {.items = items}};
static const struct kc_value empty_array = {KC_TYPE_ARRAY, 0, {0}};
static const struct kc_value empty_map = {KC_TYPE_MAP, 0, {0}};

static const struct {
    const struct kc_value *value;
    const char *java, *connect;
} texts[] = {
    {&array, "[x, null, {a=1, b\"=true}]", "[\"x\",null,{\"a\":1,\"b\\\"\":true}]"},
    {&empty_array, "[]", "[]"},
    {&empty_map, "{}", "{}"},
};

START_TEST(items_have_commas_between_them)
{
    struct kc_str java = {0}, connect = {0};
    kc_java_text(&java, NULL, texts[_i].value);
    kc_values_print(&connect, NULL, texts[_i].value);
    ck_assert_str_eq(java.data, texts[_i].java);
    ck_assert_str_eq(connect.data, texts[_i].connect);
    kc_str_destroy(&java);
    kc_str_destroy(&connect);
}
END_TEST

/* A date within a container is known by the schema of the container's items. */
START_TEST(schemas_of_items_are_heeded)
{
    struct kc_schema *date = kc_schema_new(KC_TYPE_INT32);
    struct kc_schema *dates = kc_schema_new(KC_TYPE_ARRAY);
    struct kc_schema *map = kc_schema_new(KC_TYPE_MAP);
    struct kc_value day = {KC_TYPE_INT32, 0, {.i = 1}};
    struct kc_value list = {KC_TYPE_ARRAY, 1, {.items = &day}};
    struct kc_pair pair = {day, list};
    struct kc_value value = {KC_TYPE_MAP, 1, {.pairs = &pair}};
    struct kc_str java = {0}, connect = {0};
    kc_schema_set_name(date, KC_LOGICAL_DATE);
    kc_schema_set_items(dates, date);
    kc_schema_set_keys(map, KC_BYTES);
    kc_schema_set_values(map, dates);
    kc_java_text(&java, map, &value);
    kc_values_print(&connect, map, &value);
    ck_assert_str_eq(java.data, "{1=[Fri Jan 02 00:00:00 UTC 1970]}");
    ck_assert_str_eq(connect.data, "{1:[1970-01-02]}");
    kc_str_destroy(&java);
    kc_str_destroy(&connect);
    kc_schema_unref(map);
    kc_schema_unref(dates);
    kc_schema_unref(date);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("container_text");
    TCase *tests = tcase_create("all");
    tcase_add_loop_test(tests, items_have_commas_between_them, 0,
                        (int)(sizeof(texts) / sizeof(texts[0])));
    tcase_add_test(tests, schemas_of_items_are_heeded);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
