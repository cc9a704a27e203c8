/* SPDX-License-Identifier: Apache-2.0 */
/* libmicrohttpd for one listener: see http_daemon_priv.h. */
#include "rest/http_daemon_priv.h"

#include "connect/log.h"
#include "rest/tls_listener_priv.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.runtime.rest.RestServer");

#define CONNECTION_MEMORY (64U << 10) /* headers beyond it are refused with 431 */
#define MAX_OPTIONS       20
/* libmicrohttpd can't answer before it has a whole head, and over TLS only it can write. */
#define TOO_LATE "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
/* The guard keeps the number lower; this many more may be closing. */
#define CLOSING_CONNECTIONS 64

struct kc_http_daemon {
    struct kc_connection_guard *guard;
    struct kc_tls_listener *tls; /* NULL: http */
    struct MHD_Daemon *mhd;
    int fd; /* the listening socket after quiesce; -1 */
    int64_t read_ms;
    int64_t idle_ms;
    unsigned max_connections;
};

struct connection { /* libmicrohttpd's "socket context" */
    struct kc_guarded *guarded;
    struct kc_tls_material *material;
};

/* ---- connections ---- */

static struct connection *context_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

static int verify_client(gnutls_session_t session)
{
    /* libmicrohttpd has left its connection in the session. */
    const struct connection *context = context_of(gnutls_session_get_ptr(session));
    return kc_tls_material_verify(context->material, session);
}

static void set_up_tls(struct kc_http_daemon *daemon, struct MHD_Connection *connection,
                       struct connection *context)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    context->material = kc_tls_listener_accept(daemon->tls, info->tls_session);
    gnutls_session_set_verify_function(info->tls_session, verify_client);
}

static void on_connection(void *opaque, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode what)
{
    struct kc_http_daemon *daemon = opaque;
    struct connection *context = *socket_context;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        const union MHD_ConnectionInfo *from =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
        context = kc_calloc(1, sizeof(*context));
        context->guarded = kc_guarded_new(daemon->guard, info->connect_fd, from->client_addr,
                                          kc_mono_ms() + daemon->read_ms);
        *socket_context = context;
        if (daemon->tls)
            set_up_tls(daemon, connection, context);
        else
            kc_guarded_set_farewell(context->guarded, TOO_LATE);
        return;
    }
    if (!context)
        return;
    kc_guarded_destroy(context->guarded);
    kc_tls_material_unref(context->material);
    free(context);
    *socket_context = NULL;
}

void kc_http_daemon_phase(struct kc_http_daemon *daemon, struct MHD_Connection *connection,
                          enum kc_http_phase phase)
{
    const int64_t patience_ms[] = {
        [KC_HTTP_READING] = daemon->read_ms,
        [KC_HTTP_HANDLING] = -1,
        [KC_HTTP_ANSWERING] = daemon->idle_ms + daemon->read_ms,
        [KC_HTTP_IDLE] = daemon->idle_ms + daemon->read_ms,
    };
    static const enum kc_guard_phase phases[] = {
        [KC_HTTP_READING] = KC_GUARD_READING,
        [KC_HTTP_HANDLING] = KC_GUARD_HANDLING,
        [KC_HTTP_ANSWERING] = KC_GUARD_ANSWERING,
        [KC_HTTP_IDLE] = KC_GUARD_READING,
    };
    struct connection *context = context_of(connection);
    if (!context)
        return;
    kc_guarded_move(context->guarded, phases[phase],
                    patience_ms[phase] < 0 ? INT64_MAX : kc_mono_ms() + patience_ms[phase]);
    if (phase == KC_HTTP_READING && !daemon->tls)
        kc_guarded_set_farewell(context->guarded, TOO_LATE);
}

void kc_http_daemon_large(struct MHD_Connection *connection, bool large)
{
    struct connection *context = context_of(connection);
    if (context)
        kc_guarded_set_large(context->guarded, large);
}

/* ---- life ---- */

/* Paths are decoded by the router, segment by segment. */
static size_t keep_escapes(void *opaque, struct MHD_Connection *connection, char *text)
{
    return strlen(text);
}

