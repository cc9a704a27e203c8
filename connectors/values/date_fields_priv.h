/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calendar fields named by a text, and the moment that they mean: java.util.GregorianCalendar,
 * lenient, in UTC. Weeks begin on Sunday; the week with 1 January is the first.
 *
 * The fields set last win over others that contradict them. Pure; any thread.
 */
#ifndef CONNECTORS_VALUES_DATE_FIELDS_PRIV_H
#define CONNECTORS_VALUES_DATE_FIELDS_PRIV_H

#include <stdbool.h>
#include <stdint.h>

enum kc_date_field {
    KC_DATE_ERA, /* 0 BC, 1 AD */
    KC_DATE_YEAR,
    KC_DATE_WEEK_YEAR,
    KC_DATE_MONTH, /* from 1 */
    KC_DATE_DAY,
    KC_DATE_DAY_OF_YEAR,
    KC_DATE_DAY_OF_WEEK, /* 1 Sunday .. 7 Saturday */
    KC_DATE_DAY_OF_WEEK_IN_MONTH,
    KC_DATE_WEEK_OF_YEAR,
    KC_DATE_WEEK_OF_MONTH,
    KC_DATE_HALF, /* 0 AM, 1 PM */
    KC_DATE_HOUR, /* of a half */
    KC_DATE_HOUR_OF_DAY,
    KC_DATE_MINUTE,
    KC_DATE_SECOND,
    KC_DATE_MILLIS,
    KC_DATE_FIELDS, /* how many */
};

struct kc_date_fields {
    int64_t value[KC_DATE_FIELDS];
    int stamp[KC_DATE_FIELDS]; /* when it was set; 0: never */
    int stamps;
    int64_t zone_minutes; /* east of UTC */
};

void kc_date_fields_set(struct kc_date_fields *fields, enum kc_date_field field, int64_t value);
/* Milliseconds since the epoch. Fields that aren't set have the values of 1 January 1970. */
int64_t kc_date_fields_ms(const struct kc_date_fields *fields);

/* The day (since the epoch) that a year begins on: by the Julian calendar up to 1582. */
int64_t kc_year_begins(int64_t year);

#endif
