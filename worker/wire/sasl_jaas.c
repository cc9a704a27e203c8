/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sasl.jaas.config: one entry of a JAAS file, `LoginModuleClass controlFlag key=value ...;`, as
 * Java's JaasConfig reads it: values quoted or bare, with Java's escapes inside quotes. Pure
 * functions.
 */
#include "wire/sasl_priv.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct scanner {
    const char *at;
    const char *bad;
};

static char unescape(char c)
{
    switch (c) {
    case 'n':
        return '\n';
    case 't':
        return '\t';
    case 'r':
        return '\r';
    default:
        return c;
    }
}

static void scan_quoted(struct scanner *scan, struct kc_str *token)
{
    char quote = *scan->at++;

    while (*scan->at && *scan->at != quote) {
        char c = *scan->at++;

        if (c == '\\' && *scan->at)
            c = unescape(*scan->at++);
        kc_str_append_char(token, c);
    }
    if (*scan->at)
        scan->at++;
    else
        scan->bad = "a quote is not closed";
}

static bool is_word(char c)
{
    return c && !isspace((unsigned char)c) && c != '=' && c != ';' && c != '"' && c != '\'';
}

/* A word, a quoted string, '=' or ';'; false at the end. */
static bool scan(struct scanner *scan, struct kc_str *token)
{
    kc_str_clear(token);
    while (isspace((unsigned char)*scan->at))
        scan->at++;
    if (!*scan->at)
        return false;
    if (*scan->at == '=' || *scan->at == ';') {
        kc_str_append_char(token, *scan->at++);
    } else if (*scan->at == '"' || *scan->at == '\'') {
        kc_str_append(token, "");
        scan_quoted(scan, token);
    } else {
        while (is_word(*scan->at))
            kc_str_append_char(token, *scan->at++);
    }
    return true;
}

static bool token_is(const struct kc_str *token, const char *text)
{
    return token->len == strlen(text) &&
           memcmp(token->data ? token->data : "", text, token->len) == 0;
}

static void parse_options(struct scanner *in, struct kc_map *options)
{
    struct kc_str token = {0};
    char *key = NULL;

    while (!in->bad) {
        if (!scan(in, &token)) {
            in->bad = "it doesn't end with a semicolon";
            break;
        }
        if (token_is(&token, ";"))
            break;
        free(key);
        key = kc_strndup(token.data ? token.data : "", token.len);
        if (!scan(in, &token) || !token_is(&token, "=")) {
            in->bad = "an option has no = behind its name";
        } else if (!scan(in, &token) || token_is(&token, ";")) {
            in->bad = "an option has no value";
        } else {
            kc_map_set(options, key, token.data ? token.data : "");
        }
    }
    free(key);
    kc_str_destroy(&token);
}

static bool is_flag(const struct kc_str *token)
{
    static const char *const flags[] = {"required", "requisite", "sufficient", "optional"};

    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        if (token->data && strcasecmp(token->data, flags[i]) == 0)
            return true;
    }
    return false;
}

struct kc_error *wire_jaas_parse(const char *text, struct kc_map **out)
{
    struct scanner in = {text, NULL};
    struct kc_map *options = kc_map_new();
    struct kc_str token = {0};

    *out = NULL;
    if (!scan(&in, &token) || !is_word(*(token.data ? token.data : "")))
        in.bad = "it doesn't begin with a login module";
    else
        kc_map_set(options, "", token.data);
    if (!in.bad && (!scan(&in, &token) || !is_flag(&token)))
        in.bad = "the login module isn't followed by a control flag such as required";
    if (!in.bad)
        parse_options(&in, options);
    kc_str_destroy(&token);
    if (in.bad) {
        kc_map_destroy(options);
        return kc_error_new(KC_ERR_CONFIG,
                            "sasl.jaas.config can't be read: %s. It is written as: "
                            "org.apache.kafka...LoginModule required key=\"value\";",
                            in.bad);
    }
    *out = options;
    return NULL;
}

struct kc_error *wire_jaas_options(const struct kc_map *settings, struct kc_map **options)
{
    const char *text = kc_map_get(settings, "sasl.jaas.config");

    *options = NULL;
    if (!text || !*text)
        return kc_error_new(KC_ERR_CONFIG,
                            "sasl.jaas.config is needed for security.protocol=%s with "
                            "sasl.mechanism=%s",
                            kc_map_get_or(settings, "security.protocol", "SASL_PLAINTEXT"),
                            kc_map_get_or(settings, "sasl.mechanism", "GSSAPI"));
    return wire_jaas_parse(text, options);
}
