/* SPDX-License-Identifier: Apache-2.0 */
/* The gateway's numbers and their names: see gateway_metrics_priv.h. */
#include "gateway/gateway_metrics_priv.h"

#include "metrics/process_metrics.h"

#include <stdatomic.h>
#include <string.h>

static atomic_int_fast64_t values[GATEWAY_MEASURES];

void gateway_measure_add(enum gateway_measure measure, int64_t n)
{
    atomic_fetch_add_explicit(&values[measure], n, memory_order_relaxed);
}

void gateway_measure_set(enum gateway_measure measure, int64_t value)
{
    atomic_store_explicit(&values[measure], value, memory_order_relaxed);
}

int64_t gateway_measure_get(enum gateway_measure measure)
{
    return atomic_load_explicit(&values[measure], memory_order_relaxed);
}

/* ---- names ---- */

enum measure_unit { UNIT_PLAIN, UNIT_SECONDS, UNIT_AGE };

/* A sample; rows of one family have one type and help. */
struct gateway_sample {
    const char *name;
    const char *label; /* NULL: none */
    const char *value;
    const char *help;
    enum measure_unit unit;
    bool gauge;
};

#define COUNTER(suffix, label, value, help)                                                        \
    {                                                                                              \
        "isthmus_gateway_" suffix "_total", (label), (value), (help), UNIT_PLAIN, false            \
    }
#define SECONDS(suffix, help)                                                                      \
    {                                                                                              \
        "isthmus_gateway_" suffix "_seconds_total", NULL, NULL, (help), UNIT_SECONDS, false        \
    }
#define GAUGE(suffix, unit, help)                                                                  \
    {                                                                                              \
        "isthmus_gateway_" suffix, NULL, NULL, (help), (unit), true                                \
    }
#define REFUSED(reason)                                                                            \
    COUNTER("connections_refused", "reason", reason,                                               \
            "Connections of clients that were closed at once, by what there was too much of")
#define CUT(reason)                                                                                \
    COUNTER("connections_cut", "reason", reason,                                                   \
            "Connections of clients that the gateway has ended")
#define REQUESTS(way)                                                                              \
    COUNTER("requests", "way", way,                                                                \
            "Requests of clients: relayed to the target, routed to a source, held before that")
#define BYTES(way)                                                                                 \
    COUNTER("bytes", "way", way,                                                                   \
            "Bytes of requests that were relayed or routed, and of answers to clients")
#define ERRORS(kind)                                                                               \
    COUNTER("routed_errors", "kind", kind,                                                         \
            "Batches for a source that were answered with an error, by what a client does then")

static const struct gateway_sample samples[GATEWAY_MEASURES] = {
    [GATEWAY_CLIENTS] = GAUGE("clients", UNIT_PLAIN, "Connections of clients that are open"),
    [GATEWAY_ACCEPTED] =
        COUNTER("connections", NULL, NULL, "Connections of clients that were accepted"),
    [GATEWAY_REFUSED_TOTAL] = REFUSED("total"),
    [GATEWAY_REFUSED_ADDRESS] = REFUSED("address"),
    [GATEWAY_CUT_SLOW] = CUT("slow"),
    [GATEWAY_CUT_LOGIN] = CUT("login"),
    [GATEWAY_CUT_FRAME] = CUT("frame"),
    [GATEWAY_LOGINS_FAILED] =
        COUNTER("logins_failed", NULL, NULL,
                "Clients with a certificate that the gateway couldn't log in to the target"),
    [GATEWAY_TARGET_FAILED] =
        COUNTER("target_connections_failed", NULL, NULL,
                "Connections to the target that couldn't be opened, or that broke"),
    [GATEWAY_REQUESTS_RELAYED] = REQUESTS("relayed"),
    [GATEWAY_REQUESTS_ROUTED] = REQUESTS("routed"),
    [GATEWAY_REQUESTS_HELD] = REQUESTS("held"),
    [GATEWAY_BYTES_RELAYED] = BYTES("relayed"),
    [GATEWAY_BYTES_ROUTED] = BYTES("routed"),
    [GATEWAY_BYTES_ANSWERED] = BYTES("answered"),
    [GATEWAY_RECORDS_ROUTED] =
        COUNTER("records_routed", NULL, NULL, "Records that a source has acknowledged"),
    [GATEWAY_REPEATED] = COUNTER(
        "repeated_batches", NULL, NULL,
        "Batches written before a flip and repeated behind it, which weren't written twice"),
    [GATEWAY_HELD_NOW] = GAUGE("held", UNIT_PLAIN, "Requests that are held now"),
    [GATEWAY_HELD_MS] = SECONDS("hold", "Time for which requests were held, in seconds"),
    [GATEWAY_THROTTLED_MS] =
        SECONDS("throttle", "Time for which quotas of the target have delayed routed writes"),
    [GATEWAY_REFUSED_RIGHTS] =
        COUNTER("rights_refused", NULL, NULL,
                "Writes that weren't routed because the client has no right to them at the target"),
    [GATEWAY_ROUTE_RETRIABLE] = ERRORS("retriable"),
    [GATEWAY_ROUTE_FAILED] = ERRORS("final"),
    [GATEWAY_LEASE_RENEWED_AT] =
        GAUGE("lease_age_seconds", UNIT_AGE,
              "Time since the lease was renewed that was renewed least recently; 0: there is none"),
    [GATEWAY_LEASES_LOST] =
        COUNTER("leases_lost", NULL, NULL, "Leases that ended because they couldn't be renewed"),
};

static double in_unit(int64_t value, enum measure_unit unit)
{
    if (unit == UNIT_AGE)
        return value > 0 ? (double)(kc_mono_ms() - value) / 1000 : 0;
    return unit == UNIT_SECONDS ? (double)value / 1000 : (double)value;
}

void gateway_metrics_expose(struct kc_exposition *exposition)
{
    for (int i = 0; i < GATEWAY_MEASURES; i++) {
        const struct gateway_sample *sample = &samples[i];
        const struct kc_label label = {sample->label, sample->value};
        kc_exposition_add(exposition, sample->name,
                          sample->gauge ? KC_METRIC_GAUGE : KC_METRIC_COUNTER, sample->help, &label,
                          sample->label ? 1 : 0,
                          in_unit(gateway_measure_get((enum gateway_measure)i), sample->unit));
    }
}

void gateway_metrics_begin(void)
{
    kc_process_expose_also(gateway_metrics_expose);
}
