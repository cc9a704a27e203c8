/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The transactional side of a raw lane: the appender's transactions as calls that wait. The task's
 * thread; each call ends early with KC_ERR_WAKEUP when the task is cancelled.
 */
#ifndef WORKER_SOURCE_RAW_TRANSACTION_PRIV_H
#define WORKER_SOURCE_RAW_TRANSACTION_PRIV_H

#include "host/task_host.h"
#include "source/raw_lane_priv.h"

struct kc_raw_transaction;

/* Both are borrowed. */
struct kc_raw_transaction *kc_raw_transaction_new(struct kc_raw_lane *lane,
                                                  struct kc_task_host *host);
void kc_raw_transaction_destroy(struct kc_raw_transaction *transaction);

/* Takes the transactional id and fences its former producers. */
struct kc_error *kc_raw_transaction_init(struct kc_raw_transaction *transaction) KC_MUST_CHECK;
/* After an error, nothing has been committed, or the outcome is unknown. */
struct kc_error *kc_raw_transaction_commit(struct kc_raw_transaction *transaction) KC_MUST_CHECK;
/* timeout_ms -1: no limit. Batches that aren't appended come back to the lane. */
struct kc_error *kc_raw_transaction_abort(struct kc_raw_transaction *transaction,
                                          int timeout_ms) KC_MUST_CHECK;

/* Whether err, which may be NULL, says that another producer has taken the transactional id or that
 * the coordinator has given up the transaction. */
bool kc_raw_transaction_expired(const struct kc_error *err);

#endif
