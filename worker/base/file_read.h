/* SPDX-License-Identifier: Apache-2.0 */
/* A file as a text. The caller words what went wrong. Any thread. */
#ifndef WORKER_BASE_FILE_READ_H
#define WORKER_BASE_FILE_READ_H

#include "connect/mem.h"

/* Appends the file at path to text, whose data isn't NULL afterwards. 0, or errno; EFBIG: text
 * would have more than max bytes. */
int kc_file_append(struct kc_str *text, const char *path, size_t max);

/* The same for the unread rest of fd, which stays open. */
int kc_fd_append(struct kc_str *text, int fd, size_t max);

#endif
