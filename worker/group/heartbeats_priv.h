/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The heartbeats of many members by one thread: a client may hold thousands of groups. Any thread.
 */
#ifndef WORKER_GROUP_HEARTBEATS_PRIV_H
#define WORKER_GROUP_HEARTBEATS_PRIV_H

#include "connect/error.h"

struct kc_member;
struct kc_heartbeats;

struct kc_heartbeats *kc_heartbeats_new(void);
/* After its members. NULL is fine. */
void kc_heartbeats_destroy(struct kc_heartbeats *heartbeats);

/* The thread starts with the first member. */
struct kc_error *kc_heartbeats_add(struct kc_heartbeats *heartbeats,
                                   struct kc_member *member) KC_MUST_CHECK;
/* Waits until the thread has nothing to do with the member. Not with the member's lock held. */
void kc_heartbeats_remove(struct kc_heartbeats *heartbeats, struct kc_member *member);
/* A member's heartbeat may be due sooner. With or without its lock. NULL is fine. */
void kc_heartbeats_stir(struct kc_heartbeats *heartbeats);

#endif
