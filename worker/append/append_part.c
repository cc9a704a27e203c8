/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The partitions of an appender, and their batches in order. See appender_priv.h. Loop thread.
 */
#include "append/appender_priv.h"

#include <stdlib.h>
#include <string.h>

#define MERGE_MAX 262144 /* bytes of a batch made of several */

struct append_part *appender_part(struct kc_appender *appender, const char *topic,
                                  int32_t partition)
{
    char *key = kc_asprintf("%s-%d", topic, partition);
    struct append_part *part;

    HASH_FIND(hh, appender->parts, key, strlen(key), part);
    if (part) {
        free(key);
        return part;
    }
    part = kc_calloc(1, sizeof *part);
    part->key = key;
    part->topic = kc_strdup(topic);
    part->partition = partition;
    part->producer_id = appender->producer_id;
    part->epoch = appender->producer_epoch;
    part->careful = true;
    part->merge_max = (size_t)appender->options.max_request_bytes < MERGE_MAX
                          ? (size_t)appender->options.max_request_bytes
                          : MERGE_MAX;
    HASH_ADD_KEYPTR(hh, appender->parts, part->key, strlen(part->key), part);
    kc_wire_track(appender->client, topic);
    return part;
}

void appender_queue(struct kc_appender *appender, struct append_part *part,
                    struct append_batch *batch)
{
    if (!part->batches) {
        DL_APPEND(appender->busy, part);
        appender->busy_count++;
    }
    DL_APPEND(part->batches, batch);
}

void appender_unqueue(struct kc_appender *appender, struct append_part *part,
                      struct append_batch *batch)
{
    DL_DELETE(part->batches, batch);
    if (!part->batches) {
        DL_DELETE(appender->busy, part);
        appender->busy_count--;
    }
}
