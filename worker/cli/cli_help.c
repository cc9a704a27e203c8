/* SPDX-License-Identifier: Apache-2.0 */
/* Help, written from the tables of commands and flags: of all, of a noun, of a command. */
#include "cli/cli_priv.h"

#include <string.h>

enum { FLAG_WIDTH = 28 };

static void print_flags(FILE *out, const char *title, uint64_t flags)
{
    if (!flags)
        return;
    fprintf(out, "\n%s:\n", title);
    for (int id = 0; id < CLI_FLAGS; id++) {
        const struct cli_flag *flag = &cli_flags[id];
        if (!(flags & CLI_BIT(id)))
            continue;
        char *left =
            kc_asprintf("%s%s%s%s%s", flag->brief ? flag->brief : "", flag->brief ? ", " : "    ",
                        flag->name, flag->value ? " " : "", flag->value ? flag->value : "");
        fprintf(out, "  %-*s  %s\n", FLAG_WIDTH, left, flag->help);
        free(left);
    }
}

/* Verb and arguments, each with a blank before it. */
static void print_words(FILE *out, const struct cli_command *command)
{
    fprintf(out, "%s%s%s%s", *command->verb ? " " : "", command->verb,
            *command->arguments ? " " : "", command->arguments);
}

static void help_command(FILE *out, const struct cli_noun *noun, const struct cli_command *command)
{
    fprintf(out, "%s\n\nUsage:\n  isthmus %s", command->help, noun->name);
    print_words(out, command);
    fprintf(out, " [FLAG...]\n");
    if (command->examples)
        fprintf(out, "\nExamples:\n%s", command->examples);
    print_flags(out, "Flags", command->flags);
    print_flags(out, "Flags of all commands", CLI_COMMON);
    fprintf(out, "\nExit status: 0 done, 1 it failed, 2 the command line is wrong, 3 a blocker "
                 "forbids it.\n");
}

static void help_noun(FILE *out, const struct cli_noun *noun)
{
    fprintf(out, "%s\n\nUsage:\n", noun->help);
    for (const struct cli_command *command = noun->commands; command->verb; command++) {
        fprintf(out, "  isthmus %s", noun->name);
        print_words(out, command);
        fprintf(out, "\n      %s\n", command->help);
    }
    fprintf(out, "\nMore about one of them: isthmus %s COMMAND --help\n", noun->name);
}

void cli_help(FILE *out, const struct cli_noun *noun, const struct cli_command *command)
{
    if (command)
        help_command(out, noun, command);
    else
        help_noun(out, noun);
}
