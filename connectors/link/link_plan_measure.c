/* SPDX-License-Identifier: Apache-2.0 */
/* How much there is to copy, and how fast that may go: see link_plan_priv.h. */
#include "link/link_plan_priv.h"

#include "connect/fetch.h"
#include "connect/record_batch.h"
#include "connect/thread.h"

#include <stdlib.h>
#include <string.h>

enum {
    APART_MS = 1000,   /* between two looks at the source's ends */
    SAMPLES_MS = 3000, /* for one chunk of each topic */
    SPEED_MS = 1000,   /* of reading */
    FIRST_MS = 3000,   /* until something comes at all */
    BUDGET = 16 << 20,
    BASE_MS = 1000, /* until a mirror topic is made, and its leaders are known */
};
#define LEADING_PER_SECOND 5e6 /* offsets that are made up for and cut off */

/* ---- reading at the source ---- */

static struct kc_fetcher *open_reader(const struct link_config *config, const char *most)
{
    struct kc_fetcher *fetcher = NULL;
    struct kc_map *properties =
        link_client_properties(config, LINK_SOURCE, KC_CLIENT_CONSUMER, "plan");
    char *name = kc_asprintf("%s|plan", config->name);
    if (most)
        kc_map_set(properties, "max.partition.fetch.bytes", most);
    struct kc_error *err = kc_fetcher_open(properties, name, BUDGET, &fetcher);
    kc_error_destroy(err); /* what it would have told isn't known then */
    kc_map_destroy(properties);
    free(name);
    return fetcher;
}

/* The partition with the most offsets; NULL: all are empty. */
static const struct link_lag *largest(const struct link_lags *lags)
{
    const struct link_lag *most = NULL;
    for (size_t i = 0; i < lags->count; i++) {
        const struct link_lag *lag = &lags->items[i];
        int64_t size = lag->source_stable - lag->source_start;
        if (lag->source_start >= 0 && size > 0 &&
            (!most || size > most->source_stable - most->source_start))
            most = lag;
    }
    return most;
}

static double average(const struct kc_fetched *chunk)
{
    int64_t offsets = 0;
    for (size_t at = 0; at < chunk->len;) {
        struct kc_record_batch batch;
        const char *why = NULL;
        if (kc_record_batch_parse(chunk->data + at, chunk->len - at, &batch, &why) != KC_BATCH_OK)
            break;
        offsets += kc_record_batch_last_offset(&batch) - batch.base_offset + 1;
        at += batch.size;
    }
    return offsets > 0 ? (double)chunk->len / (double)offsets : -1;
}

static size_t find_topic(const struct link_look *look, const char *source)
{
    size_t i = 0;
    while (i < look->count &&
           (!look->topics[i].source_topic || strcmp(look->topics[i].source_topic, source) != 0))
        i++;
    return i;
}

void link_plan_samples(const struct link_config *config, struct link_look *look)
{
    struct kc_fetcher *fetcher = open_reader(config, "65536");
    int64_t deadline = kc_mono_ms() + SAMPLES_MS;
    size_t left = 0;
    for (size_t i = 0; i < look->count; i++) {
        const struct link_lag *most = largest(&look->topics[i]);
        look->topics[i].record_bytes = -1;
        if (!fetcher || !most)
            continue;
        kc_fetcher_add(fetcher, look->topics[i].source_topic, most->partition, most->source_start,
                       -1);
        left++;
    }
    while (left > 0 && kc_mono_ms() < deadline) {
        struct kc_fetched *chunk = kc_fetcher_next(fetcher, deadline);
        size_t i = chunk ? find_topic(look, chunk->topic) : look->count;
        if (i < look->count && look->topics[i].record_bytes < 0) {
            if (chunk->kind == KC_FETCHED_DATA)
                look->topics[i].record_bytes = average(chunk);
            kc_fetcher_remove(fetcher, chunk->topic, chunk->partition);
            left--;
        }
        kc_fetched_release(chunk);
    }
    kc_fetcher_close(fetcher);
}

