/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles of AWS's shared files: roles that lead to each other, and single sign-ons. */
#include "http/aws_credentials_priv.h"
#include "http/fake_web.h"

#include <sys/stat.h>

#define ROLE(id)                                                                                   \
    "{\"AssumeRoleResponse\":{\"AssumeRoleResult\":{\"Credentials\":{\"AccessKeyId\":\"" id        \
    "\",\"SecretAccessKey\":\"S\",\"SessionToken\":\"T\"}}}}"

static const atomic_bool never;
static char home[32];

/* ---- A home of its own ---- */

static void write_home(const char *name, const char *text)
{
    char *path = kc_asprintf("%s/.aws/%s", home, name);
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
    free(path);
}

static void make_home(void)
{
    static const char *const folders[] = {"", "/.aws", "/.aws/sso", "/.aws/sso/cache"};

    strcpy(home, "/tmp/isthmus-aws-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(home));
    for (size_t i = 1; i < sizeof(folders) / sizeof(*folders); i++) {
        char *path = kc_asprintf("%s%s", home, folders[i]);

        ck_assert_int_eq(mkdir(path, 0700), 0);
        free(path);
    }
    clearenv();
    setenv("HOME", home, 1);
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
}

static void drop_home(void)
{
    char *command = kc_asprintf("/bin/rm -r %s", home);

    ck_assert_int_eq(system(command), 0);
    free(command);
}

/* ---- Asking ---- */

static struct kc_error *ask(const char *profile, struct wire_aws_keys *keys)
{
    struct kc_map *options = kc_map_new();

    kc_map_set(options, "awsProfileName", profile);
    struct kc_error *err = wire_aws_credentials(options, "eu-west-1", &never, keys);
    kc_map_destroy(options);
    return err;
}

/* Asks while a service's endpoint answers, under the name of its variable. */
static struct kc_error *ask_service(const char *profile, const char *variable,
                                    const struct fake_web_answer *answers, size_t count,
                                    struct fake_web *web, struct wire_aws_keys *keys)
{
    fake_web_start(web, answers, count);
    char *url = kc_asprintf("http://127.0.0.1:%d", web->port);
    setenv(variable, url, 1);
    struct kc_error *err = ask(profile, keys);
    fake_web_stop(web);
    free(url);
    return err;
}

static void assert_asked(const struct fake_web *web, size_t number, const char *text)
{
    ck_assert_uint_gt(web->requests.count, number);
    ck_assert_msg(strstr(web->requests.items[number], text), "%s not in %s", text,
                  web->requests.items[number]);
}

/* ---- Roles ---- */

START_TEST(a_role_is_taken_by_another_profiles_keys)
{
    static const struct fake_web_answer answers[] = {
        {"/?Action=AssumeRole&", "200 OK", NULL, ROLE("R")}};
    struct wire_aws_keys keys = {0};
    struct fake_web web;

    write_home("config",
               "[profile msk]\nrole_arn = arn:aws:iam::1:role/msk\nsource_profile = base\n"
               "external_id = shared\nrole_session_name = mirror\nregion = us-east-2\n"
               "duration_seconds = 900\n");
    write_home("credentials", "[base]\naws_access_key_id = BASE\naws_secret_access_key = S\n");
    struct kc_error *err = ask_service("msk", "AWS_ENDPOINT_URL_STS", answers, 1, &web, &keys);
    ck_assert_msg(!err, "%s", err ? kc_error_text(err) : "");
    ck_assert_str_eq(keys.id, "R");
    ck_assert_str_eq(keys.token, "T");
    assert_asked(&web, 0, "RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fmsk");
    assert_asked(&web, 0, "ExternalId=shared");
    assert_asked(&web, 0, "RoleSessionName=mirror");
    assert_asked(&web, 0, "DurationSeconds=900");
    assert_asked(&web, 0, "X-Amz-Credential=BASE%2F");
    assert_asked(&web, 0, "%2Fus-east-2%2Fsts%2Faws4_request");
    kc_strings_destroy(&web.requests);
    wire_aws_keys_clear(&keys);
}
END_TEST

START_TEST(a_role_leads_to_a_role)
{
    static const struct fake_web_answer answers[] = {
        {"/?Action=AssumeRole&RoleArn=inner", "200 OK", NULL, ROLE("INNER")},
        {"/?Action=AssumeRole&RoleArn=outer", "200 OK", NULL, ROLE("OUTER")}};
    struct wire_aws_keys keys = {0};
    struct fake_web web;

    write_home("config", "[profile msk]\nrole_arn=outer\nsource_profile=middle\n[profile middle]\n"
                         "role_arn=inner\nsource_profile=middle\naws_access_key_id=BASE\n"
                         "aws_secret_access_key=S\n");
    struct kc_error *err = ask_service("msk", "AWS_ENDPOINT_URL_STS", answers, 2, &web, &keys);
    ck_assert_msg(!err, "%s", err ? kc_error_text(err) : "");
    ck_assert_str_eq(keys.id, "OUTER");
    ck_assert_uint_eq(web.requests.count, 2);
    assert_asked(&web, 0, "X-Amz-Credential=BASE%2F");
    assert_asked(&web, 1, "X-Amz-Credential=INNER%2F");
    kc_strings_destroy(&web.requests);
    wire_aws_keys_clear(&keys);
}
END_TEST

START_TEST(a_role_is_taken_by_what_a_place_gives)
{
    static const struct fake_web_answer answers[] = {
        {"/creds", "200 OK", NULL,
         "{\"AccessKeyId\":\"PLACE\",\"SecretAccessKey\":\"S\",\"Token\":\"T\"}"},
        {"/latest/api/token", "200 OK", NULL, "session"},
        {"/latest/meta-data/iam/security-credentials/node", "200 OK", NULL,
         "{\"AccessKeyId\":\"PLACE\",\"SecretAccessKey\":\"S\",\"Token\":\"T\"}"},
        {"/latest/meta-data/iam/security-credentials/", "200 OK", NULL, "node\n"},
        {"/?Action=AssumeRole&", "200 OK", NULL, ROLE("R")}};
    static const char *const places[] = {"Environment", "EcsContainer", "Ec2InstanceMetadata"};
    struct wire_aws_keys keys = {0};
    struct fake_web web;

    char *config = kc_asprintf("[profile msk]\nrole_arn = r\ncredential_source = %s\n", places[_i]);
    write_home("config", config);
    fake_web_start(&web, answers, 5);
    char *url = kc_asprintf("http://127.0.0.1:%d", web.port);
    setenv("AWS_ENDPOINT_URL", url, 1);
    if (_i == 0) {
        setenv("AWS_ACCESS_KEY_ID", "PLACE", 1);
        setenv("AWS_SECRET_ACCESS_KEY", "S", 1);
    } else if (_i == 1) {
        char *full = kc_asprintf("%s/creds", url);

        setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", full, 1);
        free(full);
    } else {
        unsetenv("AWS_EC2_METADATA_DISABLED");
        setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", url, 1);
    }
    struct kc_error *err = ask("msk", &keys);
    fake_web_stop(&web);
    ck_assert_msg(!err, "%s", err ? kc_error_text(err) : "");
    ck_assert_str_eq(keys.id, "R");
    assert_asked(&web, web.requests.count - 1, "X-Amz-Credential=PLACE%2F");
    kc_strings_destroy(&web.requests);
    wire_aws_keys_clear(&keys);
    free(config);
    free(url);
}
END_TEST

START_TEST(a_role_is_taken_by_a_web_identity)
{
    static const struct fake_web_answer answers[] = {
        {"/?Action=AssumeRoleWithWebIdentity&", "200 OK", NULL,
         "{\"AssumeRoleWithWebIdentityResponse\":{\"AssumeRoleWithWebIdentityResult\":{"
         "\"Credentials\":{\"AccessKeyId\":\"W\",\"SecretAccessKey\":\"S\","
         "\"SessionToken\":\"T\"}}}}"}};
    char *config = kc_asprintf("[profile msk]\nrole_arn = r\nweb_identity_token_file = %s/.aws/"
                               "identity\n",
                               home);
    struct wire_aws_keys keys = {0};
    struct fake_web web;

    write_home("config", config);
    write_home("identity", "a.b.c\n");
    struct kc_error *err = ask_service("msk", "AWS_ENDPOINT_URL_STS", answers, 1, &web, &keys);
    ck_assert_msg(!err, "%s", err ? kc_error_text(err) : "");
    ck_assert_str_eq(keys.id, "W");
    ck_assert_uint_eq(web.requests.count, 1);
    assert_asked(&web, 0, "WebIdentityToken=a.b.c");
    kc_strings_destroy(&web.requests);
    wire_aws_keys_clear(&keys);
    free(config);
}
END_TEST

/* ---- Single sign-on ---- */

/* The names in the cache are SHA-1 of "corp" and of "https://corp.example/start". */
#define OF_SESSION "sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json"
#define OF_URL     "sso/cache/f7c9b39d0b4c7a7d82c79307585f77e1c5e74378.json"

static const char *const sign_ons[][2] = {
    {OF_SESSION, "[profile msk]\nsso_session = corp\nsso_account_id = 111122223333\n"
                 "sso_role_name = Mirror\n[sso-session corp]\nsso_region = eu-central-1\n"
                 "sso_start_url = https://corp.example/start\n"},
    {OF_URL, "[profile msk]\nsso_start_url = https://corp.example/start\n"
             "sso_region = eu-central-1\nsso_account_id = 111122223333\nsso_role_name = Mirror\n"},
};

START_TEST(a_sign_ons_token_gives_a_roles_keys)
{
    static const struct fake_web_answer answers[] = {
        {"/federation/credentials?account_id=111122223333&role_name=Mirror ", "200 OK", NULL,
         "{\"roleCredentials\":{\"accessKeyId\":\"SSO\",\"secretAccessKey\":\"S\","
         "\"sessionToken\":\"T\",\"expiration\":1}}"}};
    struct wire_aws_keys keys = {0};
    struct fake_web web;

    write_home("config", sign_ons[_i][1]);
    write_home(sign_ons[_i][0],
               "{\"accessToken\":\"from.login\",\"expiresAt\":\"2200-01-01T00:00:00Z\"}");
    struct kc_error *err = ask_service("msk", "AWS_ENDPOINT_URL_SSO", answers, 1, &web, &keys);
    ck_assert_msg(!err, "%s", err ? kc_error_text(err) : "");
    ck_assert_str_eq(keys.id, "SSO");
    ck_assert_str_eq(keys.token, "T");
    assert_asked(&web, 0, "x-amz-sso_bearer_token: from.login");
    kc_strings_destroy(&web.requests);
    wire_aws_keys_clear(&keys);
}
END_TEST

START_TEST(a_sign_on_that_is_over_says_what_to_do)
{
    static const char *const cached[][2] = {
        {"{\"accessToken\":\"t\",\"expiresAt\":\"2020-01-01T00:00:00Z\"}", "is over"},
        {"{\"accessToken\":\"t\",\"expiresAt\":\"soon\"}", "is over"},
        {"{\"accessToken\":\"t\\r\\nX: y\",\"expiresAt\":\"2200-01-01T00:00:00Z\"}", "is over"},
        {"{\"expiresAt\":\"2200-01-01T00:00:00Z\"}", "has no token"},
        {"no JSON", "has no token"},
    };
    struct wire_aws_keys keys = {0};
    struct kc_error *err;

    write_home("config", sign_ons[0][1]);
    write_home(OF_SESSION, cached[_i][0]);
    err = ask("msk", &keys);
    ck_assert_msg(strstr(kc_error_text(err), cached[_i][1]), "%s", kc_error_text(err));
    ck_assert_ptr_nonnull(strstr(kc_error_text(err), "aws sso login --profile msk"));
    kc_error_destroy(err);
}
END_TEST

/* ---- What can't be ---- */

START_TEST(profiles_that_cant_be_used_are_named)
{
    static const char *const cases[][2] = {
        {"[profile other]\n", "the AWS profile msk has no credentials"},
        {"[profile msk]\nregion = eu-west-1\n", "the AWS profile msk has no credentials"},
        {"[profile msk]\nrole_arn=r\n", "needs source_profile, credential_source"},
        {"[profile msk]\nrole_arn=r\nsource_profile=a\n", "source_profile a isn't in AWS's"},
        {"[profile msk]\nrole_arn=r\nsource_profile=a\n[profile a]\nrole_arn=r\n"
         "source_profile=msk\n",
         "in a circle"},
        {"[profile msk]\nrole_arn=r\nsource_profile=msk\ncredential_source=Environment\n",
         "both source_profile and credential_source"},
        {"[profile msk]\nrole_arn=r\ncredential_source=Moon\n", "its credential_source Moon"},
        {"[profile msk]\nrole_arn=r\ncredential_source=Environment\n", "credential_source Env"},
        {"[profile msk]\nrole_arn=r\nsource_profile=msk\nmfa_serial=m\naws_access_key_id=A\n"
         "aws_secret_access_key=S\n",
         "a code of mfa_serial"},
        {"[profile msk]\ncredential_process = touch /tmp/isthmus-was-run\n", "isn't run"},
        {"[profile msk]\nsso_session = corp\nsso_account_id = 1\n", "a sign-on needs"},
    };
    struct wire_aws_keys keys = {0};
    struct kc_error *err;

    write_home("config", cases[_i][0]);
    err = ask("msk", &keys);
    ck_assert_ptr_nonnull(err);
    ck_assert_msg(strstr(kc_error_text(err), cases[_i][1]), "%s", kc_error_text(err));
    ck_assert_ptr_null(keys.id);
    ck_assert_int_ne(access("/tmp/isthmus-was-run", F_OK), 0);
    kc_error_destroy(err);
}
END_TEST

/* As in AWS's libraries: the chain goes on behind a profile that can't be used. */
START_TEST(the_chain_goes_on_behind_a_sign_on_that_is_over)
{
    static const struct fake_web_answer answers[] = {
        {"/creds", "200 OK", NULL,
         "{\"AccessKeyId\":\"POD\",\"SecretAccessKey\":\"S\",\"Token\":\"T\"}"}};
    struct wire_aws_keys keys = {0};
    struct fake_web web;

    write_home("config", sign_ons[0][1]);
    setenv("AWS_PROFILE", "msk", 1);
    struct kc_error *err = ask(NULL, &keys);
    ck_assert_ptr_nonnull(strstr(kc_error_text(err), "aws sso login"));
    kc_error_destroy(err);
    fake_web_start(&web, answers, 1);
    char *url = kc_asprintf("http://127.0.0.1:%d/creds", web.port);
    setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url, 1);
    err = ask(NULL, &keys);
    fake_web_stop(&web);
    ck_assert_msg(!err, "%s", err ? kc_error_text(err) : "");
    ck_assert_str_eq(keys.id, "POD");
    kc_strings_destroy(&web.requests);
    wire_aws_keys_clear(&keys);
    free(url);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("aws_profile_source");
    TCase *tcase = tcase_create("all");
    SRunner *runner = srunner_create(suite);

    tcase_add_checked_fixture(tcase, make_home, drop_home);
    tcase_add_test(tcase, a_role_is_taken_by_another_profiles_keys);
    tcase_add_test(tcase, a_role_leads_to_a_role);
    tcase_add_loop_test(tcase, a_role_is_taken_by_what_a_place_gives, 0, 3);
    tcase_add_test(tcase, a_role_is_taken_by_a_web_identity);
    tcase_add_loop_test(tcase, a_sign_ons_token_gives_a_roles_keys, 0, 2);
    tcase_add_loop_test(tcase, a_sign_on_that_is_over_says_what_to_do, 0, 5);
    tcase_add_loop_test(tcase, profiles_that_cant_be_used_are_named, 0, 11);
    tcase_add_test(tcase, the_chain_goes_on_behind_a_sign_on_that_is_over);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
