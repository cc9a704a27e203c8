/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From calendar fields to a moment: see date_fields_priv.h; Calendar.selectFields and
 * GregorianCalendar.getFixedDate.
 */
#include "values/date_fields_priv.h"

#include "values/java_text.h"

#include <string.h>

enum { SUNDAY = 1 };

/* The days of a date by one calendar. */
typedef int64_t (*days_fn)(int64_t year, int64_t month, int64_t day);

void kc_date_fields_set(struct kc_date_fields *fields, enum kc_date_field field, int64_t value)
{
    fields->value[field] = value;
    fields->stamp[field] = ++fields->stamps;
}

static int later(int a, int b)
{
    return a > b ? a : b;
}

/* Two fields that mean something only together. */
static int both(int a, int b)
{
    return a && b ? later(a, b) : 0;
}

static int64_t value_or(const struct kc_date_fields *fields, enum kc_date_field field,
                        int64_t otherwise)
{
    return fields->stamp[field] ? fields->value[field] : otherwise;
}

/* The last day before or on `day` that is the day of week (1 Sunday). */
static int64_t on_or_before(int64_t day, int64_t day_of_week)
{
    int64_t weekday = (day % 7 + 11) % 7; /* the epoch was a Thursday */
    int64_t back = (weekday - (day_of_week - 1)) % 7;
    return day - (back + 7) % 7;
}

/* ---- which fields count ---- */

enum date_way {
    BY_DAY,
    BY_WEEK_OF_MONTH,
    BY_DAY_OF_WEEK_IN_MONTH,
    BY_DAY_OF_YEAR,
    BY_WEEK_OF_YEAR
};

static enum date_way way_within_month(const int *stamp, int week, int day_in_month, int best)
{
    if (week == day_in_month)
        return stamp[KC_DATE_WEEK_OF_MONTH] >= stamp[KC_DATE_DAY_OF_WEEK_IN_MONTH]
                   ? BY_WEEK_OF_MONTH
                   : BY_DAY_OF_WEEK_IN_MONTH;
    return best == week ? BY_WEEK_OF_MONTH : BY_DAY_OF_WEEK_IN_MONTH;
}

/* The date comes from a sufficient set of fields: the one that was set last. */
static enum date_way choose_way(const int *stamp)
{
    int weekday = stamp[KC_DATE_DAY_OF_WEEK], day = stamp[KC_DATE_DAY];
    int week = both(stamp[KC_DATE_WEEK_OF_MONTH], weekday);
    int day_in_month = both(stamp[KC_DATE_DAY_OF_WEEK_IN_MONTH], weekday);
    int of_year = stamp[KC_DATE_DAY_OF_YEAR];
    int week_of_year = both(stamp[KC_DATE_WEEK_OF_YEAR], weekday);
    int best = later(later(day, week), later(later(day_in_month, of_year), week_of_year));
    if (!best) {
        week = stamp[KC_DATE_WEEK_OF_MONTH];
        day_in_month = later(stamp[KC_DATE_DAY_OF_WEEK_IN_MONTH], weekday);
        week_of_year = stamp[KC_DATE_WEEK_OF_YEAR];
        best = later(later(week, day_in_month), week_of_year);
        if (!best)
            return BY_DAY;
    }
    if (best == day)
        return BY_DAY;
    if ((best == week && stamp[KC_DATE_WEEK_OF_MONTH] >= stamp[KC_DATE_WEEK_OF_YEAR]) ||
        (best == day_in_month &&
         stamp[KC_DATE_DAY_OF_WEEK_IN_MONTH] >= stamp[KC_DATE_WEEK_OF_YEAR]))
        return way_within_month(stamp, week, day_in_month, best);
    return best == of_year ? BY_DAY_OF_YEAR : BY_WEEK_OF_YEAR;
}

/* ---- days ---- */

/* The day of the week-th week, counted from the one that `first` is in. */
static int64_t day_of_week_number(const struct kc_date_fields *fields, int64_t first, int64_t week)
{
    int64_t begin = on_or_before(first + 6, SUNDAY);
    if (begin - first >= 1) /* the first week needs one day */
        begin -= 7;
    int64_t weekday = value_or(fields, KC_DATE_DAY_OF_WEEK, SUNDAY);
    return on_or_before(begin + 6, weekday) + 7 * (week - 1);
}

