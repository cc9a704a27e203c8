/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Java-style regular expressions on PCRE2: see connect/regex.h.
 *
 * Used by filters, replication policies, topics.regex and RegexRouter, on any thread: compiled
 * patterns are immutable and each match has its own data. Steps and memory of a match are bounded:
 * a pattern that backtracks without end doesn't match, and the log says so, so that it can't stop a
 * worker.
 *
 * As in Java, a list of patterns is one alternation, if PCRE2 can hold it. A longer list is a chain
 * of alternations, behind a table of its plain names.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "connect/regex.h"

#include "config/regex_syntax_priv.h"
#include "connect/log.h"
#include "connect/map.h"

#include <ctype.h>
#include <pcre2.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define MATCH_LIMIT 1000000
#define PATIENCE                                                                                   \
    10 /* how often it gave up; bounds log lines, because a cluster may have thousands of topics   \
        */
#define LATER_LIMIT 10000 /* from then on */
#define DEPTH_LIMIT 10000
#define HEAP_LIMIT  (64 * 1024) /* KiB; deep backtracking through many groups is large */
#define SHOWN_MAX   200         /* bytes of a pattern in a message */

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.runtime.Regex");

struct kc_regex {
    pcre2_code *code; /* NULL: only names */
    pcre2_match_context *limits, *later_limits;
    char *shown;            /* the pattern, for messages */
    atomic_uint given_up;   /* matches */
    struct kc_map *names;   /* plain ones of a long list; NULL: none */
    struct kc_regex *other; /* the rest of a long list */
};

static struct kc_error *pattern_error(const char *why, size_t at, const char *pattern)
{
    bool whole = strlen(pattern) <= SHOWN_MAX;
    return kc_error_new(KC_ERR_CONFIG, "%s near index %zu of pattern '%.*s%s'", why, at, SHOWN_MAX,
                        pattern, whole ? "" : "...");
}

static pcre2_match_context *limits_new(uint32_t steps)
{
    pcre2_match_context *limits = pcre2_match_context_create(NULL);
    if (!limits)
        return NULL;
    pcre2_set_match_limit(limits, steps);
    pcre2_set_depth_limit(limits, DEPTH_LIMIT);
    pcre2_set_heap_limit(limits, HEAP_LIMIT);
    return limits;
}

static struct kc_regex *regex_new(pcre2_code *code, const char *pattern)
{
    struct kc_regex *made = kc_calloc(1, sizeof(*made));
    made->code = code;
    made->shown = kc_strndup(pattern, SHOWN_MAX);
    if (!code)
        return made;
    made->limits = limits_new(MATCH_LIMIT);
    made->later_limits = limits_new(LATER_LIMIT);
    return made;
}

/* *too_large: PCRE2 says that the pattern is too large; divide it. */
static struct kc_error *compile(const char *pattern, bool *too_large, struct kc_regex **regex)
{
    const char *why = NULL;
    size_t offset = 0;
    int number = 0;
    PCRE2_UCHAR reason[160];
    char *translated = kc_regex_translate(pattern, &why, &offset);

    *regex = NULL;
    if (!translated)
        return pattern_error(why, offset, pattern);
    pcre2_code *code =
        pcre2_compile((PCRE2_SPTR)translated, PCRE2_ZERO_TERMINATED,
                      PCRE2_UTF | PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_DOLLAR_ENDONLY,
                      &number, &offset, NULL);
    free(translated);
    *too_large = !code && number == PCRE2_ERROR_PATTERN_TOO_LARGE;
    if (!code) {
        pcre2_get_error_message(number, reason, sizeof(reason));
        return pattern_error((const char *)reason, offset, pattern);
    }
    *regex = regex_new(code, pattern);
    return NULL;
}

struct kc_error *kc_regex_new(const char *pattern, struct kc_regex **regex)
{
    bool too_large = false;
    return compile(pattern, &too_large, regex);
}

void kc_regex_destroy(struct kc_regex *regex)
{
    while (regex) {
        struct kc_regex *other = regex->other;
        pcre2_match_context_free(regex->limits);
        pcre2_match_context_free(regex->later_limits);
        pcre2_code_free(regex->code);
        kc_map_destroy(regex->names);
        free(regex->shown);
        free(regex);
        regex = other;
    }
}

