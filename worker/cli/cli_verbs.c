/* SPDX-License-Identifier: Apache-2.0 */
/* Requests about names: see cli_verbs_priv.h. */
#include "cli/cli_verbs_priv.h"

#include "cli/cli_print_priv.h"
#include "cli/cli_server_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const struct cli_kind cli_topics = {.noun = "topic",
                                    .title = "TOPIC",
                                    .path = "mirrors",
                                    .name = "mirror_topic_name",
                                    .names = "mirror_topic_names",
                                    .pattern = "mirror_topic_name_pattern",
                                    .status = "mirror_status"};
const struct cli_kind cli_groups = {.noun = "group",
                                    .title = "GROUP",
                                    .path = "groups",
                                    .name = "group_id",
                                    .names = "group_ids",
                                    .pattern = "group_id_pattern",
                                    .status = "group_status"};
const struct cli_kind cli_tasks = {.noun = "task",
                                   .title = "TASK",
                                   .path = "tasks",
                                   .name = "task_name",
                                   .names = "task_names",
                                   .status = "state"};
const struct cli_kind cli_waves = {.noun = "wave",
                                   .title = "WAVE",
                                   .path = "waves",
                                   .name = "wave_name",
                                   .names = "wave_names",
                                   .status = "state"};

/* ---- the request ---- */

struct kc_strings cli_names(const struct cli *cli)
{
    return (struct kc_strings){.items = cli->arguments.items + 1,
                               .count = cli->arguments.count - 1};
}

static struct kc_error *add_pause(const struct cli *cli, json_t *body)
{
    const char *text = cli_value(cli, CLI_MAX_PAUSE);
    char *end = NULL;
    if (!text)
        return NULL;
    errno = 0;
    long ms = strtol(text, &end, 10);
    if (errno || end == text || *end || ms < 0)
        return kc_error_new(KC_ERR_BAD_REQUEST, "--max-pause %s: a number of milliseconds", text);
    json_object_set_new(body, "max_pause_ms", json_integer(ms));
    return NULL;
}

/* Verbs that somebody must follow: the link back is made afterwards, when they are taken. */
static bool makes_link_back(const struct cli *cli)
{
    const char *verb = cli->command->verb;
    return strcmp(verb, "reverse-and-start") == 0 || strcmp(verb, "truncate-and-restore") == 0;
}

/* New reference in *body. */
static struct kc_error *make_body(const struct cli *cli, const struct cli_kind *kind, json_t **body)
{
    const char *pattern = cli_value(cli, CLI_PATTERN);
    const struct kc_strings names = cli_names(cli);
    *body = json_object();
    if (pattern && names.count)
        return kc_error_new(KC_ERR_BAD_REQUEST, "either names or --pattern, not both");
    if (!pattern && !names.count)
        return kc_error_new(KC_ERR_BAD_REQUEST, "name the %ss%s. See isthmus %s %s --help",
                            kind->noun,
                            cli->command->flags & CLI_BIT(CLI_PATTERN) ? ", or give --pattern" : "",
                            cli->noun->name, cli->command->verb);
    if (pattern) {
        json_object_set_new(*body, kind->pattern, json_string(pattern));
    } else {
        json_t *list = json_array();
        for (size_t i = 0; i < names.count; i++)
            json_array_append_new(list, json_string(names.items[i]));
        json_object_set_new(*body, kind->names, list);
    }
    if (cli_has(cli, CLI_FORCE))
        json_object_set_new(*body, "force", json_true());
    if (makes_link_back(cli))
        json_object_set_new(*body, "link_back_follows", json_true());
    return add_pause(cli, *body);
}

/* The list of what became of each name, wherever the answer has it, borrowed; NULL: it has none. */
static const json_t *outcomes_of(const json_t *answer)
{
    const char *key;
    json_t *value;
    if (json_is_array(answer))
        return answer;
    json_object_foreach ((json_t *)answer, key, value)
        if (json_is_array(value))
            return value;
    return NULL;
}

/* ---- the answer ---- */

/* What speaks against it, each with its remedy; what only warns is marked so. */
static void print_blockers(struct cli *cli, const struct cli_kind *kind, const json_t *outcomes)
{
    json_t *outcome, *blocker;
    size_t i, j;
    bool first = true;
    json_array_foreach (outcomes, i, outcome) {
        json_array_foreach (json_object_get(outcome, "blockers"), j, blocker) {
            struct kc_str line = {0};
            bool warning = json_is_true(json_object_get(blocker, "warning"));
            cli_format(&line, json_object_get(outcome, kind->name), CLI_AS_TEXT);
            kc_str_append(&line, warning ? ": warning: " : ": ");
            cli_format(&line, json_object_get(blocker, "code"), CLI_AS_TEXT);
            kc_str_append(&line, ": ");
            cli_format(&line, json_object_get(blocker, "message"), CLI_AS_TEXT);
            fprintf(cli->out, "%s%s\n", first ? "\n" : "", line.data);
            first = false;
            kc_str_destroy(&line);
        }
    }
}

