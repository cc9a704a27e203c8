/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of a java.util.HashMap. Java builds its maps as HashMap, so its output has that order.
 *
 * Keys whose hash in Java is by identity (byte[], Struct) or of an object that isn't here (logical
 * types) get some order. Pure functions, any thread.
 */
#ifndef CONNECTORS_VALUES_HASH_ORDER_H
#define CONNECTORS_VALUES_HASH_ORDER_H

#include "connect/data.h"

/* The table of `new HashMap<>()`. */
enum { KC_HASH_TABLE = 16 };
/* The table of `new HashMap<>(map)` for a map of count entries. */
uint32_t kc_hash_table_of_copy(uint32_t count);

/* Puts pairs into the iteration order of a HashMap that was filled with them. A repeated key
 * appears once, with its last value. table is the HashMap's initial size. Returns how many are
 * left. */
uint32_t kc_hash_map_order(struct kc_pair *pairs, uint32_t count, uint32_t table);
/* The same for a LinkedHashMap: the order stays, a repeated key keeps its first place. */
uint32_t kc_linked_map_order(struct kc_pair *pairs, uint32_t count);

#endif
