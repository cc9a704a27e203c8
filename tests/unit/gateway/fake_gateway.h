/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the router stands on, made here: a session's exchanges, links, rights and the source. The
 * test says where a topic's writes go, and answers what was sent on.
 */
#ifndef TESTS_UNIT_GATEWAY_FAKE_GATEWAY_H
#define TESTS_UNIT_GATEWAY_FAKE_GATEWAY_H

#include "gateway/gateway_routing_priv.h"
#include "gateway/route_check.h"

#include <string.h>

#define SOURCE_TAG 5
#define TARGET_TAG 6
#define VERSION    9 /* of Produce, unless a test says otherwise */

/* ---- links ---- */

struct fake_topic {
    struct gateway_way way;
    struct kc_link_flip *flip; /* of partition 0 */
    int under_way;
};

static struct fake_topic fake_topics[4];
static atomic_int fake_topic_count;
static atomic_bool fake_lease, fake_active;
static int16_t fake_right;    /* that clients have to topics and transactions */
static int16_t fake_id_right; /* to the transactional id */

static inline struct fake_topic *fake_topic(const char *name)
{
    for (int i = 0; i < fake_topic_count; i++)
        if (strcmp(fake_topics[i].way.topic, name) == 0)
            return &fake_topics[i];
    return NULL;
}

static inline struct fake_topic *fake_link(const char *name, enum gateway_place place)
{
    struct fake_topic *topic = fake_topic(name);

    if (!topic) {
        topic = &fake_topics[fake_topic_count++];
        topic->way.topic = topic->way.source_topic = (char *)name;
        topic->way.link = (char *)"l";
        topic->way.target_id.bytes[0] = (uint8_t)(100 + fake_topic_count);
    }
    topic->way.place = place;
    return topic;
}

struct gateway_way *gateway_links_way(struct gateway_links *links, const char *topic,
                                      const struct kc_uuid *id)
{
    for (int i = 0; i < fake_topic_count; i++) {
        const struct gateway_way *way = &fake_topics[i].way;
        if (topic ? strcmp(way->topic, topic) == 0 : kc_uuid_equal(&way->target_id, id))
            return kc_memdup(way, sizeof(*way));
    }
    return NULL;
}

void gateway_way_unref(struct gateway_way *way)
{
    free(way);
}

struct gateway_way *gateway_way_ref(struct gateway_way *way)
{
    return way ? kc_memdup(way, sizeof(*way)) : NULL;
}

bool gateway_links_begin(struct gateway_links *links, const struct gateway_way *way,
                         int64_t producer_id, int64_t *ticket)
{
    struct fake_topic *topic = fake_topic(way->topic);

    *ticket = 1;
    topic->under_way += fake_lease;
    return fake_lease;
}

bool gateway_links_end(struct gateway_links *links, const struct gateway_way *way, int64_t ticket)
{
    fake_topic(way->topic)->under_way--;
    return fake_lease;
}

const struct kc_link_flip *gateway_links_flip(struct gateway_links *links,
                                              const struct gateway_way *way, int32_t partition)
{
    return partition == 0 ? fake_topic(way->topic)->flip : NULL;
}

int64_t gateway_links_tag(const struct gateway_links *links, bool source)
{
    return source ? SOURCE_TAG : TARGET_TAG;
}

bool gateway_links_active(struct gateway_links *links)
{
    return fake_active;
}

/* ---- rights ---- */

void gateway_rights_topic(struct gateway_rights *rights, struct gateway_exchange *exchange,
                          const char *topic, gateway_allowed done, void *arg)
{
    done(arg, exchange, fake_right);
}

void gateway_rights_transaction(struct gateway_rights *rights, struct gateway_exchange *exchange,
                                const char *transactional_id, gateway_allowed done, void *arg)
{
    done(arg, exchange, fake_right ? fake_right : fake_id_right);
}

void gateway_rights_forget(struct gateway_rights *rights, struct gateway_session *session)
{
}

/* ---- the session ---- */

static uint64_t fake_routed; /* records that the session was told of */

const struct gateway_client *gateway_session_client(const struct gateway_session *session)
{
    static const struct gateway_client client;

    return &client;
}

int32_t gateway_session_broker(const struct gateway_session *session)
{
    return 1;
}

void gateway_session_routed(struct gateway_session *session, const char *topic, uint64_t records)
{
    fake_routed += records;
}

void gateway_session_mute(struct gateway_session *session, int32_t ms)
{
}

/* ---- the source ---- */

static struct gateway_write *fake_writes[16];
static atomic_int fake_write_count;               /* counts what is complete */
static struct kc_wire_client *fake_source_client; /* of transactions and ids; NULL: none */

