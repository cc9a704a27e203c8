/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far consumer groups are behind: on the source, on the target, and between the two.
 *
 * A partition's offsets on both sides are added to its group's figures. Each round of a checkpoint
 * task begins new figures. The groups with the greatest lag are remembered for GET
 * /connectors/X/explain, whose size doesn't grow with the groups. Pure except for time; one thread.
 */
#ifndef CONNECTORS_MIRROR_CHECKPOINT_GROUP_LAG_PRIV_H
#define CONNECTORS_MIRROR_CHECKPOINT_GROUP_LAG_PRIV_H

#include "mirror_checkpoint/log_ends_priv.h"

#include <jansson.h>

enum { KC_LAG_SHOWN = 20 }; /* groups in an explanation */

/* One partition of a group. An offset of -1 is unknown. */
struct kc_lag_place {
    int64_t committed;         /* on the source */
    int64_t source_end;        /* of the log */
    int64_t committed_age_ms;  /* since the log ended there; see kc_end_marks_age() */
    int64_t translated;        /* the source's offset that the target's stands for */
    int64_t translated_age_ms; /* the same of that */
    int64_t downstream;        /* on the target */
    int64_t target_end;
    double record_bytes; /* of a record on average; 0: unknown */
};

/* Records, bytes and time between two offsets, for all partitions together. */
struct kc_lag {
    int64_t records;
    double bytes;
    bool bytes_unknown; /* of some partition with a lag */
    int64_t ms;         /* the longest */
};

struct kc_group_lag {
    size_t partitions;
    size_t untranslated;       /* of them */
    struct kc_lag source;      /* from the committed offset to the source's end */
    struct kc_lag translation; /* from what the target's offset stands for to the committed one */
    int64_t target_records;    /* from the target's offset to the target's end */
};
void kc_group_lag_take(struct kc_group_lag *lag, const struct kc_lag_place *place);
void kc_group_lag_add(struct kc_group_lag *sum, const struct kc_group_lag *lag);

/* lags[i] belongs to groups->items[i]. The lag of all together, and the groups that are furthest
 * behind. */
json_t *kc_group_lag_json(const struct kc_strings *groups, const struct kc_group_lag *lags);

#endif
