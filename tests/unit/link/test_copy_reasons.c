/* SPDX-License-Identifier: Apache-2.0 */
/* What people are told of an error of a cluster: the thing by its name, and the remedy. */
#include "link/copy_reasons_priv.h"

#include "connect/kafka.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* Takes text, which has all of these words. */
static void check_says(char *text, const char *const *words)
{
    ck_assert_ptr_nonnull(text);
    for (; *words; words++)
        ck_assert_msg(strstr(text, *words), "%s lacks: %s", text, *words);
    free(text);
}

#define SAYS(text, ...) check_says((text), (const char *const[]){__VA_ARGS__, NULL})

static char *refused(int code)
{
    struct kc_error *err = kc_client_error((rd_kafka_resp_err_t)code, "Broker: no");
    char *text = link_reason_refused("orders", 3, 4711, err);
    kc_error_destroy(err);
    return text;
}

START_TEST(a_batch_that_is_refused_names_the_setting)
{
    static const int others[] = {17, 29, 31, 32, 76, 87};
    SAYS(refused(10), "offset 4711 of partition 3 of orders", "Broker: no", "max.message.bytes",
         "on the target", "raise it", "Then repair");
    SAYS(refused(18), "segment.bytes", "raise it", "Then repair");
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        SAYS(refused(others[i]), "offset 4711", "settings", "rights", "Then repair");
    ck_assert_ptr_null(refused(6));  /* NOT_LEADER_OR_FOLLOWER passes */
    ck_assert_ptr_null(refused(19)); /* so do replicas that are missing */
}
END_TEST

static char *away(int code)
{
    struct kc_error *err = kc_client_error((rd_kafka_resp_err_t)code, "Broker: no");
    char *text = link_reason_away(err);
    kc_error_destroy(err);
    return text;
}

START_TEST(a_source_topic_that_was_deleted_is_told_from_a_source_that_is_away)
{
    SAYS(away(3), "the source can't be read: Broker: no", "was deleted at the source",
         "fail over to go on");
    char *other = away(5);
    ck_assert_ptr_null(strstr(other, "deleted"));
    SAYS(other, "Broker: no", "goes on by itself when the source answers");
}
END_TEST

START_TEST(a_log_that_has_lost_records_is_made_anew)
{
    SAYS(link_reason_lost("orders", 3, 4711), "partition 3 of orders", "lost records",
         "before offset 4711", "repair by force");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("copy_reasons");
    TCase *cases = tcase_create("all");
    tcase_add_test(cases, a_batch_that_is_refused_names_the_setting);
    tcase_add_test(cases, a_source_topic_that_was_deleted_is_told_from_a_source_that_is_away);
    tcase_add_test(cases, a_log_that_has_lost_records_is_made_anew);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
