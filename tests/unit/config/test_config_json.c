/* SPDX-License-Identifier: Apache-2.0 */
/* Every definition, field by field but for the words, against Connect 4.1. */
#include "config/config_golden.h"
#include "config/config_json.h"
#include "config/config_keys.h"
#include "config/definition.h"
#include "config/properties.h"
#include "config/worker_config.h"

static bool is_ours(const char *name)
{
    static const char *const prefixes[] = {"log.", "rest.connection", "rest.request.",
                                           "rest.memory.", "isthmus.", "metrics.series.",
                                           "metrics.names", "errors.quarantine.",
                                           /* Java's since 4.2 (KIP-1188) */
                                           "connector.client.config.override.allowlist"};
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
        if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
            return true;
    return false;
}

static const struct kc_config_key *next_of_javas(const struct kc_config_def *def, size_t *at)
{
    while (*at < kc_config_def_size(def) && is_ours(kc_config_def_at(def, *at)->name))
        ++*at;
    return kc_config_def_at(def, (*at)++);
}

/* In order of definition; settings of ours may stand between Java's. */
static void compare(const char *name, const struct kc_config_def *def)
{
    json_t *all = golden("definitions.json");
    json_t *want = json_object_get(all, name);
    size_t index, at = 0;
    json_t *item;

    json_array_foreach (want, index, item) {
        const struct kc_config_key *key = next_of_javas(def, &at);
        json_t *got;

        ck_assert_msg(key != NULL, "%s ends before %s", name, golden_text(item, "name"));
        got = kc_config_key_json(key);
        ck_assert_msg(json_string_length(json_object_get(got, "documentation")) > 0,
                      "%s has no documentation", key->name);
        json_object_del(got, "documentation");
        if (!json_equal(got, item)) {
            char *ours = json_dumps(got, 0);
            char *java = json_dumps(item, 0);

            ck_abort_msg("%s, %zu:\n got %s\nJava %s", name, index, ours, java);
        }
        json_decref(got);
    }
    const struct kc_config_key *more = next_of_javas(def, &at);
    ck_assert_msg(!more, "%s has %s, Java doesn't", name, more ? more->name : "");
    json_decref(all);
}

START_TEST(connectors_are_defined_as_in_java)
{
    compare("source", kc_connector_config_def(true));
    compare("sink", kc_connector_config_def(false));
}
END_TEST

START_TEST(workers_are_defined_as_in_java)
{
    compare("distributed", kc_worker_config_def(KC_WORKER_DISTRIBUTED));
    compare("standalone", kc_worker_config_def(KC_WORKER_STANDALONE));
}
END_TEST

START_TEST(every_key_of_javas_clients_is_known)
{
    json_t *names = golden("client_keys.json");
    size_t index;
    json_t *name;

    json_array_foreach (names, index, name)
        ck_assert_msg(kc_client_key_known(json_string_value(name)), "%s", json_string_value(name));
    ck_assert(!kc_client_key_known("bootstrap.server"));
    json_decref(names);
}
END_TEST

static void documented(const struct kc_config_def *def, const char *page)
{
    for (size_t i = 0; i < kc_config_def_size(def); i++) {
        const struct kc_config_key *key = kc_config_def_at(def, i);
        char *row = kc_asprintf("| `%s` |", key->name);
        const char *found = strstr(page, row);

        ck_assert_msg(found != NULL, "docs/CONFIGURATION.md lacks %s", key->name);
        ck_assert_msg(strstr(found, key->documentation) != NULL, "docs/CONFIGURATION.md: %s",
                      key->name);
        free(row);
    }
}

START_TEST(the_reference_has_every_key)
{
    struct kc_str page = {0};

    assert_ok(kc_file_read("docs/CONFIGURATION.md", KC_PROPERTIES_MAX_FILE, &page), "page");
    documented(kc_worker_config_def(KC_WORKER_DISTRIBUTED), page.data);
    documented(kc_worker_config_def(KC_WORKER_STANDALONE), page.data);
    documented(kc_connector_config_def(true), page.data);
    documented(kc_connector_config_def(false), page.data);
    kc_str_destroy(&page);
}
END_TEST

START_TEST(prints_fields_in_javas_order)
{
    static const struct kc_config_key key = {.name = "p",
                                             .type = KC_CONFIG_PASSWORD,
                                             .default_value = "x",
                                             .order = -1,
                                             .documentation = "words"};
    char name[] = "p";
    char value[] = "[hidden]";
    struct kc_config_value result = {.name = name, .value = value, .visible = true};

    kc_config_value_add_error(&result, "bad %s", "news");
    json_t *json = kc_config_info_json(&key, &result, "producer.override.");
    char *text = json_dumps(json, JSON_COMPACT);
    ck_assert_str_eq(
        text,
        "{\"definition\":{\"name\":\"producer.override.p\",\"type\":\"PASSWORD\",\"required\":"
        "false,\"default_value\":\"[hidden]\",\"importance\":\"HIGH\",\"documentation\":"
        "\"words\",\"group\":null,\"width\":\"NONE\",\"display_name\":\"p\",\"dependents\":[],"
        "\"order\":-1},\"value\":{\"name\":\"producer.override.p\",\"value\":\"[hidden]\","
        "\"recommended_values\":[],\"errors\":[\"bad news\"],\"visible\":true}}");
    free(text);
    json_decref(json);
    json = kc_config_info_json(NULL, &result, "");
    ck_assert(json_is_null(json_object_get(json, "definition")));
    json_decref(json);
    kc_strings_destroy(&result.errors);
}
END_TEST

RUN_TESTS("config_json", connectors_are_defined_as_in_java, workers_are_defined_as_in_java,
          every_key_of_javas_clients_is_known, the_reference_has_every_key,
          prints_fields_in_javas_order)
