/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much arrives in each mirrored partition, and whether to deal partitions to tasks anew.
 *
 * Records per second follow from the end offsets at the source, for all partitions, whichever
 * worker mirrors them. Bytes per record follow from what tasks of this process have mirrored of the
 * topic. Nothing is moved unless one task has far more than its share for several looks in a row,
 * and then at most every ten minutes. So a burst or a new topic moves nothing.
 */
#ifndef CONNECTORS_MIRROR_FLOW_LOADS_H
#define CONNECTORS_MIRROR_FLOW_LOADS_H

#include "mirror/deal.h"
#include "mirror/mirror_config.h"

#define KC_BALANCE_SETTING  "replication.balance.enabled"     /* default true */
#define KC_BALANCE_INTERVAL "replication.balance.interval.ms" /* between looks; default 60000 */

struct kc_flow_loads;

/* NULL where the setting is off. */
struct kc_flow_loads *kc_flow_loads_new(const struct kc_mirror_config *config);
void kc_flow_loads_destroy(struct kc_flow_loads *loads); /* NULL is fine */

int64_t kc_flow_loads_interval_ms(const struct kc_flow_loads *loads); /* between two looks */
/* Says what tasks have. The connector's thread. */
void kc_flow_loads_set_deal(struct kc_flow_loads *loads, const struct kc_deal *deal);
/* Looks at the source. *due: kc_flow_loads_balance() should deal anew. On the scheduler's thread.
 */
struct kc_error *kc_flow_loads_look(struct kc_flow_loads *loads, bool *due) KC_MUST_CHECK;
/* Replaces deal by a balanced one if that is due. Returns whether it did. The connector's thread.
 */
bool kc_flow_loads_balance(struct kc_flow_loads *loads, struct kc_deal *deal);

/* How much a task has mirrored of one topic of the flow in total. Any thread. */
void kc_flow_loads_note(const struct kc_mirror_config *config, const char *topic, uint64_t records,
                        uint64_t bytes);
/* Bytes per record of the topic, from what tasks of this process have mirrored; 0: unknown. Any
 * thread. */
double kc_flow_record_bytes(const struct kc_mirror_config *config, const char *topic);

#endif
