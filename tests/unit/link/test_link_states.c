/* SPDX-License-Identifier: Apache-2.0 */
/* Names of states and wishes, and the moves that are allowed. */
#include "link/link_check.h"

#define NAMES_COME_BACK(type, count, name_of, parse)                                               \
    do {                                                                                           \
        type back;                                                                                 \
        for (int i = 0; i < (count); i++) {                                                        \
            ck_assert(parse(name_of((type)i), &back));                                             \
            ck_assert_int_eq((int)back, i);                                                        \
        }                                                                                          \
        ck_assert_str_eq(name_of((type)(count)), "?");                                             \
        ck_assert(!parse("?", &back));                                                             \
        ck_assert(!parse("", &back));                                                              \
    } while (0)

START_TEST(names_come_back)
{
    NAMES_COME_BACK(enum kc_link_topic_state, KC_LINK_TOPIC_STATES, kc_link_topic_state_name,
                    kc_link_topic_state_parse);
    NAMES_COME_BACK(enum kc_link_wish, KC_LINK_WISHES, kc_link_wish_name, kc_link_wish_parse);
    NAMES_COME_BACK(enum kc_link_group_state, KC_LINK_GROUP_STATES, kc_link_group_state_name,
                    kc_link_group_state_parse);
    NAMES_COME_BACK(enum kc_link_group_wish, KC_LINK_GROUP_RELEASE + 1, kc_link_group_wish_name,
                    kc_link_group_wish_parse);
    NAMES_COME_BACK(enum kc_link_wave_state, KC_LINK_WAVE_STATES, kc_link_wave_state_name,
                    kc_link_wave_state_parse);
    ck_assert_str_eq(kc_link_topic_state_name(KC_LINK_FAILED_OVER), "FAILED_OVER");
    ck_assert_str_eq(kc_link_group_state_name(KC_LINK_HOLD_LOST), "HOLD_LOST");
    ck_assert_str_eq(kc_link_wish_name(KC_LINK_WISH_REPAIR), "repair");
    ck_assert_str_eq(kc_link_group_wish_name(KC_LINK_GROUP_RELEASE), "release");
}
END_TEST

START_TEST(a_topic_goes_the_way_of_a_migration)
{
    static const enum kc_link_topic_state way[] = {
        KC_LINK_PENDING,   KC_LINK_ALIGNING, KC_LINK_LINKING,   KC_LINK_PAUSED,
        KC_LINK_LINKING,   KC_LINK_DIVERGED, KC_LINK_PENDING,   KC_LINK_SOURCE_UNAVAILABLE,
        KC_LINK_LINKING,   KC_LINK_FAILED,   KC_LINK_PENDING,   KC_LINK_LINKING,
        KC_LINK_PROMOTING, KC_LINK_LINKING,  KC_LINK_PROMOTING, KC_LINK_PROMOTED,
    };

    for (size_t i = 0; i + 1 < sizeof(way) / sizeof(way[0]); i++)
        ck_assert_msg(kc_link_topic_may_move(way[i], way[i + 1]), "%s to %s",
                      kc_link_topic_state_name(way[i]), kc_link_topic_state_name(way[i + 1]));
}
END_TEST

START_TEST(nothing_moves_a_topic_out_of_its_end)
{
    for (int from = 0; from < KC_LINK_TOPIC_STATES; from++) {
        enum kc_link_topic_state state = (enum kc_link_topic_state)from;
        int ways = 0;
        for (int to = 0; to < KC_LINK_TOPIC_STATES; to++)
            ways += kc_link_topic_may_move(state, (enum kc_link_topic_state)to);
        ck_assert_int_eq(ways == 0, kc_link_topic_is_final(state));
        ck_assert(!kc_link_topic_may_move(state, state));
        ck_assert_int_eq(kc_link_topic_may_move(state, KC_LINK_PROMOTED),
                         from == KC_LINK_PROMOTING);
        ck_assert_int_eq(kc_link_topic_may_move(state, KC_LINK_PROMOTING), from == KC_LINK_LINKING);
    }
    ck_assert(!kc_link_topic_may_move(KC_LINK_ALIGNING, KC_LINK_FAILED_OVER));
    ck_assert(!kc_link_topic_may_move(KC_LINK_DIVERGED, KC_LINK_LINKING));
    ck_assert(!kc_link_topic_may_move((enum kc_link_topic_state)99, KC_LINK_LINKING));
    ck_assert(!kc_link_topic_may_move(KC_LINK_LINKING, (enum kc_link_topic_state)99));
}
END_TEST

