/* SPDX-License-Identifier: Apache-2.0 */
/* Two sessions against each other, without a socket: a listener's context and a client's. */
#include "security/tls.h"

#include "security/made_certificate.h"

#include <stdlib.h>
#include <string.h>

static struct made_certificate server_certificate, client_certificate;

struct side {
    struct kc_map *settings;
    struct wire_tls_context *context;
    struct wire_tls *tls;
    struct kc_error *err;
    bool done;
};

static struct side server, client;

static void check_fine(struct kc_error *err)
{
    ck_assert_msg(!err, "%s", err ? kc_error_text(err) : "");
}

/* auth: ssl.client.auth. */
static void open_sides(const char *auth, bool client_shows, const char *host)
{
    server = (struct side){.settings =
                               made_certificate_settings(&server_certificate, &client_certificate)};
    client = (struct side){.settings = made_certificate_settings(
                               client_shows ? &client_certificate : NULL, &server_certificate)};
    kc_map_set(server.settings, "ssl.client.auth", auth);
    check_fine(wire_tls_context_new_server(server.settings, &server.context));
    check_fine(wire_tls_context_new(client.settings, true, &client.context));
    check_fine(wire_tls_new(server.context, NULL, &server.tls));
    check_fine(wire_tls_new(client.context, host, &client.tls));
}

static void close_side(struct side *side)
{
    kc_error_destroy(side->err);
    wire_tls_destroy(side->tls);
    wire_tls_context_destroy(side->context);
    kc_map_destroy(side->settings);
}

static void close_sides(void)
{
    close_side(&server);
    close_side(&client);
}

static void carry(struct side *from, struct side *to)
{
    struct kc_str bytes = {0};

    wire_tls_drain(from->tls, &bytes);
    if (bytes.len)
        wire_tls_receive(to->tls, bytes.data, bytes.len);
    kc_str_destroy(&bytes);
}

static void step(struct side *side)
{
    char buffer[64];

    if (side->err)
        return;
    if (!side->done)
        side->err = wire_tls_handshake(side->tls, &side->done);
    else
        (void)wire_tls_read(side->tls, buffer, sizeof(buffer), &side->err);
}

/* As often as it takes for either to know whether it is let in. */
static void shake_hands(void)
{
    for (int turn = 0; turn < 10; turn++) {
        step(&client);
        carry(&client, &server);
        step(&server);
        carry(&server, &client);
    }
}

START_TEST(both_sides_understand_each_other)
{
    char buffer[64];
    struct kc_error *err = NULL;

    open_sides("none", false, "localhost");
    shake_hands();
    check_fine(server.err);
    check_fine(client.err);
    ck_assert(server.done && client.done);
    ck_assert_str_eq(wire_tls_server_name(server.tls), "localhost");
    check_fine(wire_tls_write(server.tls, "hello", 5));
    carry(&server, &client);
    ck_assert_int_eq(wire_tls_read(client.tls, buffer, sizeof(buffer), &err), 5);
    ck_assert_mem_eq(buffer, "hello", 5);
    wire_tls_finish(client.tls);
    carry(&client, &server);
    ck_assert_int_eq(wire_tls_read(server.tls, buffer, sizeof(buffer), &err), -1);
    ck_assert_str_eq(kc_error_text(err), "the client ended the TLS session");
    kc_error_destroy(err);
    close_sides();
}
END_TEST

START_TEST(an_address_is_no_server_name)
{
    open_sides("none", false, "127.0.0.1");
    shake_hands();
    ck_assert(server.done && client.done);
    ck_assert_ptr_null(wire_tls_server_name(server.tls));
    close_sides();
}
END_TEST

static const struct {
    const char *auth;
    bool shows, let_in;
} logins[] = {
    {"none", false, true},     {"none", true, true},       {"requested", false, true},
    {"requested", true, true}, {"required", false, false}, {"required", true, true},
};

