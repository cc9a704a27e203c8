/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clients' rights at the target, by session: see gateway_rights_priv.h.
 *
 * Sessions live on several loops, so one mutex guards the table; no callback runs, and nothing is
 * asked, while it is held. A question that is under way belongs to itself: its right may be
 * forgotten meanwhile, and then its answer is told to who waits, and not kept.
 */
#include "gateway/gateway_rights_priv.h"

#include "base/kafka_errors.h"
#include "connect/hash.h"
#include "connect/link.h"
#include "gateway/gateway_metrics_priv.h"
#include "gateway/gateway_say_priv.h"
#include "wire/api.h"
#include "wire/messages_cluster.h"
#include "wire/messages_txn.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.gateway.rights");

/* Strangers can cause these lines. */
static struct gateway_say say_refused, say_untold;

enum {
    KEEP_REFUSAL_MS = 1000,
    MOST_KEPT = 1000,    /* of a session: names of transactions and groups are the client's own */
    TXN_VERSION_MAX = 3, /* later ones are for brokers */
    METADATA_VERSION_MIN = 8,
    NO_PARTITION = -1,
};
/* org.apache.kafka.common.acl.AclOperation: the bits of authorized operations. */
enum { OPERATION_WRITE = 4 };

enum right_kind { RIGHT_TOPIC, RIGHT_TRANSACTION };

struct right_waiter {
    struct gateway_exchange *exchange; /* a reference */
    gateway_allowed done;
    void *arg;
};

/* Under way to the target. */
struct right_question {
    struct gateway_rights *rights;
    struct kept_right *right; /* NULL: forgotten meanwhile. Guarded, as waiters */
    enum right_kind kind;
    char *name;
    int64_t asked_ms;
    struct right_waiter *waiters;
    size_t waiter_count;
};

/* What the target has said. */
struct right_answer {
    int16_t code;
    int32_t operations; /* of a topic */
};

struct kept_right {
    char *key; /* kind and name */
    bool known;
    struct right_answer answer;
    int64_t asked_ms;
    struct right_question *question; /* NULL: none is under way */
    UT_hash_handle hh;
};

struct session_rights {
    struct gateway_session *session;
    struct kept_right *rights; /* in the order in which they were first asked */
    UT_hash_handle hh;
};

struct gateway_rights {
    int64_t keep_ms;
    atomic_uint_fast64_t refused;
    pthread_mutex_t mutex; /* guards what follows */
    struct session_rights *sessions;
};

struct gateway_rights *gateway_rights_new(const struct gateway_config *config)
{
    struct gateway_rights *rights = kc_calloc(1, sizeof(*rights));
    rights->keep_ms = config->rights_ms;
    pthread_mutex_init(&rights->mutex, NULL);
    return rights;
}

uint64_t gateway_rights_refused(const struct gateway_rights *rights)
{
    return atomic_load(&rights->refused);
}

/* ---- the table; locked ---- */

static void drop_right(struct session_rights *session, struct kept_right *right)
{
    if (right->question)
        right->question->right = NULL;
    HASH_DEL(session->rights, right);
    free(right->key);
    free(right);
}

static void drop_session(struct gateway_rights *rights, struct session_rights *session)
{
    struct kept_right *right, *next;
    HASH_ITER (hh, session->rights, right, next)
        drop_right(session, right);
    HASH_DEL(rights->sessions, session);
    free(session);
}

static struct session_rights *find_session(struct gateway_rights *rights,
                                           struct gateway_session *session)
{
    struct session_rights *found = NULL;
    HASH_FIND_PTR(rights->sessions, &session, found);
    return found;
}

/* Makes room for another right: the oldest one that nobody waits for goes. */
static void make_room(struct session_rights *session)
{
    struct kept_right *right, *next;
    if (HASH_COUNT(session->rights) < MOST_KEPT)
        return;
    HASH_ITER (hh, session->rights, right, next) {
        if (!right->question) {
            drop_right(session, right);
            return;
        }
    }
}

static struct kept_right *take_right(struct gateway_rights *rights, struct gateway_session *of,
                                     const char *key)
{
    struct kept_right *right = NULL;
    struct session_rights *session = find_session(rights, of);
    if (!session) {
        session = kc_calloc(1, sizeof(*session));
        session->session = of;
        HASH_ADD_PTR(rights->sessions, session, session);
    }
    HASH_FIND_STR(session->rights, key, right);
    if (right)
        return right;
    make_room(session);
    right = kc_calloc(1, sizeof(*right));
    right->key = kc_strdup(key);
    HASH_ADD_KEYPTR(hh, session->rights, right->key, strlen(right->key), right);
    return right;
}

