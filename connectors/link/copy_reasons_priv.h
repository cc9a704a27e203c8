/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the state of a topic says of an error of one of the clusters: what happened, and what to do.
 * Pure; the texts are the caller's.
 */
#ifndef CONNECTORS_LINK_COPY_REASONS_PRIV_H
#define CONNECTORS_LINK_COPY_REASONS_PRIV_H

#include "connect/error.h"

#include <stdbool.h>
#include <stdint.h>

/* The target refuses a batch for good; topic: on the target. NULL: it may pass. */
char *link_reason_refused(const char *topic, int32_t partition, int64_t offset,
                          const struct kc_error *err);
/* The target's log lacks what it had before that offset. */
char *link_reason_lost(const char *topic, int32_t partition, int64_t offset);
/* The source doesn't answer, or has no such topic. */
char *link_reason_away(const struct kc_error *err);

#endif
