/* SPDX-License-Identifier: Apache-2.0 */
/* Requests and answers: see rest_request.h. */
#include "rest/rest_request.h"

#include "base/utf8.h"
#include "connect/java_json.h"
#include "http/http_client.h"
#include "rest/json_extent_priv.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void kc_rest_request_destroy(struct kc_rest_request *request)
{
    if (!request)
        return;
    for (size_t i = 0; i < request->param_count; i++)
        free(request->params[i]);
    kc_strings_destroy(&request->query_names);
    kc_strings_destroy(&request->query_values);
    kc_map_destroy(request->headers);
    kc_str_destroy(&request->body);
    free(request->path);
    free(request->query);
    free(request->authority);
    free(request->answer);
    free(request->own_type);
    kc_map_destroy(request->replies);
    free(request->location);
    free(request->allow);
    free(request);
}

/* ---- the URI ---- */

static void take_query(struct kc_rest_request *request, const char *query)
{
    while (*query) {
        size_t len = strcspn(query, "&");
        const char *equals = memchr(query, '=', len);
        size_t name_len = equals ? (size_t)(equals - query) : len;
        char *name = kc_rest_unescape(query, name_len, true);
        char *value =
            equals ? kc_rest_unescape(equals + 1, len - name_len - 1, true) : kc_strdup("");
        if (name && value && name_len) {
            kc_strings_add(&request->query_names, name);
            kc_strings_add(&request->query_values, value);
        }
        free(name);
        free(value);
        query += len;
        query += *query == '&';
    }
}

void kc_rest_request_set_uri(struct kc_rest_request *request, const char *uri)
{
    const char *query = strchr(uri, '?');
    request->path = kc_strndup(uri, query ? (size_t)(query - uri) : strlen(uri));
    if (!query)
        return;
    request->query = kc_strdup(query + 1);
    take_query(request, query + 1);
}

const char *kc_rest_query(const struct kc_rest_request *request, const char *name)
{
    for (size_t i = 0; i < request->query_names.count; i++)
        if (strcmp(request->query_names.items[i], name) == 0)
            return request->query_values.items[i];
    return NULL;
}

bool kc_rest_query_bool(const struct kc_rest_request *request, const char *name, bool absent)
{
    const char *value = kc_rest_query(request, name);
    return value ? strcasecmp(value, "true") == 0 : absent;
}

/* ---- answers ---- */

/* Takes data; type is static. */
static void set_answer(struct kc_rest_request *request, int status, const char *type, char *data,
                       size_t len)
{
    free(request->answer);
    request->status = status;
    request->answer = data;
    request->answer_len = len;
    request->content_type = type;
}

void kc_rest_answer_text(struct kc_rest_request *request, int status, const char *type, char *text)
{
    set_answer(request, status, type, text, strlen(text));
}

void kc_rest_answer_bytes(struct kc_rest_request *request, int status, const char *type, void *data,
                          size_t len)
{
    char *copy = kc_strdup(type);
    free(request->own_type);
    request->own_type = copy;
    set_answer(request, status, copy, data, len);
}

void kc_rest_answer_json(struct kc_rest_request *request, int status, json_t *body)
{
    char *text = body ? kc_json_print(body, KC_JSON_AS_IS)
                      : kc_strdup("{\"error_code\":500,\"message\":\"The answer holds what "
                                  "JSON can't express\"}");
    kc_rest_answer_text(request, body ? status : 500, "application/json", text);
    json_decref(body);
}

void kc_rest_answer_empty(struct kc_rest_request *request, int status)
{
    set_answer(request, status, NULL, NULL, 0);
}

void kc_rest_answer_header(struct kc_rest_request *request, const char *name, const char *value)
{
    if (!request->replies)
        request->replies = kc_map_new();
    kc_map_set(request->replies, name, value);
}

/* ---- answers that a client may keep ---- */

static const char etag_name[] = "ETag";

