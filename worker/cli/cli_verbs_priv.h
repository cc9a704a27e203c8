/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests about mirror topics and mirror groups by name: created, promoted, paused, ended.
 *
 * What a worker answers for each name is shown, with what speaks against it and what to do.
 */
#ifndef WORKER_CLI_CLI_VERBS_PRIV_H
#define WORKER_CLI_CLI_VERBS_PRIV_H

#include "cli/cli_priv.h"

/* What topics, groups, waves and tasks differ in. */
struct cli_kind {
    const char *noun;    /* "topic" */
    const char *title;   /* "TOPIC" */
    const char *path;    /* "mirrors" */
    const char *name;    /* "mirror_topic_name" */
    const char *names;   /* "mirror_topic_names" */
    const char *pattern; /* "mirror_topic_name_pattern"; NULL: there is none */
    const char *status;  /* "mirror_status" */
};
extern const struct cli_kind cli_topics, cli_groups, cli_waves, cli_tasks;

/* The first argument is the link, the others are names, unless --pattern stands for them. Posts to
 * /links/LINK/KIND, or :verb (NULL: none) of it, and prints the answer. cli->status is CLI_BLOCKED
 * when a blocker forbids it, CLI_FAILED when something else does. ask: a dry run first shows what
 * would happen, and people are asked. *done: it was done. */
struct kc_error *cli_post_names(struct cli *cli, const struct cli_kind *kind, const char *verb,
                                bool ask, bool *done) KC_MUST_CHECK;
/* Prints what an answer says of each name, and sets cli->status. KC_ERR_...: the answer, whose
 * status it is, says nothing of names. */
struct kc_error *cli_print_outcomes(struct cli *cli, const struct cli_kind *kind, long status,
                                    const json_t *answer) KC_MUST_CHECK;
/* Ends the mirroring of the names, after having asked. */
struct kc_error *cli_delete_names(struct cli *cli, const struct cli_kind *kind) KC_MUST_CHECK;
/* The names: all arguments but the first. Borrowed, not to be destroyed. */
struct kc_strings cli_names(const struct cli *cli);

#endif
