/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a client may do at the target, asked on the client's own connection there, before the link's
 * credentials are used for it at the source.
 *
 * Answers are kept for a while per session (gateway_config.rights_ms, counted from the question),
 * so a right that was taken away at the target ends here after that time at the latest. An answer
 * that is used gets renewed before it ends, so that writes don't wait for it. A refusal is kept for
 * a second. Nothing that was asked creates a topic or a transaction.
 */
#ifndef WORKER_GATEWAY_GATEWAY_RIGHTS_PRIV_H
#define WORKER_GATEWAY_GATEWAY_RIGHTS_PRIV_H

#include "gateway/gateway_session_priv.h"

struct gateway_rights;

struct gateway_rights *gateway_rights_new(const struct gateway_config *config);
/* When no session is left. NULL is fine. */
void gateway_rights_destroy(struct gateway_rights *rights);

/* code: 0, or TOPIC_AUTHORIZATION_FAILED, TRANSACTIONAL_ID_AUTHORIZATION_FAILED, or a retriable
 * error when the target couldn't be asked, doesn't have the topic, or the session has ended. */
typedef void (*gateway_allowed)(void *arg, struct gateway_exchange *exchange, int16_t code);
/* Whether the client may WRITE to the topic (Metadata with authorized operations). done runs at
 * once when it is known, else later on the session's loop. Loop thread. */
void gateway_rights_topic(struct gateway_rights *rights, struct gateway_exchange *exchange,
                          const char *topic, gateway_allowed done, void *arg);
/* WRITE on the transactional id. It is asked by AddPartitionsToTxn with a partition that no topic
 * has (-1): a broker looks at the id's right first, at the partition then, and goes no further. */
void gateway_rights_transaction(struct gateway_rights *rights, struct gateway_exchange *exchange,
                                const char *transactional_id, gateway_allowed done, void *arg);
/* The session ends, or has logged in anew: its answers count no more. */
void gateway_rights_forget(struct gateway_rights *rights, struct gateway_session *session);
/* Requests that were refused for lack of a right. Any thread. */
uint64_t gateway_rights_refused(const struct gateway_rights *rights);

#endif
