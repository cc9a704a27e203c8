/* SPDX-License-Identifier: Apache-2.0 */
/* A link's settings under Confluent's names: see link_alias_priv.h. Secrets aren't shown. */
#include "link/link_alias_priv.h"

#include <strings.h>

#include <stdlib.h>
#include <string.h>

/* As the worker hides them in its answers: by their names, under every prefix. */
static bool is_secret(const char *name)
{
    static const char *const parts[] = {"password", "secret",           "jaas",      "credential",
                                        "token",    "ssl.keystore.key", "basic.auth"};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (strcasestr(name, parts[i]))
            return true;
    return false;
}

static json_t *view_config(const struct link_control *control, const char *url, const char *name,
                           const char *value, bool is_default)
{
    bool secret = is_secret(name);
    json_t *view = link_alias_object("KafkaLinkConfigData", url, name);
    json_object_update_new(view,
                           json_pack("{s:s, s:s, s:s, s:b, s:b, s:b, s:s, s:[], s:s}", "cluster_id",
                                     control->target_cluster_id, "name", name, "value",
                                     secret || !value ? "" : value, "is_default", (int)is_default,
                                     "is_read_only", 0, "is_sensitive", (int)secret, "source",
                                     is_default ? "DEFAULT_CONFIG" : "DYNAMIC_CLUSTER_LINK_CONFIG",
                                     "synonyms", "link_name", control->config->name));
    return view;
}

/* What is set, then the defaults of what isn't. */
static json_t *view_all(const struct link_control *control, const char *url, const char *only)
{
    json_t *list = json_array();
    const struct kc_map *set = control->config->properties;
    kc_map_foreach (set, entry)
        if (!only || strcmp(only, entry->key) == 0)
            json_array_append_new(list, view_config(control, url, entry->key, entry->value, false));
    for (size_t i = 0; i < LINK_CONFIG_KEYS; i++) {
        const struct kc_config_key *key = &link_config_keys[i];
        bool wanted = !kc_map_has(set, key->name) && (!only || strcmp(only, key->name) == 0);
        if (wanted && key->default_value != kc_config_required)
            json_array_append_new(list,
                                  view_config(control, url, key->name, key->default_value, true));
    }
    return list;
}

void link_alias_get_configs(void *connector, struct kc_resource_request *request)
{
    struct link_control *control = link_alias_control(connector, request);
    const char *url = kc_resource_url(request);
    if (control)
        kc_resource_answer_json(
            request, 200,
            link_alias_list("KafkaLinkConfigDataList", url, view_all(control, url, NULL)));
}

/* "https://host/.../configs" of a URL with a name behind it. The caller's. */
static char *parent_of(const char *url)
{
    const char *end = strrchr(url, '/');
    return end ? kc_strndup(url, (size_t)(end - url)) : kc_strdup(url);
}

void link_alias_get_config(void *connector, struct kc_resource_request *request)
{
    struct link_control *control = link_alias_control(connector, request);
    if (!control)
        return;
    const char *name = kc_resource_param(request, 1);
    char *url = parent_of(kc_resource_url(request));
    json_t *found = view_all(control, url, name);
    if (json_array_size(found))
        kc_resource_answer_json(request, 200, json_incref(json_array_get(found, 0)));
    else
        kc_resource_answer_status(request, 404, "Link %s has no setting %s", control->config->name,
                                  name);
    json_decref(found);
    free(url);
}
