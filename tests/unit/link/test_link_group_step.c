/* SPDX-License-Identifier: Apache-2.0 */
/* What a mirror group does next: each line of the tables is a state, facts and what follows. */
#include "link/link_group_step_priv.h"
#include "link_check.h"

enum {
    ACTIVE = 1 << 0,      /* members on the source */
    SOURCE_AWAY = 1 << 1, /* the source hasn't answered */
    SHORTLY = 1 << 2,     /* idle, but not for long enough */
    STALE = 1 << 3,       /* offsets were read before the last member left */
    BEHIND = 1 << 4,      /* the mirror */
    WAITING = 1 << 5,     /* a member on the target */
    OURS = 1 << 6,        /* a member of the link's there */
    UNASKED = 1 << 7,     /* the target's members aren't known */
    MANUAL = 1 << 8,
    FORCE = 1 << 9,
    NEWER = 1 << 10, /* the order */
    OBSTACLE = 1 << 11,
    SOON = 1 << 12, /* it will have been idle for long enough */
    PAUSED = 1 << 13,
    REFUSED = 1 << 14, /* the last commit */
    UNSETTLED = 1 << 15,
    FORMER = 1 << 16, /* offsets of another history are on the target */
};

struct story {
    enum kc_link_group_state state;
    enum kc_link_group_wish wish;
    enum link_hold_state hold;
    unsigned facts;
    enum kc_link_group_state next;
    enum link_group_action action;
    const char *reason; /* a part of it; NULL: as it is */
};

static void check(const struct story *stories, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct story *story = &stories[i];
        const struct kc_link_group_order order = {.wish = story->wish,
                                                  .automatic = !(story->facts & MANUAL),
                                                  .force = story->facts & FORCE};
        const struct kc_link_group group = {.state = story->state};
        const struct link_group_facts facts = {
            .order = &order,
            .newer = story->facts & NEWER,
            .paused = story->facts & PAUSED,
            .hold = story->hold,
            .target_known = !(story->facts & UNASKED),
            .strangers = story->facts & WAITING ? 2 : 0,
            .ours = story->facts & OURS,
            .obstacle = story->facts & OBSTACLE ? "it can't be held" : NULL,
            .source_known = !(story->facts & SOURCE_AWAY),
            .source_active = story->facts & ACTIVE,
            .source_idle_ms = story->facts & SOON                 ? 2000
                              : story->facts & (ACTIVE | SHORTLY) ? 0
                                                                  : 6000,
            .idle_ms = 5000,
            .final_offsets = !(story->facts & (ACTIVE | STALE)),
            .unsettled = story->facts & UNSETTLED,
            .begun = !(story->facts & FORMER),
            .behind = story->facts & BEHIND ? "orders" : NULL,
            .refused = story->facts & REFUSED ? "the metadata is too large" : NULL,
        };
        struct link_group_step step = link_group_step(&group, &facts);
        ck_assert_msg(step.state == story->next, "line %zu: %s", i,
                      kc_link_group_state_name(step.state));
        ck_assert_msg(step.action == story->action, "line %zu: action %d", i, (int)step.action);
        ck_assert_msg(!story->reason == !step.reason &&
                          (!step.reason || strstr(step.reason, story->reason)),
                      "line %zu: %s", i, step.reason ? step.reason : "no reason");
        free(step.reason);
    }
}
#define CHECK(stories) check(stories, sizeof(stories) / sizeof(*(stories)))

#define REGISTERED KC_LINK_REGISTERED
#define STANDBY    KC_LINK_STANDBY
#define PROMOTING  KC_LINK_GROUP_PROMOTING
#define PROMOTED   KC_LINK_GROUP_PROMOTED
#define LOST       KC_LINK_HOLD_LOST
#define FAILED     KC_LINK_GROUP_FAILED
#define RELEASED   KC_LINK_GROUP_RELEASED
#define HOLD       KC_LINK_GROUP_HOLD
#define PROMOTE    KC_LINK_GROUP_PROMOTE
#define RELEASE    KC_LINK_GROUP_RELEASE
#define NONE       LINK_HOLD_NONE
#define JOINING    LINK_HOLD_JOINING
#define HELD       LINK_HOLD_HELD
#define LEFT       LINK_HOLD_LEFT
#define WAIT       LINK_GROUP_WAIT
#define JOIN       LINK_GROUP_JOIN
#define FINISH     LINK_GROUP_FINISH
#define GATHER     LINK_GROUP_GATHER
#define LEAVE      LINK_GROUP_LEAVE

