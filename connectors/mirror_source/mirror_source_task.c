/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MirrorSourceTask: mirrors assigned partitions and writes offset syncs for acknowledged records.
 * start, poll, commit and destroy run on the task's thread; record_committed and raw_committed on
 * the acknowledging thread; stop on any. A record's or raw part's task_data is its struct
 * kc_mirrored_partition. The task reads the source as batches (raw_source_priv.h), even if the
 * worker must open them, because a client that makes a message of each record costs far more. If
 * that client can't be used, the task reads record by record (source_consumer_priv.h).
 */
#include "connect/log.h"
#include "mirror/mirror_offsets.h"
#include "mirror/offset_index_log.h"
#include "mirror/offset_sync_producer.h"
#include "mirror_source/mirror_source_priv.h"
#include "mirror_source/raw_source_priv.h"
#include "mirror_source/source_consumer_priv.h"
#include "mirror_source/source_metrics_priv.h"

#include <stdatomic.h>
#include <stdlib.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.mirror.MirrorSourceTask");

struct mirror_source_task {
    struct kc_source_context *context;
    struct kc_mirror_config *config;
    _Atomic(struct kc_mirror_assignment *) assignment; /* set once, by start */
    _Atomic(struct kc_source_consumer *) consumer;     /* set once, by start: this */
    _Atomic(struct kc_raw_source *) raw;               /* or that */
    struct kc_offset_sync_producer *syncs;             /* NULL: emit.offset-syncs.enabled=false */
    struct kc_offset_index_log *index; /* NULL: neither, or offset.index.enabled=false */
    int poll_timeout_ms;
    atomic_bool stopping;
};

static void *task_create(struct kc_source_context *context)
{
    struct mirror_source_task *task = kc_calloc(1, sizeof(*task));
    task->context = context;
    return task;
}

static struct kc_error *assign(struct mirror_source_task *task, const char *assigned)
{
    struct kc_mirror_assignment *assignment = NULL;
    struct kc_error *err = kc_mirror_assignment_new(task->config, assigned, &assignment);
    if (err)
        return err;
    kc_source_metrics_open(task->context, task->config, assignment);
    atomic_store(&task->assignment, assignment);
    return NULL;
}

