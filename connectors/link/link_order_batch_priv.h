/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Orders of one request for several mirrors, topics or groups.
 *
 * Each is loaded, and checked against its state and, for a promotion, against both clusters. That
 * takes time and is done without a lock. Under the lock the record is read again: an order that
 * somebody else wrote meanwhile isn't replaced unseen. Any thread.
 */
#ifndef CONNECTORS_LINK_LINK_ORDER_BATCH_PRIV_H
#define CONNECTORS_LINK_LINK_ORDER_BATCH_PRIV_H

#include "link/link_control_priv.h"

struct link_order_batch {
    const struct link_order_kind *kind;
    struct link_control *control;
    const struct link_request *request;
    int wish;                      /* one of the kind's */
    void *mirrors;                 /* count of them, in the order of outcomes */
    struct link_outcome *outcomes; /* borrowed; nothing may be added to them meanwhile */
    size_t count;
};

/* What is the same for both. All is borrowed from the mirror. */
struct link_order_facts {
    const char *name;  /* on the target */
    const char *state; /* as its task has written it */
    const char *wish;  /* of the last order, as the next three */
    int64_t epoch;
    int64_t since_ms;
    const char *by;
};

/* What topics and groups differ in. A mirror is a struct link_mirror or a struct link_mirror_group.
 */
struct link_order_kind {
    enum kc_link_resource resource; /* of orders */
    const char *noun;               /* "topic" */
    const char *what;               /* before a name in sentences: "", "group " */
    size_t mirror_size;
    struct kc_error *(*load)(struct link_control *control, const char *name, void *mirror);
    void (*clear)(void *mirror);
    struct link_order_facts (*facts)(const void *mirror);
    const char *(*done)(int wish); /* "promoted" */
    /* Whether the wish fits the mirror's state; if not, the outcome says so. */
    void (*check)(const struct link_order_batch *batch, const void *mirror,
                  struct link_outcome *outcome);
    /* What speaks against promoting these, of which none has a status. */
    void (*block)(const struct link_order_batch *batch, const void *mirrors,
                  struct link_outcome *outcomes, size_t count);
    /* The mirror's order becomes the batch's, with the next epoch: as it is to be written. */
    json_t *(*renew)(const struct link_order_batch *batch, void *mirror);
};

/* Adds an outcome for each name, loads the mirrors and checks them. kind, control, request and wish
 * are set. */
void link_order_batch_open(struct link_order_batch *batch, const struct kc_strings *names,
                           struct link_outcomes *outcomes);
void link_order_batch_close(struct link_order_batch *batch);
/* Looks at both sides for those that can be promoted by their state. */
void link_order_batch_block(const struct link_order_batch *batch);
/* Writes the orders of those that nothing speaks against. */
struct kc_error *link_order_batch_write(const struct link_order_batch *batch) KC_MUST_CHECK;
/* Nothing is ordered, because the same is being done. */
void link_order_batch_say_under_way(const struct link_order_batch *batch, const void *mirror,
                                    struct link_outcome *outcome);

#endif
