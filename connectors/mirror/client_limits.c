/* SPDX-License-Identifier: Apache-2.0 */
/* Quotas, settings of groups and users, see client_limits_priv.h. */
#include "mirror/client_limits_priv.h"

#include "connect/log.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.mirror.MirrorSourceConnector");

enum {
    NAMED = 10, /* at most, in a note */
    GROUPS_PER_REQUEST = 500,
};

struct kc_client_limits {
    const struct kc_flow *flow;
    bool copies_quotas;
    bool copies_group_configs;
    struct kc_str found; /* of the run that is under way */
    pthread_mutex_t mutex;
    char *note; /* of the last run; NULL: nothing */
};

static bool is_on(const struct kc_flow *flow, const char *setting)
{
    return strcasecmp(kc_map_get_or(flow->config->properties, setting, "false"), "true") == 0;
}

struct kc_client_limits *kc_client_limits_new(const struct kc_flow *flow)
{
    struct kc_client_limits *made = kc_calloc(1, sizeof(*made));
    made->flow = flow;
    made->copies_quotas = is_on(flow, KC_SYNC_QUOTAS);
    made->copies_group_configs = is_on(flow, KC_SYNC_GROUP_CONFIGS);
    pthread_mutex_init(&made->mutex, NULL);
    return made;
}

void kc_client_limits_destroy(struct kc_client_limits *limits)
{
    if (!limits)
        return;
    pthread_mutex_destroy(&limits->mutex);
    kc_str_destroy(&limits->found);
    free(limits->note);
    free(limits);
}

int64_t kc_client_limits_interval_ms(const struct kc_client_limits *limits)
{
    const struct kc_mirror_config *config = limits->flow->config;
    if (limits->copies_quotas || limits->copies_group_configs)
        return kc_mirror_seconds_ms(config, "sync.topic.acls.interval.seconds");
    return kc_mirror_interval_ms(config, "sync.topic.acls");
}

/* ---- notes ---- */

/* "what: a, b, and 3 more" as a part of the note. */
static void note(struct kc_client_limits *limits, const char *what, const struct kc_strings *names)
{
    struct kc_str *found = &limits->found;
    kc_str_appendf(found, "%s%s: ", found->len ? "; " : "", what);
    for (size_t i = 0; i < names->count && i < NAMED; i++)
        kc_str_appendf(found, "%s%s", i ? ", " : "", names->items[i]);
    if (names->count > NAMED)
        kc_str_appendf(found, ", and %zu more", names->count - NAMED);
}

/* Keeps the run's note and logs it if it has changed. */
static void publish(struct kc_client_limits *limits)
{
    char *fresh = limits->found.len ? kc_str_take(&limits->found) : NULL;
    pthread_mutex_lock(&limits->mutex);
    char *before = limits->note;
    limits->note = fresh;
    pthread_mutex_unlock(&limits->mutex);
    if (fresh && (!before || strcmp(before, fresh) != 0))
        kc_warn("%s->%s: %s.", limits->flow->config->source, limits->flow->config->target, fresh);
    free(before);
}

char *kc_client_limits_note(struct kc_client_limits *limits)
{
    pthread_mutex_lock(&limits->mutex);
    char *copy = kc_strdup(limits->note);
    pthread_mutex_unlock(&limits->mutex);
    return copy;
}

/* Takes err. Whether the cluster doesn't have, or doesn't tell, the requested facts. */
static bool is_refusal(struct kc_error *err)
{
    kc_debug("%s", kc_error_text(err));
    int code = kc_error_kafka_code(err);
    bool refused = code == RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION ||
                   code == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED ||
                   code == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED ||
                   code == RD_KAFKA_RESP_ERR_INVALID_REQUEST ||
                   kc_error_code(err) == KC_ERR_UNSUPPORTED;
    return refused;
}

/* Takes err. Returns it, or NULL if it is a refusal. */
static struct kc_error *unless_refused(struct kc_error *err)
{
    if (err && is_refusal(err))
        kc_error_clear(&err);
    return err;
}

/* ---- quotas ---- */

static bool has_quota(const struct kc_quotas *quotas, const struct kc_quota *quota)
{
    for (size_t i = 0; i < quotas->count; i++)
        if (quotas->items[i].value == quota->value &&
            strcmp(quotas->items[i].key, quota->key) == 0 &&
            kc_map_equal(quotas->items[i].entity, quota->entity))
            return true;
    return false;
}