double link_plan_speed(const struct link_config *config, const struct link_look *look)
{
    const struct link_lags *topic = NULL;
    const struct link_lag *most = NULL;
    for (size_t i = 0; i < look->count; i++) {
        const struct link_lag *one = largest(&look->topics[i]);
        if (!one || (most && one->source_stable - one->source_start <=
                                 most->source_stable - most->source_start))
            continue;
        topic = &look->topics[i];
        most = one;
    }
    struct kc_fetcher *fetcher = most ? open_reader(config, NULL) : NULL;
    if (!fetcher)
        return -1;
    int64_t began = kc_mono_ms(), until = began + FIRST_MS;
    double bytes = 0;
    bool any = false, over = false;
    kc_fetcher_add(fetcher, topic->source_topic, most->partition, most->source_start, -1);
    while (!over && kc_mono_ms() < until) {
        struct kc_fetched *chunk = kc_fetcher_next(fetcher, until);
        if (chunk && !any)
            until = kc_mono_ms() + SPEED_MS;
        any = any || chunk;
        bytes += chunk ? (double)chunk->len : 0;
        over = chunk &&
               (chunk->kind != KC_FETCHED_DATA || chunk->next_offset >= chunk->last_stable_offset);
        kc_fetched_release(chunk);
    }
    int64_t ms = kc_mono_ms() - began;
    kc_fetcher_close(fetcher);
    return any && bytes > 0 ? bytes * 1000 / (double)(ms > 0 ? ms : 1) : -1;
}

/* ---- ends ---- */

static double ends_of(const struct link_lags *lags)
{
    double sum = 0;
    for (size_t i = 0; i < lags->count; i++) {
        if (lags->items[i].source_end < 0)
            return -1;
        sum += (double)lags->items[i].source_end;
    }
    return lags->count ? sum : -1;
}

static void count_offsets(const struct link_lags *lags, struct link_plan_measure *measure)
{
    *measure = (struct link_plan_measure){0, 0, -1, -1};
    for (size_t i = 0; i < lags->count; i++) {
        const struct link_lag *lag = &lags->items[i];
        bool known = lag->source_end >= 0 && lag->source_start >= 0;
        if (!known || measure->records < 0) {
            measure->records = measure->leading = -1;
            continue;
        }
        measure->records += lag->lag >= 0 ? lag->lag : lag->source_end - lag->source_start;
        measure->leading += lag->target_end > 0 ? 0 : lag->source_start;
    }
    if (lags->count == 0)
        measure->records = measure->leading = -1;
}

static void look_again(struct link_live *live, struct link_look *look)
{
    for (size_t i = 0; i < look->count; i++)
        free(look->topics[i].items);
    free(look->source_error);
    free(look->target_error);
    look->source_error = look->target_error = NULL;
    link_live_look(live, look, false);
}

void link_plan_measure(struct link_live *live, const struct link_config *config,
                       struct link_look *look, struct link_plan_measure *measures)
{
    double *before = kc_calloc(look->count + 1, sizeof(*before));
    link_live_look(live, look, false);
    int64_t began = kc_mono_ms();
    for (size_t i = 0; i < look->count; i++) {
        before[i] = ends_of(&look->topics[i]);
        count_offsets(&look->topics[i], &measures[i]);
    }
    link_plan_samples(config, look);
    for (size_t i = 0; i < look->count; i++)
        measures[i].record_bytes = look->topics[i].record_bytes;
    struct kc_stop *pause = kc_stop_new();
    kc_stop_wait_until(pause, began + APART_MS);
    kc_stop_destroy(pause);
    look_again(live, look);
    double seconds = (double)(kc_mono_ms() - began) / 1000;
    for (size_t i = 0; i < look->count; i++) {
        double after = ends_of(&look->topics[i]);
        if (before[i] >= 0 && after >= before[i])
            measures[i].records_per_second = (after - before[i]) / seconds;
    }
    free(before);
}

/* ---- how long it takes ---- */

int64_t link_plan_ms(double bytes, double leading, double speed, double grows)
{
    double seconds = leading / LEADING_PER_SECOND;
    double gain = speed - (grows > 0 ? grows : 0);
    if (bytes < 0 || leading < 0 || (bytes > 0 && gain <= 0))
        return -1;
    if (bytes > 0)
        seconds += bytes / gain;
    return seconds > 1e12 ? -1 : (int64_t)(seconds * 1000) + BASE_MS;
}
