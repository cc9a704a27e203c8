/* SPDX-License-Identifier: Apache-2.0 */
/* Going into the background as kafka-run-class.sh does: see daemon_mode.h. */
#include "daemon_mode.h"

#include "connect/mem.h"
#include "roles.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* $LOG_DIR, else the logs beside the script's bin. Owned by the caller. */
static char *log_directory(const char *script)
{
    const char *given = getenv("LOG_DIR");
    if (given && *given)
        return kc_strdup(given);
    const char *slash = strrchr(script, '/');
    if (!slash)
        return kc_strdup("logs");
    return kc_asprintf("%.*s/../logs", (int)(slash - script), script);
}

static int open_output(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0)
        fprintf(stderr,
                "isthmus: can't write %s: %s. Set LOG_DIR to a directory that this user may write "
                "to\n",
                path, strerror(errno));
    return fd;
}

static void detach(int output)
{
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    setsid();
    if (nothing >= 0)
        dup2(nothing, STDIN_FILENO);
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    close(nothing);
    close(output);
}

bool kc_daemon_mode(const char *script, const char *name, int *status)
{
    char *directory = log_directory(script);
    char *path = kc_asprintf("%s/%s.out", directory, name);
    mkdir(directory, 0755); /* or it is there; if not, the file tells */
    int output = open_output(path);
    pid_t child = output < 0 ? -1 : fork();
    if (output >= 0 && child < 0)
        fprintf(stderr, "isthmus: can't go into the background: %s\n", strerror(errno));
    if (child == 0)
        detach(output);
    else if (output >= 0)
        close(output);
    free(directory);
    free(path);
    *status = child > 0 ? KC_EXIT_OK : KC_EXIT_ERROR;
    return child == 0;
}
