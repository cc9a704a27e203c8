/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A model of a classic group that moves from the source to the target, visited exhaustively.
 *
 * Members stop at the source and start at the target, one after the other, and some go back. Two
 * incarnations of the link's task hold the group; they crash and freeze, and what they have sent
 * arrives at any later time. What a task does next is decided by link_group_step(), as in the
 * product; it goes by facts that may be old.
 *
 * What must hold: no record is skipped; as long as the hold wasn't lost none is read twice, and no
 * member reads at the target while another one reads at the source; all moves are allowed; and the
 * promotion can still come to its end. Each rule is then broken on purpose once.
 */
#include "link/link_check.h"
#include "link/link_explorer.h"
#include "link/link_group_step_priv.h"

enum {
    NONE = 255,
    TASKS = 2,
    MEMBERS = 2,
    RECORDS = 2,
    LEASE = 1,   /* ticks that it lasts after a renewal */
    WAIT = 2,    /* ticks without a renewal after which others take it for over */
    SESSION = 4, /* ticks for which the group keeps a holder that is silent */
};

enum place { AT_SOURCE, NOWHERE, AT_TARGET };
enum phase { TASK_DOWN, TASK_WAITING, TASK_CLAIMING, TASK_ON };

struct task {
    uint8_t phase;
    uint8_t lease;
    uint8_t left;
    uint8_t hold;       /* enum link_hold_state */
    uint8_t generation; /* under which it holds */
    uint8_t source_known;
    uint8_t source_active;
    uint8_t final; /* offsets were read after the last member had left */
    uint8_t offset;
    uint8_t target_known;
    uint8_t strangers;
    uint8_t ours;
    uint8_t put; /* a state on its way to the state topic; NONE */
    uint8_t put_epoch;
    uint8_t put_lease;
    uint8_t job; /* an offset on its way to the target's group, then the holder leaves; NONE */
    uint8_t job_generation;
    uint8_t job_replaces; /* whatever is committed there */
    uint8_t sees_former;
};

struct hold_state {
    uint8_t state; /* of the group, as its record says */
    uint8_t epoch;
    uint8_t lease;
    uint8_t holder; /* epoch of the lease's record */
    uint8_t holder_age;
    uint8_t members[MEMBERS];
    uint8_t done;       /* at the source: processed and committed */
    uint8_t mirrored;   /* end of the target's log */
    uint8_t committed;  /* at the target: where members begin, and go on */
    uint8_t former;     /* ... unless an offset of another history is there, behind all records */
    uint8_t read;       /* at the target: processed up to here */
    uint8_t generation; /* of the link's member in the target's group; 0: it isn't in */
    uint8_t next_generation;
    uint8_t silent;  /* ticks since its last heartbeat */
    uint8_t lost;    /* the hold was: its session ended, or the state says so */
    uint8_t crashes; /* that may still happen, as what follows */
    uint8_t steals;
    uint8_t returns;
    uint8_t restarts;
    struct task tasks[TASKS];
};

struct hold_rules {
    int crashes;
    int steals;
    int returns;  /* of members to the source */
    int restarts; /* of members at the target */
    bool former;  /* the group was on the target before */
    bool session_may_end;
    bool standby_comes_first; /* and then the first commit */
    bool states_are_not_claimed;
    bool facts_stay; /* after a move */
    bool commits_go_back;
};

static const struct hold_rules *rules;

static void begin(void *arg)
{
    struct hold_state *s = arg;

    memset(s, 0, sizeof(*s));
    s->state = KC_LINK_REGISTERED;
    s->epoch = s->lease = s->holder = 1;
    s->crashes = (uint8_t)rules->crashes;
    s->steals = (uint8_t)rules->steals;
    s->returns = (uint8_t)rules->returns;
    s->restarts = (uint8_t)rules->restarts;
    s->former = rules->former;
    for (int i = 0; i < TASKS; i++)
        s->tasks[i] = (struct task){.phase = TASK_WAITING, .put = NONE, .job = NONE};
    s->tasks[0].phase = TASK_ON;
    s->tasks[0].lease = s->tasks[0].left = 1;
}

/* ---- what is seen of the group ---- */

static int members_at(const struct hold_state *s, uint8_t place)
{
    int count = 0;

    for (int i = 0; i < MEMBERS; i++)
        count += s->members[i] == place;
    return count;
}

