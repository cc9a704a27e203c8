/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of the log for records that couldn't be sent. */
#include "base/log_sink.h"
#include "base/logging.h"
#include "connect/mem.h"
#include "source/send_failures_priv.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int ends[2];

static void setup(void)
{
    ck_assert_int_eq(pipe(ends), 0);
    kc_logging_init(KC_LOG_TEXT, ends[1]);
}

/* What the log has had since the last call; owned by the caller. */
static char *logged(void)
{
    char text[4096] = "";
    ck_assert(kc_log_sink_flush(10000));
    ck_assert_int_eq(write(ends[1], "|", 1), 1);
    for (size_t len = 0; !strchr(text, '|'); len = strlen(text))
        ck_assert_int_gt(read(ends[0], text + len, sizeof(text) - 1 - len), 0);
    return kc_strdup(text);
}

static void check_log(const char *want, const char *also)
{
    char *text = logged();
    if (!want) {
        ck_assert_str_eq(text, "|");
    } else {
        const char *line = strchr(text, '\n');
        ck_assert_msg(line && line[1] == '|', "not one line: %s", text);
        ck_assert_msg(strstr(text, want) && strstr(text, also), "%s", text);
    }
    free(text);
}

static void add(struct kc_send_failures *failures, int first, int count)
{
    for (int i = first; i < first + count; i++) {
        const struct kc_record record = {.source_offset = {"offset", i, NULL}};
        kc_send_failures_add(failures, &record, "orders", "Broker: Invalid record");
    }
}

START_TEST(a_batch_has_one_line)
{
    struct kc_send_failures *failures = kc_send_failures_new();
    kc_send_failures_tell(failures);
    check_log(NULL, NULL);
    add(failures, 17, 500);
    kc_send_failures_tell(failures);
    check_log("Failed to send record to orders, of source offset 17: Broker: Invalid record",
              "499 more");
    /* Many batches haven't one each; what wasn't told is at the end. */
    for (int batch = 0; batch < 10; batch++) {
        add(failures, 600 + 10 * batch, 10);
        kc_send_failures_tell(failures);
    }
    check_log(NULL, NULL);
    kc_send_failures_destroy(failures);
    check_log("of source offset 600", "99 more");
    kc_send_failures_destroy(NULL);
}
END_TEST

START_TEST(one_record_is_just_named)
{
    struct kc_send_failures *failures = kc_send_failures_new();
    const struct kc_record record = {0};
    kc_send_failures_add(failures, &record, "orders", "Broker: Message size too large");
    kc_send_failures_destroy(failures);
    check_log("Failed to send record to orders: Broker: Message size too large (org", "orders");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("send_failures");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_test(tests, a_batch_has_one_line);
    tcase_add_test(tests, one_record_is_just_named);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
