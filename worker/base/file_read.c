/* SPDX-License-Identifier: Apache-2.0 */
/* Reading files: see file_read.h. */
#include "base/file_read.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int kc_fd_append(struct kc_str *text, int fd, size_t max)
{
    char buffer[16384];
    kc_str_append(text, "");
    for (;;) {
        ssize_t got = read(fd, buffer, sizeof(buffer));
        if (got == 0)
            return 0;
        if (got < 0 && errno != EINTR)
            return errno;
        if (got > 0 && text->len + (size_t)got > max)
            return EFBIG;
        if (got > 0)
            kc_str_append_n(text, buffer, (size_t)got);
    }
}

int kc_file_append(struct kc_str *text, const char *path, size_t max)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    int code = kc_fd_append(text, fd, max);
    close(fd);
    return code;
}
