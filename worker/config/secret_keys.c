/* SPDX-License-Identifier: Apache-2.0 */
/* Names of secrets: see secret_keys.h. */
#include "config/secret_keys.h"

#include "config/config_keys.h"

#include <string.h>
#include <strings.h>

/* Whether key is name, or ends with it behind a prefix: "producer.override.sasl.jaas.config". */
static bool ends_with(const char *key, const char *name)
{
    size_t len = strlen(key), tail = strlen(name);
    return len >= tail && strcmp(key + len - tail, name) == 0 &&
           (len == tail || key[len - tail - 1] == '.');
}

static bool is_password_of(const struct kc_key_table *table, const char *key)
{
    for (size_t i = 0; i < table->count; i++)
        if (table->keys[i].type == KC_CONFIG_PASSWORD && ends_with(key, table->keys[i].name))
            return true;
    return false;
}

/* Words in keys that no table here has: those of other connectors, converters, login modules. */
static bool looks_secret(const char *key)
{
    static const char *const words[] = {"password",   "passphrase",  "passwd",
                                        "secret",     "jaas.config", "basic.auth.user.info",
                                        "access.key", "api.key",     "auth.token"};
    static const char *const places[] = {".file", ".location", ".path", ".url", ".class"};
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
        if (ends_with(key, places[i] + 1))
            return false;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcasestr(key, words[i]))
            return true;
    return false;
}

bool kc_config_is_secret(const char *key)
{
    return is_password_of(&kc_ssl_keys, key) || is_password_of(&kc_sasl_keys, key) ||
           looks_secret(key);
}

char *kc_config_print(const struct kc_map *config)
{
    struct kc_map *shown = kc_map_copy(config);
    kc_map_foreach (config, entry)
        if (entry->value && kc_config_is_secret(entry->key))
            kc_map_set(shown, entry->key, "[hidden]");
    char *text = kc_map_print(shown);
    kc_map_destroy(shown);
    return text;
}
