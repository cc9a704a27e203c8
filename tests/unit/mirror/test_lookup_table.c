/* SPDX-License-Identifier: Apache-2.0 */
/* The memory of look-ups: what waits, what was found, and more than it holds. */
#include "mirror/lookup_shelf_priv.h"
#include "mirror/lookup_table.h"
#include "mirror/mirror_check.h"

static struct kc_lookup lookup_of(int64_t upstream)
{
    return (struct kc_lookup){"t", "A.t", 0, upstream, {-1, -1}, {-1, -1}};
}

static bool ask(struct kc_lookup_table *table, int64_t upstream, int64_t now)
{
    struct kc_lookup lookup = lookup_of(upstream);
    int64_t downstream = -1;
    bool known = kc_lookup_table_ask(table, &lookup, 0, now, &downstream);
    ck_assert_int_eq(downstream, known ? upstream + 5 : -1);
    return known;
}

/* Looks up one; false: none is due. */
static bool look_up(struct kc_lookup_table *table, int64_t now, bool find)
{
    struct kc_lookup lookup;
    struct kc_lookup_entry *entry = kc_lookup_table_take(table, 0, now, &lookup);
    if (entry)
        kc_lookup_table_settle(table, entry, now, find ? lookup.upstream + 5 : -1);
    return entry != NULL;
}

START_TEST(what_was_found_is_told_while_it_holds)
{
    struct kc_lookup_table *table = kc_lookup_table_new(10);
    ck_assert(!ask(table, 7, 0));
    ck_assert(!ask(table, 7, 0));
    ck_assert_uint_eq(kc_lookup_table_open(table), 1);
    ck_assert(look_up(table, 0, true));
    ck_assert(ask(table, 7, 0));
    struct kc_lookup moved = lookup_of(7);
    moved.low = (struct kc_index_pair){6, 20}; /* mirrored once more */
    int64_t downstream;
    ck_assert(!kc_lookup_table_ask(table, &moved, 0, 0, &downstream));
    ck_assert_uint_eq(kc_lookup_table_waiting(table), 1);
    kc_lookup_table_destroy(table);
}
END_TEST

START_TEST(what_was_not_found_is_looked_for_ever_less_often)
{
    struct kc_lookup_table *table = kc_lookup_table_new(10);
    int64_t now = 0, waits = 0;
    ask(table, 7, now);
    for (int i = 0; i < 5; i++) {
        int64_t asked = now;
        ck_assert(look_up(table, now, false));
        do {
            now += 500;
            ck_assert(!ask(table, 7, now));
        } while (kc_lookup_table_waiting(table) == 0);
        ck_assert_int_ge(now - asked, waits);
        waits = 2 * (now - asked);
    }
    kc_lookup_table_destroy(table);
}
END_TEST

START_TEST(a_delay_is_kept)
{
    struct kc_lookup_table *table = kc_lookup_table_new(10);
    struct kc_lookup lookup = lookup_of(7);
    int64_t downstream;
    kc_lookup_table_ask(table, &lookup, 4000, 100, &downstream);
    ck_assert(!look_up(table, 4099, true));
    ck_assert(look_up(table, 4100, true));
    kc_lookup_table_destroy(table);
}
END_TEST

START_TEST(offsets_of_a_partition_come_in_their_order)
{
    struct kc_lookup_table *table = kc_lookup_table_new(10);
    struct kc_lookup taken;
    static const int64_t asked[] = {30, 10, 20, 50, 40}, order[] = {10, 20, 30, 40, 50};
    for (size_t i = 0; i < 5; i++)
        ask(table, asked[i], 0);
    for (size_t i = 0; i < 5; i++) {
        struct kc_lookup_entry *entry = kc_lookup_table_take(table, 0, 0, &taken);
        ck_assert_int_eq(taken.upstream, order[i]);
        kc_lookup_table_settle(table, entry, 0, taken.upstream + 5);
    }
    kc_lookup_table_destroy(table);
}
END_TEST

