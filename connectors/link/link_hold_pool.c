/* SPDX-License-Identifier: Apache-2.0 */
/* The threads that serve holds, and what both kinds have in common: see link_hold_priv.h. */
#include "link/link_hold_priv.h"

#include "connect/log.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.connect.link.LinkGroups");

enum {
    THREADS = 4,
    ADMIN_TIMEOUT_MS = 10000,
    COMMIT_MS = 10000,
};

struct link_hold_thread {
    struct link_hold_pool *pool;
    struct kc_thread *thread; /* NULL: it has no hold yet */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct link_hold *holds;
    bool ending;
};

struct link_hold_pool {
    const struct link_lease *lease;
    struct kc_group_client *client;
    struct kc_admin *target;
    struct link_hold_thread threads[THREADS];
    unsigned opened;
};

/* ---- topics ---- */

void link_held_topics_add(struct link_held_topics *topics, const char *name, int32_t partitions)
{
    kc_strings_add(&topics->names, name);
    topics->partitions =
        kc_realloc(topics->partitions, topics->names.count * sizeof(*topics->partitions));
    topics->partitions[topics->names.count - 1] = partitions;
}

bool link_held_topics_equal(const struct link_held_topics *a, const struct link_held_topics *b)
{
    if (a->names.count != b->names.count)
        return false;
    for (size_t i = 0; i < a->names.count; i++)
        if (a->partitions[i] != b->partitions[i] ||
            strcmp(a->names.items[i], b->names.items[i]) != 0)
            return false;
    return true;
}

void link_held_topics_copy(struct link_held_topics *to, const struct link_held_topics *from)
{
    link_held_topics_clear(to);
    for (size_t i = 0; i < from->names.count; i++)
        link_held_topics_add(to, from->names.items[i], from->partitions[i]);
}

void link_held_topics_clear(struct link_held_topics *topics)
{
    kc_strings_destroy(&topics->names);
    free(topics->partitions);
    topics->partitions = NULL;
}

/* ---- for the kinds ---- */

struct kc_group_client *link_hold_client(const struct link_hold *hold)
{
    return hold->pool->client;
}

int link_hold_commit_ms(const struct link_hold *hold)
{
    int64_t left = link_lease_until(hold->pool->lease) - kc_mono_ms();
    return left < 1 ? 1 : left < COMMIT_MS ? (int)left : COMMIT_MS;
}

void link_hold_set(struct link_hold *hold, enum link_hold_state state, char *error)
{
    pthread_mutex_lock(&hold->thread->lock);
    hold->state = state;
    free(hold->error);
    hold->error = error;
    pthread_mutex_unlock(&hold->thread->lock);
}

enum link_hold_state link_hold_state(struct link_hold *hold)
{
    pthread_mutex_lock(&hold->thread->lock);
    enum link_hold_state state = hold->state;
    pthread_mutex_unlock(&hold->thread->lock);
    return state;
}

bool link_hold_gathers(struct link_hold *hold)
{
    pthread_mutex_lock(&hold->thread->lock);
    bool gather = hold->gather;
    pthread_mutex_unlock(&hold->thread->lock);
    return gather;
}

void link_hold_set_members(struct link_hold *hold, json_t *members)
{
    pthread_mutex_lock(&hold->thread->lock);
    json_decref(hold->members);
    hold->members = members;
    pthread_mutex_unlock(&hold->thread->lock);
}

void link_hold_set_round(struct link_hold *hold, int64_t round)
{
    pthread_mutex_lock(&hold->thread->lock);
    hold->round = round;
    pthread_mutex_unlock(&hold->thread->lock);
}

static bool begins_with(const char *text, const char *prefix)
{
    return text && strncmp(text, prefix, strlen(prefix)) == 0;
}

bool link_hold_is_ours(const struct kc_member_description *member)
{
    return begins_with(member->member_id, LINK_PHANTOM_PREFIX) ||
           begins_with(member->instance_id, LINK_HOLDER_PREFIX);
}

/* Phantoms tell it by their client id, which link_client_properties() makes: "link-0|groups", maybe
 * with something of the user's in front. */
char *link_hold_link_of(const struct kc_member_description *member)
{
    if (begins_with(member->instance_id, LINK_HOLDER_PREFIX))
        return kc_strdup(member->instance_id + strlen(LINK_HOLDER_PREFIX));
    char *id = kc_strdup(member->client_id ? member->client_id : "");
    char *use = strrchr(id, '|');
    if (use)
        *use = '\0';
    char *own = strrchr(id, '|');
    char *name = kc_strdup(own ? own + 1 : id);
    char *task = strrchr(name, '-');
    if (task)
        *task = '\0';
    free(id);
    return name;
}

