/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Producer ids and transactions between two clusters: the source's coordinator is a broker made
 * here, the target's answers are the test's.
 */
#include "wire/fake_coordinator.h"

#include "gateway/fake_gateway.h"

/* The producer of the transactional id "x", as the last answer has named it. */
static int64_t id;
static int16_t epoch;

static void set_up(void)
{
    struct kc_map *settings = kc_map_new();

    id = epoch = -1;
    routing_begin();
    kc_map_set(settings, "bootstrap.servers", fake_start(1));
    ck_assert_ptr_null(kc_wire_client_new(settings, "source", &fake_source_client));
    kc_map_destroy(settings);
    fake_link("out", GATEWAY_SOURCE);
}

static void tear_down(void)
{
    kc_wire_client_destroy(fake_source_client);
    fake_source_client = NULL;
    fake_stop();
    routing_end();
}

/* Each transaction has an epoch of its own then (KIP-890). */
static void speak_version_2(void)
{
    pthread_mutex_lock(&fake.mutex);
    fake.transaction_version = 2;
    pthread_mutex_unlock(&fake.mutex);
}

/* ---- calls; by the producer of "x" ---- */

static struct fake_exchange *init_exchange(const char *name)
{
    struct kc_arena *arena = kc_arena_new(512);
    struct kc_init_producer_id_request *message =
        kc_wire_new(arena, &kc_init_producer_id_request_type);

    message->transactional_id = name ? kc_wire_str(name) : (struct kc_wire_str){NULL, -1};
    message->transaction_timeout_ms = 60000;
    message->producer_id = id;
    message->producer_epoch = epoch;
    return fake_exchange(KC_API_INIT_PRODUCER_ID, 4, arena, message);
}

static struct fake_exchange *init(const char *name)
{
    struct fake_exchange *one = init_exchange(name);

    ck_assert(take(one));
    return one;
}

/* The target's answer to an InitProducerId that was sent on. */
static const struct kc_init_producer_id_request *target_issues(int n, int16_t code, int64_t issued)
{
    struct kc_init_producer_id_response *response =
        kc_wire_new(fake_arena, &kc_init_producer_id_response_type);

    ck_assert_int_eq(fake_asks[n].api, KC_API_INIT_PRODUCER_ID);
    response->error_code = code;
    response->producer_id = code ? -1 : issued;
    target_answers(n, response);
    return fake_asks[n].message;
}

/* Takes one. */
static void check_issued(struct fake_exchange *one, int16_t code, int64_t wanted)
{
    AWAIT(atomic_load(&one->answers) == 1);
    const struct kc_init_producer_id_response *answer = one->answer;
    ck_assert_int_eq(answer->error_code, code);
    ck_assert_int_eq(answer->producer_id, wanted);
    if (!code) {
        id = answer->producer_id;
        epoch = answer->producer_epoch;
    }
    gateway_exchange_unref(&one->pub);
}

