/* SPDX-License-Identifier: Apache-2.0 */
/* All converters against what Java's did with the same data: see golden.h. */
#include "golden/golden.h"

static bool check_from(const json_t *golden, const struct kc_plugin *plugin, void *converter)
{
    struct kc_arena *arena = kc_arena_new(1024);
    const struct kc_schema *schema = golden_schema(json_object_get(golden, "schema"));
    struct kc_value value = golden_value(arena, json_object_get(golden, "value"));
    const void *data = NULL;
    size_t len = 0;
    bool good = true;
    struct kc_error *err = NULL;
    for (int i = 0; i < 2 && good; i++) { /* the second time from the caches */
        kc_error_clear(&err);
        err = plugin->converter->from_connect(converter, "t", "h", schema, &value, arena, &data,
                                              &len);
        good = golden_error_matches(golden, err) &&
               (err || golden_equal(golden, "bytes", golden_hex(data, len)));
    }
    if (!good && err)
        printf("  here: %s\n", kc_error_text(err));
    kc_error_destroy(err);
    kc_schema_unref(schema);
    kc_arena_destroy(arena);
    return good;
}

static bool check_to(const json_t *golden, const struct kc_plugin *plugin, void *converter)
{
    struct kc_arena *arena = kc_arena_new(1024);
    const char *hex = json_string_value(json_object_get(golden, "bytes"));
    size_t len = 0;
    const void *data = hex ? golden_unhex(arena, hex, &len) : NULL;
    bool good = true;
    struct kc_error *err = NULL;
    for (int i = 0; i < 2 && good; i++) {
        const struct kc_schema *schema = NULL;
        struct kc_value value;
        struct kc_batch *batch = kc_batch_new(1);
        kc_error_clear(&err);
        err = plugin->converter->to_connect(converter, "t", "h", data, len, batch, &schema, &value);
        good = golden_error_matches(golden, err) &&
               (err || (golden_equal(golden, "schema", golden_dump_schema(schema)) &
                        golden_equal(golden, "value", golden_dump_value(&value))));
        kc_batch_unref(batch);
    }
    if (!good && err)
        printf("  here: %s\n", kc_error_text(err));
    kc_error_destroy(err);
    kc_arena_destroy(arena);
    return good;
}

static bool check(const json_t *golden)
{
    const struct kc_plugin *plugin =
        golden_plugin(json_string_value(json_object_get(golden, "class")));
    struct kc_map *config = golden_map(json_object_get(golden, "config"));
    bool from = strcmp(json_string_value(json_object_get(golden, "op")), "from") == 0;
    void *converter = NULL;
    struct kc_error *err = plugin->converter->create(config, false, &converter);
    bool good = err ? golden_error_matches(golden, err)
                    : (from ? check_from : check_to)(golden, plugin, converter);
    if (err && !good)
        printf("  create: %s\n", kc_error_text(err));
    if (!err)
        plugin->converter->destroy(converter);
    kc_error_destroy(err);
    kc_map_destroy(config);
    return good;
}

START_TEST(primitives)
{
    golden_run("tests/unit/data/json/primitive_converters.jsonl", check);
}
END_TEST

START_TEST(json)
{
    golden_run("tests/unit/data/json/json_converter.jsonl", check);
}
END_TEST

START_TEST(simple_headers)
{
    golden_run("tests/unit/data/json/simple_header_converter.jsonl", check);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("converters");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, primitives);
    tcase_add_test(tcase, json);
    tcase_add_test(tcase, simple_headers);
    Suite *suite = suite_create("converters");
    suite_add_tcase(suite, tcase);
    return golden_main(suite);
}
