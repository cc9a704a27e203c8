/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Producer ids and transactions between two clusters: the source's coordinator is a broker made
 * here, the target's answers are the test's.
 */
#include "wire/fake_coordinator.h"

#include "gateway/fake_gateway.h"

static void begin(int transaction_version)
{
    struct kc_map *settings = kc_map_new();

    routing_begin();
    kc_map_set(settings, "bootstrap.servers", fake_start(transaction_version));
    ck_assert_ptr_null(kc_wire_client_new(settings, "source", &fake_source_client));
    kc_map_destroy(settings);
    fake_link("out", GATEWAY_SOURCE);
}

static void end(void)
{
    kc_wire_client_destroy(fake_source_client);
    fake_source_client = NULL;
    fake_stop();
    routing_end();
}

/* ---- calls ---- */

static struct fake_exchange *init_exchange(const char *id, int64_t producer, int16_t epoch)
{
    struct kc_arena *arena = kc_arena_new(512);
    struct kc_init_producer_id_request *message =
        kc_wire_new(arena, &kc_init_producer_id_request_type);

    message->transactional_id = id ? kc_wire_str(id) : (struct kc_wire_str){NULL, -1};
    message->transaction_timeout_ms = 60000;
    message->producer_id = producer;
    message->producer_epoch = epoch;
    return fake_exchange(KC_API_INIT_PRODUCER_ID, 4, arena, message);
}

static struct fake_exchange *init(const char *id, int64_t producer, int16_t epoch)
{
    struct fake_exchange *one = init_exchange(id, producer, epoch);

    ck_assert(take(one));
    return one;
}

/* The target's answer to an InitProducerId that was sent on. */
static const struct kc_init_producer_id_request *target_issues(int n, int16_t code, int64_t id)
{
    struct kc_init_producer_id_response *response =
        kc_wire_new(fake_arena, &kc_init_producer_id_response_type);

    ck_assert_int_eq(fake_asks[n].api, KC_API_INIT_PRODUCER_ID);
    response->error_code = code;
    response->producer_id = code ? -1 : id;
    target_answers(n, response);
    return fake_asks[n].message;
}

/* Takes one. Returns the id. */
static int64_t issued(struct fake_exchange *one, int16_t code, int16_t *epoch)
{
    AWAIT(atomic_load(&one->answers) == 1);
    const struct kc_init_producer_id_response *answer = one->answer;
    int64_t id = answer->producer_id;
    ck_assert_int_eq(answer->error_code, code);
    if (epoch)
        *epoch = answer->producer_epoch;
    gateway_exchange_unref(&one->pub);
    return id;
}

/* AddPartitionsToTxn for partition 0 of a topic: its code. */
static int16_t add(const char *id, int64_t producer, int16_t epoch, const char *topic)
{
    struct kc_arena *arena = kc_arena_new(512);
    struct kc_add_partitions_to_txn_request *message =
        kc_wire_new(arena, &kc_add_partitions_to_txn_request_type);

    message->v3_and_below_transactional_id = kc_wire_str(id);
    message->v3_and_below_producer_id = producer;
    message->v3_and_below_producer_epoch = epoch;
    KC_WIRE_LIST_NEW(arena, &message->v3_and_below_topics, kc_add_partitions_to_txn_request_topic,
                     1);
    message->v3_and_below_topics.items[0].name = kc_wire_str(topic);
    KC_WIRE_LIST_NEW_OF(arena, &message->v3_and_below_topics.items[0].partitions, 1);
    struct fake_exchange *one = fake_exchange(KC_API_ADD_PARTITIONS_TO_TXN, 3, arena, message);
    if (!take(one)) {
        gateway_exchange_unref(&one->pub);
        return -100; /* relayed */
    }
    AWAIT(atomic_load(&one->answers) == 1);
    const struct kc_add_partitions_to_txn_response *answer = one->answer;
    ck_assert(kc_wire_str_is(answer->results_by_topic_v3_and_below.items[0].name, topic));
    int16_t code = answer->results_by_topic_v3_and_below.items[0]
                       .results_by_partition.items[0]
                       .partition_error_code;
    gateway_exchange_unref(&one->pub);
    return code;
}

enum { RELAYED = -100 };

