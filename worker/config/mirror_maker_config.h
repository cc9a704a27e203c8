/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mapping of MirrorMaker 2's own file (mm2.properties) to workers and connectors:
 * MirrorMakerConfig.
 *
 * Pure except for the files that config providers read. The role connect-mirror-maker calls it
 * once, at start; the result is immutable. Maps equal Java's, entry by entry.
 */
#ifndef WORKER_CONFIG_MIRROR_MAKER_CONFIG_H
#define WORKER_CONFIG_MIRROR_MAKER_CONFIG_H

#include "connect/map.h"

enum kc_mm2_connector {
    KC_MM2_SOURCE,
    KC_MM2_HEARTBEAT,
    KC_MM2_CHECKPOINT,
    KC_MM2_CONNECTORS, /* how many */
};

/* One direction: a distributed herder on the target cluster with three connectors. */
struct kc_mm2_flow {
    char *source;
    char *target;
    struct kc_map *worker;                        /* variables resolved */
    struct kc_map *connectors[KC_MM2_CONNECTORS]; /* variables as written */
};

struct kc_mm2_config {
    bool internal_rest; /* dedicated.mode.enable.internal.rest */
    struct kc_mm2_flow *flows;
    size_t count;
};

/* properties: the file. targets: keep the flows to these clusters only (--clusters); NULL or empty:
 * all. KC_ERR_CONFIG when the file is wrong or leaves no flow. */
struct kc_error *kc_mm2_parse(const struct kc_map *properties, const struct kc_strings *targets,
                              struct kc_mm2_config **config) KC_MUST_CHECK;
/* A warning about the first two flows that share a group.id on one cluster, because only one of
 * them can mirror: owned by the caller; NULL: there are none. */
char *kc_mm2_shared_group(const struct kc_mm2_config *config);
void kc_mm2_config_destroy(struct kc_mm2_config *config); /* NULL is fine */

/* The name of a connector ("MirrorSourceConnector"), which is also its class without the package.
 */
const char *kc_mm2_connector_name(enum kc_mm2_connector connector);

/* Whether a MM2 connector has a setting key, Java's or one of its own. */
bool kc_mm2_declares(const char *key);
/* Java's, and those beyond: NULL-terminated. */
extern const char *const kc_mm2_keys[];
extern const char *const kc_mm2_own_keys[];

#endif
