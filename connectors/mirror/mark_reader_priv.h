/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads marks of one cluster's records for look-ups. Its consumer is made when first needed.
 *
 * Read records are kept for a while (mark_cache_priv.h). The consumer continues to fetch behind the
 * last read, because look-ups come in the order of their offsets. One thread at a time.
 */
#ifndef CONNECTORS_MIRROR_MARK_READER_PRIV_H
#define CONNECTORS_MIRROR_MARK_READER_PRIV_H

#include "mirror/mirror_config.h"
#include "mirror/record_match.h"

#include <stdatomic.h>

struct kc_mark_reader;

/* config and aborted are borrowed; once aborted is true, calls fail soon. */
struct kc_mark_reader *kc_mark_reader_new(const struct kc_mirror_config *config,
                                          enum kc_mirror_cluster cluster,
                                          const atomic_bool *aborted);
void kc_mark_reader_destroy(struct kc_mark_reader *reader); /* NULL is fine */

/* Sets the partition of the following calls, and their deadline. topic is borrowed. */
void kc_mark_reader_at(struct kc_mark_reader *reader, const char *topic, int32_t partition,
                       int64_t deadline_ms);
/* As struct kc_lookup_reader has them. */
struct kc_error *kc_mark_reader_bounds(struct kc_mark_reader *reader, int64_t *low,
                                       int64_t *high) KC_MUST_CHECK;
struct kc_error *kc_mark_reader_read(struct kc_mark_reader *reader, int64_t from, int64_t to,
                                     size_t max, struct kc_record_window *window) KC_MUST_CHECK;
struct kc_error *kc_mark_reader_by_time(struct kc_mark_reader *reader, int64_t timestamp,
                                        int64_t *offset) KC_MUST_CHECK;

/* A read from there follows soon, so fetching begins. */
void kc_mark_reader_ahead(struct kc_mark_reader *reader, int64_t from);

/* Stops fetching ahead; ends the consumer and forgets the marks if they haven't been used for a
 * while. */
void kc_mark_reader_rest(struct kc_mark_reader *reader);

#endif
