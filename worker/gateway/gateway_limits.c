/* SPDX-License-Identifier: Apache-2.0 */
/* Limits on strangers: see gateway_limits_priv.h. */
#include "gateway/gateway_limits_priv.h"

#include "connect/hash.h"
#include "gateway/gateway_metrics_priv.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STRANGE_MAX = 512 * 1024 }; /* as a broker's sasl.server.max.receive.size */

struct limits_host {
    char *name;
    int connections;
    UT_hash_handle hh;
};

struct gateway_limits {
    int most;
    int most_of_host;
    pthread_mutex_t mutex; /* guards what follows */
    int connections;
    struct limits_host *hosts;
};

struct gateway_limits *gateway_limits_new(const struct gateway_config *config)
{
    struct gateway_limits *limits = kc_calloc(1, sizeof(*limits));
    limits->most = config->connections_max;
    limits->most_of_host = config->connections_per_address_max;
    pthread_mutex_init(&limits->mutex, NULL);
    return limits;
}

static void drop(struct gateway_limits *limits, struct limits_host *host)
{
    HASH_DEL(limits->hosts, host);
    free(host->name);
    free(host);
}

void gateway_limits_destroy(struct gateway_limits *limits)
{
    struct limits_host *host, *next;
    if (!limits)
        return;
    HASH_ITER (hh, limits->hosts, host, next)
        drop(limits, host);
    pthread_mutex_destroy(&limits->mutex);
    free(limits);
}

/* ---- connections ---- */

static size_t host_length(const char *address)
{
    const char *colon = strrchr(address, ':');
    return colon ? (size_t)(colon - address) : strlen(address);
}

/* Locked. NULL: it has no connection. */
static struct limits_host *find(struct gateway_limits *limits, const char *address)
{
    struct limits_host *host = NULL;
    HASH_FIND(hh, limits->hosts, address, host_length(address), host);
    return host;
}

static void count(struct gateway_limits *limits, struct limits_host *host, const char *address)
{
    if (!host) {
        host = kc_calloc(1, sizeof(*host));
        host->name = kc_strndup(address, host_length(address));
        HASH_ADD_KEYPTR(hh, limits->hosts, host->name, strlen(host->name), host);
    }
    host->connections++;
    limits->connections++;
}

const char *gateway_limits_enter(struct gateway_limits *limits, const char *address)
{
    static _Thread_local char why[160];
    enum gateway_measure measure = GATEWAY_ACCEPTED;
    pthread_mutex_lock(&limits->mutex);
    struct limits_host *host = find(limits, address);
    if (limits->connections >= limits->most)
        measure = GATEWAY_REFUSED_TOTAL;
    else if (host && host->connections >= limits->most_of_host)
        measure = GATEWAY_REFUSED_ADDRESS;
    else
        count(limits, host, address);
    pthread_mutex_unlock(&limits->mutex);
    gateway_measure_add(measure, 1);
    if (measure == GATEWAY_ACCEPTED) {
        gateway_measure_add(GATEWAY_CLIENTS, 1);
        return NULL;
    }
    if (measure == GATEWAY_REFUSED_TOTAL)
        snprintf(why, sizeof(why), "gateway.connections.max=%d are there", limits->most);
    else
        snprintf(why, sizeof(why),
                 "gateway.connections.per.address.max=%d of its address are there",
                 limits->most_of_host);
    return why;
}

void gateway_limits_leave(struct gateway_limits *limits, const char *address)
{
    if (!limits)
        return;
    pthread_mutex_lock(&limits->mutex);
    struct limits_host *host = find(limits, address);
    if (host && --host->connections == 0)
        drop(limits, host);
    limits->connections--;
    pthread_mutex_unlock(&limits->mutex);
    gateway_measure_add(GATEWAY_CLIENTS, -1);
}

int gateway_limits_count(struct gateway_limits *limits)
{
    pthread_mutex_lock(&limits->mutex);
    int connections = limits->connections;
    pthread_mutex_unlock(&limits->mutex);
    return connections;
}

/* ---- before the login ---- */

size_t gateway_limits_frame(const struct gateway_config *config, bool strange)
{
    return strange && config->frame_max > STRANGE_MAX ? STRANGE_MAX : config->frame_max;
}
