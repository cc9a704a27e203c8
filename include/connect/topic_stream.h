/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a topic from its beginning, as a Java consumer with assigned partitions and
 * auto.offset.reset=earliest does, without a group.
 *
 * With isolation.level=read_committed, records of open and aborted transactions are left out. If
 * the log no longer has an offset, reading begins anew at its start. One thread at a time polls.
 */
#ifndef CONNECT_TOPIC_STREAM_H
#define CONNECT_TOPIC_STREAM_H

#include "connect/map.h"

KC_API_BEGIN

struct kc_topic_stream;

/* May grow. */
struct kc_log_record {
    int32_t partition;
    int64_t offset;
    int64_t timestamp; /* ms; -1: none */
    const char *key;   /* NULL: null */
    size_t key_len;
    const char *value; /* NULL: null, a tombstone */
    size_t value_len;
};
/* The record's pointers are valid until the callback returns. */
typedef void (*kc_log_listener)(void *opaque, const struct kc_log_record *record);

/* properties: Java consumer properties; KC_ERR_CONFIG names the wrong one. From now on it fetches
 * some megabytes ahead. */
struct kc_error *kc_topic_stream_open(const struct kc_map *properties, const char *topic,
                                      int32_t partitions,
                                      struct kc_topic_stream **stream) KC_MUST_CHECK;
void kc_topic_stream_close(struct kc_topic_stream *stream); /* NULL is fine */

/* Hands over the fetched records of one partition; waits for some until deadline_ms (kc_mono_ms()
 * units). *progress: a position has moved. An error concerns one partition, which is read again
 * from its position a second later. */
struct kc_error *kc_topic_stream_poll(struct kc_topic_stream *stream, int64_t deadline_ms,
                                      kc_log_listener listener, void *opaque,
                                      bool *progress) KC_MUST_CHECK;
/* The offset that is read next; compacted records and markers count as read. The polling thread. */
int64_t kc_topic_stream_position(const struct kc_topic_stream *stream, int32_t partition);

/* Ends a wait in kc_topic_stream_poll(), the running one or the next. Any thread. */
void kc_topic_stream_wake(struct kc_topic_stream *stream);
/* Sets ends to the end offsets of all partitions, including uncommitted records. A missing topic is
 * a retriable UNKNOWN_TOPIC_OR_PARTITION at once. Any thread. */
struct kc_error *kc_topic_stream_ends(struct kc_topic_stream *stream, int64_t *ends,
                                      int timeout_ms) KC_MUST_CHECK;

KC_API_END

#endif
