/* SPDX-License-Identifier: Apache-2.0 */
/* The check of a configuration by its plugin, for `plugin validate` and every --dry-run. */
#ifndef WORKER_CLI_CLI_VALIDATE_PRIV_H
#define WORKER_CLI_CLI_VALIDATE_PRIV_H

#include "cli/cli_priv.h"

/* Asks the worker, and prints what is wrong, or that nothing is. cli->status is CLI_FAILED when
 * something is. */
struct kc_error *cli_validate(struct cli *cli, const struct kc_map *config) KC_MUST_CHECK;

#endif
