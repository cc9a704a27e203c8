/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes of Connect's group protocol: a member's metadata when it joins, and the leader's assignment
 * to it (ConnectProtocol, IncrementalCooperativeConnectProtocol).
 *
 * Pure functions. Input comes from other members and isn't trusted.
 */
#ifndef WORKER_GROUP_CONNECT_PROTOCOL_H
#define WORKER_GROUP_CONNECT_PROTOCOL_H

#include "group/work.h"

enum { KC_PROTOCOL_EAGER = 0, KC_PROTOCOL_COMPATIBLE = 1, KC_PROTOCOL_SESSIONED = 2 };

/* "default", "compatible", "sessioned", as members name them to the broker. */
const char *kc_protocol_name(int version);
/* -1: none of them. */
int kc_protocol_version(const char *name);

/* A member's metadata. */
struct kc_worker_state {
    int16_t version;
    char *url;
    int64_t offset; /* of the config topic */
    bool native;    /* an Isthmus worker: it runs connectors that Java has none of */
    bool has_allocation;
    struct kc_assignment allocation; /* what the member runs; only its work counts */
};
void kc_worker_state_clear(struct kc_worker_state *state);

/* Appends to out. allocation NULL: none (version 0 never has one). */
void kc_worker_state_encode(struct kc_str *out, int version, const char *url, int64_t offset,
                            const struct kc_assignment *allocation);
/* Appends to metadata of version 1 or later what only Isthmus reads: Java's workers leave out what
 * follows the fields that they know. */
void kc_worker_state_mark_native(struct kc_str *out);
/* KC_ERR_SCHEMA; state is cleared then. */
struct kc_error *kc_worker_state_decode(const void *data, size_t len,
                                        struct kc_worker_state *state) KC_MUST_CHECK;

void kc_assignment_encode(struct kc_str *out, int version, const struct kc_assignment *assignment);
struct kc_error *kc_assignment_decode(const void *data, size_t len,
                                      struct kc_assignment *assignment) KC_MUST_CHECK;

#endif
