/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state machine of the config topic (KafkaConfigBackingStore.ConsumeCallback).
 *
 * Task configs wait in `deferred` until their commit record says how many there are. If a commit
 * finds some missing (compaction removed them), the connector is inconsistent. A connector's record
 * may come behind its tasks, because it was written again and compaction removed the older record.
 * During the first read of the topic such tasks wait for it in `orphans`. (Java drops them since
 * KAFKA-16838, so a worker that joins has tasks without a configuration.) Tasks of a deleted
 * connector whose name is used again look the same once the tombstone is gone. They are dropped if
 * anything shows it, see are_of_another(). lock guards the state. A snapshot is made on demand and
 * kept until the next change.
 */
#include "storage/config_reader_priv.h"

#include "connect/hash.h"
#include "connect/log.h"
#include "storage/cluster_state_priv.h"
#include "storage/config_codec_priv.h"
#include "storage/jackson_scan_priv.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.storage.KafkaConfigBackingStore");

struct config_entry {
    struct connector_state state;
    bool has_deferred; /* Java's map exists, be it empty */
    struct task_configs deferred;
    struct task_configs orphans;
    int orphan_count; /* -1: none */
    UT_hash_handle hh;
};

struct kc_config_reader {
    struct kc_config_listener listener;
    void *opaque;
    pthread_mutex_t lock;
    bool started;
    int64_t offset;
    struct kc_session_key key;
    struct config_entry *entries;
    struct kc_cluster_state *picture; /* NULL: to be made */
};

/* Events for the listener, told once the lock is free. */
enum news {
    NEWS_NONE,
    NEWS_UPDATED,
    NEWS_REMOVED,
    NEWS_TASKS,
    NEWS_TARGET,
    NEWS_SESSION_KEY,
    NEWS_RESTART,
    NEWS_LOGGER,
};

/* One record on its way through. */
struct config_step {
    const char *name; /* connector or logger */
    int task;
    const char *value;
    size_t len;
    enum news news;
    bool include_tasks, only_failed;
    char *level;
};

struct kc_config_reader *kc_config_reader_new(const struct kc_config_listener *listener,
                                              void *opaque)
{
    struct kc_config_reader *reader = kc_calloc(1, sizeof(*reader));
    if (listener)
        reader->listener = *listener;
    reader->opaque = opaque;
    reader->offset = -1;
    pthread_mutex_init(&reader->lock, NULL);
    return reader;
}

void kc_config_reader_destroy(struct kc_config_reader *reader)
{
    if (!reader)
        return;
    struct config_entry *entry = NULL;
    struct config_entry *next = NULL;
    HASH_ITER (hh, reader->entries, entry, next) {
        HASH_DEL(reader->entries, entry);
        kc_connector_state_clear(&entry->state);
        kc_task_configs_clear(&entry->deferred);
        kc_task_configs_clear(&entry->orphans);
        free(entry);
    }
    kc_session_key_clear(&reader->key);
    kc_cluster_state_unref(reader->picture);
    pthread_mutex_destroy(&reader->lock);
    free(reader);
}

void kc_config_reader_set_started(struct kc_config_reader *reader)
{
    pthread_mutex_lock(&reader->lock);
    reader->started = true;
    pthread_mutex_unlock(&reader->lock);
}

/* ---- entries ---- */

static struct config_entry *find(struct kc_config_reader *reader, const char *name)
{
    struct config_entry *entry = NULL;
    HASH_FIND_STR(reader->entries, name, entry);
    return entry;
}

static struct config_entry *find_or_add(struct kc_config_reader *reader, const char *name)
{
    struct config_entry *entry = find(reader, name);
    if (entry)
        return entry;
    entry = kc_calloc(1, sizeof(*entry));
    entry->orphan_count = -1;
    entry->state = (struct connector_state){
        .name = kc_strdup(name), .task_count = -1, .task_count_record = -1, .generation = -1};
    HASH_ADD_KEYPTR(hh, reader->entries, entry->state.name, strlen(entry->state.name), entry);
    return entry;
}

static void drop_orphans(struct config_entry *entry)
{
    kc_task_configs_clear(&entry->orphans);
    entry->orphan_count = -1;
}

