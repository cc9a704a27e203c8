/* SPDX-License-Identifier: Apache-2.0 */
/*
 * No text of a configuration reaches a shell or names code to load: whatever stands in a client's
 * settings, librdkafka runs no command.
 *
 * A client that has a command to run does so before it connects, so that a connection of each
 * client is what the tests wait for.
 */
#include "connect/kafka.h"

#include <arpa/inet.h>
#include <check.h>
#include <krb5.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MARKER "owned"
#define KEYTAB "$(touch " MARKER ")"
#define REALM  "TEST.ISTHMUS"

static char directory[] = "/tmp/isthmus-kerberos-XXXXXX";
static int listener = -1;
static char address[32];

static void write_keytab(const char *path, const char *principal)
{
    static krb5_octet key[16] = {1, 2, 3};
    char *name = kc_asprintf("FILE:%s", path);
    krb5_context context = NULL;
    krb5_keytab keytab = NULL;
    krb5_keytab_entry entry = {.vno = 1};
    ck_assert_int_eq(krb5_init_context(&context), 0);
    ck_assert_int_eq(krb5_kt_resolve(context, name, &keytab), 0);
    ck_assert_int_eq(krb5_parse_name(context, principal, &entry.principal), 0);
    entry.key = (krb5_keyblock){
        .enctype = ENCTYPE_AES128_CTS_HMAC_SHA1_96, .length = sizeof(key), .contents = key};
    ck_assert_int_eq(krb5_kt_add_entry(context, keytab, &entry), 0);
    krb5_free_principal(context, entry.principal);
    krb5_kt_close(context, keytab);
    krb5_free_context(context);
    free(name);
}

static void listen_on_loopback(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);
    listener = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&at, sizeof(at)), 0);
    ck_assert_int_eq(listen(listener, 8), 0);
    ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&at, &len), 0);
    snprintf(address, sizeof(address), "127.0.0.1:%d", ntohs(at.sin_port));
}