/* The group as the target has it, in groups->items[0]. */
static struct kc_error *describe(struct link_hold *hold, struct kc_group_descriptions *groups)
{
    struct kc_strings ids = {0};
    kc_strings_add(&ids, hold->group);
    struct kc_error *err = kc_admin_group_members(hold->pool->target, &ids, groups);
    kc_strings_destroy(&ids);
    if (err)
        return err;
    err = groups->items[0].error;
    groups->items[0].error = NULL;
    return err;
}

struct kc_error *link_hold_is_gone(struct link_hold *hold)
{
    struct kc_group_descriptions groups = {0};
    struct kc_error *err = describe(hold, &groups);
    for (size_t i = 0; !err && i < groups.items[0].member_count; i++)
        if (link_hold_is_ours(&groups.items[0].members[i]))
            err = kc_error_retriable_new(KC_ERR_CONFLICT,
                                         "Leaving group %s: member %s is in it still", hold->group,
                                         groups.items[0].members[i].member_id);
    kc_group_descriptions_destroy(&groups);
    return err;
}

json_t *link_hold_epochs(struct link_hold *hold)
{
    struct kc_group_descriptions groups = {0};
    struct kc_error *err = describe(hold, &groups);
    json_t *epochs = err ? NULL : json_object();
    for (size_t i = 0; !err && i < groups.items[0].member_count; i++) {
        const struct kc_member_description *member = &groups.items[0].members[i];
        if (link_hold_is_ours(member))
            json_object_set_new(epochs, member->member_id, json_integer(member->epoch));
    }
    kc_error_destroy(err);
    kc_group_descriptions_destroy(&groups);
    return epochs;
}

int64_t link_hold_strange_partitions(struct link_hold *hold)
{
    struct kc_group_descriptions groups = {0};
    struct kc_error *err = describe(hold, &groups);
    int64_t count = err ? -1 : 0;
    for (size_t i = 0; !err && i < groups.items[0].member_count; i++)
        if (!link_hold_is_ours(&groups.items[0].members[i]))
            count += groups.items[0].members[i].assignment->cnt;
    kc_error_destroy(err);
    kc_group_descriptions_destroy(&groups);
    return count;
}

/* ---- a job; no lock ---- */

static struct kc_error *commit(struct link_hold *hold, struct link_hold_job *job,
                               struct kc_error ***errors)
{
    if (!job->commit.count)
        return NULL;
    if (!link_lease_holds(hold->pool->lease))
        return kc_error_retriable_new(
            KC_ERR_FENCED, "Committing offsets of group %s: the lease is lost", hold->group);
    if (!hold->own)
        return kc_error_retriable_new(KC_ERR_CONFLICT, "Group %s isn't held yet", hold->group);
    *errors = kc_calloc(job->commit.count, sizeof(struct kc_error *));
    return hold->ops->commit(hold, job->commit.items, job->commit.count, *errors);
}

/* Copies, because the error of an offset belongs to the one who looks. */
static struct kc_error *first_of(struct kc_error *const *errors, size_t count)
{
    for (size_t i = 0; errors && i < count; i++)
        if (errors[i])
            return kc_error_copy(errors[i]);
    return NULL;
}

static struct kc_error *leave(struct link_hold *hold)
{
    struct kc_error *err = hold->own ? hold->ops->leave(hold) : NULL;
    if (!err)
        link_hold_set(hold, LINK_HOLD_LEFT, NULL);
    return err;
}

static void run_job(struct link_hold *hold, struct link_hold_job *job)
{
    struct kc_error **errors = NULL;
    struct kc_error *err = commit(hold, job, &errors);
    bool committed = !err;
    if (!err && job->leave)
        err = first_of(errors, job->commit.count);
    if (err && job->leave && job->force) {
        kc_warn("Group %s is let go although its final offsets weren't committed: %s", hold->group,
                kc_error_text(err));
        kc_error_clear(&err);
    }
    if (!err && job->leave)
        err = leave(hold);
    pthread_mutex_lock(&hold->thread->lock);
    hold->job_errors = errors;
    hold->job_error = err;
    hold->commit_done = committed;
    hold->job_done = true;
    pthread_mutex_unlock(&hold->thread->lock);
}

