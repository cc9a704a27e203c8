/* SPDX-License-Identifier: Apache-2.0 */
/* The process's own metrics, see process_metrics.h. Figures that can't be read are left out. */
#include "metrics/process_metrics.h"

#include "base/file_read.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { STAT_BYTES = 1 << 20 };

static void gauge(struct kc_exposition *exposition, const char *name, const char *help,
                  double value)
{
    kc_exposition_add(exposition, name, KC_METRIC_GAUGE, help, NULL, 0, value);
}

/* A file of /proc; false: there is none, or it is empty. */
static bool read_text(const char *path, struct kc_str *text)
{
    return kc_file_append(text, path, STAT_BYTES) == 0 && text->len > 0;
}

/* Seconds since the epoch at which the system was started; 0: unknown. */
static double boot_time(void)
{
    static const char name[] = "\nbtime ";
    struct kc_str text = {0};
    const char *at = read_text("/proc/stat", &text) ? strstr(text.data, name) : NULL;
    double seconds = at ? strtod(at + sizeof(name) - 1, NULL) : 0;
    kc_str_destroy(&text);
    return seconds;
}

/* Field number of a line of /proc/self/stat, as proc(5) counts them, from behind the name (which
 * may hold anything). */
static double field(const char *behind_name, int number)
{
    for (int i = 3; i < number; i++)
        behind_name += strcspn(behind_name, " ") + (strchr(behind_name, ' ') != NULL);
    return strtod(behind_name, NULL);
}

enum { USER = 14, SYSTEM = 15, THREADS = 20, START = 22, VIRTUAL = 23, RESIDENT = 24 };

/* at: the line of /proc/self/stat, from behind the name. */
static void expose_stat(struct kc_exposition *exposition, const char *at)
{
    double ticks = (double)sysconf(_SC_CLK_TCK);
    kc_exposition_add(exposition, "process_cpu_seconds_total", KC_METRIC_COUNTER,
                      "User and system time that the process has used, in seconds", NULL, 0,
                      (field(at, USER) + field(at, SYSTEM)) / ticks);
    gauge(exposition, "process_resident_memory_bytes", "Resident memory of the process, in bytes",
          field(at, RESIDENT) * (double)sysconf(_SC_PAGESIZE));
    gauge(exposition, "process_virtual_memory_bytes", "Virtual memory of the process, in bytes",
          field(at, VIRTUAL));
    gauge(exposition, "process_threads", "Threads of the process", field(at, THREADS));
    gauge(exposition, "process_start_time_seconds",
          "When the process was started, in seconds since the epoch",
          boot_time() + field(at, START) / ticks);
}

static void expose_files(struct kc_exposition *exposition)
{
    struct rlimit limit;
    double count = -3; /* ".", ".." and the directory itself */
    DIR *directory = opendir("/proc/self/fd");
    if (directory) {
        while (readdir(directory))
            count++;
        closedir(directory);
        gauge(exposition, "process_open_fds", "Open file descriptors of the process", count);
    }
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        gauge(exposition, "process_max_fds", "How many file descriptors the process may open",
              (double)limit.rlim_cur);
}

static void (*_Atomic also)(struct kc_exposition *exposition);

void kc_process_expose_also(void (*expose)(struct kc_exposition *exposition))
{
    also = expose;
}

void kc_process_expose(struct kc_exposition *exposition)
{
    struct kc_str text = {0};
    const char *at = read_text("/proc/self/stat", &text) ? strrchr(text.data, ')') : NULL;
    if (at && strlen(at) > 2)
        expose_stat(exposition, at + 2);
    kc_str_destroy(&text);
    expose_files(exposition);
    void (*expose)(struct kc_exposition *) = also;
    if (expose)
        expose(exposition);
}
