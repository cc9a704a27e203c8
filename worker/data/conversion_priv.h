/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by conversion.c (records) and conversion_raw.c (whole batches). */
#ifndef WORKER_DATA_CONVERSION_PRIV_H
#define WORKER_DATA_CONVERSION_PRIV_H

#include "data/conversion.h"

struct conversion_converter {
    const struct kc_plugin *plugin;
    void *object;
};

struct conversion_stage {
    const struct kc_plugin *transform_plugin;
    void *transform;
    const struct kc_plugin *predicate_plugin; /* NULL: always */
    void *predicate;
    bool negate;
};

struct kc_conversion {
    struct conversion_converter key;
    struct conversion_converter value;
    struct conversion_converter header;
    struct conversion_stage *stages;
    size_t stage_count;
    char *reason;         /* why records are converted one by one; NULL: they aren't */
    char *raw_refusal;    /* why no batch can pass as bytes; NULL: some can */
    char *headers_reason; /* why batches with headers can't pass: headers are written anew; NULL:
                             they pass */
    char *opens_reason;   /* of topics whose records a transform looks into */
};

/* Sets the reasons, once all is made. */
void kc_conversion_explain(struct kc_conversion *conversion);

#endif
