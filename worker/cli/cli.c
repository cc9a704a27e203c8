/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A run of the command line: terminal, parsing, the command, its exit status. See cli.h.
 *
 * main has blocked the signals that stop a worker; here they end the program as everywhere.
 */
#include "cli/cli.h"

#include "cli/cli_print_priv.h"
#include "cli/cli_server_priv.h"
#include "http/http_client.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WORDS 32

const struct cli_noun cli_nouns[] = {
    {"link", "Links between two clusters: topics move under their own names and offsets.",
     cli_link_commands},
    {"mirror", "Mirror topics of a link: create, watch, promote, repair.", cli_mirror_commands},
    {"group", "Consumer groups of a link, which wait at the target until they are promoted.",
     cli_group_commands},
    {"connector", "Connectors of a worker's cluster: list, create, pause, restart, delete.",
     cli_connector_commands},
    {"plugin", "Connector classes that a worker has, and the check of a configuration.",
     cli_plugin_commands},
    {"verify", "Compares mirror topics with their sources, record by record.", cli_verify_commands},
};
const size_t cli_noun_count = CLI_COUNT(cli_nouns);

static const struct cli_noun *find_noun(const char *word)
{
    for (size_t i = 0; i < cli_noun_count; i++)
        if (strcmp(cli_nouns[i].name, word) == 0)
            return &cli_nouns[i];
    return NULL;
}

bool kc_cli_knows(const char *word)
{
    return find_noun(word) != NULL;
}

void kc_cli_list(FILE *out)
{
    for (size_t i = 0; i < cli_noun_count; i++)
        fprintf(out, "  isthmus %s %s\n      %s\n", cli_nouns[i].name,
                *cli_nouns[i].commands->verb ? "COMMAND" : cli_nouns[i].commands->arguments,
                cli_nouns[i].help);
}

int kc_cli_unknown(const char *word, const char *const *others)
{
    const char *words[WORDS];
    size_t count = 0;
    for (size_t i = 0; i < cli_noun_count; i++)
        words[count++] = cli_nouns[i].name;
    for (; *others && count < WORDS; others++)
        words[count++] = *others;
    const char *nearest = cli_nearest(word, words, count);
    if (nearest)
        fprintf(stderr, "isthmus: unknown command '%s'. Do you mean '%s'? See isthmus --help\n",
                word, nearest);
    else
        fprintf(stderr, "isthmus: unknown command '%s'; see isthmus --help\n", word);
    return CLI_USAGE;
}

/* ---- the terminal ---- */

static void look_at_terminal(struct cli *cli)
{
    struct winsize size;
    const char *kind = getenv("TERM"), *plain = getenv("NO_COLOR");
    cli->out = stdout;
    cli->err = stderr;
    if (!isatty(STDOUT_FILENO))
        return;
    cli->terminal = !(plain && *plain) && !(kind && strcmp(kind, "dumb") == 0);
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) {
        cli->width = size.ws_col;
        cli->height = size.ws_row;
    }
}

static void take_signals(void)
{
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_UNBLOCK, &all, NULL);
}

struct kc_error *cli_confirm(struct cli *cli, bool *yes, const char *fmt, ...)
{
    char answer[16];
    *yes = cli_has(cli, CLI_YES);
    if (*yes)
        return NULL;
    if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
        return kc_error_new(KC_ERR_BAD_REQUEST,
                            "nobody can be asked here whether to go on: say --yes");
    va_list args;
    va_start(args, fmt);
    char *question = kc_vasprintf(fmt, args);
    va_end(args);
    fprintf(cli->err, "%s [y/N] ", question);
    fflush(cli->err);
    *yes = fgets(answer, sizeof(answer), stdin) && (*answer == 'y' || *answer == 'Y');
    if (!*yes)
        fprintf(cli->err, "Nothing was done.\n");
    free(question);
    return NULL;
}

/* ---- a run ---- */

static struct kc_error *run(struct cli *cli, int argc, char **argv)
{
    enum cli_output output;
    struct kc_error *err = cli_parse(cli, argc, argv);
    if (err)
        return err;
    if (cli_has(cli, CLI_HELP)) {
        cli_help(cli->out, cli->noun, cli->command);
        return NULL;
    }
    err = cli_output_take(cli, CLI_TABLE, &output);
    if (!err)
        err = cli_server_take(cli);
    return err ? err : cli->command->run(cli);
}

/* Prints err, and destroys it. */
static void report(struct cli *cli, struct kc_error *err)
{
    struct kc_str text = {0};
    json_t *words = json_string_nocheck(kc_error_text(err));
    cli->status = kc_error_code(err) == KC_ERR_BAD_REQUEST ? CLI_USAGE : CLI_FAILED;
    cli_format(&text, words, CLI_AS_TEXT);
    fprintf(cli->err, "isthmus: %s\n", text.data);
    kc_str_destroy(&text);
    json_decref(words);
    kc_error_destroy(err);
}

int kc_cli_run(int argc, char **argv)
{
    struct cli cli = {.noun = find_noun(argv[0])};
    take_signals();
    kc_http_init();
    look_at_terminal(&cli);
    struct kc_error *err = run(&cli, argc, argv);
    bool written = fflush(cli.out) == 0 && !ferror(cli.out);
    if (err)
        report(&cli, err);
    else if (!written && errno != EPIPE)
        report(&cli, kc_error_new(KC_ERR_IO, "can't write what came of it: %s", strerror(errno)));
    cli_server_clear(&cli);
    kc_strings_destroy(&cli.arguments);
    for (int id = 0; id < CLI_FLAGS; id++)
        kc_strings_destroy(&cli.flags[id]);
    return (int)cli.status;
}
