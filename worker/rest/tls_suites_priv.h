/* SPDX-License-Identifier: Apache-2.0 */
/* Java's names of TLS protocols and cipher suites in GnuTLS's language. Pure. */
#ifndef WORKER_REST_TLS_SUITES_PRIV_H
#define WORKER_REST_TLS_SUITES_PRIV_H

#include "connect/map.h"

/* The priority string for ssl.enabled.protocols and ssl.cipher.suites of settings, owned by the
 * caller. KC_ERR_CONFIG names what is unknown. */
struct kc_error *kc_tls_priorities(const struct kc_map *settings, char **priorities) KC_MUST_CHECK;

#endif
