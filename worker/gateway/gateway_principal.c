/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules from distinguished names to names, as
 * org.apache.kafka.common.security.ssl.SslPrincipalMapper has them. See gateway_principal_priv.h.
 */
#include "gateway/gateway_principal_priv.h"

#include "connect/regex.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct principal_rule {
    struct kc_regex *pattern; /* NULL: DEFAULT */
    char *replacement;
    char letters; /* 'L': to lower case, 'U': to upper case, 0: as they are */
};

struct gateway_principals {
    struct principal_rule *rules;
    size_t count;
};

void gateway_principals_destroy(struct gateway_principals *principals)
{
    if (!principals)
        return;
    for (size_t i = 0; i < principals->count; i++) {
        kc_regex_destroy(principals->rules[i].pattern);
        free(principals->rules[i].replacement);
    }
    free(principals->rules);
    free(principals);
}

/* ---- reading rules ---- */

static struct kc_error *wrong(const char *at, const char *why)
{
    return kc_error_new(
        KC_ERR_CONFIG,
        "Invalid value for configuration ssl.principal.mapping.rules, at \"%.60s\": "
        "%s. A rule is DEFAULT or RULE:pattern/replacement/ with an L or U behind "
        "it, and rules have commas between them",
        at, why);
}

/* The text up to the next slash that has no backslash before it; *at goes behind the slash. NULL:
 * there is none. */
static char *take_part(const char **at)
{
    const char *begin = *at;
    for (const char *p = begin; *p; p++) {
        if (*p == '\\' && p[1]) {
            p++;
        } else if (*p == '/') {
            *at = p + 1;
            return kc_strndup(begin, (size_t)(p - begin));
        }
    }
    return NULL;
}

static struct kc_error *take_pattern(const char **at, struct principal_rule *rule)
{
    const char *begin = *at;
    *at += strlen("RULE:");
    char *pattern = take_part(at);
    if (!pattern)
        return wrong(begin, "no slash ends the pattern");
    rule->replacement = take_part(at);
    struct kc_error *err = rule->replacement ? kc_regex_new(pattern, &rule->pattern)
                                             : wrong(begin, "no slash ends the replacement");
    free(pattern);
    if (**at == 'L' || **at == 'U')
        rule->letters = *(*at)++;
    return err;
}

static struct kc_error *take_rule(struct gateway_principals *principals, const char **at)
{
    const char *begin = *at;
    principals->rules =
        kc_realloc(principals->rules, (principals->count + 1) * sizeof(*principals->rules));
    struct principal_rule *rule = &principals->rules[principals->count++];
    *rule = (struct principal_rule){0};
    if (strncmp(begin, "DEFAULT", strlen("DEFAULT")) == 0) {
        *at += strlen("DEFAULT");
    } else if (strncmp(begin, "RULE:", strlen("RULE:")) == 0) {
        struct kc_error *err = take_pattern(at, rule);
        if (err)
            return err;
    } else {
        return wrong(begin, "it begins with neither DEFAULT nor RULE:");
    }
    *at += strspn(*at, " \t");
    return **at && **at != ',' ? wrong(begin, "a comma has to follow the rule") : NULL;
}

struct kc_error *gateway_principals_new(const char *rules, struct gateway_principals **out)
{
    struct kc_error *err = NULL;
    struct gateway_principals *principals = kc_calloc(1, sizeof(*principals));
    const char *at = rules && rules[strspn(rules, ", \t")] ? rules : "DEFAULT";
    while (!err && at[strspn(at, ", \t")]) {
        at += strspn(at, ", \t");
        err = take_rule(principals, &at);
    }
    if (err) {
        gateway_principals_destroy(principals);
        principals = NULL;
    }
    *out = principals;
    return err;
}

/* ---- names ---- */

static void set_letters(char *name, char letters)
{
    for (char *p = name; letters && *p; p++)
        *p = (char)(letters == 'L' ? tolower((unsigned char)*p) : toupper((unsigned char)*p));
}

struct kc_error *gateway_principals_name(const struct gateway_principals *principals,
                                         const char *distinguished, char **name)
{
    *name = NULL;
    for (size_t i = 0; i < principals->count; i++) {
        const struct principal_rule *rule = &principals->rules[i];
        if (!rule->pattern) {
            *name = kc_strdup(distinguished);
            return NULL;
        }
        struct kc_error *err =
            kc_regex_replace(rule->pattern, distinguished, rule->replacement, name);
        if (err)
            return err;
        if (*name) {
            set_letters(*name, rule->letters);
            return NULL;
        }
    }
    return kc_error_new(KC_ERR_UNAUTHORIZED,
                        "no rule of ssl.principal.mapping.rules matches the certificate's name %s",
                        distinguished);
}