static int64_t day_in_month(const struct kc_date_fields *fields, days_fn days, int64_t year,
                            int64_t month, int64_t first)
{
    int64_t weekday = value_or(fields, KC_DATE_DAY_OF_WEEK, SUNDAY);
    int64_t number = value_or(fields, KC_DATE_DAY_OF_WEEK_IN_MONTH, 1);
    if (number >= 0)
        return on_or_before(first + 7 * number - 1, weekday);
    int64_t length = days(year, month + 1, 1) - first;
    return on_or_before(first + length + 7 * (number + 1) - 1, weekday);
}

static int64_t days_by(const struct kc_date_fields *fields, days_fn days, int64_t year)
{
    enum date_way way = choose_way(fields->stamp);
    bool in_month = way == BY_DAY || way == BY_WEEK_OF_MONTH || way == BY_DAY_OF_WEEK_IN_MONTH;
    int64_t month = in_month ? value_or(fields, KC_DATE_MONTH, 1) : 1;
    int64_t first = days(year, month, 1);
    switch (way) {
    case BY_DAY:
        return first + value_or(fields, KC_DATE_DAY, 1) - 1;
    case BY_WEEK_OF_MONTH:
        return day_of_week_number(fields, first, fields->value[KC_DATE_WEEK_OF_MONTH]);
    case BY_DAY_OF_WEEK_IN_MONTH:
        return day_in_month(fields, days, year, month, first);
    case BY_DAY_OF_YEAR:
        return first + fields->value[KC_DATE_DAY_OF_YEAR] - 1;
    default:
        return day_of_week_number(fields, first, fields->value[KC_DATE_WEEK_OF_YEAR]);
    }
}

/* Computes with both calendars if the change from one to the other may lie in between. */
static int64_t date_of(const struct kc_date_fields *fields, int64_t year)
{
    enum date_way way = choose_way(fields->stamp);
    bool of_year = way == BY_DAY_OF_YEAR || way == BY_WEEK_OF_YEAR;
    int64_t gregorian = days_by(fields, kc_civil_days, year);
    /* The year of the change counts its days from a Julian 1 January. */
    bool julian = gregorian < KC_GREGORIAN_BEGINS ||
                  (of_year && kc_civil_days(year, 1, 1) < KC_GREGORIAN_BEGINS);
    return julian ? days_by(fields, kc_julian_days, year) : gregorian;
}

int64_t kc_year_begins(int64_t year)
{
    int64_t gregorian = kc_civil_days(year, 1, 1);
    return gregorian >= KC_GREGORIAN_BEGINS ? gregorian : kc_julian_days(year, 1, 1);
}

/* Calendar.setWeekDate: whole weeks and days from the first day of the year's first week. */
static int64_t date_of_week_year(const struct kc_date_fields *fields)
{
    int64_t weekday = value_or(fields, KC_DATE_DAY_OF_WEEK, SUNDAY);
    int64_t week = value_or(fields, KC_DATE_WEEK_OF_YEAR, 1);
    int64_t begin = on_or_before(kc_year_begins(fields->value[KC_DATE_WEEK_YEAR]), SUNDAY);
    return begin + (weekday - SUNDAY) + 7 * (week - 1);
}

/* ---- time ---- */

static int64_t hour_of(const struct kc_date_fields *fields)
{
    const int *stamp = fields->stamp;
    int halves = both(stamp[KC_DATE_HOUR], stamp[KC_DATE_HALF]);
    int best = later(halves, stamp[KC_DATE_HOUR_OF_DAY]);
    if (!best)
        best = later(stamp[KC_DATE_HOUR], stamp[KC_DATE_HALF]);
    if (best && best == stamp[KC_DATE_HOUR_OF_DAY])
        return fields->value[KC_DATE_HOUR_OF_DAY];
    return value_or(fields, KC_DATE_HOUR, 0) + 12 * value_or(fields, KC_DATE_HALF, 0);
}

int64_t kc_date_fields_ms(const struct kc_date_fields *fields)
{
    bool week_date = fields->stamp[KC_DATE_WEEK_YEAR] > fields->stamp[KC_DATE_YEAR];
    int64_t year = value_or(fields, KC_DATE_YEAR, 1970);
    if (!value_or(fields, KC_DATE_ERA, 1))
        year = 1 - year;
    int64_t days = week_date ? date_of_week_year(fields) : date_of(fields, year);
    int64_t minutes = (days * 24 + hour_of(fields)) * 60 + value_or(fields, KC_DATE_MINUTE, 0) -
                      fields->zone_minutes;
    int64_t seconds = minutes * 60 + value_or(fields, KC_DATE_SECOND, 0);
    /* Beyond the year 292278994 it wraps, as Java's long does. */
    return (int64_t)((uint64_t)seconds * 1000 + (uint64_t)value_or(fields, KC_DATE_MILLIS, 0));
}
