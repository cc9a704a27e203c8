/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The appender's life cycle and the loop that drives it. See appender.h, appender_priv.h.
 *
 * appender_poll() runs after everything that may allow a step: an append, an answer, new metadata,
 * a timer. It lets each part do what it can now.
 */
#include "append/appender_priv.h"

#include "connect/thread.h"

#include <assert.h>
#include <stdlib.h>

/* ---- The producer's state ---- */

#define TO(state) (1u << PRODUCER_##state)
/* An idempotent producer asks for another id once its epochs are used up, and is READY at once if
 * it goes on without one. */
static const unsigned moves[] = {
    [PRODUCER_NONE] = TO(INITIALISING) | TO(READY) | TO(FATAL),
    [PRODUCER_INITIALISING] = TO(NONE) | TO(READY) | TO(ENDING) | TO(FATAL),
    [PRODUCER_READY] = TO(READY) | TO(NONE) | TO(ENDING) | TO(FATAL),
    [PRODUCER_ENDING] = TO(READY) | TO(NONE) | TO(FATAL),
    [PRODUCER_FATAL] = TO(FATAL),
};

void appender_move(struct kc_appender *appender, enum producer_state state)
{
    assert(moves[appender->state] & (1u << state));
    appender->state = state;
}

/* ---- Driving ---- */

bool appender_idle(const struct kc_appender *appender)
{
    return !appender->busy;
}

/* A batch whose time is over fails. A batch in flight is waited for (its own time-out ends that).
 */
static void expire(struct kc_appender *appender, int64_t now)
{
    struct append_part *part, *next;

    DL_FOREACH_SAFE (appender->busy, part, next) {
        struct append_batch *batch = part->batches;

        if (!batch || batch->in_flight || batch->failed || batch->appended ||
            now < batch->deadline_ms)
            continue;
        append_fail_batch(
            batch, kc_error_retriable_new(KC_ERR_TIMEOUT,
                                          "the batch for %s couldn't be appended within "
                                          "delivery.timeout.ms; the last try: %s",
                                          part->key,
                                          batch->error ? kc_error_text(batch->error) : "not sent"));
        append_part_drain(part);
        append_settle(appender, part);
    }
}

static void note(int64_t at, int64_t now, int64_t *earliest)
{
    if (at > now && at < *earliest)
        *earliest = at;
}

static void set_timer(struct kc_appender *appender, int64_t now)
{
    int64_t at = INT64_MAX;
    const struct append_part *part;

    note(appender->init_at_ms, now, &at);
    note(appender->txn_at_ms, now, &at);
    DL_FOREACH (appender->busy, part) {
        note(part->retry_at_ms, now, &at);
        note(part->batches->deadline_ms, now, &at);
    }
    if (at < INT64_MAX)
        kc_wire_timer_start(appender->timer, at - now + 1);
}

static bool has_work(const struct kc_appender *appender)
{
    return !appender_idle(appender) || appender->init_waiter.done || appender->end.done;
}

void appender_poll(struct kc_appender *appender)
{
    int64_t now = kc_mono_ms();

    if (!appender->timer || appender->closing)
        return;
    expire(appender, now);
    if (appender->state == PRODUCER_READY || appender->state == PRODUCER_ENDING) {
        append_add_partitions(appender, now);
        append_send(appender, now);
    }
    if (appender->state == PRODUCER_NONE && has_work(appender) && now >= appender->init_at_ms)
        append_init(appender, now);
    if (appender->state == PRODUCER_ENDING)
        append_end(appender, now);
    set_timer(appender, now);
}

static void poll_again(void *arg)
{
    appender_poll(arg);
}

void appender_fatal(struct kc_appender *appender, struct kc_error *err)
{
    struct append_end init = appender->init_waiter, end = appender->end;

    kc_error_destroy(appender->fatal);
    appender->fatal = err;
    appender_move(appender, PRODUCER_FATAL);
    appender->init_waiter.done = appender->end.done = NULL;
    append_fail_all(appender, err);
    if (init.done)
        init.done(init.arg, err);
    if (end.done)
        end.done(end.arg, err);
}

/* ---- Transactions' entry ---- */

struct end_post {
    struct kc_appender *appender;
    bool init;
    struct append_end end;
};

static struct kc_error *misuse(const struct kc_appender *appender, const struct end_post *post)
{
    if (appender->state == PRODUCER_FATAL)
        return kc_error_copy(appender->fatal);
    if (appender->closing)
        return kc_error_new(KC_ERR_WAKEUP, "the appender is being closed");
    if (post->init ? appender->init_waiter.done != NULL : appender->end.done != NULL)
        return kc_error_new(KC_ERR_CONNECT, "the former call hasn't ended yet");
    if (!post->init && !appender->transactional_id)
        return kc_error_new(KC_ERR_CONNECT, "the appender has no transactional id");
    return NULL;
}

/* Unsent batches are dropped. Their sequences are void, so a new epoch follows. */
static void drop_for_abort(struct kc_appender *appender)
{
    struct kc_error *err = kc_error_new(KC_ERR_WAKEUP, "the transaction is being aborted");

    appender->bump = true;
    append_fail_all(appender, err);
    kc_error_destroy(err);
}

