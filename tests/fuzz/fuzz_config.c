/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings beyond .properties: values of every type, lists of patterns, the file of
 * connect-mirror-maker, connectors in JSON as connect-standalone takes them, versions of plugins
 * and what consumers are told. The first byte picks the reader.
 */
#include "config/config_def_priv.h"
#include "config/mirror_maker_config.h"
#include "config/properties.h"
#include "config/version_range.h"
#include "connect/regex.h"
#include "herder/connector_file.h"
#include "kafka/client_group.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void typed(const char *text, size_t len)
{
    (void)len;
    for (int type = KC_CONFIG_BOOLEAN; type <= KC_CONFIG_PASSWORD; type++) {
        struct kc_parsed first, second;
        struct kc_error *err = kc_config_parse_type("key", (enum kc_config_type)type, text, &first);
        /* The canonical text means the same. */
        if (!err) {
            if (kc_config_parse_type("key", (enum kc_config_type)type, first.text, &second) ||
                strcmp(first.text, second.text) != 0)
                abort();
            kc_parsed_destroy(&second);
        }
        kc_error_destroy(err);
        kc_parsed_destroy(&first);
    }
}

static void patterns(const char *text, size_t len)
{
    (void)len;
    struct kc_strings list = {0};
    struct kc_regex *regex = NULL;
    kc_strings_split(&list, text);
    struct kc_error *err = kc_regex_list_new(&list, &regex);
    if (!err && regex)
        kc_regex_matches(regex, "heartbeats");
    kc_error_destroy(err);
    kc_regex_destroy(regex);
    kc_strings_destroy(&list);
}

/* A range up to the first line's end, a version behind it; and the text as a consumer's setting. */
static void versions(const char *text, size_t len)
{
    (void)len;
    struct kc_version_range *range = NULL;
    char *wanted = kc_strndup(text, strcspn(text, "\n"));
    const char *version = text + strlen(wanted) + (text[strlen(wanted)] == '\n');
    struct kc_error *err = kc_version_range_parse(wanted, &range);
    if (!err && range) {
        kc_version_range_contains(range, version);
        free(kc_version_range_print(range));
    }
    if (kc_version_compare(wanted, version) != -kc_version_compare(version, wanted))
        abort();
    kc_error_destroy(err);
    kc_error_destroy(kc_consumer_check_setting("auto.offset.reset", text));
    kc_error_destroy(kc_consumer_check_setting("partition.assignment.strategy", text));
    kc_version_range_destroy(range);
    free(wanted);
}

static void mirror_maker(const char *text, size_t len)
{
    struct kc_map *map = kc_map_new();
    struct kc_mm2_config *config = NULL;
    struct kc_error *err = kc_properties_parse(text, len, "mm2.properties", map, NULL);
    /* Providers would read files of the machine. */
    if (!err && !kc_map_get(map, "config.providers"))
        err = kc_mm2_parse(map, NULL, &config);
    kc_error_destroy(err);
    kc_mm2_config_destroy(config);
    kc_map_destroy(map);
}

static void connector(const char *text, size_t len)
{
    struct kc_map *map = kc_map_new();
    enum kc_target_state state = KC_TARGET_NONE;
    kc_error_destroy(kc_connector_file_parse("c.json", text, len, map, &state));
    kc_map_destroy(map);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const readers[])(const char *, size_t) = {typed, patterns, mirror_maker,
                                                            connector, versions};
    if (size < 1)
        return 0;
    char *text = kc_malloc(size);
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    readers[data[0] % 5](text, size - 1);
    free(text);
    return 0;
}
