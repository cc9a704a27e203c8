/* SPDX-License-Identifier: Apache-2.0 */
/* Assertions of KIP-1139: their keys, their layers, and what keeps files of the worker inside. */
#include "http/oauth_assertion_priv.h"

#include "security/jwt.h"
#include "security/jwt_sign.h"

#include <check.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEY(name) "sasl.oauthbearer.assertion." name
/* {"alg":"none"} {"sub":"me"} */
#define JWT "eyJhbGciOiJub25lIn0.eyJzdWIiOiJtZSJ9.c2ln"

static EVP_PKEY *rsa, *ec;
static char folder[] = "/tmp/isthmus-assertion-XXXXXX";

/* ---- Files ---- */

static void make_keys(void)
{
    rsa = EVP_RSA_gen(2048);
    ec = EVP_EC_gen("P-256");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void drop_keys(void)
{
    static const char *const names[] = {"key", "template", "ready"};

    EVP_PKEY_free(rsa);
    EVP_PKEY_free(ec);
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        char *path = kc_asprintf("%s/%s", folder, names[i]);

        unlink(path);
        free(path);
    }
    rmdir(folder);
}

/* Names the file as the setting's value. */
static void put(struct kc_map *settings, const char *key, const char *name, const void *data,
                size_t len)
{
    char *path = kc_asprintf("%s/%s", folder, name);
    FILE *file = fopen(path, "w");

    ck_assert_uint_eq(fwrite(data, 1, len, file), len);
    fclose(file);
    kc_map_set(settings, key, path);
    free(path);
}

static void allow_all(void)
{
    char *options = kc_asprintf("-Dorg.apache.kafka.sasl.oauthbearer.allowed.files="
                                "%s/key,%s/template,%s/ready",
                                folder, folder, folder);

    setenv("KAFKA_OPTS", options, 1);
    free(options);
}

enum form { PEM, PEM_ENCRYPTED, PEM_OLD, BASE64, BASE64_LINES, FORMS };

static void put_key(struct kc_map *settings, EVP_PKEY *key, enum form form)
{
    BIO *bio = BIO_new(BIO_s_mem()), *filter = BIO_new(BIO_f_base64());
    char secret[] = "opens it";
    char *data;

    if (form == PEM) {
        PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
    } else if (form == PEM_OLD) {
        PEM_write_bio_PrivateKey_traditional(bio, key, NULL, NULL, 0, NULL, NULL);
    } else if (form == PEM_ENCRYPTED) {
        PEM_write_bio_PKCS8PrivateKey(bio, key, EVP_aes_256_cbc(), secret, (int)strlen(secret),
                                      NULL, NULL);
        kc_map_set(settings, KEY("private.key.passphrase"), secret);
    } else {
        if (form == BASE64)
            BIO_set_flags(filter, BIO_FLAGS_BASE64_NO_NL);
        BIO_push(filter, bio);
        i2d_PKCS8PrivateKey_bio(filter, key, NULL, NULL, 0, NULL, NULL);
        (void)BIO_flush(filter);
        BIO_pop(filter);
    }
    long len = BIO_get_mem_data(bio, &data);
    put(settings, KEY("private.key.file"), "key", data, (size_t)len);
    BIO_free(filter);
    BIO_free(bio);
}

/* ---- Reading them back ---- */

static json_t *part(const char *jwt, int number)
{
    for (int i = 0; i < number; i++)
        jwt = strchr(jwt, '.') + 1;
    char *shifted = kc_asprintf("e30.%s.", jwt);
    json_t *found = wire_jwt_claims(shifted);
    free(shifted);
    return found;
}

static size_t decode(const char *base64, unsigned char *out)
{
    char text[1024] = "";
    size_t len = strlen(base64), padded = (len + 3) / 4 * 4;

    for (size_t i = 0; i < padded; i++) {
        char c = i < len ? base64[i] : '=';
        text[i] = (char)(c == '-' ? '+' : c == '_' ? '/' : c);
    }
    return (size_t)EVP_DecodeBlock(out, (unsigned char *)text, (int)padded) - (padded - len);
}

