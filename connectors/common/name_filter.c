/* SPDX-License-Identifier: Apache-2.0 */
/* Include and exclude lists, see name_filter.h. */
#include "common/name_filter.h"

#include "connect/regex.h"

#include <stdlib.h>
#include <string.h>

struct kc_name_filter {
    bool all;
    struct kc_regex *include;
    struct kc_regex *exclude;
};

static struct kc_error *compile(const struct kc_config *config, const char *key,
                                struct kc_regex **regex)
{
    struct kc_error *err = kc_regex_list_new(kc_config_list(config, key), regex);
    return err ? kc_error_prefix(err, "Invalid value for configuration %s", key) : NULL;
}

struct kc_error *kc_name_filter_new(const struct kc_config *config, const char *include_key,
                                    const char *exclude_key, struct kc_name_filter **filter)
{
    struct kc_name_filter *made = kc_calloc(1, sizeof(*made));
    made->all = !include_key;
    struct kc_error *err = include_key ? compile(config, include_key, &made->include) : NULL;
    if (!err)
        err = compile(config, exclude_key, &made->exclude);
    if (err) {
        kc_name_filter_destroy(made);
        return err;
    }
    *filter = made;
    return NULL;
}

void kc_name_filter_destroy(struct kc_name_filter *filter)
{
    if (!filter)
        return;
    kc_regex_destroy(filter->include);
    kc_regex_destroy(filter->exclude);
    free(filter);
}

bool kc_name_filter_accepts(const struct kc_name_filter *filter, const char *name)
{
    bool included = filter->all || kc_regex_matches(filter->include, name);
    return included && !kc_regex_matches(filter->exclude, name);
}

struct kc_error *kc_name_filter_check_class(const struct kc_config *config, const char *key,
                                            const char *class_name)
{
    const char *value = kc_config_string(config, key);
    const char *dot = strrchr(class_name, '.');
    if (!value || strcmp(value, class_name) == 0 || strcmp(value, dot + 1) == 0)
        return NULL;
    return kc_error_new(KC_ERR_CONFIG,
                        "Invalid value %s for configuration %s: Class %s could not be found. "
                        "Isthmus has %s",
                        value, key, value, class_name);
}
