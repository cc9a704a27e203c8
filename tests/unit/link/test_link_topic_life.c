/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of a mirror topic: by wish, state and how the copying stands, as a table. */
#include "link/link_check.h"
#include "link/link_topic_life_priv.h"

#define NONE (-1)

enum { OLD, NEW }; /* the order, to the state */
enum { PAUSED = 1, FINISHING = 2, QUIET = 4, FORCE = 8, LATE = 16, WAITED = 32 }; /* flags */

struct life_row {
    enum kc_link_wish wish;
    int is_new;
    int state; /* NONE: there is none yet */
    int copy;  /* NONE: it isn't copied */
    int flags;
    enum link_step step;
    enum kc_link_topic_state next;
    const char *reason; /* how it begins */
};

#define LINK     KC_LINK_WISH_LINK
#define PAUSE    KC_LINK_WISH_PAUSE
#define PROMOTE  KC_LINK_WISH_PROMOTE
#define FAILOVER KC_LINK_WISH_FAILOVER
#define REPAIR   KC_LINK_WISH_REPAIR
#define S(state) KC_LINK_##state
#define C(state) LINK_COPY_##state
#define DO(step) LINK_STEP_##step

/* clang-format off */
static const struct life_row rows[] = {
    /* A link begins, aligns, links, and follows what the copying says. */
    {LINK, NEW, NONE, NONE, 0, DO(ADD), S(PENDING), ""},
    {LINK, OLD, S(PENDING), NONE, 0, DO(ADD), S(PENDING), ""},
    {LINK, OLD, S(LINKING), NONE, 0, DO(ADD), S(LINKING), ""},
    {LINK, OLD, S(PENDING), C(LOOKING), 0, DO(NONE), S(PENDING), ""},
    {LINK, OLD, S(LINKING), C(LOOKING), 0, DO(NONE), S(LINKING), "why"}, /* the target refuses */
    {LINK, OLD, S(PENDING), C(ALIGNING), 0, DO(NONE), S(ALIGNING), "why"},
    {LINK, OLD, S(ALIGNING), C(COPYING), 0, DO(NONE), S(LINKING), "why"},
    {LINK, OLD, S(LINKING), C(AWAY), 0, DO(NONE), S(SOURCE_UNAVAILABLE), "why"},
    {LINK, OLD, S(SOURCE_UNAVAILABLE), C(LOOKING), 0, DO(NONE), S(SOURCE_UNAVAILABLE), ""},
    {LINK, OLD, S(SOURCE_UNAVAILABLE), C(COPYING), 0, DO(NONE), S(LINKING), "why"},
    {LINK, OLD, S(LINKING), C(DIVERGED), 0, DO(END), S(DIVERGED), "why"},
    {LINK, OLD, S(ALIGNING), C(FAILED), 0, DO(END), S(FAILED), "why"},
    /* What is broken stays so until it is repaired. */
    {LINK, NEW, S(DIVERGED), NONE, 0, DO(NONE), S(DIVERGED), ""},
    {LINK, OLD, S(FAILED), C(COPYING), 0, DO(END), S(FAILED), ""},
    {REPAIR, NEW, S(DIVERGED), NONE, 0, DO(ADD), S(PENDING), ""},
    {REPAIR, NEW, S(FAILED), NONE, 0, DO(ADD), S(PENDING), ""},
    {REPAIR, OLD, S(DIVERGED), NONE, 0, DO(NONE), S(DIVERGED), ""},
    {REPAIR, OLD, S(PENDING), C(COPYING), 0, DO(NONE), S(LINKING), "why"},
    {REPAIR, NEW, S(LINKING), C(COPYING), 0, DO(NONE), S(LINKING), "why"},
    /* A pause, and its end; also by another task than the one that began it. */
    {PAUSE, NEW, S(LINKING), C(COPYING), 0, DO(PAUSE), S(PAUSED), ""},
    {PAUSE, OLD, S(PAUSED), C(COPYING), 0, DO(PAUSE), S(PAUSED), ""},
    {PAUSE, OLD, S(PAUSED), C(PAUSED), PAUSED, DO(NONE), S(PAUSED), ""},
    {PAUSE, OLD, S(PAUSED), NONE, 0, DO(NONE), S(PAUSED), ""},
    {PAUSE, NEW, NONE, NONE, 0, DO(NONE), S(PAUSED), ""},
    {PAUSE, NEW, S(PROMOTING), C(FINISHED), FINISHING, DO(RESTART), S(LINKING), ""},
    {PAUSE, NEW, S(DIVERGED), NONE, 0, DO(NONE), S(DIVERGED), ""},
    {LINK, NEW, S(PAUSED), C(PAUSED), PAUSED, DO(RESUME), S(PENDING), ""},
    {LINK, NEW, S(PAUSED), NONE, 0, DO(ADD), S(PENDING), ""},
    {LINK, OLD, S(PENDING), C(PAUSED), PAUSED, DO(RESUME), S(PENDING), ""},
    /* A promotion waits for LINKING, for a quiet source, for the end; then it cuts. */
    {PROMOTE, NEW, S(ALIGNING), C(ALIGNING), 0, DO(NONE), S(ALIGNING), "why"},
    {PROMOTE, NEW, S(PAUSED), C(PAUSED), PAUSED, DO(RESUME), S(PENDING), ""},
    {PROMOTE, NEW, S(LINKING), C(COPYING), 0, DO(NONE), S(PROMOTING), ""},
    {PROMOTE, NEW, S(LINKING), NONE, 0, DO(ADD), S(LINKING), ""},
    {PROMOTE, OLD, S(PROMOTING), C(COPYING), 0, DO(NONE), S(PROMOTING), "SOURCE_NOT_QUIET"},
    {PROMOTE, OLD, S(PROMOTING), C(COPYING), QUIET, DO(FINISH), S(PROMOTING), ""},
    {PROMOTE, OLD, S(PROMOTING), C(COPYING), FORCE, DO(FINISH), S(PROMOTING), ""},
    {PROMOTE, OLD, S(PROMOTING), C(COPYING), QUIET | WAITED, DO(NONE), S(PROMOTING), "Waits until"},
    {PROMOTE, OLD, S(PROMOTING), C(COPYING), FORCE | WAITED, DO(NONE), S(PROMOTING), "Waits until"},
    {PROMOTE, OLD, S(PROMOTING), C(COPYING), QUIET | FINISHING, DO(NONE), S(PROMOTING), "why"},
    {PROMOTE, OLD, S(PROMOTING), C(FINISHED), QUIET | FINISHING, DO(CUT_OVER), S(PROMOTED), ""},
    {PROMOTE, OLD, S(PROMOTING), C(FINISHED), FORCE | FINISHING, DO(CUT_OVER), S(PROMOTED), ""},
    /* Producers that come back before the cut, and gateways that do, are waited for, too. */
    {PROMOTE, OLD, S(PROMOTING), C(FINISHED), FINISHING, DO(NONE), S(PROMOTING),
     "SOURCE_NOT_QUIET"},
    {PROMOTE, OLD, S(PROMOTING), C(FINISHED), FORCE | FINISHING | WAITED, DO(NONE), S(PROMOTING),
     "Waits until"},
    {PROMOTE, OLD, S(PROMOTING), C(AWAY), 0, DO(NONE), S(PROMOTING), "why"},
    {PROMOTE, OLD, S(PROMOTING), C(DIVERGED), FINISHING, DO(END), S(DIVERGED), "why"},
    /* Another task goes on with it; one that takes too long is given up, and not begun again. */
    {PROMOTE, OLD, S(PROMOTING), NONE, 0, DO(ADD), S(PROMOTING), ""},
    {PROMOTE, OLD, S(PROMOTING), C(COPYING), FINISHING | LATE, DO(RESTART), S(LINKING),
     "PROMOTION_GIVEN_UP"},
    {PROMOTE, OLD, S(PROMOTING), C(COPYING), LATE, DO(NONE), S(LINKING), "PROMOTION_GIVEN_UP"},
    {PROMOTE, OLD, S(PROMOTING), C(FINISHED), FINISHING | LATE, DO(RESTART), S(LINKING),
     "PROMOTION_GIVEN_UP"},
    {PROMOTE, OLD, S(LINKING), C(LOOKING), 0, DO(NONE), S(LINKING), ""},
    {PROMOTE, NEW, S(PROMOTING), C(COPYING), 0, DO(NONE), S(PROMOTING), "SOURCE_NOT_QUIET"},
    {LINK, NEW, S(PROMOTING), C(COPYING), 0, DO(NONE), S(LINKING), ""},
    /* Promoted is promoted, whatever is ordered. */
    {PROMOTE, NEW, S(PROMOTED), NONE, 0, DO(NONE), S(PROMOTED), ""},
    {PROMOTE, OLD, S(PROMOTED), C(COPYING), 0, DO(END), S(PROMOTED), ""},
    {FAILOVER, NEW, S(PROMOTED), NONE, 0, DO(NONE), S(PROMOTED), ""},
    {LINK, NEW, S(FAILED_OVER), NONE, 0, DO(NONE), S(FAILED_OVER), ""},
    /* A failover asks nobody, but consumers aren't to see fillers. */
    {FAILOVER, NEW, S(LINKING), C(COPYING), 0, DO(CUT_OVER), S(FAILED_OVER), ""},
    {FAILOVER, NEW, S(SOURCE_UNAVAILABLE), C(AWAY), 0, DO(CUT_OVER), S(FAILED_OVER), ""},
    {FAILOVER, NEW, S(PROMOTING), C(AWAY), FINISHING, DO(CUT_OVER), S(FAILED_OVER), ""},
    {FAILOVER, NEW, S(DIVERGED), NONE, 0, DO(CUT_OVER), S(FAILED_OVER), ""},
    {FAILOVER, NEW, S(ALIGNING), C(ALIGNING), 0, DO(NONE), S(ALIGNING), "NOT_ALIGNED"},
};
/* clang-format on */

