/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words behind a noun: verb, flags and arguments, by the tables of cli_priv.h.
 *
 * A flag may stand anywhere: --url=X, --url X, -o X, -oX. What follows "--" is no flag.
 */
#include "cli/cli_priv.h"

#include <stdlib.h>
#include <string.h>

#define WORDS 64 /* that a slip may have meant */

const struct cli_flag cli_flags[CLI_FLAGS] = {
    [CLI_URL] = {"--url", NULL, "URL", "the worker; else ISTHMUS_URL, or http://localhost:8083"},
    [CLI_USER] = {"--user", "-u", "NAME[:PASSWORD]",
                  "who logs in; else ISTHMUS_USER and ISTHMUS_PASSWORD"},
    [CLI_COMMAND_CONFIG] = {"--command-config", NULL, "FILE",
                            "properties: url, user, password and ssl.*"},
    [CLI_CACERT] = {"--cacert", NULL, "FILE", "certificates to trust over https, as PEM"},
    [CLI_CERT] = {"--cert", NULL, "FILE", "our own certificate and key, as PEM"},
    [CLI_OUTPUT] = {"--output", "-o", "FORMAT", "table, json, yaml or human"},
    [CLI_TIMEOUT] = {"--timeout", NULL, "SECONDS", "how long to wait for an answer (90)"},
    [CLI_HELP] = {"--help", "-h", NULL, "this text"},
    [CLI_YES] = {"--yes", "-y", NULL, "don't ask whether to go on"},
    [CLI_DRY_RUN] = {"--dry-run", NULL, NULL, "say what would happen; change nothing"},
    [CLI_FORCE] = {"--force", NULL, NULL, "do it although blockers speak against it"},
    [CLI_WATCH] = {"--watch", "-w", NULL, "show the progress until it ends, or until Ctrl-C"},
    [CLI_SET] = {"--set", "-s", "KEY=VALUE", "one setting; wins over the file; may be repeated"},
    [CLI_UNSET] = {"--unset", NULL, "KEY", "take a setting away; may be repeated"},
    [CLI_STATE] = {"--state", NULL, "STATE", "only those in this state, or the one to begin in"},
    [CLI_TASK] = {"--task", NULL, "NUMBER", "this task alone"},
    [CLI_INCLUDE_TASKS] = {"--include-tasks", NULL, NULL, "its tasks, too"},
    [CLI_ONLY_FAILED] = {"--only-failed", NULL, NULL, "only what has failed"},
    [CLI_RESET] = {"--reset", NULL, NULL, "forget all offsets (the connector must be stopped)"},
    [CLI_ALL] = {"--all", NULL, NULL, "all plugins, not only connectors; or all of the link"},
    [CLI_SOURCE] = {"--source", NULL, "HOST:PORT,...", "source.cluster.bootstrap.servers"},
    [CLI_TARGET] = {"--target", NULL, "HOST:PORT,...", "target.cluster.bootstrap.servers"},
    [CLI_TOPICS] = {"--topics", NULL, "LIST", "topics: names and patterns, with commas between"},
    [CLI_GROUPS] = {"--groups", NULL, "LIST", "groups: names and patterns, with commas between"},
    [CLI_PATTERN] = {"--pattern", NULL, "REGEX", "in place of names: all that match it"},
    [CLI_MAX_PAUSE] = {"--max-pause", NULL, "MS", "give up when writers would wait longer"},
    [CLI_REVERSE_OF] = {"--reverse-of", NULL, "LINK",
                        "a link back: LINK's settings with the sides swapped"},
    [CLI_MANIFEST] = {"--manifest", NULL, NULL, "the manifest alone, as YAML"},
};

bool cli_has(const struct cli *cli, enum cli_flag_id id)
{
    return cli->flags[id].count > 0;
}

const char *cli_value(const struct cli *cli, enum cli_flag_id id)
{
    const struct kc_strings *values = &cli->flags[id];
    return values->count ? values->items[values->count - 1] : NULL;
}

const char *cli_argument(const struct cli *cli, size_t n)
{
    return n < cli->arguments.count ? cli->arguments.items[n] : NULL;
}

/* ---- slips ---- */