static bool is_blocked(const json_t *outcome)
{
    json_t *blocker;
    size_t i;
    json_array_foreach (json_object_get(outcome, "blockers"), i, blocker)
        if (!json_is_true(json_object_get(blocker, "warning")))
            return true;
    return false;
}

/* Blocked is what force could do, failed what it couldn't. */
static void judge(struct cli *cli, const json_t *outcomes)
{
    json_t *outcome;
    size_t i;
    bool force = cli_has(cli, CLI_FORCE);
    json_array_foreach (outcomes, i, outcome) {
        json_int_t code = json_integer_value(json_object_get(outcome, "error_code"));
        if (!force && is_blocked(outcome))
            cli->status = CLI_BLOCKED;
        else if (code >= 400 && cli->status == CLI_OK)
            cli->status = CLI_FAILED;
    }
}

struct kc_error *cli_print_outcomes(struct cli *cli, const struct cli_kind *kind, long status,
                                    const json_t *answer)
{
    const struct cli_column columns[] = {
        {kind->title, kind->name, CLI_AS_TEXT},
        {"STATE", kind->status, CLI_AS_STATE},
        {"PREDICTED", "predicted_ms", CLI_AS_DURATION},
        {"RESULT", "result", CLI_AS_TEXT},
    };
    const json_t *outcomes = outcomes_of(answer);
    json_t *rows, *row;
    size_t i;
    struct kc_error *err = NULL;
    if (!outcomes)
        return status >= 400 ? cli_refusal(cli, status, answer) : NULL;
    judge(cli, outcomes);
    if (cli_print_data(cli, answer))
        return NULL;
    rows = json_deep_copy(outcomes);
    json_array_foreach (rows, i, row) {
        const char *message = cli_text(row, "error_message");
        message = *message ? message : cli_text(row, "message");
        json_object_set_new(row, "result",
                            json_string(is_blocked(row) ? "blocked, see below"
                                        : *message      ? message
                                                        : "ok"));
    }
    if (json_array_size(rows))
        err = cli_print_list(cli, rows, columns, CLI_COUNT(columns));
    print_blockers(cli, kind, outcomes);
    json_decref(rows);
    return err;
}

/* Posts once, and prints the answer. */
static struct kc_error *post(struct cli *cli, const struct cli_kind *kind, const char *verb,
                             json_t *body, bool dry_run)
{
    json_t *answer = NULL;
    long status = 0;
    char *path = cli_path("/links/{}/", cli_argument(cli, 0));
    char *whole = kc_asprintf("%s%s%s%s", path, kind->path, verb ? ":" : "", verb ? verb : "");
    json_object_set_new(body, "dry_run", json_boolean(dry_run));
    struct kc_error *err = cli_ask(cli, "POST", whole, body, &status, &answer);
    if (!err)
        err = cli_print_outcomes(cli, kind, status, answer);
    free(whole);
    free(path);
    json_decref(answer);
    return err;
}

/* A dry run that shows what would happen, and the question. *yes is false where something speaks
 * against it. */
static struct kc_error *ask_people(struct cli *cli, const struct cli_kind *kind, const char *verb,
                                   json_t *body, bool *yes)
{
    *yes = true;
    if (cli_has(cli, CLI_YES))
        return NULL;
    struct kc_error *err = post(cli, kind, verb, body, true);
    *yes = !err && cli->status == CLI_OK;
    if (!*yes)
        return err;
    fputc('\n', cli->out);
    fflush(cli->out);
    return cli_confirm(cli, yes, "Shall this be done: %s %s?", cli->noun->name, verb);
}

struct kc_error *cli_post_names(struct cli *cli, const struct cli_kind *kind, const char *verb,
                                bool ask, bool *done)
{
    json_t *body = NULL;
    bool dry_run = cli_has(cli, CLI_DRY_RUN), yes = true;
    struct kc_error *err = make_body(cli, kind, &body);
    *done = false;
    if (!err && ask && !dry_run)
        err = ask_people(cli, kind, verb, body, &yes);
    if (!err && yes) {
        err = post(cli, kind, verb, body, dry_run);
        *done = !err && !dry_run && cli->status == CLI_OK;
    }
    json_decref(body);
    return err;
}

struct kc_error *cli_delete_names(struct cli *cli, const struct cli_kind *kind)
{
    bool yes;
    const struct kc_strings names = cli_names(cli);
    char *list = kc_strings_join(&names, ", ");
    struct kc_error *err = cli_confirm(
        cli, &yes, "End the mirroring of %s? The %s itself stays, with all that is in it.", list,
        kind->noun);
    for (size_t i = 0; i < names.count && !err && yes; i++) {
        char *path = cli_path("/links/{}/", cli_argument(cli, 0));
        char *name = cli_path("/{}", names.items[i]);
        err = cli_do(cli, "DELETE", kc_asprintf("%s%s%s", path, kind->path, name), NULL, NULL);
        if (!err)
            cli_say(cli, "%s is no longer mirrored.", names.items[i]);
        free(name);
        free(path);
    }
    free(list);
    return err;
}