static bool reads_at_target(const struct hold_state *s)
{
    return members_at(s, AT_TARGET) > 0 && s->generation == 0;
}

static const char *judge(const void *arg)
{
    const struct hold_state *s = arg;

    if (!s->lost && reads_at_target(s) && members_at(s, AT_SOURCE) > 0)
        return "members read at both sides";
    if (s->former && s->state == KC_LINK_GROUP_PROMOTED)
        return "a record is skipped";
    return NULL;
}

/* A successor that comes while its predecessor's last commit is under way takes the hold for lost,
 * and says so: people promote the group then. A hold that is lost before STANDBY was written ends
 * in FAILED, which says what to do. */
static bool is_goal(const void *arg)
{
    const struct hold_state *s = arg;
    bool moved = members_at(s, AT_TARGET) == MEMBERS && s->committed == RECORDS;
    bool had_successor = s->crashes < rules->crashes || s->steals < rules->steals;

    switch (s->state) {
    case KC_LINK_GROUP_PROMOTED:
        return moved;
    case KC_LINK_HOLD_LOST:
        return moved && (rules->session_may_end || had_successor);
    default:
        return s->lost && s->state == KC_LINK_GROUP_FAILED;
    }
}

#define STEP(label, ...)                                                                           \
    do {                                                                                           \
        struct hold_state next = *s;                                                               \
        __VA_ARGS__;                                                                               \
        explorer_add(explorer, &next, label, NULL);                                                \
    } while (0)

/* ---- members, the mirror and time ---- */

static void read_at_target(struct link_explorer *explorer, const struct hold_state *s)
{
    const char *why = NULL;
    struct hold_state next = *s;

    if ((s->committed < s->done || s->committed < s->read) && !s->lost)
        why = "a record is read twice";
    next.committed++;
    if (next.committed > s->read)
        next.read = next.committed;
    explorer_add(explorer, &next, "a member reads a record at the target", why);
}

static void follow_members(struct link_explorer *explorer, const struct hold_state *s)
{
    bool ends = s->state == KC_LINK_GROUP_PROMOTING || s->state == KC_LINK_GROUP_PROMOTED;

    for (int i = 0; i < MEMBERS; i++) {
        if (i > 0 && s->members[i] == s->members[i - 1])
            continue; /* they are alike */
        if (s->members[i] == AT_SOURCE)
            STEP("a member stops at the source", next.members[i] = NOWHERE);
        if (s->members[i] == NOWHERE &&
            s->state != KC_LINK_REGISTERED) /* people wait for STANDBY */
            STEP("a member starts at the target", next.members[i] = AT_TARGET);
        if (s->members[i] != AT_SOURCE && s->returns && !ends && !s->lost)
            STEP("a member goes back to the source", {
                next.returns--;
                next.members[i] = AT_SOURCE;
            });
    }
    if (s->restarts && members_at(s, AT_TARGET) > 0)
        STEP("all members at the target stop", {
            next.restarts--;
            for (int i = 0; i < MEMBERS; i++)
                if (s->members[i] == AT_TARGET)
                    next.members[i] = NOWHERE;
        });
    if (members_at(s, AT_SOURCE) > 0 && s->done < RECORDS)
        STEP("a member reads a record at the source", next.done++);
    if (reads_at_target(s) && s->committed < s->mirrored)
        read_at_target(explorer, s);
    if (s->mirrored < RECORDS)
        STEP("a record is mirrored", next.mirrored++);
}

/* The session is longer than any outage, unless it may end. */
static void pass_time(struct link_explorer *explorer, const struct hold_state *s)
{
    if (s->generation && s->silent == SESSION)
        STEP("the holder's session ends", {
            next.generation = next.silent = 0;
            next.lost = 1;
        });
    else
        STEP("a tick passes", {
            next.silent += rules->session_may_end && s->generation > 0;
            next.holder_age += s->holder_age < WAIT;
            for (int i = 0; i < TASKS; i++)
                next.tasks[i].left -= s->tasks[i].left > 0;
        });
}

/* ---- a task's turn ---- */

static void forget_facts(struct task *task)
{
    task->source_known = task->source_active = task->final = task->offset = 0;
    task->target_known = task->strangers = task->ours = 0;
}

