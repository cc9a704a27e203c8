/* SPDX-License-Identifier: Apache-2.0 */
/* When a gateway's lease with a link holds, and when it begins anew. */
#include "gateway/gateway_lease_priv.h"
#include "gateway/route_check.h"

enum { LEASE = 3000, CLOCK = 1000000 };

/* Writes the record, which is read back. */
static void renew(struct gateway_lease *lease, int64_t now, enum gateway_lease_step expected)
{
    ck_assert_int_eq(gateway_lease_decide(lease, now, CLOCK, LEASE), expected);
    gateway_lease_read(lease, lease->epoch, lease->renewals);
}

START_TEST(it_counts_from_before_the_renewal)
{
    struct gateway_lease lease = {0};

    ck_assert(!gateway_lease_holds(&lease, 100));
    renew(&lease, 100, GATEWAY_LEASE_BEGIN);
    ck_assert(!gateway_lease_holds(&lease, 100)); /* not read back yet */
    ck_assert(gateway_lease_written(&lease, true, 900, LEASE));
    ck_assert(gateway_lease_holds(&lease, 3099));
    ck_assert(!gateway_lease_holds(&lease, 3100));
    ck_assert_int_eq(gateway_lease_decide(&lease, 1000, CLOCK, LEASE), GATEWAY_LEASE_REST);
    renew(&lease, 1100, GATEWAY_LEASE_RENEW);
    ck_assert(!gateway_lease_written(&lease, true, 1200, LEASE));
    ck_assert(gateway_lease_holds(&lease, 4099));
    ck_assert_int_eq(lease.epoch, CLOCK);
}
END_TEST

START_TEST(one_that_ended_begins_anew)
{
    struct gateway_lease lease = {0};

    renew(&lease, 100, GATEWAY_LEASE_BEGIN);
    ck_assert(gateway_lease_written(&lease, true, 101, LEASE));
    renew(&lease, 3200, GATEWAY_LEASE_BEGIN);
    ck_assert_int_eq(lease.epoch, CLOCK + 1);
    ck_assert(gateway_lease_written(&lease, true, 3201, LEASE));
}
END_TEST

/* A renewal that comes back after the lease's end doesn't mend it. */
START_TEST(a_late_renewal_is_none)
{
    struct gateway_lease lease = {0};

    renew(&lease, 100, GATEWAY_LEASE_BEGIN);
    ck_assert(gateway_lease_written(&lease, true, 101, LEASE));
    renew(&lease, 3000, GATEWAY_LEASE_RENEW);
    ck_assert(!gateway_lease_written(&lease, true, 3150, LEASE));
    ck_assert(!gateway_lease_holds(&lease, 3150));
    renew(&lease, 3150, GATEWAY_LEASE_BEGIN);
}
END_TEST

START_TEST(a_record_that_is_not_written_is_tried_again)
{
    struct gateway_lease lease = {0};

    renew(&lease, 100, GATEWAY_LEASE_BEGIN);
    ck_assert(!gateway_lease_written(&lease, false, 150, LEASE));
    ck_assert_int_eq(gateway_lease_decide(&lease, 200, CLOCK, LEASE), GATEWAY_LEASE_REST);
    renew(&lease, 400, GATEWAY_LEASE_BEGIN);
    ck_assert(gateway_lease_written(&lease, true, 410, LEASE));
}
END_TEST

START_TEST(news_are_written_at_once)
{
    struct gateway_lease lease = {0};

    renew(&lease, 100, GATEWAY_LEASE_BEGIN);
    ck_assert(gateway_lease_written(&lease, true, 101, LEASE));
    lease.dirty = true;
    renew(&lease, 102, GATEWAY_LEASE_RENEW);
    ck_assert(!lease.dirty);
}
END_TEST

START_TEST(two_of_one_name_do_not_both_route)
{
    struct gateway_lease lease = {0};

    renew(&lease, 100, GATEWAY_LEASE_BEGIN);
    ck_assert(gateway_lease_written(&lease, true, 101, LEASE));
    gateway_lease_read(&lease, CLOCK + 5, 1);
    ck_assert_int_eq(gateway_lease_decide(&lease, 200, CLOCK, LEASE), GATEWAY_LEASE_YIELD);
    ck_assert(!gateway_lease_holds(&lease, 200));
    gateway_lease_read(&lease, CLOCK + 5, 2);
    ck_assert_int_eq(gateway_lease_decide(&lease, 1300, CLOCK, LEASE), GATEWAY_LEASE_YIELD);
    ck_assert_int_eq(gateway_lease_decide(&lease, 5799, CLOCK, LEASE), GATEWAY_LEASE_YIELD);
    renew(&lease, 5800 + LEASE, GATEWAY_LEASE_BEGIN);
    ck_assert_int_eq(lease.epoch, CLOCK + 6);
}
END_TEST

RUN_TESTS("gateway_lease", it_counts_from_before_the_renewal, one_that_ended_begins_anew,
          a_late_renewal_is_none, a_record_that_is_not_written_is_tried_again,
          news_are_written_at_once, two_of_one_name_do_not_both_route)
