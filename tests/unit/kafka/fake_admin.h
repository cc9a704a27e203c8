/* SPDX-License-Identifier: Apache-2.0 */
/* A kc_admin against one broker made here, which is its own coordinator of everything. */
#ifndef TESTS_UNIT_KAFKA_FAKE_ADMIN_H
#define TESTS_UNIT_KAFKA_FAKE_ADMIN_H

#include "base/run_suite.h"
#include "connect/admin.h"
#include "wire/fake_broker.h"
#include "wire/messages_group.h"

static struct fakes cluster;
static struct kc_admin *admin;

static void find_coordinator(const struct kc_find_coordinator_request *request,
                             struct kc_find_coordinator_response *response, struct kc_arena *arena)
{
    const struct kc_wire_str host = kc_wire_str("127.0.0.1");
    const int32_t port = cluster.brokers[0].port, count = request->coordinator_keys.count;
    if (atomic_load(&cluster.old)) {
        response->node_id = 1;
        response->host = host;
        response->port = port;
        return;
    }
    KC_WIRE_LIST_NEW(arena, &response->coordinators, kc_find_coordinator_response_coordinator,
                     count);
    for (int32_t i = 0; i < count; i++) {
        response->coordinators.items[i].key = request->coordinator_keys.items[i];
        response->coordinators.items[i].node_id = 1;
        response->coordinators.items[i].host = host;
        response->coordinators.items[i].port = port;
    }
}

/* A test's own part of the broker: fills the answers to everything but FindCoordinator. */
static bool answer(struct fake *fake, int asked, int api, const void *request, void *response,
                   struct kc_arena *arena);

static bool answer_or_coordinate(struct fake *fake, int asked, int api, const void *request,
                                 void *response, struct kc_arena *arena)
{
    if (api != KC_API_FIND_COORDINATOR)
        return answer(fake, asked, api, request, response, arena);
    find_coordinator(request, response, arena);
    return true;
}

static void setup(void)
{
    cluster =
        (struct fakes){.answer = answer_or_coordinate, .topic_id = {{9}}, .leader = 1, .epoch = 4};
    fake_start(&cluster, 1, true);
    struct kc_map *settings = fakes_settings(&cluster, "10");
    ck_assert_ptr_null(kc_admin_new(settings, &admin));
    kc_admin_set_timeout(admin, 20000);
    kc_map_destroy(settings);
}

static void teardown(void)
{
    kc_admin_destroy(admin);
    fakes_stop(&cluster);
}

#define RUN_TESTS(name, ...)                                                                       \
    int main(void)                                                                                 \
    {                                                                                              \
        const TTest *const tests[] = {__VA_ARGS__};                                                \
        return run_suite_with(name, tests, sizeof(tests) / sizeof(tests[0]), 120, setup,           \
                              teardown);                                                           \
    }

#endif
