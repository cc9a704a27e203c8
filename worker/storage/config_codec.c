/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys and values of the config topic, byte by byte as KafkaConfigBackingStore writes them.
 *
 * Used by config_reader.c and config_store.c. Pure functions, any thread.
 */
#include "storage/config_codec_priv.h"

#include "connect/java_json.h"
#include "storage/stored_object_priv.h"

#include <limits.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

/* In the order in which prefixes are tried. */
static const char *const prefixes[] = {
    [KC_RECORD_TARGET_STATE] = "target-state-",
    [KC_RECORD_CONNECTOR] = "connector-",
    [KC_RECORD_TASK] = "task-",
    [KC_RECORD_COMMIT] = "commit-",
    [KC_RECORD_RESTART] = "restart-connector-",
    [KC_RECORD_TASK_COUNT] = "tasks-fencing-",
    [KC_RECORD_SESSION_KEY] = "session-key",
    [KC_RECORD_LOGGER] = "logger-cluster-",
};

/* ---- keys ---- */

char *kc_config_record_key(enum kc_config_record kind, const char *name, int task)
{
    if (kind == KC_RECORD_SESSION_KEY)
        return kc_strdup(prefixes[kind]);
    if (kind == KC_RECORD_TASK)
        return kc_asprintf("%s%s-%d", prefixes[kind], name, task);
    return kc_asprintf("%s%s", prefixes[kind], name);
}

/* "<name>-<number>", cut at the last "-": names may have dashes themselves. */
static bool split_task(char *text, int *task)
{
    char *dash = strrchr(text, '-');
    char *end = NULL;
    if (!dash || dash[1] < '0' || dash[1] > '9')
        return false;
    long number = strtol(dash + 1, &end, 10);
    if (*end || number > INT_MAX)
        return false;
    *dash = '\0';
    *task = (int)number;
    return true;
}

static enum kc_config_record kind_of(const char *key, size_t len, size_t *prefix)
{
    for (size_t i = 0; i < KC_RECORD_UNKNOWN; i++) {
        *prefix = strlen(prefixes[i]);
        bool fits = i == KC_RECORD_SESSION_KEY ? len == *prefix : len >= *prefix;
        if (fits && memcmp(key, prefixes[i], *prefix) == 0)
            return (enum kc_config_record)i;
    }
    return KC_RECORD_UNKNOWN;
}

enum kc_config_record kc_config_record_parse_key(const char *key, size_t len, char **name,
                                                 int *task)
{
    size_t prefix = 0;
    *name = NULL;
    if (!key || memchr(key, '\0', len))
        return KC_RECORD_UNKNOWN;
    enum kc_config_record kind = kind_of(key, len, &prefix);
    if (kind == KC_RECORD_UNKNOWN || kind == KC_RECORD_SESSION_KEY)
        return kind;
    *name = kc_strndup(key + prefix, len - prefix);
    if (kind == KC_RECORD_TASK && !split_task(*name, task)) {
        free(*name);
        *name = NULL;
        return KC_RECORD_UNKNOWN;
    }
    return kind;
}

/* ---- writing ---- */

static void write_text(struct kc_str *out, const char *text)
{
    if (text)
        kc_json_write_string(out, text, strlen(text));
    else
        kc_str_append(out, "null");
}

char *kc_config_write_properties(const struct kc_map *properties)
{
    struct kc_str out = {0};
    bool first = true;
    kc_str_append(&out, "{\"properties\":{");
    kc_map_foreach (properties, entry) {
        if (!first)
            kc_str_append_char(&out, ',');
        first = false;
        write_text(&out, entry->key);
        kc_str_append_char(&out, ':');
        write_text(&out, entry->value);
    }
    kc_str_append(&out, "}}");
    return kc_str_take(&out);
}

char *kc_config_write_commit(int tasks)
{
    return kc_asprintf("{\"tasks\":%d}", tasks);
}

/* Workers before KIP-875 know no STOPPED: for them it is PAUSED. */
char *kc_config_write_target_state(enum kc_target_state state)
{
    enum kc_target_state old = state == KC_TARGET_STOPPED ? KC_TARGET_PAUSED : state;
    return kc_asprintf("{\"state\":\"%s\",\"state.v2\":\"%s\"}", kc_target_state_name(old),
                       kc_target_state_name(state));
}

char *kc_config_write_session_key(const struct kc_session_key *key)
{
    struct kc_str out = {0};
    kc_str_append(&out, "{\"key\":");
    write_text(&out, key->key);
    kc_str_append(&out, ",\"algorithm\":");
    write_text(&out, key->algorithm);
    kc_str_appendf(&out, ",\"creation-timestamp\":%lld}", (long long)key->created_ms);
    return kc_str_take(&out);
}

char *kc_config_write_restart(bool include_tasks, bool only_failed)
{
    return kc_asprintf("{\"include-tasks\":%s,\"only-failed\":%s}",
                       include_tasks ? "true" : "false", only_failed ? "true" : "false");
}

char *kc_config_write_task_count(int count)
{
    return kc_asprintf("{\"task-count\":%d}", count);
}

