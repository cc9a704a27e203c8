/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FileStreamSource and FileStreamSink on files of their own: growing files, halves of lines,
 * offsets, refused offsets, stopping.
 *
 * The source task is included as source, so that the worker's side of its context can be played
 * here.
 */
#include <check.h>

#define log                       task_log /* check.h brings the function of that name */
#define kc_source_context_offsets fake_offsets
#include "file/file_source_task.c"
#undef kc_source_context_offsets

#include <pthread.h>
#include <stdio.h>

extern const struct kc_plugin kc_file_source;
extern const struct kc_plugin kc_file_sink;

static json_t *stored_offset; /* what the worker would have */

struct kc_error *fake_offsets(struct kc_source_context *context, json_t *const *partitions,
                              size_t count, json_t **offsets)
{
    for (size_t i = 0; i < count; i++)
        offsets[i] = json_incref(stored_offset);
    return NULL;
}

static char path[64];
static struct file_source_task *task;

static void setup(void)
{
    snprintf(path, sizeof(path), "/tmp/isthmus-file-XXXXXX");
    close(mkstemp(path));
    task = create(NULL);
}

static void teardown(void)
{
    destroy(task);
    json_decref(stored_offset);
    stored_offset = NULL;
    unlink(path);
}

static void begin(const char *file, const char *batch_size)
{
    struct kc_map *config = kc_map_new();
    if (file)
        kc_map_set(config, "file", file);
    kc_map_set(config, "topic", "lines");
    if (batch_size)
        kc_map_set(config, "batch.size", batch_size);
    ck_assert_ptr_null(start(task, config));
    kc_map_destroy(config);
}

static void append(const char *text)
{
    FILE *stream = fopen(path, "a");
    fputs(text, stream);
    fclose(stream);
}

/* Polls once and checks the lines, written as "line@offset line@offset"; "" is no batch. */
static void expect(const char *lines)
{
    struct kc_batch *batch = NULL;
    struct kc_str got = {0};
    ck_assert_ptr_null(poll_lines(task, &batch));
    for (size_t i = 0; batch && i < kc_batch_count(batch); i++) {
        const struct kc_record *record = kc_batch_at(batch, i);
        ck_assert_str_eq(record->topic, "lines");
        ck_assert_int_eq(record->partition, KC_NO_PARTITION);
        ck_assert_int_eq(record->value.type, KC_TYPE_STRING);
        ck_assert_str_eq(record->source_offset.field, "position");
        kc_str_appendf(&got, "%s%.*s@%lld", i ? " " : "", (int)record->value.u.bytes.len,
                       record->value.u.bytes.data, (long long)record->source_offset.number);
    }
    ck_assert_str_eq(got.data ? got.data : "", lines);
    kc_str_destroy(&got);
    kc_batch_unref(batch);
}

START_TEST(follows_a_growing_file)
{
    append("one\ntwo\nthr");
    begin(path, NULL);
    expect("one@4 two@8");
    append("ee\r\nfour\rfive\n\n");
    expect("three@15 four@20 five@25 @26");
    append("ends with half\r");
    append("\n\xc3\xa4\n");
    expect("ends with half@42 \xc3\xa4@45");
}
END_TEST

START_TEST(waits_for_the_other_half_of_a_line_end)
{
    append("half\r");
    begin(path, NULL);
    stop(task); /* the wait that follows ends at once */
    expect("");
    append("\nx\n");
    expect("half@6 x@8");
}
END_TEST

START_TEST(takes_up_from_the_stored_offset)
{
    append("one\ntwo\nthree\n");
    stored_offset = json_pack("{s:i}", "position", 4);
    begin(path, NULL);
    expect("two@8 three@14");
}
END_TEST

START_TEST(refuses_an_offset_of_the_wrong_type)
{
    struct kc_batch *batch = NULL;
    stored_offset = json_pack("{s:s}", "position", "4");
    begin(path, NULL);
    struct kc_error *err = poll_lines(task, &batch);
    ck_assert_str_eq(kc_error_text(err), "Offset position is the incorrect type");
    kc_error_destroy(err);
}
END_TEST

START_TEST(fills_batches_up_to_their_size)
{
    append("1\n2\n3\n4\n5\n");
    begin(path, "2");
    expect("1@2 2@4");
    expect("3@6 4@8");
    expect("5@10");
}
END_TEST

