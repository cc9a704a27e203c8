/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the .c files of this folder, below connect/config_def.h; nobody else includes it. */
#ifndef WORKER_CONFIG_CONFIG_DEF_PRIV_H
#define WORKER_CONFIG_CONFIG_DEF_PRIV_H

#include "connect/config_def.h"
#include "connect/hash.h"

#include <stdlib.h>

/* One key of a definition. Validators and recommenders of an embedded key are called with the name
 * and the configuration as its plugin knows them: without the first prefix_len characters. */
struct kc_def_entry {
    const struct kc_config_key *key;
    struct kc_config_key *owned; /* key, when it was made by kc_config_def_embed() */
    const char *name;
    size_t prefix_len;
    UT_hash_handle hh;
};

const struct kc_def_entry *kc_config_def_entry(const struct kc_config_def *def, size_t index);

/* A value as its type understands it. */
struct kc_parsed {
    bool is_null;
    char *text; /* canonical: what Java's convertToString() gives, but passwords in the clear */
    int64_t integer;
    double number;
    bool flag;
    struct kc_strings list;
};

/* ConfigDef.parseType: raw NULL is null. On error parsed is null, too. */
struct kc_error *kc_config_parse_type(const char *name, enum kc_config_type type, const char *raw,
                                      struct kc_parsed *parsed) KC_MUST_CHECK;
void kc_parsed_destroy(struct kc_parsed *parsed);

/* Runs the key's validator, if any, on a parsed value. */
struct kc_error *kc_config_check(const struct kc_def_entry *entry,
                                 const struct kc_parsed *parsed) KC_MUST_CHECK;

/* kc_config_parse() that also says which key was wrong (borrowed from def); untouched on success.
 */
struct kc_error *kc_config_parse_named(const struct kc_config_def *def, const struct kc_map *config,
                                       struct kc_config **parsed, const char **key) KC_MUST_CHECK;

#endif
