/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Java .properties: see config/properties.h.
 *
 * Called at start for the worker's and connectors' files, and by the file provider at each
 * resolution; any thread. The reader follows java.util.Properties.load step by step (LineReader,
 * then loadConvert): natural lines are joined to logical lines, which are split at the first
 * unescaped separator. Its syntax is ASCII, so it works on bytes; every string that leaves this
 * file is valid UTF-8.
 */
#include "config/properties.h"

#include "base/file_read.h"
#include "base/utf8.h"
#include "connect/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.config.properties");

enum charset { UTF_8, LATIN_1 };

struct properties_reader {
    const char *at;
    const char *end;
    const char *source;
    enum charset charset;
    size_t line;       /* of the next byte, from 1 */
    size_t first_line; /* of the logical line in `text` */
    struct kc_str text;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\f';
}

static bool is_newline(char c)
{
    return c == '\n' || c == '\r';
}

static void skip_newline(struct properties_reader *reader)
{
    if (reader->at[0] == '\r' && reader->at + 1 < reader->end && reader->at[1] == '\n')
        reader->at++;
    reader->at++;
    reader->line++;
}

static void skip_blanks(struct properties_reader *reader)
{
    while (reader->at < reader->end && is_blank(*reader->at))
        reader->at++;
}

static void skip_comment(struct properties_reader *reader)
{
    while (reader->at < reader->end && !is_newline(*reader->at))
        reader->at++;
}

/* Appends the rest of the natural line. True: it ended in an odd number of backslashes, so the
 * logical line continues. The last backslash is removed. */
static bool append_natural_line(struct properties_reader *reader)
{
    const char *from = reader->at;
    bool escaped = false;

    while (reader->at < reader->end && !is_newline(*reader->at))
        escaped = *reader->at++ == '\\' && !escaped;
    kc_str_append_n(&reader->text, from, (size_t)(reader->at - from) - escaped);
    return escaped;
}

/* LineReader.readLine: the next logical line, without comments, in reader->text. False at the end.
 */
static bool next_line(struct properties_reader *reader)
{
    bool continued = false;

    kc_str_clear(&reader->text);
    while (reader->at < reader->end) {
        skip_blanks(reader);
        if (reader->at == reader->end)
            break;
        if (reader->text.len == 0 && (*reader->at == '#' || *reader->at == '!')) {
            skip_comment(reader);
            continued = false;
        } else {
            if (reader->text.len == 0)
                reader->first_line = reader->line;
            continued = append_natural_line(reader);
        }
        /* As in Java, a backslash before the last byte, or as the last, is a line of its own. */
        if (reader->end - reader->at <= 1 && continued) {
            reader->at = reader->end;
            return true;
        }
        if (reader->at < reader->end)
            skip_newline(reader);
        if (!continued && reader->text.len)
            return true;
    }
    return reader->text.len > 0;
}

/* The four hexadecimal digits at text, or -1. */
static long hex4(const char *text, const char *end)
{
    long value = 0;

    if (end - text < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        static const char digits[] = "0123456789abcdefABCDEF";
        const char *digit = text[i] ? strchr(digits, text[i]) : NULL;
        long number;

        if (!digit)
            return -1;
        number = digit - digits;
        value = value * 16 + (number > 15 ? number - 6 : number);
    }
    return value;
}

/* Reads \uXXXX at text (behind the u), joining a surrogate pair. A surrogate on its own becomes
 * '?', as when Java encodes it. NULL if malformed; otherwise the text after it. */
static const char *append_unicode(struct kc_str *out, const char *text, const char *end)
{
    long code = hex4(text, end);
    long low;

    if (code < 0)
        return NULL;
    text += 4;
    if (code >= 0xD800 && code <= 0xDBFF && end - text >= 6 && text[0] == '\\' && text[1] == 'u') {
        low = hex4(text + 2, end);
        if (low >= 0xDC00 && low <= 0xDFFF) {
            kc_utf8_append(out, (uint32_t)(0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)));
            return text + 6;
        }
    }
    kc_utf8_append(out, code >= 0xD800 && code <= 0xDFFF ? '?' : (uint32_t)code);
    return text;
}

static struct kc_error *line_error(const struct properties_reader *reader, const char *why)
{
    return kc_error_new(KC_ERR_CONFIG, "%s:%zu: %s", reader->source, reader->first_line, why);
}

