/* SPDX-License-Identifier: Apache-2.0 */
/* isthmus connector: Connect's own calls for people. */
#include "cli/cli_input_priv.h"
#include "cli/cli_print_priv.h"
#include "cli/cli_server_priv.h"
#include "cli/cli_validate_priv.h"
#include "connect/thread.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOOK_MS 200 /* between looks at a state that is to change */

/* ---- list, describe ---- */

/* {"RUNNING": 2, "FAILED": 1} */
static json_t *count_states(const json_t *tasks)
{
    json_t *counts = json_object(), *task;
    size_t i;
    json_array_foreach (tasks, i, task) {
        const char *state = cli_text(task, "state");
        json_int_t before = json_integer_value(json_object_get(counts, state));
        json_object_set_new(counts, state, json_integer(before + 1));
    }
    return counts;
}

/* One object of a connector's info and status; either may be NULL. */
static json_t *merge(const char *name, const json_t *info, const json_t *status)
{
    json_t *item = json_object(), *connector = json_object_get(status, "connector");
    const json_t *class_name = cli_field(info, "config");
    class_name = json_object_get(class_name, "connector.class");
    json_object_set_new(item, "name", json_string(name));
    json_object_set(item, "type", json_object_get(status, "type"));
    json_object_set(item, "class", (json_t *)class_name);
    json_object_set(item, "state", json_object_get(connector, "state"));
    json_object_set(item, "worker_id", json_object_get(connector, "worker_id"));
    json_object_set_new(item, "task_states", count_states(json_object_get(status, "tasks")));
    json_object_set(item, "tasks", json_object_get(status, "tasks"));
    json_object_set(item, "trace", json_object_get(connector, "trace"));
    return item;
}

static struct kc_error *list(struct cli *cli)
{
    static const struct cli_column columns[] = {
        {"NAME", "name", CLI_AS_TEXT},        {"TYPE", "type", CLI_AS_TEXT},
        {"STATE", "state", CLI_AS_STATE},     {"TASKS", "task_states", CLI_AS_COUNTS},
        {"WORKER", "worker_id", CLI_AS_TEXT}, {"CLASS", "class", CLI_AS_TEXT},
    };
    const char *state = cli_value(cli, CLI_STATE), *name;
    json_t *expanded = NULL, *entry, *items = json_array();
    struct kc_error *err =
        cli_do(cli, "GET", cli_path("/connectors?expand=status&expand=info"), NULL, &expanded);
    json_object_foreach (expanded, name, entry) {
        json_t *item =
            merge(name, json_object_get(entry, "info"), json_object_get(entry, "status"));
        if (!state || strcasecmp(state, cli_text(item, "state")) == 0)
            json_array_append(items, item);
        json_decref(item);
    }
    if (!err)
        err = cli_print_list(cli, items, columns, CLI_COUNT(columns));
    json_decref(items);
    json_decref(expanded);
    return err;
}

static void print_tasks(struct cli *cli, const json_t *item)
{
    static const struct cli_column columns[] = {{"TASK", "id", CLI_AS_NUMBER},
                                                {"STATE", "state", CLI_AS_STATE},
                                                {"WORKER", "worker_id", CLI_AS_TEXT},
                                                {"WHY", "why", CLI_AS_TEXT}};
    json_t *tasks = json_deep_copy(json_object_get(item, "tasks")), *task;
    size_t i;
    json_array_foreach (tasks, i, task) {
        const char *trace = cli_text(task, "trace");
        if (*trace)
            json_object_set_new(task, "why", json_stringn(trace, strcspn(trace, "\n")));
    }
    if (json_array_size(tasks)) {
        fputc('\n', cli->out);
        cli_print_table(cli, tasks, columns, CLI_COUNT(columns));
    }
    json_decref(tasks);
}