static bool is_signed(const char *jwt, EVP_PKEY *key)
{
    const char *dot = strrchr(jwt, '.');
    unsigned char signature[1024], *der = NULL;
    size_t len = decode(dot + 1, signature);
    EVP_MD_CTX *digest = EVP_MD_CTX_new();

    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC) {
        ECDSA_SIG *pair = ECDSA_SIG_new();

        ck_assert_uint_eq(len, 64);
        ECDSA_SIG_set0(pair, BN_bin2bn(signature, 32, NULL), BN_bin2bn(signature + 32, 32, NULL));
        len = (size_t)i2d_ECDSA_SIG(pair, &der);
        memcpy(signature, der, len);
        OPENSSL_free(der);
        ECDSA_SIG_free(pair);
    }
    EVP_DigestVerifyInit(digest, NULL, EVP_sha256(), NULL, key);
    bool good = EVP_DigestVerify(digest, signature, len, (const unsigned char *)jwt,
                                 (size_t)(dot - jwt)) == 1;
    EVP_MD_CTX_free(digest);
    return good;
}

static struct kc_error *make(struct kc_map *settings, struct kc_str *jwt)
{
    struct wire_assertion *assertion = NULL;
    struct kc_error *err = wire_assertion_new(settings, &assertion);

    if (!err)
        err = wire_assertion_make(assertion, jwt);
    wire_assertion_destroy(assertion);
    kc_map_destroy(settings);
    return err;
}

/* ---- Tests ---- */

START_TEST(keys_of_each_form_sign)
{
    bool es256 = _i >= FORMS;
    struct kc_map *settings = kc_map_new();
    struct kc_str jwt = {0};

    allow_all();
    put_key(settings, es256 ? ec : rsa, (enum form)(_i % FORMS));
    if (es256)
        kc_map_set(settings, KEY("algorithm"), "es256");
    struct kc_error *err = make(settings, &jwt);
    ck_assert_msg(!err, "%s", err ? kc_error_text(err) : "");
    ck_assert_ptr_null(wire_jwt_check(jwt.data));
    ck_assert(is_signed(jwt.data, es256 ? ec : rsa));
    json_t *header = part(jwt.data, 0);
    ck_assert_str_eq(json_string_value(json_object_get(header, "alg")), es256 ? "ES256" : "RS256");
    ck_assert_str_eq(json_string_value(json_object_get(header, "typ")), "JWT");
    json_decref(header);
    kc_str_destroy(&jwt);
}
END_TEST

/* As Java layers them: settings, template above, time on top. */
START_TEST(claims_lie_in_layers)
{
    static const char template[] = "{\"header\":{\"kid\":\"k1\",\"alg\":\"none\"},\"payload\":"
                                   "{\"iss\":\"template\",\"animals\":[\"cat\"],\"exp\":1}}";
    struct kc_map *settings = kc_map_new();
    int64_t now = kc_now_ms() / 1000;
    struct kc_str jwt = {0};
    const char *iss, *sub, *aud, *jti;
    json_int_t iat, exp, nbf;
    json_t *header;

    allow_all();
    put_key(settings, rsa, PEM);
    put(settings, KEY("template.file"), "template", template, strlen(template));
    kc_map_set(settings, KEY("claim.iss"), "setting");
    kc_map_set(settings, KEY("claim.sub"), " mirror ");
    kc_map_set(settings, KEY("claim.aud"), "https://login.example");
    kc_map_set(settings, KEY("claim.exp.seconds"), "600");
    kc_map_set(settings, KEY("claim.jti.include"), "true");
    ck_assert_ptr_null(make(settings, &jwt));
    header = part(jwt.data, 0);
    json_t *claims = part(jwt.data, 1);
    ck_assert_str_eq(json_string_value(json_object_get(header, "kid")), "k1");
    ck_assert_str_eq(json_string_value(json_object_get(header, "alg")), "RS256");
    ck_assert_int_eq(json_unpack(claims, "{s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:[s]!}", "iss", &iss,
                                 "sub", &sub, "aud", &aud, "jti", &jti, "iat", &iat, "exp", &exp,
                                 "nbf", &nbf, "animals", &(const char *){NULL}),
                     0);
    ck_assert_str_eq(iss, "template");
    ck_assert_str_eq(sub, "mirror");
    ck_assert_str_eq(aud, "https://login.example");
    ck_assert_uint_eq(strlen(jti), 36);
    ck_assert(iat >= now && iat <= now + 30);
    ck_assert_int_eq(exp, iat + 600);
    ck_assert_int_eq(nbf, iat - 60);
    json_decref(header);
    json_decref(claims);
    kc_str_destroy(&jwt);
}
END_TEST

