/* SPDX-License-Identifier: Apache-2.0 */
/* Settings beyond Java's, see own_settings.h. A pure table and functions. */
#include "mirror/own_settings.h"

#include "mirror/acl_sync_priv.h"
#include "mirror/client_limits_priv.h"
#include "mirror/flow_loads.h"
#include "mirror/mirror_config.h"
#include "mirror/provenance.h"

#include <errno.h>
#include <stdlib.h>
#include <strings.h>

static const char *const switches[] = {
    "raw.lane.enabled",    KC_OFFSET_INDEX_SETTING, KC_BALANCE_SETTING,
    KC_PROVENANCE_SETTING, KC_SYNC_GROUP_ACLS,      KC_SYNC_TXN_ACLS,
    KC_SYNC_ACLS_DELETE,   KC_SYNC_GROUP_CONFIGS,   KC_SYNC_QUOTAS,
};

/* As Java's ConfigDef words it of a BOOLEAN. */
static struct kc_error *check_switch(const char *key, const char *value)
{
    if (!value || strcasecmp(value, "true") == 0 || strcasecmp(value, "false") == 0)
        return NULL;
    return kc_config_invalid(key, value, "Expected value to be either true or false");
}

static struct kc_error *check_interval(const char *key, const char *value)
{
    char *end = NULL;
    if (!value)
        return NULL;
    errno = 0;
    long long ms = strtoll(value, &end, 10);
    if (end == value || *end || errno)
        return kc_config_invalid(key, value, "Not a number of type LONG");
    return ms < 1 ? kc_config_invalid(key, value, "Value must be at least 1") : NULL;
}

/* Takes err. */
static void add(struct kc_config_values *values, const char *key, const char *value,
                struct kc_error *err)
{
    if (!err)
        return;
    struct kc_config_value *shown = kc_config_values_get(values, key);
    if (!shown->value)
        shown->value = kc_strdup(value);
    kc_config_value_add_error(shown, "%s", kc_error_text(err));
    kc_error_destroy(err);
}

void kc_mirror_validate_own_settings(const struct kc_map *config, struct kc_config_values *values)
{
    for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
        const char *value = kc_map_get(config, switches[i]);
        add(values, switches[i], value, check_switch(switches[i], value));
    }
    const char *interval = kc_map_get(config, KC_BALANCE_INTERVAL);
    add(values, KC_BALANCE_INTERVAL, interval, check_interval(KC_BALANCE_INTERVAL, interval));
}
