/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SimpleDateFormat: see date_format.h.
 *
 * A pattern is compiled into items: literal text, or a letter with its count. Printing and parsing
 * walk the items. Parsing is lenient: fields may overflow and carry on, as GregorianCalendar lets
 * them.
 */
#include "common/date_format.h"

#include "common/java_text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct item {
    char letter; /* 0: literal */
    int count;
    char *text; /* of a literal */
    bool abuts; /* a numeric field follows at once: take no more than count digits */
};

struct kc_date_format {
    struct item *items;
    size_t count;
};

static const char *const months[] = {"January",   "February", "March",    "April",
                                     "May",       "June",     "July",     "August",
                                     "September", "October",  "November", "December"};
static const char *const weekdays[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                       "Thursday", "Friday", "Saturday"};
static const char letters[] = "GyMdkHmsSEDFwWahKzZYuXL";

/* ---- compiling ---- */

static struct item *add_item(struct kc_date_format *format)
{
    format->items = kc_realloc(format->items, (format->count + 1) * sizeof(*format->items));
    struct item *item = &format->items[format->count++];
    memset(item, 0, sizeof(*item));
    return item;
}

static void flush_literal(struct kc_date_format *format, struct kc_str *literal)
{
    if (literal->len)
        add_item(format)->text = kc_str_take(literal);
}

static bool is_numeric(const struct item *item)
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
            struct item *item = add_item(format);
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
    return (int)(civil->days - kc_civil_days(civil->year, 1, 1)) + 1;
}

/* Week of the year as the US count it (weeks begin on Sunday, the one with 1 January is the first),
 * and the year that it belongs to. */
static int week_of_year(const struct kc_civil *civil, int64_t *week_year)
{
    int64_t sunday = civil->days - civil->weekday;
    *week_year = civil->year;
    if (sunday + 6 >= kc_civil_days(civil->year + 1, 1, 1)) {
        (*week_year)++;
        return 1;
    }
    int64_t first = kc_civil_days(civil->year, 1, 1);
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
        return (civil->day - 1) / 7 + 1;
    case 'w':
        return week_of_year(civil, &week_year);
    case 'W':
        return (civil->day - 1 + (civil->weekday + 35 - (civil->day - 1)) % 7) / 7 + 1;
    default: /* u */
        return civil->weekday ? civil->weekday : 7;
    }
}

static void print_item(struct kc_str *out, const struct item *item, const struct kc_civil *civil)
{
    int64_t week_year = 0;
    switch (item->letter) {
    case 'G':
        kc_str_append(out, civil->year > 0 ? "AD" : "BC");
        break;
    case 'Y':
        week_of_year(civil, &week_year);
        print_year(out, week_year, item->count);
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
        const struct item *item = &format->items[i];
        if (item->letter)
            print_item(out, item, &civil);
        else
            kc_str_append(out, item->text);
    }
}

/* ---- parsing ---- */

struct fields {
    bool bc;
    int64_t year, month, day, hour, minute, second, millis;
    int64_t day_of_year; /* 0: not given */
    int half;            /* 0 AM, 1 PM; with hour_of_half */
    int64_t hour_of_half;
    bool halves; /* the hour was given as half and hour of half */
    int64_t zone_minutes;
};

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

/* "Z", "UTC", "GMT", and an offset: +hh, +hhmm, +hh:mm. */
static const char *take_zone(const char *c, const char *end, const struct item *item,
                             struct fields *fields)
{
    fields->zone_minutes = 0;
    if (item->letter == 'X' && c < end && *c == 'Z')
        return c + 1;
    bool named = end - c >= 3 && item->letter != 'X' &&
                 (strncasecmp(c, "UTC", 3) == 0 || strncasecmp(c, "GMT", 3) == 0);
    if (named)
        c += 3;
    if (end - c < 3 || (*c != '+' && *c != '-') || two_digits(c + 1) < 0)
        return named ? c : NULL;
    int sign = *c == '-' ? -1 : 1;
    int hours = two_digits(c + 1);
    int minutes = 0;
    c += 3;
    bool colon = c < end && *c == ':' && (named || item->letter == 'z' || item->count == 3);
    bool short_form = item->letter == 'X' && item->count == 1;
    if (!short_form && end - c >= 2 + colon && two_digits(c + colon) >= 0) {
        minutes = two_digits(c + colon);
        c += 2 + colon;
    } else if (!short_form && !named) {
        return NULL;
    }
    if (hours > 23 || minutes > 59)
        return NULL;
    fields->zone_minutes = sign * (hours * 60 + minutes);
    return c;
}

