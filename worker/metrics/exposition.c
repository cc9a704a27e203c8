/* SPDX-License-Identifier: Apache-2.0 */
/* Rendering samples, see exposition.h. */
#include "metrics/exposition.h"

#include "connect/hash.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct series_family {
    char *name;
    const char *help;
    enum kc_metric_type type;
    struct kc_str samples; /* as they are printed */
    UT_hash_handle hh;
};

struct kc_exposition {
    struct series_family *families; /* in order of addition */
    const struct kc_label *common;
    kc_exposition_alias alias; /* NULL: none */
    unsigned alias_sets;
};

struct kc_exposition *kc_exposition_new(void)
{
    return kc_calloc(1, sizeof(struct kc_exposition));
}

void kc_exposition_destroy(struct kc_exposition *exposition)
{
    struct series_family *family, *next;
    if (!exposition)
        return;
    HASH_ITER (hh, exposition->families, family, next) {
        HASH_DEL(exposition->families, family);
        kc_str_destroy(&family->samples);
        free(family->name);
        free(family);
    }
    free(exposition);
}

void kc_exposition_set_label(struct kc_exposition *exposition, const struct kc_label *label)
{
    exposition->common = label;
}

void kc_exposition_set_alias(struct kc_exposition *exposition, kc_exposition_alias alias,
                             unsigned sets)
{
    exposition->alias = alias;
    exposition->alias_sets = sets;
}

/* ---- samples ---- */

static struct series_family *family_get(struct kc_exposition *exposition, const char *name,
                                        enum kc_metric_type type, const char *help)
{
    struct series_family *family;
    HASH_FIND_STR(exposition->families, name, family);
    if (family)
        return family;
    family = kc_calloc(1, sizeof(*family));
    family->name = kc_strdup(name);
    family->type = type;
    family->help = help;
    HASH_ADD_KEYPTR(hh, exposition->families, family->name, strlen(family->name), family);
    return family;
}

static void append_escaped(struct kc_str *out, const char *text, bool quotes)
{
    for (; *text; text++) {
        if (*text == '\n')
            kc_str_append(out, "\\n");
        else if (*text == '\\' || (quotes && *text == '"'))
            kc_str_appendf(out, "\\%c", *text);
        else
            kc_str_append_char(out, *text);
    }
}

static void append_label(struct kc_str *out, const struct kc_label *label, bool first)
{
    kc_str_appendf(out, "%s%s=\"", first ? "{" : ",", label->name);
    append_escaped(out, label->value ? label->value : "", true);
    kc_str_append_char(out, '"');
}

/* Whole numbers as such, others with the fewest digits that identify them. */
static void append_value(struct kc_str *out, double value)
{
    char text[40];
    if (isnan(value))
        kc_str_append(out, "NaN");
    else if (isinf(value))
        kc_str_append(out, value > 0 ? "+Inf" : "-Inf");
    else if (value == trunc(value) && fabs(value) < 1e15)
        kc_str_appendf(out, "%.0f", value == 0 ? 0.0 : value);
    else {
        snprintf(text, sizeof(text), "%.15g", value);
        if (strtod(text, NULL) != value)
            snprintf(text, sizeof(text), "%.17g", value);
        kc_str_append(out, text);
    }
}

static void add_sample(struct kc_exposition *exposition, const char *name, enum kc_metric_type type,
                       const char *help, const struct kc_label *labels, size_t count, double value)
{
    struct series_family *family = family_get(exposition, name, type, help);
    struct kc_str *out = &family->samples;
    bool first = true;
    kc_str_append(out, name);
    if (exposition->common) {
        append_label(out, exposition->common, true);
        first = false;
    }
    for (size_t i = 0; i < count; i++, first = false)
        append_label(out, &labels[i], first);
    kc_str_append(out, first ? " " : "} ");
    append_value(out, value);
    kc_str_append_char(out, '\n');
}

void kc_exposition_add(struct kc_exposition *exposition, const char *name, enum kc_metric_type type,
                       const char *help, const struct kc_label *labels, size_t count, double value)
{
    kc_exposition_alias alias = exposition->alias;
    add_sample(exposition, name, type, help, labels, count, value);
    if (!alias)
        return;
    exposition->alias = NULL; /* an alias has none */
    alias(exposition, exposition->alias_sets, name, type, labels, count, value);
    exposition->alias = alias;
}

/* ---- the text ---- */

static void print_head(const struct series_family *family, bool openmetrics, struct kc_str *out)
{
    static const char total[] = "_total";
    size_t len = strlen(family->name), tail = sizeof(total) - 1;
    bool totals = len > tail && strcmp(family->name + len - tail, total) == 0;
    const char *type = family->type == KC_METRIC_GAUGE ? "gauge"
                       : !openmetrics || totals        ? "counter"
                                                       : "unknown";
    if (openmetrics && totals)
        len -= tail;
    kc_str_appendf(out, "# HELP %.*s ", (int)len, family->name);
    append_escaped(out, family->help, openmetrics);
    kc_str_appendf(out, "\n# TYPE %.*s %s\n", (int)len, family->name, type);
}

char *kc_exposition_print(const struct kc_exposition *exposition, bool openmetrics)
{
    struct kc_str out = {0};
    kc_str_append(&out, "");
    for (const struct series_family *family = exposition->families; family;
         family = family->hh.next) {
        print_head(family, openmetrics, &out);
        kc_str_append_n(&out, family->samples.data, family->samples.len);
    }
    if (openmetrics)
        kc_str_append(&out, "# EOF\n");
    return kc_str_take(&out);
}
