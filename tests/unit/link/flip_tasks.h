/* SPDX-License-Identifier: Apache-2.0 */
/* The model of a promotion (test_link_model_flip.c): two incarnations of the topic's task, and what
 * they have sent to the state topic and to the target. */
#ifndef TESTS_UNIT_LINK_FLIP_TASKS_H
#define TESTS_UNIT_LINK_FLIP_TASKS_H

#include "link/flip_state.h"

/* ---- the task ---- */

static void put_state(struct flip_state *next, int t, uint8_t state)
{
    struct task *task = &next->tasks[t];

    task->put = state;
    task->put_epoch = task->epoch + 1;
    task->put_lease = task->lease;
    task->put_end = task->end;
}

static enum phase phase_for(uint8_t state)
{
    return state == KC_LINK_PROMOTED    ? TASK_DONE
           : state == KC_LINK_PROMOTING ? TASK_HOLDING
                                        : TASK_WORKING;
}

static bool holder_lives(const struct flip_state *s)
{
    for (int i = 0; i < TASKS; i++)
        if (s->tasks[i].phase > TASK_WAITING && s->tasks[i].lease == s->holder)
            return true;
    return false;
}

static void take_lease(struct link_explorer *explorer, const struct flip_state *s, int t)
{
    bool steals = holder_lives(s);

    if (s->holder_age < WAIT && !(rules->lease_is_not_awaited && steals))
        return;
    if (steals && !s->steals)
        return;
    STEP("a task takes the lease", {
        struct task *task = &next.tasks[t];
        next.steals -= steals;
        next.holder++;
        next.holder_age = 0;
        task->lease = next.holder;
        task->left = LEASE;
        task->epoch = s->epoch;
        task->phase = rules->states_are_not_claimed ? phase_for(s->state) : TASK_CLAIMING;
    });
}

static bool gateways_hold(const struct flip_state *s, const struct task *task)
{
    for (int i = 0; i < GATEWAYS; i++) {
        const struct gateway *gateway = &s->gateways[i];
        bool holds = rules->any_hold_counts ? gateway->held > 0 : gateway->held >= task->epoch;
        if (gateway->known && gateway->age < WAIT && !holds)
            return false;
    }
    return true;
}

/* The lease is looked at before each action; what is begun may arrive at any time after it. */
static void work(struct link_explorer *explorer, const struct flip_state *s, int t)
{
    const struct task *task = &s->tasks[t];
    bool copies =
        task->phase == TASK_WORKING || (task->phase == TASK_COPYING && s->copied < task->end);

    if (task->phase == TASK_CLAIMING && s->state == KC_LINK_PROMOTED)
        STEP("a task finds the topic promoted", next.tasks[t].phase = TASK_DONE);
    else if (task->phase == TASK_CLAIMING)
        STEP("a task claims the state", {
            next.tasks[t].epoch = s->epoch;
            put_state(&next, t, s->state);
        });
    if (copies && task->append == NONE && s->copied < s->source_end)
        STEP("a task sends a batch to the target", next.tasks[t].append = s->copied);
    if (task->phase == TASK_WORKING)
        STEP("a task writes PROMOTING", {
            next.tasks[t].end = s->source_end;
            put_state(&next, t, KC_LINK_PROMOTING);
        });
    if (task->phase == TASK_HOLDING && (rules->gateways_are_not_awaited || gateways_hold(s, task)))
        STEP("a task reads the source's end", {
            next.tasks[t].phase = TASK_COPYING;
            if (!rules->end_is_read_first)
                next.tasks[t].end = s->source_end;
        });
    if (task->phase == TASK_COPYING && s->copied >= task->end)
        STEP("a task writes PROMOTED", put_state(&next, t, KC_LINK_PROMOTED));
    if ((task->phase == TASK_HOLDING || task->phase == TASK_COPYING) && s->give_ups)
        STEP("a task gives the promotion up", {
            next.give_ups--;
            put_state(&next, t, KC_LINK_LINKING);
        });
}

