/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where writes go: to the target, to the source, or nowhere for a while; in which order; and what
 * clients are told. The router is the product's own, what it stands on is made here.
 */
#include "gateway/fake_gateway.h"

#include <unistd.h>

/* ---- routing ---- */

static struct fake_exchange *transactional(int64_t id)
{
    struct fake_exchange *fake = produce_exchange("t", id, 0);
    struct kc_produce_request *request = fake->pub.message;

    request->transactional_id = kc_wire_str_copy(fake->pub.arena, "x");
    return fake;
}

START_TEST(what_is_not_linked_passes)
{
    routing_begin();
    fake_link("t", GATEWAY_SOURCE);
    struct fake_exchange *fake = produce_exchange("other", 3, 0);
    ck_assert(!take(fake));
    ck_assert(!fake_router.reads(KC_API_FETCH));
    ck_assert(fake_router.reads(KC_API_PRODUCE));
    gateway_exchange_unref(&fake->pub);
    routing_end();
}
END_TEST

START_TEST(a_linked_topic_goes_to_the_source)
{
    routing_begin();
    fake_link("t", GATEWAY_SOURCE)->way.source_topic = (char *)"theirs";
    struct fake_exchange *fake = produce("t", PRODUCER, 0);
    ck_assert_int_eq(fake_write_count, 1);
    const struct gateway_write *write = fake_writes[0];
    ck_assert_str_eq(write->batches[0].topic, "theirs");
    ck_assert_int_eq(write->acks, -1);
    ck_assert_int_eq(write->source_tag, SOURCE_TAG);
    struct kc_record_batch batch;
    const char *why = NULL;
    ck_assert_int_eq(kc_record_batch_parse(write->batches[0].records, (size_t)write->batches[0].len,
                                           &batch, &why),
                     KC_BATCH_OK);
    ck_assert_int_eq(batch.producer_id, 7);
    ck_assert(kc_record_batch_intact(&batch));
    ck_assert_int_eq(fake_topic("t")->under_way, 1);
    source_answers(0, 0, 42);
    ck_assert_int_eq(fake_topic("t")->under_way, 0);
    expect(fake, 0, 42);
    routing_end();
}
END_TEST

START_TEST(a_request_for_both_is_split)
{
    const char *topics[] = {"t", "other", "u"};
    struct kc_arena *arena = kc_arena_new(1024);

    routing_begin();
    fake_link("t", GATEWAY_SOURCE);
    fake_link("u", GATEWAY_SOURCE);
    struct kc_produce_request *request = fake_request(arena, topics, 3);
    for (int i = 0; i < 3; i++)
        request->topic_data.items[i].partition_data.items[0].records = fake_batch(arena, -1, 0, 1);
    struct fake_exchange *fake = fake_exchange(KC_API_PRODUCE, VERSION, arena, request);
    ck_assert(take(fake));
    ck_assert_int_eq(fake_write_count, 1);
    ck_assert_uint_eq(fake_writes[0]->count, 2);
    ck_assert_int_eq(fake_ask_count, 1);
    const struct kc_produce_request *reduced = fake_asks[0].message;
    ck_assert_int_eq(reduced->topic_data.count, 1);
    ck_assert(kc_wire_str_is(reduced->topic_data.items[0].name, "other"));
    fake_writes[0]->throttle_time_ms = 300;
    source_answers(0, 0, 10);
    ck_assert_int_eq(atomic_load(&fake->answers), 0);
    target_takes(0, 0, 20);
    ck_assert_int_eq(answer_of(fake, 0)->base_offset, 10);
    ck_assert_int_eq(answer_of(fake, 1)->base_offset, 20);
    ck_assert_int_eq(answer_of(fake, 2)->base_offset, 10);
    ck_assert_int_eq(((struct kc_produce_response *)fake->answer)->throttle_time_ms, 300);
    gateway_exchange_unref(&fake->pub);
    routing_end();
}
END_TEST

