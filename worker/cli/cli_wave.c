/* SPDX-License-Identifier: Apache-2.0 */
/* isthmus link waves: see cli_wave_priv.h. */
#include "cli/cli_wave_priv.h"

#include "cli/cli_input_priv.h"
#include "cli/cli_print_priv.h"
#include "cli/cli_server_priv.h"
#include "cli/cli_verbs_priv.h"

#include <stdlib.h>

static const struct cli_column batch_columns[] = {
    {"BATCH", "batch", CLI_AS_NUMBER},
    {"TOPICS", "topics", CLI_AS_LIST},
    {"GROUPS", "groups", CLI_AS_LIST},
    {"RECORDS", "records", CLI_AS_NUMBER},
    {"BYTES", "bytes", CLI_AS_BYTES},
    {"RECORDS/S", "records_per_second", CLI_AS_NUMBER},
    {"LAG", "lag", CLI_AS_NUMBER},
    {"MISSING", "lag_bytes", CLI_AS_BYTES},
    {"PREDICTED", "predicted_ms", CLI_AS_DURATION}};

/* ---- propose ---- */

/* What the batches move, and what the worker says of each, side by side. New reference. */
static json_t *join_batches(const json_t *proposal)
{
    json_t *rows = json_array(), *batch;
    size_t i;
    json_array_foreach (json_object_get(json_object_get(proposal, "manifest"), "batches"), i,
                        batch) {
        json_t *row = json_copy(batch);
        json_t *figures = json_array_get(json_object_get(proposal, "batches"), i);
        if (figures)
            json_object_update_missing(row, figures);
        json_object_set_new(row, "batch", json_integer((json_int_t)i));
        json_array_append_new(rows, row);
    }
    return rows;
}

static void print_rest(struct cli *cli, const json_t *proposal, const json_t *batches)
{
    static const struct cli_column blockers[] = {{"TOPIC", "mirror_topic_name", CLI_AS_TEXT},
                                                 {"WOULD BREAK", "code", CLI_AS_TEXT},
                                                 {"WHAT TO DO", "message", CLI_AS_TEXT}};
    static const struct cli_column together[] = {{"ONLY TOGETHER, BECAUSE OF", "name", CLI_AS_TEXT},
                                                 {"KIND", "kind", CLI_AS_TEXT},
                                                 {"TOPICS", "source_topics", CLI_AS_LIST}};
    json_t *all = json_array(), *batch;
    size_t i;
    json_array_foreach (batches, i, batch)
        json_array_extend(all, json_object_get(batch, "blockers"));
    if (json_array_size(all)) {
        fputc('\n', cli->out);
        cli_print_table(cli, all, blockers, CLI_COUNT(blockers));
    }
    cli_print_part(cli, proposal, "together", together, CLI_COUNT(together));
    json_t *user;
    json_array_foreach (json_object_get(proposal, "users_without_credentials"), i, user)
        cli_say(cli, "%s has no such credentials on the target: its clients can't log in there",
                json_string_value(user));
    json_decref(all);
}

static void print_manifest(struct cli *cli, const json_t *manifest)
{
    struct kc_str text = {0};
    if (cli_print_data(cli, manifest))
        return;
    cli_yaml_write(&text, manifest);
    fputs(text.data, cli->out);
    kc_str_destroy(&text);
}

struct kc_error *cli_waves_propose(struct cli *cli)
{
    json_t *proposal = NULL;
    struct kc_error *err = cli_do(
        cli, "GET", cli_path("/links/{}/waves:propose", cli_argument(cli, 0)), NULL, &proposal);
    if (!err && cli_has(cli, CLI_MANIFEST)) {
        print_manifest(cli, json_object_get(proposal, "manifest"));
    } else if (!err && !cli_print_data(cli, proposal)) {
        json_t *batches = join_batches(proposal);
        err = cli_print_list(cli, batches, batch_columns, CLI_COUNT(batch_columns));
        print_rest(cli, proposal, batches);
        json_decref(batches);
    }
    json_decref(proposal);
    return err;
}

/* ---- create, list, describe ---- */

