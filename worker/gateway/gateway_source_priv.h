/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The source cluster as the gateway calls it, under the link's credentials: writes by the leader of
 * their partition, transactions by their coordinator. Any thread.
 */
#ifndef WORKER_GATEWAY_GATEWAY_SOURCE_PRIV_H
#define WORKER_GATEWAY_GATEWAY_SOURCE_PRIV_H

#include "gateway/gateway_config.h"
#include "wire/record_errors.h"
#include "wire/wire_client.h"

struct gateway_source;

struct kc_error *gateway_source_new(const struct gateway_config *config,
                                    struct gateway_source **source) KC_MUST_CHECK;
/* What is under way is answered retriably before it returns. NULL is fine. */
void gateway_source_destroy(struct gateway_source *source);

/* The wire client; requests of one session take one channel, so that they stay in order. */
struct kc_wire_client *gateway_source_client(struct gateway_source *source);
/* A channel for a session: another one with each call. */
int gateway_source_channel(struct gateway_source *source);

/* A batch for a partition, as the client sent it, with its producer id already translated. */
struct gateway_batch {
    const char *topic; /* at the source */
    int32_t partition;
    const uint8_t *records; /* borrowed until done */
    int32_t len;
    int32_t count; /* of its records */
    void *arg;     /* the caller's */
    /* The answer: */
    int16_t error_code; /* as the client is to get it, see gateway_source_code() */
    int64_t base_offset;
    int64_t log_append_time;
    int64_t log_start_offset;
    char *error_message;                    /* NULL; the receiver's, as the next */
    struct kc_record_errors *record_errors; /* the records that are why (KIP-467); NULL */
};
struct gateway_write {
    int16_t acks; /* 1 or -1; what came with 0 is sent with 1 */
    int32_t timeout_ms;
    const char *transactional_id; /* NULL; borrowed until done */
    bool adds_partitions;         /* of the transaction, by itself (KIP-890) */
    int64_t source_tag;           /* kc_link_tag() of the cluster that it is meant for */
    int64_t deadline_ms;          /* kc_mono_ms(): answered by then at the latest */
    int channel;
    struct gateway_batch *batches;
    size_t count;
    void (*done)(void *arg, struct gateway_write *write); /* a thread of the client's; once */
    void *arg;
    int32_t throttle_time_ms; /* of the answers: the longest */
};
/* Groups the batches by leader and sends them. The caller keeps write until done. A batch whose
 * leader isn't known by its deadline, or whose connection fails, has a retriable error code. Writes
 * of one channel to one partition are sent in the order of these calls. */
void gateway_source_write(struct gateway_source *source, struct gateway_write *write);

/* What a client is told where the source answers with that code: the same, unless it would take it
 * as final although it concerns the gateway. */
int16_t gateway_source_code(int16_t code);

/* The source's cluster id (blocks at the first call, up to timeout_ms); the caller's; NULL: it
 * isn't reached. */
char *gateway_source_cluster_id(struct gateway_source *source, int timeout_ms);
/* Its ApiVersions: the highest version by API key, -1 where it has none, and the level of
 * transaction.version. Blocks. */
struct kc_error *gateway_source_versions(struct gateway_source *source, int timeout_ms,
                                         int16_t *max, size_t count,
                                         int16_t *transaction_version) KC_MUST_CHECK;

#endif
