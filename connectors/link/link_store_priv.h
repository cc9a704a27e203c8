/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The records of one link in the state topic, as they are now (connect/link.h).
 *
 * Values are immutable JSON, shared by reference. The store follows the topic; what one has
 * written, one reads. Whoever opens a link's store in a worker gets the same one. Any thread,
 * unless said otherwise.
 */
#ifndef CONNECTORS_LINK_LINK_STORE_PRIV_H
#define CONNECTORS_LINK_LINK_STORE_PRIV_H

#include "connect/thread.h"
#include "link/link_config_priv.h"

struct link_store;

/* Opens the topic on the target, making it when it isn't there (replication.factor), and reads it
 * to its end. Blocks; KC_ERR_WAKEUP when stop is set. */
struct kc_error *link_store_open(const struct link_config *config, const struct kc_stop *stop,
                                 struct link_store **store) KC_MUST_CHECK;
void link_store_close(struct link_store *store); /* NULL is fine */

/* The value of a resource: a new reference, not to be changed; NULL: there is none. */
json_t *link_store_get(struct link_store *store, enum kc_link_resource resource, const char *name);
/* How long ago the record was read from the topic, in ms; -1: there is none. */
int64_t link_store_age_ms(struct link_store *store, enum kc_link_resource resource,
                          const char *name);
/* Names of all resources of a kind, sorted; appended. */
void link_store_names(struct link_store *store, enum kc_link_resource resource,
                      struct kc_strings *names);

/* Another link that has an order for that topic of the target; the caller's. NULL: none. */
char *link_store_other_link(struct link_store *store, const char *topic);

/* One change. value is taken; NULL: the record goes away. */
struct link_change {
    enum kc_link_resource resource;
    const char *name;
    json_t *value;
};
/* Writes the changes in one go and waits until they are read back. With an error some may be
 * written nevertheless; a retriable one may pass. Takes the values in any case. */
struct kc_error *link_store_put(struct link_store *store, struct link_change *changes, size_t count,
                                int timeout_ms) KC_MUST_CHECK;

/* A number that grows with each record that was read. */
uint64_t link_store_version(struct link_store *store);
/* Waits until the version is another one than seen, or the deadline (kc_mono_ms() units). */
uint64_t link_store_wait(struct link_store *store, uint64_t seen, int64_t deadline_ms);
/* What has changed since `since` (a version): names of a kind, sorted; appended. */
void link_store_changed(struct link_store *store, uint64_t since, enum kc_link_resource resource,
                        struct kc_strings *names);
/* Looks whether the state topic is still what was read, and does what is needed where it isn't: see
 * link_store.c. restores: the connector, which writes the topic again. Blocks; ends early when
 * stop, which may be NULL, is set. One thread at a time. */
void link_store_look(struct link_store *store, struct kc_admin *target, bool restores,
                     const struct kc_stop *stop);
/* The same every two seconds: whoever works for the link calls it again and again. Any thread. */
void link_store_watch(struct link_store *store, struct kc_admin *target, bool restores,
                      const struct kc_stop *stop);
/* Whether what is written is kept. While it isn't, a put fails, and whoever works for the link
 * rests. */
bool link_store_is_kept(struct link_store *store);
/* Why it isn't; the caller's. NULL: it is. */
char *link_store_trouble(struct link_store *store);

/* Reads to the topic's end as it is now. */
struct kc_error *link_store_read_to_end(struct link_store *store, int timeout_ms) KC_MUST_CHECK;

#endif
