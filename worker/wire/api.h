/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The APIs that wire speaks: key, name, versions, types. Constant data, any thread.
 */
#ifndef WORKER_WIRE_API_H
#define WORKER_WIRE_API_H

#include "wire/codec.h"

/* Values are the protocol's API keys. */
enum kc_api {
    KC_API_PRODUCE = 0,
    KC_API_FETCH = 1,
    KC_API_LIST_OFFSETS = 2,
    KC_API_METADATA = 3,
    KC_API_OFFSET_COMMIT = 8,
    KC_API_OFFSET_FETCH = 9,
    KC_API_FIND_COORDINATOR = 10,
    KC_API_JOIN_GROUP = 11,
    KC_API_HEARTBEAT = 12,
    KC_API_LEAVE_GROUP = 13,
    KC_API_SYNC_GROUP = 14,
    KC_API_DESCRIBE_GROUPS = 15,
    KC_API_LIST_GROUPS = 16,
    KC_API_SASL_HANDSHAKE = 17,
    KC_API_API_VERSIONS = 18,
    KC_API_CREATE_TOPICS = 19,
    KC_API_DELETE_TOPICS = 20,
    KC_API_DELETE_RECORDS = 21,
    KC_API_INIT_PRODUCER_ID = 22,
    KC_API_OFFSET_FOR_LEADER_EPOCH = 23,
    KC_API_ADD_PARTITIONS_TO_TXN = 24,
    KC_API_ADD_OFFSETS_TO_TXN = 25,
    KC_API_END_TXN = 26,
    KC_API_WRITE_TXN_MARKERS = 27,
    KC_API_TXN_OFFSET_COMMIT = 28,
    KC_API_DESCRIBE_ACLS = 29,
    KC_API_CREATE_ACLS = 30,
    KC_API_DELETE_ACLS = 31,
    KC_API_DESCRIBE_CONFIGS = 32,
    KC_API_ALTER_CONFIGS = 33,
    KC_API_SASL_AUTHENTICATE = 36,
    KC_API_CREATE_PARTITIONS = 37,
    KC_API_INCREMENTAL_ALTER_CONFIGS = 44,
    KC_API_DESCRIBE_CLIENT_QUOTAS = 48,
    KC_API_ALTER_CLIENT_QUOTAS = 49,
    KC_API_DESCRIBE_USER_SCRAM_CREDENTIALS = 50,
    KC_API_DESCRIBE_CLUSTER = 60,
    KC_API_DESCRIBE_PRODUCERS = 61,
    KC_API_DESCRIBE_TRANSACTIONS = 65,
    KC_API_LIST_TRANSACTIONS = 66,
    KC_API_CONSUMER_GROUP_HEARTBEAT = 68,
    KC_API_CONSUMER_GROUP_DESCRIBE = 69,
    KC_API_DESCRIBE_TOPIC_PARTITIONS = 75,
    KC_API_SHARE_FETCH = 78,
    KC_API_SHARE_ACKNOWLEDGE = 79,
};
#define KC_API_KEYS 80 /* one more than the largest key */

struct kc_api_info {
    int16_t key;
    const char *name;
    int16_t min; /* versions that the tables describe */
    int16_t max;
    int16_t client_max; /* the highest that our client picks by itself: leaves out unstable ones */
    int16_t flexible;   /* first flexible version; INT16_MAX: none */
    const struct kc_wire_type *request;
    const struct kc_wire_type *response;
};

/* NULL for a key that wire doesn't speak. */
const struct kc_api_info *kc_api_find(int key);
/* All of them, by key. */
const struct kc_api_info *kc_api_all(size_t *count);
/* "Fetch", or "API 99". Static or thread-local storage. */
const char *kc_api_name(int key);
bool kc_api_is_flexible(int key, int version);

#endif
