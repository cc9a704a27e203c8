/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making librdkafka clients, and turning its error codes into errors of ours.
 *
 * Any thread.
 */
#include "connect/kafka.h"
#include "kafka/client_priv.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* The codes whose Java exceptions are RetriableExceptions, and librdkafka's own for what Java
 * reports as such (TimeoutException, DisconnectException, network and metadata errors). */
static const rd_kafka_resp_err_t retriable_codes[] = {
    RD_KAFKA_RESP_ERR_INVALID_MSG,
    RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
    RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
    RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
    RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
    RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE,
    RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION,
    RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
    RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE,
    RD_KAFKA_RESP_ERR_NOT_COORDINATOR,
    RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
    RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND,
    RD_KAFKA_RESP_ERR_NOT_CONTROLLER,
    RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS,
    RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR,
    RD_KAFKA_RESP_ERR_FETCH_SESSION_ID_NOT_FOUND,
    RD_KAFKA_RESP_ERR_INVALID_FETCH_SESSION_EPOCH,
    RD_KAFKA_RESP_ERR_LISTENER_NOT_FOUND,
    RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH,
    RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH,
    RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE,
    RD_KAFKA_RESP_ERR_PREFERRED_LEADER_NOT_AVAILABLE,
    RD_KAFKA_RESP_ERR_ELIGIBLE_LEADERS_NOT_AVAILABLE,
    RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT,
    RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED,
    RD_KAFKA_RESP_ERR__TRANSPORT,
    RD_KAFKA_RESP_ERR__RESOLVE,
    RD_KAFKA_RESP_ERR__MSG_TIMED_OUT,
    RD_KAFKA_RESP_ERR__TIMED_OUT,
    RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE,
    RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN,
    RD_KAFKA_RESP_ERR__QUEUE_FULL,
    RD_KAFKA_RESP_ERR__ISR_INSUFF,
    RD_KAFKA_RESP_ERR__NODE_UPDATE,
    RD_KAFKA_RESP_ERR__WAIT_COORD,
    RD_KAFKA_RESP_ERR__WAIT_CACHE,
    RD_KAFKA_RESP_ERR__RETRY,
    RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC,
    RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION,
    RD_KAFKA_RESP_ERR__BAD_MSG,
    RD_KAFKA_RESP_ERR__PARTIAL,
};

static bool code_retriable(rd_kafka_resp_err_t code)
{
    for (size_t i = 0; i < sizeof(retriable_codes) / sizeof(*retriable_codes); i++) {
        if (retriable_codes[i] == code)
            return true;
    }
    return false;
}

struct kc_error *kc_client_error(rd_kafka_resp_err_t code, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *what = kc_vasprintf(fmt, args);
    va_end(args);
    struct kc_error *err = kc_error_kafka_new((int)code, code_retriable(code), "%s: %s (%s)", what,
                                              rd_kafka_err2str(code), rd_kafka_err2name(code));
    free(what);
    return err;
}

/* When librdkafka can't make a client, it frees the configuration's interceptors, and would free
 * them again with the configuration. So the configuration is kept. This is rare, because
 * kc_client_conf() finds almost every error before. */
static void keep_unused(rd_kafka_conf_t *conf)
{
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    static struct unused {
        rd_kafka_conf_t *conf;
        struct unused *next;
    } * all;
    struct unused *one = kc_calloc(1, sizeof(*one));

    pthread_mutex_lock(&mutex);
    *one = (struct unused){conf, all};
    all = one;
    pthread_mutex_unlock(&mutex);
}

struct kc_error *kc_client_new(enum kc_client_role role, rd_kafka_conf_t *conf, rd_kafka_t **result)
{
    char reason[512];
    char *sasl_queue = kc_conf_get(conf, "enable_sasl_queue");
    bool token_needed = strcmp(sasl_queue, "true") == 0;
    kc_conf_access(conf);
    free(sasl_queue);
    /* An admin client is a consumer without a group: a producer's metadata requests create topics.
     */
    rd_kafka_t *client =
        rd_kafka_new(role == KC_CLIENT_PRODUCER ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER, conf,
                     reason, sizeof(reason));
    if (!client) {
        keep_unused(conf);
        return kc_error_new(KC_ERR_CONFIG, "The Kafka client's settings don't go together: %s",
                            reason);
    }
    if (role == KC_CLIENT_CONSUMER)
        rd_kafka_poll_set_consumer(client);
    /* librdkafka's background thread fetches tokens, so nobody has to poll. */
    if (token_needed)
        rd_kafka_error_destroy(rd_kafka_sasl_background_callbacks_enable(client));
    *result = client;
    return NULL;
}

struct kc_error *kc_client_open(enum kc_client_role role, const struct kc_map *properties,
                                rd_kafka_t **client)
{
    rd_kafka_conf_t *conf = NULL;
    struct kc_error *err = kc_client_conf(role, properties, &conf);
    return err ? err : kc_client_new(role, conf, client);
}