static char *key_of(enum right_kind kind, const char *name)
{
    return kc_asprintf("%d %s", (int)kind, name);
}

void gateway_rights_forget(struct gateway_rights *rights, struct gateway_session *session)
{
    pthread_mutex_lock(&rights->mutex);
    struct session_rights *found = find_session(rights, session);
    if (found)
        drop_session(rights, found);
    pthread_mutex_unlock(&rights->mutex);
}

void gateway_rights_destroy(struct gateway_rights *rights)
{
    struct session_rights *session, *next;
    if (!rights)
        return;
    HASH_ITER (hh, rights->sessions, session, next)
        drop_session(rights, session);
    pthread_mutex_destroy(&rights->mutex);
    free(rights);
}

/* ---- what a broker says ---- */

/* Codes that say that the broker has looked at the right, found it, and gone on. */
static bool is_among(int16_t code, const int16_t *codes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (codes[i] == code)
            return true;
    return false;
}
#define IS_AMONG(code, codes) is_among((code), (codes), sizeof(codes) / sizeof(*(codes)))

static struct right_answer read_metadata(const struct kc_metadata_response *response,
                                         const char *name)
{
    struct right_answer answer = {KC_KAFKA_REQUEST_TIMED_OUT, 0};
    if (response->topics.count != 1)
        return answer;
    const struct kc_metadata_response_topic *topic = &response->topics.items[0];
    if (topic->error_code == KC_KAFKA_TOPIC_AUTHORIZATION_FAILED ||
        topic->error_code == KC_KAFKA_UNKNOWN_TOPIC_OR_PARTITION) {
        answer.code = topic->error_code;
    } else if (topic->topic_authorized_operations != INT32_MIN) {
        answer = (struct right_answer){KC_KAFKA_NONE, topic->topic_authorized_operations};
    } else if (topic->error_code == KC_KAFKA_NONE) {
        /* Apache's brokers always answer, those without an authorizer with all operations. */
        gateway_say(
            &say_untold, &log, KC_LOG_WARN,
            "The target doesn't say what a client may do with topic %s, so writes to it aren't "
            "routed to the source. It has to answer Metadata with authorized operations, as "
            "Apache Kafka does from 2.3 on",
            name);
        answer.code = KC_KAFKA_TOPIC_AUTHORIZATION_FAILED;
    }
    return answer;
}

static struct right_answer
read_transaction(const struct kc_add_partitions_to_txn_response *response)
{
    static const int16_t looked_at[] = {KC_KAFKA_NONE, KC_KAFKA_UNKNOWN_TOPIC_OR_PARTITION,
                                        KC_KAFKA_TOPIC_AUTHORIZATION_FAILED};
    if (response->results_by_topic_v3_and_below.count < 1 ||
        response->results_by_topic_v3_and_below.items[0].results_by_partition.count < 1)
        return (struct right_answer){KC_KAFKA_REQUEST_TIMED_OUT, 0};
    int16_t code = response->results_by_topic_v3_and_below.items[0]
                       .results_by_partition.items[0]
                       .partition_error_code;
    if (IS_AMONG(code, looked_at))
        return (struct right_answer){KC_KAFKA_NONE, 0};
    return (struct right_answer){code == KC_KAFKA_TRANSACTIONAL_ID_AUTHORIZATION_FAILED
                                     ? code
                                     : (int16_t)KC_KAFKA_REQUEST_TIMED_OUT,
                                 0};
}

static struct right_answer read_answer(const struct right_question *question, const void *response)
{
    if (!response)
        return (struct right_answer){KC_KAFKA_REQUEST_TIMED_OUT, 0};
    switch (question->kind) {
    case RIGHT_TOPIC:
        return read_metadata(response, question->name);
    case RIGHT_TRANSACTION:
        return read_transaction(response);
    }
    return (struct right_answer){KC_KAFKA_REQUEST_TIMED_OUT, 0};
}

static bool is_refusal(int16_t code)
{
    return code == KC_KAFKA_TOPIC_AUTHORIZATION_FAILED ||
           code == KC_KAFKA_TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
}

/* What the answer means: the right to write. */
static int16_t verdict(enum right_kind kind, struct right_answer answer)
{
    if (answer.code || kind != RIGHT_TOPIC || answer.operations & (INT32_C(1) << OPERATION_WRITE))
        return answer.code;
    return KC_KAFKA_TOPIC_AUTHORIZATION_FAILED;
}

