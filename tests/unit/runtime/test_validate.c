/* SPDX-License-Identifier: Apache-2.0 */
/* Validation of connector configurations as REST answers it (AbstractHerderTest).
 */
#include "runtime/fake_worker.h"

static void *create(struct kc_connector_context *context)
{
    return context;
}

static void validate(const struct kc_map *config, struct kc_config_values *values)
{
    if (strcmp(kc_map_get_or(config, "colour", ""), "grey") == 0)
        kc_config_value_add_error(kc_config_values_get(values, "colour"), "too dull");
}

static const struct kc_connector_ops ops = {.create = create, .validate = validate};
static const struct kc_source_task_ops no_source;
static const struct kc_sink_task_ops no_sink;
static const struct kc_config_key keys[] = {
    {.name = "colour",
     .type = KC_CONFIG_STRING,
     .default_value = kc_config_required,
     .importance = KC_IMPORTANCE_HIGH,
     .group = "Looks",
     .order = 1,
     .documentation = "What it looks like."},
    {.name = "size", .type = KC_CONFIG_INT, .default_value = "3", .order = -1},
};
static const struct kc_plugin source = {
    KC_PLUGIN_HEAD,    .kind = KC_PLUGIN_SOURCE,  .class_name = "test.PaintSourceConnector",
    .task_class = "T", .config_keys = keys,       .config_key_count = 2,
    .connector = &ops, .source_task = &no_source,
};
static const struct kc_plugin sink = {
    KC_PLUGIN_HEAD,    .kind = KC_PLUGIN_SINK, .class_name = "test.PaintSinkConnector",
    .task_class = "T", .connector = &ops,      .sink_task = &no_sink,
};

static struct kc_error *make_transform(const struct kc_map *config, void **transform)
{
    return NULL;
}
static void end_transform(void *transform)
{
}
static struct kc_error *apply(void *transform, struct kc_batch *batch, struct kc_record *record,
                              bool *keep)
{
    return NULL;
}
static const struct kc_transform_ops transform_ops = {make_transform, end_transform, apply};
static const struct kc_config_key transform_keys[] = {
    {.name = "shade",
     .type = KC_CONFIG_STRING,
     .default_value = kc_config_required,
     .importance = KC_IMPORTANCE_LOW,
     .order = -1},
};
static const struct kc_plugin transform = {
    KC_PLUGIN_HEAD,
    .kind = KC_PLUGIN_TRANSFORMATION,
    .class_name = "test.Shade",
    .config_keys = transform_keys,
    .config_key_count = 1,
    .transform = &transform_ops,
};
static const struct kc_plugin *const fakes[] = {&source, &sink, &transform, NULL};

static struct fake_worker fake;
static json_t *infos;

static void setup(void)
{
    start_worker(&fake, fakes, NULL);
}

static void teardown(void)
{
    json_decref(infos);
    infos = NULL;
    stop_worker(&fake);
}

/* Takes config. */
static void check(struct kc_map *config)
{
    json_decref(infos);
    infos = NULL;
    struct kc_error *err = kc_worker_validate(fake.worker, config, &infos);
    kc_map_destroy(config);
    ck_assert_ptr_null(err);
}

static int error_count(void)
{
    return (int)json_integer_value(json_object_get(infos, "error_count"));
}

/* The entry called name; NULL when there is none. */
static const json_t *entry(const char *name)
{
    size_t i;
    json_t *info;
    json_array_foreach (json_object_get(infos, "configs"), i, info)
        if (strcmp(json_string_value(json_object_get(json_object_get(info, "value"), "name")),
                   name) == 0)
            return info;
    return NULL;
}

/* The first message of name; "" for none. */
static const char *message(const char *name)
{
    const json_t *info = entry(name);
    ck_assert_msg(info != NULL, "no entry %s", name);
    const char *text = json_string_value(
        json_array_get(json_object_get(json_object_get(info, "value"), "errors"), 0));
    return text ? text : "";
}

static char *groups(void)
{
    return json_dumps(json_object_get(infos, "groups"), JSON_COMPACT);
}

