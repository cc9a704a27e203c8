/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The incremental cooperative assignor (IncrementalCooperativeAssignor, KIP-415): see
 * assignor_priv.h.
 *
 * Work of a lost worker is held back for max_delay_ms, in case the worker comes back. Work is
 * revoked from workers that have too much in one round, and given to others in the next.
 */
#include "connect/log.h"
#include "group/assignor_priv.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log =
    KC_LOGGER("org.apache.kafka.connect.runtime.distributed.IncrementalCooperativeAssignor");

enum { BACKOFF_INITIAL_MS = 1, BACKOFF_MULTIPLIER = 40 };

struct kc_assignor {
    int32_t max_delay_ms;
    struct kc_work previous_assignment;
    struct kc_work previous_revocation;
    int previous_generation;
    struct kc_strings previous_members;
    struct kc_strings candidates; /* workers that were empty when work was lost */
    int64_t scheduled_ms;         /* 0: none */
    int32_t delay_ms;
    bool revoked_in_previous;
    int successive_revocations;
};

/* The state of one round. A member's `next` is kept in its `all`; this round's load-balancing
 * revocations are in the temporary lists below. */
struct sets {
    struct kc_work active;
    struct kc_work deleted;
    struct kc_work duplicated;
    struct kc_work lost;
    struct kc_work created;
    struct kc_work to_reassign;
};

struct kc_assignor *kc_assignor_new(int max_delay_ms)
{
    struct kc_assignor *assignor = kc_calloc(1, sizeof(*assignor));
    assignor->max_delay_ms = max_delay_ms;
    assignor->previous_generation = -1;
    return assignor;
}

void kc_assignor_destroy(struct kc_assignor *assignor)
{
    if (!assignor)
        return;
    kc_work_clear(&assignor->previous_assignment);
    kc_work_clear(&assignor->previous_revocation);
    kc_strings_destroy(&assignor->previous_members);
    kc_strings_destroy(&assignor->candidates);
    free(assignor);
}

void kc_round_clear(struct kc_round *round)
{
    for (size_t i = 0; i < round->count; i++) {
        struct kc_round_member *member = &round->members[i];
        free(member->id);
        free(member->url);
        kc_work_clear(&member->owned);
        kc_work_clear(&member->assigned);
        kc_work_clear(&member->revoked);
        kc_work_clear(&member->all);
    }
    free(round->members);
    round->members = NULL;
    round->count = 0;
}

/* ---- sets ---- */

/* What is in both. */
static void intersect(struct kc_work *result, const struct kc_work *a, const struct kc_work *b)
{
    struct kc_work rest = {0};
    kc_work_copy(&rest, a);
    kc_work_remove_all(&rest, b);
    kc_work_copy(result, a);
    kc_work_remove_all(result, &rest);
    kc_work_clear(&rest);
}

static bool overlap(const struct kc_work *a, const struct kc_work *b)
{
    struct kc_work both = {0};
    intersect(&both, a, b);
    bool any = !kc_work_empty(&both);
    kc_work_clear(&both);
    return any;
}

static void collect_active(struct sets *sets, const struct kc_round *round)
{
    for (size_t i = 0; i < round->count; i++) {
        struct kc_work again = {0};
        intersect(&again, &round->members[i].owned, &sets->active);
        kc_work_add_all(&sets->duplicated, &again);
        kc_work_add_all(&sets->active, &round->members[i].owned);
        kc_work_clear(&again);
    }
}

static void sets_make(struct sets *sets, struct kc_assignor *assignor, const struct kc_round *round)
{
    struct kc_work *previous = &assignor->previous_assignment;
    collect_active(sets, round);
    /* A revocation didn't take effect. Begins again from what really runs. */
    if (overlap(&assignor->previous_revocation, &sets->active))
        kc_work_copy(previous, &sets->active);
    kc_work_clear(&assignor->previous_revocation);

    kc_work_copy(&sets->deleted, previous);
    kc_work_remove_all(&sets->deleted, round->configured);
    kc_work_copy(&sets->lost, previous);
    kc_work_remove_all(&sets->lost, &sets->active);
    kc_work_remove_all(&sets->lost, &sets->deleted);
    kc_work_sort(&sets->lost);
    kc_work_copy(&sets->created, round->configured);
    kc_work_remove_all(&sets->created, previous);
    kc_work_remove_all(&sets->created, &sets->active);
    kc_work_sort(&sets->created);
}

