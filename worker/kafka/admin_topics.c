/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Topics: listing, creation, more partitions, deletion; the cluster's id.
 *
 * Any thread, several at once.
 */
#include "kafka/admin_priv.h"
#include "kafka/client_priv.h"

#include <stdlib.h>
#include <string.h>

/* A controller refuses what would be more than 10,000 metadata records at once
 * (QuorumController.MAX_RECORDS_PER_USER_OP). */
#define RECORDS_PER_REQUEST 5000

/* ---- listing ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct kc_topic_info *)a)->name, ((const struct kc_topic_info *)b)->name);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void fill(struct kc_topic_info *info, const rd_kafka_metadata_topic_t *topic)
{
    info->name = kc_strdup(topic->topic);
    info->partitions = topic->partition_cnt;
    info->error = topic->err;
    for (int i = 0; i < topic->partition_cnt; i++) {
        if (topic->partitions[i].id == 0)
            info->replication_factor = (int16_t)topic->partitions[i].replica_cnt;
    }
}

static bool missing(const rd_kafka_metadata_topic_t *topic)
{
    return topic->err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
           topic->err == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;
}

static void collect(const struct rd_kafka_metadata *metadata, const struct kc_strings *names,
                    struct kc_topic_infos *topics)
{
    struct kc_strings wanted = {0};
    if (names) {
        kc_strings_copy(&wanted, names);
        kc_strings_sort(&wanted);
    }
    topics->items = kc_calloc((size_t)metadata->topic_cnt + 1, sizeof(*topics->items));
    for (int i = 0; i < metadata->topic_cnt; i++) {
        const rd_kafka_metadata_topic_t *topic = &metadata->topics[i];
        const char *name = topic->topic;
        bool asked = !names || bsearch(&name, wanted.items, wanted.count, sizeof(char *), by_text);
        if (asked && !missing(topic))
            fill(&topics->items[topics->count++], topic);
    }
    qsort(topics->items, topics->count, sizeof(*topics->items), by_name);
    kc_strings_destroy(&wanted);
}

/* Between two looks at whether the cluster refuses us. */
#define PATIENCE_MS 3000

static bool may_pass(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR__TIMED_OUT || code == RD_KAFKA_RESP_ERR__TRANSPORT;
}

/* One name: asks for it alone. Otherwise asks for all topics and keeps the wanted ones. Neither
 * creates a topic, because an admin's metadata request doesn't allow that. */
static struct kc_error *fetch_metadata(struct kc_admin *admin, const struct kc_strings *names,
                                       const struct rd_kafka_metadata **metadata)
{
    const int64_t began = kc_mono_ms();
    rd_kafka_topic_t *only = NULL;
    rd_kafka_resp_err_t code;
    struct kc_error *err;
    if (names && names->count == 1)
        only = rd_kafka_topic_new(admin->client, names->items[0], NULL);
    do {
        int64_t left = began + admin->timeout_ms - kc_mono_ms();
        int slice = left < 1 ? 1 : left < PATIENCE_MS ? (int)left : PATIENCE_MS;
        code = rd_kafka_metadata(admin->client, only == NULL, only, metadata, slice);
        err = code ? kc_admin_refusal(admin, began, "Listing topics failed") : NULL;
    } while (!err && may_pass(code) && kc_mono_ms() < began + admin->timeout_ms);
    if (only)
        rd_kafka_topic_destroy(only);
    if (!code)
        kc_client_access_ready(admin->client);
    return err || !code ? err : kc_client_error(code, "Listing topics failed");
}

struct kc_error *kc_admin_topics(struct kc_admin *admin, const struct kc_strings *names,
                                 struct kc_topic_infos *topics)
{
    *topics = (struct kc_topic_infos){0};
    if (names && names->count == 0)
        return NULL;
    const struct rd_kafka_metadata *metadata = NULL;
    struct kc_error *err = fetch_metadata(admin, names, &metadata);
    if (err)
        return err;
    collect(metadata, names, topics);
    rd_kafka_metadata_destroy(metadata);
    return NULL;
}

