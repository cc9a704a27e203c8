/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared by the parts that route transactions: gateway_transactions.c (calls, codes, and how it all
 * works), gateway_txn_init.c (InitProducerId), gateway_txn_partitions.c (AddPartitionsToTxn),
 * gateway_txn_offsets.c (offsets of groups), gateway_txn_end.c (EndTxn), gateway_txn_ids.c (what is
 * remembered).
 */
#ifndef WORKER_GATEWAY_GATEWAY_TXN_PRIV_H
#define WORKER_GATEWAY_GATEWAY_TXN_PRIV_H

#include "gateway/gateway_routing_priv.h"

/* ---- gateway_txn_ids.c: what is remembered of transactional ids ---- */

enum gateway_home { GATEWAY_HOME_UNKNOWN, GATEWAY_HOME_SOURCE, GATEWAY_HOME_TARGET };

/* Where it begins next. */
enum gateway_home gateway_txn_next(struct gateway_route *route, const char *id);
/* Notes that this producer's offsets are refused. Returns whether its last ones were as well. */
bool gateway_txn_note_refused(struct gateway_route *route, const char *id, int64_t producer_id,
                              int16_t epoch);
/* What can't be done with it, for the operator: one line a minute. */
void gateway_txn_tell(struct gateway_route *route, const char *id, const char *what);

/* ---- gateway_transactions.c: calls to the source's coordinator ---- */

/* A call that a client waits for. */
struct gateway_txn_call {
    struct gateway_route *route;
    struct gateway_exchange *exchange;
    char *id;
    pthread_mutex_t mutex; /* guards the next two, while rights are asked */
    int asking;
    int16_t *codes; /* by topic of AddPartitionsToTxn, one more for the transactional id */
    int topics;
    /* An id for the producer: */
    struct kc_init_producer_id_request init;
    int init_version; /* towards the target */
    enum gateway_home steps[2];
    bool given[2]; /* with the producer id that the client has */
    int step_count;
    int step;
    bool active;
    struct kc_init_producer_id_response answer;
    void (*done)(struct gateway_txn_call *call); /* takes the call */
    /* EndTxn: */
    enum gateway_home home; /* where the transaction lives */
    bool described;
    bool idle; /* it has nothing there */
    struct kc_end_txn_response ended;
};

struct gateway_txn_call *gateway_txn_call_new(struct gateway_route *route,
                                              struct gateway_exchange *exchange, const char *id);
void gateway_txn_call_destroy(struct gateway_txn_call *call);
/* A request to the coordinator of the call's id, in no later version than the client's. */
struct kc_wire_request *gateway_txn_request(const struct gateway_txn_call *call, enum kc_api api);
void gateway_txn_send(struct gateway_txn_call *call, struct kc_wire_request *request,
                      kc_wire_done done);
/* The code of an answer as clients are told it: the transport's, or the message's. */
int16_t gateway_txn_code(struct gateway_route *route, const char *id,
                         const struct kc_wire_reply *reply, int16_t code);

/* ---- gateway_txn_init.c ---- */
/* Asks the call's steps in turn for an id. The answer is in the call when done takes it, unless the
 * client has gone. */
void gateway_txn_ask_id(struct gateway_txn_call *call, void (*done)(struct gateway_txn_call *call));

/* ---- who takes what; false: it is relayed ---- */
bool gateway_txn_take_add(struct gateway_route *route, struct gateway_exchange *exchange);
bool gateway_txn_take_offsets(struct gateway_route *route, struct gateway_exchange *exchange);
bool gateway_txn_take_commit(struct gateway_route *route, struct gateway_exchange *exchange);
bool gateway_txn_take_end(struct gateway_route *route, struct gateway_exchange *exchange);

#endif
