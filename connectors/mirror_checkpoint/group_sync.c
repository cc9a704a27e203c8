/* SPDX-License-Identifier: Apache-2.0 */
/* Offsets of groups on the target, see group_sync_priv.h. */
#include "mirror_checkpoint/group_sync_priv.h"

#include "connect/log.h"
#include "mirror_checkpoint/checkpoint_metrics_priv.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.mirror.MirrorCheckpointTask");

enum group_state {
    GROUP_UNASKED, /* or asked in vain: nothing may be committed */
    GROUP_UNKNOWN, /* the target doesn't know it */
    GROUP_IDLE,
    GROUP_ACTIVE, /* has members on the target */
};

#define TO(state) (1u << GROUP_##state)
/* Each round asks anew: from no answer to another leads only the way over UNASKED. */
static const unsigned moves[] = {
    [GROUP_UNASKED] = TO(UNASKED) | TO(UNKNOWN) | TO(IDLE) | TO(ACTIVE),
    [GROUP_UNKNOWN] = TO(UNASKED),
    [GROUP_IDLE] = TO(UNASKED),
    [GROUP_ACTIVE] = TO(UNASKED),
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
                                        struct kc_series *const *series,
                                        const struct kc_mirror_config *config)
{
    struct kc_group_sync *sync = kc_calloc(1, sizeof(*sync));
    sync->target = target;
    sync->names = groups;
    sync->alias = config->target;
    sync->groups = kc_calloc(groups->count ? groups->count : 1, sizeof(*sync->groups));
    for (size_t i = 0; i < groups->count; i++)
        sync->groups[i].series = series[i];
    return sync;
}

/* The one mover. Offsets are those of one round's idle group. */
static void move(struct target_group *group, enum group_state state)
{
    assert(moves[group->state] & (1u << state));
    if (group->offsets)
        rd_kafka_topic_partition_list_destroy(group->offsets);
    group->offsets = NULL;
    group->state = state;
}

static void forget_all(struct kc_group_sync *sync)
{
    for (size_t i = 0; i < sync->names->count; i++)
        move(&sync->groups[i], GROUP_UNASKED);
}

void kc_group_sync_destroy(struct kc_group_sync *sync)
{
    if (!sync)
        return;
    forget_all(sync);
    free(sync->groups);
    free(sync);
}

/* ---- step 1 ---- */

static enum group_state state_of(const struct kc_group_info *info)
{
    if (!info || !info->state || strcmp(info->state, "Dead") == 0)
        return GROUP_UNKNOWN;
    return strcmp(info->state, "Empty") == 0 ? GROUP_IDLE : GROUP_ACTIVE;
}

/* Leaves groups with members on the target alone. Logs once each time a group becomes active. */
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
    move(group, GROUP_UNASKED);
    move(group, state_of(info));
    kc_group_metrics_members(group->series, group->state == GROUP_ACTIVE ? info->member_count : 0);
    tell_active(sync, i, info);
}

static int by_id(const void *a, const void *b)
{
    const struct kc_group_info *x = a, *y = b;
    return strcmp(x->id, y->id);
}

/* The idle groups' offsets on the target. */
static struct kc_error *read_offsets(struct kc_group_sync *sync)
{
    size_t count = 0, *whose = kc_calloc(sync->names->count + 1, sizeof(*whose));
    struct kc_strings idle = {0};
    for (size_t i = 0; i < sync->names->count; i++) {
        if (sync->groups[i].state != GROUP_IDLE)
            continue;
        kc_strings_add(&idle, sync->names->items[i]);
        whose[count++] = i;
    }
    rd_kafka_topic_partition_list_t **offsets =
        kc_calloc(count + 1, sizeof(rd_kafka_topic_partition_list_t *));
    struct kc_error **errors = kc_calloc(count + 1, sizeof(struct kc_error *));
    struct kc_error *err =
        count ? kc_admin_groups_offsets(sync->target, &idle, offsets, errors) : NULL;
    for (size_t i = 0; i < count; i++) {
        struct target_group *group = &sync->groups[whose[i]];
        group->offsets = offsets[i];
        if (!errors[i])
            continue;
        move(group, GROUP_UNASKED);
        kc_log_error("Could not read the offsets of consumer group %s on %s: %s", idle.items[i],
                     sync->alias, kc_error_text(errors[i]));
        kc_error_destroy(errors[i]);
    }
    free(errors);
    free(offsets);
    free(whose);
    kc_strings_destroy(&idle);
    return err;
}

