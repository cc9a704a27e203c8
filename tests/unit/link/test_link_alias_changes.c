/* SPDX-License-Identifier: Apache-2.0 */
/* Settings of Cluster Linking as those of a link. */
#include "link/link_alias_priv.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* A setting that nobody reads would be taken, and do nothing. */
static bool is_read(const char *name)
{
    for (size_t i = 0; i < LINK_CONFIG_KEYS; i++)
        if (strcmp(link_config_keys[i].name, name) == 0)
            return true;
    return strncmp(name, "source.cluster.", 15) == 0;
}

START_TEST(settings_have_a_links_names)
{
    static const struct {
        const char *theirs, *value, *name;
    } cases[] = {
        {"bootstrap.servers", "a:1", "source.cluster.bootstrap.servers"},
        {"sasl.jaas.config", "x", "source.cluster.sasl.jaas.config"},
        {"security.protocol", NULL, "source.cluster.security.protocol"},
        {"target.cluster.bootstrap.servers", "b:1", "target.cluster.bootstrap.servers"},
        {"link.offsets", "translate", "link.offsets"},
        {"cluster.link.prefix", "old.", "link.topic.prefix"},
        {"consumer.offset.sync.ms", "500", "link.group.sync.ms"},
        {"acl.sync.enable", "true", "sync.topic.acls.enabled"},
        {"link.mode", "DESTINATION", NULL},
        {"connection.mode", "OUTBOUND", NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *name = NULL;
        struct kc_error *err = link_alias_setting(cases[i].theirs, cases[i].value, &name);
        ck_assert_msg(!err, "%s: %s", cases[i].theirs, err ? kc_error_text(err) : "");
        ck_assert_pstr_eq(name, cases[i].name);
        ck_assert_msg(!name || is_read(name), "%s", name);
        free(name);
    }
}
END_TEST

START_TEST(what_a_link_cannot_do_is_named)
{
    static const char *const cases[][2] = {
        {"topic.config.sync.ms", "1"},  {"connector.class", "Other"},   {"name", "x"},
        {"link.mode", "BIDIRECTIONAL"}, {"connection.mode", "INBOUND"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *name = NULL;
        struct kc_error *err = link_alias_setting(cases[i][0], cases[i][1], &name);
        ck_assert_msg(err, "%s", cases[i][0]);
        ck_assert_int_eq(kc_error_code(err), KC_ERR_BAD_REQUEST);
        ck_assert_ptr_nonnull(strstr(kc_error_text(err), cases[i][0]));
        ck_assert_ptr_null(name);
        kc_error_destroy(err);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("link_alias_changes");
    TCase *cases = tcase_create("all");
    tcase_add_test(cases, settings_have_a_links_names);
    tcase_add_test(cases, what_a_link_cannot_do_is_named);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
