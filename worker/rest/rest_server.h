/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connect's REST API over libmicrohttpd.
 *
 * Listeners are bound before the herder exists, because the port is part of the worker's id. Until
 * kc_rest_server_serve() every request gets Jetty's bare 404. Requests that wait for the herder
 * don't delay others. Any thread may call these, one at a time.
 */
#ifndef WORKER_REST_REST_SERVER_H
#define WORKER_REST_REST_SERVER_H

#include "herder/herder.h"

struct kc_rest_server;

/* Binds `listeners` and `admin.listeners`; a port in use or a bad certificate is an error that
 * names it. config is borrowed. */
struct kc_error *kc_rest_server_new(const struct kc_worker_config *config,
                                    struct kc_rest_server **server) KC_MUST_CHECK;

/* The advertised URL, "http://host:port/" (Java: RestServer.advertisedUrl), and the worker id,
 * "host:port". Borrowed. */
const char *kc_rest_server_url(const struct kc_rest_server *server);
const char *kc_rest_server_worker_id(const struct kc_rest_server *server);

/* From now on requests reach herder (borrowed until destroyed). */
void kc_rest_server_serve(struct kc_rest_server *server, struct kc_herder *herder);

/* Dedicated MirrorMaker mode with internal REST: mounts the internal endpoints of herder under
 * /{source}/{target}/ (no public resources). May be called several times instead of
 * kc_rest_server_serve(). */
void kc_rest_server_mount(struct kc_rest_server *server, const char *source, const char *target,
                          struct kc_herder *herder);

/* Stops accepting, answers what is under way, frees. NULL is fine. */
void kc_rest_server_destroy(struct kc_rest_server *server);

#endif
