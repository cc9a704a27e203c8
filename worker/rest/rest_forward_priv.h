/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sending a request on to the worker that can answer it (HerderRequestHandler and RestClient).
 *
 * Request threads only: these block.
 */
#ifndef WORKER_REST_REST_FORWARD_PRIV_H
#define WORKER_REST_REST_FORWARD_PRIV_H

#include "http/http_client.h"
#include "rest/rest_request.h"

/* The request for the other worker. */
struct kc_rest_onward {
    const char *method; /* NULL: the client's */
    const char *path;   /* "/connectors/...", escaped */
    const char *query;  /* escaped; NULL: none. Its forwarding parameter is replaced */
    const char *body;   /* NULL: none */
    size_t body_len;
    const char *body_type; /* NULL: JSON */
    bool whole; /* the answer is passed on unchanged, with its headers; otherwise it is Connect's
                   JSON */
    const char *connector; /* for a resource that Java's workers have none of: the connector that it
                              is about. NULL: Connect's own */
};

/* Answers a request that may be forwarded, after err: KC_ERR_WRONG_TARGET forwards it,
 * KC_ERR_REBALANCE_NEEDED and KC_ERR_STALE_CONFIG become 409; any other error is answered as it is.
 * Takes err. */
void kc_rest_answer_or_send_on(struct kc_rest_request *request, struct kc_error *err,
                               const struct kc_rest_onward *onward);
/* The same for JSON, which is taken; body NULL: none. */
void kc_rest_answer_or_forward(struct kc_rest_request *request, struct kc_error *err,
                               const char *path, const char *query, char *body);
/* Sends to the worker at target; for a resource that this one, being Java's, doesn't know, to the
 * worker that has the connector by its status. KC_ERR_UNAVAILABLE: that is a worker of Java's, too,
 * or unknown. */
struct kc_error *kc_rest_send_to_owner(struct kc_rest_request *request, const char *target,
                                       const struct kc_rest_onward *onward,
                                       struct kc_http_reply *reply) KC_MUST_CHECK;
/* Sends to the worker at target, with the client's credentials. */
struct kc_error *kc_rest_send_on(struct kc_rest_request *request, const char *target,
                                 const struct kc_rest_onward *onward,
                                 struct kc_http_reply *reply) KC_MUST_CHECK;

#endif
