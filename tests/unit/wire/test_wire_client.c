/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client against a broker made here: version negotiation with old brokers, time-outs,
 * throttling, answers that make no sense, being closed. The broker thread speaks the protocol
 * through the codec.
 */
#include "wire/messages_cluster.h"
#include "wire/wire_admin.h"

#include <arpa/inet.h>
#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum behaviour {
    FINE,
    OLD,         /* knows ApiVersions 0 and Metadata up to 4 only */
    SILENT,      /* never answers Metadata */
    SLOW,        /* answers the first Metadata after 700 ms */
    WRONG_ORDER, /* another correlation id */
    HTTP,        /* not a broker */
    THROTTLING,  /* asks for 400 ms of quiet */
    GARBAGE,     /* a Metadata answer that can't be decoded */
    HUGE_HELLO,  /* begins an ApiVersions answer of 2 MB */
    HUGE_ANSWER, /* begins a Metadata answer of 500 MB */
    WRONG_THEN_SILENT,
};

struct broker {
    int fd;
    int port;
    enum behaviour behaviour;
    pthread_t thread;
    atomic_int connections;
    atomic_int metadata_requests;
    atomic_int last_metadata_version;
    atomic_llong last_metadata_ms;
};

static bool read_full(int fd, void *data, size_t len)
{
    for (char *at = data; len > 0;) {
        ssize_t got = read(fd, at, len);

        if (got <= 0)
            return false;
        at += got;
        len -= (size_t)got;
    }
    return true;
}

static void put_size(struct kc_wire_out *out)
{
    size_t size = out->bytes.len - 4;

    for (int i = 0; i < 4; i++)
        out->bytes.data[i] = (char)(size >> (24 - 8 * i));
}

static void answer_versions(struct broker *broker, const struct kc_wire_request_header *header,
                            struct kc_arena *arena, struct kc_wire_out *out)
{
    struct kc_api_versions_response *response = kc_wire_new(arena, &kc_api_versions_response_type);
    int version = header->version;

    if (broker->behaviour == OLD && version > 0) {
        response->error_code = KC_KAFKA_UNSUPPORTED_VERSION;
        version = 0;
    } else {
        KC_WIRE_LIST_NEW(arena, &response->api_keys, kc_api_versions_response_api_key, 2);
        response->api_keys.items[0] = (struct kc_api_versions_response_api_key){
            KC_API_METADATA, 0, broker->behaviour == OLD ? 4 : 12};
        response->api_keys.items[1] = (struct kc_api_versions_response_api_key){
            KC_API_API_VERSIONS, 0, broker->behaviour == OLD ? 0 : 3};
    }
    kc_wire_write_response_header(out, KC_API_API_VERSIONS, version, header->correlation);
    ck_assert_ptr_null(
        kc_wire_encode(KC_API_API_VERSIONS, KC_WIRE_RESPONSE, version, response, out));
}

static void answer_metadata(struct broker *broker, const struct kc_wire_request_header *header,
                            struct kc_arena *arena, struct kc_wire_out *out)
{
    bool wrong = broker->behaviour == WRONG_ORDER || broker->behaviour == WRONG_THEN_SILENT;
    struct kc_metadata_response *response = kc_wire_new(arena, &kc_metadata_response_type);

    response->cluster_id = kc_wire_str("fake");
    response->controller_id = 7;
    if (broker->behaviour == THROTTLING)
        response->throttle_time_ms = 400;
    kc_wire_write_response_header(out, KC_API_METADATA, header->version,
                                  header->correlation + wrong);
    ck_assert_ptr_null(
        kc_wire_encode(KC_API_METADATA, KC_WIRE_RESPONSE, header->version, response, out));
    if (broker->behaviour == GARBAGE)
        memset(out->bytes.data + 9, 0x7f, out->bytes.len - 9);
}

