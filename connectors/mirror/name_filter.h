/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MM2's filters: they decide which topics, groups and topic settings are mirrored.
 *
 * Java class names choose one among the plugins: those linked in (builtin_filters.c) and those of
 * shared objects on plugin.path. Immutable: any thread may ask.
 */
#ifndef CONNECTORS_MIRROR_NAME_FILTER_H
#define CONNECTORS_MIRROR_NAME_FILTER_H

#include "connect/plugin.h"

struct kc_name_filter;

enum kc_filter_kind {
    KC_FILTER_TOPICS,     /* topic.filter.class */
    KC_FILTER_GROUPS,     /* group.filter.class */
    KC_FILTER_PROPERTIES, /* config.property.filter.class */
};

/* The plugin of that class; NULL: there is none. */
const struct kc_plugin *kc_name_filter_find(enum kc_filter_kind kind, const char *class_name);

/* From a connector's raw properties, by the filter's own keys and defaults, because not every
 * connector declares the keys of its filters (as in Java). An unknown class is a KC_ERR_CONFIG. */
struct kc_error *kc_name_filter_new(const struct kc_map *properties, enum kc_filter_kind kind,
                                    struct kc_name_filter **filter) KC_MUST_CHECK;
void kc_name_filter_destroy(struct kc_name_filter *filter);

/* Whether the filter lets name pass. */
bool kc_name_filter_accepts(const struct kc_name_filter *filter, const char *name);

/* Whether the target gets the setting called name although it has the source's default value. */
bool kc_name_filter_keeps_default(const struct kc_name_filter *filter, const char *name);

#endif