void kc_topic_infos_destroy(struct kc_topic_infos *topics)
{
    for (size_t i = 0; i < topics->count; i++)
        free(topics->items[i].name);
    free(topics->items);
    *topics = (struct kc_topic_infos){0};
}

struct kc_error *kc_admin_cluster_id(struct kc_admin *admin, char **cluster_id)
{
    const int64_t began = kc_mono_ms();
    struct kc_error *err = NULL;
    char *id;
    do {
        int64_t left = began + admin->timeout_ms - kc_mono_ms();
        int slice = left < 1 ? 1 : left < PATIENCE_MS ? (int)left : PATIENCE_MS;
        id = rd_kafka_clusterid(admin->client, slice);
        err = id ? NULL : kc_admin_refusal(admin, began, "Asking for the cluster's id failed");
        if (!id && !err)
            kc_admin_look_again(admin);
    } while (!id && !err && kc_mono_ms() < began + admin->timeout_ms);
    if (err)
        return err;
    if (!id)
        return kc_client_error(RD_KAFKA_RESP_ERR__TIMED_OUT, "Asking for the cluster's id failed");
    *cluster_id = kc_strdup(id);
    rd_kafka_mem_free(admin->client, id);
    return NULL;
}

/* ---- creation ---- */

static struct kc_error *topic_error(const rd_kafka_topic_result_t *result, const char *what)
{
    rd_kafka_resp_err_t code = rd_kafka_topic_result_error(result);
    if (!code)
        return NULL;
    const char *reason = rd_kafka_topic_result_error_string(result);
    const char *name = rd_kafka_topic_result_name(result);
    if (!reason)
        return kc_client_error(code, "%s %s failed", what, name);
    return kc_client_error(code, "%s %s failed: %s", what, name, reason);
}

static struct kc_error *new_topic(const struct kc_new_topic *topic, rd_kafka_NewTopic_t **native)
{
    char reason[256];
    /* Since KIP-464 the broker may choose either the partition count or the replicas. */
    *native = rd_kafka_NewTopic_new(topic->name, topic->partitions, topic->replication_factor,
                                    reason, sizeof(reason));
    if (!*native)
        return kc_error_new(KC_ERR_CONFIG, "Topic %s can't be created: %s", topic->name, reason);
    if (topic->config) {
        kc_map_foreach (topic->config, entry) {
            if (entry->value)
                rd_kafka_NewTopic_set_config(*native, entry->key, entry->value);
        }
    }
    return NULL;
}

static void match_results(const rd_kafka_topic_result_t **results, size_t result_count,
                          const struct kc_new_topic *topics, size_t count, struct kc_error **errors)
{
    for (size_t r = 0; r < result_count; r++) {
        for (size_t i = 0; i < count; i++) {
            if (errors[i] || strcmp(topics[i].name, rd_kafka_topic_result_name(results[r])) != 0)
                continue;
            errors[i] = topic_error(results[r], "Creating topic");
            break;
        }
    }
}

static struct kc_error *create_slice(struct kc_admin *admin, const struct kc_new_topic *topics,
                                     size_t count, struct kc_error **errors)
{
    struct kc_admin_call call = {0};
    struct kc_error *err = NULL;
    size_t made = 0;
    rd_kafka_NewTopic_t **natives = kc_calloc(count, sizeof(*natives));
    for (; made < count && !err; made++)
        err = new_topic(&topics[made], &natives[made]);
    if (err)
        goto out;
    kc_admin_call_begin(&call, admin, RD_KAFKA_ADMIN_OP_CREATETOPICS);
    rd_kafka_CreateTopics(admin->client, natives, count, call.options, call.queue);
    err = kc_admin_call_wait(&call, "Creating topics failed");
    if (!err) {
        size_t result_count = 0;
        const rd_kafka_topic_result_t **results = rd_kafka_CreateTopics_result_topics(
            rd_kafka_event_CreateTopics_result(call.event), &result_count);
        match_results(results, result_count, topics, count, errors);
    }
out:
    kc_admin_call_end(&call);
    for (size_t i = 0; i < made; i++) {
        if (natives[i])
            rd_kafka_NewTopic_destroy(natives[i]);
    }
    free(natives);
    return err;
}

