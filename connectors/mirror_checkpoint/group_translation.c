/* SPDX-License-Identifier: Apache-2.0 */
/* Translations by group, see group_translation_priv.h. */
#include "mirror_checkpoint/group_translation_priv.h"

#include "connect/regex.h"
#include "mirror/name_filter.h"
#include "mirror/topic_reader.h"
#include "mirror/translate_request.h"
#include "mirror_checkpoint/checkpoint_store_priv.h"
#include "mirror_checkpoint/group_answer_priv.h"

#include <stdlib.h>
#include <string.h>

enum {
    READ_MS = 10000,
    MOST_OFFSETS = 100000, /* of one answer */
};

struct translation_question {
    const struct kc_mirror_config *config;
    json_t *named;            /* groups that were asked for by name: true */
    struct kc_regex *pattern; /* or by a pattern; NULL: none */
    struct kc_strings groups; /* that are answered, sorted */
    json_t *found;            /* the same: true */
    struct kc_checkpoint_store *checkpoints;
    struct kc_name_filter *topics_filter;
    struct kc_name_filter *groups_filter;
    json_t *answers;   /* by group: arrays */
    json_t **items;    /* each of them, borrowed */
    size_t count, cap; /* of items */
    bool too_many;
};

/* The group's name as JSON can have it. The caller's. */
static char *shown(const char *group)
{
    return kc_group_answer_text(group, strlen(group));
}

static void add_group(struct translation_question *question, const char *group)
{
    char *name = shown(group);
    if (!json_object_get(question->found, name)) {
        json_object_set_new(question->found, name, json_true());
        kc_strings_add(&question->groups, group);
    }
    free(name);
}

/* ---- checkpoints ---- */

static bool asked_for(const struct translation_question *question, const char *group)
{
    return json_object_get(question->named, group) ||
           (question->pattern && kc_regex_matches(question->pattern, group) &&
            kc_name_filter_accepts(question->groups_filter, group));
}

static void on_checkpoint(void *arg, const struct kc_log_record *record)
{
    struct translation_question *question = arg;
    struct kc_checkpoint checkpoint;
    struct kc_error *err = kc_checkpoint_decode(record->key, record->key_len, record->value,
                                                record->value_len, &checkpoint);
    if (err) {
        kc_error_destroy(err); /* as Java's client: the task has said so */
        return;
    }
    if (asked_for(question, checkpoint.group)) {
        kc_checkpoint_store_put(question->checkpoints, &checkpoint);
        add_group(question, checkpoint.group);
    }
    kc_checkpoint_clear(&checkpoint);
}

static bool never(void *arg)
{
    return false;
}

/* A topic that isn't there has no checkpoints. */
static struct kc_error *read_checkpoints(struct translation_question *question)
{
    const struct kc_mirror_config *config = question->config;
    struct kc_topic_reader *reader = NULL;
    struct kc_map *properties = kc_mirror_client_properties(
        config, KC_MIRROR_TARGET, KC_CLIENT_CONSUMER, "translate-checkpoints-consumer");
    char *topic = kc_policy_checkpoints_topic(config->policy, config->source);
    struct kc_error *err = kc_topic_reader_new(properties, topic, &reader);
    if (!err)
        err = kc_topic_reader_read_to_end(reader, READ_MS, on_checkpoint, never, question);
    if (err && kc_error_kafka_code(err) == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
        kc_error_destroy(err);
        err = NULL;
    }
    if (err)
        err = kc_error_prefix(err, "The checkpoints in %s on %s could not be read", topic,
                              config->target);
    kc_topic_reader_destroy(reader);
    free(topic);
    kc_map_destroy(properties);
    return err;
}

/* ---- answers ---- */

/* Takes item. */
static void keep(struct translation_question *question, const char *group, json_t *item)
{
    char *name = shown(group);
    if (question->count == question->cap) {
        question->cap = question->cap ? question->cap * 2 : 64;
        question->items = kc_realloc(question->items, question->cap * sizeof(json_t *));
    }
    if (json_array_append_new(json_object_get(question->answers, name), item) == 0)
        question->items[question->count++] = item;
    question->too_many = question->too_many || question->count > MOST_OFFSETS;
    free(name);
}

/* The group's committed offsets on the source. */
static void answer_committed(struct translation_question *question,
                             struct kc_translate_request *request, const char *group,
                             const rd_kafka_topic_partition_t *committed)
{
    if (committed->offset < 0 || question->too_many ||
        !kc_name_filter_accepts(question->topics_filter, committed->topic))
        return;
    json_t *item = kc_translate_request_answer(request, committed->topic, committed->partition,
                                               committed->offset);
    char *remote = kc_mirror_target_topic(question->config, committed->topic);
    const struct kc_checkpoint_entry *last =
        remote
            ? kc_checkpoint_store_find(question->checkpoints, group, remote, committed->partition)
            : NULL;
    json_object_set_new(item, "metadata",
                        kc_group_answer_string(committed->metadata, committed->metadata_size));
    json_object_set_new(item, "checkpoint",
                        last ? kc_group_answer_checkpoint(&last->checkpoint) : json_null());
    keep(question, group, item);
    free(remote);
}

/* The last checkpoint's answer, if the source can't be asked. */
static void answer_checkpoint(void *arg, const struct kc_checkpoint *checkpoint)
{
    struct translation_question *question = arg;
    if (question->too_many)
        return;
    keep(question, checkpoint->group, kc_group_answer_by_checkpoint(checkpoint));
}

/* ---- the source ---- */

static struct kc_error *add_matching(struct translation_question *question, struct kc_admin *source)
{
    struct kc_group_infos all = {0};
    struct kc_error *err = question->pattern ? kc_admin_groups(source, &all) : NULL;
    for (size_t i = 0; i < all.count; i++)
        if (asked_for(question, all.items[i].id))
            add_group(question, all.items[i].id);
    kc_group_infos_destroy(&all);
    return err;
}