static void on_http_error(void *opaque, const char *fmt, va_list args)
{
    char *text = kc_vasprintf(fmt, args);
    size_t len = strcspn(text, "\n");
    kc_debug("%.*s", (int)len, text);
    free(text);
}

static void tls_options(struct kc_tls_listener *tls, struct MHD_OptionItem *options)
{
    const struct MHD_OptionItem wanted[] = {
        {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)kc_tls_listener_key(tls)},
        {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)kc_tls_listener_certificate(tls)},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)kc_tls_listener_priorities(tls)},
        {MHD_OPTION_END, 0, NULL},
    };
    memcpy(options, wanted, sizeof(wanted));
}

static struct kc_error *start(struct kc_http_daemon *daemon, const struct kc_listener *listener,
                              const struct kc_http_handlers *handlers)
{
    struct MHD_OptionItem tls[MAX_OPTIONS] = {{MHD_OPTION_END, 0, NULL}};
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG |
                     (daemon->tls ? MHD_USE_TLS : 0);
    if (daemon->tls)
        tls_options(daemon->tls, tls);
    daemon->mhd = MHD_start_daemon(
        flags, 0, NULL, NULL, handlers->request, handlers->opaque, MHD_OPTION_EXTERNAL_LOGGER,
        on_http_error, NULL, MHD_OPTION_LISTEN_SOCKET, listener->fd, MHD_OPTION_URI_LOG_CALLBACK,
        handlers->uri, handlers->opaque, MHD_OPTION_NOTIFY_COMPLETED, handlers->completed,
        handlers->opaque, MHD_OPTION_NOTIFY_CONNECTION, on_connection, daemon,
        MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL, MHD_OPTION_CONNECTION_LIMIT,
        daemon->max_connections, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)((daemon->idle_ms + 999) / 1000), MHD_OPTION_ARRAY,
        tls, MHD_OPTION_END);
    if (daemon->mhd)
        return NULL;
    return kc_error_new(KC_ERR_IO,
                        "Unable to start the REST server on %s:%d: libmicrohttpd refused. Look for "
                        "limits on open files and memory%s",
                        *listener->host ? listener->host : "*", listener->port,
                        daemon->tls ? ", and at ssl.enabled.protocols and ssl.cipher.suites" : "");
}

struct kc_error *kc_http_daemon_start(const struct kc_worker_config *config,
                                      struct kc_connection_guard *guard, size_t max_connections,
                                      struct kc_listener *listener,
                                      const struct kc_http_handlers *handlers,
                                      struct kc_http_daemon **daemon)
{
    const struct kc_config *values = config->values;
    struct kc_http_daemon *made = kc_calloc(1, sizeof(*made));
    struct kc_error *err = NULL;
    made->guard = guard;
    made->fd = -1;
    made->read_ms = kc_config_long(values, "rest.request.read.timeout.ms");
    made->idle_ms = kc_config_long(values, "rest.connection.idle.timeout.ms");
    made->max_connections = (unsigned)max_connections + CLOSING_CONNECTIONS;
    if (listener->https)
        err = kc_tls_listener_new(
            config, listener->admin ? "admin.listeners.https." : "listeners.https.", &made->tls);
    *daemon = made; /* before the event thread, which asks for it */
    if (!err)
        err = start(made, listener, handlers);
    if (err) {
        kc_http_daemon_stop(made);
        *daemon = NULL;
        return err;
    }
    listener->fd = -1; /* the daemon closes it */
    return NULL;
}

void kc_http_daemon_quiesce(struct kc_http_daemon *daemon)
{
    if (daemon)
        daemon->fd = MHD_quiesce_daemon(daemon->mhd);
}

void kc_http_daemon_stop(struct kc_http_daemon *daemon)
{
    if (!daemon)
        return;
    if (daemon->mhd)
        MHD_stop_daemon(daemon->mhd);
    if (daemon->fd >= 0)
        close(daemon->fd);
    kc_tls_listener_destroy(daemon->tls);
    free(daemon);
}
