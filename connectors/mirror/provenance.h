/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Remembers where topics come from, so that flows that keep topic names find cycles.
 *
 * Under DefaultReplicationPolicy a name tells the way of a topic; under Identity it doesn't. So
 * each such flow claims its topics, in the compacted topic mm2-provenance.internal on its target. A
 * claim names the clusters, by id, that the topic has been on. A flow may find its own target among
 * the origins of a topic on its source. Then it leaves that topic out, unless its own claim is
 * older. So the last flow of a circle stays away, and a flow outside a circle never does. Claims
 * are renewed while the flow runs and expire after five minutes, so that a flow may be turned
 * round.
 *
 * On the connector's scheduler thread, except kc_provenance_left_out(). The decisions are pure
 * functions.
 */
#ifndef CONNECTORS_MIRROR_PROVENANCE_H
#define CONNECTORS_MIRROR_PROVENANCE_H

#include "mirror/flow_topics.h"

#include <jansson.h>

#define KC_PROVENANCE_SETTING "replication.cycle.detection.enabled" /* default true */

struct kc_provenance;

/* *provenance NULL: names change, or the user handles cycles (the setting, or transforms, which may
 * filter). flow is borrowed. Sends no request. */
struct kc_error *kc_provenance_new(const struct kc_flow *flow,
                                   struct kc_provenance **provenance) KC_MUST_CHECK;
void kc_provenance_destroy(struct kc_provenance *provenance); /* NULL is fine */

/* Removes from topics what would go round in a circle, and claims the rest. Failures are logged;
 * then the claims known so far count. NULL is fine. */
void kc_provenance_apply(struct kc_provenance *provenance, struct kc_flow_topics *topics);

/* How many topics are left out. Any thread; NULL is fine. */
size_t kc_provenance_left_out(const struct kc_provenance *provenance);

/* ---- decisions ---- */

/* A flow's claims as they are stored: {"source": id, "alias": text, "seen": ms, "topics": {name:
 * {"since": ms, "origins": [id, ...]}}}; new reference, NULL for anything else. */
json_t *kc_claims_parse(const char *data, size_t len);

/* What the question is about. */
struct kc_claim_view {
    const char *source; /* cluster ids of the flow that asks */
    const char *target;
    int64_t since_ms; /* of its own claim */
    int64_t now_ms;
};
/* The claim (by key) on the source cluster which shows that topic would return to a cluster where
 * it has been; borrowed; NULL: none. */
const json_t *kc_claims_forbid(const json_t *claims, const char *topic,
                               const struct kc_claim_view *view);
/* The origins of topic on the source cluster, that cluster among them; new reference. */
json_t *kc_claims_origins(const json_t *claims, const char *topic,
                          const struct kc_claim_view *view);

#endif
