/* SPDX-License-Identifier: Apache-2.0 */
/* isthmus link: links between two clusters. A link is a connector; the worker has the rest. */
#include "cli/cli_back_priv.h"
#include "cli/cli_input_priv.h"
#include "cli/cli_print_priv.h"
#include "cli/cli_server_priv.h"
#include "cli/cli_validate_priv.h"
#include "cli/cli_verbs_priv.h"
#include "cli/cli_watch_priv.h"
#include "cli/cli_wave_priv.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOOK_MS    200 /* between looks at a new link, or one that ends */
#define LINK_CLASS "org.isthmus.connect.link.KafkaLinkConnector"

static const struct cli_column columns[] = {
    {"LINK", "link_name", CLI_AS_TEXT},
    {"STATE", "link_state", CLI_AS_STATE},
    {"TOPICS", "topics", CLI_AS_COUNTS},
    {"GROUPS", "groups", CLI_AS_COUNTS},
    {"LAG", "lag", CLI_AS_NUMBER},
    {"RECORDS/S", "throughput", CLI_AS_NUMBER},
    {"SOURCE", "source_cluster_id", CLI_AS_TEXT},
    {"TARGET", "target_cluster_id", CLI_AS_TEXT},
};

/* ---- create ---- */

static const struct short_form {
    enum cli_flag_id flag;
    const char *key;
} short_forms[] = {
    {CLI_SOURCE, "source.cluster.bootstrap.servers"},
    {CLI_TARGET, "target.cluster.bootstrap.servers"},
    {CLI_TOPICS, "topics"},
    {CLI_GROUPS, "groups"},
};

/* What is given goes before what the other link has. */
static struct kc_error *add_reversed(struct cli *cli, struct kc_map **config)
{
    struct kc_map *reversed = NULL;
    const char *link = cli_value(cli, CLI_REVERSE_OF);
    struct kc_error *err = link ? cli_reverse_config(cli, link, &reversed) : NULL;
    if (err || !link)
        return err;
    kc_map_merge(reversed, *config);
    kc_map_destroy(*config);
    *config = reversed;
    return NULL;
}

static struct kc_error *make_config(struct cli *cli, struct kc_map **config)
{
    struct kc_error *err = cli_read_config(cli, cli_argument(cli, 1), config, NULL);
    if (!err)
        err = add_reversed(cli, config);
    if (err)
        return err;
    for (size_t i = 0; i < CLI_COUNT(short_forms); i++)
        if (cli_has(cli, short_forms[i].flag))
            kc_map_set(*config, short_forms[i].key, cli_value(cli, short_forms[i].flag));
    kc_map_set(*config, "name", cli_argument(cli, 0));
    kc_map_set_default(*config, "connector.class", LINK_CLASS);
    return NULL;
}

struct kc_error *cli_await_link(struct cli *cli, const char *link)
{
    int64_t until = kc_mono_ms() + cli->timeout_ms;
    for (;;) {
        struct kc_error *err = cli_do(cli, "GET", cli_path("/links/{}/tasks", link), NULL, NULL);
        if (!err || kc_mono_ms() > until)
            return err ? kc_error_prefix(err, "the link %s is created, but doesn't answer", link)
                       : NULL;
        kc_error_destroy(err);
        usleep(LOOK_MS * 1000);
    }
}

static void say_created(struct cli *cli, const char *link, const struct kc_map *config)
{
    bool names = *kc_map_get_or(config, "topics", "") || *kc_map_get_or(config, "groups", "");
    if (names)
        cli_say(cli,
                "The link %s is created. It takes up by itself what its topics and groups match: "
                "isthmus mirror list %s",
                link, link);
    else
        cli_say(cli,
                "The link %s is created. Nothing moves until topics or groups are named: "
                "isthmus mirror create %s TOPIC...",
                link, link);
}

