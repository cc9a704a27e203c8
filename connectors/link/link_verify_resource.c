/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /links/{link}/verify: see link_verify_priv.h.
 *
 * The body may have {"topics": [{"topic": T, "partitions": [{"partition": P, "from": F, "to":
 * L}]}], "timeout_ms": MS}; what isn't there is all of it. What the answer has in `topics` may be
 * put in again to go on, with `next` for `from`. Runs on a request thread of any worker, whether
 * the link runs or not.
 */
#include "link/link_verify_priv.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_MS = 30000, LEAST_MS = 100, MOST_MS = 60000, MOST_RUNNING = 2 };

#define REFUSE(...) return kc_error_new(KC_ERR_BAD_REQUEST, __VA_ARGS__)

/* ---- the question ---- */

static struct kc_error *take_number(const json_t *object, const char *name, int64_t absent,
                                    int64_t most, int64_t *number)
{
    const json_t *value = json_object_get(object, name);
    *number = absent;
    if (!value || json_is_null(value))
        return NULL;
    if (!json_is_integer(value) || json_integer_value(value) < 0 ||
        json_integer_value(value) > most)
        REFUSE("%s: must be a whole number from 0 to %lld", name, (long long)most);
    *number = json_integer_value(value);
    return NULL;
}

static struct kc_error *take_partition(const json_t *json, struct link_verify_topic *topic)
{
    int64_t number, from, to;
    struct kc_error *err = take_number(json, "partition", -1, INT32_MAX, &number);
    if (!err && number < 0)
        REFUSE("topics: a partition of %s has no number: {\"partition\": 0}", topic->name);
    if (!err)
        err = take_number(json, "from", -1, INT64_MAX, &from);
    if (!err)
        err = take_number(json, "to", -1, INT64_MAX, &to);
    if (err)
        return err;
    struct link_verify_partition *part = link_verify_part(topic, (int32_t)number);
    part->from = from;
    part->to = to;
    return NULL;
}

/* A topic is compared when the link mirrors it. */
static struct kc_error *add_topic(struct link_store *store, const char *name,
                                  struct link_verify *verify, struct link_verify_topic **topic)
{
    struct kc_link_topic_order order = {0};
    json_t *ordered = link_store_get(store, KC_LINK_TOPIC_ORDER, name);
    struct kc_error *err =
        ordered ? kc_link_topic_order_parse(ordered, &order)
                : kc_error_new(KC_ERR_NOT_FOUND, "%s isn't a mirror topic of this link", name);
    if (!err) {
        *topic = link_verify_add(verify, name, order.source_topic);
        (*topic)->translate = order.offsets == KC_LINK_TRANSLATE;
        (*topic)->target_id = order.target_id;
    }
    kc_link_topic_order_clear(&order);
    json_decref(ordered);
    return err;
}

static struct kc_error *take_topic(struct link_store *store, const json_t *json,
                                   struct link_verify *verify)
{
    const char *name =
        json_string_value(json_is_object(json) ? json_object_get(json, "topic") : json);
    const json_t *partitions = json_object_get(json, "partitions");
    struct link_verify_topic *topic = NULL;
    struct kc_error *err = NULL;
    json_t *partition;
    size_t i;
    if (!name)
        REFUSE("topics: each must be a name, or {\"topic\": NAME, \"partitions\": [...]}");
    if (partitions && !json_is_array(partitions))
        REFUSE("topics: partitions of %s must be an array", name);
    if (partitions && json_array_size(partitions) == 0)
        REFUSE(
            "topics: partitions of %s is empty. Name some, or leave the field out to compare all",
            name);
    err = add_topic(store, name, verify, &topic);
    json_array_foreach (partitions, i, partition) {
        if (err)
            break;
        err = take_partition(partition, topic);
    }
    return err;
}

static struct kc_error *take_all(struct link_store *store, struct link_verify *verify)
{
    struct kc_strings names = {0};
    struct link_verify_topic *topic = NULL;
    struct kc_error *err = NULL;
    link_store_names(store, KC_LINK_TOPIC_ORDER, &names);
    for (size_t i = 0; i < names.count && !err; i++)
        err = add_topic(store, names.items[i], verify, &topic);
    kc_strings_destroy(&names);
    return err;
}

struct kc_error *link_verify_take(struct link_store *store, const json_t *body,
                                  struct link_verify *verify)
{
    const json_t *topics = json_object_get(body, "topics");
    struct kc_error *err = NULL;
    json_t *topic;
    size_t i;
    if (!topics)
        return take_all(store, verify);
    if (!json_is_array(topics))
        REFUSE("topics: must be an array");
    if (json_array_size(topics) == 0)
        REFUSE("topics: is empty, so that nothing would be compared. Name some, or leave the field "
               "out to compare all mirror topics");
    json_array_foreach (topics, i, topic) {
        if (err)
            break;
        err = take_topic(store, topic, verify);
    }
    return err;
}

