/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A model of a topic's promotion with gateways, visited exhaustively.
 *
 * Two incarnations of the topic's task, one or two gateways, and an idempotent producer that sends
 * each message again until it is acknowledged. Requests and state records are delivered at any
 * later time, in any order, or not at all; whoever has sent them may be dead by then. Tasks and
 * gateways crash; time passes in ticks, and who isn't scheduled is frozen. Moves and look-ups are
 * the product's own functions.
 *
 * What must hold: the target's log is 0, 1, 2, ... without a gap or a double; what was acknowledged
 * is in it once it is the truth; the link writes nothing there any more; all moves are allowed;
 * and from every state the promotion can still come to its end. Each rule is then broken on purpose
 * once, and the model must find what goes wrong.
 */
#include "link/flip_gateways.h"
#include "link/flip_tasks.h"

static void follow(struct link_explorer *explorer, const void *state)
{
    const struct flip_state *s = state;

    pass_time(explorer, s);
    for (int t = 0; t < TASKS; t++) {
        follow_task(explorer, s, t);
        follow_remains(explorer, s, t);
    }
    for (int g = 0; g < 1 + rules->two_gateways; g++)
        follow_gateway(explorer, s, g);
    follow_producer(explorer, s);
    for (int r = 0; r < REQUESTS; r++)
        follow_request(explorer, s, r);
}

static const struct link_model model = {
    .size = sizeof(struct flip_state),
    .begin = begin,
    .follow = follow,
    .judge = judge,
    .is_goal = is_goal,
};

/* ---- tests ---- */

static void choose(const struct flip_rules *chosen)
{
    rules = chosen;
    messages = chosen->messages ? chosen->messages : 2;
    requests = chosen->requests ? chosen->requests : 2;
}

static void holds(const char *name, const struct flip_rules *chosen)
{
    choose(chosen);
    assert_holds(name, &model, chosen, 3000000);
}

static void finds(const char *name, const struct flip_rules *chosen, const char *expected)
{
    choose(chosen);
    assert_finds(name, &model, chosen, 1000000, expected);
}

START_TEST(a_promotion_loses_nothing)
{
    holds("two messages", &(struct flip_rules){0});
    holds("a promotion that is given up", &(struct flip_rules){.messages = 1, .give_ups = 1});
    holds("a crash", &(struct flip_rules){.messages = 1, .crashes = 1});
    holds("two tasks", &(struct flip_rules){.messages = 1, .steals = 1});
    holds("two gateways", &(struct flip_rules){.messages = 1, .requests = 1, .two_gateways = true});
}
END_TEST

/* Up to 3 million states each, and a gigabyte of memory. */
START_TEST(larger_ones_neither)
{
    if (!getenv("ISTHMUS_LONG"))
        return;
    holds("two messages, a crash", &(struct flip_rules){.crashes = 1});
    holds("two messages, two tasks", &(struct flip_rules){.steals = 1});
    holds("two messages, given up", &(struct flip_rules){.give_ups = 1});
    holds("three messages", &(struct flip_rules){.messages = 3, .requests = 3});
    holds("two messages, two gateways", &(struct flip_rules){.two_gateways = true});
    holds("two gateways, a crash",
          &(struct flip_rules){.messages = 1, .two_gateways = true, .crashes = 1});
    holds("everything",
          &(struct flip_rules){
              .messages = 1, .requests = 1, .crashes = 1, .steals = 1, .give_ups = 1});
}
END_TEST

#define LOST   "an acknowledged write is lost"
#define DOUBLE "a record is doubled or out of order"
#define AFTER  "the link writes after the promotion"

/* Breaks one rule, in a model that is just large enough. */
#define FINDS(rule, expected, ...)                                                                 \
    finds(#rule, &(struct flip_rules){.rule = true, __VA_ARGS__}, expected)

START_TEST(each_rule_of_gateways_is_needed)
{
    FINDS(gateways_are_not_awaited, LOST, .messages = 1);
    FINDS(any_hold_counts, LOST, .messages = 1, .give_ups = 1);
    FINDS(end_is_read_first, LOST, .messages = 1);
    FINDS(gateway_reads_first, LOST, .messages = 1, .two_gateways = true);
    FINDS(gateway_renews_blindly, LOST, .messages = 1);
    FINDS(gateway_answers_late, LOST, .messages = 1);
    FINDS(table_is_not_asked, DOUBLE);
    FINDS(many_begin, DOUBLE);
}
END_TEST

START_TEST(each_rule_of_tasks_is_needed)
{
    FINDS(sequence_is_no_condition, DOUBLE, .messages = 1, .steals = 1);
    FINDS(all_records_count, "a move that isn't allowed", .messages = 1, .steals = 1);
    FINDS(states_are_not_claimed, AFTER, .messages = 1, .steals = 1);
    FINDS(lease_is_not_awaited, AFTER, .messages = 1, .steals = 1);
}
END_TEST

RUN_TESTS("link_model_flip", 900, a_promotion_loses_nothing, larger_ones_neither,
          each_rule_of_gateways_is_needed, each_rule_of_tasks_is_needed)
