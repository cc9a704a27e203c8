/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fetcher for callers that have a client already; connect/fetch.h describes it.
 *
 * Any thread except the client's loop may call these functions, unless stated otherwise.
 */
#ifndef WORKER_FETCH_FETCHER_H
#define WORKER_FETCH_FETCHER_H

#include "batch/batch.h"
#include "connect/fetch.h"
#include "wire/wire_client.h"

/* The bytes that connectors' fetchers may hold together, so that a worker's memory doesn't grow
 * with its tasks. Each fetcher gets at least room for two partitions. */
#define KC_FETCHERS_BUDGET ((size_t)20 << 20)

/* The largest batch that is accepted beyond fetch.max.bytes. */
#define KC_FETCH_BATCH_MAX ((size_t)64 << 20)

struct kc_fetcher_options {
    size_t budget_bytes;         /* 0: 64 MiB */
    int32_t max_wait_ms;         /* fetch.max.wait.ms; 0: 500 */
    int32_t min_bytes;           /* fetch.min.bytes; 0: 1 */
    int32_t max_bytes;           /* fetch.max.bytes; 0: 52428800 */
    int32_t partition_max_bytes; /* max.partition.fetch.bytes; 0: 1048576 */
    bool read_committed;
};

/* Sets options from properties, a Java consumer's; KC_ERR_CONFIG names the key. */
struct kc_error *kc_fetcher_options_take(const struct kc_map *properties,
                                         struct kc_fetcher_options *options) KC_MUST_CHECK;

/* The most fetchers that share one client and thread: see kc_fetcher_open(). */
#define KC_FETCHERS_TOGETHER 16

/* client must outlive the fetcher. */
struct kc_fetcher *kc_fetcher_new(struct kc_wire_client *client,
                                  const struct kc_fetcher_options *options);
/* Drops what is queued. Chunks that the consumer still holds stay valid. */
void kc_fetcher_destroy(struct kc_fetcher *fetcher);

#endif
