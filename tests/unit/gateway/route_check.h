/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of a gateway's routing share: how they run. */
#ifndef TESTS_UNIT_GATEWAY_ROUTE_CHECK_H
#define TESTS_UNIT_GATEWAY_ROUTE_CHECK_H

#include "base/run_suite.h"

#define RUN_TESTS(name, ...)                                                                       \
    int main(void)                                                                                 \
    {                                                                                              \
        const TTest *const tests[] = {__VA_ARGS__};                                                \
        return run_suite(name, tests, sizeof(tests) / sizeof(tests[0]), 60);                       \
    }

/* set_up and tear_down go around each. */
#define RUN_TESTS_WITH(name, set_up, tear_down, ...)                                               \
    int main(void)                                                                                 \
    {                                                                                              \
        const TTest *const tests[] = {__VA_ARGS__};                                                \
        return run_suite_with(name, tests, sizeof(tests) / sizeof(tests[0]), 60, set_up,           \
                              tear_down);                                                          \
    }

#endif