/* Years of two digits are taken within 80 years before and 20 after today. */
static int64_t full_year(int64_t year)
{
    int64_t start = kc_civil_from_ms(kc_now_ms()).year - 80;
    int64_t century = start / 100 * 100;
    return century + year + (century + year < start ? 100 : 0);
}

static void set_number(struct fields *fields, char letter, int64_t number)
{
    switch (letter) {
    case 'M':
    case 'L':
        fields->month = number;
        break;
    case 'd':
        fields->day = number;
        break;
    case 'D':
        fields->day_of_year = number;
        break;
    case 'k':
        fields->hour = number == 24 ? 0 : number;
        fields->halves = false;
        break;
    case 'H':
        fields->hour = number;
        fields->halves = false;
        break;
    case 'h':
        fields->hour_of_half = number == 12 ? 0 : number;
        fields->halves = true;
        break;
    case 'K':
        fields->hour_of_half = number;
        fields->halves = true;
        break;
    case 'm':
        fields->minute = number;
        break;
    case 's':
        fields->second = number;
        break;
    case 'S':
        fields->millis = number;
        break;
    default: /* weeks and days of them don't count beside the date */
        break;
    }
}

static const char *parse_number(const struct item *item, const char *c, const char *end,
                                struct fields *fields)
{
    int64_t number;
    if (item->abuts && end - c < item->count)
        return NULL;
    const char *next = take_number(c, end, item->abuts ? item->count : 0, &number);
    if (!next)
        return NULL;
    if (item->letter == 'y' || item->letter == 'Y')
        fields->year =
            item->count <= 2 && next - c == 2 && is_digit(*c) ? full_year(number) : number;
    else
        set_number(fields, item->letter, number);
    return next;
}

static const char *parse_item(const struct item *item, const char *c, const char *end,
                              struct fields *fields)
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
        fields->month = index + 1;
        return index < 0 ? NULL : c;
    case 'E':
        return take_name(&c, end, weekdays, 7) < 0 ? NULL : c;
    case 'a':
    case 'G':
        for (int i = 0; i < 2 && index < 0; i++)
            if (end - c >= 2 && strncasecmp(c, item->letter == 'a' ? halves[i] : eras[i], 2) == 0)
                index = i;
        if (item->letter == 'a')
            fields->half = index, fields->halves = true;
        else
            fields->bc = index == 0;
        return index < 0 ? NULL : c + 2;
    default:
        return take_zone(c, end, item, fields);
    }
}

static int64_t resolve(const struct fields *fields)
{
    int64_t year = fields->bc ? 1 - fields->year : fields->year;
    int64_t days = fields->day_of_year ? kc_civil_days(year, 1, 1) + fields->day_of_year - 1
                                       : kc_civil_days(year, fields->month, fields->day);
    int64_t hour = fields->halves ? fields->half * 12 + fields->hour_of_half : fields->hour;
    return (((days * 24 + hour) * 60 + fields->minute - fields->zone_minutes) * 60 +
            fields->second) *
               1000 +
           fields->millis;
}

bool kc_date_format_parse(const struct kc_date_format *format, const char *text, size_t len,
                          int64_t *ms)
{
    struct fields fields = {.year = 1970, .month = 1, .day = 1};
    const char *c = text;
    const char *end = text + len;
    for (size_t i = 0; i < format->count; i++) {
        const struct item *item = &format->items[i];
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
    *ms = resolve(&fields);
    return true;
}
