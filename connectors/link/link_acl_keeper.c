/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Brings ACLs and quotas over and keeps the guard, see link_acls_priv.h. On the watch's thread,
 * except link_guards_remove().
 *
 * What a cluster doesn't have (an authorizer) or doesn't tell (without the right DESCRIBE on the
 * cluster) is said once in the log and left out: topics and groups move all the same.
 */
#include "link/link_acls_priv.h"
#include "link/link_parts_priv.h"

#include "connect/log.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.connect.link.LinkAcls");

enum {
    PUT_MS = 15000,
    RETRY_MS = 10000,
    SECURITY_DISABLED = 54,
    FORBIDDEN = 31,   /* CLUSTER_AUTHORIZATION_FAILED */
    UNSUPPORTED = 35, /* UNSUPPORTED_VERSION */
};

struct link_acl_keeper {
    struct link_control *control;
    char *own;        /* principal; NULL: not known */
    bool told[2];     /* by side: that its ACLs can't be read */
    bool quotas_told; /* the same of quotas */
    bool looked;      /* seen is a version */
    uint64_t seen;    /* of the store */
    int64_t due_ms;
};

struct link_acl_keeper *link_acl_keeper_new(struct link_control *control)
{
    struct link_acl_keeper *keeper = kc_calloc(1, sizeof(*keeper));
    keeper->control = control;
    keeper->own = link_guard_principal(control->config);
    return keeper;
}

void link_acl_keeper_destroy(struct link_acl_keeper *keeper)
{
    if (!keeper)
        return;
    free(keeper->own);
    free(keeper);
}

/* ---- names ---- */

static void add_topic(struct link_control *control, const char *topic, struct link_acl_names *names)
{
    struct kc_link_topic state = {0};
    json_t *json = link_store_get(control->store, KC_LINK_TOPIC, topic);
    struct kc_error *err = json ? kc_link_topic_parse(json, &state) : NULL;
    bool final = json && !err && kc_link_topic_is_final(state.state);
    kc_strings_add(final ? &names->promoted : &names->linked, topic);
    kc_error_destroy(err);
    json_decref(json);
    kc_link_topic_clear(&state);
}

static void load_names(struct link_control *control, struct link_acl_names *names)
{
    struct kc_strings topics = {0};
    link_store_names(control->store, KC_LINK_TOPIC_ORDER, &topics);
    for (size_t i = 0; i < topics.count; i++)
        add_topic(control, topics.items[i], names);
    link_store_names(control->store, KC_LINK_GROUP_ORDER, &names->groups);
    kc_strings_destroy(&topics);
}

/* Whether topics or groups have come, gone or moved since the last look. */
static bool has_changed(struct link_acl_keeper *keeper)
{
    static const enum kc_link_resource kinds[] = {KC_LINK_TOPIC, KC_LINK_TOPIC_ORDER,
                                                  KC_LINK_GROUP_ORDER};
    struct kc_strings names = {0};
    struct link_store *store = keeper->control->store;
    uint64_t version = link_store_version(store);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        link_store_changed(store, keeper->seen, kinds[i], &names);
    bool changed = !keeper->looked || names.count > 0;
    keeper->looked = true;
    keeper->seen = version;
    kc_strings_destroy(&names);
    return changed;
}

/* ---- ACLs of both sides ---- */

static void append(struct kc_acls *all, struct kc_acls *more)
{
    all->items = kc_realloc(all->items, (all->count + more->count + 1) * sizeof(*all->items));
    for (size_t i = 0; i < more->count; i++)
        all->items[all->count++] = more->items[i];
    free(more->items);
    *more = (struct kc_acls){0};
}

static bool is_left_out(const struct kc_error *err)
{
    int code = kc_error_kafka_code(err);
    return code == SECURITY_DISABLED || code == FORBIDDEN || code == UNSUPPORTED;
}

