/* SPDX-License-Identifier: Apache-2.0 */
/* Holds of groups of both kinds, against a coordinator made here. */
#include "group/fake_group.h"
#include "link/link_hold_priv.h"

/* ---- what the linker takes in place of link_config.c and link_lease.c ---- */

static struct kc_map *broker;
static atomic_bool lease_lost;

struct kc_map *link_client_properties(const struct link_config *config, enum link_side side,
                                      enum kc_client_role role, const char *use)
{
    return kc_map_copy(broker);
}

struct kc_error *link_admin_new(const struct link_config *config, enum link_side side,
                                const char *use, struct kc_admin **admin)
{
    return kc_admin_new(broker, admin);
}

bool link_lease_holds(const struct link_lease *lease)
{
    return !atomic_load(&lease_lost);
}

int64_t link_lease_until(const struct link_lease *lease)
{
    return link_lease_holds(lease) ? kc_mono_ms() + PATIENCE_MS : 0;
}

/* ---- a hold ---- */

static struct link_hold_pool *pool;
static struct link_held_topics topics;
static struct kc_group_client *client; /* keeps the coordinator up */

static struct link_hold *begin(bool consumer, const json_t *members)
{
    const struct link_hold_settings settings = {.group = "g",
                                                .consumer = consumer,
                                                .instance_id = consumer ? NULL : "isthmus-link-l",
                                                .assignor = "own",
                                                .members = members};
    struct link_hold *hold = NULL;
    client = group_start();
    broker = fakes_settings(&group.cluster, "20");
    atomic_store(&lease_lost, false);
    ck_assert_ptr_null(link_hold_pool_new(NULL, NULL, &pool));
    link_held_topics_add(&topics, "t", 2);
    ck_assert_ptr_null(link_hold_open(pool, &settings, &topics, &hold));
    return hold;
}

static void end(struct link_hold *hold)
{
    link_hold_close(hold);
    link_hold_pool_destroy(pool);
    link_held_topics_clear(&topics);
    ck_assert_int_eq(group.leaves, 0); /* whoever comes next takes it over */
    kc_map_destroy(broker);
    group_stop(client);
}

/* Looks until the hold has the state; what else was seen is in view. */
static void await_hold(struct link_hold *hold, enum link_hold_state state,
                       struct link_hold_view *view)
{
    int64_t deadline = kc_mono_ms() + PATIENCE_MS;
    for (;;) {
        link_hold_look(hold, view);
        if (view->state == state)
            return;
        ck_assert_int_lt(kc_mono_ms(), deadline);
        link_hold_view_clear(view);
        usleep(2000);
    }
}

static void await_job(struct link_hold *hold, struct link_hold_view *view)
{
    int64_t deadline = kc_mono_ms() + PATIENCE_MS;
    for (;;) {
        link_hold_look(hold, view);
        if (view->job_done)
            return;
        ck_assert_int_lt(kc_mono_ms(), deadline);
        link_hold_view_clear(view);
        usleep(2000);
    }
}

static struct link_hold_job commit_of(int64_t offset)
{
    struct link_offset_table table = {0};
    struct link_hold_job job = {0};
    link_offset_set_source(&table, "t", 0, offset, "note");
    table.items[0].start = 0;
    table.items[0].end = 1000;
    link_commit_collect(&table, &job.commit);
    link_offset_table_destroy(&table);
    return job;
}

START_TEST(a_classic_group_is_led)
{
    struct link_hold_view view;
    struct link_hold *hold = begin(false, NULL);
    await_hold(hold, LINK_HOLD_HELD, &view);
    ck_assert_str_eq(group.instance_id, "isthmus-link-l");
    ck_assert_str_eq(group.protocol, "own"); /* the source group's assignor comes first */
    ck_assert_int_eq(view.round, 1);
    link_hold_view_clear(&view);
    end(hold);
}
END_TEST

START_TEST(a_session_is_as_long_as_the_broker_takes)
{
    struct link_hold_view view;
    group_fail(KC_API_JOIN_GROUP, KC_KAFKA_INVALID_SESSION_TIMEOUT);
    group_fail(KC_API_JOIN_GROUP, KC_KAFKA_INVALID_SESSION_TIMEOUT);
    struct link_hold *hold = begin(false, NULL);
    await_hold(hold, LINK_HOLD_HELD, &view);
    ck_assert_int_eq(group.joins, 3);
    link_hold_view_clear(&view);
    end(hold);
}
END_TEST

START_TEST(a_refusal_is_told)
{
    struct link_hold_view view;
    group_fail(KC_API_JOIN_GROUP, KC_KAFKA_GROUP_AUTHORIZATION_FAILED);
    struct link_hold *hold = begin(false, NULL);
    int64_t deadline = kc_mono_ms() + PATIENCE_MS;
    for (link_hold_look(hold, &view); !view.error; link_hold_look(hold, &view)) {
        ck_assert_int_lt(kc_mono_ms(), deadline);
        link_hold_view_clear(&view);
    }
    ck_assert_int_eq(view.state, LINK_HOLD_JOINING);
    ck_assert_ptr_nonnull(strstr(view.error, "READ on the group"));
    link_hold_view_clear(&view);
    await_hold(hold, LINK_HOLD_HELD, &view); /* it is tried again */
    ck_assert_ptr_null(view.error);
    link_hold_view_clear(&view);
    end(hold);
}
END_TEST

