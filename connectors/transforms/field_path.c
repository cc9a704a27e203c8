/* SPDX-License-Identifier: Apache-2.0 */
/* Paths of fields: see field_path_priv.h. */
#include "transforms/field_path_priv.h"

#include <string.h>

static struct kc_error *incomplete(const char *path, const char *backtick)
{
    return kc_error_new(KC_ERR_CONFIG,
                        "Incomplete backtick pair in path: [%s], consider adding a backslash "
                        "before backtick at position %zu to escape it",
                        path, (size_t)(backtick - path));
}

/* Reads the step in backticks at *at; a backtick that no dot follows, or behind a backslash,
 * belongs to the name. */
static struct kc_error *take_quoted(const char *path, const char **at, struct kc_strings *steps)
{
    const char *opening = *at;
    const char *start = opening + 1;
    const char *c = start;
    struct kc_str name = {0};
    for (;;) {
        c = strchr(c, '`');
        bool escaped = c && c[-1] == '\\';
        if (!c || (!c[1] && escaped)) {
            kc_str_destroy(&name);
            return incomplete(path, opening);
        }
        if (c[1] && c[1] != '.') {
            c++;
            continue;
        }
        if (!escaped)
            break;
        kc_str_append_n(&name, start, (size_t)(c - 1 - start));
        kc_str_append_char(&name, '`');
        start = ++c;
    }
    kc_str_append_n(&name, start, (size_t)(c - start));
    kc_strings_take(steps, kc_str_take(&name));
    *at = c[1] ? c + 2 : c + 1;
    return NULL;
}

struct kc_error *kc_field_path_parse(const char *path, bool nested, struct kc_strings *steps)
{
    const char *c = path;
    size_t len = strlen(path);
    if (!nested) {
        kc_strings_add(steps, path);
        return NULL;
    }
    while (*c) {
        if (*c == '`') {
            struct kc_error *err = take_quoted(path, &c, steps);
            if (err)
                return err;
            continue;
        }
        size_t size = strcspn(c, ".");
        kc_strings_take(steps, kc_strndup(c, size));
        c += size + (c[size] == '.');
    }
    if (len == 0)
        return kc_error_new(KC_ERR_CONFIG, "The path of a field can't be empty");
    if (path[len - 1] == '.')
        kc_strings_add(steps, "");
    return NULL;
}