/* Matches the whole of text; the caller frees *data in any case. KC_ERR_DATA: matching was given
 * up. */
static struct kc_error *match(const struct kc_regex *regex, const char *text,
                              pcre2_match_data **data, bool *matched)
{
    PCRE2_UCHAR reason[160];
    bool later = atomic_load(&regex->given_up) >= PATIENCE;

    *data = pcre2_match_data_create_from_pattern(regex->code, NULL);
    int code = *data ? pcre2_match(regex->code, (PCRE2_SPTR)text, strlen(text), 0, 0, *data,
                                   later ? regex->later_limits : regex->limits)
                     : PCRE2_ERROR_NOMEMORY;
    *matched = code > 0;
    if (code != PCRE2_ERROR_MATCHLIMIT && code != PCRE2_ERROR_DEPTHLIMIT &&
        code != PCRE2_ERROR_HEAPLIMIT && code != PCRE2_ERROR_NOMEMORY)
        return NULL;
    pcre2_get_error_message(code, reason, sizeof(reason));
    return kc_error_new(KC_ERR_DATA,
                        "Matching '%.*s' against pattern '%s' was given up: %s. Write the pattern "
                        "without repetitions within repetitions, so that it backtracks less",
                        SHOWN_MAX, text, regex->shown, (const char *)reason);
}

static bool matches_one(const struct kc_regex *regex, const char *text)
{
    pcre2_match_data *data = NULL;
    bool matched = false;

    if (regex->names && kc_map_has(regex->names, text))
        return true;
    if (!regex->code)
        return false;
    struct kc_error *err = match(regex, text, &data, &matched);
    pcre2_match_data_free(data);
    if (err && atomic_fetch_add(&((struct kc_regex *)regex)->given_up, 1) == 0)
        kc_warn("%s. It is taken not to match, as all others that take as long",
                kc_error_text(err));
    kc_error_destroy(err);
    return matched;
}

bool kc_regex_matches(const struct kc_regex *regex, const char *text)
{
    for (; regex; regex = regex->other) {
        if (matches_one(regex, text))
            return true;
    }
    return false;
}

static void append_group(struct kc_str *out, const char *text, pcre2_match_data *data,
                         uint32_t group)
{
    const PCRE2_SIZE *at = pcre2_get_ovector_pointer(data);

    if (group < pcre2_get_ovector_count(data) && at[2 * group] != PCRE2_UNSET)
        kc_str_append_n(out, text + at[2 * group], at[2 * group + 1] - at[2 * group]);
}

/* Matcher.appendReplacement on "$12": as many digits as name a group that exists. Returns what
 * follows. */
static const char *append_numbered(struct kc_str *out, const char *text, pcre2_match_data *data,
                                   const char *digits)
{
    uint32_t count = pcre2_get_ovector_count(data);
    uint32_t group = (uint32_t)(*digits++ - '0');

    while (isdigit((unsigned char)*digits)) {
        uint32_t longer = group * 10 + (uint32_t)(*digits - '0');

        if (longer >= count)
            break;
        group = longer;
        digits++;
    }
    append_group(out, text, data, group);
    return digits;
}

static const char *append_named(const struct kc_regex *regex, struct kc_str *out, const char *text,
                                pcre2_match_data *data, const char *name)
{
    const char *end = strchr(name, '}');

    if (!end)
        return name + strlen(name);
    char *copy = kc_strndup(name, (size_t)(end - name));
    int group = pcre2_substring_number_from_name(regex->code, (PCRE2_SPTR)copy);
    if (group > 0)
        append_group(out, text, data, (uint32_t)group);
    free(copy);
    return end + 1;
}

static char *replaced(const struct kc_regex *regex, const char *text, pcre2_match_data *data,
                      const char *replacement)
{
    struct kc_str out = {0};

    for (const char *at = replacement; *at && out.len <= KC_REGEX_REPLACED_MAX;) {
        if (at[0] == '\\' && at[1]) {
            kc_str_append_char(&out, at[1]);
            at += 2;
        } else if (at[0] == '$' && isdigit((unsigned char)at[1])) {
            at = append_numbered(&out, text, data, at + 1);
        } else if (at[0] == '$' && at[1] == '{') {
            at = append_named(regex, &out, text, data, at + 2);
        } else {
            kc_str_append_char(&out, *at++);
        }
    }
    return kc_str_take(&out);
}

