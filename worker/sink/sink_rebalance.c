/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sink task's subscription and assignment: WorkerSinkTask.HandleRebalance.
 *
 * Rebalances are served inside the consumer's poll; an error of the plugin there is kept for the
 * loop. This file matches topics.regex by Java's rules and subscribes by name, because librdkafka's
 * own patterns are another language.
 */
#include "connect/log.h"
#include "sink/sink_task_priv.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.runtime.WorkerSinkTask");

enum {
    LISTING_MS = 10000,
    METADATA_MS = 10000,
    COMMITTED_MS = 10000,
    ASKING_MS = 1000,
    ASKING_TURN_MS = 200
};

/* ---- subscription ---- */

static struct kc_error *subscribe(struct kc_sink_task *task, const struct kc_strings *topics)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)topics->count);
    for (size_t i = 0; i < topics->count; i++)
        rd_kafka_topic_partition_list_add(list, topics->items[i], RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t code = topics->count ? rd_kafka_subscribe(task->consumer, list)
                                             : rd_kafka_unsubscribe(task->consumer);
    rd_kafka_topic_partition_list_destroy(list);
    return code ? kc_client_error(code, "Subscribing to topics") : NULL;
}

static bool internal(const char *topic)
{
    return strcmp(topic, "__consumer_offsets") == 0 || strcmp(topic, "__transaction_state") == 0;
}

static struct kc_error *list_matches(struct kc_sink_task *task, struct kc_strings *topics)
{
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t code = rd_kafka_metadata(task->consumer, 1, NULL, &metadata, METADATA_MS);
    if (code)
        return kc_client_error(code, "Listing topics for topics.regex");
    for (int i = 0; i < metadata->topic_cnt; i++)
        if (!internal(metadata->topics[i].topic) &&
            kc_regex_matches(task->topics_regex, metadata->topics[i].topic))
            kc_strings_add(topics, metadata->topics[i].topic);
    rd_kafka_metadata_destroy(metadata);
    kc_strings_sort(topics);
    return NULL;
}

static bool same(const struct kc_strings *a, const struct kc_strings *b)
{
    bool equal = a->count == b->count;
    for (size_t i = 0; i < a->count && equal; i++)
        equal = strcmp(a->items[i], b->items[i]) == 0;
    return equal;
}

/* A metadata request for this one topic, which makes brokers create it with their defaults
 * (num.partitions). */
static bool ask_for(struct kc_sink_task *task, const char *topic)
{
    rd_kafka_topic_t *handle = rd_kafka_topic_new(task->consumer, topic, NULL);
    const struct rd_kafka_metadata *metadata = NULL;
    if (!handle)
        return false;
    rd_kafka_resp_err_t code = rd_kafka_metadata(task->consumer, 0, handle, &metadata, ASKING_MS);
    if (!code)
        rd_kafka_metadata_destroy(metadata);
    rd_kafka_topic_destroy(handle);
    return !code;
}

/* Java's consumers request each subscribed topic with allow.auto.create.topics; librdkafka's group
 * doesn't. If there are very many topics, a few are requested at a time, because the task polls in
 * between and may be stopped. */
static void ask_for_topics(struct kc_sink_task *task)
{
    int64_t now = kc_mono_ms(), until = now + ASKING_TURN_MS;
    if (now < task->next_listing_ms)
        return;
    while (task->unasked.count && kc_mono_ms() < until) {
        if (!ask_for(task, task->unasked.items[task->unasked.count - 1])) {
            task->next_listing_ms = kc_mono_ms() + ASKING_MS;
            return;
        }
        free(task->unasked.items[--task->unasked.count]);
    }
}

void kc_sink_refresh_topics(struct kc_sink_task *task)
{
    if (task->unasked.count)
        ask_for_topics(task);
    if (!task->topics_regex || kc_mono_ms() < task->next_listing_ms)
        return;
    task->next_listing_ms = kc_mono_ms() + LISTING_MS;
    struct kc_strings topics = {0};
    struct kc_error *err = list_matches(task, &topics);
    if (!err && !same(&topics, &task->subscribed)) {
        char *names = kc_strings_join(&topics, ", ");
        kc_info("Topics that match topics.regex: %s", names);
        free(names);
        err = subscribe(task, &topics);
        kc_strings_destroy(&task->subscribed);
        if (!err)
            kc_strings_copy(&task->subscribed, &topics);
    }
    if (err)
        kc_warn("Will try again: %s", kc_error_text(err));
    kc_error_destroy(err);
    kc_strings_destroy(&topics);
}

