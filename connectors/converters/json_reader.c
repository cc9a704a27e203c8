/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON into a tree: see json_reader_priv.h.
 *
 * Children are gathered on a stack that all levels share and copied into the arena when their
 * parent ends. Depth and the length of numbers are limited as Jackson limits them.
 */
#include "converters/json_reader_priv.h"

#include "connect/text.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 1000, MAX_NUMBER = 1000, FEW_MEMBERS = 16 };

struct json_reader {
    const char *start;
    const char *c;
    const char *end;
    struct kc_arena *nodes;
    struct kc_arena *texts;
    struct kc_json_node *stack;
    size_t top, cap;
    int depth;
    const char *why; /* set by the first failure */
};

static const char no_memory[] = "There is no memory for the document";

static bool read_value(struct json_reader *r, struct kc_json_node *node);

static bool fail(struct json_reader *r, const char *why)
{
    if (!r->why)
        r->why = why;
    return false;
}

static void skip_space(struct json_reader *r)
{
    while (r->c < r->end && (*r->c == ' ' || *r->c == '\t' || *r->c == '\n' || *r->c == '\r'))
        r->c++;
}

/* ---- strings ---- */

static int hex4(const char *c, const char *end)
{
    int number = 0;
    if (end - c < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        char digit = c[i];
        int value = digit >= '0' && digit <= '9'   ? digit - '0'
                    : digit >= 'a' && digit <= 'f' ? digit - 'a' + 10
                    : digit >= 'A' && digit <= 'F' ? digit - 'A' + 10
                                                   : -1;
        if (value < 0)
            return -1;
        number = number * 16 + value;
    }
    return number;
}

static size_t put_utf8(char *out, uint32_t point)
{
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    int more = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
    static const unsigned char heads[] = {0, 0xc0, 0xe0, 0xf0};
    for (int i = more; i > 0; i--, point >>= 6)
        out[i] = (char)(0x80 | (point & 0x3f));
    out[0] = (char)(heads[more] | point);
    return (size_t)more + 1;
}

/* \uXXXX, and its second half when it is a surrogate; one that is alone becomes '?', as Java's
 * encoder writes it. c is behind the 'u'. */
static const char *read_unicode(const char *c, const char *end, uint32_t *point)
{
    int high = hex4(c, end);
    if (high < 0)
        return NULL;
    c += 4;
    *point = (uint32_t)high;
    if (high < 0xd800 || high > 0xdfff)
        return c;
    int low = end - c >= 6 && c[0] == '\\' && c[1] == 'u' ? hex4(c + 2, end) : -1;
    if (high >= 0xdc00 || low < 0xdc00 || low > 0xdfff) {
        *point = '?';
        return c;
    }
    *point = 0x10000 + (((uint32_t)high - 0xd800) << 10) + ((uint32_t)low - 0xdc00);
    return c + 6;
}

/* One escape; c is behind the backslash. */
static const char *read_escape(const char *c, const char *end, char *out, size_t *size)
{
    static const char names[] = "bfnrt\"\\/";
    static const char values[] = "\b\f\n\r\t\"\\/";
    *size = 1;
    if (c == end)
        return NULL;
    const char *found = *c ? strchr(names, *c) : NULL;
    if (found) {
        *out = values[found - names];
        return c + 1;
    }
    if (*c != 'u')
        return NULL;
    uint32_t point;
    c = read_unicode(c + 1, end, &point);
    if (c)
        *size = put_utf8(out, point);
    return c;
}

static bool unescape(struct json_reader *r, const char *from, size_t len, const char **text,
                     size_t *text_len)
{
    char *out = kc_arena_try_alloc(r->texts, len);
    size_t used = 0;
    const char *end = from + len;
    if (!out)
        return fail(r, no_memory);
    while (from < end) {
        const char *slash = memchr(from, '\\', (size_t)(end - from));
        size_t plain = (size_t)((slash ? slash : end) - from);
        memcpy(out + used, from, plain);
        used += plain;
        if (!slash)
            break;
        size_t size;
        from = read_escape(slash + 1, end, out + used, &size);
        if (!from)
            return fail(r, "Unrecognized character escape");
        used += size;
    }
    *text = out;
    *text_len = used;
    return true;
}

/* r->c is behind the opening quote; ends behind the closing one. */
static bool read_string(struct json_reader *r, const char **text, size_t *len)
{
    const char *from = r->c;
    bool escaped = false;
    bool ascii = true;
    for (;; r->c++) {
        if (r->c == r->end)
            return fail(r, "Unexpected end-of-input in a string");
        unsigned char c = (unsigned char)*r->c;
        if (c == '"')
            break;
        if (c < 0x20)
            return fail(r, "Illegal unquoted control character in a string");
        ascii &= c < 0x80;
        if (c == '\\') {
            escaped = true;
            r->c++;
            if (r->c == r->end)
                return fail(r, "Unexpected end-of-input in a string");
        }
    }
    *text = from;
    *len = (size_t)(r->c - from);
    r->c++;
    if (!ascii) {
        size_t valid_len;
        if (kc_utf8_text(r->texts, from, *len, &valid_len) != from)
            return fail(r, "Invalid UTF-8");
    }
    return escaped ? unescape(r, from, *len, text, len) : true;
}

