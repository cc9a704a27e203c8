/* SPDX-License-Identifier: Apache-2.0 */
/* What a check of a gateway has found, as text and as JSON: see gateway_check_priv.h. */
#include "gateway/gateway_check_priv.h"

#include <stdlib.h>
#include <string.h>

static const char *const level_names[] = {"ok", "note", "warning", "missing"};

void check_findings_init(struct check_findings *findings)
{
    *findings = (struct check_findings){.list = json_array()};
}

void check_findings_clear(struct check_findings *findings)
{
    json_decref(findings->list);
    *findings = (struct check_findings){0};
}

/* A JSON string of any text: what isn't UTF-8 is replaced. */
static json_t *text_json(const char *text)
{
    json_t *json = json_string(text);
    if (json)
        return json;
    char *copy = kc_strdup(text);
    for (char *p = copy; *p; p++)
        *p = (char)((unsigned char)*p < 0x80 ? *p : '?');
    json = json_string(copy);
    free(copy);
    return json;
}

void check_find(struct check_findings *findings, enum check_level level, const char *code,
                const char *about, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *message = kc_vasprintf(fmt, args);
    va_end(args);
    json_t *item = json_object();
    json_object_set_new(item, "level", json_string(level_names[level]));
    json_object_set_new(item, "code", json_string(code));
    json_object_set_new(item, "about", text_json(about));
    json_object_set_new(item, "message", text_json(message));
    json_array_append_new(findings->list, item);
    findings->counts[level]++;
    free(message);
}

/* Names come from other people: no control character reaches a terminal. */
static void append_plain(struct kc_str *out, const json_t *text)
{
    for (const char *p = json_string_value(text); p && *p; p++)
        kc_str_append_char(out, (char)((unsigned char)*p < 0x20 || *p == 0x7f ? ' ' : *p));
}

char *check_findings_text(const struct check_findings *findings)
{
    struct kc_str out = {0};
    size_t i;
    json_t *item;
    json_array_foreach (findings->list, i, item) {
        kc_str_appendf(&out, "%-8s ", json_string_value(json_object_get(item, "level")));
        append_plain(&out, json_object_get(item, "about"));
        kc_str_append(&out, ": ");
        append_plain(&out, json_object_get(item, "message"));
        kc_str_append_char(&out, '\n');
    }
    size_t missing = findings->counts[CHECK_MISSING], warnings = findings->counts[CHECK_WARNING];
    if (missing)
        kc_str_appendf(&out, "%zu thing%s missing", missing, missing == 1 ? " is" : "s are");
    else
        kc_str_append(&out, "Nothing is missing");
    kc_str_appendf(&out, ", %zu warning%s\n", warnings, warnings == 1 ? "" : "s");
    return kc_str_take(&out);
}

json_t *check_findings_json(const struct check_findings *findings)
{
    return json_pack("{s:b, s:I, s:I, s:O}", "ok", findings->counts[CHECK_MISSING] == 0, "missing",
                     (json_int_t)findings->counts[CHECK_MISSING], "warnings",
                     (json_int_t)findings->counts[CHECK_WARNING], "findings", findings->list);
}