static bool blank(const char *text)
{
    return !text || text[strspn(text, " \t\r\n")] == '\0';
}

struct kc_error *kc_sink_subscribe(struct kc_sink_task *task)
{
    const char *names = kc_map_get(task->core.task_config, "topics");
    const char *pattern = kc_map_get(task->core.task_config, "topics.regex");
    if (blank(names) == blank(pattern))
        return kc_error_new(KC_ERR_CONFIG, blank(names)
                                               ? "Must configure one of topics or topics.regex"
                                               : "topics and topics.regex are mutually exclusive "
                                                 "options, but both are set.");
    if (blank(names)) {
        struct kc_error *err = kc_regex_new(pattern, &task->topics_regex);
        if (!err)
            kc_sink_refresh_topics(task);
        return err;
    }
    struct kc_strings topics = {0}, distinct = {0};
    kc_strings_split(&topics, names);
    kc_strings_copy_distinct(&distinct, &topics);
    struct kc_error *err = subscribe(task, &distinct);
    kc_strings_copy(&task->unasked, &distinct);
    kc_strings_destroy(&topics);
    kc_strings_destroy(&distinct);
    return err;
}

/* ---- pausing and seeking ---- */

static void pause_or_resume(struct kc_sink_task *task, bool pause)
{
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new((int)task->positions.count);
    for (size_t i = 0; i < task->positions.count; i++) {
        const struct kc_sink_position *position = &task->positions.items[i];
        if (pause || !position->paused)
            rd_kafka_topic_partition_list_add(list, position->topic, position->partition);
    }
    if (list->cnt && pause)
        rd_kafka_pause_partitions(task->consumer, list);
    else if (list->cnt)
        rd_kafka_resume_partitions(task->consumer, list);
    rd_kafka_topic_partition_list_destroy(list);
}

void kc_sink_pause_all(struct kc_sink_task *task)
{
    pause_or_resume(task, true);
}

void kc_sink_resume_all(struct kc_sink_task *task)
{
    pause_or_resume(task, false);
}

static void pause_again(struct kc_sink_task *task)
{
    for (size_t i = 0; i < task->positions.count; i++) {
        const struct kc_sink_position *position = &task->positions.items[i];
        if (position->paused)
            kc_sink_context_pause(&task->context, position->topic, position->partition);
    }
}

void kc_sink_rewind(struct kc_sink_task *task)
{
    rd_kafka_topic_partition_list_t *seeks = task->seeks;
    if (!seeks)
        return;
    task->seeks = NULL;
    for (int i = 0; i < seeks->cnt; i++) {
        struct kc_sink_position *position = kc_sink_positions_find(
            &task->positions, seeks->elems[i].topic, seeks->elems[i].partition);
        if (!position)
            continue;
        rd_kafka_topic_partition_list_t *one = rd_kafka_topic_partition_list_new(1);
        rd_kafka_topic_partition_list_add(one, position->topic, position->partition)->offset =
            seeks->elems[i].offset;
        rd_kafka_error_t *error = rd_kafka_seek_partitions(task->consumer, one, COMMITTED_MS);
        if (error || one->elems[0].err)
            kc_warn("Can't rewind %s-%d to offset %lld: %s", position->topic, position->partition,
                    (long long)seeks->elems[i].offset,
                    error ? rd_kafka_error_string(error) : rd_kafka_err2str(one->elems[0].err));
        rd_kafka_error_destroy(error);
        rd_kafka_topic_partition_list_destroy(one);
        position->committed = position->delivered = seeks->elems[i].offset;
        position->consumed = KC_NO_OFFSET;
    }
    rd_kafka_topic_partition_list_destroy(seeks);
}

/* ---- assignment ---- */

static void keep_error(struct kc_sink_task *task, struct kc_error *err)
{
    if (!task->rebalance_error)
        task->rebalance_error = err;
    else
        kc_error_destroy(err);
}

static void select_only(struct kc_sink_task *task,
                        const rd_kafka_topic_partition_list_t *partitions)
{
    for (size_t i = 0; i < task->positions.count; i++)
        task->positions.items[i].selected = false;
    for (int i = 0; i < partitions->cnt; i++) {
        struct kc_sink_position *position = kc_sink_positions_find(
            &task->positions, partitions->elems[i].topic, partitions->elems[i].partition);
        if (position)
            position->selected = true;
    }
}