struct kc_error *cli_waves_create(struct cli *cli)
{
    json_t *manifest = NULL, *answer = NULL;
    long status = 0;
    struct kc_error *err = cli_read_document(cli_argument(cli, 1), &manifest);
    if (!err && !json_is_object(manifest))
        err = kc_error_new(KC_ERR_BAD_REQUEST,
                           "%s: a manifest has wave_name and batches; `isthmus link waves propose "
                           "LINK --manifest` writes one",
                           cli_argument(cli, 1));
    if (!err) {
        char *path = cli_path("/links/{}/waves", cli_argument(cli, 0));
        if (cli_has(cli, CLI_DRY_RUN))
            json_object_set_new(manifest, "dry_run", json_true());
        err = cli_ask(cli, "POST", path, manifest, &status, &answer);
        free(path);
    }
    if (!err)
        err = cli_print_outcomes(cli, &cli_waves, status, answer);
    json_decref(answer);
    json_decref(manifest);
    return err;
}

/* With the number of its batches. New reference. */
static json_t *with_count(const json_t *wave)
{
    json_t *copy = json_copy((json_t *)wave);
    size_t count = json_array_size(json_object_get(wave, "batches"));
    json_object_set_new(copy, "count", json_integer((json_int_t)count));
    return copy;
}

static const struct cli_column wave_columns[] = {
    {"WAVE", "wave_name", CLI_AS_TEXT}, {"STATE", "state", CLI_AS_STATE},
    {"SINCE", "since_ms", CLI_AS_TIME}, {"DONE", "done", CLI_AS_NUMBER},
    {"OF", "count", CLI_AS_NUMBER},     {"REASON", "reason", CLI_AS_TEXT}};

struct kc_error *cli_waves_list(struct cli *cli)
{
    json_t *waves = NULL, *wave, *rows = json_array();
    size_t i;
    struct kc_error *err =
        cli_do(cli, "GET", cli_path("/links/{}/waves", cli_argument(cli, 0)), NULL, &waves);
    json_array_foreach (waves, i, wave)
        json_array_append_new(rows, with_count(wave));
    if (!err && !cli_print_data(cli, waves))
        err = cli_print_list(cli, rows, wave_columns, CLI_COUNT(wave_columns));
    json_decref(rows);
    json_decref(waves);
    return err;
}

struct kc_error *cli_waves_describe(struct cli *cli)
{
    json_t *wave = NULL, *batch;
    size_t i;
    char *path = cli_path("/links/{}/waves/{}", cli_argument(cli, 0), cli_argument(cli, 1));
    struct kc_error *err = cli_do(cli, "GET", path, NULL, &wave);
    if (!err && !cli_print_data(cli, wave)) {
        json_t *row = with_count(wave), *batches = json_object_get(wave, "batches");
        err = cli_print_item(cli, row, wave_columns, CLI_COUNT(wave_columns));
        json_array_foreach (batches, i, batch)
            json_object_set_new(batch, "batch", json_integer((json_int_t)i));
        fputc('\n', cli->out);
        cli_print_table(cli, batches, batch_columns, 3);
        json_decref(row);
    }
    json_decref(wave);
    return err;
}

/* ---- start, stop, delete ---- */

struct kc_error *cli_waves_start(struct cli *cli)
{
    bool done;
    return cli_post_names(cli, &cli_waves, "start", true, &done);
}

struct kc_error *cli_waves_stop(struct cli *cli)
{
    bool done;
    return cli_post_names(cli, &cli_waves, "stop", false, &done);
}

struct kc_error *cli_waves_delete(struct cli *cli)
{
    bool yes;
    const char *name = cli_argument(cli, 1);
    struct kc_error *err =
        cli_confirm(cli, &yes, "Delete the wave %s? Its topics and groups stay as they are.", name);
    if (err || !yes)
        return err;
    err = cli_do(cli, "DELETE", cli_path("/links/{}/waves/{}", cli_argument(cli, 0), name), NULL,
                 NULL);
    if (!err)
        cli_say(cli, "The wave %s is deleted.", name);
    return err;
}