/* ---- telling who waits ---- */

static void report_refusal(const struct gateway_exchange *exchange, enum right_kind kind,
                           const char *name)
{
    if (!exchange->session)
        return;
    const struct gateway_client *client = gateway_session_client(exchange->session);
    gateway_say(
        &say_refused, &log, KC_LOG_INFO,
        "Client %s at %s (%s) may not write %s %s at the target, so the gateway refuses it as the "
        "target would",
        client->client_id ? client->client_id : "without an id",
        client->address ? client->address : "an unknown address",
        client->principal ? client->principal : "principal not known",
        kind == RIGHT_TOPIC ? "to the topic" : "under the transactional id", name);
}

static void tell(struct gateway_rights *rights, enum right_kind kind, struct right_answer answer,
                 const struct right_waiter *waiter)
{
    int16_t code = verdict(kind, answer);
    if (is_refusal(code)) {
        atomic_fetch_add(&rights->refused, 1);
        gateway_measure_add(GATEWAY_REFUSED_RIGHTS, 1);
    }
    waiter->done(waiter->arg, waiter->exchange, code);
}

static void end_question(struct right_question *question, struct right_answer answer)
{
    for (size_t i = 0; i < question->waiter_count; i++) {
        const struct right_waiter *waiter = &question->waiters[i];
        if (i == 0 && is_refusal(verdict(question->kind, answer)))
            report_refusal(waiter->exchange, question->kind, question->name);
        tell(question->rights, question->kind, answer, waiter);
        gateway_exchange_unref(waiter->exchange);
    }
    free(question->waiters);
    free(question->name);
    free(question);
}

/* The target's answer; response NULL: the session has ended. */
static void on_answer(void *arg, struct gateway_exchange *exchange, void *response,
                      struct kc_arena *arena)
{
    struct right_question *question = arg;
    struct right_answer answer = read_answer(question, response);
    pthread_mutex_lock(&question->rights->mutex);
    if (question->right) {
        struct kept_right *right = question->right;
        right->question = NULL;
        right->answer = answer;
        right->asked_ms = question->asked_ms;
        right->known = answer.code == KC_KAFKA_NONE || is_refusal(answer.code);
        question->right = NULL;
    }
    pthread_mutex_unlock(&question->rights->mutex);
    end_question(question, answer);
    gateway_exchange_unref(exchange);
}

/* ---- asking ---- */

static void ask_metadata(struct right_question *question, struct gateway_exchange *exchange,
                         int version, struct kc_arena *arena)
{
    struct kc_metadata_request *message = kc_wire_new(arena, &kc_metadata_request_type);
    KC_WIRE_LIST_NEW(arena, &message->topics, kc_metadata_request_topic, 1);
    message->topics.items[0].name = kc_wire_str(question->name);
    message->allow_auto_topic_creation = false;
    message->include_topic_authorized_operations = true;
    gateway_exchange_ask(exchange, KC_API_METADATA, version, message, on_answer, question);
}

static void ask_transaction(struct right_question *question, struct gateway_exchange *exchange,
                            int version, struct kc_arena *arena)
{
    struct kc_add_partitions_to_txn_request *message =
        kc_wire_new(arena, &kc_add_partitions_to_txn_request_type);
    message->v3_and_below_transactional_id = kc_wire_str(question->name);
    message->v3_and_below_producer_id = -1;
    message->v3_and_below_producer_epoch = -1;
    KC_WIRE_LIST_NEW(arena, &message->v3_and_below_topics, kc_add_partitions_to_txn_request_topic,
                     1);
    struct kc_add_partitions_to_txn_request_topic *topic = &message->v3_and_below_topics.items[0];
    topic->name = kc_wire_str(KC_LINK_STATE_TOPIC);
    KC_WIRE_LIST_NEW_OF(arena, &topic->partitions, 1);
    topic->partitions.items[0] = NO_PARTITION;
    gateway_exchange_ask(exchange, KC_API_ADD_PARTITIONS_TO_TXN,
                         version < TXN_VERSION_MAX ? version : TXN_VERSION_MAX, message, on_answer,
                         question);
}

