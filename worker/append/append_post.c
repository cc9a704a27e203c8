/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way of a batch from the thread that hands it in to its partition. See appender_priv.h.
 *
 * Posts that are handed in before the loop takes them go together in a group, so that the loop is
 * woken once for all of them and sees what can be merged.
 */
#include "append/appender_priv.h"

#include <sched.h>
#include <stdlib.h>

void appender_give_back(struct kc_appender *appender, size_t bytes)
{
    atomic_fetch_sub(&appender->bytes, bytes);
    if (atomic_load(&appender->waiters) == 0)
        return;
    pthread_mutex_lock(&appender->mutex);
    pthread_cond_broadcast(&appender->cond);
    pthread_mutex_unlock(&appender->mutex);
}

static void refuse(struct kc_appender *appender, const struct kc_append *append,
                   struct kc_error *err, bool skipped)
{
    struct kc_append_result result = {.topic = append->topic,
                                      .partition = append->partition,
                                      .error = err,
                                      .skipped = skipped,
                                      .base_offset = -1,
                                      .log_append_time_ms = -1,
                                      .log_start_offset = -1};

    appender_give_back(appender, append->len);
    append->done(append->arg, &result);
    kc_error_destroy(err);
}

static struct kc_error *check_batch(const struct append_post *post)
{
    const struct kc_record_batch *header = &post->header;

    if (post->bad)
        return kc_error_new(KC_ERR_DATA, "the batch can't be appended: %s", post->bad);
    if (header->size != post->append.len || header->magic != 2 || kc_record_batch_control(header))
        return kc_error_new(
            KC_ERR_DATA,
            "the batch can't be appended: one whole batch of magic 2 with data is needed");
    return NULL;
}

static struct append_batch *make_batch(const struct kc_appender *appender,
                                       const struct append_post *post)
{
    const struct kc_append *append = &post->append;
    const struct kc_record_batch *header = &post->header;
    struct append_batch *batch = kc_calloc(1, sizeof *batch);
    int64_t now = kc_mono_ms();
    int32_t timeout = appender->options.delivery_timeout_ms;

    *batch = (struct append_batch){.data = append->data,
                                   .len = append->len,
                                   .header = *header,
                                   .count = header->last_offset_delta + 1,
                                   .done = append->done,
                                   .arg = append->arg,
                                   .queued_ms = now,
                                   .deadline_ms = append->deadline_ms,
                                   .producer_id = header->producer_id,
                                   .producer_epoch = header->producer_epoch,
                                   .base_offset = -1,
                                   .log_append_time_ms = -1,
                                   .log_start_offset = -1};
    if (!batch->deadline_ms)
        batch->deadline_ms = now + (timeout ? timeout : 120000);
    batch->mergeable = !appender->options.given_identity && kc_record_batch_mergeable(header);
    return batch;
}

void appender_enqueue(struct kc_appender *appender, const struct append_post *post)
{
    const struct kc_append *append = &post->append;
    struct kc_error *err = check_batch(post);
    struct append_part *part;

    if (!err && appender->closing)
        err = kc_error_new(KC_ERR_WAKEUP, "the appender is being closed");
    if (!err && appender->state == PRODUCER_FATAL)
        err = kc_error_copy(appender->fatal);
    if (!err && appender->abortable)
        err = kc_error_copy(appender->abortable);
    if (err) {
        refuse(appender, append, err, false);
        return;
    }
    part = appender_part(appender, append->topic, append->partition);
    if (part->blocked)
        refuse(appender, append,
               kc_error_retriable_new(KC_ERR_KAFKA,
                                      "not appended, since one before it in %s failed", part->key),
               true);
    else
        appender_queue(appender, part, make_batch(appender, post));
}

/* Appends that the loop takes together, so that it sees what can be merged. */
struct append_group {
    struct kc_appender *appender;
    struct append_post *posts;
};

void append_post_destroy(struct append_post *post)
{
    free((char *)post->append.topic);
    free(post);
}

/* Later posts come behind the group, which another thread may be about to post. */
void appender_close_group(struct kc_appender *appender)
{
    pthread_mutex_lock(&appender->mutex);
    appender->group = NULL;
    pthread_mutex_unlock(&appender->mutex);
    while (atomic_load(&appender->posting) > 0)
        sched_yield();
}

/* From now on nobody joins it. */
static void leave_group(struct append_group *group)
{
    struct kc_appender *appender = group->appender;

    pthread_mutex_lock(&appender->mutex);
    if (appender->group == group)
        appender->group = NULL;
    pthread_mutex_unlock(&appender->mutex);
}

static void run_group(void *arg)
{
    struct append_group *group = arg;
    struct kc_appender *appender = group->appender;
    struct append_post *post, *next;

    leave_group(group);
    DL_FOREACH_SAFE (group->posts, post, next) {
        DL_DELETE(group->posts, post);
        if (appender->end.done && !appender->closing) {
            DL_APPEND(appender->held, post);
            continue;
        }
        appender_enqueue(appender, post);
        append_post_destroy(post);
    }
    free(group);
    appender_poll(appender);
}

static void refuse_group(struct append_group *group)
{
    struct append_post *post, *next;

    DL_FOREACH_SAFE (group->posts, post, next) {
        refuse(group->appender, &post->append,
               kc_error_new(KC_ERR_WAKEUP, "the appender's client is closed"), false);
        append_post_destroy(post);
    }
    free(group);
}

/* Takes post. Posts the group without the mutex, because the loop takes the mutex at once. */
static void join_group(struct kc_appender *appender, struct append_post *post)
{
    struct append_group *made = NULL;

    pthread_mutex_lock(&appender->mutex);
    if (!appender->group) {
        made = kc_calloc(1, sizeof *made);
        made->appender = appender;
        appender->group = made;
        atomic_fetch_add(&appender->posting, 1);
    }
    DL_APPEND(appender->group->posts, post);
    pthread_mutex_unlock(&appender->mutex);
    if (!made)
        return;
    if (!kc_wire_post(appender->client, run_group, made)) {
        leave_group(made);
        refuse_group(made);
    }
    atomic_fetch_sub(&appender->posting, 1);
}

void appender_post(struct kc_appender *appender, const struct kc_append *append,
                   const struct kc_record_batch *header)
{
    struct append_post *post = kc_calloc(1, sizeof *post);
    const char *why = "it is cut off";

    post->append = *append;
    post->append.topic = kc_strdup(append->topic);
    if (header)
        post->header = *header;
    else if (kc_record_batch_parse(append->data, append->len, &post->header, &why) != KC_BATCH_OK)
        post->bad = why;
    atomic_fetch_add(&appender->bytes, append->len);
    join_group(appender, post);
}

void kc_appender_append_parsed(struct kc_appender *appender, const char *topic, int32_t partition,
                               uint8_t *data, const struct kc_record_batch *header,
                               kc_appended done, void *arg)
{
    const struct kc_append append = {.topic = topic,
                                     .partition = partition,
                                     .data = data,
                                     .len = header->size,
                                     .done = done,
                                     .arg = arg};

    appender_post(appender, &append, header);
}

void appender_refuse_held(struct kc_appender *appender)
{
    struct append_post *held, *next;

    DL_FOREACH_SAFE (appender->held, held, next) {
        DL_DELETE(appender->held, held);
        refuse(appender, &held->append, kc_error_new(KC_ERR_WAKEUP, "the appender is being closed"),
               false);
        append_post_destroy(held);
    }
}
