/* SPDX-License-Identifier: Apache-2.0 */
/* Admin calls to a cluster whose only broker is out of service when they begin. */
#define FAKE_CONNECTIONS 200 /* librdkafka makes new ones while there is no broker */
#include "kafka/admin_priv.h"
#include "wire/fake_broker.h"
#include "wire/messages_admin.h"

enum { PATIENCE_MS = 30000 };

static struct fakes cluster;

static bool answer(struct fake *fake, int asked, int api, const void *request, void *response,
                   struct kc_arena *arena)
{
    const struct kc_create_topics_request *from = request;
    struct kc_create_topics_response *to = response;

    (void)fake;
    (void)asked;
    ck_assert_int_eq(api, KC_API_CREATE_TOPICS);
    KC_WIRE_LIST_NEW(arena, &to->topics, kc_create_topics_response_topic, 1);
    to->topics.items[0].name = kc_wire_str_copy(arena, from->topics.items[0].name.data);
    return true;
}

/* Comes back into service once it has been asked so often that nobody asks because of news. */
static void *come_back(void *arg)
{
    struct fake *fake = arg;
    int64_t end = kc_mono_ms() + PATIENCE_MS / 2;
    int seen = -1, now;

    while (seen != (now = atomic_load(&fake->asked[KC_API_METADATA])) && kc_mono_ms() < end) {
        seen = now;
        usleep(700000);
    }
    atomic_store(&cluster.fenced, false);
    return NULL;
}

static struct kc_admin *begin(pthread_t *thread)
{
    struct kc_admin *admin = NULL;

    cluster.answer = answer;
    atomic_store(&cluster.leader, -1);
    atomic_store(&cluster.fenced, true);
    fake_start(&cluster, 1, true);
    struct kc_map *settings = fakes_settings(&cluster, "100");
    ck_assert_ptr_null(kc_admin_new(settings, &admin));
    kc_map_destroy(settings);
    kc_admin_set_timeout(admin, PATIENCE_MS);
    ck_assert_int_eq(pthread_create(thread, NULL, come_back, &cluster.brokers[0]), 0);
    return admin;
}

static void end(struct kc_admin *admin, pthread_t thread)
{
    pthread_join(thread, NULL);
    kc_admin_destroy(admin);
    fakes_stop(&cluster);
}

START_TEST(a_controller_that_comes_back_is_found)
{
    const struct kc_new_topic topic = {"made", 1, 1, NULL};
    struct kc_error *of_topic = NULL;
    pthread_t thread;
    struct kc_admin *admin = begin(&thread);
    struct kc_error *err = kc_admin_create_topics(admin, &topic, 1, &of_topic);

    ck_assert_msg(!err, "%s", kc_error_text(err));
    ck_assert_ptr_null(of_topic);
    end(admin, thread);
}
END_TEST

START_TEST(a_cluster_that_comes_back_says_who_it_is)
{
    pthread_t thread;
    struct kc_admin *admin = begin(&thread);
    char *id = NULL;
    struct kc_error *err = kc_admin_cluster_id(admin, &id);

    ck_assert_msg(!err, "%s", kc_error_text(err));
    ck_assert_str_eq(id, "fake");
    free(id);
    end(admin, thread);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("admin_client");
    TCase *tcase = tcase_create("service");

    tcase_set_timeout(tcase, 3 * PATIENCE_MS / 1000);
    tcase_add_test(tcase, a_controller_that_comes_back_is_found);
    tcase_add_test(tcase, a_cluster_that_comes_back_says_who_it_is);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
