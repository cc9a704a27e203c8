/* SPDX-License-Identifier: Apache-2.0 */
/* Loads of partitions, see flow_loads.h. */
#include "mirror/flow_loads.h"

#include "connect/fetch.h"
#include "connect/log.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.mirror.MirrorSourceConnector");

enum {
    LOOKS = 3,            /* in a row that must find an imbalance */
    REST_LOOKS = 10,      /* after one was mended, before the next */
    FETCH_BUDGET = 65536, /* of a client that fetches nothing */
    LOOK_TIMEOUT_MS = 10000,
};

/* A partition that tasks have. */
struct load {
    char *topic;
    int32_t partition;
    int64_t end; /* at the last look; -1: unknown */
    double rate; /* bytes a second, smoothed */
};

struct kc_flow_loads {
    const struct kc_mirror_config *config;
    struct kc_fetcher *fetcher; /* of the scheduler's thread; made at the first look */

    pthread_mutex_t mutex;
    struct kc_deal deal;
    double *rates; /* of deal's items, one task after the other; NULL: not known yet */
    bool due;

    /* Of the scheduler's thread. */
    struct load *items;
    size_t count;
    int64_t looked_ms;
    int64_t mended_ms;
    int uneven; /* looks in a row */
};

/* ---- sizes of records, of the whole process ---- */

static pthread_mutex_t sizes_mutex = PTHREAD_MUTEX_INITIALIZER;
static json_t *sizes; /* "source->target topic": bytes a record; never freed */

static char *size_key(const struct kc_mirror_config *config, const char *topic)
{
    return kc_asprintf("%s->%s %s", config->source, config->target, topic);
}

void kc_flow_loads_note(const struct kc_mirror_config *config, const char *topic, uint64_t records,
                        uint64_t bytes)
{
    if (records == 0)
        return;
    char *key = size_key(config, topic);
    pthread_mutex_lock(&sizes_mutex);
    if (!sizes)
        sizes = json_object();
    json_object_set_new(sizes, key, json_real((double)bytes / (double)records));
    pthread_mutex_unlock(&sizes_mutex);
    free(key);
}

double kc_flow_record_bytes(const struct kc_mirror_config *config, const char *topic)
{
    char *key = size_key(config, topic);
    pthread_mutex_lock(&sizes_mutex);
    double size = json_real_value(json_object_get(sizes, key));
    pthread_mutex_unlock(&sizes_mutex);
    free(key);
    return size;
}

static double size_of(const struct kc_mirror_config *config, const char *topic)
{
    double size = kc_flow_record_bytes(config, topic);
    return size > 0 ? size : 1000; /* nothing was mirrored here: as good as any */
}

/* ---- life ---- */

struct kc_flow_loads *kc_flow_loads_new(const struct kc_mirror_config *config)
{
    if (strcasecmp(kc_map_get_or(config->properties, KC_BALANCE_SETTING, "true"), "false") == 0)
        return NULL;
    struct kc_flow_loads *made = kc_calloc(1, sizeof(*made));
    made->config = config;
    made->mended_ms = INT64_MIN / 2;
    pthread_mutex_init(&made->mutex, NULL);
    return made;
}

static void free_items(struct load *items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(items[i].topic);
    free(items);
}

void kc_flow_loads_destroy(struct kc_flow_loads *loads)
{
    if (!loads)
        return;
    kc_fetcher_close(loads->fetcher);
    free_items(loads->items, loads->count);
    kc_deal_clear(&loads->deal);
    free(loads->rates);
    pthread_mutex_destroy(&loads->mutex);
    free(loads);
}

int64_t kc_flow_loads_interval_ms(const struct kc_flow_loads *loads)
{
    const char *value = kc_map_get_or(loads->config->properties, KC_BALANCE_INTERVAL, "60000");
    int64_t ms = strtoll(value, NULL, 10);
    return ms > 0 ? ms : 60000;
}

void kc_flow_loads_set_deal(struct kc_flow_loads *loads, const struct kc_deal *deal)
{
    struct kc_deal copy = {0};
    if (!loads)
        return;
    kc_deal_copy(&copy, deal);
    pthread_mutex_lock(&loads->mutex);
    kc_deal_clear(&loads->deal);
    loads->deal = copy;
    free(loads->rates);
    loads->rates = NULL;
    loads->due = false;
    pthread_mutex_unlock(&loads->mutex);
}

/* ---- a look ---- */

static bool parse_item(const char *text, struct load *load)
{
    const char *dash = strrchr(text, '-');
    if (!dash)
        return false;
    *load = (struct load){kc_strndup(text, (size_t)(dash - text)),
                          (int32_t)strtol(dash + 1, NULL, 10), -1, 0};
    return true;
}

static const struct load *find(const struct load *items, size_t count, const struct load *wanted)
{
    for (size_t i = 0; i < count; i++)
        if (items[i].partition == wanted->partition && strcmp(items[i].topic, wanted->topic) == 0)
            return &items[i];
    return NULL;
}