START_TEST(a_ready_assertion_is_taken_as_it_is)
{
    struct kc_map *settings = kc_map_new();
    struct kc_str jwt = {0};

    allow_all();
    put(settings, KEY("file"), "ready", JWT "\n", strlen(JWT "\n"));
    ck_assert_ptr_null(make(settings, &jwt));
    ck_assert_str_eq(jwt.data, JWT);
    kc_str_destroy(&jwt);
}
END_TEST

static void assert_refused(struct kc_map *settings, const char *said)
{
    struct kc_str jwt = {0};
    struct kc_error *err = make(settings, &jwt);

    ck_assert_ptr_nonnull(err);
    ck_assert_msg(strstr(kc_error_text(err), said), "%s", kc_error_text(err));
    ck_assert_int_eq(kc_error_code(err), KC_ERR_CONFIG);
    kc_error_destroy(err);
    kc_str_destroy(&jwt);
}

START_TEST(no_file_is_read_that_isnt_allowed)
{
    static const char *const keys[] = {KEY("file"), KEY("private.key.file"), KEY("template.file")};
    struct kc_map *settings = kc_map_new();

    allow_all();
    put_key(settings, rsa, PEM);
    kc_map_set(settings, keys[_i], "/etc/passwd");
    assert_refused(settings, "/etc/passwd for configuration sasl.oauthbearer.assertion.");
}
END_TEST

START_TEST(what_is_no_assertion_isnt_sent)
{
    static const char text[] = "root:x:0:0:secret\n";
    struct kc_map *settings = kc_map_new();
    struct kc_str jwt = {0};

    allow_all();
    put(settings, KEY("file"), "ready", text, strlen(text));
    struct kc_error *err = make(settings, &jwt);
    ck_assert_ptr_nonnull(strstr(kc_error_text(err), "Malformed JWT"));
    ck_assert_ptr_null(strstr(kc_error_text(err), "secret"));
    kc_error_destroy(err);
    kc_str_destroy(&jwt);
}
END_TEST

START_TEST(settings_that_cant_be_used_are_named)
{
    static const char *const cases[][3] = {
        {KEY("algorithm"), "HS256", "Invalid value HS256 for configuration " KEY("algorithm")},
        {KEY("algorithm"), "ES256", "needs an EC key on the curve P-256"},
        {KEY("claim.exp.seconds"), "1d", "Invalid value 1d for configuration "},
        {KEY("claim.nbf.seconds"), "3601", "from 0 to 3600"},
        {KEY("claim.aud"), " ", "claim.aud value is required"},
        {KEY("private.key.file"), " ", "private.key.file value is required"},
        {KEY("private.key.file"), NULL, "private.key.file value is required"},
    };
    struct kc_map *settings = kc_map_new();

    allow_all();
    put_key(settings, rsa, PEM);
    kc_map_set(settings, cases[_i][0], cases[_i][1]);
    assert_refused(settings, cases[_i][2]);
}
END_TEST

START_TEST(keys_and_templates_that_cant_be_read_are_named)
{
    static const char *const templates[] = {"[]", "{\"header\":1}", "{\"payload\":[]}", "{", ""};
    struct kc_map *settings = kc_map_new();

    allow_all();
    put(settings, KEY("private.key.file"), "key", "bm8ga2V5", 8);
    assert_refused(settings, "no private key in it");
    settings = kc_map_new();
    put_key(settings, rsa, PEM_ENCRYPTED);
    kc_map_set(settings, KEY("private.key.passphrase"), _i % 2 ? "other" : NULL);
    assert_refused(settings, "its passphrase when it is encrypted");
    settings = kc_map_new();
    put_key(settings, rsa, PEM);
    put(settings, KEY("template.file"), "template", templates[_i], strlen(templates[_i]));
    assert_refused(settings, "has to be a JSON object");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("oauth_assertion");
    TCase *tcase = tcase_create("all");
    SRunner *runner = srunner_create(suite);

    tcase_add_unchecked_fixture(tcase, make_keys, drop_keys);
    tcase_add_loop_test(tcase, keys_of_each_form_sign, 0, 2 * FORMS);
    tcase_add_test(tcase, claims_lie_in_layers);
    tcase_add_test(tcase, a_ready_assertion_is_taken_as_it_is);
    tcase_add_loop_test(tcase, no_file_is_read_that_isnt_allowed, 0, 3);
    tcase_add_test(tcase, what_is_no_assertion_isnt_sent);
    tcase_add_loop_test(tcase, settings_that_cant_be_used_are_named, 0, 7);
    tcase_add_loop_test(tcase, keys_and_templates_that_cant_be_read_are_named, 0, 5);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
