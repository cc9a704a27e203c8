/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The destination of log lines: a file descriptor with a thread of its own.
 *
 * A thread that logs never waits for the reader. Lines go into a bounded buffer. Lines that don't
 * fit are counted, and a line in their place tells how many. Before the thread's start and after
 * its end, lines are written at once. Lines keep their order. Any thread.
 */
#ifndef WORKER_BASE_LOG_SINK_H
#define WORKER_BASE_LOG_SINK_H

#include "connect/error.h"
#include "connect/mem.h"

#define KC_LOG_SINK_MAX ((size_t)1 << 20) /* bytes that wait */

void kc_log_sink_set_fd(int fd);

/* Starts the thread; describe appends a whole line that says how many were dropped. A second start
 * does nothing. */
struct kc_error *kc_log_sink_start(void (*describe)(struct kc_str *line,
                                                    size_t dropped)) KC_MUST_CHECK;

/* A whole line, or several. */
void kc_log_sink_write(const char *lines, size_t len);

/* Waits until everything has been written; false: not within timeout_ms. Takes no memory, so it may
 * be called when there is none. */
bool kc_log_sink_flush(int timeout_ms);

/* Flushes, and ends the thread when that succeeds. At the process's end. */
void kc_log_sink_end(int timeout_ms);

#endif
