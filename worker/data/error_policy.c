/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Retries, tolerance and the log reporter: see error_policy.h.
 *
 * Delays grow from 300 ms by doubling; beyond errors.retry.delay.max.ms they are a random time
 * below it, so that tasks that failed together don't retry together.
 */
#include "data/error_policy.h"

#include "connect/log.h"
#include "connect/thread.h"

#include <stdlib.h>
#include <strings.h>

static struct kc_logger log =
    KC_LOGGER("org.apache.kafka.connect.runtime.errors.RetryWithToleranceOperator");
static struct kc_logger report_log =
    KC_LOGGER("org.apache.kafka.connect.runtime.errors.LogReporter");

enum { RETRY_DELAY_MIN_MS = 300, MAX_DOUBLINGS = 40 };

struct kc_error_policy {
    char *connector;
    int task;
    int64_t retry_timeout_ms; /* -1: for ever */
    int64_t delay_max_ms;
    bool tolerate_all;
    bool log_enabled;
    bool log_messages;
    struct kc_task_metrics *metrics;
    kc_error_reporter reporter;
    void *reporter_opaque;
    pthread_mutex_t mutex;
    pthread_cond_t stop_cond;
    bool stopping; /* with mutex */
    unsigned random_state;
};

static const char *const stage_names[] = {
    [KC_STAGE_TASK_POLL] = "TASK_POLL",
    [KC_STAGE_TASK_PUT] = "TASK_PUT",
    [KC_STAGE_TRANSFORMATION] = "TRANSFORMATION",
    [KC_STAGE_KEY_CONVERTER] = "KEY_CONVERTER",
    [KC_STAGE_VALUE_CONVERTER] = "VALUE_CONVERTER",
    [KC_STAGE_HEADER_CONVERTER] = "HEADER_CONVERTER",
    [KC_STAGE_KAFKA_PRODUCE] = "KAFKA_PRODUCE",
    [KC_STAGE_KAFKA_CONSUME] = "KAFKA_CONSUME",
};

const char *kc_stage_name(enum kc_stage stage)
{
    return stage_names[stage];
}

void kc_processing_clear(struct kc_processing *processing)
{
    kc_error_clear(&processing->error);
}

struct kc_error_policy *kc_error_policy_new(const char *connector, int task,
                                            const struct kc_config *config,
                                            struct kc_task_metrics *metrics)
{
    struct kc_error_policy *policy = kc_calloc(1, sizeof(*policy));
    policy->connector = kc_strdup(connector);
    policy->task = task;
    policy->retry_timeout_ms = kc_config_long(config, "errors.retry.timeout");
    policy->delay_max_ms = kc_config_long(config, "errors.retry.delay.max.ms");
    policy->tolerate_all = strcasecmp(kc_config_string(config, "errors.tolerance"), "all") == 0;
    policy->log_enabled = kc_config_bool(config, "errors.log.enable");
    policy->log_messages = kc_config_bool(config, "errors.log.include.messages");
    policy->metrics = metrics;
    policy->random_state = (unsigned)kc_mono_ms() + (unsigned)task;
    pthread_mutex_init(&policy->mutex, NULL);
    kc_cond_init(&policy->stop_cond);
    return policy;
}

void kc_error_policy_destroy(struct kc_error_policy *policy)
{
    if (!policy)
        return;
    pthread_cond_destroy(&policy->stop_cond);
    pthread_mutex_destroy(&policy->mutex);
    free(policy->connector);
    free(policy);
}

void kc_error_policy_set_reporter(struct kc_error_policy *policy, kc_error_reporter reporter,
                                  void *opaque)
{
    policy->reporter = reporter;
    policy->reporter_opaque = opaque;
}

bool kc_error_policy_tolerates_all(const struct kc_error_policy *policy)
{
    return policy->tolerate_all;
}

void kc_error_policy_stop(struct kc_error_policy *policy)
{
    pthread_mutex_lock(&policy->mutex);
    policy->stopping = true;
    pthread_cond_broadcast(&policy->stop_cond);
    pthread_mutex_unlock(&policy->mutex);
}

/* ---- reports ---- */

static void describe_source(struct kc_str *out, const struct kc_record *record)
{
    kc_str_appendf(out, ", where source record is = {topic='%s', partition=", record->topic);
    if (record->partition == KC_NO_PARTITION)
        kc_str_append(out, "null");
    else
        kc_str_appendf(out, "%d", record->partition);
    if (record->timestamp != KC_NO_TIMESTAMP)
        kc_str_appendf(out, ", timestamp=%lld", (long long)record->timestamp);
    kc_str_append_char(out, '}');
}

static void describe_message(struct kc_str *out, const rd_kafka_message_t *message)
{
    rd_kafka_timestamp_type_t type;
    int64_t timestamp = rd_kafka_message_timestamp(message, &type);
    kc_str_appendf(out, ", where consumed record is {topic='%s', partition=%d, offset=%lld",
                   rd_kafka_topic_name(message->rkt), message->partition,
                   (long long)message->offset);
    if (type != RD_KAFKA_TIMESTAMP_NOT_AVAILABLE)
        kc_str_appendf(out, ", timestamp=%lld, timestampType=%s", (long long)timestamp,
                       type == RD_KAFKA_TIMESTAMP_CREATE_TIME ? "CreateTime" : "LogAppendTime");
    kc_str_append_char(out, '}');
}

