/* SPDX-License-Identifier: Apache-2.0 */
/* All transforms and predicates against what Java's did with the same records: see golden.h. */
#include "golden/golden.h"

static const char *text_of(struct kc_batch *batch, const char *text)
{
    return text ? kc_batch_dup(batch, text, strlen(text) + 1) : NULL;
}

static const struct kc_schema *schema_of(struct kc_batch *batch, const json_t *json)
{
    const struct kc_schema *schema = golden_schema(json);
    kc_batch_own_schema(batch, schema);
    kc_schema_unref(schema);
    return schema;
}

static struct kc_record *make_record(struct kc_batch *batch, const json_t *json, bool sink)
{
    struct kc_record *record = kc_batch_add(batch);
    const json_t *headers = json_object_get(json, "headers");
    record->topic = text_of(batch, json_string_value(json_object_get(json, "topic")));
    if (json_object_get(json, "partition"))
        record->partition = (int32_t)json_integer_value(json_object_get(json, "partition"));
    if (json_object_get(json, "timestamp"))
        record->timestamp = json_integer_value(json_object_get(json, "timestamp"));
    record->key_schema = schema_of(batch, json_object_get(json, "key_schema"));
    record->key = golden_value(kc_batch_arena(batch), json_object_get(json, "key"));
    record->value_schema = schema_of(batch, json_object_get(json, "value_schema"));
    record->value = golden_value(kc_batch_arena(batch), json_object_get(json, "value"));
    record->header_count = (uint32_t)json_array_size(headers);
    struct kc_header *made = kc_batch_alloc(batch, (record->header_count + 1) * sizeof(*made));
    for (uint32_t i = 0; i < record->header_count; i++) {
        const json_t *header = json_array_get(headers, i);
        made[i].key = text_of(batch, json_string_value(json_object_get(header, "key")));
        made[i].schema = schema_of(batch, json_object_get(header, "schema"));
        made[i].value = golden_value(kc_batch_arena(batch), json_object_get(header, "value"));
    }
    record->headers = made;
    if (sink) {
        record->kafka_offset = 42;
        record->original_topic = record->topic;
    }
    return record;
}

static bool headers_equal(const json_t *golden, const struct kc_record *record)
{
    const json_t *headers = json_object_get(golden, "headers");
    bool good = json_array_size(headers) == record->header_count;
    for (uint32_t i = 0; good && i < record->header_count; i++) {
        const json_t *header = json_array_get(headers, i);
        good = golden_equal(header, "key", json_string(record->headers[i].key)) &
               golden_equal(header, "schema", golden_dump_schema(record->headers[i].schema)) &
               golden_equal(header, "value", golden_dump_value(&record->headers[i].value));
    }
    return good;
}

static bool record_equal(const json_t *golden, const struct kc_record *record)
{
    json_t *partition =
        record->partition == KC_NO_PARTITION ? json_null() : json_integer(record->partition);
    json_t *timestamp =
        record->timestamp == KC_NO_TIMESTAMP ? json_null() : json_integer(record->timestamp);
    return golden_equal(golden, "topic", json_string(record->topic)) &
           golden_equal(golden, "partition", partition) &
           golden_equal(golden, "timestamp", timestamp) &
           golden_equal(golden, "key_schema", golden_dump_schema(record->key_schema)) &
           golden_equal(golden, "key", golden_dump_value(&record->key)) &
           golden_equal(golden, "value_schema", golden_dump_schema(record->value_schema)) &
           golden_equal(golden, "value", golden_dump_value(&record->value)) &
           headers_equal(golden, record);
}

static bool check_transform(const json_t *golden, const struct kc_plugin *plugin, void *object)
{
    const json_t *result = json_object_get(golden, "result");
    bool good = true;
    for (int i = 0; i < 2 && good; i++) { /* the second time from the caches */
        struct kc_batch *batch = kc_batch_new(1);
        struct kc_record *record = make_record(batch, json_object_get(golden, "record"),
                                               json_is_true(json_object_get(golden, "sink")));
        bool keep = true;
        struct kc_error *err = plugin->transform->apply(object, batch, record, &keep);
        good = golden_error_matches(golden, err);
        if (good && !err)
            good = json_is_null(result) ? !keep : keep && record_equal(result, record);
        if (!good)
            printf("  here: %s\n", err ? kc_error_text(err) : "no error");
        kc_error_destroy(err);
        kc_batch_unref(batch);
    }
    return good;
}

static bool check_predicate(const json_t *golden, const struct kc_plugin *plugin, void *object)
{
    struct kc_batch *batch = kc_batch_new(1);
    const struct kc_record *record = make_record(batch, json_object_get(golden, "record"), true);
    bool good =
        plugin->predicate->test(object, record) == json_is_true(json_object_get(golden, "test"));
    kc_batch_unref(batch);
    return good;
}

static bool check(const json_t *golden)
{
    const struct kc_plugin *plugin =
        golden_plugin(json_string_value(json_object_get(golden, "class")));
    bool predicate = plugin->kind == KC_PLUGIN_PREDICATE;
    struct kc_map *config = golden_map(json_object_get(golden, "config"));
    void *object = NULL;
    struct kc_error *err = predicate ? plugin->predicate->create(config, &object)
                                     : plugin->transform->create(config, &object);
    bool good = err         ? golden_error_matches(golden, err)
                : predicate ? check_predicate(golden, plugin, object)
                            : check_transform(golden, plugin, object);
    if (err && !good)
        printf("  create: %s\n", kc_error_text(err));
    if (!err)
        (predicate ? plugin->predicate->destroy : plugin->transform->destroy)(object);
    kc_error_destroy(err);
    kc_map_destroy(config);
    return good;
}

START_TEST(all)
{
    golden_run("tests/unit/data/json/transforms.jsonl", check);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("transforms");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, all);
    Suite *suite = suite_create("transforms");
    suite_add_tcase(suite, tcase);
    return golden_main(suite);
}
