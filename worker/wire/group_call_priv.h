/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A call on many groups: looks up their coordinators in bulk, sends each coordinator its requests,
 * and repeats what failed retriably. Used by wire_groups.c; blocking.
 */
#ifndef WORKER_WIRE_GROUP_CALL_PRIV_H
#define WORKER_WIRE_GROUP_CALL_PRIV_H

#include "connect/hash.h"
#include "wire/wire_admin.h"

/* One group's part of the call. */
struct wire_group_part {
    const char *group;
    size_t index;        /* the caller's */
    int32_t coordinator; /* -1: not known */
    bool done;
    struct kc_error **error;
    UT_hash_handle hh;
};

struct wire_group_call {
    struct kc_wire_admin *admin;
    struct wire_group_part *parts; /* with room for all that are added; the caller's */
    struct wire_group_part *by_name;
    size_t count;
    bool old; /* the brokers take one group at a time */
    int64_t deadline_ms;
    size_t per_request; /* groups, of one coordinator */
    /* Fills a request for parts of one coordinator. */
    void (*build)(struct wire_group_call *call, struct kc_wire_request *request,
                  struct wire_group_part **parts, size_t count);
    /* Reads an answer; calls wire_group_part_result() for each part. */
    void (*take)(struct wire_group_call *call, const struct kc_wire_reply *reply,
                 struct wire_group_part **parts, size_t count);
    enum kc_api api;
    void *arg; /* the caller's */
};

/* Adds a part, whose error is NULL so far. All is borrowed. */
void wire_group_call_add(struct wire_group_call *call, const char *group, struct kc_error **error);
/* The part of an answer; NULL: it wasn't asked for. */
struct wire_group_part *wire_group_call_find(struct wire_group_call *call, struct kc_wire_str name);
/* Notes the part's result: done, failed for good, or to try again. what: "committing offsets". */
void wire_group_part_result(struct wire_group_part *part, int16_t code, const char *message,
                            const char *what);
/* Returns when all parts are done or the deadline has passed. */
void wire_group_call_run(struct wire_group_call *call);

#endif
