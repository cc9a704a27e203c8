/* SPDX-License-Identifier: Apache-2.0 */
/* The appenders of raw lanes and their users, see raw_target_priv.h. */
#include "source/raw_target_priv.h"

#include "base/shared_users.h"
#include "connect/mem.h"
#include "kafka/plain_producers.h"

#include <stdlib.h>

struct target_request {
    const struct kc_map *producer;
    const char *name;
};

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

static void end(void *arg)
{
    struct kc_raw_target *target = arg;
    kc_appender_destroy(target->appender);
    kc_wire_client_destroy(target->client);
    free(target);
}

static struct kc_error *make(void *arg, void **target)
{
    const struct target_request *request = arg;
    const struct kc_map *producer = request->producer;
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
    struct kc_raw_target *made = kc_calloc(1, sizeof(*made));
    struct kc_error *err = kc_wire_client_new(producer, request->name, &made->client);
    if (err) {
        free(made);
        return err;
    }
    made->appender = kc_appender_new(made->client, &options);
    made->shared = !options.transactional_id;
    *target = made;
    return NULL;
}

static struct kc_shared_users targets = KC_SHARED_USERS(make, end, KC_RAW_TARGET_TASKS);

struct kc_error *kc_raw_target_join(const struct kc_map *producer, const void *worker,
                                    const char *name, struct kc_raw_target **target)
{
    struct target_request request = {producer, name};
    void *made = NULL;
    struct kc_error *err = NULL;
    if (kc_map_get(producer, "transactional.id")) {
        err = make(&request, &made);
    } else {
        char *key = key_of(producer, worker, name);
        err = kc_shared_users_join(&targets, key, &request, &made);
        free(key);
    }
    if (!err)
        *target = made;
    return err;
}

void kc_raw_target_spoil(struct kc_raw_target *target)
{
    kc_shared_users_spoil(&targets, target);
}

void kc_raw_target_leave(struct kc_raw_target *target)
{
    if (target->shared)
        kc_shared_users_leave(&targets, target);
    else
        end(target);
}
