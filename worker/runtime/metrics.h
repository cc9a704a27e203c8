/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What connectors and tasks count: Connect's JMX metrics as numbers (ConnectMetricsRegistry,
 * CONTRACT §5.10).
 *
 * One struct per task, owned by its host and written by its thread with relaxed atomics; readers
 * copy. Any thread reads.
 */
#ifndef WORKER_RUNTIME_METRICS_H
#define WORKER_RUNTIME_METRICS_H

#include <stdatomic.h>
#include <stdint.h>

struct kc_task_metrics {
    atomic_uint_fast64_t records_in;  /* source: polled; sink: read */
    atomic_uint_fast64_t records_out; /* source: acknowledged; sink: put */
    atomic_uint_fast64_t bytes_out;
    atomic_uint_fast64_t active;           /* sent, not yet acknowledged */
    atomic_uint_fast64_t records_raw;      /* by lane: in batches that passed as bytes, */
    atomic_uint_fast64_t records_repacked; /* in batches that were repacked, */
    atomic_uint_fast64_t records_opened;   /* one by one, of batches that had to be opened */
    atomic_uint_fast64_t batches;          /* polls or puts that had records */
    atomic_uint_fast64_t commits;
    atomic_uint_fast64_t commit_failures;
    atomic_uint_fast64_t commit_time_ms;
    atomic_uint_fast64_t record_failures; /* task-error-metrics from here */
    atomic_uint_fast64_t record_errors;
    atomic_uint_fast64_t records_skipped;
    atomic_uint_fast64_t retries;
    atomic_uint_fast64_t errors_logged;
    atomic_uint_fast64_t dlq_requests;
    atomic_uint_fast64_t dlq_failures;
    atomic_int_fast64_t last_error_ms;
};

#endif