/* The metadata records that the controller makes of it, about. */
static size_t records_of(const struct kc_new_topic *topic)
{
    size_t partitions = topic->partitions > 0 ? (size_t)topic->partitions : 1;
    return 1 + partitions + (topic->config ? kc_map_size(topic->config) : 0);
}

size_t kc_admin_create_slice(const struct kc_new_topic *topics, size_t count)
{
    size_t records = records_of(&topics[0]), taken = 1;
    while (taken < count && (records += records_of(&topics[taken])) <= RECORDS_PER_REQUEST)
        taken++;
    return taken;
}

struct kc_error *kc_admin_create_topics(struct kc_admin *admin, const struct kc_new_topic *topics,
                                        size_t count, struct kc_error **errors)
{
    struct kc_error *err = NULL;
    size_t taken;
    memset(errors, 0, count * sizeof(*errors));
    for (size_t i = 0; i < count && !err; i += taken) {
        taken = kc_admin_create_slice(topics + i, count - i);
        err = create_slice(admin, topics + i, taken, errors + i);
    }
    for (size_t i = 0; err && i < count; i++)
        kc_error_clear(&errors[i]);
    return err;
}

struct kc_error *kc_admin_create_partitions(struct kc_admin *admin, const char *topic,
                                            int32_t total)
{
    char reason[256];
    struct kc_admin_call call = {0};
    rd_kafka_NewPartitions_t *wanted =
        rd_kafka_NewPartitions_new(topic, (size_t)(total < 0 ? 0 : total), reason, sizeof(reason));
    if (!wanted)
        return kc_error_new(KC_ERR_CONFIG, "Topic %s can't get %d partitions: %s", topic, total,
                            reason);
    kc_admin_call_begin(&call, admin, RD_KAFKA_ADMIN_OP_CREATEPARTITIONS);
    rd_kafka_CreatePartitions(admin->client, &wanted, 1, call.options, call.queue);
    struct kc_error *err = kc_admin_call_wait(&call, "Adding partitions failed");
    if (!err) {
        size_t count = 0;
        const rd_kafka_topic_result_t **results = rd_kafka_CreatePartitions_result_topics(
            rd_kafka_event_CreatePartitions_result(call.event), &count);
        if (count)
            err = topic_error(results[0], "Adding partitions to");
    }
    kc_admin_call_end(&call);
    rd_kafka_NewPartitions_destroy(wanted);
    return err;
}

struct kc_error *kc_admin_delete_topic(struct kc_admin *admin, const char *topic)
{
    struct kc_admin_call call = {0};
    rd_kafka_DeleteTopic_t *unwanted = rd_kafka_DeleteTopic_new(topic);
    kc_admin_call_begin(&call, admin, RD_KAFKA_ADMIN_OP_DELETETOPICS);
    rd_kafka_DeleteTopics(admin->client, &unwanted, 1, call.options, call.queue);
    struct kc_error *err = kc_admin_call_wait(&call, "Deleting a topic failed");
    if (!err) {
        size_t count = 0;
        const rd_kafka_topic_result_t **results = rd_kafka_DeleteTopics_result_topics(
            rd_kafka_event_DeleteTopics_result(call.event), &count);
        if (count)
            err = topic_error(results[0], "Deleting topic");
    }
    kc_admin_call_end(&call);
    rd_kafka_DeleteTopic_destroy(unwanted);
    return err;
}
