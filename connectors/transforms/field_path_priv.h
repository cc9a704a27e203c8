/* SPDX-License-Identifier: Apache-2.0 */
/* The path of a field (SingleFieldPath, KIP-821): one name (V1), or names joined by dots (V2).
 * Immutable once made. */
#ifndef CONNECTORS_TRANSFORMS_FIELD_PATH_PRIV_H
#define CONNECTORS_TRANSFORMS_FIELD_PATH_PRIV_H

#include "connect/mem.h"

/* Appends the steps of path, at least one; nested: V2. KC_ERR_CONFIG for an incomplete pair of
 * backticks. */
struct kc_error *kc_field_path_parse(const char *path, bool nested,
                                     struct kc_strings *steps) KC_MUST_CHECK;

#endif
