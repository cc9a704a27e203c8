/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds out at the least cost whether a batch's records have headers: reads lengths, skips keys and
 * values. Pure except for the recoder, on whose thread it runs; input is untrusted.
 */
#ifndef WORKER_BATCH_HEADER_SCAN_H
#define WORKER_BATCH_HEADER_SCAN_H

#include "batch/recode.h"

enum kc_headers {
    KC_HEADERS_NONE, /* every record was looked at, and none has one */
    KC_HEADERS_SOME, /* or the batch is malformed: opening it will report the error */
};

/* Scans a magic 2 batch and stops at the first record with a header. *why, unless NULL: why it
 * can't be decompressed, a static text. plain, len: all decompressed records, if they are in memory
 * as a whole, valid until the recoder is used again; else NULL. */
enum kc_headers kc_header_scan(struct kc_recoder *recoder, const struct kc_record_batch *batch,
                               const uint8_t **plain, size_t *len, const char **why);

#endif
