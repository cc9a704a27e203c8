/* SPDX-License-Identifier: Apache-2.0 */
/* Damaged and foreign values of the config topic, against what Java's converter made of them:
 * tests/support/storage/GoldenConfigValues.java has written the file. */
#include "storage/jackson_scan_priv.h"

#include "connect/mem.h"
#include "storage/config_reader_priv.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GOLDEN "tests/unit/data/storage/config_values.tsv"

struct golden {
    char *data; /* exactly as long as it is, for sanitizers */
    size_t len;
    char verdict[16];
};

static unsigned hex(const char *text)
{
    unsigned byte = 0;
    ck_assert_int_eq(sscanf(text, "%2x", &byte), 1);
    return byte;
}

static bool next_golden(FILE *file, struct golden *golden)
{
    char *line = NULL;
    size_t cap = 0;
    bool found = getline(&line, &cap, file) > 0;
    if (found) {
        char *tab = strchr(line, '\t');
        ck_assert_ptr_nonnull(tab);
        golden->len = (size_t)(tab - line) / 2;
        golden->data = kc_malloc(golden->len ? golden->len : 1);
        for (size_t i = 0; i < golden->len; i++)
            golden->data[i] = (char)hex(line + 2 * i);
        ck_assert_int_eq(sscanf(tab + 1, "%15s", golden->verdict), 1);
    }
    free(line);
    return found;
}

static const char *verdict_name(enum kc_jackson_verdict verdict)
{
    return verdict == KC_JACKSON_REFUSED ? "refused"
           : verdict == KC_JACKSON_NULL  ? "null"
                                         : "accepted";
}

static int64_t offset_of(struct kc_config_reader *reader)
{
    struct kc_cluster_state *state = kc_config_reader_snapshot(reader);
    int64_t offset = kc_cluster_state_offset(state);
    kc_cluster_state_unref(state);
    return offset;
}

START_TEST(test_as_java_does)
{
    FILE *file = fopen(GOLDEN, "r");
    ck_assert_ptr_nonnull(file);
    struct golden golden = {0};
    int count = 0;
    while (next_golden(file, &golden)) {
        size_t end = 0;
        enum kc_jackson_verdict verdict = kc_jackson_scan(golden.data, golden.len, &end);
        ck_assert_msg(strcmp(verdict_name(verdict), golden.verdict) == 0, "%.*s: %s, in Java %s",
                      (int)(golden.len < 60 ? golden.len : 60), golden.data, verdict_name(verdict),
                      golden.verdict);
        ck_assert_uint_le(end, golden.len);
        free(golden.data);
        count++;
    }
    fclose(file);
    ck_assert_int_gt(count, 100);
}
END_TEST

START_TEST(test_the_offset_advances_as_in_java)
{
    FILE *file = fopen(GOLDEN, "r");
    ck_assert_ptr_nonnull(file);
    struct kc_config_reader *reader = kc_config_reader_new(NULL, NULL);
    struct golden golden = {0};
    int64_t expected = -1;
    for (int64_t offset = 0; next_golden(file, &golden); offset++) {
        kc_config_reader_apply(reader, offset, "connector-x", 11, golden.data, golden.len);
        if (strcmp(golden.verdict, "refused") != 0)
            expected = offset + 1;
        ck_assert_int_eq(offset_of(reader), expected);
        free(golden.data);
    }
    fclose(file);
    kc_config_reader_destroy(reader);
}
END_TEST

/* Text behind the value is no part of it; nothing at all is a tombstone. */
START_TEST(test_the_value_is_what_java_reads)
{
    const char *config = "{\"properties\":{\"a\":\"b\"}} rubbish";
    struct kc_config_reader *reader = kc_config_reader_new(NULL, NULL);
    kc_config_reader_apply(reader, 0, "connector-x", 11, config, strlen(config));
    struct kc_cluster_state *state = kc_config_reader_snapshot(reader);
    ck_assert(kc_cluster_state_has(state, "x"));
    kc_cluster_state_unref(state);
    kc_config_reader_apply(reader, 1, "connector-x", 11, " ", 1);
    state = kc_config_reader_snapshot(reader);
    ck_assert(!kc_cluster_state_has(state, "x"));
    kc_cluster_state_unref(state);
    kc_config_reader_destroy(reader);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("jackson_scan");
    TCase *tcase = tcase_create("values");
    tcase_add_test(tcase, test_as_java_does);
    tcase_add_test(tcase, test_the_offset_advances_as_in_java);
    tcase_add_test(tcase, test_the_value_is_what_java_reads);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