static struct link_decision decide(const struct life_row *row, const char *refusal)
{
    struct kc_link_topic_order order = {.epoch = 7,
                                        .wish = row->wish,
                                        .force = row->flags & FORCE,
                                        .max_pause_ms = 1000,
                                        .refusal = (char *)refusal};
    struct kc_link_topic state = {.state = (enum kc_link_topic_state)row->state,
                                  .order_epoch = row->is_new ? 6 : 7,
                                  .reason = (char *)""};
    struct link_copy_status status = {.state = (enum link_copy_state)row->copy,
                                      .reason = (char *)"why"};
    const struct link_topic_view view = {
        .order = &order,
        .state = row->state == NONE ? NULL : &state,
        .status = row->copy == NONE ? NULL : &status,
        .paused = row->flags & PAUSED,
        .finishing = row->flags & FINISHING,
        .quiet = row->flags & QUIET,
        .waited = row->flags & WAITED ? "g1" : NULL,
        .pause_ms = row->flags & LATE ? 1001 : 1000,
    };
    struct link_decision decision = link_topic_decide(&view);
    if (strcmp(decision.reason, "why") == 0)
        decision.reason = "why"; /* not of the stack */
    else if (!*decision.reason)
        decision.reason = "";
    return decision;
}

START_TEST(each_row_of_the_table)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct link_decision decision = decide(&rows[i], NULL);
        ck_assert_msg(decision.step == rows[i].step && decision.state == rows[i].next &&
                          strncmp(decision.reason, rows[i].reason, strlen(rows[i].reason)) == 0,
                      "row %zu: step %d, state %s, reason '%s'", i, (int)decision.step,
                      kc_link_topic_state_name(decision.state), decision.reason);
    }
}
END_TEST

