/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log's thread: see log_sink.h.
 *
 * Two buffers: one is filled while the other is written. The thread may be stuck in write(2) for
 * ever; it holds no lock there.
 */
#include "base/log_sink.h"

#include "connect/thread.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#define KEPT_BYTES ((size_t)64 << 10) /* of a buffer that was larger for once */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* all that follows */
static pthread_cond_t filled;
static pthread_cond_t emptied;
static pthread_t thread;
static bool started;
static bool ending;
static bool writing;
static int sink_fd = STDERR_FILENO;
static struct kc_str pending;
static size_t dropped;
static void (*describe_dropped)(struct kc_str *line, size_t dropped);

void kc_log_sink_set_fd(int fd)
{
    pthread_mutex_lock(&lock);
    sink_fd = fd;
    pthread_mutex_unlock(&lock);
}

/* Blocks. A failed write can't be logged anywhere. */
static void write_out(int fd, const char *data, size_t len)
{
    while (len) {
        ssize_t n = write(fd, data, len);
        if (n < 0 && errno == EAGAIN) {
            struct pollfd wait = {.fd = fd, .events = POLLOUT};
            poll(&wait, 1, -1);
        } else if (n < 0 && errno != EINTR) {
            return;
        }
        data += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
}

/* Locked. Takes what is pending into out. */
static void take(struct kc_str *out)
{
    struct kc_str empty = *out;
    if (dropped)
        describe_dropped(&pending, dropped);
    dropped = 0;
    kc_str_clear(&empty);
    *out = pending;
    pending = empty;
}

static void *run(void *arg)
{
    struct kc_str out = {0};
    pthread_mutex_lock(&lock);
    for (;;) {
        while (!pending.len && !dropped && !ending)
            pthread_cond_wait(&filled, &lock);
        if (!pending.len && !dropped)
            break;
        take(&out);
        writing = true;
        int fd = sink_fd;
        pthread_mutex_unlock(&lock);
        write_out(fd, out.data, out.len);
        if (out.cap > KEPT_BYTES)
            kc_str_destroy(&out);
        pthread_mutex_lock(&lock);
        writing = false;
        pthread_cond_broadcast(&emptied);
    }
    pthread_mutex_unlock(&lock);
    kc_str_destroy(&out);
    return NULL;
}

struct kc_error *kc_log_sink_start(void (*describe)(struct kc_str *line, size_t dropped))
{
    struct kc_error *err = NULL;
    pthread_mutex_lock(&lock);
    if (!started) {
        pthread_cond_init(&filled, NULL);
        kc_cond_init(&emptied);
        describe_dropped = describe;
        ending = false;
        err = kc_thread_start(&thread, "log", run, NULL);
        started = !err;
    }
    pthread_mutex_unlock(&lock);
    return err;
}

void kc_log_sink_write(const char *lines, size_t len)
{
    pthread_mutex_lock(&lock);
    int fd = sink_fd;
    bool now = !started;
    if (!now && pending.len + len > KC_LOG_SINK_MAX) {
        dropped++;
    } else if (!now) {
        if (!pending.len)
            pthread_cond_signal(&filled);
        kc_str_append_n(&pending, lines, len);
    }
    pthread_mutex_unlock(&lock);
    if (now)
        write_out(fd, lines, len);
}

/* Takes the lock unless its holder is stuck, because the caller may be about to abort. */
static bool lock_until(int64_t deadline_ms)
{
    while (pthread_mutex_trylock(&lock) != 0) {
        if (kc_mono_ms() >= deadline_ms)
            return false;
        usleep(1000);
    }
    return true;
}

bool kc_log_sink_flush(int timeout_ms)
{
    int64_t deadline_ms = kc_mono_ms() + timeout_ms;
    if (!lock_until(deadline_ms))
        return false;
    bool empty = !started;
    while (!empty) {
        empty = !pending.len && !dropped && !writing;
        if (!empty && !kc_cond_wait_until(&emptied, &lock, deadline_ms))
            break;
    }
    pthread_mutex_unlock(&lock);
    return empty;
}

void kc_log_sink_end(int timeout_ms)
{
    bool flushed = kc_log_sink_flush(timeout_ms);
    pthread_mutex_lock(&lock);
    bool end = started && flushed;
    ending = end;
    if (end)
        pthread_cond_signal(&filled);
    pthread_mutex_unlock(&lock);
    if (!end)
        return;
    pthread_join(thread, NULL);
    pthread_mutex_lock(&lock);
    started = false;
    kc_str_destroy(&pending);
    pthread_mutex_unlock(&lock);
}
