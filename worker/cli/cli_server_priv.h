/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worker that is asked: where it is, how one logs in, requests as JSON.
 *
 * A request that meets a rebalance is made again until the time-out, as people would.
 */
#ifndef WORKER_CLI_CLI_SERVER_PRIV_H
#define WORKER_CLI_CLI_SERVER_PRIV_H

#include "cli/cli_priv.h"

/* Takes URL, login and TLS settings from flags, --command-config and the environment, in this
 * order. Asks for a missing password on the terminal. */
struct kc_error *cli_server_take(struct cli *cli) KC_MUST_CHECK;
void cli_server_clear(struct cli *cli);

/* "/connectors/{}/status" with each {} replaced by the next argument, percent-encoded. Owned by the
 * caller. */
char *cli_path(const char *pattern, ...);

/* Any status is success. *reply, the caller's, is NULL when the answer has no body. body is
 * borrowed, may be NULL. */
struct kc_error *cli_ask(struct cli *cli, const char *method, const char *path, const json_t *body,
                         long *status, json_t **reply) KC_MUST_CHECK;
/* The same where a status from 400 on is an error with the worker's own words: KC_ERR_NOT_FOUND,
 * KC_ERR_CONFLICT, else KC_ERR_CONNECT; retriable where it may pass. reply may be NULL. Takes path.
 */
struct kc_error *cli_do(struct cli *cli, const char *method, char *path, const json_t *body,
                        json_t **reply) KC_MUST_CHECK;
/* What cli_do() says of such an answer. */
struct kc_error *cli_refusal(const struct cli *cli, long status, const json_t *reply);

#endif