static void sets_clear(struct sets *sets)
{
    kc_work_clear(&sets->active);
    kc_work_clear(&sets->deleted);
    kc_work_clear(&sets->duplicated);
    kc_work_clear(&sets->lost);
    kc_work_clear(&sets->created);
    kc_work_clear(&sets->to_reassign);
}

/* ---- lost work ---- */

static void reset_delay(struct kc_assignor *assignor)
{
    kc_strings_destroy(&assignor->candidates);
    assignor->scheduled_ms = 0;
    assignor->delay_ms = 0;
}

static struct kc_round_member *find_member(const struct kc_round *round, const char *id)
{
    for (size_t i = 0; i < round->count; i++)
        if (strcmp(round->members[i].id, id) == 0)
            return &round->members[i];
    return NULL;
}

static bool all_are_back(const struct kc_assignor *assignor, const struct kc_round *round)
{
    for (size_t i = 0; i < assignor->previous_members.count; i++)
        if (!find_member(round, assignor->previous_members.items[i]))
            return false;
    return true;
}

/* Deals lost work in turn to members that have joined since, without work; false: there are none.
 */
static bool deal_to_candidates(const struct kc_assignor *assignor, const struct kc_round *round,
                               const struct kc_work *lost)
{
    struct kc_round_member **present =
        kc_calloc(assignor->candidates.count, sizeof(struct kc_round_member *));
    size_t count = 0;
    for (size_t i = 0; i < assignor->candidates.count; i++) {
        struct kc_round_member *member = find_member(round, assignor->candidates.items[i]);
        if (member)
            present[count++] = member;
    }
    for (size_t i = 0; i < lost->connectors.count && count; i++)
        kc_work_add_connector(&present[i % count]->all, lost->connectors.items[i]);
    for (size_t i = 0; i < lost->task_count && count; i++)
        kc_work_add_task(&present[i % count]->all, lost->tasks[i].connector, lost->tasks[i].task);
    free(present);
    return count > 0;
}

static void note_candidates(struct kc_assignor *assignor, const struct kc_round *round)
{
    for (size_t i = 0; i < round->count; i++) {
        const struct kc_round_member *member = &round->members[i];
        if (kc_work_empty(&member->all) && !kc_strings_contain(&assignor->candidates, member->id))
            kc_strings_add(&assignor->candidates, member->id);
    }
}

static void handle_lost(struct kc_assignor *assignor, const struct kc_round *round,
                        struct sets *sets)
{
    int64_t now = round->now_ms;
    if (kc_work_empty(&sets->lost) && !assignor->revoked_in_previous) {
        reset_delay(assignor);
        return;
    }
    /* Nobody left: some member missed the last assignment. */
    bool missed = assignor->scheduled_ms <= 0 && all_are_back(assignor, round);
    if (missed || assignor->max_delay_ms == 0) {
        kc_work_add_all(&sets->to_reassign, &sets->lost);
        return;
    }
    if (assignor->scheduled_ms > 0 && now >= assignor->scheduled_ms) {
        kc_debug("Delayed rebalance expired. Reassigning lost tasks");
        if (!deal_to_candidates(assignor, round, &sets->lost))
            kc_work_add_all(&sets->to_reassign, &sets->lost);
        reset_delay(assignor);
        assignor->revoked_in_previous = false;
        return;
    }
    note_candidates(assignor, round);
    assignor->delay_ms = assignor->max_delay_ms;
    if (now < assignor->scheduled_ms && assignor->scheduled_ms - now < assignor->max_delay_ms)
        assignor->delay_ms = (int32_t)(assignor->scheduled_ms - now);
    assignor->scheduled_ms = now + assignor->delay_ms;
}

/* ---- balancing ---- */

enum work_kind { CONNECTORS, TASKS };

static size_t load_of(const struct kc_round_member *member, enum work_kind kind)
{
    return kind == CONNECTORS ? member->all.connectors.count : member->all.task_count;
}

