/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A gateway's settings, read once from its file (or a worker's): the target, listeners, the ports
 * of brokers, links, limits. Constant after gateway_config_new(). Any thread.
 */
#ifndef WORKER_GATEWAY_GATEWAY_CONFIG_H
#define WORKER_GATEWAY_GATEWAY_CONFIG_H

#include "connect/map.h"

struct gateway_credentials;

enum gateway_after { GATEWAY_ADVERTISE, GATEWAY_RELAY };

/* A listener with its brokers: each broker of the target has a port, or a host name (SNI). */
struct gateway_listener_config {
    char *name;          /* "PLAINTEXT", or a name of listener.security.protocol.map */
    char *host;          /* to bind; "": all addresses */
    int port;            /* of bootstrap; 0: any free one */
    char *advertised;    /* host that clients are told */
    int advertised_port; /* of bootstrap */
    int broker_port;     /* the first one; 0: by SNI alone */
    int broker_ports;    /* how many */
    char *broker_host;   /* "broker-{id}.gw.example.com"; NULL: `advertised` for all */
    bool tls;            /* the client's side */
    bool sasl;           /* relayed, unless the listener has a map of credentials */
    bool steps_aside; /* its clients can talk to the target themselves: the protocol is the same */
    struct kc_map *ssl; /* its ssl.* keys: the listener's own, else the file's */
    /* Certificates' principals → the target's credentials; NULL: SASL is relayed. */
    struct gateway_credentials *credentials;
};

struct gateway_config {
    char *name;            /* of this instance, in the state topic; unique among gateways */
    struct kc_map *target; /* Java client keys for the target: the gateway's own calls */
    struct kc_map *source; /* the same for the source ("source.cluster." taken off) */
    struct gateway_listener_config *listeners;
    size_t listener_count;
    struct kc_strings links;  /* empty: all of the state topic */
    enum gateway_after after; /* gateway.after.promotion */
    int aside_ms;             /* gateway.aside.ms: from the last promotion to that */
    int threads;
    int lease_ms;        /* gateway.lease.ms: how long a renewal holds */
    int connections_max; /* of clients; each further one is closed at once */
    int connections_per_address_max;
    size_t frame_max;        /* bytes of a client's request */
    size_t client_bytes_max; /* that a client may have under way before it is read no further */
    int idle_ms;             /* connections without a request are closed after that */
    int slow_ms;             /* a client that takes nothing for so long is cut */
    int drain_ms;            /* that a stop waits for what is under way */
    int login_ms;            /* from a connection to the end of its login */
    char *metrics_listener;  /* "http://host:port"; NULL: none */
    int rights_ms;           /* how long an answer about a client's rights counts */
};

/* settings: the file's, resolved. KC_ERR_CONFIG names the key, its value and what is allowed. */
struct kc_error *gateway_config_new(const struct kc_map *settings,
                                    struct gateway_config **config) KC_MUST_CHECK;
/* The same; key, unless NULL, gets the setting that an error is about: static storage, or NULL. */
struct kc_error *gateway_config_new_named(const struct kc_map *settings,
                                          struct gateway_config **config,
                                          const char **key) KC_MUST_CHECK;
void gateway_config_destroy(struct gateway_config *config); /* NULL is fine */
/* Whether a gateway has a setting of that name. */
bool gateway_config_knows(const char *key);
/* Whether a worker's file asks for a gateway inside the worker: it has gateway.listeners. */
bool gateway_config_wanted(const struct kc_map *settings);

#endif
