/* SPDX-License-Identifier: Apache-2.0 */
/* Object.toString in C: see java_text.h. */
#include "values/java_text.h"

#include "connect/java_json.h"
#include "values/container_text_priv.h"
#include "values/decimal.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MS_PER_DAY = 86400000 };

/* ---- calendar ---- */

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

int64_t kc_civil_days(int64_t year, int64_t month, int64_t day)
{
    year += floor_div(month - 1, 12);
    month = (month - 1) - floor_div(month - 1, 12) * 12 + 1;
    /* Years begin in March, eras have 400 of them. */
    year -= month <= 2;
    int64_t era = floor_div(year, 400);
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468 + day - 1;
}

int64_t kc_julian_days(int64_t year, int64_t month, int64_t day)
{
    year += floor_div(month - 1, 12);
    month = (month - 1) - floor_div(month - 1, 12) * 12 + 1;
    year -= month <= 2;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5;
    return year * 365 + floor_div(year, 4) + day_of_year - 719470 + day - 1;
}

/* Day of a year that begins in March into month and day. */
static void set_month(struct kc_civil *civil, int64_t doy)
{
    int64_t month = (5 * doy + 2) / 153;
    civil->day = (int)(doy - (153 * month + 2) / 5 + 1);
    civil->month = (int)(month < 10 ? month + 3 : month - 9);
}

static void set_julian(struct kc_civil *civil)
{
    int64_t z = civil->days + 719470;
    int64_t cycle = floor_div(z, 1461);
    int64_t rest = z - cycle * 1461;
    int64_t year = (rest - rest / 1460) / 365;
    set_month(civil, rest - 365 * year);
    civil->year = cycle * 4 + year + (civil->month <= 2);
}

static void set_gregorian(struct kc_civil *civil)
{
    int64_t z = civil->days + 719468;
    int64_t era = floor_div(z, 146097);
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    set_month(civil, doy);
    civil->year = yoe + era * 400 + (civil->month <= 2);
}

struct kc_civil kc_civil_from_ms(int64_t ms)
{
    struct kc_civil civil = {.days = floor_div(ms, MS_PER_DAY)};
    int rest = (int)(ms % MS_PER_DAY);
    if (rest < 0)
        rest += MS_PER_DAY;
    civil.millis = rest % 1000;
    civil.second = rest / 1000 % 60;
    civil.minute = rest / 60000 % 60;
    civil.hour = rest / 3600000;
    civil.weekday = (int)((civil.days % 7 + 11) % 7);
    if (civil.days < KC_GREGORIAN_BEGINS)
        set_julian(&civil);
    else
        set_gregorian(&civil);
    return civil;
}

bool kc_java_date(const struct kc_schema *schema, const struct kc_value *value, int64_t *ms)
{
    if (value->type == KC_TYPE_INT32 && kc_schema_is(schema, KC_LOGICAL_DATE))
        *ms = value->u.i * MS_PER_DAY;
    else if ((value->type == KC_TYPE_INT32 && kc_schema_is(schema, KC_LOGICAL_TIME)) ||
             (value->type == KC_TYPE_INT64 && kc_schema_is(schema, KC_LOGICAL_TIMESTAMP)))
        *ms = value->u.i;
    else
        return false;
    return true;
}

/* SimpleDateFormat's years count from 1; those before Christ are 1 BC, 2 BC, ... */
static long long year_of_era(const struct kc_civil *civil)
{
    return civil->year > 0 ? civil->year : 1 - civil->year;
}

void kc_iso_date(struct kc_str *out, int64_t ms)
{
    struct kc_civil civil = kc_civil_from_ms(ms);
    bool time_only = ms < MS_PER_DAY;
    bool date_only = !time_only && ms % MS_PER_DAY == 0;
    if (!time_only)
        kc_str_appendf(out, "%04lld-%02d-%02d", year_of_era(&civil), civil.month, civil.day);
    if (!time_only && !date_only)
        kc_str_append_char(out, 'T');
    if (!date_only)
        kc_str_appendf(out, "%02d:%02d:%02d.%03dZ", civil.hour, civil.minute, civil.second,
                       civil.millis);
}

