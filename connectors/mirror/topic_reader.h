/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads partition 0 of an internal topic, from its start to its end and then on from there.
 *
 * No consumer group is involved. One thread at a time.
 */
#ifndef CONNECTORS_MIRROR_TOPIC_READER_H
#define CONNECTORS_MIRROR_TOPIC_READER_H

#include "connect/topic_stream.h"

struct kc_topic_reader;

/* properties: of the consumer, by kc_mirror_client_properties(). */
struct kc_error *kc_topic_reader_new(const struct kc_map *properties, const char *topic,
                                     struct kc_topic_reader **reader) KC_MUST_CHECK;
void kc_topic_reader_destroy(struct kc_topic_reader *reader);

typedef bool (*kc_topic_reader_stop)(void *arg);

/* Hands every record to on_record, up to the end that the topic had at the call. An error that a
 * new try may cure is retriable; records read so far stay read. should_stop is asked at least twice
 * a second; if it is true, the call returns KC_ERR_WAKEUP. After timeout_ms without progress it
 * returns KC_ERR_TIMEOUT. */
struct kc_error *kc_topic_reader_read_to_end(struct kc_topic_reader *reader, int timeout_ms,
                                             kc_log_listener on_record,
                                             kc_topic_reader_stop should_stop,
                                             void *arg) KC_MUST_CHECK;

#endif
