/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The links' states as a gateway follows them, its lease with each, and its holds
 * (connect/link.h, docs/LINKING-INTERNALS.md "Promotion and the flip").
 *
 * Rules that were proven by the model and are kept here: the gateway's record is written and read
 * back before a state is used; writes go to a source, and answers of it to clients, only while the
 * lease holds (counted from when the renewal was sent); a gateway whose lease has ended begins anew
 * with a new epoch, without what was under way. Any thread.
 */
#ifndef WORKER_GATEWAY_GATEWAY_LINKS_PRIV_H
#define WORKER_GATEWAY_GATEWAY_LINKS_PRIV_H

#include "connect/link.h"
#include "connect/thread.h"
#include "gateway/gateway_config.h"

struct gateway_links;

/* Where writes to a partition of the target go now. */
enum gateway_place {
    GATEWAY_TARGET,         /* not linked, or promoted without a table: as they are */
    GATEWAY_TARGET_FLIPPED, /* promoted: by the flip table first */
    GATEWAY_SOURCE,         /* LINKING, PENDING, ALIGNING, PAUSED, SOURCE_UNAVAILABLE, ... */
    GATEWAY_HELD,           /* PROMOTING, or the lease doesn't hold: wait */
};

/* A topic's way. Immutable, shared by reference. */
struct gateway_way {
    enum gateway_place place;
    char *link;
    char *topic; /* at the target */
    char *source_topic;
    struct kc_uuid target_id;
    int64_t state_epoch; /* of the topic's state */
    int64_t since_ms;    /* of that state, by the clock of whoever wrote it; 0: not known */
};

/* Opens the state topic and takes the leases. changed (a thread of its own; must not block) runs
 * after each change of a topic's way. */
struct kc_error *gateway_links_open(const struct gateway_config *config, const char *address,
                                    const struct kc_stop *stop, void (*changed)(void *arg),
                                    void *arg, struct gateway_links **links) KC_MUST_CHECK;
/* Ends: the record says that it holds nothing and is over. */
void gateway_links_close(struct gateway_links *links);

/* By name, or by the target's id (name NULL). A new reference; NULL: no link has the topic. */
struct gateway_way *gateway_links_way(struct gateway_links *links, const char *topic,
                                      const struct kc_uuid *id);
struct gateway_way *gateway_way_ref(struct gateway_way *way); /* NULL for NULL */
void gateway_way_unref(struct gateway_way *way);              /* the same */

/* A write to the source begins: counted as under way until gateway_links_end(). False: it must not
 * begin now (held, or no lease): ask for the way again after `changed`. producer_id: as the source
 * has it, for the gateway's record; -1: none. */
bool gateway_links_begin(struct gateway_links *links, const struct gateway_way *way,
                         int64_t producer_id, int64_t *ticket);
/* It has ended. True: its answer may be handed on to the client. False: the lease in which it began
 * is over, and the answer must not be handed on; the client gets a retriable error. */
bool gateway_links_end(struct gateway_links *links, const struct gateway_way *way, int64_t ticket);

/* The partition's flip table; borrowed until the way is unreferenced; NULL: none. */
const struct kc_link_flip *gateway_links_flip(struct gateway_links *links,
                                              const struct gateway_way *way, int32_t partition);

/* Writes who the gateway's clients are beside its records, for people. Doesn't wait. */
struct gateway_clients;
void gateway_links_tell(struct gateway_links *links, struct gateway_clients *clients);

/* Tags of the two clusters (kc_link_tag() of their ids). */
int64_t gateway_links_tag(const struct gateway_links *links, bool source);
/* Whether any topic of any link that is routed isn't promoted yet; whether there is a link at all.
 */
bool gateway_links_active(struct gateway_links *links);
/* Whether there are topics, and all of them are promoted. */
bool gateway_links_over(struct gateway_links *links);

#endif
