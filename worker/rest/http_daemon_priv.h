/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One listener's libmicrohttpd: its event thread, its TLS, its limits.
 *
 * Started and stopped by the server's owner; the handlers run on the event thread.
 */
#ifndef WORKER_REST_HTTP_DAEMON_PRIV_H
#define WORKER_REST_HTTP_DAEMON_PRIV_H

#include "rest/connection_guard_priv.h"
#include "rest/listener_priv.h"

#include <microhttpd.h>

struct kc_http_daemon;

struct kc_http_handlers {
    MHD_AccessHandlerCallback request;
    void *(*uri)(void *opaque, const char *uri, struct MHD_Connection *connection);
    MHD_RequestCompletedCallback completed;
    void *opaque;
};

/* Serves listener and takes its socket. config and guard, which allows max_connections, are
 * borrowed. KC_ERR_CONFIG: a bad certificate; KC_ERR_IO. */
struct kc_error *kc_http_daemon_start(const struct kc_worker_config *config,
                                      struct kc_connection_guard *guard, size_t max_connections,
                                      struct kc_listener *listener,
                                      const struct kc_http_handlers *handlers,
                                      struct kc_http_daemon **daemon) KC_MUST_CHECK;
/* No new connections from now on. */
void kc_http_daemon_quiesce(struct kc_http_daemon *daemon);
/* Ends the event thread and all connections, frees. NULL is fine. */
void kc_http_daemon_stop(struct kc_http_daemon *daemon);

/* Sets what a connection waits for, and so its time limit. Event thread. */
enum kc_http_phase {
    KC_HTTP_READING,   /* the rest of a request */
    KC_HTTP_HANDLING,  /* nothing: the worker itself */
    KC_HTTP_ANSWERING, /* the client to take the answer */
    KC_HTTP_IDLE,      /* the next request */
};
void kc_http_daemon_phase(struct kc_http_daemon *daemon, struct MHD_Connection *connection,
                          enum kc_http_phase phase);
/* Whether the connection's request or answer takes much memory. Event thread, or the thread that
 * handles the request meanwhile. */
void kc_http_daemon_large(struct MHD_Connection *connection, bool large);

#endif
