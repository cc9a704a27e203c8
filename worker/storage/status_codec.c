/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys and values of the status topic, byte by byte as KafkaStatusBackingStore writes them.
 *
 * Used by status_store.c. Pure functions, any thread.
 */
#include "storage/status_codec_priv.h"

#include "connect/java_json.h"
#include "storage/stored_object_priv.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define CONNECTOR_PREFIX "status-connector-"
#define TASK_PREFIX      "status-task-"
#define TOPIC_PREFIX     "status-topic-"
#define TOPIC_SEPARATOR  ":connector-"

static const char *const state_names[] = {
    [KC_STATE_UNASSIGNED] = "UNASSIGNED", [KC_STATE_RUNNING] = "RUNNING",
    [KC_STATE_PAUSED] = "PAUSED",         [KC_STATE_FAILED] = "FAILED",
    [KC_STATE_DESTROYED] = "DESTROYED",   [KC_STATE_RESTARTING] = "RESTARTING",
    [KC_STATE_STOPPED] = "STOPPED",
};

const char *kc_state_name(enum kc_state state)
{
    return state_names[state];
}

bool kc_state_parse(const char *text, enum kc_state *state)
{
    for (size_t i = 0; i < sizeof(state_names) / sizeof(*state_names); i++) {
        if (strcmp(state_names[i], text) == 0) {
            *state = (enum kc_state)i;
            return true;
        }
    }
    return false;
}

void kc_status_clear(struct kc_status *status)
{
    free(status->trace);
    free(status->worker_id);
    free(status->version);
    *status = (struct kc_status){0};
}

void kc_status_copy(struct kc_status *to, const struct kc_status *from)
{
    *to = *from;
    to->trace = kc_strdup(from->trace);
    to->worker_id = kc_strdup(from->worker_id);
    to->version = kc_strdup(from->version);
}

/* ---- keys ---- */

void kc_status_key_clear(struct kc_status_key *key)
{
    free(key->connector);
    free(key->topic);
    *key = (struct kc_status_key){.kind = KC_STATUS_UNKNOWN};
}

static bool parse_task(struct kc_status_key *key)
{
    char *dash = strrchr(key->connector, '-');
    char *end = NULL;
    if (!dash || dash[1] < '0' || dash[1] > '9')
        return false;
    long number = strtol(dash + 1, &end, 10);
    if (*end || number > INT_MAX)
        return false;
    *dash = '\0';
    key->task = (int)number;
    return true;
}

/* "<topic>:connector-<name>", the topic without a colon. */
static bool parse_topic(struct kc_status_key *key)
{
    char *text = key->connector;
    char *colon = strchr(text, ':');
    size_t separator = strlen(TOPIC_SEPARATOR);
    if (!colon || colon == text || strlen(colon) <= separator)
        return false;
    key->topic = kc_strndup(text, (size_t)(colon - text));
    key->connector = kc_strdup(colon + separator);
    free(text);
    return true;
}

void kc_status_key_parse(const char *text, size_t len, struct kc_status_key *key)
{
    static const char *const prefixes[] = {CONNECTOR_PREFIX, TASK_PREFIX, TOPIC_PREFIX};
    *key = (struct kc_status_key){.kind = KC_STATUS_UNKNOWN, .task = KC_CONNECTOR_STATUS};
    if (!text || memchr(text, '\0', len))
        return;
    for (int kind = KC_STATUS_OF_CONNECTOR; kind < KC_STATUS_UNKNOWN; kind++) {
        size_t prefix = strlen(prefixes[kind]);
        if (len <= prefix || memcmp(text, prefixes[kind], prefix) != 0)
            continue;
        key->kind = (enum kc_status_kind)kind;
        key->connector = kc_strndup(text + prefix, len - prefix);
        if ((kind == KC_STATUS_OF_TASK && !parse_task(key)) ||
            (kind == KC_STATUS_OF_TOPIC && !parse_topic(key)))
            kc_status_key_clear(key);
        return;
    }
}

