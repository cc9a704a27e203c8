/* SPDX-License-Identifier: Apache-2.0 */
/* Offset keys and values as Java's bytes, Java's serialised maps, and the standalone file. */
#include "storage/java_serial_priv.h"
#include "storage/offset_codec_priv.h"
#include "storage/tsv.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void fine(struct kc_error *err)
{
    ck_assert_msg(err == NULL, "%s", err ? kc_error_text(err) : "");
}

/* ---- codec ---- */

static const struct {
    const char *connector;
    const char *partition; /* in any order */
    const char *key;
} keys[] = {
    {"MirrorSourceConnector", "{\"topic\":\"orders\",\"partition\":1,\"cluster\":\"A\"}",
     "[\"MirrorSourceConnector\",{\"cluster\":\"A\",\"partition\":1,\"topic\":\"orders\"}]"},
    {"MirrorCheckpointConnector", "{\"group\":\"app1\",\"topic\":\"A.orders\",\"partition\":1}",
     "[\"MirrorCheckpointConnector\",{\"partition\":1,\"topic\":\"A.orders\",\"group\":\"app1\"}]"},
    {"MirrorHeartbeatConnector", "{\"targetClusterAlias\":\"B\",\"sourceClusterAlias\":\"A\"}",
     "[\"MirrorHeartbeatConnector\",{\"sourceClusterAlias\":\"A\",\"targetClusterAlias\":\"B\"}]"},
    {"fs", NULL, "[\"fs\",null]"},
};

START_TEST(test_keys)
{
    json_t *partition = keys[_i].partition ? json_loads(keys[_i].partition, 0, NULL) : NULL;
    char *key = kc_offset_key(keys[_i].connector, partition);
    ck_assert_str_eq(key, keys[_i].key);
    char *connector = NULL;
    json_t *again = NULL;
    fine(kc_offset_key_read(key, strlen(key), &connector, &again));
    ck_assert_str_eq(connector, keys[_i].connector);
    ck_assert(partition ? json_equal(again, partition) : json_is_null(again));
    json_decref(partition);
    json_decref(again);
    free(connector);
    free(key);
}
END_TEST

START_TEST(test_java_bytes)
{
    struct tsv_record records[8];
    size_t count = tsv_load("tests/unit/data/storage/offsets.tsv", records, 8);
    for (size_t i = 0; i < count; i++) {
        char *connector = NULL;
        json_t *partition = NULL, *offset = NULL;
        fine(kc_offset_key_read(records[i].key, strlen(records[i].key), &connector, &partition));
        fine(kc_offset_value_read(records[i].value, strlen(records[i].value), &offset));
        char *key = kc_offset_key(connector, partition);
        char *value = kc_offset_value(offset);
        ck_assert_str_eq(key, records[i].key);
        ck_assert_str_eq(value, records[i].value);
        json_decref(partition);
        json_decref(offset);
        free(connector);
        free(key);
        free(value);
    }
    tsv_free(records, count);
}
END_TEST

static const char *const foreign[] = {"",       "{}",        "[]",           "[\"a\"]",
                                      "[1,{}]", "[\"a\",5]", "[\"a\",{},1]", "[\"a\",{}"};

START_TEST(test_foreign_keys)
{
    char *connector = NULL;
    json_t *partition = NULL;
    struct kc_error *err =
        kc_offset_key_read(foreign[_i], strlen(foreign[_i]), &connector, &partition);
    ck_assert_ptr_nonnull(err);
    kc_error_destroy(err);
}
END_TEST

/* ---- Java's serialization ---- */

static char *load(const char *path, size_t *len)
{
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "%s", path);
    char *data = kc_calloc(1, 1 << 16);
    *len = fread(data, 1, 1 << 16, file);
    fclose(file);
    return data;
}

static size_t nulls;
static void on_pair(void *opaque, const struct kc_serial_pair *pair)
{
    struct kc_strings *texts = opaque;
    if (!pair->value)
        nulls++;
    kc_strings_take(texts, kc_asprintf("%.*s=%.*s", (int)pair->key_len, pair->key,
                                       (int)pair->value_len, pair->value ? pair->value : ""));
}

static const int sizes[] = {0, 1, 5, 40};

