/* SPDX-License-Identifier: Apache-2.0 */
/* Offsets of many groups, some of which are in transactions that aren't over. */
#include "kafka/fake_admin.h"

#include "connect/kafka.h"

#include <stdatomic.h>

static atomic_int fetches; /* requests */

/* What a coordinator has of partition 1 of "orders"; of the others it has offset 7. */
enum kind { COMMITTED, OPEN, FIRST_OPEN };

static enum kind kind_of(struct kc_wire_str group, struct kc_wire_str topic, int32_t partition)
{
    if (partition != 1 || !kc_wire_str_is(topic, "orders"))
        return COMMITTED;
    return kc_wire_str_is(group, "first") ? FIRST_OPEN
                                          : (kc_wire_str_is(group, "open") ? OPEN : COMMITTED);
}

static void tell(struct kc_offset_fetch_response_group_topic_partition *told, int32_t partition,
                 enum kind kind, bool stable)
{
    bool unstable = stable && kind != COMMITTED;
    told->partition_index = partition;
    told->committed_offset = unstable || kind == FIRST_OPEN ? -1 : 7;
    told->error_code = unstable ? KC_KAFKA_UNSTABLE_OFFSET_COMMIT : KC_KAFKA_NONE;
}

/* Partitions that are named. */
static void tell_named(const struct kc_offset_fetch_request_group *asked,
                       struct kc_offset_fetch_response_group *told, bool stable,
                       struct kc_arena *arena)
{
    KC_WIRE_LIST_NEW(arena, &told->topics, kc_offset_fetch_response_group_topic,
                     asked->topics.count);
    for (int32_t t = 0; t < asked->topics.count; t++) {
        const struct kc_offset_fetch_request_group_topic *from = &asked->topics.items[t];
        struct kc_offset_fetch_response_group_topic *to = &told->topics.items[t];
        to->name = from->name;
        KC_WIRE_LIST_NEW(arena, &to->partitions, kc_offset_fetch_response_group_topic_partition,
                         from->partition_indexes.count);
        for (int32_t p = 0; p < from->partition_indexes.count; p++) {
            int32_t partition = from->partition_indexes.items[p];
            tell(&to->partitions.items[p], partition,
                 kind_of(told->group_id, from->name, partition), stable);
        }
    }
}

/* Both of "orders", without one that has a first commit in a transaction. */
static void tell_committed(struct kc_offset_fetch_response_group *told, bool stable,
                           struct kc_arena *arena)
{
    const struct kc_wire_str orders = kc_wire_str("orders");
    enum kind kind = kind_of(told->group_id, orders, 1);
    KC_WIRE_LIST_NEW(arena, &told->topics, kc_offset_fetch_response_group_topic, 1);
    told->topics.items[0].name = orders;
    KC_WIRE_LIST_NEW(arena, &told->topics.items[0].partitions,
                     kc_offset_fetch_response_group_topic_partition, kind == FIRST_OPEN ? 1 : 2);
    for (int32_t p = 0; p < told->topics.items[0].partitions.count; p++)
        tell(&told->topics.items[0].partitions.items[p], p, p == 1 ? kind : COMMITTED, stable);
}

/* All offsets of one group, transactions aside. */
static bool is_plain(const struct kc_offset_fetch_request *fetch)
{
    return fetch->topics.count < 0 && fetch->groups.count == 0 && !fetch->require_stable;
}

/* As a coordinator does (KIP-447). */
static bool answer(struct fake *fake, int asked, int api, const void *request, void *response,
                   struct kc_arena *arena)
{
    const struct kc_offset_fetch_request *fetch = request;
    struct kc_offset_fetch_response *told = response;
    if (api != KC_API_OFFSET_FETCH)
        return false;
    atomic_fetch_add(&fetches, 1);
    if (atomic_load(&cluster.old))
        return is_plain(fetch);
    KC_WIRE_LIST_NEW(arena, &told->groups, kc_offset_fetch_response_group, fetch->groups.count);
    for (int32_t i = 0; i < fetch->groups.count; i++) {
        struct kc_offset_fetch_response_group *group = &told->groups.items[i];
        group->group_id = fetch->groups.items[i].group_id;
        if (kc_wire_str_is(group->group_id, "forbidden"))
            group->error_code = KC_KAFKA_GROUP_AUTHORIZATION_FAILED;
        else if (fetch->groups.items[i].topics.count < 0)
            tell_committed(group, fetch->require_stable, arena);
        else
            tell_named(&fetch->groups.items[i], group, fetch->require_stable, arena);
    }
    return true;
}

static void add_all(rd_kafka_topic_partition_list_t *list, const char *topic, int32_t count)
{
    for (int32_t i = 0; i < count; i++)
        rd_kafka_topic_partition_list_add(list, topic, i);
}

