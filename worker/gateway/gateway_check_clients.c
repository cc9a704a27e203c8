/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who writes at the source today, as far as a cluster tells it, and what these clients lack at the
 * target: rights, credentials, quotas. And whether the gateway itself may write for them at the
 * source. See gateway_check_priv.h.
 *
 * A cluster names no principals of its producers, so those that may write stand for those that do:
 * who has WRITE on a linked topic. Superusers don't show.
 */
#include "gateway/gateway_check_priv.h"

#include "base/kafka_errors.h"
#include "connect/admin.h"
#include "connect/missing_rights.h"
#include "connect/rights.h"
#include "gateway/gateway_credentials_priv.h"
#include "wire/messages_cluster.h"

#include <stdlib.h>
#include <string.h>

enum { TOPICS_A_REQUEST = 200, OPERATION_WRITE = 4, ASK_MS = 15000 };
#define DAY_MS ((int64_t)24 * 60 * 60 * 1000)

/* ---- the gateway's own rights at the source ---- */

static struct kc_error *ask_source(struct check_run *run, size_t from, size_t count,
                                   struct kc_wire_reply **reply)
{
    struct kc_wire_request *request = kc_wire_request_new(KC_API_METADATA);
    struct kc_metadata_request *message = request->message;
    message->allow_auto_topic_creation = false;
    message->include_topic_authorized_operations = true;
    KC_WIRE_LIST_NEW(request->arena, &message->topics, kc_metadata_request_topic, (int32_t)count);
    for (size_t i = 0; i < count; i++)
        message->topics.items[i].name =
            kc_wire_str_copy(request->arena, run->topics[from + i].source);
    return kc_wire_call(kc_wire_admin_client(run->source.wire), request, kc_mono_ms() + ASK_MS,
                        reply);
}

/* INT32_MIN: a source before Kafka 2.3 doesn't tell. */
static void look_at_own(struct check_run *run, const struct kc_metadata_response_topic *topic)
{
    bool told = topic->topic_authorized_operations != INT32_MIN;
    bool refused = topic->error_code == KC_KAFKA_TOPIC_AUTHORIZATION_FAILED;
    if (refused || (told && !(topic->topic_authorized_operations & (1 << OPERATION_WRITE))))
        check_find(
            run->findings, CHECK_MISSING, "NO_WRITE_AT_SOURCE", topic->name.data,
            "source.cluster.* may not write to it at the source, so the gateway couldn't "
            "route its clients' writes. Grant WRITE there to the principal of these settings");
    else if (topic->error_code == KC_KAFKA_UNKNOWN_TOPIC_OR_PARTITION)
        check_find(run->findings, CHECK_WARNING, "NO_SOURCE_TOPIC", topic->name.data,
                   "the source has no such topic any more");
}

static void check_own_rights(struct check_run *run)
{
    for (size_t from = 0; from < run->topic_count; from += TOPICS_A_REQUEST) {
        struct kc_wire_reply *reply = NULL;
        size_t left = run->topic_count - from;
        struct kc_error *err =
            ask_source(run, from, left < TOPICS_A_REQUEST ? left : TOPICS_A_REQUEST, &reply);
        if (err) {
            check_find(run->findings, CHECK_WARNING, "NOT_KNOWN", "source",
                       "the gateway's rights to its topics couldn't be asked: %s",
                       kc_error_text(err));
            kc_error_destroy(err);
            return;
        }
        const struct kc_metadata_response *response = reply->message;
        for (int32_t i = 0; i < response->topics.count; i++)
            look_at_own(run, &response->topics.items[i]);
        kc_wire_reply_unref(reply);
    }
}

/* ---- ACLs ---- */

/* What two clusters say about one kind of resource. */
struct both_acls {
    struct kc_acls source;
    struct kc_acls target;
    bool known;
    bool source_open; /* no authorizer: anybody may do anything, and nobody is named */
    bool target_open;
};

