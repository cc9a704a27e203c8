/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Maven's versions and ranges of them: see version_range.h; ComparableVersion and VersionRange.
 *
 * A version is a list of parts, numbers and words. A dash, and each change between digits and
 * letters, begins a list inside the list: here a further level. Neutral parts (0, "final") are left
 * out at the end of a level.
 */
#include "config/version_range.h"

#include "connect/mem.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* ---- versions ---- */

struct version_part {
    bool number;
    const char *text; /* digits without leading zeros, or a word in small letters */
    size_t len;
};

struct level {
    struct version_part *parts;
    size_t count;
};

struct version {
    char *text; /* what parts point into */
    struct level *levels;
    size_t depth;
};

static bool is(const struct version_part *part, const char *word)
{
    return part->len == strlen(word) && memcmp(part->text, word, part->len) == 0;
}

static void open_level(struct version *version)
{
    version->levels = kc_realloc(version->levels, (version->depth + 1) * sizeof(*version->levels));
    version->levels[version->depth++] = (struct level){0};
}

static void add_part(struct version *version, struct version_part part)
{
    struct level *level = &version->levels[version->depth - 1];
    level->parts = kc_realloc(level->parts, (level->count + 1) * sizeof(*level->parts));
    level->parts[level->count++] = part;
}

static struct version_part number_part(const char *text, size_t len)
{
    while (len > 0 && *text == '0') {
        text++;
        len--;
    }
    return (struct version_part){true, text, len};
}

/* A word; one letter before a digit may stand for a whole one. */
static struct version_part word_part(const char *text, size_t len, bool before_digit)
{
    static const char *const short_for[][2] = {{"a", "alpha"}, {"b", "beta"}, {"m", "milestone"}};
    static const char *const aliases[][2] = {
        {"ga", ""}, {"final", ""}, {"release", ""}, {"cr", "rc"}};
    struct version_part part = {false, text, len};
    for (size_t i = 0; before_digit && i < sizeof(short_for) / sizeof(short_for[0]); i++)
        if (is(&part, short_for[i][0]))
            return (struct version_part){false, short_for[i][1], strlen(short_for[i][1])};
    for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
        if (is(&part, aliases[i][0]))
            return (struct version_part){false, aliases[i][1], strlen(aliases[i][1])};
    return part;
}

/* StringItem's order: known words come before "5-", all others behind it; "" is a release. */
static const char *const known_words[] = {"alpha", "beta", "milestone", "rc", "snapshot", "", "sp"};
enum { WORD_COUNT = sizeof(known_words) / sizeof(known_words[0]), RELEASE = 5 };

static int rank(const struct version_part *word)
{
    for (int i = 0; i < WORD_COUNT; i++)
        if (is(word, known_words[i]))
            return i;
    return WORD_COUNT;
}

static bool says_nothing(const struct version_part *part)
{
    return part->number ? part->len == 0 : rank(part) == RELEASE;
}

static void drop_what_says_nothing(struct version *version)
{
    for (size_t i = version->depth; i-- > 0;) {
        struct level *level = &version->levels[i];
        while (level->count && says_nothing(&level->parts[level->count - 1]))
            level->count--;
        if (level->count == 0 && i + 1 == version->depth && i > 0) {
            free(level->parts);
            version->depth--;
        }
    }
}

static bool level_is_empty(const struct version *version)
{
    return version->levels[version->depth - 1].count == 0;
}

/* One run of digits or of letters, which ends at a dot, a dash, a change or the end. */
static void add_run(struct version *version, const char *text, size_t len, char next)
{
    bool digits = isdigit((unsigned char)*text) != 0;
    if (len == 0) {
        add_part(version, number_part(text, 0));
        return;
    }
    if (!digits && !level_is_empty(version) && next != '.' && next != '-')
        open_level(version);
    add_part(version,
             digits ? number_part(text, len) : word_part(text, len, isdigit((unsigned char)next)));
}

