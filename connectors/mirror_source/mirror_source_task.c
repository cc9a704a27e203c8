/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MirrorSourceTask: mirrors assigned partitions and writes offset syncs for what was acknowledged.
 *
 * start, poll, commit and destroy run on the task's thread; record_committed on whichever thread
 * acknowledges; stop on any. A record's task_data is its struct kc_mirrored_partition.
 */
#include "common/mirror_offsets.h"
#include "common/offset_sync_producer.h"
#include "connect/log.h"
#include "mirror_source/mirror_source.h"
#include "mirror_source/source_consumer.h"

#include <stdatomic.h>
#include <stdlib.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.mirror.MirrorSourceTask");

struct task {
    struct kc_source_context *context;
    struct kc_mirror_config *config;
    _Atomic(struct kc_source_consumer *) consumer; /* set once, by start */
    struct kc_offset_sync_producer *syncs;         /* NULL: emit.offset-syncs.enabled=false */
    int poll_timeout_ms;
    atomic_bool stopping;
};

static void *task_create(struct kc_source_context *context)
{
    struct task *task = kc_calloc(1, sizeof(*task));
    task->context = context;
    return task;
}

/* Puts each partition behind the last record that was mirrored. */
static struct kc_error *load_offsets(struct task *task, struct kc_source_consumer *consumer)
{
    size_t count = kc_source_consumer_count(consumer), fresh = 0;
    json_t **partitions = kc_calloc(count ? count : 1, sizeof(*partitions));
    json_t **offsets = kc_calloc(count ? count : 1, sizeof(*offsets));
    for (size_t i = 0; i < count; i++)
        partitions[i] = kc_source_partition_map(kc_source_consumer_at(consumer, i)->source);
    struct kc_error *err = kc_source_context_offsets(task->context, partitions, count, offsets);
    for (size_t i = 0; !err && i < count; i++) {
        int64_t last = kc_mirror_offset_number(offsets[i]);
        if (last >= 0)
            kc_source_consumer_at(consumer, i)->next_offset = last + 1;
        else
            fresh++;
        json_decref(offsets[i]);
    }
    if (!err)
        kc_info("Starting with %zu previously uncommitted partitions.", fresh);
    free(partitions);
    free(offsets);
    return err;
}

static int poll_timeout(const struct kc_mirror_config *config)
{
    int64_t ms = kc_mirror_long(config, "consumer.poll.timeout.ms");
    /* A poll may not take much longer than a second; stop() would end it, but commits wait. */
    return ms < 0 ? 0 : ms > 1000 ? 1000 : (int)ms;
}

static struct kc_error *task_start(void *arg, const struct kc_map *properties)
{
    struct task *task = arg;
    struct kc_source_consumer *consumer = NULL;
    const char *assigned = kc_map_get(properties, KC_TASK_PARTITIONS);
    struct kc_error *err =
        kc_mirror_config_new(&kc_mirror_source_plugin, properties, true, &task->config);
    if (!err && !assigned)
        err = kc_error_new(KC_ERR_CONFIG,
                           "Missing required configuration \"task.assigned.partitions\" which has "
                           "no default value.");
    if (!err && kc_mirror_bool(task->config, "emit.offset-syncs.enabled"))
        err = kc_offset_sync_producer_new(task->config, &task->syncs);
    if (!err)
        err = kc_source_consumer_new(task->config, assigned, &consumer);
    if (err)
        return err;
    atomic_store(&task->consumer, consumer);
    task->poll_timeout_ms = poll_timeout(task->config);
    err = load_offsets(task, consumer);
    if (!err)
        err = kc_source_consumer_start(consumer);
    if (!err)
        kc_info("Replicating %zu topic-partitions %s->%s: %s.", kc_source_consumer_count(consumer),
                task->config->source, task->config->target, assigned);
    return err;
}

static struct kc_error *task_poll(void *arg, struct kc_batch **batch)
{
    struct task *task = arg;
    *batch = NULL;
    if (atomic_load(&task->stopping))
        return NULL;
    if (task->syncs)
        kc_offset_sync_producer_serve(task->syncs);
    return kc_source_consumer_poll(atomic_load(&task->consumer), task->poll_timeout_ms, batch);
}

static void task_record_committed(void *arg, const struct kc_record *record,
                                  const struct kc_record_metadata *metadata)
{
    struct task *task = arg;
    struct kc_mirrored_partition *partition = record->task_data;
    if (!metadata || !task->syncs)
        return;
    if (metadata->offset < 0) {
        kc_fail("The offset of a record mirrored to %s-%d is not known: no offset sync for it.",
                partition->remote, partition->partition);
        return;
    }
    kc_offset_sync_writer_update(kc_offset_sync_producer_writer(task->syncs), &partition->sync,
                                 record->source_offset.number, metadata->offset);
}

static struct kc_error *task_commit(void *arg)
{
    struct task *task = arg;
    if (task->syncs) {
        kc_offset_sync_writer_promote(kc_offset_sync_producer_writer(task->syncs));
        kc_offset_sync_producer_serve(task->syncs);
    }
    return NULL;
}

static void task_stop(void *arg)
{
    struct task *task = arg;
    atomic_store(&task->stopping, true);
    struct kc_source_consumer *consumer = atomic_load(&task->consumer);
    if (consumer)
        kc_source_consumer_wake(consumer);
}

static void task_destroy(void *arg)
{
    struct task *task = arg;
    struct kc_source_consumer *consumer = atomic_load(&task->consumer);
    if (consumer)
        kc_source_consumer_stop(consumer);
    kc_offset_sync_producer_destroy(task->syncs);
    kc_source_consumer_unref(consumer);
    kc_mirror_config_destroy(task->config);
    free(task);
}

const struct kc_source_task_ops kc_mirror_source_task_ops = {
    .create = task_create,
    .start = task_start,
    .poll = task_poll,
    .record_committed = task_record_committed,
    .commit = task_commit,
    .stop = task_stop,
    .destroy = task_destroy,
};
