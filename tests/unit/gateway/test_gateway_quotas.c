/* SPDX-License-Identifier: Apache-2.0 */
/* The target's produce quotas for writes that it doesn't see. */
#include "gateway/gateway_quotas_priv.h"

#include "link/link_check.h"

static struct kc_quotas limits;

/* NULL: the entity has no such part; "" : the default. */
static void add(const char *user, const char *client, double rate)
{
    limits.items = kc_realloc(limits.items, (limits.count + 1) * sizeof(*limits.items));
    struct kc_quota *quota = &limits.items[limits.count++];
    *quota = (struct kc_quota){kc_map_new(), kc_strdup("producer_byte_rate"), rate};
    if (user)
        kc_map_set(quota->entity, "user", *user ? user : NULL);
    if (client)
        kc_map_set(quota->entity, "client-id", *client ? client : NULL);
}

static struct gateway_quotas *with_limits(void)
{
    struct gateway_quotas *quotas = gateway_quotas_of();
    gateway_quotas_set(quotas, &limits);
    return quotas;
}

START_TEST(without_quotas_nothing_is_delayed)
{
    struct gateway_quotas *quotas = with_limits();
    ck_assert_int_eq(gateway_quotas_charge_at(quotas, "a", "c", 1, 1 << 30, 0), 0);
    add(NULL, NULL, 1);
    limits.items[0].key[0] = 'x'; /* another limit */
    gateway_quotas_set(quotas, &limits);
    ck_assert_int_eq(gateway_quotas_charge_at(quotas, "a", "c", 1, 1 << 30, 0), 0);
    gateway_quotas_destroy(quotas);
}
END_TEST

START_TEST(ten_seconds_worth_may_be_written_at_once)
{
    add("a", NULL, 1000);
    struct gateway_quotas *quotas = with_limits();
    ck_assert_int_eq(gateway_quotas_charge_at(quotas, "a", "c", 1, 10000, 0), 0);
    ck_assert_int_eq(gateway_quotas_charge_at(quotas, "a", "c", 1, 500, 0), 500);
    ck_assert_int_eq(gateway_quotas_charge_at(quotas, "a", "d", 1, 500, 0), 1000); /* one user */
    ck_assert_int_eq(gateway_quotas_charge_at(quotas, "a", "c", 2, 500, 0), 0);    /* by broker */
    ck_assert_int_eq(gateway_quotas_charge_at(quotas, "b", "c", 1, 50000, 0), 0);
    ck_assert_int_eq(gateway_quotas_charge_at(quotas, "a", "c", 1, 0, 1000), 0);
    ck_assert_int_eq(gateway_quotas_charge_at(quotas, "a", "c", 1, 1000, 2000), 0);
    ck_assert_int_eq(gateway_quotas_charge_at(quotas, "a", "c", 1, 10500, 1000000), 500);
    gateway_quotas_destroy(quotas);
}
END_TEST

/* The rate that counts, of which ten seconds' worth is free. */
static double rate_of(struct gateway_quotas *quotas, const char *user, const char *client,
                      int32_t broker)
{
    int32_t over = gateway_quotas_charge_at(quotas, user, client, broker, 2000, 0);
    return over ? 2000 / ((double)over / 1000 + 10) : 0;
}

START_TEST(the_nearest_quota_counts)
{
    const struct {
        const char *user, *client;
        double rate;
    } order[] = {{NULL, "", 1}, {NULL, "c", 2}, {"", NULL, 3}, {"", "", 4},
                 {"", "c", 5},  {"a", NULL, 6}, {"a", "", 7},  {"a", "c", 8}};
    struct gateway_quotas *quotas = gateway_quotas_of();
    for (int32_t count = 1; count <= 8; count++) {
        for (int32_t i = 0; i < count; i++)
            add(order[i].user, order[i].client, order[i].rate);
        gateway_quotas_set(quotas, &limits);
        ck_assert_double_eq_tol(rate_of(quotas, "a", "c", count), order[count - 1].rate, 0.1);
    }
    ck_assert_double_eq_tol(rate_of(quotas, "a", "other", 90), 7, 0.1);
    ck_assert_double_eq_tol(rate_of(quotas, "b", "c", 91), 5, 0.1);
    ck_assert_double_eq_tol(rate_of(quotas, NULL, NULL, 92), 4, 0.1);
    gateway_quotas_destroy(quotas);
}
END_TEST

START_TEST(many_clients_are_forgotten_again)
{
    char client[16];
    add(NULL, "", 10);
    struct gateway_quotas *quotas = with_limits();
    for (int i = 0; i < 50000; i++) {
        snprintf(client, sizeof(client), "c%d", i);
        ck_assert_int_eq(gateway_quotas_charge_at(quotas, "a", client, 1, 1, i * 10), 0);
    }
    ck_assert_int_eq(gateway_quotas_charge_at(quotas, "a", "c49999", 1, 90, 500000), 0);
    gateway_quotas_destroy(quotas);
}
END_TEST

RUN_TESTS("gateway_quotas", 20, without_quotas_nothing_is_delayed,
          ten_seconds_worth_may_be_written_at_once, the_nearest_quota_counts,
          many_clients_are_forgotten_again)
