/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML as people write manifests: blocks of "key: value" and "- item", [lists] on one line, texts
 * plain or in quotes, comments. Anchors, tags, block texts and several documents are refused, with
 * the line, because a manifest that is misread would move the wrong topics. Pure.
 */
#include "cli/cli_input_priv.h"

#include "connect/java_json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_DEPTH = 32 };

struct yaml_line {
    int indent;
    int number; /* in the file */
    char *text; /* without indent and comment */
};

struct yaml {
    const char *source;
    struct yaml_line *lines;
    size_t count;
    size_t at;
    int depth;
    struct kc_error *error;
};

static void fail(struct yaml *yaml, const char *why)
{
    const struct yaml_line *line =
        &yaml->lines[yaml->at < yaml->count ? yaml->at : yaml->count - 1];
    if (!yaml->error)
        yaml->error =
            kc_error_new(KC_ERR_BAD_REQUEST, "%s:%d: %s", yaml->source, line->number, why);
}

/* ---- lines ---- */

/* Where the text ends: before a comment, which follows a blank and stands outside of quotes. */
static size_t text_length(const char *line, size_t len)
{
    char quote = 0;
    size_t end = len;
    for (size_t i = 0; i < len; i++) {
        if (quote == '"' && line[i] == '\\')
            i++;
        else if (quote)
            quote = line[i] == quote ? 0 : quote;
        else if (line[i] == '#' && (i == 0 || line[i - 1] == ' '))
            end = len = i;
        else if ((line[i] == '"' || line[i] == '\'') && (i == 0 || strchr(" [,-", line[i - 1])))
            quote = line[i];
    }
    while (end && strchr(" \t\r", line[end - 1]))
        end--;
    return end;
}

static void split(struct yaml *yaml, const char *text)
{
    int number = 0;
    while (*text) {
        size_t len = strcspn(text, "\n"), indent = strspn(text, " ");
        size_t end = text_length(text, len);
        number++;
        if (end > indent && strncmp(text, "---", 3) != 0) {
            yaml->lines = kc_realloc(yaml->lines, (yaml->count + 1) * sizeof(*yaml->lines));
            yaml->lines[yaml->count++] =
                (struct yaml_line){(int)indent, number, kc_strndup(text + indent, end - indent)};
        }
        text += len + (text[len] == '\n');
    }
}

/* ---- scalars ---- */

static json_t *plain(struct yaml *yaml, const char *text)
{
    char *end = NULL;
    if (strchr("&*!|>%@`{", *text)) {
        fail(yaml, "anchors, tags, block texts and {} with members aren't read here. Write it as "
                   "a plain block, or the whole as JSON");
        return NULL;
    }
    if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
        return json_boolean(*text == 't');
    if (strcmp(text, "null") == 0 || strcmp(text, "~") == 0)
        return json_null();
    errno = 0;
    long long number = strtoll(text, &end, 10);
    return *end || errno ? json_string(text) : json_integer(number);
}

/* 'it''s' */
static json_t *single_quoted(struct yaml *yaml, const char *text)
{
    struct kc_str value = {0};
    const char *at = text + 1;
    for (; *at && (*at != '\'' || at[1] == '\''); at++) {
        at += *at == '\'';
        kc_str_append_char(&value, *at);
    }
    if (!*at || at[1])
        fail(yaml, "a quote isn't closed, or something follows it");
    char *whole = kc_str_take(&value);
    json_t *json = yaml->error ? NULL : json_string(whole);
    free(whole);
    return json;
}

static json_t *scalar(struct yaml *yaml, const char *text)
{
    json_t *json = NULL;
    if (*text == '\'')
        return single_quoted(yaml, text);
    if (*text != '"')
        return strcmp(text, "{}") == 0 ? json_object() : plain(yaml, text);
    struct kc_error *err = kc_json_parse(text, strlen(text), &json);
    if (err)
        fail(yaml, "a text in double quotes isn't closed, or has a wrong escape");
    kc_error_destroy(err);
    return json;
}

/* [a, "b, c"] */
static json_t *flow_list(struct yaml *yaml, const char *text)
{
    json_t *list = json_array();
    size_t len = strlen(text), begin = 1;
    char quote = 0;
    if (text[len - 1] != ']')
        fail(yaml, "a list must end with ] on the same line");
    for (size_t i = 1; i < len && !yaml->error; i++) {
        quote = !quote && (text[i] == '"' || text[i] == '\'') ? text[i]
                : quote == text[i]                            ? 0
                                                              : quote;
        if (quote || (text[i] != ',' && i + 1 < len))
            continue;
        char *part = kc_strndup(text + begin, i - begin);
        char *item = kc_trimmed(part);
        if (*item)
            json_array_append_new(list, scalar(yaml, item));
        else if (i + 1 < len)
            fail(yaml, "an item of the list is empty");
        free(item);
        free(part);
        begin = i + 1;
    }
    return list;
}

