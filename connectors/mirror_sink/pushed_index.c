/* SPDX-License-Identifier: Apache-2.0 */
/* The offset index of pushed records, see pushed_index_priv.h. */
#include "mirror_sink/pushed_index_priv.h"

#include <stdlib.h>
#include <string.h>

/* ---- finding, on the thread that reads ---- */

static int by_name(const void *a, const void *b)
{
    const struct kc_index_partition *x = *(struct kc_index_partition *const *)a;
    const struct kc_index_partition *y = *(struct kc_index_partition *const *)b;
    int order = strcmp(x->topic, y->topic);
    return order ? order : (x->partition > y->partition) - (x->partition < y->partition);
}

/* The list doesn't change while its log is open. */
static struct kc_index_partition *find_known(void *arg, const char *topic, int32_t partition)
{
    const struct kc_pushed_index *index = arg;
    struct kc_index_partition wanted = {.topic = topic, .partition = partition};
    const struct kc_index_partition *key = &wanted;
    struct kc_index_partition **found = index->count
                                            ? bsearch(&key, index->known, index->count,
                                                      sizeof(struct kc_index_partition *), by_name)
                                            : NULL;
    return found ? *found : NULL;
}

/* ---- opening ---- */

/* Ends the log. Entries that couldn't be written because reading hadn't ended go into the next log.
 */
static void close_log(struct kc_pushed_index *index)
{
    bool written = index->log && kc_offset_index_log_known(index->log);
    kc_offset_index_log_close(index->log);
    index->log = NULL;
    for (size_t i = 0; i < index->count; i++)
        kc_index_partition_leave(index->known[i], written);
    free(index->known);
    index->known = NULL;
    index->count = 0;
}

static void add_known(struct kc_pushed_index *index, struct kc_pushed_topic *topic)
{
    for (int32_t i = 0; i < topic->limit; i++) {
        struct kc_pushed_partition *partition = topic->partitions[i];
        if (!partition || !partition->assigned)
            continue;
        index->known =
            kc_realloc(index->known, (index->count + 1) * sizeof(struct kc_index_partition *));
        index->known[index->count++] = &partition->index;
    }
}

static void open_log(struct kc_pushed_index *index)
{
    for (struct kc_pushed_topic *topic = index->topics->first; topic; topic = topic->next)
        if (topic->remote)
            add_known(index, topic);
    if (index->count == 0)
        return;
    qsort(index->known, index->count, sizeof(struct kc_index_partition *), by_name);
    index->log = kc_offset_index_log_open(index->config, index->producer, find_known, index);
    for (size_t i = 0; i < index->count; i++)
        kc_offset_index_writer_join(kc_offset_index_log_writer(index->log), index->known[i]);
}

void kc_pushed_index_open(struct kc_pushed_index *index,
                          const struct kc_topic_partition *partitions, size_t count)
{
    close_log(index);
    for (size_t i = 0; i < count; i++) {
        struct kc_pushed_partition *partition =
            kc_pushed_find(index->topics, partitions[i].topic, partitions[i].partition);
        partition->assigned = true;
        kc_index_partition_clear(&partition->index);
        kc_index_partition_init(&partition->index, partition->topic->name, partition->number);
        if (partitions[i].offset >= 0)
            kc_index_partition_begin(&partition->index, partitions[i].offset);
    }
    open_log(index);
}

void kc_pushed_index_leave(struct kc_pushed_index *index,
                           const struct kc_topic_partition *partitions, size_t count)
{
    close_log(index);
    for (size_t i = 0; i < count; i++)
        kc_pushed_find(index->topics, partitions[i].topic, partitions[i].partition)->assigned =
            false;
    open_log(index);
}

/* ---- at work ---- */

void kc_pushed_index_add(struct kc_pushed_index *index, struct kc_pushed_partition *partition,
                         int64_t upstream, int64_t downstream)
{
    if (index->log && partition->assigned)
        kc_offset_index_writer_add(kc_offset_index_log_writer(index->log), &partition->index,
                                   upstream, downstream, 1);
}

void kc_pushed_index_serve(struct kc_pushed_index *index)
{
    if (index->log)
        kc_offset_index_log_serve(index->log);
}

void kc_pushed_index_close(struct kc_pushed_index *index)
{
    close_log(index);
}
