/* SPDX-License-Identifier: Apache-2.0 */
/* What a request for a comparison asks for. */
#include "link_fakes.h"

#include "link/link_verify_priv.h"

enum { MANY = 300000 };

/* What is wrong with the body; "" : nothing. verify is to be cleared. */
static const char *take(const char *body, struct link_verify *verify)
{
    static char said[200];
    struct fake_link link;
    fake_link_new(&link);
    fake_topic(&link, "orders", KC_LINK_LINKING);
    fake_topic(&link, "bills", KC_LINK_LINKING);
    json_t *json = json_loads(body, 0, NULL);
    *verify = (struct link_verify){0};
    struct kc_error *err = link_verify_take(&link.store, json, verify);
    snprintf(said, sizeof(said), "%s", err ? kc_error_text(err) : "");
    ck_assert(!err || kc_error_code(err) == KC_ERR_BAD_REQUEST);
    kc_error_destroy(err);
    json_decref(json);
    fake_link_destroy(&link);
    return said;
}

START_TEST(nothing_named_is_not_nothing_to_compare)
{
    struct link_verify verify;
    ck_assert_str_eq(take("{}", &verify), "");
    ck_assert_uint_eq(verify.count, 2);
    link_verify_clear(&verify);
    ck_assert_str_eq(take("{\"topics\": [\"orders\"]}", &verify), "");
    ck_assert_uint_eq(verify.count, 1);
    link_verify_clear(&verify);
    ck_assert_ptr_nonnull(strstr(take("{\"topics\": []}", &verify), "topics: is empty"));
    link_verify_clear(&verify);
    ck_assert_ptr_nonnull(
        strstr(take("{\"topics\": [{\"topic\": \"orders\", \"partitions\": []}]}", &verify),
               "partitions of orders is empty"));
    link_verify_clear(&verify);
}
END_TEST

/* A body of some megabytes may name this many. */
START_TEST(partitions_are_found_among_many)
{
    struct link_verify verify = {0};
    struct link_verify_topic *topic = link_verify_add(&verify, "orders", "orders");
    for (int32_t i = 0; i < MANY; i++)
        link_verify_part(topic, 7 * i)->from = i;
    for (int32_t i = 0; i < MANY; i++)
        ck_assert_int_eq(link_verify_part(topic, 7 * i)->from, i);
    ck_assert_uint_eq(topic->count, MANY);
    ck_assert_int_eq(topic->partitions[MANY - 1].partition, 7 * (MANY - 1));
    link_verify_clear(&verify);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("link_verify");
    TCase *cases = tcase_create("all");
    tcase_add_test(cases, nothing_named_is_not_nothing_to_compare);
    tcase_add_test(cases, partitions_are_found_among_many);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
