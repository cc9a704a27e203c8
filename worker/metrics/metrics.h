/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The metrics of tasks: Connect's JMX metrics as numbers (ConnectMetricsRegistry).
 *
 * One struct per task, owned by its host. Each field is written by one thread at a time, or with
 * atomic additions where that is cheap enough; any thread reads. task_metrics.c has the table of
 * the metrics made from them.
 */
#ifndef WORKER_METRICS_METRICS_H
#define WORKER_METRICS_METRICS_H

#include "base/window.h"
#include "metrics/raw_way.h"

struct kc_task_metrics {
    atomic_uint_fast64_t records_in;  /* source: polled; sink: read */
    atomic_uint_fast64_t records_out; /* source: acknowledged; sink: put */
    atomic_uint_fast64_t bytes_out;
    atomic_uint_fast64_t active; /* source: sent, not yet acknowledged; sink: not put */
    atomic_uint_fast64_t way_records[KC_RAW_WAYS]; /* of batches as bytes, by their ways */
    atomic_uint_fast64_t way_batches[KC_RAW_WAYS];
    atomic_uint_fast64_t batches; /* polls or puts that had records */
    atomic_uint_fast64_t commits;
    atomic_uint_fast64_t commit_failures;
    atomic_uint_fast64_t commit_skips;    /* sink: answers that came too late */
    atomic_uint_fast64_t commit_seqno;    /* sink */
    atomic_uint_fast64_t partitions;      /* sink: assigned */
    atomic_uint_fast64_t record_failures; /* task-error-metrics from here */
    atomic_uint_fast64_t record_errors;
    atomic_uint_fast64_t records_skipped;
    atomic_uint_fast64_t retries;
    atomic_uint_fast64_t errors_logged;
    atomic_uint_fast64_t dlq_requests;
    atomic_uint_fast64_t dlq_failures;
    atomic_uint_fast64_t quarantined;
    atomic_int_fast64_t last_error_ms;

    struct kc_window batch_records;
    struct kc_window batch_ms; /* of a poll that had records, or of a put */
    struct kc_window commit_ms;
    struct kc_window active_records;
    struct kc_window transaction_records;

    struct kc_rate in_rate; /* the scrape's, as what follows */
    struct kc_rate out_rate;
    struct kc_rate commit_rate;
    struct kc_rate skip_rate;
};

#endif