/* What the worker can say about why it stands still; a connector that says nothing is fine. */
static void add_explanation(struct cli *cli, const char *name, json_t *item)
{
    json_t *explained = NULL;
    struct kc_error *err =
        cli_do(cli, "GET", cli_path("/connectors/{}/explain", name), NULL, &explained);
    kc_error_destroy(err);
    json_object_set(item, "note", json_object_get(explained, "note"));
    json_object_set(item, "trouble", json_object_get(explained, "trouble"));
    json_decref(explained);
}

static struct kc_error *describe(struct cli *cli)
{
    static const struct cli_column columns[] = {
        {"Name", "name", CLI_AS_TEXT},        {"Class", "class", CLI_AS_TEXT},
        {"Type", "type", CLI_AS_TEXT},        {"State", "state", CLI_AS_STATE},
        {"Worker", "worker_id", CLI_AS_TEXT}, {"Tasks", "task_states", CLI_AS_COUNTS},
        {"Note", "note", CLI_AS_TEXT},        {"Trouble", "trouble", CLI_AS_TEXT},
        {"Trace", "trace", CLI_AS_TEXT},
    };
    const char *name = cli_argument(cli, 0);
    json_t *info = NULL, *status = NULL;
    struct kc_error *err = cli_do(cli, "GET", cli_path("/connectors/{}", name), NULL, &info);
    if (!err)
        err = cli_do(cli, "GET", cli_path("/connectors/{}/status", name), NULL, &status);
    if (!err) {
        json_t *item = merge(name, info, status);
        json_object_set(item, "config", json_object_get(info, "config"));
        add_explanation(cli, name, item);
        err = cli_print_item(cli, item, columns, CLI_COUNT(columns));
        enum cli_output output = CLI_HUMAN;
        if (!err)
            err = cli_output_take(cli, CLI_HUMAN, &output);
        if (!err && output == CLI_HUMAN)
            print_tasks(cli, item);
        json_decref(item);
    }
    json_decref(status);
    json_decref(info);
    return err;
}

/* ---- create, config ---- */

static struct kc_error *post(struct cli *cli, const char *name, const struct kc_map *config)
{
    const char *state = cli_value(cli, CLI_STATE);
    json_t *created = NULL;
    json_t *body = json_pack("{s:s, s:o}", "name", name, "config", cli_config_json(config));
    if (state)
        json_object_set_new(body, "initial_state", json_string(state));
    struct kc_error *err = cli_do(cli, "POST", cli_path("/connectors"), body, &created);
    if (!err && !cli_print_data(cli, created))
        cli_say(cli, "%s is created. See it: isthmus connector describe %s", name, name);
    json_decref(created);
    json_decref(body);
    return err;
}

static struct kc_error *create(struct cli *cli)
{
    const char *name = cli_argument(cli, 0);
    struct kc_map *config = NULL;
    struct kc_error *err = cli_read_config(cli, cli_argument(cli, 1), &config, NULL);
    if (err)
        return err;
    kc_map_set(config, "name", name);
    err = cli_has(cli, CLI_DRY_RUN) ? cli_validate(cli, config) : post(cli, name, config);
    kc_map_destroy(config);
    return err;
}

static struct kc_error *print_config(struct cli *cli, const json_t *config)
{
    static const struct cli_column columns[] = {{"KEY", "key", CLI_AS_TEXT},
                                                {"VALUE", "value", CLI_AS_TEXT}};
    const char *key;
    json_t *value, *rows = json_array();
    if (!cli_print_data(cli, config)) {
        json_object_foreach ((json_t *)config, key, value)
            json_array_append_new(rows, json_pack("{s:s, s:O}", "key", key, "value", value));
        cli_print_table(cli, rows, columns, CLI_COUNT(columns));
    }
    json_decref(rows);
    return NULL;
}

