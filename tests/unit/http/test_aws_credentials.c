/* SPDX-License-Identifier: Apache-2.0 */
/* AWS's signatures by its published example, and credentials from endpoints made here. */
#include "http/aws_credentials_priv.h"
#include "http/aws_login.h"
#include "http/aws_profile_priv.h"
#include "http/fake_web.h"
#include "wire/sasl.h"

#include <jansson.h>
#include <openssl/evp.h>

static const atomic_bool never;

/* "Authenticating Requests: Using Query Parameters" of AWS's documentation of S3. */
START_TEST(the_published_example_is_signed_alike)
{
    char id[] = "AKIAIOSFODNN7EXAMPLE", secret[] = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    const struct wire_aws_keys keys = {id, secret, NULL};
    struct kc_map *none = kc_map_new(), *query = NULL;
    const struct wire_aws_request request = {
        .service = "s3",
        .region = "us-east-1",
        .host = "examplebucket.s3.amazonaws.com",
        .path = "/test.txt",
        .payload_hash = "UNSIGNED-PAYLOAD",
        .query = none,
        .now_ms = 1369353600000, /* 20130524T000000Z */
        .expires_s = 86400,
    };

    wire_aws_sign(&keys, &request, &query);
    ck_assert_str_eq(kc_map_get(query, "X-Amz-Signature"),
                     "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
    ck_assert_str_eq(kc_map_get(query, "X-Amz-Credential"),
                     "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request");
    kc_map_destroy(query);
    kc_map_destroy(none);
}
END_TEST

START_TEST(profiles_are_read)
{
    static const char text[] = "# mine\n[default]\naws_access_key_id = A\n\n[profile msk]\r\n"
                               "aws_access_key_id=B\r\naws_secret_access_key = s=e=c \n"
                               "[other]\naws_access_key_id = C\n";
    struct kc_map *values = kc_map_new();

    ck_assert(wire_aws_profile(text, "msk", values));
    ck_assert_str_eq(kc_map_get(values, "aws_access_key_id"), "B");
    ck_assert_str_eq(kc_map_get(values, "aws_secret_access_key"), "s=e=c");
    ck_assert(!wire_aws_profile(text, "none", values));
    kc_map_destroy(values);
}
END_TEST

static void forget_environment(void)
{
    static const char *const names[] = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE",
                                        "AWS_ROLE_ARN", "AWS_REGION"};

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        unsetenv(names[i]);
    setenv("AWS_CONFIG_FILE", "/nowhere", 1);
    setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere", 1);
}

static struct kc_error *find(struct kc_map *options, struct wire_aws_keys *keys)
{
    struct kc_error *err = wire_aws_credentials(options, "eu-west-1", &never, keys);

    kc_map_destroy(options);
    return err;
}

static void serve(struct fake_web *web, const struct fake_web_answer *answers, size_t count,
                  const char *variable, const char *path)
{
    forget_environment();
    fake_web_start(web, answers, count);
    char *url = kc_asprintf("http://127.0.0.1:%d%s", web->port, path);
    setenv(variable, url, 1);
    free(url);
}

START_TEST(an_instance_is_asked_with_a_session)
{
    static const struct fake_web_answer answers[] = {
        {"/latest/api/token", "200 OK", NULL, "session"},
        {"/latest/meta-data/iam/security-credentials/mirror", "200 OK", NULL,
         "{\"AccessKeyId\":\"I\",\"SecretAccessKey\":\"S\",\"Token\":\"T\"}"},
        {"/latest/meta-data/iam/security-credentials/", "200 OK", NULL, "mirror\n"}};
    struct wire_aws_keys keys = {0};
    struct fake_web web;

    serve(&web, answers, 3, "AWS_EC2_METADATA_SERVICE_ENDPOINT", "");
    struct kc_error *err = find(kc_map_new(), &keys);
    fake_web_stop(&web);
    ck_assert_msg(!err, "%s", err ? kc_error_text(err) : "");
    ck_assert_str_eq(keys.id, "I");
    ck_assert_str_eq(keys.token, "T");
    ck_assert_uint_eq(web.requests.count, 3);
    ck_assert_int_eq(strncmp(web.requests.items[0], "PUT ", 4), 0);
    ck_assert_ptr_nonnull(strstr(web.requests.items[2], "X-aws-ec2-metadata-token: session"));
    kc_strings_destroy(&web.requests);
    wire_aws_keys_clear(&keys);
}
END_TEST