/* False: nothing is to be sent. */
static bool answer(struct broker *broker, const uint8_t *frame, size_t len, struct kc_wire_out *out)
{
    struct kc_arena *arena = kc_arena_new(1024);
    struct kc_wire_request_header header;
    bool send = true;
    size_t used;

    ck_assert_ptr_null(kc_wire_read_request_header(frame, len, &header, &used));
    kc_str_append_i32(&out->bytes, 0);
    if (header.api == KC_API_API_VERSIONS) {
        answer_versions(broker, &header, arena, out);
    } else {
        int before = atomic_fetch_add(&broker->metadata_requests, 1);

        atomic_store(&broker->last_metadata_version, header.version);
        atomic_store(&broker->last_metadata_ms, kc_mono_ms());
        answer_metadata(broker, &header, arena, out);
        send =
            broker->behaviour != SILENT && !(broker->behaviour == WRONG_THEN_SILENT && before > 0);
        if (broker->behaviour == SLOW && before == 0)
            usleep(700000);
    }
    put_size(out);
    if (broker->behaviour == (header.api == KC_API_API_VERSIONS ? HUGE_HELLO : HUGE_ANSWER))
        memcpy(out->bytes.data, broker->behaviour == HUGE_HELLO ? "\0\x20\0" : "\x1d\xcd\x65", 3);
    kc_arena_destroy(arena);
    return send;
}

static void serve(struct broker *broker, int fd)
{
    static const char http[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
    uint8_t head[4];

    while (read_full(fd, head, 4)) {
        size_t len = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
        uint8_t *frame = kc_malloc(len);
        struct kc_wire_out out = {0};

        if (!read_full(fd, frame, len)) {
            free(frame);
            break;
        }
        if (broker->behaviour == HTTP)
            send(fd, http, sizeof(http) - 1, MSG_NOSIGNAL);
        else if (answer(broker, frame, len, &out))
            send(fd, out.bytes.data, out.bytes.len, MSG_NOSIGNAL);
        kc_wire_out_destroy(&out);
        free(frame);
    }
    close(fd);
}

static void *run(void *arg)
{
    struct broker *broker = arg;

    for (;;) {
        int fd = accept(broker->fd, NULL, NULL);

        if (fd < 0)
            return NULL;
        atomic_fetch_add(&broker->connections, 1);
        serve(broker, fd);
    }
}

static void broker_start(struct broker *broker, enum behaviour behaviour)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(address);

    *broker = (struct broker){.behaviour = behaviour};
    broker->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(broker->fd, (struct sockaddr *)&address, sizeof(address)), 0);
    ck_assert_int_eq(listen(broker->fd, 16), 0);
    ck_assert_int_eq(getsockname(broker->fd, (struct sockaddr *)&address, &len), 0);
    broker->port = ntohs(address.sin_port);
    ck_assert_int_eq(pthread_create(&broker->thread, NULL, run, broker), 0);
}

/* After the client is gone, so that no connection keeps the thread. */
static void broker_stop(struct broker *broker)
{
    shutdown(broker->fd, SHUT_RDWR);
    pthread_join(broker->thread, NULL);
    close(broker->fd);
}

static struct kc_wire_admin *client_of(const struct broker *broker)
{
    struct kc_map *settings = kc_map_new();
    struct kc_wire_admin *admin;

    kc_map_setf(settings, "bootstrap.servers", "127.0.0.1:%d", broker->port);
    struct kc_error *err = kc_wire_admin_new(settings, "test", &admin);
    ck_assert_msg(!err, "%s", err ? kc_error_text(err) : "");
    kc_map_destroy(settings);
    return admin;
}

static struct kc_error *ask(struct kc_wire_admin *admin, int32_t timeout_ms)
{
    struct kc_wire_reply *reply = NULL;
    struct kc_error *err = kc_wire_metadata(admin, NULL, 0, timeout_ms, &reply);

    if (!err) {
        const struct kc_metadata_response *response = reply->message;

        ck_assert(kc_wire_str_is(response->cluster_id, "fake"));
        ck_assert_int_eq(response->controller_id, 7);
    }
    kc_wire_reply_unref(reply);
    return err;
}