char *kc_config_write_logger(const char *level)
{
    struct kc_str out = {0};
    kc_str_append(&out, "{\"level\":");
    write_text(&out, level);
    kc_str_append_char(&out, '}');
    return kc_str_take(&out);
}

/* ---- reading ---- */

static struct kc_error *wrong_member(const char *member, const char *wanted)
{
    return kc_error_new(KC_ERR_DATA, "member '%s' is missing or no %s", member, wanted);
}

static struct kc_error *read_int(const char *value, size_t len, const char *member, int *number)
{
    json_t *object = NULL;
    struct kc_error *err = kc_stored_object(value, len, &object);
    const json_t *found = json_object_get(object, member);
    json_int_t wide = json_integer_value(found);
    if (!err && (!json_is_integer(found) || wide < 0 || wide > INT_MAX))
        err = wrong_member(member, "number of tasks");
    if (!err)
        *number = (int)wide;
    json_decref(object);
    return err;
}

static void set_property(struct kc_map *properties, const char *key, const json_t *value)
{
    if (json_is_string(value) || json_is_null(value)) {
        kc_map_set(properties, key, json_string_value(value));
        return;
    }
    /* Workers never write this. A number or boolean of a tool is read as its text. */
    char *text = kc_json_print(value, KC_JSON_AS_IS);
    kc_map_set(properties, key, text);
    free(text);
}

struct kc_error *kc_config_read_properties(const char *value, size_t len,
                                           struct kc_map **properties)
{
    json_t *object = NULL;
    struct kc_error *err = kc_stored_object(value, len, &object);
    json_t *members = json_object_get(object, "properties");
    if (!err && !json_is_object(members))
        err = wrong_member("properties", "object");
    if (!err) {
        const char *key = NULL;
        json_t *member = NULL;
        *properties = kc_map_new();
        json_object_foreach (members, key, member)
            set_property(*properties, key, member);
    }
    json_decref(object);
    return err;
}

struct kc_error *kc_config_read_commit(const char *value, size_t len, int *tasks)
{
    return read_int(value, len, "tasks", tasks);
}

struct kc_error *kc_config_read_task_count(const char *value, size_t len, int *count)
{
    return read_int(value, len, "task-count", count);
}

struct kc_error *kc_config_read_target_state(const char *value, size_t len,
                                             enum kc_target_state *state)
{
    json_t *object = NULL;
    struct kc_error *err = kc_stored_object(value, len, &object);
    const char *text = json_string_value(json_object_get(object, "state.v2"));
    if (!text)
        text = json_string_value(json_object_get(object, "state"));
    if (!err && !text)
        err = wrong_member("state", "string");
    *state = KC_TARGET_NONE;
    for (int i = KC_TARGET_STARTED; text && i <= KC_TARGET_STOPPED; i++) {
        if (strcmp(text, kc_target_state_name((enum kc_target_state)i)) == 0)
            *state = (enum kc_target_state)i;
    }
    if (text && *state == KC_TARGET_NONE)
        err = kc_error_new(KC_ERR_DATA, "unknown target state %s", text);
    json_decref(object);
    return err;
}

static bool is_base64(const char *text)
{
    size_t len = strlen(text);
    if (len % 4 || len > 4096)
        return false;
    unsigned char bytes[4096];
    return EVP_DecodeBlock(bytes, (const unsigned char *)text, (int)len) >= 0;
}

struct kc_error *kc_config_read_session_key(const char *value, size_t len,
                                            struct kc_session_key *key)
{
    json_t *object = NULL;
    struct kc_error *err = kc_stored_object(value, len, &object);
    const char *text = json_string_value(json_object_get(object, "key"));
    const char *algorithm = json_string_value(json_object_get(object, "algorithm"));
    const json_t *created = json_object_get(object, "creation-timestamp");
    if (!err && (!text || !is_base64(text)))
        err = wrong_member("key", "base64 text");
    if (!err && !algorithm)
        err = wrong_member("algorithm", "string");
    if (!err && !json_is_integer(created))
        err = wrong_member("creation-timestamp", "integer");
    if (!err)
        *key = (struct kc_session_key){kc_strdup(text), kc_strdup(algorithm),
                                       json_integer_value(created)};
    json_decref(object);
    return err;
}

struct kc_error *kc_config_read_restart(const char *value, size_t len, bool *include_tasks,
                                        bool *only_failed)
{
    json_t *object = NULL;
    struct kc_error *err = kc_stored_object(value, len, &object);
    *include_tasks = json_is_true(json_object_get(object, "include-tasks"));
    *only_failed = json_is_true(json_object_get(object, "only-failed"));
    json_decref(object);
    return err;
}

struct kc_error *kc_config_read_logger(const char *value, size_t len, char **level)
{
    json_t *object = NULL;
    struct kc_error *err = kc_stored_object(value, len, &object);
    const char *text = json_string_value(json_object_get(object, "level"));
    if (!err && !text)
        err = wrong_member("level", "string");
    if (!err)
        *level = kc_strdup(text);
    json_decref(object);
    return err;
}

void kc_session_key_clear(struct kc_session_key *key)
{
    free(key->key);
    free(key->algorithm);
    *key = (struct kc_session_key){0};
}
