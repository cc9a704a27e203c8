/* SPDX-License-Identifier: Apache-2.0 */
/* Which checkpoints are new, and what is committed on the target: MirrorCheckpointTaskTest. */
#include "mirror/mirror_check.h"
#include "mirror_checkpoint/checkpoint_store_priv.h"
#include "mirror_checkpoint/group_sync_priv.h"

static struct kc_checkpoint checkpoint_of(const char *topic, int64_t upstream, int64_t downstream)
{
    return (struct kc_checkpoint){(char *)"g", (char *)topic, 0,
                                  upstream,    downstream,    (char *)"note"};
}

static void put(struct kc_checkpoint_store *store, const char *topic, int64_t upstream,
                int64_t downstream)
{
    struct kc_checkpoint checkpoint = checkpoint_of(topic, upstream, downstream);
    kc_checkpoint_store_put(store, &checkpoint);
}

static bool is_newer(const struct kc_checkpoint_store *store, int64_t upstream, int64_t downstream)
{
    struct kc_checkpoint checkpoint = checkpoint_of("t", upstream, downstream);
    return kc_checkpoint_is_newer(
        kc_checkpoint_store_find(store, checkpoint.group, checkpoint.topic, checkpoint.partition),
        &checkpoint);
}

START_TEST(checkpoints_only_go_forward_unless_the_group_went_back)
{
    struct kc_checkpoint_store *store = kc_checkpoint_store_new();
    ck_assert(is_newer(store, 10, 10));
    put(store, "t", 10, 10);
    ck_assert(!is_newer(store, 10, 10));
    ck_assert(!is_newer(store, 11, 10));
    ck_assert(!is_newer(store, 11, 9));
    ck_assert(is_newer(store, 11, 11));
    ck_assert(is_newer(store, 9, 9));
    ck_assert(is_newer(store, 9, 10));
    kc_checkpoint_store_destroy(store);
}
END_TEST

START_TEST(the_last_checkpoint_of_a_partition_counts)
{
    struct kc_checkpoint_store *store = kc_checkpoint_store_new();
    put(store, "t", 10, 10);
    put(store, "t", 20, 15);
    put(store, "u", 1, 1);
    ck_assert_uint_eq(kc_checkpoint_store_count(store), 2);
    ck_assert_int_eq(kc_checkpoint_store_find(store, "g", "t", 0)->checkpoint.downstream, 15);
    ck_assert_str_eq(kc_checkpoint_store_find(store, "g", "t", 0)->checkpoint.metadata, "note");
    ck_assert_ptr_null(kc_checkpoint_store_find(store, "g", "t", 1));
    ck_assert_ptr_null(kc_checkpoint_store_find(store, "h", "t", 0));
    kc_checkpoint_store_clear(store);
    ck_assert_uint_eq(kc_checkpoint_store_count(store), 0);
    kc_checkpoint_store_destroy(store);
}
END_TEST

static int64_t wanted_offset(const rd_kafka_topic_partition_list_t *list, const char *topic)
{
    const rd_kafka_topic_partition_t *found =
        rd_kafka_topic_partition_list_find((rd_kafka_topic_partition_list_t *)list, topic, 0);
    return found ? found->offset : -1;
}

START_TEST(an_unknown_group_gets_everything)
{
    struct kc_checkpoint_store *store = kc_checkpoint_store_new();
    put(store, "t", 10, 11);
    put(store, "u", 20, 21);
    rd_kafka_topic_partition_list_t *offsets = kc_group_sync_offsets(store, "g", NULL);
    ck_assert_int_eq(offsets->cnt, 2);
    ck_assert_int_eq(wanted_offset(offsets, "t"), 11);
    ck_assert_int_eq(wanted_offset(offsets, "u"), 21);
    ck_assert_uint_eq(offsets->elems[0].metadata_size, 4);
    rd_kafka_topic_partition_list_destroy(offsets);
    offsets = kc_group_sync_offsets(store, "other", NULL);
    ck_assert_int_eq(offsets->cnt, 0);
    rd_kafka_topic_partition_list_destroy(offsets);
    kc_checkpoint_store_destroy(store);
}
END_TEST

START_TEST(an_idle_group_is_never_moved_back)
{
    struct kc_checkpoint_store *store = kc_checkpoint_store_new();
    rd_kafka_topic_partition_list_t *idle = rd_kafka_topic_partition_list_new(4);
    put(store, "ahead", 10, 11);
    put(store, "equal", 10, 11);
    put(store, "behind", 10, 11);
    put(store, "reset", 10, 11);
    put(store, "absent", 10, 11);
    rd_kafka_topic_partition_list_add(idle, "ahead", 0)->offset = 10;
    rd_kafka_topic_partition_list_add(idle, "equal", 0)->offset = 11;
    rd_kafka_topic_partition_list_add(idle, "behind", 0)->offset = 12;
    rd_kafka_topic_partition_list_add(idle, "reset", 0)->offset = -1;
    rd_kafka_topic_partition_list_t *offsets = kc_group_sync_offsets(store, "g", idle);
    ck_assert_int_eq(offsets->cnt, 3);
    ck_assert_int_eq(wanted_offset(offsets, "ahead"), 11);
    ck_assert_int_eq(wanted_offset(offsets, "reset"), 11);
    ck_assert_int_eq(wanted_offset(offsets, "absent"), 11);
    rd_kafka_topic_partition_list_destroy(offsets);
    rd_kafka_topic_partition_list_destroy(idle);
    kc_checkpoint_store_destroy(store);
}
END_TEST

RUN_TESTS("group_sync", checkpoints_only_go_forward_unless_the_group_went_back,
          the_last_checkpoint_of_a_partition_counts, an_unknown_group_gets_everything,
          an_idle_group_is_never_moved_back)