START_TEST(a_good_source)
{
    check(CONFIG("name", "c", "connector.class", "PaintSource", "colour", "red"));
    ck_assert_int_eq(error_count(), 0);
    ck_assert_str_eq(json_string_value(json_object_get(infos, "name")), "PaintSource");
    char *text = groups();
    ck_assert_str_eq(text, "[\"Common\",\"Transforms\",\"Predicates\",\"Error Handling\",\"Topic "
                           "Creation\",\"Exactly Once Support\",\"offsets.topic\",\"Looks\"]");
    free(text);
    ck_assert_ptr_nonnull(entry("size"));
    ck_assert_str_eq(
        json_string_value(json_object_get(json_object_get(entry("size"), "value"), "value")), "3");
}
END_TEST

START_TEST(missing_and_wrong_values)
{
    check(CONFIG("connector.class", "PaintSource", "tasks.max", "many", "size", "big"));
    ck_assert_str_eq(message("name"),
                     "Missing required configuration \"name\" which has no default value.");
    ck_assert_str_eq(message("colour"),
                     "Missing required configuration \"colour\" which has no default value.");
    ck_assert_str_eq(message("tasks.max"),
                     "Invalid value many for configuration tasks.max: Not a number of type INT");
    ck_assert_str_eq(message("size"),
                     "Invalid value big for configuration size: Not a number of type INT");
    /* tasks.max has a second message: its validator got null. */
    ck_assert_int_eq(error_count(), 5);
}
END_TEST

START_TEST(the_connector_s_own_checks)
{
    check(CONFIG("name", "c", "connector.class", "PaintSource", "colour", "grey"));
    ck_assert_str_eq(message("colour"), "too dull");
    ck_assert_int_eq(error_count(), 1);
}
END_TEST

START_TEST(null_values)
{
    struct kc_map *config = CONFIG("name", "c", "connector.class", "PaintSource", "colour", "red");
    kc_map_set(config, "extra", NULL);
    check(config);
    ck_assert_int_eq(error_count(), 1);
    ck_assert_str_eq(message("extra"),
                     "Null value can not be supplied as the configuration value.");
    /* What has no definition comes first. */
    const json_t *first = json_array_get(json_object_get(infos, "configs"), 0);
    ck_assert_ptr_eq(first, entry("extra"));
    ck_assert(json_is_null(json_object_get(first, "definition")));
}
END_TEST

START_TEST(transforms)
{
    check(CONFIG("name", "c", "connector.class", "PaintSource", "colour", "red", "transforms",
                 "a,b,c,d", "transforms.a.type", "test.Shade", "transforms.b.type", "no.Such",
                 "transforms.d.type", "org.apache.kafka.connect.converters.ByteArrayConverter",
                 "transforms.a.negate", "true"));
    ck_assert_str_eq(message("transforms.a.type"),
                     "Config 'transforms.a.negate' was provided but there is no config "
                     "'transforms.a.predicate' defining a predicate to be negated.");
    ck_assert_str_eq(
        message("transforms.a.shade"),
        "Missing required configuration \"transforms.a.shade\" which has no default value.");
    ck_assert_str_eq(message("transforms.b.type"),
                     "Invalid value no.Such for configuration transforms.b.type: Class no.Such "
                     "could not be found.");
    ck_assert_str_eq(
        message("transforms.c.type"),
        "Missing required configuration \"transforms.c.type\" which has no default value.");
    ck_assert_str_eq(message("transforms.d.type"),
                     "Class class org.apache.kafka.connect.converters.ByteArrayConverter does not "
                     "implement the Transformation interface");
    ck_assert_int_eq(error_count(), 5);
    char *text = groups();
    ck_assert_ptr_nonnull(strstr(text, "\"Transforms: a\",\"Transforms: b\""));
    free(text);
}
END_TEST