void gateway_source_write(struct gateway_source *source, struct gateway_write *write)
{
    fake_writes[fake_write_count] = write;
    fake_write_count++;
}

int gateway_source_channel(struct gateway_source *source)
{
    return 3;
}

struct kc_wire_client *gateway_source_client(struct gateway_source *source)
{
    return fake_source_client;
}

/* Answers all batches of the n-th write. */
static inline void source_answers(int n, int16_t code, int64_t offset)
{
    struct gateway_write *write = fake_writes[n];

    for (size_t i = 0; i < write->count; i++) {
        write->batches[i].error_code = code;
        write->batches[i].base_offset = code ? -1 : offset;
        write->batches[i].log_append_time = write->batches[i].log_start_offset = -1;
    }
    write->done(write->arg, write);
}

/* An answer for a partition that names a record, and why. */
static inline void fake_record_error(struct kc_arena *arena,
                                     struct kc_produce_response_partition *partition, int32_t index,
                                     const char *why)
{
    partition->error_code = KC_KAFKA_INVALID_RECORD;
    partition->base_offset = -1;
    KC_WIRE_LIST_NEW(arena, &partition->record_errors, kc_produce_response_record_error, 1);
    partition->record_errors.items[0].batch_index = index;
    partition->record_errors.items[0].batch_index_error_message = kc_wire_str_copy(arena, why);
    partition->error_message = kc_wire_str_copy(arena, "one is bad");
}

/* The source refuses a record of the n-th write's only batch. */
static inline void source_refuses_record(int n, int32_t index, const char *why)
{
    struct kc_arena *arena = kc_arena_new(512);
    struct kc_produce_response_partition *partition =
        kc_wire_new(arena, &kc_produce_response_partition_type);
    struct gateway_batch *batch = &fake_writes[n]->batches[0];

    fake_record_error(arena, partition, index, why);
    batch->record_errors = kc_record_errors_new(partition, batch->count);
    batch->error_message = kc_strdup(partition->error_message.data);
    kc_arena_destroy(arena);
    source_answers(n, KC_KAFKA_INVALID_RECORD, -1);
}

/* ---- exchanges ---- */

struct fake_exchange {
    struct gateway_exchange pub;
    atomic_int refs;
    atomic_int answers;
    void *answer; /* decoded */
    struct kc_arena *arena;
    struct kc_str frame;
};

/* What the target was asked. */
struct fake_ask {
    struct gateway_exchange *exchange;
    int api;
    int version;
    void *message;
    struct kc_str bytes;
    gateway_asked done;
    void *arg;
};

static struct fake_ask fake_asks[16];
static atomic_int fake_ask_count; /* counts what is complete */
static struct kc_arena *fake_arena;
static struct gateway_route *fake_route;
static struct gateway_router fake_router;

static inline struct fake_exchange *fake_of(struct gateway_exchange *exchange)
{
    return (struct fake_exchange *)(void *)exchange;
}

struct gateway_exchange *gateway_exchange_ref(struct gateway_exchange *exchange)
{
    atomic_fetch_add(&fake_of(exchange)->refs, 1);
    return exchange;
}

void gateway_exchange_unref(struct gateway_exchange *exchange)
{
    struct fake_exchange *one = fake_of(exchange);

    if (atomic_fetch_sub(&one->refs, 1) > 1)
        return;
    kc_arena_destroy(one->pub.arena);
    kc_arena_destroy(one->arena);
    kc_str_destroy(&one->frame);
    free(one);
}

void gateway_exchange_answer(struct gateway_exchange *exchange, const void *response)
{
    struct fake_exchange *one = fake_of(exchange);
    struct kc_wire_out out = {0};
    int api = exchange->header.api, version = exchange->header.version;

    ck_assert_ptr_null(kc_wire_encode(api, KC_WIRE_RESPONSE, version, response, &out));
    one->frame = out.bytes;
    ck_assert_ptr_null(kc_wire_decode(api, KC_WIRE_RESPONSE, version,
                                      (const uint8_t *)out.bytes.data, out.bytes.len, one->arena,
                                      &one->answer));
    atomic_fetch_add(&one->answers, 1);
}

/* ---- the session's loop, which is the test's thread ---- */

/* What other threads have posted, in their order. */
struct fake_post {
    struct fake_ask ask; /* of an ask */
    struct gateway_exchange *exchange;
    void (*fn)(struct gateway_exchange *exchange, void *arg); /* NULL: an ask */
    void *arg;
};

static struct fake_post fake_posts[64];
static atomic_int fake_post_count; /* counts what is complete */
static int fake_posts_run;
static _Thread_local bool fake_is_loop;

static inline void fake_post(const struct fake_post *post)
{
    ck_assert_int_lt(fake_post_count, 64);
    fake_posts[fake_post_count] = *post;
    fake_post_count++;
}

