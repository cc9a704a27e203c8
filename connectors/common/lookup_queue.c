/* SPDX-License-Identifier: Apache-2.0 */
/* Look-ups on a thread of their own, see lookup_queue.h. */
#include "common/lookup_queue.h"

#include "connect/hash.h"
#include "connect/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.mirror.MirrorCheckpointTask");

enum {
    ENTRIES = 16384,   /* remembered at most: when they are too many all are forgotten */
    LOOKUP_MS = 10000, /* for one */
    AGAIN_MS = 3000,   /* before what wasn't found is looked for again; doubled each time */
    MOST_AGAIN_MS = 300000,
    WARN_INTERVAL_MS = 60000,
    TICK_MS = 1000,
};

enum state { WAITING, UNDER_WAY, FOUND, MISSED };

struct entry {
    char *key;
    char *topic, *remote;
    struct kc_lookup lookup; /* with the two above */
    enum state state;
    int64_t due_ms, again_ms;
    int64_t downstream;      /* FOUND */
    TAILQ_ENTRY(entry) link; /* while WAITING */
    UT_hash_handle hh;
};

TAILQ_HEAD(entries, entry);

struct kc_lookup_queue {
    struct kc_lookup_client *client; /* the thread's */
    pthread_t thread;
    bool started;
    int64_t warned_ms; /* the thread's, as what was looked up last: */
    char last_topic[256];
    int32_t last_partition;
    int64_t last_upstream;

    pthread_mutex_t mutex; /* guards the rest */
    pthread_cond_t changed;
    struct entry *entries;
    struct entries waiting;
    size_t open; /* waiting or under way */
    bool ending;
};

