/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client's settings, read once from Java keys. Constant after kc_wire_settings_new(); shared
 * const by every connection.
 */
#ifndef WORKER_WIRE_SETTINGS_H
#define WORKER_WIRE_SETTINGS_H

#include "connect/map.h"

struct kc_wire_address {
    char *host;
    int port;
};

struct kc_wire_settings {
    struct kc_map *map; /* everything, for sasl.* and ssl.* */
    struct kc_wire_address *bootstrap;
    size_t bootstrap_count;
    const char *client_id; /* borrowed from map, as the strings below */
    const char *rack;
    const char *sasl_mechanism;
    bool resolve_canonical; /* client.dns.lookup=resolve_canonical_bootstrap_servers_only */
    bool use_tls;
    bool use_sasl;
    bool check_hostname;
    int32_t request_timeout_ms;
    int32_t metadata_max_age_ms;
    int32_t reconnect_backoff_ms;
    int32_t reconnect_backoff_max_ms;
    int32_t retry_backoff_ms;
    int32_t retry_backoff_max_ms;
    int32_t connections_max_idle_ms;
    int32_t connect_timeout_ms;
    int32_t connect_timeout_max_ms;
    int32_t max_in_flight;
    int32_t send_buffer;
    int32_t receive_buffer;
    int32_t tcp_user_timeout_ms; /* 0: the system's */
};

struct kc_error *kc_wire_settings_new(const struct kc_map *map,
                                      struct kc_wire_settings **settings) KC_MUST_CHECK;
void kc_wire_settings_destroy(struct kc_wire_settings *settings);

/* base doubling with each attempt up to max, then 20 % jitter either way. */
int64_t kc_wire_jittered(int64_t base, int64_t max, int attempt);

/* "host:port" or "[v6]:port", as ClientUtils.parseAndValidateAddresses; false when it isn't. */
bool kc_wire_address_parse(const char *text, struct kc_wire_address *address);

#endif
