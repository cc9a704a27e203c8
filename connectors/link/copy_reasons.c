/* SPDX-License-Identifier: Apache-2.0 */
/* Errors of the clusters as texts for people: see copy_reasons_priv.h. */
#include "link/copy_reasons_priv.h"

#include "connect/mem.h"

#include <stddef.h>

enum { UNKNOWN_TOPIC = 3 }; /* Kafka's code: UNKNOWN_TOPIC_OR_PARTITION */

#define CHANGE "Change the topic's settings or the link's rights on the target"

/* Errors that no further try cures, by Kafka's codes, and what does. */
static const struct {
    int code;
    const char *remedy;
} refusals[] = {
    {10 /* MESSAGE_TOO_LARGE */,
     "The batch is larger than max.message.bytes of the topic on the target: raise it, to the "
     "source's value at least"},
    {17 /* INVALID_TOPIC_EXCEPTION */, CHANGE},
    {18 /* RECORD_LIST_TOO_LARGE */,
     "The batch is larger than segment.bytes of the topic on the target: raise it"},
    {29 /* TOPIC_AUTHORIZATION_FAILED */, CHANGE},
    {31 /* CLUSTER_AUTHORIZATION_FAILED */, CHANGE},
    {32 /* INVALID_TIMESTAMP */, CHANGE},
    {76 /* UNSUPPORTED_COMPRESSION_TYPE */, CHANGE},
    {87 /* INVALID_RECORD */, CHANGE},
};

/* NULL: it may pass. */
static const char *remedy_of(const struct kc_error *err)
{
    int code = kc_error_kafka_code(err);
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
        if (refusals[i].code == code)
            return refusals[i].remedy;
    return NULL;
}

char *link_reason_refused(const char *topic, int32_t partition, int64_t offset,
                          const struct kc_error *err)
{
    const char *remedy = remedy_of(err);
    return remedy
               ? kc_asprintf("the target refuses offset %lld of partition %d of %s: %s. %s. Then "
                             "repair",
                             (long long)offset, (int)partition, topic, kc_error_text(err), remedy)
               : NULL;
}

char *link_reason_lost(const char *topic, int32_t partition, int64_t offset)
{
    return kc_asprintf("the target's log of partition %d of %s has lost records that the link had "
                       "written before offset %lld (unclean election, or a broker that lost "
                       "power). A repair by force makes the topic anew; its dry run tells what "
                       "that gives up",
                       (int)partition, topic, (long long)offset);
}

char *link_reason_away(const struct kc_error *err)
{
    bool gone = kc_error_kafka_code(err) == UNKNOWN_TOPIC;
    return kc_asprintf("the source can't be read: %s. %s", kc_error_text(err),
                       gone ? "If the topic was deleted at the source, fail over to go on with "
                              "what is copied; otherwise it goes on by itself"
                            : "It goes on by itself when the source answers");
}
