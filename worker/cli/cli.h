/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line for people: isthmus link, mirror, group, connector, plugin, verify.
 *
 * It asks a worker over HTTP, as anybody else could, and prints what it answers. For main.c; one
 * thread.
 */
#ifndef WORKER_CLI_CLI_H
#define WORKER_CLI_CLI_H

#include <stdbool.h>
#include <stdio.h>

/* Whether word begins a command of people: "connector". */
bool kc_cli_knows(const char *word);
/* One line for each, for the program's help. */
void kc_cli_list(FILE *out);
/* Says that there is no command called word, and which is most like it. others: commands of the
 * caller's, NULL-terminated. Returns the exit status. */
int kc_cli_unknown(const char *word, const char *const *others);
/* Does what argv says, argv[0] being "connector". The exit status: 0 done, 1 it failed, 2 the
 * command line is wrong, 3 a blocker forbids it. */
int kc_cli_run(int argc, char **argv);

#endif
