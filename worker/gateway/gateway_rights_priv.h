/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a client may write at the target, asked on the client's own connection there, before the
 * link's credentials are used for it at the source. Answers are kept for a while per session.
 */
#ifndef WORKER_GATEWAY_GATEWAY_RIGHTS_PRIV_H
#define WORKER_GATEWAY_GATEWAY_RIGHTS_PRIV_H

#include "gateway/gateway_session_priv.h"

struct gateway_rights;

struct gateway_rights *gateway_rights_new(const struct gateway_config *config);
void gateway_rights_destroy(struct gateway_rights *rights);

/* code: 0, or TOPIC_AUTHORIZATION_FAILED, TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
 * CLUSTER_AUTHORIZATION_FAILED, or a retriable error when the target couldn't be asked. */
typedef void (*gateway_allowed)(void *arg, struct gateway_exchange *exchange, int16_t code);
/* Whether the client may WRITE to the topic (Metadata with authorized operations). done runs at
 * once when it is known, else later on the session's loop. Loop thread. */
void gateway_rights_topic(struct gateway_rights *rights, struct gateway_exchange *exchange,
                          const char *topic, gateway_allowed done, void *arg);
/* WRITE on the transactional id (AddPartitionsToTxn without partitions is refused before anything
 * else is looked at). */
void gateway_rights_transaction(struct gateway_rights *rights, struct gateway_exchange *exchange,
                                const char *transactional_id, gateway_allowed done, void *arg);
void gateway_rights_forget(struct gateway_rights *rights, struct gateway_session *session);

#endif
