/* SPDX-License-Identifier: Apache-2.0 */
/* What OAUTHBEARER may read and ask, and what it takes for a token. */
#include "http/oauth_token_priv.h"

#include "http/fake_web.h"
#include "security/oauth_allowed.h"

#include <sys/stat.h>

#define URLS  "org.apache.kafka.sasl.oauthbearer.allowed.urls"
#define FILES "org.apache.kafka.sasl.oauthbearer.allowed.files"
#define URL   "sasl.oauthbearer.token.endpoint.url"
/* {"alg":"none"} {"sub":"me"} */
#define JWT "eyJhbGciOiJub25lIn0.eyJzdWIiOiJtZSJ9.c2ln"

static void allow(const char *name, const char *values)
{
    char *options = kc_asprintf("-Xmx1g -D%s=%s", name, values);

    setenv("KAFKA_OPTS", options, 1);
    free(options);
}

static struct kc_error *ask_url(const char *url)
{
    struct kc_map *settings = kc_map_new();
    char *found = NULL;

    kc_map_set(settings, URL, url);
    struct kc_error *err = wire_oauth_url(settings, URL, &found);
    free(found);
    kc_map_destroy(settings);
    return err;
}

/* ---- The lists ---- */

START_TEST(no_url_is_allowed_unless_it_is_on_the_list)
{
    static const char *const urls[] = {"file:///etc/shadow", "http://127.0.0.1:8083/",
                                       "http://169.254.169.254/latest/meta-data/",
                                       "https://login.example/token"};
    struct kc_error *err = ask_url(urls[_i]);
    char *said = kc_asprintf("Invalid value %s for configuration " URL
                             ": The URL cannot be accessed due to restrictions. Update the system "
                             "property '" URLS "' to allow the URL to be accessed.",
                             urls[_i]);

    ck_assert_str_eq(kc_error_text(err), said);
    ck_assert_int_eq(kc_error_code(err), KC_ERR_CONFIG);
    kc_error_destroy(err);
    allow(URLS, "https://other.example/token,https://login.example/token/");
    err = ask_url(urls[_i]);
    ck_assert_str_eq(kc_error_text(err), said);
    kc_error_destroy(err);
    free(said);
}
END_TEST

START_TEST(a_url_on_the_list_is_allowed_letter_by_letter)
{
    allow(URLS, "file:///run/token,https://login.example/token");
    ck_assert_ptr_null(ask_url("https://login.example/token"));
    ck_assert_ptr_null(ask_url(" file:///run/token\n"));
    struct kc_error *err = ask_url("https://login.example/token?x");
    ck_assert_ptr_nonnull(err);
    kc_error_destroy(err);
}
END_TEST

START_TEST(what_is_no_url_of_http_or_a_file_is_refused)
{
    static const char *const cases[][2] = {
        {"ftp://h/t", "invalid protocol (ftp); only \"http\", \"https\", and \"file\""},
        {"login.example/token", "is malformed: no protocol"},
        {"  ", "value is required"},
    };
    struct kc_error *err;

    allow(URLS, "ftp://h/t,login.example/token");
    err = ask_url(cases[_i][0]);
    ck_assert_msg(strstr(kc_error_text(err), cases[_i][1]), "%s", kc_error_text(err));
    kc_error_destroy(err);
}
END_TEST

START_TEST(no_file_is_allowed_unless_it_is_on_the_list)
{
    static const char key[] = "sasl.oauthbearer.assertion.file";
    struct kc_map *settings = kc_map_new();
    char *path = NULL;

    kc_map_set(settings, key, "/etc/passwd");
    struct kc_error *err = wire_oauth_file(settings, key, &path);
    ck_assert_str_eq(kc_error_text(err),
                     "Invalid value /etc/passwd for configuration sasl.oauthbearer.assertion.file: "
                     "The file cannot be accessed due to restrictions. Update the system property "
                     "'" FILES "' to allow the file to be accessed.");
    kc_error_destroy(err);
    free(path);
    allow(FILES, "/nowhere,/etc/passwd");
    ck_assert_ptr_null(wire_oauth_file(settings, key, &path));
    ck_assert_str_eq(path, "/etc/passwd");
    free(path);
    path = NULL;
    kc_map_set(settings, key, "/nowhere");
    err = wire_oauth_file(settings, key, &path);
    ck_assert_msg(strstr(kc_error_text(err), "doesn't exist"), "%s", kc_error_text(err));
    kc_error_destroy(err);
    free(path);
    kc_map_destroy(settings);
}
END_TEST

/* ---- Tokens ---- */

