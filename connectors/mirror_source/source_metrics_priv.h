/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A mirror task's metrics for each partition: MirrorSourceMetrics, and the lag.
 *
 * Ages are measured by the task's thread as records are polled, the rest by the acknowledgement
 * thread. Times are those of the records, in milliseconds; a record from the future counts as 0.
 */
#ifndef CONNECTORS_MIRROR_SOURCE_SOURCE_METRICS_PRIV_H
#define CONNECTORS_MIRROR_SOURCE_SOURCE_METRICS_PRIV_H

#include "connect/measure.h"
#include "mirror_source/assignment_priv.h"

/* Makes the series of all partitions; the assignment keeps them. */
void kc_source_metrics_open(struct kc_source_context *context,
                            const struct kc_mirror_config *config,
                            struct kc_mirror_assignment *assignment);

/* ---- the task's thread ---- */

/* Whole record batches were polled. */
void kc_source_metrics_polled(const struct kc_mirrored_partition *partition, const uint8_t *data,
                              size_t len);
/* Records were polled one by one: their ages. */
void kc_source_metrics_ages(const struct kc_mirrored_partition *partition,
                            const struct kc_sample *ages);
/* The source's end offset, up to which it may be read. */
void kc_source_metrics_end(const struct kc_mirrored_partition *partition, int64_t end);
/* Mirroring continues at offset, which may be before the former position. */
void kc_source_metrics_start(const struct kc_mirrored_partition *partition, int64_t offset);

/* Reports the size of records to the flow's connectors (flow_loads.h). */
void kc_source_metrics_note_size(const struct kc_mirrored_partition *partition,
                                 const struct kc_mirror_config *config);

/* ---- the acknowledgement thread ---- */

void kc_source_metrics_committed(const struct kc_mirrored_partition *partition, size_t bytes,
                                 int64_t timestamp);
void kc_source_metrics_run_committed(const struct kc_mirrored_partition *partition,
                                     const struct kc_raw_run *run);

/* ---- any thread ---- */

/* All before offset has been mirrored, or needn't be. */
void kc_source_metrics_done(const struct kc_mirrored_partition *partition, int64_t offset);

#endif
