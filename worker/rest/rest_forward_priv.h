/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sending a request on to the worker that can answer it (HerderRequestHandler and RestClient).
 *
 * Request threads only: these block.
 */
#ifndef WORKER_REST_REST_FORWARD_PRIV_H
#define WORKER_REST_REST_FORWARD_PRIV_H

#include "rest/rest_request.h"

/* Answers request with what err means for a request that may be forwarded: KC_ERR_WRONG_TARGET is
 * sent on (path as "/connectors/...", body NULL or JSON text), KC_ERR_REBALANCE_NEEDED and
 * KC_ERR_STALE_CONFIG become 409; everything else is answered as it is. Takes err and body. */
void kc_rest_answer_or_forward(struct kc_rest_request *request, struct kc_error *err,
                               const char *path, const char *query, char *body);

#endif
