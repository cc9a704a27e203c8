/* SPDX-License-Identifier: Apache-2.0 */
/* Claims on topics: which of them make a circle, and which flow stays away then. */
#include "mirror/provenance.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { NOW = 1000000 };

static json_t *claims;

static void setup(void)
{
    claims = json_object();
}

static void teardown(void)
{
    json_decref(claims);
}

/* A claim on the source cluster: topic t came from `source`, and has been on origins (csv). */
static void claimed(const char *source, const char *origins, int64_t since, int64_t seen)
{
    struct kc_strings list = {0};
    json_t *array = json_array();
    kc_strings_split(&list, origins);
    for (size_t i = 0; i < list.count; i++)
        json_array_append_new(array, json_string(list.items[i]));
    kc_strings_destroy(&list);
    json_object_set_new(claims, source,
                        json_pack("{s:s, s:s, s:I, s:{s:{s:I, s:o}}}", "source", source, "alias",
                                  "x", "seen", (json_int_t)seen, "topics", "t", "since",
                                  (json_int_t)since, "origins", array));
}

/* Whether the flow from cluster a to cluster b must leave t out. */
static bool forbidden(int64_t own_since)
{
    const struct kc_claim_view view = {"a", "b", own_since, NOW};
    return kc_claims_forbid(claims, "t", &view) != NULL;
}

START_TEST(the_way_back_is_forbidden)
{
    ck_assert(!forbidden(NOW));
    claimed("b", "b", NOW - 1000, NOW - 10);
    ck_assert(forbidden(NOW));
    const struct kc_claim_view other = {"a", "b", NOW, NOW};
    ck_assert_ptr_null(kc_claims_forbid(claims, "u", &other));
}
END_TEST

START_TEST(the_older_flow_goes_on)
{
    claimed("b", "b", NOW - 1000, NOW - 10);
    ck_assert(!forbidden(NOW - 2000));
    ck_assert(forbidden(NOW - 500));
    ck_assert(!forbidden(NOW - 1000)); /* at once: "a" comes before "b" */
    const struct kc_claim_view from_z = {"z", "b", NOW - 1000, NOW};
    ck_assert_ptr_nonnull(kc_claims_forbid(claims, "t", &from_z));
}
END_TEST

START_TEST(a_longer_circle_is_one_too)
{
    claimed("c", "c,b", NOW - 1000, NOW - 10);
    ck_assert(forbidden(NOW));
}
END_TEST

START_TEST(a_chain_is_none)
{
    claimed("c", "c,d", NOW - 1000, NOW - 10);
    ck_assert(!forbidden(NOW));
}
END_TEST

START_TEST(a_flow_that_is_gone_forbids_nothing)
{
    claimed("b", "b", NOW - 900000, NOW - 300001);
    ck_assert(!forbidden(NOW));
    claimed("b", "b", NOW - 900000, NOW - 300000);
    ck_assert(forbidden(NOW));
}
END_TEST

START_TEST(origins_add_up)
{
    const struct kc_claim_view view = {"a", "b", NOW, NOW};
    claimed("c", "c,d", NOW - 1000, NOW - 10);
    claimed("e", "e,d", NOW - 1000, NOW - 10);
    claimed("f", "f", NOW - 1000, NOW - 400000); /* gone */
    json_t *origins = kc_claims_origins(claims, "t", &view);
    char *text = json_dumps(origins, JSON_COMPACT);
    ck_assert_str_eq(text, "[\"a\",\"c\",\"d\",\"e\"]");
    free(text);
    json_decref(origins);
}
END_TEST

START_TEST(anything_else_is_no_claim)
{
    static const char *const texts[] = {
        "",
        "null",
        "[]",
        "{}",
        "{\"source\":1,\"seen\":1,\"topics\":{}}",
        "{\"source\":\"a\",\"seen\":\"1\",\"topics\":{}}",
        "{\"source\":\"a\",\"seen\":1,\"topics\":[]}",
        "{\"source\":\"a\",\"seen\":1,\"topics\":{}",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        ck_assert_ptr_null(kc_claims_parse(texts[i], strlen(texts[i])));
    ck_assert_ptr_null(kc_claims_parse(NULL, 0));
    /* Entries of any shape forbid nothing and break nothing. */
    static const char odd[] =
        "{\"source\":\"b\",\"seen\":1000000,\"topics\":{\"t\":{\"origins\":[1,null,{}]},\"u\":3}}";
    json_t *parsed = kc_claims_parse(odd, strlen(odd));
    ck_assert_ptr_nonnull(parsed);
    json_object_set_new(claims, "k", parsed);
    ck_assert(!forbidden(NOW));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("provenance");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, the_way_back_is_forbidden);
    tcase_add_test(tests, the_older_flow_goes_on);
    tcase_add_test(tests, a_longer_circle_is_one_too);
    tcase_add_test(tests, a_chain_is_none);
    tcase_add_test(tests, a_flow_that_is_gone_forbids_nothing);
    tcase_add_test(tests, origins_add_up);
    tcase_add_test(tests, anything_else_is_no_claim);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
