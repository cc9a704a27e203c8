/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values.parseString: see connect/text.h.
 *
 * It follows Java step for step, because headers depend on Java's oddities: text is cut into tokens
 * at the delimiters : , { } [ ] " unless a backslash stands before them; white space around a token
 * that is looked for doesn't count; an array or map that turns out malformed is a string as a
 * whole. Positions are bytes; a failed attempt rewinds.
 */
#include "connect/text.h"
#include "values/date_format.h"
#include "values/decimal.h"
#include "values/hash_order.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 500 };

struct value_span {
    const char *text;
    size_t len;
};

struct parser {
    struct kc_arena *arena;
    struct value_span original;
    size_t index;
    bool has_next; /* next has been read already; index is behind it */
    struct value_span next;
    struct value_span previous;
    int depth;
    bool too_deep;
};

struct parsed {
    const struct kc_schema *schema; /* owned; NULL: null */
    struct kc_value value;
};

struct list {
    struct parsed *items;
    size_t count, cap;
};

/* false: a DataException in Java, which the caller turns into "take it as a string". */
static bool parse(struct parser *p, bool embedded, struct parsed *out);

/* ---- tokens ---- */

static struct value_span trim(struct value_span span)
{
    while (span.len && (unsigned char)span.text[0] <= ' ')
        span.text++, span.len--;
    while (span.len && (unsigned char)span.text[span.len - 1] <= ' ')
        span.len--;
    return span;
}

static bool is_blank(struct value_span span)
{
    return trim(span).len == 0;
}

static bool is_delimiter(char c)
{
    return c && strchr(":,{}[]\"", c);
}

static struct value_span consume_token(struct parser *p)
{
    const char *text = p->original.text;
    size_t start = p->index;
    bool escaped = false;
    for (; p->index < p->original.len; p->index++) {
        char c = text[p->index];
        if (is_delimiter(c) && !escaped) {
            if (start == p->index)
                p->index++;
            break;
        }
        escaped = c == '\\' && !escaped;
    }
    return (struct value_span){text + start, p->index - start};
}

static bool can_consume_next_token(const struct parser *p)
{
    return p->index < p->original.len;
}

static bool has_next(const struct parser *p)
{
    return p->has_next || can_consume_next_token(p);
}

static size_t mark(const struct parser *p)
{
    return p->index - (p->has_next ? p->next.len : 0);
}

static void rewind_to(struct parser *p, size_t index)
{
    p->index = index;
    p->has_next = false;
    p->previous = (struct value_span){NULL, 0};
}

static struct value_span next(struct parser *p)
{
    p->previous = p->has_next ? p->next : consume_token(p);
    p->has_next = false;
    return p->previous;
}

/* Takes the next count tokens as one text. False: there are fewer, and nothing was consumed. */
static bool next_tokens(struct parser *p, int count, struct value_span *text)
{
    size_t start = mark(p);
    for (int i = 0; i < count; i++) {
        if (!has_next(p)) {
            rewind_to(p, start);
            return false;
        }
        next(p);
    }
    *text = (struct value_span){p->original.text + start, p->index - start};
    return true;
}

static bool can_consume(struct parser *p, const char *expected)
{
    if (!p->has_next) {
        if (!has_next(p))
            return false;
        p->next = consume_token(p);
        p->has_next = true;
    }
    while (is_blank(p->next) && can_consume_next_token(p))
        p->next = consume_token(p);
    struct value_span token = trim(p->next);
    if (token.len != strlen(expected) || memcmp(token.text, expected, token.len) != 0)
        return false;
    p->has_next = false;
    return true;
}

static bool can_parse_literal(struct parser *p, bool embedded, const char *literal)
{
    size_t start = mark(p);
    if (can_consume(p, literal) && (embedded || !has_next(p)))
        return true;
    rewind_to(p, start);
    return false;
}

/* ---- scalars ---- */

static const struct kc_schema *logical_schema(enum kc_type type, const char *name)
{
    struct kc_schema *schema = kc_schema_new(type);
    kc_schema_set_name(schema, name);
    kc_schema_set_version(schema, 1);
    return schema;
}

static void set_string(struct parsed *out, struct value_span text)
{
    out->schema = kc_schema_simple(KC_TYPE_STRING, false);
    out->value = kc_value_string(text.len ? text.text : "", text.len);
}

