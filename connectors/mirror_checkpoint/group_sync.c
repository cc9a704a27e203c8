/* SPDX-License-Identifier: Apache-2.0 */
/* Offsets of groups on the target, see group_sync.h. */
#include "mirror_checkpoint/group_sync.h"

#include "connect/log.h"
#include "mirror_checkpoint/checkpoint_metrics.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.mirror.MirrorCheckpointTask");

enum group_state {
    GROUP_UNASKED, /* or asked in vain: nothing may be committed */
    GROUP_UNKNOWN, /* the target doesn't know it */
    GROUP_IDLE,
    GROUP_ACTIVE, /* has members on the target */
};

struct target_group {
    enum group_state state;
    rd_kafka_topic_partition_list_t *offsets; /* while idle */
    bool said_active;                         /* the log has it */
    struct kc_series *series;
};

struct kc_group_sync {
    struct kc_admin *target;
    const struct kc_strings *names;
    const char *alias;
    struct target_group *groups; /* one for each name */
};

struct kc_group_sync *kc_group_sync_new(struct kc_admin *target, const struct kc_strings *groups,
                                        struct kc_source_context *context,
                                        const struct kc_mirror_config *config)
{
    struct kc_group_sync *sync = kc_calloc(1, sizeof(*sync));
    sync->target = target;
    sync->names = groups;
    sync->alias = config->target;
    sync->groups = kc_calloc(groups->count ? groups->count : 1, sizeof(*sync->groups));
    for (size_t i = 0; i < groups->count; i++)
        sync->groups[i].series = kc_group_metrics_open(context, config, groups->items[i]);
    return sync;
}

static void forget(struct target_group *group)
{
    if (group->offsets)
        rd_kafka_topic_partition_list_destroy(group->offsets);
    group->offsets = NULL;
    group->state = GROUP_UNASKED;
}

void kc_group_sync_destroy(struct kc_group_sync *sync)
{
    if (!sync)
        return;
    for (size_t i = 0; i < sync->names->count; i++) {
        forget(&sync->groups[i]);
        kc_series_unref(sync->groups[i].series);
    }
    free(sync->groups);
    free(sync);
}

/* ---- step 1 ---- */

static const struct kc_group_info *find_info(const struct kc_group_infos *infos, const char *id)
{
    for (size_t i = 0; i < infos->count; i++)
        if (strcmp(infos->items[i].id, id) == 0)
            return &infos->items[i];
    return NULL;
}

static enum group_state state_of(const struct kc_group_info *info)
{
    if (!info || !info->state || strcmp(info->state, "Dead") == 0)
        return GROUP_UNKNOWN;
    return strcmp(info->state, "Empty") == 0 ? GROUP_IDLE : GROUP_ACTIVE;
}

/* Groups with members on the target are left alone; each time one becomes active is told once. */
static void tell_active(struct kc_group_sync *sync, size_t i, const struct kc_group_info *info)
{
    struct target_group *group = &sync->groups[i];
    bool active = group->state == GROUP_ACTIVE;
    if (active && !group->said_active)
        kc_warn(
            "Consumer group %s has %d members on %s: its offsets there are left alone until they "
            "are gone. Checkpoints are written all the same.",
            sync->names->items[i], info->member_count, sync->alias);
    else if (!active && group->said_active)
        kc_info("Consumer group %s has no members on %s any more: its offsets are synced again.",
                sync->names->items[i], sync->alias);
    group->said_active = active;
}

static void refresh_group(struct kc_group_sync *sync, size_t i, const struct kc_group_info *info)
{
    struct target_group *group = &sync->groups[i];
    forget(group);
    group->state = state_of(info);
    kc_group_metrics_members(group->series, group->state == GROUP_ACTIVE ? info->member_count : 0);
    tell_active(sync, i, info);
    if (group->state != GROUP_IDLE)
        return;
    struct kc_error *err =
        kc_admin_group_offsets(sync->target, sync->names->items[i], &group->offsets);
    if (!err)
        return;
    group->state = GROUP_UNASKED;
    kc_fail("Could not read the offsets of consumer group %s on %s: %s", sync->names->items[i],
            sync->alias, kc_error_text(err));
    kc_error_destroy(err);
}