START_TEST(waits_for_the_file_to_appear)
{
    unlink(path);
    begin(path, NULL);
    stop(task);
    expect("");
    append("now\n");
    expect("now@4");
}
END_TEST

START_TEST(mends_what_is_not_utf8)
{
    append("a\xff\n");
    begin(path, NULL);
    expect("a\xef\xbf\xbd@3");
}
END_TEST

START_TEST(partition_names_the_file)
{
    begin(path, NULL);
    ck_assert_str_eq(
        json_string_value(json_object_get(kc_source_partition_map(task->partition), "filename")),
        path);
}
END_TEST

static void *stop_soon(void *object)
{
    usleep(50000);
    stop(object);
    return NULL;
}

START_TEST(stop_ends_a_wait)
{
    pthread_t thread;
    begin(path, NULL);
    int64_t before = kc_mono_ms();
    pthread_create(&thread, NULL, stop_soon, task);
    expect("");
    pthread_join(thread, NULL);
    ck_assert_int_lt(kc_mono_ms() - before, WAIT_MS);
}
END_TEST

/* ---- connector ---- */

static char *altered(const char *file, const char *offsets)
{
    struct kc_map *config = kc_map_new();
    bool handled = false;
    kc_map_set(config, "topic", "t");
    if (file)
        kc_map_set(config, "file", file);
    json_t *json = json_loads(offsets, 0, NULL);
    struct kc_error *err = kc_file_source.connector->alter_offsets(config, json, &handled);
    ck_assert(handled == !err);
    char *text = kc_strdup(err ? kc_error_text(err) : "");
    kc_error_destroy(err);
    json_decref(json);
    kc_map_destroy(config);
    return text;
}

static const struct {
    const char *file, *offsets, *text;
} alterations[] = {
    {"f", "[{\"partition\":{\"filename\":\"f\"},\"offset\":{\"position\":3}}]", ""},
    {"f", "[{\"partition\":{\"other\":\"f\"},\"offset\":null}]", ""},
    {NULL, "[]",
     "Offsets cannot be modified if the 'file' configuration is unspecified. This is because stdin "
     "is used for input and offsets are not tracked."},
    {"f", "[{\"partition\":{\"filename\":\"f\"},\"offset\":{\"pos\":3}}]",
     "Offset objects should either be null or contain the key 'position'"},
    {"f", "[{\"partition\":{\"filename\":\"f\"},\"offset\":{\"position\":\"3\"}}]",
     "The value for the 'position' key in the offset is expected to be a Long value"},
    {"f", "[{\"partition\":{\"filename\":\"f\"},\"offset\":{\"position\":-1}}]",
     "The value for the 'position' key in the offset should be a non-negative value"},
    {"f", "[{\"partition\":null,\"offset\":{\"position\":1}}]", "Partition objects cannot be null"},
    {"f", "[{\"partition\":{\"x\":1},\"offset\":{\"position\":1}}]",
     "Partition objects should contain the key 'filename'"},
};

START_TEST(checks_altered_offsets)
{
    char *text = altered(alterations[_i].file, alterations[_i].offsets);
    ck_assert_str_eq(text, alterations[_i].text);
    free(text);
}
END_TEST

START_TEST(what_has_no_lines_fails)
{
    struct kc_batch *batch = NULL;
    struct kc_error *err;
    begin("/dev/zero", NULL);
    err = poll_lines(task, &batch);
    ck_assert_ptr_null(batch);
    ck_assert_ptr_nonnull(err);
    ck_assert_str_eq(kc_error_text(err),
                     "The line at offset 0 of /dev/zero is longer than 16777216 bytes, the most "
                     "that a line may have; is it a text file?");
    ck_assert_uint_le(task->text.len, LONGEST_LINE + READ_SIZE);
    kc_error_destroy(err);
}
END_TEST

