/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The assignors, by scenarios: those of Java's IncrementalCooperativeAssignorTest told in a small
 * language. Each line is a step:
 *
 *   max N | connector NAME TASKS | delete NAME | join WORKER.. | leave WORKER.. | leader
 *   runs WORKER CONNECTORS.. / TASKS..      a worker that joins with work
 *   round | failed | mismatched             a rebalance, one whose answer is lost, one after that
 *   sleep N | sleep delay
 *   delay N | delay some | workers N | connectors N.. | tasks N.. | balanced | nothing | kept
 *   has WORKER ITEM..                       what a worker must have
 *   java WORKER ITEM..                      a worker that can't run native connectors joins
 *   native NAME TASKS                       such a connector
 */
#include "group/assignor_priv.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_WORKERS = 16 };

struct world {
    struct kc_work configured;
    struct kc_work native;
    struct kc_assignors *assignors;
    int max_delay;
    int generation;
    int64_t now;
    int delay;
    struct {
        char id[32];
        bool java;
        struct kc_work work;
    } workers[MAX_WORKERS];
    size_t count;
    struct kc_work newly;
    struct kc_work revoked;
    const char *step;
};

static void new_leader(struct world *world)
{
    kc_assignors_destroy(world->assignors);
    world->assignors = kc_assignors_new(world->max_delay);
    world->generation = -1; /* a new assignor has completed nothing, like its worker */
}

static size_t find(struct world *world, const char *id)
{
    for (size_t i = 0; i < world->count; i++)
        if (strcmp(world->workers[i].id, id) == 0)
            return i;
    ck_abort_msg("no worker %s", id);
    return 0;
}

static void join(struct world *world, const char *id)
{
    ck_assert_uint_lt(world->count, MAX_WORKERS);
    memset(&world->workers[world->count], 0, sizeof(world->workers[0]));
    snprintf(world->workers[world->count].id, sizeof(world->workers[0].id), "%s", id);
    world->count++;
}

static void leave(struct world *world, const char *id)
{
    size_t i = find(world, id);
    kc_work_clear(&world->workers[i].work);
    memmove(&world->workers[i], &world->workers[i + 1],
            (world->count - i - 1) * sizeof(world->workers[0]));
    world->count--;
}

/* "c2" is a connector, "c2-3" one of its tasks. */
static void add_item(struct kc_work *work, const char *item)
{
    const char *dash = strrchr(item, '-');
    if (!dash) {
        kc_work_add_connector(work, item);
        return;
    }
    char *connector = kc_strndup(item, (size_t)(dash - item));
    kc_work_add_task(work, connector, atoi(dash + 1));
    free(connector);
}

static bool has_item(const struct kc_work *work, const char *item)
{
    struct kc_work one = {0};
    add_item(&one, item);
    kc_work_remove_all(&one, work);
    bool found = kc_work_empty(&one);
    kc_work_clear(&one);
    return found;
}

static void run_round(struct world *world, bool lost, int last_completed)
{
    struct kc_round round = {.configured = &world->configured,
                             .native = &world->native,
                             .count = world->count,
                             .last_completed_generation = last_completed,
                             .generation = ++world->generation,
                             .now_ms = world->now};
    round.members = kc_calloc(world->count, sizeof(*round.members));
    for (size_t i = 0; i < world->count; i++) {
        round.members[i].id = kc_strdup(world->workers[i].id);
        round.members[i].native = !world->workers[i].java;
        kc_work_copy(&round.members[i].owned, &world->workers[i].work);
    }
    kc_work_sort(&world->configured);
    kc_work_sort(&world->native);
    kc_assignors_assign(world->assignors, &round);
    world->delay = round.delay_ms;
    kc_work_clear(&world->newly);
    kc_work_clear(&world->revoked);
    size_t given = 0;
    for (size_t i = 0; i < world->count; i++) {
        struct kc_round_member *member = &round.members[i];
        given += member->assigned.connectors.count + member->assigned.task_count;
        kc_work_add_all(&world->newly, &member->assigned);
        kc_work_add_all(&world->revoked, &member->revoked);
        if (lost)
            continue;
        kc_work_remove_all(&world->workers[i].work, &member->revoked);
        kc_work_add_all(&world->workers[i].work, &member->assigned);
        ck_assert_msg(kc_work_equal(&world->workers[i].work, &member->all), "%s: %s", world->step,
                      member->id);
    }
    ck_assert_msg(given == world->newly.connectors.count + world->newly.task_count,
                  "%s: something was given twice", world->step);
    kc_round_clear(&round);
}

