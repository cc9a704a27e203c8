/* SPDX-License-Identifier: Apache-2.0 */
/* isthmus mirror: the mirror topics of a link. */
#include "cli/cli_back_priv.h"
#include "cli/cli_print_priv.h"
#include "cli/cli_progress_priv.h"
#include "cli/cli_server_priv.h"
#include "cli/cli_verbs_priv.h"
#include "cli/cli_watch_priv.h"

#include <stdlib.h>
#include <string.h>

static const struct cli_column list_columns[] = {
    {"LINK", "link_name", CLI_AS_TEXT},
    {"TOPIC", "mirror_topic_name", CLI_AS_TEXT},
    {"STATE", "mirror_status", CLI_AS_STATE},
    {"OFFSETS", "offsets", CLI_AS_TEXT},
    {"PARTITIONS", "num_partitions", CLI_AS_NUMBER},
    {"PROGRESS", "progress", CLI_AS_PERCENT},
    {"LAG", "sum.lag", CLI_AS_NUMBER},
    {"BYTES", "sum.lag_bytes", CLI_AS_BYTES},
    {"BEHIND", "sum.lag_ms", CLI_AS_DURATION},
    {"ETA", "eta_ms", CLI_AS_DURATION},
    {"REASON", "reason", CLI_AS_TEXT},
};

static const struct cli_column item_columns[] = {
    {"Topic", "mirror_topic_name", CLI_AS_TEXT},
    {"Source topic", "source_topic_name", CLI_AS_TEXT},
    {"Link", "link_name", CLI_AS_TEXT},
    {"State", "mirror_status", CLI_AS_STATE},
    {"Since", "state_time_ms", CLI_AS_TIME},
    {"Reason", "reason", CLI_AS_TEXT},
    {"Offsets", "offsets", CLI_AS_TEXT},
    {"Partitions", "num_partitions", CLI_AS_NUMBER},
    {"Progress", "progress", CLI_AS_PERCENT},
    {"Lag", "sum.lag", CLI_AS_NUMBER},
    {"Lag in bytes", "sum.lag_bytes", CLI_AS_BYTES},
    {"Behind", "sum.lag_ms", CLI_AS_DURATION},
    {"ETA", "eta_ms", CLI_AS_DURATION},
    {"Groups", "subscribed_groups", CLI_AS_NUMBER},
    {"Groups that are over", "promoted_groups", CLI_AS_NUMBER},
};

static const struct cli_column lag_columns[] = {
    {"PARTITION", "partition", CLI_AS_NUMBER},
    {"SOURCE BEGINS", "source_log_start_offset", CLI_AS_NUMBER},
    {"SOURCE ENDS", "source_log_end_offset", CLI_AS_NUMBER},
    {"TARGET ENDS", "target_log_end_offset", CLI_AS_NUMBER},
    {"LAG", "lag", CLI_AS_NUMBER},
    {"BYTES", "lag_bytes", CLI_AS_BYTES},
    {"BEHIND", "lag_ms", CLI_AS_DURATION},
};

static void set_known(json_t *sum, const char *name, int64_t value)
{
    if (value >= 0)
        json_object_set_new(sum, name, json_integer(value));
}

/* A copy of a mirror with its partitions added up as "sum". New reference. */
static json_t *with_sum(const json_t *mirror)
{
    struct cli_progress progress;
    json_t *copy = json_copy((json_t *)mirror), *sum = json_object();
    cli_progress_of(mirror, &progress);
    set_known(sum, "lag", progress.lag);
    set_known(sum, "lag_bytes", progress.lag_bytes);
    set_known(sum, "lag_ms", progress.lag_ms);
    json_object_set_new(copy, "sum", sum);
    return copy;
}

/* ---- list, describe ---- */