START_TEST(clients_are_asked_for_certificates)
{
    open_sides(logins[_i].auth, logins[_i].shows, "localhost");
    shake_hands();
    ck_assert_int_eq(server.done && !server.err, logins[_i].let_in);
    ck_assert_int_eq(client.done && !client.err, logins[_i].let_in);
    char *name = wire_tls_peer_name(server.tls);
    if (logins[_i].shows && strcmp(logins[_i].auth, "none") != 0)
        ck_assert_str_eq(name, "CN=client");
    else
        ck_assert_ptr_null(name);
    free(name);
    if (!logins[_i].let_in) {
        ck_assert_ptr_nonnull(strstr(kc_error_text(server.err), "ssl.client.auth=required"));
        ck_assert_ptr_nonnull(strstr(kc_error_text(client.err), "ssl.keystore.location"));
        ck_assert(!kc_error_retriable(server.err));
    }
    close_sides();
}
END_TEST

START_TEST(a_stranger_is_not_let_in)
{
    struct kc_map *settings = made_certificate_settings(&server_certificate, &server_certificate);

    open_sides("requested", false, "localhost");
    close_side(&client);
    client = (struct side){.settings = settings};
    check_fine(wire_tls_context_new(client.settings, true, &client.context));
    check_fine(wire_tls_new(client.context, "localhost", &client.tls));
    shake_hands();
    ck_assert_ptr_nonnull(server.err);
    ck_assert_ptr_nonnull(strstr(kc_error_text(server.err), "the client's certificate isn't"));
    close_sides();
}
END_TEST

START_TEST(a_plain_client_is_told_apart)
{
    open_sides("none", false, "localhost");
    wire_tls_receive(server.tls, "\0\0\0\x23\0\x12\0\0\0\0\0\0", 12);
    step(&server);
    ck_assert_ptr_nonnull(server.err);
    ck_assert_ptr_nonnull(strstr(kc_error_text(server.err), "security.protocol"));
    close_sides();
}
END_TEST

static const struct {
    bool key;
    const char *auth, *text;
} wrong[] = {
    {true, "maybe", "configuration ssl.client.auth"},
    {true, "Required", "required, requested, none"},
    {false, "none", "ssl.keystore.location is needed"},
};

START_TEST(settings_that_make_no_listener_are_refused)
{
    struct kc_map *settings =
        made_certificate_settings(wrong[_i].key ? &server_certificate : NULL, NULL);
    struct wire_tls_context *context = NULL;

    kc_map_set(settings, "ssl.client.auth", wrong[_i].auth);
    struct kc_error *err = wire_tls_context_new_server(settings, &context);
    ck_assert_ptr_nonnull(err);
    ck_assert_ptr_null(context);
    ck_assert_int_eq(kc_error_code(err), KC_ERR_CONFIG);
    ck_assert_msg(strstr(kc_error_text(err), wrong[_i].text) != NULL, "%s", kc_error_text(err));
    kc_error_destroy(err);
    kc_map_destroy(settings);
}
END_TEST

static void make_certificates(void)
{
    made_certificate_new("server", &server_certificate);
    made_certificate_new("client", &client_certificate);
}

static void drop_certificates(void)
{
    made_certificate_destroy(&server_certificate);
    made_certificate_destroy(&client_certificate);
}

int main(void)
{
    Suite *suite = suite_create("tls_context");
    TCase *tests = tcase_create("all");
    tcase_add_unchecked_fixture(tests, make_certificates, drop_certificates);
    tcase_add_test(tests, both_sides_understand_each_other);
    tcase_add_test(tests, an_address_is_no_server_name);
    tcase_add_loop_test(tests, clients_are_asked_for_certificates, 0,
                        sizeof(logins) / sizeof(*logins));
    tcase_add_test(tests, a_stranger_is_not_let_in);
    tcase_add_test(tests, a_plain_client_is_told_apart);
    tcase_add_loop_test(tests, settings_that_make_no_listener_are_refused, 0,
                        sizeof(wrong) / sizeof(*wrong));
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
