/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The records that a broker names as reasons for refusing a batch (KIP-467, Kafka 2.4 and later).
 * The answer isn't trusted: only indexes within the batch are taken over. Shared and immutable; any
 * thread.
 */
#ifndef WORKER_WIRE_RECORD_ERRORS_H
#define WORKER_WIRE_RECORD_ERRORS_H

#include "connect/append.h"
#include "wire/messages_data.h"

/* count: the batch's records. NULL: the answer names none. */
struct kc_record_errors *kc_record_errors_new(const struct kc_produce_response_partition *from,
                                              int32_t records);
struct kc_record_errors *kc_record_errors_ref(struct kc_record_errors *errors); /* NULL is fine */
void kc_record_errors_unref(struct kc_record_errors *errors);                   /* NULL is fine */

/* The error of the record with the index; NULL: none. */
const struct kc_record_error *kc_record_errors_find(const struct kc_record_errors *errors,
                                                    int32_t index);

#endif
