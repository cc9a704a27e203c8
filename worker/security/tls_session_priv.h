/* SPDX-License-Identifier: Apache-2.0 */
/* What tls.c needs of tls_context.c. Loop thread. */
#ifndef WORKER_SECURITY_TLS_SESSION_PRIV_H
#define WORKER_SECURITY_TLS_SESSION_PRIV_H

#include "security/tls.h"

#include <openssl/ssl.h>

/* Made anew when a file changed. Borrowed. */
SSL_CTX *wire_tls_context_current(struct wire_tls_context *context);
bool wire_tls_context_checks_hostname(const struct wire_tls_context *context);
bool wire_tls_context_serves(const struct wire_tls_context *context);

#endif
