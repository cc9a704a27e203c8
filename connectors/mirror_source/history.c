/* SPDX-License-Identifier: Apache-2.0 */
/* The policy for a source whose log has changed, see history_priv.h. Any thread. */
#include "mirror_source/history_priv.h"

#include <string.h>
#include <strings.h>

static const char *const names[] = {
    [KC_HISTORY_FAIL] = "fail",
    [KC_HISTORY_REWIND] = "rewind",
    [KC_HISTORY_SKIP] = "skip",
};
enum { NAMES = sizeof(names) / sizeof(names[0]) };

struct kc_error *kc_history_check(const struct kc_map *properties)
{
    const char *value = kc_map_get(properties, KC_HISTORY_POLICY);
    for (size_t i = 0; value && i < NAMES; i++)
        if (strcmp(value, names[i]) == 0)
            return NULL;
    return value ? kc_error_new(KC_ERR_CONFIG,
                                "Invalid value %s for configuration %s: String must be one of: "
                                "fail, rewind, skip",
                                value, KC_HISTORY_POLICY)
                 : NULL;
}

static const char *setting(const struct kc_mirror_config *config)
{
    return kc_map_get(config->properties, KC_HISTORY_POLICY);
}

enum kc_history_policy kc_history_policy_of(const struct kc_mirror_config *config,
                                            const char *reset)
{
    const char *value = setting(config);
    for (size_t i = 0; value && i < NAMES; i++)
        if (strcmp(value, names[i]) == 0)
            return (enum kc_history_policy)i;
    return strcasecmp(reset, "none") == 0     ? KC_HISTORY_FAIL
           : strcasecmp(reset, "latest") == 0 ? KC_HISTORY_SKIP
                                              : KC_HISTORY_REWIND;
}

char *kc_history_text(const struct kc_mirror_config *config, const char *reset)
{
    const char *value = setting(config);
    return value ? kc_asprintf(KC_HISTORY_POLICY "=%s", value)
                 : kc_asprintf("auto.offset.reset=%s", reset);
}