/* The first record error of the n-th topic's partition. */
static void check_record_error(const struct fake_exchange *one, int n, int32_t index,
                               const char *why)
{
    const struct kc_produce_response_partition *answer = answer_of(one, n);

    ck_assert_int_eq(answer->error_code, KC_KAFKA_INVALID_RECORD);
    ck_assert(kc_wire_str_is(answer->error_message, "one is bad"));
    ck_assert_int_eq(answer->record_errors.count, 1);
    ck_assert_int_eq(answer->record_errors.items[0].batch_index, index);
    ck_assert(kc_wire_str_is(answer->record_errors.items[0].batch_index_error_message, why));
}

START_TEST(records_that_are_refused_are_named)
{
    const char *topics[] = {"t", "other"};
    struct kc_arena *arena = kc_arena_new(1024);

    routing_begin();
    fake_link("t", GATEWAY_SOURCE);
    struct kc_produce_request *request = fake_request(arena, topics, 2);
    for (int i = 0; i < 2; i++)
        request->topic_data.items[i].partition_data.items[0].records = fake_batch(arena, -1, 0, 3);
    struct fake_exchange *fake = fake_exchange(KC_API_PRODUCE, VERSION, arena, request);
    ck_assert(take(fake));
    source_refuses_record(0, 2, "no key at the source");
    target_refuses_record(0, 1, "no key at the target");
    check_record_error(fake, 0, 2, "no key at the source");
    check_record_error(fake, 1, 1, "no key at the target");
    gateway_exchange_unref(&fake->pub);
    routing_end();
}
END_TEST

START_TEST(topics_are_named_by_the_targets_id)
{
    const char *topics[] = {""};
    struct kc_arena *arena = kc_arena_new(1024);

    routing_begin();
    fake_link("t", GATEWAY_SOURCE);
    struct kc_produce_request *request = fake_request(arena, topics, 1);
    request->topic_data.items[0].topic_id = fake_topic("t")->way.target_id;
    request->topic_data.items[0].partition_data.items[0].records = fake_batch(arena, -1, 0, 1);
    struct fake_exchange *fake = fake_exchange(KC_API_PRODUCE, 13, arena, request);
    ck_assert(take(fake));
    ck_assert_str_eq(fake_writes[0]->batches[0].topic, "t");
    source_answers(0, 0, 5);
    const struct kc_produce_response *response = fake->answer;
    ck_assert(
        kc_uuid_equal(&response->responses.items[0].topic_id, &fake_topic("t")->way.target_id));
    expect(fake, 0, 5);
    routing_end();
}
END_TEST

START_TEST(one_without_answer_is_written_too)
{
    const char *topics[] = {"t", "other"};
    struct kc_arena *arena = kc_arena_new(1024);

    routing_begin();
    fake_link("t", GATEWAY_SOURCE);
    struct kc_produce_request *request = fake_request(arena, topics, 2);
    request->acks = 0;
    for (int i = 0; i < 2; i++)
        request->topic_data.items[i].partition_data.items[0].records = fake_batch(arena, -1, 0, 1);
    struct fake_exchange *fake = fake_exchange(KC_API_PRODUCE, VERSION, arena, request);
    fake->pub.silent = true;
    ck_assert(take(fake));
    ck_assert_int_eq(((struct kc_produce_request *)fake_asks[0].message)->acks, 1);
    source_answers(0, 0, 1);
    target_takes(0, 0, 1);
    ck_assert_int_eq(atomic_load(&fake->answers), 1);
    gateway_exchange_unref(&fake->pub);
    routing_end();
}
END_TEST

START_TEST(rights_come_first)
{
    routing_begin();
    fake_link("t", GATEWAY_SOURCE);
    fake_right = KC_KAFKA_TOPIC_AUTHORIZATION_FAILED;
    expect(produce("t", PRODUCER, 0), KC_KAFKA_TOPIC_AUTHORIZATION_FAILED, -1);
    ck_assert_int_eq(fake_write_count, 0);
    routing_end();
}
END_TEST

START_TEST(a_transactional_id_needs_its_right)
{
    routing_begin();
    fake_link("t", GATEWAY_SOURCE);
    fake_id_right = KC_KAFKA_TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
    struct fake_exchange *fake = transactional(PRODUCER);
    ck_assert(take(fake));
    expect(fake, KC_KAFKA_TRANSACTIONAL_ID_AUTHORIZATION_FAILED, -1);
    ck_assert_int_eq(fake_write_count, 0);
    fake_id_right = 0;
    routing_end();
}
END_TEST

