/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The value of a setting like connector.plugin.version (KIP-891): Maven's version ranges and its
 * order of versions, which Connect adopted (PluginUtils.connectorVersionRequirement).
 *
 * Pure; any thread.
 */
#ifndef WORKER_CONFIG_VERSION_RANGE_H
#define WORKER_CONFIG_VERSION_RANGE_H

#include "connect/error.h"

struct kc_version_range;

/* Reads "1.0" (exactly that), "[1.0,2.0)", "(,1.0],[1.2,)". *range is NULL if every version fits:
 * no text, or "latest". KC_ERR_CONFIG with Maven's words. */
struct kc_error *kc_version_range_parse(const char *text,
                                        struct kc_version_range **range) KC_MUST_CHECK;
void kc_version_range_destroy(struct kc_version_range *range); /* NULL is fine */

bool kc_version_range_contains(const struct kc_version_range *range, const char *version);

/* As Maven prints it: "[1.0,1.0]" for 1.0. Owned by the caller. */
char *kc_version_range_print(const struct kc_version_range *range);

/* Below, above or zero as strcmp(): "1.0-rc1" is before "1.0", "1.0" is "1". */
int kc_version_compare(const char *a, const char *b);

#endif
