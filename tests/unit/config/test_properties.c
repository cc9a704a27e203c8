/* SPDX-License-Identifier: Apache-2.0 */
/* .properties files: 670 inputs as java.util.Properties read them, and what only we refuse. */
#include "config/config_golden.h"
#include "config/properties.h"

#include <fcntl.h>
#include <unistd.h>

static size_t unhex(const char *hex, char *out)
{
    size_t len = strlen(hex) / 2;

    for (size_t i = 0; i < len; i++) {
        char pair[3] = {hex[2 * i], hex[2 * i + 1], '\0'};

        out[i] = (char)strtol(pair, NULL, 16);
    }
    return len;
}

static void write_file(char *path, const char *data, size_t len)
{
    int fd = mkstemp(path);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, data, len), (ssize_t)len);
    close(fd);
}

/* expected: an object of keys and values, or the message of Java's exception. */
static void compare(json_t *expected, struct kc_error *err, const struct kc_map *map,
                    const char *input)
{
    if (json_is_string(expected)) {
        ck_assert_msg(err != NULL, "no error for %s", input);
        ck_assert_msg(strstr(kc_error_text(err), json_string_value(expected)) != NULL, "%s: %s",
                      input, kc_error_text(err));
        kc_error_destroy(err);
        return;
    }
    assert_ok(err, input);
    struct kc_map *want = golden_map(expected);
    if (!kc_map_equal(map, want)) {
        char *got = kc_map_print(map);
        char *java = kc_map_print(want);

        ck_abort_msg("%s:\n got %s\nJava %s", input, got, java);
    }
    kc_map_destroy(want);
}

START_TEST(reads_text_as_java_reads_utf_8)
{
    json_t *cases = golden("properties.json");
    size_t index;
    json_t *item;

    json_array_foreach (cases, index, item) {
        const char *input = golden_text(item, "input");
        json_t *expected = json_object_get(item, "utf_8");
        char text[256];
        size_t len = unhex(input, text);
        struct kc_map *map = kc_map_new();

        if (expected)
            compare(expected, kc_properties_parse(text, len, "test", map, NULL), map, input);
        kc_map_destroy(map);
    }
    json_decref(cases);
}
END_TEST

START_TEST(reads_files_as_java_reads_iso_8859_1)
{
    json_t *cases = golden("properties.json");
    size_t index;
    json_t *item;

    json_array_foreach (cases, index, item) {
        const char *input = golden_text(item, "input");
        char path[] = "/tmp/kc_propertiesXXXXXX";
        char text[256];
        struct kc_map *map = kc_map_new();

        write_file(path, text, unhex(input, text));
        compare(json_object_get(item, "iso_8859_1"), kc_properties_load(path, map, NULL), map,
                input);
        unlink(path);
        kc_map_destroy(map);
    }
    json_decref(cases);
}
END_TEST

static struct kc_error *parse(const char *text, size_t len, struct kc_map *map,
                              struct kc_map *lines)
{
    return kc_properties_parse(text, len, "worker.properties", map, lines);
}

static void refuses(const char *text, size_t len, const char *message)
{
    struct kc_map *map = kc_map_new();

    assert_error(parse(text, len, map, NULL), message, text);
    kc_map_destroy(map);
}

START_TEST(names_the_line_of_each_key)
{
    static const char text[] = "# head\r\n\r\na=1\r\nb=2\\\r\n  3\r\n\r\nc=4\na=5";
    struct kc_map *map = kc_map_new();
    struct kc_map *lines = kc_map_new();

    assert_ok(parse(text, strlen(text), map, lines), text);
    ck_assert_str_eq(kc_map_get(lines, "a"), "8");
    ck_assert_str_eq(kc_map_get(lines, "b"), "4");
    ck_assert_str_eq(kc_map_get(lines, "c"), "7");
    ck_assert_str_eq(kc_map_get(map, "b"), "23");
    ck_assert_str_eq(kc_map_get(map, "a"), "5");
    ck_assert_str_eq(kc_map_next(map, NULL)->key, "a");
    kc_map_destroy(map);
    kc_map_destroy(lines);
}
END_TEST

