/* SPDX-License-Identifier: Apache-2.0 */
/* A field's value as a text for people: see cli_print_priv.h. Pure functions. */
#include "cli/cli_print_priv.h"

#include "connect/java_json.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <time.h>

/* ---- texts ---- */

/* Bytes of the character at text; 1 for what isn't UTF-8. */
static size_t character(const char *text)
{
    unsigned char first = (unsigned char)*text;
    size_t len = first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    for (size_t i = 1; i < len; i++)
        if (((unsigned char)text[i] & 0xC0) != 0x80)
            return 1;
    return len;
}

/* C0, DEL and C1, which move the cursor or begin an escape sequence. */
static bool is_control(const char *text, size_t len)
{
    unsigned char first = (unsigned char)*text;
    return len == 1 ? first < ' ' || first >= 0x7F : first == 0xC2 && (unsigned char)text[1] < 0xA0;
}

static void append_clean(struct kc_str *out, const char *text)
{
    for (size_t len; *text; text += len) {
        len = character(text);
        if (!is_control(text, len))
            kc_str_append_n(out, text, len);
        else
            kc_str_append_char(out, *text == '\n' || *text == '\t' ? ' ' : '?');
    }
}

int cli_columns(const char *text)
{
    int columns = 0;
    for (; *text; text += character(text))
        columns++;
    return columns;
}

void cli_cut(struct kc_str *out, const char *text, int most)
{
    int left = cli_columns(text) <= most ? most : most > 3 ? most - 3 : most;
    bool whole = cli_columns(text) <= most;
    for (size_t len; *text && left > 0; text += len, left--) {
        len = character(text);
        kc_str_append_n(out, text, len);
    }
    if (!whole && most > 3)
        kc_str_append(out, "...");
}

/* ---- numbers ---- */

static void append_number(struct kc_str *out, int64_t number)
{
    char digits[32];
    int len = snprintf(digits, sizeof(digits), "%" PRId64, number);
    int begin = number < 0 ? 1 : 0;
    for (int i = 0; i < len; i++) {
        if (i > begin && (len - i) % 3 == 0)
            kc_str_append_char(out, ',');
        kc_str_append_char(out, digits[i]);
    }
}

static void append_bytes(struct kc_str *out, double bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    size_t unit = 0;
    while (fabs(bytes) >= 1024 && unit + 1 < CLI_COUNT(units)) {
        bytes /= 1024;
        unit++;
    }
    kc_str_appendf(out, unit && fabs(bytes) < 100 ? "%.1f %s" : "%.0f %s", bytes, units[unit]);
}

static void append_duration(struct kc_str *out, int64_t ms)
{
    int64_t seconds = ms / 1000;
    if (ms < 1000)
        kc_str_appendf(out, "%" PRId64 " ms", ms);
    else if (ms < 60000)
        kc_str_appendf(out, "%.1f s", (double)ms / 1000);
    else if (seconds < 3600)
        kc_str_appendf(out, "%" PRId64 "m %02" PRId64 "s", seconds / 60, seconds % 60);
    else if (seconds < 86400)
        kc_str_appendf(out, "%" PRId64 "h %02" PRId64 "m", seconds / 3600, seconds / 60 % 60);
    else
        kc_str_appendf(out, "%" PRId64 "d %02" PRId64 "h", seconds / 86400, seconds / 3600 % 24);
}

static void append_time(struct kc_str *out, int64_t ms)
{
    char text[32];
    time_t seconds = (time_t)(ms / 1000);
    struct tm parts;
    if (ms < 0 || !gmtime_r(&seconds, &parts) ||
        !strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%SZ", &parts))
        strcpy(text, "-");
    kc_str_append(out, text);
}

/* ---- composed ---- */

static void append_counts(struct kc_str *out, const json_t *counts)
{
    const char *key;
    json_t *value;
    size_t before = out->len;
    json_object_foreach ((json_t *)counts, key, value) {
        if (json_integer_value(value) == 0)
            continue;
        kc_str_append(out, out->len > before ? ", " : "");
        append_number(out, json_integer_value(value));
        kc_str_append_char(out, ' ');
        append_clean(out, key);
    }
    if (out->len == before)
        kc_str_append(out, "-");
}

static void append_any(struct kc_str *out, const json_t *value)
{
    if (json_is_string(value)) {
        append_clean(out, json_string_value(value));
    } else {
        char *text = kc_json_print(value, KC_JSON_AS_IS);
        append_clean(out, text);
        free(text);
    }
}

static void append_list(struct kc_str *out, const json_t *array)
{
    size_t index;
    json_t *value;
    json_array_foreach (array, index, value) {
        kc_str_append(out, index ? ", " : "");
        append_any(out, value);
    }
    if (!json_array_size(array))
        kc_str_append(out, "-");
}

static void append_measure(struct kc_str *out, const json_t *value, enum cli_format format)
{
    double number = json_number_value(value);
    if (format == CLI_AS_PERCENT)
        kc_str_appendf(out, "%.1f%%", number * 100);
    else if (format == CLI_AS_NUMBER)
        append_number(out, (int64_t)number);
    else if (format == CLI_AS_TIME)
        append_time(out, (int64_t)number);
    else if (number < 0) /* not known */
        kc_str_append(out, "-");
    else if (format == CLI_AS_DURATION)
        append_duration(out, (int64_t)number);
    else
        append_bytes(out, number);
    if (format == CLI_AS_RATE && number >= 0)
        kc_str_append(out, "/s");
}

void cli_format(struct kc_str *out, const json_t *value, enum cli_format format)
{
    if (!value || json_is_null(value))
        kc_str_append(out, "-");
    else if (format == CLI_AS_COUNTS && json_is_object(value))
        append_counts(out, value);
    else if (format == CLI_AS_LIST && json_is_array(value))
        append_list(out, value);
    else if (format >= CLI_AS_NUMBER && format <= CLI_AS_PERCENT && json_is_number(value))
        append_measure(out, value, format);
    else
        append_any(out, value);
}

const json_t *cli_field(const json_t *object, const char *path)
{
    const json_t *at = object;
    while (at && *path) {
        size_t len = strcspn(path, ".");
        char *name = kc_strndup(path, len);
        at = json_object_get(at, name);
        free(name);
        path += len;
        path += *path == '.';
    }
    return json_is_null(at) ? NULL : at;
}

const char *cli_text(const json_t *object, const char *path)
{
    const char *text = json_string_value(cli_field(object, path));
    return text ? text : "";
}

const char *cli_state_colour(const char *state)
{
    static const struct {
        const char *state, *colour;
    } colours[] = {
        {"RUNNING", "\033[32m"},   {"LINKING", "\033[32m"},   {"STANDBY", "\033[32m"},
        {"ACTIVE", "\033[32m"},    {"PROMOTED", "\033[36m"},  {"FAILED_OVER", "\033[36m"},
        {"FAILED", "\033[31m"},    {"DIVERGED", "\033[31m"},  {"SOURCE_UNAVAILABLE", "\033[31m"},
        {"HOLD_LOST", "\033[31m"}, {"different", "\033[31m"}, {"equal", "\033[32m"},
        {"PAUSED", "\033[33m"},    {"STOPPED", "\033[33m"},   {"UNASSIGNED", "\033[33m"},
        {"PENDING", "\033[33m"},   {"ALIGNING", "\033[33m"},  {"PROMOTING", "\033[33m"},
    };
    for (size_t i = 0; i < CLI_COUNT(colours); i++)
        if (strcmp(colours[i].state, state) == 0)
            return colours[i].colour;
    return "";
}
