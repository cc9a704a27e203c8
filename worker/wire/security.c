/* SPDX-License-Identifier: Apache-2.0 */
/* The parts that a client needs for its security.protocol. Called by wire_client.c before and after
 * the loop. */
#include "wire/security_priv.h"

#include "wire/sasl.h"

#include <stdlib.h>

struct kc_error *wire_security_new(const struct kc_wire_settings *settings,
                                   struct wire_security **out)
{
    struct wire_security *security = kc_calloc(1, sizeof(*security));
    struct kc_error *err = NULL;

    *out = NULL;
    if (settings->use_tls)
        err = wire_tls_context_new(settings->map, settings->check_hostname, &security->tls);
    if (!err && settings->use_sasl)
        err = wire_sasl_check(settings->map);
    if (err) {
        wire_security_destroy(security);
        return err;
    }
    *out = security;
    return NULL;
}

void wire_security_destroy(struct wire_security *security)
{
    if (!security)
        return;
    wire_tls_context_destroy(security->tls);
    free(security);
}
