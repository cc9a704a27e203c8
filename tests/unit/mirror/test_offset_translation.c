/* SPDX-License-Identifier: Apache-2.0 */
/* Which of offset index and offset syncs tells an offset, and what is left to a look-up. */
#include "mirror/mirror_check.h"
#include "mirror/offset_translation.h"

struct known {
    struct kc_offset_index *index;
    struct kc_offset_sync_store *syncs;
};

static struct known known_new(void)
{
    struct known known = {kc_offset_index_new("A"), kc_offset_sync_store_new()};
    kc_offset_sync_store_begin(known.syncs, false);
    kc_offset_sync_store_loaded(known.syncs);
    return known;
}

static void known_destroy(struct known *known)
{
    kc_offset_index_destroy(known->index);
    kc_offset_sync_store_destroy(known->syncs);
}

static void sync_at(struct known *known, int64_t upstream, int64_t downstream)
{
    struct kc_offset_sync sync = {(char *)"t", 0, upstream, downstream};
    kc_offset_sync_store_add(known->syncs, &sync);
}

/* The partition's chunk of these runs: {from, upstream, downstream, count}, up to a count of 0. */
static void index_of(struct known *known, const struct kc_index_run *runs)
{
    struct kc_index_key key = {(char *)"t", 0, 0, (char *)"A"};
    struct kc_index_chunk chunk = {0};
    struct kc_str name = {0}, value = {0};
    for (; runs->count; runs++)
        kc_index_chunk_add(&chunk, runs);
    kc_index_key_encode(&key, &name);
    kc_index_chunk_encode(&chunk, &value);
    assert_ok(kc_offset_index_put(known->index, name.data, name.len, value.data, value.len));
    kc_index_chunk_clear(&chunk);
    kc_str_destroy(&name);
    kc_str_destroy(&value);
}
#define INDEX(known, ...) index_of(known, (const struct kc_index_run[]){__VA_ARGS__, {0}})

static struct kc_translation translate(const struct known *known, int64_t upstream)
{
    return kc_offset_translate(known->index, known->syncs, "t", 0, upstream);
}

static void assert_exact(const struct known *known, int64_t upstream, int64_t downstream,
                         enum kc_translated_by by)
{
    struct kc_translation result = translate(known, upstream);
    ck_assert_int_eq(result.downstream, downstream);
    ck_assert_int_eq(result.by, by);
    ck_assert(result.exact);
}

START_TEST(without_an_index_it_is_as_in_java_and_can_be_looked_up)
{
    struct known known = known_new();
    ck_assert_int_eq(translate(&known, 5).downstream, KC_NOT_TRANSLATED);
    ck_assert(!translate(&known, 5).lookup); /* nothing was mirrored */
    sync_at(&known, 100, 0);
    sync_at(&known, 300, 180);
    assert_exact(&known, 300, 180, KC_BY_SYNC);
    struct kc_translation between = translate(&known, 200);
    ck_assert_int_eq(between.downstream, 1);
    ck_assert_int_eq(between.by, KC_BY_SYNC);
    ck_assert(!between.exact && between.lookup);
    ck_assert_int_eq(between.low.upstream, 100);
    ck_assert_int_eq(between.high.upstream, 300);
    struct kc_translation old = translate(&known, 50);
    ck_assert_int_eq(old.downstream, KC_TOO_OLD);
    ck_assert(old.lookup);
    ck_assert_int_eq(old.low.upstream, -1);
    ck_assert_int_eq(old.high.upstream, 100);
    known_destroy(&known);
}
END_TEST

START_TEST(the_index_tells_what_it_has_and_its_end)
{
    struct known known = known_new();
    INDEX(&known, {0, 0, 0, 100}, {100, 101, 100, 100});
    assert_exact(&known, 50, 50, KC_BY_INDEX);
    assert_exact(&known, 100, 100, KC_BY_INDEX);
    assert_exact(&known, 201, 200, KC_BY_INDEX);
    known_destroy(&known);
}
END_TEST

