/* SPDX-License-Identifier: Apache-2.0 */
/* A gateway's listeners and its brokers' ports and host names, out of the settings. Pure, but for
 * this host's name. Part of gateway_config.h. */
#ifndef WORKER_GATEWAY_GATEWAY_ADDRESSES_PRIV_H
#define WORKER_GATEWAY_GATEWAY_ADDRESSES_PRIV_H

#include "gateway/gateway_config.h"

/* Fills config->listeners. *key: the setting that an error is about. */
struct kc_error *gateway_addresses_read(const struct kc_map *settings,
                                        struct gateway_config *config,
                                        const char **key) KC_MUST_CHECK;
void gateway_addresses_free(struct gateway_config *config);

#endif
