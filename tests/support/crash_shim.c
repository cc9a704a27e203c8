/* SPDX-License-Identifier: Apache-2.0 */
/* For LD_PRELOAD: kills a process at one of the requests by which it changes something at a broker.
 * Built and used by crash_points.py.
 *
 *     CRASH_LOG=FILE       a line is added for each such request: its name, which of that name it
 *                          is in this process, its client
 *     CRASH_AT=NAME-N      the process is killed at the Nth of that name (unset: at none)
 *     CRASH_WHEN=before    instead of sending it; "after": when the broker has had time to act on
 *                          it, and nobody has seen the answer
 *     CRASH_CLIENT=TEXT    counts only requests whose client id has it
 *     CRASH_TARGETS=LIST   TEXT=WORD,...: a request that has TEXT has WORD in its name
 *
 * A request is named by what it is, and by the first of its targets: "CreateTopics:mirror". Records
 * of the state topic are counted one by one, also where a request has several. Their names say what
 * resource they are of, and which state or wish it gets: "topic=LINKING", "lease".
 *
 * It sees what is written to sockets in plain text: frames of Kafka's protocol, told by their
 * header. A frame may be written in pieces; its first 8 KiB are looked at. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
    FDS = 65536,
    HEAD = 8192,     /* bytes of a frame that are looked at */
    HEADER = 14,     /* size, API, version, correlation, length of the client id */
    NAME = 64,       /* bytes of a name */
    NAMES = 256,     /* different ones in a process */
    ACT_US = 150000, /* for the broker to act */
};

/* Requests that change something. */
static const struct api {
    int key;
    const char *name;
} apis[] = {
    {0, "Produce"},
    {8, "OffsetCommit"},
    {11, "JoinGroup"},
    {13, "LeaveGroup"},
    {14, "SyncGroup"},
    {19, "CreateTopics"},
    {20, "DeleteTopics"},
    {21, "DeleteRecords"},
    {22, "InitProducerId"},
    {24, "AddPartitionsToTxn"},
    {26, "EndTxn"},
    {27, "WriteTxnMarkers"},
    {30, "CreateAcls"},
    {31, "DeleteAcls"},
    {37, "CreatePartitions"},
    {44, "IncrementalAlterConfigs"},
    {68, "ConsumerGroupHeartbeat"},
};

/* A socket. Its bytes are counted from its connection on. */
static struct stream {
    enum { UNKNOWN, OTHER, KAFKA } kind;
    int64_t written;
    int64_t next; /* frame that wasn't looked at yet: what is written in part is handed in again */
} streams[FDS];

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct name {
    char text[NAME];
    int count;
} names[NAMES];

