/* SPDX-License-Identifier: Apache-2.0 */
/* JAAS login lines, the value of sasl.jaas.config: "<module class> <flag> key=value ... ;", for
 * every client and for the REST server's users. Pure functions. */
#ifndef WORKER_SECURITY_JAAS_H
#define WORKER_SECURITY_JAAS_H

#include "connect/map.h"

struct kc_jaas {
    char *module; /* the class name */
    struct kc_map *options;
};

/* Parses text as Java's JaasConfig does (StreamTokenizer: quotes, escapes, comments). KC_ERR_CONFIG
 * says where it stopped, never a value. */
struct kc_error *kc_jaas_parse(const char *text, struct kc_jaas *jaas) KC_MUST_CHECK;
void kc_jaas_clear(struct kc_jaas *jaas);

/* The first line of the entry called name in the text of a JAAS file: "name { line ... };".
 * KC_ERR_NOT_FOUND when there is no such entry. */
struct kc_error *kc_jaas_entry(const char *text, const char *name,
                               struct kc_jaas *jaas) KC_MUST_CHECK;
/* The entry's first line for this module (the class without its package); if there is none, its
 * first line. */
struct kc_error *kc_jaas_entry_for(const char *text, const char *name, const char *module,
                                   struct kc_jaas *jaas) KC_MUST_CHECK;

/* Whether the module's class name, without its package, is name. */
bool kc_jaas_is(const struct kc_jaas *jaas, const char *name);

#endif
