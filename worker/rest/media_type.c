/* SPDX-License-Identifier: Apache-2.0 */
/* Media types: see media_type_priv.h. Like Jersey's HttpHeaderReader, as far as clients see it. */
#include "rest/media_type_priv.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

struct type_span {
    const char *text;
    size_t len;
};

static bool is(struct type_span span, const char *text)
{
    return span.len == strlen(text) && strncasecmp(span.text, text, span.len) == 0;
}

static void skip_blanks(const char **at)
{
    *at += strspn(*at, " \t");
}

/* One or more characters of RFC 2616's token. */
static bool read_token(const char **at, struct type_span *token)
{
    token->text = *at;
    while (**at > ' ' && **at != 0x7f && !strchr("()<>@,;:\\\"/[]?={}", **at))
        (*at)++;
    token->len = (size_t)(*at - token->text);
    return token->len > 0;
}

/* Without its quotes. */
static bool read_quoted(const char **at, struct type_span *value)
{
    value->text = ++*at;
    for (; **at && **at != '"'; (*at)++)
        if (**at == '\\' && (*at)[1])
            (*at)++;
    value->len = (size_t)(*at - value->text);
    if (!**at)
        return false;
    (*at)++;
    return true;
}

/* From 0 to 1, with three digits at most: "0.5", ".2", "1.000". */
static bool is_quality(struct type_span value)
{
    size_t whole = value.len && (value.text[0] == '0' || value.text[0] == '1');
    bool one = whole && value.text[0] == '1';
    if (value.len == whole)
        return whole;
    if (value.text[whole] != '.' || value.len - whole > 4)
        return false;
    for (size_t i = whole + 1; i < value.len; i++)
        if (value.text[i] < '0' || value.text[i] > (one ? '0' : '9'))
            return false;
    return true;
}

static bool read_parameter(const char **at, bool accept)
{
    struct type_span name, value;
    if (!read_token(at, &name) || *(*at)++ != '=')
        return false;
    if (!(**at == '"' ? read_quoted(at, &value) : read_token(at, &value)))
        return false;
    return !accept || !is(name, "q") || is_quality(value);
}

/* "; a=b; c="d"", also with nothing behind a semicolon. */
static bool read_parameters(const char **at, bool accept)
{
    skip_blanks(at);
    while (**at == ';') {
        (*at)++;
        skip_blanks(at);
        if (**at && **at != ';' && **at != ',' && !read_parameter(at, accept))
            return false;
        skip_blanks(at);
    }
    return true;
}

enum kc_media kc_media_content_type(const char *header)
{
    struct type_span type, subtype;
    skip_blanks(&header);
    if (!read_token(&header, &type) || *header++ != '/' || !read_token(&header, &subtype) ||
        !read_parameters(&header, false) || *header)
        return KC_MEDIA_MALFORMED;
    return is(type, "application") && is(subtype, "json") ? KC_MEDIA_JSON : KC_MEDIA_OTHER;
}

/* One range of an Accept header; a type alone stands for all of its subtypes. */
static enum kc_media read_range(const char **at)
{
    struct type_span type, subtype = {"*", 1};
    if (!read_token(at, &type))
        return KC_MEDIA_MALFORMED;
    if (**at == '/') {
        (*at)++;
        if (!read_token(at, &subtype))
            return KC_MEDIA_MALFORMED;
    }
    if (!read_parameters(at, true))
        return KC_MEDIA_MALFORMED;
    bool any = is(type, "*") && is(subtype, "*");
    bool json = is(type, "application") && (is(subtype, "json") || is(subtype, "*"));
    return any || json ? KC_MEDIA_JSON : KC_MEDIA_OTHER;
}

enum kc_media kc_media_accept(const char *header)
{
    enum kc_media found = KC_MEDIA_OTHER;
    skip_blanks(&header);
    if (!*header)
        return KC_MEDIA_JSON;
    for (;;) {
        enum kc_media range = read_range(&header);
        if (range == KC_MEDIA_MALFORMED || (*header && *header != ','))
            return KC_MEDIA_MALFORMED;
        found = range == KC_MEDIA_JSON ? range : found;
        header += *header == ',';
        skip_blanks(&header);
        if (!*header)
            return found;
    }
}