static void set_int(struct parsed *out, int64_t number)
{
    enum kc_type type = number == (int8_t)number    ? KC_TYPE_INT8
                        : number == (int16_t)number ? KC_TYPE_INT16
                        : number == (int32_t)number ? KC_TYPE_INT32
                                                    : KC_TYPE_INT64;
    out->schema = kc_schema_simple(type, false);
    out->value = kc_value_int(type, number);
}

/* Whether decimal is an integer that a long can hold. */
static bool as_long(struct kc_arena *arena, struct kc_decimal decimal, int64_t *number)
{
    if ((int64_t)strlen(decimal.digits) - decimal.scale > 19 && decimal.digits[0] != '0')
        return false;
    if (!kc_decimal_set_scale(arena, &decimal, 0))
        return false;
    errno = 0;
    uint64_t magnitude = strtoull(decimal.digits, NULL, 10);
    if (errno || magnitude > (uint64_t)INT64_MAX + decimal.negative)
        return false;
    *number = (int64_t)(decimal.negative ? 0 - magnitude : magnitude);
    return true;
}

static bool parse_number(struct parser *p, struct value_span token, struct parsed *out)
{
    struct kc_decimal decimal;
    int64_t number;
    if (!kc_decimal_parse(p->arena, token.text, token.len, &decimal))
        return false;
    float single = kc_decimal_float(&decimal);
    double full = kc_decimal_double(&decimal);
    if (as_long(p->arena, decimal, &number)) {
        set_int(out, number);
    } else if (single - single == 0 && decimal.scale != 0) {
        out->schema = kc_schema_simple(KC_TYPE_FLOAT32, false);
        out->value = kc_value_double(KC_TYPE_FLOAT32, (double)single);
    } else if (full - full == 0 && decimal.scale != 0) {
        out->schema = kc_schema_simple(KC_TYPE_FLOAT64, false);
        out->value = kc_value_double(KC_TYPE_FLOAT64, full);
    } else {
        out->schema = kc_decimal_schema(decimal.scale, false);
        out->value = kc_decimal_bytes(p->arena, &decimal);
    }
    return true;
}

static bool parse_instant(const char *pattern, struct value_span token, int64_t *ms)
{
    struct kc_date_format *format = NULL;
    struct kc_error *err = kc_date_format_new(pattern, &format);
    bool good = !err && kc_date_format_parse(format, token.text, token.len, ms);
    kc_error_destroy(err);
    kc_date_format_destroy(format);
    return good;
}

/* A date, time or timestamp in ISO 8601, told apart by its length; escaped colons count as colons.
 */
static bool parse_temporal(struct value_span token, struct parsed *out)
{
    char text[32];
    size_t len = 0;
    int64_t ms;
    for (size_t i = 0; i < token.len && len < sizeof(text); i++)
        if (token.text[i] != '\\' || i + 1 == token.len || token.text[i + 1] != ':')
            text[len++] = token.text[i];
    struct value_span plain = {text, len};
    if (len == 13 && parse_instant("HH:mm:ss.SSS'Z'", plain, &ms)) {
        out->schema = logical_schema(KC_TYPE_INT32, KC_LOGICAL_TIME);
        out->value = kc_value_int(KC_TYPE_INT32, ms);
    } else if (len == 24 && parse_instant("yyyy-MM-dd'T'HH:mm:ss.SSS'Z'", plain, &ms)) {
        out->schema = logical_schema(KC_TYPE_INT64, KC_LOGICAL_TIMESTAMP);
        out->value = kc_value_int(KC_TYPE_INT64, ms);
    } else if (len == 10 && parse_instant("yyyy-MM-dd", plain, &ms)) {
        out->schema = logical_schema(KC_TYPE_INT32, KC_LOGICAL_DATE);
        out->value = kc_value_int(KC_TYPE_INT32, ms / 86400000);
    } else {
        return false;
    }
    return true;
}

/* token, or token and the four after it: the colons of a time are delimiters. */
static bool parse_tokens_as_temporal(struct parser *p, struct value_span token, struct parsed *out)
{
    size_t start = mark(p);
    struct value_span rest;
    if (next_tokens(p, 4, &rest)) {
        char text[64];
        bool fits = token.len + rest.len < sizeof(text);
        if (fits) {
            memcpy(text, token.text, token.len);
            memcpy(text + token.len, rest.text, rest.len);
        }
        if (fits && parse_temporal((struct value_span){text, token.len + rest.len}, out))
            return true;
    }
    rewind_to(p, start);
    return parse_temporal(token, out);
}

