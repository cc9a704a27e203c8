/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connectors and their tasks: tables of functions that the worker calls.
 *
 * Sources: Connect's Connector, SourceTask and SinkTask. One connector object per connector, one
 * task object per task. All functions of an object are called on that object's own thread, unless
 * said otherwise. A function may block; those marked "any thread" must not.
 */
#ifndef CONNECT_CONNECTOR_H
#define CONNECT_CONNECTOR_H

#include "connect/config_def.h"
#include "connect/record.h"

KC_API_BEGIN

/* ---- connectors ---- */

/* The worker's side of a connector; opaque, valid until the connector is destroyed. Any thread. */
struct kc_connector_context;
/* Asks the worker to call task_configs() again and to restart tasks if they differ. Never blocks.
 */
void kc_connector_request_reconfiguration(struct kc_connector_context *context);
/* Fails the connector with err (taken), as ConnectorContext.raiseError. */
void kc_connector_raise_error(struct kc_connector_context *context, struct kc_error *err);
/* Tells people what the connector is doing or waiting for; copied; NULL: nothing (API 1.2). */
void kc_connector_explain(struct kc_connector_context *context, const char *text);
/* The connector's configured name. */
const char *kc_connector_name(const struct kc_connector_context *context);

enum kc_support { KC_SUPPORT_UNDEFINED, KC_SUPPORT_SUPPORTED, KC_SUPPORT_UNSUPPORTED };

/* May grow. */
struct kc_connector_ops {
    /* Makes an object, never NULL, that does nothing yet. The worker also makes one only for
     * validate and alter_offsets. */
    void *(*create)(struct kc_connector_context *context);
    /* start and stop may alternate (STOPPED and back, KIP-875), so stop gives back everything that
     * start has taken. After a failed start only destroy is called. */
    struct kc_error *(*start)(void *connector, const struct kc_map *config);
    void (*stop)(void *connector);
    void (*destroy)(void *connector);
    /* Appends at most max_tasks configurations; a retriable error makes the worker ask again. */
    struct kc_error *(*task_configs)(void *connector, int max_tasks, struct kc_maps *configs);
    /* Optional: checks beyond the table; adds errors to values. Any thread. */
    void (*validate)(const struct kc_map *config, struct kc_config_values *values);
    /* Sources, optional. */
    enum kc_support (*exactly_once_support)(const struct kc_map *config);
    enum kc_support (*can_define_transaction_boundaries)(const struct kc_map *config);
    /* Optional: checks an external change of offsets; offsets is [{"partition":..,"offset":..}].
     * *handled: the result of Java's alterOffsets. An error refuses the change. Any thread. */
    struct kc_error *(*alter_offsets)(const struct kc_map *config, const json_t *offsets,
                                      bool *handled);
    /* Optional (API 1.3): translates offsets of the source to the target's. offsets is
     * [{"topic":..,"partition":..,"offset":..}], already checked. answer is a new object, which
     * REST shows unchanged. May take a minute. Any thread. */
    struct kc_error *(*translate)(const struct kc_map *config, const json_t *offsets,
                                  json_t **answer);
    /* The same for groups' committed offsets (API 1.3): question is {"groups": [names]} or
     * {"pattern": a regular expression}, already checked. */
    struct kc_error *(*translate_groups)(const struct kc_map *config, const json_t *question,
                                         json_t **answer);
};

/* ---- source tasks ---- */

struct kc_source_context; /* opaque, valid until the task is destroyed */
/* The last committed offset of each of count source partitions (json maps): offsets[i] is a new
 * reference or NULL. On the task's thread. */
struct kc_error *kc_source_context_offsets(struct kc_source_context *context,
                                           json_t *const *partitions, size_t count,
                                           json_t **offsets) KC_MUST_CHECK;
const char *kc_source_context_connector(const struct kc_source_context *context);
int kc_source_context_task(const struct kc_source_context *context);
/* Whether batches as bytes (kc_batch_add_raw()) pass through unopened (API 1.1). If not, *reason
 * (valid as long as the context) says why, and the worker opens such batches. Constant. */
bool kc_source_context_takes_raw(struct kc_source_context *context, const char **reason);
/* Sets what GET /connectors/X/explain shows for the task under name, beside the worker's own facts.
 * value is taken and replaces the former one; NULL: nothing. Any thread. (API 1.3) */
void kc_source_context_show(struct kc_source_context *context, const char *name, json_t *value);
/* Transaction boundaries defined by the connector (KIP-618); NULL-safe no-ops otherwise. */
void kc_source_context_commit_transaction(struct kc_source_context *context);
void kc_source_context_abort_transaction(struct kc_source_context *context);

