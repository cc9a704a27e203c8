/* SPDX-License-Identifier: Apache-2.0 */
/* Source partitions and offsets, see mirror_offsets.h. */
#include "mirror/mirror_offsets.h"

#include <stdlib.h>

const struct kc_mirror_offset_rules kc_mirror_source_offset_rules = {
    {"cluster", "topic", NULL}, true, false};
const struct kc_mirror_offset_rules kc_mirror_checkpoint_offset_rules = {
    {"group", "topic", NULL}, true, true};
const struct kc_mirror_offset_rules kc_mirror_heartbeat_offset_rules = {
    {"sourceClusterAlias", "targetClusterAlias", NULL}, false, true};

json_t *kc_mirror_source_partition(const char *cluster, const char *topic, int32_t partition)
{
    return json_pack("{s:s, s:s, s:i}", "cluster", cluster, "topic", topic, "partition",
                     (int)partition);
}

json_t *kc_mirror_checkpoint_partition(json_t *group, json_t *topic, int32_t partition)
{
    return json_pack("{s:O, s:O, s:i}", "group", group, "topic", topic, "partition",
                     (int)partition);
}

json_t *kc_mirror_heartbeat_partition(const char *source, const char *target)
{
    return json_pack("{s:s, s:s}", "sourceClusterAlias", source, "targetClusterAlias", target);
}

int64_t kc_mirror_offset_number(const json_t *map)
{
    const json_t *offset = json_object_get(map, "offset");
    return json_is_integer(offset) ? json_integer_value(offset) : -1;
}

/* ---- printing as Java's toString() ---- */

static void print(struct kc_str *out, const json_t *value);

static void print_object(struct kc_str *out, const json_t *object)
{
    const char *key, *separator = "";
    json_t *member;
    kc_str_append_char(out, '{');
    json_object_foreach ((json_t *)object, key, member) {
        kc_str_appendf(out, "%s%s=", separator, key);
        print(out, member);
        separator = ", ";
    }
    kc_str_append_char(out, '}');
}

static void print_array(struct kc_str *out, const json_t *array)
{
    kc_str_append_char(out, '[');
    for (size_t i = 0; i < json_array_size(array); i++) {
        kc_str_append(out, i ? ", " : "");
        print(out, json_array_get(array, i));
    }
    kc_str_append_char(out, ']');
}

static void print_scalar(struct kc_str *out, const json_t *value)
{
    if (json_is_string(value)) {
        kc_str_append(out, json_string_value(value));
        return;
    }
    char *text = json_dumps(value, JSON_ENCODE_ANY);
    kc_str_append(out, text ? text : "null");
    free(text);
}

static void print(struct kc_str *out, const json_t *value)
{
    if (json_is_object(value))
        print_object(out, value);
    else if (json_is_array(value))
        print_array(out, value);
    else
        print_scalar(out, value);
}

static char *printed(const json_t *value)
{
    struct kc_str out = {0};
    print(&out, value);
    return kc_str_take(&out);
}

/* ---- checks ---- */

static struct kc_error *partition_error(const json_t *partition, const char *key, const char *why)
{
    char *map = printed(partition), *value = printed(json_object_get(partition, key));
    struct kc_error *err =
        why ? kc_error_new(KC_ERR_CONNECT,
                           "Source partition %s has an invalid value %s for the '%s' key, which %s",
                           map, value, key, why)
            : kc_error_new(KC_ERR_CONNECT,
                           "Source partition %s is missing the '%s' key, which is required", map,
                           key);
    free(map);
    free(value);
    return err;
}

static struct kc_error *check_string(const json_t *partition, const char *key)
{
    const json_t *value = json_object_get(partition, key);
    if (!value)
        return partition_error(partition, key, NULL);
    return json_is_string(value) ? NULL : partition_error(partition, key, "must be a string");
}

static struct kc_error *check_number(const json_t *partition)
{
    const json_t *value = json_object_get(partition, "partition");
    if (!value)
        return partition_error(partition, "partition", NULL);
    if (!json_is_integer(value) || json_integer_value(value) > INT32_MAX)
        return partition_error(partition, "partition", "must be an integer");
    /* Java looks at the lower 32 bits. */
    if ((int32_t)json_integer_value(value) < 0)
        return partition_error(partition, "partition", "cannot be negative");
    return NULL;
}

static struct kc_error *offset_error(const json_t *partition, const json_t *offset,
                                     const char *tail)
{
    char *offset_map = printed(offset), *map = printed(partition);
    char *value = printed(json_object_get(offset, "offset"));
    struct kc_error *err =
        tail ? kc_error_new(KC_ERR_CONNECT,
                            "Source offset %s for source partition %s has an invalid value %s for "
                            "the 'offset' key%s",
                            offset_map, map, value, tail)
             : kc_error_new(KC_ERR_CONNECT,
                            "Source offset %s for source partition %s is missing the 'offset' key, "
                            "which is required",
                            offset_map, map);
    free(offset_map);
    free(map);
    free(value);
    return err;
}

static struct kc_error *check_offset(const json_t *partition, const json_t *offset, bool only_zero)
{
    const json_t *value = json_object_get(offset, "offset");
    if (!value)
        return offset_error(partition, offset, NULL);
    if (!json_is_integer(value))
        return offset_error(partition, offset, ", which must be an integer");
    if (only_zero && json_integer_value(value) != 0)
        return offset_error(partition, offset, "; the only accepted value is 0");
    if (json_integer_value(value) < 0)
        return offset_error(partition, offset, ", which cannot be negative");
    return NULL;
}

static struct kc_error *check_entry(const struct kc_mirror_offset_rules *rules,
                                    const json_t *partition, const json_t *offset)
{
    struct kc_error *err = NULL;
    if (!partition || json_is_null(partition))
        return kc_error_new(KC_ERR_CONNECT, "Source partitions may not be null");
    for (const char *const *key = rules->strings; !err && *key; key++)
        err = check_string(partition, *key);
    if (!err && rules->has_partition)
        err = check_number(partition);
    return err ? err : check_offset(partition, offset, rules->only_zero);
}

struct kc_error *kc_mirror_check_offsets(const struct kc_mirror_offset_rules *rules,
                                         const json_t *offsets)
{
    struct kc_error *err = NULL;
    for (size_t i = 0; !err && i < json_array_size(offsets); i++) {
        const json_t *entry = json_array_get(offsets, i);
        const json_t *offset = json_object_get(entry, "offset");
        /* Removing is always allowed: garbage must be possible to clean up. */
        if (offset && !json_is_null(offset))
            err = check_entry(rules, json_object_get(entry, "partition"), offset);
    }
    return err;
}
