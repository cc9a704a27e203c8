/* SPDX-License-Identifier: Apache-2.0 */
/* Filters around the resources: see rest_filter_priv.h. */
#include "rest/rest_filter_priv.h"

#include "connect/log.h"
#include "connect/regex.h"
#include "rest/media_type_priv.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.runtime.rest.RestServer");

struct header_rule {
    char *name;
    char *value;
    bool date; /* value is added to the time of the answer, in ms */
};

struct kc_rest_filter {
    struct kc_strings origins; /* empty: no CORS */
    char *methods;
    struct header_rule *rules;
    size_t rule_count;
};

/* ---- settings ---- */

/* "action name:value" of response.http.headers.config. */
static struct kc_error *parse_rule(const char *text, struct header_rule *rule)
{
    static const char *const actions[] = {"set", "add", "setDate", "addDate", NULL};
    size_t len = strcspn(text, " \t");
    int action = 0;
    while (actions[action] &&
           (strncasecmp(text, actions[action], len) != 0 || strlen(actions[action]) != len))
        action++;
    const char *name = text + len + strspn(text + len, " \t");
    const char *colon = strchr(name, ':');
    if (!actions[action])
        return kc_error_new(KC_ERR_CONFIG,
                            "Invalid value %s for configuration response.http.headers.config: "
                            "Invalid header config action. The action need be one of [set, add, "
                            "setDate, addDate].",
                            text);
    if (!colon || colon == name)
        return kc_error_new(
            KC_ERR_CONFIG,
            "Invalid value %s for configuration response.http.headers.config: "
            "Invalid header config, expected '[action] [header name]:[header value]'",
            text);
    const char *value = colon + 1 + strspn(colon + 1, " \t");
    rule->name = kc_strndup(name, (size_t)(colon - name));
    rule->value = kc_strdup(value);
    rule->date = action >= 2;
    return NULL;
}

/* Rules are separated by commas, unless quoted: set "Cache-Control: no-cache, no-store". */
static void split_rules(const char *text, struct kc_strings *rules)
{
    struct kc_str rule = {0};
    bool quoted = false;
    for (; *text; text++) {
        if (*text == '"') {
            quoted = !quoted;
        } else if (*text == ',' && !quoted) {
            kc_strings_take(rules, kc_str_take(&rule));
        } else if (rule.len || !isspace((unsigned char)*text)) {
            kc_str_append_char(&rule, *text);
        }
    }
    kc_strings_take(rules, kc_str_take(&rule));
}

static struct kc_error *read_rules(const char *text, struct kc_rest_filter *filter)
{
    struct kc_strings rules = {0};
    struct kc_error *err = NULL;
    if (text[strspn(text, " \t")] == '\0')
        return NULL;
    split_rules(text, &rules);
    filter->rules = kc_calloc(rules.count, sizeof(*filter->rules));
    for (size_t i = 0; i < rules.count && !err; i++) {
        err = parse_rule(rules.items[i], &filter->rules[filter->rule_count]);
        filter->rule_count += err ? 0 : 1;
    }
    kc_strings_destroy(&rules);
    return err;
}

struct kc_error *kc_rest_filter_new(const struct kc_worker_config *config,
                                    struct kc_rest_filter **filter)
{
    struct kc_rest_filter *made = kc_calloc(1, sizeof(*made));
    const char *methods = kc_config_string(config->values, "access.control.allow.methods");
    const char *origins = kc_config_string(config->values, "access.control.allow.origin");
    const char *headers = kc_config_string(config->values, "response.http.headers.config");
    kc_strings_split(&made->origins, origins ? origins : "");
    made->methods = kc_strdup(methods && *methods ? methods : "GET,POST,HEAD");
    struct kc_error *err = read_rules(headers ? headers : "", made);
    if (err) {
        kc_rest_filter_destroy(made);
        return err;
    }
    *filter = made;
    return NULL;
}

void kc_rest_filter_destroy(struct kc_rest_filter *filter)
{
    if (!filter)
        return;
    for (size_t i = 0; i < filter->rule_count; i++) {
        free(filter->rules[i].name);
        free(filter->rules[i].value);
    }
    free(filter->rules);
    free(filter->methods);
    kc_strings_destroy(&filter->origins);
    free(filter);
}

/* ---- negotiation ---- */

bool kc_rest_filter_negotiate(const struct kc_route *route, struct kc_rest_request *request)
{
    const char *type = kc_map_get(request->headers, "content-type");
    const char *accept = kc_map_get_or(request->headers, "accept", "");
    bool typed = !(route->flags & KC_ROUTE_ANY_TYPE);
    enum kc_media sent = type                 ? kc_media_content_type(type)
                         : request->body_size ? KC_MEDIA_OTHER
                                              : KC_MEDIA_JSON;
    enum kc_media wanted = route->flags & KC_ROUTE_TEXT ? KC_MEDIA_JSON : kc_media_accept(accept);
    if (typed && sent == KC_MEDIA_MALFORMED)
        kc_rest_answer_status(request, 400, "HTTP 400 Bad Request: the Content-Type is malformed");
    else if (wanted == KC_MEDIA_MALFORMED)
        kc_rest_answer_status(request, 400, "HTTP 400 Bad Request: the Accept is malformed");
    else if (typed && sent == KC_MEDIA_OTHER)
        kc_rest_answer_status(request, 415, "HTTP 415 Unsupported Media Type");
    else if (wanted == KC_MEDIA_OTHER)
        kc_rest_answer_status(request, 406, "HTTP 406 Not Acceptable");
    else
        return true;
    return false;
}