START_TEST(the_first_of_two_states_counts)
{
    ck_assert(kc_link_state_follows(3, 1, 4, 1));  /* a move */
    ck_assert(kc_link_state_follows(3, 1, 3, 1));  /* another reason, say */
    ck_assert(kc_link_state_follows(3, 1, 4, 2));  /* a new holder claims it */
    ck_assert(!kc_link_state_follows(4, 2, 4, 1)); /* its predecessor moves nevertheless */
    ck_assert(!kc_link_state_follows(4, 1, 4, 2)); /* the predecessor was first */
    ck_assert(!kc_link_state_follows(4, 2, 3, 1));
    ck_assert(!kc_link_state_follows(4, 2, 3, 2));
}
END_TEST

START_TEST(a_group_is_held_before_it_is_promoted)
{
    static const enum kc_link_group_state way[] = {
        KC_LINK_REGISTERED,     KC_LINK_STANDBY,         KC_LINK_HOLD_LOST,
        KC_LINK_STANDBY,        KC_LINK_GROUP_PROMOTING, KC_LINK_STANDBY,
        KC_LINK_GROUP_RELEASED, KC_LINK_REGISTERED,      KC_LINK_GROUP_FAILED,
        KC_LINK_REGISTERED,     KC_LINK_STANDBY,         KC_LINK_GROUP_PROMOTING,
        KC_LINK_GROUP_PROMOTED,
    };

    for (size_t i = 0; i + 1 < sizeof(way) / sizeof(way[0]); i++)
        ck_assert_msg(kc_link_group_may_move(way[i], way[i + 1]), "%s to %s",
                      kc_link_group_state_name(way[i]), kc_link_group_state_name(way[i + 1]));
    for (int state = 0; state < KC_LINK_GROUP_STATES; state++) {
        enum kc_link_group_state to = (enum kc_link_group_state)state;
        ck_assert(!kc_link_group_may_move(KC_LINK_GROUP_PROMOTED, to));
        ck_assert_int_eq(kc_link_group_may_move(to, KC_LINK_GROUP_PROMOTED),
                         to == KC_LINK_GROUP_PROMOTING);
    }
    ck_assert(!kc_link_group_may_move(KC_LINK_REGISTERED, KC_LINK_GROUP_PROMOTING));
    ck_assert(!kc_link_group_may_move((enum kc_link_group_state)99, KC_LINK_STANDBY));
}
END_TEST

START_TEST(a_wave_goes_on_after_a_stop)
{
    ck_assert(kc_link_wave_may_move(KC_LINK_WAVE_PLANNED, KC_LINK_WAVE_RUNNING));
    ck_assert(kc_link_wave_may_move(KC_LINK_WAVE_RUNNING, KC_LINK_WAVE_STOPPED));
    ck_assert(kc_link_wave_may_move(KC_LINK_WAVE_STOPPED, KC_LINK_WAVE_RUNNING));
    ck_assert(kc_link_wave_may_move(KC_LINK_WAVE_RUNNING, KC_LINK_WAVE_DONE));
    ck_assert(!kc_link_wave_may_move(KC_LINK_WAVE_PLANNED, KC_LINK_WAVE_DONE));
    for (int to = 0; to <= KC_LINK_WAVE_STATES; to++)
        ck_assert(!kc_link_wave_may_move(KC_LINK_WAVE_DONE, (enum kc_link_wave_state)to));
}
END_TEST

RUN_TESTS("link_states", 10, names_come_back, a_topic_goes_the_way_of_a_migration,
          nothing_moves_a_topic_out_of_its_end, the_first_of_two_states_counts,
          a_group_is_held_before_it_is_promoted, a_wave_goes_on_after_a_stop)
