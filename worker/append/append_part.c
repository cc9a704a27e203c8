/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The partitions of an appender, and their batches in order. See appender_priv.h. Loop thread.
 */
#include "append/appender_priv.h"

#include <assert.h>
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
    part->merge_max = (size_t)appender->options.max_request_bytes < MERGE_MAX
                          ? (size_t)appender->options.max_request_bytes
                          : MERGE_MAX;
    HASH_ADD_KEYPTR(hh, appender->parts, part->key, strlen(part->key), part);
    kc_wire_track(appender->client, topic);
    return part;
}

/* ---- states ---- */

#define TO(state) (1u << APPEND_##state)
/* What is void stays so until it has begun anew, whatever happens meanwhile. */
static const unsigned moves[] = {
    [APPEND_CAREFUL] = TO(CAREFUL) | TO(FLOWING) | TO(DRAINING) | TO(VOID),
    [APPEND_FLOWING] = TO(CAREFUL) | TO(DRAINING) | TO(VOID),
    [APPEND_DRAINING] = TO(DRAINING) | TO(CAREFUL) | TO(VOID),
    [APPEND_VOID] = TO(VOID) | TO(CAREFUL),
};

void append_part_move(struct append_part *part, enum append_part_state state)
{
    assert(moves[part->state] & (1u << state));
    assert(state != APPEND_CAREFUL || part->in_flight == 0);
    part->state = state;
}

void append_part_drain(struct append_part *part)
{
    if (part->state != APPEND_VOID)
        append_part_move(part, APPEND_DRAINING);
}

/* ---- batches ---- */

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
