/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How clients log in at each listener, and what of it the gateway refuses at start: a login that it
 * can't relay, or that nobody would check. Called while the settings are read. Pure, but for the
 * files that credentials name.
 */
#ifndef WORKER_GATEWAY_GATEWAY_GUARD_PRIV_H
#define WORKER_GATEWAY_GATEWAY_GUARD_PRIV_H

#include "gateway/gateway_config.h"

/* Reads the maps of credentials and checks all listeners, whose protocols and ssl.* settings are
 * known. KC_ERR_CONFIG says what is wrong, why, and what to do; *key: the setting that it is about.
 */
struct kc_error *gateway_guard_read(const struct kc_map *settings, struct gateway_config *config,
                                    const char **key) KC_MUST_CHECK;
void gateway_guard_free(struct gateway_config *config);

/* What is allowed and may surprise: a text for each. */
void gateway_guard_warnings(const struct gateway_config *config, struct kc_strings *warnings);

/* The settings of the connections that the gateway opens to the target for its clients: the
 * target's without the gateway's own certificate and login, so that no client is taken for the
 * gateway. The caller's. */
struct kc_map *gateway_guard_client_settings(const struct gateway_config *config);

#endif
