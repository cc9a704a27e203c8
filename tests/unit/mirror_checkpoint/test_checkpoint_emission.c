/* SPDX-License-Identifier: Apache-2.0 */
/* Checkpoints become records a part at a time, each once and in order. */
#include "mirror/mirror_check.h"
#include "mirror_checkpoint/checkpoint_emission_priv.h"

enum { MANY = 3 * KC_CHECKPOINTS_PER_BATCH + 7 };

static struct kc_checkpoint_store *store;

static void add(struct kc_emission *emission, int32_t partition, int64_t timestamp)
{
    struct kc_checkpoint checkpoint = {(char *)"g",       (char *)"A.t", partition,
                                       partition + 10000, 2 * partition, (char *)"note"};
    struct kc_checkpoint_entry *entry = kc_checkpoint_store_put(store, &checkpoint);
    if (!entry->partition) /* as if it had been emitted before: its metrics are open */
        entry->partition = kc_source_partition_new(NULL);
    kc_emission_add(emission, entry, timestamp);
}

static void check(const struct kc_record *record, int32_t partition, int64_t timestamp)
{
    struct kc_checkpoint found;
    ck_assert_str_eq(record->topic, "A.checkpoints.internal");
    ck_assert_int_eq(record->partition, 0);
    ck_assert_int_eq(record->timestamp, timestamp);
    assert_ok(kc_checkpoint_decode(record->key.u.bytes.data, record->key.u.bytes.len,
                                   record->value.u.bytes.data, record->value.u.bytes.len, &found));
    ck_assert_str_eq(found.group, "g");
    ck_assert_int_eq(found.partition, partition);
    ck_assert_int_eq(found.upstream, partition + 10000);
    ck_assert_int_eq(found.downstream, 2 * partition);
    ck_assert_str_eq(found.metadata, "note");
    kc_checkpoint_clear(&found);
}

/* Takes all that wait. */
static void take_all(struct kc_emission *emission, int64_t timestamp)
{
    int32_t partition = 0;
    struct kc_batch *batch;
    while ((batch = kc_emission_next(emission))) {
        ck_assert_uint_le(kc_batch_count(batch), KC_CHECKPOINTS_PER_BATCH);
        for (size_t i = 0; i < kc_batch_count(batch); i++)
            check(kc_batch_at(batch, i), partition++, timestamp);
        ck_assert_uint_eq(kc_emission_waiting(emission), (size_t)(MANY - partition));
        kc_batch_unref(batch);
    }
    ck_assert_int_eq(partition, MANY);
}

START_TEST(a_round_is_handed_over_in_parts)
{
    store = kc_checkpoint_store_new();
    struct kc_emission *emission = kc_emission_new(NULL, NULL, "A.checkpoints.internal");
    ck_assert_ptr_null(kc_emission_next(emission));
    for (int64_t round = 1; round < 3; round++) {
        for (int32_t partition = 0; partition < MANY; partition++)
            add(emission, partition, round * 1000);
        ck_assert_uint_eq(kc_emission_waiting(emission), MANY);
        take_all(emission, round * 1000);
    }
    kc_emission_destroy(emission);
    kc_checkpoint_store_destroy(store);
}
END_TEST

RUN_TESTS("checkpoint_emission", a_round_is_handed_over_in_parts)
