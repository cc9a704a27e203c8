/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The offset store as its users see it: JSON in and out, above the raw stores.
 *
 * Any thread.
 */
#include "storage/offset_store_priv.h"

#include "connect/log.h"
#include "connect/thread.h"
#include "storage/offset_codec_priv.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.storage.OffsetStorageReaderImpl");

struct kc_offset_store *kc_offset_store_ref(struct kc_offset_store *store)
{
    if (store)
        atomic_fetch_add(&store->references, 1);
    return store;
}

void kc_offset_store_unref(struct kc_offset_store *store)
{
    if (store && atomic_fetch_sub(&store->references, 1) == 1)
        store->ops->destroy(store);
}

struct kc_error *kc_offset_store_start(struct kc_offset_store *store, const atomic_bool *cancel)
{
    return store->ops->start(store, cancel);
}

/* ---- reading ---- */

/* An unreadable value counts as none, with an error in the log, because the task may start over. */
static json_t *read_value(const char *key, const char *value)
{
    json_t *offset = NULL;
    struct kc_error *err = kc_offset_value_read(value, value ? strlen(value) : 0, &offset);
    if (err)
        kc_log_error(
            "CRITICAL: Failed to deserialize the offset of %s: %s. No value for this data will be "
            "returned, which may break the task or cause it to skip some data.",
            key, kc_error_text(err));
    kc_error_destroy(err);
    return offset;
}

static json_t *look_up(struct kc_offset_store *store, const char *key)
{
    char *value = store->ops->lookup(store, key);
    json_t *offset = read_value(key, value);
    free(value);
    return offset;
}

struct kc_error *kc_offset_store_get(struct kc_offset_store *store, const char *connector,
                                     json_t *const *partitions, size_t count, json_t **offsets,
                                     int timeout_ms)
{
    memset(offsets, 0, count * sizeof(*offsets));
    struct kc_error *err = store->ops->refresh(store, timeout_ms);
    if (err)
        return kc_error_prefix(err, "Failed to fetch offsets of connector %s", connector);
    for (size_t i = 0; i < count; i++) {
        char *key = kc_offset_key(connector, partitions[i]);
        offsets[i] = look_up(store, key);
        free(key);
    }
    return NULL;
}

static void list_one(struct kc_offset_store *store, const char *key, json_t *list)
{
    char *connector = NULL;
    json_t *partition = NULL;
    json_t *offset = look_up(store, key);
    kc_error_destroy(kc_offset_key_read(key, strlen(key), &connector, &partition));
    if (offset && partition) {
        json_t *item = json_object();
        json_object_set(item, "partition", partition);
        json_object_set(item, "offset", offset);
        json_array_append_new(list, item);
    }
    json_decref(offset);
    json_decref(partition);
    free(connector);
}

struct kc_error *kc_offset_store_list(struct kc_offset_store *store, const char *connector,
                                      int timeout_ms, json_t **offsets)
{
    struct kc_strings keys = {0};
    struct kc_error *err = store->ops->refresh(store, timeout_ms);
    if (err)
        return kc_error_prefix(err, "Failed to fetch offsets of connector %s", connector);
    store->ops->keys(store, connector, &keys);
    *offsets = json_array();
    for (size_t i = 0; i < keys.count; i++)
        list_one(store, keys.items[i], *offsets);
    kc_strings_destroy(&keys);
    return NULL;
}

/* ---- answers ---- */

struct kc_offset_answers {
    pthread_mutex_t lock;
    size_t waiting;
    bool told;
    kc_offset_done done;
    void *opaque;
};

struct kc_offset_answers *kc_offset_answers_new(size_t count, kc_offset_done done, void *opaque)
{
    if (count == 0) {
        done(opaque, NULL);
        return NULL;
    }
    struct kc_offset_answers *answers = kc_calloc(1, sizeof(*answers));
    pthread_mutex_init(&answers->lock, NULL);
    answers->waiting = count;
    answers->done = done;
    answers->opaque = opaque;
    return answers;
}

void kc_offset_answers_give(void *opaque, struct kc_error *err)
{
    struct kc_offset_answers *answers = opaque;
    pthread_mutex_lock(&answers->lock);
    bool last = --answers->waiting == 0;
    bool tell = !answers->told && (err || last);
    answers->told = answers->told || tell;
    pthread_mutex_unlock(&answers->lock);
    if (tell)
        answers->done(answers->opaque, err);
    else
        kc_error_destroy(err);
    if (!last)
        return;
    pthread_mutex_destroy(&answers->lock);
    free(answers);
}

/* ---- writing ---- */

void kc_offset_store_set(struct kc_offset_store *store, const char *connector,
                         const struct kc_offset_write *writes, size_t count, kc_offset_done done,
                         void *opaque)
{
    struct kc_offset_pair *pairs = kc_calloc(count + 1, sizeof(*pairs));
    for (size_t i = 0; i < count; i++) {
        pairs[i].key = kc_offset_key(connector, writes[i].partition);
        pairs[i].value = kc_offset_value(writes[i].offset);
    }
    store->ops->set(store, pairs, count, done, opaque);
    for (size_t i = 0; i < count; i++) {
        free(pairs[i].key);
        free(pairs[i].value);
    }
    free(pairs);
}

/* Shared by the waiting thread and the answer; the last one frees it. */
struct waiting {
    pthread_mutex_t lock;
    pthread_cond_t cond;
    bool done;
    bool left; /* the waiting thread has gone */
    struct kc_error *err;
};

static void waiting_destroy(struct waiting *waiting)
{
    pthread_mutex_destroy(&waiting->lock);
    pthread_cond_destroy(&waiting->cond);
    kc_error_destroy(waiting->err);
    free(waiting);
}

static void on_written(void *opaque, struct kc_error *err)
{
    struct waiting *waiting = opaque;
    pthread_mutex_lock(&waiting->lock);
    waiting->done = true;
    waiting->err = err;
    bool left = waiting->left;
    pthread_cond_signal(&waiting->cond);
    pthread_mutex_unlock(&waiting->lock);
    if (left)
        waiting_destroy(waiting);
}

struct kc_error *kc_offset_store_write(struct kc_offset_store *store, const char *connector,
                                       const struct kc_offset_write *writes, size_t count,
                                       int timeout_ms)
{
    int64_t deadline = kc_mono_ms() + timeout_ms;
    struct waiting *waiting = kc_calloc(1, sizeof(*waiting));
    pthread_mutex_init(&waiting->lock, NULL);
    kc_cond_init(&waiting->cond);
    kc_offset_store_set(store, connector, writes, count, on_written, waiting);
    pthread_mutex_lock(&waiting->lock);
    while (!waiting->done && kc_cond_wait_until(&waiting->cond, &waiting->lock, deadline))
        ;
    bool done = waiting->done;
    waiting->left = !done;
    struct kc_error *err = waiting->err;
    waiting->err = NULL;
    pthread_mutex_unlock(&waiting->lock);
    if (!done)
        return kc_error_retriable_new(KC_ERR_TIMEOUT,
                                      "Writing offsets of connector %s took longer than %d ms",
                                      connector, timeout_ms);
    waiting_destroy(waiting);
    return err;
}
