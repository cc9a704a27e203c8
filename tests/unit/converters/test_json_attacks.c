/* SPDX-License-Identifier: Apache-2.0 */
/* Documents that are made to exhaust whoever reads them: each is an error of its record. */
#include "base/memory_limit.h"
#include "connect/map.h"
#include "connect/plugin.h"

#include <stdlib.h>
#include <string.h>

extern const struct kc_plugin kc_json_converter;
extern const struct kc_plugin kc_simple_header_converter;
extern const struct kc_plugin kc_flatten_value;
extern const struct kc_plugin kc_cast_value;

/* The error or a cause of it says so. */
static void check_told(const struct kc_error *err, const char *words)
{
    ck_assert_ptr_nonnull(err);
    char *trace = kc_error_trace(err);
    ck_assert_msg(strstr(trace, words) != NULL, "%s", trace);
    free(trace);
}

static void *make(bool schemas)
{
    void *converter = NULL;
    struct kc_map *config = kc_map_new();
    kc_map_set(config, "schemas.enable", schemas ? "true" : "false");
    kc_map_set(config, "converter.type", "value");
    ck_assert_ptr_null(kc_json_converter.converter->create(config, false, &converter));
    kc_map_destroy(config);
    return converter;
}

static struct kc_error *read_json(const char *json, bool schemas, struct kc_batch *batch,
                                  struct kc_record *record)
{
    void *converter = make(schemas);
    struct kc_error *err = kc_json_converter.converter->to_connect(
        converter, "t", NULL, json, strlen(json), batch, &record->value_schema, &record->value);
    kc_json_converter.converter->destroy(converter);
    return err;
}

static char *repeated(const char *before, const char *between, const char *after, int count)
{
    struct kc_str out = {0};
    for (int i = 0; i < count; i++)
        kc_str_append(&out, before);
    kc_str_append(&out, between);
    for (int i = 0; i < count; i++)
        kc_str_append(&out, after);
    return kc_str_take(&out);
}

START_TEST(a_hundred_thousand_levels)
{
    static const struct {
        const char *before, *between, *after;
        bool schemas;
    } cases[] = {
        {"[", "", "]", false},
        {"{\"a\":", "1", "}", false},
        {"[", "", "]", true},
        {"{\"schema\":{\"type\":\"array\",\"items\":", "1", "}", true},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kc_batch *batch = kc_batch_new(1);
        char *json = repeated(cases[i].before, cases[i].between, cases[i].after, 100000);
        struct kc_error *err = read_json(json, cases[i].schemas, batch, kc_batch_add(batch));
        check_told(err, "nesting depth exceeds the maximum allowed (1000)");
        kc_error_destroy(err);
        free(json);
        kc_batch_unref(batch);
    }
}
END_TEST

/* Three bytes each, of which a tree makes thirty times as much. */
START_TEST(more_values_than_there_is_memory_for)
{
    struct kc_batch *batch = kc_batch_new(1);
    char *inner = repeated("[],", "[]", "", 4000000), *json = kc_asprintf("[%s]", inner);
    free(inner);
    if (leave_memory((size_t)64 << 20)) {
        struct kc_error *err = read_json(json, false, batch, kc_batch_add(batch));
        check_told(err, "There is no memory for the document");
        kc_error_destroy(err);
    }
    free(json);
    kc_batch_unref(batch);
}
END_TEST

#define DECIMAL                                                                                    \
    "{\"schema\":{\"type\":\"bytes\",\"name\":\"org.apache.kafka.connect.data.Decimal\","          \
    "\"version\":1,\"parameters\":{\"scale\":\"%s\"}},\"payload\":%s}"

/* Whatever becomes of it, it ends, and takes no more than a few bytes. */
START_TEST(numbers_without_measure)
{
    static const struct {
        const char *scale, *payload;
    } cases[] = {
        {"2147483647", "\"AQ==\""},       {"-2147483648", "\"AQ==\""},
        {"2147483648", "\"AQ==\""},       {"2", "1e999999999"},
        {"2", "-1e-999999999"},           {"2147483647", "1e2147483647"},
        {"-2147483648", "1e-2147483647"}, {"2", "1e99999999999999999999"},
    };
    if (!leave_memory((size_t)64 << 20))
        return;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kc_batch *batch = kc_batch_new(1);
        struct kc_record *record = kc_batch_add(batch);
        char *json = kc_asprintf(DECIMAL, cases[i].scale, cases[i].payload);
        struct kc_error *err = read_json(json, true, batch, record);
        void *converter = make(true);
        const void *data = NULL;
        size_t len = 0;
        if (!err)
            err = kc_json_converter.converter->from_connect(converter, "t", NULL,
                                                            record->value_schema, &record->value,
                                                            kc_batch_arena(batch), &data, &len);
        ck_assert_uint_lt(len, 1000);
        kc_error_destroy(err);
        kc_json_converter.converter->destroy(converter);
        free(json);
        kc_batch_unref(batch);
    }
    static const char *const plain[] = {"1e999999999", "-1e-999999999", "[1E+2147483648]",
                                        "1e99999999999999999999", "0e999999999"};
    for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
        struct kc_batch *batch = kc_batch_new(1);
        kc_error_destroy(read_json(plain[i], false, batch, kc_batch_add(batch)));
        kc_batch_unref(batch);
    }
}
END_TEST