/* Whatever comes together, no move is made that the table of moves doesn't allow. */
START_TEST(only_allowed_moves)
{
    for (int n = 0; n < KC_LINK_WISHES * 2 * KC_LINK_TOPIC_STATES * 9 * 64; n++) {
        int at = n;
        struct life_row row = {.wish = (enum kc_link_wish)(at % KC_LINK_WISHES)};
        at /= KC_LINK_WISHES;
        row.is_new = at % 2;
        at /= 2;
        row.state = at % KC_LINK_TOPIC_STATES;
        at /= KC_LINK_TOPIC_STATES;
        row.copy = at % 9 - 1;
        row.flags = row.copy == NONE ? at / 9 & ~(PAUSED | FINISHING) : at / 9;
        for (int refused = 0; refused < 2; refused++) {
            struct link_decision decision = decide(&row, refused ? "no" : NULL);
            enum kc_link_topic_state from = (enum kc_link_topic_state)row.state;
            ck_assert_msg(decision.state == from || kc_link_topic_may_move(from, decision.state),
                          "wish %s, copy %d, flags %d: %s to %s", kc_link_wish_name(row.wish),
                          row.copy, row.flags, kc_link_topic_state_name(from),
                          kc_link_topic_state_name(decision.state));
            ck_assert(row.copy != NONE || decision.step == DO(NONE) || decision.step == DO(ADD) ||
                      decision.step == DO(CUT_OVER));
        }
    }
}
END_TEST