/* The configuration as it would be: what the worker has, changed by --set and --unset. */
static struct kc_error *changed_config(struct cli *cli, const char *name, const json_t *patch,
                                       struct kc_map **config)
{
    json_t *now = NULL, *value;
    const char *key;
    struct kc_error *err = cli_do(cli, "GET", cli_path("/connectors/{}/config", name), NULL, &now);
    *config = kc_map_new();
    json_object_foreach (now, key, value)
        kc_map_set(*config, key, json_string_value(value));
    json_object_foreach ((json_t *)patch, key, value) {
        if (json_is_null(value))
            kc_map_remove(*config, key);
        else
            kc_map_set(*config, key, json_string_value(value));
    }
    json_decref(now);
    return err;
}

static struct kc_error *patch_config(struct cli *cli, const char *name, json_t **answer)
{
    struct kc_map *sets = NULL, *config = NULL;
    struct kc_error *err = cli_read_config(cli, NULL, &sets, NULL);
    if (err)
        return err;
    json_t *patch = cli_config_json(sets);
    for (size_t i = 0; i < cli->flags[CLI_UNSET].count; i++)
        json_object_set_new(patch, cli->flags[CLI_UNSET].items[i], json_null());
    if (cli_has(cli, CLI_DRY_RUN)) {
        err = changed_config(cli, name, patch, &config);
        if (!err)
            err = cli_validate(cli, config);
    } else {
        err = cli_do(cli, "PATCH", cli_path("/connectors/{}/config", name), patch, answer);
    }
    kc_map_destroy(config);
    kc_map_destroy(sets);
    json_decref(patch);
    return err;
}

static struct kc_error *put_config(struct cli *cli, const char *name, json_t **answer)
{
    struct kc_map *config = NULL;
    struct kc_error *err = cli_read_config(cli, cli_argument(cli, 1), &config, NULL);
    if (err)
        return err;
    kc_map_set(config, "name", name);
    if (cli_has(cli, CLI_DRY_RUN)) {
        err = cli_validate(cli, config);
    } else {
        json_t *body = cli_config_json(config);
        err = cli_do(cli, "PUT", cli_path("/connectors/{}/config", name), body, answer);
        json_decref(body);
    }
    kc_map_destroy(config);
    return err;
}

static struct kc_error *configure(struct cli *cli)
{
    const char *name = cli_argument(cli, 0), *file = cli_argument(cli, 1);
    bool patch = cli_has(cli, CLI_SET) || cli_has(cli, CLI_UNSET);
    json_t *answer = NULL;
    struct kc_error *err;
    if (!file && !patch) {
        err = cli_do(cli, "GET", cli_path("/connectors/{}/config", name), NULL, &answer);
        if (!err)
            err = print_config(cli, answer);
    } else {
        err = file ? put_config(cli, name, &answer) : patch_config(cli, name, &answer);
        if (!err && answer && !cli_print_data(cli, answer))
            cli_say(cli, "%s has the new configuration.", name);
    }
    json_decref(answer);
    return err;
}

/* ---- pause, resume, stop ---- */

static const struct change {
    const char *verb, *state;
} changes[] = {{"pause", "PAUSED"}, {"resume", "RUNNING"}, {"stop", "STOPPED"}};

static const char *wanted_state(const char *verb)
{
    for (size_t i = 0; i < CLI_COUNT(changes); i++)
        if (strcmp(changes[i].verb, verb) == 0)
            return changes[i].state;
    return "";
}

/* Whether connector and tasks have the state. An error when one has failed instead. */
static struct kc_error *has_state(const char *name, const json_t *status, const char *wanted,
                                  bool *has)
{
    json_t *tasks = json_object_get(status, "tasks"), *task;
    const char *state = cli_text(status, "connector.state");
    size_t i;
    *has = strcmp(state, wanted) == 0;
    json_array_foreach (tasks, i, task) {
        if (strcmp(cli_text(task, "state"), "FAILED") == 0)
            state = "FAILED";
        *has = *has && strcmp(cli_text(task, "state"), wanted) == 0;
    }
    if (strcmp(state, "FAILED") != 0 || strcmp(wanted, "RUNNING") != 0)
        return NULL;
    return kc_error_new(KC_ERR_CONNECT, "%s has failed: isthmus connector describe %s says why",
                        name, name);
}

