/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Steps of every request, whatever its resource: content negotiation, CORS, configured response
 * headers, the access log. Event thread.
 */
#ifndef WORKER_REST_REST_FILTER_PRIV_H
#define WORKER_REST_REST_FILTER_PRIV_H

#include "rest/router_priv.h"

struct kc_rest_filter;

/* Reads access.control.* and response.http.headers.config. KC_ERR_CONFIG. */
struct kc_error *kc_rest_filter_new(const struct kc_worker_config *config,
                                    struct kc_rest_filter **filter) KC_MUST_CHECK;
void kc_rest_filter_destroy(struct kc_rest_filter *filter);

/* Content-Type and Accept (415, 406). False: it has been answered. */
bool kc_rest_filter_negotiate(const struct kc_route *route, struct kc_rest_request *request);

/* Adds the headers that the answer gets to headers (name to value). */
void kc_rest_filter_headers(const struct kc_rest_filter *filter,
                            const struct kc_rest_request *request, struct kc_map *headers);

/* One line in NCSA's extended format, as Jetty writes it. */
void kc_rest_filter_access_log(const struct kc_rest_request *request, const char *client,
                               int64_t duration_ms);

#endif
