/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Log levels by name, and the line format: see logging.h and connect/log.h.
 *
 * Levels live in one table under a lock; a logger caches its level together with the table's
 * generation, so that a disabled line costs two atomic loads. A line is built outside any lock and
 * written with one write(2), so that lines of several threads never mix.
 */
#include "base/logging.h"

#include "connect/java_json.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#define uthash_fatal(msg) abort()
#include <uthash.h>

struct level_entry {
    char *name;
    enum kc_log_level level;
    int64_t last_modified_ms;
    bool known_only; /* a logger that was seen, without a level of its own */
    UT_hash_handle hh;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct level_entry *levels;
static enum kc_log_level root_level = KC_LOG_INFO;
static int64_t root_modified_ms = -1;
static atomic_uint table_generation = 1;
static enum kc_log_format log_format = KC_LOG_TEXT;
static int log_fd = STDERR_FILENO;
static _Thread_local char context_text[160];

static const char *const level_names[] = {"ALL",  "TRACE", "DEBUG", "INFO",
                                          "WARN", "ERROR", "FATAL", "OFF"};

void kc_logging_init(enum kc_log_format format, int fd)
{
    log_format = format;
    log_fd = fd;
}

bool kc_log_level_parse(const char *text, enum kc_log_level *level)
{
    for (size_t i = 0; i < sizeof(level_names) / sizeof(level_names[0]); i++) {
        if (strcasecmp(text, level_names[i]) == 0) {
            *level = (enum kc_log_level)i;
            return true;
        }
    }
    return false;
}

const char *kc_log_level_name(enum kc_log_level level)
{
    return level_names[level];
}

static struct level_entry *find_n(const char *name, size_t len)
{
    struct level_entry *entry = NULL;
    HASH_FIND(hh, levels, name, len, entry);
    return entry;
}

static struct level_entry *find_or_add(const char *name)
{
    struct level_entry *entry = find_n(name, strlen(name));
    if (entry)
        return entry;
    entry = kc_calloc(1, sizeof(*entry));
    entry->name = kc_strdup(name);
    entry->known_only = true;
    entry->last_modified_ms = -1;
    HASH_ADD_KEYPTR(hh, levels, entry->name, strlen(entry->name), entry);
    return entry;
}

/* The entry whose level is in force for name: the longest dotted prefix; NULL for root. With the
 * lock. */
static struct level_entry *effective(const char *name)
{
    for (size_t len = strlen(name); len > 0;) {
        struct level_entry *entry = find_n(name, len);
        if (entry && !entry->known_only)
            return entry;
        while (len > 0 && name[len - 1] != '.')
            len--;
        if (len > 0)
            len--;
    }
    return NULL;
}

static void refresh(struct kc_logger *logger, unsigned generation)
{
    pthread_mutex_lock(&mutex);
    struct level_entry *entry = effective(logger->name);
    enum kc_log_level level = entry ? entry->level : root_level;
    find_or_add(logger->name);
    pthread_mutex_unlock(&mutex);
    atomic_store_explicit(&logger->level, (int)level, memory_order_relaxed);
    atomic_store_explicit(&logger->generation, generation, memory_order_release);
}

bool kc_log_enabled(struct kc_logger *logger, enum kc_log_level level)
{
    unsigned generation = atomic_load_explicit(&table_generation, memory_order_acquire);
    if (atomic_load_explicit(&logger->generation, memory_order_acquire) != generation)
        refresh(logger, generation);
    return (int)level >= atomic_load_explicit(&logger->level, memory_order_relaxed);
}

void kc_log_set_context(const char *context)
{
    snprintf(context_text, sizeof(context_text), "%s", context ? context : "");
}

static void format_text(struct kc_str *line, const char *name, enum kc_log_level level,
                        const char *message, const struct timespec *now)
{
    struct tm parts;
    char stamp[32];
    localtime_r(&now->tv_sec, &parts);
    strftime(stamp, sizeof(stamp), "%Y-%m-%d %H:%M:%S", &parts);
    kc_str_appendf(line, "[%s,%03ld] %s ", stamp, now->tv_nsec / 1000000, level_names[level]);
    kc_str_append(line, context_text);
    kc_str_append(line, message);
    kc_str_appendf(line, " (%s)\n", name);
}

static void format_json(struct kc_str *line, const char *name, enum kc_log_level level,
                        const char *message, const struct timespec *now)
{
    struct tm parts;
    char stamp[32];
    gmtime_r(&now->tv_sec, &parts);
    strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &parts);
    kc_str_appendf(line, "{\"time\":\"%s.%03ldZ\",\"level\":\"%s\",\"logger\":", stamp,
                   now->tv_nsec / 1000000, level_names[level]);
    kc_json_write_string(line, name, strlen(name));
    if (context_text[0]) {
        kc_str_append(line, ",\"context\":");
        kc_json_write_string(line, context_text, strlen(context_text));
    }
    kc_str_append(line, ",\"message\":");
    kc_json_write_string(line, message, strlen(message));
    kc_str_append(line, "}\n");
}

