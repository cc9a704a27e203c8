/* SPDX-License-Identifier: Apache-2.0 */
/* The process's own metrics, see process_metrics.h. What can't be read is left out. */
#include "runtime/process_metrics.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static void gauge(struct kc_exposition *exposition, const char *name, const char *help,
                  double value)
{
    kc_exposition_add(exposition, name, KC_METRIC_GAUGE, help, NULL, 0, value);
}

/* Seconds since the epoch at which the system was started; 0: unknown. */
static double boot_time(void)
{
    char line[256];
    unsigned long long seconds = 0;
    FILE *file = fopen("/proc/stat", "re");
    while (file && fgets(line, sizeof(line), file))
        if (sscanf(line, "btime %llu", &seconds) == 1)
            break;
    if (file)
        fclose(file);
    return (double)seconds;
}

static bool read_stat(char *text, size_t size)
{
    FILE *file = fopen("/proc/self/stat", "re");
    if (!file)
        return false;
    size_t len = fread(text, 1, size - 1, file);
    fclose(file);
    text[len] = '\0';
    return len > 0;
}

/* Fields are counted from behind the name, which may hold anything: state is 3. */
static void expose_stat(struct kc_exposition *exposition)
{
    char text[1024];
    unsigned long long user, system, threads, start, virtual_bytes, resident_pages;
    const char *at = read_stat(text, sizeof(text)) ? strrchr(text, ')') : NULL;
    if (!at || sscanf(at + 2,
                      "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %*d %*d %*d %*d %llu "
                      "%*d %llu %llu %llu",
                      &user, &system, &threads, &start, &virtual_bytes, &resident_pages) != 6)
        return;
    double ticks = (double)sysconf(_SC_CLK_TCK);
    kc_exposition_add(exposition, "process_cpu_seconds_total", KC_METRIC_COUNTER,
                      "User and system time that the process has used, in seconds", NULL, 0,
                      (double)(user + system) / ticks);
    gauge(exposition, "process_resident_memory_bytes", "Resident memory of the process, in bytes",
          (double)resident_pages * (double)sysconf(_SC_PAGESIZE));
    gauge(exposition, "process_virtual_memory_bytes", "Virtual memory of the process, in bytes",
          (double)virtual_bytes);
    gauge(exposition, "process_threads", "Threads of the process", (double)threads);
    gauge(exposition, "process_start_time_seconds",
          "When the process was started, in seconds since the epoch",
          boot_time() + (double)start / ticks);
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

void kc_process_expose(struct kc_exposition *exposition)
{
    expose_stat(exposition);
    expose_files(exposition);
}
