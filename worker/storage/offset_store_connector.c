/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connector's own offsets topic laid over the worker's store: ConnectorOffsetBackingStore.
 *
 * The connector's topic wins. Writes go there first and then, best effort, to the worker's store.
 * Tombstones go to the worker's store first and must succeed there; otherwise an old offset would
 * become visible again (KAFKA-15018). Any thread.
 */
#include "connect/log.h"
#include "storage/offset_store_kafka_priv.h"
#include "storage/offset_store_priv.h"

#include <pthread.h>
#include <stdlib.h>

static struct kc_logger log =
    KC_LOGGER("org.apache.kafka.connect.storage.ConnectorOffsetBackingStore");

/* Whether own may still be written to, because tombstones may come back from the worker's store
 * after this store has been destroyed. */
struct gate {
    pthread_mutex_t lock;
    atomic_int references;
    bool closed;
};

struct connector_store {
    struct kc_offset_store base;
    struct kc_offset_store *own;
    struct kc_offset_store *worker; /* NULL: none */
    struct gate *gate;
};

/* One set call on its way through both stores. store is valid while the gate is open, and in
 * answers of own, because all of these come before own is destroyed. */
struct write {
    struct connector_store *store;
    struct gate *gate;
    struct kc_offset_pair *pairs; /* those with a value first, then tombstones */
    size_t regular;
    size_t count;
    kc_offset_done done;
    void *opaque;
};

static void gate_unref(struct gate *gate)
{
    if (atomic_fetch_sub(&gate->references, 1) != 1)
        return;
    pthread_mutex_destroy(&gate->lock);
    free(gate);
}

static struct kc_error *connector_start(struct kc_offset_store *base, const atomic_bool *cancel)
{
    return kc_offset_store_start(((struct connector_store *)base)->own, cancel);
}

static struct kc_error *connector_refresh(struct kc_offset_store *base, int timeout_ms)
{
    struct connector_store *store = (struct connector_store *)base;
    int64_t deadline = kc_mono_ms() + timeout_ms;
    struct kc_error *err =
        store->worker ? store->worker->ops->refresh(store->worker, timeout_ms) : NULL;
    int64_t left = deadline - kc_mono_ms();
    return err ? err : store->own->ops->refresh(store->own, left > 1 ? (int)left : 1);
}

static char *connector_lookup(struct kc_offset_store *base, const char *key)
{
    struct connector_store *store = (struct connector_store *)base;
    char *value = store->own->ops->lookup(store->own, key);
    return value || !store->worker ? value : store->worker->ops->lookup(store->worker, key);
}

static void connector_keys(struct kc_offset_store *base, const char *connector,
                           struct kc_strings *keys)
{
    struct connector_store *store = (struct connector_store *)base;
    struct kc_strings more = {0};
    store->own->ops->keys(store->own, connector, keys);
    if (store->worker)
        store->worker->ops->keys(store->worker, connector, &more);
    for (size_t i = 0; i < more.count; i++) {
        char *value = store->own->ops->lookup(store->own, more.items[i]);
        if (!value)
            kc_strings_add(keys, more.items[i]);
        free(value);
    }
    kc_strings_destroy(&more);
}

/* ---- writing ---- */

static void write_end(struct write *write, struct kc_error *err)
{
    for (size_t i = 0; i < write->count; i++) {
        free(write->pairs[i].key);
        free(write->pairs[i].value);
    }
    free(write->pairs);
    write->done(write->opaque, err);
    gate_unref(write->gate);
    free(write);
}

static void on_copied(void *opaque, struct kc_error *err)
{
    if (err)
        kc_warn("Failed to write offsets to secondary backing store: %s", kc_error_text(err));
    kc_error_destroy(err);
}

static void on_own(void *opaque, struct kc_error *err)
{
    struct write *write = opaque;
    struct kc_offset_store *worker = write->store->worker;
    if (!err && worker && write->regular)
        worker->ops->set(worker, write->pairs, write->regular, on_copied, NULL);
    write_end(write, err);
}

static void write_own(struct write *write)
{
    struct kc_offset_store *own = write->store->own;
    own->ops->set(own, write->pairs, write->count, on_own, write);
}

static void on_tombstones(void *opaque, struct kc_error *err)
{
    struct write *write = opaque;
    if (err) {
        write_end(write, err);
        return;
    }
    struct gate *gate = write->gate;
    atomic_fetch_add(&gate->references, 1);
    pthread_mutex_lock(&gate->lock);
    bool closed = gate->closed;
    if (!closed)
        write_own(write);
    pthread_mutex_unlock(&gate->lock);
    if (closed)
        write_end(write, kc_error_new(KC_ERR_WAKEUP, "The offset store has been closed"));
    gate_unref(gate);
}

static struct write *write_new(struct connector_store *store, const struct kc_offset_pair *pairs,
                               size_t count, kc_offset_done done, void *opaque)
{
    struct write *write = kc_calloc(1, sizeof(*write));
    *write = (struct write){.store = store, .gate = store->gate, .done = done, .opaque = opaque};
    atomic_fetch_add(&store->gate->references, 1);
    write->pairs = kc_calloc(count + 1, sizeof(*write->pairs));
    for (int tombstones = 0; tombstones < 2; tombstones++) {
        for (size_t i = 0; i < count; i++) {
            if (!pairs[i].value != (tombstones == 1))
                continue;
            write->pairs[write->count].key = kc_strdup(pairs[i].key);
            write->pairs[write->count++].value = kc_strdup(pairs[i].value);
        }
        if (!tombstones)
            write->regular = write->count;
    }
    return write;
}

static void connector_set(struct kc_offset_store *base, const struct kc_offset_pair *pairs,
                          size_t count, kc_offset_done done, void *opaque)
{
    struct connector_store *store = (struct connector_store *)base;
    struct write *write = write_new(store, pairs, count, done, opaque);
    size_t tombstones = write->count - write->regular;
    if (store->worker && tombstones)
        store->worker->ops->set(store->worker, write->pairs + write->regular, tombstones,
                                on_tombstones, write);
    else
        write_own(write);
}

/* ---- making ---- */

static void connector_destroy(struct kc_offset_store *base)
{
    struct connector_store *store = (struct connector_store *)base;
    pthread_mutex_lock(&store->gate->lock);
    store->gate->closed = true;
    pthread_mutex_unlock(&store->gate->lock);
    kc_offset_store_unref(store->own);
    kc_offset_store_unref(store->worker);
    gate_unref(store->gate);
    free(store);
}

static const struct kc_offset_ops connector_ops = {
    connector_start, connector_refresh, connector_lookup,
    connector_keys,  connector_set,     connector_destroy,
};

struct kc_error *kc_offset_store_connector_new(struct kc_offset_store *worker,
                                               const struct kc_worker_config *config,
                                               const char *topic, const struct kc_map *producer,
                                               const struct kc_map *consumer,
                                               const struct kc_map *admin, bool read_committed,
                                               struct kc_offset_store **result)
{
    struct kc_offset_store *own = NULL;
    struct kc_error *err =
        kc_offset_store_topic_new(config, topic, producer, consumer, admin, read_committed, &own);
    if (err)
        return err;
    struct connector_store *store = kc_calloc(1, sizeof(*store));
    store->base.ops = &connector_ops;
    atomic_init(&store->base.references, 1);
    store->own = own;
    store->gate = kc_calloc(1, sizeof(*store->gate));
    pthread_mutex_init(&store->gate->lock, NULL);
    atomic_init(&store->gate->references, 1);
    store->worker = kc_offset_store_ref(worker);
    *result = &store->base;
    return NULL;
}
