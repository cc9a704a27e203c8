/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A topic of the link's own on the target, compacted and of one partition: its state
 * (link_store_priv.h), or the offset index (link_index_priv.h). It is made when it is needed first,
 * read, written, and watched, because people may delete it or change it.
 *
 * Any thread, but for the check and reopening, which one thread does at a time.
 */
#ifndef CONNECTORS_LINK_LINK_OWN_TOPIC_PRIV_H
#define CONNECTORS_LINK_LINK_OWN_TOPIC_PRIV_H

#include "connect/topic_log.h"
#include "link/link_config_priv.h"

struct link_own_topic;

struct link_own_topic_settings {
    const char *name;
    const char *use;           /* of the client's id */
    const struct kc_map *made; /* settings of a topic that isn't there yet; NULL: none */
    kc_log_listener listener;  /* runs on a thread of the log */
    void *opaque;
};

/* Asks nobody yet. Copies what it needs. */
struct link_own_topic *link_own_topic_new(const struct link_config *config,
                                          const struct link_own_topic_settings *settings);
void link_own_topic_close(struct link_own_topic *topic);

/* Reads to the end. The first time makes the topic unless it is there; that ends early when stop,
 * which may be NULL, is set. */
struct kc_error *link_own_topic_refresh(struct link_own_topic *topic, int timeout_ms,
                                        const struct kc_stop *stop) KC_MUST_CHECK;
/* Writes, and waits until the listener has had it. After a refresh. */
struct kc_error *link_own_topic_write(struct link_own_topic *topic,
                                      const struct kc_log_record *records, size_t count,
                                      int timeout_ms) KC_MUST_CHECK;

/* Looks whether the topic is as it was when this was last asked. *lost: it isn't there, is another
 * one, or records at its beginning were deleted. An error: it would lose records (KC_ERR_CONFIG),
 * or can't be looked at. */
struct kc_error *link_own_topic_check(struct link_own_topic *topic, struct kc_admin *admin,
                                      bool *lost) KC_MUST_CHECK;
/* Makes it unless it is there, and reads it anew. */
struct kc_error *link_own_topic_reopen(struct link_own_topic *topic,
                                       const struct kc_stop *stop) KC_MUST_CHECK;

#endif
