/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fetcher for those who have a client already: connect/fetch.h tells what it does.
 *
 * All functions may be called from any thread but the client's loop, except where said.
 */
#ifndef WORKER_FETCH_FETCHER_H
#define WORKER_FETCH_FETCHER_H

#include "batch/batch.h"
#include "connect/fetch.h"
#include "wire/wire_client.h"

/* What the fetchers of connectors may hold together, as far as each gets room for two partitions'
 * worth: so a worker's memory doesn't grow with its tasks. */
#define KC_FETCHERS_BUDGET ((size_t)20 << 20)

/* The largest batch that is taken although it is larger than fetch.max.bytes. */
#define KC_FETCH_BATCH_MAX ((size_t)64 << 20)

struct kc_fetcher_options {
    size_t budget_bytes;         /* 0: 64 MiB */
    int32_t max_wait_ms;         /* fetch.max.wait.ms; 0: 500 */
    int32_t min_bytes;           /* fetch.min.bytes; 0: 1 */
    int32_t max_bytes;           /* fetch.max.bytes; 0: 52428800 */
    int32_t partition_max_bytes; /* max.partition.fetch.bytes; 0: 1048576 */
    bool read_committed;
};

/* Sets what properties, a Java consumer's, say; KC_ERR_CONFIG names the key. */
struct kc_error *kc_fetcher_options_take(const struct kc_map *properties,
                                         struct kc_fetcher_options *options) KC_MUST_CHECK;

/* How many fetchers read by one client and thread at most: see kc_fetcher_open(). */
#define KC_FETCHERS_TOGETHER 16

/* client must outlive the fetcher. */
struct kc_fetcher *kc_fetcher_new(struct kc_wire_client *client,
                                  const struct kc_fetcher_options *options);
/* Drops what is queued. Chunks that the consumer still holds stay valid. */
void kc_fetcher_destroy(struct kc_fetcher *fetcher);

#endif
