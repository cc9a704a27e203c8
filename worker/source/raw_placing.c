/* SPDX-License-Identifier: Apache-2.0 */
/* Where records go: see raw_placing_priv.h. */
#include "source/raw_placing_priv.h"

#include "base/kafka_errors.h"
#include "kafka/partitioner.h"
#include "wire/messages_cluster.h"
#include "wire/wire_client.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "connect/hash.h"

enum {
    LOOK_MS = 100,          /* between looks whether the task has been cancelled */
    METADATA_MS = 5000,     /* for one question */
    METADATA_AGE_MS = 60000 /* a topic may get more partitions */
};

/* A topic in which keys are placed. */
struct placing_topic {
    char *name;
    int32_t partitions;
    int32_t keyless; /* where records without a key go */
    int64_t asked_ms;
    UT_hash_handle hh;
};

struct kc_raw_placing {
    struct kc_raw_lane *lane;
    struct kc_task_host *host;
    struct placing_topic *topics;
    unsigned turn;
};

struct kc_raw_placing *kc_raw_placing_new(struct kc_raw_lane *lane, struct kc_task_host *host)
{
    struct kc_raw_placing *placing = kc_calloc(1, sizeof(*placing));
    placing->lane = lane;
    placing->host = host;
    placing->turn = (unsigned)kc_now_ms();
    return placing;
}

void kc_raw_placing_destroy(struct kc_raw_placing *placing)
{
    struct placing_topic *topic, *next;
    if (!placing)
        return;
    HASH_ITER (hh, placing->topics, topic, next) {
        HASH_DEL(placing->topics, topic);
        free(topic->name);
        free(topic);
    }
    free(placing);
}

static struct kc_error *take_count(const char *name, const struct kc_metadata_response *response,
                                   int32_t *count)
{
    if (response->topics.count != 1)
        return kc_error_retriable_new(KC_ERR_KAFKA, "The cluster didn't answer for topic %s", name);
    const struct kc_metadata_response_topic *topic = &response->topics.items[0];
    if (topic->error_code != KC_KAFKA_NONE)
        return kc_kafka_error_new(topic->error_code, NULL, "Asking for the partitions of topic %s",
                                  name);
    *count = topic->partitions.count;
    return *count > 0 ? NULL
                      : kc_error_retriable_new(KC_ERR_KAFKA, "Topic %s has no partitions", name);
}

static struct kc_error *ask(struct kc_raw_placing *placing, const char *name, int32_t *count)
{
    struct kc_wire_request *request = kc_wire_request_new(KC_API_METADATA);
    struct kc_metadata_request *message = request->message;
    KC_WIRE_LIST_NEW(request->arena, &message->topics, kc_metadata_request_topic, 1);
    message->topics.items[0].name = kc_wire_str_copy(request->arena, name);
    message->allow_auto_topic_creation = true;
    request->target.kind = KC_WIRE_ANY;
    struct kc_wire_reply *reply = NULL;
    struct kc_error *err = kc_wire_call(kc_raw_lane_client(placing->lane), request,
                                        kc_mono_ms() + METADATA_MS, &reply);
    if (err)
        return err;
    err = take_count(name, reply->message, count);
    kc_wire_reply_unref(reply);
    return err;
}

/* Also while the task is stopping, because its last commit needs it. */
static void back_off(struct kc_raw_placing *placing, int attempt)
{
    int64_t ms = kc_wire_backoff_ms(kc_raw_lane_client(placing->lane), attempt);
    const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};
    if (kc_task_host_sleep(placing->host, ms))
        nanosleep(&pause, NULL);
}

/* Waits without limit, as a producer does, if waiting may help. */
static struct kc_error *ask_until_known(struct kc_raw_placing *placing, const char *name,
                                        int32_t *count)
{
    for (int attempt = 0;; attempt++) {
        struct kc_error *err = ask(placing, name, count);
        if (!err)
            return NULL;
        bool again = kc_error_retriable(err) || kc_error_code(err) == KC_ERR_TIMEOUT;
        if (!again || kc_task_host_cancelled(placing->host))
            return err;
        kc_error_destroy(err);
        back_off(placing, attempt);
    }
}

static struct kc_error *topic_get(struct kc_raw_placing *placing, const char *name,
                                  struct placing_topic **found)
{
    struct placing_topic *topic = NULL;
    HASH_FIND_STR(placing->topics, name, topic);
    *found = topic;
    if (topic && kc_mono_ms() - topic->asked_ms < METADATA_AGE_MS)
        return NULL;
    int32_t count = 0;
    struct kc_error *err = ask_until_known(placing, name, &count);
    if (err)
        return err;
    assert(count > 0); /* take_count() */
    if (!topic) {
        topic = kc_calloc(1, sizeof(*topic));
        topic->name = kc_strdup(name);
        HASH_ADD_KEYPTR(hh, placing->topics, topic->name, strlen(topic->name), topic);
    }
    topic->partitions = count;
    topic->keyless = (int32_t)(placing->turn++ % (unsigned)count);
    topic->asked_ms = kc_mono_ms();
    *found = topic;
    return NULL;
}

struct kc_error *kc_raw_placing_find(struct kc_raw_placing *placing, const char *topic,
                                     const void *key, size_t key_len, int32_t *partition)
{
    struct placing_topic *known;
    struct kc_error *err = topic_get(placing, topic, &known);
    if (err)
        return err;
    *partition = key ? kc_partition_for_key(key, key_len, known->partitions) : known->keyless;
    return NULL;
}