START_TEST(a_partition_is_named_once)
{
    const char *topics[] = {"t", "t"};
    struct kc_arena *arena = kc_arena_new(1024);

    routing_begin();
    fake_link("t", GATEWAY_SOURCE);
    struct kc_produce_request *request = fake_request(arena, topics, 2);
    struct fake_exchange *fake = fake_exchange(KC_API_PRODUCE, VERSION, arena, request);
    ck_assert(take(fake));
    expect(fake, KC_KAFKA_INVALID_REQUEST, -1);
    routing_end();
}
END_TEST

/* A request with so many partitions of the topic t, each with a record or without one. */
static struct fake_exchange *many_partitions(int32_t count, bool with_records)
{
    const char *topics[] = {"t"};
    struct kc_arena *arena = kc_arena_new(1024);
    struct kc_produce_request *request = fake_request(arena, topics, 1);
    struct kc_produce_request_topic *topic = &request->topic_data.items[0];
    struct kc_wire_bytes batch = {0};

    if (with_records)
        batch = fake_batch(arena, -1, 0, 1);
    KC_WIRE_LIST_NEW(arena, &topic->partition_data, kc_produce_request_partition, count);
    for (int32_t i = 0; i < count; i++)
        topic->partition_data.items[i] = (struct kc_produce_request_partition){i, batch};
    return fake_exchange(KC_API_PRODUCE, VERSION, arena, request);
}

/* Many partitions cost no more than their number. By its square, this takes minutes. */
START_TEST(many_partitions_are_looked_at_once)
{
    routing_begin();
    fake_link("t", GATEWAY_SOURCE);
    fake_right = KC_KAFKA_TOPIC_AUTHORIZATION_FAILED;
    struct fake_exchange *fake = many_partitions(400000, true);
    ck_assert(take(fake));
    ck_assert_int_eq(atomic_load(&fake->answers), 1);
    gateway_exchange_unref(&fake->pub);
    routing_end();
}
END_TEST

START_TEST(many_partitions_without_records_are_not_taken_apart)
{
    routing_begin();
    fake_link("t", GATEWAY_SOURCE);
    struct fake_exchange *fake = many_partitions(2000, false);
    ck_assert(take(fake));
    ck_assert_int_eq(fake_write_count, 0);
    ck_assert_int_eq(atomic_load(&fake->answers), 1);
    ck_assert_int_eq(((struct kc_produce_response *)fake->answer)->responses.count, 0);
    gateway_exchange_unref(&fake->pub);
    routing_end();
}
END_TEST

/* Small ids of the target, from before there was a link, are issued by the source as well. */
START_TEST(ids_of_the_target_meet_none_of_the_source)
{
    struct kc_record_batch batch;
    const char *why = NULL;

    routing_begin();
    fake_link("t", GATEWAY_SOURCE);
    struct fake_exchange *fake = produce("t", 7, 0);
    ck_assert_int_eq(kc_record_batch_parse(fake_writes[0]->batches[0].records,
                                           (size_t)fake_writes[0]->batches[0].len, &batch, &why),
                     KC_BATCH_OK);
    ck_assert_int_eq(batch.producer_id, kc_link_virtual_id(TARGET_TAG, 7));
    ck_assert(kc_record_batch_intact(&batch));
    source_answers(0, 0, 42);
    expect(fake, 0, 42);
    routing_end();
}
END_TEST

/* ---- failures at the source ---- */

START_TEST(nothing_overtakes_a_failed_batch)
{
    routing_begin();
    fake_link("t", GATEWAY_SOURCE);
    struct fake_exchange *first = produce("t", PRODUCER, 0);
    source_answers(0, KC_KAFKA_NOT_LEADER_OR_FOLLOWER, -1);
    expect(first, KC_KAFKA_NOT_LEADER_OR_FOLLOWER, -1);
    expect(produce("t", PRODUCER, 2), KC_KAFKA_NOT_LEADER_OR_FOLLOWER, -1);
    ck_assert_int_eq(fake_write_count, 1);
    struct fake_exchange *again = produce("t", PRODUCER, 0);
    struct fake_exchange *second = produce("t", PRODUCER, 2);
    ck_assert_int_eq(fake_write_count, 3);
    source_answers(1, 0, 0);
    source_answers(2, 0, 2);
    expect(again, 0, 0);
    expect(second, 0, 2);
    routing_end();
}
END_TEST

