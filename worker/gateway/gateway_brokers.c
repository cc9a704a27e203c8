/* SPDX-License-Identifier: Apache-2.0 */
/* See gateway_brokers_priv.h. */
#include "gateway/gateway_brokers_priv.h"

#include "connect/log.h"
#include "wire/messages_cluster.h"

#include <stdlib.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.gateway.nodes");

#define ASK_MS   10000 /* for one answer, repetitions included */
#define EACH_MS  15000
#define AGAIN_MS 1000 /* after a failure at the start */

struct gateway_brokers {
    struct gateway_nodes *nodes;
    struct kc_wire_client *client;
    struct kc_thread *thread;
};

static struct kc_error *ask(struct gateway_brokers *brokers)
{
    struct kc_wire_request *request = kc_wire_request_new(KC_API_METADATA);
    struct kc_metadata_request *message = request->message;
    struct kc_wire_reply *reply = NULL;

    message->topics.count = 0;
    message->allow_auto_topic_creation = false;
    struct kc_error *err = kc_wire_call(brokers->client, request, kc_mono_ms() + ASK_MS, &reply);
    if (err)
        return err;
    const struct kc_metadata_response *response = reply->message;
    for (int32_t i = 0; i < response->brokers.count; i++) {
        const struct kc_metadata_response_broker *broker = &response->brokers.items[i];

        gateway_nodes_note(brokers->nodes, broker->node_id, broker->host.data, broker->port);
    }
    const bool none = response->brokers.count <= 0;
    if (!none)
        gateway_nodes_end_round(brokers->nodes);
    kc_wire_reply_unref(reply);
    return none ? kc_error_retriable_new(KC_ERR_IO, "the target names no brokers") : NULL;
}

static void run(void *arg, struct kc_stop *stop)
{
    struct gateway_brokers *brokers = arg;

    while (!kc_stop_wait_until(stop, kc_mono_ms() + EACH_MS)) {
        struct kc_error *err = ask(brokers);

        if (err)
            kc_debug("asking for the target's brokers: %s", kc_error_text(err));
        kc_error_destroy(err);
    }
}

/* The first answer. */
static struct kc_error *ask_until_there(struct gateway_brokers *brokers, const struct kc_stop *stop)
{
    for (;;) {
        struct kc_error *err = ask(brokers);

        if (!err || !kc_error_retriable(err))
            return err;
        kc_warn("Waiting for the target cluster: %s", kc_error_text(err));
        kc_error_destroy(err);
        if (kc_stop_wait_until((struct kc_stop *)stop, kc_mono_ms() + AGAIN_MS))
            return kc_error_new(KC_ERR_WAKEUP, "stopped while waiting for the target cluster");
    }
}

struct kc_error *gateway_brokers_start(const struct gateway_config *config,
                                       struct gateway_nodes *nodes, const struct kc_stop *stop,
                                       struct gateway_brokers **out)
{
    struct gateway_brokers *brokers = kc_calloc(1, sizeof(*brokers));

    *out = NULL;
    brokers->nodes = nodes;
    struct kc_error *err = kc_wire_client_new(config->target, "gateway", &brokers->client);
    if (!err)
        err = ask_until_there(brokers, stop);
    if (!err)
        err = kc_thread_new("gateway-nodes", run, brokers, &brokers->thread);
    if (err) {
        gateway_brokers_stop(brokers);
        return err;
    }
    *out = brokers;
    return NULL;
}

void gateway_brokers_stop(struct gateway_brokers *brokers)
{
    if (!brokers)
        return;
    kc_thread_destroy(brokers->thread);
    kc_wire_client_destroy(brokers->client);
    free(brokers);
}