static int by_number(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static void loads(struct world *world, bool tasks, int *counts)
{
    for (size_t i = 0; i < world->count; i++)
        counts[i] = (int)(tasks ? world->workers[i].work.task_count
                                : world->workers[i].work.connectors.count);
    qsort(counts, world->count, sizeof(*counts), by_number);
}

static void expect_loads(struct world *world, bool tasks, char **words, size_t count)
{
    int actual[MAX_WORKERS];
    loads(world, tasks, actual);
    ck_assert_msg(count == world->count, "%s: %zu workers", world->step, world->count);
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(actual[i] == atoi(words[i]), "%s: %d is %d", world->step, (int)i, actual[i]);
}

static void expect_balance(struct world *world)
{
    struct kc_work all = {0};
    int counts[MAX_WORKERS];
    for (int tasks = 0; tasks < 2; tasks++) {
        loads(world, tasks, counts);
        ck_assert_msg(counts[world->count - 1] - counts[0] <= 1, "%s", world->step);
    }
    for (size_t i = 0; i < world->count; i++)
        kc_work_add_all(&all, &world->workers[i].work);
    ck_assert_msg(kc_work_equal(&all, &world->configured), "%s: incomplete", world->step);
    kc_work_clear(&all);
}

static void configure(struct kc_work *work, const char *connector, int tasks)
{
    kc_work_add_connector(work, connector);
    for (int task = 0; task < tasks; task++)
        kc_work_add_task(work, connector, task);
}

static void delete_connector(struct world *world, const char *connector)
{
    struct kc_work gone = {0};
    kc_work_add_connector(&gone, connector);
    for (int task = 0; task < 64; task++)
        kc_work_add_task(&gone, connector, task);
    kc_work_remove_all(&world->configured, &gone);
    kc_work_remove_all(&world->native, &gone);
    kc_work_clear(&gone);
}

static void act(struct world *world, char **words, size_t count)
{
    const char *verb = words[0];
    int number = count > 1 ? atoi(words[1]) : 0;
    if (strcmp(verb, "max") == 0) {
        world->max_delay = number;
        new_leader(world);
    } else if (strcmp(verb, "leader") == 0) {
        new_leader(world);
    } else if (strcmp(verb, "connector") == 0) {
        configure(&world->configured, words[1], atoi(words[2]));
    } else if (strcmp(verb, "native") == 0) {
        configure(&world->configured, words[1], atoi(words[2]));
        configure(&world->native, words[1], atoi(words[2]));
    } else if (strcmp(verb, "delete") == 0) {
        delete_connector(world, words[1]);
    } else if (strcmp(verb, "join") == 0) {
        for (size_t i = 1; i < count; i++)
            join(world, words[i]);
    } else if (strcmp(verb, "leave") == 0) {
        for (size_t i = 1; i < count; i++)
            leave(world, words[i]);
    } else if (strcmp(verb, "runs") == 0 || strcmp(verb, "java") == 0) {
        join(world, words[1]);
        world->workers[world->count - 1].java = strcmp(verb, "java") == 0;
        for (size_t i = 2; i < count; i++)
            add_item(&world->workers[world->count - 1].work, words[i]);
    } else if (strcmp(verb, "round") == 0) {
        run_round(world, false, world->generation);
    } else if (strcmp(verb, "failed") == 0) {
        run_round(world, true, world->generation);
    } else if (strcmp(verb, "mismatched") == 0) {
        run_round(world, false, world->generation - 1);
    } else if (strcmp(verb, "sleep") == 0) {
        world->now += strcmp(words[1], "delay") == 0 ? world->delay : number;
    } else {
        ck_abort_msg("unknown step %s", world->step);
    }
}

static bool expect(struct world *world, char **words, size_t count)
{
    const char *verb = words[0];
    if (strcmp(verb, "delay") == 0) {
        if (strcmp(words[1], "some") == 0)
            ck_assert_msg(world->delay > 0, "%s", world->step);
        else
            ck_assert_msg(world->delay == atoi(words[1]), "%s: %d", world->step, world->delay);
    } else if (strcmp(verb, "connectors") == 0) {
        expect_loads(world, false, words + 1, count - 1);
    } else if (strcmp(verb, "tasks") == 0) {
        expect_loads(world, true, words + 1, count - 1);
    } else if (strcmp(verb, "balanced") == 0) {
        expect_balance(world);
    } else if (strcmp(verb, "nothing") == 0) {
        ck_assert_msg(kc_work_empty(&world->newly) && kc_work_empty(&world->revoked), "%s",
                      world->step);
    } else if (strcmp(verb, "kept") == 0) {
        ck_assert_msg(kc_work_empty(&world->revoked), "%s", world->step);
    } else if (strcmp(verb, "has") == 0) {
        for (size_t i = 2; i < count; i++)
            ck_assert_msg(has_item(&world->workers[find(world, words[1])].work, words[i]), "%s: %s",
                          world->step, words[i]);
    } else {
        return false;
    }
    return true;
}

static void play(const char *scenario)
{
    struct world world = {.max_delay = 300000, .now = 1000000, .generation = -1};
    char *text = kc_strdup(scenario);
    char *line_end = NULL;
    world.assignors = kc_assignors_new(world.max_delay);
    for (char *line = strtok_r(text, "\n", &line_end); line;
         line = strtok_r(NULL, "\n", &line_end)) {
        char step[128];
        char *words[24];
        char *word_end = NULL;
        size_t count = 0;
        snprintf(step, sizeof(step), "%s", line);
        world.step = step;
        for (char *word = strtok_r(line, " ", &word_end); word && count < 24;
             word = strtok_r(NULL, " ", &word_end))
            words[count++] = word;
        if (!expect(&world, words, count))
            act(&world, words, count);
    }
    for (size_t i = 0; i < world.count; i++)
        kc_work_clear(&world.workers[i].work);
    kc_work_clear(&world.configured);
    kc_work_clear(&world.newly);
    kc_work_clear(&world.revoked);
    kc_assignors_destroy(world.assignors);
    kc_work_clear(&world.native);
    free(text);
}

#define TWO   "connector c1 4\nconnector c2 4\njoin w1\n"
#define THREE TWO "connector c3 4\n"
#define FIRST THREE "round\ndelay 0\nconnectors 3\ntasks 12\nbalanced\n"
#define PAIR  TWO "join w2\nround\ndelay 0\nconnectors 1 1\ntasks 4 4\nbalanced\n"
#define LOST                                                                                       \
    "connector c0 0\nconnector c1 0\nconnector c2 0\nconnector c3 0\nconnector c4 0\n"             \
    "connector c5 0\nconnector t 12\nruns w0 c0 c1 t-0 t-1 t-2 t-3\n"                              \
    "runs w1 c2 c3 t-4 t-5 t-6 t-7\nruns w2 c4 c5 t-8 t-9 t-10 t-11\nround\nround\ndelay 0\n"

#define MIXED "join w1\njava j1\nnative l 2\n"

static const char *const scenarios[] = {
    /* a worker joins */
    TWO "round\ndelay 0\nconnectors 2\ntasks 8\nbalanced\njoin w2\nround\ndelay 0\n"
        "connectors 0 1\ntasks 0 4\nround\nkept\ndelay 0\nconnectors 1 1\ntasks 4 4\nbalanced\n"
        "sleep delay\nround\ndelay 0\nnothing",
    /* workers join after revocations */
    FIRST "join w2\nround\nconnectors 0 2\ntasks 0 6\njoin w3\nround\ndelay some\n"
          "connectors 0 1 2\ntasks 3 3 6\nsleep delay\njoin w4\nround\nconnectors 0 0 1 1\n"
          "tasks 0 3 3 3\njoin w5\nround\ndelay 1600\nconnectors 0 0 1 1 1\ntasks 1 2 3 3 3\n"
          "sleep delay\njoin w6\nround\ndelay 0\nconnectors 0 0 0 1 1 1\ntasks 0 1 2 2 2 2\n"
          "round\nconnectors 0 0 0 1 1 1\ntasks 2 2 2 2 2 2\nbalanced",
    /* no delay: revocations at once */
    "max 0\n" FIRST "join w2\nround\nconnectors 0 2\ntasks 0 6\njoin w3\nround\ndelay 0\n"
    "connectors 0 1 1\ntasks 3 3 4\nround\nkept\nconnectors 1 1 1\ntasks 4 4 4\nbalanced",
    /* the delay equals the back-off's first step */
    "max 1\n" FIRST "join w2\nround\nconnectors 0 2\ntasks 0 6\njoin w3\nround\ndelay 1\n"
    "connectors 0 1 2\ntasks 3 3 6",
    /* joining while a delay runs */
    FIRST "join w2\nround\nconnectors 0 2\ntasks 0 6\njoin w3\nround\ndelay 40\nkept\n"
          "connectors 0 1 2\ntasks 3 3 6\nsleep 20\njoin w4\nround\ndelay some\nkept\n"
          "connectors 0 0 1 2\ntasks 0 3 3 6\nsleep delay\njoin w5\nround\ndelay 0\n"
          "connectors 0 0 0 1 1\ntasks 0 0 2 3 3\nround\ndelay 0\nkept\nconnectors 0 0 1 1 1\n"
          "tasks 2 2 2 3 3\nbalanced",
    /* a worker leaves for good */
    PAIR "leave w2\nround\ndelay 300000\nnothing\nsleep 150000\nround\ndelay 150000\nnothing\n"
         "sleep 150001\nround\ndelay 0\nconnectors 2\ntasks 8\nbalanced",
    /* a worker bounces */
    PAIR "leave w2\nround\ndelay 300000\nnothing\nsleep 150000\nround\ndelay 150000\nnothing\n"
         "sleep 75000\njoin w2\nround\ndelay 75000\nnothing\nsleep 75000\nround\ndelay 0\nkept\n"
         "connectors 1 1\ntasks 4 4\nbalanced",
    /* the leader leaves for good */
    TWO "join w2 w3\nround\ndelay 0\nconnectors 0 1 1\ntasks 2 3 3\nbalanced\nleave w1\nleader\n"
        "round\ndelay 0\nconnectors 1 1\ntasks 4 4\nbalanced\nround\ndelay 0\nnothing",
    /* the leader bounces */
    TWO "join w2 w3\nround\ndelay 0\nconnectors 0 1 1\ntasks 2 3 3\nbalanced\nleave w1\nleader\n"
        "round\ndelay 0\nconnectors 1 1\ntasks 4 4\nbalanced\njoin w1\nround\ndelay 0\n"
        "connectors 0 1 1\ntasks 0 3 3\nround\ndelay 0\nkept\nconnectors 0 1 1\ntasks 2 3 3\n"
        "balanced",
    /* the first assignment is lost */
    TWO "join w2\nfailed\ndelay 0\nconnectors 0 0\ntasks 0 0\nround\ndelay 0\nconnectors 1 1\n"
        "tasks 4 4\nbalanced",
    /* a later one is lost */
    PAIR "join w3\nfailed\ndelay 0\nconnectors 0 1 1\ntasks 0 4 4\nround\ndelay some\n"
         "connectors 0 1 1\ntasks 0 4 4\nsleep delay\nround\ndelay 0\nconnectors 0 1 1\n"
         "tasks 0 3 3\nround\nconnectors 0 1 1\ntasks 2 3 3\nbalanced",
    /* lost outside the assignor: the generations differ */
    PAIR "join w3\nfailed\ndelay 0\nconnectors 0 1 1\ntasks 0 4 4\nmismatched\ndelay some\n"
         "connectors 0 1 1\ntasks 0 4 4\nsleep delay\nround\nconnectors 0 1 1\ntasks 0 3 3\n"
         "round\nconnectors 0 1 1\ntasks 2 3 3\nbalanced",
    /* connectors are deleted */
    THREE "join w2\nround\ndelay 0\nconnectors 1 2\ntasks 6 6\nbalanced\ndelete c3\nround\n"
          "delay 0\nconnectors 1 1\ntasks 4 4\nbalanced",
    /* new work for balanced workers goes round */
    "connector c0 0\nconnector c1 0\nconnector c2 0\nconnector c3 0\nconnector c4 0\n"
    "connector c5 0\nruns w0 c0 c1\nruns w1 c2 c3\nruns w2 c4 c5\nround\nnothing\n"
    "connector c6 0\nconnector c7 0\nconnector c8 0\nconnector c9 0\nround\nkept\n"
    "has w0 c6 c9\nhas w1 c7\nhas w2 c8",
    "connector t 6\nruns w0 t t-0 t-1\nruns w1 t-2 t-3\nruns w2 t-4 t-5\nround\nnothing\n"
    "connector t 11\nround\nhas w0 t-6 t-9\nhas w1 t-7 t-10\nhas w2 t-8",
    /* new work for unbalanced workers fills the gaps */
    "connector t 9\nruns w0 t t-0 t-1\nruns w1 t-2 t-3 t-4\nruns w2 t-5 t-6 t-7 t-8\nround\n"
    "join w3\nconnector t 24\nround\ntasks 6 6 6 6",
    /* lost work waits, and goes back to the worker that returns */
    LOST "leave w1\nround\ndelay 300000\nnothing\nsleep 150000\njoin w1\nround\ndelay 150000\n"
         "nothing\nsleep 150000\nround\ndelay 0\nhas w1 c2 c3 t-4 t-5 t-6 t-7",
    /* ... or to the others when it doesn't */
    LOST "leave w1\nround\ndelay 300000\nsleep 150000\nround\ndelay 150000\nnothing\n"
         "sleep 150000\nround\ndelay 0\ntasks 6 6\nbalanced",
    /* ... by turns to several that came empty */
    LOST "leave w1\njoin w3\nround\ndelay 300000\nsleep 150000\njoin w1\nround\ndelay 150000\n"
         "sleep 150000\nround\ndelay 0\nhas w3 c2 t-4 t-6\nhas w1 c3 t-5 t-7",
    /* ... not to one that came back and left again */
    LOST "leave w1\nround\ndelay 300000\nsleep 150000\njoin w1\nround\ndelay 150000\n"
         "sleep 150000\nleave w1\nround\ndelay 0\ntasks 6 6\nbalanced",
    /* ... and doesn't wait without a delay */
    "max 0\n" LOST "leave w1\nround\ndelay 0\ntasks 6 6\nbalanced",
    "max 0\n" PAIR "leave w2\nround\ndelay 0\nconnectors 2\ntasks 8\nbalanced",
    /* work reported twice is taken from both and given to one */
    TWO "round\ndelay 0\nconnectors 2\ntasks 8\nbalanced\nruns w2 c1 c1-0 c1-1 c1-2 c1-3\n"
        "round\ndelay 0\nconnectors 0 1\ntasks 0 4\nround\ndelay 0\nkept\nconnectors 1 1\n"
        "tasks 4 4\nbalanced\nround\ndelay 0\nnothing",
    /* ... also when it has been deleted */
    TWO "round\ndelay 0\nconnectors 2\ntasks 8\nbalanced\ndelete c1\n"
        "runs w2 c1 c1-0 c1-1 c1-2 c1-3\nround\ndelay 0\nconnectors 0 1\ntasks 0 2\nround\n"
        "delay 0\nkept\nconnectors 0 1\ntasks 2 2\nbalanced\nsleep delay\nround\ndelay 0\nnothing",
    /* native work is given to those that can run it, and never moved for the balance */
    MIXED "round\ndelay 0\nhas w1 l l-0 l-1\nsleep delay\nround\nnothing\nround\nnothing",
    /* ... other work is shared by all as if there were none */
    MIXED "connector c 4\nround\nround\ndelay 0\ntasks 2 4\nround\nnothing",
    /* ... a second one gets its share of either */
    MIXED "round\njoin w2\nround\nround\ndelay 0\ntasks 0 1 1\nround\nnothing",
    /* ... it comes to the one that is left, also where a delay is waited for */
    MIXED "round\njoin w2\nround\nround\nleave w1\nround\ndelay 300000\nsleep delay\nround\n"
          "delay 0\nhas w2 l l-0 l-1\nround\nnothing",
    /* what a leader of Java's has given to a worker of Java's is taken from it, and then given */
    "max 0\njoin w1\nnative l 2\njava j1 l l-1\nround\ndelay 0\ntasks 0 1\nhas w1 l-0\nround\n"
    "delay 0\nkept\nhas w1 l l-0 l-1\nround\nnothing",
    /* ... and stays when the workers of Java's have gone, or come back */
    MIXED "round\nleave j1\nround\nnothing\njava j1\nround\nnothing\nhas w1 l l-0 l-1",
    /* a native connector that is deleted goes */
    MIXED "round\ndelete l\nround\ndelay 0\nconnectors 0 0\ntasks 0 0\nround\nnothing",
    /* ... also where workers of Java's come in the same round */
    "join w1\nnative l 1\nround\ndelete l\njava j1\nround\ntasks 0 0",
    /* nothing configured */
    "join w1\nround\ndelay 0\nnothing",
};

START_TEST(scenario)
{
    play(scenarios[_i]);
}
END_TEST

START_TEST(eager_goes_round_the_members_by_id)
{
    struct kc_work configured = {0};
    struct kc_round round = {.configured = &configured, .count = 2};
    kc_work_add_connector(&configured, "a");
    kc_work_add_connector(&configured, "b");
    kc_work_add_connector(&configured, "c");
    kc_work_add_task(&configured, "a", 0);
    kc_work_add_task(&configured, "a", 1);
    round.members = kc_calloc(2, sizeof(*round.members));
    round.members[0].id = kc_strdup("w2");
    round.members[1].id = kc_strdup("w1");
    kc_assign_eagerly(&round);
    ck_assert(has_item(&round.members[1].assigned, "a"));
    ck_assert(has_item(&round.members[0].assigned, "b"));
    ck_assert(has_item(&round.members[1].assigned, "c"));
    ck_assert(has_item(&round.members[0].assigned, "a-0"));
    ck_assert(has_item(&round.members[1].assigned, "a-1"));
    kc_round_clear(&round);
    kc_work_clear(&configured);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("assignor");
    TCase *tests = tcase_create("scenarios");
    tcase_add_loop_test(tests, scenario, 0, (int)(sizeof(scenarios) / sizeof(scenarios[0])));
    tcase_add_test(tests, eager_goes_round_the_members_by_id);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
