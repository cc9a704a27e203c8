/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logs records that couldn't be sent: one line per batch, and at a bounded rate for many batches.
 * Any thread.
 */
#ifndef WORKER_SOURCE_SEND_FAILURES_PRIV_H
#define WORKER_SOURCE_SEND_FAILURES_PRIV_H

#include "connect/record.h"

struct kc_send_failures;

struct kc_send_failures *kc_send_failures_new(void);
/* Tells what hasn't been told. NULL is fine. */
void kc_send_failures_destroy(struct kc_send_failures *failures);

/* topic: on the target, which may be anything. */
void kc_send_failures_add(struct kc_send_failures *failures, const struct kc_record *record,
                          const char *topic, const char *why);
/* Call it now and then: it logs a line about added failures, if one is due. */
void kc_send_failures_tell(struct kc_send_failures *failures);

#endif