static struct kc_error *create(struct cli *cli)
{
    const char *link = cli_argument(cli, 0);
    struct kc_map *config = NULL;
    json_t *created = NULL;
    struct kc_error *err = make_config(cli, &config);
    if (err)
        return err;
    if (cli_has(cli, CLI_DRY_RUN)) {
        err = cli_validate(cli, config);
    } else {
        json_t *body = json_pack("{s:s, s:o}", "name", link, "config", cli_config_json(config));
        err = cli_do(cli, "POST", cli_path("/connectors"), body, &created);
        json_decref(body);
        if (!err)
            err = cli_await_link(cli, link);
        if (!err && !cli_print_data(cli, created))
            say_created(cli, link, config);
    }
    json_decref(created);
    kc_map_destroy(config);
    return err;
}

/* ---- list, describe ---- */

static struct kc_error *list(struct cli *cli)
{
    json_t *links = NULL;
    struct kc_error *err = cli_do(cli, "GET", cli_path("/links"), NULL, &links);
    if (!err)
        err = cli_print_list(cli, links, columns, CLI_COUNT(columns));
    json_decref(links);
    return err;
}

/* The texts of errors. New reference. */
static json_t *messages_of(const json_t *errors)
{
    json_t *messages = json_array(), *error;
    size_t i;
    json_array_foreach (errors, i, error)
        json_array_append_new(messages, json_string(cli_text(error, "error_message")));
    return messages;
}

static void print_parts(struct cli *cli, const json_t *link)
{
    static const struct cli_column tasks[] = {{"TASK", "task_name", CLI_AS_TEXT},
                                              {"STATE", "state", CLI_AS_STATE},
                                              {"ERRORS", "why", CLI_AS_LIST}};
    static const struct cli_column gateways[] = {{"GATEWAY", "id", CLI_AS_TEXT},
                                                 {"ADDRESS", "address", CLI_AS_TEXT},
                                                 {"EPOCH", "epoch", CLI_AS_NUMBER},
                                                 {"CLIENTS", "connections", CLI_AS_NUMBER}};
    static const struct cli_column blockers[] = {{"BLOCKER", "code", CLI_AS_TEXT},
                                                 {"WHAT TO DO", "message", CLI_AS_TEXT}};
    json_t *task;
    size_t i;
    json_array_foreach (json_object_get(link, "tasks"), i, task)
        json_object_set_new(task, "why", messages_of(json_object_get(task, "errors")));
    cli_print_part(cli, link, "tasks", tasks, CLI_COUNT(tasks));
    cli_print_part(cli, link, "gateways", gateways, CLI_COUNT(gateways));
    cli_print_part(cli, link, "blockers", blockers, CLI_COUNT(blockers));
}

static struct kc_error *describe(struct cli *cli)
{
    const char *name = cli_argument(cli, 0);
    json_t *link = NULL;
    enum cli_output output;
    struct kc_error *err = cli_output_take(cli, CLI_HUMAN, &output);
    if (!err && cli_has(cli, CLI_WATCH))
        return cli_watch(cli, name, NULL, CLI_WATCH_FINAL);
    if (!err)
        err = cli_do(cli, "GET", cli_path("/links/{}", name), NULL, &link);
    if (!err)
        err = cli_print_item(cli, link, columns, CLI_COUNT(columns));
    if (!err && output == CLI_HUMAN)
        print_parts(cli, link);
    json_decref(link);
    return err;
}

/* ---- tasks ---- */

static struct kc_error *pause_tasks(struct cli *cli)
{
    bool done;
    return cli_post_names(cli, &cli_tasks, "pause", false, &done);
}

static struct kc_error *resume_tasks(struct cli *cli)
{
    bool done;
    return cli_post_names(cli, &cli_tasks, "resume", false, &done);
}

/* ---- report ---- */

/* A row for each partition of each promotion: what `isthmus verify` may be held against. New
 * reference. */
