/* SPDX-License-Identifier: Apache-2.0 */
/* The worker's functions for a plugin's source task: kc_source_context, see connect/connector.h. */
#include "connect/log.h"
#include "source/source_task_priv.h"

static struct kc_logger log =
    KC_LOGGER("org.apache.kafka.connect.runtime.AbstractWorkerSourceTask");

enum { OFFSET_READ_MS = 5000 };

struct kc_error *kc_source_context_offsets(struct kc_source_context *context,
                                           json_t *const *partitions, size_t count,
                                           json_t **offsets)
{
    struct kc_source_task *task = context->task;
    for (;;) {
        struct kc_error *err =
            kc_offset_store_get(task->offsets, kc_task_host_connector(task->core.host), partitions,
                                count, offsets, OFFSET_READ_MS);
        if (!err || kc_error_code(err) != KC_ERR_TIMEOUT || kc_task_host_stopping(task->core.host))
            return err;
        kc_warn("Still reading offsets: %s", kc_error_text(err));
        kc_error_destroy(err);
    }
}

struct kc_series *kc_source_context_series(struct kc_source_context *context,
                                           const struct kc_series_group *group,
                                           const char *const *values)
{
    return kc_series_list_add(kc_task_host_series(context->task->core.host), group, values);
}

void kc_source_context_show(struct kc_source_context *context, const char *name, json_t *value)
{
    kc_task_host_show(context->task->core.host, name, value);
}

const char *kc_source_context_connector(const struct kc_source_context *context)
{
    return kc_task_host_connector(context->task->core.host);
}

int kc_source_context_task(const struct kc_source_context *context)
{
    return kc_task_host_task(context->task->core.host);
}

void kc_source_context_commit_transaction(struct kc_source_context *context)
{
    if (context && context->task->how->transaction)
        context->task->how->transaction(context->task->delivery, true);
}

void kc_source_context_abort_transaction(struct kc_source_context *context)
{
    if (context && context->task->how->transaction)
        context->task->how->transaction(context->task->delivery, false);
}

bool kc_source_context_takes_raw(struct kc_source_context *context, const char **reason)
{
    *reason = context->task->raw_refusal;
    return *reason == NULL;
}
