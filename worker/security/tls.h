/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS for a connection, on the client's or on the server's side: bytes in, bytes out, no socket.
 *
 * wire_tls_context is made from Java's ssl.* keys, once per client or listener, and makes itself
 * anew when the files it was read from change. wire_tls is one session. Loop thread.
 */
#ifndef WORKER_SECURITY_TLS_H
#define WORKER_SECURITY_TLS_H

#include "connect/map.h"

struct wire_tls_context;
struct wire_tls;

/* For clients. settings: ssl.*; borrowed, they outlive the context. */
struct kc_error *wire_tls_context_new(const struct kc_map *settings, bool check_hostname,
                                      struct wire_tls_context **context) KC_MUST_CHECK;
/* For a listener: ssl.keystore.* is needed; ssl.client.auth (none, requested, required) says
 * whether clients show a certificate; ssl.truststore.* says which ones are trusted. settings as
 * above. */
struct kc_error *wire_tls_context_new_server(const struct kc_map *settings,
                                             struct wire_tls_context **context) KC_MUST_CHECK;
void wire_tls_context_destroy(struct wire_tls_context *context);

/* Makes a session on the context's side; reads changed files again first. host: the name that a
 * client asks for and checks; NULL on the server's side. */
struct kc_error *wire_tls_new(struct wire_tls_context *context, const char *host,
                              struct wire_tls **tls) KC_MUST_CHECK;
void wire_tls_destroy(struct wire_tls *tls);

/* After the handshake, on the server's side: the host name that the client asked for (SNI); NULL:
 * none. Valid as long as the session. */
const char *wire_tls_server_name(const struct wire_tls *tls);
/* After the handshake: the distinguished name of the certificate that the peer has shown, as RFC
 * 2253 writes it ("CN=alice,O=Example"); the caller's. NULL: it has shown none. */
char *wire_tls_peer_name(const struct wire_tls *tls);

/* Takes ciphertext from the network. */
void wire_tls_receive(struct wire_tls *tls, const void *data, size_t len);
/* Continues the handshake; *done: finished. An error is final. */
struct kc_error *wire_tls_handshake(struct wire_tls *tls, bool *done) KC_MUST_CHECK;
/* Plaintext: bytes read, 0 when there is none now; -1: *err. */
long wire_tls_read(struct wire_tls *tls, void *buffer, size_t size, struct kc_error **err);
struct kc_error *wire_tls_write(struct wire_tls *tls, const void *data, size_t len) KC_MUST_CHECK;
/* Says that nothing follows (close_notify); it goes out by wire_tls_drain(). */
void wire_tls_finish(struct wire_tls *tls);
/* Moves the ciphertext to send to the end of out. */
void wire_tls_drain(struct wire_tls *tls, struct kc_str *out);
size_t wire_tls_pending(const struct wire_tls *tls); /* bytes of it */

#endif
