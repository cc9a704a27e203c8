/* SPDX-License-Identifier: Apache-2.0 */
/* Topic creation groups: see topic_creation.h. The group "default" comes last and matches all. */
#include "source/topic_creation.h"

#include "config/definition.h"
#include "connect/config_def.h"
#include "connect/log.h"
#include "connect/regex.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.util.TopicCreation");

#define PREFIX "topic.creation."

struct creation_group {
    char *name;
    struct kc_regex *include;
    struct kc_regex *exclude; /* NULL: nothing */
    int32_t partitions;
    int16_t replication_factor;
    struct kc_map *config;
};

struct kc_topic_creation {
    struct kc_admin *admin;
    struct creation_group *groups; /* "default" is the last */
    size_t count;
};

/* Java enriches the definition for any setting with this prefix, even an incomplete one. */
bool kc_topic_creation_used(const struct kc_map *originals)
{
    struct kc_map *ours = kc_map_subset(originals, PREFIX, false);
    bool used = kc_map_size(ours) > 0;
    kc_map_destroy(ours);
    return used;
}

/* ---- the settings of a group ---- */

static struct kc_error *positive(const char *name, const char *value, const char *why)
{
    bool right = value && (strcmp(value, "-1") == 0 || strtol(value, NULL, 10) >= 1);
    return right ? NULL : kc_config_invalid(name, value, why);
}

static struct kc_error *valid_factor(const char *name, const char *value)
{
    return positive(name, value,
                    "Replication factor must be positive and not larger than the number of brokers "
                    "in the Kafka cluster, or -1 to use the broker's default");
}

static struct kc_error *valid_partitions(const char *name, const char *value)
{
    return positive(name, value,
                    "Number of partitions must be positive, or -1 to use the broker's default");
}

static struct kc_error *valid_patterns(const char *name, const char *value)
{
    struct kc_strings list = {0};
    struct kc_error *err = NULL;
    kc_strings_split(&list, value ? value : "");
    for (size_t i = 0; i < list.count && !err; i++) {
        struct kc_regex *regex = NULL;
        err = kc_regex_new(list.items[i], &regex);
        kc_regex_destroy(regex);
    }
    kc_strings_destroy(&list);
    if (!err)
        return NULL;
    char *why = kc_asprintf("Syntax error in regular expression: %s", kc_error_text(err));
    char *shown = kc_asprintf("[%s]", value);
    struct kc_error *invalid = kc_config_invalid(name, shown, why);
    free(shown);
    free(why);
    kc_error_destroy(err);
    return invalid;
}

/* TopicCreationConfig. The default group has no fallback, and matches everything. */
static const struct kc_config_key group_keys[] = {
    {.name = "include", .type = KC_CONFIG_LIST, .default_value = "", .validator = valid_patterns},
    {.name = "exclude", .type = KC_CONFIG_LIST, .default_value = "", .validator = valid_patterns},
    {.name = "replication.factor",
     .type = KC_CONFIG_SHORT,
     .default_value = kc_config_required,
     .validator = valid_factor},
    {.name = "partitions",
     .type = KC_CONFIG_INT,
     .default_value = kc_config_required,
     .validator = valid_partitions},
};
enum { INCLUDE, EXCLUDE, FACTOR, PARTITIONS, KEY_COUNT };

/* Parses the settings of group called name; fallback is the default group, NULL for that itself. */
static struct kc_error *parse_group(const struct kc_map *originals, const char *name,
                                    const struct creation_group *fallback,
                                    struct kc_config **parsed)
{
    char factor[16], partitions[16];
    char *prefix = kc_asprintf(PREFIX "%s.", name);
    struct kc_config_def *def = kc_config_def_new(NULL, 0);
    for (int i = fallback ? INCLUDE : FACTOR; i < KEY_COUNT; i++) {
        struct kc_config_key key = group_keys[i];
        if (fallback && i == FACTOR) {
            snprintf(factor, sizeof(factor), "%d", fallback->replication_factor);
            key.default_value = factor;
        } else if (fallback && i == PARTITIONS) {
            snprintf(partitions, sizeof(partitions), "%d", (int)fallback->partitions);
            key.default_value = partitions;
        }
        kc_config_def_embed(def, prefix, "", i, &key);
    }
    struct kc_error *err = kc_config_parse(def, originals, parsed);
    kc_config_def_destroy(def);
    free(prefix);
    return err;
}

static int64_t number_of(const struct kc_config *parsed, const char *group, int key)
{
    char *name = kc_asprintf(PREFIX "%s.%s", group, group_keys[key].name);
    int64_t number = kc_config_long(parsed, name);
    free(name);
    return number;
}

static struct kc_error *pattern_of(const struct kc_config *parsed, const char *group, int key,
                                   struct kc_regex **regex)
{
    char *name = kc_asprintf(PREFIX "%s.%s", group, group_keys[key].name);
    const struct kc_strings *list = kc_config_list(parsed, name);
    char *pattern = kc_strings_join(list, "|");
    struct kc_error *err = list->count ? kc_regex_new(pattern, regex) : NULL;
    free(pattern);
    free(name);
    return err;
}

static struct kc_map *group_config(const struct kc_map *originals, const char *group)
{
    char *prefix = kc_asprintf(PREFIX "%s.", group);
    struct kc_map *config = kc_map_subset(originals, prefix, true);
    free(prefix);
    for (int i = 0; i < KEY_COUNT; i++)
        kc_map_remove(config, group_keys[i].name);
    return config;
}