static struct fake_exchange *end_exchange(const char *id, int64_t producer, int16_t epoch,
                                          int version, bool commit)
{
    struct kc_arena *arena = kc_arena_new(512);
    struct kc_end_txn_request *message = kc_wire_new(arena, &kc_end_txn_request_type);

    message->transactional_id = kc_wire_str(id);
    message->producer_id = producer;
    message->producer_epoch = epoch;
    message->committed = commit;
    return fake_exchange(KC_API_END_TXN, version, arena, message);
}

static int16_t end_txn(const char *id, int64_t *producer, int16_t epoch, int version)
{
    struct fake_exchange *one = end_exchange(id, *producer, epoch, version, true);

    if (!take(one)) {
        gateway_exchange_unref(&one->pub);
        return RELAYED;
    }
    AWAIT(atomic_load(&one->answers) == 1);
    int16_t code = ((struct kc_end_txn_response *)one->answer)->error_code;
    *producer = ((struct kc_end_txn_response *)one->answer)->producer_id;
    gateway_exchange_unref(&one->pub);
    return code;
}

/* A producer that is new at both clusters, and lives at the source. */
static int64_t fresh(const char *id, int16_t *epoch)
{
    int n = fake_ask_count;
    struct fake_exchange *one = init(id, -1, -1);

    target_issues(n, 0, 500);
    return issued(one, 0, epoch);
}

/* ---- without a transactional id ---- */

START_TEST(ids_are_the_sources)
{
    begin(1);
    struct fake_exchange *one = init(NULL, -1, -1);
    target_issues(0, 0, 500);
    ck_assert_int_eq(issued(one, 0, NULL), kc_link_virtual_id(SOURCE_TAG, 1));
    end();
}
END_TEST

START_TEST(the_target_says_who_gets_one)
{
    begin(1);
    struct fake_exchange *one = init(NULL, -1, -1);
    target_issues(0, KC_KAFKA_CLUSTER_AUTHORIZATION_FAILED, -1);
    ck_assert_int_eq(issued(one, KC_KAFKA_CLUSTER_AUTHORIZATION_FAILED, NULL), -1);
    ck_assert_int_eq(fake.inits, 0);
    end();
}
END_TEST

START_TEST(without_the_source_they_are_the_targets)
{
    begin(1);
    fake_fail(KC_API_INIT_PRODUCER_ID, KC_KAFKA_CLUSTER_AUTHORIZATION_FAILED);
    struct fake_exchange *one = init(NULL, -1, -1);
    target_issues(0, 0, 500);
    ck_assert_int_eq(issued(one, 0, NULL), kc_link_virtual_id(TARGET_TAG, 500));
    end();
}
END_TEST

START_TEST(without_a_link_they_are_untouched)
{
    begin(1);
    fake_active = false;
    struct fake_exchange *one = init_exchange(NULL, -1, -1);
    ck_assert(!take(one));
    gateway_exchange_unref(&one->pub);
    one = init_exchange("x", -1, -1);
    ck_assert(!take(one));
    gateway_exchange_unref(&one->pub);
    end();
}
END_TEST

/* ---- transactions ---- */

START_TEST(a_transaction_of_linked_topics_is_the_sources)
{
    int16_t epoch = -1;

    begin(1);
    int64_t id = fresh("x", &epoch);
    ck_assert_int_eq(id, kc_link_virtual_id(SOURCE_TAG, 1));
    ck_assert_int_eq(((struct kc_init_producer_id_request *)fake_asks[0].message)->producer_id, -1);
    ck_assert_int_eq(add("x", id, epoch, "out"), 0);
    ck_assert_int_eq(end_txn("x", &id, epoch, 3), 0);
    ck_assert_int_eq(fake.commits, 1);
    end();
}
END_TEST

/* With transaction.version 2 each transaction ends with a new epoch, and names the id again. */
START_TEST(an_epoch_for_each_transaction_is_told_with_the_tag)
{
    int16_t epoch = -1;

    begin(2);
    int64_t id = fresh("x", &epoch);
    fake.ongoing = true;
    ck_assert_int_eq(end_txn("x", &id, epoch, 5), 0);
    ck_assert_int_eq(id, kc_link_virtual_id(SOURCE_TAG, 1));
    end();
}
END_TEST