/* Target state, task count record, generation and pending fencing survive the connector. */
static void forget_connector(struct config_entry *entry)
{
    kc_shared_config_unref(entry->state.config);
    kc_shared_config_unref(entry->state.applied);
    entry->state.config = NULL;
    entry->state.applied = NULL;
    entry->state.task_count = -1;
    kc_task_configs_clear(&entry->state.tasks);
    kc_task_configs_clear(&entry->deferred);
    drop_orphans(entry);
    entry->has_deferred = false;
}

static bool is_null(const struct config_step *step)
{
    return !step->value;
}

static struct kc_error *unexpected_null(void)
{
    return kc_error_new(KC_ERR_DATA, "the value is unexpectedly null");
}

/* ---- one function per kind of record, under the lock ---- */

static struct kc_error *on_target_state(struct kc_config_reader *reader, struct config_step *step)
{
    struct config_entry *entry = find_or_add(reader, step->name);
    if (is_null(step)) {
        entry->state.target = entry->state.config ? KC_TARGET_STARTED : KC_TARGET_NONE;
        /* Only the deletion of a connector writes this. It also writes the connector's own
         * tombstone, but compaction removes that when the name is used again. */
        if (!entry->state.config)
            drop_orphans(entry);
        return NULL;
    }
    enum kc_target_state state = KC_TARGET_NONE;
    struct kc_error *err = kc_config_read_target_state(step->value, step->len, &state);
    if (err)
        return err;
    if (entry->state.target != state && entry->state.config)
        step->news = NEWS_TARGET;
    entry->state.target = state;
    return NULL;
}

/* Whether the orphans can't belong to the new connector. A stopped connector has no tasks, and most
 * task configurations begin as a copy of their connector's. */
static bool are_of_another(const struct config_entry *entry)
{
    static const char class[] = "connector.class";
    const char *wanted = kc_map_get(entry->state.config->map, class);
    if (entry->state.target == KC_TARGET_STOPPED && entry->orphan_count > 0)
        return true;
    for (size_t i = 0; i < entry->orphans.count; i++) {
        const char *has = kc_map_get(entry->orphans.items[i].config->map, class);
        if (has && wanted && strcmp(has, wanted) != 0)
            return true;
    }
    return false;
}

/* Takes over the tasks that were read before their connector. It is unknown from which
 * configuration they were made, so applied stays NULL and the connector's start writes them anew.
 */
static void adopt_orphans(struct config_entry *entry)
{
    struct connector_state *state = &entry->state;
    kc_task_configs_copy(&state->tasks, &entry->orphans);
    state->task_count = entry->orphan_count;
    state->generation++;
    drop_orphans(entry);
}

static struct kc_error *on_connector(struct kc_config_reader *reader, struct config_step *step)
{
    struct config_entry *entry = find_or_add(reader, step->name);
    if (is_null(step)) {
        forget_connector(entry);
        step->news = NEWS_REMOVED;
        return NULL;
    }
    struct kc_map *properties = NULL;
    struct kc_error *err = kc_config_read_properties(step->value, step->len, &properties);
    if (err)
        return err;
    kc_shared_config_unref(entry->state.config);
    entry->state.config = kc_shared_config_take(properties);
    if (entry->state.target == KC_TARGET_NONE)
        entry->state.target = KC_TARGET_STARTED;
    if (!reader->started && entry->orphan_count >= 0 && !are_of_another(entry))
        adopt_orphans(entry);
    drop_orphans(entry);
    step->news = NEWS_UPDATED;
    return NULL;
}

static struct kc_error *on_task(struct kc_config_reader *reader, struct config_step *step)
{
    struct kc_map *properties = NULL;
    if (is_null(step))
        return unexpected_null();
    struct kc_error *err = kc_config_read_properties(step->value, step->len, &properties);
    if (err)
        return err;
    struct config_entry *entry = find_or_add(reader, step->name);
    entry->has_deferred = true;
    kc_task_configs_set(&entry->deferred, step->task, kc_shared_config_take(properties));
    return NULL;
}

/* All of 0..count-1; more may be there. */
static bool complete(const struct task_configs *deferred, int count)
{
    if (deferred->count < (size_t)count)
        return false;
    for (int i = 0; i < count; i++) {
        if (deferred->items[i].task != i)
            return false;
    }
    return true;
}