static void write_report(struct kc_error_policy *policy, const struct kc_processing *processing)
{
    struct kc_str text = {0};
    kc_str_appendf(&text, "Error encountered in task %s-%d. Executing stage '%s' with class '%s'",
                   policy->connector, policy->task, stage_names[processing->stage],
                   processing->class_name ? processing->class_name : "null");
    if (policy->log_messages && processing->source)
        describe_source(&text, processing->source);
    if (policy->log_messages && processing->message)
        describe_message(&text, processing->message);
    char *trace = kc_error_trace(processing->error);
    kc_log_write(&report_log, KC_LOG_ERROR, "%s. %s", text.data, trace);
    free(trace);
    kc_str_destroy(&text);
    atomic_fetch_add(&policy->metrics->errors_logged, 1);
}

static void report(struct kc_error_policy *policy, const struct kc_processing *processing)
{
    atomic_fetch_add(&policy->metrics->record_errors, 1);
    if (policy->log_enabled)
        write_report(policy, processing);
    if (policy->reporter)
        policy->reporter(policy->reporter_opaque, processing);
}

static void mark_failed(struct kc_error_policy *policy)
{
    atomic_store(&policy->metrics->last_error_ms, kc_now_ms());
    atomic_fetch_add(&policy->metrics->record_failures, 1);
}

static struct kc_error *exceeded(const char *text, const struct kc_error *cause)
{
    return kc_error_caused(kc_error_new(KC_ERR_CONNECT, "%s", text), kc_error_copy(cause));
}

struct kc_error *kc_error_policy_report(struct kc_error_policy *policy,
                                        struct kc_processing *processing, enum kc_stage stage,
                                        const char *class_name, struct kc_error *err)
{
    mark_failed(policy);
    kc_error_destroy(processing->error);
    processing->stage = stage;
    processing->class_name = class_name;
    processing->error = err;
    report(policy, processing);
    if (!policy->tolerate_all || kc_error_code(err) == KC_ERR_MEMORY)
        return exceeded("Tolerance exceeded in error handler", err);
    atomic_fetch_add(&policy->metrics->records_skipped, 1);
    return NULL;
}

/* ---- retries ---- */

static int64_t retry_delay(struct kc_error_policy *policy, int attempt)
{
    int doublings = attempt - 1 < MAX_DOUBLINGS ? attempt - 1 : MAX_DOUBLINGS;
    int64_t delay = (int64_t)RETRY_DELAY_MIN_MS << doublings;
    if (delay > policy->delay_max_ms)
        delay = policy->delay_max_ms > 0 ? rand_r(&policy->random_state) % policy->delay_max_ms : 0;
    return delay;
}

/* False when the policy has been stopped. */
static bool back_off(struct kc_error_policy *policy, int attempt, int64_t deadline)
{
    int64_t until = kc_mono_ms() + retry_delay(policy, attempt);
    if (until > deadline)
        until = deadline;
    pthread_mutex_lock(&policy->mutex);
    while (!policy->stopping && kc_cond_wait_until(&policy->stop_cond, &policy->mutex, until))
        ;
    bool stopping = policy->stopping;
    pthread_mutex_unlock(&policy->mutex);
    return !stopping;
}

/* Runs operation until it succeeds or must not be tried again. *exhausted: its last error was
 * retriable. */
static struct kc_error *attempt_all(struct kc_error_policy *policy, kc_operation operation,
                                    void *opaque, bool *exhausted)
{
    int64_t deadline =
        policy->retry_timeout_ms >= 0 ? kc_deadline_ms(policy->retry_timeout_ms) : INT64_MAX;
    for (int attempt = 1;; attempt++) {
        struct kc_error *err = operation(opaque);
        *exhausted = err && kc_error_retriable(err);
        if (!*exhausted)
            return err;
        atomic_fetch_add(&policy->metrics->record_failures, 1);
        if (kc_mono_ms() >= deadline)
            return err;
        kc_debug("Trying again after: %s", kc_error_text(err));
        bool go_on = back_off(policy, attempt, deadline);
        atomic_fetch_add(&policy->metrics->retries, 1);
        if (!go_on)
            return err;
        kc_error_destroy(err);
    }
}

/* Converting and transforming may fail in any way (TOLERABLE_EXCEPTIONS). */
static bool tolerable(enum kc_stage stage)
{
    return stage == KC_STAGE_TRANSFORMATION || stage == KC_STAGE_KEY_CONVERTER ||
           stage == KC_STAGE_VALUE_CONVERTER || stage == KC_STAGE_HEADER_CONVERTER;
}

struct kc_error *kc_error_policy_execute(struct kc_error_policy *policy,
                                         struct kc_processing *processing, enum kc_stage stage,
                                         const char *class_name, kc_operation operation,
                                         void *opaque)
{
    if (processing->error)
        return NULL;
    bool exhausted;
    struct kc_error *err = attempt_all(policy, operation, opaque, &exhausted);
    if (!err)
        return NULL;
    processing->stage = stage;
    processing->class_name = class_name;
    processing->error = err;
    mark_failed(policy);
    report(policy, processing);
    if (!exhausted && !tolerable(stage))
        return exceeded("Unhandled exception in error handler", err);
    if (!policy->tolerate_all || kc_error_code(err) == KC_ERR_MEMORY)
        return exceeded("Tolerance exceeded in error handler", err);
    atomic_fetch_add(&policy->metrics->records_skipped, 1);
    return NULL;
}