START_TEST(a_container_is_asked_with_its_token)
{
    static const struct fake_web_answer answers[] = {
        {"/creds", "200 OK", NULL,
         "{\"AccessKeyId\":\"I\",\"SecretAccessKey\":\"S\",\"Token\":\"T\"}"}};
    struct wire_aws_keys keys = {0};
    struct fake_web web;

    serve(&web, answers, 1, "AWS_CONTAINER_CREDENTIALS_FULL_URI", "/creds");
    setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "pod", 1);
    struct kc_error *err = find(kc_map_new(), &keys);
    fake_web_stop(&web);
    ck_assert_msg(!err, "%s", err ? kc_error_text(err) : "");
    ck_assert_str_eq(keys.secret, "S");
    ck_assert_ptr_nonnull(strstr(web.requests.items[0], "Authorization: pod"));
    kc_strings_destroy(&web.requests);
    wire_aws_keys_clear(&keys);
}
END_TEST

START_TEST(a_role_is_assumed)
{
    static const struct fake_web_answer answers[] = {
        {"/?Action=AssumeRole&", "200 OK", NULL,
         "{\"AssumeRoleResponse\":{\"AssumeRoleResult\":{\"Credentials\":{\"AccessKeyId\":\"R\","
         "\"SecretAccessKey\":\"S\",\"SessionToken\":\"T\",\"Expiration\":1.7e9}}}}"}};
    struct kc_map *options = kc_map_new();
    struct wire_aws_keys keys = {0};
    struct fake_web web;

    serve(&web, answers, 1, "AWS_ENDPOINT_URL_STS", "");
    setenv("AWS_ACCESS_KEY_ID", "own", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
    kc_map_set(options, "awsRoleArn", "arn:aws:iam::1:role/msk");
    struct kc_error *err = find(options, &keys);
    fake_web_stop(&web);
    ck_assert_msg(!err, "%s", err ? kc_error_text(err) : "");
    ck_assert_str_eq(keys.id, "R");
    ck_assert_str_eq(keys.token, "T");
    ck_assert_ptr_nonnull(strstr(web.requests.items[0], "RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole"));
    ck_assert_ptr_nonnull(strstr(web.requests.items[0], "X-Amz-Signature="));
    ck_assert_ptr_nonnull(strstr(web.requests.items[0], "%2Feu-west-1%2Fsts%2Faws4_request"));
    kc_strings_destroy(&web.requests);
    wire_aws_keys_clear(&keys);
}
END_TEST

START_TEST(a_pods_web_identity_is_a_role)
{
    static const struct fake_web_answer answers[] = {
        {"/?Action=AssumeRoleWithWebIdentity&", "200 OK", NULL,
         "{\"AssumeRoleWithWebIdentityResponse\":{\"AssumeRoleWithWebIdentityResult\":{"
         "\"Credentials\":{\"AccessKeyId\":\"W\",\"SecretAccessKey\":\"S\",\"SessionToken\":\"T\"}"
         "}}}"}};
    char path[] = "/tmp/isthmus-identity-XXXXXX";
    int fd = mkstemp(path);
    struct wire_aws_keys keys = {0};
    struct fake_web web;

    ck_assert_int_eq(write(fd, "tok en\n", 7), 7);
    close(fd);
    serve(&web, answers, 1, "AWS_ENDPOINT_URL_STS", "");
    setenv("AWS_WEB_IDENTITY_TOKEN_FILE", path, 1);
    setenv("AWS_ROLE_ARN", "arn:aws:iam::1:role/pod", 1);
    struct kc_error *err = find(kc_map_new(), &keys);
    fake_web_stop(&web);
    unlink(path);
    ck_assert_msg(!err, "%s", err ? kc_error_text(err) : "");
    ck_assert_str_eq(keys.id, "W");
    ck_assert_ptr_nonnull(strstr(web.requests.items[0], "WebIdentityToken=tok%20en"));
    kc_strings_destroy(&web.requests);
    wire_aws_keys_clear(&keys);
}
END_TEST

START_TEST(the_region_stands_in_the_brokers_name)
{
    static const char *const cases[][2] = {
        {"b-1.mine.abc123.c2.kafka.us-east-1.amazonaws.com", "us-east-1"},
        {"boot-x.c2.kafka-serverless.eu-west-1.amazonaws.com", "eu-west-1"},
        {"b-1.mine.abc.c2.kafka.cn-north-1.amazonaws.com.cn", "cn-north-1"},
        {"localhost", "ap-south-1"},
    };
    struct kc_map *settings = kc_map_new();
    char *region = NULL;

    forget_environment();
    kc_map_set(settings, "bootstrap.servers",
               _i == 3 ? "h:1,b.kafka.ap-south-1.amazonaws.com:9098" : "h:1");
    ck_assert_ptr_null(wire_aws_region(settings, cases[_i][0], &region));
    ck_assert_str_eq(region, cases[_i][1]);
    free(region);
    kc_map_destroy(settings);
}
END_TEST

/* The client's first message by a mechanism of MSK's. Owned by the caller. */
static char *first_message(const char *mechanism, const char *module, const char *handler)
{
    struct kc_map *settings = kc_map_new();
    struct wire_sasl *sasl = NULL;
    struct kc_str answer = {0};
    bool done;

    forget_environment();
    setenv("AWS_ACCESS_KEY_ID", "AKID", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
    kc_map_set(settings, "sasl.mechanism", mechanism);
    kc_map_setf(settings, "sasl.jaas.config", "%s required;", module);
    if (handler)
        kc_map_set(settings, "sasl.login.callback.handler.class", handler);
    struct kc_error *err = wire_sasl_new(settings, "b-1.m.kafka.eu-west-1.amazonaws.com", &sasl);
    if (!err)
        err = wire_sasl_step(sasl, NULL, 0, &answer, &done);
    ck_assert_msg(!err, "%s", err ? kc_error_text(err) : "");
    wire_sasl_destroy(sasl);
    kc_map_destroy(settings);
    return kc_str_take(&answer);
}

START_TEST(the_token_is_a_signed_url)
{
    static const char head[] = "n,,\001auth=Bearer ";
    char *message = first_message(
        "OAUTHBEARER", "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule",
        WIRE_AWS_HANDLER);
    char base64[2048] = "", url[2048] = "";
    size_t len = strcspn(message + strlen(head), "\001");

    ck_assert_int_eq(strncmp(message, head, strlen(head)), 0);
    ck_assert_uint_lt(len, sizeof(base64) - 4);
    for (size_t i = 0; i < (len + 3) / 4 * 4; i++) {
        char c = i < len ? message[strlen(head) + i] : '=';
        base64[i] = c == '-' ? '+' : c == '_' ? '/' : c;
    }
    ck_assert_int_gt(
        EVP_DecodeBlock((unsigned char *)url, (unsigned char *)base64, (int)strlen(base64)), 0);
    ck_assert_msg(strstr(url, "https://kafka.eu-west-1.amazonaws.com/?Action=kafka-cluster%3A"
                              "Connect&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKID%2F"),
                  "%s", url);
    ck_assert_msg(strstr(url, "X-Amz-Expires=900"), "%s", url);
    ck_assert_msg(strstr(url, "&User-Agent=isthmus"), "%s", url);
    free(message);
}
END_TEST

START_TEST(the_mechanism_of_its_own_sends_json)
{
    char *message =
        first_message("AWS_MSK_IAM", "software.amazon.msk.auth.iam.IAMLoginModule", NULL);
    json_t *json = json_loads(message, 0, NULL);

    ck_assert_str_eq(json_string_value(json_object_get(json, "version")), "2020_10_22");
    ck_assert_str_eq(json_string_value(json_object_get(json, "host")),
                     "b-1.m.kafka.eu-west-1.amazonaws.com");
    ck_assert_str_eq(json_string_value(json_object_get(json, "action")), "kafka-cluster:Connect");
    ck_assert_str_eq(json_string_value(json_object_get(json, "x-amz-signedheaders")), "host");
    ck_assert_uint_eq(strlen(json_string_value(json_object_get(json, "x-amz-signature"))), 64);
    json_decref(json);
    free(message);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("aws_credentials");
    TCase *tcase = tcase_create("all");
    SRunner *runner = srunner_create(suite);

    tcase_set_timeout(tcase, 30);
    tcase_add_test(tcase, the_published_example_is_signed_alike);
    tcase_add_test(tcase, profiles_are_read);
    tcase_add_test(tcase, an_instance_is_asked_with_a_session);
    tcase_add_test(tcase, a_container_is_asked_with_its_token);
    tcase_add_test(tcase, a_role_is_assumed);
    tcase_add_test(tcase, a_pods_web_identity_is_a_role);
    tcase_add_loop_test(tcase, the_region_stands_in_the_brokers_name, 0, 4);
    tcase_add_test(tcase, the_token_is_a_signed_url);
    tcase_add_test(tcase, the_mechanism_of_its_own_sends_json);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