static struct kc_error *print_mirrors(struct cli *cli, const json_t *mirrors)
{
    json_t *rows = json_array(), *mirror;
    size_t i, skip = cli_argument(cli, 0) ? 1 : 0; /* the link is known */
    struct kc_error *err = NULL;
    if (!cli_print_data(cli, mirrors)) {
        json_array_foreach (mirrors, i, mirror)
            json_array_append_new(rows, with_sum(mirror));
        err = cli_print_list(cli, rows, list_columns + skip, CLI_COUNT(list_columns) - skip);
    }
    json_decref(rows);
    return err;
}

static struct kc_error *list(struct cli *cli)
{
    const char *link = cli_argument(cli, 0), *state = cli_value(cli, CLI_STATE);
    json_t *mirrors = NULL;
    if (cli_has(cli, CLI_WATCH))
        return link ? cli_watch(cli, link, NULL, CLI_WATCH_FINAL)
                    : kc_error_new(KC_ERR_BAD_REQUEST, "--watch needs a link: isthmus mirror list "
                                                       "LINK --watch");
    char *path = !state ? cli_path("/links/{}/mirrors?times=true", link ? link : "-")
                        : cli_path("/links/{}/mirrors?times=true&mirror_status={}",
                                   link ? link : "-", state);
    struct kc_error *err = cli_do(cli, "GET", path, NULL, &mirrors);
    if (!err)
        err = print_mirrors(cli, mirrors);
    json_decref(mirrors);
    return err;
}

static struct kc_error *print_mirror(struct cli *cli, const json_t *mirror)
{
    enum cli_output output;
    struct kc_error *err = cli_output_take(cli, CLI_HUMAN, &output);
    if (err || cli_print_data(cli, mirror))
        return err;
    json_t *row = with_sum(mirror);
    err = cli_print_item(cli, row, item_columns, CLI_COUNT(item_columns));
    if (!err && output == CLI_HUMAN)
        cli_print_part(cli, mirror, "mirror_lags", lag_columns, CLI_COUNT(lag_columns));
    json_decref(row);
    return err;
}

static struct kc_error *describe(struct cli *cli)
{
    const char *link = cli_argument(cli, 0);
    const struct kc_strings names = cli_names(cli);
    json_t *mirror = NULL;
    if (cli_has(cli, CLI_WATCH))
        return cli_watch(cli, link, &names, CLI_WATCH_FINAL);
    struct kc_error *err =
        cli_do(cli, "GET", cli_path("/links/{}/mirrors/{}", link, names.items[0]), NULL, &mirror);
    if (!err)
        err = print_mirror(cli, mirror);
    json_decref(mirror);
    return err;
}

/* ---- verbs ---- */

/* Those that people are asked about first, and until when --watch looks. */
static const struct mirror_verb {
    const char *verb; /* of the command; its request has the same but for create */
    bool ask;
    enum cli_watch_end end;
} verbs[] = {
    {"create", false, CLI_WATCH_COPIED}, {"pause", false, CLI_WATCH_FINAL},
    {"resume", false, CLI_WATCH_COPIED}, {"promote", true, CLI_WATCH_FINAL},
    {"failover", true, CLI_WATCH_FINAL}, {"repair", false, CLI_WATCH_COPIED},
};

static struct kc_error *change(struct cli *cli)
{
    const struct mirror_verb *verb = verbs;
    const struct kc_strings names = cli_names(cli);
    bool done = false;
    while (strcmp(verb->verb, cli->command->verb) != 0)
        verb++;
    const char *posted = strcmp(verb->verb, "create") == 0 ? NULL : verb->verb;
    bool deletes = strcmp(verb->verb, "repair") == 0 && cli_has(cli, CLI_FORCE);
    struct kc_error *err = cli_post_names(cli, &cli_topics, posted, verb->ask || deletes, &done);
    if (!err && done && cli_has(cli, CLI_WATCH))
        err = cli_watch(cli, cli_argument(cli, 0), &names, verb->end);
    return err;
}

/* ---- plan ---- */

