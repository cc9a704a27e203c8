/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the roles: errors to the terminal, log settings, signals. See roles.h. */
#include "roles.h"

#include "base/log_sink.h"
#include "base/logging.h"
#include "connect/thread.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.worker");

int kc_role_fail(struct kc_error *err, enum kc_exit status)
{
    char *line = kc_asprintf("isthmus: %s\n", kc_error_text(err));
    kc_log_sink_write(line, strlen(line));
    free(line);
    kc_error_destroy(err);
    return (int)status;
}

/* ---- log ---- */

/* One item of log.level: "INFO" for the root, or "name=LEVEL". */
static struct kc_error *set_level(const char *item)
{
    const char *equals = strchr(item, '=');
    enum kc_log_level level;
    if (!kc_log_level_parse(equals ? equals + 1 : item, &level))
        return kc_error_new(KC_ERR_CONFIG,
                            "Invalid value %s for configuration log.level: must be a level, or "
                            "name=level, with TRACE, DEBUG, INFO, WARN, ERROR, FATAL or OFF",
                            item);
    char *name = equals ? kc_strndup(item, (size_t)(equals - item)) : kc_strdup("root");
    kc_logging_set_initial(name, level);
    free(name);
    return NULL;
}

struct kc_error *kc_role_logging(const struct kc_map *properties)
{
    const char *format = kc_map_get_or(properties, "log.format", "text");
    struct kc_strings levels = {0};
    struct kc_error *err = NULL;
    bool json = strcmp(format, "json") == 0;
    if (!json && strcmp(format, "text") != 0)
        return kc_error_new(KC_ERR_CONFIG,
                            "Invalid value %s for configuration log.format: String must be one of: "
                            "text, json",
                            format);
    kc_logging_init(json ? KC_LOG_JSON : KC_LOG_TEXT, STDERR_FILENO);
    kc_strings_split(&levels, kc_map_get_or(properties, "log.level", "INFO"));
    for (size_t i = 0; i < levels.count && !err; i++)
        err = set_level(levels.items[i]);
    kc_strings_destroy(&levels);
    return err ? err : kc_logging_start();
}

/* ---- signals ---- */

static pthread_t signal_thread;
static struct kc_herder *const *stopped_herders;
static size_t stopped_count;
static struct kc_stop *stop_to_set;

static void *wait_for_signals(void *arg)
{
    sigset_t stop;
    int number;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    sigaddset(&stop, SIGHUP);
    sigaddset(&stop, SIGUSR2); /* sent by kc_role_signals_end() */
    for (int seen = 0; sigwait(&stop, &number) == 0 && number != SIGUSR2; seen++) {
        if (seen) {
            kc_log_sink_flush(1000);
            _exit(128 + number);
        }
        kc_info("Stopping: %s was received", strsignal(number));
        for (size_t i = 0; i < stopped_count; i++)
            kc_herder_stop(stopped_herders[i]);
        if (stop_to_set)
            kc_stop_set(stop_to_set);
    }
    return NULL;
}

struct kc_error *kc_role_signals_start(struct kc_herder *const *herders, size_t count,
                                       struct kc_stop *stop)
{
    stopped_herders = herders;
    stopped_count = count;
    stop_to_set = stop;
    return kc_thread_start(&signal_thread, "signals", wait_for_signals, NULL);
}

void kc_role_signals_end(void)
{
    pthread_kill(signal_thread, SIGUSR2);
    pthread_join(signal_thread, NULL);
}
