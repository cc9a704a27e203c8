/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Visits all states of a small model, breadth first, so that a counterexample is a shortest one.
 *
 * A state is a struct of bytes without padding; equal bytes are the same state. The model adds what
 * may follow a state, with a label for each step, and says what is wrong with a state. Besides, a
 * goal must stay within reach of every state: a model that can't come to its end is broken, too.
 */
#ifndef TESTS_UNIT_LINK_LINK_EXPLORER_H
#define TESTS_UNIT_LINK_LINK_EXPLORER_H

#include "connect/hash.h"

#include <stdio.h>

struct link_explorer;

struct link_model {
    size_t size; /* of a state */
    void (*begin)(void *state);
    void (*follow)(struct link_explorer *explorer, const void *state);
    const char *(*judge)(const void *state); /* NULL: nothing is wrong */
    bool (*is_goal)(const void *state);
};

struct link_explorer {
    const struct link_model *model;
    const void *rules; /* the model's: what is broken on purpose */
    size_t most;       /* states; more aren't followed */
    char *states;
    uint32_t *parents;
    const char **labels; /* of the step that first led there; constants */
    size_t count;
    size_t cap;
    uint32_t *slots; /* hash to number + 1 */
    size_t slot_count;
    uint32_t *from; /* edges */
    uint32_t *to;
    size_t edges;
    size_t edge_cap;
    size_t at;               /* the state that is followed */
    const char *wrong;       /* what is wrong with a step, or with the state that it leads to */
    size_t wrong_at;         /* the state before that step */
    const char *wrong_label; /* of that step; NULL: there is none */
};

static inline void *explorer_state(const struct link_explorer *explorer, size_t number)
{
    return explorer->states + number * explorer->model->size;
}

static inline void explorer_grow_table(struct link_explorer *explorer)
{
    size_t count = explorer->slot_count ? explorer->slot_count * 2 : 1 << 16;

    free(explorer->slots);
    explorer->slots = kc_calloc(count, sizeof(*explorer->slots));
    explorer->slot_count = count;
    for (size_t i = 0; i < explorer->count; i++) {
        size_t slot = kc_hash(explorer_state(explorer, i), explorer->model->size) & (count - 1);
        while (explorer->slots[slot])
            slot = (slot + 1) & (count - 1);
        explorer->slots[slot] = (uint32_t)i + 1;
    }
}

static inline void explorer_grow_list(struct link_explorer *explorer)
{
    explorer->cap = explorer->cap ? explorer->cap * 2 : 1 << 14;
    explorer->states = kc_realloc(explorer->states, explorer->cap * explorer->model->size);
    explorer->parents = kc_realloc(explorer->parents, explorer->cap * sizeof(*explorer->parents));
    explorer->labels = kc_realloc(explorer->labels, explorer->cap * sizeof(*explorer->labels));
}

/* The number of the state, which is added when it is new. */
static inline size_t explorer_intern(struct link_explorer *explorer, const void *state,
                                     const char *label)
{
    size_t size = explorer->model->size;

    if (explorer->count * 2 >= explorer->slot_count)
        explorer_grow_table(explorer);
    size_t slot = kc_hash(state, size) & (explorer->slot_count - 1);
    while (explorer->slots[slot]) {
        size_t number = explorer->slots[slot] - 1;
        if (memcmp(explorer_state(explorer, number), state, size) == 0)
            return number;
        slot = (slot + 1) & (explorer->slot_count - 1);
    }
    if (explorer->count == explorer->cap)
        explorer_grow_list(explorer);
    size_t number = explorer->count++;
    memcpy(explorer_state(explorer, number), state, size);
    explorer->parents[number] = (uint32_t)explorer->at;
    explorer->labels[number] = label;
    explorer->slots[slot] = (uint32_t)number + 1;
    return number;
}

/* A step leads from the state that is followed to another. why: what is wrong with the step itself;
 * NULL: nothing. label and why are constants. */
static inline void explorer_add(struct link_explorer *explorer, const void *next, const char *label,
                                const char *why)
{
    size_t number = explorer_intern(explorer, next, label);

    if (explorer->edges == explorer->edge_cap) {
        explorer->edge_cap = explorer->edge_cap ? explorer->edge_cap * 2 : 1 << 16;
        explorer->from = kc_realloc(explorer->from, explorer->edge_cap * sizeof(*explorer->from));
        explorer->to = kc_realloc(explorer->to, explorer->edge_cap * sizeof(*explorer->to));
    }
    explorer->from[explorer->edges] = (uint32_t)explorer->at;
    explorer->to[explorer->edges++] = (uint32_t)number;
    if (!why)
        why = explorer->model->judge(next);
    if (why && !explorer->wrong) {
        explorer->wrong = why;
        explorer->wrong_at = explorer->at;
        explorer->wrong_label = label;
    }
}

/* The first state from which no goal can be reached; count: there is none. States that weren't
 * followed count as goals. */