/* May grow. */
struct kc_record_metadata {
    int64_t offset; /* -1: unknown */
    int32_t partition;
    int64_t timestamp; /* -1: none */
};

/* Records of a kc_raw that are consecutive at the source and at the target. May grow. */
struct kc_raw_run {
    int64_t source_offset; /* of the first */
    int64_t target_offset; /* of the first; -1: unknown */
    int32_t count;
    /* Of the records' batch (API 1.2); only one of its runs has the bytes. */
    size_t bytes;
    int64_t base_timestamp;
    int64_t max_timestamp;
};

/* May grow. */
struct kc_source_task_ops {
    void *(*create)(struct kc_source_context *context); /* never NULL */
    struct kc_error *(*start)(void *task, const struct kc_map *config);
    /* Hands over the next batch (the worker takes *batch), or NULL after a bounded wait (about one
     * second at most). A retriable error counts as nothing; any other error fails the task. */
    struct kc_error *(*poll)(void *task, struct kc_batch **batch);
    /* The target acknowledged record (metadata), or a transform or the error tolerance dropped it
     * (metadata NULL). Called in the order of sending within a source partition. Optional. Must not
     * block. On the task's acknowledgement thread, one call at a time. poll() or commit() may run
     * at the same time, so that an acknowledgement never waits for a poll(). */
    void (*record_committed)(void *task, const struct kc_record *record,
                             const struct kc_record_metadata *metadata);
    /* Offsets of acknowledged records have been committed; also called if there was nothing to
     * commit (SourceTask.commit). Optional. On the task's thread. */
    struct kc_error *(*commit)(void *task);
    /* The task must stop: make a running or future poll() return soon. Any thread. */
    void (*stop)(void *task);
    /* The last call, on the task's thread. */
    void (*destroy)(void *task);
    /* As record_committed(), for records of a kc_raw that were acknowledged in one batch of bytes.
     * Records that had to be opened come back in record_committed(). Optional. (API 1.1) */
    void (*raw_committed)(void *task, const struct kc_raw *raw, const struct kc_raw_run *run);
    /* The worker has something to do before the next batch: make a running poll() return soon, with
     * or without one. Optional. On the acknowledgement thread. (API 1.1) */
    void (*wake)(void *task);
};

/* ---- sink tasks ---- */

/* Never grows. */
struct kc_topic_partition {
    const char *topic;
    int32_t partition;
    int64_t offset; /* where a list carries offsets; -1 otherwise */
};

struct kc_sink_context;
void kc_sink_context_seek(struct kc_sink_context *context, const char *topic, int32_t partition,
                          int64_t offset);
void kc_sink_context_timeout(struct kc_sink_context *context, int64_t timeout_ms);
void kc_sink_context_pause(struct kc_sink_context *context, const char *topic, int32_t partition);
void kc_sink_context_resume(struct kc_sink_context *context, const char *topic, int32_t partition);
void kc_sink_context_request_commit(struct kc_sink_context *context);
/* ErrantRecordReporter: reports record as bad with err (taken), by the connector's tolerance and
 * DLQ. */
struct kc_error *kc_sink_context_report(struct kc_sink_context *context,
                                        const struct kc_record *record,
                                        struct kc_error *err) KC_MUST_CHECK;

/* May grow. */
struct kc_sink_task_ops {
    void *(*create)(struct kc_sink_context *context); /* never NULL */
    struct kc_error *(*start)(void *task, const struct kc_map *config);
    /* Partitions that the task gets. Optional. */
    struct kc_error *(*open)(void *task, const struct kc_topic_partition *partitions, size_t count);
    /* batch may be empty; borrowed for the call (ref to keep). */
    struct kc_error *(*put)(void *task, struct kc_batch *batch);
    /* offsets: those that may be committed. Lower any of them in place; set -1 to leave one out.
     * Optional: by default all are committed after flush(). With it, the worker doesn't call
     * flush(), as in Java. */
    struct kc_error *(*pre_commit)(void *task, struct kc_topic_partition *offsets, size_t count);
    /* All records that put() has had are safe when it returns. Optional. */
    struct kc_error *(*flush)(void *task, const struct kc_topic_partition *offsets, size_t count);
    /* Partitions that the task loses. Optional. */
    struct kc_error *(*close)(void *task, const struct kc_topic_partition *partitions,
                              size_t count);
    void (*stop)(void *task); /* on the task's thread, unlike a source's */
    void (*destroy)(void *task);
};

KC_API_END

#endif
