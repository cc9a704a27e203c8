/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What became of the transactions in a range of a log that lies behind its last stable offset, when
 * one that stays open is taken for aborted. Filled by a first reading of the range; the second one
 * asks it. Pure, one thread.
 */
#ifndef CONNECTORS_LINK_COPY_FATES_PRIV_H
#define CONNECTORS_LINK_COPY_FATES_PRIV_H

#include "connect/record_batch.h"

struct link_fates;

struct link_fates *link_fates_new(void);
void link_fates_free(struct link_fates *fates); /* NULL is fine */
/* Batches of the range in order. */
void link_fates_note(struct link_fates *fates, const struct kc_record_batch *batch);
/* Whether a batch of the range holds records that are to be seen. */
bool link_fates_admit(const struct link_fates *fates, const struct kc_record_batch *batch);

#endif
