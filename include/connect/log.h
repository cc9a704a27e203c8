/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logging by named logger, as log4j names them.
 *
 * A file declares one logger: `static struct kc_logger log = KC_LOGGER("org.apache.kafka...");`.
 * Code with the role of a Java class of Connect uses that class's name, so that an operator's
 * setting for `org.apache.kafka.connect.runtime` means what it means in Java. Our own parts are
 * org.isthmus.*. The level is looked up by the longest dotted prefix. Any thread may log; the sink
 * is never called with one of our locks held.
 */
#ifndef CONNECT_LOG_H
#define CONNECT_LOG_H

#include "connect/error.h"

#ifdef __cplusplus
#include <atomic>
using std::atomic_int;
using std::atomic_uint;
#else
#include <stdatomic.h>
#endif

KC_API_BEGIN

enum kc_log_level {
    KC_LOG_ALL = 0,
    KC_LOG_TRACE,
    KC_LOG_DEBUG,
    KC_LOG_INFO,
    KC_LOG_WARN,
    KC_LOG_ERROR,
    KC_LOG_FATAL,
    KC_LOG_OFF,
};

/* Never grows. */
struct kc_logger {
    const char *name;
    atomic_int level;       /* effective level, cached */
    atomic_uint generation; /* of the level table that `level` was looked up in; 0 is never */
};
#define KC_LOGGER(logger_name)                                                                     \
    {                                                                                              \
        (logger_name), 0, 0                                                                        \
    }

bool kc_log_enabled(struct kc_logger *logger, enum kc_log_level level);
void kc_log_write(struct kc_logger *logger, enum kc_log_level level, const char *fmt, ...)
    KC_PRINTF(3, 4);

#define KC_LOG_AT(logger, level, ...)                                                              \
    do {                                                                                           \
        if (kc_log_enabled((logger), (level)))                                                     \
            kc_log_write((logger), (level), __VA_ARGS__);                                          \
    } while (0)
#define kc_trace(...)     KC_LOG_AT(&log, KC_LOG_TRACE, __VA_ARGS__)
#define kc_debug(...)     KC_LOG_AT(&log, KC_LOG_DEBUG, __VA_ARGS__)
#define kc_info(...)      KC_LOG_AT(&log, KC_LOG_INFO, __VA_ARGS__)
#define kc_warn(...)      KC_LOG_AT(&log, KC_LOG_WARN, __VA_ARGS__)
#define kc_log_error(...) KC_LOG_AT(&log, KC_LOG_ERROR, __VA_ARGS__)

/* The calling thread's context, as Connect's MDC "connector.context" ("[mm|task-0] "); copied, NULL
 * clears it. Each line that the thread logs carries it. */
void kc_log_set_context(const char *context);

KC_API_END

#endif
