/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON for people: tables that fit the terminal, blocks of lines, JSON, YAML.
 *
 * What is shown of an object is a table of columns. What comes from a worker is untrusted: control
 * characters never reach the terminal.
 */
#ifndef WORKER_CLI_CLI_PRINT_PRIV_H
#define WORKER_CLI_CLI_PRINT_PRIV_H

#include "cli/cli_priv.h"

enum cli_format {
    CLI_AS_TEXT,     /* strings, numbers and booleans as they are; other JSON compact */
    CLI_AS_STATE,    /* a text in the colour of a state */
    CLI_AS_NUMBER,   /* 1,234,567 */
    CLI_AS_BYTES,    /* 1.2 GiB */
    CLI_AS_RATE,     /* 1.2 MiB/s */
    CLI_AS_DURATION, /* of ms: 350 ms, 2.5 s, 3m 20s */
    CLI_AS_TIME,     /* of ms since the epoch: 2026-01-31 12:00:00Z */
    CLI_AS_PERCENT,  /* of 0 to 1: 12.5% */
    CLI_AS_COUNTS,   /* of {"STATE": 2}: "2 STATE", those with 0 left out */
    CLI_AS_LIST,     /* of an array: its items with ", " between */
};

struct cli_column {
    const char *title; /* "LAG" */
    const char *path;  /* of the field: "connector.state" */
    enum cli_format format;
};

/* Takes -o. absent: what it is without. */
struct kc_error *cli_output_take(const struct cli *cli, enum cli_output absent,
                                 enum cli_output *output) KC_MUST_CHECK;

/* The field at path, borrowed; NULL: there is none, or it is null. */
const json_t *cli_field(const json_t *object, const char *path);
/* Such a field's text; "" where there is none. */
const char *cli_text(const json_t *object, const char *path);
/* "-" for NULL. Appended, control characters replaced. */
void cli_format(struct kc_str *out, const json_t *value, enum cli_format format);
/* How many columns text takes. */
int cli_columns(const char *text);
/* Appends the text, which ends with "..." where it would take more than most columns. */
void cli_cut(struct kc_str *out, const char *text, int most);
/* Begins the colour of a state: "" where there is none. */
const char *cli_state_colour(const char *state);
#define CLI_PLAIN "\033[0m"

/* An array of objects as -o says, by default a table; the same of one object, by default as lines.
 * What JSON and YAML show is everything. */
struct kc_error *cli_print_list(struct cli *cli, const json_t *array,
                                const struct cli_column *columns, size_t count) KC_MUST_CHECK;
struct kc_error *cli_print_item(struct cli *cli, const json_t *object,
                                const struct cli_column *columns, size_t count) KC_MUST_CHECK;
/* A table, whatever -o says. */
void cli_print_table(struct cli *cli, const json_t *array, const struct cli_column *columns,
                     size_t count);
/* A table of the array in a field of the object, behind an empty line; nothing where there is none.
 */
void cli_print_part(struct cli *cli, const json_t *object, const char *field,
                    const struct cli_column *columns, size_t count);
/* Whether JSON or YAML was asked for, and then prints value so. */
bool cli_print_data(struct cli *cli, const json_t *value);
/* A line of what was done; nothing with -o json or yaml. */
void cli_say(struct cli *cli, const char *fmt, ...) KC_PRINTF(2, 3);

/* cli_yaml.c: appends value as YAML that any reader takes. */
void cli_yaml_write(struct kc_str *out, const json_t *value);

#define CLI_COUNT(array) (sizeof(array) / sizeof(*(array)))

#endif
