/* SPDX-License-Identifier: Apache-2.0 */
/* The TLS context of a client and the check of its SASL settings, made together before the loop
 * runs. */
#ifndef WORKER_WIRE_SECURITY_PRIV_H
#define WORKER_WIRE_SECURITY_PRIV_H

#include "security/tls.h"
#include "wire/settings.h"

struct wire_security {
    struct wire_tls_context *tls; /* NULL: no TLS */
};

struct kc_error *wire_security_new(const struct kc_wire_settings *settings,
                                   struct wire_security **security) KC_MUST_CHECK;
void wire_security_destroy(struct wire_security *security);

#endif