START_TEST(a_batch_is_bounded_whatever_its_size)
{
    struct kc_batch *batch = NULL;
    char line[1024];
    memset(line, 'x', sizeof(line) - 1);
    line[sizeof(line) - 1] = '\0';
    FILE *stream = fopen(path, "w");
    for (int i = 0; i < 8 * 1024; i++)
        fprintf(stream, "%s\n", line);
    fclose(stream);
    begin(path, "2147483647");
    ck_assert_ptr_null(poll_lines(task, &batch));
    ck_assert_uint_eq(kc_batch_count(batch), BATCH_BYTES / sizeof(line));
    kc_batch_unref(batch);
}
END_TEST

/* ---- sink ---- */

/* STOPPED and back: the second start's settings count; a leak of the first's is LSan's to find. */
static void check_turns(const struct kc_connector_ops *ops)
{
    void *connector = ops->create(NULL);
    for (int turn = 0; turn < 2; turn++) {
        struct kc_maps configs = {0};
        struct kc_map *config = kc_map_new();
        kc_map_set(config, "file", path);
        kc_map_set(config, "topic", turn ? "second" : "first");
        ck_assert_ptr_null(ops->start(connector, config));
        kc_map_destroy(config);
        ck_assert_ptr_null(ops->task_configs(connector, 1, &configs));
        ck_assert_str_eq(kc_map_get(configs.items[0], "topic"), turn ? "second" : "first");
        kc_maps_destroy(&configs);
        ops->stop(connector);
    }
    ops->destroy(connector);
}

START_TEST(connectors_start_again_after_a_stop)
{
    check_turns(kc_file_source.connector);
    check_turns(kc_file_sink.connector);
}
END_TEST

START_TEST(sink_appends_lines)
{
    append("there\n");
    struct kc_map *config = kc_map_new();
    kc_map_set(config, "file", path);
    const struct kc_sink_task_ops *ops = kc_file_sink.sink_task;
    void *sink = ops->create(NULL);
    ck_assert_ptr_null(ops->start(sink, config));
    struct kc_batch *batch = kc_batch_new(2);
    kc_batch_add(batch)->value = kc_value_string("text", 4);
    kc_batch_add(batch)->value = kc_value_int(KC_TYPE_INT32, -7);
    kc_batch_add(batch);
    ck_assert_ptr_null(ops->put(sink, batch)); /* at once: nobody waits for a commit */
    char got[64] = "";
    FILE *stream = fopen(path, "r");
    got[fread(got, 1, sizeof(got) - 1, stream)] = '\0';
    fclose(stream);
    ck_assert_str_eq(got, "there\ntext\n-7\nnull\n");
    ops->stop(sink);
    ops->destroy(sink);
    kc_batch_unref(batch);
    kc_map_destroy(config);
}
END_TEST

START_TEST(sink_names_the_file_it_cannot_open)
{
    struct kc_map *config = kc_map_new();
    kc_map_set(config, "file", "/nonexistent/f");
    void *sink = kc_file_sink.sink_task->create(NULL);
    struct kc_error *err = kc_file_sink.sink_task->start(sink, config);
    ck_assert_ptr_nonnull(
        strstr(kc_error_text(err),
               "Couldn't find or create file '/nonexistent/f' for FileStreamSinkTask"));
    kc_error_destroy(err);
    kc_file_sink.sink_task->destroy(sink);
    kc_map_destroy(config);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("file");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, follows_a_growing_file);
    tcase_add_test(tcase, waits_for_the_other_half_of_a_line_end);
    tcase_add_test(tcase, takes_up_from_the_stored_offset);
    tcase_add_test(tcase, refuses_an_offset_of_the_wrong_type);
    tcase_add_test(tcase, fills_batches_up_to_their_size);
    tcase_add_test(tcase, waits_for_the_file_to_appear);
    tcase_add_test(tcase, mends_what_is_not_utf8);
    tcase_add_test(tcase, partition_names_the_file);
    tcase_add_test(tcase, stop_ends_a_wait);
    tcase_add_test(tcase, connectors_start_again_after_a_stop);
    tcase_add_test(tcase, what_has_no_lines_fails);
    tcase_add_test(tcase, a_batch_is_bounded_whatever_its_size);
    tcase_add_test(tcase, sink_appends_lines);
    tcase_add_test(tcase, sink_names_the_file_it_cannot_open);
    tcase_add_loop_test(tcase, checks_altered_offsets, 0,
                        sizeof(alterations) / sizeof(alterations[0]));
    Suite *suite = suite_create("file");
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
