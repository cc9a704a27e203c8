/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handles records that can't be processed: RetryWithToleranceOperator, LogReporter (KIP-298).
 *
 * One per task, used by the task's thread; kc_error_policy_stop() may be called by any, and
 * kc_error_policy_report() by the acknowledgement thread too. Nothing here runs for a record
 * without errors.
 */
#ifndef WORKER_DATA_ERROR_POLICY_H
#define WORKER_DATA_ERROR_POLICY_H

#include "connect/config_def.h"
#include "connect/record.h"
#include "metrics/metrics.h"

#include <librdkafka/rdkafka.h>

enum kc_stage {
    KC_STAGE_TASK_POLL,
    KC_STAGE_TASK_PUT,
    KC_STAGE_TRANSFORMATION,
    KC_STAGE_KEY_CONVERTER,
    KC_STAGE_VALUE_CONVERTER,
    KC_STAGE_HEADER_CONVERTER,
    KC_STAGE_KAFKA_PRODUCE,
    KC_STAGE_KAFKA_CONSUME,
};
const char *kc_stage_name(enum kc_stage stage);

/* The processing of one record, for reports (ProcessingContext). Zero-initialise, clear. */
struct kc_processing {
    const struct kc_record *source;    /* of a source task, before transforms */
    const rd_kafka_message_t *message; /* of a sink task, as consumed */
    enum kc_stage stage;
    const char *class_name; /* of what was running */
    struct kc_error *error; /* why the record was given up; NULL: it wasn't */
};
void kc_processing_clear(struct kc_processing *processing);

struct kc_error_policy;

/* Told of each record that was given up. Must not fail; on the thread that gave it up. */
typedef void (*kc_error_reporter)(void *opaque, const struct kc_processing *processing);

/* config: the connector's, parsed; metrics outlive the policy. */
struct kc_error_policy *kc_error_policy_new(const char *connector, int task,
                                            const struct kc_config *config,
                                            struct kc_task_metrics *metrics);
void kc_error_policy_destroy(struct kc_error_policy *policy);

/* A second reporter beside the log: the dead letter queue. Before the first record. */
void kc_error_policy_set_reporter(struct kc_error_policy *policy, kc_error_reporter reporter,
                                  void *opaque);

/* Runs operation until it succeeds, retries run out, or its error isn't retriable. NULL with
 * processing->error set: the record is skipped. An error fails the task. Does nothing if processing
 * has failed already. A record for which there is no memory is never skipped, because it isn't to
 * blame (Java: Error). */
typedef struct kc_error *(*kc_operation)(void *opaque);
struct kc_error *kc_error_policy_execute(struct kc_error_policy *policy,
                                         struct kc_processing *processing, enum kc_stage stage,
                                         const char *class_name, kc_operation operation,
                                         void *opaque) KC_MUST_CHECK;

/* A record has failed outside of execute() (executeFailed): counts and reports it; err is taken. An
 * error fails the task. */
struct kc_error *kc_error_policy_report(struct kc_error_policy *policy,
                                        struct kc_processing *processing, enum kc_stage stage,
                                        const char *class_name, struct kc_error *err) KC_MUST_CHECK;

bool kc_error_policy_tolerates_all(const struct kc_error_policy *policy);
/* Ends a wait between retries, and all further ones. */
void kc_error_policy_stop(struct kc_error_policy *policy);

#endif
