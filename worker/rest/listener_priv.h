/* SPDX-License-Identifier: Apache-2.0 */
/* The addresses at which the REST server listens, and the one that it gives to others (RestServer,
 * RestServerConfig). */
#ifndef WORKER_REST_LISTENER_PRIV_H
#define WORKER_REST_LISTENER_PRIV_H

#include "config/worker_config.h"

struct kc_listener {
    bool https;
    char *host; /* "" for all interfaces */
    int port;   /* as configured; after binding the real one */
    int fd;     /* -1: not bound */
    bool admin;
};

/* "http(s)://host:port"; KC_ERR_CONFIG with Java's text. */
struct kc_error *kc_listener_parse(const char *text, struct kc_listener *listener) KC_MUST_CHECK;

/* Binds and listens; KC_ERR_IO names the address and the remedy. Sets fd and port. */
struct kc_error *kc_listener_bind(struct kc_listener *listener) KC_MUST_CHECK;
void kc_listener_close(struct kc_listener *listener);

/* The advertised host and port among bound listeners (Java: RestServer.advertisedUrl). *host is
 * owned by the caller. */
void kc_listener_advertise(const struct kc_worker_config *config,
                           const struct kc_listener *listeners, size_t count, bool *https,
                           char **host, int *port);

#endif