/* How many letters must be put in, taken out, changed or swapped with the next. */
static size_t slips(const char *a, const char *b)
{
    size_t rows[3][WORDS + 1], m = strlen(a), n = strlen(b);
    if (m >= WORDS || n >= WORDS)
        return SIZE_MAX;
    for (size_t j = 0; j <= n; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= m; i++) {
        size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            size_t changed = above[j - 1] + (a[i - 1] != b[j - 1]);
            size_t other = (above[j] < row[j - 1] ? above[j] : row[j - 1]) + 1;
            row[j] = changed < other ? changed : other;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                before[j - 2] + 1 < row[j])
                row[j] = before[j - 2] + 1;
        }
    }
    return rows[m % 3][n];
}

const char *cli_nearest(const char *word, const char *const *words, size_t count)
{
    size_t best = strlen(word) / 3 + 1; /* a slip in three letters, and one */
    const char *found = NULL;
    for (size_t i = 0; i < count; i++) {
        bool begun = strlen(word) > 2 && strncmp(words[i], word, strlen(word)) == 0;
        size_t distance = begun ? 0 : slips(word, words[i]);
        size_t most = strlen(words[i]) < 4 ? 1 : best;
        if (distance <= most && (!found || distance < best)) {
            best = distance;
            found = words[i];
        }
    }
    return found;
}

/* what: "command", "flag"; before: what stands before both words. */
static struct kc_error *unknown(const char *what, const char *before, const char *word,
                                const char *nearest, const char *help)
{
    if (nearest)
        return kc_error_new(KC_ERR_BAD_REQUEST,
                            "there is no %s '%s%s'. Do you mean '%s%s'? See %s --help", what,
                            before, word, before, nearest, help);
    return kc_error_new(KC_ERR_BAD_REQUEST, "there is no %s '%s%s'. See %s --help", what, before,
                        word, help);
}

static struct kc_error *unknown_verb(const struct cli_noun *noun, const char *word)
{
    const char *words[WORDS];
    size_t count = 0;
    for (const struct cli_command *c = noun->commands; c->verb && count < WORDS; c++)
        words[count++] = c->verb;
    char *before = kc_asprintf("%s ", noun->name), *help = kc_asprintf("isthmus %s", noun->name);
    struct kc_error *err = unknown("command", before, word, cli_nearest(word, words, count), help);
    free(help);
    free(before);
    return err;
}

/* ---- flags ---- */

static char *command_line(const struct cli *cli)
{
    const char *verb = cli->command ? cli->command->verb : "";
    return kc_asprintf("isthmus %s%s%s", cli->noun->name, *verb ? " " : "", verb);
}

static uint64_t taken(const struct cli *cli)
{
    return CLI_COMMON | (cli->command ? cli->command->flags : 0);
}

/* The flag that word names with the first len of its bytes; CLI_FLAGS: none. */
static enum cli_flag_id find_flag(const char *word, size_t len)
{
    for (int id = 0; id < CLI_FLAGS; id++) {
        const struct cli_flag *flag = &cli_flags[id];
        if ((strlen(flag->name) == len && memcmp(flag->name, word, len) == 0) ||
            (flag->brief && len == 2 && memcmp(flag->brief, word, 2) == 0))
            return (enum cli_flag_id)id;
    }
    return CLI_FLAGS;
}

/* The dashes count for no likeness: all flags have them. */
static struct kc_error *unknown_flag(const struct cli *cli, const char *word, size_t len)
{
    const char *words[CLI_FLAGS];
    size_t count = 0, dashes = strncmp(word, "--", 2) == 0 ? 2 : 0;
    for (int id = 0; id < CLI_FLAGS; id++)
        if (taken(cli) & CLI_BIT(id))
            words[count++] = cli_flags[id].name + dashes;
    char *name = kc_strndup(word + dashes, len - dashes), *line = command_line(cli);
    struct kc_error *err =
        unknown("flag", dashes ? "--" : "", name, cli_nearest(name, words, count), line);
    free(line);
    free(name);
    return err;
}

/* Takes the flag at argv[*at], and its value; *at is then the last word that was taken. */
static struct kc_error *take_flag(struct cli *cli, int argc, char **argv, int *at)
{
    const char *word = argv[*at];
    bool brief = word[1] != '-';
    size_t len = brief ? 2 : strcspn(word, "=");
    enum cli_flag_id id = find_flag(word, len);
    if (id == CLI_FLAGS || (brief && word[2] && !cli_flags[id].value))
        return unknown_flag(cli, word, strcspn(word, "="));
    const char *value = brief ? (word[2] ? word + 2 : NULL) : (word[len] ? word + len + 1 : NULL);
    if (!cli_flags[id].value) {
        if (value)
            return kc_error_new(KC_ERR_BAD_REQUEST, "%s takes no value, but '%s' was given",
                                cli_flags[id].name, value);
        kc_strings_add(&cli->flags[id], "");
        return NULL;
    }
    if (!value && *at + 1 < argc)
        value = argv[++*at];
    if (!value)
        return kc_error_new(KC_ERR_BAD_REQUEST, "%s needs a value: %s %s", cli_flags[id].name,
                            cli_flags[id].name, cli_flags[id].value);
    kc_strings_add(&cli->flags[id], value);
    return NULL;
}

