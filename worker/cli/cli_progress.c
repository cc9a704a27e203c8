/* SPDX-License-Identifier: Apache-2.0 */
/* Mirrors as progress: see cli_progress_priv.h. Pure functions. */
#include "cli/cli_progress_priv.h"

#include <inttypes.h>
#include <string.h>

enum {
    STATE_WIDTH = 11,
    MOST_NAME = 40,
    LEAST_BAR = 8,
    MOST_BAR = 40,
    LAST_LINES = 2, /* below the mirrors: those left out, and all together */
};

/* ---- from JSON ---- */

static int64_t number_of(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return json_is_number(value) ? (int64_t)json_number_value(value) : -1;
}

static void add(int64_t *sum, int64_t value)
{
    if (value >= 0)
        *sum = (*sum < 0 ? 0 : *sum) + value;
}

void cli_progress_of(const json_t *mirror, struct cli_progress *progress)
{
    const json_t *part = json_object_get(mirror, "progress");
    json_t *lag;
    size_t i;
    *progress =
        (struct cli_progress){.name = cli_text(mirror, "mirror_topic_name"),
                              .state = cli_text(mirror, "mirror_status"),
                              .reason = cli_text(mirror, "reason"),
                              .progress = json_is_number(part) ? json_number_value(part) : -1,
                              .lag = -1,
                              .lag_bytes = -1,
                              .lag_ms = -1,
                              .eta_ms = number_of(mirror, "eta_ms")};
    if (progress->progress > 1)
        progress->progress = 1;
    json_array_foreach (json_object_get(mirror, "mirror_lags"), i, lag) {
        int64_t ms = number_of(lag, "lag_ms");
        add(&progress->lag, number_of(lag, "lag"));
        add(&progress->lag_bytes, number_of(lag, "lag_bytes"));
        progress->lag_ms = ms > progress->lag_ms ? ms : progress->lag_ms;
    }
}

/* ---- one line ---- */

static void append_field(struct kc_str *out, const char *before, int64_t value,
                         enum cli_format format)
{
    json_t *number = json_integer(value);
    if (value >= 0) {
        kc_str_append(out, before);
        cli_format(out, number, format);
    }
    json_decref(number);
}

/* " 45.2%  lag 1,234 records, 1.2 MiB, 350 ms  ETA 3m 20s", without what isn't known. */
static void append_figures(struct kc_str *out, const struct cli_progress *progress)
{
    if (progress->progress >= 0)
        kc_str_appendf(out, "  %5.1f%%", progress->progress * 100);
    append_field(out, "  lag ", progress->lag, CLI_AS_NUMBER);
    if (progress->lag >= 0)
        kc_str_append(out, progress->lag == 1 ? " record" : " records");
    append_field(out, ", ", progress->lag_bytes, CLI_AS_BYTES);
    append_field(out, ", ", progress->lag_ms, CLI_AS_DURATION);
    if (progress->lag != 0)
        append_field(out, "  ETA ", progress->eta_ms, CLI_AS_DURATION);
}

/* [=======>......] of width columns. */
static void append_bar(struct kc_str *out, double progress, int width)
{
    int full = (int)(progress * (width - 2));
    kc_str_append_char(out, '[');
    for (int i = 0; i < width - 2; i++)
        kc_str_append_char(out, i < full ? '=' : i == full ? '>' : '.');
    kc_str_append_char(out, ']');
}

