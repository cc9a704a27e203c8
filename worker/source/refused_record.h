/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A record that the target has refused: its sent form and its source.
 */
#ifndef WORKER_SOURCE_REFUSED_RECORD_H
#define WORKER_SOURCE_REFUSED_RECORD_H

#include "source/raw_builder.h"

struct kc_refused_record {
    struct kc_build_record sent; /* after transforms and converters */
    const char *topic;           /* on the target */
    int32_t partition;           /* the same; KC_NO_PARTITION: it was refused before it had one */
    struct kc_source_partition *source_partition;
    struct kc_source_offset source_offset;
    void *slot; /* its own, or its batch's */
};

/* Calls visit for each record of span, a batch as bytes or a built one; for the latter the slot is
 * the record's own. Everything is borrowed for the call. Stops at an error and returns it. The
 * task's thread. */
typedef struct kc_error *(*kc_refused_visit)(void *opaque, const struct kc_refused_record *record);
struct kc_error *kc_refused_each(const struct kc_raw_span *span, kc_refused_visit visit,
                                 void *opaque) KC_MUST_CHECK;

#endif
