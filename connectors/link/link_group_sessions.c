/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions of held KIP-848 groups: a hold lasts that long without its holder, so that the group's
 * own consumer.session.timeout.ms is raised to the most that the target lets a group have, and put
 * back afterwards. Where the link may not, the hold lasts as long as the broker's default.
 */
#include "link/link_kept_group_priv.h"

#include "connect/admin.h"
#include "connect/log.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.connect.link.LinkGroups");

#define SESSION_KEY "consumer.session.timeout.ms"
#define LONGEST_KEY "group.consumer.max.session.timeout.ms"
enum { LONGEST_MS = 60000 }; /* Kafka's default of LONGEST_KEY */

/* ---- how long it may be ---- */

static const struct kc_config_entry *entry_of(const struct kc_config_entries *entries,
                                              const char *name)
{
    for (size_t i = 0; i < entries->count; i++)
        if (strcmp(entries->items[i].name, name) == 0)
            return &entries->items[i];
    return NULL;
}

/* A broker's id, as text; NULL: not known. */
static char *any_broker(struct link_groups *groups)
{
    struct kc_strings names = {0};
    struct kc_topic_descriptions topics = {0};
    char *id = NULL;
    kc_strings_add(&names, KC_LINK_STATE_TOPIC);
    struct kc_error *err = kc_admin_describe_topics(groups->target, &names, &topics);
    if (!err && topics.items[0].partition_count && topics.items[0].partitions[0].leader >= 0)
        id = kc_asprintf("%d", (int)topics.items[0].partitions[0].leader);
    kc_error_destroy(err);
    kc_topic_descriptions_destroy(&topics);
    kc_strings_destroy(&names);
    return id;
}

static void ask_longest(struct link_groups *groups)
{
    char *broker = any_broker(groups);
    struct kc_config_description item = {.type = KC_CONFIG_OF_BROKER, .name = broker};
    groups->longest_session_ms = LONGEST_MS;
    struct kc_error *err = broker ? kc_admin_describe_configs(groups->target, &item, 1) : NULL;
    const struct kc_config_entry *entry =
        broker && !err && !item.error ? entry_of(&item.entries, LONGEST_KEY) : NULL;
    long ms = entry && entry->value ? strtol(entry->value, NULL, 10) : 0;
    if (ms > 0 && ms <= INT32_MAX)
        groups->longest_session_ms = (int)ms;
    kc_error_destroy(err);
    kc_error_destroy(item.error);
    kc_config_entries_destroy(&item.entries);
    free(broker);
}

/* ---- before ---- */

static bool is_to_be_noted(const struct link_groups *groups, const struct link_kept_group *group)
{
    return group->action == LINK_GROUP_JOIN && group->state.consumer &&
           !group->state.session_before;
}

void link_groups_note_sessions(struct link_groups *groups)
{
    struct kc_strings names = {0};
    struct link_kept_group **chosen =
        link_groups_choose(groups, is_to_be_noted, LINK_TARGET, &names);
    struct kc_config_description *items = kc_calloc(names.count + 1, sizeof(*items));
    for (size_t i = 0; i < names.count; i++)
        items[i] =
            (struct kc_config_description){.type = KC_CONFIG_OF_GROUP, .name = names.items[i]};
    struct kc_error *err =
        names.count ? kc_admin_describe_configs(groups->target, items, names.count) : NULL;
    for (size_t i = 0; i < names.count; i++) {
        const struct kc_config_entry *entry =
            err || items[i].error ? NULL : entry_of(&items[i].entries, SESSION_KEY);
        if (entry) {
            chosen[i]->state.session_before =
                kc_strdup(entry->is_default || !entry->value ? "" : entry->value);
            chosen[i]->dirty = true;
        }
        kc_error_destroy(items[i].error);
        kc_config_entries_destroy(&items[i].entries);
    }
    kc_error_destroy(err);
    free(items);
    free(chosen);
    kc_strings_destroy(&names);
}

