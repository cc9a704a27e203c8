/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mirror topics and groups as the store has them: what was ordered, and how it stands. Any thread.
 */
#ifndef CONNECTORS_LINK_LINK_MIRROR_PRIV_H
#define CONNECTORS_LINK_LINK_MIRROR_PRIV_H

#include "link/link_store_priv.h"

/* A mirror topic. Zero-initialise it. */
struct link_mirror {
    char *name; /* on the target */
    struct kc_link_topic_order order;
    struct kc_link_topic state; /* PENDING where no task has written one; FAILED of a refusal */
    bool followed;              /* the state follows the order; false: a task is yet to see it */
};

/* KC_ERR_NOT_FOUND: the link has no such mirror topic. KC_ERR_DATA: its records are damaged. */
struct kc_error *link_mirror_load(struct link_store *store, const char *link, const char *topic,
                                  struct link_mirror *mirror) KC_MUST_CHECK;
void link_mirror_clear(struct link_mirror *mirror);
/* The state that the topic has, or is about to have by an order that isn't followed yet. */
enum kc_link_topic_state link_mirror_effective(const struct link_mirror *mirror);

/* A mirror group. Zero-initialise it. */
struct link_mirror_group {
    char *name; /* on the target */
    struct kc_link_group_order order;
    struct kc_link_group state; /* REGISTERED where no task has written one */
    bool followed;
};

struct kc_error *link_mirror_group_load(struct link_store *store, const char *link,
                                        const char *group,
                                        struct link_mirror_group *mirror) KC_MUST_CHECK;
void link_mirror_group_clear(struct link_mirror_group *mirror);
enum kc_link_group_state link_mirror_group_effective(const struct link_mirror_group *mirror);

#endif