static json_t *receipt_rows(const json_t *receipts)
{
    json_t *rows = json_array(), *receipt, *part;
    size_t i, j;
    json_array_foreach (receipts, i, receipt) {
        json_array_foreach (json_object_get(receipt, "partitions"), j, part) {
            json_t *row = json_copy(part);
            json_object_update_missing(row, receipt);
            json_array_append_new(rows, row);
        }
    }
    return rows;
}

static void print_report(struct cli *cli, const json_t *report)
{
    static const struct cli_column head[] = {{"LINK", "link_name", CLI_AS_TEXT},
                                             {"AT", "time_ms", CLI_AS_TIME},
                                             {"SOURCE", "source_cluster_id", CLI_AS_TEXT},
                                             {"TARGET", "target_cluster_id", CLI_AS_TEXT}};
    static const struct cli_column moved[] = {{"TOPIC", "mirror_topic_name", CLI_AS_TEXT},
                                              {"STATE", "state", CLI_AS_STATE},
                                              {"AT", "since_ms", CLI_AS_TIME},
                                              {"PAUSE", "pause_ms", CLI_AS_DURATION},
                                              {"BY", "by", CLI_AS_TEXT},
                                              {"PARTITION", "partition", CLI_AS_NUMBER},
                                              {"SOURCE ENDED", "source_end", CLI_AS_NUMBER},
                                              {"TARGET ENDED", "target_end", CLI_AS_NUMBER},
                                              {"RECORDS", "records", CLI_AS_NUMBER},
                                              {"CHECKSUM", "checksum", CLI_AS_TEXT}};
    static const struct cli_column open[] = {{"STILL LINKED", "mirror_topic_name", CLI_AS_TEXT},
                                             {"STATE", "mirror_status", CLI_AS_STATE}};
    json_t *list = json_array(), *rows = receipt_rows(json_object_get(report, "receipts"));
    json_array_append(list, (json_t *)report);
    cli_print_table(cli, list, head, CLI_COUNT(head));
    if (json_array_size(rows)) {
        fputc('\n', cli->out);
        cli_print_table(cli, rows, moved, CLI_COUNT(moved));
    }
    cli_print_part(cli, report, "open_topics", open, CLI_COUNT(open));
    json_decref(rows);
    json_decref(list);
}

static struct kc_error *report(struct cli *cli)
{
    json_t *answer = NULL;
    struct kc_error *err =
        cli_do(cli, "GET", cli_path("/links/{}/report", cli_argument(cli, 0)), NULL, &answer);
    if (!err && !cli_print_data(cli, answer))
        print_report(cli, answer);
    json_decref(answer);
    return err;
}

/* ---- delete ---- */

/* Takes away what the link has put on the target; held groups are let go meanwhile. */
static struct kc_error *end(struct cli *cli, const char *name)
{
    int64_t until = kc_mono_ms() + cli->timeout_ms;
    struct kc_error *err = NULL;
    bool ended = false;
    while (!err && !ended) {
        json_t *left = NULL;
        err = cli_do(cli, "DELETE", cli_path("/links/{}", name), NULL, &left);
        ended = !err && !left;
        json_decref(left);
        if (!err && !ended && kc_mono_ms() >= until)
            err = kc_error_new(KC_ERR_TIMEOUT, "its groups aren't released after %d s",
                               cli->timeout_ms / 1000);
        else if (!err && !ended)
            usleep(LOOK_MS * 1000);
    }
    if (!err)
        return NULL;
    return kc_error_prefix(err,
                           "The link %s can't end (isthmus connector delete %s deletes it all the "
                           "same, and leaves what it has changed on the target as it is)",
                           name, name);
}

static struct kc_error *delete (struct cli *cli)
{
    const char *name = cli_argument(cli, 0);
    bool yes;
    struct kc_error *err =
        cli_confirm(cli, &yes,
                    "Delete the link %s? No topic and no record is deleted, but nothing is copied "
                    "any more, and held groups are let go.",
                    name);
    if (err || !yes)
        return err;
    err = end(cli, name);
    if (!err)
        err = cli_do(cli, "DELETE", cli_path("/connectors/{}", name), NULL, NULL);
    if (!err)
        cli_say(cli, "The link %s is deleted. Its topics stay.", name);
    return err;
}

