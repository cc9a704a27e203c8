/* SPDX-License-Identifier: Apache-2.0 */
/* Log lines that strangers can cause: at most one of a kind each second. Any thread. */
#ifndef WORKER_GATEWAY_GATEWAY_SAY_PRIV_H
#define WORKER_GATEWAY_GATEWAY_SAY_PRIV_H

#include "connect/log.h"

#include <stdatomic.h>
#include <stdint.h>

/* One kind of line. Zero-initialise. */
struct gateway_say {
    atomic_int_least64_t next_ms;
    atomic_uint silent; /* lines since the last one */
};

/* Writes the line, or counts it for the next one. */
void gateway_say(struct gateway_say *say, struct kc_logger *logger, enum kc_log_level level,
                 const char *fmt, ...) KC_PRINTF(4, 5);

#endif
