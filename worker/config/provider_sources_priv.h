/* SPDX-License-Identifier: Apache-2.0 */
/* The providers that exist: File-, Directory- and EnvVarConfigProvider. Only providers.c includes
 * it. */
#ifndef WORKER_CONFIG_PROVIDER_SOURCES_PRIV_H
#define WORKER_CONFIG_PROVIDER_SOURCES_PRIV_H

#include "connect/map.h"

/* One configured provider; immutable. */
struct kc_provider;

/* Makes the provider called name of a Java class; class_key and name are for errors. */
struct kc_error *kc_provider_new(const char *name, const char *class_key, const char *class_name,
                                 const struct kc_map *params,
                                 struct kc_provider **provider) KC_MUST_CHECK;
void kc_provider_destroy(struct kc_provider *provider);
const char *kc_provider_name(const struct kc_provider *provider);

/* One path of one provider, read for one resolution. The caller fills in provider and path (owned).
 */
struct kc_provider_lookup {
    const struct kc_provider *provider;
    char *path;
    char *real_path;     /* what may be read; NULL: nothing */
    struct kc_map *data; /* a file's properties; NULL otherwise */
};

struct kc_error *kc_lookup_open(struct kc_provider_lookup *lookup) KC_MUST_CHECK;
/* *value: a copy of key's value, NULL when there is none. */
struct kc_error *kc_lookup_get(const struct kc_provider_lookup *lookup, const char *key,
                               char **value) KC_MUST_CHECK;
void kc_lookup_close(struct kc_provider_lookup *lookup);

#endif