static void ask_source(struct link_explorer *explorer, const struct hold_state *s, int t)
{
    STEP("a task asks the source", {
        struct task *task = &next.tasks[t];
        bool was_idle = task->source_known && !task->source_active;
        task->source_known = 1;
        task->source_active = members_at(s, AT_SOURCE) > 0;
        task->offset = s->done;
        task->final = was_idle && !task->source_active;
    });
}

static void ask_target(struct link_explorer *explorer, const struct hold_state *s, int t)
{
    STEP("a task asks the target", {
        struct task *task = &next.tasks[t];
        task->target_known = 1;
        task->strangers = members_at(s, AT_TARGET) > 0;
        task->ours = s->generation > 0;
        if (s->state == KC_LINK_REGISTERED)
            task->sees_former = s->former;
    });
}

static struct link_group_step decide(const struct hold_state *s, const struct task *task)
{
    struct kc_link_group_order order = {.wish = KC_LINK_GROUP_HOLD, .automatic = true};
    struct kc_link_group group = {.state = (enum kc_link_group_state)s->state};
    struct link_group_facts facts = {
        .order = &order,
        .hold = (enum link_hold_state)task->hold,
        .target_known = task->target_known,
        .strangers = task->strangers,
        .ours = task->ours,
        .source_known = task->source_known,
        .source_active = task->source_active,
        .final_offsets = task->final,
        .begun = rules->standby_comes_first || (task->target_known && !task->sees_former),
        .behind = task->offset > s->mirrored ? "t" : NULL,
    };

    return link_group_step(&group, &facts);
}

static void join(struct link_explorer *explorer, const struct hold_state *s, int t)
{
    if (s->tasks[t].hold != LINK_HOLD_NONE && s->tasks[t].hold != LINK_HOLD_LOST)
        return;
    STEP("a task joins the group", {
        struct task *task = &next.tasks[t];
        if (reads_at_target(s))
            task->hold = LINK_HOLD_LOST; /* others have the partitions */
        else {
            next.generation = task->generation = ++next.next_generation;
            next.silent = 0;
            task->hold = LINK_HOLD_HELD;
        }
    });
}

static void act(struct link_explorer *explorer, const struct hold_state *s, int t,
                const struct link_group_step *step)
{
    struct hold_state next = *s;
    struct task *task = &next.tasks[t];

    if (step->state != s->state) {
        task->put = (uint8_t)step->state;
        task->put_epoch = s->epoch + 1;
        task->put_lease = task->lease;
        explorer_add(explorer, &next, "a task writes a new state",
                     kc_link_group_may_move((enum kc_link_group_state)s->state, step->state)
                         ? NULL
                         : "a move that isn't allowed");
        return;
    }
    if (step->action == LINK_GROUP_JOIN)
        join(explorer, s, t);
    if (step->action == LINK_GROUP_FINISH && task->job == NONE) {
        task->job = task->offset;
        task->job_generation = task->generation;
        task->job_replaces = task->sees_former;
        explorer_add(explorer, &next, "a task commits and leaves", NULL);
    }
}

/* No further than the mirror is. */
static void sync(struct link_explorer *explorer, const struct hold_state *s, int t)
{
    const struct task *task = &s->tasks[t];
    uint8_t offset = task->offset < s->mirrored ? task->offset : s->mirrored;

    if (task->sees_former && (s->state == KC_LINK_REGISTERED || s->state == KC_LINK_STANDBY))
        STEP("a task replaces an offset of another history", {
            next.committed = offset;
            next.former = next.tasks[t].sees_former = 0;
        });
    else if (s->state == KC_LINK_STANDBY && !s->former && offset == task->offset &&
             offset > s->committed)
        STEP("a task syncs offsets", next.committed = offset);
}

static void work(struct link_explorer *explorer, const struct hold_state *s, int t)
{
    const struct task *task = &s->tasks[t];
    struct link_group_step step = decide(s, task);

    act(explorer, s, t, &step);
    free(step.reason);
    if (s->state == KC_LINK_GROUP_PROMOTED)
        return;
    ask_source(explorer, s, t);
    ask_target(explorer, s, t);
    if (task->hold == LINK_HOLD_HELD && task->generation == s->generation && task->source_known)
        sync(explorer, s, t);
}

/* ---- a task's life ---- */

