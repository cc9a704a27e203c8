/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A task's configuration may require changes of its batches on the raw lane: another codec, other
 * headers, another topic. raw_expand.c checks each batch against these rules.
 *
 * One per task, on its thread. Zeroed, they ask for nothing.
 */
#ifndef WORKER_SOURCE_RAW_RULES_PRIV_H
#define WORKER_SOURCE_RAW_RULES_PRIV_H

#include "batch/recode.h"
#include "connect/record.h"

/* The effect of the transforms on a topic's batches. */
struct kc_raw_route {
    char *topic;       /* where they go; NULL: they are dropped, or opened */
    const char *opens; /* why they are opened */
};

struct kc_raw_routes; /* those that have been asked for */

struct kc_raw_rules {
    /* Headers. NULL: they pass. Their reason is for a batch that has some. */
    const char *headers_reason;
    struct kc_error *(*header)(void *opaque, const char *topic, const struct kc_header *header,
                               struct kc_arena *arena, const void **data, size_t *len);
    /* Topics. NULL: they stay. As kc_conversion_route(). */
    const char *(*route)(void *opaque, const char *topic, char **routed);
    void *opaque;
    /* The codec. NULL: each batch keeps its own. */
    const char *codec_reason;
    struct kc_compression compression;
    /* Plain bytes of a batch that is made anew, about; 0: as many as it had. */
    size_t batch_bytes;

    struct kc_recoder *recoder; /* there where headers or codec ask for it */
    struct kc_raw_routes *routes;
};

/* Takes the codec from producer, Java producer properties. NULL, or why it can't (static). */
const char *kc_raw_rules_set_codec(struct kc_raw_rules *rules, const struct kc_map *producer);
/* Before use, once all else is set. */
void kc_raw_rules_finish(struct kc_raw_rules *rules, const struct kc_map *producer);
/* Frees what they own, and zeroes them. */
void kc_raw_rules_clear(struct kc_raw_rules *rules);

/* NULL: the topic stays as it is. */
const struct kc_raw_route *kc_raw_rules_route(struct kc_raw_rules *rules, const char *topic);

#endif