static struct kc_error *fetch(const char *url, struct kc_str *token)
{
    static const atomic_bool cancelled;
    struct kc_map *settings = kc_map_new(), *options = kc_map_new();
    struct wire_oauth_source *source = NULL;

    allow(URLS, url);
    kc_map_set(settings, URL, url);
    kc_map_set(options, "clientId", "id");
    kc_map_set(options, "clientSecret", "secret");
    struct kc_error *err = wire_oauth_source_new(settings, options, &source);
    if (!err)
        err = wire_oauth_token(source, &cancelled, token);
    wire_oauth_source_destroy(source);
    kc_map_destroy(settings);
    kc_map_destroy(options);
    return err;
}

static struct kc_error *fetch_file(const char *content, struct kc_str *token)
{
    char path[] = "/tmp/isthmus-token-XXXXXX";
    int fd = mkstemp(path);
    char *url = kc_asprintf("file://%s", path);

    ck_assert_int_eq(write(fd, content, strlen(content)), (ssize_t)strlen(content));
    close(fd);
    struct kc_error *err = fetch(url, token);
    unlink(path);
    free(url);
    return err;
}

START_TEST(a_token_comes_from_its_file)
{
    struct kc_str token = {0};

    ck_assert_ptr_null(fetch_file(JWT "\r\n", &token));
    ck_assert_str_eq(token.data, JWT);
    kc_str_destroy(&token);
}
END_TEST

START_TEST(a_file_without_a_token_is_never_sent)
{
    static const char *const contents[] = {
        "",
        "root:$6$salt$hash:19000:0:99999:7:::\n",
        "-----BEGIN PRIVATE KEY-----\nMIIEvQ\n-----END PRIVATE KEY-----\n",
        "a.b.c",
        JWT "\001auth=Bearer x",
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJtZSJ9",
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJtZSJ9.c2ln.c2ln",
        "WzFd.eyJzdWIiOiJtZSJ9.c2ln",
    };
    struct kc_str token = {0};
    struct kc_error *err = fetch_file(contents[_i], &token);

    ck_assert_ptr_nonnull(err);
    ck_assert_msg(strstr(kc_error_text(err), "JWT provided"), "%s", kc_error_text(err));
    ck_assert_ptr_null(strstr(kc_error_text(err), "hash"));
    ck_assert_ptr_null(strstr(kc_error_text(err), "MIIEvQ"));
    kc_error_destroy(err);
    kc_str_destroy(&token);
}
END_TEST

START_TEST(a_file_of_another_kind_or_size_is_refused)
{
    struct kc_str token = {0};
    struct kc_error *err = fetch("file:///dev/zero", &token);
    char *large = kc_malloc(100001);

    ck_assert_msg(strstr(kc_error_text(err), "not a regular file"), "%s", kc_error_text(err));
    kc_error_destroy(err);
    ck_assert_int_eq(mkfifo("/tmp/isthmus-token-fifo", 0600), 0);
    err = fetch("file:///tmp/isthmus-token-fifo", &token);
    unlink("/tmp/isthmus-token-fifo");
    ck_assert_msg(strstr(kc_error_text(err), "not a regular file"), "%s", kc_error_text(err));
    kc_error_destroy(err);
    memset(large, 'a', 100000);
    large[100000] = '\0';
    err = fetch_file(large, &token);
    ck_assert_msg(strstr(kc_error_text(err), "more than 65536 bytes"), "%s", kc_error_text(err));
    kc_error_destroy(err);
    free(large);
    kc_str_destroy(&token);
}
END_TEST

/* ---- The endpoint ---- */

static struct kc_error *fetch_web(const struct fake_web_answer *answers, size_t count,
                                  struct fake_web *web, struct kc_str *token)
{
    fake_web_start(web, answers, count);
    char *url = kc_asprintf("http://127.0.0.1:%d/token", web->port);
    struct kc_error *err = fetch(url, token);
    fake_web_stop(web);
    free(url);
    return err;
}

START_TEST(the_endpoint_is_asked_with_client_credentials)
{
    static const struct fake_web_answer answers[] = {
        {"/token", "200 OK", NULL, "{\"access_token\":\"" JWT "\"}"}};
    struct kc_str token = {0};
    struct fake_web web;

    ck_assert_ptr_null(fetch_web(answers, 1, &web, &token));
    ck_assert_str_eq(token.data, JWT);
    ck_assert_uint_eq(web.requests.count, 1);
    ck_assert_ptr_nonnull(strstr(web.requests.items[0], "grant_type=client_credentials"));
    ck_assert_ptr_nonnull(strstr(web.requests.items[0], "Authorization: Basic aWQ6c2VjcmV0"));
    kc_strings_destroy(&web.requests);
    kc_str_destroy(&token);
}
END_TEST