static void stop(struct task *task, uint8_t phase)
{
    uint8_t put = task->put, put_epoch = task->put_epoch, put_lease = task->put_lease;
    uint8_t job = task->job, generation = task->job_generation, replaces = task->job_replaces;

    *task = (struct task){.phase = phase,
                          .put = put,
                          .put_epoch = put_epoch,
                          .put_lease = put_lease,
                          .job = job,
                          .job_generation = generation,
                          .job_replaces = replaces};
}

static bool holder_lives(const struct hold_state *s)
{
    for (int i = 0; i < TASKS; i++)
        if (s->tasks[i].phase > TASK_WAITING && s->tasks[i].lease == s->holder)
            return true;
    return false;
}

static void take_lease(struct link_explorer *explorer, const struct hold_state *s, int t)
{
    bool steals = holder_lives(s);

    if (s->holder_age < WAIT || (steals && !s->steals))
        return;
    STEP("a task takes the lease", {
        next.steals -= steals;
        next.holder++;
        next.holder_age = 0;
        next.tasks[t].lease = next.holder;
        next.tasks[t].left = LEASE;
        next.tasks[t].phase = rules->states_are_not_claimed ? TASK_ON : TASK_CLAIMING;
    });
}

static void claim(struct link_explorer *explorer, const struct hold_state *s, int t)
{
    STEP("a task claims the state", {
        next.tasks[t].put = s->state;
        next.tasks[t].put_epoch = s->epoch + 1;
        next.tasks[t].put_lease = s->tasks[t].lease;
    });
}

static void keep_hold(struct link_explorer *explorer, const struct hold_state *s, int t)
{
    const struct task *task = &s->tasks[t];

    if (task->hold != LINK_HOLD_HELD)
        return;
    if (task->generation == s->generation && s->silent > 0)
        STEP("the holder's heartbeat", next.silent = 0);
    if (task->generation != s->generation)
        STEP("a task sees that its hold is gone", {
            next.tasks[t].hold = LINK_HOLD_LOST;
            next.tasks[t].target_known = 0;
        });
}

static void follow_task(struct link_explorer *explorer, const struct hold_state *s, int t)
{
    const struct task *task = &s->tasks[t];

    if (task->phase == TASK_DOWN) {
        if (task->put == NONE && task->job == NONE)
            STEP("a task starts again", next.tasks[t].phase = TASK_WAITING);
        return;
    }
    if (task->phase == TASK_WAITING) {
        take_lease(explorer, s, t);
        return;
    }
    if (s->crashes)
        STEP("a task crashes", {
            next.crashes--;
            stop(&next.tasks[t], TASK_DOWN);
        });
    if (s->holder == task->lease && (task->left < LEASE || s->holder_age > 0))
        STEP("a task renews the lease", {
            next.tasks[t].left = LEASE;
            next.holder_age = 0;
        });
    if (s->holder != task->lease && task->put == NONE && task->job == NONE)
        STEP("a task sees that it was overtaken", stop(&next.tasks[t], TASK_WAITING));
    keep_hold(explorer, s, t);
    if (task->left == 0 || task->put != NONE || task->job != NONE)
        return;
    if (task->phase == TASK_CLAIMING)
        claim(explorer, s, t);
    else
        work(explorer, s, t);
}

/* ---- what tasks have sent ---- */

static void lose_remains(struct link_explorer *explorer, const struct hold_state *s, int t)
{
    const struct task *task = &s->tasks[t];

    if (task->phase == TASK_DOWN && (task->put != NONE || task->job != NONE))
        STEP("what a dead task has sent is lost",
             { next.tasks[t] = (struct task){.phase = TASK_DOWN, .put = NONE, .job = NONE}; });
}

static void deliver_state(struct link_explorer *explorer, const struct hold_state *s, int t)
{
    struct hold_state next = *s;
    struct task *task = &next.tasks[t];
    const char *why = NULL;

    if (task->put == NONE)
        return;
    bool counts = kc_link_state_follows(s->epoch, s->lease, task->put_epoch, task->put_lease);
    if (counts && task->put != s->state &&
        !kc_link_group_may_move((enum kc_link_group_state)s->state,
                                (enum kc_link_group_state)task->put))
        why = "a move that isn't allowed";
    if (counts) {
        next.state = task->put;
        next.epoch = task->put_epoch;
        next.lease = task->put_lease;
        next.lost |= next.state == KC_LINK_HOLD_LOST;
    }
    bool lives = task->phase > TASK_WAITING;
    if (lives && !rules->facts_stay)
        forget_facts(task);
    if (lives)
        task->phase = counts || rules->states_are_not_claimed ? TASK_ON : TASK_CLAIMING;
    task->put = NONE;
    task->put_epoch = task->put_lease = 0;
    explorer_add(explorer, &next, counts ? "a state is stored" : "a state comes too late", why);
}

