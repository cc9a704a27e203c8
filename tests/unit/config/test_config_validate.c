/* SPDX-License-Identifier: Apache-2.0 */
/* Validation against ConfigDef.validateAll of Kafka 4.1, and definitions made at run time. */
#include "config/config_golden.h"
#include "config/definition.h"
#include "config/worker_config.h"

static const char *text_of(const json_t *json)
{
    return json_is_null(json) ? NULL : json_string_value(json);
}

static void compare_value(json_t *want, const struct kc_config_value *got, const char *config)
{
    const char *name = golden_text(want, "name");
    const char *value = text_of(json_object_get(want, "value"));
    json_t *errors = json_object_get(want, "errors");

    ck_assert_str_eq(got->name, name);
    ck_assert_msg(got->value == value || (got->value && value && strcmp(got->value, value) == 0),
                  "%s of %s: got '%s', Java '%s'", name, config, got->value ? got->value : "null",
                  value ? value : "null");
    ck_assert_msg(got->errors.count == json_array_size(errors), "%s of %s: %zu errors: %s", name,
                  config, got->errors.count, got->errors.count ? got->errors.items[0] : "");
    for (size_t i = 0; i < got->errors.count; i++)
        ck_assert_str_eq(got->errors.items[i], json_string_value(json_array_get(errors, i)));
    /* Without plugins Java never shows the version keys; ours follow the class. */
    if (!strstr(name, ".plugin.version"))
        ck_assert_int_eq(got->visible, json_boolean_value(json_object_get(want, "visible")));
}

/* Settings of ours, which Java doesn't have, are left out. */
static size_t javas(const struct kc_config_values *values, const struct kc_config_value **found)
{
    static const char ours[] = "errors.quarantine.";
    size_t count = 0;

    for (size_t i = 0; i < values->count; i++) {
        if (strncmp(values->items[i].name, ours, sizeof(ours) - 1) != 0)
            found[count++] = &values->items[i];
    }
    return count;
}

START_TEST(validates_connectors_as_java)
{
    json_t *cases = golden("validate.json");
    size_t index;
    json_t *item;

    json_array_foreach (cases, index, item) {
        struct kc_map *config = golden_map(json_object_get(item, "config"));
        char *printed = kc_map_print(config);
        json_t *want = json_object_get(item, "values");
        struct kc_config_values values = {0};

        kc_config_validate(
            kc_connector_config_def(json_boolean_value(json_object_get(item, "source"))), config,
            &values);
        const struct kc_config_value **found = kc_calloc(values.count, sizeof(*found));
        size_t count = javas(&values, found);
        ck_assert_uint_eq(count, json_array_size(want));
        for (size_t i = 0; i < count; i++)
            compare_value(json_array_get(want, i), found[i], printed);
        free(found);
        kc_config_values_destroy(&values);
        kc_map_destroy(config);
        free(printed);
    }
    json_decref(cases);
}
END_TEST

static void recommend_types(const char *name, const struct kc_map *config,
                            struct kc_strings *values, bool *visible)
{
    kc_strings_add(values, name);
    kc_strings_add(values, kc_map_get(config, "mode"));
    *visible = false;
}

static const char *const dependents[] = {"other", NULL};
static const struct kc_config_key plugin_keys[] = {
    {.name = "mode",
     .type = KC_CONFIG_STRING,
     .default_value = "x",
     .order = 3,
     .validator = kc_config_non_empty,
     .recommender = recommend_types},
    {.name = "size",
     .type = KC_CONFIG_INT,
     .default_value = kc_config_required,
     .group = "Sizes",
     .display_name = "Size",
     .dependents = dependents,
     .validator = kc_config_at_least_0},
};

