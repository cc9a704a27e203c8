/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gateway's own small HTTP listener: GET /metrics and GET /health, for Prometheus and probes
 * (gateway.metrics.listener). It answers from what is known, with a thread of its own, and nothing
 * that is sent to it is kept.
 */
#ifndef WORKER_GATEWAY_GATEWAY_HTTP_PRIV_H
#define WORKER_GATEWAY_GATEWAY_HTTP_PRIV_H

#include "connect/error.h"

struct gateway_http;

struct gateway_http_sight {
    /* "healthy", or why not: "starting", "draining"; static storage. Its thread. */
    const char *(*health)(void *arg);
    void *arg;
};

/* Binds text, "http://host:port"; *http is NULL where it is NULL or empty. KC_ERR_CONFIG, KC_ERR_IO
 * name the setting. sight is copied. */
struct kc_error *gateway_http_start(const char *text, const struct gateway_http_sight *sight,
                                    struct gateway_http **http) KC_MUST_CHECK;
int gateway_http_port(const struct gateway_http *http);
void gateway_http_stop(struct gateway_http *http); /* NULL is fine */

#endif
