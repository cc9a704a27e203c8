/* SPDX-License-Identifier: Apache-2.0 */
/* isthmus plugin: which classes there are, and whether a configuration is fine. */
#include "cli/cli_input_priv.h"
#include "cli/cli_print_priv.h"
#include "cli/cli_server_priv.h"
#include "cli/cli_validate_priv.h"

/* ---- list ---- */

static struct kc_error *list(struct cli *cli)
{
    static const struct cli_column columns[] = {{"CLASS", "class", CLI_AS_TEXT},
                                                {"TYPE", "type", CLI_AS_TEXT},
                                                {"VERSION", "version", CLI_AS_TEXT}};
    json_t *plugins = NULL;
    char *path =
        cli_path("/connector-plugins?connectorsOnly={}", cli_has(cli, CLI_ALL) ? "false" : "true");
    struct kc_error *err = cli_do(cli, "GET", path, NULL, &plugins);
    if (!err)
        err = cli_print_list(cli, plugins, columns, CLI_COUNT(columns));
    json_decref(plugins);
    return err;
}

/* ---- validate ---- */

/* [{key, value, error}] of what a validation says. */
static json_t *errors_of(const json_t *answer)
{
    json_t *errors = json_array(), *config, *text;
    size_t i, j;
    json_array_foreach (json_object_get(answer, "configs"), i, config) {
        const json_t *value = json_object_get(config, "value");
        json_array_foreach (json_object_get(value, "errors"), j, text)
            json_array_append_new(
                errors, json_pack("{s:O, s:O, s:O}", "key", json_object_get(value, "name"), "value",
                                  json_object_get(value, "value"), "error", text));
    }
    return errors;
}

struct kc_error *cli_validate(struct cli *cli, const struct kc_map *config)
{
    static const struct cli_column columns[] = {{"KEY", "key", CLI_AS_TEXT},
                                                {"VALUE", "value", CLI_AS_TEXT},
                                                {"ERROR", "error", CLI_AS_TEXT}};
    const char *class_name = kc_map_get(config, "connector.class");
    json_t *answer = NULL;
    if (!class_name)
        return kc_error_new(KC_ERR_BAD_REQUEST,
                            "the configuration has no connector.class; `isthmus plugin list` shows "
                            "what there is");
    json_t *body = cli_config_json(config);
    struct kc_error *err = cli_do(
        cli, "PUT", cli_path("/connector-plugins/{}/config/validate", class_name), body, &answer);
    json_t *errors = errors_of(answer);
    if (!err && json_array_size(errors)) {
        cli->status = CLI_FAILED;
        err = cli_print_list(cli, errors, columns, CLI_COUNT(columns));
    } else if (!err && !cli_print_data(cli, errors)) {
        cli_say(cli, "Nothing is wrong with this configuration of %s.", class_name);
    }
    json_decref(errors);
    json_decref(answer);
    json_decref(body);
    return err;
}

static struct kc_error *validate(struct cli *cli)
{
    struct kc_map *config = NULL;
    struct kc_error *err = cli_read_config(cli, cli_argument(cli, 0), &config, NULL);
    if (!err)
        err = cli_validate(cli, config);
    kc_map_destroy(config);
    return err;
}

const struct cli_command cli_plugin_commands[] = {
    {"list", "", CLI_BIT(CLI_ALL), list, "Lists the connector classes of the worker.",
     "  isthmus plugin list\n"
     "  isthmus plugin list --all -o json\n"},
    {"validate", "[FILE]", CLI_BIT(CLI_SET), validate,
     "Checks a configuration, which the file has as properties or JSON ('-': standard input).",
     "  isthmus plugin validate orders.properties\n"
     "  isthmus plugin validate orders.json --set tasks.max=8\n"},
    {0},
};
