/* SPDX-License-Identifier: Apache-2.0 */
/* What a check prints, for people and for scripts. */
#include "gateway/gateway_check_priv.h"

#include "link/link_check.h"

START_TEST(findings_are_lines_and_json)
{
    struct check_findings findings;
    check_findings_init(&findings);
    check_find(&findings, CHECK_OK, "REACHED", "target", "cluster %s", "x");
    check_find(&findings, CHECK_MISSING, "MISSING_RIGHT", "User:a\x1b[31m\n", "has no WRITE");
    char *text = check_findings_text(&findings);
    ck_assert_str_eq(text, "ok       target: cluster x\n"
                           "missing  User:a [31m : has no WRITE\n"
                           "1 thing is missing, 0 warnings\n");
    free(text);
    json_t *json = check_findings_json(&findings);
    ck_assert(json_is_false(json_object_get(json, "ok")));
    const json_t *second = json_array_get(json_object_get(json, "findings"), 1);
    ck_assert_str_eq(json_string_value(json_object_get(second, "level")), "missing");
    ck_assert_str_eq(json_string_value(json_object_get(second, "code")), "MISSING_RIGHT");
    json_decref(json);
    check_findings_clear(&findings);
}
END_TEST

START_TEST(nothing_missing_is_fine)
{
    struct check_findings findings;
    check_findings_init(&findings);
    check_find(&findings, CHECK_WARNING, "IN_USE", "P\xff", "port");
    char *text = check_findings_text(&findings);
    ck_assert_ptr_nonnull(strstr(text, "warning  P?: port\nNothing is missing, 1 warning\n"));
    free(text);
    json_t *json = check_findings_json(&findings);
    ck_assert(json_is_true(json_object_get(json, "ok")));
    json_decref(json);
    check_findings_clear(&findings);
}
END_TEST

RUN_TESTS("gateway_findings", 10, findings_are_lines_and_json, nothing_missing_is_fine)
