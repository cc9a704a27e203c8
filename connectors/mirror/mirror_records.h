/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of MM2's own records: offset syncs, checkpoints and heartbeats (OffsetSync, Checkpoint,
 * Heartbeat).
 *
 * Pure functions, any thread. Layouts are those of Java's OffsetSync, Checkpoint and Heartbeat;
 * Java workers and RemoteClusterUtils read what this code writes, and this code reads what they
 * write.
 */
#ifndef CONNECTORS_MIRROR_MIRROR_RECORDS_H
#define CONNECTORS_MIRROR_MIRROR_RECORDS_H

#include "connect/mem.h"

struct kc_offset_sync {
    char *topic; /* of the source cluster */
    int32_t partition;
    int64_t upstream;
    int64_t downstream;
};

struct kc_checkpoint {
    char *group;
    char *topic; /* of the target cluster */
    int32_t partition;
    int64_t upstream;
    int64_t downstream;
    char *metadata;
};

struct kc_heartbeat {
    char *source;
    char *target;
    int64_t timestamp;
};

/* Appends key and value to empty strings. */
void kc_offset_sync_encode(const struct kc_offset_sync *sync, struct kc_str *key,
                           struct kc_str *value);
void kc_checkpoint_encode(const struct kc_checkpoint *checkpoint, struct kc_str *key,
                          struct kc_str *value);
void kc_heartbeat_encode(const struct kc_heartbeat *heartbeat, struct kc_str *key,
                         struct kc_str *value);

/* KC_ERR_SCHEMA when the bytes are too short, or of another version; the texts are owned by the
 * struct and freed by its _clear(). NULL data is too short. */
struct kc_error *kc_offset_sync_decode(const void *key, size_t key_len, const void *value,
                                       size_t value_len, struct kc_offset_sync *sync) KC_MUST_CHECK;
struct kc_error *kc_checkpoint_decode(const void *key, size_t key_len, const void *value,
                                      size_t value_len,
                                      struct kc_checkpoint *checkpoint) KC_MUST_CHECK;
void kc_offset_sync_clear(struct kc_offset_sync *sync);
void kc_checkpoint_clear(struct kc_checkpoint *checkpoint);

#endif