static struct kc_error *refresh(struct kc_group_sync *sync)
{
    struct kc_group_infos infos = {0};
    struct kc_error *err = kc_admin_describe_groups(sync->target, sync->names, &infos);
    if (err)
        return kc_error_prefix(err, "Could not describe consumer groups on %s cluster",
                               sync->alias);
    for (size_t i = 0; i < sync->names->count; i++)
        refresh_group(sync, i, find_info(&infos, sync->names->items[i]));
    kc_group_infos_destroy(&infos);
    return NULL;
}

/* ---- step 2 ---- */

struct collection {
    rd_kafka_topic_partition_list_t *offsets;
    const rd_kafka_topic_partition_list_t *idle;
};

static bool is_ahead(const rd_kafka_topic_partition_list_t *idle,
                     const struct kc_checkpoint *checkpoint)
{
    const rd_kafka_topic_partition_t *there =
        idle ? rd_kafka_topic_partition_list_find((rd_kafka_topic_partition_list_t *)idle,
                                                  checkpoint->topic, checkpoint->partition)
             : NULL;
    if (!there)
        return true;
    if (there->offset >= 0)
        return there->offset < checkpoint->downstream;
    kc_warn(
        "Group %s offset for partition %s-%d may has been reset to a negative offset, just sync "
        "the offset to target.",
        checkpoint->group, checkpoint->topic, checkpoint->partition);
    return true;
}

static void collect(void *arg, const struct kc_checkpoint *checkpoint)
{
    struct collection *collection = arg;
    if (!is_ahead(collection->idle, checkpoint))
        return;
    rd_kafka_topic_partition_t *wanted = rd_kafka_topic_partition_list_add(
        collection->offsets, checkpoint->topic, checkpoint->partition);
    wanted->offset = checkpoint->downstream;
    /* librdkafka frees it with the list. */
    wanted->metadata_size = strlen(checkpoint->metadata);
    wanted->metadata = wanted->metadata_size ? kc_strdup(checkpoint->metadata) : NULL;
}

rd_kafka_topic_partition_list_t *kc_group_sync_offsets(const struct kc_checkpoint_store *store,
                                                       const char *group,
                                                       const rd_kafka_topic_partition_list_t *idle)
{
    struct collection collection = {rd_kafka_topic_partition_list_new(16), idle};
    kc_checkpoint_store_each(store, group, collect, &collection);
    return collection.offsets;
}

static void commit_group(struct kc_group_sync *sync, size_t i,
                         const struct kc_checkpoint_store *store)
{
    const char *name = sync->names->items[i];
    struct target_group *group = &sync->groups[i];
    if (group->state == GROUP_ACTIVE || group->state == GROUP_UNASKED)
        return;
    rd_kafka_topic_partition_list_t *offsets =
        kc_group_sync_offsets(store, name, group->state == GROUP_IDLE ? group->offsets : NULL);
    struct kc_error *err =
        offsets->cnt > 0 ? kc_admin_alter_group_offsets(sync->target, name, offsets) : NULL;
    int code = err ? kc_error_kafka_code(err) : 0;
    if (code == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID || code == RD_KAFKA_RESP_ERR_NON_EMPTY_GROUP)
        kc_warn("Unable to sync offsets for consumer group %s. This is likely caused by consumers "
                "currently using this group in the target cluster.",
                name);
    else if (err)
        kc_fail("Unable to sync offsets for consumer group %s: %s", name, kc_error_text(err));
    else if (offsets->cnt > 0)
        kc_group_metrics_synced(group->series, offsets->cnt);
    if (!err && offsets->cnt > 0)
        kc_debug("Synced %d offsets for consumer group %s.", offsets->cnt, name);
    kc_error_destroy(err);
    rd_kafka_topic_partition_list_destroy(offsets);
}

struct kc_error *kc_group_sync_run(struct kc_group_sync *sync,
                                   const struct kc_checkpoint_store *store)
{
    struct kc_error *err = refresh(sync);
    for (size_t i = 0; i < sync->names->count; i++) {
        if (!err)
            commit_group(sync, i, store);
        forget(&sync->groups[i]);
    }
    return err;
}