static bool parse_token(struct parser *p, bool embedded, struct value_span token,
                        struct parsed *out)
{
    char first = token.text[0];
    bool digit = first >= '0' && first <= '9';
    if (digit && parse_tokens_as_temporal(p, token, out))
        return true;
    if ((digit || first == '+' || first == '-') && parse_number(p, token, out))
        return true;
    if (embedded)
        return false;
    set_string(out, p->original);
    return true;
}

static void parse_quoted(struct parser *p, struct parsed *out)
{
    struct kc_str content = {0};
    while (has_next(p) && !can_consume(p, "\"")) {
        struct value_span token = next(p);
        kc_str_append_n(&content, token.text, token.len);
    }
    struct value_span text = {kc_arena_dup(p->arena, content.data ? content.data : "", content.len),
                              content.len};
    kc_str_destroy(&content);
    if (!parse_temporal(text, out))
        set_string(out, text);
}

/* ---- common schemas ---- */

struct merger {
    const struct kc_schema *common; /* borrowed from a parsed item */
    bool incompatible;
};

static bool is_number(enum kc_type type)
{
    return type >= KC_TYPE_INT8 && type <= KC_TYPE_FLOAT64;
}

static bool same_logical(const struct kc_schema *a, const struct kc_schema *b)
{
    const char *x = kc_schema_name(a);
    const char *y = kc_schema_name(b);
    return x == y || (x && y && strcmp(x, y) == 0);
}

/* The wider of two number types; of two schemas of one type the later one. NULL: none. */
static const struct kc_schema *merge_schemas(const struct kc_schema *a, const struct kc_schema *b)
{
    enum kc_type x = kc_schema_type(a);
    enum kc_type y = kc_schema_type(b);
    if (x == y)
        return same_logical(a, b) ? b : NULL;
    if (!is_number(x) || !is_number(y))
        return NULL;
    return x > y ? a : b;
}

static void merge(struct merger *merger, const struct parsed *latest)
{
    if (!latest->schema || merger->incompatible)
        return;
    merger->common =
        merger->common ? merge_schemas(merger->common, latest->schema) : latest->schema;
    merger->incompatible = !merger->common;
}

/* The part of Values.convertTo that values of one merged schema need. */
static bool align(struct parser *p, const struct kc_schema *schema, struct parsed *item)
{
    struct kc_value *value = &item->value;
    enum kc_type type = kc_schema_type(schema);
    if (value->type == KC_TYPE_NULL)
        return false;
    if (type == KC_TYPE_FLOAT32 || type == KC_TYPE_FLOAT64) {
        double number = value->type < KC_TYPE_FLOAT32 ? (double)value->u.i : value->u.d;
        *value = kc_value_double(type, type == KC_TYPE_FLOAT32 ? (double)(float)number : number);
    } else if (type >= KC_TYPE_INT8 && type <= KC_TYPE_INT64) {
        value->type = type;
    } else if (type == KC_TYPE_BYTES && item->schema != schema) {
        int32_t from, to;
        struct kc_decimal decimal;
        struct kc_error *err = kc_decimal_schema_scale(item->schema, &from);
        if (!err)
            err = kc_decimal_schema_scale(schema, &to);
        bool good = !err &&
                    kc_decimal_from_bytes(p->arena, value->u.bytes.data, value->u.bytes.len, from,
                                          &decimal) &&
                    kc_decimal_set_scale(p->arena, &decimal, to);
        kc_error_destroy(err);
        if (good)
            *value = kc_decimal_bytes(p->arena, &decimal);
        return good;
    }
    return true;
}

/* ---- arrays and maps ---- */

static struct parsed *add(struct list *list)
{
    if (list->count == list->cap) {
        list->cap = list->cap ? 2 * list->cap : 8;
        list->items = kc_realloc(list->items, list->cap * sizeof(*list->items));
    }
    struct parsed *item = &list->items[list->count++];
    *item = (struct parsed){NULL, kc_value_null()};
    return item;
}

static void clear(struct list *list)
{
    for (size_t i = 0; i < list->count; i++)
        kc_schema_unref(list->items[i].schema);
    free(list->items);
}

static bool finish_array(struct parser *p, const struct list *list, struct parsed *out)
{
    struct merger merger = {0};
    for (size_t i = 0; i < list->count; i++)
        merge(&merger, &list->items[i]);
    struct kc_value *items = kc_arena_alloc(p->arena, list->count * sizeof(*items));
    for (size_t i = 0; i < list->count; i++) {
        if (merger.common && !align(p, merger.common, &list->items[i]))
            return false;
        items[i] = list->items[i].value;
    }
    struct kc_schema *schema = kc_schema_new(KC_TYPE_ARRAY);
    kc_schema_set_items(schema, merger.common);
    out->schema = schema;
    out->value =
        (struct kc_value){.type = KC_TYPE_ARRAY, .count = (uint32_t)list->count, .u.items = items};
    return true;
}