/* 202 may be behind a marker, or 201 is a record that is still to come: then it will be at 201. */
START_TEST(an_offset_that_is_not_mirrored_yet_is_not_said_to_be_exact)
{
    struct known known = known_new();
    INDEX(&known, {0, 0, 0, 100}, {100, 101, 100, 100});
    for (int synced = 0; synced < 2; synced++) {
        struct kc_translation result = translate(&known, 202);
        ck_assert_int_eq(result.downstream, 200); /* nothing is skipped */
        ck_assert_int_eq(result.upstream, 201);
        ck_assert_int_eq(result.by, KC_BY_INDEX);
        ck_assert(!result.exact && result.unmirrored && result.lookup);
        ck_assert_int_eq(result.low.upstream, 201);
        sync_at(&known, 200, 199);
    }
    known_destroy(&known);
}
END_TEST

START_TEST(a_translation_says_which_offset_it_stands_for)
{
    struct known known = known_new();
    sync_at(&known, 100, 50);
    ck_assert_int_eq(translate(&known, 100).upstream, 100);
    ck_assert_int_eq(translate(&known, 150).upstream, 101); /* for the one behind the sync */
    ck_assert_int_eq(translate(&known, 10).upstream, -1);
    INDEX(&known, {90, 90, 40, 20}, {200, 200, 150, 10});
    ck_assert_int_eq(translate(&known, 105).upstream, 105);
    ck_assert_int_eq(translate(&known, 150).upstream, 110); /* in a hole */
    known_destroy(&known);
}
END_TEST

START_TEST(an_index_that_is_behind_the_syncs_may_tell_soon)
{
    struct known known = known_new();
    INDEX(&known, {0, 0, 0, 100});
    sync_at(&known, 99, 99);
    sync_at(&known, 400, 350);
    struct kc_translation result = translate(&known, 300);
    ck_assert_int_eq(result.downstream, 100);
    ck_assert(!result.exact && result.lookup && result.soon);
    ck_assert_int_eq(result.low.upstream, 100);
    ck_assert_int_eq(result.high.downstream, 350);
    assert_exact(&known, 400, 350, KC_BY_SYNC);
    known_destroy(&known);
}
END_TEST

START_TEST(holes_of_the_index_are_between_its_own_neighbours)
{
    struct known known = known_new();
    INDEX(&known, {0, 0, 0, 100}, {1000, 1000, 900, 100});
    sync_at(&known, 0, 0);
    sync_at(&known, 1099, 999);
    struct kc_translation result = translate(&known, 500);
    ck_assert_int_eq(result.downstream, 100);
    ck_assert_int_eq(result.by, KC_BY_INDEX);
    ck_assert(!result.exact && result.lookup && !result.soon);
    ck_assert_int_eq(result.high.upstream, 1000);
    known_destroy(&known);
}
END_TEST

START_TEST(an_index_that_a_sync_contradicts_does_not_count)
{
    struct known known = known_new();
    INDEX(&known, {0, 0, 0, 100});
    sync_at(&known, 99, 99);
    sync_at(&known, 50, 150); /* Java's task has begun again at 50 */
    struct kc_translation result = translate(&known, 70);
    ck_assert_int_eq(result.downstream, 151);
    ck_assert_int_eq(result.by, KC_BY_SYNC);
    ck_assert(!result.exact && result.lookup);
    known_destroy(&known);
}
END_TEST

RUN_TESTS("offset_translation", without_an_index_it_is_as_in_java_and_can_be_looked_up,
          the_index_tells_what_it_has_and_its_end,
          an_offset_that_is_not_mirrored_yet_is_not_said_to_be_exact,
          a_translation_says_which_offset_it_stands_for,
          an_index_that_is_behind_the_syncs_may_tell_soon,
          holes_of_the_index_are_between_its_own_neighbours,
          an_index_that_a_sync_contradicts_does_not_count)
