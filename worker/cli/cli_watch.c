/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watching mirror topics: see cli_watch_priv.h.
 *
 * On a terminal the frame is drawn anew in its place. Into a pipe goes one line for each change,
 * with its time.
 */
#include "cli/cli_watch_priv.h"

#include "cli/cli_progress_priv.h"
#include "cli/cli_server_priv.h"

#include <string.h>
#include <unistd.h>

#define LOOK_MS 1000

struct watch {
    struct cli *cli;
    const struct kc_strings *names;
    char *link;
    struct kc_map *told; /* of each mirror, cli_progress_key() */
    int lines;           /* of the frame on the terminal */
};

/* ---- what to show ---- */

/* New reference: the mirrors that are watched. */
static json_t *choose(const struct watch *watch, const json_t *mirrors)
{
    json_t *chosen = json_array(), *mirror;
    size_t i;
    json_array_foreach (mirrors, i, mirror) {
        const char *name = json_string_value(json_object_get(mirror, "mirror_topic_name"));
        if (!watch->names || !watch->names->count ||
            kc_strings_contain(watch->names, name ? name : ""))
            json_array_append(chosen, mirror);
    }
    return chosen;
}

static void draw(struct watch *watch, const json_t *mirrors)
{
    struct cli *cli = watch->cli;
    struct kc_str frame = {0};
    if (watch->lines)
        kc_str_appendf(&frame, "\033[%dA", watch->lines);
    kc_str_append(&frame, "\033[J");
    watch->lines = cli_progress_frame(&frame, mirrors, cli->width, cli->height, true);
    fputs(frame.data, cli->out);
    kc_str_destroy(&frame);
}

/* Whether there is something new to tell of the mirror; it counts as told. */
static bool is_new(struct watch *watch, const struct cli_progress *progress)
{
    struct kc_str key = {0};
    cli_progress_key(&key, progress);
    const char *before = kc_map_get(watch->told, progress->name);
    bool changed = !before || strcmp(before, key.data) != 0;
    kc_map_set(watch->told, progress->name, key.data);
    kc_str_destroy(&key);
    return changed;
}

static void tell(struct watch *watch, const json_t *mirrors)
{
    json_t *mirror;
    size_t i;
    json_array_foreach (mirrors, i, mirror) {
        struct cli_progress progress;
        struct kc_str line = {0};
        json_t *now = json_integer(kc_now_ms());
        cli_progress_of(mirror, &progress);
        if (is_new(watch, &progress) && !cli_print_data(watch->cli, mirror)) {
            cli_format(&line, now, CLI_AS_TIME);
            kc_str_append(&line, "  ");
            cli_progress_line(&line, &progress, cli_columns(progress.name), 0, false);
            fprintf(watch->cli->out, "%s\n", line.data);
        }
        json_decref(now);
        kc_str_destroy(&line);
    }
}

/* ---- until when ---- */

static bool is_one_of(const char *state, const char *const *states)
{
    for (; *states; states++)
        if (strcmp(*states, state) == 0)
            return true;
    return false;
}

static const char *const lost[] = {"DIVERGED", "FAILED", NULL};
static const char *const final[] = {"PROMOTED", "FAILED_OVER", "DIVERGED", "FAILED", NULL};

static bool has_ended(const json_t *mirrors, enum cli_watch_end end)
{
    json_t *mirror;
    size_t i;
    json_array_foreach (mirrors, i, mirror) {
        struct cli_progress progress;
        cli_progress_of(mirror, &progress);
        bool copied = strcmp(progress.state, "LINKING") == 0 && progress.lag == 0;
        if (!is_one_of(progress.state, final) && !(end == CLI_WATCH_COPIED && copied))
            return false;
    }
    return json_array_size(mirrors) > 0;
}

static void judge(struct cli *cli, const json_t *mirrors)
{
    json_t *mirror;
    size_t i;
    json_array_foreach (mirrors, i, mirror) {
        struct cli_progress progress;
        cli_progress_of(mirror, &progress);
        if (is_one_of(progress.state, lost))
            cli->status = CLI_FAILED;
    }
}

/* ---- the loop ---- */

/* *ended: there is nothing more to see, or nobody who sees it. */
static struct kc_error *look(struct watch *watch, enum cli_watch_end end, bool *ended)
{
    json_t *answer = NULL;
    struct kc_error *err = cli_do(
        watch->cli, "GET", cli_path("/links/{}/mirrors?times=true", watch->link), NULL, &answer);
    if (err)
        return err;
    json_t *mirrors = choose(watch, answer);
    if (watch->cli->terminal && !cli_has(watch->cli, CLI_OUTPUT))
        draw(watch, mirrors);
    else
        tell(watch, mirrors);
    *ended = has_ended(mirrors, end) || fflush(watch->cli->out) != 0;
    if (*ended)
        judge(watch->cli, mirrors);
    json_decref(mirrors);
    json_decref(answer);
    return NULL;
}

struct kc_error *cli_watch(struct cli *cli, const char *link, const struct kc_strings *names,
                           enum cli_watch_end end)
{
    struct watch watch = {
        .cli = cli, .names = names, .link = kc_strdup(link), .told = kc_map_new()};
    int64_t answered = -1;
    bool ended = false;
    struct kc_error *err = NULL;
    while (!ended) {
        err = look(&watch, end, &ended);
        if (!err)
            answered = kc_mono_ms();
        else if (answered < 0 || !kc_error_retriable(err) ||
                 kc_mono_ms() - answered > cli->timeout_ms)
            break;
        kc_error_destroy(err);
        err = NULL;
        if (!ended)
            usleep(LOOK_MS * 1000);
    }
    kc_map_destroy(watch.told);
    free(watch.link);
    return err;
}
