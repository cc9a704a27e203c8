/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many requests of one admin call. All are under way at once. Those with a passing failure are
 * repeated until the admin's time-out. On the caller's thread; answers arrive on the client's and
 * are read on the caller's.
 */
#ifndef WORKER_KAFKA_ADMIN_ASK_PRIV_H
#define WORKER_KAFKA_ADMIN_ASK_PRIV_H

#include "kafka/admin_priv.h"

/* One request. */
struct kc_admin_ask {
    void *arg;
    /* Made for each attempt. */
    struct kc_wire_request *(*build)(void *arg);
    /* Reads an answer that has no error. False: it says something that may pass, as *error does. */
    bool (*take)(void *arg, const struct kc_wire_reply *reply);
    /* Why there is no answer, or what take() set; cleared before each attempt. */
    struct kc_error **error;
    int64_t pause_max_ms; /* between attempts; 0: the client's back-off */

    /* The round's own. */
    struct kc_wire_reply *reply;
    bool done;
};

/* A returned error is the client's; a request's own is in *error. */
struct kc_error *kc_admin_ask_all(struct kc_admin *admin, struct kc_admin_ask *asks,
                                  size_t count) KC_MUST_CHECK;

/* Sets *error for a code of Kafka's (NONE: clears it). False: it may pass. */
bool kc_admin_answered(struct kc_error **error, int16_t code, struct kc_wire_str message,
                       const char *fmt, ...) KC_PRINTF(4, 5);

/* A request for the coordinator of a group or a transactional id, whose name is target.key. */
struct kc_wire_request *kc_admin_to_coordinator(enum kc_api api, enum kc_wire_target_kind kind,
                                                const char *key);
/* As kc_admin_answered(), for a coordinator's answer. If that broker isn't the coordinator any
 * more, the next attempt looks it up anew. what: "describing group". */
bool kc_admin_coordinator_answered(struct kc_admin *admin, enum kc_wire_target_kind kind,
                                   const char *key, struct kc_error **error, int16_t code,
                                   struct kc_wire_str message, const char *what);

/* A copy of the text, NULL for null. */
char *kc_admin_text(struct kc_wire_str text);

#endif
