/* SPDX-License-Identifier: Apache-2.0 */
/* What speaks against a mirror group, by what both clusters say of it. */
#include "link/link_groups_priv.h"
#include "link/link_hold_priv.h"

#include "base/run_suite.h"
#include "connect/admin.h"

#include <stdlib.h>
#include <string.h>

/* ---- two clusters ---- */

/* A cluster as a test wants it: one group, or none. */
struct kc_admin {
    const char *protocol_type; /* NULL: there is no such group */
    bool consumer;
    struct kc_member_description members[4];
    size_t member_count;
};

struct kc_error *kc_admin_groups_states(struct kc_admin *admin, const struct kc_strings *ids,
                                        struct kc_group_infos *groups)
{
    *groups = (struct kc_group_infos){.items = kc_calloc(1, sizeof(*groups->items))};
    if (!admin->protocol_type)
        return NULL;
    groups->items[groups->count++] =
        (struct kc_group_info){.id = kc_strdup(ids->items[0]),
                               .state = kc_strdup(admin->member_count ? "Stable" : "Empty"),
                               .protocol_type = kc_strdup(admin->protocol_type)};
    return NULL;
}

static char *copy(const char *text)
{
    return text ? kc_strdup(text) : NULL;
}

struct kc_error *kc_admin_group_members(struct kc_admin *admin, const struct kc_strings *ids,
                                        struct kc_group_descriptions *groups)
{
    *groups =
        (struct kc_group_descriptions){.items = kc_calloc(1, sizeof(*groups->items)), .count = 1};
    struct kc_group_description *group = &groups->items[0];
    *group = (struct kc_group_description){
        .id = kc_strdup(ids->items[0]),
        .state = kc_strdup(admin->protocol_type ? "Stable" : "Dead"),
        .protocol_type = kc_strdup(admin->protocol_type ? admin->protocol_type : ""),
        .assignor = kc_strdup("range"),
        .consumer = admin->consumer,
        .members = kc_calloc(4, sizeof(*group->members)),
        .member_count = admin->member_count};
    for (size_t i = 0; i < admin->member_count; i++)
        group->members[i] =
            (struct kc_member_description){.member_id = copy(admin->members[i].member_id),
                                           .instance_id = copy(admin->members[i].instance_id),
                                           .client_id = copy(admin->members[i].client_id),
                                           .assignment = rd_kafka_topic_partition_list_new(1)};
    return NULL;
}

void kc_group_descriptions_destroy(struct kc_group_descriptions *groups)
{
    for (size_t i = 0; i < groups->count; i++) {
        struct kc_group_description *group = &groups->items[i];
        for (size_t k = 0; k < group->member_count; k++) {
            free(group->members[k].member_id);
            free(group->members[k].instance_id);
            free(group->members[k].client_id);
            rd_kafka_topic_partition_list_destroy(group->members[k].assignment);
        }
        free(group->members);
        free(group->id);
        free(group->state);
        free(group->protocol_type);
        free(group->assignor);
    }
    free(groups->items);
}

static struct link_obstacle obstacle;

/* The code of what is in the way of group `billing`; "" : nothing is. */
static const char *judge(struct kc_admin *source, struct kc_admin *target)
{
    struct kc_strings names = {0};
    kc_strings_add(&names, "billing");
    link_obstacles_clear(&obstacle, 1);
    ck_assert_ptr_null(link_group_obstacle(source, target, &names, &names, &obstacle));
    kc_strings_destroy(&names);
    return obstacle.code ? obstacle.code : "";
}

#define MEMBER                                                                                     \
    {                                                                                              \
        .member_id = (char *)"m-1", .client_id = (char *)"app"                                     \
    }

/* ---- what they say ---- */

START_TEST(members_on_the_target_cannot_be_held_back)
{
    struct kc_admin none = {.protocol_type = NULL}, idle = {.protocol_type = "consumer"};
    struct kc_admin active = {.protocol_type = "consumer", .members = {MEMBER}, .member_count = 1};
    ck_assert_str_eq(judge(&active, &none), "");
    ck_assert_str_eq(judge(&idle, &idle), "");
    ck_assert_str_eq(judge(&none, &none), "SOURCE_GROUP_UNKNOWN");
    ck_assert(obstacle.warning);
    ck_assert_str_eq(judge(&active, &active), "TARGET_GROUP_ACTIVE");
    ck_assert(!obstacle.warning);
    link_obstacles_clear(&obstacle, 1);
}
END_TEST

/* A link and the link back, whichever was first: a second hold is refused, and says whose the first
 * one is and what ends it. Whether others are in the group as well doesn't matter. */
START_TEST(a_group_that_another_link_holds_is_not_held_again)
{
    struct kc_admin none = {.protocol_type = NULL};
    struct kc_admin active = {.protocol_type = "consumer", .members = {MEMBER}, .member_count = 1};
    struct kc_admin classic = {.protocol_type = "consumer",
                               .members = {MEMBER,
                                           {.member_id = (char *)"h-1",
                                            .instance_id = (char *)"isthmus-link-move-it",
                                            .client_id = (char *)"move-it-0|groups"}},
                               .member_count = 2};
    struct kc_admin crowd = {.protocol_type = "consumer",
                             .consumer = true,
                             .members = {{.member_id = (char *)"!isthmus-001",
                                          .client_id = (char *)"own|move-it-3|groups"},
                                         MEMBER},
                             .member_count = 2};
    struct kc_admin *const held[] = {&classic, &crowd};
    for (size_t i = 0; i < 2; i++) {
        ck_assert_str_eq(judge(held[i], &none), "HELD_BY_OTHER_LINK");
        ck_assert(!obstacle.warning);
        ck_assert_ptr_nonnull(strstr(obstacle.message, "Group billing is held"));
        ck_assert_ptr_nonnull(strstr(obstacle.message, "link 'move-it'"));
        ck_assert_ptr_nonnull(strstr(obstacle.message, "isthmus group release move-it billing"));
        ck_assert_str_eq(judge(held[i], &active), "HELD_BY_OTHER_LINK");
        /* On the target it is the link's own hold, of a predecessor. */
        ck_assert_str_eq(judge(&active, held[i]), "");
    }
    link_obstacles_clear(&obstacle, 1);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {members_on_the_target_cannot_be_held_back,
                                  a_group_that_another_link_holds_is_not_held_again};
    return run_suite("link_group_obstacle", tests, sizeof(tests) / sizeof(*tests), 10);
}