START_TEST(a_group_is_registered)
{
    static const struct story stories[] = {
        {REGISTERED, HOLD, NONE, UNASKED, REGISTERED, WAIT, "looks at"},
        {REGISTERED, HOLD, NONE, ACTIVE, REGISTERED, JOIN, "joins"},
        {REGISTERED, HOLD, JOINING, ACTIVE, REGISTERED, WAIT, "joins"},
        {REGISTERED, HOLD, HELD, ACTIVE, STANDBY, WAIT, ""},
        /* Whoever finds STANDBY takes what is committed on the target for the link's. */
        {REGISTERED, HOLD, HELD, ACTIVE | FORMER, REGISTERED, WAIT, "in place of"},
        {REGISTERED, HOLD, HELD, FORMER | REFUSED, REGISTERED, WAIT, "too large"},
        {REGISTERED, PROMOTE, HELD, FORCE | FORMER | REFUSED, STANDBY, WAIT, ""},
        {REGISTERED, RELEASE, HELD, FORMER | NEWER, REGISTERED, LEAVE, "leaves"},
        /* With members on the target it is too late, unless the link is there already. */
        {REGISTERED, HOLD, NONE, WAITING, FAILED, WAIT, "Stop them"},
        {REGISTERED, HOLD, NONE, WAITING | OURS, REGISTERED, JOIN, "joins"},
        {REGISTERED, HOLD, LINK_HOLD_LOST, 0, FAILED, LEAVE, "before the link"},
        {REGISTERED, HOLD, NONE, OBSTACLE, FAILED, WAIT, "it can't be held"},
        {REGISTERED, HOLD, NONE, OBSTACLE | OURS, REGISTERED, JOIN, "joins"},
    };
    CHECK(stories);
}
END_TEST

START_TEST(a_group_is_promoted_when_nothing_speaks_against_it)
{
    static const struct story stories[] = {
        {STANDBY, HOLD, HELD, ACTIVE | WAITING, STANDBY, WAIT, "last member has left"},
        {STANDBY, HOLD, HELD, SOURCE_AWAY | WAITING, STANDBY, WAIT, "the source tells"},
        {STANDBY, HOLD, HELD, STALE | WAITING, STANDBY, WAIT, "last offsets"},
        {STANDBY, HOLD, HELD, BEHIND | WAITING, STANDBY, WAIT, "topic orders"},
        {STANDBY, HOLD, HELD, SHORTLY | WAITING, STANDBY, WAIT, "link.group.idle.ms"},
        {STANDBY, HOLD, HELD, SOON | WAITING, STANDBY, GATHER, "link.group.idle.ms"},
        {STANDBY, HOLD, HELD, SOON, STANDBY, WAIT, "link.group.idle.ms"},
        {STANDBY, HOLD, HELD, 0, STANDBY, WAIT, "a member on the target"},
        {STANDBY, HOLD, HELD, UNASKED | WAITING, STANDBY, WAIT, "a member on the target"},
        {STANDBY, HOLD, HELD, MANUAL | WAITING, STANDBY, WAIT, "by hand"},
        {STANDBY, HOLD, HELD, WAITING, PROMOTING, WAIT, "final offsets"},
        {PROMOTING, HOLD, HELD, WAITING, PROMOTING, FINISH, NULL},
        {PROMOTING, HOLD, HELD, WAITING | REFUSED, PROMOTING, FINISH, "too large"},
        {PROMOTING, HOLD, HELD, WAITING | STALE | UNSETTLED, PROMOTING, WAIT, "transactions"},
        {PROMOTING, HOLD, LEFT, WAITING, PROMOTED, WAIT, ""},
        {PROMOTED, HOLD, NONE, WAITING, PROMOTED, WAIT, ""},
        /* Somebody has come back to the source. */
        {PROMOTING, HOLD, HELD, ACTIVE | WAITING, STANDBY, WAIT, "came back"},
        {PROMOTING, HOLD, HELD, BEHIND | WAITING, PROMOTING, WAIT, "topic orders"},
    };
    CHECK(stories);
}
END_TEST

