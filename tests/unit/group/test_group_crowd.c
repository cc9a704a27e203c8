/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many members of a KIP-848 group through one client: their heartbeats, epochs and commits, against
 * a broker made here.
 */
#include "fake_group.h"

static struct kc_group_crowd *make(struct kc_group_client *client)
{
    struct kc_strings topics = {0};
    struct kc_group_crowd *crowd = NULL;
    kc_strings_add(&topics, "t");
    const struct kc_group_crowd_settings settings = {
        .size = sizeof(settings), .group = "g", .topics = &topics, .assignor = "range"};
    ck_assert_ptr_null(kc_group_crowd_new(client, &settings, &crowd));
    kc_strings_destroy(&topics);
    return crowd;
}

struct tally {
    const char *id;
    enum kc_crowd_state state;
    int epoch; /* of the member with that id */
    size_t partitions;
    int code;
    int count; /* in that state */
};

static void count(void *arg, const struct kc_crowd_member *member)
{
    struct tally *tally = arg;
    tally->count += member->state == tally->state;
    if (!tally->id || strcmp(member->id, tally->id) != 0)
        return;
    tally->epoch = member->epoch;
    tally->partitions = member->partitions;
    tally->code = kc_error_kafka_code(member->error);
}

static struct tally tally_of(struct kc_group_crowd *crowd, enum kc_crowd_state state,
                             const char *id)
{
    struct tally tally = {.id = id, .state = state};
    kc_group_crowd_each(crowd, count, &tally);
    return tally;
}

static void await_state(struct kc_group_crowd *crowd, enum kc_crowd_state state, int members)
{
    int64_t deadline = kc_mono_ms() + PATIENCE_MS;
    while (tally_of(crowd, state, NULL).count != members) {
        ck_assert_int_lt(kc_mono_ms(), deadline);
        usleep(2000);
    }
}

/* The nth heartbeat of a member; NULL: there are fewer. Locked. */
static const struct heard_beat *beat_of(const char *id, int n)
{
    for (int i = 0; i < group.beat_count; i++)
        if (strcmp(group.beats[i].id, id) == 0 && n-- == 0)
            return &group.beats[i];
    return NULL;
}

/* Whether a heartbeat has named so many topics. Locked. */
static bool was_said(int topics)
{
    for (int i = 0; i < group.beat_count; i++)
        if (group.beats[i].topics == topics)
            return true;
    return false;
}

START_TEST(many_join_through_one_connection)
{
    struct kc_group_client *client = group_start();
    struct kc_group_crowd *crowd = make(client);
    char id[16];
    group.member_epoch = 3;
    for (int i = 0; i < 20; i++) {
        snprintf(id, sizeof(id), "!m-%03d", i);
        kc_group_crowd_add(crowd, id, 0);
    }
    await_state(crowd, KC_CROWD_MEMBER, 20);
    struct tally tally = tally_of(crowd, KC_CROWD_MEMBER, "!m-007");
    ck_assert_int_eq(tally.epoch, 3);
    ck_assert_uint_eq(tally.partitions, 2);
    group_await(beat_of("!m-007", 1) != NULL);
    const struct heard_beat *first = beat_of("!m-007", 0), *second = beat_of("!m-007", 1);
    ck_assert_int_eq(first->epoch, 0);
    ck_assert(first->full);
    ck_assert_int_eq(first->owned, 0);
    ck_assert_int_eq(first->topics, 1);
    ck_assert_str_eq(first->assignor, "range");
    ck_assert_int_eq(second->epoch, 3);
    ck_assert(!second->full);
    ck_assert_int_eq(second->owned, -1);
    ck_assert_int_le(group.cluster.brokers[0].count, 2); /* bootstrap, and the coordinator */
    kc_group_crowd_destroy(crowd);
    group_stop(client);
}
END_TEST

START_TEST(a_member_comes_back_with_its_epoch)
{
    struct kc_group_client *client = group_start();
    struct kc_group_crowd *crowd = make(client);
    group.member_epoch = 7;
    kc_group_crowd_add(crowd, "!m", 7);
    await_state(crowd, KC_CROWD_MEMBER, 1);
    ck_assert_int_eq(beat_of("!m", 0)->epoch, 7);
    kc_group_crowd_destroy(crowd);
    ck_assert_int_ne(beat_of("!m", group.beat_count - 1)->epoch, -1); /* it hasn't left */
    group_stop(client);
}
END_TEST

START_TEST(who_is_fenced_joins_anew)
{
    struct kc_group_client *client = group_start();
    struct kc_group_crowd *crowd = make(client);
    group_fail(KC_API_CONSUMER_GROUP_HEARTBEAT, KC_KAFKA_FENCED_MEMBER_EPOCH);
    group_fail(KC_API_CONSUMER_GROUP_HEARTBEAT, KC_KAFKA_FENCED_MEMBER_EPOCH);
    kc_group_crowd_add(crowd, "!m", 7);
    await_state(crowd, KC_CROWD_MEMBER, 1);
    ck_assert_int_eq(beat_of("!m", 0)->epoch, 7);
    ck_assert_int_eq(beat_of("!m", 1)->epoch, 0);
    ck_assert_int_eq(beat_of("!m", 2)->epoch, 0);
    ck_assert(beat_of("!m", 2)->full);
    kc_group_crowd_destroy(crowd);
    group_stop(client);
}
END_TEST