static bool parse_array(struct parser *p, struct list *list, struct parsed *out)
{
    while (has_next(p)) {
        if (can_consume(p, "]"))
            return finish_array(p, list, out);
        if (can_consume(p, ",") || !parse(p, true, add(list)))
            return false;
        size_t position = mark(p);
        if (can_consume(p, "]"))
            rewind_to(p, position);
        else if (!can_consume(p, ","))
            return false;
    }
    return false;
}

/* list: key, value, key, value, ... */
static bool finish_map(struct parser *p, const struct list *list, struct parsed *out)
{
    struct merger keys = {0};
    struct merger values = {0};
    for (size_t i = 0; i < list->count; i++)
        merge(i % 2 ? &values : &keys, &list->items[i]);
    struct kc_pair *pairs = kc_arena_alloc(p->arena, list->count / 2 * sizeof(*pairs));
    uint32_t count = 0;
    for (size_t i = 0; i < list->count; i += 2) {
        struct parsed *key = &list->items[i];
        struct parsed *value = key + 1;
        if ((keys.common && !align(p, keys.common, key)) ||
            (keys.common && values.common && !align(p, values.common, value)))
            return false;
        pairs[count++] = (struct kc_pair){key->value, value->value};
    }
    count = kc_linked_map_order(pairs, count);
    struct kc_schema *schema = kc_schema_new(KC_TYPE_MAP);
    kc_schema_set_keys(schema, keys.common);
    kc_schema_set_values(schema, keys.common ? values.common : NULL);
    out->schema = schema;
    out->value = (struct kc_value){.type = KC_TYPE_MAP, .count = count, .u.pairs = pairs};
    return true;
}

static bool parse_map(struct parser *p, struct list *list, struct parsed *out)
{
    while (has_next(p)) {
        if (can_consume(p, "}"))
            return finish_map(p, list, out);
        if (can_consume(p, ",") || !parse(p, true, add(list)) ||
            !list->items[list->count - 1].schema || !can_consume(p, ":") ||
            !parse(p, true, add(list)))
            return false;
        can_consume(p, ",");
    }
    return false;
}

static bool parse_container(struct parser *p, bool is_array, struct parsed *out)
{
    struct list list = {0};
    bool good = false;
    if (++p->depth > MAX_DEPTH)
        p->too_deep = true;
    else
        good = is_array ? parse_array(p, &list, out) : parse_map(p, &list, out);
    p->depth--;
    clear(&list);
    return good;
}

static bool parse(struct parser *p, bool embedded, struct parsed *out)
{
    if (!has_next(p))
        return true;
    if (embedded && can_consume(p, "\"")) {
        parse_quoted(p, out);
        return true;
    }
    if (can_parse_literal(p, embedded, "null"))
        return true;
    bool truth = can_parse_literal(p, embedded, "true");
    if (truth || can_parse_literal(p, embedded, "false")) {
        out->schema = kc_schema_simple(KC_TYPE_BOOLEAN, false);
        out->value = kc_value_bool(truth);
        return true;
    }
    size_t start = mark(p);
    bool is_array = can_consume(p, "[");
    if (is_array || can_consume(p, "{")) {
        if (parse_container(p, is_array, out))
            return true;
        rewind_to(p, start);
    }
    struct value_span token = next(p);
    if (is_blank(token)) {
        set_string(out, token);
        return true;
    }
    return parse_token(p, embedded, trim(token), out);
}

struct kc_error *kc_values_parse(struct kc_arena *arena, const char *text, size_t len,
                                 const struct kc_schema **schema, struct kc_value *value)
{
    struct parser p = {.arena = arena, .original = {text, len}};
    struct parsed out = {NULL, kc_value_null()};
    if (len == 0)
        set_string(&out, p.original);
    else if (!parse(&p, false, &out))
        set_string(&out, p.original);
    *schema = out.schema;
    *value = out.value;
    if (!p.too_deep)
        return NULL;
    kc_schema_unref(out.schema);
    *schema = NULL;
    return kc_error_new(KC_ERR_DATA, "The value is nested more than %d levels deep", MAX_DEPTH);
}