/* What one thread has to do is near each other, and nothing is left out or looked up twice. */
START_TEST(threads_share_what_waits)
{
    enum { OFFSETS = 1000 };
    struct kc_lookup_table *table = kc_lookup_table_new(2 * OFFSETS);
    struct kc_lookup taken;
    static bool seen[OFFSETS];
    size_t counts[KC_LOOKUP_THREADS] = {0};
    int64_t last[KC_LOOKUP_THREADS] = {0}, jumps = 0;
    for (int64_t i = 0; i < OFFSETS; i++)
        ask(table, (i * 7) % OFFSETS, 0);
    for (size_t turn = 0; kc_lookup_table_waiting(table) > 0; turn++) {
        size_t thread = turn % KC_LOOKUP_THREADS;
        struct kc_lookup_entry *entry = kc_lookup_table_take(table, thread, 0, &taken);
        if (!entry) /* so few are left that another thread has them */
            continue;
        ck_assert(!seen[taken.upstream]);
        seen[taken.upstream] = true;
        jumps += counts[thread]++ > 0 && taken.upstream != last[thread] + 1;
        last[thread] = taken.upstream;
        kc_lookup_table_settle(table, entry, 0, taken.upstream + 5);
    }
    for (size_t i = 0; i < OFFSETS; i++)
        ck_assert(seen[i]);
    for (size_t thread = 0; thread < KC_LOOKUP_THREADS; thread++)
        ck_assert_uint_ge(counts[thread], OFFSETS / 10);
    ck_assert_int_le(jumps, 30);
    kc_lookup_table_destroy(table);
}
END_TEST

/* What a thread hadn't done, and what it had begun, waits for the next one. */
START_TEST(a_pause_loses_nothing)
{
    struct kc_lookup_table *table = kc_lookup_table_new(100);
    struct kc_lookup taken;
    for (int64_t i = 0; i < 40; i++)
        ask(table, i, 0);
    ck_assert(look_up(table, 0, true));
    kc_lookup_table_put_back(table, kc_lookup_table_take(table, 3, 0, &taken));
    ck_assert_uint_eq(kc_lookup_table_open(table), 39);
    kc_lookup_table_pause(table);
    for (int64_t i = 1; i < 40; i++)
        ck_assert(look_up(table, 0, true));
    ck_assert(!look_up(table, 0, true));
    for (int64_t i = 0; i < 40; i++)
        ck_assert(ask(table, i, 0));
    kc_lookup_table_destroy(table);
}
END_TEST

START_TEST(a_flow_finds_its_table_again_for_a_while)
{
    struct kc_lookup_table *tables[KC_LOOKUP_SHELF_MOST + 1];
    char flow[] = "a";
    for (size_t i = 0; i < KC_LOOKUP_SHELF_MOST + 1; i++, flow[0]++) {
        tables[i] = kc_lookup_table_new(10);
        kc_lookup_shelf_put(flow, tables[i], (int64_t)i);
    }
    ck_assert_ptr_null(kc_lookup_shelf_take("a", 10)); /* too many: the oldest went */
    ck_assert_ptr_eq(kc_lookup_shelf_take("b", 10), tables[1]);
    ck_assert_ptr_null(kc_lookup_shelf_take("b", 10));
    ck_assert_ptr_null(kc_lookup_shelf_take("c", 60000)); /* too old */
    kc_lookup_table_destroy(tables[1]);
}
END_TEST

/* Rounds of a checkpoint task: each asks for what it doesn't know yet, and between two of them a
 * part is looked up. Every eleventh isn't there. */
START_TEST(more_than_it_holds_get_their_turn)
{
    enum { MOST = 100, OFFSETS = 1000, BETWEEN = 60 };
    struct kc_lookup_table *table = kc_lookup_table_new(MOST);
    static bool known[OFFSETS];
    size_t found = 0, rounds = 0, wanted = OFFSETS - (OFFSETS + 10) / 11;
    for (int64_t now = 0; found < wanted && rounds < 10 * OFFSETS / BETWEEN; now += 1000) {
        rounds++;
        for (int64_t i = 0; i < OFFSETS; i++)
            if (!known[i] && ask(table, i, now)) {
                known[i] = true;
                found++;
            }
        ck_assert_uint_le(kc_lookup_table_open(table), MOST);
        for (int i = 0; i < BETWEEN; i++) {
            struct kc_lookup lookup;
            struct kc_lookup_entry *entry = kc_lookup_table_take(table, 0, now, &lookup);
            if (entry)
                kc_lookup_table_settle(table, entry, now,
                                       lookup.upstream % 11 ? lookup.upstream + 5 : -1);
        }
    }
    ck_assert_uint_eq(found, wanted);
    kc_lookup_table_destroy(table);
}
END_TEST

RUN_TESTS("lookup_table", what_was_found_is_told_while_it_holds,
          what_was_not_found_is_looked_for_ever_less_often, a_delay_is_kept,
          offsets_of_a_partition_come_in_their_order, threads_share_what_waits,
          a_pause_loses_nothing, a_flow_finds_its_table_again_for_a_while,
          more_than_it_holds_get_their_turn)
