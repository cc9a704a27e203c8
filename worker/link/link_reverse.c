/* SPDX-License-Identifier: Apache-2.0 */
/* The settings of a link the other way round. Pure, any thread. */
#include "connect/link.h"

#include <stdlib.h>
#include <string.h>

#define SOURCE "source."
#define TARGET "target."

static char *reversed_key(const char *key)
{
    if (strncmp(key, SOURCE, strlen(SOURCE)) == 0)
        return kc_asprintf(TARGET "%s", key + strlen(SOURCE));
    if (strncmp(key, TARGET, strlen(TARGET)) == 0)
        return kc_asprintf(SOURCE "%s", key + strlen(TARGET));
    return kc_strdup(key);
}

struct kc_map *kc_link_reversed(const struct kc_map *config)
{
    /* What it moves is named anew, and a prefix can't be taken away again. */
    static const char *const dropped[] = {
        "name",       "topics",         "groups", "link.topic.prefix", "link.group.prefix",
        "link.start", "link.reverse.of"};
    struct kc_map *made = kc_map_new();
    kc_map_foreach (config, entry) {
        char *key = reversed_key(entry->key);
        kc_map_set(made, key, entry->value);
        free(key);
    }
    for (size_t i = 0; i < sizeof(dropped) / sizeof(dropped[0]); i++)
        kc_map_remove(made, dropped[i]);
    return made;
}