static bool load_acls(struct check_run *run, struct check_cluster *cluster, int type,
                      struct kc_acls *acls, bool *open)
{
    struct kc_error *err = kc_admin_acls(cluster->admin, type, acls);
    *open = kc_error_kafka_code(err) == KC_KAFKA_SECURITY_DISABLED;
    if (!err || *open) {
        kc_error_destroy(err);
        return true;
    }
    check_find(
        run->findings, CHECK_WARNING, "NOT_KNOWN", cluster->name,
        "ACLs can't be read, so rights that clients lack aren't known: %s. It needs DESCRIBE "
        "on the cluster",
        kc_error_text(err));
    kc_error_destroy(err);
    return false;
}

static void load_both(struct check_run *run, int type, struct both_acls *acls)
{
    *acls = (struct both_acls){0};
    acls->known = load_acls(run, &run->source, type, &acls->source, &acls->source_open) &&
                  load_acls(run, &run->target, type, &acls->target, &acls->target_open);
}

static void clear_both(struct both_acls *acls)
{
    kc_acls_destroy(&acls->source);
    kc_acls_destroy(&acls->target);
}

static void report_missing(struct check_run *run, const struct kc_missing_rights *missing,
                           const char *what)
{
    for (size_t i = 0; i < missing->count; i++) {
        const struct kc_missing_right *one = &missing->items[i];
        if (strcmp(one->operation, "READ") != 0)
            check_find(run->findings, CHECK_MISSING, "MISSING_RIGHT", one->principal,
                       "has %s on the %s %s at the source and no WRITE on it at the target, so the "
                       "gateway would refuse its writes. Grant it there before its clients move",
                       one->operation, what, one->name);
    }
}

static void check_topic_rights(struct check_run *run, const struct both_acls *acls)
{
    struct kc_missing_rights missing = {0};
    struct kc_two_names *names = kc_calloc(run->topic_count + 1, sizeof(*names));
    for (size_t i = 0; i < run->topic_count; i++)
        names[i] = (struct kc_two_names){run->topics[i].source, run->topics[i].target};
    kc_missing_rights_find(names, run->topic_count, &acls->source, &acls->target, true, &missing);
    report_missing(run, &missing, "topic");
    kc_missing_rights_clear(&missing);
    free(names);
}

static void check_transaction_rights(struct check_run *run)
{
    struct both_acls acls;
    struct kc_missing_rights missing = {0};
    load_both(run, KC_RESOURCE_TRANSACTIONAL_ID, &acls);
    struct kc_two_names *names = kc_calloc(acls.source.count + 1, sizeof(*names));
    for (size_t i = 0; i < acls.source.count; i++)
        names[i] = (struct kc_two_names){acls.source.items[i].name, acls.source.items[i].name};
    if (acls.known && !acls.source_open && !acls.target_open)
        kc_missing_rights_find(names, acls.source.count, &acls.source, &acls.target, true,
                               &missing);
    report_missing(run, &missing, "transactional id");
    kc_missing_rights_clear(&missing);
    free(names);
    clear_both(&acls);
}

static bool is_about_topics(const struct check_run *run, const struct kc_acl *acl)
{
    for (size_t i = 0; i < run->topic_count; i++)
        if (kc_acl_is_for(acl, run->topics[i].target))
            return true;
    return false;
}

/* The target sees the gateway's address in place of its clients'. */
static void check_hosts(struct check_run *run, const struct both_acls *acls)
{
    for (size_t i = 0; i < acls->target.count; i++) {
        const struct kc_acl *acl = &acls->target.items[i];
        if (acl->host && strcmp(acl->host, "*") != 0 && is_about_topics(run, acl))
            check_find(
                run->findings, CHECK_WARNING, "HOST_RULE", acl->principal,
                "an ACL at the target on topic %s is for the host %s alone. Through a gateway "
                "the target sees the gateway's address as that of all clients",
                acl->name, acl->host);
    }
}

/* ---- who writes ---- */

