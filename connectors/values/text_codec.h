/* SPDX-License-Identifier: Apache-2.0 */
/* Text as bytes and bytes as text: UTF-8 as Java's decoder mends it, and base64 as Java and Jackson
 * have it. Pure functions, any thread. */
#ifndef CONNECTORS_VALUES_TEXT_CODEC_H
#define CONNECTORS_VALUES_TEXT_CODEC_H

#include "connect/mem.h"

/* new String(data, UTF_8): data itself when it is well-formed, else a copy in arena in which each
 * malformed piece is U+FFFD. */
const char *kc_utf8_text(struct kc_arena *arena, const char *data, size_t len, size_t *text_len);

/* Length in UTF-16 units of well-formed text. */
size_t kc_utf8_units(const char *text, size_t len);

void kc_base64_write(struct kc_str *out, const void *data, size_t len);
/* Jackson's MIME_NO_LINEFEEDS: white space between quanta is skipped, padding must be there. NULL
 * when malformed. */
const char *kc_base64_read(struct kc_arena *arena, const char *text, size_t len, size_t *data_len);

#endif
