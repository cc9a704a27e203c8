/* SPDX-License-Identifier: Apache-2.0 */
/* The table of the protocol's error codes. Constant data, any thread. */
#include "base/kafka_errors.h"

#include "connect/mem.h"

#include <stdio.h>
#include <stdlib.h>

struct kafka_error {
    const char *name;
    bool retriable;
    bool stale_metadata;
};

#define E(code, retriable, stale) [KC_KAFKA_##code + 1] = {#code, retriable, stale}

static const struct kafka_error errors[] = {
    E(UNKNOWN_SERVER_ERROR, false, false),
    E(NONE, false, false),
    E(OFFSET_OUT_OF_RANGE, false, false),
    E(CORRUPT_MESSAGE, true, false),
    E(UNKNOWN_TOPIC_OR_PARTITION, true, true),
    E(INVALID_FETCH_SIZE, false, false),
    E(LEADER_NOT_AVAILABLE, true, true),
    E(NOT_LEADER_OR_FOLLOWER, true, true),
    E(REQUEST_TIMED_OUT, true, false),
    E(BROKER_NOT_AVAILABLE, false, false),
    E(REPLICA_NOT_AVAILABLE, true, true),
    E(MESSAGE_TOO_LARGE, false, false),
    E(STALE_CONTROLLER_EPOCH, false, false),
    E(OFFSET_METADATA_TOO_LARGE, false, false),
    E(NETWORK_EXCEPTION, true, true),
    E(COORDINATOR_LOAD_IN_PROGRESS, true, false),
    E(COORDINATOR_NOT_AVAILABLE, true, false),
    E(NOT_COORDINATOR, true, false),
    E(INVALID_TOPIC_EXCEPTION, false, false),
    E(RECORD_LIST_TOO_LARGE, false, false),
    E(NOT_ENOUGH_REPLICAS, true, false),
    E(NOT_ENOUGH_REPLICAS_AFTER_APPEND, true, false),
    E(INVALID_REQUIRED_ACKS, false, false),
    E(ILLEGAL_GENERATION, false, false),
    E(INCONSISTENT_GROUP_PROTOCOL, false, false),
    E(INVALID_GROUP_ID, false, false),
    E(UNKNOWN_MEMBER_ID, false, false),
    E(INVALID_SESSION_TIMEOUT, false, false),
    E(REBALANCE_IN_PROGRESS, false, false),
    E(INVALID_COMMIT_OFFSET_SIZE, false, false),
    E(TOPIC_AUTHORIZATION_FAILED, false, false),
    E(GROUP_AUTHORIZATION_FAILED, false, false),
    E(CLUSTER_AUTHORIZATION_FAILED, false, false),
    E(INVALID_TIMESTAMP, false, false),
    E(UNSUPPORTED_SASL_MECHANISM, false, false),
    E(ILLEGAL_SASL_STATE, false, false),
    E(UNSUPPORTED_VERSION, false, false),
    E(TOPIC_ALREADY_EXISTS, false, false),
    E(INVALID_PARTITIONS, false, false),
    E(INVALID_REPLICATION_FACTOR, false, false),
    E(INVALID_REPLICA_ASSIGNMENT, false, false),
    E(INVALID_CONFIG, false, false),
    E(NOT_CONTROLLER, true, false),
    E(INVALID_REQUEST, false, false),
    E(UNSUPPORTED_FOR_MESSAGE_FORMAT, false, false),
    E(POLICY_VIOLATION, false, false),
    E(OUT_OF_ORDER_SEQUENCE_NUMBER, false, false),
    E(DUPLICATE_SEQUENCE_NUMBER, false, false),
    E(INVALID_PRODUCER_EPOCH, false, false),
    E(INVALID_TXN_STATE, false, false),
    E(INVALID_PRODUCER_ID_MAPPING, false, false),
    E(INVALID_TRANSACTION_TIMEOUT, false, false),
    E(CONCURRENT_TRANSACTIONS, true, false),
    E(TRANSACTION_COORDINATOR_FENCED, false, false),
    E(TRANSACTIONAL_ID_AUTHORIZATION_FAILED, false, false),
    E(SECURITY_DISABLED, false, false),
    E(OPERATION_NOT_ATTEMPTED, false, false),
    E(KAFKA_STORAGE_ERROR, true, true),
    E(LOG_DIR_NOT_FOUND, false, false),
    E(SASL_AUTHENTICATION_FAILED, false, false),
    E(UNKNOWN_PRODUCER_ID, false, false),
    E(REASSIGNMENT_IN_PROGRESS, false, false),
    E(DELEGATION_TOKEN_AUTH_DISABLED, false, false),
    E(DELEGATION_TOKEN_NOT_FOUND, false, false),
    E(DELEGATION_TOKEN_OWNER_MISMATCH, false, false),
    E(DELEGATION_TOKEN_REQUEST_NOT_ALLOWED, false, false),
    E(DELEGATION_TOKEN_AUTHORIZATION_FAILED, false, false),
    E(DELEGATION_TOKEN_EXPIRED, false, false),
    E(INVALID_PRINCIPAL_TYPE, false, false),
    E(NON_EMPTY_GROUP, false, false),
    E(GROUP_ID_NOT_FOUND, false, false),
    E(FETCH_SESSION_ID_NOT_FOUND, true, false),
    E(INVALID_FETCH_SESSION_EPOCH, true, false),
    E(LISTENER_NOT_FOUND, true, true),
    E(TOPIC_DELETION_DISABLED, false, false),
    E(FENCED_LEADER_EPOCH, true, true),
    E(UNKNOWN_LEADER_EPOCH, true, false),
    E(UNSUPPORTED_COMPRESSION_TYPE, false, false),
    E(STALE_BROKER_EPOCH, false, false),
    E(OFFSET_NOT_AVAILABLE, true, false),
    E(MEMBER_ID_REQUIRED, false, false),
    E(PREFERRED_LEADER_NOT_AVAILABLE, true, true),
    E(GROUP_MAX_SIZE_REACHED, false, false),
    E(FENCED_INSTANCE_ID, false, false),
    E(ELIGIBLE_LEADERS_NOT_AVAILABLE, true, true),
    E(ELECTION_NOT_NEEDED, true, true),
    E(NO_REASSIGNMENT_IN_PROGRESS, false, false),
    E(GROUP_SUBSCRIBED_TO_TOPIC, false, false),
    E(INVALID_RECORD, false, false),
    E(UNSTABLE_OFFSET_COMMIT, true, false),
    E(THROTTLING_QUOTA_EXCEEDED, true, false),
    E(PRODUCER_FENCED, false, false),
    E(RESOURCE_NOT_FOUND, false, false),
    E(DUPLICATE_RESOURCE, false, false),
    E(UNACCEPTABLE_CREDENTIAL, false, false),
    E(INCONSISTENT_VOTER_SET, false, false),
    E(INVALID_UPDATE_VERSION, false, false),
    E(FEATURE_UPDATE_FAILED, false, false),
    E(PRINCIPAL_DESERIALIZATION_FAILURE, false, false),
    E(SNAPSHOT_NOT_FOUND, false, false),
    E(POSITION_OUT_OF_RANGE, false, false),
    E(UNKNOWN_TOPIC_ID, true, true),
    E(DUPLICATE_BROKER_REGISTRATION, false, false),
    E(BROKER_ID_NOT_REGISTERED, false, false),
    E(INCONSISTENT_TOPIC_ID, true, true),
    E(INCONSISTENT_CLUSTER_ID, false, false),
    E(TRANSACTIONAL_ID_NOT_FOUND, false, false),
    E(FETCH_SESSION_TOPIC_ID_ERROR, true, false),
    E(INELIGIBLE_REPLICA, false, false),
    E(NEW_LEADER_ELECTED, false, false),
    E(OFFSET_MOVED_TO_TIERED_STORAGE, false, false),
    E(FENCED_MEMBER_EPOCH, false, false),
    E(UNRELEASED_INSTANCE_ID, false, false),
    E(UNSUPPORTED_ASSIGNOR, false, false),
    E(STALE_MEMBER_EPOCH, false, false),
    E(MISMATCHED_ENDPOINT_TYPE, false, false),
    E(UNSUPPORTED_ENDPOINT_TYPE, false, false),
    E(UNKNOWN_CONTROLLER_ID, false, false),
    E(UNKNOWN_SUBSCRIPTION_ID, false, false),
    E(TELEMETRY_TOO_LARGE, false, false),
    E(INVALID_REGISTRATION, false, false),
    E(TRANSACTION_ABORTABLE, false, false),
    E(INVALID_RECORD_STATE, false, false),
    E(SHARE_SESSION_NOT_FOUND, true, false),
    E(INVALID_SHARE_SESSION_EPOCH, true, false),
    E(FENCED_STATE_EPOCH, false, false),
    E(INVALID_VOTER_KEY, false, false),
    E(DUPLICATE_VOTER, false, false),
    E(VOTER_NOT_FOUND, false, false),
    E(INVALID_REGULAR_EXPRESSION, false, false),
    E(REBOOTSTRAP_REQUIRED, false, false),
    E(STREAMS_INVALID_TOPOLOGY, false, false),
    E(STREAMS_INVALID_TOPOLOGY_EPOCH, false, false),
    E(STREAMS_TOPOLOGY_FENCED, false, false),
    E(SHARE_SESSION_LIMIT_REACHED, true, false),
};

