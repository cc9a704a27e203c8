/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP Basic authentication: BasicAuthSecurityRestExtension with PropertyFileLoginModule.
 *
 * Made once at start and immutable: the event threads read it. As in Java,
 * `-Djava.security.auth.login.config=FILE` in KAFKA_OPTS names the JAAS file, its entry is
 * KafkaConnect, and the credentials are read once.
 */
#ifndef WORKER_REST_REST_AUTH_PRIV_H
#define WORKER_REST_REST_AUTH_PRIV_H

#include "rest/router_priv.h"

struct kc_rest_auth;

/* *auth is NULL when rest.extension.classes is empty. Another extension can't be loaded and ends
 * the start with KC_ERR_CONFIG, because it might be what protects the API. */
struct kc_error *kc_rest_auth_new(const struct kc_worker_config *config,
                                  struct kc_rest_auth **auth) KC_MUST_CHECK;
void kc_rest_auth_destroy(struct kc_rest_auth *auth);

/* Whether the request may go on; if not, it has been answered with 401. Internal requests always
 * may, because they are signed. auth may be NULL. */
bool kc_rest_auth_admit(const struct kc_rest_auth *auth, struct kc_rest_request *request);

#endif
