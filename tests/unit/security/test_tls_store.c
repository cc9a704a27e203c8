/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key and trust stores made by keytool (tests/unit/data/wire/stores: store password secret1, key
 * password secret2 in the JKS, secret3 in the PEM).
 */
#include "security/tls_store.h"

#include <check.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STORES "tests/unit/data/wire/stores/"

static char *read_text(const char *path)
{
    FILE *file = fopen(path, "r");
    char buffer[8192];

    ck_assert_ptr_nonnull(file);
    size_t len = fread(buffer, 1, sizeof(buffer) - 1, file);
    buffer[len] = 0;
    fclose(file);
    return kc_strdup(buffer);
}

static struct kc_map *settings(const char *kind, const char *file, const char *type,
                               const char *password)
{
    struct kc_map *map = kc_map_new();
    char key[64];

    snprintf(key, sizeof(key), "ssl.%s.location", kind);
    kc_map_setf(map, key, STORES "%s", file);
    snprintf(key, sizeof(key), "ssl.%s.type", kind);
    if (type)
        kc_map_set(map, key, type);
    snprintf(key, sizeof(key), "ssl.%s.password", kind);
    if (password)
        kc_map_set(map, key, password);
    return map;
}

static void check_key(struct kc_map *map)
{
    struct kc_keystore store;
    bool present;
    struct kc_error *err = wire_tls_load_key(map, &store, &present);

    ck_assert_msg(!err, "%s", err ? kc_error_text(err) : "");
    ck_assert(present);
    ck_assert_int_eq(X509_check_private_key(store.certificate, store.key), 1);
    ck_assert_int_ge(sk_X509_num(store.chain), 1);
    kc_keystore_destroy(&store);
    kc_map_destroy(map);
}

static void check_refused(struct kc_map *map, bool key, const char *text)
{
    struct kc_keystore store;
    bool present;
    struct kc_error *err =
        key ? wire_tls_load_key(map, &store, &present) : wire_tls_load_trust(map, &store, &present);

    ck_assert_ptr_nonnull(err);
    ck_assert_int_eq(kc_error_code(err), KC_ERR_CONFIG);
    ck_assert_msg(strstr(kc_error_text(err), text) != NULL, "%s", kc_error_text(err));
    kc_error_destroy(err);
    kc_map_destroy(map);
}

START_TEST(keys_are_read_from_jks_and_pkcs12)
{
    struct kc_map *map = settings("keystore", "client.jks", "JKS", "secret1");

    kc_map_set(map, "ssl.key.password", "secret2");
    check_key(map);
    check_key(settings("keystore", "client.p12", "PKCS12", "secret1"));
    /* With RC2, as Java 8 and OpenSSL 1 wrote them. */
    check_key(settings("keystore", "legacy.p12", "PKCS12", "secret1"));
    /* The file's kind decides, not the setting, as in Java. */
    check_key(settings("keystore", "client.p12", NULL, "secret1"));
}
END_TEST

START_TEST(keys_are_read_from_pem_in_settings)
{
    struct kc_map *map = kc_map_new();
    char *key = read_text(STORES "client-key.pem"), *chain = read_text(STORES "client-chain.pem");

    kc_map_set(map, "ssl.keystore.type", "PEM");
    kc_map_set(map, "ssl.keystore.key", key);
    kc_map_set(map, "ssl.keystore.certificate.chain", chain);
    kc_map_set(map, "ssl.key.password", "secret3");
    check_key(map);
    free(key);
    free(chain);
}
END_TEST

START_TEST(trust_is_read_from_every_kind)
{
    static const struct {
        const char *file, *type, *password;
    } cases[] = {
        {"trust.jks", "JKS", "secret1"},
        {"trust.jks", "JKS", NULL},
        {"trust.p12", "PKCS12", "secret1"},
        {"ca.pem", "PEM", NULL},
    };
    struct kc_map *map = settings("truststore", cases[_i].file, cases[_i].type, cases[_i].password);
    struct kc_keystore store;
    bool present;
    struct kc_error *err = wire_tls_load_trust(map, &store, &present);

    ck_assert_msg(!err, "%s", err ? kc_error_text(err) : "");
    ck_assert(present);
    ck_assert_int_eq(sk_X509_num(store.chain), 1);
    kc_keystore_destroy(&store);
    kc_map_destroy(map);
}
END_TEST

START_TEST(wrong_stores_are_named)
{
    struct kc_map *map = settings("keystore", "client.jks", "JKS", "secret1");

    kc_map_set(map, "ssl.key.password", "nonsense");
    check_refused(map, true, "ssl.key.password");
    check_refused(settings("keystore", "client.jks", "JKS", "nonsense"), true, "password");
    check_refused(settings("truststore", "trust.jks", "JKS", "nonsense"), false, "password");
    check_refused(settings("truststore", "trust.p12", "PKCS12", "nonsense"), false, "password");
    check_refused(settings("truststore", "missing.jks", "JKS", NULL), false, "missing.jks");
    check_refused(settings("truststore", "ca.pem", "JKS", NULL), false, "neither");
    check_refused(settings("keystore", "trust.jks", "JKS", "secret1"), true, "no private key");
}
END_TEST

START_TEST(a_damaged_jks_is_refused)
{
    struct kc_keystore store;
    FILE *file = fopen(STORES "client.jks", "r");
    uint8_t data[8192];
    size_t len = fread(data, 1, sizeof(data), file);
    struct kc_error *err;

    fclose(file);
    for (size_t cut = 0; cut + 1 < len; cut += 7) {
        err = kc_jks_read(data, cut, "secret1", "secret2", true, &store);
        ck_assert_ptr_nonnull(err);
        kc_error_destroy(err);
        kc_keystore_destroy(&store);
    }
    data[len / 2] ^= 1;
    err = kc_jks_read(data, len, "secret1", "secret2", true, &store);
    ck_assert_ptr_nonnull(err);
    kc_error_destroy(err);
    kc_keystore_destroy(&store);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tls_store");
    TCase *tests = tcase_create("all");
    SRunner *runner = srunner_create(suite);

    tcase_add_test(tests, keys_are_read_from_jks_and_pkcs12);
    tcase_add_test(tests, keys_are_read_from_pem_in_settings);
    tcase_add_loop_test(tests, trust_is_read_from_every_kind, 0, 4);
    tcase_add_test(tests, wrong_stores_are_named);
    tcase_add_test(tests, a_damaged_jks_is_refused);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