void kc_rest_answer_cached(struct kc_rest_request *request, const char *etag,
                           const char *cache_control)
{
    if (etag)
        kc_rest_answer_header(request, etag_name, etag);
    if (cache_control)
        kc_rest_answer_header(request, "Cache-Control", cache_control);
}

/* An entity tag without the mark of a weak one, which doesn't count here (RFC 9110, 13.1.2). */
static const char *opaque_tag(const char *tag)
{
    return strncmp(tag, "W/", 2) == 0 ? tag + 2 : tag;
}

/* Whether a list of entity tags has etag. Tags are quoted, and may have commas within. */
static bool names_tag(const char *list, const char *etag)
{
    size_t len = strlen(etag);
    for (const char *at = list; *at;) {
        at += strspn(at, ", \t");
        at = opaque_tag(at);
        const char *end = *at == '"' ? strchr(at + 1, '"') : NULL;
        size_t size = end ? (size_t)(end + 1 - at) : strcspn(at, ", \t");
        if (size == len && strncmp(at, etag, len) == 0)
            return true;
        if (size == 1 && *at == '*')
            return true;
        at += size;
    }
    return false;
}

void kc_rest_revalidate(struct kc_rest_request *request)
{
    const char *etag = request->replies ? kc_map_get(request->replies, etag_name) : NULL;
    const char *known = kc_map_get(request->headers, "if-none-match");
    bool reads = strcmp(request->method, "GET") == 0 || strcmp(request->method, "HEAD") == 0;
    if (etag && known && reads && request->status == 200 && names_tag(known, opaque_tag(etag)))
        kc_rest_answer_empty(request, 304);
}

int kc_rest_status(const struct kc_error *err)
{
    switch (kc_error_code(err)) {
    case KC_ERR_BAD_REQUEST:
        return 400;
    case KC_ERR_UNAUTHORIZED:
        return 401;
    case KC_ERR_FORBIDDEN:
        return 403;
    case KC_ERR_NOT_FOUND:
        return 404;
    case KC_ERR_CONFLICT:
        return 409;
    case KC_ERR_UNAVAILABLE:
    case KC_ERR_MEMORY:
        return 503;
    default:
        return 500;
    }
}

/* A copy with U+FFFD for what isn't UTF-8, as Java decodes it, because JSON can't hold the bytes.
 */
static char *well_formed(const char *text)
{
    struct kc_str out = {0};
    kc_str_append(&out, "");
    for (size_t left = strlen(text); left > 0;) {
        size_t len = kc_utf8_length(text, left);
        if (len)
            kc_str_append_n(&out, text, len);
        else
            kc_str_append(&out, "\xef\xbf\xbd");
        text += len ? len : 1;
        left -= len ? len : 1;
    }
    return kc_str_take(&out);
}

static void answer_message(struct kc_rest_request *request, int status, const char *message)
{
    char *text = well_formed(message);
    kc_map_destroy(request->replies); /* of an answer that isn't given */
    request->replies = NULL;
    kc_rest_answer_json(request, status,
                        json_pack("{s:i, s:s}", "error_code", status, "message", text));
    free(text);
}

void kc_rest_answer_error(struct kc_rest_request *request, struct kc_error *err)
{
    answer_message(request, kc_rest_status(err), kc_error_text(err));
    kc_error_destroy(err);
}

void kc_rest_answer_status(struct kc_rest_request *request, int status, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *message = kc_vasprintf(fmt, args);
    va_end(args);
    answer_message(request, status, message);
    free(message);
}

void kc_rest_answer_created(struct kc_rest_request *request, const char *connector, json_t *info)
{
    char *escaped = kc_http_escape(connector);
    free(request->location);
    request->location = kc_asprintf("%s/connectors/%s", request->authority, escaped);
    free(escaped);
    kc_rest_answer_json(request, 201, info);
}

/* ---- bodies ---- */

#define MAX_DEPTH  1000   /* as Jackson's StreamReadConstraints */
#define MAX_VALUES 500000 /* some hundred thousand task settings */
#define COPIES     2      /* of a body that its resource makes */
/* More than any connector has; bounds code that compares them with each other. */
#define MAX_SETTINGS 10000

