/* SPDX-License-Identifier: Apache-2.0 */
/* Names from certificates' names, as Java's SslPrincipalMapper makes them. */
#include "gateway/gateway_principal_priv.h"

#include "link/link_check.h"

#define DN "CN=kafka1.example.com,OU=SME,O=mycp,C=US"

static void assert_named(const char *rules, const char *distinguished, const char *expected)
{
    struct gateway_principals *principals = NULL;
    char *name = NULL;
    struct kc_error *err = gateway_principals_new(rules, &principals);
    ck_assert_msg(!err, "%s", err ? kc_error_text(err) : "");
    err = gateway_principals_name(principals, distinguished, &name);
    if (expected) {
        ck_assert_msg(!err, "%s", err ? kc_error_text(err) : "");
        ck_assert_str_eq(name, expected);
    } else {
        ck_assert_int_eq(kc_error_code(err), KC_ERR_UNAUTHORIZED);
        ck_assert_ptr_null(name);
    }
    kc_error_destroy(err);
    free(name);
    gateway_principals_destroy(principals);
}

START_TEST(without_rules_the_name_is_the_whole)
{
    assert_named(NULL, DN, DN);
    assert_named("", DN, DN);
    assert_named(" DEFAULT ", DN, DN);
}
END_TEST

START_TEST(the_first_rule_that_matches_counts)
{
    const char *rules = "RULE:^CN=(.*?),OU=ServiceUsers.*$/$1/, "
                        "RULE:^CN=(.*?),OU=(.*?),O=(.*?),C=(.*?)$/$1@$2/L,"
                        "RULE:^.*[Cc][Nn]=([a-zA-Z0-9.]*).*$/$1/U, DEFAULT";
    assert_named(rules, "CN=duke,OU=ServiceUsers,O=Org,C=US", "duke");
    assert_named(rules, "CN=Duke,OU=SME,O=mycp,C=US", "duke@sme");
    assert_named(rules, "cn=Duke,ou=jdk,dc=sun", "DUKE");
    assert_named(rules, "OU=nobody", "OU=nobody");
}
END_TEST

START_TEST(slashes_can_be_escaped)
{
    assert_named("RULE:^CN=([^,]+).*$/service\\/$1/", DN, "service/kafka1.example.com");
    assert_named("RULE:^CN=a\\/(.*)$/$1/", "CN=a/b", "b");
}
END_TEST

START_TEST(who_matches_no_rule_has_no_name)
{
    assert_named("RULE:^CN=(.*),OU=Clients$/$1/", DN, NULL);
}
END_TEST

START_TEST(wrong_rules_are_named)
{
    const char *const wrong[] = {"RULES:a/b/", "RULE:abc", "RULE:a/b", "DEFAULT RULE:a/b/",
                                 "RULE:a/b/X", "default",  "RULE:(/b/"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        struct gateway_principals *principals = NULL;
        struct kc_error *err = gateway_principals_new(wrong[i], &principals);
        ck_assert_msg(kc_error_code(err) == KC_ERR_CONFIG, "%s", wrong[i]);
        ck_assert_ptr_null(principals);
        kc_error_destroy(err);
    }
}
END_TEST

RUN_TESTS("gateway_principal", 10, without_rules_the_name_is_the_whole,
          the_first_rule_that_matches_counts, slashes_can_be_escaped,
          who_matches_no_rule_has_no_name, wrong_rules_are_named)
