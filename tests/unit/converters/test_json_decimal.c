/* SPDX-License-Identifier: Apache-2.0 */
/* Decimals that come as JSON numbers keep their own scale, as Java's BigDecimal does. */
#include "connect/plugin.h"
#include "values/decimal.h"
#include "values/java_text.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

extern const struct kc_plugin kc_json_converter;

#define SCHEMA                                                                                     \
    "{\"schema\":{\"type\":\"bytes\",\"name\":\"org.apache.kafka.connect.data.Decimal\","          \
    "\"version\":1,\"parameters\":{\"scale\":\"2\"}},\"payload\":"

static void *make(const char *format)
{
    void *converter = NULL;
    struct kc_map *config = kc_map_new();
    kc_map_set(config, "schemas.enable", "true");
    kc_map_set(config, "decimal.format", format);
    kc_map_set(config, "converter.type", "value");
    ck_assert_ptr_null(kc_json_converter.converter->create(config, false, &converter));
    kc_map_destroy(config);
    return converter;
}

static struct kc_error *back(void *converter, struct kc_arena *arena,
                             const struct kc_schema *schema, const struct kc_value *value,
                             char **text)
{
    const void *data = NULL;
    size_t len = 0;
    struct kc_error *err = kc_json_converter.converter->from_connect(converter, "t", NULL, schema,
                                                                     value, arena, &data, &len);
    *text = err ? NULL : kc_strndup(data, len);
    return err;
}

static const struct {
    const char *number;
    const char *shown;   /* BigDecimal.toString, which is what NUMERIC writes */
    const char *refusal; /* of BASE64 */
} cases[] = {
    {"12.345", "12.345", "Schema has scale 2, value has scale 3."},
    {"12.3", "12.3", "Schema has scale 2, value has scale 1."},
    {"12.30", "12.30", NULL},
    {"-7", "-7", "Schema has scale 2, value has scale 0."},
    {"1E+3", "1E+3", "Schema has scale 2, value has scale -3."},
};

START_TEST(numbers_keep_their_scale)
{
    struct kc_batch *batch = kc_batch_new(1);
    struct kc_arena *arena = kc_arena_new(256);
    const struct kc_schema *schema = NULL;
    struct kc_value value = kc_value_null();
    struct kc_str shown = {0};
    char *text = NULL;
    char *json = kc_asprintf(SCHEMA "%s}", cases[_i].number);
    void *numeric = make("NUMERIC"), *base64 = make("BASE64");
    ck_assert_ptr_null(kc_json_converter.converter->to_connect(
        numeric, "t", NULL, json, strlen(json), batch, &schema, &value));
    kc_java_text(&shown, schema, &value);
    ck_assert_str_eq(shown.data, cases[_i].shown);
    ck_assert_ptr_null(back(numeric, arena, schema, &value, &text));
    ck_assert_msg(strstr(text, "\"payload\":") &&
                      strncmp(strstr(text, "\"payload\":") + 10, cases[_i].shown,
                              strlen(cases[_i].shown)) == 0,
                  "%s", text);
    free(text);
    struct kc_error *err = back(base64, arena, schema, &value, &text);
    ck_assert_int_eq(err != NULL, cases[_i].refusal != NULL);
    if (err)
        ck_assert_ptr_nonnull(strstr(kc_error_text(err), cases[_i].refusal));
    kc_error_destroy(err);
    free(text);
    kc_json_converter.converter->destroy(numeric);
    kc_json_converter.converter->destroy(base64);
    free(json);
    kc_str_destroy(&shown);
    kc_arena_destroy(arena);
    kc_batch_unref(batch);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("json_decimal");
    TCase *tests = tcase_create("all");
    tcase_add_loop_test(tests, numbers_keep_their_scale, 0, sizeof(cases) / sizeof(cases[0]));
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
