/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FileStreamSource, the task: follows a file as it grows.
 *
 * The worker calls poll() over and over on the task's thread; stop() may come from any thread and
 * writes to an event that every wait here also waits for. The offset of a record is the position in
 * the file behind its line, in bytes. (Java counts UTF-16 units there and so loses its place in
 * text that isn't ASCII.) A line that has no end yet stays in the buffer.
 */
#include "file_source_priv.h"

#include "connect/log.h"
#include "connect/text.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.file.FileStreamSourceTask");

enum {
    WAIT_MS = 1000,
    READ_SIZE = 64 * 1024,
    LONGEST_LINE = 16 << 20, /* bytes: a file without line ends (/dev/zero) isn't text */
    BATCH_BYTES =
        4 << 20, /* bytes of lines handed over at once, roughly, whatever batch.size says */
};

struct file_source_task {
    struct kc_source_context *context;
    struct kc_config *config;
    const char *file; /* NULL: standard input */
    const char *topic;
    size_t batch_size;
    struct kc_source_partition *partition;
    json_t *no_offset; /* {"position":null}, of standard input */
    int fd;            /* -1: not open yet */
    int stop_event;
    int64_t position;   /* of the buffer's beginning */
    struct kc_str text; /* read, not handed over yet */
    size_t searched;    /* so much of it has no end of line */
    size_t batch_bytes; /* of the lines in the batch that is being made */
};

static void *create(struct kc_source_context *context)
{
    struct file_source_task *task = kc_calloc(1, sizeof(*task));
    task->context = context;
    task->fd = -1;
    task->stop_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return task;
}

static void destroy(void *object)
{
    struct file_source_task *task = object;
    if (!task)
        return;
    if (task->fd > STDIN_FILENO)
        close(task->fd);
    if (task->stop_event >= 0)
        close(task->stop_event);
    kc_source_partition_unref(task->partition);
    json_decref(task->no_offset);
    kc_str_destroy(&task->text);
    kc_config_destroy(task->config);
    free(task);
}

static struct kc_error *start(void *object, const struct kc_map *config)
{
    struct file_source_task *task = object;
    struct kc_error *err = kc_file_source_config(config, &task->config);
    if (err)
        return err;
    if (task->stop_event < 0)
        return kc_error_new(KC_ERR_IO, "Can't make an event to stop the task by: %s",
                            strerror(errno));
    const char *file = kc_config_string(task->config, "file");
    int64_t batch_size = kc_config_long(task->config, "batch.size");
    task->file = file && *file ? file : NULL;
    task->topic = kc_config_string(task->config, "topic");
    task->batch_size = batch_size > 1 ? (size_t)batch_size : 1;
    json_t *map = json_pack("{s:s?}", "filename", task->file);
    task->partition = kc_source_partition_new(map);
    json_decref(map);
    if (!task->file) {
        task->fd = STDIN_FILENO;
        task->no_offset = json_pack("{s:n}", "position");
    }
    return NULL;
}

/* Any thread. */
static void stop(void *object)
{
    const struct file_source_task *task = object;
    uint64_t one = 1;
    ssize_t ignored = write(task->stop_event, &one, sizeof(one));
    (void)ignored;
}

/* Waits for timeout_ms, or until there is something to read from fd (-1: nothing to wait for), or
 * until the task is stopped: false. */
static bool wait_for(const struct file_source_task *task, int fd, int timeout_ms)
{
    struct pollfd fds[] = {{.fd = task->stop_event, .events = POLLIN},
                           {.fd = fd, .events = POLLIN}};
    return poll(fds, 2, timeout_ms) > 0 && !(fds[0].revents & POLLIN) && fds[1].revents;
}

/* ---- opening ---- */

static struct kc_error *find_position(struct file_source_task *task)
{
    json_t *map = kc_source_partition_map(task->partition);
    json_t *offset = NULL;
    struct kc_error *err = kc_source_context_offsets(task->context, &map, 1, &offset);
    if (err)
        return err;
    const json_t *position = json_object_get(offset, "position");
    if (position && !json_is_null(position) && !json_is_integer(position))
        err = kc_error_new(KC_ERR_CONNECT, "Offset position is the incorrect type");
    else
        task->position = json_integer_value(position);
    json_decref(offset);
    return err;
}

static struct kc_error *open_file(struct file_source_task *task)
{
    int fd = open(task->file, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        kc_warn("Couldn't find file %s for FileStreamSourceTask, sleeping to wait for it to be "
                "created",
                task->file);
        wait_for(task, -1, WAIT_MS);
        return NULL;
    }
    if (fd < 0)
        return kc_error_new(KC_ERR_CONNECT, "Error while trying to open file %s: %s", task->file,
                            strerror(errno));
    struct kc_error *err = find_position(task);
    if (!err && task->position && lseek(fd, task->position, SEEK_SET) < 0)
        err = kc_error_new(KC_ERR_CONNECT,
                           "Error while trying to seek to previous offset in file %s: %s",
                           task->file, strerror(errno));
    if (err) {
        close(fd);
        return err;
    }
    task->fd = fd;
    kc_debug("Opened %s for reading", task->file);
    return NULL;
}

/* ---- lines ---- */

/* Finds the line at begin: its length and where the one after it begins. A '\r' at the very end may
 * be half of "\r\n": not a line yet. */
static bool find_line(struct file_source_task *task, size_t begin, size_t *len, size_t *next)
{
    const struct kc_str *text = &task->text;
    for (size_t i = task->searched > begin ? task->searched : begin; i < text->len; i++) {
        bool carriage = text->data[i] == '\r';
        if (text->data[i] != '\n' && !carriage)
            continue;
        task->searched = i;
        if (carriage && i + 1 == text->len)
            return false;
        *len = i - begin;
        *next = i + (carriage && text->data[i + 1] == '\n' ? 2 : 1);
        return true;
    }
    task->searched = text->len;
    return false;
}

static void add_record(const struct file_source_task *task, struct kc_batch *batch,
                       const char *line, size_t len)
{
    struct kc_record *record = kc_batch_add(batch);
    const struct kc_record *first = kc_batch_at(batch, 0);
    const char *bytes = len ? kc_batch_dup(batch, line, len) : "";
    size_t text_len;
    const char *text = kc_utf8_text(kc_batch_arena(batch), bytes, len, &text_len);
    record->topic =
        first->topic ? first->topic : kc_batch_dup(batch, task->topic, strlen(task->topic) + 1);
    record->timestamp = kc_now_ms();
    record->value_schema = kc_schema_simple(KC_TYPE_STRING, false);
    record->value = kc_value_string(text, text_len);
    record->source_partition = task->partition;
    if (task->no_offset) {
        record->source_offset.map = task->no_offset;
        kc_batch_own_json(batch, task->no_offset);
    } else {
        record->source_offset =
            (struct kc_source_offset){.field = "position", .number = task->position};
    }
}

static bool is_full(const struct file_source_task *task, const struct kc_batch *batch)
{
    return batch && (kc_batch_count(batch) >= task->batch_size || task->batch_bytes >= BATCH_BYTES);
}

/* Moves whole lines from the buffer to *batch, which is made when there is one. */
static void take_lines(struct file_source_task *task, struct kc_batch **batch)
{
    size_t begin = 0;
    size_t len;
    size_t next;
    while (!is_full(task, *batch) && find_line(task, begin, &len, &next)) {
        if (!*batch)
            *batch = kc_batch_new(task->batch_size < 256 ? task->batch_size : 256);
        task->position += (int64_t)(next - begin);
        task->batch_bytes += next - begin;
        add_record(task, *batch, task->text.data + begin, len);
        begin = next;
    }
    task->text.len -= begin;
    task->searched -= task->searched < begin ? task->searched : begin;
    memmove(task->text.data, task->text.data + begin, task->text.len);
}

/* Reads the bytes that are there now; false: there are none. */
static bool read_more(struct file_source_task *task, struct kc_error **err)
{
    char data[READ_SIZE];
    if (!task->file && !wait_for(task, task->fd, 0))
        return false;
    ssize_t size = read(task->fd, data, sizeof(data));
    if (size < 0 && errno != EINTR && errno != EAGAIN)
        *err = kc_error_new(KC_ERR_CONNECT, "Can't read %s: %s",
                            task->file ? task->file : "standard input", strerror(errno));
    if (size <= 0)
        return false;
    if (!kc_str_try_reserve(&task->text, (size_t)size)) {
        *err =
            kc_error_memory(task->text.len + (size_t)size,
                            "Can't read the line at offset %lld "
                            "of %s",
                            (long long)task->position, task->file ? task->file : "standard input");
        return false;
    }
    kc_str_append_n(&task->text, data, (size_t)size);
    return true;
}

static struct kc_error *check_line(const struct file_source_task *task)
{
    if (task->text.len <= LONGEST_LINE)
        return NULL;
    return kc_error_new(KC_ERR_CONNECT,
                        "The line at offset %lld of %s is longer than %d bytes, the most that a "
                        "line may have; is it a text file?",
                        (long long)task->position, task->file ? task->file : "standard input",
                        LONGEST_LINE);
}

static struct kc_error *poll_lines(void *object, struct kc_batch **batch)
{
    struct file_source_task *task = object;
    struct kc_error *err = NULL;
    *batch = NULL;
    task->batch_bytes = 0;
    if (task->fd < 0)
        err = open_file(task);
    if (err || task->fd < 0)
        return err;
    if (task->text.len)
        take_lines(task, batch);
    while (!err && !is_full(task, *batch) && read_more(task, &err)) {
        take_lines(task, batch);
        if (!*batch)
            err = check_line(task);
    }
    if (!err && !*batch)
        wait_for(task, -1, WAIT_MS);
    return err;
}

const struct kc_source_task_ops kc_file_source_task = {
    .create = create,
    .start = start,
    .poll = poll_lines,
    .stop = stop,
    .destroy = destroy,
};
