/* SPDX-License-Identifier: Apache-2.0 */
/* Look-ups on threads of their own, see lookup_queue.h. */
#include "mirror/lookup_queue.h"

#include "connect/log.h"
#include "connect/thread.h"
#include "mirror/lookup_shelf_priv.h"
#include "mirror/lookup_table.h"

#include <stdlib.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.mirror.MirrorCheckpointTask");

enum {
    ENTRIES = 16384,      /* waiting or remembered at most */
    LOOKUP_MS = 10000,    /* for one */
    WORTH_A_THREAD = 200, /* waiting entries for each thread */
    WARN_INTERVAL_MS = 60000,
    TICK_MS = 1000,
};

/* One of the threads that look up. */
struct looker {
    struct kc_lookup_queue *queue;
    size_t number;
    struct kc_lookup_client *client; /* the thread's */
    pthread_t thread;
};

struct kc_lookup_queue {
    const struct kc_mirror_config *config;
    char *flow; /* for which what was found holds */
    struct looker lookers[KC_LOOKUP_THREADS];
    size_t lane_count; /* that run; the asking thread's */

    pthread_mutex_t mutex; /* guards the rest */
    pthread_cond_t changed;
    struct kc_lookup_table *table;
    int64_t warned_ms;
    bool ending;
};

static char *flow_of(const struct kc_mirror_config *config)
{
    return kc_asprintf("%s|%s=%s|%s=%s", config->connector, config->source,
                       kc_map_get_or(config->properties, "source.cluster.bootstrap.servers", ""),
                       config->target,
                       kc_map_get_or(config->properties, "target.cluster.bootstrap.servers", ""));
}

struct kc_lookup_queue *kc_lookup_queue_new(const struct kc_mirror_config *config)
{
    struct kc_lookup_queue *queue = kc_calloc(1, sizeof(*queue));
    queue->config = config;
    queue->flow = flow_of(config);
    queue->table = kc_lookup_shelf_take(queue->flow, kc_mono_ms());
    if (!queue->table)
        queue->table = kc_lookup_table_new(ENTRIES);
    queue->warned_ms = INT64_MIN / 2;
    pthread_mutex_init(&queue->mutex, NULL);
    kc_cond_init(&queue->changed);
    return queue;
}

void kc_lookup_queue_destroy(struct kc_lookup_queue *queue)
{
    if (!queue)
        return;
    pthread_mutex_lock(&queue->mutex);
    queue->ending = true;
    for (size_t i = 0; i < queue->lane_count; i++)
        kc_lookup_client_abort(queue->lookers[i].client);
    pthread_cond_broadcast(&queue->changed);
    pthread_mutex_unlock(&queue->mutex);
    for (size_t i = 0; i < queue->lane_count; i++) {
        pthread_join(queue->lookers[i].thread, NULL);
        kc_lookup_client_destroy(queue->lookers[i].client);
    }
    kc_lookup_table_pause(queue->table);
    kc_lookup_shelf_put(queue->flow, queue->table, kc_mono_ms());
    free(queue->flow);
    pthread_cond_destroy(&queue->changed);
    pthread_mutex_destroy(&queue->mutex);
    free(queue);
}

/* ---- a thread ---- */

/* Locked. Waits for the next due look-up. NULL: the queue ends. */
static struct kc_lookup_entry *next_due(struct looker *looker, struct kc_lookup *lookup)
{
    struct kc_lookup_queue *queue = looker->queue;
    while (!queue->ending) {
        int64_t now = kc_mono_ms();
        struct kc_lookup_entry *entry =
            kc_lookup_table_take(queue->table, looker->number, now, lookup);
        if (entry)
            return entry;
        kc_cond_wait_until(&queue->changed, &queue->mutex, now + TICK_MS);
        if (kc_lookup_table_waiting(queue->table) == 0) {
            pthread_mutex_unlock(&queue->mutex);
            kc_lookup_client_rest(looker->client);
            pthread_mutex_lock(&queue->mutex);
        }
    }
    return NULL;
}

/* Locked. Takes err. */
static void complain(struct kc_lookup_queue *queue, struct kc_error *err)
{
    int64_t now = kc_mono_ms();
    if (err && now - queue->warned_ms >= WARN_INTERVAL_MS) {
        kc_warn("%s. Until it works, the offset is translated by offset syncs, which may point "
                "further back.",
                kc_error_text(err));
        queue->warned_ms = now;
    }
    kc_error_destroy(err);
}

static void *look_up(void *arg)
{
    struct looker *looker = arg;
    struct kc_lookup_queue *queue = looker->queue;
    struct kc_lookup_entry *entry;
    struct kc_lookup lookup;
    pthread_mutex_lock(&queue->mutex);
    while ((entry = next_due(looker, &lookup))) {
        enum kc_lookup_result result = KC_LOOKUP_NOT_FOUND;
        int64_t downstream = -1;
        pthread_mutex_unlock(&queue->mutex);
        struct kc_error *err = kc_lookup_client_find(
            looker->client, &lookup, kc_mono_ms() + LOOKUP_MS, &result, &downstream);
        pthread_mutex_lock(&queue->mutex);
        complain(queue, err);
        if (queue->ending && result != KC_LOOKUP_FOUND)
            kc_lookup_table_put_back(queue->table, entry);
        else
            kc_lookup_table_settle(queue->table, entry, kc_mono_ms(),
                                   result == KC_LOOKUP_FOUND ? downstream : -1);
    }
    pthread_mutex_unlock(&queue->mutex);
    return NULL;
}

/* Locked. One more thread, where enough wait for it. */
static void need_lanes(struct kc_lookup_queue *queue)
{
    size_t count = queue->lane_count;
    if (count == KC_LOOKUP_THREADS ||
        kc_lookup_table_waiting(queue->table) < count * WORTH_A_THREAD + 1)
        return;
    struct looker *looker = &queue->lookers[count];
    *looker = (struct looker){
        .queue = queue, .number = count, .client = kc_lookup_client_new(queue->config)};
    struct kc_error *err = kc_thread_start(&looker->thread, "mm2-lookup", look_up, looker);
    if (err)
        kc_lookup_client_destroy(looker->client);
    else
        queue->lane_count++;
    kc_error_destroy(err); /* those that run have more to do */
}

/* ---- asking ---- */

bool kc_lookup_queue_ask(struct kc_lookup_queue *queue, const struct kc_lookup *lookup,
                         int64_t delay_ms, int64_t *downstream)
{
    pthread_mutex_lock(&queue->mutex);
    size_t waited = kc_lookup_table_waiting(queue->table);
    bool known = kc_lookup_table_ask(queue->table, lookup, delay_ms, kc_mono_ms(), downstream);
    bool more = kc_lookup_table_waiting(queue->table) > waited;
    if (!known)
        need_lanes(queue);
    if (more)
        pthread_cond_signal(&queue->changed);
    pthread_mutex_unlock(&queue->mutex);
    return known;
}

size_t kc_lookup_queue_waiting(struct kc_lookup_queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    size_t open = kc_lookup_table_open(queue->table);
    pthread_mutex_unlock(&queue->mutex);
    return open;
}
