/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a task of a link works with while it holds the lease, and the topics that it works for. All
 * on the task's thread.
 */
#ifndef CONNECTORS_LINK_LINK_WORK_PRIV_H
#define CONNECTORS_LINK_LINK_WORK_PRIV_H

#include "connect/connector.h"
#include "link/link_copy_priv.h"

/* All borrowed. */
struct link_work {
    struct kc_source_context *context;
    const struct link_config *config;
    struct link_store *store;
    const struct link_lease *lease;
    struct link_copy *copy;
    struct kc_admin *source; /* its calls end soon: topics are cut together, while writes wait */
    struct kc_admin *target;
};

/* ---- link_topics.c ---- */

struct link_topics;

/* The topics that have an order, and belong to the task. */
struct link_topics *link_topics_new(const struct link_work *work);
void link_topics_destroy(struct link_topics *topics); /* NULL is fine */
/* Follows orders, looks at the copying, writes states and does what follows from them. What fails
 * is logged, and tried again by a later call. */
void link_topics_step(struct link_topics *topics);
/* Whether a promotion is under way that began lately: step again soon. */
bool link_topics_promotes(const struct link_topics *topics);

/* ---- link_cut_over.c ---- */

/* A topic that is to be cut from its source. */
struct link_cut {
    const char *topic;
    const struct kc_link_topic_order *order; /* without its settings, which the store has */
    const struct link_copy_status *status;   /* NULL: it wasn't being copied */
    const struct kc_link_topic *state;       /* PROMOTED or FAILED_OVER, as it will be written */
    int64_t pause_ms;                        /* so long writes have waited; 0: they haven't */
    bool learns;    /* the flip table lacks what was copied before this task began */
    bool not_quiet; /* out: the source has got records since; nothing was done */
    bool ended;     /* out: it isn't being copied any more */
    struct kc_error
        *error; /* out, the caller's: the state wasn't written, or if `ended`, perhaps */
};
/* Cuts topics: settings are put in place, then receipt, flip table and state are written in one go.
 * Ends the copying of each for which nothing before that failed. */
void link_cut_over(const struct link_work *work, struct link_cut *cuts, size_t count);
/* What a receipt says of a partition; copied NULL: it wasn't being copied. Pure. */
struct kc_link_receipt_partition link_receipt_of(const struct link_copy_partition *copied,
                                                 int32_t partition, int64_t target_end);

#endif
