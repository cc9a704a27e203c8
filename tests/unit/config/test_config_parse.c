/* SPDX-License-Identifier: Apache-2.0 */
/* Values by type and parsed configurations, against ConfigDef of Kafka 4.1. */
#include "config/config_def_priv.h"
#include "config/config_golden.h"

static const char *const type_names[] = {"BOOLEAN", "STRING", "INT",   "SHORT",   "LONG",
                                         "DOUBLE",  "LIST",   "CLASS", "PASSWORD"};

static enum kc_config_type type_of(const char *name)
{
    for (size_t i = 0; i < sizeof(type_names) / sizeof(type_names[0]); i++) {
        if (strcmp(type_names[i], name) == 0)
            return (enum kc_config_type)i;
    }
    ck_abort_msg("no type %s", name);
}

static void check_case(json_t *item)
{
    const char *input = golden_text(item, "input");
    json_t *list = json_object_get(item, "list");
    struct kc_parsed parsed;
    struct kc_error *err =
        kc_config_parse_type("some.key", type_of(golden_text(item, "type")), input, &parsed);
    char *what = kc_asprintf("%s '%s'", golden_text(item, "type"), input);

    if (golden_text(item, "error")) {
        assert_error(err, golden_text(item, "error"), what);
    } else {
        assert_ok(err, what);
        ck_assert_msg(strcmp(parsed.text, golden_text(item, "text")) == 0,
                      "%s: got '%s', Java '%s'", what, parsed.text, golden_text(item, "text"));
        ck_assert_msg(parsed.list.count == json_array_size(list), "%s: %zu elements", what,
                      parsed.list.count);
    }
    kc_parsed_destroy(&parsed);
    free(what);
}

START_TEST(parses_each_type_as_java)
{
    json_t *cases = golden("parse_type.json");
    size_t index;
    json_t *item;

    json_array_foreach (cases, index, item)
        check_case(item);
    json_decref(cases);
}
END_TEST

static const struct kc_config_key keys[] = {
    {.name = "s", .type = KC_CONFIG_STRING, .default_value = kc_config_required},
    {.name = "i", .type = KC_CONFIG_INT, .default_value = "7", .validator = kc_config_at_least_1},
    {.name = "d", .type = KC_CONFIG_DOUBLE, .default_value = "0.5"},
    {.name = "b", .type = KC_CONFIG_BOOLEAN, .default_value = "true"},
    {.name = "l", .type = KC_CONFIG_LIST, .default_value = "a,b"},
    {.name = "n", .type = KC_CONFIG_LONG, .default_value = NULL},
    {.name = "p", .type = KC_CONFIG_PASSWORD, .default_value = NULL},
};
#define KEYS (sizeof(keys) / sizeof(keys[0]))

START_TEST(fills_in_defaults_and_keeps_originals)
{
    struct kc_config_def *def = kc_config_def_new(keys, KEYS);
    struct kc_map *map = kc_map_new();
    struct kc_config *config = NULL;

    kc_map_set(map, "s", " text ");
    kc_map_set(map, "p", "secret");
    kc_map_set(map, "other", " x ");
    assert_ok(kc_config_parse(def, map, &config), "parse");
    kc_config_def_destroy(def);
    ck_assert_str_eq(kc_config_string(config, "s"), "text");
    ck_assert_int_eq(kc_config_long(config, "i"), 7);
    ck_assert(kc_config_double(config, "d") == 0.5);
    ck_assert(kc_config_bool(config, "b"));
    ck_assert_uint_eq(kc_config_list(config, "l")->count, 2);
    ck_assert(kc_config_is_null(config, "n"));
    ck_assert_str_eq(kc_config_string(config, "p"), "secret");
    ck_assert(kc_map_equal(kc_config_originals(config), map));
    kc_config_destroy(config);
    kc_map_destroy(map);
}
END_TEST

static void refuses(const char *key, const char *value, const char *message)
{
    struct kc_config_def *def = kc_config_def_new(keys, KEYS);
    struct kc_map *map = kc_map_new();
    struct kc_config *config = NULL;

    if (strcmp(key, "s") != 0)
        kc_map_set(map, "s", "text");
    if (value || strcmp(key, "s") != 0)
        kc_map_set(map, key, value);
    assert_error(kc_config_parse(def, map, &config), message, key);
    ck_assert_ptr_null(config);
    kc_config_def_destroy(def);
    kc_map_destroy(map);
}

START_TEST(returns_the_first_error)
{
    refuses("s", NULL, "Missing required configuration \"s\" which has no default value.");
    refuses("i", "0", "Invalid value 0 for configuration i: Value must be at least 1");
    refuses("i", "x", "Invalid value x for configuration i: Not a number of type INT");
    refuses("i", NULL, "Invalid value null for configuration i: Value must be non-null");
    refuses("b", "",
            "Invalid value  for configuration b: Expected value to be either true or false");
}
END_TEST

START_TEST(a_missing_key_aborts)
{
    struct kc_config_def *def = kc_config_def_new(keys + 1, KEYS - 1);
    struct kc_map *map = kc_map_new();
    struct kc_config *config = NULL;

    assert_ok(kc_config_parse(def, map, &config), "parse");
    kc_config_string(config, "i");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("config_parse");
    TCase *tcase = tcase_create("config_parse");
    SRunner *runner = srunner_create(suite);

    tcase_add_test(tcase, parses_each_type_as_java);
    tcase_add_test(tcase, fills_in_defaults_and_keeps_originals);
    tcase_add_test(tcase, returns_the_first_error);
    tcase_add_test_raise_signal(tcase, a_missing_key_aborts, SIGABRT);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