static struct kc_error *refresh(struct kc_group_sync *sync)
{
    struct kc_group_infos infos = {0};
    struct kc_error *err = kc_admin_groups_states(sync->target, sync->names, &infos);
    if (err)
        return kc_error_prefix(err, "Could not describe consumer groups on %s cluster",
                               sync->alias);
    qsort(infos.items, infos.count, sizeof(*infos.items), by_id);
    for (size_t i = 0; i < sync->names->count; i++) {
        struct kc_group_info wanted = {.id = sync->names->items[i]};
        refresh_group(sync, i, bsearch(&wanted, infos.items, infos.count, sizeof(wanted), by_id));
    }
    kc_group_infos_destroy(&infos);
    err = read_offsets(sync);
    return err ? kc_error_prefix(err, "Could not read the offsets of consumer groups on %s",
                                 sync->alias)
               : NULL;
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
    wanted->metadata_size = checkpoint->metadata ? strlen(checkpoint->metadata) : 0;
    wanted->metadata = kc_strdup(checkpoint->metadata);
}

rd_kafka_topic_partition_list_t *kc_group_sync_offsets(const struct kc_checkpoint_store *store,
                                                       const char *group,
                                                       const rd_kafka_topic_partition_list_t *idle)
{
    struct collection collection = {rd_kafka_topic_partition_list_new(16), idle};
    kc_checkpoint_store_each(store, group, collect, &collection);
    return collection.offsets;
}

/* The offsets to commit for group i; NULL: nothing. */
static rd_kafka_topic_partition_list_t *wanted_offsets(const struct kc_group_sync *sync, size_t i,
                                                       const struct kc_checkpoint_store *store)
{
    const struct target_group *group = &sync->groups[i];
    if (group->state == GROUP_ACTIVE || group->state == GROUP_UNASKED)
        return NULL;
    rd_kafka_topic_partition_list_t *offsets = kc_group_sync_offsets(
        store, sync->names->items[i], group->state == GROUP_IDLE ? group->offsets : NULL);
    if (offsets->cnt > 0)
        return offsets;
    rd_kafka_topic_partition_list_destroy(offsets);
    return NULL;
}

/* Takes err. */
static void report(struct kc_group_sync *sync, size_t i, int offsets, struct kc_error *err)
{
    const char *name = sync->names->items[i];
    int code = err ? kc_error_kafka_code(err) : 0;
    if (code == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID || code == RD_KAFKA_RESP_ERR_NON_EMPTY_GROUP)
        kc_warn("Unable to sync offsets for consumer group %s. This is likely caused by consumers "
                "currently using this group in the target cluster.",
                name);
    else if (err)
        kc_log_error("Unable to sync offsets for consumer group %s: %s", name, kc_error_text(err));
    else
        kc_debug("Synced %d offsets for consumer group %s.", offsets, name);
    if (!err)
        kc_group_metrics_synced(sync->groups[i].series, offsets);
    kc_error_destroy(err);
}

static struct kc_error *commit(struct kc_group_sync *sync, const struct kc_checkpoint_store *store)
{
    size_t count = sync->names->count;
    rd_kafka_topic_partition_list_t **offsets =
        kc_calloc(count + 1, sizeof(rd_kafka_topic_partition_list_t *));
    struct kc_error **errors = kc_calloc(count + 1, sizeof(struct kc_error *));
    for (size_t i = 0; i < count; i++)
        offsets[i] = wanted_offsets(sync, i, store);
    struct kc_error *err =
        kc_admin_alter_groups_offsets(sync->target, sync->names, offsets, errors);
    for (size_t i = 0; i < count; i++) {
        if (offsets[i] && !err)
            report(sync, i, offsets[i]->cnt, errors[i]);
        if (offsets[i])
            rd_kafka_topic_partition_list_destroy(offsets[i]);
    }
    free(errors);
    free(offsets);
    return err ? kc_error_prefix(err, "Could not commit offsets on %s", sync->alias) : NULL;
}

struct kc_error *kc_group_sync_run(struct kc_group_sync *sync,
                                   const struct kc_checkpoint_store *store)
{
    struct kc_error *err = refresh(sync);
    if (!err)
        err = commit(sync, store);
    forget_all(sync);
    return err;
}