/* The names are asked for these partitions, each; NULL: for none. open and errors are filled. */
static void ask(const char *const *names, size_t count, rd_kafka_topic_partition_list_t *partitions,
                bool *open, struct kc_error **errors)
{
    struct kc_strings groups = {0};
    rd_kafka_topic_partition_list_t *lists[4];
    ck_assert_uint_le(count, 4);
    for (size_t i = 0; i < count; i++) {
        kc_strings_add(&groups, names[i]);
        lists[i] = partitions;
        open[i] = true;
    }
    atomic_store(&fetches, 0);
    ck_assert_ptr_null(kc_admin_groups_open_offsets(admin, &groups, lists, open, errors));
    kc_strings_destroy(&groups);
}

START_TEST(offsets_in_open_transactions_are_told)
{
    const char *const names[] = {"quiet", "open", "first", "forbidden"};
    rd_kafka_topic_partition_list_t *both = rd_kafka_topic_partition_list_new(8);
    bool open[4];
    struct kc_error *errors[4];
    rd_kafka_topic_partition_list_add(both, "orders", 1);
    add_all(both, "other", 2);
    rd_kafka_topic_partition_list_add(both, "orders", 0);
    ask(names, 4, both, open, errors);
    ck_assert(!open[0] && open[1] && open[2] && !open[3]);
    for (int i = 0; i < 3; i++)
        ck_assert_ptr_null(errors[i]);
    ck_assert_int_eq(kc_error_kafka_code(errors[3]), KC_KAFKA_GROUP_AUTHORIZATION_FAILED);
    ck_assert_int_eq(atomic_load(&fetches), 1);
    kc_error_destroy(errors[3]);
    rd_kafka_topic_partition_list_destroy(both);
}
END_TEST

START_TEST(only_the_partitions_named_are_asked_for)
{
    const char *const names[] = {"open", "first"};
    rd_kafka_topic_partition_list_t *others = rd_kafka_topic_partition_list_new(8);
    bool open[2];
    struct kc_error *errors[2];
    rd_kafka_topic_partition_list_add(others, "orders", 0);
    add_all(others, "other", 2);
    ask(names, 2, others, open, errors);
    ck_assert(!open[0] && !open[1] && !errors[0] && !errors[1]);
    rd_kafka_topic_partition_list_destroy(others);
}
END_TEST

START_TEST(a_group_without_partitions_is_not_asked)
{
    const char *const names[] = {"open", "forbidden"};
    bool open[2];
    struct kc_error *errors[2];
    ask(names, 2, NULL, open, errors);
    ck_assert(!open[0] && !open[1] && !errors[0] && !errors[1]);
    ck_assert_int_eq(atomic_load(&fetches), 0);
}
END_TEST

START_TEST(an_old_broker_tells_of_no_open_transaction)
{
    const char *const names[] = {"open", "first"};
    rd_kafka_topic_partition_list_t *both = rd_kafka_topic_partition_list_new(2);
    bool open[2];
    struct kc_error *errors[2];
    atomic_store(&cluster.old, true);
    add_all(both, "orders", 2);
    ask(names, 2, both, open, errors);
    ck_assert(!open[0] && !open[1] && !errors[0] && !errors[1]);
    ck_assert_int_eq(atomic_load(&fetches), 2);
    rd_kafka_topic_partition_list_destroy(both);
}
END_TEST

START_TEST(requests_of_many_partitions_are_cut)
{
    const char *const names[] = {"quiet", "open", "first"};
    rd_kafka_topic_partition_list_t *many = rd_kafka_topic_partition_list_new(60000);
    bool open[3];
    struct kc_error *errors[3];
    add_all(many, "orders", 60000);
    ask(names, 3, many, open, errors);
    ck_assert(!open[0] && open[1] && open[2] && !errors[0] && !errors[1] && !errors[2]);
    ck_assert_int_eq(atomic_load(&fetches), 3);
    rd_kafka_topic_partition_list_destroy(many);
}
END_TEST

/* Who only wants to know how far a group is doesn't wait for a transaction. */
START_TEST(offsets_are_read_beside_open_transactions)
{
    struct kc_strings names = {0};
    rd_kafka_topic_partition_list_t *offsets[1];
    struct kc_error *errors[1];
    kc_strings_add(&names, "open");
    ck_assert_ptr_null(kc_admin_groups_offsets(admin, &names, offsets, errors));
    ck_assert_ptr_null(errors[0]);
    ck_assert_int_eq(offsets[0]->cnt, 2);
    ck_assert_int_eq(offsets[0]->elems[1].offset, 7);
    rd_kafka_topic_partition_list_destroy(offsets[0]);
    kc_strings_destroy(&names);
}
END_TEST

RUN_TESTS("admin_many_groups", offsets_in_open_transactions_are_told,
          only_the_partitions_named_are_asked_for, a_group_without_partitions_is_not_asked,
          an_old_broker_tells_of_no_open_transaction, requests_of_many_partitions_are_cut,
          offsets_are_read_beside_open_transactions)
