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

/* Members of groups leave first. Without one for so long, all have left: the last one had that time
 * to find its coordinator anew. */
#define MEMBERS_GONE_MS 5000
#define MEMBERS_MOST_MS 60000 /* some may never say a word */

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

/* Brings the gateway further out of the way, or back. *member_ms: when there was a member last. */
static void step_aside(const struct gateway_watch *watch, int64_t now, bool over,
                       int64_t *member_ms)
{
    struct gateway_common *common = watch->common;
    const int aside = atomic_load(&common->aside);

    if (!over) {
        gateway_step_aside(common, GATEWAY_ASIDE_NOT);
        return;
    }
    if (aside == GATEWAY_ASIDE_NOT || atomic_load(&common->members) > 0)
        *member_ms = now;
    if (aside == GATEWAY_ASIDE_NOT)
        gateway_step_aside(common, GATEWAY_ASIDE_MEMBERS);
    else if (now - *member_ms >= MEMBERS_GONE_MS ||
             now - atomic_load(&common->aside_ms) >= MEMBERS_MOST_MS)
        gateway_step_aside(common, GATEWAY_ASIDE_ALL);
}

static void run(void *arg, struct kc_stop *stop)
{
    const struct gateway_watch *watch = arg;
    const int64_t patience = watch->common->config->aside_ms;
    int64_t over_since_ms = -1; /* -1: a topic isn't promoted, or there never was one */
    int64_t gone_since_ms = -1, member_ms = 0;
    bool said = false;

    while (!kc_stop_wait_until(stop, kc_mono_ms() + LOOK_MS)) {
        const int64_t now = kc_mono_ms();

        /* A link that is deleted afterwards changes nothing. */
        if (gateway_links_active(watch->links))
            over_since_ms = -1;
        else if (over_since_ms < 0 && gateway_links_over(watch->links))
            over_since_ms = now;
        look_for_clients(watch, now, &gone_since_ms, &said);
        step_aside(watch, now, over_since_ms >= 0 && now - over_since_ms >= patience, &member_ms);
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