/* The state says why the topic couldn't be cut from its source, and then that is tried again. */
START_TEST(what_hinders_a_promotion_is_told)
{
    struct kc_link_topic_order order = {.epoch = 7, .wish = PROMOTE, .max_pause_ms = 1000};
    struct kc_link_topic state = {.state = S(PROMOTING), .order_epoch = 7, .reason = (char *)""};
    struct link_copy_status status = {.state = C(FINISHED), .reason = (char *)""};
    struct link_topic_view view = {.order = &order,
                                   .state = &state,
                                   .status = &status,
                                   .finishing = true,
                                   .quiet = true,
                                   .hindrance = "SOURCE_NOT_REPLICATED"};
    struct link_decision decision = link_topic_decide(&view);
    ck_assert(decision.step == DO(NONE) && decision.state == S(PROMOTING));
    ck_assert_str_eq(decision.reason, "SOURCE_NOT_REPLICATED");
    view.pause_ms = 1001;
    decision = link_topic_decide(&view);
    ck_assert(decision.step == DO(RESTART) && decision.state == S(LINKING));
    view.hindrance = NULL;
    decision = link_topic_decide(&view);
    ck_assert(decision.step == DO(CUT_OVER) && decision.state == S(PROMOTED));
}
END_TEST

START_TEST(a_promotion_that_waits_for_linking_is_not_followed_yet)
{
    const struct life_row waits = {PROMOTE, NEW, S(ALIGNING), C(COPYING), 0, 0, 0, NULL};
    const struct life_row begins = {PROMOTE, NEW, S(LINKING), C(COPYING), 0, 0, 0, NULL};
    ck_assert_int_eq(decide(&waits, NULL).order_epoch, 6);
    ck_assert_int_eq(decide(&begins, NULL).order_epoch, 7);
}
END_TEST

START_TEST(a_refusal_fails_the_topic)
{
    const struct life_row first = {LINK, NEW, NONE, NONE, 0, 0, 0, NULL};
    const struct life_row copied = {LINK, NEW, S(LINKING), C(COPYING), 0, 0, 0, NULL};
    ck_assert_int_eq(decide(&first, "no").state, KC_LINK_FAILED);
    ck_assert_str_eq(decide(&first, "no").reason, "no");
    ck_assert_int_eq(decide(&copied, "no").state, KC_LINK_FAILED);
    ck_assert_int_eq(decide(&copied, "no").step, LINK_STEP_END);
}
END_TEST

START_TEST(without_an_order_all_is_forgotten)
{
    const struct link_topic_view view = {0};
    ck_assert_int_eq(link_topic_decide(&view).step, LINK_STEP_FORGET);
}
END_TEST

RUN_TESTS("link_topic_life", 20, each_row_of_the_table, only_allowed_moves,
          a_promotion_that_waits_for_linking_is_not_followed_yet, what_hinders_a_promotion_is_told,
          a_refusal_fails_the_topic, without_an_order_all_is_forgotten)
