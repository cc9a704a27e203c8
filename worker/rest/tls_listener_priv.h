/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The TLS side of an HTTPS listener: its key, its trusted authorities, its protocols and suites.
 *
 * libmicrohttpd runs the handshakes with GnuTLS. The code that wire uses reads the stores and
 * verifies clients' certificates, so a store means the same everywhere. Made at start; then used by
 * the listener's event thread alone.
 */
#ifndef WORKER_REST_TLS_LISTENER_PRIV_H
#define WORKER_REST_TLS_LISTENER_PRIV_H

#include "config/worker_config.h"

#include <gnutls/gnutls.h>

struct kc_tls_listener;
struct kc_tls_material; /* what a connection was set up with; outlives a reload */

/* Reads the ssl.* settings with prefix (or the plain ones) and the stores that they name.
 * KC_ERR_CONFIG names setting and file. config is borrowed. */
struct kc_error *kc_tls_listener_new(const struct kc_worker_config *config, const char *prefix,
                                     struct kc_tls_listener **listener) KC_MUST_CHECK;
void kc_tls_listener_destroy(struct kc_tls_listener *listener); /* NULL is fine */

/* Arguments of the daemon's start: PEM texts and GnuTLS's priorities. Borrowed. */
const char *kc_tls_listener_key(const struct kc_tls_listener *listener);
const char *kc_tls_listener_certificate(const struct kc_tls_listener *listener);
const char *kc_tls_listener_priorities(const struct kc_tls_listener *listener);

/* Prepares a new connection's session, after reading changed stores again. Give the result back
 * with kc_tls_material_unref() when the connection is closed. */
struct kc_tls_material *kc_tls_listener_accept(struct kc_tls_listener *listener,
                                               gnutls_session_t session);
void kc_tls_material_unref(struct kc_tls_material *material); /* NULL is fine */

/* The session's verify function: 0 if the client may connect. Logs why not. */
int kc_tls_material_verify(const struct kc_tls_material *material, gnutls_session_t session);

#endif
