/* SPDX-License-Identifier: Apache-2.0 */
/* System properties without a JVM: see java_options.h. */
#include "config/java_options.h"

#include <stdlib.h>
#include <string.h>

/* The order in which kafka-run-class.sh and the JVM join them; the last one wins. Only the JVM's
 * own variables have quotes, because the script leaves its words to the shell. */
static const struct {
    const char *name;
    bool quotes;
} variables[] = {
    {"JAVA_TOOL_OPTIONS", true},           {"JDK_JAVA_OPTIONS", true},   {"KAFKA_HEAP_OPTS", false},
    {"KAFKA_JVM_PERFORMANCE_OPTS", false}, {"KAFKA_GC_LOG_OPTS", false}, {"KAFKA_JMX_OPTS", false},
    {"KAFKA_LOG4J_OPTS", false},           {"KAFKA_OPTS", false},
};

static struct kc_map *file;

void kc_java_options_take_file(const struct kc_map *properties)
{
    kc_map_destroy(file);
    file = properties ? kc_map_copy(properties) : NULL;
}

/* The next word of *text, which is moved behind it; NULL at the end. Owned by the caller. */
static char *next_word(const char **text, bool quotes)
{
    static const char blanks[] = " \t\r\n\f\v";
    struct kc_str word = {0};
    char quote = '\0';
    const char *at = *text + strspn(*text, blanks);

    if (!*at)
        return NULL;
    for (; *at && (quote || !strchr(blanks, *at)); at++) {
        if (quote && *at == quote)
            quote = '\0';
        else if (quotes && !quote && (*at == '"' || *at == '\''))
            quote = *at;
        else
            kc_str_append_char(&word, *at);
    }
    *text = at;
    return kc_str_take(&word);
}

/* The last -Dname=value of options; a -Dname without a value is "". NULL: none. */
static char *find_option(const char *options, bool quotes, const char *name)
{
    size_t len = strlen(name);
    char *found = NULL, *word;

    while ((word = next_word(&options, quotes))) {
        if (strncmp(word, "-D", 2) == 0 && strncmp(word + 2, name, len) == 0 &&
            (word[2 + len] == '=' || !word[2 + len])) {
            free(found);
            found = kc_strdup(word[2 + len] ? word + 3 + len : "");
        }
        free(word);
    }
    return found;
}

char *kc_java_property(const char *name)
{
    for (size_t i = sizeof(variables) / sizeof(*variables); i-- > 0;) {
        const char *options = getenv(variables[i].name);
        char *found = options ? find_option(options, variables[i].quotes, name) : NULL;

        if (found)
            return found;
    }
    return file ? kc_strdup(kc_map_get(file, name)) : NULL;
}