/* Sorted. *there false: the side has none, or doesn't tell. */
static struct kc_error *list(struct link_acl_keeper *keeper, enum link_side side,
                             struct kc_acls *acls, bool *there)
{
    static const int kinds[] = {KC_RESOURCE_TOPIC, KC_RESOURCE_GROUP};
    struct link_control *control = keeper->control;
    struct kc_error *err = NULL;
    for (size_t i = 0; !err && i < 2; i++) {
        struct kc_acls of_kind = {0};
        err = kc_admin_acls(side == LINK_SOURCE ? control->source : control->target, kinds[i],
                            &of_kind);
        if (!err)
            append(acls, &of_kind);
    }
    *there = !err;
    if (acls->count > 1)
        qsort(acls->items, acls->count, sizeof(*acls->items), link_acl_compare);
    if (!is_left_out(err))
        return err;
    if (!keeper->told[side] && kc_error_kafka_code(err) == SECURITY_DISABLED)
        kc_info("Link '%s': the %s cluster has no authorizer, so no ACLs are brought over.",
                control->config->name, side == LINK_SOURCE ? "source" : "target");
    else if (!keeper->told[side])
        kc_warn("Link '%s': ACLs of the %s cluster can't be read, so none are %s: %s",
                control->config->name, side == LINK_SOURCE ? "source" : "target",
                side == LINK_SOURCE ? "copied" : "compared or made", kc_error_text(err));
    keeper->told[side] = true;
    kc_error_destroy(err);
    return NULL;
}

/* ---- from the source ---- */

static bool is_on(const struct link_control *control, int resource_type)
{
    return kc_config_bool(control->config->values, resource_type == KC_RESOURCE_GROUP
                                                       ? "sync.group.acls.enabled"
                                                       : "sync.topic.acls.enabled");
}

static struct kc_error *copy_acls(struct link_control *control, const struct link_acl_names *names,
                                  const struct kc_acls *source, const struct kc_acls *target,
                                  struct kc_strings *principals)
{
    struct kc_acls missing = {.items = kc_calloc(source->count + 1, sizeof(*missing.items))};
    for (size_t i = 0; i < source->count; i++) {
        struct kc_acl *wanted = &missing.items[missing.count];
        if (!is_on(control, source->items[i].resource_type) ||
            !link_acl_map(control->config, names, &source->items[i], wanted))
            continue;
        if (!kc_strings_contain(principals, wanted->principal))
            kc_strings_add(principals, wanted->principal);
        if (target->count > 0 &&
            bsearch(wanted, target->items, target->count, sizeof(*wanted), link_acl_compare))
            free(wanted->name);
        else
            missing.count++;
    }
    struct kc_error *err = missing.count ? kc_admin_create_acls(control->target, &missing) : NULL;
    if (!err && missing.count > 0)
        kc_info("Link '%s': %zu ACLs were brought over, of %s among them.", control->config->name,
                missing.count, missing.items[0].name);
    for (size_t i = 0; i < missing.count; i++)
        free(missing.items[i].name);
    free(missing.items);
    return err ? kc_error_prefix(err, "ACLs can't be made on the target") : NULL;
}

/* ---- quotas ---- */

/* Of one of the users, and the target has no limit of that kind for the same entity. */
static bool is_lacking(const struct kc_quota *quota, const struct kc_strings *principals,
                       const struct kc_quotas *target)
{
    const char *user = kc_map_get(quota->entity, "user");
    char *principal = user ? kc_asprintf("User:%s", user) : NULL;
    bool named = principal && kc_strings_contain(principals, principal);
    free(principal);
    for (size_t i = 0; named && i < target->count; i++)
        if (strcmp(target->items[i].key, quota->key) == 0 &&
            kc_map_equal(target->items[i].entity, quota->entity))
            return false;
    return named;
}

static struct kc_error *set_quotas(struct link_control *control, const struct kc_strings *users,
                                   struct kc_quotas *source, const struct kc_quotas *target)
{
    struct kc_quotas lacking = {.items = kc_calloc(source->count + 1, sizeof(*lacking.items))};
    for (size_t i = 0; i < source->count; i++)
        if (is_lacking(&source->items[i], users, target))
            lacking.items[lacking.count++] = source->items[i]; /* borrowed */
    struct kc_error *err = lacking.count ? kc_admin_set_quotas(control->target, &lacking) : NULL;
    if (!err && lacking.count > 0)
        kc_info("Link '%s': %zu quotas were brought over.", control->config->name, lacking.count);
    free(lacking.items);
    return err;
}

