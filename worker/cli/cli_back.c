/* SPDX-License-Identifier: Apache-2.0 */
/* isthmus mirror reverse-and-start, truncate-and-restore, finalize: see cli_back_priv.h. */
#include "cli/cli_back_priv.h"

#include "cli/cli_input_priv.h"
#include "cli/cli_print_priv.h"
#include "cli/cli_server_priv.h"
#include "cli/cli_verbs_priv.h"
#include "cli/cli_watch_priv.h"

#include "connect/link.h"

#include <stdlib.h>
#include <string.h>

#define REVERSE_OF "link.reverse.of"

/* ---- the link back ---- */

static struct kc_map *map_of(const json_t *object)
{
    struct kc_map *map = kc_map_new();
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)object, key, value)
        kc_map_set(map, key, json_string_value(value));
    return map;
}

struct kc_error *cli_reverse_config(struct cli *cli, const char *link, struct kc_map **config)
{
    json_t *json = NULL;
    struct kc_error *err = cli_do(cli, "GET", cli_path("/connectors/{}/config", link), NULL, &json);
    if (err)
        return err;
    struct kc_map *forward = map_of(json);
    *config = kc_link_reversed(forward);
    kc_map_set(*config, REVERSE_OF, link);
    kc_map_destroy(forward);
    json_decref(json);
    return NULL;
}

/* The link whose link.reverse.of is `link`: the caller's; NULL: there is none. */
static struct kc_error *find_link_back(struct cli *cli, const char *link, char **found)
{
    json_t *all = NULL, *connector;
    const char *name;
    struct kc_error *err = cli_do(cli, "GET", kc_strdup("/connectors?expand=info"), NULL, &all);
    *found = NULL;
    json_object_foreach (all, name, connector) {
        const json_t *config = json_object_get(json_object_get(connector, "info"), "config");
        const char *of = json_string_value(json_object_get(config, REVERSE_OF));
        if (!*found && of && strcmp(of, link) == 0)
            *found = kc_strdup(name);
    }
    json_decref(all);
    return err;
}

static struct kc_error *create_link_back(struct cli *cli, const char *link, const char *name)
{
    struct kc_map *config = NULL;
    struct kc_error *err = cli_reverse_config(cli, link, &config);
    if (err)
        return err;
    kc_map_set(config, "name", name);
    json_t *body = json_pack("{s:s, s:o}", "name", name, "config", cli_config_json(config));
    err = cli_do(cli, "POST", cli_path("/connectors"), body, NULL);
    if (!err)
        err = cli_await_link(cli, name);
    if (!err)
        cli_say(cli, "The link %s is created: it mirrors what was promoted back to the source.",
                name);
    json_decref(body);
    kc_map_destroy(config);
    return err;
}

/* *name is the caller's. */
static struct kc_error *ensure_link_back(struct cli *cli, const char *link, char **name)
{
    struct kc_error *err = find_link_back(cli, link, name);
    if (err || *name)
        return err;
    *name = kc_asprintf("%s-back", link);
    err = create_link_back(cli, link, *name);
    return err ? kc_error_prefix(err,
                                 "What was asked for is stored, and a link back follows it; but it "
                                 "can't be created (isthmus link create NAME --reverse-of %s takes "
                                 "other settings by --set)",
                                 link)
               : NULL;
}

/* ---- the verbs ---- */

struct kc_error *cli_mirror_back(struct cli *cli)
{
    const char *link = cli_argument(cli, 0), *verb = cli->command->verb;
    const struct kc_strings names = cli_names(cli);
    bool done = false, ends = strcmp(verb, "finalize") == 0;
    char *back = NULL;
    struct kc_error *err = cli_post_names(cli, &cli_topics, verb, true, &done);
    if (err || !done || ends)
        return err;
    err = ensure_link_back(cli, link, &back);
    if (!err && cli_has(cli, CLI_WATCH))
        err = cli_watch(cli, back, &names, CLI_WATCH_COPIED);
    else if (!err)
        cli_say(cli, "See how it goes: isthmus mirror list %s", back);
    free(back);
    return err;
}
