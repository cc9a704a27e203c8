/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Translates what java.util.regex and PCRE2 spell differently: \p{Alpha} and its kin, \uXXXX, flags
 * of Unicode, a brace that repeats nothing, classes within classes.
 *
 * Called by kc_regex_new(); pure. Everything else is passed on as it stands, and PCRE2 judges it.
 * Union and intersection of character classes ([a[bc]], [a-z&&[^b]]) have no counterpart. They are
 * refused, so that they don't mean something else.
 */
#include "config/regex_syntax_priv.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct translation {
    const char *start;
    const char *at;
    bool in_class;
    struct kc_str out;
    const char *why;
};

static void copy(struct translation *t, size_t count)
{
    kc_str_append_n(&t->out, t->at, count);
    t->at += count;
}

/* \p{Name} of POSIX, ASCII only as in Java. False: not one of them. */
static bool posix_class(struct translation *t)
{
    static const char *const names[] = {"Lower", "Upper",  "ASCII", "Alpha", "Digit",
                                        "Alnum", "Punct",  "Graph", "Print", "Blank",
                                        "Cntrl", "XDigit", "Space"};
    const char *name = t->at + 3;

    for (size_t i = 0; t->at[2] == '{' && i < sizeof(names) / sizeof(names[0]); i++) {
        size_t len = strlen(names[i]);

        if (strncmp(name, names[i], len) != 0 || name[len] != '}')
            continue;
        kc_str_append(&t->out, t->in_class ? "[:" : "[[:");
        if (t->at[1] == 'P')
            kc_str_append_char(&t->out, '^');
        for (size_t j = 0; j < len; j++)
            kc_str_append_char(&t->out, (char)tolower((unsigned char)names[i][j]));
        kc_str_append(&t->out, t->in_class ? ":]" : ":]]");
        t->at = name + len + 1;
        return true;
    }
    return false;
}

/* Backslash, u and exactly four hexadecimal digits. */
static bool code_unit(const char *at, unsigned *code)
{
    char digits[5] = "";

    if (at[0] != '\\' || at[1] != 'u')
        return false;
    for (size_t i = 0; i < 4; i++) {
        digits[i] = at[i + 2];
        if (!isxdigit((unsigned char)digits[i]))
            return false;
    }
    *code = (unsigned)strtoul(digits, NULL, 16);
    return true;
}

/* \uXXXX, or two of them for a character beyond the BMP. */
static void unicode_escape(struct translation *t)
{
    unsigned code = 0;
    unsigned low = 0;

    if (!code_unit(t->at, &code)) {
        t->why = "Illegal Unicode escape sequence";
        return;
    }
    t->at += 6;
    if (code >= 0xD800 && code <= 0xDBFF && code_unit(t->at, &low) && low >= 0xDC00 &&
        low <= 0xDFFF) {
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        t->at += 6;
    }
    kc_str_appendf(&t->out, "\\x{%x}", code);
}

static void escape(struct translation *t)
{
    const char *end;

    if (tolower((unsigned char)t->at[1]) == 'p' && posix_class(t))
        return;
    switch (t->at[1]) {
    case '\0':
        t->why = "Unexpected internal error: a backslash at the end";
        break;
    case 'Q':
        end = strstr(t->at, "\\E");
        copy(t, end ? (size_t)(end + 2 - t->at) : strlen(t->at));
        break;
    case 'u':
        unicode_escape(t);
        break;
    case 'p':
    case 'P':
    case 'x':
        end = t->at[2] == '{' ? strchr(t->at, '}') : NULL;
        copy(t, end ? (size_t)(end + 1 - t->at) : 2);
        break;
    default:
        copy(t, 2);
    }
}

static void class_char(struct translation *t)
{
    if (t->at[0] == '[' || (t->at[0] == '&' && t->at[1] == '&')) {
        t->why = "Union and intersection of character classes are not supported; write them as "
                 "alternatives or with a lookahead";
        return;
    }
    if (t->at[0] == ']')
        t->in_class = false;
    copy(t, 1);
}

static void class_start(struct translation *t)
{
    t->in_class = true;
    copy(t, 1);
    if (*t->at == '^')
        copy(t, 1);
    if (*t->at == ']')
        copy(t, 1);
}

/* {n}, {n,} or {n,m}; anything else Java calls an illegal repetition. */
static void repetition(struct translation *t)
{
    const char *end = t->at + 1;

    end += strspn(end, "0123456789");
    if (end > t->at + 1 && *end == ',')
        end += 1 + strspn(end + 1, "0123456789");
    if (end == t->at + 1 || *end != '}')
        t->why = "Illegal repetition";
    else
        copy(t, (size_t)(end + 1 - t->at));
}

/* (?flags) and (?flags:...), without those that PCRE2 has no letter for: d, u and U. */
static void group_start(struct translation *t)
{
    size_t len = t->at[1] == '?' ? strspn(t->at + 2, "idmsuxU-") : 0;
    char next = t->at[1] == '?' ? t->at[2 + len] : '\0';

    if (!len || (next != ')' && next != ':')) {
        copy(t, 1);
        return;
    }
    kc_str_append(&t->out, "(?");
    for (const char *flag = t->at + 2; flag < t->at + 2 + len; flag++) {
        if (!strchr("duU", *flag))
            kc_str_append_char(&t->out, *flag);
    }
    t->at += 2 + len;
}

char *kc_regex_translate(const char *pattern, const char **why, size_t *at)
{
    struct translation t = {.start = pattern, .at = pattern};

    while (*t.at && !t.why) {
        if (*t.at == '\\')
            escape(&t);
        else if (t.in_class)
            class_char(&t);
        else if (*t.at == '[')
            class_start(&t);
        else if (*t.at == '{')
            repetition(&t);
        else if (*t.at == '(')
            group_start(&t);
        else
            copy(&t, 1);
    }
    *why = t.why;
    *at = (size_t)(t.at - t.start);
    if (t.why) {
        kc_str_destroy(&t.out);
        return NULL;
    }
    return kc_str_take(&t.out);
}
