/* SPDX-License-Identifier: Apache-2.0 */
/* Characters of each length, and what isn't one. */
#include "base/utf8.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

START_TEST(every_character_comes_back)
{
    for (uint32_t point = 0; point <= 0x10ffff; point++) {
        struct kc_str text = {0};
        size_t size = 0;
        if (point >= 0xd800 && point <= 0xdfff)
            continue;
        kc_utf8_append(&text, point);
        if (kc_utf8_decode(text.data, text.len, &size) != point || size != text.len ||
            kc_utf8_length(text.data, text.len) != text.len)
            ck_abort_msg("U+%04X", point);
        kc_str_destroy(&text);
    }
}
END_TEST

START_TEST(malformed_bytes_stand_for_themselves)
{
    static const char *const cases[] = {
        "\x80",
        "\xbf",
        "\xc0\xaf",
        "\xc1\xbf",
        "\xe0\x9f\xbf",
        "\xed\xa0\x80",
        "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80",
        "\xf5",
        "\xff",
        "\xc3",
        "\xe2\x82",
        "\xc3z",
        "\xf0\x9f\x98\x7f",
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        size_t size = 0;
        ck_assert_uint_eq(kc_utf8_length(cases[i], strlen(cases[i])), 0);
        ck_assert_uint_eq(kc_utf8_decode(cases[i], strlen(cases[i]), &size),
                          (unsigned char)cases[i][0]);
        ck_assert_uint_eq(size, 1);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("utf8");
    TCase *tests = tcase_create("characters");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, every_character_comes_back);
    tcase_add_test(tests, malformed_bytes_stand_for_themselves);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