size_t kc_quotas_select(struct kc_quotas *source, const struct kc_quotas *target)
{
    size_t kept = 0;
    for (size_t i = 0; i < source->count; i++) {
        if (has_quota(target, &source->items[i]))
            continue;
        struct kc_quota other = source->items[i];
        source->items[i] = source->items[kept];
        source->items[kept++] = other;
    }
    return kept;
}

char *kc_quota_print(const struct kc_quota *quota)
{
    struct kc_str text = {0};
    kc_map_foreach (quota->entity, part)
        kc_str_appendf(&text, "%s%s %s", text.len ? ", " : "", part->key,
                       part->value ? part->value : "default");
    kc_str_appendf(&text, ": %s=%.15g", quota->key, quota->value);
    return kc_str_take(&text);
}

static void note_quotas(struct kc_client_limits *limits, const struct kc_quotas *missing)
{
    struct kc_strings names = {0};
    for (size_t i = 0; i < missing->count; i++)
        kc_strings_take(&names, kc_quota_print(&missing->items[i]));
    char *what =
        kc_asprintf("%zu client quotas of %s aren't on %s (%s=true copies them)", missing->count,
                    limits->flow->config->source, limits->flow->config->target, KC_SYNC_QUOTAS);
    note(limits, what, &names);
    free(what);
    kc_strings_destroy(&names);
}

static struct kc_error *sync_quotas(struct kc_client_limits *limits)
{
    const struct kc_flow *flow = limits->flow;
    struct kc_quotas source = {0}, target = {0};
    struct kc_error *err = kc_admin_quotas(flow->source, &source);
    if (!err)
        err = kc_admin_quotas(flow->target, &target);
    size_t missing = err ? 0 : kc_quotas_select(&source, &target);
    const struct kc_quotas those = {source.items, missing};
    if (missing > 0 && !limits->copies_quotas)
        note_quotas(limits, &those);
    if (missing > 0 && limits->copies_quotas) {
        err = kc_admin_set_quotas(flow->target, &those);
        if (!err)
            kc_info("Copied %zu client quotas to %s.", missing, flow->config->target);
    }
    kc_quotas_destroy(&source);
    kc_quotas_destroy(&target);
    return limits->copies_quotas ? err : unless_refused(err);
}

/* ---- users ---- */

static struct kc_error *name_users(struct kc_client_limits *limits)
{
    const struct kc_flow *flow = limits->flow;
    struct kc_strings source = {0}, target = {0}, missing = {0};
    struct kc_error *err = kc_admin_scram_users(flow->source, &source);
    if (!err)
        err = kc_admin_scram_users(flow->target, &target);
    for (size_t i = 0; !err && i < source.count; i++)
        if (!kc_strings_contain(&target, source.items[i]))
            kc_strings_add(&missing, source.items[i]);
    if (missing.count > 0) {
        char *what = kc_asprintf("%zu user%s with SCRAM credentials on %s, but not on %s; these "
                                 "can't be copied: create them there (kafka-configs.sh "
                                 "--add-config)",
                                 missing.count, missing.count == 1 ? "" : "s", flow->config->source,
                                 flow->config->target);
        note(limits, what, &missing);
        free(what);
    }
    kc_strings_destroy(&source);
    kc_strings_destroy(&target);
    kc_strings_destroy(&missing);
    return unless_refused(err);
}

/* ---- settings of groups ---- */

static struct kc_error *list_groups(const struct kc_flow *flow, struct kc_strings *names)
{
    struct kc_group_infos groups = {0};
    struct kc_error *err = kc_admin_groups(flow->source, &groups);
    for (size_t i = 0; !err && i < groups.count; i++)
        if (kc_name_filter_accepts(flow->groups, groups.items[i].id))
            kc_strings_add(names, groups.items[i].id);
    kc_group_infos_destroy(&groups);
    return err;
}

static bool has_entry(const struct kc_config_entries *entries, const struct kc_config_entry *entry)
{
    for (size_t i = 0; i < entries->count; i++) {
        const struct kc_config_entry *other = &entries->items[i];
        if (strcmp(other->name, entry->name) == 0 && other->value)
            return !other->is_default && strcmp(other->value, entry->value) == 0;
    }
    return false;
}

