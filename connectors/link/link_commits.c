/* SPDX-License-Identifier: Apache-2.0 */
/* Which mirror groups have committed offsets for which topics: see link_blockers_priv.h. */
#include "link/link_blockers_priv.h"

#include <stdlib.h>
#include <string.h>

static void add_group(struct link_control *control, const char *name, struct link_commits *commits)
{
    struct link_mirror_group mirror = {0};
    struct kc_error *err =
        link_mirror_group_load(control->store, control->config->name, name, &mirror);
    if (err) {
        kc_error_destroy(err); /* damaged, or gone meanwhile: not to be counted */
        return;
    }
    commits->promoted[commits->groups.count] = mirror.state.state == KC_LINK_GROUP_PROMOTED;
    kc_strings_add(&commits->groups, mirror.order.source_group);
    kc_strings_add(&commits->target_groups, name);
    link_mirror_group_clear(&mirror);
}

/* Sorted by topic, without partitions that have no offset, for link_commits_has(). */
static void tidy(rd_kafka_topic_partition_list_t *offsets)
{
    int kept = 0;
    for (int i = 0; i < offsets->cnt; i++)
        kept += offsets->elems[i].offset >= 0;
    if (kept < offsets->cnt)
        for (int i = offsets->cnt - 1; i >= 0; i--)
            if (offsets->elems[i].offset < 0)
                rd_kafka_topic_partition_list_del_by_idx(offsets, i);
    rd_kafka_topic_partition_list_sort(offsets, NULL, NULL);
}

char *link_commits_load(struct link_control *control, struct link_commits *commits)
{
    struct kc_strings names = {0};
    char *why = NULL;
    link_store_names(control->store, KC_LINK_GROUP_ORDER, &names);
    commits->promoted = kc_calloc(names.count + 1, sizeof(*commits->promoted));
    for (size_t i = 0; i < names.count; i++)
        add_group(control, names.items[i], commits);
    kc_strings_destroy(&names);
    size_t count = commits->groups.count;
    commits->offsets = kc_calloc(count + 1, sizeof(rd_kafka_topic_partition_list_t *));
    struct kc_admin *admin = count ? link_live_admin(control->live, LINK_SOURCE, &why) : NULL;
    if (!admin)
        return why;
    struct kc_error **errors = kc_calloc(count, sizeof(struct kc_error *));
    struct kc_error *err =
        kc_admin_groups_offsets(admin, &commits->groups, commits->offsets, errors);
    for (size_t i = 0; i < count; i++) {
        kc_error_destroy(errors[i]);
        if (commits->offsets[i])
            tidy(commits->offsets[i]);
    }
    free(errors);
    return link_live_failed(control->live, LINK_SOURCE, err);
}

void link_commits_clear(struct link_commits *commits)
{
    for (size_t i = 0; i < commits->groups.count; i++)
        if (commits->offsets && commits->offsets[i])
            rd_kafka_topic_partition_list_destroy(commits->offsets[i]);
    free(commits->offsets);
    free(commits->promoted);
    kc_strings_destroy(&commits->groups);
    kc_strings_destroy(&commits->target_groups);
    *commits = (struct link_commits){0};
}

static int by_topic(const void *topic, const void *offset)
{
    return strcmp(topic, ((const rd_kafka_topic_partition_t *)offset)->topic);
}

bool link_commits_has(const struct link_commits *commits, size_t group, const char *source_topic)
{
    const rd_kafka_topic_partition_list_t *offsets = commits->offsets[group];
    return offsets && offsets->cnt > 0 &&
           bsearch(source_topic, offsets->elems, (size_t)offsets->cnt, sizeof(*offsets->elems),
                   by_topic);
}
