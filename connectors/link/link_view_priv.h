/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A link and what belongs to it as JSON, in the words of the REST API. A number that isn't known is
 * null. Each function returns a new reference. Any thread.
 */
#ifndef CONNECTORS_LINK_LINK_VIEW_PRIV_H
#define CONNECTORS_LINK_LINK_VIEW_PRIV_H

#include "link/link_blockers_priv.h"
#include "link/link_group_look_priv.h"

/* ---- link_view.c: topics and links ---- */

/* lags and commits NULL: what they tell is null. */
json_t *link_view_mirror(const struct link_config *config, const struct link_mirror *mirror,
                         const struct link_lags *lags, const struct link_commits *commits);
json_t *link_view_lags(const struct link_lags *lags);
/* "SOURCE_TOPIC_MAY_BE_DELETED", ...; "NO_ERROR". */
const char *link_view_mirror_error(const struct link_mirror *mirror, const struct link_lags *lags);

/* Topics of a link with their lags. Zero-initialise it. */
struct link_mirrors {
    struct link_mirror *items;
    size_t count;
    struct link_look look; /* of the items, in their order; empty unless asked for */
};
/* All mirror topics of the link, or those of one state (NULL: all). A topic whose records are
 * damaged is left out, with a warning in the log. */
void link_mirrors_load(struct link_control *control, const enum kc_link_topic_state *state,
                       struct link_mirrors *mirrors);
void link_mirrors_look(struct link_control *control, struct link_mirrors *mirrors, bool closely);
void link_mirrors_clear(struct link_mirrors *mirrors);

/* A link; detailed: with tasks, leases, gateways and blockers. */
json_t *link_view_link(struct link_control *control, bool detailed);
/* "ACTIVE"; "UNAVAILABLE" where a side can't be reached; "STATE_LOST" where the state isn't kept.
 */
const char *link_view_link_state(const struct link_look *look);
/* What is wrong with the link as a whole; NULL: nothing. */
const char *link_view_link_error(const struct link_look *look);
/* [{task_name, state, errors}] */
json_t *link_view_tasks(struct link_control *control, const struct link_mirrors *mirrors);

/* ---- link_group_view.c ---- */

/* look NULL: what it tells is null. */
json_t *link_view_group(const struct link_mirror_group *mirror, const struct link_group_look *look,
                        const struct link_outcome *blockers);

/* Groups of a link. Zero-initialise it. */
struct link_mirror_groups {
    struct link_mirror_group *items;
    size_t count;
};
void link_mirror_groups_load(struct link_control *control, struct link_mirror_groups *groups);
void link_mirror_groups_clear(struct link_mirror_groups *groups);

/* ---- outcomes ---- */

json_t *link_view_blockers(const struct link_outcome *outcome);
/* The fields of every outcome: error_code, error_message, message, blockers, predicted_ms. */
void link_view_outcome(json_t *object, const struct link_outcome *outcome);

/* null where the number is negative. */
json_t *link_view_number(int64_t number);

#endif
