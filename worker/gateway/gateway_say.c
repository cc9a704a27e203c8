/* SPDX-License-Identifier: Apache-2.0 */
/* See gateway_say_priv.h. */
#include "gateway/gateway_say_priv.h"

#include "connect/mem.h"

#include <stdarg.h>
#include <stdlib.h>

#define EACH_MS 1000

void gateway_say(struct gateway_say *say, struct kc_logger *logger, enum kc_log_level level,
                 const char *fmt, ...)
{
    const int64_t now = kc_mono_ms();
    int_least64_t next = atomic_load(&say->next_ms);
    va_list args;

    if (now < next || !atomic_compare_exchange_strong(&say->next_ms, &next, now + EACH_MS)) {
        atomic_fetch_add(&say->silent, 1);
        return;
    }
    const unsigned int silent = atomic_exchange(&say->silent, 0);
    va_start(args, fmt);
    char *line = kc_vasprintf(fmt, args);
    va_end(args);
    if (silent)
        KC_LOG_AT(logger, level, "%s (and %u more such lines)", line, silent);
    else
        KC_LOG_AT(logger, level, "%s", line);
    free(line);
}
