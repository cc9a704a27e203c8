/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The topic of the offset index (link_index_priv.h): made when it is needed first, read, written,
 * and watched, because people may delete it or change it.
 *
 * Any thread, but for the check and reopening, which one thread does.
 */
#ifndef CONNECTORS_LINK_LINK_INDEX_TOPIC_PRIV_H
#define CONNECTORS_LINK_LINK_INDEX_TOPIC_PRIV_H

#include "connect/topic_log.h"
#include "link/link_config_priv.h"

struct link_index_topic;

/* Asks nobody yet. config is borrowed; use: of the client's id. The listener runs on a thread of
 * the log. */
struct link_index_topic *link_index_topic_new(const struct link_config *config, const char *use,
                                              kc_log_listener listener, void *opaque);
void link_index_topic_close(struct link_index_topic *topic);

/* Reads to the end. The first time makes the topic unless it is there; that ends early when stop,
 * which may be NULL, is set. */
struct kc_error *link_index_topic_refresh(struct link_index_topic *topic,
                                          const struct kc_stop *stop) KC_MUST_CHECK;
/* Writes, and waits until the listener has had it. After a refresh. */
struct kc_error *link_index_topic_write(struct link_index_topic *topic,
                                        const struct kc_log_record *records,
                                        size_t count) KC_MUST_CHECK;

/* Looks whether the topic is as it was when this was last asked. *lost: it isn't there, is another
 * one, or records at its beginning were deleted. An error: it would lose records, or can't be
 * looked at. */
struct kc_error *link_index_topic_check(struct link_index_topic *topic, struct kc_admin *admin,
                                        bool *lost) KC_MUST_CHECK;
/* Makes it unless it is there, and reads it anew. */
struct kc_error *link_index_topic_reopen(struct link_index_topic *topic,
                                         const struct kc_stop *stop) KC_MUST_CHECK;

#endif