START_TEST(an_answer_after_the_lease_is_not_handed_on)
{
    routing_begin();
    fake_link("t", GATEWAY_SOURCE);
    struct fake_exchange *fake = produce("t", PRODUCER, 0);
    fake_lease = false;
    source_answers(0, 0, 42);
    expect(fake, KC_KAFKA_REQUEST_TIMED_OUT, -1);
    struct fake_exchange *waits = produce("t", PRODUCER, 0);
    ck_assert_int_eq(fake_write_count, 1);
    fake_lease = true;
    AWAIT(fake_write_count == 2);
    source_answers(1, 0, 42);
    expect(waits, 0, 42);
    routing_end();
}
END_TEST

/* ---- holding ---- */

START_TEST(held_writes_go_to_the_target_in_their_order)
{
    routing_begin();
    fake_link("t", GATEWAY_HELD);
    struct fake_exchange *first = produce("t", -1, 0), *second = produce("t", -1, 0);
    ck_assert_int_eq(fake_write_count + fake_ask_count, 0);
    fake_link("t", GATEWAY_TARGET);
    AWAIT(fake_ask_count == 2);
    ck_assert_ptr_eq(fake_asks[0].exchange, &first->pub);
    target_takes(0, 0, 1);
    target_takes(1, 0, 3);
    expect(first, 0, 1);
    expect(second, 0, 3);
    routing_end();
}
END_TEST

/* The waker's thread can't send: the session's loop may be reading the next request. */
START_TEST(nothing_overtakes_what_was_held)
{
    routing_begin();
    fake_link("t", GATEWAY_HELD);
    struct fake_exchange *first = produce("t", -1, 0);
    fake_link("t", GATEWAY_TARGET);
    gateway_route_changed(fake_route);
    for (int64_t until_ms = kc_mono_ms() + 10000; !fake_post_count; usleep(1000))
        ck_assert(kc_mono_ms() < until_ms);
    struct fake_exchange *second = produce("t", -1, 0);
    AWAIT(fake_ask_count == 2);
    ck_assert_ptr_eq(fake_asks[0].exchange, &first->pub);
    ck_assert_ptr_eq(fake_asks[1].exchange, &second->pub);
    target_takes(0, 0, 1);
    target_takes(1, 0, 3);
    expect(first, 0, 1);
    expect(second, 0, 3);
    routing_end();
}
END_TEST

START_TEST(a_promotion_that_is_given_up_lets_them_go_to_the_source)
{
    routing_begin();
    fake_link("t", GATEWAY_HELD);
    struct fake_exchange *fake = produce("t", PRODUCER, 0);
    fake_link("t", GATEWAY_SOURCE);
    AWAIT(fake_write_count == 1);
    source_answers(0, 0, 9);
    expect(fake, 0, 9);
    routing_end();
}
END_TEST

START_TEST(a_held_write_is_answered_in_time)
{
    routing_begin();
    fake_link("t", GATEWAY_HELD);
    struct fake_exchange *old = produce_exchange("t", PRODUCER, 0);
    old->pub.since_ms -= GATEWAY_HOLD_MS - 300;
    ck_assert(take(old));
    struct fake_exchange *behind = produce("t", PRODUCER, 2);
    ck_assert_int_eq(atomic_load(&old->answers), 0);
    AWAIT(atomic_load(&behind->answers) == 1);
    expect(old, KC_KAFKA_NOT_LEADER_OR_FOLLOWER, -1);
    expect(behind, KC_KAFKA_NOT_LEADER_OR_FOLLOWER, -1);
    fake_link("t", GATEWAY_TARGET);
    expect(produce("t", PRODUCER, 2), KC_KAFKA_NOT_LEADER_OR_FOLLOWER, -1);
    routing_end();
}
END_TEST