static struct kc_error *read_group(const struct kc_map *originals, const char *name,
                                   const struct creation_group *fallback,
                                   struct creation_group *group)
{
    struct kc_config *parsed = NULL;
    group->name = kc_strdup(name);
    group->config = group_config(originals, name);
    struct kc_error *err = parse_group(originals, name, fallback, &parsed);
    if (err)
        return err;
    group->replication_factor = (int16_t)number_of(parsed, name, FACTOR);
    group->partitions = (int32_t)number_of(parsed, name, PARTITIONS);
    if (fallback)
        err = pattern_of(parsed, name, INCLUDE, &group->include);
    if (!err && fallback)
        err = pattern_of(parsed, name, EXCLUDE, &group->exclude);
    kc_config_destroy(parsed);
    return err;
}

static struct kc_error *read_groups(const struct kc_map *originals,
                                    struct kc_topic_creation *creation)
{
    struct kc_strings names = {0};
    kc_strings_split(&names, kc_map_get_or(originals, PREFIX "groups", ""));
    creation->groups = kc_calloc(names.count + 1, sizeof(*creation->groups));
    struct creation_group fallback = {0};
    struct kc_error *err = read_group(originals, "default", NULL, &fallback);
    for (size_t i = 0; i < names.count && !err; i++)
        if (strcmp(names.items[i], "default") != 0)
            err = read_group(originals, names.items[i], &fallback,
                             &creation->groups[creation->count++]);
    creation->groups[creation->count++] = fallback;
    kc_strings_destroy(&names);
    return err;
}

struct kc_error *kc_topic_creation_check(const struct kc_map *originals)
{
    struct kc_topic_creation *creation = kc_calloc(1, sizeof(*creation));
    struct kc_error *err = read_groups(originals, creation);
    kc_topic_creation_destroy(creation);
    return err;
}

struct kc_error *kc_topic_creation_new(const struct kc_map *originals, const struct kc_map *admin,
                                       struct kc_topic_creation **creation)
{
    struct kc_topic_creation *made = kc_calloc(1, sizeof(*made));
    struct kc_error *err = read_groups(originals, made);
    if (!err)
        err = kc_admin_new(admin, &made->admin);
    if (err) {
        kc_topic_creation_destroy(made);
        return err;
    }
    *creation = made;
    return NULL;
}

void kc_topic_creation_destroy(struct kc_topic_creation *creation)
{
    if (!creation)
        return;
    for (size_t i = 0; i < creation->count; i++) {
        struct creation_group *group = &creation->groups[i];
        kc_regex_destroy(group->include);
        kc_regex_destroy(group->exclude);
        kc_map_destroy(group->config);
        free(group->name);
    }
    free(creation->groups);
    kc_admin_destroy(creation->admin);
    free(creation);
}

static const struct creation_group *find_group(const struct kc_topic_creation *creation,
                                               const char *topic)
{
    for (size_t i = 0; i + 1 < creation->count; i++) {
        const struct creation_group *group = &creation->groups[i];
        if (group->include && kc_regex_matches(group->include, topic) &&
            !(group->exclude && kc_regex_matches(group->exclude, topic)))
            return group;
    }
    return &creation->groups[creation->count - 1];
}

const char *kc_topic_creation_group(const struct kc_topic_creation *creation, const char *topic)
{
    return find_group(creation, topic)->name;
}

/* ---- creating ---- */

static struct kc_error *exists(struct kc_topic_creation *creation, const char *topic, bool *found)
{
    struct kc_strings names = {0};
    struct kc_topic_infos infos = {0};
    kc_strings_add(&names, topic);
    struct kc_error *err = kc_admin_topics(creation->admin, &names, &infos);
    *found = false;
    for (size_t i = 0; i < infos.count; i++)
        *found = *found || strcmp(infos.items[i].name, topic) == 0;
    kc_topic_infos_destroy(&infos);
    kc_strings_destroy(&names);
    return err;
}

static struct kc_error *create(struct kc_topic_creation *creation, const char *topic)
{
    const struct creation_group *group = find_group(creation, topic);
    struct kc_new_topic wanted = {topic, group->partitions, group->replication_factor,
                                  group->config};
    struct kc_error *refused = NULL;
    struct kc_error *err = kc_admin_create_topics(creation->admin, &wanted, 1, &refused);
    if (!err)
        err = refused;
    else
        kc_error_destroy(refused);
    if (err && kc_error_kafka_code(err) == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
        kc_info("Found existing topic '%s'", topic);
        kc_error_clear(&err);
    } else if (!err) {
        kc_info("Created topic '%s' using creation group %s", topic, group->name);
    }
    return err;
}

struct kc_error *kc_topic_creation_ensure(struct kc_topic_creation *creation, const char *topic)
{
    kc_info("The task will send records to topic '%s' for the first time. Checking whether topic "
            "exists",
            topic);
    bool found;
    struct kc_error *err = exists(creation, topic, &found);
    if (!err && found) {
        kc_info("Topic '%s' already exists.", topic);
        return NULL;
    }
    if (!err)
        err = create(creation, topic);
    if (!err || kc_error_retriable(err))
        return err;
    return kc_error_caused(
        kc_error_new(KC_ERR_CONNECT,
                     "Task failed to create new topic %s. Ensure that the task is authorized to "
                     "create topics or that the topic exists and restart the task",
                     topic),
        err);
}
