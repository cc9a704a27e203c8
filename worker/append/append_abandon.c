/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Users that leave an appender while others keep using it, and partitions that are given up: see
 * appender.h.
 *
 * A batch in flight can't be called back: its bytes are kept and its answer is awaited, so that the
 * partition's sequences stay known. The rest fails, as after any other error.
 */
#include "append/appender_priv.h"

#include "connect/thread.h"

#include <stdlib.h>

struct leaving {
    struct kc_appender *appender;
    const struct kc_append_leaver *leaver;
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    bool done;
};

static bool let_go(struct append_batch *batch, const struct kc_append_leaver *leaver)
{
    if (batch->abandoned || !leaver->owns(leaver->who, batch->arg))
        return false;
    batch->arg = leaver->keep(batch->arg);
    batch->done = leaver->dropped;
    batch->abandoned = true;
    return true;
}

static bool let_go_pieces(struct append_batch *merged, const struct kc_append_leaver *leaver)
{
    struct append_batch *piece;
    bool any = false;

    DL_FOREACH (merged->pieces, piece) {
        if (let_go(piece, leaver))
            any = true;
    }
    if (any)
        merged->abandoned = true;
    return any;
}

static void leave_part(struct kc_appender *appender, struct append_part *part,
                       const struct kc_append_leaver *leaver)
{
    struct append_batch *batch;

    DL_FOREACH (part->batches, batch) {
        bool left = batch->pieces ? let_go_pieces(batch, leaver) : let_go(batch, leaver);

        if (!left || batch->in_flight || batch->appended || batch->failed)
            continue;
        append_fail_batch(batch,
                          kc_error_retriable_new(KC_ERR_WAKEUP, "whoever appended it has left"));
        append_part_drain(part);
    }
    append_settle(appender, part);
}

static void run_leave(void *arg)
{
    struct leaving *leaving = arg;
    struct kc_appender *appender = leaving->appender;
    struct append_part *part, *next;

    DL_FOREACH_SAFE (appender->busy, part, next)
        leave_part(appender, part, leaving->leaver);
    pthread_mutex_lock(&leaving->mutex);
    leaving->done = true;
    pthread_cond_signal(&leaving->cond);
    pthread_mutex_unlock(&leaving->mutex);
    appender_poll(appender);
}

void kc_appender_abandon(struct kc_appender *appender, const struct kc_append_leaver *leaver)
{
    struct leaving leaving = {.appender = appender, .leaver = leaver};

    pthread_mutex_init(&leaving.mutex, NULL);
    kc_cond_init(&leaving.cond);
    appender_close_group(appender);
    if (kc_wire_post(appender->client, run_leave, &leaving)) {
        pthread_mutex_lock(&leaving.mutex);
        while (!leaving.done)
            kc_cond_wait_until(&leaving.cond, &leaving.mutex, INT64_MAX);
        pthread_mutex_unlock(&leaving.mutex);
    }
    pthread_cond_destroy(&leaving.cond);
    pthread_mutex_destroy(&leaving.mutex);
}

/* ---- a partition that is given up, or taken up again ---- */

struct part_post {
    struct kc_appender *appender;
    char *topic;
    int32_t partition;
};

static void post_part(struct kc_appender *appender, void (*run)(void *arg), const char *topic,
                      int32_t partition)
{
    struct part_post *post = kc_malloc(sizeof(*post));

    *post = (struct part_post){appender, kc_strdup(topic), partition};
    appender_close_group(appender);
    if (kc_wire_post(appender->client, run, post))
        return;
    free(post->topic);
    free(post);
}

/* Takes post. */
static struct append_part *part_of(struct part_post *post)
{
    struct append_part *part = appender_part(post->appender, post->topic, post->partition);

    free(post->topic);
    free(post);
    return part;
}

static void run_unblock(void *arg)
{
    part_of(arg)->blocked = false;
}

void kc_appender_unblock(struct kc_appender *appender, const char *topic, int32_t partition)
{
    post_part(appender, run_unblock, topic, partition);
}

static void cancel_batches(struct append_part *part)
{
    struct append_batch *batch;

    DL_FOREACH (part->batches, batch) {
        batch->abandoned = true; /* not tried again */
        if (batch->in_flight || batch->appended || batch->failed)
            continue;
        append_fail_batch(batch,
                          kc_error_retriable_new(KC_ERR_WAKEUP, "%s was given up", part->key));
    }
}

static void run_cancel(void *arg)
{
    struct kc_appender *appender = ((struct part_post *)arg)->appender;
    struct append_part *part = part_of(arg);

    cancel_batches(part);
    if (part->in_flight > 0)
        append_part_drain(part);
    append_settle(appender, part);
    part->blocked = true;
    appender_poll(appender);
}

void kc_appender_cancel(struct kc_appender *appender, const char *topic, int32_t partition)
{
    post_part(appender, run_cancel, topic, partition);
}