/* As many as a body may have settings: each is looked up, none is compared with all others. */
START_TEST(ten_thousand_transforms)
{
    enum { ALL = 9990 };
    struct kc_map *config =
        CONFIG("name", "c", "connector.class", "test.PaintSourceConnector", "colour", "red");
    struct kc_str list = {0};
    for (int i = 0; i < ALL; i++) {
        char type[40];
        kc_str_appendf(&list, "%st%d", i ? "," : "", i);
        snprintf(type, sizeof(type), "transforms.t%d.type", i);
        kc_map_set(config, type, "test.Shade");
    }
    kc_map_set(config, "transforms", list.data);
    kc_map_set(config, "predicates", list.data);
    kc_str_destroy(&list);
    check(config);
    /* No shade of a transform, no type of a predicate. */
    ck_assert_int_eq(json_integer_value(json_object_get(infos, "error_count")), 2 * ALL);
}
END_TEST

START_TEST(converters)
{
    check(CONFIG("name", "c", "connector.class", "PaintSource", "colour", "red", "key.converter",
                 "no.Such", "value.converter", "org.apache.kafka.connect.json.JsonConverter",
                 "value.converter.schemas.enable", "perhaps"));
    ck_assert_str_eq(message("key.converter"),
                     "Invalid value no.Such for configuration key.converter: Class no.Such could "
                     "not be found.");
    ck_assert_ptr_nonnull(strstr(message("value.converter.schemas.enable"), "perhaps"));
    ck_assert_ptr_null(entry("key.converter.schemas.enable"));
    ck_assert_int_eq(error_count(), 2);
}
END_TEST

/* "default value recommended-count visible" of an entry, as Java 4.1.0 has them. */
static void shows(const char *name, const char *expected)
{
    const json_t *info = entry(name);
    ck_assert_msg(info != NULL, "no entry %s", name);
    const char *fallback =
        json_string_value(json_object_get(json_object_get(info, "definition"), "default_value"));
    const json_t *value = json_object_get(info, "value");
    const char *text = json_string_value(json_object_get(value, "value"));
    char *actual = kc_asprintf("%s %s %zu %s", fallback ? fallback : "null", text ? text : "null",
                               json_array_size(json_object_get(value, "recommended_values")),
                               json_is_true(json_object_get(value, "visible")) ? "yes" : "no");
    ck_assert_msg(strcmp(actual, expected) == 0, "%s: %s", name, actual);
    free(actual);
}

#define BYTES  "org.apache.kafka.connect.converters.ByteArrayConverter"
#define SIMPLE "org.apache.kafka.connect.storage.SimpleHeaderConverter"
#define STRING "org.apache.kafka.connect.storage.StringConverter"

START_TEST(converters_come_from_the_worker_and_the_plugins)
{
    const char *version = kc_plugins_find(fake.plugins, BYTES, ~0U)->version;
    char *chosen = kc_asprintf("%s %s 1 yes", version, version);
    check(CONFIG("name", "c", "connector.class", "PaintSource", "colour", "red"));
    shows("key.converter", BYTES " " BYTES " 9 yes");
    shows("value.converter", BYTES " " BYTES " 9 yes");
    shows("header.converter", SIMPLE " " SIMPLE " 10 yes");
    shows("key.converter.plugin.version", chosen);
    shows("header.converter.plugin.version", chosen);
    check(CONFIG("name", "c", "connector.class", "PaintSource", "colour", "red", "key.converter",
                 "no.Such", "value.converter", "test.Shade", "header.converter",
                 "StringConverter"));
    shows("key.converter", BYTES " null 9 yes");
    shows("key.converter.plugin.version", "null null 0 no");
    shows("value.converter", BYTES " test.Shade 9 yes");
    ck_assert_str_eq(message("value.converter"),
                     "Class class test.Shade does not implement the Converter interface");
    shows("value.converter.plugin.version", "null null 0 yes");
    shows("header.converter", SIMPLE " " STRING " 10 yes");
    shows("header.converter.plugin.version", chosen);
    free(chosen);
}
END_TEST

START_TEST(a_definition_of_its_own_has_no_recommendations)
{
    check(CONFIG("name", "c", "connector.class", "MirrorHeartbeat", "source.cluster.alias", "s",
                 "target.cluster.alias", "t", "key.converter", "StringConverter"));
    shows("key.converter", "null " STRING " 0 yes");
    shows("key.converter.plugin.version", "null null 0 yes");
    shows("value.converter", "null null 0 yes");
    shows("value.converter.plugin.version", "null null 0 no");
}
END_TEST