/* ---- a thread ---- */

/* One turn. Lock held, but not while the hold is served. */
static void serve(struct link_hold_thread *thread, struct link_hold *hold)
{
    struct link_held_topics topics = {0};
    bool fresh = hold->topics_new;
    bool has_job = hold->has_job && !hold->job_done;
    enum link_hold_state state = hold->state;
    if (fresh)
        link_held_topics_copy(&topics, &hold->topics);
    hold->topics_new = false;
    hold->serving = true;
    pthread_mutex_unlock(&thread->lock);
    int again_ms = state == LINK_HOLD_LEFT ? 60000 : hold->ops->serve(hold, fresh ? &topics : NULL);
    if (has_job)
        run_job(hold, &hold->job);
    link_held_topics_clear(&topics);
    pthread_mutex_lock(&thread->lock);
    hold->serving = false;
    hold->topics_new = hold->topics_new || !hold->own; /* it couldn't begin: it needs them again */
    hold->due_ms = kc_mono_ms() + again_ms;
    pthread_cond_broadcast(&thread->changed);
}

static struct link_hold *first_due(const struct link_hold_thread *thread, int64_t now,
                                   int64_t *next_ms)
{
    struct link_hold *hold, *due = NULL;
    *next_ms = INT64_MAX;
    LL_FOREACH (thread->holds, hold) {
        if (hold->due_ms <= now && (!due || hold->due_ms < due->due_ms))
            due = hold;
        if (hold->due_ms < *next_ms)
            *next_ms = hold->due_ms;
    }
    return due;
}

static void run(void *arg, struct kc_stop *stop)
{
    struct link_hold_thread *thread = arg;
    int64_t next_ms;
    pthread_mutex_lock(&thread->lock);
    while (!thread->ending) {
        struct link_hold *hold = first_due(thread, kc_mono_ms(), &next_ms);
        if (hold)
            serve(thread, hold);
        else
            kc_cond_wait_until(&thread->changed, &thread->lock, next_ms);
    }
    pthread_mutex_unlock(&thread->lock);
}

/* ---- life ---- */

struct kc_error *link_hold_pool_new(const struct link_config *config,
                                    const struct link_lease *lease, struct link_hold_pool **pool)
{
    struct link_hold_pool *made = kc_calloc(1, sizeof(*made));
    struct kc_map *properties =
        link_client_properties(config, LINK_TARGET, KC_CLIENT_CONSUMER, "groups");
    made->lease = lease;
    for (int i = 0; i < THREADS; i++) {
        made->threads[i].pool = made;
        pthread_mutex_init(&made->threads[i].lock, NULL);
        kc_cond_init(&made->threads[i].changed);
    }
    struct kc_error *err = kc_group_client_new(properties, "link-groups", &made->client);
    if (!err)
        err = link_admin_new(config, LINK_TARGET, "holds", &made->target);
    if (!err)
        kc_admin_set_timeout(made->target, ADMIN_TIMEOUT_MS);
    kc_map_destroy(properties);
    if (err)
        link_hold_pool_destroy(made);
    else
        *pool = made;
    return err;
}

void link_hold_pool_destroy(struct link_hold_pool *pool)
{
    if (!pool)
        return;
    for (int i = 0; i < THREADS; i++) {
        struct link_hold_thread *thread = &pool->threads[i];
        pthread_mutex_lock(&thread->lock);
        thread->ending = true;
        pthread_cond_broadcast(&thread->changed);
        pthread_mutex_unlock(&thread->lock);
        kc_thread_destroy(thread->thread);
        pthread_mutex_destroy(&thread->lock);
        pthread_cond_destroy(&thread->changed);
    }
    kc_group_client_destroy(pool->client);
    kc_admin_destroy(pool->target);
    free(pool);
}

static void free_hold(struct link_hold *hold)
{
    if (hold->own)
        hold->ops->destroy(hold);
    for (size_t i = 0; hold->job_errors && i < hold->job.commit.count; i++)
        kc_error_destroy(hold->job_errors[i]);
    free(hold->job_errors);
    kc_error_destroy(hold->job_error);
    link_commit_destroy(&hold->job.commit);
    link_held_topics_clear(&hold->topics);
    json_decref(hold->members);
    json_decref(hold->former);
    free(hold->error);
    free(hold->assignor);
    free(hold->instance_id);
    free(hold->group);
    free(hold);
}

