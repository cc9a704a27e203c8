/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /metrics: everything that the process measures, for Prometheus (docs/METRICS.md).
 *
 * Runs on request threads, one scrape at a time, because rates remember the previous scrape.
 */
#include "metrics/dashboard_names.h"
#include "metrics/process_metrics.h"
#include "metrics/series.h"
#include "rest/router_priv.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static pthread_mutex_t scraping = PTHREAD_MUTEX_INITIALIZER;

/* The weight that an Accept header gives to a media type by name; 0: none. */
static double weight(const char *accept, const char *type)
{
    size_t len = strlen(type);
    for (const char *at = accept; at; at = strchr(at, ',')) {
        at += strspn(at, ", \t");
        size_t part = strcspn(at, ",");
        if (part < len || strncasecmp(at, type, len) != 0 || (at[len] && !strchr(";, ", at[len])))
            continue;
        const char *q = strcasestr(at + len, ";q=");
        return q && q < at + part ? strtod(q + 3, NULL) : 1;
    }
    return 0;
}

static bool wants_openmetrics(const struct kc_rest_request *request)
{
    const char *accept = kc_map_get(request->headers, "accept");
    double open = accept ? weight(accept, "application/openmetrics-text") : 0;
    return open > 0 && open >= weight(accept, "text/plain");
}

static void expose_build(struct kc_exposition *exposition)
{
    const struct kc_label labels[] = {{"version", KC_VERSION}, {"commit", KC_COMMIT}};
    kc_exposition_add(exposition, "isthmus_build_info", KC_METRIC_GAUGE,
                      "1; the labels say which build this is", labels, 2, 1);
}

/* The herder of a worker; in dedicated mode each flow's, told apart by a label. */
static void expose_herders(const struct kc_rest_request *request, struct kc_exposition *exposition,
                           struct kc_series_collection *series)
{
    if (request->herder) {
        kc_herder_expose(request->herder, exposition, series);
        return;
    }
    for (size_t i = 0; i < request->flow_count; i++) {
        const struct kc_rest_flow *flow = &request->flows[i];
        char *name = kc_asprintf("%s->%s", flow->source, flow->target);
        const struct kc_label label = {"flow", name};
        kc_exposition_set_label(exposition, &label);
        kc_herder_expose(flow->herder, exposition, series);
        kc_exposition_set_label(exposition, NULL);
        free(name);
    }
}

static unsigned names_of(const struct kc_config *values)
{
    const struct kc_strings *words = kc_config_list(values, "metrics.names");
    unsigned sets = 0;
    for (size_t i = 0; i < words->count; i++)
        sets |= kc_dashboard_names_parse(words->items[i]);
    return sets;
}

static void get_metrics(struct kc_rest_request *request)
{
    bool openmetrics = wants_openmetrics(request);
    size_t max = (size_t)kc_config_long(request->config->values, "metrics.series.max");
    struct kc_exposition *exposition = kc_exposition_new();
    struct kc_series_collection series = {0};
    kc_exposition_set_alias(exposition, kc_dashboard_names_add, names_of(request->config->values));
    pthread_mutex_lock(&scraping);
    expose_build(exposition);
    kc_process_expose(exposition);
    expose_herders(request, exposition, &series);
    kc_series_expose(&series, max, exposition);
    pthread_mutex_unlock(&scraping);
    kc_rest_answer_text(request, 200, openmetrics ? KC_OPENMETRICS_TYPE : KC_PROMETHEUS_TYPE,
                        kc_exposition_print(exposition, openmetrics));
    kc_exposition_destroy(exposition);
}

const struct kc_route kc_metrics_routes[] = {
    {"GET", "/metrics", KC_ROUTE_ANY_TYPE | KC_ROUTE_TEXT | KC_ROUTE_SIGHT, get_metrics},
    {NULL, NULL, 0, NULL},
};
