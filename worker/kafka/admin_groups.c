/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Consumer groups: listing, describing, deleting.
 *
 * Any thread, several at once.
 */
#include "kafka/admin_priv.h"

#include <stdlib.h>
#include <string.h>

/* ---- listing ---- */

static void add_listing(struct kc_group_infos *groups,
                        const rd_kafka_ConsumerGroupListing_t *listing)
{
    struct kc_group_info *info = &groups->items[groups->count++];
    bool simple = rd_kafka_ConsumerGroupListing_is_simple_consumer_group(listing);
    info->id = kc_strdup(rd_kafka_ConsumerGroupListing_group_id(listing));
    info->state =
        kc_strdup(rd_kafka_consumer_group_state_name(rd_kafka_ConsumerGroupListing_state(listing)));
    info->protocol_type = kc_strdup(simple ? "" : "consumer");
}

/* If one broker's answer were left out, its groups would seem to be gone. */
static struct kc_error *listing_error(const rd_kafka_ListConsumerGroups_result_t *result)
{
    size_t count = 0;
    const rd_kafka_error_t **errors = rd_kafka_ListConsumerGroups_result_errors(result, &count);
    if (count == 0)
        return NULL;
    return kc_client_error(rd_kafka_error_code(errors[0]), "Listing consumer groups failed: %s",
                           rd_kafka_error_string(errors[0]));
}

struct kc_error *kc_admin_groups(struct kc_admin *admin, struct kc_group_infos *groups)
{
    struct kc_admin_call call = {0};
    *groups = (struct kc_group_infos){0};
    kc_admin_call_begin(&call, admin, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPS);
    rd_kafka_ListConsumerGroups(admin->client, call.options, call.queue);
    struct kc_error *err = kc_admin_call_wait(&call, "Listing consumer groups failed");
    if (!err)
        err = listing_error(rd_kafka_event_ListConsumerGroups_result(call.event));
    if (!err) {
        size_t count = 0;
        const rd_kafka_ConsumerGroupListing_t **listings = rd_kafka_ListConsumerGroups_result_valid(
            rd_kafka_event_ListConsumerGroups_result(call.event), &count);
        groups->items = kc_calloc(count + 1, sizeof(*groups->items));
        for (size_t i = 0; i < count; i++)
            add_listing(groups, listings[i]);
    }
    kc_admin_call_end(&call);
    return err;
}

/* ---- describing ---- */

static struct kc_error *add_description(struct kc_group_infos *groups,
                                        const rd_kafka_ConsumerGroupDescription_t *description)
{
    const char *id = rd_kafka_ConsumerGroupDescription_group_id(description);
    const rd_kafka_error_t *error = rd_kafka_ConsumerGroupDescription_error(description);
    rd_kafka_resp_err_t code = error ? rd_kafka_error_code(error) : RD_KAFKA_RESP_ERR_NO_ERROR;
    /* This is how librdkafka reports a group of another protocol, such as Connect's. */
    bool foreign = code == RD_KAFKA_RESP_ERR__INVALID_ARG;
    if (code && code != RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND && !foreign)
        return kc_client_error(code, "Describing group %s failed: %s", id,
                               rd_kafka_error_string(error));
    rd_kafka_consumer_group_state_t state = rd_kafka_ConsumerGroupDescription_state(description);
    struct kc_group_info *info = &groups->items[groups->count++];
    info->id = kc_strdup(id);
    info->state = kc_strdup(foreign ? "Unknown"
                            : code  ? "Dead"
                                    : rd_kafka_consumer_group_state_name(state));
    bool simple = rd_kafka_ConsumerGroupDescription_is_simple_consumer_group(description);
    info->protocol_type = kc_strdup(foreign ? "other" : simple ? "" : "consumer");
    info->member_count = (int)rd_kafka_ConsumerGroupDescription_member_count(description);
    return NULL;
}

