/* SPDX-License-Identifier: Apache-2.0 */
/* What REST accepts as offsets of a sink connector, and what it says otherwise: SinkUtilsTest. */
#include "sink/sink_offsets.h"

#include <check.h>
#include <stdlib.h>

static const struct {
    const char *offsets;
    const char *result; /* JSON, or NULL */
    const char *error;
} cases[] = {
    {"[{'partition':{'kafka_topic':'t','kafka_partition':3},'offset':{'kafka_offset':10}}]",
     "[{'partition':{'kafka_topic':'t','kafka_partition':3},'offset':{'kafka_offset':10}}]", NULL},
    {"[{'partition':{'kafka_topic':'t','kafka_partition':'3'},'offset':{'kafka_offset':'10'}}]",
     "[{'partition':{'kafka_topic':'t','kafka_partition':3},'offset':{'kafka_offset':10}}]", NULL},
    {"[{'partition':{'kafka_topic':'t','kafka_partition':3},'offset':null}]",
     "[{'partition':{'kafka_topic':'t','kafka_partition':3},'offset':null}]", NULL},
    {"[{'partition':{'kafka_topic':'t','kafka_partition':3},'offset':{'kafka_offset':1}},"
     "{'partition':{'kafka_topic':'t','kafka_partition':'3'},'offset':null}]",
     "[{'partition':{'kafka_topic':'t','kafka_partition':3},'offset':null}]", NULL},
    {"[{'partition':null,'offset':null}]", NULL,
     "The partition for a sink connector offset cannot be null or missing"},
    {"[{'offset':null}]", NULL,
     "The partition for a sink connector offset cannot be null or missing"},
    {"[{'partition':{'topic':'t'},'offset':null}]", NULL,
     "The partition for a sink connector offset must contain the keys 'kafka_topic' and "
     "'kafka_partition'"},
    {"[{'partition':{'kafka_topic':null,'kafka_partition':1},'offset':null}]", NULL,
     "Kafka topic names must be valid strings and may not be null"},
    {"[{'partition':{'kafka_topic':'t','kafka_partition':null},'offset':null}]", NULL,
     "Kafka partitions must be valid numbers and may not be null"},
    {"[{'partition':{'kafka_topic':'t','kafka_partition':'not a number'},'offset':null}]", NULL,
     "Failed to parse the following Kafka partition value in the provided offsets: 'not a number'. "
     "Partition values for sink connectors need to be integers."},
    {"[{'partition':{'kafka_topic':'t','kafka_partition':99999999999},'offset':null}]", NULL,
     "Failed to parse the following Kafka partition value in the provided offsets: '99999999999'. "
     "Partition values for sink connectors need to be integers."},
    {"[{'partition':{'kafka_topic':'t','kafka_partition':1},'offset':{'offset':1}}]", NULL,
     "The offset for a sink connector should either be null or contain the key 'kafka_offset'"},
    {"[{'partition':{'kafka_topic':'t','kafka_partition':1},'offset':{'kafka_offset':'x'}}]", NULL,
     "Failed to parse the following Kafka offset value in the provided offsets: 'x'. Offset values "
     "for sink connectors need to be integers."},
    {"[{'partition':{'kafka_topic':'t','kafka_partition':1},'offset':{'kafka_offset':1.5}}]", NULL,
     "Failed to parse the following Kafka offset value in the provided offsets: '1.5'. Offset "
     "values for sink connectors need to be integers."},
};

/* JSON with single quotes, which reads better here. */
static json_t *load(const char *text)
{
    char *copy = kc_strdup(text);
    for (char *c = copy; *c; c++)
        if (*c == '\'')
            *c = '"';
    json_t *json = json_loads(copy, 0, NULL);
    ck_assert_ptr_nonnull(json);
    free(copy);
    return json;
}

START_TEST(parse)
{
    json_t *offsets = load(cases[_i].offsets), *parsed = NULL;
    struct kc_error *err = kc_sink_offsets_parse(offsets, &parsed);
    if (cases[_i].result) {
        ck_assert_ptr_null(err);
        json_t *expected = load(cases[_i].result);
        ck_assert(json_equal(parsed, expected));
        json_decref(expected);
    } else {
        ck_assert_ptr_nonnull(err);
        ck_assert_str_eq(kc_error_text(err), cases[_i].error);
        ck_assert_int_eq(kc_error_code(err), KC_ERR_BAD_REQUEST);
    }
    kc_error_destroy(err);
    json_decref(parsed);
    json_decref(offsets);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sink_offsets");
    TCase *tests = tcase_create("all");
    tcase_add_loop_test(tests, parse, 0, sizeof(cases) / sizeof(cases[0]));
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
