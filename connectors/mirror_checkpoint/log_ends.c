/* SPDX-License-Identifier: Apache-2.0 */
/* Ends of logs, see log_ends_priv.h. */
#include "mirror_checkpoint/log_ends_priv.h"

#include "connect/hash.h"
#include "connect/log.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.mirror.MirrorCheckpointTask");

enum {
    LOOK_MS = 2000,
    LATER_MS = 60000, /* after a partition had no answer */
    WARN_INTERVAL_MS = 300000,
};

/* ---- marks ---- */

/* Drops the mark whose gap is the smallest for its age. */
static void thin_out(struct kc_end_marks *marks, int64_t now)
{
    int least = 1;
    double smallest = 2;
    for (int i = 1; i + 1 < marks->count; i++) {
        const struct kc_end_mark *before = &marks->items[i - 1], *after = &marks->items[i + 1];
        double gap = (double)(after->ms - before->ms) / (double)(now - before->ms + 1);
        if (gap < smallest) {
            smallest = gap;
            least = i;
        }
    }
    marks->count--;
    memmove(&marks->items[least], &marks->items[least + 1],
            (size_t)(marks->count - least) * sizeof(marks->items[0]));
}

void kc_end_marks_add(struct kc_end_marks *marks, int64_t end, int64_t ms)
{
    struct kc_end_mark *last = marks->count ? &marks->items[marks->count - 1] : NULL;
    if (last && end == last->end) {
        last->ms = ms;
        return;
    }
    if (last && end < last->end)
        marks->count = 0;
    if (marks->count == 0)
        marks->since_ms = ms;
    if (marks->count == KC_END_MARKS)
        thin_out(marks, ms);
    marks->items[marks->count++] = (struct kc_end_mark){end, ms};
}

int64_t kc_end_marks_age(const struct kc_end_marks *marks, int64_t offset, int64_t now_ms)
{
    int i = marks->count - 1;
    if (i < 0 || offset >= marks->items[i].end)
        return 0;
    while (i >= 0 && marks->items[i].end > offset)
        i--;
    int64_t since = i < 0 ? marks->since_ms : marks->items[i].ms;
    return now_ms > since ? now_ms - since : 0;
}

/* ---- partitions ---- */

struct kc_log_end {
    char *key; /* "topic-0" */
    char *topic;
    int32_t partition;
    int64_t offset;   /* -1: unknown */
    int64_t next_ms;  /* not asked for before */
    int64_t asked_ms; /* when offset was it */
    struct kc_end_marks marks;
    UT_hash_handle hh;
};

struct kc_log_ends {
    struct kc_admin *admin;
    const char *alias;
    struct kc_log_end *by_key;
    int64_t warned_ms;
};

struct kc_log_ends *kc_log_ends_new(struct kc_admin *admin, const char *alias)
{
    struct kc_log_ends *ends = kc_calloc(1, sizeof(*ends));
    ends->admin = admin;
    ends->alias = alias;
    ends->warned_ms = INT64_MIN / 2;
    return ends;
}

void kc_log_ends_destroy(struct kc_log_ends *ends)
{
    struct kc_log_end *end, *next;
    if (!ends)
        return;
    HASH_ITER (hh, ends->by_key, end, next) {
        HASH_DEL(ends->by_key, end);
        free(end->key);
        free(end->topic);
        free(end);
    }
    free(ends);
}

struct kc_log_end *kc_log_ends_meet(struct kc_log_ends *ends, const char *topic, int32_t partition)
{
    struct kc_log_end *end = NULL;
    char key[300];
    snprintf(key, sizeof(key), "%s-%d", topic, partition);
    HASH_FIND_STR(ends->by_key, key, end);
    if (end)
        return end;
    end = kc_calloc(1, sizeof(*end));
    end->key = kc_strdup(key);
    end->topic = kc_strdup(topic);
    end->partition = partition;
    end->offset = -1;
    HASH_ADD_KEYPTR(hh, ends->by_key, end->key, strlen(end->key), end);
    return end;
}

int64_t kc_log_end_offset(const struct kc_log_end *end)
{
    return end->offset;
}

int64_t kc_log_end_age_ms(const struct kc_log_end *end, int64_t offset)
{
    return kc_end_marks_age(&end->marks, offset, end->asked_ms);
}

/* ---- a look ---- */

static void take(struct kc_log_end *end, const rd_kafka_topic_partition_t *place, int64_t now)
{
    end->asked_ms = now;
    end->offset = place->err || place->offset < 0 ? -1 : place->offset;
    if (end->offset >= 0)
        kc_end_marks_add(&end->marks, end->offset, now);
    else
        end->next_ms = now + LATER_MS;
}

static void complain(struct kc_log_ends *ends, const char *what, const char *why)
{
    int64_t now = kc_mono_ms();
    if (now - ends->warned_ms < WARN_INTERVAL_MS)
        return;
    ends->warned_ms = now;
    kc_warn("The end offset of %s on %s is unknown: %s. The lag of groups is reported without it. "
            "The user needs DESCRIBE on the topics.",
            what, ends->alias, why);
}

void kc_log_ends_look(struct kc_log_ends *ends)
{
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new((int)HASH_COUNT(ends->by_key) + 1);
    struct kc_log_end **asked = kc_calloc(HASH_COUNT(ends->by_key) + 1, sizeof(*asked));
    int64_t now = kc_mono_ms();
    for (struct kc_log_end *end = ends->by_key; end; end = end->hh.next) {
        if (now < end->next_ms)
            continue;
        asked[list->cnt] = end;
        rd_kafka_topic_partition_list_add(list, end->topic, end->partition);
    }
    struct kc_error *err = kc_admin_end_offsets(ends->admin, list, LOOK_MS);
    if (err)
        complain(ends, "the logs", kc_error_text(err));
    kc_error_destroy(err);
    now = kc_mono_ms();
    for (int i = 0; i < list->cnt; i++) {
        take(asked[i], &list->elems[i], now);
        if (list->elems[i].err)
            complain(ends, asked[i]->key, rd_kafka_err2str(list->elems[i].err));
    }
    free(asked);
    rd_kafka_topic_partition_list_destroy(list);
}