/* Properties.loadConvert: resolves the escapes of text..end into *out. */
static struct kc_error *unescape(const struct properties_reader *reader, const char *text,
                                 const char *end, char **out)
{
    static const char letters[] = "tnrf";
    static const char meanings[] = "\t\n\r\f";
    struct kc_str str = {0};
    const char *why = NULL;

    while (text < end && !why) {
        if (text[0] == '\\' && end - text > 1 && text[1] == 'u') {
            text = append_unicode(&str, text + 2, end);
            if (!text)
                why = "Malformed \\uxxxx encoding.";
        } else if (text[0] == '\\' && end - text > 1 && (unsigned char)text[1] < 0x80) {
            const char *letter = text[1] ? strchr(letters, text[1]) : NULL;

            kc_str_append_char(&str, letter ? meanings[letter - letters] : text[1]);
            text += 2;
        } else if (text[0] == '\\') {
            text++;
        } else if (reader->charset == LATIN_1) {
            kc_utf8_append(&str, (unsigned char)*text++);
        } else {
            size_t len = kc_utf8_length(text, (size_t)(end - text));

            if (!len)
                why = "The text is not valid UTF-8. Save the file as UTF-8 or write \\uXXXX.";
            kc_str_append_n(&str, text, len);
            text += len;
        }
        if (!why && str.len && memchr(str.data + str.len - 1, '\0', 1))
            why = "A key or value holds the character U+0000, which no setting may have.";
    }
    if (why) {
        kc_str_destroy(&str);
        return line_error(reader, why);
    }
    *out = kc_str_take(&str);
    return NULL;
}

/* Finds the end of the key and the start of the value in a logical line. */
static void split_line(const char *line, const char *end, const char **key_end, const char **value)
{
    bool escaped = false;

    while (line < end && (escaped || !(*line == '=' || *line == ':' || is_blank(*line))))
        escaped = *line++ == '\\' && !escaped;
    *key_end = line;
    bool separated = line < end && !is_blank(*line);
    if (line < end)
        line++;
    while (line < end && (is_blank(*line) || (!separated && (*line == '=' || *line == ':')))) {
        separated = separated || !is_blank(*line);
        line++;
    }
    *value = line;
}

static bool is_ascii(const struct kc_str *text)
{
    for (size_t i = 0; i < text->len; i++) {
        if ((unsigned char)text->data[i] >= 0x80)
            return false;
    }
    return true;
}

static struct kc_error *store_line(const struct properties_reader *reader, struct kc_map *map,
                                   struct kc_map *lines)
{
    const char *line = reader->text.data;
    const char *end = line + reader->text.len;
    const char *key_end = NULL;
    const char *value_start = NULL;
    char *key = NULL;
    char *value = NULL;

    split_line(line, end, &key_end, &value_start);
    struct kc_error *err = unescape(reader, line, key_end, &key);
    if (!err)
        err = unescape(reader, value_start, end, &value);
    if (!err) {
        kc_map_set(map, key, value);
        if (lines)
            kc_map_setf(lines, key, "%zu", reader->first_line);
        if (reader->charset == LATIN_1 && !is_ascii(&reader->text))
            kc_warn("%s:%zu: the line of '%s' has characters beyond ASCII; they are read as "
                    "ISO-8859-1, as Java does. Write them as \\uXXXX to be safe.",
                    reader->source, reader->first_line, key);
    }
    free(key);
    free(value);
    return err;
}

static struct kc_error *parse(struct properties_reader *reader, struct kc_map *map,
                              struct kc_map *lines)
{
    struct kc_error *err = NULL;

    if (reader->end - reader->at >= 3 && memcmp(reader->at, "\xEF\xBB\xBF", 3) == 0)
        reader->at += 3;
    while (!err && next_line(reader))
        err = store_line(reader, map, lines);
    kc_str_destroy(&reader->text);
    return err;
}

struct kc_error *kc_properties_parse(const char *text, size_t len, const char *source,
                                     struct kc_map *map, struct kc_map *lines)
{
    struct properties_reader reader = {
        .at = text, .end = text + len, .source = source, .charset = UTF_8, .line = 1};

    return parse(&reader, map, lines);
}

struct kc_error *kc_file_read(const char *path, size_t max, struct kc_str *text)
{
    int code = kc_file_append(text, path, max);

    if (code == EFBIG)
        return kc_error_new(KC_ERR_IO, "Could not read %s: it is larger than %zu bytes", path, max);
    return code ? kc_error_new(KC_ERR_IO, "Could not read %s: %s", path, strerror(code)) : NULL;
}

struct kc_error *kc_properties_load(const char *path, struct kc_map *map, struct kc_map *lines)
{
    struct kc_str text = {0};
    struct properties_reader reader = {.source = path, .charset = LATIN_1, .line = 1};
    struct kc_error *err = kc_file_read(path, KC_PROPERTIES_MAX_FILE, &text);

    if (!err && text.len) {
        reader.at = text.data;
        reader.end = text.data + text.len;
        err = parse(&reader, map, lines);
    }
    kc_str_destroy(&text);
    return err;
}