START_TEST(offsets_go_through_the_holder)
{
    struct link_hold_view view;
    struct link_hold *hold = begin(false, NULL);
    struct link_hold_job job = commit_of(42), second = commit_of(43);
    await_hold(hold, LINK_HOLD_HELD, &view);
    link_hold_view_clear(&view);
    ck_assert(link_hold_submit(hold, &job));
    ck_assert(!link_hold_submit(hold, &second)); /* one at a time */
    ck_assert(link_hold_busy(hold));
    await_job(hold, &view);
    ck_assert_ptr_null(view.job_error);
    ck_assert_uint_eq(view.committed.count, 1);
    ck_assert_int_eq(group.committed_offset, 42);
    ck_assert_int_eq(group.committed_epoch, -1);
    ck_assert_int_eq(group.committed_generation, 1);
    ck_assert_str_eq(group.committed_metadata, "note");
    link_hold_view_clear(&view);
    /* Without the lease nothing is written. */
    atomic_store(&lease_lost, true);
    ck_assert(link_hold_submit(hold, &second));
    await_job(hold, &view);
    ck_assert_int_eq(kc_error_code(view.job_error), KC_ERR_FENCED);
    ck_assert_int_eq(group.commits, 1);
    link_hold_view_clear(&view);
    end(hold);
}
END_TEST

START_TEST(members_are_gathered_and_dismissed)
{
    struct link_hold_view view;
    struct link_hold *hold = begin(false, NULL);
    await_hold(hold, LINK_HOLD_HELD, &view);
    link_hold_view_clear(&view);
    link_hold_gather(hold, true);
    group_await(group.joins == 2);
    usleep(300000); /* longer than a look at a hold at rest */
    ck_assert_int_eq(group.syncs, 1);
    await_hold(hold, LINK_HOLD_HELD, &view);
    link_hold_view_clear(&view);
    link_hold_gather(hold, false);
    group_await(group.syncs == 2);
    end(hold);
}
END_TEST

START_TEST(more_topics_are_subscribed_to)
{
    struct link_hold_view view;
    struct link_hold *hold = begin(false, NULL);
    await_hold(hold, LINK_HOLD_HELD, &view);
    link_hold_view_clear(&view);
    link_hold_show(hold, &topics); /* nothing new */
    link_held_topics_add(&topics, "u", 1);
    link_hold_show(hold, &topics);
    group_await(group.joins == 2 && group.syncs == 2);
    end(hold);
}
END_TEST

static const struct heard_beat *beat_of(const char *id)
{
    for (int i = 0; i < group.beat_count; i++)
        if (strcmp(group.beats[i].id, id) == 0)
            return &group.beats[i];
    return NULL;
}

START_TEST(phantoms_hold_a_new_group)
{
    struct link_hold_view view;
    struct link_hold *hold = begin(true, NULL);
    await_hold(hold, LINK_HOLD_HELD, &view);
    link_hold_view_clear(&view);
    group_await(beat_of("!isthmus-006") != NULL); /* two, and the reserve */
    ck_assert_ptr_null(beat_of("!isthmus-007"));
    ck_assert_str_eq(beat_of("!isthmus-001")->instance_id, "!isthmus-001");
    ck_assert_str_eq(beat_of("!isthmus-001")->assignor, "range");
    end(hold);
}
END_TEST

START_TEST(phantoms_come_back_under_their_epochs)
{
    struct link_hold_view view;
    json_t *former = json_pack("{s:i, s:i}", "!isthmus-001", 7, "!isthmus-003", 8);
    struct link_hold *hold = begin(true, former);
    json_decref(former);
    await_hold(hold, LINK_HOLD_HELD, &view);
    link_hold_view_clear(&view);
    group_await(beat_of("!isthmus-006") != NULL);
    ck_assert_int_eq(beat_of("!isthmus-001")->epoch, 7);
    ck_assert_int_eq(beat_of("!isthmus-002")->epoch, 0);
    ck_assert_int_eq(beat_of("!isthmus-003")->epoch, 8);
    end(hold);
}
END_TEST

START_TEST(phantoms_that_the_broker_has_forgotten_have_lost_the_hold)
{
    struct link_hold_view view;
    json_t *former = json_pack("{s:i}", "!isthmus-001", 7);
    for (int i = 0; i < 6; i++)
        group_fail(KC_API_CONSUMER_GROUP_HEARTBEAT, KC_KAFKA_UNKNOWN_MEMBER_ID);
    struct link_hold *hold = begin(true, former);
    json_decref(former);
    await_hold(hold, LINK_HOLD_LOST, &view);
    ck_assert_ptr_nonnull(strstr(view.error, "longer than its session"));
    link_hold_view_clear(&view);
    await_hold(hold, LINK_HOLD_HELD, &view);
    link_hold_view_clear(&view);
    end(hold);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("link_hold");
    TCase *tests = tcase_create("link_hold");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_classic_group_is_led);
    tcase_add_test(tests, a_session_is_as_long_as_the_broker_takes);
    tcase_add_test(tests, a_refusal_is_told);
    tcase_add_test(tests, offsets_go_through_the_holder);
    tcase_add_test(tests, members_are_gathered_and_dismissed);
    tcase_add_test(tests, more_topics_are_subscribed_to);
    tcase_add_test(tests, phantoms_hold_a_new_group);
    tcase_add_test(tests, phantoms_come_back_under_their_epochs);
    tcase_add_test(tests, phantoms_that_the_broker_has_forgotten_have_lost_the_hold);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
