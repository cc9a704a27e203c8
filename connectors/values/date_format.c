/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SimpleDateFormat: see date_format.h.
 *
 * A pattern is compiled into items: literal text, or a letter with its count. Printing and parsing
 * walk the items. Parsing is lenient: fields may overflow and carry on, as GregorianCalendar lets
 * them.
 */
#include "values/date_format.h"

#include "values/date_fields_priv.h"
#include "values/java_text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct format_item {
    char letter; /* 0: literal */
    int count;
    char *text; /* of a literal */
    bool abuts; /* a numeric field follows at once: take no more than count digits */
};

struct kc_date_format {
    struct format_item *items;
    size_t count;
};

static const char *const months[] = {"January",   "February", "March",    "April",
                                     "May",       "June",     "July",     "August",
                                     "September", "October",  "November", "December"};
static const char *const weekdays[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                       "Thursday", "Friday", "Saturday"};
static const char letters[] = "GyMdkHmsSEDFwWahKzZYuXL";
static const char words[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/* ---- compiling ---- */

static struct format_item *add_item(struct kc_date_format *format)
{
    format->items = kc_realloc(format->items, (format->count + 1) * sizeof(*format->items));
    struct format_item *item = &format->items[format->count++];
    memset(item, 0, sizeof(*item));
    return item;
}

static void flush_literal(struct kc_date_format *format, struct kc_str *literal)
{
    if (literal->len)
        add_item(format)->text = kc_str_take(literal);
}

static bool is_numeric(const struct format_item *item)
{
    return item->letter && (strchr("ydkHmsSDFwWhKYu", item->letter) ||
                            ((item->letter == 'M' || item->letter == 'L') && item->count <= 2));
}

static void mark_abutting(struct kc_date_format *format)
{
    for (size_t i = 0; i + 1 < format->count; i++)
        format->items[i].abuts = is_numeric(&format->items[i]) && is_numeric(&format->items[i + 1]);
}

static struct kc_error *compile(struct kc_date_format *format, const char *pattern,
                                struct kc_str *literal)
{
    bool quoted = false;
    for (const char *c = pattern; *c; c++) {
        bool letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z');
        if (*c == '\'' && c[1] == '\'') {
            kc_str_append_char(literal, *c++);
        } else if (*c == '\'') {
            quoted = !quoted;
        } else if (quoted || !letter) {
            kc_str_append_char(literal, *c);
        } else if (!strchr(letters, *c)) {
            return kc_error_new(KC_ERR_CONFIG, "Illegal pattern character '%c'", *c);
        } else {
            flush_literal(format, literal);
            struct format_item *item = add_item(format);
            item->letter = *c;
            item->count = (int)strspn(c, (char[]){*c, '\0'});
            if (item->letter == 'X' && item->count > 3)
                return kc_error_new(KC_ERR_CONFIG, "invalid ISO 8601 format: length=%d",
                                    item->count);
            c += item->count - 1;
        }
    }
    flush_literal(format, literal);
    mark_abutting(format);
    return quoted ? kc_error_new(KC_ERR_CONFIG, "Unterminated quote") : NULL;
}

struct kc_error *kc_date_format_new(const char *pattern, struct kc_date_format **format)
{
    struct kc_str literal = {0};
    *format = kc_calloc(1, sizeof(**format));
    struct kc_error *err = compile(*format, pattern, &literal);
    kc_str_destroy(&literal);
    if (err) {
        kc_date_format_destroy(*format);
        *format = NULL;
    }
    return err;
}

void kc_date_format_destroy(struct kc_date_format *format)
{
    if (!format)
        return;
    for (size_t i = 0; i < format->count; i++)
        free(format->items[i].text);
    free(format->items);
    free(format);
}

/* ---- printing ---- */

static int day_of_year(const struct kc_civil *civil)
{
    return (int)(civil->days - kc_year_begins(civil->year)) + 1;
}

/* Week of the year as the US count it (weeks begin on Sunday, the one with 1 January is the first),
 * and the year that it belongs to. */
static int week_of_year(const struct kc_civil *civil, int64_t *week_year)
{
    int64_t sunday = civil->days - civil->weekday;
    *week_year = civil->year;
    if (sunday + 6 >= kc_year_begins(civil->year + 1)) {
        (*week_year)++;
        return 1;
    }
    int64_t first = kc_year_begins(civil->year);
    int64_t first_weekday = (first % 7 + 11) % 7;
    return (int)((civil->days - first + first_weekday) / 7) + 1;
}

static void print_year(struct kc_str *out, int64_t year, int count)
{
    long long of_era = year > 0 ? year : 1 - year;
    if (count == 2)
        kc_str_appendf(out, "%02lld", of_era % 100);
    else
        kc_str_appendf(out, "%0*lld", count, of_era);
}

static void print_text(struct kc_str *out, const char *name, int count)
{
    kc_str_append_n(out, name, count >= 4 ? strlen(name) : 3);
}

/* Which day of its month it is: October 1582 has no 5th to 14th. */
static int nth_day(const struct kc_civil *civil)
{
    bool cut = civil->year == 1582 && civil->month == 10 && civil->day >= 15;
    return cut ? civil->day - 10 : civil->day;
}

/* The number of a numeric field other than years. */
static int number_of(const struct kc_civil *civil, char letter)
{
    int64_t week_year;
    switch (letter) {
    case 'M':
    case 'L':
        return civil->month;
    case 'd':
        return civil->day;
    case 'k':
        return civil->hour ? civil->hour : 24;
    case 'H':
        return civil->hour;
    case 'h':
        return civil->hour % 12 ? civil->hour % 12 : 12;
    case 'K':
        return civil->hour % 12;
    case 'm':
        return civil->minute;
    case 's':
        return civil->second;
    case 'S':
        return civil->millis;
    case 'D':
        return day_of_year(civil);
    case 'F':
        return (nth_day(civil) - 1) / 7 + 1;
    case 'w':
        return week_of_year(civil, &week_year);
    case 'W':
        return (nth_day(civil) - 1 + (civil->weekday + 35 - (nth_day(civil) - 1)) % 7) / 7 + 1;
    default: /* u */
        return civil->weekday ? civil->weekday : 7;
    }
}

static void print_item(struct kc_str *out, const struct format_item *item,
                       const struct kc_civil *civil)
{
    int64_t week_year = 0;
    switch (item->letter) {
    case 'G':
        kc_str_append(out, civil->year > 0 ? "AD" : "BC");
        break;
    case 'Y':
        week_of_year(civil, &week_year);
        if (week_year < 0)
            kc_str_append_char(out, '-');
        print_year(out, week_year < 0 ? -week_year : week_year, item->count);
        break;
    case 'y':
        print_year(out, civil->year, item->count);
        break;
    case 'E':
        print_text(out, weekdays[civil->weekday], item->count);
        break;
    case 'a':
        kc_str_append(out, civil->hour < 12 ? "AM" : "PM");
        break;
    case 'z':
        kc_str_append(out, item->count >= 4 ? "Coordinated Universal Time" : "UTC");
        break;
    case 'Z':
        kc_str_append(out, "+0000");
        break;
    case 'X':
        kc_str_append_char(out, 'Z');
        break;
    default:
        if (!is_numeric(item))
            print_text(out, months[civil->month - 1], item->count);
        else
            kc_str_appendf(out, "%0*d", item->count, number_of(civil, item->letter));
    }
}

void kc_date_format_print(const struct kc_date_format *format, int64_t ms, struct kc_str *out)
{
    struct kc_civil civil = kc_civil_from_ms(ms);
    for (size_t i = 0; i < format->count; i++) {
        const struct format_item *item = &format->items[i];
        if (item->letter)
            print_item(out, item, &civil);
        else
            kc_str_append(out, item->text);
    }
}

/* ---- parsing ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Takes an integer with at most max characters; NULL when there is none. */
static const char *take_number(const char *c, const char *end, int max, int64_t *number)
{
    if (max && end - c > max)
        end = c + max;
    bool negative = c < end && *c == '-';
    c += negative;
    if (c == end || !is_digit(*c))
        return NULL;
    *number = 0;
    for (; c < end && is_digit(*c); c++)
        if (*number < INT32_MAX)
            *number = *number * 10 + (*c - '0');
    if (*number > INT32_MAX)
        *number = INT32_MAX;
    if (negative)
        *number = -*number;
    return c;
}

/* Takes the longest of count names or their first three letters; -1 when there is none. */
static int take_name(const char **c, const char *end, const char *const *names, int count)
{
    int best = -1;
    size_t best_len = 0;
    for (int i = 0; i < count; i++) {
        size_t lens[] = {strlen(names[i]), 3};
        for (int k = 0; k < 2; k++) {
            if (lens[k] > best_len && (size_t)(end - *c) >= lens[k] &&
                strncasecmp(*c, names[i], lens[k]) == 0) {
                best = i;
                best_len = lens[k];
            }
        }
    }
    *c += best_len;
    return best;
}

static int two_digits(const char *c)
{
    return is_digit(c[0]) && is_digit(c[1]) ? (c[0] - '0') * 10 + c[1] - '0' : -1;
}

/* Abbreviations of zones that mean one thing, in minutes east of UTC, as Java reads them. */
static const struct {
    const char *name;
    int minutes;
} zones[] = {
    {"UTC", 0},    {"GMT", 0},     {"EST", -300},  {"EDT", -240}, {"CST", -360}, {"CDT", -300},
    {"MST", -420}, {"MDT", -360},  {"PST", -480},  {"PDT", -420}, {"WET", 0},    {"WEST", 60},
    {"CET", 60},   {"CEST", 120},  {"EET", 120},   {"EEST", 180}, {"MSK", 180},  {"JST", 540},
    {"HST", -600}, {"AKST", -540}, {"AKDT", -480}, {"BST", 60},   {"IST", 120},  {"SGT", 480},
};

/* An offset behind its sign: hhmm; hh alone for X; hh:mm where colon, with a short hour if brief.
 */
static const char *take_offset(const char *c, const char *end, bool minutes, bool colon, bool brief,
                               int64_t *offset)
{
    int hours = end - c >= 2 ? two_digits(c) : -1;
    if (hours < 0 && brief && c < end && is_digit(*c)) {
        hours = *c - '0';
        c += 1;
    } else {
        c += 2;
    }
    if (hours < 0 || hours > 23)
        return NULL;
    *offset = hours * 60;
    if (!minutes)
        return c;
    if (end - c < 2 + colon || (colon && *c != ':'))
        return NULL;
    c += colon;
    int rest = two_digits(c);
    if (rest < 0 || rest > 59)
        return NULL;
    *offset += rest;
    return c + 2;
}

static bool is_sign(const char *c, const char *end)
{
    return c < end && (*c == '+' || *c == '-');
}

/* The longest name that text begins with; NULL: none that is known. */
static const char *take_zone_name(const char *c, const char *end, int64_t *minutes)
{
    size_t best = 0;
    for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
        size_t len = strlen(zones[i].name);
        if (len > best && (size_t)(end - c) >= len && strncasecmp(c, zones[i].name, len) == 0) {
            best = len;
            *minutes = zones[i].minutes;
        }
    }
    /* A longer word would be another zone. */
    bool goes_on = best && c + best < end && strchr(words, c[best]);
    return best && !goes_on ? c + best : NULL;
}

