/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Offsets in a file, for standalone workers: FileOffsetBackingStore, in its own format, so that a
 * Java worker can take the file back.
 *
 * The file is written whole: beside itself, synced, renamed. Whatever goes wrong, either the old
 * file or the new one is there. Owner and mode stay. If the folder doesn't allow that, the file is
 * overwritten in place. Any thread; save_lock makes changes and their saving one thing.
 */
#include "base/file_read.h"
#include "connect/log.h"
#include "storage/offset_store_priv.h"
#include "storage/offset_table_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.storage.FileOffsetBackingStore");

#define MAX_FILE (1 << 30)

struct file_store {
    struct kc_offset_store base;
    char *path;
    struct kc_offset_table *table;
    pthread_mutex_t save_lock;
    bool told_in_place; /* with the lock */
};

/* ---- reading ---- */

static struct kc_error *file_error(const char *doing, const char *path)
{
    return kc_error_new(KC_ERR_IO, "%s the offset file %s failed: %s", doing, path,
                        strerror(errno));
}

static void on_pair(void *opaque, const struct kc_serial_pair *pair)
{
    kc_offset_table_put(opaque, pair->key, pair->key_len, pair->value, pair->value_len);
}

static struct kc_error *read_all(const char *path, int fd, struct kc_str *data)
{
    int code = kc_fd_append(data, fd, MAX_FILE);
    if (code == EFBIG)
        return kc_error_new(KC_ERR_IO, "The offset file %s is larger than 1 GiB", path);
    errno = code;
    return code ? file_error("Reading", path) : NULL;
}

static struct kc_error *load(struct file_store *store, int fd)
{
    struct kc_str data = {0};
    struct kc_error *err = read_all(store->path, fd, &data);
    /* An empty file is what touch makes; Java takes it for no offsets, too. */
    if (!err && data.len)
        err = kc_serial_read(data.data, data.len, on_pair, store->table);
    if (err && kc_error_code(err) == KC_ERR_DATA)
        err =
            kc_error_prefix(err,
                            "The offset file %s is damaged or of another program; move it away to "
                            "start without offsets",
                            store->path);
    kc_str_destroy(&data);
    return err;
}

static struct kc_error *file_start(struct kc_offset_store *base, const atomic_bool *cancel)
{
    struct file_store *store = (struct file_store *)base;
    kc_info("Starting FileOffsetBackingStore with file %s", store->path);
    int fd = open(store->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return NULL;
    if (fd < 0)
        return file_error("Opening", store->path);
    struct kc_error *err = load(store, fd);
    close(fd);
    return err;
}

/* ---- writing ---- */

static struct kc_error *write_all(const char *path, int fd, const struct kc_str *data)
{
    for (size_t at = 0; at < data->len;) {
        ssize_t n = write(fd, data->data + at, data->len - at);
        if (n < 0 && errno != EINTR)
            return file_error("Writing", path);
        at += n > 0 ? (size_t)n : 0;
    }
    /* A device or pipe has nothing to sync. */
    return fsync(fd) && errno != EINVAL ? file_error("Syncing", path) : NULL;
}

/* The rename is safe on disk when its directory is synced. File systems that can't sync directories
 * do without. */
static void sync_directory(const char *path)
{
    char *copy = kc_strdup(path);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        if (fsync(fd))
            kc_debug("Syncing the directory of %s: %s", path, strerror(errno));
        close(fd);
    }
    free(copy);
}

/* Opens a file beside path; its name is in *temporary (the caller's). It gets the old file's owner
 * and mode; without an old file the umask decides. -1: see errno. */
static int create_beside(const char *path, const struct stat *old, char **temporary)
{
    static atomic_uint number;
    *temporary = kc_asprintf("%s.%d-%u", path, (int)getpid(), atomic_fetch_add(&number, 1));
    unlink(*temporary); /* of a process that had our id and was killed */
    int fd = open(*temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, old ? 0600 : 0666);
    if (fd < 0 || !old)
        return fd;
    if (((old->st_uid != geteuid() || old->st_gid != getegid()) &&
         fchown(fd, old->st_uid, old->st_gid)) ||
        fchmod(fd, old->st_mode & 07777)) {
        int why = errno;
        close(fd);
        unlink(*temporary);
        errno = why;
        return -1;
    }
    return fd;
}

/* Writes a file beside the old one, syncs and renames it. *beside false: the folder or the file's
 * owner doesn't allow it, and nothing has happened. */