/* ---- numbers and words ---- */

static size_t skip_digits(struct json_reader *r)
{
    const char *from = r->c;
    while (r->c < r->end && *r->c >= '0' && *r->c <= '9')
        r->c++;
    return (size_t)(r->c - from);
}

static bool read_number(struct json_reader *r, struct kc_json_node *node)
{
    const char *from = r->c;
    node->kind = KC_JSON_INTEGER;
    if (*r->c == '-')
        r->c++;
    if (!skip_digits(r))
        return fail(r, "Unexpected character in numeric value");
    if (r->c < r->end && *r->c == '.') {
        r->c++;
        node->kind = KC_JSON_DECIMAL;
        if (!skip_digits(r))
            return fail(r, "Decimal point not followed by a digit");
    }
    if (r->c < r->end && (*r->c == 'e' || *r->c == 'E')) {
        r->c++;
        node->kind = KC_JSON_DECIMAL;
        if (r->c < r->end && (*r->c == '+' || *r->c == '-'))
            r->c++;
        if (!skip_digits(r))
            return fail(r, "Exponent indicator not followed by a digit");
    }
    node->text = from;
    node->len = (size_t)(r->c - from);
    if (node->len > MAX_NUMBER)
        return fail(r, "Number value length exceeds the maximum allowed (1000)");
    if (r->c < r->end && !strchr(" \t\r\n", *r->c) && !r->depth)
        return fail(r, "Expected space separating root-level values");
    return true;
}

static bool read_word(struct json_reader *r, struct kc_json_node *node)
{
    static const struct {
        const char *word;
        enum kc_json_kind kind;
        bool truth;
    } words[] = {
        {"null", KC_JSON_NULL, false},
        {"true", KC_JSON_BOOLEAN, true},
        {"false", KC_JSON_BOOLEAN, false},
    };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        size_t len = strlen(words[i].word);
        if ((size_t)(r->end - r->c) < len || memcmp(r->c, words[i].word, len) != 0)
            continue;
        node->kind = words[i].kind;
        node->truth = words[i].truth;
        r->c += len;
        bool ends = r->c == r->end || !((*r->c >= '0' && *r->c <= '9') || *r->c == '_' ||
                                        ((*r->c | 0x20) >= 'a' && (*r->c | 0x20) <= 'z'));
        return ends ? true : fail(r, "Unrecognized token");
    }
    return fail(r, "Unrecognized token");
}

/* ---- containers ---- */

static bool push(struct json_reader *r, const struct kc_json_node *node)
{
    if (r->top == r->cap) {
        size_t cap = r->cap ? 2 * r->cap : 64;
        struct kc_json_node *stack = kc_try_realloc(r->stack, cap * sizeof(*r->stack));
        if (!stack)
            return fail(r, no_memory);
        r->cap = cap;
        r->stack = stack;
    }
    r->stack[r->top++] = *node;
    return true;
}

struct member {
    const struct kc_json_node *node;
    size_t index;
};

static int by_key(const void *a, const void *b)
{
    const struct member *x = a;
    const struct member *y = b;
    size_t len = x->node->key_len < y->node->key_len ? x->node->key_len : y->node->key_len;
    int order = memcmp(x->node->key, y->node->key, len);
    if (order == 0 && x->node->key_len != y->node->key_len)
        order = x->node->key_len < y->node->key_len ? -1 : 1;
    return order ? order : x->index < y->index ? -1 : 1;
}

static bool same_key(const struct kc_json_node *a, const struct kc_json_node *b)
{
    return a->key_len == b->key_len && memcmp(a->key, b->key, a->key_len) == 0;
}

/* A member that comes again replaces the value of the first one and keeps its place: members[i] is
 * marked MISSING when an earlier one has taken its value. */
static bool mark_repeats(struct kc_json_node *members, size_t count)
{
    struct member *sorted = kc_try_calloc(count, sizeof(*sorted));
    if (!sorted)
        return false;
    for (size_t i = 0; i < count; i++)
        sorted[i] = (struct member){&members[i], i};
    qsort(sorted, count, sizeof(*sorted), by_key);
    for (size_t i = 0, first = 0; i < count; i++) {
        if (i == first || !same_key(sorted[first].node, sorted[i].node)) {
            first = i;
            continue;
        }
        members[sorted[first].index] = members[sorted[i].index];
        members[sorted[i].index].kind = KC_JSON_MISSING;
    }
    free(sorted);
    return true;
}

