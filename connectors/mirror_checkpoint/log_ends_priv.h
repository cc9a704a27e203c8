/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end offsets of one cluster's partitions, now and earlier. A checkpoint task computes from
 * them how far groups are behind.
 *
 * Each look asks for the end offsets of all partitions noted so far, with one request per broker. A
 * partition without an answer is left alone for a while, because asking for a missing topic takes
 * long. The task's thread.
 */
#ifndef CONNECTORS_MIRROR_CHECKPOINT_LOG_ENDS_PRIV_H
#define CONNECTORS_MIRROR_CHECKPOINT_LOG_ENDS_PRIV_H

#include "connect/kafka.h"

/* A log's end offsets at earlier looks, oldest first; pure. */
enum { KC_END_MARKS = 32 };
struct kc_end_marks {
    int64_t since_ms; /* of the first look */
    int count;
    struct kc_end_mark {
        int64_t end;
        int64_t ms; /* the last look at which it was that */
    } items[KC_END_MARKS];
};
/* Adds an end. If there are too many, one is dropped, so that younger ones stand closer together.
 * An end before the last one starts anew, because the log was truncated or created again. */
void kc_end_marks_add(struct kc_end_marks *marks, int64_t end, int64_t ms);
/* How many ms ago the log ended at offset, according to the looks so far. 0: it ends there now. If
 * offset is older than the first look: the time since that look. */
int64_t kc_end_marks_age(const struct kc_end_marks *marks, int64_t offset, int64_t now_ms);

struct kc_log_ends;
struct kc_log_end; /* a partition; lives as long as the table */

/* admin and alias, of the cluster, are borrowed. */
struct kc_log_ends *kc_log_ends_new(struct kc_admin *admin, const char *alias);
void kc_log_ends_destroy(struct kc_log_ends *ends); /* NULL is fine */

/* The partition; from the next look on it is asked for. */
struct kc_log_end *kc_log_ends_meet(struct kc_log_ends *ends, const char *topic, int32_t partition);
/* Failed questions are logged now and then. */
void kc_log_ends_look(struct kc_log_ends *ends);

int64_t kc_log_end_offset(const struct kc_log_end *end); /* -1: unknown */
/* As kc_end_marks_age() at the last look. */
int64_t kc_log_end_age_ms(const struct kc_log_end *end, int64_t offset);

#endif
