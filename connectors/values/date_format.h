/* SPDX-License-Identifier: Apache-2.0 */
/*
 * java.text.SimpleDateFormat in UTC with English names: patterns, printing and lenient parsing.
 *
 * The calendar is Java's: Julian before 15 October 1582. The zones that it reads are UTC, offsets
 * and the common abbreviations. Immutable once made; any thread.
 */
#ifndef CONNECTORS_VALUES_DATE_FORMAT_H
#define CONNECTORS_VALUES_DATE_FORMAT_H

#include "connect/mem.h"

struct kc_date_format;

/* KC_ERR_CONFIG with Java's reason when pattern isn't one. */
struct kc_error *kc_date_format_new(const char *pattern,
                                    struct kc_date_format **format) KC_MUST_CHECK;
void kc_date_format_destroy(struct kc_date_format *format);

void kc_date_format_print(const struct kc_date_format *format, int64_t ms, struct kc_str *out);
/* Parses the beginning of text; what follows is ignored, as DateFormat.parse does. */
bool kc_date_format_parse(const struct kc_date_format *format, const char *text, size_t len,
                          int64_t *ms);

#endif
