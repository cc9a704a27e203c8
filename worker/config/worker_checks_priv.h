/* SPDX-License-Identifier: Apache-2.0 */
/* Checks across a worker's settings, after each was parsed by itself. Only worker_config.c includes
 * it. */
#ifndef WORKER_CONFIG_WORKER_CHECKS_PRIV_H
#define WORKER_CONFIG_WORKER_CHECKS_PRIV_H

#include "config/worker_config.h"

/* Java's checks at a worker's start that go beyond single values. *key: the wrong setting. */
struct kc_error *kc_worker_config_check(const struct kc_worker_config *config,
                                        const char **key) KC_MUST_CHECK;

#endif