/* Date.toString in UTC: "Thu Jan 01 00:00:00 UTC 1970". */
static void print_date(struct kc_str *out, int64_t ms)
{
    static const char weekdays[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct kc_civil civil = kc_civil_from_ms(ms);
    kc_str_appendf(out, "%.3s %.3s %02d %02d:%02d:%02d UTC %lld", weekdays + 3 * civil.weekday,
                   months + 3 * (civil.month - 1), civil.day, civil.hour, civil.minute,
                   civil.second, year_of_era(&civil));
}

/* ---- values ---- */

void kc_java_number(struct kc_str *out, const struct kc_value *value)
{
    if (isnan(value->u.d))
        kc_str_append(out, "NaN");
    else if (isinf(value->u.d))
        kc_str_append(out, value->u.d > 0 ? "Infinity" : "-Infinity");
    else if (value->type == KC_TYPE_FLOAT32)
        kc_json_write_float(out, (float)value->u.d);
    else
        kc_json_write_double(out, value->u.d);
}

static void print_bytes(struct kc_str *out, const struct kc_schema *schema,
                        const struct kc_value *value)
{
    struct kc_decimal decimal;
    struct kc_arena *arena = kc_arena_new(256);
    struct kc_error *err = NULL;
    if (kc_schema_is(schema, KC_LOGICAL_DECIMAL) &&
        !(err = kc_decimal_of_value(arena, schema, value, &decimal)))
        kc_decimal_print(out, &decimal);
    else
        kc_str_appendf(out, "[B@%x", (unsigned)((uintptr_t)value->u.bytes.data >> 3));
    kc_error_destroy(err);
    kc_arena_destroy(arena);
}

static const struct values_item_form item_form = {", ", '=', kc_java_text};

static void print_struct(struct kc_str *out, const struct kc_schema *schema,
                         const struct kc_value *value)
{
    const char *comma = "";
    kc_str_append(out, "Struct{");
    for (uint32_t i = 0; schema && i < value->count; i++) {
        if (value->u.items[i].type == KC_TYPE_NULL)
            continue;
        kc_str_appendf(out, "%s%s=", comma, kc_schema_field_name(schema, i));
        kc_java_text(out, kc_schema_field(schema, i), &value->u.items[i]);
        comma = ",";
    }
    kc_str_append_char(out, '}');
}

void kc_java_text(struct kc_str *out, const struct kc_schema *schema, const struct kc_value *value)
{
    int64_t ms;
    switch (value->type) {
    case KC_TYPE_NULL:
        kc_str_append(out, "null");
        break;
    case KC_TYPE_INT8:
    case KC_TYPE_INT16:
    case KC_TYPE_INT32:
    case KC_TYPE_INT64:
        if (kc_java_date(schema, value, &ms))
            print_date(out, ms);
        else
            kc_str_appendf(out, "%" PRId64, value->u.i);
        break;
    case KC_TYPE_FLOAT32:
    case KC_TYPE_FLOAT64:
        kc_java_number(out, value);
        break;
    case KC_TYPE_BOOLEAN:
        kc_str_append(out, value->u.b ? "true" : "false");
        break;
    case KC_TYPE_STRING:
        kc_str_append_n(out, value->u.bytes.data, value->u.bytes.len);
        break;
    case KC_TYPE_BYTES:
        print_bytes(out, schema, value);
        break;
    case KC_TYPE_ARRAY:
        values_print_list(out, schema, value, &item_form);
        break;
    case KC_TYPE_MAP:
        values_print_map(out, schema, value, &item_form);
        break;
    case KC_TYPE_STRUCT:
        print_struct(out, schema, value);
        break;
    }
}