START_TEST(the_endpoint_is_followed_nowhere)
{
    static const struct fake_web_answer answers[] = {
        {"/token", "302 Found", "Location: /elsewhere\r\n", ""},
        {"/elsewhere", "200 OK", NULL, "{\"access_token\":\"" JWT "\"}"}};
    struct kc_str token = {0};
    struct fake_web web;
    struct kc_error *err = fetch_web(answers, 2, &web, &token);

    ck_assert_msg(strstr(kc_error_text(err), "redirects aren't followed"), "%s",
                  kc_error_text(err));
    ck_assert_uint_eq(web.requests.count, 1);
    kc_error_destroy(err);
    kc_strings_destroy(&web.requests);
    kc_str_destroy(&token);
}
END_TEST

START_TEST(what_the_endpoint_calls_a_token_must_be_one)
{
    static const struct fake_web_answer answers[] = {
        {"/token", "200 OK", NULL, "{\"access_token\":\"opaque secret\"}"}};
    struct kc_str token = {0};
    struct fake_web web;
    struct kc_error *err = fetch_web(answers, 1, &web, &token);

    ck_assert_msg(strstr(kc_error_text(err), "Malformed JWT"), "%s", kc_error_text(err));
    ck_assert_ptr_null(strstr(kc_error_text(err), "opaque secret"));
    kc_error_destroy(err);
    kc_strings_destroy(&web.requests);
    kc_str_destroy(&token);
}
END_TEST

/* ---- Retrievers ---- */

#define RETRIEVERS "org.apache.kafka.common.security.oauthbearer."
#define ASSERTION  "sasl.oauthbearer.assertion.file"

/* Takes settings, to which the lists are fitted. */
static struct kc_error *fetch_by(struct kc_map *settings, const char *retriever,
                                 struct kc_str *token)
{
    static const atomic_bool cancelled;
    struct kc_map *options = kc_map_new();
    struct wire_oauth_source *source = NULL;
    char *both = kc_asprintf("-D" URLS "=%s -D" FILES "=%s", kc_map_get(settings, URL),
                             kc_map_get_or(settings, ASSERTION, ""));

    setenv("KAFKA_OPTS", both, 1);
    kc_map_set(settings, "sasl.oauthbearer.jwt.retriever.class", retriever);
    struct kc_error *err = wire_oauth_source_new(settings, options, &source);
    if (!err)
        err = wire_oauth_token(source, &cancelled, token);
    wire_oauth_source_destroy(source);
    kc_map_destroy(options);
    kc_map_destroy(settings);
    free(both);
    return err;
}

static struct kc_error *fetch_by_assertion(const struct fake_web_answer *answer,
                                           struct fake_web *web, struct kc_str *token)
{
    char path[] = "/tmp/isthmus-assertion-XXXXXX";
    int fd = mkstemp(path);
    struct kc_map *settings = kc_map_new();

    ck_assert_int_eq(write(fd, JWT, strlen(JWT)), (ssize_t)strlen(JWT));
    close(fd);
    fake_web_start(web, answer, 1);
    kc_map_setf(settings, URL, "http://127.0.0.1:%d/token", web->port);
    kc_map_set(settings, ASSERTION, path);
    kc_map_set(settings, "sasl.oauthbearer.scope", "read write");
    struct kc_error *err = fetch_by(settings, RETRIEVERS "JwtBearerJwtRetriever", token);
    fake_web_stop(web);
    unlink(path);
    return err;
}

START_TEST(the_endpoint_is_shown_an_assertion)
{
    static const struct fake_web_answer answer = {"/token", "201 Created", NULL,
                                                  "{\"id_token\":\" " JWT "\\n\"}"};
    struct kc_str token = {0};
    struct fake_web web;
    struct kc_error *err = fetch_by_assertion(&answer, &web, &token);

    ck_assert_msg(!err, "%s", err ? kc_error_text(err) : "");
    ck_assert_str_eq(token.data, JWT);
    const char *request = web.requests.items[0];
    ck_assert_ptr_nonnull(strstr(request,
                                 "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer"
                                 "&assertion=" JWT "&scope=read%20write"));
    ck_assert_ptr_null(strstr(request, "Authorization"));
    kc_strings_destroy(&web.requests);
    kc_str_destroy(&token);
}
END_TEST

