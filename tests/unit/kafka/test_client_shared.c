/* SPDX-License-Identifier: Apache-2.0 */
/* Which admins are one client beneath. */
#include "connect/kafka.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct kc_map *properties(const char *id)
{
    struct kc_map *map = kc_map_new();
    kc_map_set(map, "bootstrap.servers", "127.0.0.1:1");
    kc_map_set(map, "client.id", id);
    return map;
}

/* Takes map. */
static struct kc_admin *make(struct kc_map *map)
{
    struct kc_admin *admin = NULL;
    struct kc_error *err = kc_admin_new(map, &admin);
    ck_assert_msg(!err, "%s", err ? kc_error_text(err) : "");
    kc_map_destroy(map);
    return admin;
}

START_TEST(admins_that_differ_in_their_id_share)
{
    struct kc_admin *first = make(properties("a")), *second = make(properties("b"));
    rd_kafka_t *client = kc_admin_client(first);
    ck_assert_ptr_eq(client, kc_admin_client(second));
    kc_admin_destroy(first);
    ck_assert_ptr_nonnull(strstr(rd_kafka_name(kc_admin_client(second)), "a#"));
    kc_admin_destroy(second);
}
END_TEST

START_TEST(other_settings_make_another_client)
{
    struct kc_map *other = properties("a");
    kc_map_set(other, "request.timeout.ms", "5000");
    struct kc_admin *first = make(properties("a")), *second = make(other);
    ck_assert_ptr_ne(kc_admin_client(first), kc_admin_client(second));
    kc_admin_destroy(first);
    kc_admin_destroy(second);
}
END_TEST

START_TEST(a_renewed_file_makes_another_client)
{
    char path[] = "/tmp/isthmus-client-shared-XXXXXX";
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    struct kc_admin *admins[3];
    for (int i = 0; i < 3; i++) {
        struct kc_map *map = properties("a");
        kc_map_set(map, "some.store.location", path);
        if (i == 2)
            ck_assert_int_eq(write(fd, "new", 3), 3);
        admins[i] = make(map);
    }
    ck_assert_ptr_eq(kc_admin_client(admins[0]), kc_admin_client(admins[1]));
    ck_assert_ptr_ne(kc_admin_client(admins[0]), kc_admin_client(admins[2]));
    for (int i = 0; i < 3; i++)
        kc_admin_destroy(admins[i]);
    close(fd);
    unlink(path);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("client_shared");
    TCase *tests = tcase_create("sharing");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, admins_that_differ_in_their_id_share);
    tcase_add_test(tests, other_settings_make_another_client);
    tcase_add_test(tests, a_renewed_file_makes_another_client);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
