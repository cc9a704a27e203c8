/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way through an answer to Fetch that passes part by part, to where brokers' addresses stand.
 *
 * Since version 16 an answer ends with the addresses of new leaders (KIP-951), a tagged field. When
 * it gets there the answer's length is long sent, so the field can't be rewritten. It gets a tag
 * that nobody knows in place of its own, and clients skip it: they look for the leader by Metadata,
 * as they do with older versions. Source: FetchResponse.json of Kafka. One thread at a time.
 */
#ifndef WORKER_GATEWAY_GATEWAY_FETCH_WALK_PRIV_H
#define WORKER_GATEWAY_GATEWAY_FETCH_WALK_PRIV_H

#include "connect/error.h"

#include <stddef.h>
#include <stdint.h>

#define GATEWAY_FETCH_WALK_FROM 16 /* the first version with something to look for */

/* What number comes next. Between numbers are fields of a fixed size, which are skipped. */
enum gateway_fetch_step {
    FETCH_HEADER_TAGS,
    FETCH_TOPICS,
    FETCH_PARTITIONS,
    FETCH_ABORTED, /* transactions */
    FETCH_ABORTED_TAGS,
    FETCH_RECORDS,
    FETCH_PARTITION_TAGS,
    FETCH_TOPIC_TAGS,
    FETCH_ANSWER_TAGS,
    FETCH_TAG,
    FETCH_TAG_SIZE,
    FETCH_END,
};

struct gateway_fetch_walk {
    enum gateway_fetch_step step;
    enum gateway_fetch_step tags_of; /* where FETCH_TAG stands */
    uint64_t skip;                   /* bytes before the next number */
    uint64_t number;                 /* as far as it has been read */
    unsigned int shift;
    uint64_t topics; /* left, as the next three */
    uint64_t partitions;
    uint64_t aborted;
    uint64_t tags;
};

/* At the begin of a frame, behind its length. */
void gateway_fetch_walk_begin(struct gateway_fetch_walk *walk);
/* Walks on through the next bytes of the frame, and gives the addresses' tag another number in
 * them. False: it isn't such an answer. */
bool gateway_fetch_walk(struct gateway_fetch_walk *walk, uint8_t *bytes, size_t len) KC_MUST_CHECK;
/* Bytes ahead that needn't be looked at, and says that so many of them have been passed over. */
size_t gateway_fetch_walk_ahead(const struct gateway_fetch_walk *walk);
void gateway_fetch_walk_skip(struct gateway_fetch_walk *walk, size_t len);
/* Whether the answer ends here. */
bool gateway_fetch_walk_is_over(const struct gateway_fetch_walk *walk);

#endif
