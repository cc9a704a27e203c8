/* SPDX-License-Identifier: Apache-2.0 */
/* How many connections strangers get, and how much they may send. */
#include "gateway/gateway_limits_priv.h"

#include "gateway/gateway_metrics_priv.h"
#include "link/link_check.h"

static const struct gateway_config config = {
    .connections_max = 4, .connections_per_address_max = 2, .frame_max = 100 << 20};

START_TEST(an_address_gets_its_share_and_all_together_theirs)
{
    struct gateway_limits *limits = gateway_limits_new(&config);
    ck_assert_ptr_null(gateway_limits_enter(limits, "10.0.0.1:1"));
    ck_assert_ptr_null(gateway_limits_enter(limits, "10.0.0.1:2"));
    const char *why = gateway_limits_enter(limits, "10.0.0.1:3");
    ck_assert_ptr_nonnull(strstr(why, "gateway.connections.per.address.max=2"));
    ck_assert_ptr_null(gateway_limits_enter(limits, "10.0.0.10:1"));
    ck_assert_ptr_null(gateway_limits_enter(limits, "[fe80::1]:1"));
    why = gateway_limits_enter(limits, "10.0.0.3:1");
    ck_assert_ptr_nonnull(strstr(why, "gateway.connections.max=4"));
    ck_assert_int_eq(gateway_limits_count(limits), 4);
    ck_assert_int_eq(gateway_measure_get(GATEWAY_CLIENTS), 4);
    ck_assert_int_eq(gateway_measure_get(GATEWAY_REFUSED_ADDRESS), 1);
    ck_assert_int_eq(gateway_measure_get(GATEWAY_REFUSED_TOTAL), 1);
    gateway_limits_leave(limits, "10.0.0.1:2");
    ck_assert_ptr_null(gateway_limits_enter(limits, "10.0.0.1:4"));
    gateway_limits_destroy(limits);
}
END_TEST

START_TEST(places_come_back)
{
    struct gateway_limits *limits = gateway_limits_new(&config);
    char address[32];
    for (int i = 0; i < 10000; i++) {
        snprintf(address, sizeof(address), "10.0.%d.%d:%d", i / 250, i % 250, i);
        ck_assert_ptr_null(gateway_limits_enter(limits, address));
        gateway_limits_leave(limits, address);
    }
    ck_assert_int_eq(gateway_limits_count(limits), 0);
    gateway_limits_destroy(limits);
}
END_TEST

START_TEST(strangers_send_little)
{
    struct gateway_config small = config;
    ck_assert_uint_eq(gateway_limits_frame(&config, true), 512 * 1024);
    ck_assert_uint_eq(gateway_limits_frame(&config, false), 100 << 20);
    small.frame_max = 1024;
    ck_assert_uint_eq(gateway_limits_frame(&small, true), 1024);
}
END_TEST

RUN_TESTS("gateway_limits", 20, an_address_gets_its_share_and_all_together_theirs, places_come_back,
          strangers_send_little)