static const char *setting(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

static const struct api *api_of(int key)
{
    for (size_t i = 0; i < sizeof(apis) / sizeof(*apis); i++)
        if (apis[i].key == key)
            return &apis[i];
    return NULL;
}

static int number_at(const uint8_t *bytes, size_t size)
{
    uint32_t value = 0;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | bytes[i];
    return size == 2 ? (int16_t)value : (int32_t)value;
}

/* A connection whose first frame asks for versions is Kafka's. */
static bool begins_kafka(const uint8_t *head, size_t len)
{
    return len >= HEADER && number_at(head, 4) > 0 && number_at(head, 4) < 4096 &&
           number_at(head + 4, 2) == 18 && number_at(head + 6, 2) >= 0 &&
           number_at(head + 6, 2) < 16;
}

/* ---- a request ---- */

/* Some bytes of a frame, up to its end or to the end of what is looked at. */
struct span {
    const char *at;
    size_t len;
};

static bool has(struct span span, const char *text)
{
    return memmem(span.at, span.len, text, strlen(text));
}

/* What comes behind the first such text; false: it isn't there. */
static bool skip(struct span *span, const char *text)
{
    const char *found = memmem(span->at, span->len, text, strlen(text));
    if (!found)
        return false;
    found += strlen(text);
    span->len -= (size_t)(found - span->at);
    span->at = found;
    return true;
}

static struct span up_to(struct span span, const char *text)
{
    const char *found = memmem(span.at, span.len, text, strlen(text));
    return found ? (struct span){span.at, (size_t)(found - span.at)} : span;
}

static void note(const char *name, int count, struct span client)
{
    char line[512];
    int fd = open(getenv("CRASH_LOG"), O_WRONLY | O_CREAT | O_APPEND, 0644);
    int len = snprintf(line, sizeof(line), "%s %d %.*s\n", name, count, (int)client.len, client.at);
    if (fd >= 0 && len > 0) {
        dprintf(fd, "%.*s", len, line);
        close(fd);
    }
}

/* Another one of this name. True: the process is to be killed at it. The lock is held. */
static bool is_the_point(const char *text, struct span client)
{
    char point[NAME + 16];
    const char *at = setting("CRASH_AT");
    struct name *name = names;
    while (name < names + NAMES - 1 && *name->text && strcmp(name->text, text) != 0)
        name++;
    snprintf(name->text, NAME, "%s", text);
    note(text, ++name->count, client);
    snprintf(point, sizeof(point), "%s-%d", text, name->count);
    return at && strcmp(at, point) == 0;
}

static void name_by_target(const struct api *api, struct span frame, char *name)
{
    char list[1024], *rest = NULL;
    snprintf(name, NAME, "%s", api->name);
    snprintf(list, sizeof(list), "%s", setting("CRASH_TARGETS") ? setting("CRASH_TARGETS") : "");
    for (char *text = strtok_r(list, ",", &rest); text; text = strtok_r(NULL, ",", &rest)) {
        char *word = strchr(text, '=');
        if (!word)
            continue;
        *word++ = '\0';
        if (has(frame, text)) {
            snprintf(name, NAME, "%s:%s", api->name, word);
            return;
        }
    }
}

#define STATE_TOPIC "isthmus-link-state"
#define KEY         "{\"link\":\"" /* how the key of a record of the state topic begins */

/* Of the record whose key has begun. */
static void name_by_record(struct span record, char *name)
{
    skip(&record, "\",\"");
    struct span kind = up_to(record, "\""), state = up_to(record, KEY);
    bool is_state = skip(&state, "\"state\":\"") || skip(&state, "\"wish\":\"");
    state = up_to(state, "\"");
    snprintf(name, NAME, "%.*s%s%.*s", (int)kind.len, kind.at, is_state ? "=" : "",
             is_state ? (int)state.len : 0, state.at);
}

/* True: the process is to be killed at it. The lock is held. */
static bool is_the_end(const uint8_t *head, size_t len)
{
    const struct api *api = api_of(number_at(head + 4, 2));
    int client_len = number_at(head + 12, 2);
    if (!api || client_len < 0 || HEADER + (size_t)client_len > len)
        return false;
    struct span client = {(const char *)head + HEADER, (size_t)client_len};
    struct span frame = {client.at + client.len, len - HEADER - client.len};
    char name[NAME];
    bool is_state = has(frame, STATE_TOPIC) && has(frame, KEY), end = false;
    if (setting("CRASH_CLIENT") && !has(client, setting("CRASH_CLIENT")))
        return false;
    if (!is_state) {
        name_by_target(api, frame, name);
        return is_the_point(name, client);
    }
    while (skip(&frame, KEY)) {
        name_by_record(frame, name);
        end |= is_the_point(name, client);
    }
    return end;
}

/* ---- a write ---- */

/* Copies bytes from an offset on; how many there were. */
static size_t copy_from(const struct iovec *parts, int n, size_t offset, uint8_t *to, size_t most)
{
    size_t copied = 0;
    for (int i = 0; i < n && copied < most; i++) {
        if (offset >= parts[i].iov_len) {
            offset -= parts[i].iov_len;
            continue;
        }
        size_t some = parts[i].iov_len - offset;
        some = some < most - copied ? some : most - copied;
        memcpy(to + copied, (const uint8_t *)parts[i].iov_base + offset, some);
        copied += some;
        offset = 0;
    }
    return copied;
}

static size_t size_of(const struct iovec *parts, int n)
{
    size_t size = 0;
    for (int i = 0; i < n; i++)
        size += parts[i].iov_len;
    return size;
}

/* Whether one of the frames that begin in what is to be written is the one. */
static bool has_the_end(struct stream *stream, const struct iovec *parts, int n)
{
    uint8_t head[HEAD];
    int64_t size = (int64_t)size_of(parts, n);
    if (stream->kind == UNKNOWN)
        stream->kind = begins_kafka(head, copy_from(parts, n, 0, head, HEAD)) ? KAFKA : OTHER;
    while (stream->kind == KAFKA && stream->next < stream->written + size) {
        size_t at = (size_t)(stream->next - stream->written);
        size_t len = copy_from(parts, n, at, head, HEAD);
        if (len < HEADER) {
            stream->kind = OTHER; /* never seen: heads are written in one piece */
            return false;
        }
        int64_t frame = 4 + (int64_t)number_at(head, 4);
        if (is_the_end(head, frame < (int64_t)len ? (size_t)frame : len))
            return true;
        stream->next += frame;
    }
    return false;
}

static void end_process(void)
{
    kill(getpid(), SIGKILL);
}

/* Returns whether to kill once it is written. */
static bool look(int fd, const struct iovec *parts, int n)
{
    if (fd < 0 || fd >= FDS || !setting("CRASH_LOG"))
        return false;
    pthread_mutex_lock(&lock);
    bool end = has_the_end(&streams[fd], parts, n);
    const char *when = setting("CRASH_WHEN");
    if (end && !(when && strcmp(when, "after") == 0))
        end_process();
    pthread_mutex_unlock(&lock);
    return end;
}

static ssize_t finish(int fd, bool end, ssize_t written)
{
    if (written > 0 && fd < FDS)
        streams[fd].written += written;
    if (end) {
        usleep(ACT_US);
        end_process();
    }
    return written;
}

/* ---- libc's ---- */

int connect(int fd, __CONST_SOCKADDR_ARG address, socklen_t len)
{
    int (*next)(int, __CONST_SOCKADDR_ARG, socklen_t) = dlsym(RTLD_NEXT, "connect");
    if (fd >= 0 && fd < FDS)
        streams[fd] = (struct stream){UNKNOWN, 0, 0};
    return next(fd, address, len);
}

ssize_t write(int fd, const void *data, size_t size)
{
    ssize_t (*next)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");
    const struct iovec part = {(void *)data, size};
    bool end = look(fd, &part, 1);
    return finish(fd, end, next(fd, data, size));
}

ssize_t writev(int fd, const struct iovec *parts, int n)
{
    ssize_t (*next)(int, const struct iovec *, int) = dlsym(RTLD_NEXT, "writev");
    bool end = look(fd, parts, n);
    return finish(fd, end, next(fd, parts, n));
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    ssize_t (*next)(int, const struct msghdr *, int) = dlsym(RTLD_NEXT, "sendmsg");
    bool end = look(fd, message->msg_iov, (int)message->msg_iovlen);
    return finish(fd, end, next(fd, message, flags));
}