static const struct kafka_error *find(int code)
{
    static const int count = sizeof(errors) / sizeof(*errors);

    if (code < -1 || code >= count - 1 || !errors[code + 1].name)
        return NULL;
    return &errors[code + 1];
}

const char *kc_kafka_error_name(int code)
{
    static _Thread_local char unknown[24];
    const struct kafka_error *error = find(code);

    if (error)
        return error->name;
    snprintf(unknown, sizeof(unknown), "error %d", code);
    return unknown;
}

bool kc_kafka_error_retriable(int code)
{
    const struct kafka_error *error = find(code);

    return error && error->retriable;
}

bool kc_kafka_error_stale_metadata(int code)
{
    const struct kafka_error *error = find(code);

    return error && error->stale_metadata;
}

bool kc_kafka_error_about_batch(int code)
{
    static const int codes[] = {
        KC_KAFKA_CORRUPT_MESSAGE,
        KC_KAFKA_MESSAGE_TOO_LARGE,
        KC_KAFKA_RECORD_LIST_TOO_LARGE,
        KC_KAFKA_INVALID_TIMESTAMP,
        KC_KAFKA_UNSUPPORTED_FOR_MESSAGE_FORMAT,
        KC_KAFKA_POLICY_VIOLATION,
        KC_KAFKA_UNSUPPORTED_COMPRESSION_TYPE,
        KC_KAFKA_INVALID_RECORD,
    };

    for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
        if (codes[i] == code)
            return true;
    }
    return false;
}

struct kc_error *kc_kafka_error_new(int code, const char *message, const char *fmt, ...)
{
    struct kc_error *err;
    va_list args;

    va_start(args, fmt);
    char *context = kc_vasprintf(fmt, args);
    va_end(args);
    err =
        kc_error_kafka_new(code, kc_kafka_error_retriable(code), "%s: %s%s%s", context,
                           kc_kafka_error_name(code), message ? ": " : "", message ? message : "");
    free(context);
    return err;
}