static void run_end(void *arg)
{
    struct end_post *post = arg;
    struct kc_appender *appender = post->appender;
    struct kc_error *err = misuse(appender, post);

    if (err) {
        post->end.done(post->end.arg, err);
        kc_error_destroy(err);
    } else if (post->init && appender->state == PRODUCER_READY) {
        post->end.done(post->end.arg, NULL);
    } else if (post->init) {
        appender->init_waiter = post->end;
    } else {
        appender->end = post->end;
        appender->end_sent = false;
        if (!post->end.commit)
            drop_for_abort(appender);
        if (appender->state == PRODUCER_READY)
            appender_move(appender, PRODUCER_ENDING);
    }
    free(post);
    appender_poll(appender);
}

static void post_end(struct kc_appender *appender, bool init, bool commit, kc_appender_done done,
                     void *arg)
{
    struct end_post *post = kc_malloc(sizeof(*post));

    *post = (struct end_post){appender, init, {commit, done, arg}};
    appender_close_group(appender);
    if (kc_wire_post(appender->client, run_end, post))
        return;
    free(post);
    struct kc_error *err = kc_error_new(KC_ERR_WAKEUP, "the appender's client is closed");
    done(arg, err);
    kc_error_destroy(err);
}

void kc_appender_init(struct kc_appender *appender, kc_appender_done done, void *arg)
{
    post_end(appender, true, false, done, arg);
}

void kc_appender_commit(struct kc_appender *appender, kc_appender_done done, void *arg)
{
    post_end(appender, false, true, done, arg);
}

void kc_appender_abort(struct kc_appender *appender, kc_appender_done done, void *arg)
{
    post_end(appender, false, false, done, arg);
}

/* ---- Life ---- */

static void run_start(void *arg)
{
    struct kc_appender *appender = arg;

    appender->timer = kc_wire_timer_new(appender->client, poll_again, appender);
    kc_wire_listen(appender->client, poll_again, appender);
}

struct kc_appender *kc_appender_new(struct kc_wire_client *client,
                                    const struct kc_appender_options *options)
{
    struct kc_appender *appender = kc_calloc(1, sizeof(*appender));

    appender->client = client;
    appender->options = *options;
    appender->transactional_id = kc_strdup(options->transactional_id);
    appender->options.transactional_id = appender->transactional_id;
    if (!appender->options.max_request_bytes)
        appender->options.max_request_bytes = 1048576;
    appender->max_bytes = SIZE_MAX;
    appender->producer_id = -1;
    appender->producer_epoch = -1;
    if (options->plain)
        append_become_plain(appender);
    if (options->given_identity)
        appender_move(appender, PRODUCER_READY);
    pthread_mutex_init(&appender->mutex, NULL);
    kc_cond_init(&appender->cond);
    kc_wire_post(client, run_start, appender);
    return appender;
}

static void brokers_destroy(struct kc_appender *appender)
{
    struct append_broker *broker, *next;

    HASH_ITER (hh, appender->brokers, broker, next) {
        HASH_DEL(appender->brokers, broker);
        free(broker);
    }
}

static void stopped(struct kc_appender *appender)
{
    struct append_part *part, *next;

    kc_wire_timer_destroy(appender->timer);
    appender->timer = NULL;
    kc_wire_unlisten(appender->client, appender);
    HASH_ITER (hh, appender->parts, part, next) {
        kc_wire_untrack(appender->client, part->topic);
        HASH_DEL(appender->parts, part);
        free(part->key);
        free(part->topic);
        free(part);
    }
    brokers_destroy(appender);
    pthread_mutex_lock(&appender->mutex);
    appender->stopped = true;
    pthread_cond_broadcast(&appender->cond);
    pthread_mutex_unlock(&appender->mutex);
}

void appender_request_ended(struct kc_appender *appender)
{
    appender->requests--;
    if (appender->closing && appender->requests == 0)
        stopped(appender);
    else
        appender_poll(appender);
}

static void run_stop(void *arg)
{
    struct kc_appender *appender = arg;

    appender->closing = true;
    appender_fatal(appender, kc_error_new(KC_ERR_WAKEUP, "the appender is being closed"));
    appender_refuse_held(appender);
    if (appender->requests == 0)
        stopped(appender);
}

void appender_begin_stop(struct kc_appender *appender)
{
    appender_close_group(appender);
    if (kc_wire_post(appender->client, run_stop, appender))
        return;
    pthread_mutex_lock(&appender->mutex);
    appender->stopped = true; /* there is no loop that would see to it */
    pthread_mutex_unlock(&appender->mutex);
}

void appender_end_stop(struct kc_appender *appender)
{
    pthread_mutex_lock(&appender->mutex);
    while (!appender->stopped)
        kc_cond_wait_until(&appender->cond, &appender->mutex, INT64_MAX);
    pthread_mutex_unlock(&appender->mutex);
    kc_error_destroy(appender->fatal);
    kc_error_destroy(appender->abortable);
    pthread_cond_destroy(&appender->cond);
    pthread_mutex_destroy(&appender->mutex);
    free(appender->transactional_id);
    free(appender);
}

void kc_appender_destroy(struct kc_appender *appender)
{
    if (!appender)
        return;
    appender_begin_stop(appender);
    appender_end_stop(appender);
}
