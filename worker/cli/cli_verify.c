/* SPDX-License-Identifier: Apache-2.0 */
/*
 * isthmus verify: compares mirror topics with their sources, record by record.
 *
 * The worker compares for some seconds at a time and says how far it came. What isn't complete is
 * asked for again from there on, and the answers are added up.
 */
#include "cli/cli_print_priv.h"
#include "cli/cli_server_priv.h"
#include "cli/cli_verbs_priv.h"

#include <stdlib.h>
#include <string.h>

enum {
    ROUND_MS = 10000,              /* that the worker compares for one answer */
    LEAST_TIMEOUT_MS = 15 * 60000, /* a partition of a compacted topic is compared in one go */
    MOST_IDLE_ROUNDS = 5,          /* in which nothing goes on */
};

/* ---- answers, added up ---- */

static json_t *find(const json_t *array, const char *field, const json_t *wanted)
{
    json_t *item;
    size_t i;
    json_array_foreach (array, i, item)
        if (json_equal(json_object_get(item, field), wanted))
            return item;
    return NULL;
}

static void add_number(json_t *sum, const json_t *part, const char *field)
{
    const json_t *value = json_object_get(part, field);
    if (value)
        json_object_set_new(sum, field,
                            json_integer(json_integer_value(json_object_get(sum, field)) +
                                         json_integer_value(value)));
}

/* What a partition's later answer says, put into the sum of the former ones. */
static void merge_partition(json_t *sum, const json_t *part)
{
    static const char *const counted[] = {"records", "only_source", "only_target"};
    static const char *const newest[] = {"equal", "first_difference", "complete", "next", "error"};
    for (size_t i = 0; i < CLI_COUNT(counted); i++)
        add_number(sum, part, counted[i]);
    for (size_t i = 0; i < CLI_COUNT(newest); i++)
        if (json_object_get(part, newest[i]))
            json_object_set(sum, newest[i], json_object_get(part, newest[i]));
}

static void merge(json_t *sum, const json_t *answer)
{
    json_t *topic, *part;
    size_t i, j;
    json_array_foreach (json_object_get(answer, "topics"), i, topic) {
        json_t *known =
            find(json_object_get(sum, "topics"), "topic", json_object_get(topic, "topic"));
        json_array_foreach (json_object_get(topic, "partitions"), j, part) {
            json_t *same = find(json_object_get(known, "partitions"), "partition",
                                json_object_get(part, "partition"));
            if (same)
                merge_partition(same, part);
        }
    }
}

static bool is_open(const json_t *part)
{
    return !json_is_true(json_object_get(part, "complete")) &&
           !json_string_value(json_object_get(part, "error"));
}

/* What is left to compare, as the body of the next request. NULL: nothing. */
static json_t *rest_of(const json_t *sum)
{
    json_t *topics = json_array(), *topic, *part;
    size_t i, j;
    json_array_foreach (json_object_get(sum, "topics"), i, topic) {
        json_t *parts = json_array();
        json_array_foreach (json_object_get(topic, "partitions"), j, part)
            if (is_open(part))
                json_array_append_new(parts, json_pack("{s:O, s:O, s:O}", "partition",
                                                       json_object_get(part, "partition"), "from",
                                                       json_object_get(part, "next"), "to",
                                                       json_object_get(part, "to")));
        if (json_array_size(parts))
            json_array_append_new(topics,
                                  json_pack("{s:O, s:O}", "topic", json_object_get(topic, "topic"),
                                            "partitions", parts));
        json_decref(parts);
    }
    if (json_array_size(topics))
        return json_pack("{s:o}", "topics", topics);
    json_decref(topics);
    return NULL;
}

/* ---- what is shown ---- */

struct verify_tally {
    size_t partitions, equal;
    json_int_t records;
};

/* Adds a row for a partition, and counts it. */
static void add_row(json_t *rows, const json_t *topic, const json_t *part,
                    struct verify_tally *tally)
{
    const char *error = cli_text(part, "error"), *what = cli_text(part, "first_difference.message");
    bool equal = json_is_true(json_object_get(part, "equal"));
    bool complete = json_is_true(json_object_get(part, "complete"));
    json_t *row = json_copy((json_t *)part);
    json_object_set(row, "topic", json_object_get(topic, "topic"));
    json_object_set_new(row, "result",
                        json_string(!equal && *what ? "different"
                                    : complete      ? "equal"
                                                    : "not compared"));
    json_object_set_new(row, "what", json_string(*what ? what : *error ? error : ""));
    json_array_append_new(rows, row);
    tally->partitions++;
    tally->equal += equal && complete;
    tally->records += json_integer_value(json_object_get(part, "records"));
}

