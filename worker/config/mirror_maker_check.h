/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings of a mm2.properties that reach nothing: spelling errors, flows between clusters that the
 * file doesn't have, settings that stand where MirrorMaker doesn't look.
 *
 * Pure; any thread.
 */
#ifndef WORKER_CONFIG_MIRROR_MAKER_CHECK_H
#define WORKER_CONFIG_MIRROR_MAKER_CHECK_H

#include "connect/map.h"

/* Why key of the file has no effect, and what to write in its place: owned by the caller. NULL: it
 * has one, or is a cluster's ("A.…"), whose worker says what it doesn't know.
 * clusters: the file's aliases. */
char *kc_mm2_without_effect(const struct kc_strings *clusters, const char *key);

#endif
