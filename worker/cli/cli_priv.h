/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the command line is made of: tables of commands and flags, and one struct for a run.
 *
 * A command is a row: noun, verb, arguments, flags, function, help. The parser and the help are
 * written from the rows. One thread.
 */
#ifndef WORKER_CLI_CLI_PRIV_H
#define WORKER_CLI_CLI_PRIV_H

#include "connect/map.h"

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

enum cli_exit { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2, CLI_BLOCKED = 3 };

/* ---- flags ---- */

enum cli_flag_id {
    CLI_URL,
    CLI_USER,
    CLI_COMMAND_CONFIG,
    CLI_CACERT,
    CLI_CERT,
    CLI_OUTPUT,
    CLI_TIMEOUT,
    CLI_HELP,
    CLI_YES,
    CLI_DRY_RUN,
    CLI_FORCE,
    CLI_WATCH,
    CLI_SET,
    CLI_UNSET,
    CLI_STATE,
    CLI_TASK,
    CLI_INCLUDE_TASKS,
    CLI_ONLY_FAILED,
    CLI_RESET,
    CLI_ALL,
    CLI_SOURCE,
    CLI_TARGET,
    CLI_TOPICS,
    CLI_GROUPS,
    CLI_PATTERN,
    CLI_MAX_PAUSE,
    CLI_MANIFEST,
    CLI_REVERSE_OF,
    CLI_FLAGS
};
#define CLI_BIT(id) (UINT64_C(1) << (id))
/* Those that each command takes. */
#define CLI_COMMON                                                                                 \
    (CLI_BIT(CLI_URL) | CLI_BIT(CLI_USER) | CLI_BIT(CLI_COMMAND_CONFIG) | CLI_BIT(CLI_CACERT) |    \
     CLI_BIT(CLI_CERT) | CLI_BIT(CLI_OUTPUT) | CLI_BIT(CLI_TIMEOUT) | CLI_BIT(CLI_HELP))

struct cli_flag {
    const char *name;  /* "--output" */
    const char *brief; /* "-o"; NULL: none */
    const char *value; /* "FORMAT"; NULL: it takes none */
    const char *help;
};
extern const struct cli_flag cli_flags[CLI_FLAGS];

/* ---- commands ---- */

struct cli;

struct cli_command {
    const char *verb; /* "" : the noun alone is the command */
    /* "NAME [FILE]", "LINK TOPIC...": the parser reads it. [X] may be left out, X... may come more
     * than once. */
    const char *arguments;
    uint64_t flags; /* beside CLI_COMMON */
    /* Prints what came of it. KC_ERR_BAD_REQUEST: the command line is wrong. Sets cli->status for
     * what is neither. */
    struct kc_error *(*run)(struct cli *cli);
    const char *help;     /* one line */
    const char *examples; /* whole lines, or NULL */
};

struct cli_noun {
    const char *name;
    const char *help;
    const struct cli_command *commands; /* ends with a NULL verb */
};
extern const struct cli_noun cli_nouns[];
extern const size_t cli_noun_count;

extern const struct cli_command cli_link_commands[];
extern const struct cli_command cli_mirror_commands[];
extern const struct cli_command cli_group_commands[];
extern const struct cli_command cli_connector_commands[];
extern const struct cli_command cli_plugin_commands[];
extern const struct cli_command cli_verify_commands[];

/* ---- a run ---- */

enum cli_output { CLI_TABLE, CLI_HUMAN, CLI_JSON, CLI_YAML };

struct cli {
    const struct cli_noun *noun;
    const struct cli_command *command;
    struct kc_strings arguments;
    struct kc_strings flags[CLI_FLAGS]; /* values; of a flag that takes none, "" */

    FILE *out;
    FILE *err;
    bool terminal; /* out is one: colours, and lines that are drawn anew */
    int width;     /* of the terminal in columns; 0: any */
    int height;    /* in lines */

    /* cli_server.c */
    char *url;
    char *user;
    char *password;
    struct kc_map *ssl;
    int timeout_ms;

    enum cli_exit status;
};

bool cli_has(const struct cli *cli, enum cli_flag_id id);
/* The last value; NULL: it wasn't given. */
const char *cli_value(const struct cli *cli, enum cli_flag_id id);
/* The nth argument; NULL: there are fewer. */
const char *cli_argument(const struct cli *cli, size_t n);

/* ---- cli_args.c ---- */

/* Reads what stands behind the noun. KC_ERR_BAD_REQUEST names what is wrong and what may be meant.
 * With --help, and without a verb where there are some, cli->command may stay NULL. */
struct kc_error *cli_parse(struct cli *cli, int argc, char **argv) KC_MUST_CHECK;
/* The word of a list that is most like word, near enough for a slip; NULL: none. */
const char *cli_nearest(const char *word, const char *const *words, size_t count);

/* ---- cli_help.c ---- */

void cli_help(FILE *out, const struct cli_noun *noun, const struct cli_command *command);

/* ---- asking people ---- */

/* True: go on. False with an error (usage) where nobody can be asked, or with none where the answer
 * was no. question ends with a question mark. */
struct kc_error *cli_confirm(struct cli *cli, bool *yes, const char *fmt, ...)
    KC_PRINTF(3, 4) KC_MUST_CHECK;

#endif
