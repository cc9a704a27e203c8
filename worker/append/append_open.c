/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Appenders for connectors, whose batches have an identity and whose bytes are limited: see
 * connect/append.h. Any thread but the loop's.
 */
#include "append/appender_priv.h"
#include "connect/thread.h"

#include <errno.h>
#include <stdlib.h>

enum {
    DELIVERY_MS = 120000, /* as Java's producer */
    REQUEST_MS = 30000,
    REQUEST_BYTES = 1048576,
};

static struct kc_error *parse(const struct kc_map *properties, const char *key, int32_t fallback,
                              int32_t *value)
{
    const char *text = kc_map_get(properties, key);
    char *end;

    *value = fallback;
    if (!text || !*text)
        return NULL;
    errno = 0;
    long number = strtol(text, &end, 10);
    if (errno || *end || number < 1 || number > INT32_MAX)
        return kc_error_new(KC_ERR_CONFIG,
                            "Invalid value %s for configuration %s: expected a number from 1 to %d",
                            text, key, INT32_MAX);
    *value = (int32_t)number;
    return NULL;
}

static struct kc_error *take_options(const struct kc_map *properties,
                                     struct kc_appender_options *options)
{
    struct kc_error *err =
        parse(properties, "delivery.timeout.ms", DELIVERY_MS, &options->delivery_timeout_ms);

    if (!err)
        err = parse(properties, "request.timeout.ms", REQUEST_MS, &options->request_timeout_ms);
    if (!err)
        err = parse(properties, "max.request.size", REQUEST_BYTES, &options->max_request_bytes);
    return err;
}

struct kc_error *kc_appender_open(const struct kc_map *properties, const char *name,
                                  size_t max_bytes, struct kc_appender **out)
{
    struct kc_appender_options options = {.block_failed = true, .given_identity = true};
    struct kc_wire_client *client = NULL;
    struct kc_error *err = take_options(properties, &options);

    if (!err)
        err = kc_wire_client_new(properties, name, &client);
    if (err)
        return err;
    *out = kc_appender_new(client, &options);
    (*out)->own_client = client;
    (*out)->max_bytes = max_bytes;
    return NULL;
}

/* The client's end gives each request in flight its result, so that the appender needn't wait for
 * brokers. */
void kc_appender_close(struct kc_appender *appender)
{
    if (!appender)
        return;
    appender_begin_stop(appender);
    kc_wire_client_destroy(appender->own_client);
    appender_end_stop(appender);
}

bool kc_appender_submit(struct kc_appender *appender, const struct kc_append *append)
{
    size_t have = atomic_load(&appender->bytes);

    if (have > 0 && (append->len > appender->max_bytes || have > appender->max_bytes - append->len))
        return false;
    appender_post(appender, append, NULL);
    return true;
}

size_t kc_appender_bytes(struct kc_appender *appender)
{
    return atomic_load(&appender->bytes);
}

bool kc_appender_wait(struct kc_appender *appender, size_t bytes, int64_t deadline_ms)
{
    bool in_time = true, enough;

    atomic_fetch_add(&appender->waiters, 1);
    pthread_mutex_lock(&appender->mutex);
    while (!(enough = atomic_load(&appender->bytes) <= bytes) && in_time)
        in_time = kc_cond_wait_until(&appender->cond, &appender->mutex, deadline_ms);
    pthread_mutex_unlock(&appender->mutex);
    atomic_fetch_sub(&appender->waiters, 1);
    return enough;
}
