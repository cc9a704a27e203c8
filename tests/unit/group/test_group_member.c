/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A member of a classic group that deals by itself: what it sends to the coordinator, what its user
 * hears, and what each answer makes of the membership. Against a broker made here.
 */
#include "fake_group.h"

#include <dirent.h>

static struct {
    int assigns, assigned;
    int generation;
    bool leads;
    char assignment[64];
    bool refuses; /* to assign */
} user;

static struct kc_error *assign(void *opaque, struct kc_group_round *round)
{
    user.assigns++;
    if (user.refuses)
        return kc_error_new(KC_ERR_CONNECT, "no picture yet");
    for (size_t i = 0; i < kc_group_round_count(round); i++)
        if (kc_group_round_is_self(round, i))
            kc_group_round_give(round, i, "all", 3);
    return NULL;
}

static void assigned(void *opaque, const struct kc_group_assigned *told)
{
    user.assigned++;
    user.generation = told->generation;
    user.leads = told->leads;
    snprintf(user.assignment, sizeof(user.assignment), "%.*s", (int)told->assignment_len,
             (const char *)told->assignment);
}

static struct kc_group_member *make(struct kc_group_client *client, const char *instance_id)
{
    static const struct kc_group_protocol protocols[] = {{"range", "r", 1}, {"sticky", "s", 1}};
    const struct kc_group_member_ops ops = {
        .size = sizeof(ops), .assign = assign, .assigned = assigned};
    const struct kc_group_member_settings settings = {
        .size = sizeof(settings),
        .group = "g",
        .instance_id = instance_id,
        .protocols = protocols,
        .protocol_count = 2,
        .heartbeat_interval_ms = 50,
    };
    struct kc_group_member *member = NULL;
    ck_assert_ptr_null(kc_group_member_new(client, &settings, &ops, NULL, &member));
    return member;
}

static void poll_until_assigned(struct kc_group_member *member, int times)
{
    int64_t deadline = kc_mono_ms() + PATIENCE_MS;
    while (user.assigned < times) {
        ck_assert_ptr_null(kc_group_member_poll(member, 20));
        ck_assert_int_lt(kc_mono_ms(), deadline);
    }
}

static int commit(struct kc_group_member *member, struct kc_error **errors)
{
    const struct kc_group_offset offsets[] = {{"a", 0, 7, "meta"}, {"a", 1, 8, NULL}};
    struct kc_error *err = kc_group_member_commit(member, offsets, 2, PATIENCE_MS, errors);
    int code = kc_error_kafka_code(err);
    kc_error_destroy(err);
    return code;
}

START_TEST(a_leader_gives_what_it_wants)
{
    group.others[0] = "other-1";
    struct kc_group_client *client = group_start();
    struct kc_group_member *member = make(client, NULL);
    poll_until_assigned(member, 1);
    ck_assert_int_eq(group.joins, 2); /* the first is told its id */
    ck_assert_int_eq(user.assigns, 1);
    ck_assert(user.leads);
    ck_assert_int_eq(user.generation, 1);
    ck_assert_str_eq(user.assignment, "all");
    ck_assert_int_eq(group.given_count, 2);
    ck_assert_str_eq(group.given[0], "all");
    ck_assert_str_eq(group.given[1], "");
    ck_assert_str_eq(group.protocol, "range");
    kc_group_member_destroy(member);
    ck_assert_int_eq(group.leaves, 0);
    group_stop(client);
}
END_TEST

START_TEST(a_rebalance_is_joined)
{
    struct kc_group_client *client = group_start();
    struct kc_group_member *member = make(client, NULL);
    poll_until_assigned(member, 1);
    group_fail(KC_API_HEARTBEAT, KC_KAFKA_REBALANCE_IN_PROGRESS);
    poll_until_assigned(member, 2);
    ck_assert_int_eq(user.generation, 2);
    group_fail(KC_API_HEARTBEAT, KC_KAFKA_UNKNOWN_MEMBER_ID);
    poll_until_assigned(member, 3);
    kc_group_member_rejoin(member, NULL, 0, "a new partition");
    poll_until_assigned(member, 4);
    ck_assert_int_eq(user.assigns, 4);
    kc_group_member_destroy(member);
    group_stop(client);
}
END_TEST