static void apply_deferred(struct config_entry *entry)
{
    struct connector_state *state = &entry->state;
    if (entry->has_deferred) {
        kc_task_configs_copy(&state->tasks, &entry->deferred);
        state->generation++;
    }
    state->inconsistent = false;
    kc_shared_config_unref(state->applied);
    state->applied = kc_shared_config_ref(state->config);
}

/* A commit of an unknown connector, which was deleted or comes later. */
static struct kc_error *on_orphaned_commit(struct kc_config_reader *reader,
                                           struct config_entry *entry,
                                           const struct config_step *step)
{
    int count = 0;
    struct task_configs tasks = {0};
    struct kc_error *err = is_null(step) || reader->started
                               ? NULL
                               : kc_config_read_commit(step->value, step->len, &count);
    bool wait = !err && !is_null(step) && !reader->started && complete(&entry->deferred, count);
    if (wait)
        kc_task_configs_copy(&tasks, &entry->deferred);
    kc_debug("%s task configs for connector %s, which has no configuration (yet)",
             wait ? "Keeping" : "Ignoring", step->name);
    forget_connector(entry);
    if (wait) {
        entry->orphans = tasks;
        entry->orphan_count = count;
        entry->state.pending_fencing = true;
    }
    return err;
}

static struct kc_error *on_commit(struct kc_config_reader *reader, struct config_step *step)
{
    struct config_entry *entry = find_or_add(reader, step->name);
    if (!entry->state.config)
        return on_orphaned_commit(reader, entry, step);
    int count = 0;
    if (is_null(step))
        return unexpected_null();
    struct kc_error *err = kc_config_read_commit(step->value, step->len, &count);
    if (err)
        return err;
    if (complete(&entry->deferred, count)) {
        apply_deferred(entry);
    } else {
        kc_debug(
            "Incomplete task configs for connector '%s', probably due to compaction; they aren't "
            "applied",
            step->name);
        entry->state.inconsistent = true;
    }
    kc_task_configs_clear(&entry->deferred);
    entry->state.task_count = count;
    entry->state.pending_fencing = true;
    step->news = NEWS_TASKS;
    return NULL;
}

static struct kc_error *on_restart(struct kc_config_reader *reader, struct config_step *step)
{
    if (is_null(step))
        return unexpected_null();
    step->news = NEWS_RESTART;
    struct kc_error *err =
        kc_config_read_restart(step->value, step->len, &step->include_tasks, &step->only_failed);
    if (err)
        step->news = NEWS_NONE;
    return err;
}

static struct kc_error *on_task_count(struct kc_config_reader *reader, struct config_step *step)
{
    int count = 0;
    if (is_null(step))
        return unexpected_null();
    struct kc_error *err = kc_config_read_task_count(step->value, step->len, &count);
    if (err)
        return err;
    struct config_entry *entry = find_or_add(reader, step->name);
    entry->state.task_count_record = count;
    entry->state.pending_fencing = false;
    return NULL;
}

static struct kc_error *on_session_key(struct kc_config_reader *reader, struct config_step *step)
{
    struct kc_session_key key = {0};
    if (is_null(step))
        return unexpected_null();
    struct kc_error *err = kc_config_read_session_key(step->value, step->len, &key);
    if (err)
        return err;
    kc_session_key_clear(&reader->key);
    reader->key = key;
    step->news = NEWS_SESSION_KEY;
    return NULL;
}

static struct kc_error *on_logger(struct kc_config_reader *reader, struct config_step *step)
{
    if (is_null(step))
        return unexpected_null();
    struct kc_error *err = kc_config_read_logger(step->value, step->len, &step->level);
    if (!err)
        step->news = NEWS_LOGGER;
    return err;
}

typedef struct kc_error *(*step_fn)(struct kc_config_reader *, struct config_step *);
static const step_fn steps[] = {
    [KC_RECORD_TARGET_STATE] = on_target_state,
    [KC_RECORD_CONNECTOR] = on_connector,
    [KC_RECORD_TASK] = on_task,
    [KC_RECORD_COMMIT] = on_commit,
    [KC_RECORD_RESTART] = on_restart,
    [KC_RECORD_TASK_COUNT] = on_task_count,
    [KC_RECORD_SESSION_KEY] = on_session_key,
    [KC_RECORD_LOGGER] = on_logger,
};

