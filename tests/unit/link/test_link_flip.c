/* SPDX-License-Identifier: Apache-2.0 */
/* Flip tables: what becomes of a batch that was sent before and after the flip. */
#include "link/link_check.h"

#define FLIP                                                                                       \
    "{\"epoch\":5,\"partition\":3,\"end\":900,\"producers\":[[7,0,[[0,9,100]]],"                   \
    "[4611686018427387905,2,[[10,19,110],[20,20,130],[21,30,131],[31,31,150],[32,35,151]]],"       \
    "[4611686018427387906,0,[[2147483640,2147483647,200],[0,4,208]]]]}"
#define SECOND 4611686018427387905
#define THIRD  4611686018427387906

static struct kc_link_flip flip;

static void set_up(void)
{
    json_t *json = json_of(FLIP);

    ck_assert_ptr_null(kc_link_flip_parse(json, &flip));
    json_decref(json);
}

static void assert_verdict(int64_t id, int32_t epoch, int32_t first, int32_t last,
                           enum kc_link_flip_verdict expected, int64_t expected_offset)
{
    int64_t offset = -2;

    ck_assert_int_eq(kc_link_flip_look_up(&flip, id, epoch, first, last, &offset), expected);
    ck_assert_int_eq(offset, expected_offset);
}

START_TEST(tables_come_back)
{
    COMES_BACK(kc_link_flip, FLIP);
    COMES_BACK(kc_link_flip, "{\"epoch\":0,\"partition\":0,\"end\":0,\"producers\":[]}");
}
END_TEST

START_TEST(a_repeated_batch_gets_its_offset)
{
    set_up();
    assert_verdict(7, 0, 0, 9, KC_LINK_FLIP_DUPLICATE, 100);
    assert_verdict(SECOND, 2, 10, 19, KC_LINK_FLIP_DUPLICATE, 110);
    assert_verdict(SECOND, 2, 32, 35, KC_LINK_FLIP_DUPLICATE, 151);
    assert_verdict(SECOND, 2, 0, 9, KC_LINK_FLIP_OLD, -1);
    assert_verdict(SECOND, 2, 32, 34, KC_LINK_FLIP_OLD, -1);
    kc_link_flip_clear(&flip);
}
END_TEST

START_TEST(the_next_batch_goes_on_and_later_ones_wait)
{
    set_up();
    assert_verdict(SECOND, 2, 36, 36, KC_LINK_FLIP_NEXT, -1);
    assert_verdict(SECOND, 2, 37, 40, KC_LINK_FLIP_LATER, -1);
    assert_verdict(SECOND, 2, 34, 36, KC_LINK_FLIP_LATER, -1); /* half of it was copied */
    assert_verdict(7, 0, 10, 12, KC_LINK_FLIP_NEXT, -1);
    kc_link_flip_clear(&flip);
}
END_TEST

START_TEST(an_epoch_begins_anew)
{
    set_up();
    assert_verdict(SECOND, 3, 0, 5, KC_LINK_FLIP_NEXT, -1);
    assert_verdict(SECOND, 3, 6, 7, KC_LINK_FLIP_LATER, -1);
    assert_verdict(SECOND, 3, 32, 35, KC_LINK_FLIP_LATER, -1);
    assert_verdict(SECOND, 1, 36, 36, KC_LINK_FLIP_FENCED, -1);
    kc_link_flip_clear(&flip);
}
END_TEST

START_TEST(others_are_the_targets_to_decide)
{
    set_up();
    assert_verdict(8, 0, 0, 0, KC_LINK_FLIP_UNKNOWN, -1);
    assert_verdict(-1, -1, -1, -1, KC_LINK_FLIP_UNKNOWN, -1);
    kc_link_flip_clear(&flip);
    assert_verdict(7, 0, 0, 9, KC_LINK_FLIP_UNKNOWN, -1); /* an empty table */
}
END_TEST

START_TEST(sequences_go_round)
{
    set_up();
    assert_verdict(THIRD, 0, 2147483640, 2147483647, KC_LINK_FLIP_DUPLICATE, 200);
    assert_verdict(THIRD, 0, 5, 6, KC_LINK_FLIP_NEXT, -1);
    assert_verdict(THIRD, 0, 2147483600, 2147483639, KC_LINK_FLIP_OLD, -1);
    assert_verdict(THIRD, 0, 7, 8, KC_LINK_FLIP_LATER, -1);
    flip.producers[2].batch_count = 1;
    assert_verdict(THIRD, 0, 0, 4, KC_LINK_FLIP_NEXT, -1);
    flip.producers[2].batch_count = 2;
    kc_link_flip_clear(&flip);
}
END_TEST

static void assert_flip_refused(const char *producers, const char *part)
{
    struct kc_link_flip bad;
    json_t *json = json_of("{\"epoch\":5,\"partition\":3,\"end\":900}");

    json_object_set_new(json, "producers", json_of(producers));
    assert_refused(kc_link_flip_parse(json, &bad), part);
    ck_assert_ptr_null(bad.producers);
    json_decref(json);
}

START_TEST(bad_tables_are_refused)
{
    assert_flip_refused("[[7,0,[[0,0,1]]],[7,0,[[0,0,1]]]]", "producer 7 isn't in its place");
    assert_flip_refused("[[7,0,[[0,0,1]]],[6,0,[[0,0,1]]]]", "producer 6 isn't in its place");
    assert_flip_refused("[[7,0,[]]]", "producer 7 has 0 batches");
    assert_flip_refused("[[7,0,[[0,0,1],[1,1,2],[2,2,3],[3,3,4],[4,4,5],[5,5,6]]]]",
                        "producer 7 has 6 batches");
    assert_flip_refused("[[7,0,[[0,-1,1]]]]", "batch: field last");
    assert_flip_refused("[[7,0,[[0]]]]", "field last");
    assert_flip_refused("[[7,32768,[[0,0,1]]]]", "field epoch");
    assert_flip_refused("[{}]", "producer: the value is no JSON array");
}
END_TEST

START_TEST(names_come_back)
{
    char *topic = NULL;
    int32_t partition = 0;
    char *name = kc_link_flip_name("a.b-c_d", 1207);
    static const char *const bad[] = {"a",   "#1",   "a#",   "a#-1",
                                      "a#x", "a#1x", "a# 1", "a#99999999999999999999"};

    ck_assert_str_eq(name, "a.b-c_d#1207");
    ck_assert(kc_link_flip_name_parse(name, &topic, &partition));
    ck_assert_str_eq(topic, "a.b-c_d");
    ck_assert_int_eq(partition, 1207);
    free(topic);
    free(name);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ck_assert(!kc_link_flip_name_parse(bad[i], &topic, &partition));
        ck_assert_ptr_null(topic);
    }
}
END_TEST

RUN_TESTS("link_flip", 10, tables_come_back, a_repeated_batch_gets_its_offset,
          the_next_batch_goes_on_and_later_ones_wait, an_epoch_begins_anew,
          others_are_the_targets_to_decide, sequences_go_round, bad_tables_are_refused,
          names_come_back)
