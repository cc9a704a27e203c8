/* SPDX-License-Identifier: Apache-2.0 */
/* Which gateways a promotion waits for. */
#include "link/link_check.h"
#include "link/link_gateways_priv.h"

static struct link_gateways *gateways;

static void note(const char *name, int64_t renewals, int64_t held_epoch, int64_t now)
{
    struct kc_link_held held = {(char *)"orders", held_epoch};
    const struct kc_link_gateway record = {.address = (char *)"a:1",
                                           .epoch = 1,
                                           .renewals = renewals,
                                           .duration_ms = 1000,
                                           .held = held_epoch ? &held : NULL,
                                           .held_count = held_epoch ? 1 : 0};
    link_gateways_note(gateways, name, &record, now);
}

START_TEST(without_gateways_nobody_is_waited_for)
{
    gateways = link_gateways_new();
    ck_assert(!link_gateways_live(gateways, 0));
    ck_assert_ptr_null(link_gateways_waited(gateways, "orders", 5, 0));
    link_gateways_destroy(gateways);
}
END_TEST

START_TEST(each_that_lives_has_to_hold)
{
    gateways = link_gateways_new();
    note("g1", 1, 0, 0);
    note("g2", 1, 5, 0);
    ck_assert_str_eq(link_gateways_waited(gateways, "orders", 5, 10), "g1");
    note("g1", 2, 4, 20); /* of an earlier promotion */
    ck_assert_str_eq(link_gateways_waited(gateways, "orders", 5, 30), "g1");
    note("g1", 3, 5, 40);
    ck_assert_ptr_null(link_gateways_waited(gateways, "orders", 5, 50));
    ck_assert_str_eq(link_gateways_waited(gateways, "payments", 5, 50), "g1");
    link_gateways_destroy(gateways);
}
END_TEST

START_TEST(one_that_is_not_renewed_holds_by_itself)
{
    gateways = link_gateways_new();
    note("g1", 1, 0, 0);
    note("g1", 1, 0, 1000); /* the same record, read again */
    ck_assert_ptr_nonnull(link_gateways_waited(gateways, "orders", 5, 1499));
    ck_assert_ptr_null(link_gateways_waited(gateways, "orders", 5, 1500));
    ck_assert(!link_gateways_live(gateways, 1500));
    note("g1", 2, 0, 2000);
    ck_assert_ptr_nonnull(link_gateways_waited(gateways, "orders", 5, 3000));
    link_gateways_note(gateways, "g1", NULL, 3000);
    ck_assert_ptr_null(link_gateways_waited(gateways, "orders", 5, 3000));
    link_gateways_destroy(gateways);
}
END_TEST

RUN_TESTS("link_gateways", 10, without_gateways_nobody_is_waited_for, each_that_lives_has_to_hold,
          one_that_is_not_renewed_holds_by_itself)