/* False: there is no memory for it. */
static bool drop_repeats(struct kc_json_node *members, size_t *all)
{
    size_t count = *all;
    bool repeats = count > FEW_MEMBERS;
    for (size_t i = 1; i < count && !repeats; i++)
        for (size_t k = 0; k < i && !repeats; k++)
            repeats = same_key(&members[i], &members[k]);
    if (!repeats)
        return true;
    if (!mark_repeats(members, count))
        return false;
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (members[i].kind != KC_JSON_MISSING)
            members[kept++] = members[i];
    *all = kept;
    return true;
}

static bool pop_items(struct json_reader *r, size_t base, struct kc_json_node *node)
{
    size_t count = r->top - base;
    if (node->kind == KC_JSON_OBJECT && !drop_repeats(r->stack + base, &count))
        return fail(r, no_memory);
    struct kc_json_node *items = kc_arena_try_alloc(r->nodes, count * sizeof(*items));
    if (!items)
        return fail(r, no_memory);
    memcpy(items, r->stack + base, count * sizeof(*items));
    node->count = (uint32_t)count;
    node->items = items;
    r->top = base;
    return true;
}

static bool read_key(struct json_reader *r, struct kc_json_node *member)
{
    skip_space(r);
    if (r->c == r->end || *r->c != '"')
        return fail(r, "Expected a double-quoted member name");
    r->c++;
    if (!read_string(r, &member->key, &member->key_len))
        return false;
    skip_space(r);
    if (r->c == r->end || *r->c != ':')
        return fail(r, "Expected a colon after a member name");
    r->c++;
    return true;
}

/* r->c is behind the opening bracket. */
static bool read_items(struct json_reader *r, struct kc_json_node *node, char close)
{
    size_t base = r->top;
    skip_space(r);
    if (r->c < r->end && *r->c == close) {
        r->c++;
        return true;
    }
    for (;;) {
        struct kc_json_node item = {0};
        if (node->kind == KC_JSON_OBJECT && !read_key(r, &item))
            return false;
        if (!read_value(r, &item))
            return false;
        if (!push(r, &item))
            return false;
        skip_space(r);
        if (r->c == r->end)
            return fail(r, "Unexpected end-of-input in an array or object");
        char c = *r->c++;
        if (c == close)
            break;
        if (c != ',')
            return fail(r, "Expected a comma or a closing bracket");
    }
    return pop_items(r, base, node);
}

static bool read_value(struct json_reader *r, struct kc_json_node *node)
{
    skip_space(r);
    if (r->c == r->end)
        return fail(r, "Unexpected end-of-input");
    node->start = r->c;
    bool good;
    if (*r->c == '{' || *r->c == '[') {
        bool object = *r->c++ == '{';
        node->kind = object ? KC_JSON_OBJECT : KC_JSON_ARRAY;
        if (++r->depth > MAX_DEPTH)
            return fail(r, "Document nesting depth exceeds the maximum allowed (1000)");
        good = read_items(r, node, object ? '}' : ']');
        r->depth--;
    } else if (*r->c == '"') {
        r->c++;
        node->kind = KC_JSON_STRING;
        good = read_string(r, &node->text, &node->len);
    } else if (*r->c == '-' || (*r->c >= '0' && *r->c <= '9')) {
        good = read_number(r, node);
    } else {
        good = read_word(r, node);
    }
    node->size = (size_t)(r->c - node->start);
    return good;
}

struct kc_error *kc_json_read(const char *data, size_t len, struct kc_arena *nodes,
                              struct kc_arena *texts, struct kc_json_node *root)
{
    struct json_reader r = {
        .start = data, .c = data, .end = data + len, .nodes = nodes, .texts = texts};
    *root = (struct kc_json_node){.kind = KC_JSON_MISSING};
    if (len >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0)
        r.c += 3; /* byte order mark */
    skip_space(&r);
    if (r.c == r.end)
        return NULL;
    bool good = read_value(&r, root);
    free(r.stack);
    if (good)
        return NULL;
    return kc_error_new(KC_ERR_SCHEMA, "%s, at byte %zu", r.why, (size_t)(r.c - r.start));
}

const struct kc_json_node *kc_json_member(const struct kc_json_node *node, const char *key)
{
    size_t len = strlen(key);
    for (uint32_t i = 0; node->kind == KC_JSON_OBJECT && i < node->count; i++)
        if (node->items[i].key_len == len && memcmp(node->items[i].key, key, len) == 0)
            return &node->items[i];
    return NULL;
}

const char *kc_json_kind_name(const struct kc_json_node *node)
{
    static const char *const names[] = {
        [KC_JSON_MISSING] = "MISSING", [KC_JSON_NULL] = "NULL",      [KC_JSON_BOOLEAN] = "BOOLEAN",
        [KC_JSON_INTEGER] = "NUMBER",  [KC_JSON_DECIMAL] = "NUMBER", [KC_JSON_STRING] = "STRING",
        [KC_JSON_ARRAY] = "ARRAY",     [KC_JSON_OBJECT] = "OBJECT",
    };
    return names[node->kind];
}