/* Bytes of the body with quotes around its numbers; 0: it has none. */
static size_t quoted_size(const struct kc_rest_request *request,
                          const struct kc_json_extent *extent)
{
    return extent->numbers ? request->body.len + 2 * extent->numbers + 1 : 0;
}

/* Bounds what parsing may take, and reserves it. */
static struct kc_error *admit_body(struct kc_rest_request *request, struct kc_json_extent *extent)
{
    size_t len = request->body.len;
    kc_json_measure(request->body.data ? request->body.data : "", len, extent);
    if (extent->depth > MAX_DEPTH)
        return kc_error_new(KC_ERR_CONNECT,
                            "Document nesting depth (%zu) exceeds the maximum allowed (%d)",
                            extent->depth, MAX_DEPTH);
    if (extent->values > MAX_VALUES)
        return kc_error_new(KC_ERR_BAD_REQUEST,
                            "The request's body has %zu JSON values, at most %d are taken. Send "
                            "less at once",
                            extent->values, MAX_VALUES);
    return kc_byte_share_grow(&request->share,
                              extent->bytes + COPIES * len + quoted_size(request, extent));
}

static struct kc_error *parse(const char *data, size_t len, json_t **json)
{
    json_error_t why;
    *json = NULL;
    if (data && len >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0) { /* a byte order mark */
        data += 3;
        len -= 3;
    }
    if (!data || data[strspn(data, " \t\r\n")] == '\0')
        return NULL;
    *json = json_loadb(data, len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &why);
    if (*json)
        return NULL;
    return kc_error_new(KC_ERR_CONNECT,
                        "Cannot parse the request's body as JSON: %s at line %d, column %d",
                        why.text, why.line, why.column);
}

struct kc_error *kc_rest_body_json(struct kc_rest_request *request, json_t **json)
{
    struct kc_json_extent extent;
    struct kc_error *err = admit_body(request, &extent);
    *json = NULL;
    return err ? err : parse(request->body.data, request->body.len, json);
}

static const char *skip_digits(const char *at, const char *end)
{
    while (at < end && isdigit((unsigned char)*at))
        at++;
    return at;
}

/* The end of the JSON number at the beginning of text; text itself when there is none. */
static const char *number_end(const char *text, const char *end)
{
    const char *at = text + (text < end && *text == '-');
    const char *digits = at;
    at = at < end && *at == '0' ? at + 1 : skip_digits(at, end);
    if (at == digits)
        return text;
    if (at + 1 < end && *at == '.' && isdigit((unsigned char)at[1]))
        at = skip_digits(at + 1, end);
    if (at < end && (*at == 'e' || *at == 'E')) {
        const char *power = at + 1;
        power += power < end && (*power == '+' || *power == '-');
        if (skip_digits(power, end) > power)
            at = skip_digits(power, end);
    }
    return at;
}

static const char *string_end(const char *text, const char *end)
{
    const char *at = text + 1;
    while (at < end && *at != '"')
        at += *at == '\\' && at + 1 < end ? 2 : 1;
    return at < end ? at + 1 : end;
}

/* Whether a value may end here. A colon would make it a key, which must not be a number. */
static bool value_ends(const char *at, const char *end)
{
    while (at < end && isspace((unsigned char)*at))
        at++;
    return at == end || *at == ',' || *at == '}' || *at == ']';
}

/* data with quotes around its numbers. */
static void quote_numbers(const char *data, size_t len, struct kc_str *out)
{
    const char *end = data + len;
    for (const char *at = data; at < end;) {
        const char *to = at + 1;
        bool number = false;
        if (*at == '"') {
            to = string_end(at, end);
        } else if (*at == '-' || isdigit((unsigned char)*at)) {
            to = number_end(at, end);
            number = to > at && value_ends(to, end);
            to += to == at;
        }
        if (number)
            kc_str_append_char(out, '"');
        kc_str_append_n(out, at, (size_t)(to - at));
        if (number)
            kc_str_append_char(out, '"');
        at = to;
    }
}

