/* SPDX-License-Identifier: Apache-2.0 */
/* The eager assignor (EagerAssignor): see assignor_priv.h. */
#include "group/assignor_priv.h"

#include <stdlib.h>
#include <string.h>

static int by_id(const void *a, const void *b)
{
    const struct kc_round_member *const *left = a;
    const struct kc_round_member *const *right = b;
    return strcmp((*left)->id, (*right)->id);
}

void kc_assign_eagerly(struct kc_round *round)
{
    struct kc_round_member **turn = kc_calloc(round->count, sizeof(struct kc_round_member *));
    for (size_t i = 0; i < round->count; i++)
        turn[i] = &round->members[i];
    if (round->count)
        qsort(turn, round->count, sizeof(struct kc_round_member *), by_id);
    size_t next = 0;
    const struct kc_work *work = round->configured;
    for (size_t i = 0; i < work->connectors.count && round->count; i++, next++)
        kc_work_add_connector(&turn[next % round->count]->assigned, work->connectors.items[i]);
    for (size_t i = 0; i < work->task_count && round->count; i++, next++)
        kc_work_add_task(&turn[next % round->count]->assigned, work->tasks[i].connector,
                         work->tasks[i].task);
    for (size_t i = 0; i < round->count; i++)
        kc_work_copy(&turn[i]->all, &turn[i]->assigned);
    round->delay_ms = 0;
    free(turn);
}