static struct kc_error *await_state(struct cli *cli, const char *name, const char *wanted)
{
    int64_t until = kc_mono_ms() + cli->timeout_ms;
    bool has = false;
    struct kc_error *err = NULL;
    while (!has && !err && kc_mono_ms() < until) {
        json_t *status = NULL;
        err = cli_do(cli, "GET", cli_path("/connectors/{}/status", name), NULL, &status);
        if (!err)
            err = has_state(name, status, wanted, &has);
        json_decref(status);
        if (!has && !err)
            usleep(LOOK_MS * 1000);
    }
    if (err || has)
        return err;
    return kc_error_new(KC_ERR_TIMEOUT,
                        "%s is not %s after %d s: isthmus connector describe %s shows its state",
                        name, wanted, cli->timeout_ms / 1000, name);
}

static struct kc_error *change_state(struct cli *cli)
{
    const char *verb = cli->command->verb, *wanted = wanted_state(verb);
    struct kc_error *err = NULL;
    for (size_t i = 0; i < cli->arguments.count && !err; i++) {
        const char *name = cli->arguments.items[i];
        err = cli_do(cli, "PUT", cli_path("/connectors/{}/{}", name, verb), NULL, NULL);
        if (!err)
            err = await_state(cli, name, wanted);
        if (!err)
            cli_say(cli, "%s is %s.", name, wanted);
    }
    return err;
}

/* ---- restart, delete ---- */

static struct kc_error *restart(struct cli *cli)
{
    const char *name = cli_argument(cli, 0), *task = cli_value(cli, CLI_TASK);
    char *path = task ? cli_path("/connectors/{}/tasks/{}/restart", name, task)
                      : cli_path("/connectors/{}/restart?includeTasks={}&onlyFailed={}", name,
                                 cli_has(cli, CLI_INCLUDE_TASKS) ? "true" : "false",
                                 cli_has(cli, CLI_ONLY_FAILED) ? "true" : "false");
    json_t *plan = NULL;
    struct kc_error *err = cli_do(cli, "POST", path, NULL, &plan);
    if (!err && !(plan && cli_print_data(cli, plan)))
        cli_say(cli, "%s%s%s is being restarted.", name, task ? " task " : "", task ? task : "");
    json_decref(plan);
    return err;
}

static struct kc_error *delete (struct cli *cli)
{
    bool yes;
    char *names = kc_strings_join(&cli->arguments, ", ");
    struct kc_error *err = cli_confirm(
        cli, &yes, "Delete %s? Topics and records stay, offsets of source connectors, too.", names);
    for (size_t i = 0; i < cli->arguments.count && !err && yes; i++) {
        const char *name = cli->arguments.items[i];
        err = cli_do(cli, "DELETE", cli_path("/connectors/{}", name), NULL, NULL);
        if (!err)
            cli_say(cli, "%s is deleted.", name);
    }
    free(names);
    return err;
}

/* ---- offsets ---- */

static struct kc_error *print_offsets(struct cli *cli, const char *name)
{
    static const struct cli_column columns[] = {{"PARTITION", "partition", CLI_AS_TEXT},
                                                {"OFFSET", "offset", CLI_AS_TEXT}};
    json_t *answer = NULL;
    struct kc_error *err =
        cli_do(cli, "GET", cli_path("/connectors/{}/offsets", name), NULL, &answer);
    if (!err && !cli_print_data(cli, answer)) {
        const json_t *offsets = json_object_get(answer, "offsets");
        err = cli_print_list(cli, offsets, columns, CLI_COUNT(columns));
    }
    json_decref(answer);
    return err;
}

/* Says what the worker says: {"message": ...}. */
static void say_message(struct cli *cli, const json_t *answer)
{
    if (!cli_print_data(cli, answer))
        cli_say(cli, "%s", cli_text(answer, "message"));
}