static inline size_t explorer_stuck(const struct link_explorer *explorer, size_t followed)
{
    size_t count = explorer->count, head = 0, tail = 0, stuck = count;
    uint32_t *starts = kc_calloc(count + 2, sizeof(*starts));
    uint32_t *back = kc_malloc((explorer->edges + 1) * sizeof(*back));
    uint32_t *queue = kc_malloc(count * sizeof(*queue));
    bool *reaches = kc_calloc(count, sizeof(*reaches));

    for (size_t i = 0; i < explorer->edges; i++)
        starts[explorer->to[i] + 2]++;
    for (size_t i = 2; i < count + 2; i++)
        starts[i] += starts[i - 1];
    for (size_t i = 0; i < explorer->edges; i++)
        back[starts[explorer->to[i] + 1]++] = explorer->from[i];
    for (size_t i = 0; i < count; i++)
        if (i >= followed || explorer->model->is_goal(explorer_state(explorer, i)))
            reaches[queue[tail++] = (uint32_t)i] = true;
    for (; head < tail; head++)
        for (uint32_t i = starts[queue[head]]; i < starts[queue[head] + 1]; i++)
            if (!reaches[back[i]])
                reaches[queue[tail++] = back[i]] = true;
    for (size_t i = 0; i < count && stuck == count; i++)
        if (!reaches[i])
            stuck = i;
    free(starts);
    free(back);
    free(queue);
    free(reaches);
    return stuck;
}

/* What is wrong with the model under these rules; NULL: nothing. Borrowed. */
static inline const char *explorer_run(struct link_explorer *explorer)
{
    char *first = kc_calloc(1, explorer->model->size);

    explorer->model->begin(first);
    explorer_intern(explorer, first, "begin");
    for (; explorer->at < explorer->count && explorer->at < explorer->most && !explorer->wrong;
         explorer->at++) {
        memcpy(first, explorer_state(explorer, explorer->at), explorer->model->size);
        explorer->model->follow(explorer, first);
    }
    free(first);
    if (explorer->wrong)
        return explorer->wrong;
    explorer->wrong_at = explorer_stuck(explorer, explorer->at);
    if (explorer->wrong_at < explorer->count)
        explorer->wrong = "the end can't be reached any more";
    return explorer->wrong;
}

/* The steps that lead to what is wrong. The caller's. */
static inline char *explorer_story(const struct link_explorer *explorer)
{
    struct kc_str story = {0};
    const char **steps = kc_malloc((explorer->count + 2) * sizeof(*steps));
    size_t count = 0;

    if (explorer->wrong_label)
        steps[count++] = explorer->wrong_label;
    for (size_t at = explorer->wrong ? explorer->wrong_at : 0; at; at = explorer->parents[at])
        steps[count++] = explorer->labels[at];
    for (size_t i = count; i > 0; i--)
        kc_str_appendf(&story, "\n  %zu. %s", count - i + 1, steps[i - 1]);
    free(steps);
    return kc_str_take(&story);
}

static inline void explorer_clear(struct link_explorer *explorer)
{
    free(explorer->states);
    free(explorer->parents);
    free(explorer->labels);
    free(explorer->slots);
    free(explorer->from);
    free(explorer->to);
    memset(explorer, 0, sizeof(*explorer));
}

static inline bool explorer_talks(void)
{
    const char *verbosity = getenv("CK_VERBOSITY");

    return verbosity && strcmp(verbosity, "verbose") == 0;
}

/* Nothing is wrong under these rules. All states are visited; only where ISTHMUS_LONG allows larger
 * models, some may be left out. */
static inline void assert_holds(const char *name, const struct link_model *model, const void *rules,
                                size_t most)
{
    struct link_explorer explorer = {.model = model, .rules = rules, .most = most};
    const char *wrong = explorer_run(&explorer);
    char *story = explorer_story(&explorer);

    if (explorer_talks())
        printf("%s: %zu states, %zu steps%s\n", name, explorer.count, explorer.edges,
               explorer.at < explorer.count ? ", not all followed" : "");
    ck_assert_msg(!wrong, "%s: %s:%s", name, wrong, story);
    ck_assert_msg(getenv("ISTHMUS_LONG") || explorer.at == explorer.count,
                  "%s: there are more than %zu states", name, most);
    free(story);
    explorer_clear(&explorer);
}

/* The model finds what is wrong under rules that are broken on purpose. */
static inline void assert_finds(const char *name, const struct link_model *model, const void *rules,
                                size_t most, const char *expected)
{
    struct link_explorer explorer = {.model = model, .rules = rules, .most = most};
    const char *wrong = explorer_run(&explorer);
    char *story = explorer_story(&explorer);

    if (explorer_talks())
        printf("%s: %zu states until %s:%s\n", name, explorer.count, wrong ? wrong : "nothing",
               wrong ? story : "");
    ck_assert_msg(wrong && strcmp(wrong, expected) == 0, "%s: expected '%s', found '%s':%s", name,
                  expected, wrong ? wrong : "nothing", wrong ? story : "");
    free(story);
    explorer_clear(&explorer);
}

#endif