START_TEST(names_the_line_of_an_error)
{
    refuses("a=b\n\nc=\\u12", 10, "worker.properties:3: Malformed \\uxxxx encoding.");
    refuses("a=b\nc=\xC3", 7,
            "worker.properties:2: The text is not valid UTF-8. Save the file as UTF-8 or write "
            "\\uXXXX.");
    refuses("\xED\xA0\x80=b", 5,
            "worker.properties:1: The text is not valid UTF-8. Save the file as UTF-8 or write "
            "\\uXXXX.");
    refuses("a=b\0c", 5,
            "worker.properties:1: A key or value holds the character U+0000, which no setting may "
            "have.");
    refuses("a=\\u0000", 8,
            "worker.properties:1: A key or value holds the character U+0000, which no setting may "
            "have.");
}
END_TEST

START_TEST(skips_a_byte_order_mark)
{
    struct kc_map *map = kc_map_new();

    assert_ok(parse("\xEF\xBB\xBF# c\na=b", 10, map, NULL), "byte order mark");
    ck_assert_uint_eq(kc_map_size(map), 1);
    ck_assert_str_eq(kc_map_get(map, "a"), "b");
    kc_map_destroy(map);
}
END_TEST

START_TEST(a_surrogate_alone_becomes_a_question_mark)
{
    static const char text[] = "a=\\uD83D!\nb=\\uDE00\\uD83D\nc=\\uD83D\\u0041";
    struct kc_map *map = kc_map_new();

    assert_ok(parse(text, strlen(text), map, NULL), text);
    ck_assert_str_eq(kc_map_get(map, "a"), "?!");
    ck_assert_str_eq(kc_map_get(map, "b"), "??");
    ck_assert_str_eq(kc_map_get(map, "c"), "?A");
    kc_map_destroy(map);
}
END_TEST

START_TEST(reads_long_names_and_many_lines)
{
    struct kc_str text = {0};
    struct kc_map *map = kc_map_new();
    char *name = kc_malloc(10001);

    memset(name, 'n', 10000);
    name[10000] = '\0';
    kc_str_appendf(&text, "%s=%s\n", name, name);
    for (int i = 0; i < 100000; i++)
        kc_str_appendf(&text, "k%d=\\\n%d\n", i, i);
    assert_ok(parse(text.data, text.len, map, NULL), "long text");
    ck_assert_uint_eq(kc_map_size(map), 100001);
    ck_assert_str_eq(kc_map_get(map, name), name);
    ck_assert_str_eq(kc_map_get(map, "k99999"), "99999");
    kc_str_destroy(&text);
    kc_map_destroy(map);
    free(name);
}
END_TEST

START_TEST(refuses_what_is_no_readable_file)
{
    struct kc_map *map = kc_map_new();
    char path[] = "/tmp/kc_propertiesXXXXXX";

    assert_error(kc_properties_load("/nowhere/a.properties", map, NULL),
                 "Could not read /nowhere/a.properties: No such file or directory", "missing");
    assert_error(kc_properties_load("/tmp", map, NULL), "Could not read /tmp: Is a directory",
                 "directory");
    write_file(path, "", 0);
    assert_ok(kc_properties_load(path, map, NULL), "empty file");
    ck_assert_int_eq(truncate(path, (off_t)KC_PROPERTIES_MAX_FILE + 1), 0);
    struct kc_error *err = kc_properties_load(path, map, NULL);
    char *message = kc_asprintf("Could not read %s: it is larger than 16777216 bytes", path);
    ck_assert_int_eq(kc_error_code(err), KC_ERR_IO);
    assert_error(err, message, "16 MiB and a byte");
    free(message);
    unlink(path);
    kc_map_destroy(map);
}
END_TEST

RUN_TESTS("properties", reads_text_as_java_reads_utf_8, reads_files_as_java_reads_iso_8859_1,
          names_the_line_of_each_key, names_the_line_of_an_error, skips_a_byte_order_mark,
          a_surrogate_alone_becomes_a_question_mark, reads_long_names_and_many_lines,
          refuses_what_is_no_readable_file)
