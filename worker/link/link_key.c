/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of the state topic. Compaction compares their bytes, so that there is one way to write each.
 * Pure functions, any thread. */
#include "link/link_fields_priv.h"

#include "connect/java_json.h"

#include <stdlib.h>
#include <string.h>

static const char *const members[KC_LINK_RESOURCES] = {
    [KC_LINK_SELF] = "self",       [KC_LINK_TOPIC_ORDER] = "topic_order",
    [KC_LINK_TOPIC] = "topic",     [KC_LINK_GROUP_ORDER] = "group_order",
    [KC_LINK_GROUP] = "group",     [KC_LINK_LEASE] = "lease",
    [KC_LINK_GATEWAY] = "gateway", [KC_LINK_FLIP] = "flip",
    [KC_LINK_RECEIPT] = "receipt", [KC_LINK_WAVE] = "wave",
    [KC_LINK_GUARD] = "guard",     [KC_LINK_BACK] = "back",
    [KC_LINK_CLIENTS] = "clients",
};
static const struct kc_link_names resources = {members, KC_LINK_RESOURCES};

char *kc_link_key_format(const char *link, enum kc_link_resource resource, const char *name)
{
    json_t *object = json_object();

    json_object_set_new(object, "link", kc_link_text(link));
    json_object_set_new(object, kc_link_names_get(&resources, resource), kc_link_text(name));
    char *text = kc_json_print(object, KC_JSON_AS_IS);
    json_decref(object);
    return text;
}

static const char *key_text(const json_t *value)
{
    const char *text = json_string_value(value);

    return text && strlen(text) == json_string_length(value) ? text : NULL;
}

static struct kc_error *parse_object(json_t *object, struct kc_link_key *key)
{
    const char *link = key_text(json_object_get(object, "link"));
    const char *member, *name = NULL;
    json_t *value;
    unsigned resource = 0;

    if (!link || !*link)
        return kc_error_new(KC_ERR_SCHEMA, "a key without a field link that is a text");
    json_object_foreach (object, member, value) {
        if (!kc_link_names_find(&resources, member, &resource))
            continue;
        name = key_text(value);
        if (!name || (resource == KC_LINK_SELF) != (*name == 0))
            return kc_error_new(KC_ERR_SCHEMA, "a key of link '%s' whose field %s is no name", link,
                                member);
        break;
    }
    if (!name || json_object_size(object) != 2)
        return kc_error_new(KC_ERR_SCHEMA, "a key of link '%s' that names no known resource", link);
    *key = (struct kc_link_key){kc_strdup(link), (enum kc_link_resource)resource, kc_strdup(name)};
    return NULL;
}

struct kc_error *kc_link_key_parse(const void *data, size_t len, struct kc_link_key *key)
{
    json_t *object = NULL;

    memset(key, 0, sizeof(*key));
    struct kc_error *err = kc_json_parse(data, len, &object);
    if (err)
        return kc_error_caused(kc_error_new(KC_ERR_SCHEMA, "a key that is no JSON"), err);
    err = parse_object(object, key);
    json_decref(object);
    return err;
}

void kc_link_key_clear(struct kc_link_key *key)
{
    free(key->link);
    free(key->name);
    memset(key, 0, sizeof(*key));
}
