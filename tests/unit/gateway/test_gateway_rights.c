/* SPDX-License-Identifier: Apache-2.0 */
/* Rights that are asked on a client's own connection: which questions are sent, what answers mean,
 * and how long they count. The session is a stand-in that keeps the questions. */
#include "gateway/gateway_rights_priv.h"

#include "base/kafka_errors.h"
#include "link/link_check.h"
#include "wire/api.h"
#include "wire/messages_cluster.h"
#include "wire/messages_txn.h"

#include <unistd.h>

#define RIGHTS_MS 2000   /* far more than a busy machine takes for a few calls */
#define TOPIC_ALL 0x0df8 /* what a broker without an authorizer answers for a topic */

/* ---- the stand-in ---- */

struct asked {
    struct gateway_exchange *exchange;
    int api;
    int version;
    struct kc_arena *arena;
    void *message; /* as the broker decodes it */
    gateway_asked done;
    void *arg;
};

static struct asked questions[16];
static size_t asked_count;
static int references, version_of_metadata, version_of_others;
static struct gateway_session *const session = (struct gateway_session *)(void *)&references;
static struct gateway_session *const other = (struct gateway_session *)(void *)&asked_count;

struct gateway_exchange *gateway_exchange_ref(struct gateway_exchange *exchange)
{
    references++;
    return exchange;
}

void gateway_exchange_unref(struct gateway_exchange *exchange)
{
    references--;
}

int gateway_session_version(const struct gateway_session *of, int api)
{
    return api == KC_API_METADATA ? version_of_metadata : version_of_others;
}

const struct gateway_client *gateway_session_client(const struct gateway_session *of)
{
    static const struct gateway_client client = {.client_id = (char *)"c"};
    return &client;
}

void gateway_exchange_ask(struct gateway_exchange *exchange, int api, int version,
                          const void *message, gateway_asked done, void *arg)
{
    struct kc_wire_out out = {0};
    struct asked *asked = &questions[asked_count++];
    *asked = (struct asked){exchange, api, version, kc_arena_new(256), NULL, done, arg};
    struct kc_error *err = kc_wire_encode(api, KC_WIRE_REQUEST, version, message, &out);
    ck_assert_msg(!err, "%s", err ? kc_error_text(err) : "");
    const uint8_t *bytes = kc_arena_dup(asked->arena, out.bytes.data, out.bytes.len);
    err = kc_wire_decode(api, KC_WIRE_REQUEST, version, bytes, out.bytes.len, asked->arena,
                         &asked->message);
    ck_assert_msg(!err, "%s", err ? kc_error_text(err) : "");
    kc_wire_out_destroy(&out);
}

static void answer(size_t i, void *response)
{
    struct asked asked = questions[i];
    asked.done(asked.arg, asked.exchange, response, asked.arena);
    kc_arena_destroy(asked.arena);
}

static void answer_topic(size_t i, int16_t code, int32_t operations)
{
    struct kc_metadata_response_topic topic = {.error_code = code,
                                               .topic_authorized_operations = operations};
    struct kc_metadata_response response = {.topics = {&topic, 1}};
    answer(i, &response);
}

static void answer_transaction(size_t i, int16_t code)
{
    struct kc_add_partitions_to_txn_response_partition partition = {-1, code};
    struct kc_add_partitions_to_txn_response_topic topic = {
        .results_by_partition = {&partition, 1}};
    struct kc_add_partitions_to_txn_response response = {
        .results_by_topic_v3_and_below = {&topic, 1}};
    answer(i, &response);
}

/* ---- who asks ---- */

static struct gateway_rights *rights;
static struct gateway_exchange exchange, of_other;
static int codes[16];
static size_t told;

static void on_allowed(void *arg, struct gateway_exchange *of, int16_t code)
{
    codes[told++] = code;
}

static void set_up(void)
{
    static const struct gateway_config config = {.rights_ms = RIGHTS_MS};
    rights = gateway_rights_new(&config);
    exchange = (struct gateway_exchange){.session = session};
    of_other = (struct gateway_exchange){.session = other};
    asked_count = told = 0;
    references = 0;
    version_of_metadata = 12;
    version_of_others = 4;
}

static void tear_down(void)
{
    gateway_rights_destroy(rights);
    ck_assert_int_eq(references, 0);
}

static void ask_topic(const char *topic)
{
    gateway_rights_topic(rights, &exchange, topic, on_allowed, NULL);
}

static void pass_ms(int64_t ms)
{
    for (int64_t end = kc_mono_ms() + ms; kc_mono_ms() < end;)
        usleep(10 * 1000);
}

/* ---- topics ---- */