/* A name that isn't known is a slip: it mustn't compare everything. */
static struct kc_error *check_fields(const json_t *body)
{
    const char *key;
    json_t *value;
    if (body && !json_is_object(body))
        REFUSE("the body must be an object with topics and timeout_ms");
    json_object_foreach ((json_t *)body, key, value)
        if (strcmp(key, "topics") != 0 && strcmp(key, "timeout_ms") != 0)
            REFUSE("%s: this request has no such field. It has topics, timeout_ms", key);
    return NULL;
}

/* ---- the answer ---- */

static json_t *difference_json(const struct link_verify_pair *pair)
{
    if (pair->kind == LINK_VERIFY_SAME)
        return json_null();
    char *message = link_verify_text(pair);
    int64_t offset = pair->source_offset >= 0 ? pair->source_offset : pair->target_offset;
    json_t *json = json_pack("{s:I, s:s, s:s}", "offset", (json_int_t)offset, "what",
                             link_verify_kind_name(pair->kind), "message", message);
    if (pair->source_offset >= 0)
        json_object_set_new(json, "source_offset", json_integer(pair->source_offset));
    if (pair->target_offset >= 0)
        json_object_set_new(json, "target_offset", json_integer(pair->target_offset));
    free(message);
    return json;
}

static json_t *partition_json(const struct link_verify_partition *part, bool compacted)
{
    const struct link_verify_pair *pair = &part->pair;
    bool equal = pair->kind == LINK_VERIFY_SAME && !part->error;
    json_t *json = json_pack("{s:i, s:I, s:I, s:I, s:b, s:o, s:b, s:I}", "partition",
                             (int)part->partition, "from", (json_int_t)part->from, "to",
                             (json_int_t)part->to, "records", (json_int_t)pair->records, "equal",
                             equal, "first_difference", difference_json(pair), "complete",
                             part->done, "next", (json_int_t)pair->next_offset);
    if (compacted) {
        json_object_set_new(json, "only_source", json_integer(pair->only_source));
        json_object_set_new(json, "only_target", json_integer(pair->only_target));
    }
    if (part->error)
        json_object_set_new(json, "error", json_string(part->error));
    return json;
}

json_t *link_verify_json(const struct link_verify *verify)
{
    json_t *topics = json_array();
    for (size_t i = 0; i < verify->count; i++) {
        const struct link_verify_topic *topic = &verify->topics[i];
        json_t *partitions = json_array();
        for (size_t j = 0; j < topic->count && !topic->error; j++)
            json_array_append_new(partitions,
                                  partition_json(&topic->partitions[j], topic->compacted));
        json_t *json = json_pack("{s:s, s:s, s:o}", "topic", topic->name, "source_topic",
                                 topic->source, "partitions", partitions);
        if (topic->error)
            json_object_set_new(json, "error", json_string(topic->error));
        json_array_append_new(topics, json);
    }
    return json_pack("{s:o}", "topics", topics);
}

/* ---- the request ---- */

static struct kc_error *answer(const struct kc_map *properties, const json_t *body, json_t **json)
{
    struct link_config *config = NULL;
    struct link_store *store = NULL;
    struct link_verify verify = {0};
    int64_t timeout_ms = DEFAULT_MS;
    struct kc_error *err = check_fields(body);
    if (!err)
        err = take_number(body, "timeout_ms", DEFAULT_MS, MOST_MS, &timeout_ms);
    if (!err)
        err = link_config_new(properties, false, &config);
    if (!err)
        err = link_store_open(config, NULL, &store);
    if (!err)
        err = link_verify_take(store, body, &verify);
    link_store_close(store);
    if (!err) {
        timeout_ms = timeout_ms < LEAST_MS ? LEAST_MS : timeout_ms;
        err = link_verify_run(config, &verify, kc_mono_ms() + timeout_ms, NULL);
    }
    if (!err)
        *json = link_verify_json(&verify);
    link_verify_clear(&verify);
    link_config_destroy(config);
    return err;
}

/* A comparison takes some 40 MB and the network of both clusters: there aren't many at a time. */
static struct kc_error *answer_in_turn(const struct kc_map *properties, const json_t *body,
                                       json_t **json)
{
    static atomic_int running;
    struct kc_error *err =
        atomic_fetch_add(&running, 1) < MOST_RUNNING
            ? answer(properties, body, json)
            : kc_error_retriable_new(KC_ERR_UNAVAILABLE,
                                     "%d comparisons are under way on this worker. Ask again when "
                                     "one is done",
                                     MOST_RUNNING);
    atomic_fetch_sub(&running, 1);
    return err;
}

void link_verify_handle(void *connector, struct kc_resource_request *request)
{
    json_t *body = NULL, *json = NULL;
    struct kc_error *err = kc_resource_json(request, &body);
    if (!err)
        err = answer_in_turn(kc_resource_config(request), body, &json);
    if (err)
        kc_resource_answer_error(request, err);
    else
        kc_resource_answer_json(request, 200, json);
    json_decref(body);
}
