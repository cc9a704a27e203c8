/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AddOffsetsToTxn and TxnOffsetCommit of a transaction that lives at the source. A group's offsets
 * are the target's, so they are refused; see gateway_transactions.c.
 *
 * A transaction that wrote nothing may begin at the target, with another id. One that has written
 * to the source is refused until its topics are promoted. Kafka Streams ends for good when
 * AddOffsetsToTxn fails, but begins its tasks anew, with a new producer, when TxnOffsetCommit does.
 * So the latter refuses. Other clients keep their producer id then. If it comes a second time, and
 * has nothing at the source, AddOffsetsToTxn refuses, and they ask for another id.
 */
#include "gateway/gateway_txn_priv.h"

#define WITH_OFFSETS                                                                               \
    "it writes to topics whose writes still go to the source, and commits a group's offsets in "   \
    "the same transaction, which are the target's. Its transactions are aborted until its topics " \
    "are promoted. Promote them before, or together with, the group"

/* Where nothing was written at the source, the id may begin at the target. Whether something was.
 */
static bool refuse(struct gateway_route *route, const char *id, int16_t epoch)
{
    bool open = gateway_transaction_is_open(route, id, epoch);

    if (open)
        gateway_txn_tell(route, id, WITH_OFFSETS);
    else
        gateway_transaction_note(route, id, false);
    return open;
}

bool gateway_txn_take_offsets(struct gateway_route *route, struct gateway_exchange *exchange)
{
    const struct kc_add_offsets_to_txn_request *message = exchange->message;
    struct kc_add_offsets_to_txn_response answer = {.error_code = KC_KAFKA_NONE};
    bool of_source = false;

    gateway_id_at_source(route, message->producer_id, &of_source);
    if (!of_source || message->transactional_id.len < 0)
        return false;
    const char *id = message->transactional_id.data;
    if (!refuse(route, id, message->producer_epoch) &&
        gateway_txn_note_refused(route, id, message->producer_id, message->producer_epoch))
        answer.error_code = gateway_begin_anew_code(exchange);
    gateway_exchange_answer(exchange, &answer);
    return true;
}

bool gateway_txn_take_commit(struct gateway_route *route, struct gateway_exchange *exchange)
{
    const struct kc_txn_offset_commit_request *message = exchange->message;
    bool of_source = false;

    gateway_id_at_source(route, message->producer_id, &of_source);
    if (!of_source || message->transactional_id.len < 0)
        return false;
    refuse(route, message->transactional_id.data, message->producer_epoch);
    struct kc_arena *arena = kc_arena_new(512);
    struct kc_txn_offset_commit_response *response =
        kc_wire_new(arena, &kc_txn_offset_commit_response_type);
    KC_WIRE_LIST_NEW(arena, &response->topics, kc_txn_offset_commit_response_topic,
                     message->topics.count);
    for (int32_t t = 0; t < message->topics.count; t++) {
        const struct kc_txn_offset_commit_request_topic *from = &message->topics.items[t];
        struct kc_txn_offset_commit_response_topic *to = &response->topics.items[t];

        to->name = from->name;
        KC_WIRE_LIST_NEW(arena, &to->partitions, kc_txn_offset_commit_response_partition,
                         from->partitions.count);
        for (int32_t p = 0; p < from->partitions.count; p++) {
            to->partitions.items[p].partition_index = from->partitions.items[p].partition_index;
            to->partitions.items[p].error_code = gateway_begin_anew_code(exchange);
        }
    }
    gateway_exchange_answer(exchange, response);
    kc_arena_destroy(arena);
    return true;
}
