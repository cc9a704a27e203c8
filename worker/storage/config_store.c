/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where connector and task configurations live: KafkaConfigBackingStore and
 * MemoryConfigBackingStore.
 *
 * Both write the same records. In memory they are applied at once and don't go through a topic.
 * Writes come from any thread, mostly the herder's; records come back on the log's thread.
 */
#include "storage/config_store.h"

#include "connect/log.h"
#include "storage/config_codec_priv.h"
#include "storage/config_reader_priv.h"
#include "storage/config_writer_priv.h"
#include "storage/internal_topic.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.storage.KafkaConfigBackingStore");

/* For sending, acknowledgement and reading back together. */
#define READ_WRITE_TOTAL_TIMEOUT_MS 30000

struct kc_config_store {
    struct kc_config_reader *reader;
    struct kc_kafka_log *log;          /* NULL: in memory */
    struct kc_config_writer *fencable; /* NULL: exactly-once is off */
};

/* ---- making ---- */

static void on_record(void *opaque, const struct kc_log_record *record)
{
    struct kc_config_store *store = opaque;
    kc_config_reader_apply(store->reader, record->offset, record->key, record->key_len,
                           record->value, record->value_len);
}

struct kc_error *kc_config_store_kafka_new(const struct kc_worker_config *config,
                                           const struct kc_config_listener *listener, void *opaque,
                                           struct kc_config_store **result)
{
    struct kc_config_store *store = kc_config_store_memory_new(listener, opaque);
    struct kc_error *err =
        kc_internal_topic_log(config, KC_TOPIC_CONFIG, on_record, store, &store->log);
    if (!err && kc_exactly_once_leader(config))
        err = kc_config_writer_new(config, &store->fencable);
    if (err) {
        kc_config_store_destroy(store);
        return err;
    }
    *result = store;
    return NULL;
}

struct kc_config_store *kc_config_store_memory_new(const struct kc_config_listener *listener,
                                                   void *opaque)
{
    struct kc_config_store *store = kc_calloc(1, sizeof(*store));
    store->reader = kc_config_reader_new(listener, opaque);
    return store;
}

void kc_config_store_destroy(struct kc_config_store *store)
{
    if (!store)
        return;
    kc_config_writer_destroy(store->fencable);
    kc_kafka_log_destroy(store->log);
    kc_config_reader_destroy(store->reader);
    free(store);
}

struct kc_error *kc_config_store_start(struct kc_config_store *store, const atomic_bool *cancel)
{
    if (store->log) {
        struct kc_error *err = kc_kafka_log_start(store->log, cancel);
        if (err)
            return err;
    }
    kc_config_reader_set_started(store->reader);
    return NULL;
}

struct kc_cluster_state *kc_config_store_snapshot(struct kc_config_store *store)
{
    return kc_config_reader_snapshot(store->reader);
}

struct kc_error *kc_config_store_refresh(struct kc_config_store *store, int timeout_ms)
{
    return store->log ? kc_kafka_log_read_to_end(store->log, timeout_ms) : NULL;
}

struct kc_error *kc_config_store_claim_write_privileges(struct kc_config_store *store)
{
    return store->fencable ? kc_config_writer_claim(store->fencable) : NULL;
}

/* ---- batches ---- */

/* Takes key and value. */
static struct kc_log_record record(char *key, char *value)
{
    return (struct kc_log_record){
        .key = key, .key_len = strlen(key), .value = value, .value_len = value ? strlen(value) : 0};
}

static struct kc_log_record record_of(enum kc_config_record kind, const char *name, char *value)
{
    return record(kc_config_record_key(kind, name, 0), value);
}

static void records_clear(struct kc_log_record *records, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free((char *)(uintptr_t)records[i].key);
        free((char *)(uintptr_t)records[i].value);
    }
}

static int left_of(int64_t deadline)
{
    int64_t left = deadline - kc_mono_ms();
    return left > 0 ? (int)left : 0;
}

static struct kc_error *apply(struct kc_config_store *store, const struct kc_log_record *records,
                              size_t count)
{
    for (size_t i = 0; i < count; i++)
        kc_config_reader_apply(store->reader, -1, records[i].key, records[i].key_len,
                               records[i].value, records[i].value_len);
    return NULL;
}

/* As the leader: transactionally when exactly-once is on. */
static struct kc_error *send_privileged(struct kc_config_store *store,
                                        const struct kc_log_record *records, size_t count,
                                        int64_t deadline)
{
    if (!store->log)
        return apply(store, records, count);
    if (store->fencable)
        return kc_config_writer_send(store->fencable, records, count, left_of(deadline));
    return kc_kafka_log_write(store->log, records, count, left_of(deadline));
}

static struct kc_error *read_back(struct kc_config_store *store, int64_t deadline)
{
    return kc_config_store_refresh(store, left_of(deadline));
}

/* An error for lost privileges is returned as it is, because the herder claims them again. */
static struct kc_error *explain(struct kc_error *err, const char *what)
{
    if (!err || kc_error_code(err) == KC_ERR_FENCED)
        return err;
    return kc_error_caused(kc_error_new(KC_ERR_CONNECT, "%s", what), err);
}

/* Takes the records: writes them as the leader and reads them back. */
static struct kc_error *write_privileged(struct kc_config_store *store,
                                         struct kc_log_record *records, size_t count,
                                         const char *what)
{
    int64_t deadline = kc_mono_ms() + READ_WRITE_TOTAL_TIMEOUT_MS;
    struct kc_error *err = send_privileged(store, records, count, deadline);
    if (!err)
        err = read_back(store, deadline);
    records_clear(records, count);
    return explain(err, what);
}

