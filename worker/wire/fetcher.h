/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fetches record batches as bytes, from many partitions of a cluster, ahead of their consumer.
 *
 * One consumer thread takes chunks with kc_fetcher_next() and gives each back with
 * kc_fetched_release(). What is fetched and not yet given back stays within a budget of bytes: a
 * slow consumer stops the fetching. A chunk holds whole batches of one partition, in order, each
 * with a CRC that was checked. Positions move as chunks are fetched; leader changes, lost sessions
 * and moved replicas are dealt with here; what the consumer has to decide comes as an event, and
 * the partition then waits for a seek.
 *
 * All functions may be called from any thread but the client's loop, except where said.
 */
#ifndef WORKER_WIRE_FETCHER_H
#define WORKER_WIRE_FETCHER_H

#include "wire/batch.h"
#include "wire/wire_client.h"

struct kc_fetcher;

struct kc_fetcher_options {
    size_t budget_bytes;         /* 0: 64 MiB */
    int32_t max_wait_ms;         /* fetch.max.wait.ms; 0: 500 */
    int32_t min_bytes;           /* fetch.min.bytes; 0: 1 */
    int32_t max_bytes;           /* fetch.max.bytes; 0: 52428800 */
    int32_t partition_max_bytes; /* max.partition.fetch.bytes; 0: 1048576 */
    bool read_committed;
    void (*ready)(
        void *arg); /* loop thread: there may be something for kc_fetcher_next(); or NULL */
    void *arg;
};

enum kc_fetched_kind {
    KC_FETCHED_DATA,
    KC_FETCHED_OUT_OF_RANGE, /* the log doesn't have first_offset: see log_start_offset */
    KC_FETCHED_TRUNCATED,    /* the log was cut below first_offset: next_offset is where it still
                                agrees    with what was fetched, -1: unknown */
    KC_FETCHED_RECREATED,    /* the topic was deleted and made again: another topic id */
    KC_FETCHED_FAILED,       /* error says why */
};

struct kc_aborted {
    int64_t producer_id;
    int64_t first_offset;
};

struct kc_fetched {
    enum kc_fetched_kind kind;
    const char *topic;
    int32_t partition;
    uint8_t *data; /* DATA: the batches; may be rewritten in place */
    size_t len;
    int64_t first_offset; /* where the fetch began: the first batch may hold records before it */
    int64_t next_offset;  /* behind the last batch */
    int64_t high_watermark;
    int64_t last_stable_offset;
    int64_t log_start_offset;
    int32_t leader_epoch; /* of the last batch; -1: none */
    const struct kc_aborted
        *aborted; /* read_committed: transactions to leave out, by first_offset */
    int32_t aborted_count;
    struct kc_error *error; /* FAILED */
};

/* client must outlive the fetcher. */
struct kc_fetcher *kc_fetcher_new(struct kc_wire_client *client,
                                  const struct kc_fetcher_options *options);
/* Drops what is queued. Chunks that the consumer still holds stay valid. */
void kc_fetcher_destroy(struct kc_fetcher *fetcher);

/* Fetches the partition from offset on. leader_epoch: of the last record before offset when known,
 * else -1; with it, a truncation is noticed before the first fetch. Present already: as seek. */
void kc_fetcher_add(struct kc_fetcher *fetcher, const char *topic, int32_t partition,
                    int64_t offset, int32_t leader_epoch);
void kc_fetcher_remove(struct kc_fetcher *fetcher, const char *topic, int32_t partition);
/* What was fetched from elsewhere and not yet taken is dropped; ends the wait after an event. */
void kc_fetcher_seek(struct kc_fetcher *fetcher, const char *topic, int32_t partition,
                     int64_t offset, int32_t leader_epoch);
/* Paused: nothing is fetched, what is queued is kept back. */
void kc_fetcher_pause(struct kc_fetcher *fetcher, const char *topic, int32_t partition,
                      bool paused);

/* The next chunk or event; waits until deadline_ms (kc_mono_ms() units; 0: don't wait). NULL: none.
 * The consumer's thread; release it. */
struct kc_fetched *kc_fetcher_next(struct kc_fetcher *fetcher, int64_t deadline_ms);
/* Gives the chunk's bytes back to the budget. Any thread, the loop's too. */
void kc_fetched_release(struct kc_fetched *fetched);

/* Where the partition would be fetched next; -1: not present. */
int64_t kc_fetcher_position(struct kc_fetcher *fetcher, const char *topic, int32_t partition);
size_t kc_fetcher_bytes(struct kc_fetcher *fetcher); /* fetched and not given back */

#endif
