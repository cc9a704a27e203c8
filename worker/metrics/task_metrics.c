/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of a task's metrics, see task_metrics.h.
 *
 * Names are those of Java's MBeans: kafka_connect, the type without "connect-" and "-metrics", the
 * attribute. Beside them stand the lanes, which Java doesn't have.
 */
#include "metrics/task_metrics.h"

#include <stddef.h>
#include <stdio.h>

enum metric_reading {
    COUNTER,
    NUMBER,   /* as it stands */
    RATE,     /* of the counter `at`, kept in `other` */
    SHARE,    /* of the counter `at` in the sum of both */
    LARGEST,  /* of a window */
    SMALLEST, /* the same */
    MEAN,     /* the same */
};

enum { SOURCE = 1, SINK = 2, ANY = 3 };

struct task_metric {
    const char *name;
    unsigned kinds;
    enum metric_reading reading;
    size_t at;
    size_t other;
    const char *help;
};

#define AT(field) offsetof(struct kc_task_metrics, field)

/* clang-format off */
static const struct task_metric table[] = {
    {"kafka_connect_connector_task_batch_size_max", ANY, LARGEST, AT(batch_records), 0,
     "Records in the largest batch"},
    {"kafka_connect_connector_task_batch_size_avg", ANY, MEAN, AT(batch_records), 0,
     "Records in a batch on average"},
    {"kafka_connect_connector_task_offset_commit_max_time_ms", ANY, LARGEST, AT(commit_ms), 0,
     "Longest time of an offset commit, in milliseconds"},
    {"kafka_connect_connector_task_offset_commit_avg_time_ms", ANY, MEAN, AT(commit_ms), 0,
     "Average time of an offset commit, in milliseconds"},
    {"kafka_connect_connector_task_offset_commit_success_percentage", ANY, SHARE, AT(commits),
     AT(commit_failures), "Share of offset commits that succeeded, 0 to 1"},
    {"kafka_connect_connector_task_offset_commit_failure_percentage", ANY, SHARE,
     AT(commit_failures), AT(commits), "Share of offset commits that failed, 0 to 1"},

    {"kafka_connect_source_task_source_record_poll_total", SOURCE, COUNTER, AT(records_in), 0,
     "Records polled from the source, before transforms"},
    {"kafka_connect_source_task_source_record_poll_rate", SOURCE, RATE, AT(records_in),
     AT(in_rate), "Records polled per second"},
    {"kafka_connect_source_task_source_record_write_total", SOURCE, COUNTER, AT(records_out), 0,
     "Records that the target has acknowledged"},
    {"kafka_connect_source_task_source_record_write_rate", SOURCE, RATE, AT(records_out),
     AT(out_rate), "Records acknowledged per second"},
    {"kafka_connect_source_task_poll_batch_max_time_ms", SOURCE, LARGEST, AT(batch_ms), 0,
     "Longest time of a poll that had records, in milliseconds"},
    {"kafka_connect_source_task_poll_batch_avg_time_ms", SOURCE, MEAN, AT(batch_ms), 0,
     "Average time of a poll that had records, in milliseconds"},
    {"kafka_connect_source_task_source_record_active_count", SOURCE, NUMBER, AT(active), 0,
     "Records sent and not yet acknowledged"},
    {"kafka_connect_source_task_source_record_active_count_max", SOURCE, LARGEST,
     AT(active_records), 0, "Most records sent and not yet acknowledged"},
    {"kafka_connect_source_task_source_record_active_count_avg", SOURCE, MEAN, AT(active_records),
     0, "Records sent and not yet acknowledged, on average"},
    {"kafka_connect_source_task_transaction_size_min", SOURCE, SMALLEST, AT(transaction_records),
     0, "Records in the smallest transaction"},
    {"kafka_connect_source_task_transaction_size_max", SOURCE, LARGEST, AT(transaction_records),
     0, "Records in the largest transaction"},
    {"kafka_connect_source_task_transaction_size_avg", SOURCE, MEAN, AT(transaction_records), 0,
     "Records in a transaction on average"},

    {"kafka_connect_sink_task_sink_record_read_total", SINK, COUNTER, AT(records_in), 0,
     "Records read from Kafka, before transforms"},
    {"kafka_connect_sink_task_sink_record_read_rate", SINK, RATE, AT(records_in), AT(in_rate),
     "Records read per second"},
    {"kafka_connect_sink_task_sink_record_send_total", SINK, COUNTER, AT(records_out), 0,
     "Records that the connector has taken, after transforms"},
    {"kafka_connect_sink_task_sink_record_send_rate", SINK, RATE, AT(records_out), AT(out_rate),
     "Records taken per second"},
    {"kafka_connect_sink_task_partition_count", SINK, NUMBER, AT(partitions), 0,
     "Partitions assigned to the task"},
    {"kafka_connect_sink_task_offset_commit_seq_no", SINK, NUMBER, AT(commit_seqno), 0,
     "Sequence number of the last offset commit"},
    {"kafka_connect_sink_task_offset_commit_completion_total", SINK, COUNTER, AT(commits), 0,
     "Offset commits that succeeded"},
    {"kafka_connect_sink_task_offset_commit_completion_rate", SINK, RATE, AT(commits),
     AT(commit_rate), "Offset commits per second that succeeded"},
    {"kafka_connect_sink_task_offset_commit_skip_total", SINK, COUNTER, AT(commit_skips), 0,
     "Answers to offset commits that came too late and were ignored"},
    {"kafka_connect_sink_task_offset_commit_skip_rate", SINK, RATE, AT(commit_skips),
     AT(skip_rate), "Answers to offset commits per second that came too late"},
    {"kafka_connect_sink_task_put_batch_max_time_ms", SINK, LARGEST, AT(batch_ms), 0,
     "Longest time that the connector took for a batch, in milliseconds"},
    {"kafka_connect_sink_task_put_batch_avg_time_ms", SINK, MEAN, AT(batch_ms), 0,
     "Average time that the connector took for a batch, in milliseconds"},
    {"kafka_connect_sink_task_sink_record_active_count", SINK, NUMBER, AT(active), 0,
     "Records read and not yet taken by the connector"},
    {"kafka_connect_sink_task_sink_record_active_count_max", SINK, LARGEST, AT(active_records), 0,
     "Most records read and not yet taken"},
    {"kafka_connect_sink_task_sink_record_active_count_avg", SINK, MEAN, AT(active_records), 0,
     "Records read and not yet taken, on average"},

    {"kafka_connect_task_error_total_record_failures", ANY, COUNTER, AT(record_failures), 0,
     "Attempts at processing a record that failed"},
    {"kafka_connect_task_error_total_record_errors", ANY, COUNTER, AT(record_errors), 0,
     "Records that could not be processed"},
    {"kafka_connect_task_error_total_records_skipped", ANY, COUNTER, AT(records_skipped), 0,
     "Records skipped by errors.tolerance"},
    {"kafka_connect_task_error_total_retries", ANY, COUNTER, AT(retries), 0,
     "Attempts at processing a record again"},
    {"kafka_connect_task_error_total_errors_logged", ANY, COUNTER, AT(errors_logged), 0,
     "Errors that were logged by errors.log.enable"},
    {"kafka_connect_task_error_deadletterqueue_produce_requests", ANY, COUNTER, AT(dlq_requests),
     0, "Records sent to the dead letter queue"},
    {"kafka_connect_task_error_deadletterqueue_produce_failures", ANY, COUNTER, AT(dlq_failures),
     0, "Records that the dead letter queue did not take"},
    {"kafka_connect_task_error_last_error_timestamp", ANY, NUMBER, AT(last_error_ms), 0,
     "When the task last met an error, in milliseconds since the epoch; 0: never"},

    {"isthmus_task_quarantined_records_total", SOURCE, COUNTER, AT(quarantined), 0,
     "Records that the target refused and that are in the quarantine topic"},
    {"isthmus_task_bytes_total", ANY, COUNTER, AT(bytes_out), 0,
     "Bytes of records acknowledged (source) or taken by the connector (sink)"},
    {"isthmus_task_batches_total", ANY, COUNTER, AT(batches), 0,
     "Polls (source) or puts (sink) that had records"},
};
/* clang-format on */

