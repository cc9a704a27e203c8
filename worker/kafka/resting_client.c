/* SPDX-License-Identifier: Apache-2.0 */
/* Clients that rest: see connect/resting_client.h. A client is made with the lock held, so that all
 * who need one get the same, and ended without it. */
#include "connect/resting_client.h"

#include <pthread.h>
#include <stdlib.h>

struct kc_resting_client {
    enum kc_client_role role;
    rd_kafka_conf_t *conf; /* of each client */
    void (*made)(rd_kafka_t *client);
    pthread_mutex_t mutex; /* guards what follows */
    rd_kafka_t *client;    /* NULL: at rest */
    unsigned holders;
    int64_t used_ms;
};

struct kc_resting_client *kc_resting_client_new(enum kc_client_role role, rd_kafka_conf_t *conf,
                                                void (*made)(rd_kafka_t *client))
{
    struct kc_resting_client *resting = kc_calloc(1, sizeof(*resting));
    resting->role = role;
    resting->conf = conf;
    resting->made = made;
    pthread_mutex_init(&resting->mutex, NULL);
    return resting;
}

void kc_resting_client_destroy(struct kc_resting_client *resting)
{
    if (!resting)
        return;
    if (resting->client)
        rd_kafka_destroy(resting->client);
    rd_kafka_conf_destroy(resting->conf);
    pthread_mutex_destroy(&resting->mutex);
    free(resting);
}

/* Locked. */
static struct kc_error *wake(struct kc_resting_client *resting)
{
    struct kc_error *err =
        kc_client_new(resting->role, rd_kafka_conf_dup(resting->conf), &resting->client);
    if (!err && resting->made)
        resting->made(resting->client);
    return err;
}

struct kc_error *kc_resting_client_hold(struct kc_resting_client *resting, rd_kafka_t **client)
{
    pthread_mutex_lock(&resting->mutex);
    struct kc_error *err = resting->client ? NULL : wake(resting);
    if (!err) {
        *client = resting->client;
        resting->holders++;
        resting->used_ms = kc_mono_ms();
    }
    pthread_mutex_unlock(&resting->mutex);
    return err;
}

rd_kafka_t *kc_resting_client_hold_awake(struct kc_resting_client *resting)
{
    pthread_mutex_lock(&resting->mutex);
    rd_kafka_t *client = resting->client;
    resting->holders += client != NULL;
    pthread_mutex_unlock(&resting->mutex);
    return client;
}

void kc_resting_client_let_go(struct kc_resting_client *resting)
{
    pthread_mutex_lock(&resting->mutex);
    resting->holders--;
    pthread_mutex_unlock(&resting->mutex);
}

void kc_resting_client_rest(struct kc_resting_client *resting, int64_t idle_ms)
{
    rd_kafka_t *client = NULL;
    pthread_mutex_lock(&resting->mutex);
    if (resting->client && !resting->holders && kc_mono_ms() - resting->used_ms >= idle_ms &&
        rd_kafka_outq_len(resting->client) == 0) {
        client = resting->client;
        resting->client = NULL;
    }
    pthread_mutex_unlock(&resting->mutex);
    if (client)
        rd_kafka_destroy(client);
}