START_TEST(a_group_is_promoted_by_hand)
{
    static const struct story stories[] = {
        {STANDBY, PROMOTE, HELD, MANUAL | SHORTLY, PROMOTING, WAIT, "final offsets"},
        {STANDBY, PROMOTE, HELD, MANUAL | ACTIVE, STANDBY, WAIT, "last member has left"},
        {STANDBY, PROMOTE, HELD, MANUAL | BEHIND, STANDBY, WAIT, "topic orders"},
        {STANDBY, PROMOTE, HELD, FORCE | ACTIVE, PROMOTING, WAIT, "final offsets"},
        {STANDBY, PROMOTE, HELD, FORCE | SOURCE_AWAY | BEHIND, PROMOTING, WAIT, "final offsets"},
        {PROMOTING, PROMOTE, HELD, FORCE | ACTIVE, PROMOTING, FINISH, NULL},
        {PROMOTING, PROMOTE, LINK_HOLD_LOST, FORCE, PROMOTING, FINISH, NULL},
    };
    CHECK(stories);
}
END_TEST

START_TEST(what_is_paused_waits_for_people)
{
    static const struct story stories[] = {
        {STANDBY, HOLD, HELD, PAUSED | WAITING, STANDBY, WAIT, "is paused"},
        {STANDBY, HOLD, HELD, PAUSED | MANUAL | WAITING, STANDBY, WAIT, "by hand"},
        {STANDBY, PROMOTE, HELD, PAUSED | WAITING, PROMOTING, WAIT, "final offsets"},
        /* Holds are kept, and what has begun is ended. */
        {REGISTERED, HOLD, NONE, PAUSED, REGISTERED, JOIN, "joins"},
        {STANDBY, HOLD, NONE, PAUSED | UNASKED, STANDBY, JOIN, NULL},
        {PROMOTING, HOLD, HELD, PAUSED | WAITING, PROMOTING, FINISH, NULL},
    };
    CHECK(stories);
}
END_TEST

START_TEST(a_successor_goes_on)
{
    static const struct story stories[] = {
        {STANDBY, HOLD, NONE, UNASKED, STANDBY, JOIN, NULL},
        {STANDBY, HOLD, JOINING, UNASKED, STANDBY, WAIT, NULL},
        {PROMOTING, HOLD, NONE, UNASKED, PROMOTING, WAIT, NULL},
        {PROMOTING, HOLD, NONE, WAITING | OURS, PROMOTING, JOIN, NULL},
        {PROMOTING, HOLD, NONE, 0, PROMOTING, JOIN, NULL},
        /* The predecessor has left, which was its last step. */
        {PROMOTING, HOLD, NONE, WAITING, PROMOTED, WAIT, ""},
        {PROMOTING, HOLD, JOINING, WAITING, PROMOTING, WAIT, NULL},
    };
    CHECK(stories);
}
END_TEST

START_TEST(a_hold_is_lost_and_taken_again)
{
    static const struct story stories[] = {
        {STANDBY, HOLD, LINK_HOLD_LOST, 0, LOST, WAIT, NULL},
        {PROMOTING, HOLD, LINK_HOLD_LOST, 0, LOST, WAIT, NULL},
        {LOST, HOLD, LINK_HOLD_LOST, 0, LOST, WAIT, NULL},
        {LOST, HOLD, NONE, UNASKED, LOST, WAIT, "Stop them"},
        {LOST, HOLD, NONE, WAITING, LOST, WAIT, "Stop them"},
        {LOST, HOLD, NONE, 0, LOST, JOIN, NULL},
        {LOST, HOLD, JOINING, 0, LOST, WAIT, NULL},
        {LOST, HOLD, HELD, 0, STANDBY, WAIT, ""},
        /* Who reads already goes on. */
        {LOST, PROMOTE, NONE, WAITING, PROMOTING, WAIT, "lets the group go"},
        {LOST, PROMOTE, NONE, 0, LOST, JOIN, NULL},
        {LOST, PROMOTE, LINK_HOLD_LOST, FORCE, PROMOTING, WAIT, "lets the group go"},
    };
    CHECK(stories);
}
END_TEST