void gateway_exchange_post(struct gateway_exchange *exchange,
                           void (*fn)(struct gateway_exchange *exchange, void *arg), void *arg)
{
    if (fake_is_loop)
        fn(exchange, arg);
    else
        fake_post(
            &(struct fake_post){.exchange = gateway_exchange_ref(exchange), .fn = fn, .arg = arg});
}

void gateway_exchange_ask(struct gateway_exchange *exchange, int api, int version,
                          const void *message, gateway_asked done, void *arg)
{
    struct fake_ask ask = {gateway_exchange_ref(exchange), api, version, NULL, {0}, done, arg};
    struct kc_wire_out out = {0};

    ck_assert_ptr_null(kc_wire_encode(api, KC_WIRE_REQUEST, version, message, &out));
    ask.bytes = out.bytes;
    ck_assert_ptr_null(kc_wire_decode(api, KC_WIRE_REQUEST, version,
                                      (const uint8_t *)out.bytes.data, out.bytes.len, fake_arena,
                                      &ask.message));
    if (!fake_is_loop) {
        fake_post(&(struct fake_post){.ask = ask});
        return;
    }
    fake_asks[fake_ask_count] = ask;
    fake_ask_count++;
}

static inline void fake_run_posts(void)
{
    while (fake_posts_run < fake_post_count) {
        const struct fake_post *post = &fake_posts[fake_posts_run++];

        if (!post->fn) {
            fake_asks[fake_ask_count] = post->ask;
            fake_ask_count++;
            continue;
        }
        if (post->exchange->session)
            post->fn(post->exchange, post->arg);
        gateway_exchange_unref(post->exchange);
    }
}

/* The target's answer to the n-th ask; NULL: the session has ended. */
static inline void target_answers(int n, void *response)
{
    struct fake_ask *ask = &fake_asks[n];

    ask->done(ask->arg, ask->exchange, response, fake_arena);
    gateway_exchange_unref(ask->exchange);
    kc_str_destroy(&ask->bytes);
}

/* An exchange with a message that lives in its arena. The caller's reference. */
static inline struct fake_exchange *fake_exchange(int api, int version, struct kc_arena *arena,
                                                  void *message)
{
    struct fake_exchange *one = kc_calloc(1, sizeof(*one));

    atomic_init(&one->refs, 1);
    atomic_init(&one->answers, 0);
    one->arena = kc_arena_new(512);
    one->pub = (struct gateway_exchange){
        .session = (struct gateway_session *)(void *)&fake_router,
        .header = {(int16_t)api, (int16_t)version, 1, {"c", 1}},
        .arena = arena,
        .message = message,
        .since_ms = kc_mono_ms(),
    };
    return one;
}

/* ---- batches ---- */

/* A batch of count records in the arena. id -1: not idempotent. */
static inline struct kc_wire_bytes fake_batch(struct kc_arena *arena, int64_t id, int32_t first,
                                              int count)
{
    struct kc_record_batch_builder *builder = kc_record_batch_builder_new(KC_CODEC_NONE, 0, true);
    const struct kc_plain_record record = {.value = {(const uint8_t *)"value", 5}};
    struct kc_str out = {0};

    for (int i = 0; i < count; i++)
        ck_assert_ptr_null(kc_record_batch_builder_add(builder, &record));
    ck_assert_ptr_null(kc_record_batch_builder_finish(builder, &out));
    if (id >= 0)
        kc_record_batch_set_producer((uint8_t *)out.data, out.len, id, 0, first);
    struct kc_wire_bytes bytes = kc_wire_bytes(kc_arena_dup(arena, out.data, out.len), out.len);
    kc_str_destroy(&out);
    kc_record_batch_builder_destroy(builder);
    return bytes;
}

/* ---- Produce ---- */

/* A producer whose id the source has issued. */
#define PRODUCER kc_link_virtual_id(SOURCE_TAG, 7)

static inline struct kc_produce_request *fake_request(struct kc_arena *arena,
                                                      const char *const *topics, int count)
{
    struct kc_produce_request *request = kc_wire_new(arena, &kc_produce_request_type);

    request->acks = -1;
    request->timeout_ms = 1000;
    KC_WIRE_LIST_NEW(arena, &request->topic_data, kc_produce_request_topic, count);
    for (int i = 0; i < count; i++) {
        struct kc_produce_request_topic *topic = &request->topic_data.items[i];
        topic->name = kc_wire_str_copy(arena, topics[i]);
        KC_WIRE_LIST_NEW(arena, &topic->partition_data, kc_produce_request_partition, 1);
    }
    return request;
}

/* Hands the exchange to the router. */
static inline bool take(struct fake_exchange *one)
{
    return fake_router.take(fake_router.opaque, &one->pub);
}