START_TEST(test_java_maps)
{
    struct kc_strings texts = {0};
    size_t len = 0;
    char *path = kc_asprintf("tests/unit/data/storage/offsets-%d.ser", sizes[_i]);
    char *data = load(path, &len);
    nulls = 0;
    fine(kc_serial_read(data, len, on_pair, &texts));
    ck_assert_uint_eq(texts.count, (size_t)sizes[_i]);
    ck_assert_uint_eq(nulls, sizes[_i] > 3);
    for (int i = 0; i < sizes[_i]; i++) {
        char *pair =
            i == 3
                ? kc_asprintf("[\"fs-3\",{\"filename\":\"/tmp/é3\"}]=")
                : kc_asprintf("[\"fs-%d\",{\"filename\":\"/tmp/é%d\"}]={\"position\":%d}", i, i, i);
        ck_assert(kc_strings_contain(&texts, pair));
        free(pair);
    }
    for (size_t cut = 0; cut < len; cut++) {
        struct kc_error *err = kc_serial_read(data, cut, on_pair, &texts);
        ck_assert_ptr_nonnull(err);
        kc_error_destroy(err);
    }
    kc_strings_destroy(&texts);
    free(data);
    free(path);
}
END_TEST

START_TEST(test_written_as_java_writes)
{
    size_t len = 0;
    char *java = load("tests/unit/data/storage/offsets-1.ser", &len);
    struct kc_str ours = {0};
    const char *key = "[\"fs-0\",{\"filename\":\"/tmp/é0\"}]";
    const char *value = "{\"position\":0}";
    struct kc_serial_pair pair = {key, strlen(key), value, strlen(value)};
    kc_serial_write(&ours, &pair, 1);
    ck_assert_uint_eq(ours.len, len);
    ck_assert_mem_eq(ours.data, java, len);
    kc_str_destroy(&ours);
    free(java);
}
END_TEST

/* ---- the file ---- */

static char directory[] = "/tmp/isthmus-offsets-XXXXXX";
static char *path;
static json_t *partition;