START_TEST(embeds_a_plugins_keys_under_a_prefix)
{
    struct kc_config_def *def = kc_config_def_new(NULL, 0);
    struct kc_map *config = kc_map_new();
    struct kc_config_values values = {0};

    kc_config_def_embed(def, "transforms.a.", "Transforms: a", 5, &plugin_keys[0]);
    kc_config_def_embed(def, "transforms.a.", "Transforms: a", 6, &plugin_keys[1]);
    kc_config_def_embed(def, "transforms.a.", "Transforms: a", 7, &plugin_keys[1]);
    ck_assert_uint_eq(kc_config_def_size(def), 2);
    const struct kc_config_key *key = kc_config_def_find(def, "transforms.a.size");
    ck_assert_str_eq(key->group, "Transforms: a: Sizes");
    ck_assert_int_eq(key->order, 6);
    ck_assert_str_eq(key->display_name, "Size");
    ck_assert_str_eq(kc_config_def_at(def, 0)->display_name, "mode");
    kc_map_set(config, "transforms.a.mode", "");
    kc_map_set(config, "transforms.a.size", "-1");
    kc_config_validate(def, config, &values);
    ck_assert_uint_eq(values.count, 3);
    ck_assert_str_eq(values.items[0].errors.items[0],
                     "Invalid value  for configuration mode: String must be non-empty");
    ck_assert_str_eq(values.items[0].recommended.items[0], "mode");
    ck_assert_str_eq(values.items[0].recommended.items[1], "");
    ck_assert(!values.items[0].visible);
    ck_assert_str_eq(values.items[1].errors.items[0],
                     "Invalid value -1 for configuration size: Value must be at least 0");
    ck_assert_str_eq(values.items[2].name, "transforms.a.other");
    ck_assert_str_eq(values.items[2].errors.items[0],
                     "transforms.a.other is referred in the dependents, but not defined.");
    kc_config_values_destroy(&values);
    kc_map_destroy(config);
    kc_config_def_destroy(def);
}
END_TEST

START_TEST(hides_passwords)
{
    static const struct kc_config_key key = {
        .name = "p", .type = KC_CONFIG_PASSWORD, .default_value = NULL};
    struct kc_config_def *def = kc_config_def_new(&key, 1);
    struct kc_map *config = kc_map_new();
    struct kc_config_values values = {0};

    kc_config_validate(def, config, &values);
    ck_assert_ptr_null(values.items[0].value);
    kc_map_set(config, "p", "secret");
    kc_config_validate(def, config, &values);
    ck_assert_uint_eq(values.count, 1);
    ck_assert_str_eq(values.items[0].value, "[hidden]");
    kc_config_values_destroy(&values);
    kc_map_destroy(config);
    kc_config_def_destroy(def);
}
END_TEST

START_TEST(reports_every_control_character_of_a_long_name)
{
    char *name = kc_malloc(10001);

    memset(name, 'a', 10000);
    name[10000] = '\0';
    assert_ok(kc_config_non_empty_without_control("name", name), "10,000 letters");
    name[0] = '\x01';
    name[9999] = '\x7F';
    struct kc_error *err = kc_config_non_empty_without_control("name", name);
    ck_assert_ptr_nonnull(strstr(kc_error_text(err), "the following ASCII chars: 1, 127"));
    kc_error_destroy(err);
    free(name);
}
END_TEST

START_TEST(validators_have_javas_words)
{
    static const char *const options[] = {"a", "b", NULL};

    assert_ok(kc_config_one_of("k", "B", options, true), "B");
    assert_error(kc_config_one_of("k", "B", options, false),
                 "Invalid value B for configuration k: String must be one of: a, b", "B");
    assert_error(kc_config_one_of("k", NULL, options, true),
                 "Invalid value null for configuration k: String must be one of (case "
                 "insensitive): a, b",
                 "null");
    assert_error(kc_config_non_null("k", NULL),
                 "Invalid value null for configuration k: entry must be non null", "null");
    assert_ok(kc_config_non_empty("k", NULL), "null is not empty");
    assert_ok(kc_config_is_regex("k", "a.*"), "a.*");
    assert_error(kc_config_invalid("k", NULL, NULL), "Invalid value null for configuration k",
                 "without a reason");
}
END_TEST

RUN_TESTS("config_validate", validates_connectors_as_java, embeds_a_plugins_keys_under_a_prefix,
          hides_passwords, reports_every_control_character_of_a_long_name,
          validators_have_javas_words)