/* ---- CORS (Jetty's CrossOriginHandler) ---- */

/* allowed is "*", an origin, one with a star that stands for any text (Connect before 4.1), or a
 * regular expression (since then). */
static bool origin_is(const char *allowed, const char *origin)
{
    if (strcmp(allowed, "*") == 0 || strcasecmp(allowed, origin) == 0)
        return true;
    const char *star = strchr(allowed, '*');
    size_t len = strlen(origin);
    size_t head = star ? (size_t)(star - allowed) : 0;
    size_t tail = star ? strlen(star + 1) : 0;
    if (star && len > head + tail && strncmp(origin, allowed, head) == 0 &&
        strcmp(origin + len - tail, star + 1) == 0)
        return true;
    struct kc_regex *regex = NULL;
    char *pattern = kc_asprintf("(?i)%s", allowed);
    struct kc_error *err = kc_regex_new(pattern, &regex);
    free(pattern);
    bool matches = !err && kc_regex_matches(regex, origin);
    kc_regex_destroy(regex);
    kc_error_destroy(err);
    return matches;
}

static bool origin_allowed(const struct kc_rest_filter *filter, const char *origin)
{
    for (size_t i = 0; i < filter->origins.count; i++)
        if (origin_is(filter->origins.items[i], origin))
            return true;
    return false;
}

/* A preflight goes on to its resource, which answers OPTIONS; the answer gets these headers, too.
 */
static void cors_headers(const struct kc_rest_filter *filter, const struct kc_rest_request *request,
                         struct kc_map *headers)
{
    const char *origin = kc_map_get(request->headers, "origin");
    if (!filter->origins.count)
        return;
    kc_map_set(headers, "Vary", "Origin");
    if (!origin || !origin_allowed(filter, origin))
        return;
    kc_map_set(headers, "Access-Control-Allow-Origin", origin);
    if (strcmp(request->method, "OPTIONS") != 0 ||
        !kc_map_has(request->headers, "access-control-request-method"))
        return;
    kc_map_set(headers, "Access-Control-Allow-Methods", filter->methods);
    kc_map_set(headers, "Access-Control-Allow-Headers", "Content-Type");
    kc_map_set(headers, "Access-Control-Max-Age", "60");
}

/* ---- headers, log ---- */

void kc_rest_filter_headers(const struct kc_rest_filter *filter,
                            const struct kc_rest_request *request, struct kc_map *headers)
{
    cors_headers(filter, request, headers);
    for (size_t i = 0; i < filter->rule_count; i++) {
        const struct header_rule *rule = &filter->rules[i];
        if (!rule->date) {
            kc_map_set(headers, rule->name, rule->value);
            continue;
        }
        time_t at = (time_t)((kc_now_ms() + strtoll(rule->value, NULL, 10)) / 1000);
        struct tm parts;
        char text[64];
        gmtime_r(&at, &parts);
        strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &parts);
        kc_map_set(headers, rule->name, text);
    }
}

/* A client's text for the log, without characters that would end the line or control a terminal. */
static char *printable(const char *text)
{
    char *copy = kc_strdup(text ? text : "-");
    for (char *c = copy; *c; c++)
        if ((unsigned char)*c < ' ' || *c == '\x7f' || *c == '"')
            *c = '?';
    return copy;
}

void kc_rest_filter_access_log(const struct kc_rest_request *request, const char *client,
                               int64_t duration_ms)
{
    if (!kc_log_enabled(&log, KC_LOG_INFO))
        return;
    time_t now = time(NULL);
    struct tm parts;
    char stamp[64];
    char *path = printable(request->path);
    char *query = printable(request->query);
    char *referer = printable(kc_map_get(request->headers, "referer"));
    char *agent = printable(kc_map_get(request->headers, "user-agent"));
    gmtime_r(&now, &parts);
    strftime(stamp, sizeof(stamp), "%d/%b/%Y:%H:%M:%S +0000", &parts);
    kc_info("%s - - [%s] \"%s %s%s%s %s\" %d %zu \"%s\" \"%s\" %lld", client, stamp,
            request->method, path, request->query ? "?" : "", request->query ? query : "",
            request->version, request->status, request->answer ? request->answer_len : 0, referer,
            agent, (long long)duration_ms);
    free(path);
    free(query);
    free(referer);
    free(agent);
}
