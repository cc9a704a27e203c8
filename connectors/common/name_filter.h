/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which names are mirrored: include and exclude lists of names and Java regular expressions.
 *
 * Serves DefaultTopicFilter, DefaultGroupFilter and DefaultConfigPropertyFilter. Immutable: any
 * thread may ask.
 */
#ifndef CONNECTORS_COMMON_NAME_FILTER_H
#define CONNECTORS_COMMON_NAME_FILTER_H

#include "connect/config_def.h"

struct kc_name_filter;

enum kc_filter_kind {
    KC_FILTER_TOPICS,     /* topics, topics.exclude */
    KC_FILTER_GROUPS,     /* groups, groups.exclude */
    KC_FILTER_PROPERTIES, /* config.properties.exclude: everything else is in */
};

/* From a connector's raw properties, by the filter's own keys and defaults: as in Java, not every
 * connector declares those of the filters that it uses. */
struct kc_error *kc_name_filter_new(const struct kc_map *properties, enum kc_filter_kind kind,
                                    struct kc_name_filter **filter) KC_MUST_CHECK;
void kc_name_filter_destroy(struct kc_name_filter *filter);

/* Whether name is included as a whole and not excluded. */
bool kc_name_filter_accepts(const struct kc_name_filter *filter, const char *name);

/* KC_ERR_CONFIG unless the CLASS key `key` of config names the class that Isthmus has. */
struct kc_error *kc_name_filter_check_class(const struct kc_config *config, const char *key,
                                            const char *class_name) KC_MUST_CHECK;

#endif
