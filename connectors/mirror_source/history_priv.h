/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A mirror's reaction to a changed log of the source: retention overtook the mirror, the log was
 * truncated, or the topic was deleted and created again. source.history.policy decides, or
 * auto.offset.reset if it isn't set. auto.offset.reset alone decides where a new partition begins.
 */
#ifndef CONNECTORS_MIRROR_SOURCE_HISTORY_PRIV_H
#define CONNECTORS_MIRROR_SOURCE_HISTORY_PRIV_H

#include "mirror/mirror_config.h"

#define KC_HISTORY_POLICY "source.history.policy"

enum kc_history_policy {
    KC_HISTORY_FAIL,   /* the task fails: somebody has to decide */
    KC_HISTORY_REWIND, /* from the first existing record that wasn't mirrored */
    KC_HISTORY_SKIP,   /* from the end: only what comes from now on */
};

/* KC_ERR_CONFIG: KC_HISTORY_POLICY is none of fail, rewind, skip. It isn't among the declared keys,
 * which are Java's. */
struct kc_error *kc_history_check(const struct kc_map *properties) KC_MUST_CHECK;
/* reset: auto.offset.reset. */
enum kc_history_policy kc_history_policy_of(const struct kc_mirror_config *config,
                                            const char *reset);
/* "source.history.policy=skip", or "auto.offset.reset=latest": for the log. Owned by the caller. */
char *kc_history_text(const struct kc_mirror_config *config, const char *reset);

#endif