/* The partitions of the deal, with their known loads. Returns how many tasks have them. */
static size_t take_deal(struct kc_flow_loads *loads)
{
    struct load *before = loads->items;
    size_t count_before = loads->count, total = 0;
    pthread_mutex_lock(&loads->mutex);
    size_t tasks = loads->deal.count;
    for (size_t t = 0; t < tasks; t++)
        total += loads->deal.tasks[t].count;
    loads->items = kc_calloc(total + 1, sizeof(*loads->items));
    loads->count = 0;
    for (size_t t = 0; t < tasks; t++)
        for (size_t i = 0; i < loads->deal.tasks[t].count; i++)
            loads->count += parse_item(loads->deal.tasks[t].items[i], &loads->items[loads->count]);
    pthread_mutex_unlock(&loads->mutex);
    for (size_t i = 0; i < loads->count; i++) {
        /* Most often the order is the same. */
        const struct load *same = i < count_before ? find(&before[i], 1, &loads->items[i]) : NULL;
        if (!same)
            same = find(before, count_before, &loads->items[i]);
        if (same) {
            loads->items[i].end = same->end;
            loads->items[i].rate = same->rate;
        }
    }
    free_items(before, count_before);
    return tasks;
}

static struct kc_error *open_fetcher(struct kc_flow_loads *loads)
{
    if (loads->fetcher)
        return NULL;
    struct kc_map *properties = kc_mirror_client_properties(loads->config, KC_MIRROR_SOURCE,
                                                            KC_CLIENT_CONSUMER, "load-consumer");
    char *name = kc_asprintf("loads-%s", loads->config->label);
    struct kc_error *err = kc_fetcher_open(properties, name, FETCH_BUDGET, &loads->fetcher);
    free(name);
    kc_map_destroy(properties);
    return err;
}

/* Computes the rates from the ends; false while some partition hasn't been seen twice. */
static bool take_ends(struct kc_flow_loads *loads, struct kc_fetch_bound *bounds, double seconds)
{
    bool known = seconds > 0;
    for (size_t i = 0; i < loads->count; i++) {
        struct load *load = &loads->items[i];
        int64_t end = bounds[i].error ? -1 : bounds[i].offset;
        kc_error_destroy(bounds[i].error);
        bool seen_twice = load->end >= 0 && end >= load->end && seconds > 0;
        if (seen_twice) {
            double rate = (double)(end - load->end) / seconds * size_of(loads->config, load->topic);
            load->rate = load->rate > 0 ? (load->rate + rate) / 2 : rate;
        }
        known = known && seen_twice;
        load->end = end;
    }
    return known;
}

/* Whether the deal is still that of items and is uneven. If so, the rates are kept. */
static bool judge(struct kc_flow_loads *loads)
{
    double *rates = kc_calloc(loads->count + 1, sizeof(*rates));
    for (size_t i = 0; i < loads->count; i++)
        rates[i] = loads->items[i].rate;
    pthread_mutex_lock(&loads->mutex);
    size_t total = 0;
    for (size_t t = 0; t < loads->deal.count; t++)
        total += loads->deal.tasks[t].count;
    bool uneven = total == loads->count && kc_deal_is_uneven(&loads->deal, rates);
    free(loads->rates);
    loads->rates = total == loads->count ? rates : NULL;
    if (total != loads->count)
        free(rates);
    pthread_mutex_unlock(&loads->mutex);
    return uneven;
}

struct kc_error *kc_flow_loads_look(struct kc_flow_loads *loads, bool *due)
{
    int64_t now = kc_mono_ms();
    *due = false;
    if (take_deal(loads) < 2 || loads->count < 2)
        return NULL;
    struct kc_error *err = open_fetcher(loads);
    if (err)
        return err;
    struct kc_fetch_bound *bounds = kc_calloc(loads->count, sizeof(*bounds));
    for (size_t i = 0; i < loads->count; i++)
        bounds[i] = (struct kc_fetch_bound){.topic = loads->items[i].topic,
                                            .partition = loads->items[i].partition};
    kc_fetcher_bounds(loads->fetcher, bounds, loads->count, true, LOOK_TIMEOUT_MS);
    double seconds = loads->looked_ms ? (double)(now - loads->looked_ms) / 1000 : 0;
    bool known = take_ends(loads, bounds, seconds);
    free(bounds);
    loads->looked_ms = now;
    loads->uneven = known && judge(loads) ? loads->uneven + 1 : 0;
    if (loads->uneven < LOOKS ||
        (now - loads->mended_ms) / REST_LOOKS < kc_flow_loads_interval_ms(loads))
        return NULL;
    loads->uneven = 0;
    loads->mended_ms = now;
    pthread_mutex_lock(&loads->mutex);
    loads->due = *due = loads->rates != NULL;
    pthread_mutex_unlock(&loads->mutex);
    return NULL;
}

bool kc_flow_loads_balance(struct kc_flow_loads *loads, struct kc_deal *deal)
{
    struct kc_deal balanced = {0};
    if (!loads)
        return false;
    pthread_mutex_lock(&loads->mutex);
    bool due = loads->due && loads->rates && kc_deal_equal(&loads->deal, deal);
    loads->due = false;
    size_t moved = due ? kc_deal_balance(deal, loads->rates, &balanced) : 0;
    pthread_mutex_unlock(&loads->mutex);
    if (moved > 0) {
        kc_info(
            "%zu partitions of %s change their task, since one task had far more to mirror than "
            "the others for some minutes (%s=false leaves them where they are).",
            moved, loads->config->source, KC_BALANCE_SETTING);
        kc_deal_clear(deal);
        *deal = balanced;
        return true;
    }
    kc_deal_clear(&balanced);
    return false;
}