/* ---- telling ---- */

#define TELL(reader, call, ...)                                                                    \
    do {                                                                                           \
        if ((reader)->listener.call)                                                               \
            (reader)->listener.call((reader)->opaque __VA_OPT__(, ) __VA_ARGS__);                  \
    } while (0)

static void tell(struct kc_config_reader *reader, const struct config_step *step)
{
    switch (step->news) {
    case NEWS_NONE:
        break;
    case NEWS_UPDATED:
        TELL(reader, connector_updated, step->name);
        break;
    case NEWS_REMOVED:
        kc_info("Successfully processed removal of connector '%s'", step->name);
        TELL(reader, connector_removed, step->name);
        break;
    case NEWS_TASKS:
        TELL(reader, tasks_updated, step->name);
        break;
    case NEWS_TARGET:
        TELL(reader, target_state_changed, step->name);
        break;
    case NEWS_SESSION_KEY:
        TELL(reader, session_key_updated);
        break;
    case NEWS_RESTART:
        TELL(reader, restart_requested, step->name, step->include_tasks, step->only_failed);
        break;
    case NEWS_LOGGER:
        TELL(reader, logger_level_updated, step->name, step->level);
        break;
    }
}

/* ---- records ---- */

/* First reads the value as Java's converter does. As in Java, a refused value doesn't move the
 * offset. Text behind a value isn't part of it. */
static bool convert(struct config_step *step)
{
    if (!step->value)
        return true;
    size_t end = 0;
    enum kc_jackson_verdict verdict = kc_jackson_scan(step->value, step->len, &end);
    step->len = end;
    if (verdict == KC_JACKSON_NULL)
        step->value = NULL;
    return verdict != KC_JACKSON_REFUSED;
}

/* How much of a key goes to the log. */
static int shown(size_t key_len)
{
    return key_len > 300 ? 300 : (int)key_len;
}

void kc_config_reader_apply(struct kc_config_reader *reader, int64_t offset, const char *key,
                            size_t key_len, const char *value, size_t value_len)
{
    char *name = NULL;
    struct config_step step = {.value = value, .len = value_len};
    if (!convert(&step)) {
        kc_warn("Ignoring config record at offset %lld with key %.*s: the value is no JSON",
                (long long)offset, shown(key_len), key ? key : "");
        return;
    }
    enum kc_config_record kind = kc_config_record_parse_key(key, key_len, &name, &step.task);
    struct kc_error *err = NULL;
    step.name = name;
    pthread_mutex_lock(&reader->lock);
    if (offset >= 0)
        reader->offset = offset + 1;
    if (kind == KC_RECORD_UNKNOWN)
        err = kc_error_new(KC_ERR_DATA, "the key is none that Connect knows");
    else
        err = steps[kind](reader, &step);
    kc_cluster_state_unref(reader->picture);
    reader->picture = NULL;
    bool started = reader->started;
    pthread_mutex_unlock(&reader->lock);
    if (err)
        kc_warn("Ignoring config record at offset %lld with key %.*s: %s", (long long)offset,
                shown(key_len), key ? key : "", kc_error_text(err));
    else if (started || step.news == NEWS_SESSION_KEY)
        tell(reader, &step);
    kc_error_destroy(err);
    free(step.level);
    free(name);
}

struct kc_cluster_state *kc_config_reader_snapshot(struct kc_config_reader *reader)
{
    pthread_mutex_lock(&reader->lock);
    if (!reader->picture) {
        size_t count = 0;
        struct connector_state *states =
            kc_calloc(HASH_COUNT(reader->entries) + 1, sizeof(*states));
        for (struct config_entry *entry = reader->entries; entry; entry = entry->hh.next)
            kc_connector_state_copy(&states[count++], &entry->state);
        reader->picture = kc_cluster_state_new(
            reader->offset, reader->key.key ? &reader->key : NULL, states, count);
    }
    struct kc_cluster_state *picture = kc_cluster_state_ref(reader->picture);
    pthread_mutex_unlock(&reader->lock);
    return picture;
}
