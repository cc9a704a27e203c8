/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Members of groups of both protocols, and settings of many resources (connect/admin.h), against a
 * broker made here. It knows a consumer group "new", a classic group "old" and none called "none".
 */
#include "kafka/fake_admin.h"
#include "wire/messages_admin.h"

static bool old_broker;                          /* knows no consumer groups */
static int16_t alter_codes[4] = {KC_KAFKA_NONE}; /* by attempt */

/* ---- the broker ---- */

static void assign(struct kc_consumer_group_describe_response_assignment *assignment,
                   int32_t partition, struct kc_arena *arena)
{
    KC_WIRE_LIST_NEW(arena, &assignment->topic_partitions,
                     kc_consumer_group_describe_response_topic_partition, 1);
    assignment->topic_partitions.items[0].topic_name = kc_wire_str("orders");
    KC_WIRE_LIST_NEW_OF(arena, &assignment->topic_partitions.items[0].partitions, 1);
    assignment->topic_partitions.items[0].partitions.items[0] = partition;
}

static void describe_consumer(const struct kc_consumer_group_describe_request *request,
                              struct kc_consumer_group_describe_response *response,
                              struct kc_arena *arena)
{
    KC_WIRE_LIST_NEW(arena, &response->groups, kc_consumer_group_describe_response_group, 1);
    struct kc_consumer_group_describe_response_group *group = &response->groups.items[0];
    group->group_id = request->group_ids.items[0];
    if (old_broker)
        group->error_code = KC_KAFKA_UNSUPPORTED_VERSION;
    else if (!kc_wire_str_is(group->group_id, "new"))
        group->error_code = KC_KAFKA_GROUP_ID_NOT_FOUND;
    if (group->error_code)
        return;
    group->group_state = kc_wire_str("Stable");
    group->assignor_name = kc_wire_str("range");
    group->group_epoch = 12;
    group->assignment_epoch = 11;
    KC_WIRE_LIST_NEW(arena, &group->members, kc_consumer_group_describe_response_member, 1);
    struct kc_consumer_group_describe_response_member *member = &group->members.items[0];
    member->member_id = kc_wire_str("m1");
    member->client_id = kc_wire_str("c1");
    member->client_host = kc_wire_str("/10.0.0.1");
    member->member_epoch = 9;
    KC_WIRE_LIST_NEW_OF(arena, &member->subscribed_topic_names, 1);
    member->subscribed_topic_names.items[0] = kc_wire_str("orders");
    assign(&member->assignment, 3, arena);
    assign(&member->target_assignment, 4, arena);
}

/* Version 1, topic "orders" with the partitions 0 and 2, no user data. */
static const uint8_t assignment[] = {0, 1, 0, 0, 0, 1, 0, 6, 'o', 'r', 'd', 'e', 'r', 's', 0,
                                     0, 0, 2, 0, 0, 0, 0, 0, 0,   0,   2,   255, 255, 255, 255};
/* Version 1, topics "orders" and one that is cut off. */
static const uint8_t subscription[] = {0,   1,   0,   0,   0,   2, 0, 6,  'o',
                                       'r', 'd', 'e', 'r', 's', 0, 9, 'x'};

static void describe_classic(const struct kc_describe_groups_request *request,
                             struct kc_describe_groups_response *response, struct kc_arena *arena)
{
    KC_WIRE_LIST_NEW(arena, &response->groups, kc_describe_groups_response_group, 1);
    struct kc_describe_groups_response_group *group = &response->groups.items[0];
    group->group_id = request->groups.items[0];
    if (kc_wire_str_is(group->group_id, "none")) {
        group->error_code = KC_KAFKA_GROUP_ID_NOT_FOUND;
        return;
    }
    group->group_state = kc_wire_str("Stable");
    group->protocol_type = kc_wire_str("consumer");
    group->protocol_data = kc_wire_str("cooperative-sticky");
    KC_WIRE_LIST_NEW(arena, &group->members, kc_describe_groups_response_member, 1);
    struct kc_describe_groups_response_member *member = &group->members.items[0];
    member->member_id = kc_wire_str("m2");
    member->group_instance_id = kc_wire_str("i2");
    member->member_metadata = kc_wire_bytes(subscription, sizeof(subscription));
    member->member_assignment = kc_wire_bytes(assignment, sizeof(assignment));
}

