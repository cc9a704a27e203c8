/* SPDX-License-Identifier: Apache-2.0 */
/* Commands against a worker whose answers are canned: what is asked, shown, and the exit status. */
#include "cli/cli_print_priv.h"
#include "cli/cli_server_priv.h"
#include "http/fake_web.h"
#include "http/http_client.h"

#include <string.h>

/* ---- a run ---- */

struct run {
    struct fake_web web;
    char *out; /* what was printed */
    char *error;
    enum cli_exit status;
};

static const struct cli_noun *find_noun(const char *name)
{
    for (size_t i = 0; i < cli_noun_count; i++)
        if (strcmp(cli_nouns[i].name, name) == 0)
            return &cli_nouns[i];
    ck_abort_msg("no noun %s", name);
    return NULL;
}

/* words: separated by blanks. */
static void run(struct run *run, const struct fake_web_answer *answers, size_t count,
                const char *words)
{
    char *text = kc_strdup(words), *argv[32], *rest = NULL, url[64];
    size_t len;
    int argc = 0;
    fake_web_start(&run->web, answers, count);
    snprintf(url, sizeof(url), "127.0.0.1:%d/", run->web.port);
    for (char *word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
        argv[argc++] = word;
    argv[argc++] = (char *)"--url";
    argv[argc++] = url;
    struct cli cli = {.noun = find_noun(argv[0]), .err = stderr};
    cli.out = open_memstream(&run->out, &len);
    struct kc_error *err = cli_parse(&cli, argc, argv);
    if (!err)
        err = cli_server_take(&cli);
    if (!err)
        err = cli.command->run(&cli);
    fclose(cli.out);
    run->error = kc_strdup(err ? kc_error_text(err) : "");
    run->status = !err                                       ? cli.status
                  : kc_error_code(err) == KC_ERR_BAD_REQUEST ? CLI_USAGE
                                                             : CLI_FAILED;
    kc_error_destroy(err);
    cli_server_clear(&cli);
    kc_strings_destroy(&cli.arguments);
    for (int id = 0; id < CLI_FLAGS; id++)
        kc_strings_destroy(&cli.flags[id]);
    free(text);
    fake_web_stop(&run->web);
}

static void clear(struct run *run)
{
    kc_strings_destroy(&run->web.requests);
    free(run->out);
    free(run->error);
}

/* Whether the nth request begins with line and ends with body. */
static void assert_asked(const struct run *run, size_t n, const char *line, const char *body)
{
    ck_assert_uint_gt(run->web.requests.count, n);
    const char *request = run->web.requests.items[n];
    ck_assert_msg(strncmp(request, line, strlen(line)) == 0, "%s", request);
    ck_assert_msg(strlen(request) >= strlen(body) &&
                      strcmp(request + strlen(request) - strlen(body), body) == 0,
                  "%s", request);
}

#define RUN(done, answers, words) run(done, answers, CLI_COUNT(answers), words)

/* ---- connectors ---- */

static const struct fake_web_answer listed[] = {
    {"/connectors?", "200 OK", NULL,
     "{\"b\":{\"info\":{\"name\":\"b\",\"config\":{\"connector.class\":\"C\"}},\"status\":{"
     "\"connector\":{\"state\":\"RUNNING\",\"worker_id\":\"w:1\"},\"tasks\":[{\"id\":0,\"state\":"
     "\"RUNNING\"},{\"id\":1,\"state\":\"FAILED\"}],\"type\":\"source\"}}}"},
};

START_TEST(connectors_are_listed)
{
    struct run done;
    RUN(&done, listed, "connector list");
    ck_assert_str_eq(done.out, "NAME  TYPE    STATE    TASKS                WORKER  CLASS\n"
                               "b     source  RUNNING  1 RUNNING, 1 FAILED  w:1     C\n");
    ck_assert_int_eq(done.status, CLI_OK);
    clear(&done);
    RUN(&done, listed, "connector list --state FAILED -o json");
    ck_assert_str_eq(done.out, "[]\n");
    clear(&done);
}
END_TEST

START_TEST(names_are_escaped_and_refusals_keep_their_words)
{
    static const struct fake_web_answer answers[] = {
        {"/connectors/a%2Fb", "404 Not Found", NULL,
         "{\"error_code\":404,\"message\":\"Connector a/b not found\"}"},
    };
    struct run done;
    RUN(&done, answers, "connector describe a/b");
    ck_assert_int_eq(done.status, CLI_FAILED);
    ck_assert_ptr_nonnull(strstr(done.error, "Connector a/b not found (http://127.0.0.1:"));
    clear(&done);
}
END_TEST

START_TEST(a_login_goes_along)
{
    static const struct fake_web_answer answers[] = {
        {"/connectors", "401 Unauthorized", NULL, "{\"error_code\":401,\"message\":\"No\"}"},
    };
    struct run done;
    RUN(&done, answers, "connector list --user ann:secret");
    ck_assert_ptr_nonnull(
        strstr(done.web.requests.items[0], "Authorization: Basic YW5uOnNlY3JldA=="));
    ck_assert_ptr_nonnull(strstr(done.error, "Log in: --user NAME"));
    clear(&done);
}
END_TEST

START_TEST(what_isnt_a_worker_is_said)
{
    static const struct fake_web_answer answers[] = {{"/", "200 OK", NULL, "<html>"}};
    struct run done;
    RUN(&done, answers, "connector list");
    ck_assert_ptr_nonnull(strstr(done.error, "isn't JSON: is this the address of a worker?"));
    clear(&done);
    RUN(&done, answers, "connector list --url 127.0.0.1:1 --timeout x");
    ck_assert_int_eq(done.status, CLI_USAGE);
    clear(&done);
}
END_TEST

START_TEST(nobody_is_asked_without_a_terminal)
{
    struct run done;
    RUN(&done, listed, "connector delete b");
    ck_assert_int_eq(done.status, CLI_USAGE);
    ck_assert_ptr_nonnull(strstr(done.error, "say --yes"));
    ck_assert_uint_eq(done.web.requests.count, 0);
    clear(&done);
}
END_TEST

/* ---- links ---- */

START_TEST(a_link_is_created_from_flags)
{
    static const struct fake_web_answer answers[] = {{"/connectors", "201 Created", NULL, "{}"},
                                                     {"/links/move/tasks", "200 OK", NULL, "[]"}};
    struct run done;
    RUN(&done, answers, "link create move --source a:1 --target b:2 --topics x,y.*");
    assert_asked(&done, 0, "POST /connectors HTTP",
                 "{\"name\":\"move\",\"config\":{\"source.cluster.bootstrap.servers\":\"a:1\","
                 "\"target.cluster.bootstrap.servers\":\"b:2\",\"topics\":\"x,y.*\",\"name\":"
                 "\"move\",\"connector.class\":\"org.isthmus.connect.link.KafkaLinkConnector\"}}");
    ck_assert_ptr_nonnull(strstr(done.out, "The link move is created."));
    clear(&done);
}
END_TEST

#define OUTCOME                                                                                    \
    "[{\"mirror_topic_name\":\"orders\",\"mirror_status\":\"PROMOTED\",\"error_code\":null,"       \
    "\"blockers\":[]}]"

/* The settings are those that people gave, so that secrets stay references. */
START_TEST(a_link_back_is_created_where_there_is_none)
{
    static const struct fake_web_answer answers[] = {
        {"/links/move/mirrors:reverse-and-start", "202 Accepted", NULL, OUTCOME},
        {"/connectors?expand=info", "200 OK", NULL,
         "{\"move\":{\"info\":{\"config\":{\"topics\":\"a\"}}}}"},
        {"/connectors/move/config", "200 OK", NULL,
         "{\"name\":\"move\",\"topics\":\"a\",\"source.cluster.bootstrap.servers\":\"a:1\","
         "\"target.cluster.sasl.jaas.config\":\"${file:x:y}\"}"},
        {"/connectors", "201 Created", NULL, "{}"},
        {"/links/move-back/tasks", "200 OK", NULL, "[]"},
    };
    struct run done;
    RUN(&done, answers, "mirror reverse-and-start move orders --yes");
    assert_asked(&done, 0, "POST /links/move/mirrors:reverse-and-start HTTP",
                 "{\"mirror_topic_names\":[\"orders\"],\"link_back_follows\":true,"
                 "\"dry_run\":false}");
    assert_asked(&done, 3, "POST /connectors HTTP",
                 "{\"name\":\"move-back\",\"config\":{\"target.cluster.bootstrap.servers\":"
                 "\"a:1\",\"source.cluster.sasl.jaas.config\":\"${file:x:y}\","
                 "\"link.reverse.of\":\"move\",\"name\":\"move-back\"}}");
    ck_assert_msg(done.status == CLI_OK, "%s", done.error);
    ck_assert_ptr_nonnull(strstr(done.out, "The link move-back is created"));
    clear(&done);
}
END_TEST

START_TEST(a_link_back_that_is_there_is_taken)
{
    static const struct fake_web_answer answers[] = {
        {"/links/move/mirrors:truncate-and-restore", "202 Accepted", NULL, OUTCOME},
        {"/links/move/mirrors:finalize", "202 Accepted", NULL, OUTCOME},
        {"/connectors?expand=info", "200 OK", NULL,
         "{\"home\":{\"info\":{\"config\":{\"link.reverse.of\":\"move\"}}}}"},
    };
    struct run done;
    RUN(&done, answers, "mirror truncate-and-restore move orders --force --yes");
    ck_assert_uint_eq(done.web.requests.count, 2);
    ck_assert_ptr_nonnull(strstr(done.out, "isthmus mirror list home"));
    clear(&done);
    RUN(&done, answers, "mirror finalize move orders --yes");
    ck_assert_uint_eq(done.web.requests.count, 1);
    clear(&done);
    /* What deletes a topic asks people. */
    RUN(&done, answers, "mirror repair move orders --force");
    assert_asked(&done, 0, "POST", "\"dry_run\":true}");
    ck_assert_uint_eq(done.web.requests.count, 1);
    clear(&done);
}
END_TEST

static const struct fake_web_answer blocked[] = {
    {"/links/move/mirrors:promote", "409 Conflict", NULL,
     "[{\"mirror_topic_name\":\"orders\",\"mirror_status\":\"LINKING\",\"error_code\":409,"
     "\"error_message\":\"Producers still write\",\"predicted_ms\":350,\"blockers\":["
     "{\"code\":\"SOURCE_NOT_QUIET\",\"message\":\"Producers still write: stop them\"},"
     "{\"code\":\"UNCLEAN\",\"message\":\"elections\",\"warning\":true}]}]"},
};

START_TEST(blockers_are_shown_and_have_an_exit_status)
{
    struct run done;
    RUN(&done, blocked, "mirror promote move orders --dry-run --max-pause 500");
    assert_asked(&done, 0, "POST /links/move/mirrors:promote HTTP",
                 "{\"mirror_topic_names\":[\"orders\"],\"max_pause_ms\":500,\"dry_run\":true}");
    ck_assert_int_eq(done.status, CLI_BLOCKED);
    ck_assert_str_eq(done.out, "TOPIC   STATE    PREDICTED  RESULT\n"
                               "orders  LINKING     350 ms  blocked, see below\n"
                               "\n"
                               "orders: SOURCE_NOT_QUIET: Producers still write: stop them\n"
                               "orders: warning: UNCLEAN: elections\n");
    clear(&done);
    /* Without --yes a dry run comes first, and what is blocked isn't asked for. */
    RUN(&done, blocked, "mirror promote move orders");
    ck_assert_uint_eq(done.web.requests.count, 1);
    assert_asked(&done, 0, "POST", "\"dry_run\":true}");
    ck_assert_int_eq(done.status, CLI_BLOCKED);
    clear(&done);
}
END_TEST

START_TEST(what_is_done_is_posted_once)
{
    static const struct fake_web_answer answers[] = {
        {"/links/move/groups:promote", "202 Accepted", NULL,
         "[{\"group_id\":\"billing\",\"group_status\":\"STANDBY\",\"error_code\":0,\"blockers\":"
         "[]}]"},
    };
    struct run done;
    RUN(&done, answers, "group promote move --pattern bill.* --yes --force");
    ck_assert_uint_eq(done.web.requests.count, 1);
    assert_asked(&done, 0, "POST /links/move/groups:promote HTTP",
                 "{\"group_id_pattern\":\"bill.*\",\"force\":true,\"dry_run\":false}");
    ck_assert_int_eq(done.status, CLI_OK);
    ck_assert_ptr_nonnull(strstr(done.out, "billing  STANDBY"));
    clear(&done);
}
END_TEST

START_TEST(names_or_a_pattern)
{
    struct run done;
    RUN(&done, blocked, "mirror pause move");
    ck_assert_int_eq(done.status, CLI_USAGE);
    ck_assert_str_eq(done.error,
                     "name the topics, or give --pattern. See isthmus mirror pause --help");
    clear(&done);
    RUN(&done, blocked, "mirror pause move a --pattern b");
    ck_assert_str_eq(done.error, "either names or --pattern, not both");
    clear(&done);
}
END_TEST

START_TEST(watching_ends_when_all_is_final)
{
    static const struct fake_web_answer answers[] = {
        {"/links/move/mirrors", "200 OK", NULL,
         "[{\"mirror_topic_name\":\"a\",\"mirror_status\":\"LINKING\",\"progress\":0.5},"
         "{\"mirror_topic_name\":\"b\",\"mirror_status\":\"DIVERGED\",\"progress\":0.5,"
         "\"reason\":\"foreign\"}]"},
    };
    struct run done;
    RUN(&done, answers, "mirror describe move b --watch");
    ck_assert_int_eq(done.status, CLI_FAILED);
    ck_assert_ptr_nonnull(strstr(done.out, "Z  b  DIVERGED      50.0%  foreign\n"));
    ck_assert_ptr_null(strstr(done.out, "LINKING"));
    clear(&done);
}
END_TEST

START_TEST(what_is_left_to_verify_is_asked_for_again)
{
    static const struct fake_web_answer answers[] = {
        {"/links/move/verify", "200 OK", NULL,
         "{\"topics\":[{\"topic\":\"a\",\"partitions\":[{\"partition\":0,\"from\":0,\"to\":9,"
         "\"records\":4,\"equal\":true,\"first_difference\":null,\"complete\":false,\"next\":5},"
         "{\"partition\":1,\"from\":0,\"to\":2,\"records\":1,\"equal\":false,"
         "\"first_difference\":{\"offset\":1,\"what\":\"value\",\"message\":\"it differs\"},"
         "\"complete\":true,\"next\":1}]}]}"},
    };
    struct run done;
    RUN(&done, answers, "verify move a");
    ck_assert_int_eq(done.status, CLI_FAILED);
    assert_asked(&done, 0, "POST /links/move/verify HTTP",
                 "{\"topics\":[\"a\"],\"timeout_ms\":10000}");
    assert_asked(&done, 1, "POST /links/move/verify HTTP",
                 "{\"topics\":[{\"topic\":\"a\",\"partitions\":[{\"partition\":0,\"from\":5,"
                 "\"to\":9}]}],\"timeout_ms\":10000}");
    /* It never goes on here: that ends, too. */
    ck_assert_ptr_nonnull(strstr(done.out, "not compared"));
    ck_assert_ptr_nonnull(strstr(done.out, "different     it differs\n"));
    ck_assert_ptr_nonnull(strstr(done.out, "0 of 2 partitions are equal: "));
    clear(&done);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli_commands");
    TCase *tcase = tcase_create("commands");
    SRunner *runner = srunner_create(suite);
    kc_http_init();
    unsetenv("ISTHMUS_USER");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, connectors_are_listed);
    tcase_add_test(tcase, names_are_escaped_and_refusals_keep_their_words);
    tcase_add_test(tcase, a_login_goes_along);
    tcase_add_test(tcase, what_isnt_a_worker_is_said);
    tcase_add_test(tcase, nobody_is_asked_without_a_terminal);
    tcase_add_test(tcase, a_link_is_created_from_flags);
    tcase_add_test(tcase, a_link_back_is_created_where_there_is_none);
    tcase_add_test(tcase, a_link_back_that_is_there_is_taken);
    tcase_add_test(tcase, blockers_are_shown_and_have_an_exit_status);
    tcase_add_test(tcase, what_is_done_is_posted_once);
    tcase_add_test(tcase, names_or_a_pattern);
    tcase_add_test(tcase, watching_ends_when_all_is_final);
    tcase_add_test(tcase, what_is_left_to_verify_is_asked_for_again);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
