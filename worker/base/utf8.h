/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8, byte by byte. Pure functions, any thread. */
#ifndef WORKER_BASE_UTF8_H
#define WORKER_BASE_UTF8_H

#include "connect/mem.h"

/* Length of the well-formed character at text, of which `left` bytes, at least one, are there; 0:
 * malformed (overlong, a surrogate, beyond U+10FFFF, cut off). */
size_t kc_utf8_length(const char *text, size_t left);

/* The character at text and its length; a byte that is malformed stands for itself. */
uint32_t kc_utf8_decode(const char *text, size_t left, size_t *size);

/* Appends a character up to U+10FFFF. */
void kc_utf8_append(struct kc_str *out, uint32_t point);

#endif
