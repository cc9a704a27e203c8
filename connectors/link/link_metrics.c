/* SPDX-License-Identifier: Apache-2.0 */
/* Measures of a mirror topic, see link_metrics_priv.h. One series a topic: partitions are summed.
 */
#include "link/link_metrics_priv.h"

#include <stdlib.h>

enum { RECORDS, BYTES, END, POSITION, LAG, LAG_BYTES, LAG_SECONDS, FILLERS, STATES };
#define MEASURES (STATES + KC_LINK_TOPIC_STATES)

static const char *const labels[] = {"link", "topic", NULL};

#define STATE(state, name, text)                                                                   \
    [STATES + KC_LINK_##                                                                           \
        state] = {KC_MEASURE_GAUGE, "state_" name, "1 where the topic " text ", else 0"}

static const struct kc_measure measures[MEASURES] = {
    [RECORDS] = {KC_MEASURE_COUNTER, "records", "Offsets that were copied", .rate = "records_rate"},
    [BYTES] = {KC_MEASURE_COUNTER, "bytes", "Bytes of record batches that were copied",
               .rate = "bytes_rate"},
    [END] = {KC_MEASURE_GAUGE, "source_end_offset", "Where the source ends, of all partitions"},
    [POSITION] = {KC_MEASURE_GAUGE, "mirrored_offset",
                  "Source offset before which all is copied, of all partitions"},
    [LAG] = {KC_MEASURE_DIFFERENCE, "offset_lag", "Records that the mirror is behind its source",
             .minuend = END, .subtrahend = POSITION},
    [LAG_BYTES] = {KC_MEASURE_ESTIMATE, "lag_bytes",
                   "The same in bytes, by the average size of what was copied", .minuend = LAG,
                   .subtrahend = BYTES},
    [LAG_SECONDS] = {KC_MEASURE_DELAY, "lag_seconds",
                     "Time since the mirror had all there was, or since the newest record that it "
                     "has; 0 where nothing is missing",
                     .minuend = LAG},
    [FILLERS] = {KC_MEASURE_GAUGE, "fillers",
                 "Records written in place of those that aren't there"},
    STATE(PENDING, "pending", "waits for its task"),
    STATE(ALIGNING, "aligning", "gets the source's first offset"),
    STATE(LINKING, "linking", "is copied"),
    STATE(PAUSED, "paused", "is paused"),
    STATE(PROMOTING, "promoting", "is being promoted"),
    STATE(PROMOTED, "promoted", "was promoted"),
    STATE(FAILED_OVER, "failed_over", "was failed over"),
    STATE(SOURCE_UNAVAILABLE, "source_unavailable", "can't reach its source"),
    STATE(DIVERGED, "diverged", "has records that the source hasn't"),
    STATE(FAILED, "failed", "has failed"),
};

static const struct kc_series_group group = {"isthmus_link_mirror_topic", labels, measures,
                                             MEASURES};

struct link_metrics {
    struct kc_series *series;
    int64_t position; /* sums that were noted last; -1: none yet */
    int64_t bytes;
};

struct link_metrics *link_metrics_new(struct kc_source_context *context, const char *link,
                                      const char *topic)
{
    const char *const values[] = {link, topic};
    struct link_metrics *metrics = kc_calloc(1, sizeof(*metrics));
    metrics->series = kc_source_context_series(context, &group, values);
    metrics->position = metrics->bytes = -1;
    return metrics;
}

void link_metrics_destroy(struct link_metrics *metrics)
{
    if (!metrics)
        return;
    kc_series_unref(metrics->series);
    free(metrics);
}

/* Adds what a sum has grown by, and remembers it. One that begins anew is smaller. */
static void grow(struct link_metrics *metrics, size_t measure, int64_t *last, int64_t sum)
{
    if (*last >= 0 && sum > *last)
        kc_series_add(metrics->series, measure, (uint64_t)(sum - *last));
    *last = sum;
}

static void note_status(struct link_metrics *metrics, const struct link_copy_status *status)
{
    int64_t end = 0, bytes = 0, fillers = 0;
    for (size_t i = 0; i < status->count; i++) {
        const struct link_copy_partition *partition = &status->partitions[i];
        end += partition->source_end > 0 ? partition->source_end : 0;
        bytes += partition->copied_bytes;
        fillers += partition->fillers;
    }
    grow(metrics, BYTES, &metrics->bytes, bytes);
    kc_series_set(metrics->series, FILLERS, fillers);
    if (status->lag < 0)
        return;
    grow(metrics, RECORDS, &metrics->position, end - status->lag);
    kc_series_set(metrics->series, END, end);
    kc_series_set(metrics->series, POSITION, end - status->lag);
    if (status->lag == 0)
        kc_series_set(metrics->series, LAG_SECONDS, kc_now_ms());
    else if (status->last_source_time_ms > 0)
        kc_series_raise(metrics->series, LAG_SECONDS, status->last_source_time_ms);
}

void link_metrics_note(struct link_metrics *metrics, enum kc_link_topic_state state,
                       const struct link_copy_status *status)
{
    for (size_t i = 0; i < KC_LINK_TOPIC_STATES; i++)
        kc_series_set(metrics->series, STATES + i, i == state);
    if (status)
        note_status(metrics, status);
}