struct kc_error *kc_regex_replace(const struct kc_regex *regex, const char *text,
                                  const char *replacement, char **result)
{
    pcre2_match_data *data = NULL;
    bool matched = false;
    struct kc_error *err = match(regex, text, &data, &matched);

    *result = err || !matched ? NULL : replaced(regex, text, data, replacement);
    pcre2_match_data_free(data);
    if (!*result || strlen(*result) <= KC_REGEX_REPLACED_MAX)
        return err;
    free(*result);
    *result = NULL;
    return kc_error_new(KC_ERR_DATA,
                        "The replacement for what '%s' matches is longer than %d bytes",
                        regex->shown, KC_REGEX_REPLACED_MAX);
}

/* ---- lists ---- */

/* As kc_trimmed(), without a copy. */
static const char *trimmed(const char *text, size_t *len)
{
    *len = strlen(text);
    while (*len && (unsigned char)*text <= ' ')
        text++, --*len;
    while (*len && (unsigned char)text[*len - 1] <= ' ')
        --*len;
    return text;
}

/* Patterns from..to as one alternation. */
static char *join(const struct kc_strings *patterns, size_t from, size_t to)
{
    struct kc_str all = {0};
    size_t len;

    for (size_t i = from; i < to; i++) {
        if (i > from)
            kc_str_append_char(&all, '|');
        const char *text = trimmed(patterns->items[i], &len);
        kc_str_append_n(&all, text, len);
    }
    return kc_str_take(&all);
}

/* Halves a list that is too large, until PCRE2 takes it. */
static struct kc_error *compile_parts(const struct kc_strings *patterns, size_t from, size_t to,
                                      struct kc_regex **regex)
{
    bool too_large = false;
    char *all = join(patterns, from, to);
    struct kc_error *err = compile(all, &too_large, regex);
    free(all);
    if (!too_large || to - from < 2)
        return err;
    kc_error_clear(&err);
    err = compile_parts(patterns, from, from + (to - from) / 2, regex);
    struct kc_regex **end = regex;
    while (!err && *end)
        end = &(*end)->other;
    if (!err)
        err = compile_parts(patterns, from + (to - from) / 2, to, end);
    if (err) {
        kc_regex_destroy(*regex);
        *regex = NULL;
    }
    return err;
}

static bool is_name(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (!isalnum((unsigned char)text[i]) && text[i] != '_' && text[i] != '-')
            return false;
    }
    return len > 0;
}

/* A list that is too large for one alternation. Here each item must be a complete pattern: a group
 * that begins in one item and ends in another is an error. */
static struct kc_error *compile_long(const struct kc_strings *patterns, struct kc_regex **regex)
{
    struct kc_strings others = {0};
    struct kc_error *err = NULL;
    struct kc_regex *made = regex_new(NULL, patterns->items[0]);

    made->names = kc_map_new();
    for (size_t i = 0; i < patterns->count; i++) {
        size_t len;
        const char *text = trimmed(patterns->items[i], &len);
        char *copy = kc_strndup(text, len);
        if (is_name(text, len))
            kc_map_set(made->names, copy, NULL);
        else
            kc_strings_add(&others, copy);
        free(copy);
    }
    if (others.count)
        err = compile_parts(&others, 0, others.count, &made->other);
    kc_strings_destroy(&others);
    if (err)
        kc_regex_destroy(made);
    else
        *regex = made;
    return err;
}

struct kc_error *kc_regex_list_new(const struct kc_strings *patterns, struct kc_regex **regex)
{
    bool too_large = false;
    char *all = join(patterns, 0, patterns->count);
    /* A blank list matches nothing at all; it is not the empty pattern. */
    struct kc_error *err = compile(patterns->count ? all : "(?!)", &too_large, regex);

    free(all);
    if (!too_large || patterns->count < 2)
        return err;
    kc_error_destroy(err);
    return compile_long(patterns, regex);
}
