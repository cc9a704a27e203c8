/* SPDX-License-Identifier: Apache-2.0 */
/* PLAIN, the token of OAUTHBEARER, and SCRAM against a server made here. */
#include "wire/sasl.h"

#include <check.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* {"alg":"none"} {"sub":"me"} */
#define JWT "eyJhbGciOiJub25lIn0.eyJzdWIiOiJtZSJ9.c2ln"

static struct wire_sasl *start(const char *mechanism, const char *options)
{
    struct kc_map *settings = kc_map_new();
    struct wire_sasl *sasl;

    kc_map_set(settings, "sasl.mechanism", mechanism);
    kc_map_setf(settings, "sasl.jaas.config", "x.Module required %s;", options);
    struct kc_error *err = wire_sasl_new(settings, "host", &sasl);
    ck_assert_msg(!err, "%s", err ? kc_error_text(err) : "");
    kc_map_destroy(settings);
    return sasl;
}

START_TEST(plain_sends_name_and_password)
{
    struct wire_sasl *sasl = start("PLAIN", "username=me password=secret");
    struct kc_str answer = {0};
    bool done;

    ck_assert_ptr_null(wire_sasl_step(sasl, NULL, 0, &answer, &done));
    ck_assert(done);
    ck_assert_uint_eq(answer.len, 10);
    ck_assert_mem_eq(answer.data, "\0me\0secret", 10);
    kc_str_destroy(&answer);
    wire_sasl_destroy(sasl);
}
END_TEST

START_TEST(missing_credentials_are_named)
{
    struct kc_map *settings = kc_map_new();

    kc_map_set(settings, "sasl.mechanism", "SCRAM-SHA-512");
    struct kc_error *err = wire_sasl_check(settings);
    ck_assert_ptr_nonnull(strstr(kc_error_text(err), "sasl.jaas.config"));
    kc_error_destroy(err);
    kc_map_set(settings, "sasl.jaas.config", "x.Module required username=a;");
    err = wire_sasl_check(settings);
    ck_assert_ptr_nonnull(strstr(kc_error_text(err), "password"));
    kc_error_destroy(err);
    kc_map_set(settings, "sasl.mechanism", "NTLM");
    err = wire_sasl_check(settings);
    ck_assert_ptr_nonnull(strstr(kc_error_text(err), "NTLM"));
    kc_error_destroy(err);
    kc_map_destroy(settings);
}
END_TEST

/* ---- A SCRAM server ---- */

struct server {
    uint8_t salted[64], stored[64], server_key[64];
    unsigned int size;
    char first[256]; /* ours */
    char bare[256];  /* the client's */
};

static const EVP_MD *digest_of(int i)
{
    return i ? EVP_sha512() : EVP_sha256();
}

static void server_start(struct server *server, const EVP_MD *digest, const char *password,
                         const char *client_first)
{
    uint8_t client_key[64];

    server->size = (unsigned int)EVP_MD_get_size(digest);
    ck_assert_int_eq(PKCS5_PBKDF2_HMAC(password, (int)strlen(password), (const uint8_t *)"salty!",
                                       6, 4096, digest, (int)server->size, server->salted),
                     1);
    HMAC(digest, server->salted, (int)server->size, (const uint8_t *)"Client Key", 10, client_key,
         NULL);
    EVP_Digest(client_key, server->size, server->stored, NULL, digest, NULL);
    HMAC(digest, server->salted, (int)server->size, (const uint8_t *)"Server Key", 10,
         server->server_key, NULL);
    snprintf(server->bare, sizeof(server->bare), "%s", client_first + 3);
    snprintf(server->first, sizeof(server->first), "r=%sMORE,s=c2FsdHkh,i=4096",
             strstr(client_first, ",r=") + 3);
}

