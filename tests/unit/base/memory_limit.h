/* SPDX-License-Identifier: Apache-2.0 */
/* A limit on the memory of this process, which is one test's own: Check forks for each. */
#ifndef TESTS_UNIT_BASE_MEMORY_LIMIT_H
#define TESTS_UNIT_BASE_MEMORY_LIMIT_H

#include "connect/mem.h"

#include <check.h>
#include <stdio.h>
#include <sys/resource.h>

/* Leaves so many bytes from now on. False under a sanitizer, whose shadow has no room under a
 * limit: there is nothing to test then. */
static inline bool leave_memory(size_t bytes)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return false;
#else
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fscanf(file, "%lu", &pages), 1);
    fclose(file);
    size_t all = pages * 4096 + bytes;
    struct rlimit limit = {all, all};
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &limit), 0);
    return true;
#endif
}

#endif
