/* SPDX-License-Identifier: Apache-2.0 */
/* isthmus group: the mirror groups of a link. */
#include "cli/cli_print_priv.h"
#include "cli/cli_server_priv.h"
#include "cli/cli_verbs_priv.h"

#include <string.h>

static const struct cli_column list_columns[] = {
    {"GROUP", "group_id", CLI_AS_TEXT},
    {"STATE", "group_status", CLI_AS_STATE},
    {"PROTOCOL", "protocol", CLI_AS_TEXT},
    {"MEMBERS AT SOURCE", "source_members", CLI_AS_NUMBER},
    {"AT TARGET", "target_members", CLI_AS_NUMBER},
    {"REASON", "reason", CLI_AS_TEXT},
};

static const struct cli_column item_columns[] = {
    {"Group", "group_id", CLI_AS_TEXT},
    {"State", "group_status", CLI_AS_STATE},
    {"Reason", "reason", CLI_AS_TEXT},
    {"Protocol", "protocol", CLI_AS_TEXT},
    {"Members at the source", "source_members", CLI_AS_NUMBER},
    {"Members at the target", "target_members", CLI_AS_NUMBER},
};

static const struct cli_column offset_columns[] = {
    {"TOPIC", "topic", CLI_AS_TEXT},
    {"PARTITION", "partition", CLI_AS_NUMBER},
    {"AT SOURCE", "source_offset", CLI_AS_NUMBER},
    {"AT TARGET", "target_offset", CLI_AS_NUMBER},
    {"LAG", "lag", CLI_AS_NUMBER},
};

static const struct cli_column blocker_columns[] = {{"BLOCKER", "code", CLI_AS_TEXT},
                                                    {"WHAT TO DO", "message", CLI_AS_TEXT}};

static struct kc_error *list(struct cli *cli)
{
    json_t *groups = NULL;
    struct kc_error *err =
        cli_do(cli, "GET", cli_path("/links/{}/groups", cli_argument(cli, 0)), NULL, &groups);
    if (!err)
        err = cli_print_list(cli, groups, list_columns, CLI_COUNT(list_columns));
    json_decref(groups);
    return err;
}

static struct kc_error *describe(struct cli *cli)
{
    json_t *group = NULL;
    enum cli_output output;
    char *path = cli_path("/links/{}/groups/{}", cli_argument(cli, 0), cli_argument(cli, 1));
    struct kc_error *err = cli_do(cli, "GET", path, NULL, &group);
    if (!err)
        err = cli_print_item(cli, group, item_columns, CLI_COUNT(item_columns));
    if (!err)
        err = cli_output_take(cli, CLI_HUMAN, &output);
    if (!err && output == CLI_HUMAN) {
        cli_print_part(cli, group, "offsets", offset_columns, CLI_COUNT(offset_columns));
        cli_print_part(cli, group, "blockers", blocker_columns, CLI_COUNT(blocker_columns));
    }
    json_decref(group);
    return err;
}

static struct kc_error *create(struct cli *cli)
{
    bool done;
    return cli_post_names(cli, &cli_groups, NULL, false, &done);
}

static struct kc_error *change(struct cli *cli)
{
    bool done;
    return cli_post_names(cli, &cli_groups, cli->command->verb, true, &done);
}

static struct kc_error *delete (struct cli *cli)
{
    return cli_delete_names(cli, &cli_groups);
}

#define RISKY (CLI_BIT(CLI_PATTERN) | CLI_BIT(CLI_DRY_RUN) | CLI_BIT(CLI_FORCE) | CLI_BIT(CLI_YES))

const struct cli_command cli_group_commands[] = {
    {"create", "LINK GROUP...", CLI_BIT(CLI_DRY_RUN), create,
     "Registers groups of the source, and holds them at the target: members wait there.",
     "  isthmus group create move billing --dry-run\n"},
    {"list", "LINK", 0, list, "Lists the mirror groups of a link.", "  isthmus group list move\n"},
    {"describe", "LINK GROUP", 0, describe,
     "Shows a mirror group, its offsets on both sides, and what it waits for.",
     "  isthmus group describe move billing\n"},
    {"promote", "LINK [GROUP...]", RISKY, change,
     "Hands the group over: members at the target begin where it stopped. Asks first.",
     "  isthmus group promote move billing --dry-run\n"
     "  isthmus group promote move billing --yes\n"},
    {"release", "LINK [GROUP...]", RISKY, change,
     "Gives up the hold without a promotion. Asks first.",
     "  isthmus group release move billing --yes\n"},
    {"delete", "LINK GROUP...", CLI_BIT(CLI_YES), delete,
     "Ends the mirroring of groups, which stay as they are.",
     "  isthmus group delete move billing --yes\n"},
    {0},
};
