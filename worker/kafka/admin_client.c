/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The admin client itself: making, time-out, and the frame of a call.
 *
 * Any thread; the structure changes only under its lock.
 */
#include "kafka/admin_priv.h"
#include "kafka/client_access.h"
#include "kafka/client_priv.h"

#include <stdlib.h>
#include <string.h>

#define DEFAULT_TIMEOUT_MS 60000
#define SLICE_MS           500
#define LOOK_AGAIN_MS      1000
/* The time that a call gets to succeed after an earlier refusal, because the cause may be mended by
 * now. */
#define REFUSED_AFTER_MS 3000

static int timeout_of(const struct kc_map *properties)
{
    const char *text = kc_map_get(properties, "default.api.timeout.ms");
    long long number = text ? strtoll(text, NULL, 10) : DEFAULT_TIMEOUT_MS;
    return number < 1 || number > INT32_MAX ? DEFAULT_TIMEOUT_MS : (int)number;
}

struct kc_error *kc_admin_new(const struct kc_map *properties, struct kc_admin **result)
{
    rd_kafka_t *client = NULL;
    struct kc_error *err = kc_client_share(properties, &client);
    if (err)
        return err;
    struct kc_admin *admin = kc_calloc(1, sizeof(*admin));
    admin->properties = kc_map_copy(properties);
    admin->client = client;
    admin->timeout_ms = timeout_of(properties);
    pthread_mutex_init(&admin->lock, NULL);
    *result = admin;
    return NULL;
}

void kc_admin_destroy(struct kc_admin *admin)
{
    if (!admin)
        return;
    if (admin->wire)
        kc_wire_admin_destroy(admin->wire);
    if (admin->committed)
        rd_kafka_destroy(admin->committed);
    kc_client_unshare(admin->client);
    pthread_mutex_destroy(&admin->lock);
    kc_map_destroy(admin->properties);
    free(admin);
}

void kc_admin_set_timeout(struct kc_admin *admin, int timeout_ms)
{
    admin->timeout_ms = timeout_ms;
}

rd_kafka_t *kc_admin_client(struct kc_admin *admin)
{
    return admin->client;
}

struct kc_error *kc_admin_wire(struct kc_admin *admin, struct kc_wire_admin **wire)
{
    struct kc_error *err = NULL;
    pthread_mutex_lock(&admin->lock);
    if (!admin->wire)
        err =
            kc_wire_admin_new(admin->properties,
                              kc_map_get_or(admin->properties, "client.id", "admin"), &admin->wire);
    *wire = admin->wire;
    pthread_mutex_unlock(&admin->lock);
    return err;
}

void kc_admin_call_begin(struct kc_admin_call *call, struct kc_admin *admin, rd_kafka_admin_op_t op)
{
    char reason[128];
    *call = (struct kc_admin_call){.admin = admin};
    call->queue = rd_kafka_queue_new(admin->client);
    call->options = rd_kafka_AdminOptions_new(admin->client, op);
    rd_kafka_AdminOptions_set_request_timeout(call->options, admin->timeout_ms, reason,
                                              sizeof(reason));
    call->began_ms = kc_mono_ms();
    call->deadline_ms = call->began_ms + admin->timeout_ms + 1000;
}

struct kc_error *kc_admin_refusal(const struct kc_admin *admin, int64_t began_ms, const char *what)
{
    if (kc_mono_ms() - began_ms < REFUSED_AFTER_MS)
        return NULL;
    return kc_client_access_refusal(admin->client, what);
}

void kc_admin_look_again(const struct kc_admin *admin)
{
    const struct rd_kafka_metadata *metadata = NULL;
    if (rd_kafka_metadata(admin->client, 0, NULL, &metadata, SLICE_MS) ==
        RD_KAFKA_RESP_ERR_NO_ERROR)
        rd_kafka_metadata_destroy(metadata);
}

struct kc_error *kc_admin_call_wait(struct kc_admin_call *call, const char *what)
{
    int64_t look_ms = call->began_ms + LOOK_AGAIN_MS;
    while (!call->event) {
        int64_t now = kc_mono_ms(), left = call->deadline_ms - now;
        struct kc_error *err = kc_admin_refusal(call->admin, call->began_ms, what);
        if (err)
            return err;
        if (left <= 0)
            return kc_client_error(RD_KAFKA_RESP_ERR__TIMED_OUT, "%s", what);
        if (now >= look_ms) {
            kc_admin_look_again(call->admin);
            look_ms = kc_mono_ms() + LOOK_AGAIN_MS;
        }
        call->event = rd_kafka_queue_poll(call->queue, left < SLICE_MS ? (int)left : SLICE_MS);
    }
    rd_kafka_resp_err_t code = rd_kafka_event_error(call->event);
    if (!code) {
        kc_client_access_ready(call->admin->client);
        return NULL;
    }
    const char *reason = rd_kafka_event_error_string(call->event);
    return reason ? kc_client_error(code, "%s: %s", what, reason)
                  : kc_client_error(code, "%s", what);
}

void kc_admin_call_end(struct kc_admin_call *call)
{
    if (call->event)
        rd_kafka_event_destroy(call->event);
    if (call->options)
        rd_kafka_AdminOptions_destroy(call->options);
    if (call->queue)
        rd_kafka_queue_destroy(call->queue);
    *call = (struct kc_admin_call){0};
}
