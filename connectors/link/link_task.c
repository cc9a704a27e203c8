/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A task of a link. It takes the lease of its number, and works as long as it has it: for its
 * topics (link_topics.c, link_copy.c) on the task's thread, for its groups (link_groups.c) on
 * another.
 *
 * A task hands no batches over to the worker: the link appends by itself, because only then it can
 * say where. poll() is a turn of the work. A task that loses its lease drops everything and waits
 * for the lease again.
 */
#include "link/link_connector_priv.h"
#include "link/link_groups_priv.h"
#include "link/link_verify_priv.h"
#include "link/link_work_priv.h"

#include "connect/log.h"

#include <stdlib.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.connect.link.KafkaLinkTask");

#define TURN_MS      200
#define PROMOTING_MS 10    /* a turn while producers wait for a promotion */
#define SOURCE_MS    5000  /* for a call to the source; nothing is copied meanwhile */
#define SELF_MS      60000 /* so long the connector may take to write the link's own record */

struct link_task {
    struct kc_source_context *context;
    struct kc_stop *stop;
    struct link_config *config;
    struct link_store *store;
    struct kc_admin *source;
    struct kc_admin *target;
    /* While it has the lease; NULL otherwise. */
    struct link_lease *lease;
    struct link_copy *copy;
    struct link_groups *groups;
    struct link_topics *topics;
    struct link_verifier *verifier; /* NULL as well where nothing is compared */
};

static void *task_create(struct kc_source_context *context)
{
    struct link_task *task = kc_calloc(1, sizeof(*task));
    task->context = context;
    task->stop = kc_stop_new();
    return task;
}

static struct kc_error *task_start(void *arg, const struct kc_map *properties)
{
    struct link_task *task = arg;
    struct kc_error *err = link_config_new(properties, true, &task->config);
    if (!err)
        err = link_admin_new(task->config, LINK_SOURCE, "task", &task->source);
    if (!err && kc_config_long(task->config->values, "admin.timeout.ms") > SOURCE_MS)
        kc_admin_set_timeout(task->source, SOURCE_MS);
    if (!err)
        err = link_admin_new(task->config, LINK_TARGET, "task", &task->target);
    return err ? err : link_store_open(task->config, task->stop, &task->store);
}

/* ---- the lease, and what needs it ---- */

static struct kc_error *read_identity(struct link_task *task, int64_t *producer_id)
{
    struct link_self self = {0};
    int64_t until = kc_mono_ms() + SELF_MS;
    while (!link_self_load(task->store, &self)) {
        uint64_t version = link_store_version(task->store);
        if (kc_stop_is_set(task->stop))
            return kc_error_new(KC_ERR_WAKEUP, "Stopped while waiting for the link's own record");
        if (kc_mono_ms() >= until)
            return kc_error_retriable_new(KC_ERR_TIMEOUT,
                                          "Link '%s' has no record of its own in topic %s; its "
                                          "connector, which writes it, hasn't started",
                                          task->config->name, KC_LINK_STATE_TOPIC);
        link_store_wait(task->store, version, kc_mono_ms() + TURN_MS);
    }
    *producer_id = kc_link_producer_id(self.identity);
    link_self_clear(&self);
    return NULL;
}

/* Groups aren't left: what is held stays held for the successor. */
static void drop_work(struct link_task *task)
{
    link_verifier_close(task->verifier);
    task->verifier = NULL;
    link_groups_close(task->groups);
    task->groups = NULL;
    link_topics_destroy(task->topics);
    task->topics = NULL;
    link_copy_close(task->copy);
    task->copy = NULL;
    link_lease_release(task->lease);
    task->lease = NULL;
}

static struct kc_error *begin_work(struct link_task *task)
{
    int64_t producer_id = 0;
    struct kc_error *err = read_identity(task, &producer_id);
    if (!err)
        err = link_lease_take(task->store, task->config, task->stop, &task->lease);
    if (!err)
        err = link_copy_open(task->config, task->lease, producer_id, &task->copy);
    if (!err)
        err = link_groups_open(task->config, task->store, task->lease, &task->groups);
    if (!err)
        err = link_verifier_open(task->config, task->store, &task->verifier);
    if (err) {
        drop_work(task);
        return err;
    }
    const struct link_work work = {.context = task->context,
                                   .config = task->config,
                                   .store = task->store,
                                   .lease = task->lease,
                                   .copy = task->copy,
                                   .source = task->source,
                                   .target = task->target};
    task->topics = link_topics_new(&work);
    return NULL;
}

/* ---- a turn ---- */

static struct kc_error *turn(struct link_task *task)
{
    link_store_watch(task->store, task->target, false, task->stop);
    if (!task->lease) {
        struct kc_error *err = begin_work(task);
        if (err)
            return err;
    }
    link_topics_step(task->topics);
    int turn_ms = link_topics_promotes(task->topics) ? PROMOTING_MS : TURN_MS;
    struct kc_error *err = link_copy_run(task->copy, kc_mono_ms() + turn_ms);
    if (link_lease_until(task->lease) != 0)
        return err;
    kc_error_destroy(err); /* it says the same */
    kc_warn("Link '%s', task %d has lost its lease, and waits to get it again.", task->config->name,
            task->config->task);
    drop_work(task);
    return NULL;
}

static struct kc_error *task_poll(void *arg, struct kc_batch **batch)
{
    struct link_task *task = arg;
    *batch = NULL;
    if (kc_stop_is_set(task->stop))
        return NULL;
    struct kc_error *err = turn(task);
    if (err && kc_error_code(err) == KC_ERR_WAKEUP)
        kc_error_clear(&err);
    return err;
}

static void task_stop(void *arg)
{
    struct link_task *task = arg;
    kc_stop_set(task->stop);
}

static void task_destroy(void *arg)
{
    struct link_task *task = arg;
    drop_work(task);
    link_store_close(task->store);
    if (task->source)
        kc_admin_destroy(task->source);
    if (task->target)
        kc_admin_destroy(task->target);
    link_config_destroy(task->config);
    kc_stop_destroy(task->stop);
    free(task);
}

const struct kc_source_task_ops link_task_ops = {
    .create = task_create,
    .start = task_start,
    .poll = task_poll,
    .stop = task_stop,
    .destroy = task_destroy,
};