static void add_writers(const struct check_run *run, const struct kc_acls *acls,
                        struct kc_strings *writers)
{
    for (size_t i = 0; i < acls->count; i++) {
        const struct kc_acl *acl = &acls->items[i];
        if (acl->permission != RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW ||
            (acl->operation != RD_KAFKA_ACL_OPERATION_WRITE &&
             acl->operation != RD_KAFKA_ACL_OPERATION_ALL))
            continue;
        for (size_t k = 0; k < run->topic_count; k++)
            if (kc_acl_is_for(acl, run->topics[k].source) &&
                !kc_strings_contain(writers, acl->principal)) {
                kc_strings_add(writers, acl->principal);
                break;
            }
    }
}

/* ---- credentials ---- */

/* Whether the list of kc_admin_scram_users() has the user by any mechanism. */
static bool has_user(const struct kc_strings *users, const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < users->count; i++)
        if (strncmp(users->items[i], name, len) == 0 &&
            strncmp(users->items[i] + len, " (", 2) == 0)
            return true;
    return false;
}

static bool load_users(struct check_run *run, struct check_cluster *cluster,
                       struct kc_strings *users)
{
    struct kc_error *err = kc_admin_scram_users(cluster->admin, users);
    if (!err)
        return true;
    check_find(run->findings, CHECK_NOTE, "NOT_KNOWN", cluster->name,
               "its SCRAM users can't be read, so missing credentials aren't known: %s",
               kc_error_text(err));
    kc_error_destroy(err);
    return false;
}

static bool relays_logins(const struct gateway_config *config)
{
    for (size_t i = 0; i < config->listener_count; i++)
        if (config->listeners[i].sasl)
            return true;
    return false;
}

/* Writers with SCRAM credentials at the source; all such users, where nobody is known to write. */
static void check_users(struct check_run *run, const struct kc_strings *writers, bool all,
                        const struct kc_strings *source, const struct kc_strings *target)
{
    for (size_t i = 0; i < source->count; i++) {
        const char *blank = strstr(source->items[i], " (");
        char *user =
            kc_strndup(source->items[i], blank ? (size_t)(blank - source->items[i]) : SIZE_MAX);
        char *principal = kc_asprintf("User:%s", user);
        if ((all || kc_strings_contain(writers, principal)) && !has_user(target, user))
            check_find(
                run->findings, CHECK_MISSING, "MISSING_CREDENTIALS", principal,
                "logs in to the source as %s, and the target has no SCRAM credentials for it, "
                "so its clients couldn't log in through the gateway. Create the user there",
                source->items[i]);
        free(principal);
        free(user);
    }
}

static void check_credentials(struct check_run *run, const struct kc_strings *writers, bool all)
{
    struct kc_strings source = {0}, target = {0};
    if (!relays_logins(run->config))
        return;
    if (load_users(run, &run->source, &source) && load_users(run, &run->target, &target))
        check_users(run, writers, all, &source, &target);
    kc_strings_destroy(&source);
    kc_strings_destroy(&target);
}

/* ---- quotas ---- */

static char *entity_text(const struct kc_map *entity)
{
    struct kc_str text = {0};
    kc_map_foreach (entity, part)
        kc_str_appendf(&text, "%s%s %s", text.len ? ", " : "", part->key,
                       part->value ? part->value : "(default)");
    return kc_str_take(&text);
}

static const struct kc_quota *same_quota(const struct kc_quotas *quotas,
                                         const struct kc_quota *quota)
{
    for (size_t i = 0; i < quotas->count; i++)
        if (strcmp(quotas->items[i].key, quota->key) == 0 &&
            kc_map_equal(quotas->items[i].entity, quota->entity))
            return &quotas->items[i];
    return NULL;
}

