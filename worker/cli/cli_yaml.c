/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON as YAML: blocks, two blanks for each level, members in their order. Texts that a reader
 * could take for something else are in double quotes, with JSON's escapes, which YAML has, too.
 * Pure.
 */
#include "cli/cli_print_priv.h"

#include "connect/java_json.h"

#include <ctype.h>
#include <string.h>

static void indent(struct kc_str *out, int level)
{
    for (int i = 0; i < level; i++)
        kc_str_append(out, "  ");
}

/* Words that YAML 1.1 readers take for booleans and null. */
static bool is_reserved(const char *text)
{
    static const char *const words[] = {"true", "false", "yes", "no", "on",
                                        "off",  "null",  "y",   "n",  "none"};
    for (size_t i = 0; i < CLI_COUNT(words); i++)
        if (strcasecmp(text, words[i]) == 0)
            return true;
    return false;
}

/* Begins with a letter, and has letters, digits and a few signs that mean nothing to YAML. */
static bool is_plain(const char *text, size_t len)
{
    if (!len || !isalpha((unsigned char)*text) || is_reserved(text))
        return false;
    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)text[i]) && !strchr("_-./", text[i]))
            return false;
    return true;
}

static void write_text(struct kc_str *out, const char *text, size_t len)
{
    if (is_plain(text, len))
        kc_str_append_n(out, text, len);
    else
        kc_json_write_string(out, text, len);
}

static bool is_block(const json_t *value)
{
    return (json_is_object(value) && json_object_size(value)) ||
           (json_is_array(value) && json_array_size(value));
}

static void write_scalar(struct kc_str *out, const json_t *value)
{
    if (json_is_string(value))
        write_text(out, json_string_value(value), json_string_length(value));
    else
        kc_json_write(out, value, KC_JSON_AS_IS); /* numbers, true, null, [] and {} */
    kc_str_append_char(out, '\n');
}

static void write_block(struct kc_str *out, const json_t *value, int level);

/* What stands behind "key:" or "-". A block behind "-" begins on the same line. */
static void write_value(struct kc_str *out, const json_t *value, int level, bool behind_dash)
{
    if (!is_block(value)) {
        kc_str_append_char(out, ' ');
        write_scalar(out, value);
    } else if (behind_dash) {
        struct kc_str block = {0};
        write_block(&block, value, level);
        kc_str_append_char(out, ' ');
        kc_str_append_n(out, block.data + (size_t)level * 2, block.len - (size_t)level * 2);
        kc_str_destroy(&block);
    } else {
        kc_str_append_char(out, '\n');
        write_block(out, value, level);
    }
}

static void write_block(struct kc_str *out, const json_t *value, int level)
{
    const char *key;
    json_t *member;
    size_t index;
    if (json_is_object(value)) {
        json_object_foreach ((json_t *)value, key, member) {
            indent(out, level);
            write_text(out, key, strlen(key));
            kc_str_append_char(out, ':');
            write_value(out, member, level + 1, false);
        }
    } else {
        json_array_foreach (value, index, member) {
            indent(out, level);
            kc_str_append_char(out, '-');
            write_value(out, member, level + 1, true);
        }
    }
}

void cli_yaml_write(struct kc_str *out, const json_t *value)
{
    if (is_block(value))
        write_block(out, value, 0);
    else
        write_scalar(out, value);
}