START_TEST(static_members_say_their_instance)
{
    const struct kc_strings none = {0};
    struct kc_group_client *client = group_start();
    struct kc_group_crowd *crowd = NULL;
    const struct kc_group_crowd_settings settings = {
        .size = sizeof(settings), .group = "g", .topics = &none, .static_members = true};
    ck_assert_ptr_null(kc_group_crowd_new(client, &settings, &crowd));
    kc_group_crowd_add(crowd, "!m", 0);
    group_await(beat_of("!m", 1) != NULL);
    ck_assert_str_eq(beat_of("!m", 0)->instance_id, "!m");
    ck_assert_str_eq(beat_of("!m", 1)->instance_id, "!m");
    ck_assert_ptr_null(kc_group_crowd_leave(crowd, PATIENCE_MS));
    ck_assert_int_eq(beat_of("!m", group.beat_count - 1)->epoch, -1);
    ck_assert_str_eq(beat_of("!m", group.beat_count - 1)->instance_id, "!m");
    kc_group_crowd_destroy(crowd);
    group_stop(client);
}
END_TEST

START_TEST(a_change_is_acknowledged)
{
    struct kc_group_client *client = group_start();
    struct kc_group_crowd *crowd = make(client);
    kc_group_crowd_add(crowd, "!m", 0);
    group_await(beat_of("!m", 1) != NULL);
    pthread_mutex_lock(&group.mutex);
    group.revokes = true;
    int from = group.beat_count;
    pthread_mutex_unlock(&group.mutex);
    group_await(!group.revokes && group.beat_count > from + 1);
    int full = 0;
    for (int i = from; i < group.beat_count; i++)
        full += group.beats[i].full && group.beats[i].owned == 0;
    ck_assert_int_eq(full, 1);
    kc_group_crowd_destroy(crowd);
    group_stop(client);
}
END_TEST

START_TEST(a_new_subscription_is_said)
{
    struct kc_strings topics = {0};
    struct kc_group_client *client = group_start();
    struct kc_group_crowd *crowd = make(client);
    kc_group_crowd_add(crowd, "!m", 0);
    await_state(crowd, KC_CROWD_MEMBER, 1);
    kc_strings_add(&topics, "t");
    kc_strings_add(&topics, "u");
    kc_group_crowd_subscribe(crowd, &topics, NULL);
    group_await(was_said(2));
    kc_strings_destroy(&topics);
    kc_group_crowd_destroy(crowd);
    group_stop(client);
}
END_TEST

START_TEST(who_is_refused_has_failed)
{
    struct kc_group_client *client = group_start();
    struct kc_group_crowd *crowd = make(client);
    group_fail(KC_API_CONSUMER_GROUP_HEARTBEAT, KC_KAFKA_UNSUPPORTED_ASSIGNOR);
    kc_group_crowd_add(crowd, "!m", 0);
    await_state(crowd, KC_CROWD_FAILED, 1);
    ck_assert_int_eq(tally_of(crowd, KC_CROWD_FAILED, "!m").code, KC_KAFKA_UNSUPPORTED_ASSIGNOR);
    kc_group_crowd_add(crowd, "!m", 0); /* once more */
    await_state(crowd, KC_CROWD_MEMBER, 1);
    kc_group_crowd_destroy(crowd);
    group_stop(client);
}
END_TEST

START_TEST(a_commit_has_the_newest_epoch)
{
    const struct kc_group_offset offset = {"t", 0, 42, "kept"};
    struct kc_group_client *client = group_start();
    struct kc_group_crowd *crowd = make(client);
    struct kc_error *err = kc_group_crowd_commit(crowd, NULL, &offset, 1, 100, NULL);
    ck_assert_int_eq(kc_error_code(err), KC_ERR_CONFLICT);
    kc_error_destroy(err);
    kc_group_crowd_add(crowd, "!m", 0);
    await_state(crowd, KC_CROWD_MEMBER, 1);
    pthread_mutex_lock(&group.mutex);
    group.member_epoch = 2;
    pthread_mutex_unlock(&group.mutex);
    group_fail(KC_API_OFFSET_COMMIT, KC_KAFKA_STALE_MEMBER_EPOCH);
    ck_assert_ptr_null(kc_group_crowd_commit(crowd, "!m", &offset, 1, PATIENCE_MS, NULL));
    ck_assert_int_eq(group.committed_generation, 2);
    ck_assert_str_eq(group.committed_member, "!m");
    ck_assert_str_eq(group.committed_metadata, "kept");
    ck_assert_int_eq(group.committed_epoch, -1);
    kc_group_crowd_destroy(crowd);
    group_stop(client);
}
END_TEST

START_TEST(all_leave)
{
    struct kc_group_client *client = group_start();
    struct kc_group_crowd *crowd = make(client);
    kc_group_crowd_add(crowd, "!a", 0);
    kc_group_crowd_add(crowd, "!b", 0);
    await_state(crowd, KC_CROWD_MEMBER, 2);
    ck_assert_ptr_null(kc_group_crowd_leave(crowd, PATIENCE_MS));
    await_state(crowd, KC_CROWD_LEFT, 2);
    int left = 0;
    for (int i = 0; i < group.beat_count; i++)
        left += group.beats[i].epoch == -1;
    ck_assert_int_eq(left, 2);
    kc_group_crowd_destroy(crowd);
    group_stop(client);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("group crowd");
    TCase *tests = tcase_create("all");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, many_join_through_one_connection);
    tcase_add_test(tests, a_member_comes_back_with_its_epoch);
    tcase_add_test(tests, who_is_fenced_joins_anew);
    tcase_add_test(tests, static_members_say_their_instance);
    tcase_add_test(tests, a_change_is_acknowledged);
    tcase_add_test(tests, a_new_subscription_is_said);
    tcase_add_test(tests, who_is_refused_has_failed);
    tcase_add_test(tests, a_commit_has_the_newest_epoch);
    tcase_add_test(tests, all_leave);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
