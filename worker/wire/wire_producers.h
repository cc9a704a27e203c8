/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Producers known to partition leaders, and markers written by them: admin calls like those of
 * wire_admin.h. connect/admin.h and connect/append.h tell what the structs mean.
 */
#ifndef WORKER_WIRE_WIRE_PRODUCERS_H
#define WORKER_WIRE_WIRE_PRODUCERS_H

#include "connect/admin.h"
#include "connect/append.h"
#include "wire/wire_admin.h"

/* DescribeProducers (KIP-664), one request per leader. */
struct kc_error *kc_wire_describe_producers(struct kc_wire_admin *admin,
                                            struct kc_partition_producers *items, size_t count,
                                            int32_t timeout_ms) KC_MUST_CHECK;

/* WriteTxnMarkers, a thousand in a request to each leader. A sent marker isn't sent again. */
struct kc_error *kc_wire_write_markers(struct kc_wire_admin *admin, struct kc_txn_marker *markers,
                                       size_t count, int32_t timeout_ms) KC_MUST_CHECK;

#endif