static struct kc_error *start_thread(struct link_hold_thread *thread)
{
    return thread->thread ? NULL : kc_thread_new("link-holds", run, thread, &thread->thread);
}

struct kc_error *link_hold_open(struct link_hold_pool *pool,
                                const struct link_hold_settings *settings,
                                const struct link_held_topics *topics, struct link_hold **hold)
{
    struct link_hold_thread *thread = &pool->threads[pool->opened++ % THREADS];
    struct kc_error *err = start_thread(thread);
    if (err)
        return err;
    struct link_hold *made = kc_calloc(1, sizeof(*made));
    made->ops = settings->consumer ? &link_crowd_hold : &link_classic_hold;
    made->pool = pool;
    made->thread = thread;
    made->group = kc_strdup(settings->group);
    made->instance_id = kc_strdup(settings->instance_id);
    made->assignor = kc_strdup(settings->assignor);
    made->former = settings->members ? json_deep_copy(settings->members) : NULL;
    made->state = LINK_HOLD_JOINING;
    link_held_topics_copy(&made->topics, topics);
    made->topics_new = true;
    pthread_mutex_lock(&thread->lock);
    LL_PREPEND(thread->holds, made);
    pthread_cond_broadcast(&thread->changed);
    pthread_mutex_unlock(&thread->lock);
    *hold = made;
    return NULL;
}

void link_hold_close(struct link_hold *hold)
{
    if (!hold)
        return;
    struct link_hold_thread *thread = hold->thread;
    pthread_mutex_lock(&thread->lock);
    while (hold->serving)
        kc_cond_wait_until(&thread->changed, &thread->lock, INT64_MAX);
    LL_DELETE(thread->holds, hold);
    pthread_mutex_unlock(&thread->lock);
    free_hold(hold);
}

/* ---- for the groups' thread ---- */

/* Lock held. */
static void hurry(struct link_hold *hold)
{
    hold->due_ms = 0;
    pthread_cond_broadcast(&hold->thread->changed);
}

void link_hold_show(struct link_hold *hold, const struct link_held_topics *topics)
{
    pthread_mutex_lock(&hold->thread->lock);
    if (!link_held_topics_equal(&hold->topics, topics)) {
        link_held_topics_copy(&hold->topics, topics);
        hold->topics_new = true;
        hurry(hold);
    }
    pthread_mutex_unlock(&hold->thread->lock);
}

void link_hold_gather(struct link_hold *hold, bool gather)
{
    pthread_mutex_lock(&hold->thread->lock);
    if (hold->gather != gather)
        hurry(hold);
    hold->gather = gather;
    pthread_mutex_unlock(&hold->thread->lock);
}

bool link_hold_submit(struct link_hold *hold, struct link_hold_job *job)
{
    pthread_mutex_lock(&hold->thread->lock);
    bool taken = !hold->has_job;
    if (taken) {
        hold->job = *job;
        hold->has_job = true;
        hurry(hold);
    }
    pthread_mutex_unlock(&hold->thread->lock);
    if (taken)
        *job = (struct link_hold_job){0};
    return taken;
}

bool link_hold_busy(struct link_hold *hold)
{
    pthread_mutex_lock(&hold->thread->lock);
    bool busy = hold->has_job;
    pthread_mutex_unlock(&hold->thread->lock);
    return busy;
}

void link_hold_look(struct link_hold *hold, struct link_hold_view *view)
{
    *view = (struct link_hold_view){0};
    pthread_mutex_lock(&hold->thread->lock);
    view->state = hold->state;
    view->error = kc_strdup(hold->error);
    view->round = hold->round;
    view->members = hold->members;
    hold->members = NULL;
    if (hold->job_done) {
        view->job_done = true;
        view->committed = hold->job.commit;
        view->commit_done = hold->commit_done;
        view->errors = hold->job_errors;
        view->job_error = hold->job_error;
        hold->job = (struct link_hold_job){0};
        hold->job_errors = NULL;
        hold->job_error = NULL;
        hold->has_job = hold->job_done = false;
    }
    pthread_mutex_unlock(&hold->thread->lock);
}

void link_hold_view_clear(struct link_hold_view *view)
{
    for (size_t i = 0; view->errors && i < view->committed.count; i++)
        kc_error_destroy(view->errors[i]);
    free(view->errors);
    link_commit_destroy(&view->committed);
    kc_error_destroy(view->job_error);
    json_decref(view->members);
    free(view->error);
    *view = (struct link_hold_view){0};
}
