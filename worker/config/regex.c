/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Java-style regular expressions on PCRE2: see connect/regex.h.
 *
 * Used by filters, replication policies, topics.regex and RegexRouter, on any thread: compiled
 * patterns are immutable and each match has its own data. Matching is bounded: a pattern that
 * backtracks without end doesn't match, rather than stopping a worker.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "connect/regex.h"

#include "config/regex_syntax.h"

#include <ctype.h>
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#define MATCH_LIMIT 1000000
#define DEPTH_LIMIT 10000

struct kc_regex {
    pcre2_code *code;
    pcre2_match_context *limits;
};

static struct kc_error *pattern_error(const char *why, size_t at, const char *pattern)
{
    return kc_error_new(KC_ERR_CONFIG, "%s near index %zu of pattern '%s'", why, at, pattern);
}

struct kc_error *kc_regex_new(const char *pattern, struct kc_regex **regex)
{
    const char *why = NULL;
    size_t offset = 0;
    int number = 0;
    PCRE2_UCHAR reason[160];
    struct kc_regex *made;
    pcre2_code *code;
    char *translated = kc_regex_translate(pattern, &why, &offset);

    *regex = NULL;
    if (!translated)
        return pattern_error(why, offset, pattern);
    code = pcre2_compile((PCRE2_SPTR)translated, PCRE2_ZERO_TERMINATED,
                         PCRE2_UTF | PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_DOLLAR_ENDONLY,
                         &number, &offset, NULL);
    free(translated);
    if (!code) {
        pcre2_get_error_message(number, reason, sizeof(reason));
        return pattern_error((const char *)reason, offset, pattern);
    }
    made = kc_calloc(1, sizeof(*made));
    made->code = code;
    made->limits = pcre2_match_context_create(NULL);
    pcre2_set_match_limit(made->limits, MATCH_LIMIT);
    pcre2_set_depth_limit(made->limits, DEPTH_LIMIT);
    *regex = made;
    return NULL;
}

void kc_regex_destroy(struct kc_regex *regex)
{
    if (!regex)
        return;
    pcre2_match_context_free(regex->limits);
    pcre2_code_free(regex->code);
    free(regex);
}

/* Matches the whole of text; *data is to be freed by the caller in any case. */
static bool match(const struct kc_regex *regex, const char *text, pcre2_match_data **data)
{
    *data = pcre2_match_data_create_from_pattern(regex->code, NULL);
    return *data &&
           pcre2_match(regex->code, (PCRE2_SPTR)text, strlen(text), 0, 0, *data, regex->limits) > 0;
}

bool kc_regex_matches(const struct kc_regex *regex, const char *text)
{
    pcre2_match_data *data = NULL;
    bool matched = match(regex, text, &data);

    pcre2_match_data_free(data);
    return matched;
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
    char *copy;
    int group;

    if (!end)
        return name + strlen(name);
    copy = kc_strndup(name, (size_t)(end - name));
    group = pcre2_substring_number_from_name(regex->code, (PCRE2_SPTR)copy);
    if (group > 0)
        append_group(out, text, data, (uint32_t)group);
    free(copy);
    return end + 1;
}

char *kc_regex_replace(const struct kc_regex *regex, const char *text, const char *replacement)
{
    pcre2_match_data *data = NULL;
    struct kc_str out = {0};

    if (!match(regex, text, &data)) {
        pcre2_match_data_free(data);
        return NULL;
    }
    for (const char *at = replacement; *at;) {
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
    pcre2_match_data_free(data);
    return kc_str_take(&out);
}

struct kc_error *kc_regex_list_new(const struct kc_strings *patterns, struct kc_regex **regex)
{
    struct kc_str all = {0};
    struct kc_error *err;

    for (size_t i = 0; i < patterns->count; i++) {
        const char *from = patterns->items[i];
        const char *to = from + strlen(from);

        while (*from && (unsigned char)*from <= ' ')
            from++;
        while (to > from && (unsigned char)to[-1] <= ' ')
            to--;
        if (i)
            kc_str_append_char(&all, '|');
        kc_str_append_n(&all, from, (size_t)(to - from));
    }
    /* A blank list is not the empty pattern: it matches nothing at all. */
    err = kc_regex_new(all.data ? all.data : "(?!)", regex);
    kc_str_destroy(&all);
    return err;
}