static void stands_at(const char *name, int order)
{
    const json_t *info = entry(name);
    ck_assert_msg(info != NULL, "no entry %s", name);
    ck_assert_int_eq(
        json_integer_value(json_object_get(json_object_get(info, "definition"), "order")), order);
}

START_TEST(transforms_are_numbered_as_in_java)
{
    check(CONFIG("name", "c", "connector.class", "PaintSource", "colour", "red", "transforms",
                 "r,s,x", "transforms.r.type", "RegexRouter", "transforms.s.type", "test.Shade",
                 "predicates", "p", "predicates.p.type", "TopicNameMatches"));
    static const char *const names[] = {"type",        "plugin.version", "regex",
                                        "replacement", "negate",         "predicate"};
    for (int i = 0; i < 6; i++) {
        char *name = kc_asprintf("transforms.r.%s", names[i]);
        stands_at(name, i);
        free(name);
    }
    stands_at("predicates.p.plugin.version", 1);
    stands_at("predicates.p.pattern", 2);
    shows("transforms.r.type", "null org.apache.kafka.connect.transforms.RegexRouter 27 yes");
    shows("predicates.p.type",
          "null org.apache.kafka.connect.transforms.predicates.TopicNameMatches 3 yes");
    shows("transforms.s.plugin.version", "null null 0 yes"); /* Shade has no version */
    shows("transforms.x.plugin.version", "null null 0 yes");
    const char *version = kc_plugins_find(fake.plugins, "RegexRouter", ~0U)->version;
    char *expected = kc_asprintf("%s %s 1 yes", version, version);
    shows("transforms.r.plugin.version", expected);
    free(expected);
}
END_TEST

START_TEST(overrides)
{
    check(CONFIG("name", "c", "connector.class", "PaintSource", "colour", "red",
                 "producer.override.acks", "all", "consumer.override.group.id", "g",
                 "producer.override.sasl.jaas.config", "secret"));
    ck_assert_ptr_nonnull(entry("producer.override.acks"));
    ck_assert_ptr_null(entry("consumer.override.group.id")); /* no consumer here */
    ck_assert_str_eq(
        json_string_value(json_object_get(
            json_object_get(entry("producer.override.sasl.jaas.config"), "value"), "value")),
        "[hidden]");
    ck_assert_int_eq(error_count(), 0);
}
END_TEST

static void restart_with(const char *key, const char *value)
{
    struct kc_map *extra = kc_map_new();
    stop_worker(&fake);
    kc_map_set(extra, key, value);
    start_worker(&fake, fakes, extra);
    kc_map_destroy(extra);
}

START_TEST(forbidden_overrides)
{
    restart_with("connector.client.config.override.policy", "Principal");
    check(CONFIG("name", "c", "connector.class", "PaintSource", "colour", "red",
                 "producer.override.acks", "all", "producer.override.security.protocol", "SSL"));
    ck_assert_str_eq(message("producer.override.acks"),
                     "The 'Principal' policy does not allow 'acks' to be overridden in the "
                     "connector configuration.");
    ck_assert_str_eq(message("producer.override.security.protocol"), "");
    ck_assert_int_eq(error_count(), 1);
    restart_with("connector.client.config.override.policy", "Allowlist");
    check(CONFIG("name", "c", "connector.class", "PaintSource", "colour", "red",
                 "producer.override.linger.ms", "5"));
    ck_assert_str_eq(message("producer.override.linger.ms"),
                     "The 'Allowlist' policy does not allow 'linger.ms' to be overridden in the "
                     "connector configuration.");
    ck_assert_int_eq(error_count(), 1);
}
END_TEST

