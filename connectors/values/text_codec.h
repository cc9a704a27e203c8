/* SPDX-License-Identifier: Apache-2.0 */
/* Text as bytes and bytes as text: UTF-8 as Java's decoder mends it, and base64 as Java and Jackson
 * have it. Pure functions, any thread. */
#ifndef CONNECTORS_VALUES_TEXT_CODEC_H
#define CONNECTORS_VALUES_TEXT_CODEC_H

#include "connect/text.h"

/* Length in UTF-16 units of well-formed text. */
size_t kc_utf8_units(const char *text, size_t len);

#endif
