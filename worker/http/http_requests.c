/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP requests of connectors: see connect/http.h.
 *
 * A thread takes one request after the other from a queue. It is started by the first one, because
 * many a connector asks nothing.
 */
#include "base/queue.h"
#include "base/stop_flag.h"
#include "http/http_client.h"
#include "http/http_transfer_priv.h"
#include "security/tls_config.h"

#include <stdlib.h>

struct asked {
    struct kc_http_request request; /* what it points to is owned */
    struct kc_strings headers;
    kc_http_done done;
    void *arg;
};

struct kc_http_client {
    struct kc_map *ssl;
    char *name;
    struct kc_queue *queue;
    pthread_mutex_t mutex; /* guards thread */
    struct kc_thread *thread;
};

/* ---- one request ---- */

static struct asked *asked_new(const struct kc_http_request *request, kc_http_done done, void *arg)
{
    struct asked *asked = kc_calloc(1, sizeof(*asked));
    asked->request = *request;
    asked->request.method = kc_strdup(request->method);
    asked->request.url = kc_strdup(request->url);
    asked->request.body_type = kc_strdup(request->body_type);
    asked->request.user = kc_strdup(request->user);
    asked->request.password = kc_strdup(request->password);
    asked->request.body = request->body && request->body_len
                              ? kc_memdup(request->body, request->body_len)
                              : kc_strdup(request->body);
    if (request->headers)
        kc_strings_copy(&asked->headers, request->headers);
    asked->request.headers = &asked->headers;
    asked->done = done;
    asked->arg = arg;
    return asked;
}

static void asked_destroy(struct asked *asked)
{
    free((char *)asked->request.method);
    free((char *)asked->request.url);
    free((char *)asked->request.body_type);
    free((char *)asked->request.user);
    free((char *)asked->request.password);
    free((char *)asked->request.body);
    kc_strings_destroy(&asked->headers);
    free(asked);
}

/* Takes both. */
static void fail(struct asked *asked, struct kc_error *err)
{
    asked->done(asked->arg, NULL, err);
    kc_error_destroy(err);
    asked_destroy(asked);
}

static struct kc_error *closing(const struct asked *asked)
{
    return kc_error_new(KC_ERR_WAKEUP, "asking %s: the client is being closed", asked->request.url);
}

/* Takes asked. */
static void ask(struct kc_http_client *client, struct asked *asked, const atomic_bool *cancelled)
{
    struct kc_http_reply reply = {0};
    struct http_transfer transfer = {
        .request = &asked->request, .ssl = client->ssl, .cancelled = cancelled, .reply = &reply};
    CURLcode code = http_transfer_run(&transfer);
    if (code == CURLE_OK) {
        asked->done(asked->arg, &reply, NULL);
        asked_destroy(asked);
    } else if (transfer.tls_error) {
        fail(asked, kc_error_prefix(transfer.tls_error, "asking %s", asked->request.url));
    } else if (atomic_load(cancelled)) {
        fail(asked, closing(asked));
    } else {
        fail(asked,
             kc_error_retriable_new(KC_ERR_IO, "asking %s: %s", asked->request.url, transfer.why));
    }
    kc_http_reply_clear(&reply);
}

/* ---- the client ---- */

/* Until the queue is closed and empty. */
static void run(void *arg, struct kc_stop *stop)
{
    struct kc_http_client *client = arg;
    struct asked *asked;
    while ((asked = kc_queue_pop(client->queue, INT64_MAX))) {
        if (kc_stop_is_set(stop))
            fail(asked, closing(asked));
        else
            ask(client, asked, kc_stop_flag(stop));
    }
}

/* What is wrong with the stores shows now. */
static struct kc_error *check(const struct kc_map *ssl)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (!context)
        return kc_error_new(KC_ERR_CONNECT, "OpenSSL can't make a TLS context");
    struct kc_error *err = wire_tls_configure(context, ssl);
    SSL_CTX_free(context);
    return err;
}

struct kc_error *kc_http_client_new(const struct kc_map *settings, const char *name,
                                    struct kc_http_client **result)
{
    struct kc_map *ssl = kc_map_subset(settings, "ssl.", false);
    struct kc_error *err = check(ssl);
    if (err) {
        kc_map_destroy(ssl);
        return err;
    }
    struct kc_http_client *client = kc_calloc(1, sizeof(*client));
    client->ssl = ssl;
    client->name = kc_strdup(name);
    client->queue = kc_queue_new(NULL);
    pthread_mutex_init(&client->mutex, NULL);
    *result = client;
    return NULL;
}

static struct kc_error *start(struct kc_http_client *client)
{
    struct kc_error *err = NULL;
    pthread_mutex_lock(&client->mutex);
    if (!client->thread)
        err = kc_thread_new(client->name, run, client, &client->thread);
    pthread_mutex_unlock(&client->mutex);
    return err;
}

void kc_http_client_send(struct kc_http_client *client, const struct kc_http_request *request,
                         kc_http_done done, void *arg)
{
    struct asked *asked = asked_new(request, done, arg);
    struct kc_error *err = start(client);
    if (err)
        fail(asked, err);
    else if (!kc_queue_push(client->queue, asked))
        fail(asked, closing(asked));
}

void kc_http_client_destroy(struct kc_http_client *client)
{
    if (!client)
        return;
    if (client->thread)
        kc_stop_set(kc_thread_stop(client->thread));
    kc_queue_close(client->queue);
    kc_thread_destroy(client->thread);
    kc_queue_destroy(client->queue);
    pthread_mutex_destroy(&client->mutex);
    kc_map_destroy(client->ssl);
    free(client->name);
    free(client);
}
