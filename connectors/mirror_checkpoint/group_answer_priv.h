/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pieces of the answer on groups' offsets (group_translation.h), as JSON.
 *
 * Names and metadata are whatever clients and other writers of the checkpoints topic have left
 * there. JSON holds UTF-8 only: anything else in them is shown as U+FFFD, as Java's clients read
 * it. Pure.
 */
#ifndef CONNECTORS_MIRROR_CHECKPOINT_GROUP_ANSWER_PRIV_H
#define CONNECTORS_MIRROR_CHECKPOINT_GROUP_ANSWER_PRIV_H

#include "mirror/mirror_records.h"

#include <jansson.h>

/* The text in UTF-8; the caller's. NULL is "". */
char *kc_group_answer_text(const char *data, size_t len);
/* The same as a JSON string. */
json_t *kc_group_answer_string(const char *data, size_t len);

/* The member "checkpoint" of an answer: the checkpoint's offsets. */
json_t *kc_group_answer_checkpoint(const struct kc_checkpoint *checkpoint);
/* The whole answer on a partition where there is nothing but its checkpoint. */
json_t *kc_group_answer_by_checkpoint(const struct kc_checkpoint *checkpoint);

#endif