START_TEST(the_targets_transactions_are_relayed)
{
    int64_t id = 500;

    begin(1);
    ck_assert_int_eq(add("x", id, 0, "other"), RELAYED);
    ck_assert_int_eq(end_txn("x", &id, 0, 3), RELAYED);
    end();
}
END_TEST

START_TEST(an_id_begins_anew_where_its_topics_are)
{
    int16_t epoch = -1;

    begin(1);
    int64_t id = fresh("x", &epoch);
    ck_assert_int_eq(add("x", id, epoch, "other"), KC_KAFKA_UNKNOWN_PRODUCER_ID);
    struct fake_exchange *one = init("x", id, epoch); /* the source first: it fences */
    AWAIT(fake_ask_count == 2);
    ck_assert_int_eq(fake.inits, 2);
    const struct kc_init_producer_id_request *asked = target_issues(1, 0, 501);
    ck_assert_int_eq(asked->producer_id, -1);
    id = issued(one, 0, &epoch);
    ck_assert_int_eq(id, 501);
    ck_assert_int_eq(add("x", id, epoch, "other"), RELAYED);
    ck_assert_int_eq(add("x", id, epoch, "out"), KC_KAFKA_UNKNOWN_PRODUCER_ID);
    one = init("x", id, epoch);
    asked = target_issues(2, 0, 501);
    ck_assert_int_eq(asked->producer_id, 501);
    ck_assert_int_eq(issued(one, 0, &epoch), kc_link_virtual_id(SOURCE_TAG, 1));
    end();
}
END_TEST

/* An abort: its answer. Takes the exchange. */
static struct kc_end_txn_response aborted(struct fake_exchange *one)
{
    AWAIT(atomic_load(&one->answers) == 1);
    struct kc_end_txn_response answer = *(struct kc_end_txn_response *)one->answer;
    gateway_exchange_unref(&one->pub);
    return answer;
}

static struct fake_exchange *abort_txn(const char *id, int64_t producer, int16_t epoch, int version)
{
    struct fake_exchange *one = end_exchange(id, producer, epoch, version, false);

    ck_assert(take(one));
    return one;
}

/* The target's answer to an EndTxn that was sent on. */
static void target_ends(int n, int16_t code, int64_t id, int16_t epoch)
{
    struct kc_end_txn_response *response = kc_wire_new(fake_arena, &kc_end_txn_response_type);

    ck_assert_int_eq(fake_asks[n].api, KC_API_END_TXN);
    response->error_code = code;
    response->producer_id = id;
    response->producer_epoch = epoch;
    target_answers(n, response);
}

/* The target's answer to a DescribeTransactions that was sent on. */
static void target_describes(int n, const char *state)
{
    struct kc_describe_transactions_response *response =
        kc_wire_new(fake_arena, &kc_describe_transactions_response_type);

    ck_assert_int_eq(fake_asks[n].api, KC_API_DESCRIBE_TRANSACTIONS);
    KC_WIRE_LIST_NEW(fake_arena, &response->transaction_states,
                     kc_describe_transactions_response_state, 1);
    response->transaction_states.items[0].transaction_state = kc_wire_str(state);
    response->transaction_states.items[0].transaction_timeout_ms = 30000;
    target_answers(n, response);
}

/* librdkafka ends a transaction before it asks for an id, even if all of it was refused. */
START_TEST(an_abort_of_nothing_is_done)
{
    int16_t epoch = -1;

    begin(1);
    int64_t id = fresh("x", &epoch);
    ck_assert_int_eq(add("x", id, epoch, "other"), KC_KAFKA_UNKNOWN_PRODUCER_ID);
    ck_assert_int_eq(aborted(abort_txn("x", id, epoch, 3)).error_code, KC_KAFKA_NONE);
    struct fake_exchange *one = abort_txn("x", 501, 0, 3); /* of the target */
    target_ends(1, KC_KAFKA_INVALID_TXN_STATE, -1, -1);
    ck_assert_int_eq(aborted(one).error_code, KC_KAFKA_NONE);
    end();
}
END_TEST