static void follow_task(struct link_explorer *explorer, const struct flip_state *s, int t)
{
    const struct task *task = &s->tasks[t];

    if (task->phase == TASK_DOWN || task->phase == TASK_DONE)
        return;
    if (task->phase == TASK_WAITING) {
        take_lease(explorer, s, t);
        return;
    }
    if (s->crashes)
        STEP("a task crashes", {
            next.crashes--;
            next.tasks[t].phase = TASK_DOWN;
            next.tasks[t].lease = next.tasks[t].epoch = next.tasks[t].left = 0;
            next.tasks[t].end = 0;
        });
    if (s->holder == task->lease && (task->left < LEASE || s->holder_age > 0))
        STEP("a task renews the lease", {
            next.tasks[t].left = LEASE;
            next.holder_age = 0;
        });
    if (s->holder != task->lease && task->put == NONE)
        STEP("a task sees that it was overtaken", {
            next.tasks[t].phase = TASK_WAITING;
            next.tasks[t].lease = next.tasks[t].epoch = next.tasks[t].left = 0;
            next.tasks[t].end = 0;
        });
    if (task->left > 0 && task->put == NONE)
        work(explorer, s, t);
}

/* ---- what tasks have sent ---- */

static const char *apply_state(struct flip_state *next, const struct task *sender)
{
    if (sender->put != next->state &&
        !kc_link_topic_may_move(next->state, (enum kc_link_topic_state)sender->put))
        return "a move that isn't allowed";
    bool cuts = sender->put == KC_LINK_PROMOTED;
    next->state = sender->put;
    next->epoch = sender->put_epoch;
    next->lease = sender->put_lease;
    if (!cuts)
        return NULL;
    next->flip_end = sender->put_end;
    return next->target_end == sender->put_end ? NULL : "promoted before all was copied";
}

static void deliver_state(struct link_explorer *explorer, const struct flip_state *s, int t)
{
    struct flip_state next = *s;
    struct task *task = &next.tasks[t];
    const char *why = NULL;

    if (task->put == NONE)
        return;
    bool counts = rules->all_records_count ||
                  kc_link_state_follows(s->epoch, s->lease, task->put_epoch, task->put_lease);
    bool moves = counts && !(s->state == task->put && s->epoch == task->put_epoch);
    if (moves)
        why = apply_state(&next, task);
    bool lives = task->phase != TASK_DOWN;
    if (lives && counts) {
        task->epoch = task->put_epoch;
        task->phase = phase_for(task->put);
    } else if (lives)
        task->phase = rules->states_are_not_claimed ? phase_for(s->state) : TASK_CLAIMING;
    if (lives && !counts)
        task->epoch = s->epoch;
    task->put = NONE;
    task->put_epoch = task->put_lease = task->put_end = 0;
    add(explorer, &next, counts ? "a state is stored" : "a state comes too late", why);
}

static void deliver_batch(struct link_explorer *explorer, const struct flip_state *s, int t)
{
    uint8_t place = s->tasks[t].append;
    const char *why = NULL;

    if (place == NONE)
        return;
    STEP("a batch of a task is lost", next.tasks[t].append = NONE);
    struct flip_state next = *s;
    next.tasks[t].append = NONE;
    bool fits = place == s->copied;
    if (!fits && !rules->sequence_is_no_condition) {
        add(explorer, &next, "the target refuses a batch of a task", NULL);
        return;
    }
    if (s->state == KC_LINK_PROMOTED)
        why = "the link writes after the promotion";
    else if (place != s->target_end)
        why = "a record is doubled or out of order";
    next.copied += fits;
    next.target_end++;
    add(explorer, &next, "the target appends a batch of a task", why);
}

/* A crashed task starts again once nothing of it is under way: it has one slot here. */
static void follow_remains(struct link_explorer *explorer, const struct flip_state *s, int t)
{
    const struct task *task = &s->tasks[t];

    deliver_state(explorer, s, t);
    deliver_batch(explorer, s, t);
    if (task->phase == TASK_DOWN && task->put != NONE)
        STEP("a dead task's state is lost", {
            next.tasks[t].put = NONE;
            next.tasks[t].put_epoch = next.tasks[t].put_lease = next.tasks[t].put_end = 0;
        });
    if (task->phase == TASK_DOWN && task->put == NONE && task->append == NONE)
        STEP("a task starts again", next.tasks[t].phase = TASK_WAITING);
}

#endif