static struct kc_error *transform(const struct kc_plugin *plugin, const char *key,
                                  const char *setting, const char *json, bool schemas)
{
    struct kc_batch *batch = kc_batch_new(1);
    struct kc_record *record = kc_batch_add(batch);
    struct kc_map *config = kc_map_new();
    void *object = NULL;
    bool keep;
    kc_map_set(config, key, setting);
    ck_assert_ptr_null(plugin->transform->create(config, &object));
    ck_assert_ptr_null(read_json(json, schemas, batch, record));
    struct kc_error *err = plugin->transform->apply(object, batch, record, &keep);
    plugin->transform->destroy(object);
    kc_map_destroy(config);
    kc_batch_unref(batch);
    return err;
}

/* One long path with many leaves at its end: a few hundred kilobytes, whose names are gigabytes. */
START_TEST(flatten_has_an_end)
{
    struct kc_str leaves = {0}, level = {0};
    for (int i = 0; i < 10000; i++)
        kc_str_appendf(&leaves, "%s\"f%d\":1", i ? "," : "", i);
    kc_str_append(&level, "{\"");
    for (int i = 0; i < 1000; i++)
        kc_str_append_char(&level, 'n');
    kc_str_append(&level, "\":");
    char *inner = kc_asprintf("{%s}", leaves.data);
    char *json = repeated(level.data, inner, "}", 200);
    struct kc_error *err = transform(&kc_flatten_value, "delimiter", ".", json, false);
    check_told(err, "bytes of field names for one record");
    kc_error_destroy(err);
    free(json);
    free(inner);
    kc_str_destroy(&level);
    kc_str_destroy(&leaves);
}
END_TEST

START_TEST(deep_values_pass_transforms)
{
    char *json = repeated("{\"a\":", "1", "}", 900);
    ck_assert_ptr_null(transform(&kc_flatten_value, "delimiter", ".", json, false));
    ck_assert_ptr_null(transform(&kc_cast_value, "spec", "b:int32", json, false));
    free(json);
}
END_TEST

/* Headers are read as JSON or as plain text (Values.parseString); whatever it is, it ends. */
START_TEST(headers_without_measure)
{
    static const struct {
        const char *before, *between, *after;
        int count;
    } cases[] = {{"[", "", "]", 100000},          {"{\"a\":", "1", "}", 100000},
                 {"[", "", "", 100000},           {"{", "", "", 100000},
                 {"\\", "", "", 100000},          {"\"", "", "", 100001},
                 {"1e", "999999999", "", 1},      {"-1e-", "999999999", "", 1},
                 {"1e", "99999999999999", "", 1}, {"[1e999999999,", "1", "]", 1},
                 {"9", "", "", 100000},           {"0.", "", "9", 100000},
                 {"[1,", "", "]", 100000},        {"[[1],", "", "]", 100000}};
    void *converter = NULL;
    struct kc_map *config = kc_map_new();
    kc_map_set(config, "converter.type", "header");
    ck_assert_ptr_null(kc_simple_header_converter.converter->create(config, false, &converter));
    kc_map_destroy(config);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kc_batch *batch = kc_batch_new(1);
        struct kc_record *record = kc_batch_add(batch);
        const void *data = NULL;
        size_t len = 0;
        char *text = repeated(cases[i].before, cases[i].between, cases[i].after, cases[i].count);
        struct kc_error *err = kc_simple_header_converter.converter->to_connect(
            converter, "t", "h", text, strlen(text), batch, &record->value_schema, &record->value);
        if (!err)
            err = kc_simple_header_converter.converter->from_connect(
                converter, "t", "h", record->value_schema, &record->value, kc_batch_arena(batch),
                &data, &len);
        kc_error_destroy(err);
        free(text);
        kc_batch_unref(batch);
    }
    kc_simple_header_converter.converter->destroy(converter);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("json_attacks");
    TCase *tcase = tcase_create("json_attacks");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, a_hundred_thousand_levels);
    tcase_add_test(tcase, more_values_than_there_is_memory_for);
    tcase_add_test(tcase, numbers_without_measure);
    tcase_add_test(tcase, flatten_has_an_end);
    tcase_add_test(tcase, deep_values_pass_transforms);
    tcase_add_test(tcase, headers_without_measure);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