void kc_task_metrics_start(struct kc_task_metrics *metrics)
{
    int64_t now = kc_mono_ms();
    kc_rate_start(&metrics->in_rate, now);
    kc_rate_start(&metrics->out_rate, now);
    kc_rate_start(&metrics->commit_rate, now);
    kc_rate_start(&metrics->skip_rate, now);
}

/* ---- reading ---- */

static void *field(struct kc_task_metrics *metrics, size_t at)
{
    return (char *)metrics + at;
}

static uint64_t number(struct kc_task_metrics *metrics, size_t at)
{
    return atomic_load_explicit((atomic_uint_fast64_t *)field(metrics, at), memory_order_relaxed);
}

/* False: there is nothing to say yet. */
static bool read_share(const struct task_metric *metric, struct kc_task_metrics *metrics,
                       double *value)
{
    double part = (double)number(metrics, metric->at);
    double whole = part + (double)number(metrics, metric->other);
    *value = whole > 0 ? part / whole : 0;
    return whole > 0;
}

static bool read_window(const struct task_metric *metric, struct kc_task_metrics *metrics,
                        double *value)
{
    struct kc_window_view view = {0};
    kc_window_read(field(metrics, metric->at), kc_mono_ms(), &view);
    if (view.count == 0)
        return false;
    *value = metric->reading == LARGEST    ? (double)view.max
             : metric->reading == SMALLEST ? (double)view.min
                                           : (double)view.sum / (double)view.count;
    return true;
}