START_TEST(a_hold_is_given_up)
{
    static const struct story stories[] = {
        {STANDBY, RELEASE, HELD, NEWER, STANDBY, LEAVE, "leaves"},
        {STANDBY, RELEASE, JOINING, NEWER, STANDBY, LEAVE, "leaves"},
        {STANDBY, RELEASE, LEFT, 0, RELEASED, WAIT, ""},
        {LOST, RELEASE, LINK_HOLD_LOST, 0, LOST, LEAVE, "leaves"},
        {REGISTERED, RELEASE, JOINING, 0, REGISTERED, LEAVE, "leaves"},
        /* A predecessor's membership is taken over, to be left. */
        {STANDBY, RELEASE, NONE, UNASKED, STANDBY, WAIT, "leaves"},
        {STANDBY, RELEASE, NONE, OURS, STANDBY, JOIN, "leaves"},
        {STANDBY, RELEASE, NONE, WAITING, RELEASED, WAIT, ""},
        {RELEASED, RELEASE, NONE, 0, RELEASED, WAIT, NULL},
        {RELEASED, HOLD, NONE, 0, RELEASED, WAIT, NULL},
        {RELEASED, HOLD, NONE, NEWER, REGISTERED, WAIT, "looks at"},
        {FAILED, HOLD, NONE, 0, FAILED, WAIT, NULL},
        {FAILED, HOLD, LINK_HOLD_LOST, 0, FAILED, LEAVE, NULL},
        {FAILED, HOLD, LEFT, NEWER, REGISTERED, WAIT, "looks at"},
        {FAILED, RELEASE, NONE, NEWER, RELEASED, WAIT, ""},
    };
    CHECK(stories);
}
END_TEST

/* While the link doesn't hold the group, its members may commit what they like. */
START_TEST(what_others_may_have_committed_is_asked_for_again)
{
    ck_assert(link_group_others_committed(RELEASED, REGISTERED));
    ck_assert(link_group_others_committed(FAILED, REGISTERED));
    ck_assert(link_group_others_committed(STANDBY, LOST));
    ck_assert(link_group_others_committed(LOST, STANDBY));
    ck_assert(link_group_others_committed(LOST, PROMOTING));
    ck_assert(!link_group_others_committed(REGISTERED, STANDBY));
    ck_assert(!link_group_others_committed(STANDBY, PROMOTING));
    ck_assert(!link_group_others_committed(PROMOTING, STANDBY));
}
END_TEST

/* Whatever is known, the table of moves holds: link_group_step() asserts it. */
START_TEST(no_facts_lead_beside_the_table)
{
    for (unsigned bits = 0; bits < 1u << 12; bits++)
        for (int state = 0; state < KC_LINK_GROUP_STATES; state++)
            for (int rest = 0; rest < 15; rest++) {
                const struct kc_link_group_order order = {.wish =
                                                              (enum kc_link_group_wish)(rest / 5),
                                                          .automatic = bits & MANUAL,
                                                          .force = bits & FORCE};
                const struct kc_link_group group = {.state = (enum kc_link_group_state)state};
                const struct link_group_facts facts = {
                    .order = &order,
                    .newer = bits & NEWER,
                    .hold = (enum link_hold_state)(rest % 5),
                    .target_known = bits & UNASKED,
                    .strangers = bits & WAITING ? 1 : 0,
                    .ours = bits & OURS,
                    .obstacle = bits & OBSTACLE ? "x" : NULL,
                    .source_known = bits & SOURCE_AWAY,
                    .source_active = bits & ACTIVE,
                    .source_idle_ms = bits & SHORTLY ? 1 : 0,
                    .final_offsets = bits & STALE,
                    .behind = bits & BEHIND ? "t" : NULL,
                };
                struct link_group_step step = link_group_step(&group, &facts);
                ck_assert(step.state == group.state ||
                          kc_link_group_may_move(group.state, step.state));
                free(step.reason);
            }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("link_group_step");
    TCase *tests = tcase_create("link_group_step");
    tcase_add_test(tests, a_group_is_registered);
    tcase_add_test(tests, a_group_is_promoted_when_nothing_speaks_against_it);
    tcase_add_test(tests, a_group_is_promoted_by_hand);
    tcase_add_test(tests, what_is_paused_waits_for_people);
    tcase_add_test(tests, a_successor_goes_on);
    tcase_add_test(tests, a_hold_is_lost_and_taken_again);
    tcase_add_test(tests, a_hold_is_given_up);
    tcase_add_test(tests, what_others_may_have_committed_is_asked_for_again);
    tcase_add_test(tests, no_facts_lead_beside_the_table);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
