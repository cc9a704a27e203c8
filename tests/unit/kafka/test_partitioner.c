/* SPDX-License-Identifier: Apache-2.0 */
/* Keys are placed as Java's producer places them; the hashes are those of Java's UtilsTest. */
#include "kafka/partitioner.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *key;
    int32_t hash;
} known[] = {
    {"21", -973932308},
    {"foobar", -790332482},
    {"a-little-bit-long-string", -985981536},
    {"a-little-bit-longer-string", -1486304829},
    {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
    {"abc", 479470107},
};

START_TEST(partitions_are_java_s)
{
    static const int32_t counts[] = {1, 25, INT32_MAX};
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
        for (size_t k = 0; k < sizeof(counts) / sizeof(*counts); k++)
            ck_assert_int_eq(kc_partition_for_key(known[i].key, strlen(known[i].key), counts[k]),
                             (known[i].hash & INT32_MAX) % counts[k]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("partitioner");
    TCase *tests = tcase_create("all");
    tcase_add_test(tests, partitions_are_java_s);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
