/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worker's side of the log: levels by logger name, format and sink.
 *
 * connect/log.h is for code that writes lines. This is for code that configures them: main
 * (settings of the worker file and the environment) and the /admin/loggers resource.
 */
#ifndef WORKER_BASE_LOGGING_H
#define WORKER_BASE_LOGGING_H

#include "connect/log.h"
#include "connect/map.h"

#include <stdint.h>

enum kc_log_format { KC_LOG_TEXT, KC_LOG_JSON };

/* stderr, text, root at INFO until this is called. Lines go to fd. Call before threads start. */
void kc_logging_init(enum kc_log_format format, int fd);

/* From now on lines are written by a thread of their own (base/log_sink.h). */
struct kc_error *kc_logging_start(void) KC_MUST_CHECK;

/* One message of several lines; the items are the lines after the first. Any thread. */
void kc_log_write_list(struct kc_logger *logger, enum kc_log_level level, const char *head,
                       const struct kc_strings *items);

/* "TRACE".."OFF", "ALL", any case; false when it is none of them. */
bool kc_log_level_parse(const char *text, enum kc_log_level *level);
const char *kc_log_level_name(enum kc_log_level level);

/* Sets the level of a namespace ("root", or a dotted name) and of every logger beneath it, as
 * Loggers.setLevel: appends the names affected, sorted, when affected isn't NULL. Any thread. */
void kc_logging_set_level(const char *name, enum kc_log_level level, struct kc_strings *affected);

/* A level from a file or the environment, at the start. Loggers beneath inherit it, and it doesn't
 * count as a change (last_modified stays -1). Any thread. */
void kc_logging_set_initial(const char *name, enum kc_log_level level);

struct kc_log_setting {
    char *name;
    enum kc_log_level level;
    int64_t last_modified_ms; /* -1: never since the start */
};

/* All loggers with a level of their own, root among them, sorted by name; the caller frees with
 * kc_log_settings_destroy(). Any thread. */
size_t kc_logging_settings(struct kc_log_setting **settings);

/* The setting in effect for name; false when no such logger is known (404 in Connect).
 * *last_modified is -1 when never changed. Any thread. */
bool kc_logging_setting(const char *name, enum kc_log_level *level, int64_t *last_modified_ms);
void kc_log_settings_destroy(struct kc_log_setting *settings, size_t count);

/* The context in the calling thread's lines, "" for none; valid until it is set anew. */
const char *kc_log_context(void);

#endif