/* With transaction.version 2 clients have their next id from the answer to EndTxn. */
START_TEST(an_id_changes_over_with_an_abort)
{
    int16_t epoch = -1;

    begin(2);
    int64_t id = fresh("x", &epoch);
    struct fake_exchange *one = abort_txn("x", id, epoch, 5);
    AWAIT(fake_ask_count == 2);
    ck_assert_int_eq(fake.aborts, 1); /* the source first */
    const struct kc_init_producer_id_request *asked = target_issues(1, 0, 501);
    ck_assert_int_eq(asked->producer_id, -1);
    ck_assert_int_eq(asked->transaction_timeout_ms, 45000); /* as the source knows it */
    struct kc_end_txn_response answer = aborted(one);
    ck_assert_int_eq(answer.error_code, 0);
    ck_assert_int_eq(answer.producer_id, 501);
    end();
}
END_TEST

START_TEST(an_id_changes_back_with_an_abort)
{
    begin(2);
    struct fake_exchange *one = abort_txn("x", 501, 0, 5);
    target_describes(0, "CompleteCommit");
    target_ends(1, 0, 501, 1);
    struct kc_end_txn_response answer = aborted(one);
    ck_assert_int_eq(answer.error_code, 0);
    ck_assert_int_eq(answer.producer_id, kc_link_virtual_id(SOURCE_TAG, 1));
    ck_assert_int_eq(fake.inits, 1);
    end();
}
END_TEST

START_TEST(an_id_that_has_written_stays)
{
    int16_t epoch = -1;

    begin(2);
    int64_t id = fresh("x", &epoch);
    fake.ongoing = true;
    struct kc_end_txn_response answer = aborted(abort_txn("x", id, epoch, 5));
    ck_assert_int_eq(answer.producer_id, kc_link_virtual_id(SOURCE_TAG, 1));
    struct fake_exchange *one = abort_txn("x", 501, 0, 5);
    target_describes(1, "Ongoing");
    target_ends(2, 0, 501, 1);
    ck_assert_int_eq(aborted(one).producer_id, 501);
    ck_assert_int_eq(fake_ask_count, 3);
    end();
}
END_TEST

/* ... unless it was refused because its topics are with the other cluster. */
START_TEST(an_id_that_has_written_and_was_refused_changes_over)
{
    int16_t epoch = -1;

    begin(2);
    int64_t id = fresh("x", &epoch);
    fake.ongoing = true;
    gateway_transaction_note(fake_route, "x", false);
    struct fake_exchange *one = abort_txn("x", id, epoch, 5);
    AWAIT(fake_ask_count == 2);
    target_issues(1, 0, 501);
    ck_assert_int_eq(aborted(one).producer_id, 501);
    end();
}
END_TEST