/* AddPartitionsToTxn for partition 0 of a topic: its code. */
static int16_t add(const char *topic)
{
    struct kc_arena *arena = kc_arena_new(512);
    struct kc_add_partitions_to_txn_request *message =
        kc_wire_new(arena, &kc_add_partitions_to_txn_request_type);

    message->v3_and_below_transactional_id = kc_wire_str("x");
    message->v3_and_below_producer_id = id;
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

static struct fake_exchange *end_exchange(int version, bool commit)
{
    struct kc_arena *arena = kc_arena_new(512);
    struct kc_end_txn_request *message = kc_wire_new(arena, &kc_end_txn_request_type);

    message->transactional_id = kc_wire_str("x");
    message->producer_id = id;
    message->producer_epoch = epoch;
    message->committed = commit;
    return fake_exchange(KC_API_END_TXN, version, arena, message);
}

static int16_t end_txn(int version)
{
    struct fake_exchange *one = end_exchange(version, true);

    if (!take(one)) {
        gateway_exchange_unref(&one->pub);
        return RELAYED;
    }
    AWAIT(atomic_load(&one->answers) == 1);
    int16_t code = ((struct kc_end_txn_response *)one->answer)->error_code;
    id = ((struct kc_end_txn_response *)one->answer)->producer_id;
    gateway_exchange_unref(&one->pub);
    return code;
}

static int64_t at_source(int64_t issued)
{
    return kc_link_virtual_id(SOURCE_TAG, issued);
}

/* A producer that is new at both clusters, and lives at the source. */
static void begin(void)
{
    struct fake_exchange *one = init("x");

    target_issues(0, 0, 500);
    check_issued(one, 0, at_source(1));
}

/* ---- without a transactional id ---- */

START_TEST(ids_are_the_sources)
{
    struct fake_exchange *one = init(NULL);
    target_issues(0, 0, 500);
    check_issued(one, 0, at_source(1));
}
END_TEST

START_TEST(the_target_says_who_gets_one)
{
    struct fake_exchange *one = init(NULL);
    target_issues(0, KC_KAFKA_CLUSTER_AUTHORIZATION_FAILED, -1);
    check_issued(one, KC_KAFKA_CLUSTER_AUTHORIZATION_FAILED, -1);
    ck_assert_int_eq(fake.inits, 0);
}
END_TEST

START_TEST(without_the_source_they_are_the_targets)
{
    fake_fail(KC_API_INIT_PRODUCER_ID, KC_KAFKA_CLUSTER_AUTHORIZATION_FAILED);
    struct fake_exchange *one = init(NULL);
    target_issues(0, 0, 500);
    check_issued(one, 0, kc_link_virtual_id(TARGET_TAG, 500));
}
END_TEST

START_TEST(without_a_link_they_are_untouched)
{
    fake_active = false;
    struct fake_exchange *one = init_exchange(NULL);
    ck_assert(!take(one));
    gateway_exchange_unref(&one->pub);
    one = init_exchange("x");
    ck_assert(!take(one));
    gateway_exchange_unref(&one->pub);
}
END_TEST

/* ---- transactions ---- */

START_TEST(a_transaction_of_linked_topics_is_the_sources)
{
    begin();
    ck_assert_int_eq(((struct kc_init_producer_id_request *)fake_asks[0].message)->producer_id, -1);
    ck_assert_int_eq(add("out"), 0);
    ck_assert_int_eq(end_txn(3), 0);
    ck_assert_int_eq(fake.commits, 1);
}
END_TEST

/* With transaction.version 2 each transaction ends with a new epoch, and names the id again. */
START_TEST(an_epoch_for_each_transaction_is_told_with_the_tag)
{
    speak_version_2();
    begin();
    fake.ongoing = true;
    ck_assert_int_eq(end_txn(5), 0);
    ck_assert_int_eq(id, at_source(1));
}
END_TEST

START_TEST(the_targets_transactions_are_relayed)
{
    id = 500;
    ck_assert_int_eq(add("other"), RELAYED);
    ck_assert_int_eq(end_txn(3), RELAYED);
}
END_TEST

START_TEST(an_id_begins_anew_where_its_topics_are)
{
    begin();
    ck_assert_int_eq(add("other"), KC_KAFKA_UNKNOWN_PRODUCER_ID);
    struct fake_exchange *one = init("x"); /* the source first: it fences */
    AWAIT(fake_ask_count == 2);
    ck_assert_int_eq(fake.inits, 2);
    const struct kc_init_producer_id_request *asked = target_issues(1, 0, 501);
    ck_assert_int_eq(asked->producer_id, -1);
    check_issued(one, 0, 501);
    ck_assert_int_eq(add("other"), RELAYED);
    ck_assert_int_eq(add("out"), KC_KAFKA_UNKNOWN_PRODUCER_ID);
    one = init("x");
    asked = target_issues(2, 0, 501);
    ck_assert_int_eq(asked->producer_id, 501);
    check_issued(one, 0, at_source(1));
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

static struct fake_exchange *abort_txn(int version)
{
    struct fake_exchange *one = end_exchange(version, false);

    ck_assert(take(one));
    return one;
}

/* The target's answer to an EndTxn that was sent on. */
static void target_ends(int n, int16_t code, int64_t next_id, int16_t next_epoch)
{
    struct kc_end_txn_response *response = kc_wire_new(fake_arena, &kc_end_txn_response_type);

    ck_assert_int_eq(fake_asks[n].api, KC_API_END_TXN);
    response->error_code = code;
    response->producer_id = next_id;
    response->producer_epoch = next_epoch;
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
    begin();
    ck_assert_int_eq(add("other"), KC_KAFKA_UNKNOWN_PRODUCER_ID);
    ck_assert_int_eq(aborted(abort_txn(3)).error_code, KC_KAFKA_NONE);
    id = 501; /* of the target */
    struct fake_exchange *one = abort_txn(3);
    target_ends(1, KC_KAFKA_INVALID_TXN_STATE, -1, -1);
    ck_assert_int_eq(aborted(one).error_code, KC_KAFKA_NONE);
}
END_TEST

/* With transaction.version 2 clients have their next id from the answer to EndTxn. */
START_TEST(an_id_changes_over_with_an_abort)
{
    speak_version_2();
    begin();
    struct fake_exchange *one = abort_txn(5);
    AWAIT(fake_ask_count == 2);
    ck_assert_int_eq(fake.aborts, 1); /* the source first */
    const struct kc_init_producer_id_request *asked = target_issues(1, 0, 501);
    ck_assert_int_eq(asked->producer_id, -1);
    ck_assert_int_eq(asked->transaction_timeout_ms, 45000); /* as the source knows it */
    struct kc_end_txn_response answer = aborted(one);
    ck_assert_int_eq(answer.error_code, 0);
    ck_assert_int_eq(answer.producer_id, 501);
}
END_TEST

START_TEST(an_id_changes_back_with_an_abort)
{
    speak_version_2();
    id = 501; /* of the target */
    struct fake_exchange *one = abort_txn(5);
    target_describes(0, "CompleteCommit");
    target_ends(1, 0, 501, 1);
    struct kc_end_txn_response answer = aborted(one);
    ck_assert_int_eq(answer.error_code, 0);
    ck_assert_int_eq(answer.producer_id, at_source(1));
    ck_assert_int_eq(fake.inits, 1);
}
END_TEST

START_TEST(an_id_that_has_written_stays)
{
    speak_version_2();
    begin();
    fake.ongoing = true;
    struct kc_end_txn_response answer = aborted(abort_txn(5));
    ck_assert_int_eq(answer.producer_id, at_source(1));
    id = 501; /* of the target */
    struct fake_exchange *one = abort_txn(5);
    target_describes(1, "Ongoing");
    target_ends(2, 0, 501, 1);
    ck_assert_int_eq(aborted(one).producer_id, 501);
    ck_assert_int_eq(fake_ask_count, 3);
}
END_TEST

/* ... unless it was refused because its topics are with the other cluster. */
START_TEST(an_id_that_has_written_and_was_refused_changes_over)
{
    speak_version_2();
    begin();
    fake.ongoing = true;
    gateway_transaction_note(fake_route, "x", false);
    struct fake_exchange *one = abort_txn(5);
    AWAIT(fake_ask_count == 2);
    target_issues(1, 0, 501);
    ck_assert_int_eq(aborted(one).producer_id, 501);
}
END_TEST

START_TEST(nothing_changes_over_without_a_description)
{
    speak_version_2();
    begin();
    fake_fail(KC_API_DESCRIBE_TRANSACTIONS, KC_KAFKA_TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
    struct kc_end_txn_response answer = aborted(abort_txn(5));
    ck_assert_int_eq(answer.error_code, 0);
    ck_assert_int_eq(answer.producer_id, at_source(1));
}
END_TEST

/* The client ends it again, and the source takes that as a repetition. */
START_TEST(an_id_that_is_not_issued_is_asked_for_again)
{
    speak_version_2();
    begin();
    struct fake_exchange *one = abort_txn(5);
    AWAIT(fake_ask_count == 2);
    target_issues(1, KC_KAFKA_CONCURRENT_TRANSACTIONS, -1);
    ck_assert_int_eq(aborted(one).error_code, KC_KAFKA_CONCURRENT_TRANSACTIONS);
    one = abort_txn(5);
    AWAIT(fake_ask_count == 3);
    target_issues(2, 0, 501);
    ck_assert_int_eq(aborted(one).producer_id, 501);
    ck_assert_int_eq(fake.aborts, 1);
}
END_TEST

START_TEST(a_fenced_producer_stays_fenced)
{
    begin();
    add("other");
    fake_fail(KC_API_INIT_PRODUCER_ID, KC_KAFKA_PRODUCER_FENCED);
    check_issued(init("x"), KC_KAFKA_PRODUCER_FENCED, -1);
    ck_assert_int_eq(fake_ask_count, 1); /* the target isn't asked */
}
END_TEST

START_TEST(a_promotion_makes_the_open_one_begin_anew)
{
    begin();
    ck_assert_int_eq(add("out"), 0);
    fake_link("out", GATEWAY_HELD);
    ck_assert_int_eq(add("out"), KC_KAFKA_UNKNOWN_PRODUCER_ID);
    struct fake_exchange *one = init("x");
    check_issued(one, 0, at_source(1));
    ck_assert_int_eq(add("out"), KC_KAFKA_CONCURRENT_TRANSACTIONS);
    fake_link("out", GATEWAY_TARGET);
    fake_active = false;
    ck_assert_int_eq(add("out"), KC_KAFKA_UNKNOWN_PRODUCER_ID);
    one = init("x");
    AWAIT(fake_ask_count == 2);
    target_issues(1, 0, 777);
    check_issued(one, 0, 777);
}
END_TEST

START_TEST(an_open_one_may_end_while_writes_are_held)
{
    begin();
    ck_assert_int_eq(add("out"), 0);
    fake_link("out", GATEWAY_HELD);
    ck_assert_int_eq(end_txn(3), 0);
    ck_assert_int_eq(fake.commits, 1);
}
END_TEST

/* AddOffsetsToTxn: its code. */
static int16_t add_offsets(void)
{
    struct kc_arena *arena = kc_arena_new(512);
    struct kc_add_offsets_to_txn_request *message =
        kc_wire_new(arena, &kc_add_offsets_to_txn_request_type);
    int16_t code = RELAYED;

    message->transactional_id = kc_wire_str("x");
    message->producer_id = id;
    message->producer_epoch = epoch;
    message->group_id = kc_wire_str("g");
    struct fake_exchange *one = fake_exchange(KC_API_ADD_OFFSETS_TO_TXN, 3, arena, message);
    if (take(one))
        code = ((struct kc_add_offsets_to_txn_response *)one->answer)->error_code;
    gateway_exchange_unref(&one->pub);
    return code;
}

/* TxnOffsetCommit for one partition: its code. */
static int16_t commit_offsets(void)
{
    struct kc_arena *arena = kc_arena_new(512);
    struct kc_txn_offset_commit_request *message =
        kc_wire_new(arena, &kc_txn_offset_commit_request_type);
    int16_t code = RELAYED;

    message->transactional_id = kc_wire_str("x");
    message->group_id = message->member_id = kc_wire_str("g");
    message->producer_id = id;
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
    begin();
    ck_assert_int_eq(add_offsets(), KC_KAFKA_NONE);
    ck_assert_int_eq(commit_offsets(), KC_KAFKA_ILLEGAL_GENERATION);
    id = 500; /* of the target */
    ck_assert_int_eq(add_offsets(), RELAYED);
    ck_assert_int_eq(commit_offsets(), RELAYED);
}
END_TEST

/* Streams comes with another id then. Who doesn't is made to ask for one. */
START_TEST(who_commits_offsets_alone_goes_to_the_target)
{
    begin();
    ck_assert_int_eq(add_offsets(), KC_KAFKA_NONE);
    ck_assert_int_eq(add_offsets(), KC_KAFKA_UNKNOWN_PRODUCER_ID);
    struct fake_exchange *one = init("x");
    AWAIT(fake_ask_count == 2);
    target_issues(1, 0, 501);
    check_issued(one, 0, 501);
}
END_TEST

/* Another id would be of no use to it before its topics are promoted. */
START_TEST(who_writes_to_the_source_as_well_is_refused_each_time)
{
    begin();
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(add("out"), 0);
        ck_assert_int_eq(add_offsets(), KC_KAFKA_NONE);
        ck_assert_int_eq(commit_offsets(), KC_KAFKA_ILLEGAL_GENERATION);
        ck_assert_int_eq(aborted(abort_txn(3)).error_code, 0);
    }
    ck_assert_int_eq(fake.aborts, 3);
}
END_TEST

START_TEST(rights_come_before_the_source)
{
    begin();
    fake_right = KC_KAFKA_TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
    ck_assert_int_eq(add("out"), KC_KAFKA_TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
    check_issued(init("x"), KC_KAFKA_TRANSACTIONAL_ID_AUTHORIZATION_FAILED, -1);
    ck_assert_int_eq(end_txn(3), KC_KAFKA_TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
    ck_assert_int_eq(fake.inits, 1);
    ck_assert_int_eq(fake.commits, 0);
}
END_TEST

START_TEST(the_sources_troubles_pass)
{
    begin();
    fake_fail(KC_API_ADD_PARTITIONS_TO_TXN, KC_KAFKA_NOT_COORDINATOR);
    ck_assert_int_eq(add("out"), KC_KAFKA_COORDINATOR_LOAD_IN_PROGRESS);
    fake_fail(KC_API_ADD_PARTITIONS_TO_TXN, KC_KAFKA_TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
    ck_assert_int_eq(add("out"), KC_KAFKA_COORDINATOR_LOAD_IN_PROGRESS);
    ck_assert_int_eq(add("out"), 0);
}
END_TEST

RUN_TESTS_WITH("gateway_transactions", set_up, tear_down, ids_are_the_sources,
               the_target_says_who_gets_one, without_the_source_they_are_the_targets,
               without_a_link_they_are_untouched, a_transaction_of_linked_topics_is_the_sources,
               an_epoch_for_each_transaction_is_told_with_the_tag,
               the_targets_transactions_are_relayed, an_id_begins_anew_where_its_topics_are,
               an_abort_of_nothing_is_done, an_id_changes_over_with_an_abort,
               an_id_changes_back_with_an_abort, an_id_that_has_written_stays,
               an_id_that_has_written_and_was_refused_changes_over,
               nothing_changes_over_without_a_description,
               an_id_that_is_not_issued_is_asked_for_again, a_fenced_producer_stays_fenced,
               a_promotion_makes_the_open_one_begin_anew, an_open_one_may_end_while_writes_are_held,
               offsets_of_a_group_are_the_targets, who_commits_offsets_alone_goes_to_the_target,
               who_writes_to_the_source_as_well_is_refused_each_time, rights_come_before_the_source,
               the_sources_troubles_pass)
