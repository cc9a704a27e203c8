/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Work items of a Connect cluster: sets of connectors and tasks, and the assignment of one member
 * (ExtendedAssignment).
 *
 * Sets keep the order in which their items were added: the assignors depend on it. Plain data: one
 * thread at a time.
 */
#ifndef WORKER_GROUP_WORK_H
#define WORKER_GROUP_WORK_H

#include "connect/mem.h"

struct kc_work_task {
    char *connector;
    int task;
};

/* Zero-initialise it. */
struct kc_work {
    struct kc_strings connectors;
    struct kc_work_task *tasks;
    size_t task_count;
    size_t task_cap;
};

void kc_work_add_connector(struct kc_work *work, const char *connector); /* unless present */
void kc_work_add_task(struct kc_work *work, const char *connector, int task);
bool kc_work_has_connector(const struct kc_work *work, const char *connector);
bool kc_work_has_task(const struct kc_work *work, const char *connector, int task);
bool kc_work_empty(const struct kc_work *work);

void kc_work_add_all(struct kc_work *work, const struct kc_work *from);       /* union */
void kc_work_remove_all(struct kc_work *work, const struct kc_work *removed); /* difference */
void kc_work_copy(struct kc_work *to, const struct kc_work *from);            /* replaces to */
void kc_work_sort(struct kc_work *work); /* connectors by name, tasks by (connector, task) */
bool kc_work_equal(const struct kc_work *a, const struct kc_work *b); /* as sets */
void kc_work_clear(struct kc_work *work);                             /* empties and frees */
/* "connectors [a, b], tasks [a-0]" for the log. Owned by the caller. */
char *kc_work_print(const struct kc_work *work);

enum { KC_ASSIGNMENT_OK = 0, KC_ASSIGNMENT_CONFIG_MISMATCH = 1 };

/* One member's assignment. Strings are owned; leader NULL: none yet. */
struct kc_assignment {
    int16_t version;
    int16_t error;
    char *leader;
    char *leader_url;
    int64_t offset; /* of the config topic */
    struct kc_work work;
    struct kc_work revoked;
    int32_t delay_ms;
};

void kc_assignment_copy(struct kc_assignment *to, const struct kc_assignment *from);
void kc_assignment_clear(struct kc_assignment *assignment);

#endif