static void take_positions(struct kc_sink_task *task,
                           const rd_kafka_topic_partition_list_t *partitions)
{
    rd_kafka_topic_partition_list_t *committed = rd_kafka_topic_partition_list_copy(partitions);
    rd_kafka_resp_err_t code = rd_kafka_committed(task->consumer, committed, COMMITTED_MS);
    for (int i = 0; i < committed->cnt; i++) {
        const rd_kafka_topic_partition_t *item = &committed->elems[i];
        struct kc_sink_position *position =
            kc_sink_positions_add(&task->positions, item->topic, item->partition);
        if (!code && !item->err && item->offset >= 0)
            position->committed = position->delivered = item->offset;
    }
    rd_kafka_topic_partition_list_destroy(committed);
}

static void set_assignment(rd_kafka_t *consumer, const rd_kafka_topic_partition_list_t *partitions,
                           bool add)
{
    rd_kafka_error_t *error = NULL;
    if (strcmp(rd_kafka_rebalance_protocol(consumer), "COOPERATIVE") == 0)
        error = add ? rd_kafka_incremental_assign(consumer, partitions)
                    : rd_kafka_incremental_unassign(consumer, partitions);
    else
        rd_kafka_assign(consumer, add ? partitions : NULL);
    if (error)
        kc_log_error("Can't take over an assignment: %s", rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
}

static void assigned(struct kc_sink_task *task, rd_kafka_topic_partition_list_t *partitions)
{
    struct kc_error *unplaced = kc_sink_begin_by_duration(task, partitions);
    if (unplaced)
        keep_error(task, unplaced);
    set_assignment(task->consumer, partitions, true);
    take_positions(task, partitions);
    if (task->paused_for_redelivery && !task->batch)
        task->paused_for_redelivery = false;
    if (task->paused || task->paused_for_redelivery)
        kc_sink_pause_all(task);
    else
        pause_again(task);
    if (partitions->cnt == 0 || task->rebalance_error || !task->core.plugin->sink_task->open)
        return;
    select_only(task, partitions);
    size_t count;
    struct kc_topic_partition *list = kc_sink_selected(task, &count, false);
    struct kc_error *err = task->core.plugin->sink_task->open(task->task, list, count);
    free(list);
    if (err)
        keep_error(task, err);
    else
        kc_sink_rewind(task);
}

static bool lost_record(struct kc_sink_task *task, const struct kc_record *record)
{
    return !kc_sink_positions_find(&task->positions, record->original_topic,
                                   record->original_partition);
}

static void unref_batch(void *batch)
{
    kc_batch_unref(batch);
}

/* Removes records of revoked partitions from the batch that waits for redelivery. */
static void filter_batch(struct kc_sink_task *task)
{
    if (!task->batch)
        return;
    size_t count = kc_batch_count(task->batch);
    struct kc_batch *kept = kc_batch_new(count);
    for (size_t i = 0; i < count; i++) {
        const struct kc_record *record = kc_batch_at(task->batch, i);
        if (!lost_record(task, record))
            *kc_batch_add(kept) = *record;
    }
    kc_batch_own(kept, task->batch, unref_batch);
    task->batch = kept;
}

static struct kc_error *close_lost(struct kc_sink_task *task)
{
    if (!task->core.plugin->sink_task->close)
        return NULL;
    size_t count;
    struct kc_topic_partition *list = kc_sink_selected(task, &count, false);
    struct kc_error *err = task->core.plugin->sink_task->close(task->task, list, count);
    free(list);
    return err;
}

static void removed(struct kc_sink_task *task, rd_kafka_topic_partition_list_t *partitions)
{
    if (!task->task_stopped && partitions->cnt > 0) {
        select_only(task, partitions);
        struct kc_error *err = rd_kafka_assignment_lost(task->consumer)
                                   ? close_lost(task)
                                   : kc_sink_commit(task, true);
        if (err)
            keep_error(task, err);
    }
    for (int i = 0; i < partitions->cnt; i++)
        kc_sink_positions_remove(&task->positions, partitions->elems[i].topic,
                                 partitions->elems[i].partition);
    filter_batch(task);
    set_assignment(task->consumer, partitions, false);
}

void kc_sink_on_rebalance(rd_kafka_t *consumer, rd_kafka_resp_err_t code,
                          rd_kafka_topic_partition_list_t *partitions, void *opaque)
{
    struct kc_sink_task *task = opaque;
    task->consumer = consumer;
    if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        kc_info("%d partitions assigned", partitions->cnt);
        assigned(task, partitions);
    } else {
        kc_info("%d partitions revoked", partitions->cnt);
        removed(task, partitions);
    }
}
