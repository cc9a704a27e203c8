/* SPDX-License-Identifier: Apache-2.0 */
/* Translation of offsets: the scenarios of Java's OffsetSyncStoreTest. */
#include "mirror/mirror_check.h"
#include "mirror/offset_sync_store.h"

#define TOPIC     "topic1"
#define PARTITION 2

static void sync_at(struct kc_offset_sync_store *store, int64_t upstream, int64_t downstream)
{
    struct kc_offset_sync sync = {(char *)TOPIC, PARTITION, upstream, downstream};
    kc_offset_sync_store_add(store, &sync);
}

static int64_t translate(const struct kc_offset_sync_store *store, int64_t upstream)
{
    return kc_offset_sync_store_translate(store, TOPIC, PARTITION, upstream);
}

static const struct kc_sync_slot *slots_of(const struct kc_offset_sync_store *store)
{
    const struct kc_sync_slot *slots = kc_offset_sync_store_slots(store, TOPIC, PARTITION);
    ck_assert_ptr_nonnull(slots);
    return slots;
}

static struct kc_offset_sync_store *loaded_store(void)
{
    struct kc_offset_sync_store *store = kc_offset_sync_store_new();
    kc_offset_sync_store_begin(store, true);
    kc_offset_sync_store_loaded(store);
    return store;
}

static void assert_apart(const struct kc_sync_slot *slots, int i, int j)
{
    int64_t newer = slots[i].upstream, older = slots[j].upstream;
    int64_t low = (int64_t)((uint64_t)older + (UINT64_C(1) << (i > 2 ? i - 2 : 0)));
    int64_t high = (int64_t)((uint64_t)older + (UINT64_C(1) << j) - (UINT64_C(1) << i));
    if (newer == older || low < 0)
        return;
    if (newer < low || (high >= 0 && newer > high))
        ck_abort_msg("slots %d and %d: %lld is not between %lld and %lld", i, j, (long long)newer,
                     (long long)low, (long long)high);
}

static void assert_invariants(const struct kc_offset_sync_store *store)
{
    const struct kc_sync_slot *slots = slots_of(store);
    for (int j = 0; j < KC_SYNCS_PER_PARTITION; j++)
        for (int i = 0; i < j; i++)
            assert_apart(slots, i, j);
}

START_TEST(translates_exactly_at_a_sync_and_one_past_it_behind)
{
    struct kc_offset_sync_store *store = loaded_store();
    sync_at(store, 100, 200);
    ck_assert_int_eq(translate(store, 150), 201);
    sync_at(store, 150, 251);
    ck_assert_int_eq(translate(store, 150), 251);
    ck_assert_int_eq(translate(store, 5), KC_TOO_OLD);
    sync_at(store, 200, 10); /* the target was reset */
    ck_assert_int_eq(translate(store, 200), 10);
    sync_at(store, 20, 20); /* the source was reset */
    ck_assert_int_eq(translate(store, 20), 20);
    kc_offset_sync_store_destroy(store);
}
END_TEST

START_TEST(nothing_is_translated_before_the_topic_was_read)
{
    struct kc_offset_sync_store *store = kc_offset_sync_store_new();
    ck_assert_int_eq(translate(store, 100), KC_NOT_TRANSLATED);
    sync_at(store, 100, 200);
    ck_assert_int_eq(translate(store, 0), KC_NOT_TRANSLATED);
    ck_assert_int_eq(translate(store, 100), KC_NOT_TRANSLATED);
    ck_assert_int_eq(translate(store, 200), KC_NOT_TRANSLATED);
    kc_offset_sync_store_loaded(store);
    ck_assert_int_eq(translate(store, 0), KC_TOO_OLD);
    ck_assert_int_eq(translate(store, 100), 200);
    ck_assert_int_eq(translate(store, 200), 201);
    kc_offset_sync_store_destroy(store);
}
END_TEST

START_TEST(an_unknown_partition_is_not_translated)
{
    struct kc_offset_sync_store *store = loaded_store();
    ck_assert_int_eq(translate(store, 0), KC_NOT_TRANSLATED);
    sync_at(store, 0, 0);
    ck_assert_int_eq(kc_offset_sync_store_translate(store, TOPIC, 3, 0), KC_NOT_TRANSLATED);
    kc_offset_sync_store_destroy(store);
}
END_TEST

/* There is a sync at `at`, and none between it and `before` (-1: none before it at all). */
static void assert_sparse(const struct kc_offset_sync_store *store, int64_t at, int64_t before)
{
    ck_assert_int_eq(translate(store, at - 1), before == -1 ? -1 : before + 1);
    ck_assert_int_eq(translate(store, at), at);
    ck_assert_int_eq(translate(store, at + 1), at + 1);
    ck_assert_int_eq(translate(store, at + 2), at + 1);
}

static void sync_range(struct kc_offset_sync_store *store, int64_t from, int64_t to)
{
    for (int64_t offset = from; offset <= to; offset += 10) {
        sync_at(store, offset, offset);
        assert_invariants(store);
    }
}

