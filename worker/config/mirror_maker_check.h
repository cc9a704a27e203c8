/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings of a mm2.properties without effect: spelling errors, flows between unknown clusters,
 * settings in a place where MirrorMaker doesn't look.
 *
 * Pure; any thread.
 */
#ifndef WORKER_CONFIG_MIRROR_MAKER_CHECK_H
#define WORKER_CONFIG_MIRROR_MAKER_CHECK_H

#include "connect/map.h"

/* Why key has no effect, and what to write instead: owned by the caller. NULL: it has an effect, or
 * it is a cluster's ("A.x"), whose worker warns of unknown keys. clusters: the file's aliases. */
char *kc_mm2_without_effect(const struct kc_strings *clusters, const char *key);

#endif