/* Flags stand before or behind the verb: whether the command takes them is known at the end. */
static struct kc_error *check_flags(const struct cli *cli)
{
    for (int id = 0; id < CLI_FLAGS; id++) {
        const char *name = cli_flags[id].name;
        if (cli->flags[id].count && !(taken(cli) & CLI_BIT(id)))
            return unknown_flag(cli, name, strlen(name));
    }
    return NULL;
}

/* ---- arguments ---- */

/* How many arguments a command takes, and the name of the nth that must be there. */
static void count_arguments(const char *arguments, size_t *least, size_t *most)
{
    *least = *most = 0;
    for (const char *at = arguments; *at;) {
        size_t len = strcspn(at, " ");
        bool many = len >= 3 && strstr(at, "...") && strstr(at, "...") < at + len;
        *least += *at == '[' ? 0 : 1;
        *most = many ? SIZE_MAX : *most + 1;
        at += len;
        at += strspn(at, " ");
    }
}

static struct kc_error *check_arguments(const struct cli *cli)
{
    size_t least, most;
    count_arguments(cli->command->arguments, &least, &most);
    if (cli->arguments.count >= least && cli->arguments.count <= most)
        return NULL;
    char *line = command_line(cli);
    struct kc_error *err =
        cli->arguments.count < least
            ? kc_error_new(KC_ERR_BAD_REQUEST,
                           "something is missing. Usage: %s %s (more: %s --help)", line,
                           cli->command->arguments, line)
            : kc_error_new(KC_ERR_BAD_REQUEST, "'%s' is too much. Usage: %s %s (more: %s --help)",
                           cli->arguments.items[most], line, cli->command->arguments, line);
    free(line);
    return err;
}

static const struct cli_command *find_command(const struct cli_noun *noun, const char *verb)
{
    for (const struct cli_command *command = noun->commands; command->verb; command++)
        if (strcmp(command->verb, verb) == 0)
            return command;
    return NULL;
}

/* Whether verbs of two words begin with this one: "waves" of "waves list". */
static bool begins_command(const struct cli_noun *noun, const char *word)
{
    size_t len = strlen(word);
    for (const struct cli_command *command = noun->commands; command->verb; command++)
        if (strncmp(command->verb, word, len) == 0 && command->verb[len] == ' ')
            return true;
    return false;
}

/* A word of the verb. *first is the one before it, "" at first. */
static struct kc_error *take_verb(struct cli *cli, const char *word, const char **first)
{
    if (!**first && begins_command(cli->noun, word)) {
        *first = word;
        return NULL;
    }
    char *verb = kc_asprintf("%s%s%s", *first, **first ? " " : "", word);
    cli->command = find_command(cli->noun, verb);
    struct kc_error *err = cli->command ? NULL : unknown_verb(cli->noun, verb);
    free(verb);
    return err;
}

struct kc_error *cli_parse(struct cli *cli, int argc, char **argv)
{
    const char *first = "";
    struct kc_error *err = NULL;
    bool flags = true;
    cli->command = find_command(cli->noun, "");
    for (int i = 1; i < argc && !err; i++) {
        if (flags && strcmp(argv[i], "--") == 0) {
            flags = false;
        } else if (flags && argv[i][0] == '-' && argv[i][1]) {
            err = take_flag(cli, argc, argv, &i);
        } else if (!cli->command) {
            err = take_verb(cli, argv[i], &first);
        } else {
            kc_strings_add(&cli->arguments, argv[i]);
        }
    }
    if (err || cli_has(cli, CLI_HELP))
        return err;
    if (!cli->command)
        return kc_error_new(KC_ERR_BAD_REQUEST, "what shall be done? See isthmus %s --help",
                            cli->noun->name);
    err = check_flags(cli);
    return err ? err : check_arguments(cli);
}