/* A message is one line: what comes from outside can't forge another. */
static void escape_control(char *message)
{
    for (char *c = message; *c; c++)
        if ((unsigned char)*c < 0x20 && *c != '\t' && *c != '\n')
            *c = '?';
}

void kc_log_write(struct kc_logger *logger, enum kc_log_level level, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *message = kc_vasprintf(fmt, args);
    va_end(args);
    escape_control(message);
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    struct kc_str line = {0};
    (log_format == KC_LOG_JSON ? format_json : format_text)(&line, logger->name, level, message,
                                                            &now);
    ssize_t written = write(log_fd, line.data, line.len);
    (void)written; /* a log that can't be written has nowhere to say so */
    kc_str_destroy(&line);
    free(message);
}

/* ---- levels ---- */

static bool beneath(const char *name, const char *space)
{
    size_t len = strlen(space);
    return strncmp(name, space, len) == 0 && (name[len] == '.' || name[len] == '\0');
}

static void set_root(enum kc_log_level level, int64_t now, struct kc_strings *affected)
{
    root_level = level;
    root_modified_ms = now;
    for (struct level_entry *entry = levels; entry; entry = entry->hh.next) {
        entry->level = level;
        entry->last_modified_ms = now;
        entry->known_only = false;
        if (affected)
            kc_strings_add(affected, entry->name);
    }
    if (affected)
        kc_strings_add(affected, "root");
}

void kc_logging_set_level(const char *name, enum kc_log_level level, struct kc_strings *affected)
{
    int64_t now = kc_now_ms();
    pthread_mutex_lock(&mutex);
    if (strcmp(name, "root") == 0) {
        set_root(level, now, affected);
    } else {
        find_or_add(name);
        for (struct level_entry *entry = levels; entry; entry = entry->hh.next) {
            if (!beneath(entry->name, name))
                continue;
            entry->level = level;
            entry->last_modified_ms = now;
            entry->known_only = false;
            if (affected)
                kc_strings_add(affected, entry->name);
        }
    }
    if (affected)
        kc_strings_sort(affected);
    atomic_fetch_add(&table_generation, 1);
    pthread_mutex_unlock(&mutex);
}

void kc_logging_set_initial(const char *name, enum kc_log_level level)
{
    pthread_mutex_lock(&mutex);
    if (strcmp(name, "root") == 0) {
        root_level = level;
    } else {
        struct level_entry *entry = find_or_add(name);
        entry->level = level;
        entry->known_only = false;
    }
    atomic_fetch_add(&table_generation, 1);
    pthread_mutex_unlock(&mutex);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct kc_log_setting *)a)->name,
                  ((const struct kc_log_setting *)b)->name);
}

size_t kc_logging_settings(struct kc_log_setting **settings)
{
    pthread_mutex_lock(&mutex);
    struct kc_log_setting *list = kc_calloc(HASH_COUNT(levels) + 1, sizeof(*list));
    size_t count = 0;
    list[count++] = (struct kc_log_setting){kc_strdup("root"), root_level, root_modified_ms};
    for (struct level_entry *entry = levels; entry; entry = entry->hh.next)
        if (!entry->known_only)
            list[count++] = (struct kc_log_setting){kc_strdup(entry->name), entry->level,
                                                    entry->last_modified_ms};
    pthread_mutex_unlock(&mutex);
    qsort(list, count, sizeof(*list), by_name);
    *settings = list;
    return count;
}

bool kc_logging_setting(const char *name, enum kc_log_level *level, int64_t *last_modified_ms)
{
    pthread_mutex_lock(&mutex);
    bool is_root = strcmp(name, "root") == 0;
    struct level_entry *own = find_n(name, strlen(name));
    struct level_entry *entry = effective(name);
    *level = entry && !is_root ? entry->level : root_level;
    *last_modified_ms = is_root ? root_modified_ms : own ? own->last_modified_ms : -1;
    pthread_mutex_unlock(&mutex);
    return is_root || own;
}

void kc_log_settings_destroy(struct kc_log_setting *settings, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(settings[i].name);
    free(settings);
}
