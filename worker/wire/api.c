/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of APIs. The ranges are those of Kafka 4.1, whose minimums (KIP-896) are what Kafka 2.1
 * introduced, so that every broker from 2.1 on has a version in common. Constant data, any thread.
 */
#include "wire/api.h"
#include "wire/messages_admin.h"
#include "wire/messages_cluster.h"
#include "wire/messages_data.h"
#include "wire/messages_group.h"
#include "wire/messages_rights.h"
#include "wire/messages_share.h"
#include "wire/messages_txn.h"

#include <stdio.h>

#define NEVER INT16_MAX
#define API(key, name, min, max, client_max, flexible, prefix)                                     \
    {                                                                                              \
        key, name, min, max, client_max, flexible, &prefix##_request_type, &prefix##_response_type \
    }

/* client_max below max: the version isn't stable in Kafka 4.1 (OffsetCommit, OffsetFetch: topic ids
 * only; InitProducerId: two-phase commit), is for brokers only (AddPartitionsToTxn), or adds
 * nothing for a consumer (Fetch). */
static const struct kc_api_info apis[] = {
    API(KC_API_PRODUCE, "Produce", 3, 13, 13, 9, kc_produce),
    API(KC_API_FETCH, "Fetch", 4, 18, 17, 12, kc_fetch),
    API(KC_API_LIST_OFFSETS, "ListOffsets", 1, 10, 10, 6, kc_list_offsets),
    API(KC_API_METADATA, "Metadata", 0, 13, 13, 9, kc_metadata),
    API(KC_API_OFFSET_COMMIT, "OffsetCommit", 2, 10, 9, 8, kc_offset_commit),
    API(KC_API_OFFSET_FETCH, "OffsetFetch", 1, 10, 9, 6, kc_offset_fetch),
    API(KC_API_FIND_COORDINATOR, "FindCoordinator", 0, 6, 6, 3, kc_find_coordinator),
    API(KC_API_JOIN_GROUP, "JoinGroup", 0, 9, 9, 6, kc_join_group),
    API(KC_API_HEARTBEAT, "Heartbeat", 0, 4, 4, 4, kc_heartbeat),
    API(KC_API_LEAVE_GROUP, "LeaveGroup", 0, 5, 5, 4, kc_leave_group),
    API(KC_API_SYNC_GROUP, "SyncGroup", 0, 5, 5, 4, kc_sync_group),
    API(KC_API_DESCRIBE_GROUPS, "DescribeGroups", 0, 6, 6, 5, kc_describe_groups),
    API(KC_API_LIST_GROUPS, "ListGroups", 0, 5, 5, 3, kc_list_groups),
    API(KC_API_SASL_HANDSHAKE, "SaslHandshake", 0, 1, 1, NEVER, kc_sasl_handshake),
    API(KC_API_API_VERSIONS, "ApiVersions", 0, 4, 4, 3, kc_api_versions),
    API(KC_API_CREATE_TOPICS, "CreateTopics", 2, 7, 7, 5, kc_create_topics),
    API(KC_API_DELETE_TOPICS, "DeleteTopics", 1, 6, 6, 4, kc_delete_topics),
    API(KC_API_DELETE_RECORDS, "DeleteRecords", 0, 2, 2, 2, kc_delete_records),
    API(KC_API_INIT_PRODUCER_ID, "InitProducerId", 0, 6, 5, 2, kc_init_producer_id),
    API(KC_API_OFFSET_FOR_LEADER_EPOCH, "OffsetForLeaderEpoch", 2, 4, 4, 4,
        kc_offset_for_leader_epoch),
    API(KC_API_ADD_PARTITIONS_TO_TXN, "AddPartitionsToTxn", 0, 5, 3, 3, kc_add_partitions_to_txn),
    API(KC_API_ADD_OFFSETS_TO_TXN, "AddOffsetsToTxn", 0, 4, 4, 3, kc_add_offsets_to_txn),
    API(KC_API_END_TXN, "EndTxn", 0, 5, 5, 3, kc_end_txn),
    API(KC_API_WRITE_TXN_MARKERS, "WriteTxnMarkers", 1, 1, 1, 1, kc_write_txn_markers),
    API(KC_API_TXN_OFFSET_COMMIT, "TxnOffsetCommit", 0, 5, 5, 3, kc_txn_offset_commit),
    API(KC_API_DESCRIBE_ACLS, "DescribeAcls", 1, 3, 3, 2, kc_describe_acls),
    API(KC_API_CREATE_ACLS, "CreateAcls", 1, 3, 3, 2, kc_create_acls),
    API(KC_API_DELETE_ACLS, "DeleteAcls", 1, 3, 3, 2, kc_delete_acls),
    API(KC_API_DESCRIBE_CONFIGS, "DescribeConfigs", 1, 4, 4, 4, kc_describe_configs),
    API(KC_API_ALTER_CONFIGS, "AlterConfigs", 0, 2, 2, 2, kc_alter_configs),
    API(KC_API_SASL_AUTHENTICATE, "SaslAuthenticate", 0, 2, 2, 2, kc_sasl_authenticate),
    API(KC_API_CREATE_PARTITIONS, "CreatePartitions", 0, 3, 3, 2, kc_create_partitions),
    API(KC_API_INCREMENTAL_ALTER_CONFIGS, "IncrementalAlterConfigs", 0, 1, 1, 1,
        kc_incremental_alter_configs),
    API(KC_API_DESCRIBE_CLIENT_QUOTAS, "DescribeClientQuotas", 0, 1, 1, 1,
        kc_describe_client_quotas),
    API(KC_API_ALTER_CLIENT_QUOTAS, "AlterClientQuotas", 0, 1, 1, 1, kc_alter_client_quotas),
    API(KC_API_DESCRIBE_USER_SCRAM_CREDENTIALS, "DescribeUserScramCredentials", 0, 0, 0, 0,
        kc_describe_user_scram_credentials),
    API(KC_API_DESCRIBE_CLUSTER, "DescribeCluster", 0, 2, 2, 0, kc_describe_cluster),
    API(KC_API_DESCRIBE_PRODUCERS, "DescribeProducers", 0, 0, 0, 0, kc_describe_producers),
    API(KC_API_DESCRIBE_TRANSACTIONS, "DescribeTransactions", 0, 0, 0, 0, kc_describe_transactions),
    API(KC_API_LIST_TRANSACTIONS, "ListTransactions", 0, 2, 2, 0, kc_list_transactions),
    API(KC_API_CONSUMER_GROUP_HEARTBEAT, "ConsumerGroupHeartbeat", 0, 1, 1, 0,
        kc_consumer_group_heartbeat),
    API(KC_API_CONSUMER_GROUP_DESCRIBE, "ConsumerGroupDescribe", 0, 1, 1, 0,
        kc_consumer_group_describe),
    API(KC_API_DESCRIBE_TOPIC_PARTITIONS, "DescribeTopicPartitions", 0, 0, 0, 0,
        kc_describe_topic_partitions),
    API(KC_API_SHARE_FETCH, "ShareFetch", 1, 1, 1, 0, kc_share_fetch),
    API(KC_API_SHARE_ACKNOWLEDGE, "ShareAcknowledge", 1, 1, 1, 0, kc_share_acknowledge),
};

const struct kc_api_info *kc_api_all(size_t *count)
{
    *count = sizeof(apis) / sizeof(*apis);
    return apis;
}

const struct kc_api_info *kc_api_find(int key)
{
    size_t low = 0, high = sizeof(apis) / sizeof(*apis);

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (apis[middle].key == key)
            return &apis[middle];
        if (apis[middle].key < key)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const char *kc_api_name(int key)
{
    static _Thread_local char unknown[16];
    const struct kc_api_info *api = kc_api_find(key);

    if (api)
        return api->name;
    snprintf(unknown, sizeof(unknown), "API %d", key);
    return unknown;
}

bool kc_api_is_flexible(int key, int version)
{
    const struct kc_api_info *api = kc_api_find(key);

    return api && version >= api->flexible;
}
