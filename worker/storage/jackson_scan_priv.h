/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether Java's JSON reader (Jackson, as Connect's JsonConverter uses it for the config topic)
 * accepts a value. It takes more than JSON: text after the value, leading zeros, numbers of any
 * size.
 *
 * A refused value doesn't advance the config offset; any other does. The workers of a group start
 * nothing until they have the same offset, so Isthmus must agree with Java even on damaged records.
 * Pure, any thread.
 */
#ifndef WORKER_STORAGE_JACKSON_SCAN_PRIV_H
#define WORKER_STORAGE_JACKSON_SCAN_PRIV_H

#include <stddef.h>

enum kc_jackson_verdict {
    KC_JACKSON_REFUSED,
    KC_JACKSON_NULL, /* null, or nothing at all */
    KC_JACKSON_VALUE,
};

/* *end: where the value ends; what follows is ignored. UTF-8 only. */
enum kc_jackson_verdict kc_jackson_scan(const char *data, size_t len, size_t *end);

#endif