/* Without sequences nothing but the gateway keeps the order. */
START_TEST(what_waits_behind_a_late_write_is_late_too)
{
    routing_begin();
    fake_link("t", GATEWAY_HELD);
    struct fake_exchange *old = produce_exchange("t", -1, 0);
    old->pub.since_ms -= GATEWAY_HOLD_MS - 300;
    ck_assert(take(old));
    struct fake_exchange *behind = produce("t", -1, 0);
    AWAIT(atomic_load(&behind->answers) == 1);
    expect(old, KC_KAFKA_NOT_LEADER_OR_FOLLOWER, -1);
    expect(behind, KC_KAFKA_NOT_LEADER_OR_FOLLOWER, -1);
    routing_end();
}
END_TEST

START_TEST(a_session_may_end_while_its_writes_are_held)
{
    routing_begin();
    fake_link("t", GATEWAY_HELD);
    struct fake_exchange *fake = produce("t", PRODUCER, 0);
    fake->pub.session = NULL;
    fake_router.ended(fake_router.opaque, (struct gateway_session *)(void *)&fake_router);
    ck_assert_int_eq(fake_write_count, 0);
    expect(fake, KC_KAFKA_NOT_LEADER_OR_FOLLOWER, -1);
    routing_end();
}
END_TEST

/* ---- after the flip ---- */

static struct kc_link_flip_batch flip_batches[] = {{0, 1, 100}, {2, 3, 102}};
static struct kc_link_flip_producer flip_producer = {7, 0, flip_batches, 2};
static struct kc_link_flip flip = {
    .epoch = 3, .partition = 0, .end = 104, .producers = &flip_producer, .producer_count = 1};

static void begin_flipped(void)
{
    routing_begin();
    fake_link("t", GATEWAY_TARGET_FLIPPED)->flip = &flip;
}

START_TEST(a_repeated_batch_gets_its_old_offset)
{
    begin_flipped();
    expect(produce("t", PRODUCER, 2), 0, 102);
    expect(produce("t", PRODUCER, 0), 0, 100);
    ck_assert_int_eq(fake_ask_count, 0);
    routing_end();
}
END_TEST

START_TEST(an_older_one_is_a_duplicate)
{
    begin_flipped();
    flip_producer.batches = flip_batches + 1;
    flip_producer.batch_count = 1;
    expect(produce("t", PRODUCER, 0), KC_KAFKA_DUPLICATE_SEQUENCE_NUMBER, -1);
    flip_producer.batches = flip_batches;
    flip_producer.batch_count = 2;
    routing_end();
}
END_TEST

START_TEST(the_next_batch_goes_alone)
{
    begin_flipped();
    struct fake_exchange *next = produce("t", PRODUCER, 4), *later = produce("t", PRODUCER, 6);
    ck_assert_int_eq(fake_ask_count, 1);
    target_takes(0, 0, 104);
    expect(next, 0, 104);
    AWAIT(fake_ask_count == 2);
    target_takes(1, 0, 106);
    expect(later, 0, 106);
    struct fake_exchange *plain = produce_exchange("t", PRODUCER, 8);
    ck_assert(!take(plain)); /* as bytes from now on */
    gateway_exchange_unref(&plain->pub);
    routing_end();
}
END_TEST

START_TEST(where_the_first_one_fails_those_behind_it_fail)
{
    begin_flipped();
    struct fake_exchange *next = produce("t", PRODUCER, 4), *later = produce("t", PRODUCER, 6);
    target_takes(0, KC_KAFKA_NOT_ENOUGH_REPLICAS, -1);
    expect(next, KC_KAFKA_NOT_ENOUGH_REPLICAS, -1);
    expect(later, KC_KAFKA_NOT_LEADER_OR_FOLLOWER, -1);
    struct fake_exchange *again = produce("t", PRODUCER, 4);
    target_takes(1, 0, 104);
    expect(again, 0, 104);
    routing_end();
}
END_TEST

