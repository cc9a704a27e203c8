/* SPDX-License-Identifier: Apache-2.0 */
/* Topic creation groups: see topic_creation.h. The group "default" comes last and matches all. */
#include "runtime/topic_creation.h"

#include "connect/log.h"
#include "connect/regex.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.util.TopicCreation");

#define PREFIX "topic.creation."

struct group {
    char *name;
    struct kc_regex *include;
    struct kc_regex *exclude; /* NULL: nothing */
    int32_t partitions;
    int16_t replication_factor;
    struct kc_map *config;
};

struct kc_topic_creation {
    struct kc_admin *admin;
    struct group *groups; /* "default" is the last */
    size_t count;
};

bool kc_topic_creation_used(const struct kc_map *originals)
{
    return kc_map_has(originals, PREFIX "default.partitions") &&
           kc_map_has(originals, PREFIX "default.replication.factor");
}

/* ---- groups ---- */

static const char *group_value(const struct kc_map *originals, const char *group, const char *key)
{
    char *name = kc_asprintf(PREFIX "%s.%s", group, key);
    const char *value = kc_map_get(originals, name);
    free(name);
    return value;
}

/* Reads a count of group, or else of the default group: positive or -1. */
static struct kc_error *group_number(const struct kc_map *originals, const char *group,
                                     const char *key, long max, long *number)
{
    const char *owner = group_value(originals, group, key) ? group : "default";
    const char *text = group_value(originals, owner, key);
    char *end = NULL;
    errno = 0;
    *number = text ? strtol(text, &end, 10) : 0;
    if (text && end != text && *end == '\0' && !errno && *number <= max &&
        (*number == -1 || *number >= 1))
        return NULL;
    return kc_error_new(KC_ERR_CONFIG,
                        "Invalid value %s for configuration " PREFIX
                        "%s.%s: it must be positive, or -1 to use the broker's default",
                        text ? text : "null", owner, key);
}

static struct kc_error *group_pattern(const struct kc_map *originals, const char *group,
                                      const char *key, struct kc_regex **regex)
{
    const char *text = group_value(originals, group, key);
    if (!text)
        return NULL;
    struct kc_strings list = {0};
    kc_strings_split(&list, text);
    char *pattern = kc_strings_join(&list, "|");
    struct kc_error *err = kc_regex_new(pattern, regex);
    free(pattern);
    kc_strings_destroy(&list);
    return kc_error_prefix(err, "configuration " PREFIX "%s.%s", group, key);
}

static struct kc_map *group_config(const struct kc_map *originals, const char *group)
{
    char *prefix = kc_asprintf(PREFIX "%s.", group);
    struct kc_map *config = kc_map_subset(originals, prefix, true);
    free(prefix);
    static const char *const own[] = {"include", "exclude", "partitions", "replication.factor"};
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        kc_map_remove(config, own[i]);
    return config;
}

static struct kc_error *read_group(const struct kc_map *originals, const char *name,
                                   struct group *group)
{
    long partitions = -1, factor = -1;
    group->name = kc_strdup(name);
    group->config = group_config(originals, name);
    struct kc_error *err = group_number(originals, name, "partitions", INT32_MAX, &partitions);
    if (!err)
        err = group_number(originals, name, "replication.factor", INT16_MAX, &factor);
    if (!err)
        err = group_pattern(originals, name, "include", &group->include);
    if (!err)
        err = group_pattern(originals, name, "exclude", &group->exclude);
    group->partitions = (int32_t)partitions;
    group->replication_factor = (int16_t)factor;
    return err;
}

struct kc_error *kc_topic_creation_new(const struct kc_map *originals, const struct kc_map *admin,
                                       struct kc_topic_creation **creation)
{
    struct kc_topic_creation *made = kc_calloc(1, sizeof(*made));
    struct kc_strings names = {0};
    kc_strings_split(&names, kc_map_get_or(originals, PREFIX "groups", ""));
    made->groups = kc_calloc(names.count + 1, sizeof(*made->groups));
    struct kc_error *err = NULL;
    for (size_t i = 0; i < names.count && !err; i++)
        if (strcmp(names.items[i], "default") != 0)
            err = read_group(originals, names.items[i], &made->groups[made->count++]);
    if (!err)
        err = read_group(originals, "default", &made->groups[made->count++]);
    if (!err)
        err = kc_admin_new(admin, &made->admin);
    kc_strings_destroy(&names);
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
        struct group *group = &creation->groups[i];
        kc_regex_destroy(group->include);
        kc_regex_destroy(group->exclude);
        kc_map_destroy(group->config);
        free(group->name);
    }
    free(creation->groups);
    kc_admin_destroy(creation->admin);
    free(creation);
}

static const struct group *find_group(const struct kc_topic_creation *creation, const char *topic)
{
    for (size_t i = 0; i + 1 < creation->count; i++) {
        const struct group *group = &creation->groups[i];
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
    const struct group *group = find_group(creation, topic);
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
