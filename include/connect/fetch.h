/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fetches record batches as bytes from many partitions of a cluster, ahead of their consumer, for
 * kc_batch_add_raw().
 *
 * One consumer thread takes chunks with kc_fetcher_next() and gives each back with
 * kc_fetched_release(). Fetched bytes that aren't given back stay within a budget, so a slow
 * consumer stops the fetching. A chunk has whole batches of one partition, in order, with checked
 * CRCs. Positions move as chunks are fetched. The fetcher handles leader changes, lost sessions and
 * moved replicas. If the consumer must decide something, it gets an event, and the partition waits
 * for a seek.
 *
 * Any thread except the client's own may call these functions, unless stated otherwise.
 */
#ifndef CONNECT_FETCH_H
#define CONNECT_FETCH_H

#include "connect/map.h"
#include "connect/uuid.h"

KC_API_BEGIN

struct kc_fetcher;

/* properties: Java consumer properties (bootstrap.servers, security, client.rack, fetch.*,
 * max.partition.fetch.bytes, isolation.level); unknown ones are ignored. name is for log and
 * thread. budget_bytes: how much may be fetched and not given back. Up to sixteen fetchers with the
 * same name, budget and properties (without client.id) share one client, with the id of the first.
 * Then a partition belongs to the fetcher that added it last. So the name must identify the owner
 * of the partitions: the connector, and its worker if a process has several. */
struct kc_error *kc_fetcher_open(const struct kc_map *properties, const char *name,
                                 size_t budget_bytes, struct kc_fetcher **fetcher) KC_MUST_CHECK;
/* Ends the connections. Chunks that the consumer still holds stay valid. NULL is fine. */
void kc_fetcher_close(struct kc_fetcher *fetcher);

/* Whether aborted transactions must be left out (isolation.level). */
bool kc_fetcher_read_committed(const struct kc_fetcher *fetcher);

/* Fetches the partition from offset on. leader_epoch: that of the last record before offset, -1:
 * unknown; with it, a truncation is noticed before the first fetch. If the partition is present
 * already, works as seek. */
void kc_fetcher_add(struct kc_fetcher *fetcher, const char *topic, int32_t partition,
                    int64_t offset, int32_t leader_epoch);
void kc_fetcher_remove(struct kc_fetcher *fetcher, const char *topic, int32_t partition);
/* Drops what was fetched from another offset and not yet taken. Ends the wait after an event. */
void kc_fetcher_seek(struct kc_fetcher *fetcher, const char *topic, int32_t partition,
                     int64_t offset, int32_t leader_epoch);
/* Paused: nothing is fetched, and queued chunks are kept back. */
void kc_fetcher_pause(struct kc_fetcher *fetcher, const char *topic, int32_t partition,
                      bool paused);

enum kc_fetched_kind {
    KC_FETCHED_DATA,
    KC_FETCHED_OUT_OF_RANGE, /* the log doesn't have first_offset: see log_start_offset */
    KC_FETCHED_TRUNCATED,    /* the log was cut below first_offset: next_offset is where it still
                                agrees with what was fetched, -1: unknown */
    KC_FETCHED_RECREATED,    /* the topic was deleted and created again: another topic id */
    KC_FETCHED_FAILED,       /* error says why */
};

/* A transaction to leave out: the batches of producer_id from first_offset on. Never grows. */
struct kc_aborted {
    int64_t producer_id;
    int64_t first_offset;
};

/* May grow. */
struct kc_fetched {
    enum kc_fetched_kind kind;
    const char *topic;
    int32_t partition;
    uint8_t *data; /* DATA: the batches; may be rewritten in place */
    size_t len;
    int64_t first_offset; /* where the fetch began; the first batch may have records before it */
    int64_t next_offset;  /* behind the last batch */
    int64_t high_watermark;
    int64_t last_stable_offset;
    int64_t log_start_offset;
    int32_t leader_epoch;             /* of the last batch; -1: none */
    const struct kc_aborted *aborted; /* with read_committed; by first_offset */
    int32_t aborted_count;
    struct kc_error *error; /* FAILED */
    /* API 1.3 */
    struct kc_uuid topic_id;      /* of the new topic in RECREATED; zero before Kafka 2.8 */
    int32_t current_leader_epoch; /* DATA: of the leader when it was fetched; -1: not known */
};

/* ---- aborted transactions (API 1.3) ---- */

/*
 * Tells which batches of a chunk a reader of committed records takes: no control batches, and no
 * batches of aborted transactions (KIP-98; Java's CompletedFetch). One filter for each chunk; one
 * thread.
 */
struct kc_aborted_filter;
struct kc_record_batch; /* connect/record_batch.h */
/* aborted, of the chunk, lives as long as the filter. A retriable KC_ERR_MEMORY: their number comes
 * from the broker. */
struct kc_error *kc_aborted_filter_new(const struct kc_aborted *aborted, int32_t count,
                                       struct kc_aborted_filter **filter) KC_MUST_CHECK;
/* Whether batch, which follows the last one asked about, holds records for the reader. */
bool kc_aborted_filter_admits(struct kc_aborted_filter *filter,
                              const struct kc_record_batch *batch);
void kc_aborted_filter_destroy(struct kc_aborted_filter *filter); /* NULL is fine */

/* The next chunk or event; waits until deadline_ms (kc_mono_ms() units; 0: don't wait). NULL: none.
 * The consumer's thread; release it. */
struct kc_fetched *kc_fetcher_next(struct kc_fetcher *fetcher, int64_t deadline_ms);
/* Ends a wait in kc_fetcher_next(), the running one or the next. */
void kc_fetcher_wake(struct kc_fetcher *fetcher);
/* Gives the chunk's bytes back to the budget. Any thread. */
void kc_fetched_release(struct kc_fetched *fetched);

/* The next offset to fetch from the partition; -1: not present. */
int64_t kc_fetcher_position(struct kc_fetcher *fetcher, const char *topic, int32_t partition);
size_t kc_fetcher_bytes(struct kc_fetcher *fetcher); /* fetched and not given back */

/* Never grows. */
struct kc_fetch_bound {
    const char *topic;
    int32_t partition;
    struct kc_error *error; /* out, the caller's; NULL: offset is known */
    int64_t offset;
};
/* Asks the leaders for the begin or end offsets of partitions (with read_committed: the last stable
 * offset). Blocks up to timeout_ms. Each partition at most once. */
void kc_fetcher_bounds(struct kc_fetcher *fetcher, struct kc_fetch_bound *bounds, size_t count,
                       bool end, int timeout_ms);

KC_API_END

#endif
