/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies of requests: see link_ask_priv.h. */
#include "link/link_ask_priv.h"

#include "connect/map.h"
#include "connect/regex.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_BYTES    249   /* Topic.MAX_NAME_LENGTH */
#define GROUP_MAX_BYTES   32767 /* a string of the protocol */
#define PATTERN_MAX_BYTES 4096
#define PAUSE_MAX_MS      ((int64_t)24 * 3600 * 1000)

#define REFUSE(...) return kc_error_new(KC_ERR_BAD_REQUEST, __VA_ARGS__)

/* ---- values ---- */

static const char *kind_of(const json_t *value)
{
    static const char *const kinds[] = {"an object", "an array", "a string", "a number",
                                        "a number",  "true",     "false",    "null"};
    return value ? kinds[json_typeof(value)] : "missing";
}

static struct kc_error *take_text(const json_t *value, const char *what, size_t max,
                                  const char **text)
{
    if (!json_is_string(value))
        REFUSE("%s: must be a string, but it is %s", what, kind_of(value));
    size_t len = json_string_length(value);
    if (len == 0)
        REFUSE("%s: must not be empty", what);
    if (len > max)
        REFUSE("%s: has %zu bytes; at most %zu are allowed", what, len, max);
    if (strlen(json_string_value(value)) != len)
        REFUSE("%s: has a zero byte in it", what);
    *text = json_string_value(value);
    return NULL;
}

struct kc_error *link_ask_topic_name(const json_t *value, const char *what, const char **name)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    struct kc_error *err = take_text(value, what, NAME_MAX_BYTES, name);
    if (err)
        return err;
    if (strcmp(*name, ".") == 0 || strcmp(*name, "..") == 0)
        REFUSE("%s: a topic can't be called %s", what, *name);
    if ((*name)[strspn(*name, allowed)])
        REFUSE("%s: %s is no topic's name: it may have letters, digits, dots, dashes and "
               "underscores only",
               what, *name);
    return NULL;
}

struct kc_error *link_ask_group_name(const json_t *value, const char *what, const char **name)
{
    return take_text(value, what, GROUP_MAX_BYTES, name);
}

static struct kc_error *take_bool(const json_t *value, const char *what, bool *flag)
{
    if (!json_is_boolean(value))
        REFUSE("%s: must be true or false, but it is %s", what, kind_of(value));
    *flag = json_is_true(value);
    return NULL;
}

struct kc_error *link_ask_pause(const json_t *value, const char *what, int64_t *ms)
{
    if (!json_is_integer(value))
        REFUSE("%s: must be a whole number of milliseconds, but it is %s", what,
               json_is_real(value) ? "a fraction" : kind_of(value));
    *ms = json_integer_value(value);
    if (*ms < 0 || *ms > PAUSE_MAX_MS)
        REFUSE("%s: must lie between 0 (no limit) and %lld", what, (long long)PAUSE_MAX_MS);
    return NULL;
}

/* ---- the body ---- */

/* What a kind of request has. NULL: it hasn't. */
struct ask_fields {
    const char *names;
    const char *pattern;
    struct kc_error *(*name)(const json_t *value, const char *what, const char **name);
    bool force;
    bool max_pause;
    bool back;
};

static const struct ask_fields fields_of[] = {
    [LINK_ASK_NEW_TOPICS] = {"mirror_topic_names", NULL, link_ask_topic_name, false, false, false},
    [LINK_ASK_TOPICS] = {"mirror_topic_names", "mirror_topic_name_pattern", link_ask_topic_name,
                         true, true, false},
    [LINK_ASK_BACK] = {"mirror_topic_names", "mirror_topic_name_pattern", link_ask_topic_name, true,
                       false, true},
    [LINK_ASK_NEW_GROUPS] = {"group_ids", NULL, link_ask_group_name, false, false, false},
    [LINK_ASK_WAVES] = {"wave_names", NULL, link_ask_topic_name, true, false, false},
    [LINK_ASK_TASKS] = {"task_names", NULL, link_ask_topic_name, false, false, false},
    [LINK_ASK_GROUPS] = {"group_ids", "group_id_pattern", link_ask_group_name, true, false, false},
};

/* Each name once, in the order of the list. */
static void add_distinct(struct kc_strings *names, const struct kc_map *seen)
{
    kc_map_foreach (seen, entry)
        kc_strings_add(names, entry->key);
}

static struct kc_error *take_name(const json_t *value, const struct ask_fields *fields,
                                  size_t index, struct kc_map *seen)
{
    const char *name = NULL;
    char *what = kc_asprintf("%s[%zu]", fields->names, index);
    struct kc_error *err = fields->name(value, what, &name);
    if (!err)
        kc_map_set(seen, name, NULL);
    free(what);
    return err;
}