START_TEST(a_topic_is_asked_once_and_creates_none)
{
    ask_topic("orders");
    ask_topic("orders");
    ck_assert_uint_eq(asked_count, 1);
    ck_assert_uint_eq(told, 0);
    const struct kc_metadata_request *request = questions[0].message;
    ck_assert_int_eq(questions[0].api, KC_API_METADATA);
    ck_assert_int_eq(request->topics.count, 1);
    ck_assert_str_eq(request->topics.items[0].name.data, "orders");
    ck_assert(!request->allow_auto_topic_creation);
    ck_assert(request->include_topic_authorized_operations);
    answer_topic(0, 0, TOPIC_ALL);
    ck_assert_uint_eq(told, 2);
    ask_topic("orders");
    ck_assert_uint_eq(told, 3);
    ck_assert_uint_eq(asked_count, 1);
    for (size_t i = 0; i < told; i++)
        ck_assert_int_eq(codes[i], 0);
}
END_TEST

START_TEST(whoever_does_not_tell_allows_nothing)
{
    ask_topic("a");
    answer_topic(0, 0, INT32_MIN);
    ask_topic("b");
    answer_topic(1, KC_KAFKA_TOPIC_AUTHORIZATION_FAILED, INT32_MIN);
    ask_topic("c");
    answer_topic(2, KC_KAFKA_UNKNOWN_TOPIC_OR_PARTITION, INT32_MIN);
    ask_topic("d");
    answer_topic(3, KC_KAFKA_LEADER_NOT_AVAILABLE, TOPIC_ALL);
    ask_topic("e");
    answer_topic(4, KC_KAFKA_UNKNOWN_SERVER_ERROR, INT32_MIN);
    version_of_metadata = 7; /* before authorized operations */
    ask_topic("f");
    const int expected[] = {29, 29, 3, 0, 7, 7};
    ck_assert_uint_eq(told, 6);
    for (size_t i = 0; i < told; i++)
        ck_assert_int_eq(codes[i], expected[i]);
}
END_TEST

/* Older clients send no ApiVersions: then the target is asked what it can be asked. */
START_TEST(versions_that_no_client_asked_for_are_asked)
{
    struct kc_api_versions_response response = {0};

    version_of_metadata = version_of_others = -1;
    ask_topic("orders");
    ck_assert_uint_eq(told, 0);
    ck_assert_int_eq(questions[0].api, KC_API_API_VERSIONS);
    ck_assert_int_eq(questions[0].version, 0);
    version_of_metadata = version_of_others = 9; /* the session learns as the answer passes */
    answer(0, &response);
    ck_assert_uint_eq(asked_count, 2);
    ck_assert_int_eq(questions[1].api, KC_API_METADATA);
    answer_topic(1, 0, TOPIC_ALL);
    ck_assert_uint_eq(told, 1);
    ck_assert_int_eq(codes[0], 0);
}
END_TEST

START_TEST(an_error_is_asked_again_at_once)
{
    ask_topic("orders");
    answer_topic(0, KC_KAFKA_UNKNOWN_TOPIC_OR_PARTITION, INT32_MIN);
    ask_topic("orders");
    ck_assert_uint_eq(asked_count, 2);
    answer_topic(1, 0, TOPIC_ALL);
    ck_assert_int_eq(codes[1], 0);
}
END_TEST

START_TEST(a_right_that_was_taken_away_ends)
{
    ask_topic("orders");
    answer_topic(0, 0, TOPIC_ALL);
    pass_ms(RIGHTS_MS / 2 + 100); /* half of its time: asked again, and used meanwhile */
    ask_topic("orders");
    ck_assert_uint_eq(asked_count, 2);
    ck_assert_uint_eq(told, 2);
    ask_topic("orders");
    ck_assert_uint_eq(asked_count, 2);
    answer_topic(1, 0, 1 << 8);
    ask_topic("orders");
    ck_assert_int_eq(codes[2], 0);
    ck_assert_int_eq(codes[3], KC_KAFKA_TOPIC_AUTHORIZATION_FAILED);
    pass_ms(RIGHTS_MS + 100); /* beyond its time nothing is used any more */
    ask_topic("orders");
    ck_assert_uint_eq(asked_count, 3);
    ck_assert_uint_eq(told, 4);
    answer_topic(2, 0, TOPIC_ALL);
    ck_assert_int_eq(codes[4], 0);
}
END_TEST

START_TEST(one_client_s_right_is_not_another_s)
{
    ask_topic("orders");
    answer_topic(0, 0, TOPIC_ALL);
    gateway_rights_topic(rights, &of_other, "orders", on_allowed, NULL);
    ck_assert_uint_eq(asked_count, 2);
    ck_assert_ptr_eq(questions[1].exchange, &of_other);
    answer_topic(1, KC_KAFKA_TOPIC_AUTHORIZATION_FAILED, INT32_MIN);
    ck_assert_int_eq(codes[1], KC_KAFKA_TOPIC_AUTHORIZATION_FAILED);
    ask_topic("orders");
    ck_assert_int_eq(codes[2], 0);
}
END_TEST

