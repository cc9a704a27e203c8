/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A proposal of waves, and who would lose rights. On the connector's thread.
 */
#ifndef CONNECTORS_LINK_LINK_PROPOSE_PRIV_H
#define CONNECTORS_LINK_LINK_PROPOSE_PRIV_H

#include "connect/missing_rights.h"
#include "connect/resource.h"
#include "link/link_view_priv.h"
#include "link/link_writers_priv.h"

void link_get_proposal(void *connector, struct kc_resource_request *request);

/* ---- sets of topics: parents[i] is of mirrors->items[i] ---- */

size_t link_sets_root(size_t *parents, size_t i);
/* Joins the topics of each writer into one set. */
void link_sets_join(size_t *parents, const struct link_mirrors *mirrors,
                    const struct link_writers *writers);
/* Puts sets into batches of `most` topics (a larger set is a batch of its own), those with few
 * records first. batches[i] is of mirrors->items[i]. Returns how many batches there are. */
size_t link_sets_batches(const struct link_mirrors *mirrors, size_t *parents, size_t most,
                         size_t *batches);

/* What a batch moves; -1: it isn't known. */
struct link_batch_size {
    int64_t records; /* that the source has, by offsets */
    int64_t bytes;
    int64_t lag; /* records that aren't on the target yet */
    int64_t lag_bytes;
    double records_per_second; /* that are written at the source */
};
/* The sums over the mirrors of a batch, which have been looked at. */
void link_batch_measure(const struct link_mirrors *mirrors, const size_t *batches, size_t batch,
                        struct link_batch_size *size);

/* ---- link_rights_gaps.c: who may use a topic at the source, and not on the target ---- */

/* Zero-initialise it. */
struct link_rights_gaps {
    struct kc_missing_rights found;
    char *unknown;           /* why that isn't known; NULL: it is, or no side has an authorizer */
    struct kc_strings users; /* with SCRAM credentials at the source that the target lacks: "alice
                                (SCRAM-SHA-512)" */
    char *users_unknown;     /* why that isn't known; NULL: it is */
};
void link_rights_gaps_load(struct link_control *control, const struct link_mirror *mirrors,
                           size_t count, struct link_rights_gaps *gaps);
void link_rights_gaps_clear(struct link_rights_gaps *gaps);
/* The same from known ACLs. */
void link_rights_gaps_find(const struct link_mirror *mirrors, size_t count,
                           const struct kc_acls *source, const struct kc_acls *target,
                           struct link_rights_gaps *gaps);
/* The users of the source that aren't among the target's. */
void link_scram_gaps_find(const struct kc_strings *source, const struct kc_strings *target,
                          struct link_rights_gaps *gaps);
/* Appends the gaps of a topic as blockers. */
void link_rights_gaps_view(const struct link_rights_gaps *gaps, const char *topic, json_t *list);

#endif
