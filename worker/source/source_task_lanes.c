/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a source task opens its producer and its raw lane, and what becomes of them where the target
 * gives no producer id. See source_task_priv.h.
 */
#include "append/appender.h"
#include "kafka/plain_producers.h"
#include "source/quarantine.h"
#include "source/source_task_priv.h"

#include <stdlib.h>

struct kc_map *kc_source_task_client_properties(struct kc_source_task *task, const char *kind,
                                                const char *id_prefix)
{
    char *id = kc_asprintf("%s%s-%d", id_prefix, kc_task_host_connector(task->host),
                           kc_task_host_task(task->host));
    struct kc_map *properties =
        kc_task_client_properties(task->config, kind, task->connector_config, id);
    free(id);
    return properties;
}

static struct kc_map *producer_properties(struct kc_source_task *task)
{
    return kc_source_task_client_properties(task, "producer", "connector-producer-");
}

static void force_transactional(struct kc_source_task *task, struct kc_map *properties)
{
    kc_map_set(properties, "enable.idempotence", "true");
    kc_map_setf(properties, "transactional.id", "%s-%s-%d",
                kc_config_string(task->config->values, "group.id"),
                kc_task_host_connector(task->host), kc_task_host_task(task->host));
}

/* Of a connector that was stored before the worker had its settings. */
static struct kc_error *check_quarantine(const struct kc_source_task *task)
{
    const char *why =
        kc_quarantine_wanted(task->settings)
            ? kc_quarantine_refusal(kc_config_string(task->settings, "errors.tolerance"),
                                    task->how == &kc_exactly_once)
            : NULL;
    return why ? kc_error_new(KC_ERR_CONFIG, "%s: %s", KC_QUARANTINE_TOPIC_SETTING, why) : NULL;
}

struct kc_error *kc_source_task_open_producer(struct kc_source_task *task,
                                              const struct kc_source_producer_events *events)
{
    struct kc_error *err = check_quarantine(task);
    if (err)
        return err;
    struct kc_map *properties = producer_properties(task);
    if (task->how == &kc_exactly_once)
        force_transactional(task, properties);
    task->plain = kc_producers_are_plain(properties);
    if (kc_producers_were_refused(properties))
        kc_task_host_set_note(task->host, kc_producers_plain_note);
    kc_source_task_open_raw(task, properties);
    struct kc_source_producer *producer = NULL;
    /* A transactional id has one producer: the raw lane is it, where there is one. */
    if (task->how != &kc_exactly_once || !task->raw)
        err = kc_source_producer_new(properties, events, task, kc_task_host_log_context(task->host),
                                     &producer);
    if (!err && producer && !task->raw)
        err = kc_source_producer_open(producer);
    kc_map_destroy(properties);
    pthread_mutex_lock(&task->mutex);
    task->producer = producer;
    pthread_mutex_unlock(&task->mutex);
    return err;
}

bool kc_source_task_producer_lost(struct kc_source_task *task, rd_kafka_resp_err_t *code)
{
    pthread_mutex_lock(&task->mutex);
    bool lost = task->producer && kc_source_producer_lost(task->producer, code);
    pthread_mutex_unlock(&task->mutex);
    return lost;
}

bool kc_source_task_make_plain(struct kc_source_task *task)
{
    struct kc_map *properties = producer_properties(task);
    bool may = kc_producers_may_be_plain(properties);
    if (may) {
        kc_producers_make_plain(properties);
        kc_task_host_set_note(task->host, kc_producers_plain_note);
    }
    kc_map_destroy(properties);
    return may;
}

void kc_source_task_watch_appender(struct kc_source_task *task)
{
    if (task->plain || !kc_appender_is_plain(kc_raw_lane_appender(task->raw)))
        return;
    task->plain = true;
    kc_source_task_make_plain(task);
}
