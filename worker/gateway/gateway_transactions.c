/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transactions: in which cluster each lives, and how it changes over.
 *
 * A transaction lives in one cluster, which the producer id tells: ids of the source have its tag.
 * All calls with such an id go to the source's coordinator, all others to the target.
 * InitProducerId decides where the next one lives: at the source while there are topics that aren't
 * promoted, unless the last one of that transactional id was to write to the target. So a new
 * gateway needs no memory of what was before: at worst one transaction begins anew.
 *
 * A write that belongs to the other cluster is refused by an error with which clients abort and go
 * on (gateway_begin_anew_code). Then they ask for another id, or are given one with the answer to
 * EndTxn (KIP-890). With that request the former cluster aborts what is open there and fences older
 * producers, before the other cluster issues an id. A new producer is made known to both. So a
 * transactional id has one producer that isn't fenced, wherever it writes.
 *
 * What can't be done atomically is refused in the same way until it can be: a transaction with
 * topics of both clusters, or one that writes to the source and commits a group's offsets, which
 * are the target's.
 */
#include "gateway/gateway_txn_priv.h"

#include "connect/log.h"

#include <stdlib.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.gateway.transactions");

enum {
    SOURCE_MS = 20000, /* for an answer of the source's coordinator */
    FIRST_KIP_588 = 11 /* Produce: clients of Kafka 3.8 and later */
};

/* ---- codes ---- */

/* A code that clients take as final in one answer makes them go on in another:
 * - Produce: with INVALID_PRODUCER_EPOCH clients abort and begin anew (KIP-588). Older ones and
 *   librdkafka take that as fenced, and abort with INVALID_PRODUCER_ID_MAPPING, which for Java is
 *   final since Kafka 4.0.
 * - AddPartitionsToTxn, AddOffsetsToTxn: UNKNOWN_PRODUCER_ID has made all clients abort and ask for
 *   an id since KIP-360.
 * - TxnOffsetCommit: all codes about the producer are final. ILLEGAL_GENERATION makes clients
 * abort, and Kafka Streams begin its tasks anew. */
int16_t gateway_begin_anew_code(const struct gateway_exchange *exchange)
{
    switch (exchange->header.api) {
    case KC_API_PRODUCE:
        return exchange->header.version >= FIRST_KIP_588 ? KC_KAFKA_INVALID_PRODUCER_EPOCH
                                                         : KC_KAFKA_INVALID_PRODUCER_ID_MAPPING;
    case KC_API_TXN_OFFSET_COMMIT:
        return KC_KAFKA_ILLEGAL_GENERATION;
    default:
        return KC_KAFKA_UNKNOWN_PRODUCER_ID;
    }
}

/* ---- calls to the source's coordinator ---- */

/* What a coordinator's client is told of the source's failures: none of them is the client's. */
static int16_t coordinator_code(struct gateway_route *route, const char *id, int16_t code)
{
    switch (code) {
    case KC_KAFKA_NOT_COORDINATOR:
    case KC_KAFKA_COORDINATOR_NOT_AVAILABLE:
        kc_wire_forget_coordinator(gateway_source_client(route->base.source), KC_WIRE_TRANSACTION,
                                   id);
        return KC_KAFKA_COORDINATOR_LOAD_IN_PROGRESS;
    case KC_KAFKA_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
    case KC_KAFKA_CLUSTER_AUTHORIZATION_FAILED:
    case KC_KAFKA_TOPIC_AUTHORIZATION_FAILED:
        gateway_txn_tell(route, id,
                         "the source refuses its transactions under the link's credentials. Check "
                         "source.cluster.* and the principal's ACLs at the source");
        return KC_KAFKA_COORDINATOR_LOAD_IN_PROGRESS;
    default:
        return code;
    }
}

int16_t gateway_txn_code(struct gateway_route *route, const char *id,
                         const struct kc_wire_reply *reply, int16_t code)
{
    if (!reply->error)
        return coordinator_code(route, id, code);
    kc_debug("Transactional id %s: %s", id, kc_error_text(reply->error));
    return KC_KAFKA_COORDINATOR_LOAD_IN_PROGRESS;
}

struct gateway_txn_call *gateway_txn_call_new(struct gateway_route *route,
                                              struct gateway_exchange *exchange, const char *id)
{
    struct gateway_txn_call *call = kc_calloc(1, sizeof(*call));

    call->route = route;
    call->exchange = gateway_exchange_ref(exchange);
    call->id = kc_strdup(id);
    pthread_mutex_init(&call->mutex, NULL);
    return call;
}

void gateway_txn_call_destroy(struct gateway_txn_call *call)
{
    pthread_mutex_destroy(&call->mutex);
    gateway_exchange_unref(call->exchange);
    free(call->codes);
    free(call->id);
    free(call);
}

struct kc_wire_request *gateway_txn_request(const struct gateway_txn_call *call, enum kc_api api)
{
    struct kc_wire_request *request = kc_wire_request_new(api);

    request->target.kind = KC_WIRE_TRANSACTION;
    request->target.key = kc_arena_strdup(request->arena, call->id);
    request->timeout_ms = SOURCE_MS;
    request->max_version = call->exchange->header.version;
    return request;
}

void gateway_txn_send(struct gateway_txn_call *call, struct kc_wire_request *request,
                      kc_wire_done done)
{
    kc_wire_send(gateway_source_client(call->route->base.source), request, done, call);
}

/* ---- who takes what ---- */

bool gateway_transaction_take(struct gateway_route *route, struct gateway_exchange *exchange)
{
    switch (exchange->header.api) {
    case KC_API_ADD_PARTITIONS_TO_TXN:
        return gateway_txn_take_add(route, exchange);
    case KC_API_ADD_OFFSETS_TO_TXN:
        return gateway_txn_take_offsets(route, exchange);
    case KC_API_TXN_OFFSET_COMMIT:
        return gateway_txn_take_commit(route, exchange);
    case KC_API_END_TXN:
        return gateway_txn_take_end(route, exchange);
    default:
        return false;
    }
}