static void version_parse(const char *text, struct version *version)
{
    *version = (struct version){.text = kc_strdup(text)};
    for (char *c = version->text; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    open_level(version);
    for (const char *at = version->text; *at;) {
        bool digits = isdigit((unsigned char)*at) != 0;
        const char *end = at;
        while (*end && *end != '.' && *end != '-' && (isdigit((unsigned char)*end) != 0) == digits)
            end++;
        add_run(version, at, (size_t)(end - at), *end);
        if (*end == '-' || (*end && *end != '.'))
            open_level(version);
        at = *end == '.' || *end == '-' ? end + 1 : end;
    }
    drop_what_says_nothing(version);
}

static void version_clear(struct version *version)
{
    for (size_t i = 0; i < version->depth; i++)
        free(version->levels[i].parts);
    free(version->levels);
    free(version->text);
}

static int sign(int number)
{
    return (number > 0) - (number < 0);
}

static int compare_words(const struct version_part *a, const struct version_part *b)
{
    int left = rank(a), right = rank(b);
    if (left != right || left < WORD_COUNT)
        return sign(left - right);
    size_t shorter = a->len < b->len ? a->len : b->len;
    int order = memcmp(a->text, b->text, shorter);
    return order ? sign(order) : (a->len > b->len) - (a->len < b->len);
}

static int compare_numbers(const struct version_part *a, const struct version_part *b)
{
    if (a->len != b->len)
        return a->len < b->len ? -1 : 1;
    return sign(memcmp(a->text, b->text, a->len));
}

/* The kinds of item at one place of a level, in their order: nothing, a word, the next level, a
 * number. */
enum range_item { ITEM_NONE, ITEM_WORD, ITEM_LEVEL, ITEM_NUMBER };

static enum range_item item_at(const struct version *version, size_t depth, size_t index)
{
    const struct level *level = &version->levels[depth];
    if (index < level->count)
        return level->parts[index].number ? ITEM_NUMBER : ITEM_WORD;
    return index == level->count && depth + 1 < version->depth ? ITEM_LEVEL : ITEM_NONE;
}

/* An item against none at all. */
static int compare_to_none(const struct version *version, size_t depth, size_t index)
{
    enum range_item item = item_at(version, depth, index);
    const struct version_part *part = &version->levels[depth].parts[index];
    if (item == ITEM_NUMBER)
        return part->len > 0;
    if (item == ITEM_WORD)
        return sign(rank(part) - RELEASE);
    int order = 0;
    for (size_t i = 0; !order && item_at(version, depth + 1, i) != ITEM_NONE; i++)
        order = compare_to_none(version, depth + 1, i);
    return order;
}

static int compare_levels(const struct version *a, const struct version *b, size_t depth)
{
    for (size_t i = 0;; i++) {
        enum range_item left = item_at(a, depth, i), right = item_at(b, depth, i);
        int order;
        if (left == ITEM_NONE && right == ITEM_NONE)
            return 0;
        if (left == ITEM_NONE)
            order = -compare_to_none(b, depth, i);
        else if (right == ITEM_NONE)
            order = compare_to_none(a, depth, i);
        else if (left != right)
            order = left < right ? -1 : 1;
        else if (left == ITEM_LEVEL)
            order = compare_levels(a, b, depth + 1);
        else
            order = (left == ITEM_WORD ? compare_words : compare_numbers)(
                &a->levels[depth].parts[i], &b->levels[depth].parts[i]);
        if (order)
            return order;
    }
}

int kc_version_compare(const char *a, const char *b)
{
    struct version left, right;
    version_parse(a, &left);
    version_parse(b, &right);
    int order = compare_levels(&left, &right, 0);
    version_clear(&left);
    version_clear(&right);
    return order;
}

/* ---- ranges ---- */

struct range_bounds {
    char *lower; /* NULL: none */
    char *upper;
    bool lower_inclusive;
    bool upper_inclusive;
};

struct kc_version_range {
    struct range_bounds *items;
    size_t count;
};

static struct kc_error *invalid(const char *why, const char *text)
{
    return kc_error_new(KC_ERR_CONFIG, "%s: %s", why, text);
}

static char *bound_of(const char *text, size_t len)
{
    char *raw = kc_strndup(text, len);
    char *bound = kc_trimmed(raw);
    free(raw);
    if (*bound)
        return bound;
    free(bound);
    return NULL;
}

static struct kc_error *check_order(const struct range_bounds *bounds, const char *text)
{
    if (!bounds->lower || !bounds->upper)
        return NULL;
    int order = kc_version_compare(bounds->upper, bounds->lower);
    bool right = order > 0 || (order == 0 && bounds->lower_inclusive && bounds->upper_inclusive);
    return right ? NULL : invalid("Range defies version ordering", text);
}

/* One bracket, of len characters at text, into bounds. */
static struct kc_error *parse_bounds(const char *text, size_t len, struct range_bounds *bounds)
{
    const char *comma = memchr(text, ',', len);
    char *shown = kc_strndup(text, len);
    struct kc_error *err = NULL;
    bounds->lower_inclusive = text[0] == '[';
    bounds->upper_inclusive = text[len - 1] == ']';
    if (comma) {
        bounds->lower = bound_of(text + 1, (size_t)(comma - text) - 1);
        bounds->upper = bound_of(comma + 1, (size_t)(text + len - comma) - 2);
        err = check_order(bounds, shown);
    } else if (!bounds->lower_inclusive || !bounds->upper_inclusive) {
        err = invalid("Single version must be surrounded by []", shown);
    } else {
        char *one = kc_strndup(text + 1, len - 2);
        bounds->lower = kc_trimmed(one);
        bounds->upper = kc_strdup(bounds->lower);
        free(one);
    }
    free(shown);
    return err;
}

static bool overlap(const struct range_bounds *before, const struct range_bounds *next)
{
    return before->upper && (!next->lower || kc_version_compare(next->lower, before->upper) < 0);
}

static const char *skip_blanks(const char *text)
{
    while (*text && (unsigned char)*text <= ' ')
        text++;
    return text;
}

static struct kc_error *parse_all(const char *text, struct kc_version_range *range)
{
    const char *at = text;
    struct kc_error *err = NULL;
    while (!err && (*at == '[' || *at == '(')) {
        size_t len = strcspn(at, ")]") + 1;
        if (!at[len - 1])
            return invalid("Unbounded range", text);
        range->items = kc_realloc(range->items, (range->count + 1) * sizeof(*range->items));
        range->items[range->count] = (struct range_bounds){0};
        err = parse_bounds(at, len, &range->items[range->count++]);
        if (!err && range->count > 1 &&
            overlap(&range->items[range->count - 2], &range->items[range->count - 1]))
            err = invalid("Ranges overlap", text);
        at = skip_blanks(at + len);
        if (*at == ',')
            at = skip_blanks(at + 1);
    }
    if (!err && *at)
        err = invalid("Only fully-qualified sets allowed in multiple set scenario", text);
    return err;
}

struct kc_error *kc_version_range_parse(const char *text, struct kc_version_range **range)
{
    *range = NULL;
    if (!text || strcmp(text, "latest") == 0)
        return NULL;
    char *trimmed = kc_trimmed(text);
    /* For Maven a bare version is a recommendation; for Connect it means exactly that version. */
    bool alone = *trimmed != '[' && *trimmed != '(';
    char *spec = alone ? kc_asprintf("[%s]", trimmed) : kc_strdup(trimmed);
    struct kc_version_range *made = kc_calloc(1, sizeof(*made));
    struct kc_error *err = parse_all(spec, made);
    free(spec);
    free(trimmed);
    if (err)
        kc_version_range_destroy(made);
    else
        *range = made;
    return err;
}

void kc_version_range_destroy(struct kc_version_range *range)
{
    if (!range)
        return;
    for (size_t i = 0; i < range->count; i++) {
        free(range->items[i].lower);
        free(range->items[i].upper);
    }
    free(range->items);
    free(range);
}

static bool within(const struct range_bounds *bounds, const char *version)
{
    int above = bounds->lower ? kc_version_compare(version, bounds->lower) : 1;
    int below = bounds->upper ? kc_version_compare(bounds->upper, version) : 1;
    return (above > 0 || (above == 0 && bounds->lower_inclusive)) &&
           (below > 0 || (below == 0 && bounds->upper_inclusive));
}

bool kc_version_range_contains(const struct kc_version_range *range, const char *version)
{
    for (size_t i = 0; i < range->count; i++)
        if (within(&range->items[i], version))
            return true;
    return false;
}

char *kc_version_range_print(const struct kc_version_range *range)
{
    struct kc_str text = {0};
    for (size_t i = 0; i < range->count; i++) {
        const struct range_bounds *bounds = &range->items[i];
        kc_str_appendf(&text, "%s%c%s,%s%c", i ? "," : "", bounds->lower_inclusive ? '[' : '(',
                       bounds->lower ? bounds->lower : "", bounds->upper ? bounds->upper : "",
                       bounds->upper_inclusive ? ']' : ')');
    }
    return kc_str_take(&text);
}