static void alter_configs(int asked, const struct kc_incremental_alter_configs_request *request,
                          struct kc_incremental_alter_configs_response *response,
                          struct kc_arena *arena)
{
    KC_WIRE_LIST_NEW(arena, &response->responses, kc_incremental_alter_configs_response_resource,
                     request->resources.count);
    for (int32_t i = 0; i < request->resources.count; i++) {
        const struct kc_incremental_alter_configs_request_resource *from =
            &request->resources.items[i];

        ck_assert(request->validate_only);
        ck_assert_int_eq(from->configs.items[0].config_operation,
                         from->configs.items[0].value.len < 0);
        response->responses.items[i].resource_type = from->resource_type;
        response->responses.items[i].resource_name = from->resource_name;
        response->responses.items[i].error_code = from->resource_type == KC_CONFIG_OF_GROUP
                                                      ? KC_KAFKA_INVALID_CONFIG
                                                      : alter_codes[asked];
    }
}

static void describe_configs(const struct kc_describe_configs_request *request,
                             struct kc_describe_configs_response *response, struct kc_arena *arena)
{
    KC_WIRE_LIST_NEW(arena, &response->results, kc_describe_configs_response_result,
                     request->resources.count);
    for (int32_t i = 0; i < request->resources.count; i++) {
        struct kc_describe_configs_response_result *to = &response->results.items[i];

        to->resource_type = request->resources.items[i].resource_type;
        to->resource_name = request->resources.items[i].resource_name;
        KC_WIRE_LIST_NEW(arena, &to->configs, kc_describe_configs_response_config, 1);
        to->configs.items[0].name = kc_wire_str("producer.id.expiration.ms");
        to->configs.items[0].value = kc_wire_str("86400000");
        to->configs.items[0].config_source = RD_KAFKA_CONFIG_SOURCE_DEFAULT_CONFIG;
    }
}

static bool answer(struct fake *fake, int asked, int api, const void *request, void *response,
                   struct kc_arena *arena)
{
    switch (api) {
    case KC_API_CONSUMER_GROUP_DESCRIBE:
        describe_consumer(request, response, arena);
        return true;
    case KC_API_DESCRIBE_GROUPS:
        describe_classic(request, response, arena);
        return true;
    case KC_API_INCREMENTAL_ALTER_CONFIGS:
        alter_configs(asked, request, response, arena);
        return true;
    case KC_API_DESCRIBE_CONFIGS:
        describe_configs(request, response, arena);
        return true;
    default:
        return false;
    }
}

/* ---- groups ---- */

static void check_classic(const struct kc_group_description *group)
{
    ck_assert_ptr_null(group->error);
    ck_assert(!group->consumer);
    ck_assert_str_eq(group->assignor, "cooperative-sticky");
    ck_assert_int_eq(group->epoch, -1);
    ck_assert_uint_eq(group->member_count, 1);
    ck_assert_str_eq(group->members[0].instance_id, "i2");
    ck_assert_uint_eq(group->members[0].topics.count, 1);
    ck_assert_str_eq(group->members[0].topics.items[0], "orders");
    ck_assert_int_eq(group->members[0].assignment->cnt, 2);
    ck_assert_int_eq(group->members[0].assignment->elems[1].partition, 2);
    ck_assert_ptr_null(group->members[0].target);
}

START_TEST(groups_of_both_protocols_are_described)
{
    struct kc_group_descriptions groups;
    struct kc_strings ids = {0};

    kc_strings_add(&ids, "old");
    kc_strings_add(&ids, "new");
    kc_strings_add(&ids, "none");
    ck_assert_ptr_null(kc_admin_group_members(admin, &ids, &groups));
    ck_assert_uint_eq(groups.count, 3);
    check_classic(&groups.items[0]);
    const struct kc_group_description *group = &groups.items[1];
    ck_assert_ptr_null(group->error);
    ck_assert(group->consumer);
    ck_assert_str_eq(group->state, "Stable");
    ck_assert_int_eq(group->epoch, 12);
    ck_assert_int_eq(group->assignment_epoch, 11);
    ck_assert_int_eq(group->members[0].epoch, 9);
    ck_assert_ptr_null(group->members[0].instance_id);
    ck_assert_int_eq(group->members[0].assignment->elems[0].partition, 3);
    ck_assert_int_eq(group->members[0].target->elems[0].partition, 4);
    ck_assert_ptr_null(groups.items[2].error);
    ck_assert_str_eq(groups.items[2].state, "Dead");
    kc_group_descriptions_destroy(&groups);
    kc_strings_destroy(&ids);
}
END_TEST

