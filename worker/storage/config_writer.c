/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The leader's transactional producer for the config topic.
 *
 * It exists from a claim to the first failure (KafkaConfigBackingStore.fencableProducer). lock is
 * held throughout each operation, because a producer has one transaction at a time.
 */
#include "storage/config_writer_priv.h"

#include "connect/log.h"
#include "storage/internal_topic.h"

#include <pthread.h>
#include <stdlib.h>
#include <strings.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.storage.KafkaConfigBackingStore");

#define INIT_TIMEOUT_MS 60000

struct kc_config_writer {
    pthread_mutex_t lock;
    char *topic;
    struct kc_map *properties;
    rd_kafka_t *producer; /* NULL: no privileges */
};

/* Sets what Connect insists on, and warns if the worker's file says otherwise. */
static void insist(struct kc_map *properties, const char *key, const char *value)
{
    const char *given = kc_map_get(properties, key);
    if (given && strcasecmp(given, value) != 0)
        kc_warn(
            "The value '%s' for the '%s' property will be ignored as it is overridden by '%s' for "
            "the worker's config topic producer when exactly-once source support is enabled or in "
            "preparation to be enabled",
            given, key, value);
    kc_map_set(properties, key, value);
}

struct kc_error *kc_config_writer_new(const struct kc_worker_config *config,
                                      struct kc_config_writer **result)
{
    const char *topic = NULL;
    struct kc_error *err = kc_internal_topic_name(config, KC_TOPIC_CONFIG, &topic);
    if (err)
        return err;
    struct kc_config_writer *writer = kc_calloc(1, sizeof(*writer));
    pthread_mutex_init(&writer->lock, NULL);
    writer->topic = kc_strdup(topic);
    writer->properties = kc_internal_topic_client(config, KC_TOPIC_CONFIG);
    char *client_id =
        kc_asprintf("%s-leader", kc_map_get_or(writer->properties, "client.id", "configs"));
    char *transactional_id =
        kc_asprintf("connect-cluster-%s", kc_config_string(config->values, "group.id"));
    kc_map_set(writer->properties, "client.id", client_id);
    kc_map_set(writer->properties, "acks", "all");
    kc_map_set(writer->properties, "max.in.flight.requests.per.connection", "5");
    kc_map_set(writer->properties, "delivery.timeout.ms", "2147483647");
    kc_map_set(writer->properties, "linger.ms", "0");
    insist(writer->properties, "enable.idempotence", "true");
    insist(writer->properties, "transactional.id", transactional_id);
    free(client_id);
    free(transactional_id);
    *result = writer;
    return NULL;
}

/* Doesn't wait, because what wasn't committed is dropped. */
static void relinquish(struct kc_config_writer *writer)
{
    if (!writer->producer)
        return;
    rd_kafka_purge(writer->producer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT |
                                         RD_KAFKA_PURGE_F_NON_BLOCKING);
    rd_kafka_destroy(writer->producer);
    writer->producer = NULL;
}

void kc_config_writer_destroy(struct kc_config_writer *writer)
{
    if (!writer)
        return;
    relinquish(writer);
    kc_map_destroy(writer->properties);
    pthread_mutex_destroy(&writer->lock);
    free(writer->topic);
    free(writer);
}

/* Takes error; NULL is success. */
static struct kc_error *taken(rd_kafka_error_t *error, const char *what)
{
    if (!error)
        return NULL;
    struct kc_error *err =
        kc_client_error(rd_kafka_error_code(error), "%s: %s", what, rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
    return err;
}

static struct kc_error *claim(struct kc_config_writer *writer)
{
    struct kc_error *err =
        kc_client_open(KC_CLIENT_PRODUCER, writer->properties, &writer->producer);
    if (!err)
        err = taken(rd_kafka_init_transactions(writer->producer, INIT_TIMEOUT_MS),
                    "Initialising transactions failed");
    if (!err)
        return NULL;
    relinquish(writer);
    return kc_error_caused(
        kc_error_new(KC_ERR_CONNECT,
                     "Failed to create and initialize fencable producer for config topic"),
        err);
}

struct kc_error *kc_config_writer_claim(struct kc_config_writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    struct kc_error *err = writer->producer ? NULL : claim(writer);
    pthread_mutex_unlock(&writer->lock);
    return err;
}

static struct kc_error *produce(struct kc_config_writer *writer, const struct kc_log_record *record)
{
    rd_kafka_resp_err_t code = rd_kafka_producev(
        writer->producer, RD_KAFKA_V_TOPIC(writer->topic), RD_KAFKA_V_PARTITION(0),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(record->key, record->key_len),
        RD_KAFKA_V_VALUE((void *)(uintptr_t)record->value, record->value_len), RD_KAFKA_V_END);
    return code ? kc_client_error(code, "Writing to topic %s failed", writer->topic) : NULL;
}

static struct kc_error *transact(struct kc_config_writer *writer,
                                 const struct kc_log_record *records, size_t count, int timeout_ms)
{
    struct kc_error *err =
        taken(rd_kafka_begin_transaction(writer->producer), "Beginning a transaction failed");
    for (size_t i = 0; i < count && !err; i++)
        err = produce(writer, &records[i]);
    if (!err)
        err = taken(rd_kafka_commit_transaction(writer->producer, timeout_ms),
                    "Committing a transaction failed");
    return err;
}

struct kc_error *kc_config_writer_send(struct kc_config_writer *writer,
                                       const struct kc_log_record *records, size_t count,
                                       int timeout_ms)
{
    struct kc_error *err = NULL;
    pthread_mutex_lock(&writer->lock);
    if (!writer->producer)
        err = kc_error_new(KC_ERR_FENCED, "Cannot produce to config topic without claiming write "
                                          "privileges first");
    else
        err = transact(writer, records, count, timeout_ms);
    if (err && writer->producer) {
        kc_warn("Failed to perform fencable send to config topic: %s", kc_error_text(err));
        relinquish(writer);
        err = kc_error_caused(
            kc_error_new(KC_ERR_FENCED, "Failed to perform fencable send to config topic"), err);
    }
    pthread_mutex_unlock(&writer->lock);
    return err;
}