/* A Produce request of one batch for partition 0 of a topic. */
static inline struct fake_exchange *produce_exchange(const char *topic, int64_t id, int32_t first)
{
    struct kc_arena *arena = kc_arena_new(1024);
    struct kc_produce_request *request = fake_request(arena, &topic, 1);

    request->topic_data.items[0].partition_data.items[0].records = fake_batch(arena, id, first, 2);
    return fake_exchange(KC_API_PRODUCE, VERSION, arena, request);
}

static inline struct fake_exchange *produce(const char *topic, int64_t id, int32_t first)
{
    struct fake_exchange *one = produce_exchange(topic, id, first);

    ck_assert(take(one));
    return one;
}

/* The answer for the first partition of the n-th topic. */
static inline const struct kc_produce_response_partition *answer_of(const struct fake_exchange *one,
                                                                    int n)
{
    const struct kc_produce_response *response = one->answer;

    ck_assert_int_eq(atomic_load(&one->answers), 1);
    return &response->responses.items[n].partition_responses.items[0];
}

/* Takes one. */
static inline void expect(struct fake_exchange *one, int16_t code, int64_t offset)
{
    ck_assert_int_eq(answer_of(one, 0)->error_code, code);
    ck_assert_int_eq(answer_of(one, 0)->base_offset, offset);
    gateway_exchange_unref(&one->pub);
}

/* The target's answer to a Produce request that was sent on. */
static inline void target_takes(int n, int16_t code, int64_t offset)
{
    const struct kc_produce_request *request = fake_asks[n].message;
    struct kc_produce_response *response = kc_wire_new(fake_arena, &kc_produce_response_type);

    KC_WIRE_LIST_NEW(fake_arena, &response->responses, kc_produce_response_topic,
                     request->topic_data.count);
    for (int32_t t = 0; t < request->topic_data.count; t++) {
        struct kc_produce_response_topic *to = &response->responses.items[t];

        to->name = request->topic_data.items[t].name;
        to->topic_id = request->topic_data.items[t].topic_id;
        KC_WIRE_LIST_NEW(fake_arena, &to->partition_responses, kc_produce_response_partition, 1);
        to->partition_responses.items[0].index =
            request->topic_data.items[t].partition_data.items[0].index;
        to->partition_responses.items[0].error_code = code;
        to->partition_responses.items[0].base_offset = code ? -1 : offset;
    }
    target_answers(n, response);
}

/* The same, with a record that it refuses in the only partition. */
static inline void target_refuses_record(int n, int32_t index, const char *why)
{
    const struct kc_produce_request *request = fake_asks[n].message;
    struct kc_produce_response *response = kc_wire_new(fake_arena, &kc_produce_response_type);

    KC_WIRE_LIST_NEW(fake_arena, &response->responses, kc_produce_response_topic, 1);
    response->responses.items[0].name = request->topic_data.items[0].name;
    KC_WIRE_LIST_NEW(fake_arena, &response->responses.items[0].partition_responses,
                     kc_produce_response_partition, 1);
    fake_record_error(fake_arena, &response->responses.items[0].partition_responses.items[0], index,
                      why);
    target_answers(n, response);
}

/* ---- life ---- */

static inline void routing_begin(void)
{
    const struct gateway_route_base base = {0};

    memset(fake_topics, 0, sizeof(fake_topics));
    fake_topic_count = fake_write_count = fake_ask_count = 0;
    fake_post_count = fake_posts_run = 0;
    fake_is_loop = true;
    fake_lease = fake_active = true;
    fake_right = 0;
    fake_arena = kc_arena_new(4096);
    fake_route = gateway_route_new(&base, &fake_router);
    ck_assert_ptr_nonnull(fake_route);
}

static inline void routing_end(void)
{
    fake_router.ended(fake_router.opaque, (struct gateway_session *)(void *)&fake_router);
    gateway_route_destroy(fake_route);
    while (fake_posts_run < fake_post_count)
        gateway_exchange_unref(fake_posts[fake_posts_run++].exchange);
    kc_arena_destroy(fake_arena);
}

/* Looks at what waits, as when a way has changed, and waits until the exchange is answered or
 * something was sent on. */
#define AWAIT(condition)                                                                           \
    do {                                                                                           \
        int64_t until_ms = kc_mono_ms() + 10000;                                                   \
        gateway_route_changed(fake_route);                                                         \
        while (!(condition)) {                                                                     \
            ck_assert_msg(kc_mono_ms() < until_ms, "waited in vain for %s", #condition);           \
            fake_run_posts();                                                                      \
            usleep(1000);                                                                          \
        }                                                                                          \
    } while (0)

#endif
