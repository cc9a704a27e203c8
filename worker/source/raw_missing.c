/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Topics that transforms name and that the target lacks: requested, reported, and looked for again,
 * see raw_lane_priv.h. Batches for them wait in the appender. The task's thread.
 */
#include "base/kafka_errors.h"
#include "connect/log.h"
#include "source/raw_lane_state_priv.h"
#include "wire/messages_cluster.h"

#include <stdlib.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.runtime.raw_lane");

enum {
    ASK_MS = 5000,
    FIRST_LOOK_MS = 10000, /* each later one after twice the time */
    LONGEST_MS = 300000,
    SHOWN = 300, /* characters of names in a line */
};

/* FORBIDDEN: missing, and the user may not make it. */
enum presence { THERE, MISSING, FORBIDDEN, UNKNOWN };

/* The topic's code in Metadata; KC_KAFKA_UNKNOWN_SERVER_ERROR: there is no answer. */
static int ask(struct kc_raw_lane *lane, const char *topic, bool may_create)
{
    struct kc_wire_request *request = kc_wire_request_new(KC_API_METADATA);
    struct kc_metadata_request *message = request->message;
    KC_WIRE_LIST_NEW(request->arena, &message->topics, kc_metadata_request_topic, 1);
    message->topics.items[0].name = kc_wire_str_copy(request->arena, topic);
    message->allow_auto_topic_creation = may_create;
    request->target.kind = KC_WIRE_ANY;
    struct kc_wire_reply *reply = NULL;
    struct kc_error *err =
        kc_wire_call(lane->target->client, request, kc_mono_ms() + ASK_MS, &reply);
    const struct kc_metadata_response *response = err ? NULL : reply->message;
    int code = response && response->topics.count == 1 ? response->topics.items[0].error_code
                                                       : KC_KAFKA_UNKNOWN_SERVER_ERROR;
    kc_error_destroy(err); /* appending will tell */
    kc_wire_reply_unref(reply);
    return code;
}

/* If brokers create topics, a user without CREATE gets the same refusal for a missing topic as for
 * an invisible one. Such a topic counts as present, because appending to it is refused at once. */
static enum presence presence_of(struct kc_raw_lane *lane, const char *topic)
{
    int code = ask(lane, topic, true);
    if (code == KC_KAFKA_TOPIC_AUTHORIZATION_FAILED &&
        ask(lane, topic, false) == KC_KAFKA_UNKNOWN_TOPIC_OR_PARTITION)
        return FORBIDDEN;
    switch (code) {
    case KC_KAFKA_NONE:
    case KC_KAFKA_TOPIC_AUTHORIZATION_FAILED:
    case KC_KAFKA_INVALID_TOPIC_EXCEPTION:
        return THERE;
    case KC_KAFKA_UNKNOWN_TOPIC_OR_PARTITION:
        return MISSING;
    default:
        return UNKNOWN;
    }
}

static void tell(struct kc_raw_lane *lane)
{
    if (lane->tell_missing)
        lane->tell_missing(lane->lane.owner.opaque, &lane->missing);
}

static void warn(const struct kc_raw_lane *lane)
{
    char *names = kc_strings_join(&lane->missing, ", ");
    kc_warn(
        "%zu topics that the transforms name are still not there on the target, and what "
        "goes to them waits: %.*s. Create them, unless the brokers do (auto.create.topics.enable).",
        lane->missing.count, SHOWN, names);
    free(names);
}

struct kc_error *kc_raw_lane_prepare_topic(struct kc_lane *base, const char *topic)
{
    struct kc_raw_lane *lane = kc_raw_lane_of(base);
    if (!lane->asks || !kc_is_topic_name(topic) || kc_strings_contain(&lane->missing, topic))
        return NULL;
    enum presence presence = presence_of(lane, topic);
    if (presence == FORBIDDEN && !lane->refused)
        return kc_error_kafka_new(KC_KAFKA_TOPIC_AUTHORIZATION_FAILED, false,
                                  "Topic %s, which the transforms name, isn't there on the target, "
                                  "and the producer's user may not create it: create it, or allow "
                                  "CREATE on it",
                                  topic);
    if (presence != MISSING && presence != FORBIDDEN)
        return NULL;
    kc_warn("Topic %s, which the transforms name, isn't there on the target yet, and what goes to "
            "it waits: create it, unless the brokers do (auto.create.topics.enable)",
            topic);
    if (lane->missing.count == 0) {
        lane->missing_wait_ms = FIRST_LOOK_MS;
        lane->missing_ms = kc_mono_ms() + FIRST_LOOK_MS;
    }
    kc_strings_add(&lane->missing, topic);
    tell(lane);
    return NULL;
}

void kc_raw_lane_tend(struct kc_lane *base)
{
    struct kc_raw_lane *lane = kc_raw_lane_of(base);
    struct kc_strings before = lane->missing;
    if (before.count == 0 || kc_mono_ms() < lane->missing_ms)
        return;
    enum presence presence = MISSING;
    lane->missing = (struct kc_strings){0};
    for (size_t i = 0; i < before.count; i++) {
        if (presence != UNKNOWN) /* else none is asked for: each would take its time */
            presence = presence_of(lane, before.items[i]);
        if (presence != THERE)
            kc_strings_add(&lane->missing, before.items[i]);
        else
            kc_info("Topic %s, which the transforms name, is there on the target now",
                    before.items[i]);
    }
    if (lane->missing.count)
        warn(lane);
    if (lane->missing.count != before.count)
        tell(lane);
    lane->missing_wait_ms =
        lane->missing_wait_ms * 2 < LONGEST_MS ? lane->missing_wait_ms * 2 : LONGEST_MS;
    lane->missing_ms = kc_mono_ms() + lane->missing_wait_ms;
    kc_strings_destroy(&before);
}

void kc_raw_lane_ask_for_topics(struct kc_raw_lane *lane)
{
    lane->asks = true;
}

void kc_raw_lane_on_missing(struct kc_raw_lane *lane,
                            void (*tell_missing)(void *opaque, const struct kc_strings *topics))
{
    lane->tell_missing = tell_missing;
}
