/* SPDX-License-Identifier: Apache-2.0 */
/* The appenders of raw lanes and who shares them, see raw_target_priv.h. */
#include "source/raw_target_priv.h"

#include "connect/mem.h"
#include "kafka/plain_producers.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

struct target {
    struct kc_raw_target pub; /* first */
    char *key;                /* worker, name and properties */
    int users;                /* with `mutex`, as what follows */
    bool spoilt;
    struct target *prev, *next;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct target *targets; /* that are shared */

static int32_t number(const struct kc_map *properties, const char *key)
{
    const char *text = kc_map_get(properties, key);
    long long value = text ? strtoll(text, NULL, 10) : 0;
    return value < 0 ? 0 : value > INT32_MAX ? INT32_MAX : (int32_t)value;
}

/* Owned by the caller. */
static char *key_of(const struct kc_map *producer, const void *worker, const char *name)
{
    char *text = kc_map_print_without(producer, "client.id"),
         *key = kc_asprintf("%p %s %s", worker, name, text);
    free(text);
    return key;
}

static void destroy(struct target *target)
{
    kc_appender_destroy(target->pub.appender);
    kc_wire_client_destroy(target->pub.client);
    free(target->key);
    free(target);
}

static struct kc_error *make(const struct kc_map *producer, const char *name,
                             struct target **target)
{
    const struct kc_appender_options options = {
        .transactional_id = kc_map_get(producer, "transactional.id"),
        .transaction_timeout_ms = number(producer, "transaction.timeout.ms"),
        .delivery_timeout_ms = number(producer, "delivery.timeout.ms"),
        .request_timeout_ms = number(producer, "request.timeout.ms"),
        .max_request_bytes = number(producer, "max.request.size"),
        .may_be_plain = kc_producers_may_be_plain(producer),
        .plain = kc_producers_are_plain(producer),
        .block_failed = true,
    };
    struct target *made = kc_calloc(1, sizeof(*made));
    struct kc_error *err = kc_wire_client_new(producer, name, &made->pub.client);
    if (err) {
        free(made);
        return err;
    }
    made->pub.appender = kc_appender_new(made->pub.client, &options);
    made->pub.shared = !options.transactional_id;
    made->users = 1;
    *target = made;
    return NULL;
}

/* With the mutex. */
static struct target *find(const char *key)
{
    struct target *target;
    DL_FOREACH (targets, target)
        if (!target->spoilt && target->users < KC_RAW_TARGET_TASKS && strcmp(target->key, key) == 0)
            return target;
    return NULL;
}

/* With the mutex. Takes key. */
static struct kc_error *find_or_make(char *key, const struct kc_map *producer, const char *name,
                                     struct target **target)
{
    *target = find(key);
    if (*target) {
        (*target)->users++;
        free(key);
        return NULL;
    }
    struct kc_error *err = make(producer, name, target);
    if (err) {
        free(key);
        return err;
    }
    (*target)->key = key;
    DL_APPEND(targets, *target);
    return NULL;
}

struct kc_error *kc_raw_target_join(const struct kc_map *producer, const void *worker,
                                    const char *name, struct kc_raw_target **result)
{
    struct target *target = NULL;
    struct kc_error *err = NULL;
    if (kc_map_get(producer, "transactional.id")) {
        err = make(producer, name, &target);
    } else {
        char *key = key_of(producer, worker, name);
        pthread_mutex_lock(&mutex);
        err = find_or_make(key, producer, name, &target);
        pthread_mutex_unlock(&mutex);
    }
    if (!err)
        *result = &target->pub;
    return err;
}

void kc_raw_target_spoil(struct kc_raw_target *joined)
{
    struct target *target = (struct target *)joined;
    pthread_mutex_lock(&mutex);
    target->spoilt = true;
    pthread_mutex_unlock(&mutex);
}

void kc_raw_target_leave(struct kc_raw_target *joined)
{
    struct target *target = (struct target *)joined;
    pthread_mutex_lock(&mutex);
    bool last = --target->users == 0;
    if (last && target->pub.shared)
        DL_DELETE(targets, target);
    pthread_mutex_unlock(&mutex);
    if (last)
        destroy(target);
}