/* The target's answer: it knows the producer in that epoch, or not. */
static void describe(int n, int64_t id)
{
    struct kc_describe_producers_response *response =
        kc_wire_new(fake_arena, &kc_describe_producers_response_type);

    KC_WIRE_LIST_NEW(fake_arena, &response->topics, kc_describe_producers_response_topic, 1);
    KC_WIRE_LIST_NEW(fake_arena, &response->topics.items[0].partitions,
                     kc_describe_producers_response_partition, 1);
    KC_WIRE_LIST_NEW(fake_arena, &response->topics.items[0].partitions.items[0].active_producers,
                     kc_describe_producers_response_active_producer, 1);
    response->topics.items[0].partitions.items[0].active_producers.items[0].producer_id = id;
    ck_assert_int_eq(fake_asks[n].api, KC_API_DESCRIBE_PRODUCERS);
    target_answers(n, response);
}

START_TEST(one_that_is_too_early_is_refused)
{
    begin_flipped();
    struct fake_exchange *fake = produce("t", PRODUCER, 8);
    describe(0, 99);
    expect(fake, KC_KAFKA_OUT_OF_ORDER_SEQUENCE_NUMBER, -1);
    routing_end();
}
END_TEST

START_TEST(the_targets_to_decide_if_it_knows_the_producer)
{
    begin_flipped();
    struct fake_exchange *fake = produce("t", PRODUCER, 8);
    describe(0, PRODUCER);
    AWAIT(fake_ask_count == 2);
    target_takes(1, 0, 108);
    expect(fake, 0, 108);
    routing_end();
}
END_TEST

/* A gateway that goes on relaying may be started again long afterwards. It has seen nothing then of
 * what a producer of the table has written since, and a client may have no right to ask. */
START_TEST(a_promotion_of_long_ago_says_nothing_more)
{
    static const int32_t firsts[] = {2, 4, 8};

    begin_flipped();
    fake_topic("t")->way.since_ms = kc_now_ms() - 3600000;
    for (int i = 0; i < 3; i++) {
        struct fake_exchange *fake = produce_exchange("t", PRODUCER, firsts[i]);
        ck_assert(!take(fake));
        gateway_exchange_unref(&fake->pub);
    }
    ck_assert_int_eq(fake_ask_count, 0);
    fake_topic("t")->way.since_ms = kc_now_ms() - 60000;
    expect(produce("t", PRODUCER, 2), 0, 102);
    routing_end();
}
END_TEST

/* ---- transactions ---- */

START_TEST(a_transaction_lives_where_its_id_was_issued)
{
    routing_begin();
    fake_link("t", GATEWAY_SOURCE);
    struct fake_exchange *fake = transactional(PRODUCER);
    ck_assert(take(fake));
    ck_assert_str_eq(fake_writes[0]->transactional_id, "x");
    ck_assert(!fake_writes[0]->adds_partitions);
    source_answers(0, 0, 1);
    expect(fake, 0, 1);
    fake = transactional(77);
    ck_assert(take(fake));
    expect(fake, KC_KAFKA_INVALID_PRODUCER_ID_MAPPING, -1);
    fake_link("t", GATEWAY_TARGET);
    fake = transactional(77);
    ck_assert(!take(fake));
    gateway_exchange_unref(&fake->pub);
    fake = transactional(PRODUCER);
    ck_assert(take(fake));
    expect(fake, KC_KAFKA_INVALID_PRODUCER_ID_MAPPING, -1);
    routing_end();
}
END_TEST

START_TEST(a_promotion_ends_open_transactions)
{
    routing_begin();
    fake_link("t", GATEWAY_HELD);
    struct fake_exchange *fake = transactional(PRODUCER);
    ck_assert(take(fake));
    expect(fake, KC_KAFKA_INVALID_PRODUCER_ID_MAPPING, -1);
    routing_end();
}
END_TEST

/* Java takes INVALID_PRODUCER_ID_MAPPING as final since Kafka 4.0, and librdkafka, which has no
 * later version than 10, an INVALID_PRODUCER_EPOCH. */
START_TEST(what_makes_a_client_begin_anew_depends_on_the_client)
{
    routing_begin();
    fake_link("t", GATEWAY_HELD);
    struct fake_exchange *fake = transactional(PRODUCER);
    fake->pub.header.version = 10;
    ck_assert(take(fake));
    expect(fake, KC_KAFKA_INVALID_PRODUCER_ID_MAPPING, -1);
    fake = transactional(PRODUCER);
    fake->pub.header.version = 11;
    ck_assert(take(fake));
    expect(fake, KC_KAFKA_INVALID_PRODUCER_EPOCH, -1);
    routing_end();
}
END_TEST