static const struct {
    int api;
    int version_min;
    void (*ask)(struct right_question *question, struct gateway_exchange *exchange, int version,
                struct kc_arena *arena);
} ways[] = {
    [RIGHT_TOPIC] = {KC_API_METADATA, METADATA_VERSION_MIN, ask_metadata},
    [RIGHT_TRANSACTION] = {KC_API_ADD_PARTITIONS_TO_TXN, 0, ask_transaction},
};

/* Sends the question on the exchange's session, or answers it with an error where the target can't
 * be asked so. Takes a reference. */
static void ask_target(struct right_question *question, struct gateway_exchange *exchange)
{
    int version = exchange->session
                      ? gateway_session_version(exchange->session, ways[question->kind].api)
                      : -1;
    if (version < ways[question->kind].version_min) {
        on_answer(question, exchange, NULL, NULL);
        return;
    }
    struct kc_arena *arena = kc_arena_new(512);
    ways[question->kind].ask(question, exchange, version, arena);
    kc_arena_destroy(arena);
}

/* The session has learned them. */
static void on_versions(void *arg, struct gateway_exchange *exchange, void *response,
                        struct kc_arena *arena)
{
    ask_target(arg, exchange);
}

/* Not each client asks for the target's versions: Sarama below protocol version 2.4 doesn't, nor
 * does librdkafka without api.version.request. */
static void send_question(struct right_question *question, struct gateway_exchange *exchange)
{
    const struct kc_api_versions_request message = {{NULL, 0}, {NULL, 0}};

    gateway_exchange_ref(exchange);
    if (exchange->session && gateway_session_version(exchange->session, KC_API_API_VERSIONS) < 0)
        gateway_exchange_ask(exchange, KC_API_API_VERSIONS, 0, &message, on_versions, question);
    else
        ask_target(question, exchange);
}

static void add_waiter(struct right_question *question, const struct right_waiter *waiter)
{
    question->waiters =
        kc_realloc(question->waiters, (question->waiter_count + 1) * sizeof(*question->waiters));
    question->waiters[question->waiter_count] = *waiter;
    gateway_exchange_ref(question->waiters[question->waiter_count++].exchange);
}

static struct right_question *new_question(struct gateway_rights *rights, struct kept_right *right,
                                           enum right_kind kind, const char *name, int64_t now_ms)
{
    struct right_question *question = kc_calloc(1, sizeof(*question));
    question->rights = rights;
    question->right = right;
    question->kind = kind;
    question->name = kc_strdup(name);
    question->asked_ms = now_ms;
    right->question = question;
    return question;
}

/* How long the answer counts, in ms from when it was asked. */
static int64_t keep_ms(const struct gateway_rights *rights, const struct kept_right *right,
                       int16_t code)
{
    if (!right->known)
        return 0;
    if (is_refusal(code))
        return KEEP_REFUSAL_MS < rights->keep_ms ? KEEP_REFUSAL_MS : rights->keep_ms;
    return rights->keep_ms;
}

static void ask(struct gateway_rights *rights, enum right_kind kind, const char *name,
                const struct right_waiter *waiter)
{
    struct right_question *fresh = NULL;
    int64_t now_ms = kc_mono_ms();
    if (!waiter->exchange->session) {
        waiter->done(waiter->arg, waiter->exchange, KC_KAFKA_REQUEST_TIMED_OUT);
        return;
    }
    char *key = key_of(kind, name);
    pthread_mutex_lock(&rights->mutex);
    struct kept_right *right = take_right(rights, waiter->exchange->session, key);
    struct right_answer answer = right->answer;
    int64_t kept = keep_ms(rights, right, verdict(kind, answer));
    int64_t age = now_ms - right->asked_ms;
    bool known = age < kept;
    if (!right->question && age >= kept / 2)
        fresh = new_question(rights, right, kind, name, now_ms);
    if (!known && right->question)
        add_waiter(right->question, waiter);
    pthread_mutex_unlock(&rights->mutex);
    free(key);
    if (fresh)
        send_question(fresh, waiter->exchange);
    if (known)
        tell(rights, kind, answer, waiter);
}

void gateway_rights_topic(struct gateway_rights *rights, struct gateway_exchange *exchange,
                          const char *topic, gateway_allowed done, void *arg)
{
    ask(rights, RIGHT_TOPIC, topic, &(struct right_waiter){exchange, done, arg});
}

void gateway_rights_transaction(struct gateway_rights *rights, struct gateway_exchange *exchange,
                                const char *transactional_id, gateway_allowed done, void *arg)
{
    ask(rights, RIGHT_TRANSACTION, transactional_id, &(struct right_waiter){exchange, done, arg});
}
