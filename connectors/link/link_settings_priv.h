/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings of mirror topics: the source's, but for those that would refuse, rewrite or delete
 * records. These are held at safe values until promotion. Pure functions, any thread.
 */
#ifndef CONNECTORS_LINK_LINK_SETTINGS_PRIV_H
#define CONNECTORS_LINK_LINK_SETTINGS_PRIV_H

#include "link/link_config_priv.h"

/* Whether a topic with these settings is compacted. */
bool link_settings_compacted(const struct kc_config_entries *source);

/* source: the source topic's settings. target: those of any topic of the target, which tell what
 * the target knows. now gets what the mirror topic is to have while it is linked; later gets the
 * held settings as they are to be after promotion, NULL being the target's default. */
void link_settings_plan(const struct kc_name_filter *filter, const struct kc_config_entries *source,
                        const struct kc_config_entries *target, struct kc_map *now,
                        struct kc_map *later);

/* What is to be altered so that a mirror topic with the settings `target` has those of now. ops has
 * room for as many as kc_map_size(now) and target have together; texts are borrowed. Returns how
 * many. */
size_t link_settings_ops(const struct kc_name_filter *filter, const struct kc_map *now,
                         const struct kc_config_entries *target, struct kc_config_op *ops);

/* The setting, borrowed; NULL: there is none. */
const struct kc_config_entry *link_settings_find(const struct kc_config_entries *entries,
                                                 const char *name);

#endif