static void deliver_job(struct link_explorer *explorer, const struct hold_state *s, int t)
{
    struct hold_state next = *s;
    struct task *task = &next.tasks[t];
    uint8_t offset = task->job, replaces = task->job_replaces;
    const char *why = NULL;

    if (offset == NONE)
        return;
    bool ours = s->generation > 0 && s->generation == task->job_generation;
    task->job = NONE;
    task->job_generation = task->job_replaces = 0;
    if (ours) {
        next.former = s->former && !replaces;
        if (offset > s->committed || rules->commits_go_back)
            next.committed = offset;
        if (offset > s->done)
            why = "a record is skipped";
    }
    if (ours) /* what follows is lost */
        explorer_add(explorer, &next, "the target commits, and the holder stays", why);
    if (task->phase > TASK_WAITING)
        task->hold = ours ? LINK_HOLD_LEFT : LINK_HOLD_LOST;
    if (ours) {
        next.generation = 0;
        next.silent = 0;
    }
    explorer_add(explorer, &next,
                 ours ? "the target commits, and the holder leaves" : "the target refuses a commit",
                 why);
}

static void follow(struct link_explorer *explorer, const void *state)
{
    const struct hold_state *s = state;

    pass_time(explorer, s);
    follow_members(explorer, s);
    for (int t = 0; t < TASKS; t++) {
        follow_task(explorer, s, t);
        lose_remains(explorer, s, t);
        deliver_state(explorer, s, t);
        deliver_job(explorer, s, t);
    }
}

static const struct link_model model = {
    .size = sizeof(struct hold_state),
    .begin = begin,
    .follow = follow,
    .judge = judge,
    .is_goal = is_goal,
};

/* ---- tests ---- */

static void holds(const char *name, const struct hold_rules *chosen)
{
    rules = chosen;
    assert_holds(name, &model, chosen, 3000000);
}

static void finds(const char *name, const struct hold_rules *chosen, const char *expected)
{
    rules = chosen;
    assert_finds(name, &model, chosen, 3000000, expected);
}

START_TEST(a_group_moves_without_a_double)
{
    holds("nothing happens", &(struct hold_rules){0});
    holds("a return", &(struct hold_rules){.returns = 1});
    holds("a crash", &(struct hold_rules){.crashes = 1});
    holds("two tasks", &(struct hold_rules){.steals = 1});
    holds("a session that ends", &(struct hold_rules){.session_may_end = true});
    holds("another history", &(struct hold_rules){.former = true, .crashes = 1});
}
END_TEST

START_TEST(larger_ones_neither)
{
    if (!getenv("ISTHMUS_LONG"))
        return;
    holds("a crash and a return", &(struct hold_rules){.crashes = 1, .returns = 1});
    holds("two tasks and a return", &(struct hold_rules){.steals = 1, .returns = 1});
    holds("a crash and a restart", &(struct hold_rules){.crashes = 1, .restarts = 1});
    holds("two crashes", &(struct hold_rules){.crashes = 2});
    holds("a session that ends, and a crash",
          &(struct hold_rules){.session_may_end = true, .crashes = 1});
}
END_TEST

#define BOTH "members read at both sides"

START_TEST(each_rule_is_needed)
{
    finds("states_are_not_claimed",
          &(struct hold_rules){.states_are_not_claimed = true, .steals = 1, .returns = 1}, BOTH);
    finds("standby_comes_first",
          &(struct hold_rules){.standby_comes_first = true, .former = true, .crashes = 1},
          "a record is skipped");
    finds("facts_stay", &(struct hold_rules){.facts_stay = true, .returns = 1}, BOTH);
    finds("commits_go_back",
          &(struct hold_rules){.commits_go_back = true, .crashes = 1, .restarts = 1},
          "a record is read twice");
}
END_TEST

RUN_TESTS("link_model_hold", 900, a_group_moves_without_a_double, larger_ones_neither,
          each_rule_is_needed)