/* From Produce 12 on it is no AddPartitionsToTxn that tells of a transaction (KIP-890). */
static struct fake_exchange *adding(int64_t id)
{
    struct fake_exchange *fake = transactional(id);

    fake->pub.header.version = GATEWAY_FIRST_ADDING;
    ck_assert(take(fake));
    return fake;
}

START_TEST(the_first_write_of_a_transaction_waits_for_the_promotion)
{
    routing_begin();
    fake_link("t", GATEWAY_HELD);
    struct fake_exchange *fake = adding(PRODUCER);
    ck_assert_int_eq(atomic_load(&fake->answers), 0);
    fake_link("t", GATEWAY_TARGET);
    AWAIT(atomic_load(&fake->answers) == 1);
    expect(fake, KC_KAFKA_INVALID_PRODUCER_EPOCH, -1);
    routing_end();
}
END_TEST

START_TEST(it_does_not_wait_for_long)
{
    routing_begin();
    fake_link("t", GATEWAY_HELD);
    struct fake_exchange *fake = transactional(PRODUCER);
    fake->pub.header.version = GATEWAY_FIRST_ADDING;
    fake->pub.since_ms -= GATEWAY_HELD_TXN_MS;
    ck_assert(take(fake));
    expect(fake, KC_KAFKA_INVALID_PRODUCER_EPOCH, -1);
    routing_end();
}
END_TEST

START_TEST(an_open_transaction_does_not_wait)
{
    routing_begin();
    fake_link("t", GATEWAY_SOURCE);
    struct fake_exchange *fake = adding(PRODUCER);
    ck_assert(fake_writes[0]->adds_partitions);
    source_answers(0, 0, 1);
    expect(fake, 0, 1);
    fake_link("t", GATEWAY_HELD);
    fake = adding(PRODUCER);
    expect(fake, KC_KAFKA_INVALID_PRODUCER_EPOCH, -1);
    routing_end();
}
END_TEST

START_TEST(one_that_lives_at_the_target_waits_for_the_promotion)
{
    routing_begin();
    fake_link("t", GATEWAY_HELD);
    struct fake_exchange *fake = adding(77);
    ck_assert_int_eq(atomic_load(&fake->answers), 0);
    fake_link("t", GATEWAY_TARGET);
    AWAIT(fake_ask_count == 1);
    target_takes(0, 0, 3);
    expect(fake, 0, 3);
    routing_end();
}
END_TEST

RUN_TESTS("gateway_route", what_is_not_linked_passes, a_linked_topic_goes_to_the_source,
          a_request_for_both_is_split, records_that_are_refused_are_named,
          topics_are_named_by_the_targets_id, one_without_answer_is_written_too, rights_come_first,
          a_transactional_id_needs_its_right, a_partition_is_named_once,
          many_partitions_are_looked_at_once, many_partitions_without_records_are_not_taken_apart,
          ids_of_the_target_meet_none_of_the_source, nothing_overtakes_a_failed_batch,
          an_answer_after_the_lease_is_not_handed_on, held_writes_go_to_the_target_in_their_order,
          nothing_overtakes_what_was_held, a_promotion_that_is_given_up_lets_them_go_to_the_source,
          a_held_write_is_answered_in_time, what_waits_behind_a_late_write_is_late_too,
          a_session_may_end_while_its_writes_are_held, a_repeated_batch_gets_its_old_offset,
          an_older_one_is_a_duplicate, the_next_batch_goes_alone,
          where_the_first_one_fails_those_behind_it_fail, one_that_is_too_early_is_refused,
          the_targets_to_decide_if_it_knows_the_producer, a_promotion_of_long_ago_says_nothing_more,
          a_transaction_lives_where_its_id_was_issued, a_promotion_ends_open_transactions,
          what_makes_a_client_begin_anew_depends_on_the_client,
          the_first_write_of_a_transaction_waits_for_the_promotion, it_does_not_wait_for_long,
          an_open_transaction_does_not_wait, one_that_lives_at_the_target_waits_for_the_promotion)
