/* SPDX-License-Identifier: Apache-2.0 */
/* Links, source, rights and router, put together; see gateway_upstream_priv.h. */
#include "gateway/gateway_upstream_priv.h"

#include "gateway/gateway_quotas_priv.h"
#include "gateway/gateway_rights_priv.h"
#include "gateway/gateway_route_priv.h"
#include "gateway/gateway_source_priv.h"

#include <stdatomic.h>
#include <stdlib.h>

struct gateway_upstream {
    struct gateway_source *source;
    struct gateway_rights *rights;
    struct gateway_quotas *quotas;
    struct gateway_links *links;
    _Atomic(struct gateway_route *) route; /* NULL: the links are being read */
};

static void on_changed(void *arg)
{
    struct gateway_upstream *upstream = arg;

    gateway_route_changed(atomic_load(&upstream->route));
}

static struct kc_error *make_route(const struct gateway_config *config,
                                   struct gateway_upstream *upstream, struct gateway_router *router)
{
    const struct gateway_route_base base = {
        .config = config,
        .links = upstream->links,
        .source = upstream->source,
        .rights = upstream->rights,
        .quotas = upstream->quotas,
    };
    struct gateway_route *route = gateway_route_new(&base, router);

    if (!route)
        return kc_error_retriable_new(KC_ERR_IO, "The system gives no thread to the router");
    atomic_store(&upstream->route, route);
    return NULL;
}

struct kc_error *gateway_upstream_open(const struct gateway_config *config, const char *address,
                                       const struct kc_stop *stop, struct gateway_router *router,
                                       struct gateway_upstream **upstream)
{
    struct gateway_upstream *made = kc_calloc(1, sizeof(*made));
    struct kc_error *err = gateway_source_new(config, &made->source);

    atomic_init(&made->route, NULL);
    made->rights = gateway_rights_new(config);
    if (!err)
        err = gateway_quotas_new(config, &made->quotas);
    if (!err)
        err = gateway_links_open(config, address, stop, on_changed, made, &made->links);
    if (!err)
        err = make_route(config, made, router);
    if (err) {
        gateway_upstream_close(made);
        return err;
    }
    *upstream = made;
    return NULL;
}

/* The source first: what is under way is answered, which the router takes. The links tell nothing
 * when they are closed. */
void gateway_upstream_close(struct gateway_upstream *upstream)
{
    if (!upstream)
        return;
    gateway_source_destroy(upstream->source);
    gateway_links_close(upstream->links);
    gateway_route_destroy(atomic_load(&upstream->route));
    gateway_rights_destroy(upstream->rights);
    gateway_quotas_destroy(upstream->quotas);
    free(upstream);
}

struct gateway_links *gateway_upstream_links(struct gateway_upstream *upstream)
{
    return upstream->links;
}

struct gateway_source *gateway_upstream_source(struct gateway_upstream *upstream)
{
    return upstream->source;
}

struct gateway_rights *gateway_upstream_rights(struct gateway_upstream *upstream)
{
    return upstream->rights;
}