START_TEST(a_static_member_takes_over)
{
    group.skip_assignment = true;
    struct kc_group_client *client = group_start();
    struct kc_group_member *member = make(client, "holder");
    poll_until_assigned(member, 1);
    ck_assert_int_eq(group.joins, 1);
    ck_assert_str_eq(group.instance_id, "holder");
    ck_assert_int_eq(user.assigns, 0); /* the group keeps what it has */
    ck_assert(user.leads);
    group.instance_id[0] = '\0';
    kc_group_member_leave(member, "done");
    ck_assert_int_eq(group.leaves, 1);
    ck_assert_str_eq(group.instance_id, "holder");
    ck_assert_str_eq(group.member_id, "member-1");
    kc_group_member_destroy(member);
    group_stop(client);
}
END_TEST

START_TEST(a_poll_ends_while_a_join_waits)
{
    struct kc_group_client *client = group_start();
    struct kc_group_member *member = make(client, "holder");
    group.hold_join = true;
    for (int i = 0; i < 3; i++) {
        int64_t begun = kc_mono_ms();
        ck_assert_ptr_null(kc_group_member_poll(member, 30));
        ck_assert_int_lt(kc_mono_ms() - begun, PATIENCE_MS / 2);
    }
    ck_assert_int_eq(user.assigned, 0);
    kc_group_member_wakeup(member);
    struct kc_error *err = kc_group_member_poll(member, PATIENCE_MS);
    ck_assert_int_eq(kc_error_code(err), KC_ERR_WAKEUP);
    kc_error_destroy(err);
    pthread_mutex_lock(&group.mutex);
    group.hold_join = false;
    pthread_cond_broadcast(&group.changed);
    pthread_mutex_unlock(&group.mutex);
    poll_until_assigned(member, 1);
    ck_assert_int_eq(group.joins, 1);
    kc_group_member_destroy(member);
    group_stop(client);
}
END_TEST

/* Its request stays at the broker, and needs nothing of it any more. */
START_TEST(a_member_goes_while_its_join_waits)
{
    struct kc_group_client *client = group_start();
    struct kc_group_member *member = make(client, "holder");
    group.hold_join = true;
    ck_assert_ptr_null(kc_group_member_poll(member, 30));
    kc_group_member_destroy(member);
    pthread_mutex_lock(&group.mutex);
    group.hold_join = false;
    pthread_cond_broadcast(&group.changed);
    pthread_mutex_unlock(&group.mutex);
    group_await(group.joins == 1);
    group_stop(client);
}
END_TEST

START_TEST(what_is_final_is_told)
{
    static const int codes[] = {KC_KAFKA_GROUP_AUTHORIZATION_FAILED, KC_KAFKA_FENCED_INSTANCE_ID,
                                KC_KAFKA_INVALID_SESSION_TIMEOUT};
    struct kc_group_client *client = group_start();
    struct kc_group_member *member = make(client, "holder");
    for (size_t i = 0; i < 3; i++) {
        group_fail(KC_API_JOIN_GROUP, codes[i]);
        struct kc_error *err = kc_group_member_poll(member, PATIENCE_MS);
        ck_assert_int_eq(kc_error_kafka_code(err), codes[i]);
        ck_assert(!kc_error_retriable(err));
        kc_error_destroy(err);
    }
    user.refuses = true;
    struct kc_error *err = kc_group_member_poll(member, PATIENCE_MS);
    ck_assert_str_eq(kc_error_text(err), "no picture yet");
    kc_error_destroy(err);
    user.refuses = false;
    poll_until_assigned(member, 1); /* polling again tries again */
    kc_group_member_destroy(member);
    group_stop(client);
}
END_TEST

START_TEST(a_fenced_holder_hears_of_it)
{
    struct kc_group_client *client = group_start();
    struct kc_group_member *member = make(client, "holder");
    poll_until_assigned(member, 1);
    group_fail(KC_API_HEARTBEAT, KC_KAFKA_FENCED_INSTANCE_ID);
    struct kc_error *err = NULL;
    int64_t deadline = kc_mono_ms() + PATIENCE_MS;
    while (!err && kc_mono_ms() < deadline)
        err = kc_group_member_poll(member, 20);
    ck_assert_int_eq(kc_error_kafka_code(err), KC_KAFKA_FENCED_INSTANCE_ID);
    kc_error_destroy(err);
    kc_group_member_destroy(member);
    group_stop(client);
}
END_TEST

