/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Log levels by name, and the line format: see logging.h and connect/log.h.
 *
 * Levels live in one table under a lock; a logger caches its level together with the table's
 * generation, so that a disabled line costs two atomic loads. A line is built outside any lock and
 * handed to the sink whole, so that lines of several threads never mix. Outside text in a message
 * can't end the line or control a terminal; this is ensured here and nowhere else.
 */
#include "base/logging.h"

#include "base/log_sink.h"
#include "connect/hash.h"
#include "connect/java_json.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

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
static _Thread_local char context_text[160];

static const char *const level_names[] = {"ALL",  "TRACE", "DEBUG", "INFO",
                                          "WARN", "ERROR", "FATAL", "OFF"};

void kc_logging_init(enum kc_log_format format, int fd)
{
    log_format = format;
    kc_log_sink_set_fd(fd);
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

/* The entry that decides the level of name: the longest dotted prefix; NULL for root. With the
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

/* ---- outside text ---- */

/* The length of the control character at text in UTF-8: C0 except the tab, DEL, C1, and the line
 * and paragraph separators; 0: it is none. */
static size_t control_length(const unsigned char *text)
{
    if ((text[0] < 0x20 && text[0] != '\t') || text[0] == 0x7f)
        return 1;
    if (text[0] == 0xc2 && text[1] >= 0x80 && text[1] <= 0x9f)
        return 2;
    return text[0] == 0xe2 && text[1] == 0x80 && (text[2] == 0xa8 || text[2] == 0xa9) ? 3 : 0;
}

static void append_escape(struct kc_str *out, const unsigned char *text, size_t len)
{
    unsigned point = len == 1 ? text[0] : len == 2 ? text[1] : 0x2000U | (text[2] & 0x3fU);
    if (point == '\n')
        kc_str_append(out, "\\n");
    else if (point == '\r')
        kc_str_append(out, "\\r");
    else
        kc_str_appendf(out, "\\u%04x", point);
}

/* Line breaks at the end are left out. */
static void append_escaped(struct kc_str *out, const char *message)
{
    size_t len = strlen(message);
    while (len && message[len - 1] == '\n')
        len--;
    for (size_t i = 0; i < len;) {
        const unsigned char *at = (const unsigned char *)message + i;
        size_t control = control_length(at);
        if (control)
            append_escape(out, at, control);
        else
            kc_str_append_char(out, message[i]);
        i += control ? control : 1;
    }
}

/* ---- lines ---- */

void kc_log_set_context(const char *context)
{
    struct kc_str escaped = {0};
    append_escaped(&escaped, context ? context : "");
    snprintf(context_text, sizeof(context_text), "%s", escaped.data ? escaped.data : "");
    kc_str_destroy(&escaped);
}

const char *kc_log_context(void)
{
    return context_text;
}

/* message is fit to be written. */
static void write_line(const char *name, enum kc_log_level level, const char *message)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    struct kc_str line = {0};
    (log_format == KC_LOG_JSON ? format_json : format_text)(&line, name, level, message, &now);
    kc_log_sink_write(line.data, line.len);
    kc_str_destroy(&line);
}

void kc_log_write(struct kc_logger *logger, enum kc_log_level level, const char *fmt, ...)
{
    struct kc_str escaped = {0};
    va_list args;
    va_start(args, fmt);
    char *message = kc_vasprintf(fmt, args);
    va_end(args);
    append_escaped(&escaped, message);
    write_line(logger->name, level, escaped.data ? escaped.data : "");
    kc_str_destroy(&escaped);
    free(message);
}

void kc_log_write_list(struct kc_logger *logger, enum kc_log_level level, const char *head,
                       const struct kc_strings *items)
{
    struct kc_str message = {0};
    append_escaped(&message, head);
    for (size_t i = 0; i < items->count; i++) {
        kc_str_append(&message, "\n\t");
        append_escaped(&message, items->items[i]);
    }
    write_line(logger->name, level, message.data ? message.data : "");
    kc_str_destroy(&message);
}

/* ---- the sink ---- */

static void describe_dropped(struct kc_str *line, size_t count)
{
    static const char name[] = "org.isthmus.log";
    char message[120];
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(message, sizeof(message),
             "%zu log line(s) were dropped here, because the reader of the log was too slow",
             count);
    (log_format == KC_LOG_JSON ? format_json : format_text)(line, name, KC_LOG_WARN, message, &now);
}

struct kc_error *kc_logging_start(void)
{
    return kc_log_sink_start(describe_dropped);
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
