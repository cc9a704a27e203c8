/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the records of a batch have headers, at the least cost: lengths are read, keys and values
 * skipped. Pure but for the recoder, whose thread it is; input is untrusted.
 */
#ifndef WORKER_BATCH_HEADER_SCAN_H
#define WORKER_BATCH_HEADER_SCAN_H

#include "batch/recode.h"

enum kc_headers {
    KC_HEADERS_NONE, /* every record was looked at, and none has one */
    KC_HEADERS_SOME, /* or what was seen isn't as it should be: whoever opens the batch will tell */
};

/* Of a magic 2 batch. *why, unless NULL: it can't be decompressed, a static text. Stops at the
 * first record with a header. plain, len: all of the decompressed records where they are in memory
 * as a whole after that, valid until the recoder is used again; else NULL. */
enum kc_headers kc_header_scan(struct kc_recoder *recoder, const struct kc_record_batch *batch,
                               const uint8_t **plain, size_t *len, const char **why);

#endif
