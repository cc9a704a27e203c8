/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a gateway measures: numbers of the process, which has one gateway at most. Any thread; one
 * atomic addition each.
 */
#ifndef WORKER_GATEWAY_GATEWAY_METRICS_PRIV_H
#define WORKER_GATEWAY_GATEWAY_METRICS_PRIV_H

#include "metrics/exposition.h"

enum gateway_measure {
    /* connections */
    GATEWAY_CLIENTS, /* gauge: open now; those that have logged in or need no login */
    GATEWAY_ACCEPTED,
    GATEWAY_REFUSED_TOTAL,   /* too many in total */
    GATEWAY_REFUSED_ADDRESS, /* too many of one address */
    GATEWAY_CUT_SLOW,        /* took nothing for too long */
    GATEWAY_CUT_LOGIN,       /* no login in time */
    GATEWAY_CUT_FRAME,       /* a request larger than allowed */
    GATEWAY_LOGINS_FAILED,   /* the gateway's own in a client's name, and unknown certificates */
    GATEWAY_TARGET_FAILED,   /* connections to the target that couldn't be opened or broke */
    /* requests, by way */
    GATEWAY_REQUESTS_RELAYED,
    GATEWAY_REQUESTS_ROUTED, /* with at least one batch for a source */
    GATEWAY_REQUESTS_HELD,   /* that have waited for a flip or a lease */
    GATEWAY_BYTES_RELAYED,   /* of requests */
    GATEWAY_BYTES_ROUTED,
    GATEWAY_BYTES_ANSWERED, /* of answers to clients */
    GATEWAY_RECORDS_ROUTED,
    GATEWAY_REPEATED,     /* batches answered from a flip table */
    GATEWAY_HELD_NOW,     /* gauge */
    GATEWAY_HELD_MS,      /* sum of the times of held requests */
    GATEWAY_THROTTLED_MS, /* sum of what quotas have delayed routed writes */
    /* refusals and errors of routed writes */
    GATEWAY_REFUSED_RIGHTS,
    GATEWAY_ROUTE_RETRIABLE, /* answered with an error that a client retries */
    GATEWAY_ROUTE_FAILED,    /* with one that it doesn't */
    /* leases */
    GATEWAY_LEASE_RENEWED_AT, /* gauge: kc_mono_ms() of the oldest lease's last renewal; 0: none */
    GATEWAY_LEASES_LOST,
    GATEWAY_MEASURES,
};

void gateway_measure_add(enum gateway_measure measure, int64_t n);
void gateway_measure_set(enum gateway_measure measure, int64_t value);
int64_t gateway_measure_get(enum gateway_measure measure);

/* From now on a worker's /metrics has them as well. Once in a process. */
void gateway_metrics_begin(void);
/* Adds all of them as isthmus_gateway_... */
void gateway_metrics_expose(struct kc_exposition *exposition);

#endif