/* ---- changing ---- */

/* values[i] NULL: the group's own setting goes away. What failed is told in errors. */
static void alter(struct link_groups *groups, const struct kc_strings *names, char *const *values,
                  struct kc_error **errors)
{
    struct kc_config_op *ops = kc_calloc(names->count + 1, sizeof(*ops));
    struct kc_config_alteration *items = kc_calloc(names->count + 1, sizeof(*items));
    for (size_t i = 0; i < names->count; i++) {
        ops[i] = (struct kc_config_op){SESSION_KEY, values[i]};
        items[i] =
            (struct kc_config_alteration){KC_CONFIG_OF_GROUP, names->items[i], &ops[i], 1, NULL};
    }
    struct kc_error *err = kc_admin_alter_configs(groups->target, items, names->count, false);
    for (size_t i = 0; i < names->count; i++)
        errors[i] = err ? kc_error_copy(err) : items[i].error;
    kc_error_destroy(err);
    free(items);
    free(ops);
}

static bool is_to_be_raised(const struct link_groups *groups, const struct link_kept_group *group)
{
    return group->action == LINK_GROUP_JOIN && !group->hold && group->state.session_before;
}

void link_groups_raise_sessions(struct link_groups *groups)
{
    struct kc_strings names = {0};
    free(link_groups_choose(groups, is_to_be_raised, LINK_TARGET, &names));
    if (names.count) {
        char **values = kc_calloc(names.count, sizeof(char *));
        struct kc_error **errors = kc_calloc(names.count, sizeof(struct kc_error *));
        char longest[16];
        if (!groups->longest_session_ms)
            ask_longest(groups);
        snprintf(longest, sizeof(longest), "%d", groups->longest_session_ms);
        for (size_t i = 0; i < names.count; i++)
            values[i] = longest;
        alter(groups, &names, values, errors);
        for (size_t i = 0; i < names.count; i++) {
            if (errors[i])
                kc_warn("Group %s: " SESSION_KEY " couldn't be raised, so that the hold lasts only "
                        "as long as the broker's default without this worker: %s",
                        names.items[i], kc_error_text(errors[i]));
            kc_error_destroy(errors[i]);
        }
        free(errors);
        free(values);
    }
    kc_strings_destroy(&names);
}

/* ---- afterwards ---- */

static bool is_to_be_restored(const struct link_groups *groups, const struct link_kept_group *group)
{
    bool over = group->state.state == KC_LINK_GROUP_PROMOTED ||
                group->state.state == KC_LINK_GROUP_RELEASED ||
                group->state.state == KC_LINK_GROUP_FAILED;
    return over && !group->hold && group->state.session_before;
}

void link_groups_restore_sessions(struct link_groups *groups)
{
    struct kc_strings names = {0};
    struct link_kept_group **chosen =
        link_groups_choose(groups, is_to_be_restored, LINK_TARGET, &names);
    char **values = kc_calloc(names.count + 1, sizeof(char *));
    struct kc_error **errors = kc_calloc(names.count + 1, sizeof(struct kc_error *));
    for (size_t i = 0; i < names.count; i++)
        values[i] = *chosen[i]->state.session_before ? chosen[i]->state.session_before : NULL;
    if (names.count)
        alter(groups, &names, values, errors);
    for (size_t i = 0; i < names.count; i++) {
        if (errors[i] && kc_error_retriable(errors[i])) {
            kc_error_destroy(errors[i]);
            continue;
        }
        if (errors[i])
            kc_warn("Group %s: " SESSION_KEY " couldn't be put back to %s: %s", names.items[i],
                    values[i] ? values[i] : "the broker's default", kc_error_text(errors[i]));
        kc_error_destroy(errors[i]);
        free(chosen[i]->state.session_before);
        chosen[i]->state.session_before = NULL;
        chosen[i]->dirty = true;
    }
    free(errors);
    free(values);
    free(chosen);
    kc_strings_destroy(&names);
}
