/* SPDX-License-Identifier: Apache-2.0 */
/* A link's record of itself, see link_connector_priv.h. Any thread. */
#include "link/link_connector_priv.h"

#include <stdlib.h>

static char *text_of(const json_t *json, const char *field)
{
    return kc_strdup(json_string_value(json_object_get(json, field)));
}

static void read_paused(const json_t *json, struct kc_strings *paused)
{
    const json_t *item;
    size_t i;
    json_array_foreach (json_object_get(json, "paused"), i, item)
        if (json_is_string(item))
            kc_strings_add(paused, json_string_value(item));
}

bool link_self_load(struct link_store *store, struct link_self *self)
{
    json_t *json = link_store_get(store, KC_LINK_SELF, "");
    *self = (struct link_self){
        .identity = text_of(json, "identity"),
        .source_cluster_id = text_of(json, "source_cluster_id"),
        .target_cluster_id = text_of(json, "target_cluster_id"),
        .source_servers = text_of(json, "source_servers"),
        .reverse_of = text_of(json, "reverse_of"),
        .since_ms = json_integer_value(json_object_get(json, "since_ms")),
    };
    read_paused(json, &self->paused);
    json_decref(json);
    if (self->identity && self->source_cluster_id && self->target_cluster_id)
        return true;
    link_self_clear(self);
    return false;
}

struct kc_error *link_self_save(struct link_store *store, const struct link_self *self,
                                int timeout_ms)
{
    json_t *json = json_object();
    json_object_set_new(json, "identity", json_string(self->identity));
    json_object_set_new(json, "source_cluster_id", json_string(self->source_cluster_id));
    json_object_set_new(json, "target_cluster_id", json_string(self->target_cluster_id));
    if (self->source_servers)
        json_object_set_new(json, "source_servers", json_string(self->source_servers));
    if (self->reverse_of)
        json_object_set_new(json, "reverse_of", json_string(self->reverse_of));
    json_object_set_new(json, "since_ms", json_integer(self->since_ms));
    json_t *paused = json_array();
    for (size_t i = 0; i < self->paused.count; i++)
        json_array_append_new(paused, json_string(self->paused.items[i]));
    json_object_set_new(json, "paused", paused);
    struct link_change change = {KC_LINK_SELF, "", json};
    return link_store_put(store, &change, 1, timeout_ms);
}

void link_self_clear(struct link_self *self)
{
    free(self->identity);
    free(self->source_cluster_id);
    free(self->target_cluster_id);
    kc_strings_destroy(&self->paused);
    free(self->source_servers);
    free(self->reverse_of);
    *self = (struct link_self){0};
}