struct kc_lookup_queue *kc_lookup_queue_new(const struct kc_mirror_config *config)
{
    struct kc_lookup_queue *queue = kc_calloc(1, sizeof(*queue));
    pthread_condattr_t attributes;
    queue->client = kc_lookup_client_new(config);
    queue->warned_ms = INT64_MIN / 2;
    TAILQ_INIT(&queue->waiting);
    pthread_mutex_init(&queue->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&queue->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    return queue;
}

static void entry_destroy(struct entry *entry)
{
    free(entry->key);
    free(entry->topic);
    free(entry->remote);
    free(entry);
}

/* Locked. What is under way stays. */
static void forget(struct kc_lookup_queue *queue)
{
    struct entry *entry, *next;
    HASH_ITER (hh, queue->entries, entry, next) {
        if (entry->state == UNDER_WAY)
            continue;
        if (entry->state == WAITING) {
            TAILQ_REMOVE(&queue->waiting, entry, link);
            queue->open--;
        }
        HASH_DEL(queue->entries, entry);
        entry_destroy(entry);
    }
}

void kc_lookup_queue_destroy(struct kc_lookup_queue *queue)
{
    if (!queue)
        return;
    pthread_mutex_lock(&queue->mutex);
    queue->ending = true;
    kc_lookup_client_abort(queue->client);
    pthread_cond_signal(&queue->changed);
    pthread_mutex_unlock(&queue->mutex);
    if (queue->started)
        pthread_join(queue->thread, NULL);
    forget(queue);
    kc_lookup_client_destroy(queue->client);
    pthread_cond_destroy(&queue->changed);
    pthread_mutex_destroy(&queue->mutex);
    free(queue);
}

/* ---- the thread ---- */

/* Locked. The next one of the partition that was looked into last, for much of that was read
 * already; else the one that has waited longest. NULL: none is due. */
static struct entry *best_due(struct kc_lookup_queue *queue, int64_t now)
{
    struct entry *entry, *first = NULL, *next = NULL;
    for (entry = TAILQ_FIRST(&queue->waiting); entry; entry = TAILQ_NEXT(entry, link)) {
        if (entry->due_ms > now)
            continue;
        first = first ? first : entry;
        if (strcmp(entry->topic, queue->last_topic) == 0 &&
            entry->lookup.partition == queue->last_partition &&
            entry->lookup.upstream >= queue->last_upstream &&
            (!next || entry->lookup.upstream < next->lookup.upstream))
            next = entry;
    }
    return next ? next : first;
}

/* Locked; waits for the next that is due. NULL: the queue ends. */
static struct entry *next_due(struct kc_lookup_queue *queue)
{
    while (!queue->ending) {
        int64_t now = kc_mono_ms();
        struct entry *entry = best_due(queue, now);
        if (entry)
            return entry;
        struct timespec at = {(now + TICK_MS) / 1000, (now + TICK_MS) % 1000 * 1000000};
        pthread_cond_timedwait(&queue->changed, &queue->mutex, &at);
        if (TAILQ_EMPTY(&queue->waiting)) {
            pthread_mutex_unlock(&queue->mutex);
            kc_lookup_client_rest(queue->client);
            pthread_mutex_lock(&queue->mutex);
        }
    }
    return NULL;
}

/* Takes err. */
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

/* Locked. */
static void settle(struct entry *entry, bool found, int64_t downstream)
{
    entry->state = found ? FOUND : MISSED;
    entry->downstream = downstream;
    if (found)
        return;
    entry->due_ms = kc_mono_ms() + entry->again_ms;
    entry->again_ms = 2 * entry->again_ms < MOST_AGAIN_MS ? 2 * entry->again_ms : MOST_AGAIN_MS;
}

static void *look_up(void *arg)
{
    struct kc_lookup_queue *queue = arg;
    struct entry *entry;
    pthread_mutex_lock(&queue->mutex);
    while ((entry = next_due(queue))) {
        enum kc_lookup_result result = KC_LOOKUP_NOT_FOUND;
        int64_t downstream = -1;
        struct kc_lookup lookup = entry->lookup;
        TAILQ_REMOVE(&queue->waiting, entry, link);
        entry->state = UNDER_WAY;
        snprintf(queue->last_topic, sizeof(queue->last_topic), "%s", entry->topic);
        queue->last_partition = lookup.partition;
        queue->last_upstream = lookup.upstream;
        pthread_mutex_unlock(&queue->mutex);
        complain(queue, kc_lookup_client_find(queue->client, &lookup, kc_mono_ms() + LOOKUP_MS,
                                              &result, &downstream));
        pthread_mutex_lock(&queue->mutex);
        settle(entry, result == KC_LOOKUP_FOUND, downstream);
        queue->open--;
    }
    pthread_mutex_unlock(&queue->mutex);
    return NULL;
}

/* ---- asking ---- */

/* Locked. */
static void enqueue(struct kc_lookup_queue *queue, struct entry *entry,
                    const struct kc_lookup *lookup)
{
    entry->state = WAITING;
    entry->lookup = *lookup;
    entry->lookup.topic = entry->topic;
    entry->lookup.remote = entry->remote;
    TAILQ_INSERT_TAIL(&queue->waiting, entry, link);
    queue->open++;
    pthread_cond_signal(&queue->changed);
    if (!queue->started)
        queue->started = pthread_create(&queue->thread, NULL, look_up, queue) == 0;
}

/* Locked. */
static struct entry *need(struct kc_lookup_queue *queue, const struct kc_lookup *lookup,
                          int64_t delay_ms)
{
    char key[320];
    struct entry *entry = NULL;
    snprintf(key, sizeof(key), "%s-%d@%lld", lookup->topic, lookup->partition,
             (long long)lookup->upstream);
    HASH_FIND_STR(queue->entries, key, entry);
    if (entry)
        return entry;
    if (HASH_COUNT(queue->entries) >= ENTRIES)
        forget(queue);
    entry = kc_calloc(1, sizeof(*entry));
    entry->key = kc_strdup(key);
    entry->topic = kc_strdup(lookup->topic);
    entry->remote = kc_strdup(lookup->remote);
    entry->again_ms = AGAIN_MS;
    entry->due_ms = kc_mono_ms() + delay_ms;
    HASH_ADD_KEYPTR(hh, queue->entries, entry->key, strlen(entry->key), entry);
    enqueue(queue, entry, lookup);
    return entry;
}

/* What was found is still between the neighbours; else records were mirrored anew since. */
static bool holds(const struct entry *entry, const struct kc_lookup *lookup)
{
    return (lookup->low.upstream < 0 || entry->downstream >= lookup->low.downstream) &&
           (lookup->high.upstream < 0 || entry->downstream <= lookup->high.downstream);
}

bool kc_lookup_queue_ask(struct kc_lookup_queue *queue, const struct kc_lookup *lookup,
                         int64_t delay_ms, int64_t *downstream)
{
    pthread_mutex_lock(&queue->mutex);
    struct entry *entry = need(queue, lookup, delay_ms);
    bool known = entry->state == FOUND && holds(entry, lookup);
    bool missed = entry->state == MISSED && kc_mono_ms() >= entry->due_ms;
    *downstream = known ? entry->downstream : -1;
    if ((entry->state == FOUND && !known) || missed)
        enqueue(queue, entry, lookup);
    pthread_mutex_unlock(&queue->mutex);
    return known;
}

size_t kc_lookup_queue_waiting(struct kc_lookup_queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    size_t open = queue->open;
    pthread_mutex_unlock(&queue->mutex);
    return open;
}
