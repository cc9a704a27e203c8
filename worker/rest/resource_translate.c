/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /connectors/{}/translate: what offsets of a mirror's source, or of groups, are on its target.
 * Ours; Java's Connect has nothing of the kind. A resource as plugins have them, of all connectors:
 * it needs the configuration alone, so that any worker answers, on a request thread.
 */
#include "rest/mounted_request_priv.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_OFFSETS = 10000 };

static struct kc_error *refuse(const char *why)
{
    return kc_error_new(KC_ERR_BAD_REQUEST,
                        "%s. Ask with GET ?topic=orders&partition=0&offset=1000, each as often as "
                        "there are offsets, or with POST [{\"topic\": \"orders\", \"partition\": "
                        "0, \"offset\": 1000}]; for what groups have committed with GET "
                        "?group=billing, as often as there are groups, with GET ?groups=PATTERN "
                        "(.* for all), or with POST {\"groups\": [\"billing\"]}",
                        why);
}

/* ---- GET ---- */

static bool parse_number(const char *text, json_int_t *number)
{
    char *end = NULL;
    errno = 0;
    *number = strtoll(text, &end, 10);
    return *text >= '0' && *text <= '9' && !errno && *end == '\0';
}

static struct kc_error *add_question(json_t *offsets, const char *topic, const char *partition,
                                     const char *offset)
{
    json_int_t number, upstream;
    if (!topic || !partition || !offset)
        return refuse("The parameters topic, partition and offset are not there as often as each "
                      "other");
    if (!parse_number(partition, &number) || !parse_number(offset, &upstream))
        return refuse("A partition or an offset isn't a number from 0 on");
    json_array_append_new(offsets, json_pack("{s:s, s:I, s:I}", "topic", topic, "partition", number,
                                             "offset", upstream));
    return NULL;
}

static struct kc_error *read_query(const struct kc_resource_request *request, json_t *offsets)
{
    struct kc_error *err = NULL;
    for (size_t n = 0; !err; n++) {
        const char *topic = kc_resource_query(request, "topic", n),
                   *partition = kc_resource_query(request, "partition", n);
        const char *offset = kc_resource_query(request, "offset", n);
        if (!topic && !partition && !offset)
            break;
        err = add_question(offsets, topic, partition, offset);
    }
    return err;
}

/* ---- groups ---- */

/* NULL: the query names none. */
static json_t *read_groups(const struct kc_resource_request *request)
{
    const char *pattern = kc_resource_query(request, "groups", 0);
    const char *group = kc_resource_query(request, "group", 0);
    if (pattern)
        return json_pack("{s:o}", "pattern", json_string(pattern));
    json_t *names = group ? json_array() : NULL;
    for (size_t n = 0; (group = kc_resource_query(request, "group", n)); n++)
        json_array_append_new(names, json_string(group));
    return names ? json_pack("{s:o}", "groups", names) : NULL;
}

static bool is_name(const json_t *value)
{
    return json_is_string(value) && json_string_length(value) > 0 &&
           strlen(json_string_value(value)) == json_string_length(value);
}

static struct kc_error *check_groups(const json_t *question)
{
    const json_t *names = json_object_get(question, "groups");
    const json_t *pattern = json_object_get(question, "pattern");
    json_t *item;
    size_t i;
    if (pattern)
        return is_name(pattern) ? NULL : refuse("A pattern of groups isn't a text");
    if (!json_is_array(names) || json_array_size(names) == 0)
        return refuse("There is no group to translate");
    if (json_array_size(names) > MOST_OFFSETS)
        return refuse("There are more than 10,000 groups to translate");
    json_array_foreach (names, i, item)
        if (!is_name(item))
            return refuse("A group isn't the name of one");
    return NULL;
}

/* ---- both ---- */

static struct kc_error *check(const json_t *offsets)
{
    json_t *item;
    size_t i;
    if (!json_is_array(offsets) || json_array_size(offsets) == 0)
        return refuse("There is no offset to translate");
    if (json_array_size(offsets) > MOST_OFFSETS)
        return refuse("There are more than 10,000 offsets to translate");
    json_array_foreach (offsets, i, item) {
        const json_t *topic = json_object_get(item, "topic");
        const json_t *partition = json_object_get(item, "partition");
        const json_t *offset = json_object_get(item, "offset");
        if (!json_is_string(topic) || json_string_length(topic) == 0 ||
            json_string_length(topic) > 249 ||
            strlen(json_string_value(topic)) != json_string_length(topic))
            return refuse("A topic isn't the name of one");
        if (!json_is_integer(partition) || json_integer_value(partition) < 0 ||
            json_integer_value(partition) > INT_MAX)
            return refuse("A partition isn't a number from 0 to 2147483647");
        if (!json_is_integer(offset) || json_integer_value(offset) < 0)
            return refuse("An offset isn't a number from 0 on");
    }
    return NULL;
}

static struct kc_error *translate(const struct kc_resource_request *request, const json_t *question,
                                  json_t **answer)
{
    const struct kc_plugin *plugin = request->plugin;
    const struct kc_connector_ops *ops = plugin->connector;
    const struct kc_map *config = kc_resource_config(request);
    bool by_group = json_is_object(question);
    if (plugin->api_minor >= 3 && by_group && ops->translate_groups)
        return ops->translate_groups(config, question, answer);
    if (plugin->api_minor >= 3 && !by_group && ops->translate)
        return ops->translate(config, question, answer);
    return kc_error_new(KC_ERR_BAD_REQUEST,
                        by_group ? "Connector %s translates no groups: MirrorCheckpointConnector "
                                   "does, %s doesn't"
                                 : "Connector %s translates no offsets: MirrorSourceConnector and "
                                   "MirrorCheckpointConnector do, %s doesn't",
                        request->connector, plugin->class_name);
}

/* Takes question, or err. */
static void answer(struct kc_resource_request *request, json_t *question, struct kc_error *err)
{
    json_t *translated = NULL;
    if (!err)
        err = json_is_object(question) ? check_groups(question) : check(question);
    if (!err)
        err = translate(request, question, &translated);
    if (err)
        kc_resource_answer_error(request, err);
    else
        kc_resource_answer_json(request, 200, translated);
    json_decref(question);
}

static void get_translated(void *connector, struct kc_resource_request *request)
{
    json_t *groups = read_groups(request);
    json_t *offsets = groups ? groups : json_array();
    struct kc_error *err = groups ? NULL : read_query(request, offsets);
    answer(request, offsets, err);
}

static void post_translated(void *connector, struct kc_resource_request *request)
{
    json_t *body = NULL;
    struct kc_error *err = kc_resource_json(request, &body);
    answer(request, body, err);
}

static const struct kc_resource_route routes[] = {
    {"GET", "/translate", KC_RESOURCE_ANYWHERE, get_translated},
    {"POST", "/translate", KC_RESOURCE_ANYWHERE | KC_RESOURCE_BODY, post_translated},
};

const struct kc_resource kc_translate_resource = {
    .size = sizeof(kc_translate_resource),
    .prefix = "/connectors",
    .routes = routes,
    .route_count = sizeof(routes) / sizeof(routes[0]),
};