static bool any_dead(const struct kc_group_infos *groups)
{
    for (size_t i = 0; i < groups->count; i++) {
        if (strcmp(groups->items[i].state, "Dead") == 0)
            return true;
    }
    return false;
}

/* DescribeGroups reports groups of the new protocol (KIP-848) as dead; a listing knows their state.
 */
static struct kc_error *revive(struct kc_admin *admin, struct kc_group_infos *groups)
{
    struct kc_group_infos listed = {0};
    struct kc_error *err = kc_admin_groups(admin, &listed);
    for (size_t i = 0; i < groups->count && !err; i++) {
        struct kc_group_info *group = &groups->items[i];
        for (size_t j = 0; j < listed.count && strcmp(group->state, "Dead") == 0; j++) {
            if (strcmp(listed.items[j].id, group->id) != 0)
                continue;
            free(group->state);
            group->state = kc_strdup(listed.items[j].state);
            break;
        }
    }
    kc_group_infos_destroy(&listed);
    return err;
}

static struct kc_error *take_descriptions(const rd_kafka_DescribeConsumerGroups_result_t *result,
                                          struct kc_group_infos *groups)
{
    size_t count = 0;
    struct kc_error *err = NULL;
    const rd_kafka_ConsumerGroupDescription_t **descriptions =
        rd_kafka_DescribeConsumerGroups_result_groups(result, &count);
    groups->items = kc_calloc(count + 1, sizeof(*groups->items));
    for (size_t i = 0; i < count && !err; i++)
        err = add_description(groups, descriptions[i]);
    return err;
}

struct kc_error *kc_admin_describe_groups(struct kc_admin *admin, const struct kc_strings *ids,
                                          struct kc_group_infos *groups)
{
    struct kc_admin_call call = {0};
    *groups = (struct kc_group_infos){0};
    if (ids->count == 0)
        return NULL;
    kc_admin_call_begin(&call, admin, RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS);
    rd_kafka_DescribeConsumerGroups(admin->client, (const char **)ids->items, ids->count,
                                    call.options, call.queue);
    struct kc_error *err = kc_admin_call_wait(&call, "Describing consumer groups failed");
    if (!err)
        err = take_descriptions(rd_kafka_event_DescribeConsumerGroups_result(call.event), groups);
    if (!err && any_dead(groups))
        err = revive(admin, groups);
    kc_admin_call_end(&call);
    if (err)
        kc_group_infos_destroy(groups);
    return err;
}

void kc_group_infos_destroy(struct kc_group_infos *groups)
{
    for (size_t i = 0; i < groups->count; i++) {
        free(groups->items[i].id);
        free(groups->items[i].state);
        free(groups->items[i].protocol_type);
    }
    free(groups->items);
    *groups = (struct kc_group_infos){0};
}

/* ---- deleting ---- */

struct kc_error *kc_admin_delete_group(struct kc_admin *admin, const char *group)
{
    struct kc_admin_call call = {0};
    rd_kafka_DeleteGroup_t *request = rd_kafka_DeleteGroup_new(group);
    kc_admin_call_begin(&call, admin, RD_KAFKA_ADMIN_OP_DELETEGROUPS);
    rd_kafka_DeleteGroups(admin->client, &request, 1, call.options, call.queue);
    struct kc_error *err = kc_admin_call_wait(&call, "Deleting a group failed");
    if (!err) {
        size_t count = 0;
        const rd_kafka_group_result_t **results = rd_kafka_DeleteGroups_result_groups(
            rd_kafka_event_DeleteGroups_result(call.event), &count);
        const rd_kafka_error_t *error = count ? rd_kafka_group_result_error(results[0]) : NULL;
        if (error)
            err = kc_client_error(rd_kafka_error_code(error), "Deleting group %s failed", group);
    }
    kc_admin_call_end(&call);
    rd_kafka_DeleteGroup_destroy(request);
    return err;
}