static const struct cli_column plan_columns[] = {
    {"TOPIC", "mirror_topic_name", CLI_AS_TEXT},
    {"PARTITIONS", "num_partitions", CLI_AS_NUMBER},
    {"RECORDS", "records", CLI_AS_NUMBER},
    {"SIZE", "bytes", CLI_AS_BYTES},
    {"RECORDS/S", "records_per_second", CLI_AS_NUMBER},
    {"TAKES", "predicted_ms", CLI_AS_DURATION},
    {"SETTINGS", "settings_text", CLI_AS_TEXT},
    {"SPEAKS AGAINST IT", "against", CLI_AS_LIST},
};
static const struct cli_column total_columns[] = {
    {"Topics", "topics", CLI_AS_NUMBER},
    {"Blocked", "blocked", CLI_AS_NUMBER},
    {"Records", "records", CLI_AS_NUMBER},
    {"Size", "bytes", CLI_AS_BYTES},
    {"Can be read with", "bytes_per_second", CLI_AS_RATE},
    {"Takes", "predicted_ms", CLI_AS_DURATION},
};

/* "cleanup.policy=compact, ..." of what the mirror topic gets. New reference. */
static json_t *settings_text(const json_t *settings)
{
    struct kc_str text = {0};
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach ((json_t *)settings, name, value)
        kc_str_appendf(&text, "%s%s=%s", text.len ? ", " : "", name,
                       json_is_string(value) ? json_string_value(value) : "");
    json_t *json = json_string(text.data ? text.data : "");
    kc_str_destroy(&text);
    return json;
}

static json_t *plan_row(const json_t *topic)
{
    json_t *row = json_copy((json_t *)topic), *against = json_array(), *blocker = NULL;
    const char *message = cli_text(topic, "error_message");
    size_t i = 0;
    json_array_foreach (json_object_get(topic, "blockers"), i, blocker)
        json_array_append_new(against, json_string(cli_text(blocker, "message")));
    if (!json_array_size(against) && *message)
        json_array_append_new(against, json_string(message));
    json_object_set_new(row, "against", against);
    json_object_set_new(row, "settings_text", settings_text(json_object_get(topic, "settings")));
    return row;
}

static struct kc_error *print_plan(struct cli *cli, const json_t *plan)
{
    json_t *rows = json_array(), *topic = NULL;
    const json_t *total = json_object_get(plan, "total");
    size_t i = 0;
    if (json_integer_value(json_object_get(total, "blocked")) > 0)
        cli->status = CLI_BLOCKED;
    struct kc_error *err = NULL;
    if (!cli_print_data(cli, plan)) {
        json_array_foreach (json_object_get(plan, "topics"), i, topic)
            json_array_append_new(rows, plan_row(topic));
        err = cli_print_list(cli, rows, plan_columns, CLI_COUNT(plan_columns));
        if (!err && json_array_size(rows) > 1)
            err = cli_print_item(cli, total, total_columns, CLI_COUNT(total_columns));
    }
    json_decref(rows);
    return err;
}

static struct kc_error *plan(struct cli *cli)
{
    const struct kc_strings names = cli_names(cli);
    const char *pattern = cli_value(cli, CLI_PATTERN);
    struct kc_str path = {0};
    json_t *answer = NULL;
    if (pattern && names.count)
        return kc_error_new(KC_ERR_BAD_REQUEST, "either names or --pattern, not both");
    char *part = cli_path("/links/{}/mirrors:plan", cli_argument(cli, 0));
    kc_str_append(&path, part);
    free(part);
    for (size_t i = 0; i < names.count + (pattern ? 1 : 0); i++) {
        part = cli_path(pattern ? "?pattern={}"
                        : i     ? "&topic={}"
                                : "?topic={}",
                        pattern ? pattern : names.items[i]);
        kc_str_append(&path, part);
        free(part);
    }
    struct kc_error *err = cli_do(cli, "GET", kc_str_take(&path), NULL, &answer);
    if (!err)
        err = print_plan(cli, answer);
    json_decref(answer);
    return err;
}

static struct kc_error *delete (struct cli *cli)
{
    return cli_delete_names(cli, &cli_topics);
}