struct kc_error *kc_rest_body_texts(struct kc_rest_request *request, json_t **json)
{
    struct kc_str quoted = {0};
    struct kc_json_extent extent;
    struct kc_error *err = admit_body(request, &extent);
    *json = NULL;
    if (err)
        return err;
    if (!extent.numbers)
        return parse(request->body.data, request->body.len, json);
    quoted.cap = quoted_size(request, &extent);
    quoted.data = kc_try_malloc(quoted.cap);
    if (!quoted.data)
        return kc_error_memory(quoted.cap, "The request's body can't be parsed");
    quote_numbers(request->body.data, request->body.len, &quoted);
    err = parse(quoted.data, quoted.len, json);
    kc_str_destroy(&quoted);
    return err;
}

static const char *json_type_text(const json_t *json)
{
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "an array";
    case JSON_STRING:
        return "a string";
    case JSON_NULL:
        return "null";
    default:
        return "a number or boolean";
    }
}

static struct kc_error *set_scalar(struct kc_map *map, const char *key, const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_STRING:
        if (strlen(json_string_value(value)) != json_string_length(value))
            return kc_error_new(
                KC_ERR_CONNECT,
                "Cannot deserialize value of '%s': it contains the character U+0000", key);
        kc_map_set(map, key, json_string_value(value));
        return NULL;
    case JSON_NULL:
        kc_map_set(map, key, NULL);
        return NULL;
    case JSON_OBJECT:
    case JSON_ARRAY:
        return kc_error_new(
            KC_ERR_CONNECT,
            "Cannot deserialize value of type `java.lang.String` from %s: the value of '%s'",
            json_type_text(value), key);
    default: {
        char *text = kc_json_print(value, KC_JSON_AS_IS);
        kc_map_set(map, key, text);
        free(text);
        return NULL;
    }
    }
}

struct kc_error *kc_rest_json_map(const json_t *json, const char *what, struct kc_map **map)
{
    *map = NULL;
    if (!json || json_is_null(json))
        return kc_error_new(KC_ERR_CONNECT, "Cannot read %s: it is null", what);
    if (!json_is_object(json))
        return kc_error_new(KC_ERR_CONNECT,
                            "Cannot deserialize value of type `java.util.LinkedHashMap` from %s: "
                            "%s must be an object",
                            json_type_text(json), what);
    if (json_object_size(json) > MAX_SETTINGS)
        return kc_error_new(KC_ERR_BAD_REQUEST,
                            "Cannot read %s: it has %zu settings, at most %d "
                            "are taken",
                            what, json_object_size(json), MAX_SETTINGS);
    struct kc_map *made = kc_map_new();
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)json, key, value) {
        struct kc_error *err = set_scalar(made, key, value);
        if (err) {
            kc_map_destroy(made);
            return err;
        }
    }
    *map = made;
    return NULL;
}

/* ---- escapes ---- */

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)tolower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

char *kc_rest_trimmed(const char *text)
{
    while (*text && (unsigned char)*text <= ' ')
        text++;
    size_t len = strlen(text);
    while (len && (unsigned char)text[len - 1] <= ' ')
        len--;
    return kc_strndup(text, len);
}

char *kc_rest_unescape(const char *text, size_t len, bool plus_is_space)
{
    char *out = kc_malloc(len + 1);
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (c == '%') {
            int high = i + 2 < len ? hex(text[i + 1]) : -1;
            int low = i + 2 < len ? hex(text[i + 2]) : -1;
            if (high < 0 || low < 0 || (high == 0 && low == 0)) {
                free(out);
                return NULL;
            }
            c = (char)(high * 16 + low);
            i += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        out[n++] = c;
    }
    out[n] = '\0';
    char *text_out = well_formed(out);
    free(out);
    return text_out;
}