START_TEST(an_older_broker_is_asked_the_classic_way)
{
    struct kc_group_descriptions groups;
    struct kc_strings ids = {0};

    old_broker = true;
    kc_strings_add(&ids, "old");
    ck_assert_ptr_null(kc_admin_group_members(admin, &ids, &groups));
    check_classic(&groups.items[0]);
    kc_group_descriptions_destroy(&groups);
    kc_strings_destroy(&ids);
}
END_TEST

/* ---- settings ---- */

START_TEST(settings_of_many_resources_are_altered)
{
    const struct kc_config_op set = {"retention.ms", "-1"}, unset = {"retention.bytes", NULL};
    struct kc_config_alteration items[] = {{KC_CONFIG_OF_TOPIC, "1", &set, 1, NULL},
                                           {KC_CONFIG_OF_BROKER, "1", &unset, 1, NULL},
                                           {KC_CONFIG_OF_BROKER, "", &set, 1, NULL},
                                           {KC_CONFIG_OF_GROUP, "g", &set, 1, NULL}};

    alter_codes[0] = alter_codes[1] = KC_KAFKA_NOT_CONTROLLER;
    ck_assert_ptr_null(kc_admin_alter_configs(admin, items, 4, true));
    for (int i = 0; i < 3; i++)
        ck_assert_ptr_null(items[i].error);
    ck_assert_int_eq(kc_error_kafka_code(items[3].error), KC_KAFKA_INVALID_CONFIG);
    kc_error_destroy(items[3].error);
}
END_TEST

START_TEST(settings_of_many_resources_are_read)
{
    struct kc_config_description items[] = {{.type = KC_CONFIG_OF_TOPIC, .name = "1"},
                                            {.type = KC_CONFIG_OF_BROKER, .name = "1"}};

    ck_assert_ptr_null(kc_admin_describe_configs(admin, items, 2));
    for (int i = 0; i < 2; i++) {
        ck_assert_ptr_null(items[i].error);
        ck_assert_uint_eq(items[i].entries.count, 1);
        ck_assert_str_eq(items[i].entries.items[0].value, "86400000");
        ck_assert(items[i].entries.items[0].is_default);
        kc_config_entries_destroy(&items[i].entries);
    }
}
END_TEST

/* ---- topics ---- */

START_TEST(topics_are_told_with_ids_and_leaders)
{
    struct kc_topic_descriptions topics;
    struct kc_strings names = {0};

    kc_strings_add(&names, "missing");
    kc_strings_add(&names, FAKE_TOPIC);
    ck_assert_ptr_null(kc_admin_describe_topics(admin, &names, &topics));
    ck_assert_uint_eq(topics.count, 2);
    ck_assert_int_eq(kc_error_kafka_code(topics.items[0].error),
                     KC_KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    ck_assert_ptr_null(topics.items[1].error);
    ck_assert_int_eq(topics.items[1].id.bytes[0], 9);
    ck_assert_uint_eq(topics.items[1].partition_count, 1);
    ck_assert_int_eq(topics.items[1].partitions[0].leader, 1);
    ck_assert_int_eq(topics.items[1].partitions[0].leader_epoch, 4);
    kc_topic_descriptions_destroy(&topics);
    ck_assert_ptr_null(kc_admin_describe_topics(admin, NULL, &topics));
    ck_assert_uint_eq(topics.count, 1);
    kc_topic_descriptions_destroy(&topics);
    kc_strings_destroy(&names);
}
END_TEST

RUN_TESTS("admin_members", groups_of_both_protocols_are_described,
          an_older_broker_is_asked_the_classic_way, settings_of_many_resources_are_altered,
          settings_of_many_resources_are_read, topics_are_told_with_ids_and_leaders)