START_TEST(commits_are_the_members)
{
    struct kc_error *errors[2];
    struct kc_group_client *client = group_start();
    struct kc_group_member *member = make(client, "holder");
    ck_assert_int_eq(commit(member, errors), KC_KAFKA_REBALANCE_IN_PROGRESS);
    ck_assert_int_eq(group.commits, 0);
    poll_until_assigned(member, 1);
    ck_assert_int_eq(commit(member, errors), 0);
    ck_assert_str_eq(group.committed_member, "member-1");
    ck_assert_str_eq(group.instance_id, "holder");
    ck_assert_int_eq(group.committed_generation, 1);
    ck_assert_int_eq(group.committed_epoch, -1);
    ck_assert_int_eq(group.committed_offset, 8);
    group_fail(KC_API_OFFSET_COMMIT, KC_KAFKA_NOT_COORDINATOR); /* is looked for again */
    ck_assert_int_eq(commit(member, NULL), 0);
    group_fail(KC_API_OFFSET_COMMIT, KC_KAFKA_UNKNOWN_MEMBER_ID);
    ck_assert_int_eq(commit(member, errors), KC_KAFKA_UNKNOWN_MEMBER_ID);
    group_fail(KC_API_OFFSET_COMMIT, KC_KAFKA_OFFSET_METADATA_TOO_LARGE);
    ck_assert_int_eq(commit(member, errors), 0);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(kc_error_kafka_code(errors[i]), KC_KAFKA_OFFSET_METADATA_TOO_LARGE);
        kc_error_destroy(errors[i]);
    }
    kc_group_member_destroy(member);
    group_stop(client);
}
END_TEST

START_TEST(heartbeats_confirm)
{
    struct kc_group_client *client = group_start();
    struct kc_group_member *member = make(client, NULL);
    poll_until_assigned(member, 1);
    int64_t since = kc_mono_ms(), deadline = since + PATIENCE_MS;
    while (!kc_group_member_confirmed(member, since)) {
        ck_assert_int_lt(kc_mono_ms(), deadline);
        usleep(2000);
    }
    ck_assert_int_gt(group.heartbeats, 0);
    kc_group_member_destroy(member);
    group_stop(client);
}
END_TEST

/* Threads of this process that have the name. */
static int threads_called(const char *name)
{
    DIR *tasks = opendir("/proc/self/task");
    struct dirent *entry;
    int count = 0;
    ck_assert_ptr_nonnull(tasks);
    while ((entry = readdir(tasks))) {
        char path[300], text[32] = "";
        snprintf(path, sizeof(path), "/proc/self/task/%s/comm", entry->d_name);
        FILE *file = fopen(path, "r");
        if (file && fgets(text, sizeof(text), file))
            count += strncmp(text, name, strlen(name)) == 0;
        if (file)
            fclose(file);
    }
    closedir(tasks);
    return count;
}

START_TEST(one_thread_sends_all_heartbeats)
{
    enum { MEMBERS = 5 };
    struct kc_group_client *client = group_start();
    struct kc_group_member *members[MEMBERS];
    for (int i = 0; i < MEMBERS; i++) {
        members[i] = make(client, NULL);
        poll_until_assigned(members[i], i + 1);
    }
    ck_assert_int_eq(threads_called("group-heartbeat"), 1);
    int before = group.heartbeats;
    kc_group_member_destroy(members[0]); /* from the middle of its rounds */
    int64_t deadline = kc_mono_ms() + PATIENCE_MS;
    while (group.heartbeats < before + 3 * MEMBERS) {
        ck_assert_int_lt(kc_mono_ms(), deadline);
        usleep(2000);
    }
    for (int i = 1; i < MEMBERS; i++)
        kc_group_member_destroy(members[i]);
    group_stop(client);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("group member");
    TCase *tests = tcase_create("all");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_leader_gives_what_it_wants);
    tcase_add_test(tests, a_rebalance_is_joined);
    tcase_add_test(tests, a_static_member_takes_over);
    tcase_add_test(tests, a_poll_ends_while_a_join_waits);
    tcase_add_test(tests, a_member_goes_while_its_join_waits);
    tcase_add_test(tests, what_is_final_is_told);
    tcase_add_test(tests, a_fenced_holder_hears_of_it);
    tcase_add_test(tests, commits_are_the_members);
    tcase_add_test(tests, heartbeats_confirm);
    tcase_add_test(tests, one_thread_sends_all_heartbeats);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