/* Takes the record. Any worker writes it, with the ordinary producer, and doesn't read it back. */
static struct kc_error *write_ordinary(struct kc_config_store *store, struct kc_log_record one,
                                       const char *what)
{
    struct kc_error *err =
        store->log ? kc_kafka_log_write(store->log, &one, 1, READ_WRITE_TOTAL_TIMEOUT_MS)
                   : apply(store, &one, 1);
    records_clear(&one, 1);
    return explain(err, what);
}

/* ---- operations ---- */

struct kc_error *kc_config_store_put_connector(struct kc_config_store *store, const char *connector,
                                               const struct kc_map *config,
                                               enum kc_target_state state)
{
    struct kc_log_record records[2];
    size_t count = 0;
    kc_debug("Writing connector configuration for connector '%s'", connector);
    if (state != KC_TARGET_NONE)
        records[count++] =
            record_of(KC_RECORD_TARGET_STATE, connector, kc_config_write_target_state(state));
    records[count++] =
        record_of(KC_RECORD_CONNECTOR, connector, kc_config_write_properties(config));
    return write_privileged(store, records, count,
                            "Error writing connector configuration to Kafka");
}

struct kc_error *kc_config_store_remove_connector(struct kc_config_store *store,
                                                  const char *connector)
{
    kc_debug("Removing connector configuration for connector '%s'", connector);
    struct kc_log_record records[2] = {
        record_of(KC_RECORD_CONNECTOR, connector, NULL),
        record_of(KC_RECORD_TARGET_STATE, connector, NULL),
    };
    return write_privileged(store, records, 2, "Error removing connector configuration from Kafka");
}

static struct kc_error *write_tasks(struct kc_config_store *store, const char *connector,
                                    const struct kc_maps *configs, int64_t deadline)
{
    struct kc_log_record *records = kc_calloc(configs->count, sizeof(*records));
    for (size_t i = 0; i < configs->count; i++)
        records[i] = record(kc_config_record_key(KC_RECORD_TASK, connector, (int)i),
                            kc_config_write_properties(configs->items[i]));
    struct kc_error *err = send_privileged(store, records, configs->count, deadline);
    records_clear(records, configs->count);
    free(records);
    return explain(err, "Error writing task configurations to Kafka");
}

static struct kc_error *write_commit(struct kc_config_store *store, const char *connector,
                                     int tasks, int64_t deadline)
{
    struct kc_log_record commit =
        record_of(KC_RECORD_COMMIT, connector, kc_config_write_commit(tasks));
    kc_debug("Writing commit for connector '%s' with %d tasks.", connector, tasks);
    struct kc_error *err = send_privileged(store, &commit, 1, deadline);
    records_clear(&commit, 1);
    return err;
}

struct kc_error *kc_config_store_put_tasks(struct kc_config_store *store, const char *connector,
                                           const struct kc_maps *configs)
{
    static const char what[] = "Error writing root configuration to Kafka";
    int64_t deadline = kc_mono_ms() + READ_WRITE_TOTAL_TIMEOUT_MS;
    struct kc_error *err = explain(read_back(store, deadline), what);
    if (!err && configs->count) {
        err = write_tasks(store, connector, configs, deadline);
        if (!err)
            err = explain(read_back(store, deadline), what);
    }
    if (!err)
        err = explain(write_commit(store, connector, (int)configs->count, deadline), what);
    if (!err)
        err = explain(read_back(store, deadline), what);
    return err;
}

struct kc_error *kc_config_store_put_target_state(struct kc_config_store *store,
                                                  const char *connector, enum kc_target_state state)
{
    kc_debug("Writing target state %s for connector %s", kc_target_state_name(state), connector);
    return write_ordinary(
        store, record_of(KC_RECORD_TARGET_STATE, connector, kc_config_write_target_state(state)),
        "Error writing target state to Kafka");
}

struct kc_error *kc_config_store_put_session_key(struct kc_config_store *store,
                                                 const struct kc_session_key *key)
{
    struct kc_log_record one =
        record_of(KC_RECORD_SESSION_KEY, NULL, kc_config_write_session_key(key));
    kc_debug("Distributing new session key");
    return write_privileged(store, &one, 1, "Error writing session key to Kafka");
}

struct kc_error *kc_config_store_put_restart(struct kc_config_store *store, const char *connector,
                                             bool include_tasks, bool only_failed)
{
    /* A standalone herder restarts its connectors itself (MemoryConfigBackingStore). */
    if (!store->log)
        return NULL;
    struct kc_log_record one = record_of(KC_RECORD_RESTART, connector,
                                         kc_config_write_restart(include_tasks, only_failed));
    char *what =
        kc_asprintf("Error writing restart request{connectorName='%s', onlyFailed=%s, "
                    "includeTasks=%s} to Kafka",
                    connector, only_failed ? "true" : "false", include_tasks ? "true" : "false");
    struct kc_error *err = write_privileged(store, &one, 1, what);
    free(what);
    return err;
}

struct kc_error *kc_config_store_put_task_count(struct kc_config_store *store,
                                                const char *connector, int count)
{
    struct kc_log_record one =
        record_of(KC_RECORD_TASK_COUNT, connector, kc_config_write_task_count(count));
    kc_debug("Writing task count record %d for connector %s", count, connector);
    return write_privileged(store, &one, 1, "Error writing task count record to Kafka");
}

struct kc_error *kc_config_store_put_logger_level(struct kc_config_store *store, const char *name,
                                                  const char *level)
{
    kc_debug("Writing level %s for logging namespace %s to Kafka", level, name);
    return write_ordinary(store, record_of(KC_RECORD_LOGGER, name, kc_config_write_logger(level)),
                          "Error writing logger level to Kafka");
}
