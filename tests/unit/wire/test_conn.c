/* SPDX-License-Identifier: Apache-2.0 */
/* A connection without a client: whoever has a loop and settings may open one. */
#include "wire/conn.h"

#include "wire/access.h"
#include "wire/fake_broker.h"

#define PATIENCE_MS 20000

static struct fakes fakes;
static uv_loop_t loop;
static struct wire_conn_shared shared;
static struct kc_map *map;
static struct kc_wire_settings *settings;

/* What the owner of a connection has seen. */
static struct {
    struct wire_conn *conn;
    int ready, closed;
    bool was_ready;
    char *why; /* NULL: it was idle */
    int answers, failures;
    int16_t version; /* of the last answer */
} owner;

static void on_ready(void *arg)
{
    ck_assert_ptr_eq(arg, &owner);
    owner.ready++;
}

static void on_closed(void *arg, const struct kc_error *err, bool was_ready)
{
    ck_assert_ptr_eq(arg, &owner);
    owner.closed++;
    owner.was_ready = was_ready;
    owner.why = err ? kc_strdup(kc_error_text(err)) : NULL;
}

static const struct wire_conn_events events = {.ready = on_ready, .closed = on_closed};

static void on_answer(void *arg, const struct kc_wire_request *request, struct kc_wire_reply *reply)
{
    if (reply->error)
        owner.failures++;
    else
        owner.answers++;
    owner.version = reply->version;
    kc_wire_reply_unref(reply);
}

/* Never asked: Metadata is answered without it. */
static bool answer(struct fake *fake, int asked, int api, const void *request, void *response,
                   struct kc_arena *arena)
{
    return false;
}

static void set_up(bool there)
{
    memset(&fakes, 0, sizeof(fakes));
    memset(&owner, 0, sizeof(owner));
    fakes.answer = answer;
    fake_start(&fakes, 1, there);
    map = fakes_settings(&fakes, "100");
    ck_assert_ptr_null(kc_wire_settings_new(map, &settings));
    ck_assert_int_eq(uv_loop_init(&loop), 0);
    shared = (struct wire_conn_shared){
        .name = "test",
        .loop = &loop,
        .settings = settings,
        .access = kc_access_of("test", map),
        .events = &events,
    };
}

static void tear_down(void)
{
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    ck_assert_int_eq(owner.closed, 1);
    kc_access_destroy(shared.access);
    kc_wire_settings_destroy(settings);
    kc_map_destroy(map);
    free(owner.why);
    fakes_stop(&fakes);
}

static void open_connection(void)
{
    const struct wire_conn_peer peer = {"127.0.0.1", fakes.brokers[0].port, 1};

    owner.conn = wire_conn_open(&shared, &peer, 0, &owner);
    ck_assert_int_eq(wire_conn_transaction_version(owner.conn), -1);
}

static void send_request(int64_t deadline_ms)
{
    wire_conn_send(owner.conn, kc_wire_request_new(KC_API_METADATA), deadline_ms, on_answer, NULL);
}

#define RUN_UNTIL(condition)                                                                       \
    for (int64_t by_ms = kc_mono_ms() + PATIENCE_MS; !(condition); usleep(500)) {                  \
        ck_assert_int_lt(kc_mono_ms(), by_ms);                                                     \
        uv_run(&loop, UV_RUN_NOWAIT);                                                              \
    }

START_TEST(requests_wait_for_the_connection_and_are_answered)
{
    set_up(true);
    open_connection();
    send_request(INT64_MAX);
    send_request(INT64_MAX);
    ck_assert_int_eq(owner.ready, 0);
    RUN_UNTIL(owner.answers == 2);
    ck_assert_int_eq(owner.ready, 1);
    ck_assert_int_eq(owner.version, kc_api_find(KC_API_METADATA)->client_max);
    wire_conn_close(owner.conn, NULL);
    ck_assert(owner.was_ready);
    ck_assert_ptr_null(owner.why);
    tear_down();
}
END_TEST

START_TEST(without_a_broker_its_owner_is_told_why)
{
    set_up(false);
    open_connection();
    send_request(INT64_MAX);
    RUN_UNTIL(owner.closed);
    ck_assert_int_eq(owner.failures, 1);
    ck_assert(!owner.was_ready);
    ck_assert_str_eq(strrchr(owner.why, ':'), ": connection refused");
    tear_down();
}
END_TEST

/* Time is the owner's to tell. */
START_TEST(a_tick_ends_what_takes_too_long)
{
    set_up(true);
    open_connection();
    send_request(kc_mono_ms() - 1);
    wire_conn_tick(owner.conn, kc_mono_ms());
    ck_assert_int_eq(owner.failures, 1);
    wire_conn_tick(owner.conn, kc_mono_ms() + 3600000);
    ck_assert_int_eq(owner.closed, 1);
    ck_assert_ptr_nonnull(strstr(owner.why, "took too long at resolving its name"));
    tear_down();
}
END_TEST

START_TEST(nothing_is_sent_behind_its_deadline_even_without_a_tick)
{
    set_up(true);
    open_connection();
    send_request(kc_mono_ms() - 1);
    send_request(INT64_MAX);
    RUN_UNTIL(owner.answers);
    ck_assert_int_eq(owner.answers, 1);
    ck_assert_int_eq(owner.failures, 1);
    ck_assert_int_eq(atomic_load(&fakes.brokers[0].asked[KC_API_METADATA]), 1);
    wire_conn_close(owner.conn, NULL);
    tear_down();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("conn");
    TCase *tests = tcase_create("all");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, requests_wait_for_the_connection_and_are_answered);
    tcase_add_test(tests, without_a_broker_its_owner_is_told_why);
    tcase_add_test(tests, a_tick_ends_what_takes_too_long);
    tcase_add_test(tests, nothing_is_sent_behind_its_deadline_even_without_a_tick);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
