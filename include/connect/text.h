/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values as text, as Java's Connect has them: Connect's own text format
 * (org.apache.kafka.connect.data.Values), in which headers travel; Object.toString; UTF-8 and
 * base64 (API 1.3).
 *
 * schema may be NULL; it tells logical types and the names of fields. Dates are in UTC. Pure
 * functions, any thread.
 */
#ifndef CONNECT_TEXT_H
#define CONNECT_TEXT_H

#include "connect/data.h"

KC_API_BEGIN

/* ---- Connect's text format ---- */

/* Appends Values.convertToString of a value that isn't null. */
void kc_values_print(struct kc_str *out, const struct kc_schema *schema,
                     const struct kc_value *value);

/* Values.parseString: never fails, because anything else is a string. The value lives in arena or
 * in text; *schema is a new reference, NULL for null. KC_ERR_DATA only for text that would take too
 * deep a recursion. */
struct kc_error *kc_values_parse(struct kc_arena *arena, const char *text, size_t len,
                                 const struct kc_schema **schema,
                                 struct kc_value *value) KC_MUST_CHECK;

/* ---- Object.toString ---- */

/* Appends what value.toString() gives. A byte[] prints as its class and a number, as in Java. */
void kc_java_text(struct kc_str *out, const struct kc_schema *schema, const struct kc_value *value);
/* Appends Float.toString or Double.toString. */
void kc_java_number(struct kc_str *out, const struct kc_value *value);
/* The instant, in ms since the epoch, of a Date, Time or Timestamp; false when value is none. */
bool kc_java_date(const struct kc_schema *schema, const struct kc_value *value, int64_t *ms);
/* Appends Values.dateFormatFor(ms).format(ms), in UTC. */
void kc_iso_date(struct kc_str *out, int64_t ms);

/* ---- bytes ---- */

/* new String(data, UTF_8): data itself when it is well-formed, else a copy in arena in which each
 * malformed piece is U+FFFD. */
const char *kc_utf8_text(struct kc_arena *arena, const char *data, size_t len, size_t *text_len);

/* Appends base64 with padding, without line feeds. */
void kc_base64_write(struct kc_str *out, const void *data, size_t len);
/* Jackson's MIME_NO_LINEFEEDS: white space between quanta is skipped, padding must be there. NULL
 * when malformed; memory from arena. */
const char *kc_base64_read(struct kc_arena *arena, const char *text, size_t len, size_t *data_len);

KC_API_END

#endif