#define CHOICE (CLI_BIT(CLI_PATTERN) | CLI_BIT(CLI_DRY_RUN))
#define RISKY  (CHOICE | CLI_BIT(CLI_FORCE) | CLI_BIT(CLI_YES) | CLI_BIT(CLI_WATCH))

const struct cli_command cli_mirror_commands[] = {
    {"create", "LINK TOPIC...", CLI_BIT(CLI_DRY_RUN) | CLI_BIT(CLI_WATCH), change,
     "Mirrors topics of the source under their own names; with --watch until all is copied.",
     "  isthmus mirror create move orders payments --dry-run\n"
     "  isthmus mirror create move orders payments --watch\n"},
    {"plan", "LINK [TOPIC...]", CLI_BIT(CLI_PATTERN), plan,
     "Shows what mirroring would do: settings, size, rate, duration, and what speaks against it.",
     "  isthmus mirror plan move\n"
     "  isthmus mirror plan move --pattern 'orders.*' -o json\n"},
    {"list", "[LINK]", CLI_BIT(CLI_STATE) | CLI_BIT(CLI_WATCH), list,
     "Lists the mirror topics of a link, or of all, with state and lag.",
     "  isthmus mirror list move\n"
     "  isthmus mirror list --state DIVERGED -o json\n"},
    {"describe", "LINK TOPIC", CLI_BIT(CLI_WATCH), describe,
     "Shows a mirror topic and each of its partitions.", "  isthmus mirror describe move orders\n"},
    {"pause", "LINK [TOPIC...]", CHOICE, change, "Pauses the copying.",
     "  isthmus mirror pause move --pattern 'logs\\..*'\n"},
    {"resume", "LINK [TOPIC...]", CHOICE | CLI_BIT(CLI_WATCH), change, "Goes on with the copying.",
     "  isthmus mirror resume move orders --watch\n"},
    {"promote", "LINK [TOPIC...]", RISKY | CLI_BIT(CLI_MAX_PAUSE), change,
     "Makes the target the truth, once everything is copied. Shows blockers, and asks first.",
     "  isthmus mirror promote move orders --dry-run\n"
     "  isthmus mirror promote move orders payments --max-pause 1000 --yes --watch\n"},
    {"failover", "LINK [TOPIC...]", RISKY, change,
     "Makes the target the truth with what is copied, when the source is lost. Asks first.",
     "  isthmus mirror failover move --pattern '.*' --yes\n"},
    {"repair", "LINK [TOPIC...]", RISKY, change,
     "Leads a topic out of DIVERGED or FAILED; by force makes it anew where it isn't the source's.",
     "  isthmus mirror repair move orders\n"
     "  isthmus mirror repair move orders --dry-run\n"
     "  isthmus mirror repair move orders --force --watch\n"},
    {"reverse-and-start", "LINK [TOPIC...]", CHOICE | CLI_BIT(CLI_YES) | CLI_BIT(CLI_WATCH),
     cli_mirror_back,
     "Mirrors promoted topics back to the source, by a second link, so that clients can return.",
     "  isthmus mirror reverse-and-start move orders --dry-run\n"
     "  isthmus mirror reverse-and-start move orders --yes --watch\n"},
    {"truncate-and-restore", "LINK [TOPIC...]", RISKY, cli_mirror_back,
     "The same where the source has records that the target hasn't: tells them, gives them up.",
     "  isthmus mirror truncate-and-restore move orders --dry-run\n"
     "  isthmus mirror truncate-and-restore move orders --force --yes\n"},
    {"finalize", "LINK [TOPIC...]", CHOICE | CLI_BIT(CLI_YES), cli_mirror_back,
     "Ends the way back: nobody returns any more.",
     "  isthmus mirror finalize move orders --yes\n"},
    {"delete", "LINK TOPIC...", CLI_BIT(CLI_YES), delete,
     "Ends the mirroring of topics, which stay as they are.",
     "  isthmus mirror delete move orders --yes\n"},
    {0},
};