static json_t *make_rows(const json_t *sum, struct verify_tally *tally)
{
    json_t *rows = json_array(), *topic, *part;
    size_t i, j;
    *tally = (struct verify_tally){0};
    json_array_foreach (json_object_get(sum, "topics"), i, topic) {
        if (json_object_get(topic, "error")) {
            tally->partitions++; /* so that it isn't all equal */
            json_array_append_new(
                rows, json_pack("{s:O, s:s, s:O}", "topic", json_object_get(topic, "topic"),
                                "result", "not compared", "what", json_object_get(topic, "error")));
        }
        json_array_foreach (json_object_get(topic, "partitions"), j, part)
            add_row(rows, topic, part, tally);
    }
    return rows;
}

/* One line, drawn anew. */
static void show_progress(struct cli *cli, const json_t *sum)
{
    struct verify_tally tally;
    struct kc_str line = {0};
    if (!cli->terminal)
        return;
    json_decref(make_rows(sum, &tally));
    json_t *records = json_integer(tally.records);
    cli_format(&line, records, CLI_AS_NUMBER);
    fprintf(cli->err, "\r\033[K%s records are equal so far; %zu of %zu partitions are done",
            line.data, tally.equal, tally.partitions);
    fflush(cli->err);
    json_decref(records);
    kc_str_destroy(&line);
}

static struct kc_error *print_result(struct cli *cli, const json_t *sum)
{
    static const struct cli_column columns[] = {
        {"TOPIC", "topic", CLI_AS_TEXT},           {"PARTITION", "partition", CLI_AS_NUMBER},
        {"FROM", "from", CLI_AS_NUMBER},           {"TO", "to", CLI_AS_NUMBER},
        {"RECORDS", "records", CLI_AS_NUMBER},     {"RESULT", "result", CLI_AS_STATE},
        {"FIRST DIFFERENCE", "what", CLI_AS_TEXT},
    };
    struct verify_tally tally;
    json_t *rows = make_rows(sum, &tally);
    struct kc_error *err = NULL;
    if (tally.equal < tally.partitions)
        cli->status = CLI_FAILED;
    if (cli->terminal)
        fprintf(cli->err, "\r\033[K");
    if (!cli_print_data(cli, sum)) {
        if (json_array_size(rows))
            err = cli_print_list(cli, rows, columns, CLI_COUNT(columns));
        struct kc_str records = {0};
        json_t *number = json_integer(tally.records);
        cli_format(&records, number, CLI_AS_NUMBER);
        cli_say(cli, "%s%zu of %zu partitions are equal: %s records.",
                json_array_size(rows) ? "\n" : "", tally.equal, tally.partitions, records.data);
        kc_str_destroy(&records);
        json_decref(number);
    }
    json_decref(rows);
    return err;
}

/* ---- rounds ---- */

static json_t *first_body(const struct cli *cli)
{
    const struct kc_strings names = cli_names(cli);
    json_t *body = json_object(), *topics = json_array();
    for (size_t i = 0; i < names.count; i++)
        json_array_append_new(topics, json_string(names.items[i]));
    if (names.count)
        json_object_set(body, "topics", topics);
    json_decref(topics);
    return body;
}

static struct kc_error *ask(struct cli *cli, json_t *body, json_t **answer)
{
    json_object_set_new(body, "timeout_ms", json_integer(ROUND_MS));
    return cli_do(cli, "POST", cli_path("/links/{}/verify", cli_argument(cli, 0)), body, answer);
}

/* Whether the rest is what it was: nothing has gone on. */
static bool is_idle(json_t *body, json_t *former)
{
    json_object_del(former, "timeout_ms");
    return json_equal(body, former);
}

static struct kc_error *verify(struct cli *cli)
{
    json_t *sum = NULL, *body = first_body(cli);
    int idle = 0;
    if (cli->timeout_ms < LEAST_TIMEOUT_MS)
        cli->timeout_ms = LEAST_TIMEOUT_MS;
    struct kc_error *err = ask(cli, body, &sum);
    while (!err) {
        json_t *answer = NULL, *rest = rest_of(sum);
        idle = rest && is_idle(rest, body) ? idle + 1 : 0;
        json_decref(body);
        body = rest;
        show_progress(cli, sum);
        if (!rest || idle > MOST_IDLE_ROUNDS)
            break;
        err = ask(cli, body, &answer);
        if (!err)
            merge(sum, answer);
        json_decref(answer);
    }
    if (!err)
        err = print_result(cli, sum);
    json_decref(body);
    json_decref(sum);
    return err;
}

const struct cli_command cli_verify_commands[] = {
    {"", "LINK [TOPIC...]", 0, verify,
     "Compares mirror topics with their sources, record by record: offsets, timestamps, keys, "
     "values, headers.",
     "  isthmus verify move\n"
     "  isthmus verify move orders payments -o json\n"},
    {0},
};