static struct kc_error *copy_quotas(struct link_acl_keeper *keeper, const struct kc_strings *users)
{
    struct link_control *control = keeper->control;
    struct kc_quotas source = {0}, target = {0};
    if (users->count == 0 || !kc_config_bool(control->config->values, "sync.quotas.enabled"))
        return NULL;
    struct kc_error *err = kc_admin_quotas(control->source, &source);
    if (!err)
        err = kc_admin_quotas(control->target, &target);
    if (!err)
        err = set_quotas(control, users, &source, &target);
    kc_quotas_destroy(&source);
    kc_quotas_destroy(&target);
    if (!is_left_out(err))
        return err ? kc_error_prefix(err, "Quotas can't be brought over") : NULL;
    if (!keeper->quotas_told)
        kc_warn("Link '%s': quotas can't be brought over: %s", control->config->name,
                kc_error_text(err));
    keeper->quotas_told = true;
    kc_error_destroy(err);
    return NULL;
}

/* ---- the guard ---- */

static struct kc_error *put_guard(struct link_control *control, const char *topic, json_t *record)
{
    struct link_change change = {KC_LINK_GUARD, topic, record};
    return link_store_put(control->store, &change, 1, PUT_MS);
}

/* First the record, so that a denial that was made is never unknown. */
static struct kc_error *guard_topic(struct link_acl_keeper *keeper, const char *topic,
                                    const struct kc_acls *target)
{
    struct link_control *control = keeper->control;
    struct kc_strings writers = {0};
    struct kc_acls denials = {0};
    json_t *before = link_store_get(control->store, KC_LINK_GUARD, topic);
    link_guard_writers(target, topic, keeper->own, &writers);
    json_t *record = link_guard_plan(topic, &writers, target, before, &denials);
    const char *reason = json_string_value(json_object_get(record, "reason"));
    struct kc_error *err = NULL;
    if (!before || !json_equal(before, record)) {
        if (*reason)
            kc_warn("Link '%s': topic %s: %s.", control->config->name, topic, reason);
        err = put_guard(control, topic, json_incref(record));
    }
    if (!err && denials.count > 0)
        err = kc_admin_create_acls(control->target, &denials);
    if (!err && denials.count > 0)
        kc_info("Link '%s': %zu principals may not write to topic %s until it is promoted, %s "
                "among them.",
                control->config->name, denials.count, topic, denials.items[0].principal);
    json_decref(before);
    json_decref(record);
    kc_acls_destroy(&denials);
    kc_strings_destroy(&writers);
    return err ? kc_error_prefix(err, "Writes to topic %s can't be denied", topic) : NULL;
}

/* The topic can't be guarded: the record says why. */
static struct kc_error *note_unguarded(struct link_control *control, const char *topic,
                                       const char *reason)
{
    json_t *before = link_store_get(control->store, KC_LINK_GUARD, topic);
    const char *now = json_string_value(json_object_get(before, "reason"));
    struct kc_error *err = NULL;
    if (!now || strcmp(now, reason) != 0) {
        json_t *record = before ? json_copy(before) : json_pack("{s:[]}", "denied");
        json_object_set_new(record, "reason", json_string(reason));
        kc_warn("Link '%s': topic %s: %s.", control->config->name, topic, reason);
        err = put_guard(control, topic, record);
    }
    json_decref(before);
    return err;
}

static struct kc_error *guard_topics(struct link_acl_keeper *keeper,
                                     const struct link_acl_names *names,
                                     const struct kc_acls *target, bool there)
{
    struct kc_error *err = NULL;
    const char *reason = NULL;
    if (keeper->control->config->guard != LINK_GUARD_ACL)
        return NULL;
    if (!keeper->own)
        reason = "Writes of others are only detected, because the link doesn't know its own "
                 "principal on the target. Set link.write.guard.principal";
    else if (!there)
        reason = "Writes of others are only detected, because the target's ACLs can't be read. It "
                 "needs an authorizer, and the link's user the right DESCRIBE on the cluster";
    for (size_t i = 0; !err && i < names->linked.count; i++) {
        const char *topic = names->linked.items[i];
        err = reason ? note_unguarded(keeper->control, topic, reason)
                     : guard_topic(keeper, topic, target);
    }
    return err;
}