/* Checks the client's proof and signs. */
static bool server_final(const struct server *server, const EVP_MD *digest,
                         const char *client_final, char *answer)
{
    const char *proof_text = strstr(client_final, ",p=") + 3;
    char auth[1024];
    uint8_t signature[64], proof[96], key[64];
    unsigned char encoded[128];

    snprintf(auth, sizeof(auth), "%s,%s,%.*s", server->bare, server->first,
             (int)(proof_text - 3 - client_final), client_final);
    HMAC(digest, server->stored, (int)server->size, (const uint8_t *)auth, strlen(auth), signature,
         NULL);
    EVP_DecodeBlock(proof, (const unsigned char *)proof_text, (int)strlen(proof_text));
    for (unsigned int i = 0; i < server->size; i++)
        proof[i] ^= signature[i];
    EVP_Digest(proof, server->size, key, NULL, digest, NULL);
    HMAC(digest, server->server_key, (int)server->size, (const uint8_t *)auth, strlen(auth),
         signature, NULL);
    EVP_EncodeBlock(encoded, signature, (int)server->size);
    sprintf(answer, "v=%s", (char *)encoded);
    return memcmp(key, server->stored, server->size) == 0;
}

static struct kc_error *exchange(int i, const char *server_password, bool tamper, bool *proved)
{
    struct wire_sasl *sasl =
        start(i ? "SCRAM-SHA-512" : "SCRAM-SHA-256", "username=\"a=b,c\" password=\"pw\"");
    struct server server;
    struct kc_str first = {0}, final = {0}, none = {0};
    char answer[256];
    bool done;

    ck_assert_ptr_null(wire_sasl_step(sasl, NULL, 0, &first, &done));
    ck_assert(!done);
    ck_assert_int_eq(strncmp(first.data, "n,,n=a=3Db=2Cc,r=", 17), 0);
    server_start(&server, digest_of(i), server_password, first.data);
    ck_assert_ptr_null(
        wire_sasl_step(sasl, (uint8_t *)server.first, strlen(server.first), &final, &done));
    ck_assert(!done);
    *proved = server_final(&server, digest_of(i), final.data, answer);
    if (tamper)
        answer[5] = answer[5] == 'A' ? 'B' : 'A';
    struct kc_error *err = wire_sasl_step(sasl, (uint8_t *)answer, strlen(answer), &none, &done);
    ck_assert(done);
    kc_str_destroy(&first);
    kc_str_destroy(&final);
    kc_str_destroy(&none);
    wire_sasl_destroy(sasl);
    return err;
}

START_TEST(scram_proves_both_sides)
{
    bool proved;

    ck_assert_ptr_null(exchange(_i, "pw", false, &proved));
    ck_assert(proved);
}
END_TEST

START_TEST(scram_refuses_a_server_that_lies)
{
    bool proved;
    struct kc_error *err = exchange(_i, "pw", true, &proved);

    ck_assert_ptr_nonnull(err);
    ck_assert(!kc_error_retriable(err));
    kc_error_destroy(err);
    err = exchange(_i, "other", false, &proved);
    ck_assert_ptr_nonnull(err);
    ck_assert(!proved);
    kc_error_destroy(err);
}
END_TEST

START_TEST(scram_refuses_bad_first_messages)
{
    static const char *const cases[] = {
        "",
        "r=,s=c2FsdA==,i=4096",
        "r=foreign,s=c2FsdA==,i=4096",
        "%s",
        "r=%s,s=c2FsdA==,i=4096",
        "r=%sX,s=c2FsdA==,i=10",
        "r=%sX,s=c2FsdA==,i=262145",
        "r=%sX,s=c2FsdA==,i=999999999",
        "r=%sX,s=c2FsdA==,i=4294971392",
        "r=%sX,s=c2FsdA==,i=99999999999999999999",
        "r=%sX,s=!!,i=4096",
        "m=ext,r=%sX",
    };
    struct wire_sasl *sasl = start("SCRAM-SHA-256", "username=a password=b");
    struct kc_str first = {0}, final = {0};
    char message[256];
    bool done;
    struct kc_error *err;

    ck_assert_ptr_null(wire_sasl_step(sasl, NULL, 0, &first, &done));
    {
        const char *hole = strstr(cases[_i], "%s");

        snprintf(message, sizeof(message), "%.*s%s%s",
                 hole ? (int)(hole - cases[_i]) : (int)strlen(cases[_i]), cases[_i],
                 hole ? strstr(first.data, ",r=") + 3 : "", hole ? hole + 2 : "");
    }
    err = wire_sasl_step(sasl, (uint8_t *)message, strlen(message), &final, &done);
    ck_assert_ptr_nonnull(err);
    ck_assert_uint_eq(final.len, 0);
    kc_error_destroy(err);
    kc_str_destroy(&first);
    kc_str_destroy(&final);
    wire_sasl_destroy(sasl);
}
END_TEST

