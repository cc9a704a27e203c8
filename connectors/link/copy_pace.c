/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link.throttle.bytes.per.second: a bucket of bytes, of which each task has its share. History
 * takes only what is there. The live tail may overdraw by what a second brings, so that history
 * gives way to it. The task's thread.
 */
#include "link/copy_priv.h"

static double rate(const struct link_copy *copy)
{
    int tasks = copy->config->tasks > 0 ? copy->config->tasks : 1;
    return (double)copy->config->throttle / tasks;
}

static bool is_free(const struct link_copy *copy)
{
    return copy->config->throttle <= 0;
}

bool link_pace_admits_history(const struct link_copy *copy)
{
    return is_free(copy) || copy->tokens > 0;
}

bool link_pace_admits(const struct copy_partition *partition)
{
    const struct link_copy *copy = partition->topic->copy;
    return is_free(copy) || copy->tokens > -rate(copy);
}

void link_pace_take(struct link_copy *copy, size_t bytes)
{
    copy->tokens -= (double)bytes;
}

static void admit_all(struct link_copy *copy)
{
    for (struct copy_topic *topic = copy->topics; topic; topic = topic->hh.next) {
        for (size_t i = 0; i < topic->count; i++) {
            struct copy_partition *partition = topic->partitions[i];
            if (partition->throttled && partition->phase == COPY_RUN)
                kc_fetcher_pause(copy->fetcher, topic->source, partition->number, false);
            partition->throttled = false;
        }
    }
}

void link_pace_refill(struct link_copy *copy)
{
    int64_t now = kc_mono_ms();
    double second = rate(copy);
    if (is_free(copy))
        return;
    bool was_empty = copy->tokens <= 0;
    copy->tokens += second * (double)(now - copy->tokens_at_ms) / 1000;
    copy->tokens_at_ms = now;
    if (copy->tokens > second)
        copy->tokens = second;
    if (was_empty && copy->tokens > 0)
        admit_all(copy);
}
