/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client's login: sasl.jaas.config, or else the section KafkaClient of the JAAS file that
 * java.security.auth.login.config names (JaasContext). Any thread.
 */
#ifndef WORKER_SECURITY_JAAS_LOGIN_H
#define WORKER_SECURITY_JAAS_LOGIN_H

#include "security/jaas.h"

/* The module of the login that fits sasl.mechanism, or the first. KC_ERR_NOT_FOUND when there is
 * neither, with Java's text; KC_ERR_CONFIG when there is one that can't be used. */
struct kc_error *kc_jaas_login(const struct kc_map *settings, struct kc_jaas *jaas) KC_MUST_CHECK;

/* Its options, owned by the caller; KC_ERR_CONFIG also when there is none. */
struct kc_error *kc_jaas_options(const struct kc_map *settings,
                                 struct kc_map **options) KC_MUST_CHECK;
/* The same, empty when there is none. */
struct kc_error *kc_jaas_options_if_any(const struct kc_map *settings,
                                        struct kc_map **options) KC_MUST_CHECK;

/* KC_ERR_CONFIG for a vendor's login module or callback handler without a counterpart here; it says
 * what to use instead. NULL: it is none of these. */
struct kc_error *kc_jaas_vendor(const struct kc_map *settings,
                                const struct kc_jaas *jaas) KC_MUST_CHECK;

#endif
