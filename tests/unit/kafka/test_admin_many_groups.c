/* SPDX-License-Identifier: Apache-2.0 */
/* Offsets of many groups, some of which are in transactions that aren't over. */
#include "kafka/fake_admin.h"

#include "connect/kafka.h"

/* As a coordinator does (KIP-447): the group "open" has one offset in a transaction. */
static bool answer(struct fake *fake, int asked, int api, const void *request, void *response,
                   struct kc_arena *arena)
{
    const struct kc_offset_fetch_request *fetch = request;
    struct kc_offset_fetch_response *told = response;
    if (api != KC_API_OFFSET_FETCH)
        return false;
    KC_WIRE_LIST_NEW(arena, &told->groups, kc_offset_fetch_response_group, fetch->groups.count);
    for (int32_t i = 0; i < fetch->groups.count; i++) {
        struct kc_offset_fetch_response_group *group = &told->groups.items[i];
        group->group_id = fetch->groups.items[i].group_id;
        if (kc_wire_str_is(group->group_id, "forbidden"))
            group->error_code = KC_KAFKA_GROUP_AUTHORIZATION_FAILED;
        if (group->error_code)
            continue;
        KC_WIRE_LIST_NEW(arena, &group->topics, kc_offset_fetch_response_group_topic, 1);
        group->topics.items[0].name = kc_wire_str("orders");
        KC_WIRE_LIST_NEW(arena, &group->topics.items[0].partitions,
                         kc_offset_fetch_response_group_topic_partition, 2);
        for (int32_t p = 0; p < 2; p++) {
            struct kc_offset_fetch_response_group_topic_partition *one =
                &group->topics.items[0].partitions.items[p];
            bool open = fetch->require_stable && p == 1 && kc_wire_str_is(group->group_id, "open");
            one->partition_index = p;
            one->committed_offset = open ? -1 : 7;
            one->error_code = open ? KC_KAFKA_UNSTABLE_OFFSET_COMMIT : KC_KAFKA_NONE;
        }
    }
    return true;
}

START_TEST(offsets_in_open_transactions_are_told)
{
    struct kc_strings names = {0};
    bool open[3] = {true, false, true};
    struct kc_error *errors[3];
    kc_strings_add(&names, "quiet");
    kc_strings_add(&names, "open");
    kc_strings_add(&names, "forbidden");
    ck_assert_ptr_null(kc_admin_groups_open_offsets(admin, &names, open, errors));
    ck_assert(!open[0] && open[1] && !open[2]);
    ck_assert_ptr_null(errors[0]);
    ck_assert_ptr_null(errors[1]);
    ck_assert_int_eq(kc_error_kafka_code(errors[2]), KC_KAFKA_GROUP_AUTHORIZATION_FAILED);
    kc_error_destroy(errors[2]);
    kc_strings_destroy(&names);
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
          offsets_are_read_beside_open_transactions)