static struct kc_error *patch_offsets(struct cli *cli, const char *name, const char *file)
{
    json_t *body = NULL, *answer = NULL;
    struct kc_error *err = cli_read_json(file, &body);
    if (!err)
        err = cli_do(cli, "PATCH", cli_path("/connectors/{}/offsets", name), body, &answer);
    if (!err)
        say_message(cli, answer);
    json_decref(answer);
    json_decref(body);
    return err;
}

static struct kc_error *reset_offsets(struct cli *cli, const char *name)
{
    bool yes;
    json_t *answer = NULL;
    struct kc_error *err = cli_confirm(
        cli, &yes, "Forget all offsets of %s? It begins anew when it is resumed.", name);
    if (err || !yes)
        return err;
    err = cli_do(cli, "DELETE", cli_path("/connectors/{}/offsets", name), NULL, &answer);
    if (!err)
        say_message(cli, answer);
    json_decref(answer);
    return err;
}

static struct kc_error *offsets(struct cli *cli)
{
    const char *name = cli_argument(cli, 0), *file = cli_argument(cli, 1);
    bool reset = cli_has(cli, CLI_RESET);
    if (file && reset)
        return kc_error_new(KC_ERR_BAD_REQUEST, "either --reset or a file, not both");
    if (reset)
        return reset_offsets(cli, name);
    return file ? patch_offsets(cli, name, file) : print_offsets(cli, name);
}

/* ---- the table ---- */

#define CHANGED (CLI_BIT(CLI_SET) | CLI_BIT(CLI_DRY_RUN))

const struct cli_command cli_connector_commands[] = {
    {"list", "", CLI_BIT(CLI_STATE), list, "Lists all connectors with their states.",
     "  isthmus connector list\n"
     "  isthmus connector list --state FAILED -o json\n"},
    {"create", "NAME [FILE]", CHANGED | CLI_BIT(CLI_STATE), create,
     "Creates a connector from a file of properties or JSON ('-': standard input).",
     "  isthmus connector create orders orders.properties --dry-run\n"
     "  isthmus connector create orders orders.json --set tasks.max=8 --state PAUSED\n"},
    {"describe", "NAME", 0, describe, "Shows a connector, its tasks, and why one has failed.",
     "  isthmus connector describe orders\n"},
    {"config", "NAME [FILE]", CHANGED | CLI_BIT(CLI_UNSET), configure,
     "Shows the configuration; with a file replaces it; with --set and --unset changes it.",
     "  isthmus connector config orders\n"
     "  isthmus connector config orders --set tasks.max=8 --unset topics.exclude\n"},
    {"pause", "NAME...", 0, change_state,
     "Pauses connectors, which keep their resources, and waits until they are.",
     "  isthmus connector pause orders payments\n"},
    {"resume", "NAME...", 0, change_state, "Resumes connectors, and waits until they run.",
     "  isthmus connector resume orders\n"},
    {"stop", "NAME...", 0, change_state,
     "Stops connectors, which then have no tasks, and waits until they are.",
     "  isthmus connector stop orders\n"},
    {"restart", "NAME", CLI_BIT(CLI_TASK) | CLI_BIT(CLI_INCLUDE_TASKS) | CLI_BIT(CLI_ONLY_FAILED),
     restart, "Restarts a connector, one of its tasks, or what has failed.",
     "  isthmus connector restart orders --include-tasks --only-failed\n"
     "  isthmus connector restart orders --task 3\n"},
    {"delete", "NAME...", CLI_BIT(CLI_YES), delete, "Deletes connectors; topics stay.",
     "  isthmus connector delete orders --yes\n"},
    {"offsets", "NAME [FILE]", CLI_BIT(CLI_RESET) | CLI_BIT(CLI_YES), offsets,
     "Shows the offsets; with a file (JSON as shown by -o json) changes them; --reset forgets "
     "them.",
     "  isthmus connector offsets orders -o json > offsets.json\n"
     "  isthmus connector offsets orders offsets.json\n"},
    {0},
};