char *kc_status_key_write(const char *connector, int task)
{
    if (task == KC_CONNECTOR_STATUS)
        return kc_asprintf(CONNECTOR_PREFIX "%s", connector);
    return kc_asprintf(TASK_PREFIX "%s-%d", connector, task);
}

char *kc_status_topic_key_write(const char *connector, const char *topic)
{
    return kc_asprintf(TOPIC_PREFIX "%s" TOPIC_SEPARATOR "%s", topic, connector);
}

/* ---- values ---- */

static void write_member(struct kc_str *out, const char *name, const char *text)
{
    kc_str_appendf(out, "\"%s\":", name);
    if (text)
        kc_json_write_string(out, text, strlen(text));
    else
        kc_str_append(out, "null");
}

char *kc_status_write(const struct kc_status *status)
{
    struct kc_str out = {0};
    kc_str_append_char(&out, '{');
    write_member(&out, "state", kc_state_name(status->state));
    kc_str_append_char(&out, ',');
    write_member(&out, "trace", status->trace);
    kc_str_append_char(&out, ',');
    write_member(&out, "worker_id", status->worker_id);
    kc_str_appendf(&out, ",\"generation\":%d,", status->generation);
    write_member(&out, "version", status->version);
    kc_str_append_char(&out, '}');
    return kc_str_take(&out);
}

char *kc_status_topic_write(const char *connector, int task, const char *topic,
                            int64_t discovered_ms)
{
    struct kc_str out = {0};
    kc_str_append(&out, "{\"topic\":{");
    write_member(&out, "name", topic);
    kc_str_append_char(&out, ',');
    write_member(&out, "connector", connector);
    kc_str_appendf(&out, ",\"task\":%d,\"discoverTimestamp\":%lld}}", task,
                   (long long)discovered_ms);
    return kc_str_take(&out);
}

static struct kc_error *wrong(const char *member)
{
    return kc_error_new(KC_ERR_DATA, "member '%s' is missing or of a wrong type", member);
}

static bool text_or_null(const json_t *value)
{
    return !value || json_is_null(value) || json_is_string(value);
}

struct kc_error *kc_status_read(const char *value, size_t len, struct kc_status *status)
{
    json_t *object = NULL;
    struct kc_error *err = kc_stored_object(value, len, &object);
    const char *state = json_string_value(json_object_get(object, "state"));
    const json_t *trace = json_object_get(object, "trace");
    const json_t *worker = json_object_get(object, "worker_id");
    const json_t *generation = json_object_get(object, "generation");
    *status = (struct kc_status){0};
    if (!err && (!state || !kc_state_parse(state, &status->state)))
        err = wrong("state");
    if (!err && !text_or_null(trace))
        err = wrong("trace");
    if (!err && !json_is_string(worker))
        err = wrong("worker_id");
    if (!err && !json_is_integer(generation))
        err = wrong("generation");
    if (!err) {
        status->trace = kc_strdup(json_string_value(trace));
        status->worker_id = kc_strdup(json_string_value(worker));
        status->generation = (int32_t)json_integer_value(generation);
        status->version = kc_strdup(json_string_value(json_object_get(object, "version")));
    }
    json_decref(object);
    return err;
}

struct kc_error *kc_status_topic_check(const char *value, size_t len)
{
    json_t *object = NULL;
    struct kc_error *err = kc_stored_object(value, len, &object);
    const json_t *topic = json_object_get(object, "topic");
    if (!err && !json_is_object(topic))
        err = wrong("topic");
    if (!err && !json_is_string(json_object_get(topic, "name")))
        err = wrong("name");
    if (!err && !json_is_string(json_object_get(topic, "connector")))
        err = wrong("connector");
    if (!err && !json_is_integer(json_object_get(topic, "task")))
        err = wrong("task");
    if (!err && !json_is_integer(json_object_get(topic, "discoverTimestamp")))
        err = wrong("discoverTimestamp");
    json_decref(object);
    return err;
}
