/* SPDX-License-Identifier: Apache-2.0 */
/* The text of AWS's shared files: see aws_profile_priv.h. */
#include "http/aws_profile_priv.h"

#include <stdlib.h>
#include <string.h>

/* "[name]", or "[profile name]" as in ~/.aws/config. */
static bool is_section(const char *line, size_t len, const char *name)
{
    static const char prefix[] = "profile ";

    if (len < 2 || line[0] != '[' || line[len - 1] != ']')
        return false;
    line++;
    len -= 2;
    if (len > strlen(prefix) && strncmp(line, prefix, strlen(prefix)) == 0) {
        line += strlen(prefix);
        len -= strlen(prefix);
    }
    return len == strlen(name) && strncmp(line, name, len) == 0;
}

static size_t trim(const char **text, size_t len)
{
    while (len && strchr(" \t\r", **text)) {
        (*text)++;
        len--;
    }
    while (len && strchr(" \t\r", (*text)[len - 1]))
        len--;
    return len;
}

static void take_pair(const char *line, size_t len, struct kc_map *values)
{
    const char *equals = memchr(line, '=', len), *value;

    if (!equals || *line == '#' || *line == ';')
        return;
    value = equals + 1;
    size_t value_len = trim(&value, len - (size_t)(value - line));
    size_t key_len = trim(&line, (size_t)(equals - line));
    char *key = kc_strndup(line, key_len);
    char *text = kc_strndup(value, value_len);
    kc_map_set(values, key, text);
    free(key);
    free(text);
}

bool wire_aws_profile(const char *text, const char *name, struct kc_map *values)
{
    bool found = false, inside = false;

    while (*text) {
        size_t line = strcspn(text, "\n"), len;
        const char *at = text;

        len = trim(&at, line);
        if (len && *at == '[') {
            inside = is_section(at, len, name);
            found = found || inside;
        } else if (len && inside) {
            take_pair(at, len, values);
        }
        text += line + (text[line] == '\n');
    }
    return found;
}