struct kc_error *link_guards_remove(struct link_control *control, const struct kc_strings *linked)
{
    struct kc_strings guarded = {0};
    struct kc_error *err = NULL;
    link_store_names(control->store, KC_LINK_GUARD, &guarded);
    for (size_t i = 0; !err && i < guarded.count; i++) {
        const char *topic = guarded.items[i];
        struct kc_acls denials = {0};
        if (linked && kc_strings_contain(linked, topic))
            continue;
        json_t *record = link_store_get(control->store, KC_LINK_GUARD, topic);
        link_guard_denials(topic, record, &denials);
        err = denials.count ? kc_admin_delete_acls(control->target, &denials) : NULL;
        if (err)
            err = kc_error_prefix(err, "Writes to topic %s can't be allowed again", topic);
        else
            err = put_guard(control, topic, NULL);
        if (!err && denials.count > 0)
            kc_info("Link '%s': %zu principals may write to topic %s again.", control->config->name,
                    denials.count, topic);
        json_decref(record);
        kc_acls_destroy(&denials);
    }
    kc_strings_destroy(&guarded);
    return err;
}

/* ---- all of it ---- */

static bool has_work(const struct link_control *control)
{
    return is_on(control, KC_RESOURCE_TOPIC) || is_on(control, KC_RESOURCE_GROUP) ||
           control->config->guard == LINK_GUARD_ACL;
}

static struct kc_error *compare(struct link_acl_keeper *keeper, const struct link_acl_names *names)
{
    struct link_control *control = keeper->control;
    struct kc_acls source = {0}, target = {0};
    struct kc_strings principals = {0};
    bool source_there = false, target_there = false;
    bool copies = (is_on(control, KC_RESOURCE_TOPIC) || is_on(control, KC_RESOURCE_GROUP)) &&
                  !link_part_is_paused(control->store, LINK_PART_ACLS);
    struct kc_error *err = list(keeper, LINK_TARGET, &target, &target_there);
    if (!err)
        err = guard_topics(keeper, names, &target, target_there);
    if (!err && copies)
        err = list(keeper, LINK_SOURCE, &source, &source_there);
    if (!err && source_there && target_there)
        err = copy_acls(control, names, &source, &target, &principals);
    if (!err)
        err = copy_quotas(keeper, &principals);
    kc_strings_destroy(&principals);
    kc_acls_destroy(&source);
    kc_acls_destroy(&target);
    return err;
}

static struct kc_error *look(struct link_acl_keeper *keeper)
{
    struct link_control *control = keeper->control;
    struct link_acl_names names = {0};
    const struct kc_strings none = {0};
    int64_t now = kc_mono_ms();
    load_names(control, &names);
    keeper->due_ms = now + RETRY_MS;
    struct kc_error *err = link_guards_remove(
        control, control->config->guard == LINK_GUARD_ACL ? &names.linked : &none);
    if (!err && has_work(control) &&
        (names.linked.count || names.promoted.count || names.groups.count))
        err = compare(keeper, &names);
    if (!err)
        keeper->due_ms =
            now +
            kc_config_long(control->config->values, "sync.topic.acls.interval.seconds") * 1000;
    link_acl_names_clear(&names);
    return err;
}

struct kc_error *link_acl_keeper_step(struct link_acl_keeper *keeper)
{
    struct link_control *control = keeper->control;
    struct kc_error *err = NULL;
    bool due = has_changed(keeper) || kc_mono_ms() >= keeper->due_ms;
    if (!due)
        return NULL;
    pthread_mutex_lock(&control->guarding);
    if (!atomic_load(&control->ended))
        err = look(keeper);
    pthread_mutex_unlock(&control->guarding);
    return err;
}
