/* SPDX-License-Identifier: Apache-2.0 */
/* Java-style regular expressions (java.util.regex) on PCRE2. A compiled one may be used by any
 * thread. */
#ifndef CONNECT_REGEX_H
#define CONNECT_REGEX_H

#include "connect/mem.h"

KC_API_BEGIN

struct kc_regex;

/* KC_ERR_CONFIG names the pattern, the place and the reason. */
struct kc_error *kc_regex_new(const char *pattern, struct kc_regex **regex) KC_MUST_CHECK;
void kc_regex_destroy(struct kc_regex *regex);

/* Pattern.matches: the whole text must match. A pattern that backtracks too much, or takes too much
 * memory, doesn't match; the log says so once. */
bool kc_regex_matches(const struct kc_regex *regex, const char *text);

/* Matcher.replaceFirst on a full match, with Java's $1, ${name} and backslash escapes; NULL when
 * text doesn't match as a whole. Owned by the caller. KC_ERR_DATA: matching was given up, or the
 * result is longer than any name in Kafka's protocol. Not for lists. */
#define KC_REGEX_REPLACED_MAX 32767
struct kc_error *kc_regex_replace(const struct kc_regex *regex, const char *text,
                                  const char *replacement, char **result) KC_MUST_CHECK;

/* MirrorUtils.compilePatternList: a CSV of names and patterns, one alternation; "" matches nothing.
 */
struct kc_error *kc_regex_list_new(const struct kc_strings *patterns,
                                   struct kc_regex **regex) KC_MUST_CHECK;

KC_API_END

#endif
