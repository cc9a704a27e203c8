/* SPDX-License-Identifier: Apache-2.0 */
/* See gateway_watch_priv.h. */
#include "gateway/gateway_watch_priv.h"

#include "connect/log.h"

#include <stdlib.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.gateway");

#define LOOK_MS 500
/* Without a client for so long: one whose connection ends comes back by the address that it knows,
 * after a back-off (librdkafka: up to 10 s), and asks for the metadata anew. */
#define GONE_MS 20000

struct gateway_watch {
    struct gateway_common *common;
    struct gateway_links *links;
    struct kc_thread *thread;
};

/* Says once that nobody uses the gateway any more. *since_ms: without a client; -1: there is one.
 */
static void look_for_clients(const struct gateway_watch *watch, int64_t now, int64_t *since_ms,
                             bool *said)
{
    if (!atomic_load(&watch->common->aside) || atomic_load(&watch->common->sessions) > 0) {
        *since_ms = -1;
        *said = false;
    } else if (*since_ms < 0) {
        *since_ms = now;
    } else if (!*said && now - *since_ms >= GONE_MS) {
        kc_info("The last client has left gateway %s, which may be stopped now",
                watch->common->config->name);
        *said = true;
    }
    atomic_store(&watch->common->left, *said);
}

static void run(void *arg, struct kc_stop *stop)
{
    const struct gateway_watch *watch = arg;
    const int64_t patience = watch->common->config->aside_ms;
    int64_t over_since_ms = -1; /* -1: a topic isn't promoted, or there never was one */
    int64_t gone_since_ms = -1;
    bool said = false;

    while (!kc_stop_wait_until(stop, kc_mono_ms() + LOOK_MS)) {
        const int64_t now = kc_mono_ms();

        /* A link that is deleted afterwards changes nothing. */
        if (gateway_links_active(watch->links))
            over_since_ms = -1;
        else if (over_since_ms < 0 && gateway_links_over(watch->links))
            over_since_ms = now;
        look_for_clients(watch, now, &gone_since_ms, &said);
        gateway_step_aside(watch->common, over_since_ms >= 0 && now - over_since_ms >= patience);
    }
}

struct kc_error *gateway_watch_start(struct gateway_common *common, struct gateway_links *links,
                                     struct gateway_watch **out)
{
    struct gateway_watch *watch = kc_calloc(1, sizeof(*watch));

    *out = NULL;
    watch->common = common;
    watch->links = links;
    struct kc_error *err = kc_thread_new("gateway-watch", run, watch, &watch->thread);
    if (err) {
        free(watch);
        return err;
    }
    *out = watch;
    return NULL;
}

void gateway_watch_stop(struct gateway_watch *watch)
{
    if (!watch)
        return;
    kc_thread_destroy(watch->thread);
    free(watch);
}
