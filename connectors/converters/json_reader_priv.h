/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads JSON into a tree as Jackson does for JsonConverter.
 *
 * jansson can't: numbers must keep all their digits (BigDecimal), and Jackson's leniency (leading
 * zeros, repeated members, what follows the value) decides what a record means. Nodes live in an
 * arena and point into the text where they can. Pure functions, any thread.
 */
#ifndef CONNECTORS_CONVERTERS_JSON_READER_PRIV_H
#define CONNECTORS_CONVERTERS_JSON_READER_PRIV_H

#include "connect/mem.h"

enum kc_json_kind {
    KC_JSON_MISSING, /* no value in the text */
    KC_JSON_NULL,
    KC_JSON_BOOLEAN,
    KC_JSON_INTEGER,
    KC_JSON_DECIMAL, /* with a fraction or an exponent */
    KC_JSON_STRING,
    KC_JSON_ARRAY,
    KC_JSON_OBJECT,
};

struct kc_json_node {
    enum kc_json_kind kind;
    uint32_t count;   /* of items */
    const char *text; /* STRING: unescaped, well-formed UTF-8; numbers: as written */
    size_t len;
    const char *key; /* of a member of an OBJECT */
    size_t key_len;
    const struct kc_json_node *items;
    const char *start; /* the value's own piece of the source */
    size_t size;
    bool truth;
};

/* data outlives the nodes. Nodes come from nodes, unescaped text from texts. KC_ERR_SCHEMA tells
 * what is wrong where. */
struct kc_error *kc_json_read(const char *data, size_t len, struct kc_arena *nodes,
                              struct kc_arena *texts, struct kc_json_node *root) KC_MUST_CHECK;

/* The member of an object, NULL when there is none, or node is no object. */
const struct kc_json_node *kc_json_member(const struct kc_json_node *node, const char *key);
/* JsonNodeType's constant: "NUMBER", ... */
const char *kc_json_kind_name(const struct kc_json_node *node);

#endif
