/* SPDX-License-Identifier: Apache-2.0 */
/* Which of two records counts. */
#include "link/link_check.h"

static bool counts(enum kc_link_resource resource, const char *now, const char *next)
{
    json_t *before = json_of(now), *after = json_of(next);
    bool answer = kc_link_record_counts(resource, before, after);

    json_decref(before);
    json_decref(after);
    return answer;
}

#define LEASE(holder, epoch)                                                                       \
    "{\"holder\":\"" holder "\",\"epoch\":" #epoch ",\"renewals\":0,\"duration_ms\":1}"
#define STATE(epoch, lease)                                                                        \
    "{\"state\":\"PROMOTING\",\"epoch\":" #epoch ",\"order_epoch\":1,\"lease_epoch\":" #lease      \
    ",\"since_ms\":0,\"reason\":\"\",\"offsets\":\"preserve\",\"partitions\":1,\"fillers\":0,"     \
    "\"lane\":\"raw\",\"consumer\":false}"
#define EPOCH(epoch) "{\"epoch\":" #epoch "}"

START_TEST(of_two_that_take_a_lease_the_first_has_it)
{
    ck_assert(counts(KC_LINK_LEASE, LEASE("a", 1), LEASE("b", 2)));
    ck_assert(counts(KC_LINK_LEASE, LEASE("a", 1), LEASE("a", 1)));
    ck_assert(counts(KC_LINK_LEASE, LEASE("a", 1), LEASE("", 1)));
    ck_assert(!counts(KC_LINK_LEASE, LEASE("a", 2), LEASE("b", 2)));
    ck_assert(!counts(KC_LINK_LEASE, LEASE("a", 2), LEASE("b", 1)));
    ck_assert(!counts(KC_LINK_LEASE, LEASE("a", 2), LEASE("", 1)));
    ck_assert(counts(KC_LINK_LEASE, "{}", LEASE("a", 1)));
    ck_assert(!counts(KC_LINK_LEASE, LEASE("a", 1), "{}"));
}
END_TEST

START_TEST(a_holder_that_was_overtaken_changes_no_state)
{
    static const enum kc_link_resource states[] = {KC_LINK_TOPIC, KC_LINK_GROUP};

    for (size_t i = 0; i < 2; i++) {
        ck_assert(counts(states[i], STATE(3, 1), STATE(4, 1)));
        ck_assert(counts(states[i], STATE(3, 1), STATE(3, 1)));
        ck_assert(counts(states[i], STATE(3, 1), STATE(4, 2)));
        ck_assert(!counts(states[i], STATE(4, 2), STATE(4, 1)));
        ck_assert(!counts(states[i], STATE(4, 1), STATE(4, 2)));
        ck_assert(!counts(states[i], STATE(4, 2), STATE(3, 1)));
        ck_assert(counts(states[i], "{}", STATE(0, 0)));
        ck_assert(!counts(states[i], STATE(0, 0), "{}"));
        ck_assert(counts(states[i], "{\"epoch\":9,\"lease_epoch\":9}", STATE(1, 1)));
        ck_assert(!counts(states[i], STATE(1, 1), "{\"epoch\":9,\"lease_epoch\":9}"));
    }
}
END_TEST

START_TEST(what_belongs_to_an_earlier_state_comes_too_late)
{
    static const enum kc_link_resource parts[] = {KC_LINK_FLIP, KC_LINK_RECEIPT, KC_LINK_GATEWAY};

    for (size_t i = 0; i < 3; i++) {
        ck_assert(counts(parts[i], EPOCH(3), EPOCH(4)));
        ck_assert(counts(parts[i], EPOCH(3), EPOCH(3)));
        ck_assert(!counts(parts[i], EPOCH(4), EPOCH(3)));
        ck_assert(!counts(parts[i], EPOCH(4), "{}"));
    }
    ck_assert(counts(KC_LINK_TOPIC_ORDER, EPOCH(4), EPOCH(3)));
}
END_TEST

RUN_TESTS("link_succession", 10, of_two_that_take_a_lease_the_first_has_it,
          a_holder_that_was_overtaken_changes_no_state,
          what_belongs_to_an_earlier_state_comes_too_late)
