/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether there is a link back (link_back_priv.h): its own record is in the state topic on this
 * link's source, and says of which link it is the reverse. On the connector's thread.
 */
#include "link/link_back_priv.h"

#include "connect/admin.h"
#include "connect/log.h"
#include "connect/topic_log.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.connect.link.Orders");

struct back_search {
    const struct link_control *control;
    struct kc_map *found; /* names of links back */
};

static const char *text_of(const json_t *json, const char *field)
{
    const char *text = json_string_value(json_object_get(json, field));
    return text ? text : "";
}

static bool is_reverse_of(const json_t *self, const struct link_control *control)
{
    return strcmp(text_of(self, "reverse_of"), control->config->name) == 0 &&
           strcmp(text_of(self, "source_cluster_id"), control->target_cluster_id) == 0;
}

/* Of a link the last record counts. What can't be read is no link's. */
static void on_record(void *opaque, const struct kc_log_record *record)
{
    struct back_search *search = opaque;
    struct kc_link_key key = {0};
    struct kc_error *err = record->key ? kc_link_key_parse(record->key, record->key_len, &key)
                                       : kc_error_new(KC_ERR_SCHEMA, "no key");
    if (!err && key.resource == KC_LINK_SELF) {
        json_t *self = record->value ? json_loadb(record->value, record->value_len, 0, NULL) : NULL;
        if (is_reverse_of(self, search->control))
            kc_map_set(search->found, key.link, "");
        else
            kc_map_remove(search->found, key.link);
        json_decref(self);
    }
    kc_error_destroy(err);
    kc_link_key_clear(&key);
}

/* The topic isn't waited for where it isn't there: then no link has made it. */
static struct kc_error *is_there(const struct link_control *control, bool *there)
{
    struct kc_strings names = {0};
    struct kc_topic_infos topics = {0};
    kc_strings_add(&names, KC_LINK_STATE_TOPIC);
    struct kc_error *err = kc_admin_topics(control->source, &names, &topics);
    *there = !err && topics.count > 0;
    if (*there && topics.items[0].error)
        err = kc_error_new(KC_ERR_UNAVAILABLE, "Kafka's error %d", topics.items[0].error);
    kc_topic_infos_destroy(&topics);
    kc_strings_destroy(&names);
    return err;
}

static struct kc_error *search_topic(struct back_search *search)
{
    struct kc_topic_log *topic = NULL;
    struct kc_map *client =
        link_client_properties(search->control->config, LINK_SOURCE, KC_CLIENT_CONSUMER, "back");
    const struct kc_topic_log_settings settings = {.topic = KC_LINK_STATE_TOPIC,
                                                   .client = client,
                                                   .read_only = true,
                                                   .partitions = 1,
                                                   .listener = on_record,
                                                   .opaque = search};
    struct kc_error *err = kc_topic_log_open(&settings, NULL, &topic);
    kc_topic_log_close(topic);
    kc_map_destroy(client);
    return err;
}

bool link_back_is_missing(struct link_control *control)
{
    struct back_search search = {.control = control, .found = kc_map_new()};
    bool there = false;
    struct kc_error *err = is_there(control, &there);
    if (!err && there)
        err = search_topic(&search);
    if (err)
        kc_warn(
            "Link %s: whether there is a link back can't be seen, because topic %s at the source "
            "can't be read: %s",
            control->config->name, KC_LINK_STATE_TOPIC, kc_error_text(err));
    bool missing = !err && kc_map_size(search.found) == 0;
    kc_error_destroy(err);
    kc_map_destroy(search.found);
    return missing;
}
