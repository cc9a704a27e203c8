/* SPDX-License-Identifier: Apache-2.0 */
/* Figures of groups, see group_lag_priv.h. */
#include "mirror_checkpoint/group_lag_priv.h"

#include <stdlib.h>

/* ---- figures ---- */

static void take(struct kc_lag *lag, int64_t records, int64_t ms, double record_bytes)
{
    if (records <= 0)
        return;
    lag->records += records;
    lag->bytes += (double)records * record_bytes;
    lag->bytes_unknown = lag->bytes_unknown || record_bytes <= 0;
    if (ms > lag->ms)
        lag->ms = ms;
}

void kc_group_lag_take(struct kc_group_lag *lag, const struct kc_lag_place *place)
{
    lag->partitions++;
    if (place->source_end >= 0)
        take(&lag->source, place->source_end - place->committed, place->committed_age_ms,
             place->record_bytes);
    if (place->downstream < 0) {
        lag->untranslated++;
        return;
    }
    take(&lag->translation, place->committed - place->translated,
         place->translated_age_ms - place->committed_age_ms, place->record_bytes);
    if (place->target_end > place->downstream)
        lag->target_records += place->target_end - place->downstream;
}

static void add(struct kc_lag *sum, const struct kc_lag *lag)
{
    sum->records += lag->records;
    sum->bytes += lag->bytes;
    sum->bytes_unknown = sum->bytes_unknown || lag->bytes_unknown;
    if (lag->ms > sum->ms)
        sum->ms = lag->ms;
}

void kc_group_lag_add(struct kc_group_lag *sum, const struct kc_group_lag *lag)
{
    sum->partitions += lag->partitions;
    sum->untranslated += lag->untranslated;
    sum->target_records += lag->target_records;
    add(&sum->source, &lag->source);
    add(&sum->translation, &lag->translation);
}

/* ---- in words ---- */

static json_t *json_of(const struct kc_lag *lag)
{
    return json_pack("{s:I, s:o, s:f}", "records", (json_int_t)lag->records, "bytes",
                     lag->bytes_unknown ? json_null() : json_integer((json_int_t)lag->bytes),
                     "seconds", (double)lag->ms / 1000);
}

static json_t *group_json(const struct kc_group_lag *lag)
{
    return json_pack("{s:I, s:I, s:{s:o, s:o, s:{s:I}}}", "partitions", (json_int_t)lag->partitions,
                     "untranslated", (json_int_t)lag->untranslated, "lag", "source",
                     json_of(&lag->source), "translation", json_of(&lag->translation), "target",
                     "records", (json_int_t)lag->target_records);
}

static bool is_behind(const struct kc_group_lag *lag)
{
    return lag->translation.records || lag->source.records || lag->untranslated;
}

/* First the group that would read more again after moving to the target; then the one that is
 * further behind. */
static int by_lag(const void *left, const void *right)
{
    const struct kc_group_lag *a = *(const struct kc_group_lag *const *)left;
    const struct kc_group_lag *b = *(const struct kc_group_lag *const *)right;
    if (a->translation.records != b->translation.records)
        return a->translation.records < b->translation.records ? 1 : -1;
    if (a->source.records != b->source.records)
        return a->source.records < b->source.records ? 1 : -1;
    if (a->untranslated != b->untranslated)
        return a->untranslated < b->untranslated ? 1 : -1;
    return a < b ? -1 : a > b; /* by name */
}

static json_t *furthest_behind(const struct kc_strings *groups, const struct kc_group_lag *lags)
{
    const struct kc_group_lag **behind =
        kc_calloc(groups->count + 1, sizeof(const struct kc_group_lag *));
    json_t *list = json_array();
    size_t count = 0;
    for (size_t i = 0; i < groups->count; i++)
        if (is_behind(&lags[i]))
            behind[count++] = &lags[i];
    qsort(behind, count, sizeof(*behind), by_lag);
    for (size_t i = 0; i < count && i < KC_LAG_SHOWN; i++) {
        json_t *item = group_json(behind[i]);
        json_object_set_new(item, "group", json_string(groups->items[behind[i] - lags]));
        json_array_append_new(list, item);
    }
    free(behind);
    return list;
}

json_t *kc_group_lag_json(const struct kc_strings *groups, const struct kc_group_lag *lags)
{
    struct kc_group_lag sum = {0};
    for (size_t i = 0; i < groups->count; i++)
        kc_group_lag_add(&sum, &lags[i]);
    json_t *answer = group_json(&sum);
    json_object_set_new(answer, "count", json_integer((json_int_t)groups->count));
    json_object_set_new(answer, "most_behind", furthest_behind(groups, lags));
    return answer;
}
