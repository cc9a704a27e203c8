/* SPDX-License-Identifier: Apache-2.0 */
/* isthmus link waves: topics and groups that move as one, in batches. Functions of commands. */
#ifndef WORKER_CLI_CLI_WAVE_PRIV_H
#define WORKER_CLI_CLI_WAVE_PRIV_H

#include "cli/cli_priv.h"

struct kc_error *cli_waves_propose(struct cli *cli) KC_MUST_CHECK;
struct kc_error *cli_waves_create(struct cli *cli) KC_MUST_CHECK;
struct kc_error *cli_waves_list(struct cli *cli) KC_MUST_CHECK;
struct kc_error *cli_waves_describe(struct cli *cli) KC_MUST_CHECK;
struct kc_error *cli_waves_start(struct cli *cli) KC_MUST_CHECK;
struct kc_error *cli_waves_stop(struct cli *cli) KC_MUST_CHECK;
struct kc_error *cli_waves_delete(struct cli *cli) KC_MUST_CHECK;

#endif