static json_t *value_of(struct yaml *yaml, const char *text)
{
    return *text == '[' ? flow_list(yaml, text) : scalar(yaml, text);
}

/* ---- blocks ---- */

static json_t *block(struct yaml *yaml, int indent);

static bool is_item(const struct yaml_line *line)
{
    return line->text[0] == '-' && (line->text[1] == ' ' || !line->text[1]);
}

/* The colon behind the key; NULL: there is no key. */
static const char *key_end(const char *text)
{
    const char *at = text;
    if (*at == '"' || *at == '\'')
        at = strchr(at + 1, *text);
    while (at && (at = strchr(at, ':')) && at[1] && at[1] != ' ')
        at++;
    return at;
}

/* The block below the line that was just read, which is deeper than indent. */
static json_t *nested(struct yaml *yaml, int indent)
{
    if (yaml->at >= yaml->count || yaml->lines[yaml->at].indent <= indent)
        return json_null();
    return block(yaml, yaml->lines[yaml->at].indent);
}

static json_t *list_block(struct yaml *yaml, int indent)
{
    json_t *list = json_array();
    while (!yaml->error && yaml->at < yaml->count && yaml->lines[yaml->at].indent == indent &&
           is_item(&yaml->lines[yaml->at])) {
        struct yaml_line *line = &yaml->lines[yaml->at];
        size_t skip = 1 + strspn(line->text + 1, " ");
        if (!line->text[skip]) {
            yaml->at++;
            json_array_append_new(list, nested(yaml, indent));
        } else if (key_end(line->text + skip) || strncmp(line->text + skip, "- ", 2) == 0) {
            memmove(line->text, line->text + skip, strlen(line->text + skip) + 1);
            line->indent += (int)skip;
            json_array_append_new(list, block(yaml, line->indent));
        } else {
            json_array_append_new(list, value_of(yaml, line->text + skip));
            yaml->at++;
        }
    }
    return list;
}

static void add_member(struct yaml *yaml, json_t *object, int indent)
{
    const struct yaml_line *line = &yaml->lines[yaml->at];
    const char *colon = key_end(line->text);
    if (!colon) {
        fail(yaml, "'key: value' or '- item' is expected");
        return;
    }
    char *name = kc_strndup(line->text, (size_t)(colon - line->text));
    json_t *key = *name == '"' || *name == '\'' ? scalar(yaml, name) : json_string(name);
    const char *rest = colon + 1 + strspn(colon + 1, " "), *text = json_string_value(key);
    json_t *value = NULL;
    if (text && json_object_get(object, text))
        fail(yaml, "the key stands here twice");
    if (*rest)
        value = value_of(yaml, rest);
    yaml->at++;
    if (!*rest) {
        /* A list may stand at the key's own depth. */
        bool here = yaml->at < yaml->count && yaml->lines[yaml->at].indent == indent &&
                    is_item(&yaml->lines[yaml->at]);
        value = here ? list_block(yaml, indent) : nested(yaml, indent);
    }
    json_object_set_new(object, text ? text : "", value);
    json_decref(key);
    free(name);
}

static json_t *block(struct yaml *yaml, int indent)
{
    if (++yaml->depth > MOST_DEPTH)
        fail(yaml, "it is nested too deep");
    json_t *made = NULL;
    if (!yaml->error && is_item(&yaml->lines[yaml->at])) {
        made = list_block(yaml, indent);
    } else {
        made = json_object();
        while (!yaml->error && yaml->at < yaml->count && yaml->lines[yaml->at].indent == indent)
            add_member(yaml, made, indent);
    }
    if (!yaml->error && yaml->at < yaml->count && yaml->lines[yaml->at].indent > indent)
        fail(yaml, "it is indented deeper than the line before");
    yaml->depth--;
    return made;
}

struct kc_error *cli_yaml_parse(const char *text, const char *source, json_t **json)
{
    struct yaml yaml = {.source = source};
    *json = NULL;
    if (strchr(text, '\t'))
        return kc_error_new(KC_ERR_BAD_REQUEST, "%s: YAML is indented by blanks, not by tabs",
                            source);
    split(&yaml, text);
    if (yaml.count)
        *json = block(&yaml, yaml.lines[0].indent);
    if (yaml.count && !yaml.error && yaml.at < yaml.count)
        fail(&yaml, "it is indented less than the first line");
    for (size_t i = 0; i < yaml.count; i++)
        free(yaml.lines[i].text);
    free(yaml.lines);
    if (yaml.error) {
        json_decref(*json);
        *json = NULL;
    } else if (!*json) {
        *json = json_null();
    }
    return yaml.error;
}
