/* SPDX-License-Identifier: Apache-2.0 */
/* Files of each size that matters, and those that can't be read. */
#include "base/file_read.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[] = "/tmp/file_read.XXXXXX";

static void set_up(void)
{
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
}

static void tear_down(void)
{
    unlink(path);
}

static void write_bytes(size_t len)
{
    char *bytes = kc_calloc(1, len + 1);
    memset(bytes, 'x', len);
    FILE *file = fopen(path, "we");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, len, file), len);
    fclose(file);
    free(bytes);
}

START_TEST(files_up_to_the_limit_are_read_whole)
{
    static const size_t sizes[] = {0, 1, 16384, 16385, 100000};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        struct kc_str text = {0};
        write_bytes(sizes[i]);
        ck_assert_int_eq(kc_file_append(&text, path, 100000), 0);
        ck_assert_ptr_nonnull(text.data);
        ck_assert_uint_eq(text.len, sizes[i]);
        ck_assert_uint_eq(strlen(text.data), sizes[i]);
        kc_str_destroy(&text);
    }
}
END_TEST

START_TEST(larger_files_and_no_files_are_refused)
{
    struct kc_str text = {0};
    write_bytes(100001);
    ck_assert_int_eq(kc_file_append(&text, path, 100000), EFBIG);
    ck_assert_int_eq(kc_file_append(&text, "/no/such/file", 100000), ENOENT);
    ck_assert_int_eq(kc_file_append(&text, "/", 100000), EISDIR);
    kc_str_destroy(&text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("file_read");
    TCase *tests = tcase_create("files");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, files_up_to_the_limit_are_read_whole);
    tcase_add_test(tests, larger_files_and_no_files_are_refused);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
