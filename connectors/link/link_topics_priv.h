/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What link_topics.c and link_topic_orders.c share: the topics of a task. All on the task's thread.
 */
#ifndef CONNECTORS_LINK_LINK_TOPICS_PRIV_H
#define CONNECTORS_LINK_LINK_TOPICS_PRIV_H

#include "connect/hash.h"
#include "link/link_work_priv.h"

struct link_gateways;

/* A mirror topic of this task. */
struct link_topic_work {
    char *name;
    struct kc_link_topic_order order; /* without settings, which only the end needs */
    bool ordered;                     /* false: the order is gone */
    bool replaced;                    /* the same: another one is there, of a topic made anew */
    struct kc_link_topic state;       /* without partition states, which the store has */
    bool has_state;
    bool unsure;     /* a write failed, so that the store may have another state */
    char *hindrance; /* why it couldn't be cut from its source, until the state says so; NULL */
    bool copying;
    bool paused;
    bool finishing;
    int64_t pause_at_ms; /* when it began to finish, or gateways to hold writes; 0: neither */
    int64_t ends;        /* the sum of the source's ends, and since when it is the same */
    int64_t ends_ms;
    int64_t due_ms;
    int64_t written_ms;
    struct link_metrics *metrics;
    UT_hash_handle hh;
};

struct link_topics {
    struct link_work work;
    uint64_t seen; /* of the store */
    bool followed; /* the store's names have been read once */
    struct link_topic_work *topics;
    struct link_gateways *gateways;
    bool promotes; /* a promotion began lately */
};

/* ---- link_topic_orders.c ---- */

/* Takes the orders that are new or have changed, and the state of each topic that is new. */
void link_topics_follow(struct link_topics *topics);
void link_topics_follow_one(struct link_topics *topics, const char *name);
void link_topics_forget(struct link_topics *topics, struct link_topic_work *topic);
/* Reads the state as the store has it. */
void link_topics_load_state(struct link_topics *topics, struct link_topic_work *topic);
/* What was saved of the topic's partitions: a new reference, or NULL. */
json_t *link_topics_saved(const struct link_topics *topics, const char *name);

#endif
