/* SPDX-License-Identifier: Apache-2.0 */
/* Reading an internal topic, see topic_reader.h. */
#include "mirror/topic_reader.h"

#include <stdlib.h>

#define STEP_MS 400

struct kc_topic_reader {
    struct kc_topic_stream *stream;
    char *topic;
};

struct kc_error *kc_topic_reader_new(const struct kc_map *properties, const char *topic,
                                     struct kc_topic_reader **reader)
{
    struct kc_topic_stream *stream = NULL;
    struct kc_error *err = kc_topic_stream_open(properties, topic, 1, &stream);
    if (err)
        return err;
    struct kc_topic_reader *made = kc_calloc(1, sizeof(*made));
    made->stream = stream;
    made->topic = kc_strdup(topic);
    *reader = made;
    return NULL;
}

void kc_topic_reader_destroy(struct kc_topic_reader *reader)
{
    if (!reader)
        return;
    kc_topic_stream_close(reader->stream);
    free(reader->topic);
    free(reader);
}

static struct kc_error *nothing_comes(const struct kc_topic_reader *reader, int64_t end,
                                      int timeout_ms)
{
    return kc_error_retriable_new(
        KC_ERR_TIMEOUT,
        "Topic %s has records up to offset %lld, but none has arrived after %lld for %d ms",
        reader->topic, (long long)end, (long long)kc_topic_stream_position(reader->stream, 0),
        timeout_ms);
}

struct kc_error *kc_topic_reader_read_to_end(struct kc_topic_reader *reader, int timeout_ms,
                                             kc_log_listener on_record,
                                             kc_topic_reader_stop should_stop, void *arg)
{
    int64_t end = 0, moved_ms = kc_mono_ms();
    struct kc_error *err = kc_topic_stream_ends(reader->stream, &end, timeout_ms);
    while (!err && kc_topic_stream_position(reader->stream, 0) < end) {
        bool progress = false;
        err =
            kc_topic_stream_poll(reader->stream, kc_mono_ms() + STEP_MS, on_record, arg, &progress);
        if (progress)
            moved_ms = kc_mono_ms();
        if (!err && should_stop(arg))
            err = kc_error_new(KC_ERR_WAKEUP, "Stopped while reading topic %s", reader->topic);
        if (!err && kc_mono_ms() - moved_ms > timeout_ms)
            err = nothing_comes(reader, end, timeout_ms);
    }
    return err;
}