static bool balanced(const struct kc_round *round, enum work_kind kind, size_t min, size_t extra)
{
    size_t at_min = 0;
    size_t above = 0;
    for (size_t i = 0; i < round->count; i++) {
        at_min += load_of(&round->members[i], kind) == min;
        above += load_of(&round->members[i], kind) == min + 1;
    }
    return above == extra && at_min + above == round->count;
}

static void revoke_first(struct kc_work *revoked, const struct kc_round_member *member,
                         enum work_kind kind, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (kind == CONNECTORS)
            kc_work_add_connector(revoked, member->all.connectors.items[i]);
        else
            kc_work_add_task(revoked, member->all.tasks[i].connector, member->all.tasks[i].task);
    }
}

/* revoked: one per member. */
static void balance(const struct kc_round *round, enum work_kind kind, struct kc_work *revoked)
{
    size_t total =
        kind == CONNECTORS ? round->configured->connectors.count : round->configured->task_count;
    size_t min = total / round->count;
    size_t extra = total % round->count;
    if (balanced(round, kind, min, extra))
        return;
    size_t extras_given = 0;
    for (size_t i = 0; i < round->count; i++) {
        size_t load = load_of(&round->members[i], kind);
        size_t most = min;
        if (load <= min)
            continue;
        if (extras_given < extra) {
            extras_given++;
            most = min + 1;
        }
        if (load > most)
            revoke_first(&revoked[i], &round->members[i], kind, load - most);
    }
}

/* True when there is something to revoke. */
static bool find_imbalance(const struct kc_round *round, struct kc_work *revoked)
{
    bool all_empty = true;
    bool any = false;
    for (size_t i = 0; i < round->count; i++)
        all_empty = all_empty && kc_work_empty(&round->members[i].all);
    if (all_empty || kc_work_empty(round->configured))
        return false;
    balance(round, CONNECTORS, revoked);
    balance(round, TASKS, revoked);
    for (size_t i = 0; i < round->count; i++)
        any = any || !kc_work_empty(&revoked[i]);
    return any;
}

static void apply_revocations(struct kc_round *round, const struct kc_work *revoked)
{
    for (size_t i = 0; i < round->count; i++) {
        kc_work_add_all(&round->members[i].revoked, &revoked[i]);
        kc_work_remove_all(&round->members[i].all, &revoked[i]);
    }
}

/* ExponentialBackoff(1, 40, max delay) without jitter. */
static int32_t successive_delay(const struct kc_assignor *assignor)
{
    int64_t delay = BACKOFF_INITIAL_MS;
    for (int i = 0; i < assignor->successive_revocations && delay < assignor->max_delay_ms; i++)
        delay *= BACKOFF_MULTIPLIER;
    return delay < assignor->max_delay_ms ? (int32_t)delay : assignor->max_delay_ms;
}

static void revoke_for_balance(struct kc_assignor *assignor, struct kc_round *round)
{
    struct kc_work *revoked = kc_calloc(round->count, sizeof(*revoked));
    bool any = find_imbalance(round, revoked);
    if (any && assignor->revoked_in_previous) {
        assignor->successive_revocations++;
        assignor->delay_ms = successive_delay(assignor);
        if (assignor->delay_ms != 0)
            assignor->scheduled_ms = round->now_ms + assignor->delay_ms;
        else
            apply_revocations(round, revoked);
    } else if (any) {
        apply_revocations(round, revoked);
        assignor->revoked_in_previous = true;
    } else if (assignor->revoked_in_previous) {
        assignor->revoked_in_previous = false;
        assignor->successive_revocations = 0;
    }
    for (size_t i = 0; i < round->count; i++)
        kc_work_clear(&revoked[i]);
    free(revoked);
}

/* ---- giving ---- */

static enum work_kind sort_kind(const void *arg)
{
    return *(const enum work_kind *)arg;
}

static int by_load(const void *a, const void *b, void *arg)
{
    const struct kc_round_member *left = *(struct kc_round_member *const *)a;
    const struct kc_round_member *right = *(struct kc_round_member *const *)b;
    size_t left_load = load_of(left, sort_kind(arg));
    size_t right_load = load_of(right, sort_kind(arg));
    if (left_load != right_load)
        return left_load < right_load ? -1 : 1;
    return strcmp(left->id, right->id);
}

