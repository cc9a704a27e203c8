/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP requests of connectors (connect/http.h): made elsewhere, answered once, limited. */
#include "connect/http.h"
#include "connect/thread.h"
#include "http/fake_web.h"
#include "http/http_client.h"

#include <sched.h>
#include <stdatomic.h>

#define WAIT_MS 30000

static const struct fake_web_answer answers[] = {
    {"/subjects", "200 OK", "Content-Type: application/json\r\n", "[\"orders\"]"},
    {"/large", "200 OK", NULL, "more than ten bytes"},
    {"/moved", "301 Moved Permanently", "Location: http://elsewhere/\r\n", ""},
};

struct outcome {
    atomic_bool done;
    pthread_t thread;
    long status;
    char body[64], location[64], content_type[64];
    int kind;
    bool retriable;
};

static void on_done(void *arg, const struct kc_http_reply *reply, const struct kc_error *err)
{
    struct outcome *outcome = arg;

    ck_assert(!reply == (err != NULL));
    outcome->thread = pthread_self();
    outcome->kind = err ? (int)kc_error_code(err) : 0;
    outcome->retriable = kc_error_retriable(err);
    if (reply) {
        outcome->status = reply->status;
        snprintf(outcome->body, sizeof(outcome->body), "%s",
                 reply->body.data ? reply->body.data : "");
        snprintf(outcome->location, sizeof(outcome->location), "%s",
                 reply->location ? reply->location : "");
        snprintf(outcome->content_type, sizeof(outcome->content_type), "%s",
                 kc_map_get_or(reply->headers, "content-type", ""));
    }
    atomic_store(&outcome->done, true);
}

static void await(struct outcome *outcome)
{
    int64_t until = kc_mono_ms() + WAIT_MS;

    while (!atomic_load(&outcome->done) && kc_mono_ms() < until)
        sched_yield();
    ck_assert(atomic_load(&outcome->done));
}

static struct kc_http_client *make(void)
{
    struct kc_map *settings = kc_map_new();
    struct kc_http_client *client = NULL;

    ck_assert_ptr_null(kc_http_client_new(settings, "registry", &client));
    kc_map_destroy(settings);
    return client;
}

START_TEST(answers_come_on_the_clients_thread)
{
    struct fake_web web;
    struct kc_http_client *client = make();
    struct outcome got = {0}, posted = {0}, moved = {0}, large = {0};
    struct kc_strings headers = {0};
    char url[64];

    fake_web_start(&web, answers, sizeof(answers) / sizeof(*answers));
    kc_strings_add(&headers, "Content-Type: application/vnd.schemaregistry.v1+json");
    snprintf(url, sizeof(url), "http://127.0.0.1:%d/subjects", web.port);
    kc_http_client_send(client, &(struct kc_http_request){.url = url}, on_done, &got);
    kc_http_client_send(client,
                        &(struct kc_http_request){.url = url,
                                                  .headers = &headers,
                                                  .body = "a\0b",
                                                  .body_len = 3,
                                                  .user = "alice",
                                                  .password = "secret"},
                        on_done, &posted);
    snprintf(url, sizeof(url), "http://127.0.0.1:%d/moved", web.port);
    kc_http_client_send(client, &(struct kc_http_request){.url = url}, on_done, &moved);
    snprintf(url, sizeof(url), "http://127.0.0.1:%d/large", web.port);
    kc_http_client_send(client, &(struct kc_http_request){.url = url, .max_reply = 10}, on_done,
                        &large);
    await(&large);
    ck_assert_int_eq(got.kind, 0);
    ck_assert_int_eq(got.status, 200);
    ck_assert_str_eq(got.body, "[\"orders\"]");
    ck_assert_str_eq(got.content_type, "application/json");
    ck_assert(!pthread_equal(got.thread, pthread_self()));
    ck_assert_int_eq(posted.status, 200);
    ck_assert_int_eq(moved.status, 301);
    ck_assert_str_eq(moved.location, "http://elsewhere/");
    ck_assert_int_eq(large.kind, KC_ERR_IO);
    kc_http_client_destroy(client);
    fake_web_stop(&web);
    ck_assert(strncmp(web.requests.items[0], "GET /subjects", 13) == 0);
    ck_assert(strncmp(web.requests.items[1], "POST /subjects", 14) == 0);
    ck_assert_ptr_nonnull(strstr(web.requests.items[1], "Content-Length: 3"));
    ck_assert_ptr_nonnull(strstr(web.requests.items[1], "schemaregistry.v1+json"));
    ck_assert_ptr_nonnull(strstr(web.requests.items[1], "Authorization: Basic YWxpY2U6c2VjcmV0"));
    kc_strings_destroy(&web.requests);
    kc_strings_destroy(&headers);
}
END_TEST

/* A listener that nobody accepts from: what is sent to it has no answer. */
static int silent(int *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    ck_assert_int_eq(listen(fd, 8), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

START_TEST(nobody_is_waited_for_longer_than_said)
{
    struct kc_http_client *client = make();
    struct outcome outcome = {0};
    char url[64];
    int port, fd = silent(&port);

    snprintf(url, sizeof(url), "http://127.0.0.1:%d/", port);
    kc_http_client_send(client, &(struct kc_http_request){.url = url, .timeout_ms = 100}, on_done,
                        &outcome);
    await(&outcome);
    ck_assert_int_eq(outcome.kind, KC_ERR_IO);
    ck_assert(outcome.retriable);
    kc_http_client_destroy(client);
    close(fd);
}
END_TEST

START_TEST(a_closed_client_answers_everybody)
{
    struct kc_http_client *client = make();
    struct outcome first = {0}, second = {0};
    char url[64];
    int port, fd = silent(&port);

    snprintf(url, sizeof(url), "http://127.0.0.1:%d/", port);
    kc_http_client_send(client, &(struct kc_http_request){.url = url}, on_done, &first);
    kc_http_client_send(client, &(struct kc_http_request){.url = url}, on_done, &second);
    int asking = accept(fd, NULL, NULL); /* the first is under way */
    int64_t began = kc_mono_ms();
    kc_http_client_destroy(client);
    kc_http_client_destroy(NULL);
    ck_assert_int_lt(kc_mono_ms() - began, 15000); /* a request may last twice as long */
    ck_assert(atomic_load(&first.done) && atomic_load(&second.done));
    ck_assert_int_eq(first.kind, KC_ERR_WAKEUP);
    ck_assert_int_eq(second.kind, KC_ERR_WAKEUP);
    close(asking);
    close(fd);
}
END_TEST

START_TEST(stores_are_checked)
{
    struct kc_map *settings = kc_map_new();
    struct kc_http_client *client = NULL;

    kc_map_set(settings, "ssl.truststore.location", "/nowhere/at-all.jks");
    struct kc_error *err = kc_http_client_new(settings, "registry", &client);
    ck_assert_ptr_nonnull(err);
    ck_assert_int_eq(kc_error_code(err), KC_ERR_CONFIG);
    kc_error_destroy(err);
    kc_map_destroy(settings);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("http_requests");
    TCase *tcase = tcase_create("requests");
    SRunner *runner = srunner_create(suite);

    kc_http_init();
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, answers_come_on_the_clients_thread);
    tcase_add_test(tcase, nobody_is_waited_for_longer_than_said);
    tcase_add_test(tcase, a_closed_client_answers_everybody);
    tcase_add_test(tcase, stores_are_checked);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