/* X: "Z" or +hh, +hhmm, +hh:mm by its count. z, Z: +hhmm, GMT+h:mm, or a name. */
static const char *take_zone(const char *c, const char *end, const struct format_item *item,
                             struct kc_date_fields *fields)
{
    bool iso = item->letter == 'X';
    bool gmt = !iso && end - c >= 4 && strncasecmp(c, "GMT", 3) == 0 && is_sign(c + 3, end);
    fields->zone_minutes = 0;
    if (iso && c < end && *c == 'Z')
        return c + 1;
    if (gmt)
        c += 3;
    if (!is_sign(c, end))
        return iso ? NULL : take_zone_name(c, end, &fields->zone_minutes);
    bool colon = gmt || (iso && item->count == 3);
    const char *next =
        take_offset(c + 1, end, !iso || item->count > 1, colon, gmt, &fields->zone_minutes);
    if (*c == '-')
        fields->zone_minutes = -fields->zone_minutes;
    return next;
}

/* Years of two digits are taken within 80 years before and 20 after today. */
static int64_t full_year(int64_t year)
{
    int64_t start = kc_civil_from_ms(kc_now_ms()).year - 80;
    int64_t century = start / 100 * 100;
    return century + year + (century + year < start ? 100 : 0);
}

/* A number under its letter; -1: the letter's number is looked at by hand. */
static int field_of(char letter)
{
    static const struct {
        char letter;
        enum kc_date_field field;
    } fields[] = {
        {'M', KC_DATE_MONTH},
        {'L', KC_DATE_MONTH},
        {'d', KC_DATE_DAY},
        {'D', KC_DATE_DAY_OF_YEAR},
        {'F', KC_DATE_DAY_OF_WEEK_IN_MONTH},
        {'w', KC_DATE_WEEK_OF_YEAR},
        {'W', KC_DATE_WEEK_OF_MONTH},
        {'H', KC_DATE_HOUR_OF_DAY},
        {'K', KC_DATE_HOUR},
        {'m', KC_DATE_MINUTE},
        {'s', KC_DATE_SECOND},
        {'S', KC_DATE_MILLIS},
    };
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        if (fields[i].letter == letter)
            return fields[i].field;
    return -1;
}