START_TEST(nothing_changes_over_without_a_description)
{
    int16_t epoch = -1;

    begin(2);
    int64_t id = fresh("x", &epoch);
    fake_fail(KC_API_DESCRIBE_TRANSACTIONS, KC_KAFKA_TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
    struct kc_end_txn_response answer = aborted(abort_txn("x", id, epoch, 5));
    ck_assert_int_eq(answer.error_code, 0);
    ck_assert_int_eq(answer.producer_id, kc_link_virtual_id(SOURCE_TAG, 1));
    end();
}
END_TEST

/* The client ends it again, and the source takes that as a repetition. */
START_TEST(an_id_that_is_not_issued_is_asked_for_again)
{
    int16_t epoch = -1;

    begin(2);
    int64_t id = fresh("x", &epoch);
    struct fake_exchange *one = abort_txn("x", id, epoch, 5);
    AWAIT(fake_ask_count == 2);
    target_issues(1, KC_KAFKA_CONCURRENT_TRANSACTIONS, -1);
    ck_assert_int_eq(aborted(one).error_code, KC_KAFKA_CONCURRENT_TRANSACTIONS);
    one = abort_txn("x", id, epoch, 5);
    AWAIT(fake_ask_count == 3);
    target_issues(2, 0, 501);
    ck_assert_int_eq(aborted(one).producer_id, 501);
    ck_assert_int_eq(fake.aborts, 1);
    end();
}
END_TEST

START_TEST(a_fenced_producer_stays_fenced)
{
    int16_t epoch = -1;

    begin(1);
    int64_t id = fresh("x", &epoch);
    add("x", id, epoch, "other");
    fake_fail(KC_API_INIT_PRODUCER_ID, KC_KAFKA_PRODUCER_FENCED);
    issued(init("x", id, epoch), KC_KAFKA_PRODUCER_FENCED, NULL);
    ck_assert_int_eq(fake_ask_count, 1); /* the target isn't asked */
    end();
}
END_TEST

START_TEST(a_promotion_makes_the_open_one_begin_anew)
{
    int16_t epoch = -1;

    begin(1);
    int64_t id = fresh("x", &epoch);
    ck_assert_int_eq(add("x", id, epoch, "out"), 0);
    fake_link("out", GATEWAY_HELD);
    ck_assert_int_eq(add("x", id, epoch, "out"), KC_KAFKA_UNKNOWN_PRODUCER_ID);
    struct fake_exchange *one = init("x", id, epoch);
    id = issued(one, 0, &epoch);
    ck_assert_int_eq(add("x", id, epoch, "out"), KC_KAFKA_CONCURRENT_TRANSACTIONS);
    fake_link("out", GATEWAY_TARGET);
    fake_active = false;
    ck_assert_int_eq(add("x", id, epoch, "out"), KC_KAFKA_UNKNOWN_PRODUCER_ID);
    one = init("x", id, epoch);
    AWAIT(fake_ask_count == 2);
    target_issues(1, 0, 777);
    ck_assert_int_eq(issued(one, 0, &epoch), 777);
    end();
}
END_TEST

START_TEST(an_open_one_may_end_while_writes_are_held)
{
    int16_t epoch = -1;

    begin(1);
    int64_t id = fresh("x", &epoch);
    ck_assert_int_eq(add("x", id, epoch, "out"), 0);
    fake_link("out", GATEWAY_HELD);
    ck_assert_int_eq(end_txn("x", &id, epoch, 3), 0);
    ck_assert_int_eq(fake.commits, 1);
    end();
}
END_TEST

/* AddOffsetsToTxn: its code. */
static int16_t add_offsets(const char *id, int64_t producer, int16_t epoch)
{
    struct kc_arena *arena = kc_arena_new(512);
    struct kc_add_offsets_to_txn_request *message =
        kc_wire_new(arena, &kc_add_offsets_to_txn_request_type);
    int16_t code = RELAYED;

    message->transactional_id = kc_wire_str(id);
    message->producer_id = producer;
    message->producer_epoch = epoch;
    message->group_id = kc_wire_str("g");
    struct fake_exchange *one = fake_exchange(KC_API_ADD_OFFSETS_TO_TXN, 3, arena, message);
    if (take(one))
        code = ((struct kc_add_offsets_to_txn_response *)one->answer)->error_code;
    gateway_exchange_unref(&one->pub);
    return code;
}

/* TxnOffsetCommit for one partition: its code. */
static int16_t commit_offsets(const char *id, int64_t producer, int16_t epoch)
{
    struct kc_arena *arena = kc_arena_new(512);
    struct kc_txn_offset_commit_request *message =
        kc_wire_new(arena, &kc_txn_offset_commit_request_type);
    int16_t code = RELAYED;

    message->transactional_id = kc_wire_str(id);
    message->group_id = message->member_id = kc_wire_str("g");
    message->producer_id = producer;
    message->producer_epoch = epoch;
    KC_WIRE_LIST_NEW(arena, &message->topics, kc_txn_offset_commit_request_topic, 1);
    message->topics.items[0].name = kc_wire_str("in");
    KC_WIRE_LIST_NEW(arena, &message->topics.items[0].partitions,
                     kc_txn_offset_commit_request_partition, 1);
    struct fake_exchange *one = fake_exchange(KC_API_TXN_OFFSET_COMMIT, 3, arena, message);
    if (take(one))
        code = ((struct kc_txn_offset_commit_response *)one->answer)
                   ->topics.items[0]
                   .partitions.items[0]
                   .error_code;
    gateway_exchange_unref(&one->pub);
    return code;
}

/* Kafka Streams ends for good where AddOffsetsToTxn fails, and begins anew where the commit does.
 */
START_TEST(offsets_of_a_group_are_the_targets)
{
    int16_t epoch = -1;

    begin(1);
    int64_t id = fresh("x", &epoch);
    ck_assert_int_eq(add_offsets("x", id, epoch), KC_KAFKA_NONE);
    ck_assert_int_eq(commit_offsets("x", id, epoch), KC_KAFKA_ILLEGAL_GENERATION);
    ck_assert_int_eq(add_offsets("x", 500, epoch), RELAYED);
    ck_assert_int_eq(commit_offsets("x", 500, epoch), RELAYED);
    end();
}
END_TEST

/* Streams comes with another id then. Who doesn't is made to ask for one. */
START_TEST(who_commits_offsets_alone_goes_to_the_target)
{
    int16_t epoch = -1;

    begin(1);
    int64_t id = fresh("x", &epoch);
    ck_assert_int_eq(add_offsets("x", id, epoch), KC_KAFKA_NONE);
    ck_assert_int_eq(add_offsets("x", id, epoch), KC_KAFKA_UNKNOWN_PRODUCER_ID);
    struct fake_exchange *one = init("x", id, epoch);
    AWAIT(fake_ask_count == 2);
    target_issues(1, 0, 501);
    ck_assert_int_eq(issued(one, 0, &epoch), 501);
    end();
}
END_TEST

/* Another id would be of no use to it before its topics are promoted. */
START_TEST(who_writes_to_the_source_as_well_is_refused_each_time)
{
    int16_t epoch = -1;

    begin(1);
    int64_t id = fresh("x", &epoch);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(add("x", id, epoch, "out"), 0);
        ck_assert_int_eq(add_offsets("x", id, epoch), KC_KAFKA_NONE);
        ck_assert_int_eq(commit_offsets("x", id, epoch), KC_KAFKA_ILLEGAL_GENERATION);
        ck_assert_int_eq(aborted(abort_txn("x", id, epoch, 3)).error_code, 0);
    }
    ck_assert_int_eq(fake.aborts, 3);
    end();
}
END_TEST

