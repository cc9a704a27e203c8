/* SPDX-License-Identifier: Apache-2.0 */
/* Ends of partitions, as a consumer and as a replica is told them. */
#include "kafka/fake_admin.h"
#include "wire/messages_data.h"

/* As brokers do: whoever isn't a consumer gets the end of the leader's log. */
static bool answer(struct fake *fake, int asked, int api, const void *request, void *response,
                   struct kc_arena *arena)
{
    const struct kc_list_offsets_request *offsets = request;
    struct kc_list_offsets_response *told = response;
    if (api != KC_API_LIST_OFFSETS)
        return false;
    KC_WIRE_LIST_NEW(arena, &told->topics, kc_list_offsets_response_topic, 1);
    told->topics.items[0].name = offsets->topics.items[0].name;
    KC_WIRE_LIST_NEW(arena, &told->topics.items[0].partitions, kc_list_offsets_response_partition,
                     1);
    ck_assert_int_ne(offsets->replica_id, -2); /* a follower would answer, too */
    ck_assert_int_eq(offsets->topics.items[0].partitions.items[0].timestamp, -1);
    told->topics.items[0].partitions.items[0].offset = offsets->replica_id != -1  ? 120
                                                       : offsets->isolation_level ? 90
                                                                                  : 100;
    return true;
}

START_TEST(a_log_may_end_behind_what_consumers_see)
{
    struct kc_partition_offset item = {.topic = FAKE_TOPIC, .timestamp = KC_OFFSET_LATEST};
    ck_assert_ptr_null(kc_admin_list_offsets(admin, &item, 1, false));
    ck_assert_ptr_null(item.error);
    ck_assert_int_eq(item.offset, 100);
    ck_assert_ptr_null(kc_admin_list_offsets(admin, &item, 1, true));
    ck_assert_ptr_null(item.error);
    ck_assert_int_eq(item.offset, 90);
    ck_assert_ptr_null(kc_admin_log_ends(admin, &item, 1));
    ck_assert_ptr_null(item.error);
    ck_assert_int_eq(item.offset, 120);
}
END_TEST

RUN_TESTS("admin_partitions", a_log_may_end_behind_what_consumers_see)