static void set_number(struct kc_date_fields *fields, char letter, int64_t number)
{
    int field = field_of(letter);
    if (field >= 0)
        kc_date_fields_set(fields, field, number);
    else if (letter == 'k')
        kc_date_fields_set(fields, KC_DATE_HOUR_OF_DAY, number == 24 ? 0 : number);
    else if (letter == 'h')
        kc_date_fields_set(fields, KC_DATE_HOUR, number == 12 ? 0 : number);
    else if (letter == 'u') /* 1 Monday .. 7 Sunday */
        kc_date_fields_set(fields, KC_DATE_DAY_OF_WEEK,
                           number >= 1 && number <= 7 ? number % 7 + 1 : number);
}

static const char *parse_number(const struct format_item *item, const char *c, const char *end,
                                struct kc_date_fields *fields)
{
    int64_t number;
    if (item->abuts && end - c < item->count)
        return NULL;
    const char *next = take_number(c, end, item->abuts ? item->count : 0, &number);
    if (!next)
        return NULL;
    if (item->letter == 'y' || item->letter == 'Y')
        kc_date_fields_set(fields, item->letter == 'y' ? KC_DATE_YEAR : KC_DATE_WEEK_YEAR,
                           item->count <= 2 && next - c == 2 && is_digit(*c) ? full_year(number)
                                                                             : number);
    else
        set_number(fields, item->letter, number);
    return next;
}

