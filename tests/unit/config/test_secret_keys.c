/* SPDX-License-Identifier: Apache-2.0 */
/* Names of settings that nobody may be shown. */
#include "config/config_keys.h"
#include "config/secret_keys.h"

#include <check.h>
#include <stdlib.h>

static const char *const prefixes[] = {"",
                                       "producer.override.",
                                       "consumer.override.",
                                       "admin.override.",
                                       "source.cluster.",
                                       "listeners.https.",
                                       "a->b.target.admin."};

/* Whatever Java's clients type PASSWORD, under every prefix. */
START_TEST(passwords_under_every_prefix)
{
    static const struct kc_key_table *const tables[] = {&kc_ssl_keys, &kc_sasl_keys};
    size_t secrets = 0;
    for (size_t t = 0; t < 2; t++) {
        for (size_t i = 0; i < tables[t]->count; i++) {
            const struct kc_config_key *key = &tables[t]->keys[i];
            for (size_t p = 0; p < sizeof(prefixes) / sizeof(prefixes[0]); p++) {
                char *name = kc_asprintf("%s%s", prefixes[p], key->name);
                ck_assert_msg(kc_config_is_secret(name) == (key->type == KC_CONFIG_PASSWORD), "%s",
                              name);
                secrets += key->type == KC_CONFIG_PASSWORD;
                free(name);
            }
        }
    }
    ck_assert_uint_eq(secrets, 9 * sizeof(prefixes) / sizeof(prefixes[0]));
}
END_TEST

START_TEST(what_looks_like_one)
{
    static const struct {
        const char *key;
        bool secret;
    } cases[] = {
        {"database.password", true},
        {"value.converter.basic.auth.user.info", true},
        {"aws.secret.access.key", true},
        {"connection.Password", true},
        {"ssl.keystore.location", false},
        {"database.password.file", false},
        {"sasl.oauthbearer.token.endpoint.url", false},
        {"sasl.oauthbearer.client.credentials.client.id", false},
        {"key.converter", false},
        {"topics", false},
        {"", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        ck_assert_msg(kc_config_is_secret(cases[i].key) == cases[i].secret, "%s", cases[i].key);
}
END_TEST

START_TEST(a_configuration_is_shown_without_them)
{
    struct kc_map *config = kc_map_new();
    kc_map_set(config, "name", "c");
    kc_map_set(config, "x.ssl.keystore.key", "-----BEGIN");
    kc_map_set(config, "x.ssl.key.password", NULL);
    char *text = kc_config_print(config);
    ck_assert_str_eq(text, "{name=c, x.ssl.keystore.key=[hidden], x.ssl.key.password=null}");
    free(text);
    kc_map_destroy(config);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("secret_keys");
    TCase *cases = tcase_create("names");
    tcase_add_test(cases, passwords_under_every_prefix);
    tcase_add_test(cases, what_looks_like_one);
    tcase_add_test(cases, a_configuration_is_shown_without_them);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