/* Sets each partition's position behind its last mirrored record. */
static struct kc_error *load_offsets(struct mirror_source_task *task)
{
    size_t count = kc_mirror_assignment_count(task->assignment), fresh = 0;
    json_t **partitions = kc_calloc(count ? count : 1, sizeof(*partitions));
    json_t **offsets = kc_calloc(count ? count : 1, sizeof(*offsets));
    for (size_t i = 0; i < count; i++)
        partitions[i] =
            kc_source_partition_map(kc_mirror_assignment_at(task->assignment, i)->source);
    struct kc_error *err = kc_source_context_offsets(task->context, partitions, count, offsets);
    for (size_t i = 0; !err && i < count; i++) {
        int64_t last = kc_mirror_offset_number(offsets[i]);
        struct kc_mirrored_partition *partition = kc_mirror_assignment_at(task->assignment, i);
        if (last >= 0) {
            partition->next_offset = last + 1;
            kc_index_partition_begin(&partition->index, last + 1);
        } else {
            fresh++;
        }
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
    /* A poll may take about a second at most: stop() ends it, but commits wait for it. */
    return ms < 0 ? 0 : ms > 1000 ? 1000 : (int)ms;
}

/* Reads batches as bytes; false: the client can't, which is reported. */
static bool open_raw(struct mirror_source_task *task)
{
    const char *reason;
    bool opened = !kc_source_context_takes_raw(task->context, &reason);
    struct kc_raw_source *raw = NULL;
    struct kc_error *err =
        kc_raw_source_new(task->context, task->config, task->assignment, opened, &raw);
    if (err)
        kc_warn("Reading record by record, since batches can't be fetched as bytes: %s",
                kc_error_text(err));
    kc_error_destroy(err);
    atomic_store(&task->raw, raw);
    return raw != NULL;
}

static struct kc_error *open_reader(struct mirror_source_task *task)
{
    if (open_raw(task))
        return NULL;
    struct kc_source_consumer *consumer = NULL;
    struct kc_error *err =
        kc_source_consumer_new(task->context, task->config, task->assignment, &consumer);
    atomic_store(&task->consumer, consumer);
    return err;
}

static struct kc_error *start_reader(struct mirror_source_task *task)
{
    struct kc_raw_source *raw = atomic_load(&task->raw);
    return raw ? kc_raw_source_start(raw) : kc_source_consumer_start(atomic_load(&task->consumer));
}

static struct kc_index_partition *find_index(void *arg, const char *topic, int32_t partition)
{
    size_t index;
    struct kc_mirrored_partition *found = kc_mirror_assignment_find(arg, topic, partition, &index);
    return found ? &found->index : NULL;
}

static struct kc_error *task_start(void *arg, const struct kc_map *properties)
{
    struct mirror_source_task *task = arg;
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
        err = assign(task, assigned);
    if (!err)
        err = open_reader(task);
    if (err)
        return err;
    task->poll_timeout_ms = poll_timeout(task->config);
    err = load_offsets(task);
    if (!err)
        err = start_reader(task);
    if (!err && task->syncs && kc_mirror_has_offset_index(task->config))
        task->index =
            kc_offset_index_log_open(task->config, task->syncs, find_index, task->assignment);
    if (!err)
        kc_info("Replicating %zu topic-partitions %s->%s: %s.",
                kc_mirror_assignment_count(task->assignment), task->config->source,
                task->config->target, assigned);
    return err;
}

static struct kc_error *task_poll(void *arg, struct kc_batch **batch)
{
    struct mirror_source_task *task = arg;
    *batch = NULL;
    if (atomic_load(&task->stopping))
        return NULL;
    if (task->index)
        kc_offset_index_log_serve(task->index);
    if (task->syncs)
        kc_offset_sync_producer_serve(task->syncs);
    struct kc_raw_source *raw = atomic_load(&task->raw);
    if (raw)
        return kc_raw_source_poll(raw, task->poll_timeout_ms, batch);
    return kc_source_consumer_poll(atomic_load(&task->consumer), task->poll_timeout_ms, batch);
}

static void sync_offsets(struct mirror_source_task *task, struct kc_mirrored_partition *partition,
                         int64_t upstream, int64_t downstream, int32_t count)
{
    if (!task->syncs)
        return;
    if (task->index)
        kc_offset_index_writer_add(kc_offset_index_log_writer(task->index), &partition->index,
                                   upstream, downstream, count);
    if (downstream < 0) {
        kc_log_error(
            "The offset of a record mirrored to %s-%d is not known: no offset sync for it.",
            partition->remote, partition->partition);
        return;
    }
    kc_offset_sync_writer_update_run(kc_offset_sync_producer_writer(task->syncs), &partition->sync,
                                     upstream, downstream, count);
}

static void task_raw_committed(void *arg, const struct kc_raw *raw, const struct kc_raw_run *run)
{
    kc_source_metrics_run_committed(raw->task_data, run);
    sync_offsets(arg, raw->task_data, run->source_offset, run->target_offset, run->count);
}

static void task_record_committed(void *arg, const struct kc_record *record,
                                  const struct kc_record_metadata *metadata)
{
    if (metadata) {
        size_t bytes = record->value.type == KC_TYPE_BYTES ? record->value.u.bytes.len : 0;
        kc_source_metrics_committed(record->task_data, bytes, record->timestamp);
        sync_offsets(arg, record->task_data, record->source_offset.number, metadata->offset, 1);
    }
    kc_source_metrics_done(record->task_data, record->source_offset.number + 1);
}

static struct kc_error *task_commit(void *arg)
{
    struct mirror_source_task *task = arg;
    for (size_t i = 0; i < kc_mirror_assignment_count(task->assignment); i++)
        kc_source_metrics_note_size(kc_mirror_assignment_at(task->assignment, i), task->config);
    if (task->syncs) {
        kc_offset_sync_writer_promote(kc_offset_sync_producer_writer(task->syncs));
        kc_offset_sync_producer_serve(task->syncs);
    }
    return NULL;
}

static void task_wake(void *arg)
{
    struct mirror_source_task *task = arg;
    struct kc_source_consumer *consumer = atomic_load(&task->consumer);
    if (consumer)
        kc_source_consumer_wake(consumer);
    struct kc_raw_source *raw = atomic_load(&task->raw);
    if (raw)
        kc_raw_source_wake(raw);
}

static void task_stop(void *arg)
{
    struct mirror_source_task *task = arg;
    atomic_store(&task->stopping, true);
    struct kc_mirror_assignment *assignment = atomic_load(&task->assignment);
    if (assignment)
        kc_mirror_assignment_end(assignment);
    task_wake(task);
}

static void task_destroy(void *arg)
{
    struct mirror_source_task *task = arg;
    struct kc_source_consumer *consumer = atomic_load(&task->consumer);
    if (consumer)
        kc_source_consumer_stop(consumer);
    kc_offset_index_log_close(task->index);
    kc_offset_sync_producer_destroy(task->syncs);
    kc_source_consumer_unref(consumer);
    kc_raw_source_destroy(atomic_load(&task->raw));
    kc_mirror_assignment_unref(task->assignment);
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
    .raw_committed = task_raw_committed,
    .wake = task_wake,
};