START_TEST(rights_come_before_the_source)
{
    int16_t epoch = -1;

    begin(1);
    int64_t id = fresh("x", &epoch);
    fake_right = KC_KAFKA_TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
    ck_assert_int_eq(add("x", id, epoch, "out"), KC_KAFKA_TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
    issued(init("x", id, epoch), KC_KAFKA_TRANSACTIONAL_ID_AUTHORIZATION_FAILED, NULL);
    ck_assert_int_eq(end_txn("x", &id, epoch, 3), KC_KAFKA_TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
    ck_assert_int_eq(fake.inits, 1);
    ck_assert_int_eq(fake.commits, 0);
    end();
}
END_TEST

START_TEST(the_sources_troubles_pass)
{
    int16_t epoch = -1;

    begin(1);
    int64_t id = fresh("x", &epoch);
    fake_fail(KC_API_ADD_PARTITIONS_TO_TXN, KC_KAFKA_NOT_COORDINATOR);
    ck_assert_int_eq(add("x", id, epoch, "out"), KC_KAFKA_COORDINATOR_LOAD_IN_PROGRESS);
    fake_fail(KC_API_ADD_PARTITIONS_TO_TXN, KC_KAFKA_TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
    ck_assert_int_eq(add("x", id, epoch, "out"), KC_KAFKA_COORDINATOR_LOAD_IN_PROGRESS);
    ck_assert_int_eq(add("x", id, epoch, "out"), 0);
    end();
}
END_TEST

RUN_TESTS("gateway_transactions", ids_are_the_sources, the_target_says_who_gets_one,
          without_the_source_they_are_the_targets, without_a_link_they_are_untouched,
          a_transaction_of_linked_topics_is_the_sources,
          an_epoch_for_each_transaction_is_told_with_the_tag, the_targets_transactions_are_relayed,
          an_id_begins_anew_where_its_topics_are, an_abort_of_nothing_is_done,
          an_id_changes_over_with_an_abort, an_id_changes_back_with_an_abort,
          an_id_that_has_written_stays, an_id_that_has_written_and_was_refused_changes_over,
          nothing_changes_over_without_a_description, an_id_that_is_not_issued_is_asked_for_again,
          a_fenced_producer_stays_fenced, a_promotion_makes_the_open_one_begin_anew,
          an_open_one_may_end_while_writes_are_held, offsets_of_a_group_are_the_targets,
          who_commits_offsets_alone_goes_to_the_target,
          who_writes_to_the_source_as_well_is_refused_each_time, rights_come_before_the_source,
          the_sources_troubles_pass)