/* ---- sessions that end ---- */

START_TEST(who_waits_is_told_when_the_session_ends)
{
    ask_topic("orders");
    exchange.session = NULL;
    gateway_rights_forget(rights, session);
    answer(0, NULL);
    ck_assert_uint_eq(told, 1);
    ck_assert_int_eq(codes[0], KC_KAFKA_REQUEST_TIMED_OUT);
    ask_topic("orders"); /* without a session nothing is asked */
    ck_assert_int_eq(codes[1], KC_KAFKA_REQUEST_TIMED_OUT);
    ck_assert_uint_eq(asked_count, 1);
}
END_TEST

START_TEST(an_answer_for_a_former_session_is_not_kept)
{
    ask_topic("orders");
    gateway_rights_forget(rights, session);
    ask_topic("orders"); /* of the next session at the same address */
    ck_assert_uint_eq(asked_count, 2);
    answer_topic(0, 0, TOPIC_ALL);
    ck_assert_uint_eq(told, 1);
    answer_topic(1, KC_KAFKA_TOPIC_AUTHORIZATION_FAILED, INT32_MIN);
    ck_assert_int_eq(codes[1], KC_KAFKA_TOPIC_AUTHORIZATION_FAILED);
}
END_TEST

/* ---- transactions ---- */

START_TEST(a_transactional_id_is_asked_without_beginning_anything)
{
    gateway_rights_transaction(rights, &exchange, "t1", on_allowed, NULL);
    const struct kc_add_partitions_to_txn_request *request = questions[0].message;
    ck_assert_int_eq(questions[0].api, KC_API_ADD_PARTITIONS_TO_TXN);
    ck_assert_int_eq(questions[0].version, 3); /* later ones are for brokers */
    ck_assert_str_eq(request->v3_and_below_transactional_id.data, "t1");
    ck_assert_int_eq(request->v3_and_below_producer_id, -1);
    ck_assert_int_eq(request->v3_and_below_topics.items[0].partitions.items[0], -1);
    answer_transaction(0, KC_KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    const struct {
        int16_t said;
        int means;
    } cases[] = {{KC_KAFKA_TRANSACTIONAL_ID_AUTHORIZATION_FAILED, 53},
                 {KC_KAFKA_TOPIC_AUTHORIZATION_FAILED, 0},
                 {KC_KAFKA_UNKNOWN_SERVER_ERROR, 7}};
    ck_assert_int_eq(codes[0], 0);
    for (size_t i = 0; i < 3; i++) {
        char name[] = {'u', (char)('0' + i), 0};
        gateway_rights_transaction(rights, &exchange, name, on_allowed, NULL);
        answer_transaction(i + 1, cases[i].said);
        ck_assert_int_eq(codes[i + 1], cases[i].means);
    }
}
END_TEST

START_TEST(names_of_each_kind_are_names_of_their_own)
{
    ask_topic("x");
    gateway_rights_transaction(rights, &exchange, "x", on_allowed, NULL);
    ck_assert_uint_eq(asked_count, 2);
    answer_topic(0, 0, TOPIC_ALL);
    answer_transaction(1, 53);
    ck_assert_int_eq(codes[0], 0);
    ck_assert_int_eq(codes[1], 53);
}
END_TEST

START_TEST(a_client_s_many_names_are_bounded)
{
    char name[16];
    for (int i = 0; i < 5000; i++) {
        snprintf(name, sizeof(name), "t%d", i);
        asked_count = told = 0;
        gateway_rights_transaction(rights, &exchange, name, on_allowed, NULL);
        answer_transaction(0, 53);
    }
    asked_count = told = 0;
    gateway_rights_transaction(rights, &exchange, "t0", on_allowed, NULL);
    ck_assert_uint_eq(asked_count, 1); /* long forgotten */
    answer_transaction(0, 53);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gateway_rights");
    TCase *cases = tcase_create("all");
    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, a_topic_is_asked_once_and_creates_none);
    tcase_add_test(cases, whoever_does_not_tell_allows_nothing);
    tcase_add_test(cases, versions_that_no_client_asked_for_are_asked);
    tcase_add_test(cases, an_error_is_asked_again_at_once);
    tcase_add_test(cases, a_right_that_was_taken_away_ends);
    tcase_add_test(cases, one_client_s_right_is_not_another_s);
    tcase_add_test(cases, who_waits_is_told_when_the_session_ends);
    tcase_add_test(cases, an_answer_for_a_former_session_is_not_kept);
    tcase_add_test(cases, a_transactional_id_is_asked_without_beginning_anything);
    tcase_add_test(cases, names_of_each_kind_are_names_of_their_own);
    tcase_add_test(cases, a_client_s_many_names_are_bounded);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