static void expect(struct kc_error *err, enum kc_error_code code, const char *text)
{
    ck_assert_ptr_nonnull(err);
    ck_assert_msg(kc_error_code(err) == code && strstr(kc_error_text(err), text), "%d %s",
                  kc_error_code(err), kc_error_text(err));
    kc_error_destroy(err);
}

START_TEST(the_highest_common_version_is_spoken)
{
    struct broker broker;

    broker_start(&broker, _i ? OLD : FINE);
    struct kc_wire_admin *admin = client_of(&broker);
    ck_assert_ptr_null(ask(admin, 5000));
    ck_assert_int_eq(atomic_load(&broker.last_metadata_version), _i ? 4 : 12);
    ck_assert_int_eq(atomic_load(&broker.connections), 1);
    kc_wire_admin_destroy(admin);
    broker_stop(&broker);
}
END_TEST

START_TEST(an_api_that_the_broker_lacks_is_named)
{
    struct broker broker;
    struct kc_wire_reply *reply;

    broker_start(&broker, FINE);
    struct kc_wire_admin *admin = client_of(&broker);
    struct kc_error *err =
        kc_wire_call(kc_wire_admin_client(admin), kc_wire_request_new(KC_API_DESCRIBE_CLUSTER),
                     kc_mono_ms() + 5000, &reply);
    ck_assert_int_eq(kc_error_kafka_code(err), KC_KAFKA_UNSUPPORTED_VERSION);
    expect(err, KC_ERR_KAFKA, "DescribeCluster");
    kc_wire_admin_destroy(admin);
    broker_stop(&broker);
}
END_TEST

START_TEST(silence_times_out)
{
    struct broker broker;
    int64_t start = kc_mono_ms();

    broker_start(&broker, SILENT);
    struct kc_wire_admin *admin = client_of(&broker);
    expect(ask(admin, 600), KC_ERR_TIMEOUT, "Metadata");
    ck_assert_int_ge(kc_mono_ms() - start, 500);
    ck_assert_int_lt(kc_mono_ms() - start, 5000);
    kc_wire_admin_destroy(admin);
    broker_stop(&broker);
}
END_TEST

/* The caller gave up, the connection didn't: the late answer is dropped, the next is told apart. */
START_TEST(a_late_answer_is_dropped)
{
    struct broker broker;

    broker_start(&broker, SLOW);
    struct kc_wire_admin *admin = client_of(&broker);
    expect(ask(admin, 300), KC_ERR_TIMEOUT, "Metadata");
    ck_assert_ptr_null(ask(admin, 5000));
    ck_assert_int_eq(atomic_load(&broker.connections), 1);
    kc_wire_admin_destroy(admin);
    broker_stop(&broker);
}
END_TEST

START_TEST(what_makes_no_sense_ends_the_connection)
{
    static const struct {
        enum behaviour behaviour;
        enum kc_error_code code;
        const char *text;
    } cases[] = {
        {WRONG_ORDER, KC_ERR_IO, "is it a Kafka broker"},
        {HTTP, KC_ERR_IO, "security.protocol"},
        {GARBAGE, KC_ERR_SCHEMA, "metadata_response"},
        {HUGE_HELLO, KC_ERR_IO, "is it a Kafka broker"},
        {HUGE_ANSWER, KC_ERR_IO, "to a Metadata request, for which at most 134217728 are taken"},
        /* What the caller's patience cut off tells less than what was met before. */
        {WRONG_THEN_SILENT, KC_ERR_IO, "is it a Kafka broker"},
    };
    struct broker broker;
    struct kc_wire_admin *admin;

    broker_start(&broker, cases[_i].behaviour);
    admin = client_of(&broker);
    expect(ask(admin, 3000), cases[_i].code, cases[_i].text);
    kc_wire_admin_destroy(admin);
    broker_stop(&broker);
}
END_TEST

