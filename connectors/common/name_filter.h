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

/* include_key NULL includes everything; exclude_key is always there. Both are LIST keys of config.
 */
struct kc_error *kc_name_filter_new(const struct kc_config *config, const char *include_key,
                                    const char *exclude_key,
                                    struct kc_name_filter **filter) KC_MUST_CHECK;
void kc_name_filter_destroy(struct kc_name_filter *filter);

/* Whether name is included as a whole and not excluded. */
bool kc_name_filter_accepts(const struct kc_name_filter *filter, const char *name);

/* KC_ERR_CONFIG unless the CLASS key `key` of config names the class that Isthmus has. */
struct kc_error *kc_name_filter_check_class(const struct kc_config *config, const char *key,
                                            const char *class_name) KC_MUST_CHECK;

#endif