START_TEST(scram_takes_more_iterations_than_kafka_stores)
{
    struct wire_sasl *sasl = start("SCRAM-SHA-256", "username=a password=b");
    struct kc_str first = {0}, final = {0};
    char message[256];
    bool done;

    ck_assert_ptr_null(wire_sasl_step(sasl, NULL, 0, &first, &done));
    snprintf(message, sizeof(message), "r=%sX,s=c2FsdA==,i=262144", strstr(first.data, ",r=") + 3);
    ck_assert_ptr_null(wire_sasl_step(sasl, (uint8_t *)message, strlen(message), &final, &done));
    ck_assert_ptr_nonnull(strstr(final.data, ",p="));
    kc_str_destroy(&first);
    kc_str_destroy(&final);
    wire_sasl_destroy(sasl);
}
END_TEST

/* Nothing of a file that who starts the worker hasn't allowed reaches a broker. */
START_TEST(oauthbearer_reads_no_file_that_isnt_allowed)
{
    struct kc_map *settings = kc_map_new();
    struct wire_sasl *sasl = NULL;
    struct kc_str answer = {0};
    bool done;

    kc_map_set(settings, "sasl.mechanism", "OAUTHBEARER");
    kc_map_set(settings, "sasl.oauthbearer.token.endpoint.url", "file:///etc/passwd");
    struct kc_error *err = wire_sasl_new(settings, "h", &sasl);
    if (!err)
        err = wire_sasl_step(sasl, NULL, 0, &answer, &done);
    ck_assert_msg(err && !answer.len, "it would send %s", answer.data);
    ck_assert_msg(strstr(kc_error_text(err), "cannot be accessed due to restrictions"), "%s",
                  kc_error_text(err));
    kc_error_destroy(err);
    kc_map_destroy(settings);
}
END_TEST

START_TEST(oauthbearer_checks_extensions)
{
    static const char *const bad[] = {"extension_auth=x", "extension_a1=x", "extension_=x",
                                      "extension_a=\"x\\001auth\""};
    struct kc_map *settings = kc_map_new();
    struct wire_sasl *sasl = NULL;

    setenv("KAFKA_OPTS", "-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=file:///t", 1);
    kc_map_set(settings, "sasl.mechanism", "OAUTHBEARER");
    kc_map_set(settings, "sasl.oauthbearer.token.endpoint.url", "file:///t");
    kc_map_setf(settings, "sasl.jaas.config", "x.Module required %s;", bad[_i]);
    struct kc_error *err = wire_sasl_new(settings, "h", &sasl);
    ck_assert_ptr_nonnull(err);
    ck_assert_msg(strstr(kc_error_text(err), "the extension"), "%s", kc_error_text(err));
    kc_error_destroy(err);
    kc_map_destroy(settings);
}
END_TEST

