/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values as text in Java's manner (connect/text.h), and Java's calendar. Pure functions, any
 * thread.
 */
#ifndef CONNECTORS_VALUES_JAVA_TEXT_H
#define CONNECTORS_VALUES_JAVA_TEXT_H

#include "connect/text.h"

/* The day, since the epoch, of 15 October 1582. From it on Java's calendar is the Gregorian one,
 * before it the Julian one (java.util.GregorianCalendar). */
#define KC_GREGORIAN_BEGINS (-141427)

/* The civil date of ms since the epoch in Java's calendar; month 1..12. */
struct kc_civil {
    int64_t year;
    int month, day, hour, minute, second, millis;
    int weekday;  /* 0: Sunday */
    int64_t days; /* since the epoch */
};
struct kc_civil kc_civil_from_ms(int64_t ms);
/* Days since the epoch; month and day may overflow, as a lenient calendar takes them. */
int64_t kc_civil_days(int64_t year, int64_t month, int64_t day);
int64_t kc_julian_days(int64_t year, int64_t month, int64_t day); /* by the Julian calendar */

#endif
