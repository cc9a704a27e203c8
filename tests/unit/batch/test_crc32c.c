/* SPDX-License-Identifier: Apache-2.0 */
/* CRCs that follow from others, against those of the bytes themselves. */
#include "batch/crc32c_priv.h"

#include "base/run_suite.h"

#include <string.h>

#define MOST ((size_t)1 << 20)

static uint8_t bytes[MOST + 64];

static void set_up(void)
{
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * 167 + (i >> 8));
}

START_TEST(known_values)
{
    ck_assert_uint_eq(kc_crc32c("", 0), 0);
    ck_assert_uint_eq(kc_crc32c("123456789", 9), 0xe3069283); /* RFC 3720's polynomial */
}
END_TEST

/* Lengths around each power of two. */
#define FOR_EACH_LENGTH(len)                                                                       \
    for (size_t power = 1; power <= MOST; power *= 2)                                              \
        for (size_t len = power - 1; len <= power + 1 && len <= MOST; len++)

START_TEST(two_are_joined)
{
    const uint32_t first = kc_crc32c(bytes, 61);

    FOR_EACH_LENGTH(len)
    ck_assert_uint_eq(kc_crc32c_joined(first, kc_crc32c(bytes + 61, len), len),
                      kc_crc32c(bytes, 61 + len));
}
END_TEST

START_TEST(a_change_before_other_bytes_is_amended)
{
    FOR_EACH_LENGTH(len)
    {
        const uint32_t before = kc_crc32c(bytes, 40 + len);
        uint8_t old[32];

        memcpy(old, bytes + 8, sizeof(old));
        memset(bytes + 8, (int)len, sizeof(old));
        ck_assert_uint_eq(kc_crc32c_changed(before, old, bytes + 8, sizeof(old), len),
                          kc_crc32c(bytes, 40 + len));
        memcpy(bytes + 8, old, sizeof(old));
    }
}
END_TEST

START_TEST(lengths_beyond_four_gigabytes_add_up)
{
    const size_t step = ((size_t)1 << 31) - 5;
    uint32_t many = 0x12345678;

    for (int i = 0; i < 7; i++)
        many = kc_crc32c_joined(many, 0, step);
    ck_assert_uint_eq(many, kc_crc32c_joined(0x12345678, 0, 7 * step));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {known_values, two_are_joined,
                                  a_change_before_other_bytes_is_amended,
                                  lengths_beyond_four_gigabytes_add_up};

    return run_suite_with("crc32c", tests, sizeof(tests) / sizeof(*tests), 60, set_up, NULL);
}
