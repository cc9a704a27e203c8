/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bulk operation on partitions, one request per leader, repeated for what failed retriably. Used
 * by wire_admin.c; blocking.
 */
#ifndef WORKER_WIRE_FANOUT_PRIV_H
#define WORKER_WIRE_FANOUT_PRIV_H

#include "wire/wire_admin.h"

/* One partition's part of the operation. */
struct wire_part {
    const char *topic;
    int32_t partition;
    void *item; /* the caller's */
    int32_t leader;
    int32_t leader_epoch;
    bool done;
    struct kc_error **error; /* in the item */
};

struct wire_fanout {
    enum kc_api api;
    struct wire_part *parts;
    size_t count;
    void *arg;
    bool once; /* what was sent isn't sent again, whatever the answer */
    /* Fills a request for parts of one leader, sorted by topic. */
    void (*build)(const struct wire_fanout *fanout, struct kc_wire_request *request,
                  struct wire_part **parts, size_t count);
    /* Reads an answer; calls wire_fanout_answer() per partition. */
    void (*take)(struct wire_fanout *fanout, const struct kc_wire_reply *reply,
                 struct wire_part **parts, size_t count);
};

/* How many topics parts, sorted by topic, are of; and how many of them, from i on, are of one. */
int32_t wire_fanout_topics(struct wire_part *const *parts, size_t count);
int32_t wire_fanout_run_length(struct wire_part *const *parts, size_t count, size_t i);

/* The part of an answer; NULL when it wasn't asked for. */
struct wire_part *wire_fanout_find(struct wire_part **parts, size_t count, struct kc_wire_str topic,
                                   int32_t partition);
/* Notes the part's result: done, failed for good, or to try again. */
void wire_fanout_result(const struct wire_fanout *fanout, struct wire_part *part, int16_t code,
                        const char *message);

struct kc_error *wire_fanout_run(struct kc_wire_admin *admin, struct wire_fanout *fanout,
                                 int32_t timeout_ms) KC_MUST_CHECK;

#endif
