/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plan of mirror topics: what would be made of them, how much that is, how long it would take,
 * and what speaks against it. Nothing is changed by it. On the connector's thread, for some
 * seconds.
 */
#ifndef CONNECTORS_LINK_LINK_PLAN_PRIV_H
#define CONNECTORS_LINK_LINK_PLAN_PRIV_H

#include "link/link_live_priv.h"

/* ---- link_plan_measure.c ---- */

/* What is measured of a topic; -1: not known. */
struct link_plan_measure {
    int64_t records; /* that the source has, by offsets, and that aren't copied yet */
    int64_t leading; /* offsets before its log begins */
    double record_bytes;
    double records_per_second; /* that are written at the source */
};

/* Asks both sides twice, a second apart. look is begun by the caller; measures has one for each of
 * its topics. */
void link_plan_measure(struct link_live *live, const struct link_config *config,
                       struct link_look *look, struct link_plan_measure *measures);
/* Reads a chunk of each topic's largest partition, which tells how large records are: sets
 * record_bytes, -1 where none came within some seconds. */
void link_plan_samples(const struct link_config *config, struct link_look *look);
/* Bytes a second in which the largest partition of look can be read; -1: not known. */
double link_plan_speed(const struct link_config *config, const struct link_look *look);

/* ms until so many bytes and leading offsets are on the target, while more comes; -1: never, or not
 * known. Pure. */
int64_t link_plan_ms(double bytes, double leading, double speed, double grows);

/* ---- link_plan.c ---- */

/* GET /links/{link}/mirrors:plan */
void link_get_plan(void *connector, struct kc_resource_request *request);

#endif