static void setup(void)
{
    strcpy(directory + strlen(directory) - 6, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    ck_assert_int_eq(chdir(directory), 0);
    setenv("KRB5_CONFIG", "/dev/null", 1);
    write_keytab(KEYTAB, "x; touch " MARKER "@" REALM);
    listen_on_loopback();
}

static void teardown(void)
{
    close(listener);
    unlink(KEYTAB);
    unlink(MARKER);
    ck_assert_int_eq(chdir("/"), 0);
    ck_assert_int_eq(rmdir(directory), 0);
}

static void must_connect(void)
{
    struct pollfd wait = {.fd = listener, .events = POLLIN};
    ck_assert_msg(poll(&wait, 1, 20000) == 1, "the client didn't connect");
    int socket = accept(listener, NULL, NULL);
    ck_assert_int_ge(socket, 0);
    close(socket);
}

static struct kc_map *properties_of(const char *const *pairs)
{
    struct kc_map *properties = kc_map_new();
    kc_map_set(properties, "bootstrap.servers", address);
    kc_map_set(properties, "security.protocol", "SASL_PLAINTEXT");
    kc_map_set(properties, "sasl.mechanism", "GSSAPI");
    kc_map_set(properties, "sasl.kerberos.service.name", "kafka");
    for (; *pairs; pairs += 2)
        kc_map_set(properties, pairs[0], pairs[1]);
    return properties;
}

#define KRB5(options)                                                                              \
    "sasl.jaas.config", "com.sun.security.auth.module.Krb5LoginModule required " options ";"

static const char *const attacks[][9] = {
    {KRB5("useKeyTab=true keyTab=\"" KEYTAB "\" principal=\"x; touch " MARKER "@" REALM "\"")},
    {KRB5("useKeyTab=true keyTab=\"" KEYTAB "\"")},
    {KRB5("useTicketCache=true ticketCache=\"" KEYTAB "\""), "sasl.kerberos.kinit.cmd",
     "touch " MARKER},
    {KRB5("useTicketCache=true"), "sasl.kerberos.kinit.cmd", "touch " MARKER,
     "sasl.kerberos.min.time.before.relogin", "1"},
    {KRB5("useKeyTab=true keyTab=\"" KEYTAB "\""), "sasl.kerberos.kinit.cmd",
     "touch " MARKER ";true"},
    /* GSSAPI with another mechanism's login module */
    {"sasl.jaas.config", "a.PlainLoginModule required username=\"$(touch " MARKER ")\" password=p;",
     "sasl.kerberos.kinit.cmd", "touch " MARKER},
    /* librdkafka's own keys */
    {KRB5("useTicketCache=true"), "sasl.kerberos.keytab", KEYTAB, "sasl.kerberos.principal",
     KEYTAB},
};

START_TEST(nothing_of_a_configuration_runs)
{
    struct kc_map *properties = properties_of(attacks[_i]);
    rd_kafka_t *client = NULL;
    struct kc_error *err = kc_client_open(KC_CLIENT_PRODUCER, properties, &client);
    ck_assert_msg(err == NULL, "%s", err ? kc_error_text(err) : "");
    must_connect();
    rd_kafka_destroy(client);
    ck_assert_int_ne(access(MARKER, F_OK), 0);
    kc_map_destroy(properties);
}
END_TEST

/* A writer's configuration is copied for each client that it makes. */
START_TEST(a_copied_configuration_runs_nothing)
{
    struct kc_map *properties = properties_of(attacks[0]);
    rd_kafka_conf_t *conf = NULL;
    rd_kafka_t *client = NULL;
    struct kc_error *err = kc_client_conf(KC_CLIENT_PRODUCER, properties, &conf);
    ck_assert_msg(err == NULL, "%s", err ? kc_error_text(err) : "");
    err = kc_client_new(KC_CLIENT_PRODUCER, rd_kafka_conf_dup(conf), &client);
    ck_assert_msg(err == NULL, "%s", err ? kc_error_text(err) : "");
    must_connect();
    rd_kafka_destroy(client);
    rd_kafka_conf_destroy(conf);
    ck_assert_int_ne(access(MARKER, F_OK), 0);
    kc_map_destroy(properties);
}
END_TEST

static char *native(const rd_kafka_conf_t *conf, const char *key)
{
    char value[512] = "";
    size_t size = sizeof(value);
    return rd_kafka_conf_get(conf, key, value, &size) == RD_KAFKA_CONF_OK ? kc_strdup(value)
                                                                          : kc_strdup("");
}

/* librdkafka's keys that name commands, code, files or addresses: none is a Java client's. */
static const char *const forbidden[] = {
    "plugin.library.paths",
    "ssl.engine.location",
    "ssl.engine.id",
    "ssl.providers",
    "ssl.ca.location",
    "ssl.ca.certificate.stores",
    "ssl.key.location",
    "ssl.certificate.location",
    "ssl.crl.location",
    "sasl.kerberos.keytab",
    "sasl.kerberos.kinit.cmd",
    "sasl.kerberos.principal",
    "sasl.oauthbearer.method",
    "sasl.oauthbearer.config",
    "sasl.oauthbearer.extensions",
    "sasl.oauthbearer.assertion.file",
    "sasl.oauthbearer.assertion.private.key.file",
    "sasl.oauthbearer.assertion.jwt.template.file",
    "https.ca.location",
    "debug",
    "metadata.broker.list",
};

START_TEST(native_keys_dont_pass)
{
    static const char *const none[] = {NULL};
    struct kc_map *properties = properties_of(none);
    rd_kafka_conf_t *without = NULL, *with = NULL;
    ck_assert_ptr_null(kc_client_conf(KC_CLIENT_CONSUMER, properties, &without));
    kc_map_set(properties, forbidden[_i], "all");
    ck_assert_ptr_null(kc_client_conf(KC_CLIENT_CONSUMER, properties, &with));
    char *expected = native(without, forbidden[_i]), *found = native(with, forbidden[_i]);
    ck_assert_str_eq(found, expected);
    free(expected);
    free(found);
    rd_kafka_conf_destroy(without);
    rd_kafka_conf_destroy(with);
    kc_map_destroy(properties);
}
END_TEST

static const char *const unusable[][3] = {
    {KRB5("useKeyTab=true keyTab=\"/no/such/keytab\" principal=\"me@" REALM "\"")},
    {KRB5("useKeyTab=true keyTab=\"" KEYTAB "\" principal=\"other@" REALM "\"")},
    {KRB5("useKeyTab=true keyTab=\"/dev/null\" principal=\"me@" REALM "\"")},
};
static const char *const said[][2] = {
    {"/no/such/keytab", "me@" REALM},
    {KEYTAB, "other@" REALM},
    {"/dev/null", "me@" REALM},
};

START_TEST(a_keytab_that_cant_be_used_is_named)
{
    struct kc_map *properties = properties_of(unusable[_i]);
    rd_kafka_conf_t *conf = NULL;
    struct kc_error *err = kc_client_conf(KC_CLIENT_ADMIN, properties, &conf);
    ck_assert_ptr_nonnull(err);
    ck_assert_int_eq(kc_error_code(err), KC_ERR_CONFIG);
    for (int i = 0; i < 2; i++)
        ck_assert_msg(strstr(kc_error_text(err), said[_i][i]) != NULL, "%s", kc_error_text(err));
    kc_error_destroy(err);
    kc_map_destroy(properties);
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof(*(table))))

int main(void)
{
    Suite *suite = suite_create("client_kerberos");
    TCase *tcase = tcase_create("no shell");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, nothing_of_a_configuration_runs, 0, COUNT(attacks));
    tcase_add_test(tcase, a_copied_configuration_runs_nothing);
    tcase_add_loop_test(tcase, native_keys_dont_pass, 0, COUNT(forbidden));
    tcase_add_loop_test(tcase, a_keytab_that_cant_be_used_is_named, 0, COUNT(unusable));
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
