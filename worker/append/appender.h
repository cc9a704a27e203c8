/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Appends finished record batches to partitions: idempotent (acks=all), in order per partition,
 * several in flight, optionally in transactions. Or plain, without a producer id: one in flight per
 * partition. Or under the identities that batches have: what connect/append.h promises.
 *
 * Each batch gets exactly one result, and the results of a partition come in the order of its
 * batches. Retriable failures are retried until delivery.timeout.ms. When a batch fails for good,
 * the later batches of its partition aren't appended either: they come back as `skipped`. A user
 * that splits or repacks the failed one appends them again after it. So order holds whatever
 * happens; from threads other than the loop's it does with `block_failed`.
 */
#ifndef WORKER_APPEND_APPENDER_H
#define WORKER_APPEND_APPENDER_H

#include "batch/batch.h"
#include "connect/append.h"
#include "wire/record_errors.h"
#include "wire/wire_client.h"

struct kc_appender_options {
    const char *transactional_id;   /* NULL: idempotent only */
    int32_t transaction_timeout_ms; /* 0: 60000 */
    int32_t delivery_timeout_ms;    /* 0: 120000 */
    int32_t request_timeout_ms;     /* 0: the client's; also what the broker waits for replicas */
    int32_t max_request_bytes;      /* 0: 1048576; a larger batch goes alone */
    /* If the user gets no producer id (CLUSTER_AUTHORIZATION_FAILED), work without one. A batch
     * whose answer was lost may then be written twice. */
    bool may_be_plain;
    bool plain;          /* without an id from the beginning */
    bool block_failed;   /* a partition with a failed batch accepts nothing until it is unblocked */
    bool given_identity; /* batches go with the producer, epoch and sequence that they have */
};

/* Loop thread; err is borrowed, NULL: done. */
typedef void (*kc_appender_done)(void *arg, const struct kc_error *err);

/* client must outlive the appender. Any thread but the loop's, as destroy. */
struct kc_appender *kc_appender_new(struct kc_wire_client *client,
                                    const struct kc_appender_options *options);
/* Batches that aren't appended yet come back with KC_ERR_WAKEUP before this returns. */
void kc_appender_destroy(struct kc_appender *appender);

/* kc_appender_submit() of a batch whose header has been read (kc_record_batch_parse()), and is
 * copied; without a limit of bytes. Unless identities are given, the batch's producer fields and
 * CRC are rewritten, too. */
void kc_appender_append_parsed(struct kc_appender *appender, const char *topic, int32_t partition,
                               uint8_t *data, const struct kc_record_batch *header,
                               kc_appended done, void *arg);

/* One of several users, which leaves: its batches are those whose arg it owns. */
struct kc_append_leaver {
    bool (*owns)(const void *who, const void *arg);
    void *(*keep)(void *arg); /* holds the bytes of the batch from now on */
    kc_appended dropped;      /* has what keep() gave as arg, and lets go of it */
    const void *who;
};
/* After this returns, no done of the leaver runs. Its batches in flight are released when their
 * answer comes, whatever it is; the others aren't sent. Other users' batches for these partitions
 * come behind, and may come back as `skipped` once. All callbacks run on the loop thread. Not with
 * transactions. */
void kc_appender_abandon(struct kc_appender *appender, const struct kc_append_leaver *leaver);

/* Whether batches go without a producer id. Any thread. */
bool kc_appender_is_plain(struct kc_appender *appender);

/* ---- Transactions (transactional_id set); any thread ---- */

/* Fences other producers of the id and gets a producer id and epoch. The first append does it by
 * itself; call it to fence early. */
void kc_appender_init(struct kc_appender *appender, kc_appender_done done, void *arg);
/* Waits for the results of earlier batches, then ends the transaction. If one of them failed,
 * committing fails and ends nothing: abort then. With block_failed, batches refused for their
 * content (kc_kafka_error_about_batch()) may be replaced first: unblock, append, commit. An append
 * before done waits for the end and belongs to the next transaction. KC_ERR_FENCED: another
 * producer has taken over; the appender can't be used any more. */
void kc_appender_commit(struct kc_appender *appender, kc_appender_done done, void *arg);
void kc_appender_abort(struct kc_appender *appender, kc_appender_done done, void *arg);

#endif
