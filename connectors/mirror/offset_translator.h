/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Translates offsets of a flow. Follows its offset-syncs and offset index topics, and looks up what
 * these don't tell exactly.
 *
 * The checkpoint task uses it and never waits for a look-up. GET /connectors/X/translate uses it
 * and does wait. One thread at a time.
 */
#ifndef CONNECTORS_MIRROR_OFFSET_TRANSLATOR_H
#define CONNECTORS_MIRROR_OFFSET_TRANSLATOR_H

#include "mirror/lookup_queue.h"
#include "mirror/offset_translation.h"
#include "mirror/topic_reader.h"

struct kc_offset_translator;

/* config is borrowed. */
struct kc_error *kc_offset_translator_new(const struct kc_mirror_config *config,
                                          struct kc_offset_translator **translator) KC_MUST_CHECK;
void kc_offset_translator_destroy(struct kc_offset_translator *translator); /* NULL is fine */

/* newest_only: as kc_offset_sync_store_begin(); before the first read. */
void kc_offset_translator_begin(struct kc_offset_translator *translator, bool newest_only);
/* Reads both topics to their ends. Without the offset syncs nothing is translated; without the
 * index, less exactly. should_stop(arg): see kc_topic_reader_read_to_end(). */
struct kc_error *kc_offset_translator_read(struct kc_offset_translator *translator, int timeout_ms,
                                           kc_topic_reader_stop should_stop,
                                           void *arg) KC_MUST_CHECK;

/* remote: the topic's name on the target. found: an earlier result of a look-up for the same
 * offset, used again while nothing contradicts it; -1: none. deadline_ms: when a look-up must end;
 * 0: it runs in the background, and a later call may know its result. */
struct kc_translation kc_offset_translator_translate(struct kc_offset_translator *translator,
                                                     const char *topic, const char *remote,
                                                     int32_t partition, int64_t upstream,
                                                     int64_t found, int64_t deadline_ms);

/* Partitions with offset syncs; those in the index, and its changes and bytes. */
struct kc_offset_translator_size {
    size_t synced, indexed, changes, bytes;
    size_t waiting; /* look-ups */
};
struct kc_offset_translator_size
kc_offset_translator_size(const struct kc_offset_translator *translator);

#endif