static struct kc_error *take_names(const json_t *value, const struct ask_fields *fields,
                                   struct kc_strings *names)
{
    size_t count = json_array_size(value);
    if (!json_is_array(value))
        REFUSE("%s: must be an array of strings, but it is %s", fields->names, kind_of(value));
    if (count == 0)
        REFUSE("%s: must name at least one", fields->names);
    if (count > LINK_ASK_MAX_NAMES)
        REFUSE("%s: has %zu names; a request may have %d: ask several times", fields->names, count,
               LINK_ASK_MAX_NAMES);
    struct kc_error *err = NULL;
    struct kc_map *seen = kc_map_new();
    for (size_t i = 0; i < count && !err; i++)
        err = take_name(json_array_get(value, i), fields, i, seen);
    if (!err)
        add_distinct(names, seen);
    kc_map_destroy(seen);
    return err;
}

static struct kc_error *take_pattern(const json_t *value, const char *what, char **pattern)
{
    const char *text = NULL;
    struct kc_regex *regex = NULL;
    struct kc_error *err = take_text(value, what, PATTERN_MAX_BYTES, &text);
    if (err)
        return err;
    err = kc_regex_new(text, &regex);
    kc_regex_destroy(regex);
    if (err) {
        struct kc_error *named = kc_error_new(
            KC_ERR_BAD_REQUEST, "%s: is no regular expression: %s", what, kc_error_text(err));
        kc_error_destroy(err);
        return named;
    }
    *pattern = kc_strdup(text);
    return NULL;
}

static bool is_field(const char *field, const char *key)
{
    return field && strcmp(field, key) == 0;
}

static struct kc_error *take_field(const struct ask_fields *fields, const char *key,
                                   const json_t *value, struct link_ask *ask)
{
    if (is_field(fields->names, key))
        return take_names(value, fields, &ask->names);
    if (is_field(fields->pattern, key))
        return take_pattern(value, key, &ask->pattern);
    if (is_field("dry_run", key) || is_field("validate_only", key))
        return take_bool(value, key, &ask->dry_run);
    if (fields->force && is_field("force", key))
        return take_bool(value, key, &ask->force);
    if (fields->max_pause && is_field("max_pause_ms", key))
        return link_ask_pause(value, key, &ask->max_pause_ms);
    if (fields->back && is_field("link_back_follows", key))
        return take_bool(value, key, &ask->link_back_follows);
    REFUSE("%s: this request has no such field. It has %s%s%s, dry_run%s%s%s", key, fields->names,
           fields->pattern ? ", " : "", fields->pattern ? fields->pattern : "",
           fields->force ? ", force" : "", fields->max_pause ? ", max_pause_ms" : "",
           fields->back ? ", link_back_follows" : "");
}

/* Names or a pattern, one of both. */
static struct kc_error *check_whole(const struct ask_fields *fields, const struct link_ask *ask)
{
    if (ask->names.count && ask->pattern)
        REFUSE("%s: must not stand beside %s; give one of both", fields->pattern, fields->names);
    if (!ask->names.count && !ask->pattern)
        REFUSE("%s: is missing%s%s", fields->names, fields->pattern ? ", and so is " : "",
               fields->pattern ? fields->pattern : "");
    return NULL;
}

struct kc_error *link_ask_parse(const json_t *body, enum link_ask_kind kind, struct link_ask *ask)
{
    const struct ask_fields *fields = &fields_of[kind];
    struct kc_error *err = NULL;
    const char *key = NULL;
    json_t *value = NULL;
    *ask = (struct link_ask){0};
    if (!body)
        REFUSE("The request has no body; it must be an object with %s", fields->names);
    if (!json_is_object(body))
        REFUSE("The body must be an object with %s, but it is %s", fields->names, kind_of(body));
    json_object_foreach ((json_t *)body, key, value) {
        err = take_field(fields, key, value, ask);
        if (err)
            break;
    }
    if (!err)
        err = check_whole(fields, ask);
    if (err)
        link_ask_clear(ask);
    return err;
}

void link_ask_clear(struct link_ask *ask)
{
    kc_strings_destroy(&ask->names);
    free(ask->pattern);
    *ask = (struct link_ask){0};
}

/* ---- patterns and queries ---- */

struct kc_error *link_ask_match(const char *pattern, const struct kc_strings *known,
                                struct kc_strings *names)
{
    struct kc_regex *regex = NULL;
    struct kc_error *err = kc_regex_new(pattern, &regex);
    if (err)
        return kc_error_caused(kc_error_new(KC_ERR_BAD_REQUEST, "%s", kc_error_text(err)), err);
    for (size_t i = 0; i < known->count; i++)
        if (kc_regex_matches(regex, known->items[i]))
            kc_strings_add(names, known->items[i]);
    kc_regex_destroy(regex);
    return NULL;
}

struct kc_error *link_ask_number(const char *text, const char *name, int64_t max, int64_t *number)
{
    char *end = NULL;
    if (!text)
        REFUSE("%s: is missing in the query", name);
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (!*text || *end || errno || *text == '+' || *text == ' ')
        REFUSE("%s: must be a whole number, but it is \"%s\"", name, text);
    if (value < 0 || value > max)
        REFUSE("%s: must lie between 0 and %lld", name, (long long)max);
    *number = value;
    return NULL;
}