static void give(struct kc_round_member *member, const struct kc_work *work, enum work_kind kind,
                 size_t index)
{
    if (kind == CONNECTORS)
        kc_work_add_connector(&member->all, work->connectors.items[index]);
    else
        kc_work_add_task(&member->all, work->tasks[index].connector, work->tasks[index].task);
}

/* Sorts once by load, then deals in turn to the members with as little as the first. */
static void distribute(struct kc_round *round, const struct kc_work *work, enum work_kind kind)
{
    size_t count = kind == CONNECTORS ? work->connectors.count : work->task_count;
    struct kc_round_member **members = kc_calloc(round->count, sizeof(struct kc_round_member *));
    for (size_t i = 0; i < round->count; i++)
        members[i] = &round->members[i];
    qsort_r(members, round->count, sizeof(struct kc_round_member *), by_load, &kind);
    for (size_t index = 0; index < count;) {
        size_t least = load_of(members[0], kind);
        size_t up_to = 0;
        while (up_to < round->count && load_of(members[up_to], kind) <= least)
            up_to++;
        for (size_t i = 0; i < up_to && index < count; i++)
            give(members[i], work, kind, index++);
    }
    free(members);
}

/* ---- a round ---- */

/* next := owned - (deleted and duplicated). These are revoked from all members that have them. */
static void begin_next(struct kc_round *round, const struct sets *sets)
{
    struct kc_work gone = {0};
    kc_work_copy(&gone, &sets->deleted);
    kc_work_add_all(&gone, &sets->duplicated);
    for (size_t i = 0; i < round->count; i++) {
        struct kc_round_member *member = &round->members[i];
        intersect(&member->revoked, &member->owned, &gone);
        kc_work_copy(&member->all, &member->owned);
        kc_work_remove_all(&member->all, &gone);
    }
    kc_work_clear(&gone);
}

static void finish(struct kc_assignor *assignor, struct kc_round *round, const struct sets *sets)
{
    kc_work_clear(&assignor->previous_assignment);
    kc_strings_destroy(&assignor->previous_members);
    for (size_t i = 0; i < round->count; i++) {
        struct kc_round_member *member = &round->members[i];
        struct kc_work current = {0};
        kc_work_copy(&current, &member->owned);
        kc_work_remove_all(&current, &sets->deleted);
        kc_work_copy(&member->assigned, &member->all);
        kc_work_remove_all(&member->assigned, &current);
        kc_work_clear(&current);
        kc_work_add_all(&assignor->previous_assignment, &member->all);
        kc_work_add_all(&assignor->previous_revocation, &member->revoked);
        kc_strings_add(&assignor->previous_members, member->id);
    }
    kc_work_remove_all(&assignor->previous_assignment, &assignor->previous_revocation);
    kc_work_add_all(&assignor->previous_assignment, &sets->lost);
    for (size_t i = 0; i < round->count; i++)
        kc_work_remove_all(&round->members[i].all, &round->members[i].revoked);
    assignor->previous_generation = round->generation;
    round->delay_ms = assignor->delay_ms;
}

void kc_assignor_assign(struct kc_assignor *assignor, struct kc_round *round)
{
    struct sets sets = {0};
    if (assignor->previous_generation != round->last_completed_generation) {
        kc_debug("Forgetting the previous assignment, of generation %d while %d was the last one "
                 "completed",
                 assignor->previous_generation, round->last_completed_generation);
        kc_work_clear(&assignor->previous_assignment);
    }
    sets_make(&sets, assignor, round);
    begin_next(round, &sets);
    handle_lost(assignor, round, &sets);
    if (assignor->delay_ms == 0)
        revoke_for_balance(assignor, round);
    else
        assignor->revoked_in_previous = false;
    kc_work_add_all(&sets.created, &sets.to_reassign);
    distribute(round, &sets.created, CONNECTORS);
    distribute(round, &sets.created, TASKS);
    finish(assignor, round, &sets);
    sets_clear(&sets);
}