static const char *parse_item(const struct format_item *item, const char *c, const char *end,
                              struct kc_date_fields *fields)
{
    static const char *const halves[] = {"AM ", "PM "};
    static const char *const eras[] = {"BC ", "AD "};
    while (c < end && (*c == ' ' || *c == '\t'))
        c++;
    if (is_numeric(item))
        return parse_number(item, c, end, fields);
    int index = -1;
    switch (item->letter) {
    case 'M':
    case 'L':
        index = take_name(&c, end, months, 12);
        kc_date_fields_set(fields, KC_DATE_MONTH, index + 1);
        return index < 0 ? NULL : c;
    case 'E':
        index = take_name(&c, end, weekdays, 7);
        kc_date_fields_set(fields, KC_DATE_DAY_OF_WEEK, index + 1);
        return index < 0 ? NULL : c;
    case 'a':
    case 'G':
        for (int i = 0; i < 2 && index < 0; i++)
            if (end - c >= 2 && strncasecmp(c, item->letter == 'a' ? halves[i] : eras[i], 2) == 0)
                index = i;
        kc_date_fields_set(fields, item->letter == 'a' ? KC_DATE_HALF : KC_DATE_ERA, index);
        return index < 0 ? NULL : c + 2;
    default:
        return take_zone(c, end, item, fields);
    }
}

bool kc_date_format_parse(const struct kc_date_format *format, const char *text, size_t len,
                          int64_t *ms)
{
    struct kc_date_fields fields = {0};
    const char *c = text;
    const char *end = text + len;
    for (size_t i = 0; i < format->count; i++) {
        const struct format_item *item = &format->items[i];
        if (item->letter) {
            c = parse_item(item, c, end, &fields);
            if (!c)
                return false;
            continue;
        }
        size_t size = strlen(item->text);
        if ((size_t)(end - c) < size || memcmp(c, item->text, size) != 0)
            return false;
        c += size;
    }
    *ms = kc_date_fields_ms(&fields);
    return true;
}
