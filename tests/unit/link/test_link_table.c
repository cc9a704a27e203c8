/* SPDX-License-Identifier: Apache-2.0 */
/* Records of a link: the last value counts, and what has changed is found. */
#include "link/link_table_priv.h"

#include <check.h>
#include <stdlib.h>

static void set(struct link_table *table, const char *name, const char *value, uint64_t version)
{
    link_table_set(table, KC_LINK_TOPIC, name, value ? kc_strdup(value) : NULL,
                   value ? strlen(value) : 0, version);
}

static void check_names(struct kc_strings *names, const char *expected)
{
    struct kc_str text = {0};
    kc_strings_sort(names);
    for (size_t i = 0; i < names->count; i++)
        kc_str_appendf(&text, "%s ", names->items[i]);
    ck_assert_str_eq(text.data ? text.data : "", expected);
    kc_str_destroy(&text);
    kc_strings_destroy(names);
}

static void check_changed(const struct link_table *table, uint64_t since, const char *expected)
{
    struct kc_strings names = {0};
    link_table_changed(table, KC_LINK_TOPIC, since, &names);
    check_names(&names, expected);
}

START_TEST(the_last_value_counts)
{
    struct link_table table = {0};
    struct kc_strings names = {0};
    set(&table, "a", "{\"n\":1}", 1);
    set(&table, "b", "{\"n\":2}", 2);
    set(&table, "a", "{\"n\":3}", 3);
    json_t *json = link_table_get(&table, KC_LINK_TOPIC, "a");
    ck_assert_int_eq(json_integer_value(json_object_get(json, "n")), 3);
    json_decref(json);
    ck_assert_ptr_null(link_table_get(&table, KC_LINK_TOPIC_ORDER, "a"));
    set(&table, "b", NULL, 4);
    ck_assert_ptr_null(link_table_get(&table, KC_LINK_TOPIC, "b"));
    link_table_names(&table, KC_LINK_TOPIC, &names);
    check_names(&names, "a ");
    link_table_clear(&table);
}
END_TEST

START_TEST(it_is_known_since_when_a_value_stands)
{
    struct link_table table = {0};
    int64_t before = kc_mono_ms();
    ck_assert_int_eq(link_table_set_ms(&table, KC_LINK_TOPIC, "a"), -1);
    set(&table, "a", "{}", 1);
    int64_t set_ms = link_table_set_ms(&table, KC_LINK_TOPIC, "a");
    ck_assert_int_ge(set_ms, before);
    ck_assert_int_le(set_ms, kc_mono_ms());
    set(&table, "a", NULL, 2);
    ck_assert_int_eq(link_table_set_ms(&table, KC_LINK_TOPIC, "a"), -1);
    link_table_clear(&table);
}
END_TEST

START_TEST(what_has_changed_is_found)
{
    struct link_table table = {0};
    check_changed(&table, 0, "");
    set(&table, "a", "{}", 1);
    set(&table, "b", "{}", 2);
    link_table_set(&table, KC_LINK_LEASE, "0/1", kc_strdup("{}"), 2, 3);
    check_changed(&table, 0, "a b ");
    check_changed(&table, 1, "b ");
    check_changed(&table, 2, "");
    set(&table, "a", "{}", 4);
    check_changed(&table, 3, "a ");
    check_changed(&table, 1, "a b ");
    set(&table, "b", NULL, 5); /* that it is gone is a change */
    check_changed(&table, 4, "b ");
    set(&table, "b", "{}", 6);
    check_changed(&table, 5, "b ");
    check_changed(&table, 0, "a b ");
    link_table_clear(&table);
    check_changed(&table, 0, "");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("link_table");
    TCase *tests = tcase_create("records");
    tcase_add_test(tests, the_last_value_counts);
    tcase_add_test(tests, it_is_known_since_when_a_value_stands);
    tcase_add_test(tests, what_has_changed_is_found);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
