/* SPDX-License-Identifier: Apache-2.0 */
/* Settings of a gateway for unit tests: two listeners, three ports for brokers each. */
#ifndef TESTS_UNIT_GATEWAY_SETTINGS_H
#define TESTS_UNIT_GATEWAY_SETTINGS_H

#include "gateway/gateway_config.h"

#include <check.h>

/* key, value, key, value, NULL: over the usual ones; a value NULL takes the key away. */
static inline struct kc_map *gateway_settings(const char *const *more)
{
    struct kc_map *settings = kc_map_new();

    kc_map_set(settings, "bootstrap.servers", "one:9092,two:9093");
    kc_map_set(settings, "gateway.listeners", "PLAINTEXT://:9192,OUTSIDE://0.0.0.0:9292");
    kc_map_set(settings, "gateway.advertised.listeners",
               "PLAINTEXT://inside.example.com:9192,OUTSIDE://outside.example.com:19292");
    kc_map_set(settings, "gateway.listener.security.protocol.map", "OUTSIDE:PLAINTEXT");
    kc_map_set(settings, "gateway.broker.ports", "PLAINTEXT:9193-9195,OUTSIDE:9293-9295");
    for (; more && *more; more += 2) {
        if (more[1])
            kc_map_set(settings, more[0], more[1]);
        else
            kc_map_remove(settings, more[0]);
    }
    return settings;
}

static inline struct gateway_config *gateway_made_config(const char *const *more)
{
    struct kc_map *settings = gateway_settings(more);
    struct gateway_config *config = NULL;
    struct kc_error *err = gateway_config_new(settings, &config);

    ck_assert_msg(!err, "%s", err ? kc_error_text(err) : "");
    kc_map_destroy(settings);
    return config;
}

#endif