static struct kc_error *replace(const char *path, const struct stat *old, const struct kc_str *data,
                                bool *beside)
{
    char *temporary = NULL;
    int fd = create_beside(path, old, &temporary);
    struct kc_error *err = NULL;
    *beside = fd >= 0 || errno == ENOSPC || errno == EDQUOT || errno == EMFILE || errno == ENFILE;
    if (fd < 0) {
        err = file_error("Creating a file beside", path);
        goto out;
    }
    err = write_all(temporary, fd, data);
    if (close(fd) && !err)
        err = file_error("Closing", temporary);
    if (!err && rename(temporary, path)) {
        *beside = errno != EACCES && errno != EPERM && errno != EBUSY; /* a mount of one file */
        err = file_error("Replacing", path);
    }
    if (err)
        unlink(temporary);
    else
        sync_directory(path);
out:
    free(temporary);
    return err;
}

/* Overwrites the file in place, as Java always does. A crash during that damages the file. Disk
 * space is reserved first. */
static struct kc_error *overwrite(const char *path, const struct kc_str *data)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    struct stat now;
    if (fd < 0 || fstat(fd, &now)) {
        struct kc_error *err = file_error("Opening", path);
        if (fd >= 0)
            close(fd);
        return err;
    }
    struct kc_error *err = NULL;
    if (S_ISREG(now.st_mode) && (errno = posix_fallocate(fd, 0, (off_t)data->len)) != 0)
        err = file_error("Making room in", path);
    if (!err)
        err = write_all(path, fd, data);
    if (!err && S_ISREG(now.st_mode) && ftruncate(fd, (off_t)data->len))
        err = file_error("Cutting", path);
    if (close(fd) && !err)
        err = file_error("Closing", path);
    return err;
}

static struct kc_error *write_file(struct file_store *store, const char *path,
                                   const struct kc_str *data)
{
    struct stat old;
    bool beside = true;
    bool exists = stat(path, &old) == 0;
    if (exists && !S_ISREG(old.st_mode))
        return overwrite(path, data);
    struct kc_error *err = replace(path, exists ? &old : NULL, data, &beside);
    if (!err || beside || !exists)
        return err;
    if (!store->told_in_place)
        kc_warn("%s. The file is overwritten in place instead, so a crash at the wrong moment may "
                "damage it. Let this user write to its folder to have it replaced whole",
                kc_error_text(err));
    store->told_in_place = true;
    kc_error_destroy(err);
    return overwrite(path, data);
}

/* The target of symbolic links, so that a link stays one. */
static struct kc_error *save(struct file_store *store)
{
    struct kc_str data = {0};
    char *real = realpath(store->path, NULL);
    kc_offset_table_serialize(store->table, &data);
    struct kc_error *err = write_file(store, real ? real : store->path, &data);
    kc_str_destroy(&data);
    free(real);
    return err;
}

static void file_set(struct kc_offset_store *base, const struct kc_offset_pair *pairs, size_t count,
                     kc_offset_done done, void *opaque)
{
    struct file_store *store = (struct file_store *)base;
    pthread_mutex_lock(&store->save_lock);
    for (size_t i = 0; i < count; i++)
        kc_offset_table_put(store->table, pairs[i].key, strlen(pairs[i].key), pairs[i].value,
                            pairs[i].value ? strlen(pairs[i].value) : 0);
    struct kc_error *err = save(store);
    pthread_mutex_unlock(&store->save_lock);
    done(opaque, err);
}

/* ---- the rest ---- */

static struct kc_error *file_refresh(struct kc_offset_store *base, int timeout_ms)
{
    return NULL;
}

static char *file_lookup(struct kc_offset_store *base, const char *key)
{
    return kc_offset_table_get(((struct file_store *)base)->table, key);
}

static void file_keys(struct kc_offset_store *base, const char *connector, struct kc_strings *keys)
{
    kc_offset_table_keys(((struct file_store *)base)->table, connector, keys);
}

static void file_destroy(struct kc_offset_store *base)
{
    struct file_store *store = (struct file_store *)base;
    kc_offset_table_destroy(store->table);
    pthread_mutex_destroy(&store->save_lock);
    free(store->path);
    free(store);
}

static const struct kc_offset_ops file_ops = {
    file_start, file_refresh, file_lookup, file_keys, file_set, file_destroy,
};

struct kc_error *kc_offset_store_file_new(const char *path, struct kc_offset_store **result)
{
    if (!path || !*path)
        return kc_error_new(KC_ERR_CONFIG,
                            "Missing required configuration "
                            "\"offset.storage.file.filename\": give the path of a file");
    struct file_store *store = kc_calloc(1, sizeof(*store));
    store->base.ops = &file_ops;
    atomic_init(&store->base.references, 1);
    store->path = kc_strdup(path);
    store->table = kc_offset_table_new();
    pthread_mutex_init(&store->save_lock, NULL);
    *result = &store->base;
    return NULL;
}
