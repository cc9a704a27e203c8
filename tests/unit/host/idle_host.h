/* SPDX-License-Identifier: Apache-2.0 */
/* A host for tests that drive a task themselves: its thread never runs. */
#ifndef TESTS_UNIT_RUNTIME_IDLE_HOST_H
#define TESTS_UNIT_RUNTIME_IDLE_HOST_H

#include "host/task_host.h"

#include <check.h>

static inline void no_wake(void *opaque)
{
}

static void must(struct kc_error *err)
{
    ck_assert_msg(!err, "%s", err ? kc_error_trace(err) : "");
}

static struct kc_error *nothing(void *impl)
{
    return NULL;
}

static void ignore(void *impl)
{
}

static const struct kc_task_kind idle_kind = {
    .start = nothing,
    .execute = nothing,
    .close = ignore,
    .wake = ignore,
    .cancel = ignore,
    .destroy = ignore,
};

#endif