static void set_up(void)
{
    strcpy(directory + strlen(directory) - 6, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    path = kc_asprintf("%s/offsets", directory);
    partition = json_pack("{s:s}", "filename", "a");
}

static void tear_down(void)
{
    unlink(path);
    rmdir(directory);
    free(path);
    json_decref(partition);
}

static struct kc_offset_store *open_store(void)
{
    struct kc_offset_store *store = NULL;
    fine(kc_offset_store_file_new(path, &store));
    fine(kc_offset_store_start(store, NULL));
    return store;
}

static struct kc_error *put(struct kc_offset_store *store, int position)
{
    json_t *offset = position < 0 ? NULL : json_pack("{s:i}", "position", position);
    struct kc_offset_write write = {partition, offset};
    struct kc_error *err = kc_offset_store_write(store, "c", &write, 1, 1000);
    json_decref(offset);
    return err;
}

static int get(struct kc_offset_store *store)
{
    json_t *offset = NULL;
    fine(kc_offset_store_get(store, "c", &partition, 1, &offset, 1000));
    int position = offset ? (int)json_integer_value(json_object_get(offset, "position")) : -1;
    json_decref(offset);
    return position;
}

START_TEST(test_file)
{
    struct kc_offset_store *store = open_store();
    ck_assert_int_eq(get(store), -1);
    fine(put(store, 7));
    ck_assert_int_eq(get(store), 7);
    kc_offset_store_unref(store);
    store = open_store();
    ck_assert_int_eq(get(store), 7);
    json_t *list = NULL;
    fine(kc_offset_store_list(store, "c", 1000, &list));
    char *text = json_dumps(list, JSON_COMPACT);
    ck_assert_str_eq(text, "[{\"partition\":{\"filename\":\"a\"},\"offset\":{\"position\":7}}]");
    free(text);
    json_decref(list);
    fine(put(store, -1));
    kc_offset_store_unref(store);
    store = open_store();
    ck_assert_int_eq(get(store), -1);
    kc_offset_store_unref(store);
}
END_TEST

/* A disk that takes no more: an error, and the old file is whole. */
START_TEST(test_full_disk)
{
    struct kc_offset_store *store = open_store();
    fine(put(store, 7));
    struct rlimit limit;
    getrlimit(RLIMIT_FSIZE, &limit);
    struct rlimit none = {16, limit.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &none);
    struct kc_error *err = put(store, 8);
    setrlimit(RLIMIT_FSIZE, &limit);
    ck_assert_ptr_nonnull(err);
    kc_error_destroy(err);
    struct kc_offset_store *again = open_store();
    ck_assert_int_eq(get(again), 7);
    kc_offset_store_unref(again);
    fine(put(store, 9));
    kc_offset_store_unref(store);
    again = open_store();
    ck_assert_int_eq(get(again), 9);
    kc_offset_store_unref(again);
}
END_TEST

static struct stat look(void)
{
    struct stat now;
    ck_assert_int_eq(stat(path, &now), 0);
    return now;
}

/* Who may read a new file is the umask's to say; of an old one nothing changes. */
START_TEST(test_mode_and_owner)
{
    mode_t before = umask(0027);
    struct kc_offset_store *store = open_store();
    fine(put(store, 1));
    ck_assert_uint_eq(look().st_mode & 07777, 0640);
    umask(0022);
    ck_assert_int_eq(chmod(path, 0600), 0);
    fine(put(store, 2));
    ck_assert_uint_eq(look().st_mode & 07777, 0600);
    if (geteuid() == 0) {
        ck_assert_int_eq(chown(path, 65534, 65534), 0);
        fine(put(store, 3));
        ck_assert_uint_eq(look().st_uid, 65534);
        ck_assert_uint_eq(look().st_gid, 65534);
        ck_assert_uint_eq(look().st_mode & 07777, 0600);
    }
    kc_offset_store_unref(store);
    umask(before);
}
END_TEST

static int saves_as_nobody(void)
{
    pid_t child = fork();
    int status = 0;
    if (child == 0) {
        struct kc_offset_store *store = NULL;
        if ((geteuid() == 0 && (setgid(65534) || setuid(65534))) ||
            kc_offset_store_file_new(path, &store) || kc_offset_store_start(store, NULL))
            _exit(1);
        _exit(put(store, 5) || put(store, 4) ? 2 : 0);
    }
    waitpid(child, &status, 0);
    return WEXITSTATUS(status);
}

/* The file may be written, its folder may not. */
START_TEST(test_folder_not_writable)
{
    struct kc_offset_store *store = open_store();
    for (int i = 0; i < 50; i++)
        fine(put(store, 1000000 + i));
    kc_offset_store_unref(store);
    off_t size = look().st_size;
    ck_assert_int_eq(chmod(path, 0666), 0);
    ck_assert_int_eq(chmod(directory, 0555), 0);
    ck_assert_int_eq(saves_as_nobody(), 0);
    ck_assert_int_eq(chmod(directory, 0700), 0);
    store = open_store();
    ck_assert_int_eq(get(store), 4);
    kc_offset_store_unref(store);
    ck_assert_int_lt(look().st_size, size); /* nothing of the longer one is left */
}
END_TEST

START_TEST(test_damaged_file)
{
    struct kc_offset_store *store = NULL;
    FILE *file = fopen(path, "w");
    fputs("no map", file);
    fclose(file);
    fine(kc_offset_store_file_new(path, &store));
    struct kc_error *err = kc_offset_store_start(store, NULL);
    ck_assert_ptr_nonnull(err);
    ck_assert_ptr_nonnull(strstr(kc_error_text(err), path));
    kc_error_destroy(err);
    kc_offset_store_unref(store);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("offset_store");
    TCase *tcase = tcase_create("bytes");
    TCase *file = tcase_create("file");
    tcase_add_loop_test(tcase, test_keys, 0, sizeof(keys) / sizeof(*keys));
    tcase_add_test(tcase, test_java_bytes);
    tcase_add_loop_test(tcase, test_foreign_keys, 0, sizeof(foreign) / sizeof(*foreign));
    tcase_add_loop_test(tcase, test_java_maps, 0, sizeof(sizes) / sizeof(*sizes));
    tcase_add_test(tcase, test_written_as_java_writes);
    tcase_add_checked_fixture(file, set_up, tear_down);
    tcase_add_test(file, test_file);
    tcase_add_test(file, test_full_disk);
    tcase_add_test(file, test_mode_and_owner);
    tcase_add_test(file, test_folder_not_writable);
    tcase_add_test(file, test_damaged_file);
    suite_add_tcase(suite, tcase);
    suite_add_tcase(suite, file);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