START_TEST(sinks)
{
    check(CONFIG("name", "c", "connector.class", "PaintSink"));
    ck_assert_str_eq(message("topics"), "Must configure one of topics or topics.regex");
    ck_assert_str_eq(message("topics.regex"), "Must configure one of topics or topics.regex");
    check(CONFIG("name", "c", "connector.class", "PaintSink", "topics", "a,b", "topics.regex",
                 "c.*"));
    ck_assert_str_eq(message("topics"),
                     "topics and topics.regex are mutually exclusive options, but both are set.");
    check(CONFIG("name", "c", "connector.class", "PaintSink", "topics", "a, b,a",
                 "errors.deadletterqueue.topic.name", " b "));
    ck_assert_str_eq(message("topics"), "The DLQ topic 'b' may not be included in the list of "
                                        "topics ('topics=[a, b]') consumed by the connector");
    check(CONFIG("name", "c", "connector.class", "PaintSink", "topics.regex", "d.*",
                 "errors.deadletterqueue.topic.name", "dead"));
    ck_assert_str_eq(message("topics.regex"),
                     "The DLQ topic 'dead' may not be matched by the regex for the topics "
                     "('topics.regex=d.*') consumed by the connector");
}
END_TEST

START_TEST(a_quarantine_needs_tolerance)
{
    check(CONFIG("name", "c", "connector.class", "PaintSource", "colour", "red",
                 "errors.quarantine.topic.name", "q", "errors.tolerance", "all"));
    ck_assert_int_eq(error_count(), 0);
    check(CONFIG("name", "c", "connector.class", "PaintSource", "colour", "red",
                 "errors.quarantine.topic.name", "q"));
    ck_assert_int_eq(error_count(), 1);
    ck_assert_ptr_nonnull(strstr(message("errors.quarantine.topic.name"), "errors.tolerance=all"));
    check(CONFIG("name", "c", "connector.class", "PaintSink", "topics", "a",
                 "errors.quarantine.topic.name", "q"));
    ck_assert_int_eq(error_count(), 0);
}
END_TEST

START_TEST(no_or_unknown_class)
{
    struct kc_map *config = CONFIG("name", "c");
    struct kc_error *err = kc_worker_validate(fake.worker, config, &infos);
    ck_assert_int_eq(kc_error_code(err), KC_ERR_BAD_REQUEST);
    ck_assert_str_eq(kc_error_text(err), "Connector config {name=c} contains no connector type");
    kc_error_destroy(err);
    kc_map_set(config, "producer.override.sasl.jaas.config", "x");
    kc_map_set(config, "database.password", "y");
    err = kc_worker_validate(fake.worker, config, &infos);
    ck_assert_str_eq(kc_error_text(err),
                     "Connector config {name=c, producer.override.sasl.jaas.config=[hidden], "
                     "database.password=[hidden]} contains no connector type");
    kc_error_destroy(err);
    kc_map_set(config, "connector.class", "NoSuch");
    err = kc_worker_validate(fake.worker, config, &infos);
    ck_assert_int_eq(kc_error_code(err), KC_ERR_BAD_REQUEST);
    ck_assert_ptr_nonnull(strstr(kc_error_text(err),
                                 "Failed to find any class that implements Connector and which "
                                 "name matches NoSuch, available connectors are: "));
    ck_assert_ptr_nonnull(strstr(kc_error_text(err), ", test.PaintSourceConnector (no version)"));
    kc_error_destroy(err);
    kc_map_destroy(config);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("validate");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_good_source);
    tcase_add_test(tests, missing_and_wrong_values);
    tcase_add_test(tests, the_connector_s_own_checks);
    tcase_add_test(tests, null_values);
    tcase_add_test(tests, transforms);
    tcase_add_test(tests, ten_thousand_transforms);
    tcase_add_test(tests, converters);
    tcase_add_test(tests, converters_come_from_the_worker_and_the_plugins);
    tcase_add_test(tests, a_definition_of_its_own_has_no_recommendations);
    tcase_add_test(tests, transforms_are_numbered_as_in_java);
    tcase_add_test(tests, overrides);
    tcase_add_test(tests, forbidden_overrides);
    tcase_add_test(tests, sinks);
    tcase_add_test(tests, a_quarantine_needs_tolerance);
    tcase_add_test(tests, no_or_unknown_class);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
