/* SPDX-License-Identifier: Apache-2.0 */
/* Writes in place of exactly-once tasks: see eos_offsets.h. */
#include "source/eos_offsets.h"

#include "connect/log.h"
#include "storage/connector_offsets.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.runtime.Worker");

char *kc_transactional_id(const struct kc_worker_config *config, const char *connector, int task)
{
    return kc_asprintf("%s-%s-%d", kc_config_string(config->values, "group.id"), connector, task);
}

/* ---- writing ---- */

/* Takes error. */
static struct kc_error *from_client(rd_kafka_error_t *error, const char *what)
{
    if (!error)
        return NULL;
    struct kc_error *err =
        kc_client_error(rd_kafka_error_code(error), "%s: %s", what, rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
    return err;
}

static struct kc_error *produce(rd_kafka_t *producer, const char *topic, const char *connector,
                                const struct kc_offset_write *write)
{
    char *key = kc_offset_key(connector, write->partition);
    char *value = write->offset ? kc_offset_value(write->offset) : NULL;
    rd_kafka_resp_err_t code = rd_kafka_producev(
        producer, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_KEY(key, strlen(key)), RD_KAFKA_V_VALUE(value, value ? strlen(value) : 0),
        RD_KAFKA_V_END);
    free(key);
    free(value);
    return code ? kc_client_error(code, "Writing source offsets to topic %s", topic) : NULL;
}

static struct kc_error *write_transaction(rd_kafka_t *producer, const char *topic,
                                          const char *connector,
                                          const struct kc_offset_write *writes, size_t count,
                                          int timeout_ms)
{
    struct kc_error *err =
        from_client(rd_kafka_init_transactions(producer, timeout_ms), "Initialising transactions");
    if (!err)
        err = from_client(rd_kafka_begin_transaction(producer), "Beginning a transaction");
    for (size_t i = 0; i < count && !err; i++)
        err = produce(producer, topic, connector, &writes[i]);
    if (!err)
        err = from_client(rd_kafka_commit_transaction(producer, timeout_ms),
                          "Committing source offsets");
    return err;
}

/* tombstones: only those; otherwise only the others. */
static struct kc_error *copy_to_worker(struct kc_offset_store *store, const char *connector,
                                       const struct kc_offset_write *writes, size_t count,
                                       bool tombstones, int timeout_ms)
{
    struct kc_offset_write *chosen = kc_calloc(count + 1, sizeof(*chosen));
    size_t chosen_count = 0;
    for (size_t i = 0; i < count; i++)
        if (!writes[i].offset == tombstones)
            chosen[chosen_count++] = writes[i];
    struct kc_error *err =
        chosen_count ? kc_offset_store_write(store, connector, chosen, chosen_count, timeout_ms)
                     : NULL;
    free(chosen);
    return err;
}

struct kc_error *kc_eos_write_offsets(const struct kc_worker_config *config,
                                      struct kc_offset_store *worker_store, const char *connector,
                                      const struct kc_map *originals,
                                      const struct kc_offset_write *writes, size_t count,
                                      int timeout_ms)
{
    bool separate = kc_connector_offsets_separate(config, originals);
    struct kc_error *err = NULL;
    if (separate)
        err = copy_to_worker(worker_store, connector, writes, count, true, timeout_ms);
    if (err)
        return err;
    char *client_id = kc_asprintf("connector-offset-producer-%s", connector);
    char *transactional_id = kc_transactional_id(config, connector, 0);
    struct kc_map *properties = kc_task_client_properties(config, "producer", originals, client_id);
    kc_map_set(properties, "enable.idempotence", "true");
    kc_map_set(properties, "transactional.id", transactional_id);
    rd_kafka_t *producer = NULL;
    err = kc_client_open(KC_CLIENT_PRODUCER, properties, &producer);
    if (!err)
        err = write_transaction(producer, kc_connector_offsets_topic(config, originals), connector,
                                writes, count, timeout_ms);
    if (producer)
        rd_kafka_destroy(producer);
    kc_map_destroy(properties);
    free(transactional_id);
    free(client_id);
    if (err || !separate)
        return err;
    err = copy_to_worker(worker_store, connector, writes, count, false, timeout_ms);
    if (err)
        kc_warn("The worker's offsets topic has not got a copy of the offsets: %s",
                kc_error_text(err));
    kc_error_destroy(err);
    return NULL;
}
