/* SPDX-License-Identifier: Apache-2.0 */
/* See header_name_priv.h. */
#include "source/header_name_priv.h"

#include <stdlib.h>
#include <string.h>

#define ZERO "\xc0\x80"

const char *kc_header_name_read(struct kc_arena *arena, const char *data, size_t len)
{
    size_t zeros = 0, used = 0;
    for (size_t i = 0; i < len; i++)
        zeros += data[i] == '\0';
    char *text = kc_arena_alloc(arena, len + zeros + 1);
    for (size_t i = 0; i < len; i++) {
        if (data[i] != '\0') {
            text[used++] = data[i];
            continue;
        }
        text[used++] = ZERO[0];
        text[used++] = ZERO[1];
    }
    text[used] = '\0';
    return text;
}

void kc_header_name_open(struct kc_header_name *name, const char *text)
{
    const char *at = strstr(text, ZERO);
    *name = (struct kc_header_name){.data = text, .len = strlen(text)};
    if (!at)
        return;
    name->data = name->own = kc_malloc(name->len + 1);
    name->len = 0;
    for (; at; at = strstr(text, ZERO)) {
        memcpy(name->own + name->len, text, (size_t)(at - text));
        name->len += (size_t)(at - text);
        name->own[name->len++] = '\0';
        text = at + 2;
    }
    memcpy(name->own + name->len, text, strlen(text));
    name->len += strlen(text);
}

void kc_header_name_close(struct kc_header_name *name)
{
    free(name->own);
    name->own = NULL;
}