START_TEST(oauthbearer_sends_the_file_token)
{
    struct kc_map *settings = kc_map_new();
    struct wire_sasl *sasl;
    struct kc_str answer = {0};
    char path[] = "/tmp/wire-token-XXXXXX";
    int fd = mkstemp(path);
    bool done;

    ck_assert_int_eq(write(fd, JWT "\n", strlen(JWT) + 1), (long)strlen(JWT) + 1);
    close(fd);
    char *allowed = kc_asprintf("-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=file://%s", path);
    setenv("KAFKA_OPTS", allowed, 1);
    free(allowed);
    kc_map_set(settings, "sasl.mechanism", "OAUTHBEARER");
    kc_map_setf(settings, "sasl.oauthbearer.token.endpoint.url", "file://%s", path);
    kc_map_set(settings, "sasl.jaas.config", "x.Module required extension_team=\"blue\";");
    ck_assert_ptr_null(wire_sasl_new(settings, "h", &sasl));
    ck_assert_ptr_null(wire_sasl_step(sasl, NULL, 0, &answer, &done));
    ck_assert_str_eq(answer.data, "n,,\001auth=Bearer " JWT "\001team=blue\001\001");
    ck_assert(!done);
    kc_str_clear(&answer);
    ck_assert_ptr_null(wire_sasl_step(sasl, NULL, 0, &answer, &done));
    ck_assert(done);
    unlink(path);
    kc_str_destroy(&answer);
    wire_sasl_destroy(sasl);
    kc_map_destroy(settings);
}
END_TEST

/* What base64url says, between two dots. */
static void decode_payload(const char *token, char *text, size_t size)
{
    const char *begin = strchr(token, '.') + 1, *end = strchr(begin, '.');
    char padded[512] = "";

    ck_assert_int_lt(end - begin + 4, (long)sizeof(padded));
    for (const char *c = begin; c < end; c++)
        padded[c - begin] = *c == '-' ? '+' : *c == '_' ? '/' : *c;
    while (strlen(padded) % 4)
        strcat(padded, "=");
    int len = EVP_DecodeBlock((unsigned char *)text, (unsigned char *)padded, (int)strlen(padded));
    ck_assert_int_ge(len, 0);
    ck_assert_int_lt(len, (long)size);
    text[len] = 0;
}

START_TEST(oauthbearer_makes_unsecured_tokens)
{
    static const char head[] = "n,,\001auth=Bearer eyJhbGciOiJub25lIn0.";
    struct wire_sasl *sasl = start("OAUTHBEARER", "unsecuredLoginStringClaim_sub=\"me\" "
                                                  "unsecuredLoginListClaim_scope=\"|a|b\" "
                                                  "unsecuredLoginNumberClaim_n=\"7\" "
                                                  "unsecuredLoginExtension_team=\"blue\"");
    struct kc_str answer = {0};
    char payload[512];
    bool done;

    ck_assert_ptr_null(wire_sasl_step(sasl, NULL, 0, &answer, &done));
    ck_assert_int_eq(strncmp(answer.data, head, strlen(head)), 0);
    ck_assert_ptr_nonnull(strstr(answer.data, ".\001team=blue\001\001"));
    decode_payload(answer.data, payload, sizeof(payload));
    ck_assert_msg(strstr(payload, "\"sub\":\"me\""), "%s", payload);
    ck_assert_msg(strstr(payload, "\"scope\":[\"a\",\"b\"]"), "%s", payload);
    ck_assert_msg(strstr(payload, "\"exp\":"), "%s", payload);
    kc_str_destroy(&answer);
    wire_sasl_destroy(sasl);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sasl");
    TCase *tests = tcase_create("all");
    SRunner *runner = srunner_create(suite);

    tcase_add_test(tests, plain_sends_name_and_password);
    tcase_add_test(tests, missing_credentials_are_named);
    tcase_add_loop_test(tests, scram_proves_both_sides, 0, 2);
    tcase_add_loop_test(tests, scram_refuses_a_server_that_lies, 0, 2);
    tcase_add_loop_test(tests, scram_refuses_bad_first_messages, 0, 12);
    tcase_add_test(tests, scram_takes_more_iterations_than_kafka_stores);
    tcase_add_test(tests, oauthbearer_reads_no_file_that_isnt_allowed);
    tcase_add_loop_test(tests, oauthbearer_checks_extensions, 0, 4);
    tcase_add_test(tests, oauthbearer_sends_the_file_token);
    tcase_add_test(tests, oauthbearer_makes_unsecured_tokens);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