START_TEST(the_endpoint_says_what_is_wrong_with_an_assertion)
{
    static const struct fake_web_answer answer = {
        "/token", "400 Bad Request", NULL,
        "{\"error\":\"invalid_grant\",\"error_description\":\"it has expired\"}"};
    struct kc_str token = {0};
    struct fake_web web;
    struct kc_error *err = fetch_by_assertion(&answer, &web, &token);

    ck_assert_msg(strstr(kc_error_text(err), "status 400: invalid_grant, it has expired; check "
                                             "sasl.oauthbearer.assertion.*"),
                  "%s", kc_error_text(err));
    ck_assert(!kc_error_retriable(err));
    kc_error_destroy(err);
    kc_strings_destroy(&web.requests);
    kc_str_destroy(&token);
}
END_TEST

START_TEST(a_retriever_needs_its_own_kind_of_url)
{
    static const char *const cases[][3] = {
        {RETRIEVERS "FileJwtRetriever", "https://h/token", "needs a file: URL"},
        {RETRIEVERS "JwtBearerJwtRetriever", "file:///etc/passwd", "needs the http(s) URL"},
        {RETRIEVERS "ClientCredentialsJwtRetriever", "file:///etc/passwd", "needs the http(s) URL"},
        {RETRIEVERS "DefaultJwtRetriever", "https://h/token", "needs clientId and clientSecret"},
        {"com.example.JwtBearerJwtRetriever", "https://h/token", "this class can't be run here"},
        {RETRIEVERS "Other", "https://h/token", "Invalid value " RETRIEVERS "Other for "},
    };
    struct kc_map *settings = kc_map_new();
    struct kc_str token = {0};
    struct kc_error *err;

    kc_map_set(settings, URL, cases[_i][1]);
    err = fetch_by(settings, cases[_i][0], &token);
    ck_assert_msg(strstr(kc_error_text(err), cases[_i][2]), "%s", kc_error_text(err));
    ck_assert_int_eq(kc_error_code(err), KC_ERR_CONFIG);
    kc_error_destroy(err);
    kc_str_destroy(&token);
}
END_TEST

START_TEST(credentials_are_escaped_where_the_endpoint_wants_it)
{
    static const struct fake_web_answer answer = {"/token", "200 OK", NULL,
                                                  "{\"access_token\":\"" JWT "\"}"};
    struct kc_map *settings = kc_map_new();
    struct kc_str token = {0};
    struct fake_web web;

    fake_web_start(&web, &answer, 1);
    kc_map_setf(settings, URL, "http://127.0.0.1:%d/token", web.port);
    kc_map_set(settings, "sasl.oauthbearer.header.urlencode", "true");
    kc_map_set(settings, "sasl.oauthbearer.client.credentials.client.id", "a:b");
    kc_map_set(settings, "sasl.oauthbearer.client.credentials.client.secret", "c/d");
    ck_assert_ptr_null(fetch_by(settings, RETRIEVERS "ClientCredentialsJwtRetriever", &token));
    fake_web_stop(&web);
    /* a%3Ab:c%2Fd */
    ck_assert_ptr_nonnull(strstr(web.requests.items[0], "Authorization: Basic YSUzQWI6YyUyRmQ="));
    kc_strings_destroy(&web.requests);
    kc_str_destroy(&token);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("oauth_token");
    TCase *tcase = tcase_create("all");
    SRunner *runner = srunner_create(suite);

    tcase_add_loop_test(tcase, no_url_is_allowed_unless_it_is_on_the_list, 0, 4);
    tcase_add_test(tcase, a_url_on_the_list_is_allowed_letter_by_letter);
    tcase_add_loop_test(tcase, what_is_no_url_of_http_or_a_file_is_refused, 0, 3);
    tcase_add_test(tcase, no_file_is_allowed_unless_it_is_on_the_list);
    tcase_add_test(tcase, a_token_comes_from_its_file);
    tcase_add_loop_test(tcase, a_file_without_a_token_is_never_sent, 0, 8);
    tcase_add_test(tcase, a_file_of_another_kind_or_size_is_refused);
    tcase_add_test(tcase, the_endpoint_is_asked_with_client_credentials);
    tcase_add_test(tcase, the_endpoint_is_followed_nowhere);
    tcase_add_test(tcase, what_the_endpoint_calls_a_token_must_be_one);
    tcase_add_test(tcase, the_endpoint_is_shown_an_assertion);
    tcase_add_test(tcase, the_endpoint_says_what_is_wrong_with_an_assertion);
    tcase_add_loop_test(tcase, a_retriever_needs_its_own_kind_of_url, 0, 6);
    tcase_add_test(tcase, credentials_are_escaped_where_the_endpoint_wants_it);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