static struct kc_error *answer_live(struct translation_question *question, struct kc_admin *source,
                                    struct kc_translate_request *request)
{
    size_t count = question->groups.count;
    rd_kafka_topic_partition_list_t **offsets =
        kc_calloc(count + 1, sizeof(rd_kafka_topic_partition_list_t *));
    struct kc_error **errors = kc_calloc(count + 1, sizeof(struct kc_error *));
    struct kc_error *err = kc_admin_groups_offsets(source, &question->groups, offsets, errors);
    for (size_t g = 0; g < count; g++) {
        for (int i = 0; offsets[g] && i < offsets[g]->cnt; i++)
            answer_committed(question, request, question->groups.items[g], &offsets[g]->elems[i]);
        if (offsets[g])
            rd_kafka_topic_partition_list_destroy(offsets[g]);
        if (errors[g] && !err)
            err = kc_error_prefix(errors[g], "Consumer group %s", question->groups.items[g]);
        else
            kc_error_destroy(errors[g]);
    }
    kc_translate_request_check_ends(request, question->items, question->count);
    free(errors);
    free(offsets);
    return err;
}

static void begin_answers(struct translation_question *question)
{
    json_decref(question->answers);
    question->answers = json_object();
    question->count = 0;
    question->too_many = false;
    kc_strings_sort(&question->groups);
    for (size_t i = 0; i < question->groups.count; i++) {
        char *name = shown(question->groups.items[i]);
        json_object_set_new(question->answers, name, json_array());
        free(name);
    }
}

static struct kc_error *ask_source(struct translation_question *question)
{
    struct kc_admin *source = NULL;
    struct kc_translate_request *request = NULL;
    struct kc_error *err =
        kc_mirror_admin_new(question->config, KC_MIRROR_SOURCE, "translate-source-admin", &source);
    if (!err) {
        kc_admin_set_timeout(source, READ_MS);
        err = add_matching(question, source);
    }
    if (!err)
        err = kc_translate_request_open(question->config, &request);
    begin_answers(question);
    if (request)
        err = answer_live(question, source, request);
    kc_translate_request_close(request);
    if (source)
        kc_admin_destroy(source);
    return err;
}

/* ---- questions ---- */

/* question: {"groups": [..]} or {"pattern": ".."}, of the right shape. */
static struct kc_error *read_question(struct translation_question *question, const json_t *asked)
{
    const struct kc_map *properties = question->config->properties;
    const char *pattern = json_string_value(json_object_get(asked, "pattern"));
    const json_t *groups = json_object_get(asked, "groups");
    for (size_t i = 0; i < json_array_size(groups); i++) {
        const char *name = json_string_value(json_array_get(groups, i));
        json_object_set_new(question->named, name, json_true());
        add_group(question, name);
    }
    struct kc_error *err =
        kc_name_filter_new(properties, KC_FILTER_TOPICS, &question->topics_filter);
    if (!err)
        err = kc_name_filter_new(properties, KC_FILTER_GROUPS, &question->groups_filter);
    if (!err && pattern) {
        err = kc_regex_new(pattern, &question->pattern);
        if (err)
            err = kc_error_caused(kc_error_new(KC_ERR_BAD_REQUEST,
                                               "The pattern of groups %s is no "
                                               "regular expression: %s",
                                               pattern, kc_error_text(err)),
                                  err);
    }
    return err;
}

/* Takes failure, why the source told nothing or not all. */
static struct kc_error *finish(struct translation_question *question, struct kc_error *failure,
                               json_t **answer)
{
    char *why = failure ? kc_strdup(kc_error_text(failure)) : NULL;
    kc_error_destroy(failure);
    if (why) {
        begin_answers(question);
        for (size_t i = 0; i < question->groups.count; i++)
            kc_checkpoint_store_each(question->checkpoints, question->groups.items[i],
                                     answer_checkpoint, question);
    }
    if (!question->too_many) {
        *answer = json_pack("{s:s, s:s, s:O}", "source", question->config->source, "target",
                            question->config->target, "groups", question->answers);
        if (why)
            json_object_set_new(*answer, "by_checkpoints_alone",
                                kc_group_answer_string(why, strlen(why)));
    }
    free(why);
    return question->too_many ? kc_error_new(KC_ERR_BAD_REQUEST,
                                             "The groups have more than %d offsets: ask for fewer "
                                             "groups at once",
                                             MOST_OFFSETS)
                              : NULL;
}

static void clear(struct translation_question *question)
{
    json_decref(question->named);
    json_decref(question->found);
    kc_strings_destroy(&question->groups);
    kc_regex_destroy(question->pattern);
    kc_name_filter_destroy(question->topics_filter);
    kc_name_filter_destroy(question->groups_filter);
    kc_checkpoint_store_destroy(question->checkpoints);
    json_decref(question->answers);
    free(question->items);
}

struct kc_error *kc_mirror_translate_groups(const struct kc_plugin *plugin,
                                            const struct kc_map *config, const json_t *asked,
                                            json_t **answer)
{
    struct kc_mirror_config *parsed = NULL;
    struct kc_error *err = kc_mirror_config_new(plugin, config, false, &parsed);
    if (err)
        return err;
    struct translation_question question = {.config = parsed,
                                            .named = json_object(),
                                            .found = json_object(),
                                            .checkpoints = kc_checkpoint_store_new()};
    err = read_question(&question, asked);
    if (!err)
        err = read_checkpoints(&question);
    if (!err)
        err = finish(&question, ask_source(&question), answer);
    clear(&question);
    kc_mirror_config_destroy(parsed);
    return err;
}
