/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RegexRouter and TimestampRouter: transforms that change the topic only.
 *
 * Called by the task's chain of transforms, on the task's thread.
 */
#include "connect/regex.h"
#include "transforms/transform_priv.h"
#include "values/date_format.h"

#include <stdlib.h>
#include <string.h>

/* ---- RegexRouter ---- */

struct regex_router {
    struct kc_regex *regex;
    char *replacement;
};

static const struct kc_config_key regex_keys[] = {
    TRANSFORM_KEY("regex", STRING, kc_config_required, kc_config_is_regex, HIGH,
                  "A Java regular expression; topics that match it as a whole are renamed."),
    TRANSFORM_KEY("replacement", STRING, kc_config_required, NULL, HIGH,
                  "The new name; $1, ${name} stand for what the expression's groups matched."),
};

static void destroy_regex(void *object)
{
    struct regex_router *router = object;
    if (!router)
        return;
    kc_regex_destroy(router->regex);
    free(router->replacement);
    free(router);
}

/* How many capturing groups pattern has. */
static int count_groups(const char *pattern)
{
    int count = 0;
    bool in_class = false;
    for (const char *c = pattern; *c; c++) {
        if (*c == '\\' && c[1])
            c++;
        else if (*c == '[' || *c == ']')
            in_class = *c == '[';
        else if (*c == '(' && !in_class)
            count += c[1] != '?' || (c[2] == '<' && c[3] != '=' && c[3] != '!');
    }
    return count;
}

static bool has_group(const char *pattern, const char *name, size_t len)
{
    char *group = kc_asprintf("(?<%.*s>", (int)len, name);
    bool found = strstr(pattern, group) != NULL;
    free(group);
    return found;
}

/* The fault of the reference at dollar; NULL: none. */
static const char *check_reference(const char *pattern, const char *dollar)
{
    const char *name = dollar + 2;
    size_t len = dollar[1] == '{' ? strcspn(name, "}") : 0;
    if (dollar[1] >= '0' && dollar[1] <= '9')
        return dollar[1] - '0' > count_groups(pattern) ? "it refers to a group that the regex lacks"
                                                       : NULL;
    if (dollar[1] != '{' || !name[len])
        return "Illegal group reference";
    return has_group(pattern, name, len) ? NULL : "it refers to a named group that the regex lacks";
}

/* Java finds a reference to nothing only when the first topic matches. A connector that doesn't
 * start is better than records in a topic with a hole in its name. */
static struct kc_error *check_replacement(const char *pattern, const char *replacement)
{
    const char *why = NULL;
    for (const char *c = replacement; *c && !why; c++) {
        if (*c == '$')
            why = check_reference(pattern, c);
        else if (*c == '\\' && !*++c)
            return kc_config_invalid("replacement", replacement,
                                     "character to be escaped is missing");
    }
    return why ? kc_config_invalid("replacement", replacement, why) : NULL;
}

static struct kc_error *create_regex(const struct kc_map *config, void **object)
{
    struct kc_config *parsed = NULL;
    struct kc_error *err = kc_transform_config(regex_keys, 2, config, &parsed);
    if (err)
        return err;
    struct regex_router *router = kc_calloc(1, sizeof(*router));
    router->replacement = kc_strdup(kc_config_string(parsed, "replacement"));
    err = check_replacement(kc_config_string(parsed, "regex"), router->replacement);
    if (!err)
        err = kc_regex_new(kc_config_string(parsed, "regex"), &router->regex);
    kc_config_destroy(parsed);
    if (err) {
        destroy_regex(router);
        return err;
    }
    *object = router;
    return NULL;
}

static struct kc_error *apply_regex(void *object, struct kc_batch *batch, struct kc_record *record,
                                    bool *keep)
{
    const struct regex_router *router = object;
    char *topic = NULL;
    struct kc_error *err =
        kc_regex_replace(router->regex, record->topic, router->replacement, &topic);
    *keep = true;
    if (topic)
        record->topic = kc_batch_dup(batch, topic, strlen(topic) + 1);
    free(topic);
    return err;
}

static const struct kc_transform_ops regex_ops = {create_regex, destroy_regex, apply_regex};
TRANSFORM_PLUGIN(kc_regex_router, "RegexRouter", regex_keys, 2, &regex_ops, .topic_only = true);

/* ---- TimestampRouter ---- */

struct timestamp_router {
    struct kc_date_format *format;
    char *topic_format;
};

static const struct kc_config_key timestamp_keys[] = {
    TRANSFORM_KEY("topic.format", STRING, "${topic}-${timestamp}", NULL, HIGH,
                  "The new name of the topic, in which <code>${topic}</code> and "
                  "<code>${timestamp}</code> stand for the old one and the record's timestamp."),
    TRANSFORM_KEY("timestamp.format", STRING, "yyyyMMdd", NULL, HIGH,
                  "How the timestamp is written, as <code>java.text.SimpleDateFormat</code> "
                  "patterns go."),
};

static void destroy_timestamp(void *object)
{
    struct timestamp_router *router = object;
    if (!router)
        return;
    kc_date_format_destroy(router->format);
    free(router->topic_format);
    free(router);
}

static struct kc_error *create_timestamp(const struct kc_map *config, void **object)
{
    struct kc_config *parsed = NULL;
    struct kc_error *err = kc_transform_config(timestamp_keys, 2, config, &parsed);
    if (err)
        return err;
    struct timestamp_router *router = kc_calloc(1, sizeof(*router));
    router->topic_format = kc_strdup(kc_config_string(parsed, "topic.format"));
    err = kc_date_format_new(kc_config_string(parsed, "timestamp.format"), &router->format);
    kc_config_destroy(parsed);
    if (err) {
        destroy_timestamp(router);
        return kc_error_prefix(err, "timestamp.format");
    }
    *object = router;
    return NULL;
}

/* Appends text with each placeholder replaced by value. */
static void substitute(struct kc_str *out, const char *text, const char *placeholder,
                       const char *value)
{
    size_t len = strlen(placeholder);
    for (const char *found; (found = strstr(text, placeholder)); text = found + len) {
        kc_str_append_n(out, text, (size_t)(found - text));
        kc_str_append(out, value);
    }
    kc_str_append(out, text);
}

static struct kc_error *apply_timestamp(void *object, struct kc_batch *batch,
                                        struct kc_record *record, bool *keep)
{
    const struct timestamp_router *router = object;
    *keep = true;
    if (record->timestamp == KC_NO_TIMESTAMP)
        return kc_error_new(KC_ERR_DATA,
                            "Timestamp missing on record: topic='%s', kafkaPartition=%d",
                            record->topic, (int)record->partition);
    struct kc_str timestamp = {0};
    struct kc_str half = {0};
    struct kc_str topic = {0};
    kc_date_format_print(router->format, record->timestamp, &timestamp);
    substitute(&half, router->topic_format, "${topic}", record->topic);
    substitute(&topic, half.data ? half.data : "", "${timestamp}",
               timestamp.data ? timestamp.data : "");
    record->topic = kc_batch_dup(batch, topic.data, topic.len + 1);
    kc_str_destroy(&timestamp);
    kc_str_destroy(&half);
    kc_str_destroy(&topic);
    return NULL;
}

static const struct kc_transform_ops timestamp_ops = {create_timestamp, destroy_timestamp,
                                                      apply_timestamp};
TRANSFORM_PLUGIN(kc_timestamp_router, "TimestampRouter", timestamp_keys, 2, &timestamp_ops);