/* The group's own settings that the target's group lacks; ops has room for all. */
static size_t missing_ops(const struct kc_config_entries *source,
                          const struct kc_config_entries *target, struct kc_config_op *ops)
{
    size_t count = 0;
    for (size_t i = 0; i < source->count; i++) {
        const struct kc_config_entry *entry = &source->items[i];
        if (entry->source == KC_CONFIG_SOURCE_GROUP && entry->value && !has_entry(target, entry))
            ops[count++] = (struct kc_config_op){entry->name, entry->value};
    }
    return count;
}

static struct kc_error *sync_group(struct kc_client_limits *limits, const char *group,
                                   const struct kc_config_entries *source,
                                   const struct kc_config_entries *target,
                                   struct kc_strings *missing)
{
    struct kc_error *err = NULL;
    struct kc_config_op *ops = kc_calloc(source->count + 1, sizeof(*ops));
    size_t count = missing_ops(source, target, ops);
    if (count > 0 && limits->copies_group_configs)
        err = kc_admin_alter_group_config(limits->flow->target, group, ops, count);
    else
        for (size_t i = 0; i < count; i++)
            kc_strings_take(missing, kc_asprintf("%s: %s=%s", group, ops[i].name, ops[i].value));
    if (!err && count > 0 && limits->copies_group_configs)
        kc_info("Copied %zu settings of group %s to %s.", count, group,
                limits->flow->config->target);
    free(ops);
    return err;
}

/* For the groups in names. Errors of single groups are ignored, because brokers before 4.0 give
 * them. */
static struct kc_error *compare_groups(struct kc_client_limits *limits,
                                       const struct kc_strings *names, struct kc_strings *missing)
{
    size_t count = names->count;
    struct kc_config_entries *entries = kc_calloc(2 * count + 1, sizeof(*entries));
    struct kc_error **errors = kc_calloc(2 * count + 1, sizeof(struct kc_error *));
    struct kc_error *err = kc_admin_group_configs(limits->flow->source, names, entries, errors);
    if (!err)
        err = kc_admin_group_configs(limits->flow->target, names, entries + count, errors + count);
    for (size_t i = 0; !err && i < count; i++)
        if (!errors[i] && !errors[count + i])
            err = sync_group(limits, names->items[i], &entries[i], &entries[count + i], missing);
    for (size_t i = 0; i < 2 * count; i++) {
        kc_config_entries_destroy(&entries[i]);
        kc_error_destroy(errors[i]);
    }
    free(entries);
    free(errors);
    return err;
}

static struct kc_error *sync_group_configs(struct kc_client_limits *limits)
{
    struct kc_strings names = {0}, missing = {0};
    struct kc_error *err = list_groups(limits->flow, &names);
    for (size_t i = 0; !err && i < names.count; i += GROUPS_PER_REQUEST) {
        size_t rest = names.count - i;
        /* A part of names, which owns the texts. */
        const struct kc_strings slice = {.items = names.items + i,
                                         .count =
                                             rest < GROUPS_PER_REQUEST ? rest : GROUPS_PER_REQUEST};
        err = compare_groups(limits, &slice, &missing);
    }
    if (missing.count > 0) {
        char *what = kc_asprintf("%zu settings of groups of %s aren't on %s (%s=true copies them)",
                                 missing.count, limits->flow->config->source,
                                 limits->flow->config->target, KC_SYNC_GROUP_CONFIGS);
        note(limits, what, &missing);
        free(what);
    }
    kc_strings_destroy(&names);
    kc_strings_destroy(&missing);
    return limits->copies_group_configs ? err : unless_refused(err);
}

/* ---- a run ---- */

/* Keeps the first of two errors, and takes both. */
static struct kc_error *first_of(struct kc_error *first, struct kc_error *second)
{
    if (!first)
        return second;
    kc_error_destroy(second);
    return first;
}

struct kc_error *kc_client_limits_run(struct kc_client_limits *limits)
{
    kc_str_clear(&limits->found);
    struct kc_error *err = sync_quotas(limits);
    err = first_of(err, sync_group_configs(limits));
    err = first_of(err, name_users(limits));
    publish(limits);
    return err ? kc_error_prefix(err, "Could not compare quotas, groups and users of %s and %s",
                                 limits->flow->config->source, limits->flow->config->target)
               : NULL;
}