const struct cli_command cli_link_commands[] = {
    {"create", "NAME [FILE]",
     CLI_BIT(CLI_SOURCE) | CLI_BIT(CLI_TARGET) | CLI_BIT(CLI_TOPICS) | CLI_BIT(CLI_GROUPS) |
         CLI_BIT(CLI_SET) | CLI_BIT(CLI_REVERSE_OF) | CLI_BIT(CLI_DRY_RUN),
     create, "Creates a link. Nothing moves until topics or groups are named.",
     "  isthmus link create move --source old:9092 --target new:9092 --dry-run\n"
     "  isthmus link create move-back --reverse-of move\n"
     "  isthmus link create move link.properties --topics 'orders,payments.*' --groups billing\n"},
    {"list", "", 0, list, "Lists all links with their topics, groups and lag.",
     "  isthmus link list\n"},
    {"describe", "NAME", CLI_BIT(CLI_WATCH), describe,
     "Shows a link, its tasks, and what blocks it; with --watch its progress.",
     "  isthmus link describe move\n"
     "  isthmus link describe move --watch\n"},
    {"tasks pause", "LINK TASK...", CLI_BIT(CLI_DRY_RUN), pause_tasks,
     "Pauses what the link does by itself: topics (new ones), configs, acls, groups.",
     "  isthmus link tasks pause move acls configs\n"},
    {"tasks resume", "LINK TASK...", CLI_BIT(CLI_DRY_RUN), resume_tasks,
     "Goes on with what was paused.", "  isthmus link tasks resume move acls configs\n"},
    {"report", "NAME", 0, report,
     "Shows what was promoted: when, by whom, with which pause, offsets and checksums.",
     "  isthmus link report move\n"
     "  isthmus link report move -o json > move.json\n"},
    {"delete", "NAME", CLI_BIT(CLI_YES), delete,
     "Deletes a link. Topics and records stay on both sides.",
     "  isthmus link delete move --yes\n"},
    {"waves propose", "LINK", CLI_BIT(CLI_MANIFEST), cli_waves_propose,
     "Proposes in which batches to move: what belongs together, size, duration, what would break.",
     "  isthmus link waves propose move\n"
     "  isthmus link waves propose move --manifest > wave.yaml\n"},
    {"waves create", "LINK FILE", CLI_BIT(CLI_DRY_RUN), cli_waves_create,
     "Stores a wave, from a manifest as YAML or JSON ('-': standard input).",
     "  isthmus link waves create move wave.yaml --dry-run\n"},
    {"waves list", "LINK", 0, cli_waves_list, "Lists the waves of a link.",
     "  isthmus link waves list move\n"},
    {"waves describe", "LINK WAVE", 0, cli_waves_describe,
     "Shows a wave and its batches, and how far it has come.",
     "  isthmus link waves describe move first\n"},
    {"waves start", "LINK WAVE...", CLI_BIT(CLI_DRY_RUN) | CLI_BIT(CLI_FORCE) | CLI_BIT(CLI_YES),
     cli_waves_start, "Moves the batches of a wave, one after the other. Asks first.",
     "  isthmus link waves start move first --yes\n"},
    {"waves stop", "LINK WAVE...", CLI_BIT(CLI_DRY_RUN), cli_waves_stop,
     "Stops a wave behind the batch that it is at; it can be started again.",
     "  isthmus link waves stop move first\n"},
    {"waves delete", "LINK WAVE", CLI_BIT(CLI_YES), cli_waves_delete,
     "Deletes a wave; its topics and groups stay.",
     "  isthmus link waves delete move first --yes\n"},
    {0},
};