START_TEST(throttling_is_honoured)
{
    struct broker broker;

    broker_start(&broker, THROTTLING);
    struct kc_wire_admin *admin = client_of(&broker);
    ck_assert_ptr_null(ask(admin, 5000));
    int64_t first = atomic_load(&broker.last_metadata_ms);
    ck_assert_ptr_null(ask(admin, 5000));
    ck_assert_int_ge(atomic_load(&broker.last_metadata_ms) - first, 390);
    kc_wire_admin_destroy(admin);
    broker_stop(&broker);
}
END_TEST

START_TEST(nobody_there_is_said)
{
    struct broker broker;

    broker_start(&broker, FINE);
    broker_stop(&broker);
    struct kc_wire_admin *admin = client_of(&broker);
    expect(ask(admin, 3000), KC_ERR_IO, "refused");
    kc_wire_admin_destroy(admin);
}
END_TEST

static void note(void *arg, const struct kc_wire_request *request, struct kc_wire_reply *reply)
{
    atomic_int *seen = arg;

    atomic_store(seen, reply->error ? (int)kc_error_code(reply->error) : -1);
    kc_wire_reply_unref(reply);
}

START_TEST(closing_answers_what_is_outstanding)
{
    struct broker broker;
    atomic_int seen = 0;

    broker_start(&broker, SILENT);
    struct kc_wire_admin *admin = client_of(&broker);
    kc_wire_send(kc_wire_admin_client(admin), kc_wire_request_new(KC_API_METADATA), note, &seen);
    while (atomic_load(&broker.metadata_requests) == 0)
        usleep(1000);
    kc_wire_admin_destroy(admin);
    ck_assert_int_eq(atomic_load(&seen), KC_ERR_WAKEUP);
    broker_stop(&broker);
}
END_TEST

START_TEST(wrong_settings_are_named)
{
    static const struct {
        const char *key, *value, *text;
    } cases[] = {
        {"bootstrap.servers", "", "bootstrap"},
        {"bootstrap.servers", "nocolon", "nocolon"},
        {"bootstrap.servers", "h:99999", "h:99999"},
        {"security.protocol", "TLS", "security.protocol"},
        {"request.timeout.ms", "soon", "request.timeout.ms"},
        {"client.dns.lookup", "never", "client.dns.lookup"},
        {"ssl.truststore.location", "/does/not/exist", "ssl.truststore.location"},
        {"sasl.mechanism", "X", "sasl.mechanism"},
    };
    struct kc_map *settings = kc_map_new();
    struct kc_wire_client *client;

    kc_map_set(settings, "bootstrap.servers", "localhost:1");
    if (strncmp(cases[_i].key, "ssl", 3) == 0)
        kc_map_set(settings, "security.protocol", "SSL");
    if (strncmp(cases[_i].key, "sasl", 4) == 0)
        kc_map_set(settings, "security.protocol", "SASL_PLAINTEXT");
    kc_map_set(settings, cases[_i].key, cases[_i].value);
    expect(kc_wire_client_new(settings, "test", &client), KC_ERR_CONFIG, cases[_i].text);
    ck_assert_ptr_null(client);
    kc_map_destroy(settings);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("wire_client");
    TCase *tests = tcase_create("all");
    SRunner *runner = srunner_create(suite);

    tcase_set_timeout(tests, 30);
    tcase_add_loop_test(tests, the_highest_common_version_is_spoken, 0, 2);
    tcase_add_test(tests, an_api_that_the_broker_lacks_is_named);
    tcase_add_test(tests, silence_times_out);
    tcase_add_test(tests, a_late_answer_is_dropped);
    tcase_add_loop_test(tests, what_makes_no_sense_ends_the_connection, 0, 6);
    tcase_add_test(tests, throttling_is_honoured);
    tcase_add_test(tests, nobody_there_is_said);
    tcase_add_test(tests, closing_answers_what_is_outstanding);
    tcase_add_loop_test(tests, wrong_settings_are_named, 0, 8);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