static void compare_quotas(struct check_run *run, const struct kc_quotas *source,
                           const struct kc_quotas *target)
{
    for (size_t i = 0; i < source->count; i++) {
        const struct kc_quota *quota = &source->items[i];
        if (same_quota(target, quota))
            continue;
        char *about = entity_text(quota->entity);
        check_find(run->findings, CHECK_WARNING, "MISSING_QUOTA", about,
                   "has the quota %s=%.0f at the source, and none at the target", quota->key,
                   quota->value);
        free(about);
    }
}

static void check_quotas(struct check_run *run)
{
    struct kc_quotas source = {0}, target = {0};
    struct kc_error *err = kc_admin_quotas(run->source.admin, &source);
    if (!err)
        err = kc_admin_quotas(run->target.admin, &target);
    if (err)
        check_find(run->findings, CHECK_NOTE, "NOT_KNOWN", "quotas",
                   "the clusters' quotas can't be compared: %s", kc_error_text(err));
    else
        compare_quotas(run, &source, &target);
    kc_error_destroy(err);
    kc_quotas_destroy(&source);
    kc_quotas_destroy(&target);
}

/* ---- producers ---- */

/* How many producers with ids have written to the topic in the last day; -1: not known. */
static int count_producers(struct check_run *run, const struct kc_topic_description *topic)
{
    int count = 0;
    int64_t since_ms = kc_now_ms() - DAY_MS;
    struct kc_partition_producers *items = kc_calloc(topic->partition_count + 1, sizeof(*items));
    for (size_t i = 0; i < topic->partition_count; i++)
        items[i] = (struct kc_partition_producers){.topic = topic->name,
                                                   .partition = topic->partitions[i].partition};
    struct kc_error *err =
        kc_admin_describe_producers(run->source.admin, items, topic->partition_count);
    for (size_t i = 0; !err && i < topic->partition_count; i++) {
        if (items[i].error)
            count = -1;
        for (size_t k = 0; count >= 0 && k < items[i].count; k++)
            count += items[i].producers[k].last_timestamp >= since_ms;
    }
    if (err)
        count = -1;
    kc_error_destroy(err);
    kc_partition_producers_clear(items, topic->partition_count);
    free(items);
    return count;
}

static void check_producers(struct check_run *run)
{
    struct kc_strings names = {0};
    struct kc_topic_descriptions topics = {0};
    for (size_t i = 0; i < run->topic_count && i < TOPICS_A_REQUEST; i++)
        kc_strings_add(&names, run->topics[i].source);
    struct kc_error *err =
        names.count ? kc_admin_describe_topics(run->source.admin, &names, &topics) : NULL;
    for (size_t i = 0; !err && i < topics.count; i++) {
        int producers = topics.items[i].error ? -1 : count_producers(run, &topics.items[i]);
        if (producers > 0)
            check_find(
                run->findings, CHECK_NOTE, "PRODUCERS", topics.items[i].name,
                "producers with ids wrote to it at the source in the last day, by partition "
                "%d in all; brokers don't tell their principals, and don't know of producers "
                "without ids",
                producers);
    }
    kc_error_destroy(err);
    kc_topic_descriptions_destroy(&topics);
    kc_strings_destroy(&names);
}

/* ---- all of it ---- */

void check_clients(struct check_run *run)
{
    struct both_acls acls;
    struct kc_strings writers = {0};
    check_own_rights(run);
    load_both(run, KC_RESOURCE_TOPIC, &acls);
    if (acls.source_open)
        check_find(run->findings, CHECK_NOTE, "NO_AUTHORIZER", "source",
                   "it has no authorizer, so who may write there isn't known. See to it that its "
                   "clients have what they need at the target");
    if (acls.known && !acls.target_open) {
        if (!acls.source_open)
            check_topic_rights(run, &acls);
        check_hosts(run, &acls);
        check_transaction_rights(run);
    }
    add_writers(run, &acls.source, &writers);
    check_credentials(run, &writers, acls.source_open);
    check_quotas(run);
    check_producers(run);
    kc_strings_destroy(&writers);
    clear_both(&acls);
}