static bool read_metric(const struct task_metric *metric, struct kc_task_metrics *metrics,
                        double *value)
{
    switch (metric->reading) {
    case COUNTER:
    case NUMBER:
        *value = (double)number(metrics, metric->at);
        return true;
    case RATE:
        *value =
            kc_rate_read(field(metrics, metric->other), kc_mono_ms(), number(metrics, metric->at));
        return true;
    case SHARE:
        return read_share(metric, metrics, value);
    default:
        return read_window(metric, metrics, value);
    }
}

/* ---- exposing ---- */

struct labelled {
    struct kc_exposition *exposition;
    struct kc_label labels[4]; /* connector and task, and further labels */
};

static void add(struct labelled *task, const char *name, enum kc_metric_type type, const char *help,
                size_t more, double value)
{
    kc_exposition_add(task->exposition, name, type, help, task->labels, 2 + more, value);
}

void kc_state_expose(struct kc_exposition *exposition, const char *name, const char *help,
                     struct kc_label *labels, size_t count, enum kc_state state)
{
    static const char *const states[] = {
        [KC_STATE_UNASSIGNED] = "unassigned", [KC_STATE_RUNNING] = "running",
        [KC_STATE_PAUSED] = "paused",         [KC_STATE_FAILED] = "failed",
        [KC_STATE_DESTROYED] = "destroyed",   [KC_STATE_RESTARTING] = "restarting",
        [KC_STATE_STOPPED] = "stopped",
    };
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        labels[count] = (struct kc_label){"status", states[i]};
        kc_exposition_add(exposition, name, KC_METRIC_GAUGE, help, labels, count + 1, i == state);
    }
}

static void expose_state(struct labelled *task, const struct kc_task_info *info)
{
    kc_state_expose(task->exposition, "kafka_connect_connector_task_status",
                    "1 for the state that the task is in", task->labels, 2, info->state);
    add(task, "kafka_connect_connector_task_running_ratio", KC_METRIC_GAUGE,
        "Share of its life that the task has been running", 0, info->running_ratio);
    add(task, "kafka_connect_connector_task_pause_ratio", KC_METRIC_GAUGE,
        "Share of its life that the task has been paused", 0, info->pause_ratio);
}

static double counted(const atomic_uint_fast64_t *number)
{
    return (double)atomic_load_explicit(number, memory_order_relaxed);
}

static void expose_lane(struct labelled *task, const struct kc_task_info *info)
{
    if (!info->is_source)
        return;
    for (int way = 0; way < KC_RAW_WAYS; way++) {
        task->labels[2] = (struct kc_label){"way", kc_raw_way_name((enum kc_raw_way)way)};
        add(task, "isthmus_task_lane_records_total", KC_METRIC_COUNTER,
            "Records that came as batches of bytes, by how they went on: passed as they were, "
            "transcoded, repacked, opened and sent one by one, or dropped by a transform",
            1, counted(&info->metrics->way_records[way]));
        add(task, "isthmus_task_lane_batches_total", KC_METRIC_COUNTER,
            "Batches of bytes, by how they went on", 1, counted(&info->metrics->way_batches[way]));
    }
    add(task, "isthmus_task_in_flight_bytes", KC_METRIC_GAUGE,
        "Bytes sent to the target and not yet acknowledged", 0, (double)info->bytes_in_flight);
    if (!*info->lane)
        return;
    task->labels[2] = (struct kc_label){"lane", info->lane};
    task->labels[3] = (struct kc_label){"reason", info->lane_reason};
    add(task, "isthmus_task_lane", KC_METRIC_GAUGE,
        "1; the labels say whether record batches go on as bytes or as records, and why", 2, 1);
}

void kc_task_metrics_expose(const struct kc_task_info *info, struct kc_exposition *exposition)
{
    char id[16];
    struct labelled task = {exposition, {{"connector", info->connector}, {"task", id}}};
    snprintf(id, sizeof(id), "%d", info->task);
    expose_state(&task, info);
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        double value;
        if (!(table[i].kinds & (info->is_source ? SOURCE : SINK)) ||
            !read_metric(&table[i], info->metrics, &value))
            continue;
        add(&task, table[i].name, table[i].reading == COUNTER ? KC_METRIC_COUNTER : KC_METRIC_GAUGE,
            table[i].help, 0, value);
    }
    expose_lane(&task, info);
}
