/* SPDX-License-Identifier: Apache-2.0 */
/* The error of a request that another worker has to answer, and where that worker is. */
#ifndef WORKER_BASE_WRONG_TARGET_H
#define WORKER_BASE_WRONG_TARGET_H

#include "connect/error.h"

/* KC_ERR_WRONG_TARGET: url is the worker to forward to, copied; NULL: unknown. */
struct kc_error *kc_error_wrong_target_new(const char *url, const char *fmt, ...) KC_PRINTF(2, 3);
/* The worker to forward to, borrowed from err; NULL: unknown. */
const char *kc_error_url(const struct kc_error *err);

#endif
