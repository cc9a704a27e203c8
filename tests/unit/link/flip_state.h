/* SPDX-License-Identifier: Apache-2.0 */
/* The model of a promotion (test_link_model_flip.c): its states, its rules, and what must hold. */
#ifndef TESTS_UNIT_LINK_FLIP_STATE_H
#define TESTS_UNIT_LINK_FLIP_STATE_H

#include "link/link_check.h"
#include "link/link_explorer.h"

enum {
    NONE = 255,
    TASKS = 2,
    GATEWAYS = 2,
    REQUESTS = 3,
    LEASE = 1, /* ticks that it lasts after a renewal */
    WAIT = 2,  /* ticks without a renewal after which others take it for over */
};

enum phase {
    TASK_DOWN,
    TASK_WAITING,  /* for the lease */
    TASK_CLAIMING, /* has it, and writes the state once more */
    TASK_WORKING,
    TASK_HOLDING, /* waits until gateways hold writes */
    TASK_COPYING, /* up to the source's end */
    TASK_DONE,
};

struct task {
    uint8_t phase;
    uint8_t lease;  /* epoch */
    uint8_t left;   /* ticks until it ends, by the task's own clock */
    uint8_t epoch;  /* of the state that it follows */
    uint8_t end;    /* of the source, where it stops copying */
    uint8_t append; /* a batch on its way to the target: its place; NONE */
    uint8_t put;    /* a state on its way to the state topic; NONE */
    uint8_t put_epoch;
    uint8_t put_lease;
    uint8_t put_end;
};

enum gateway_phase { GATEWAY_DOWN, GATEWAY_BEGUN, GATEWAY_UP };

struct gateway {
    uint8_t phase;
    uint8_t known; /* has a record */
    uint8_t view;  /* the topic's state, as it has read it */
    uint8_t view_epoch;
    uint8_t left; /* ticks until its lease ends, by its own clock */
    uint8_t age;  /* of its record, by others' clocks */
    uint8_t held; /* epoch of PROMOTING since which it holds; 0: none */
};

enum request_phase {
    REQUEST_NONE,
    AT_GATEWAY,
    TO_SOURCE,
    TO_SOURCE_LOST, /* nobody waits for the answer any more */
    FROM_SOURCE,
    TO_TARGET,
    TO_TARGET_LOST,
    FROM_TARGET,
};

struct request {
    uint8_t phase;
    uint8_t message;
    uint8_t gateway;
};

struct flip_state {
    uint8_t state; /* of the topic, as its record says */
    uint8_t epoch;
    uint8_t lease;        /* of that record */
    uint8_t holder;       /* epoch of the lease's record */
    uint8_t holder_age;   /* ticks since it was renewed */
    uint8_t flip_end;     /* of the flip table; NONE */
    uint8_t source_end;   /* the source's log is 0, 1, ... up to here */
    uint8_t target_end;   /* so is the target's */
    uint8_t copied;       /* sequence of the link at the target */
    uint8_t first_client; /* that the target got from the producer itself; NONE */
    uint8_t acked;        /* bits */
    uint8_t crashes;      /* that may still happen */
    uint8_t steals;       /* of a lease whose holder lives */
    uint8_t give_ups;
    struct task tasks[TASKS];
    struct gateway gateways[GATEWAYS];
    struct request requests[REQUESTS];
};

/* How large the model is, and which rules are broken. */
struct flip_rules {
    int messages;      /* 0: 2 */
    int requests;      /* at a time; 0: 2 */
    bool two_gateways; /* the second one begins in the middle of things */
    int crashes;
    int steals;
    int give_ups;
    bool lease_is_not_awaited;
    bool states_are_not_claimed;
    bool all_records_count;
    bool sequence_is_no_condition;
    bool gateways_are_not_awaited;
    bool any_hold_counts;
    bool end_is_read_first;
    bool gateway_reads_first;
    bool gateway_renews_blindly;
    bool gateway_answers_late;
    bool table_is_not_asked;
    bool many_begin;
};

static const struct flip_rules *rules;
static int messages;
static int requests;

static void begin(void *arg)
{
    struct flip_state *s = arg;

    memset(s, 0, sizeof(*s));
    *s = (struct flip_state){
        .state = KC_LINK_LINKING,
        .epoch = 1,
        .lease = 1,
        .holder = 1,
        .flip_end = NONE,
        .first_client = NONE,
        .crashes = (uint8_t)rules->crashes,
        .steals = (uint8_t)rules->steals,
        .give_ups = (uint8_t)rules->give_ups,
    };
    for (int i = 0; i < TASKS; i++)
        s->tasks[i] = (struct task){.phase = TASK_WAITING, .append = NONE, .put = NONE};
    s->tasks[0].phase = TASK_WORKING;
    s->tasks[0].lease = s->tasks[0].epoch = s->tasks[0].left = 1;
    s->gateways[0] = (struct gateway){
        .phase = GATEWAY_UP, .known = 1, .view = s->state, .view_epoch = 1, .left = LEASE};
}

/* ---- what is wrong ---- */

static const char *judge(const void *arg)
{
    const struct flip_state *s = arg;

    for (int i = 0; i < messages; i++)
        if (s->state == KC_LINK_PROMOTED && s->acked >> i & 1 && i >= s->target_end)
            return "an acknowledged write is lost";
    return NULL;
}

static bool is_goal(const void *arg)
{
    const struct flip_state *s = arg;

    return s->state == KC_LINK_PROMOTED && s->acked == (1 << messages) - 1 &&
           s->target_end == messages;
}

/* ---- steps ---- */

static int by_bytes(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct request));
}

/* Requests have no order, so that states that differ only in it are one. */
static void add(struct link_explorer *explorer, struct flip_state *next, const char *label,
                const char *why)
{
    qsort(next->requests, REQUESTS, sizeof(next->requests[0]), by_bytes);
    explorer_add(explorer, next, label, why);
}

/* Adds a step that only changes something. */
#define STEP(label, ...)                                                                           \
    do {                                                                                           \
        struct flip_state next = *s;                                                               \
        __VA_ARGS__;                                                                               \
        add(explorer, &next, label, NULL);                                                         \
    } while (0)

static void pass_time(struct link_explorer *explorer, const struct flip_state *s)
{
    struct flip_state next = *s;

    next.holder_age += s->holder_age < WAIT;
    for (int i = 0; i < TASKS; i++)
        next.tasks[i].left -= s->tasks[i].left > 0;
    for (int i = 0; i < GATEWAYS; i++) {
        next.gateways[i].left -= s->gateways[i].left > 0;
        next.gateways[i].age += s->gateways[i].known && s->gateways[i].age < WAIT;
    }
    add(explorer, &next, "a tick passes", NULL);
}

#endif
