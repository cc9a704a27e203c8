/* SPDX-License-Identifier: Apache-2.0 */
/* How the programs of test_linking_*.py give up: with the line, or the text, that says why. */
#ifndef TESTS_CLUSTER_LINKING_CHECK_H
#define TESTS_CLUSTER_LINKING_CHECK_H

#include "connect/error.h"

#include <stdio.h>
#include <stdlib.h>

#define PATIENCE 60000 /* ms */

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "line %d: %s\n", __LINE__, #condition);                                \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

/* Ends with the error's text, if there is one. */
static inline void ok(struct kc_error *err)
{
    if (!err)
        return;
    fprintf(stderr, "%s\n", kc_error_text(err));
    exit(1);
}

static inline void fine(const char *why)
{
    if (!why)
        return;
    fprintf(stderr, "%s\n", why);
    exit(1);
}

#endif
