/* SPDX-License-Identifier: Apache-2.0 */
/* Names of headers with zero bytes on their way through records. */
#include "source/header_name_priv.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *bytes;
    size_t len;
    const char *text;
} names[] = {
    {"", 0, ""},
    {"trace", 5, "trace"},
    {"\0", 1, "\xc0\x80"},
    {"a\0b", 3,
     "a\xc0\x80"
     "b"},
    {"\0\0x", 3, "\xc0\x80\xc0\x80x"},
    {"x\0", 2, "x\xc0\x80"},
    {"\xc3\xa4", 2, "\xc3\xa4"},
};

START_TEST(a_name_comes_back_as_it_was)
{
    struct kc_arena *arena = kc_arena_new(256);
    struct kc_header_name name;

    const char *text = kc_header_name_read(arena, names[_i].bytes, names[_i].len);
    ck_assert_str_eq(text, names[_i].text);
    kc_header_name_open(&name, text);
    ck_assert_uint_eq(name.len, names[_i].len);
    ck_assert_mem_eq(name.data, names[_i].bytes, name.len);
    kc_header_name_close(&name);
    kc_arena_destroy(arena);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("header_name");
    TCase *tcase = tcase_create("zero bytes");
    SRunner *runner = srunner_create(suite);

    tcase_add_loop_test(tcase, a_name_comes_back_as_it_was, 0, sizeof(names) / sizeof(*names));
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