static void append_padded(struct kc_str *out, const char *text, int width)
{
    struct kc_str clean = {0};
    json_t *json = json_string_nocheck(text);
    cli_format(&clean, json, CLI_AS_TEXT);
    size_t before = out->len;
    if (clean.len)
        cli_cut(out, clean.data, width);
    for (int i = cli_columns(out->len > before ? out->data + before : ""); i < width; i++)
        kc_str_append_char(out, ' ');
    kc_str_destroy(&clean);
    json_decref(json);
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

void cli_progress_line(struct kc_str *out, const struct cli_progress *progress, int name_width,
                       int width, bool colour)
{
    struct kc_str right = {0};
    const char *begin = colour ? cli_state_colour(progress->state) : "";
    int left = name_width + 2 + STATE_WIDTH;
    append_padded(out, progress->name, name_width);
    kc_str_appendf(out, "  %s", begin);
    append_padded(out, progress->state, STATE_WIDTH);
    kc_str_append(out, *begin ? CLI_PLAIN : "");
    append_figures(&right, progress);
    int room = width ? width - left - 2 - cli_columns(right.data ? right.data : "") : MOST_BAR;
    if (progress->progress >= 0 && room >= LEAST_BAR && !*progress->reason) {
        kc_str_append(out, "  ");
        append_bar(out, progress->progress, least(room, MOST_BAR));
    }
    if (*progress->reason) {
        json_t *reason = json_string_nocheck(progress->reason);
        kc_str_append(&right, "  ");
        cli_format(&right, reason, CLI_AS_TEXT);
        json_decref(reason);
    }
    if (right.len && width > left)
        cli_cut(out, right.data, width - left);
    else if (right.len && !width)
        kc_str_append_n(out, right.data, right.len);
    kc_str_destroy(&right);
}

/* ---- a frame ---- */

static int name_width(const json_t *mirrors)
{
    int width = 8;
    json_t *mirror;
    size_t i;
    json_array_foreach (mirrors, i, mirror) {
        int columns = cli_columns(cli_text(mirror, "mirror_topic_name"));
        width = columns > width ? columns : width;
    }
    return least(width, MOST_NAME);
}

/* "12 topics: 10 LINKING, 2 ALIGNING  lag 1,234 records, ..." */
static void append_sum(struct kc_str *out, const json_t *mirrors, int width)
{
    struct kc_str line = {0};
    struct cli_progress one,
        all = {.progress = -1, .lag = -1, .lag_bytes = -1, .lag_ms = -1, .eta_ms = -1};
    json_t *counts = json_object(), *mirror;
    size_t i, count = json_array_size(mirrors);
    json_array_foreach (mirrors, i, mirror) {
        cli_progress_of(mirror, &one);
        add(&all.lag, one.lag);
        add(&all.lag_bytes, one.lag_bytes);
        all.lag_ms = one.lag_ms > all.lag_ms ? one.lag_ms : all.lag_ms;
        all.eta_ms = one.eta_ms > all.eta_ms ? one.eta_ms : all.eta_ms;
        json_int_t before = json_integer_value(json_object_get(counts, one.state));
        json_object_set_new(counts, one.state, json_integer(before + 1));
    }
    kc_str_appendf(&line, "%zu topic%s: ", count, count == 1 ? "" : "s");
    cli_format(&line, counts, CLI_AS_COUNTS);
    append_figures(&line, &all);
    cli_cut(out, line.data, width ? width : (int)line.len);
    kc_str_append_char(out, '\n');
    kc_str_destroy(&line);
    json_decref(counts);
}

int cli_progress_frame(struct kc_str *out, const json_t *mirrors, int width, int height,
                       bool colour)
{
    size_t count = json_array_size(mirrors), shown = count;
    int name = name_width(mirrors), lines = 0;
    if (height > LAST_LINES && count + 1 > (size_t)(height - 1))
        shown = (size_t)(height - 1 - LAST_LINES);
    for (size_t i = 0; i < shown; i++, lines++) {
        struct cli_progress progress;
        cli_progress_of(json_array_get(mirrors, i), &progress);
        cli_progress_line(out, &progress, name, width, colour);
        kc_str_append_char(out, '\n');
    }
    if (shown < count) {
        kc_str_appendf(out, "and %zu more\n", count - shown);
        lines++;
    }
    append_sum(out, mirrors, width);
    return lines + 1;
}

void cli_progress_key(struct kc_str *out, const struct cli_progress *progress)
{
    kc_str_appendf(out, "%s|%s|%d|%d", progress->state, progress->reason,
                   progress->progress < 0 ? -1 : (int)(progress->progress * 100),
                   progress->lag == 0);
}