static void assert_rewind_clears(struct kc_offset_sync_store *store)
{
    sync_at(store, 1500, 11000);
    assert_invariants(store);
    ck_assert_int_eq(translate(store, 1499), KC_TOO_OLD);
    ck_assert_int_eq(translate(store, 1500), 11000);
    ck_assert_int_eq(translate(store, 2000), 11001);
}

static void assert_chain(const struct kc_offset_sync_store *store, const int64_t *offsets)
{
    for (size_t i = 1; offsets[i] >= 0; i++)
        assert_sparse(store, offsets[i], offsets[i - 1]);
}

START_TEST(past_offsets_without_an_earlier_tasks_checkpoints)
{
    static const int64_t chain[] = {1000, 4840, 6760, 8680, 9160,  9640,
                                    9880, 9940, 9970, 9990, 10000, -1};
    struct kc_offset_sync_store *store = kc_offset_sync_store_new();
    kc_offset_sync_store_begin(store, true);
    sync_range(store, 0, 1000);
    kc_offset_sync_store_loaded(store);
    assert_sparse(store, 1000, -1);
    sync_range(store, 1010, 10000);
    assert_sparse(store, 1000, -1);
    assert_chain(store, chain);
    assert_rewind_clears(store);
    kc_offset_sync_store_destroy(store);
}
END_TEST

START_TEST(past_offsets_with_an_earlier_tasks_checkpoints)
{
    static const int64_t chain[] = {0,    3840, 7680, 8640, 9120,  9600,
                                    9840, 9900, 9960, 9990, 10000, -1};
    struct kc_offset_sync_store *store = kc_offset_sync_store_new();
    kc_offset_sync_store_begin(store, false);
    sync_range(store, 0, 1000);
    kc_offset_sync_store_loaded(store);
    assert_sparse(store, 480, 0);
    assert_sparse(store, 720, 480);
    assert_sparse(store, 1000, 990);
    sync_range(store, 1000, 10000);
    assert_chain(store, chain);
    assert_rewind_clears(store);
    kc_offset_sync_store_destroy(store);
}
END_TEST

static int count_distinct(const struct kc_sync_slot *slots)
{
    int count = 1;
    for (int i = 1; i < KC_SYNCS_PER_PARTITION; i++)
        count += slots[i - 1].id != slots[i].id;
    return count;
}

/* A stream of steps; each new sync may cost at most `bound` old ones. */
static void assert_bounded_expiry(int64_t first, const int64_t *steps, size_t count, int bound)
{
    struct kc_offset_sync_store *store = loaded_store();
    int64_t offset = first;
    int before = 1;
    sync_at(store, first, first);
    for (size_t i = 0; i < count; i++) {
        offset += steps[i];
        ck_assert_int_ge(offset, 0);
        sync_at(store, offset, offset);
        const struct kc_sync_slot *slots = slots_of(store);
        ck_assert_int_eq(slots[0].upstream, offset);
        ck_assert_int_eq(slots[KC_SYNCS_PER_PARTITION - 1].upstream, first);
        int now = count_distinct(slots);
        ck_assert_msg(before - now + 1 <= bound, "%d syncs expired at once, offset %lld",
                      before - now + 1, (long long)offset);
        before = now;
    }
    kc_offset_sync_store_destroy(store);
}

START_TEST(evenly_spaced_syncs_expire_one_by_one)
{
    int64_t steps[100];
    for (int64_t step = 1; step < INT64_MAX / 100; step = step * 2 + 1)
        for (int64_t first = 0; first < 30; first++) {
            for (size_t i = 0; i < 100; i++)
                steps[i] = step;
            assert_bounded_expiry(first, steps, 100, 1);
        }
}
END_TEST

static uint64_t random_state = 88172645463325252u;

static uint64_t random_number(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

START_TEST(randomly_spaced_syncs_expire_boundedly)
{
    static int64_t steps[1024];
    for (int bits = 1; bits < 64 - 10; bits++)
        for (int64_t least = 0; least <= 1 << 16; least += 1 << 16) {
            for (size_t i = 0; i < 1024; i++)
                steps[i] = least + (int64_t)(random_number() % (UINT64_C(1) << bits));
            assert_bounded_expiry(0, steps, 1024, bits + 2);
        }
}
END_TEST

START_TEST(dropped_syncs_cost_two_at_most)
{
    static int64_t steps[10000];
    for (size_t i = 0; i < 10000; i++)
        steps[i] = random_number() & 1 ? 100 : 200;
    assert_bounded_expiry(0, steps, 10000, 2);
}
END_TEST

RUN_TESTS("offset_sync_store", translates_exactly_at_a_sync_and_one_past_it_behind,
          nothing_is_translated_before_the_topic_was_read, an_unknown_partition_is_not_translated,
          past_offsets_without_an_earlier_tasks_checkpoints,
          past_offsets_with_an_earlier_tasks_checkpoints, evenly_spaced_syncs_expire_one_by_one,
          randomly_spaced_syncs_expire_boundedly, dropped_syncs_cost_two_at_most)
