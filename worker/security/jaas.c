/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parser of sasl.jaas.config and of JAAS files, after Java's JaasConfig and ConfigFile: a
 * StreamTokenizer with quoted strings, C escapes in them, slash-slash and slash-star comments, and
 * word characters "-", "_", "$" and the like.
 *
 * Secrets are in here: messages name positions and keys, never values.
 */
#include "security/jaas.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct scanner {
    const char *text;
    size_t at;
};

static void skip_blanks(struct scanner *in)
{
    const char *t = in->text;
    for (;;) {
        if (isspace((unsigned char)t[in->at])) {
            in->at++;
        } else if (t[in->at] == '/' && t[in->at + 1] == '/') {
            in->at += strcspn(t + in->at, "\r\n");
        } else if (t[in->at] == '/' && t[in->at + 1] == '*') {
            const char *end = strstr(t + in->at + 2, "*/");
            in->at = end ? (size_t)(end + 2 - t) : strlen(t);
        } else {
            return;
        }
    }
}

static struct kc_error *malformed(const struct scanner *in, const char *why)
{
    return kc_error_new(
        KC_ERR_CONFIG,
        "Invalid value [hidden] for configuration sasl.jaas.config: %s at character "
        "%zu; it must read: <login module class> required <option>=\"<value>\" ... ;",
        why, in->at + 1);
}

/* One to three octal digits after a backslash, as StreamTokenizer has them. */
static char octal(struct scanner *in)
{
    int value = 0;
    for (int i = 0; i < 3 && in->text[in->at] >= '0' && in->text[in->at] <= '7' && value < 32; i++)
        value = value * 8 + in->text[in->at++] - '0';
    return (char)value;
}

static char escape(struct scanner *in)
{
    static const char names[] = "abfnrtv";
    static const char values[] = "\a\b\f\n\r\t\v";
    char c = in->text[in->at];
    if (c >= '0' && c <= '7')
        return octal(in);
    in->at++;
    const char *name = strchr(names, c);
    return name ? values[name - names] : c;
}

static struct kc_error *quoted(struct scanner *in, char quote, char **token)
{
    struct kc_str out = {0};
    for (in->at++; in->text[in->at] != quote;) {
        char c = in->text[in->at];
        if (!c || c == '\n' || c == '\r') {
            kc_str_destroy(&out);
            return malformed(in, "a quoted text without its end");
        }
        in->at++;
        if (c == '\\' && in->text[in->at])
            c = escape(in);
        kc_str_append_char(&out, c);
    }
    in->at++;
    *token = kc_str_take(&out);
    return NULL;
}

static bool is_word(char c)
{
    return c && !isspace((unsigned char)c) && !strchr("=;{}\"'", c);
}

/* A word or quoted text; *token NULL when the next thing is neither. */
static struct kc_error *next_text(struct scanner *in, char **token)
{
    *token = NULL;
    skip_blanks(in);
    char c = in->text[in->at];
    if (c == '"' || c == '\'')
        return quoted(in, c, token);
    size_t start = in->at;
    while (is_word(in->text[in->at]))
        in->at++;
    if (in->at > start)
        *token = kc_strndup(in->text + start, in->at - start);
    return NULL;
}

static bool next_is(struct scanner *in, char c)
{
    skip_blanks(in);
    if (in->text[in->at] != c)
        return false;
    in->at++;
    return true;
}

static struct kc_error *parse_flag(struct scanner *in)
{
    static const char *const flags[] = {"required", "requisite", "sufficient", "optional"};
    char *flag = NULL;
    struct kc_error *err = next_text(in, &flag);
    bool known = false;
    for (size_t i = 0; flag && i < sizeof(flags) / sizeof(*flags); i++)
        known = known || strcasecmp(flag, flags[i]) == 0;
    free(flag);
    if (!err && !known)
        err = malformed(in, "no flag (required, requisite, sufficient or optional)");
    return err;
}

static struct kc_error *parse_option(struct scanner *in, struct kc_map *options)
{
    char *name = NULL;
    char *value = NULL;
    struct kc_error *err = next_text(in, &name);
    if (!err && !name)
        err = malformed(in, in->text[in->at] ? "an option without a name" : "no ';' at the end");
    if (!err && !next_is(in, '='))
        err = malformed(in, "no '=' after an option's name");
    if (!err)
        err = next_text(in, &value);
    if (!err && !value)
        err = malformed(in, "an option without a value");
    if (!err)
        kc_map_set(options, name, value);
    free(name);
    free(value);
    return err;
}

static struct kc_error *parse_line(struct scanner *in, struct kc_jaas *jaas)
{
    *jaas = (struct kc_jaas){.options = kc_map_new()};
    struct kc_error *err = next_text(in, &jaas->module);
    if (!err && !jaas->module)
        err = malformed(in, "no login module class");
    if (!err)
        err = parse_flag(in);
    while (!err && !next_is(in, ';'))
        err = parse_option(in, jaas->options);
    if (err)
        kc_jaas_clear(jaas);
    return err;
}

struct kc_error *kc_jaas_parse(const char *text, struct kc_jaas *jaas)
{
    struct scanner in = {text, 0};
    struct kc_error *err = parse_line(&in, jaas);
    skip_blanks(&in);
    if (!err && in.text[in.at]) {
        kc_jaas_clear(jaas);
        err = malformed(&in, "more than one login module");
    }
    return err;
}

/* One "name { line ... };": of the wanted name, the first line goes to *jaas, or else the first
 * whose class is module. */
static struct kc_error *parse_entry(struct scanner *in, const char *wanted, const char *module,
                                    struct kc_jaas *jaas)
{
    char *name = NULL;
    struct kc_jaas line = {0};
    struct kc_error *err = next_text(in, &name);
    if (!err && (!name || !next_is(in, '{')))
        err = malformed(in, "no '{' after the name of an entry");
    bool match = name && strcmp(name, wanted) == 0;
    while (!err && !next_is(in, '}')) {
        err = parse_line(in, &line);
        bool better = !err && match &&
                      (!jaas->module || (kc_jaas_is(&line, module) && !kc_jaas_is(jaas, module)));
        if (better) {
            kc_jaas_clear(jaas);
            *jaas = line;
            line = (struct kc_jaas){0};
        }
        kc_jaas_clear(&line);
    }
    if (!err && !next_is(in, ';'))
        err = malformed(in, "no ';' after an entry");
    free(name);
    return err;
}

struct kc_error *kc_jaas_entry(const char *text, const char *name, struct kc_jaas *jaas)
{
    return kc_jaas_entry_for(text, name, "", jaas);
}

struct kc_error *kc_jaas_entry_for(const char *text, const char *name, const char *module,
                                   struct kc_jaas *jaas)
{
    struct scanner in = {text, 0};
    struct kc_error *err = NULL;
    *jaas = (struct kc_jaas){0};
    skip_blanks(&in);
    while (!err && !jaas->module && in.text[in.at]) {
        err = parse_entry(&in, name, module, jaas);
        skip_blanks(&in);
    }
    if (!err && !jaas->module)
        err = kc_error_new(KC_ERR_NOT_FOUND, "it has no entry %s { ... };", name);
    if (err)
        kc_jaas_clear(jaas);
    return err;
}

void kc_jaas_clear(struct kc_jaas *jaas)
{
    free(jaas->module);
    kc_map_destroy(jaas->options);
    *jaas = (struct kc_jaas){0};
}

bool kc_jaas_is(const struct kc_jaas *jaas, const char *name)
{
    const char *dot = strrchr(jaas->module, '.');
    return strcmp(dot ? dot + 1 : jaas->module, name) == 0;
}
