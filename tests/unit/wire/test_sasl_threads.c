/* SPDX-License-Identifier: Apache-2.0 */
/* A token endpoint that hangs keeps no other cluster's clients from logging in, nor its own client
 * from ending. */
#include "wire/wire_client.h"

#include "wire/fake_broker.h"

#define HUNG 8 /* more than libuv has threads */

/* Every login is welcome. */
static bool welcome(struct fake *fake, int asked, int api, const void *request, void *response,
                    struct kc_arena *arena)
{
    return true;
}

/* Accepts connections, in its backlog, and never answers. */
static int open_hung_endpoint(int *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    ck_assert_int_eq(listen(fd, 2 * HUNG), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

static void drop(void *arg, const struct kc_wire_request *request, struct kc_wire_reply *reply)
{
    kc_wire_reply_unref(reply);
}

static struct kc_wire_client *open_client(const struct fakes *cluster, const char *jaas,
                                          const char *endpoint)
{
    struct kc_map *settings = fakes_settings(cluster, "100");
    struct kc_wire_client *client = NULL;

    kc_map_set(settings, "security.protocol", "SASL_PLAINTEXT");
    kc_map_set(settings, "sasl.mechanism", "OAUTHBEARER");
    kc_map_set(settings, "sasl.jaas.config", jaas);
    if (endpoint)
        kc_map_set(settings, "sasl.oauthbearer.token.endpoint.url", endpoint);
    struct kc_error *err = kc_wire_client_new(settings, "test", &client);
    ck_assert_msg(!err, "%s", err ? kc_error_text(err) : "");
    kc_map_destroy(settings);
    return client;
}

static void wait_for_logins(struct fakes *cluster, int count)
{
    for (int64_t end = kc_mono_ms() + 20000; kc_mono_ms() < end; usleep(10000)) {
        if (atomic_load(&cluster->brokers[0].asked[KC_API_SASL_HANDSHAKE]) >= count)
            return;
    }
    ck_abort_msg("the clients didn't begin to log in");
}

START_TEST(a_hung_token_endpoint_delays_no_other_cluster)
{
    struct fakes hung = {.answer = welcome}, good = {.answer = welcome};
    struct kc_wire_client *stuck[HUNG], *client;
    struct kc_wire_reply *reply = NULL;
    int port, fd = open_hung_endpoint(&port);
    char *url = kc_asprintf("http://127.0.0.1:%d/token", port);
    char *options = kc_asprintf("-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=%s", url);

    setenv("KAFKA_OPTS", options, 1);
    fake_start(&hung, 1, true);
    fake_start(&good, 1, true);
    for (int i = 0; i < HUNG; i++) {
        stuck[i] = open_client(&hung, "x.Module required clientId=a clientSecret=b;", url);
        kc_wire_send(stuck[i], kc_wire_request_new(KC_API_METADATA), drop, NULL);
    }
    wait_for_logins(&hung, HUNG);
    client = open_client(&good, "x.Module required unsecuredLoginStringClaim_sub=me;", NULL);
    /* The endpoint's own time limit is 30 s, a connection's 10. */
    struct kc_error *err =
        kc_wire_call(client, kc_wire_request_new(KC_API_METADATA), kc_mono_ms() + 5000, &reply);
    ck_assert_msg(!err, "%s", err ? kc_error_text(err) : "");
    kc_wire_reply_unref(reply);
    kc_wire_client_destroy(client);
    for (int i = 0; i < HUNG; i++)
        kc_wire_client_destroy(stuck[i]);
    close(fd);
    fakes_stop(&hung);
    fakes_stop(&good);
    free(options);
    free(url);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sasl_threads");
    TCase *tcase = tcase_create("all");
    SRunner *runner = srunner_create(suite);

    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, a_hung_token_endpoint_delays_no_other_cluster);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
