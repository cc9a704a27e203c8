/* SPDX-License-Identifier: Apache-2.0 */
/* How both sides are now: see link_live_priv.h. */
#include "link/link_live_priv.h"

#include "connect/admin.h"
#include "connect/log.h"
#include "connect/thread.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.connect.link.Resource");

enum {
    ASK_MS = 5000,   /* of one call */
    AWAY_MS = 10000, /* so long a side that didn't answer isn't asked */
    SIZE_MS = 60000, /* how old the size of records may be before it is looked at again */
    OLD_MS = 3600000,
    SIZES_AT_ONCE = 8, /* topics whose records are looked at for one request */
};

struct side_sight {
    struct kc_admin *admin;
    int64_t away_until_ms;
    char *why;
};

struct link_live {
    const struct link_config *config;
    struct side_sight sides[2]; /* by enum link_side */
    struct link_rates *rates;
    struct link_index *index;
    pthread_mutex_t lock; /* of all but the admins and the index, which don't change */
};

struct kc_error *link_live_new(const struct link_config *config, struct link_live **live)
{
    struct link_live *made = kc_calloc(1, sizeof(*made));
    struct kc_error *err = NULL;
    pthread_mutex_init(&made->lock, NULL);
    made->config = config;
    made->rates = link_rates_new();
    made->index = link_index_new(config, "view");
    for (int side = LINK_SOURCE; side <= LINK_TARGET && !err; side++) {
        err = link_admin_new(config, side, "view", &made->sides[side].admin);
        if (!err)
            kc_admin_set_timeout(made->sides[side].admin, ASK_MS);
    }
    if (err)
        link_live_destroy(made);
    else
        *live = made;
    return err;
}

void link_live_destroy(struct link_live *live)
{
    if (!live)
        return;
    for (int side = LINK_SOURCE; side <= LINK_TARGET; side++) {
        if (live->sides[side].admin)
            kc_admin_destroy(live->sides[side].admin);
        free(live->sides[side].why);
    }
    link_rates_destroy(live->rates);
    link_index_close(live->index);
    pthread_mutex_destroy(&live->lock);
    free(live);
}

struct link_index *link_live_index(struct link_live *live)
{
    return live->index;
}

/* ---- a side that is away ---- */

struct kc_admin *link_live_admin(struct link_live *live, enum link_side side, char **why)
{
    struct side_sight *sight = &live->sides[side];
    pthread_mutex_lock(&live->lock);
    bool away = kc_mono_ms() < sight->away_until_ms;
    *why = away ? kc_strdup(sight->why) : NULL;
    pthread_mutex_unlock(&live->lock);
    return away ? NULL : sight->admin;
}

/* Whether an error says that nobody answers, rather than that the answer is no. */
static bool is_away(const struct kc_error *err)
{
    return kc_error_retriable(err) || kc_error_code(err) == KC_ERR_TIMEOUT ||
           kc_error_code(err) == KC_ERR_IO || kc_error_kafka_code(err) < 0;
}

char *link_live_failed(struct link_live *live, enum link_side side, struct kc_error *err)
{
    struct side_sight *sight = &live->sides[side];
    if (!err)
        return NULL;
    char *text = kc_strdup(kc_error_text(err));
    if (is_away(err)) {
        pthread_mutex_lock(&live->lock);
        free(sight->why);
        sight->why = kc_strdup(text);
        sight->away_until_ms = kc_mono_ms() + AWAY_MS;
        pthread_mutex_unlock(&live->lock);
    }
    kc_error_destroy(err);
    return text;
}

/* ---- which topics there are ---- */

static const char *name_on(const struct link_lags *lags, enum link_side side)
{
    return side == LINK_SOURCE ? lags->source_topic : lags->topic;
}

/* A topic that isn't there would be waited for: ask for the others alone. */
static struct kc_error *find_topics(struct kc_admin *admin, enum link_side side,
                                    struct link_look *look)
{
    struct kc_strings names = {0};
    struct kc_topic_descriptions found = {0};
    for (size_t i = 0; i < look->count; i++)
        if (look->topics[i].source_topic)
            kc_strings_add(&names, name_on(&look->topics[i], side));
    struct kc_error *err = names.count ? kc_admin_describe_topics(admin, &names, &found) : NULL;
    for (size_t i = 0, k = 0; i < look->count && !err; i++) {
        if (!look->topics[i].source_topic || k >= found.count)
            continue;
        /* UNKNOWN_TOPIC_OR_PARTITION */
        bool gone = kc_error_kafka_code(found.items[k++].error) == 3;
        if (side == LINK_SOURCE)
            look->topics[i].source_gone = gone;
        else
            look->topics[i].target_gone = gone;
    }
    kc_topic_descriptions_destroy(&found);
    kc_strings_destroy(&names);
    return err;
}

/* ---- offsets of all partitions ---- */

/* Where an offset of a partition goes. */
typedef void (*take_offset)(struct link_lag *lag, const struct kc_partition_offset *offset);

struct offsets_question {
    enum link_side side;
    int64_t timestamp; /* as a kc_partition_offset's */
    bool committed_only;
    bool lagging_only;
    take_offset take;
};

static bool is_asked(const struct offsets_question *question, const struct link_lags *lags,
                     const struct link_lag *lag)
{
    bool gone = question->side == LINK_SOURCE ? lags->source_gone : lags->target_gone;
    return !gone && (!question->lagging_only || lag->lag > 0);
}

static struct kc_error *ask_offsets(struct kc_admin *admin, struct link_look *look,
                                    const struct offsets_question *question)
{
    size_t room = 1, count = 0;
    for (size_t i = 0; i < look->count; i++)
        room += look->topics[i].count;
    struct kc_partition_offset *items = kc_calloc(room, sizeof(*items));
    struct link_lag **places = kc_calloc(room, sizeof(struct link_lag *));
    for (size_t i = 0; i < look->count; i++) {
        struct link_lags *lags = &look->topics[i];
        for (size_t k = 0; k < lags->count; k++) {
            if (!is_asked(question, lags, &lags->items[k]))
                continue;
            items[count] = (struct kc_partition_offset){.topic = name_on(lags, question->side),
                                                        .partition = lags->items[k].partition,
                                                        .timestamp = question->timestamp};
            places[count++] = &lags->items[k];
        }
    }
    struct kc_error *err =
        count ? kc_admin_list_offsets(admin, items, count, question->committed_only) : NULL;
    for (size_t i = 0; i < count; i++) {
        if (!err && !items[i].error)
            question->take(places[i], &items[i]);
        kc_error_destroy(items[i].error);
    }
    free(places);
    free(items);
    return err;
}

static void take_source_start(struct link_lag *lag, const struct kc_partition_offset *offset)
{
    lag->source_start = offset->offset;
}

static void take_source_end(struct link_lag *lag, const struct kc_partition_offset *offset)
{
    lag->source_end = offset->offset;
}

static void take_source_stable(struct link_lag *lag, const struct kc_partition_offset *offset)
{
    lag->source_stable = offset->offset;
}

static void take_target_end(struct link_lag *lag, const struct kc_partition_offset *offset)
{
    lag->target_end = offset->offset;
}

static void take_source_time(struct link_lag *lag, const struct kc_partition_offset *offset)
{
    lag->source_time_ms = offset->found_timestamp;
}

static void take_target_time(struct link_lag *lag, const struct kc_partition_offset *offset)
{
    int64_t behind = lag->source_time_ms - offset->found_timestamp;
    if (lag->source_time_ms >= 0 && offset->found_timestamp >= 0)
        lag->lag_ms = behind > 0 ? behind : 0;
}

static const struct offsets_question ends[] = {
    {LINK_TARGET, KC_OFFSET_LATEST, false, false, take_target_end},
    {LINK_SOURCE, KC_OFFSET_EARLIEST, false, false, take_source_start},
    {LINK_SOURCE, KC_OFFSET_LATEST, true, false, take_source_stable},
    {LINK_SOURCE, KC_OFFSET_LATEST, false, false, take_source_end},
};
static const struct offsets_question times[] = {
    {LINK_SOURCE, KC_OFFSET_MAX_TIMESTAMP, false, true, take_source_time},
    {LINK_TARGET, KC_OFFSET_MAX_TIMESTAMP, false, true, take_target_time},
};

/* One side's questions, in order; the first that fails ends them. Returns why; NULL: all is well.
 */
static char *ask_side(struct link_live *live, enum link_side side, struct link_look *look,
                      const struct offsets_question *questions, size_t count, bool first)
{
    char *why = NULL;
    struct kc_admin *admin = link_live_admin(live, side, &why);
    if (!admin)
        return why;
    struct kc_error *err = first ? find_topics(admin, side, look) : NULL;
    for (size_t i = 0; i < count && !err; i++)
        if (questions[i].side == side)
            err = ask_offsets(admin, look, &questions[i]);
    return link_live_failed(live, side, err);
}

/* ---- what follows from the offsets ---- */

static void prepare(struct link_lags *lags)
{
    lags->count = lags->source_topic && lags->partitions > 0 ? (size_t)lags->partitions : 0;
    lags->items = kc_calloc(lags->count + 1, sizeof(*lags->items));
    for (size_t i = 0; i < lags->count; i++)
        lags->items[i] = (struct link_lag){(int32_t)i, -1, -1, -1, -1, -1, -1, -1, -1};
    lags->source_rate = lags->target_rate = lags->record_bytes = -1;
    lags->lag = lags->max_lag = -1;
}

/* The target's offset is the source's where offsets are preserved. */
static int64_t source_at(const struct link_live *live, const struct link_lags *lags,
                         const struct link_lag *lag)
{
    const struct link_index_place place = {lags->topic, lags->target_id, lag->partition};
    if (lags->preserve || lag->target_end < 0)
        return lag->target_end;
    return link_index_source(live->index, &place, lag->target_end);
}

/* Where the copying goes on: what lies before the source's start was deleted there. */
static int64_t goes_on_at(const struct link_lag *lag)
{
    return lag->source_at > lag->source_start ? lag->source_at : lag->source_start;
}

static int64_t lag_of(const struct link_lag *lag)
{
    if (lag->source_end < 0 || lag->source_at < 0)
        return -1;
    int64_t at = goes_on_at(lag);
    return lag->source_end > at ? lag->source_end - at : 0;
}

/* Sums of the ends. False: one isn't known. */
static bool sum_ends(const struct link_lags *lags, int64_t *source, int64_t *target)
{
    *source = *target = 0;
    for (size_t i = 0; i < lags->count; i++) {
        if (lags->items[i].source_end < 0 || lags->items[i].target_end < 0)
            return false;
        *source += lags->items[i].source_end;
        *target +=
            lags->items[i].source_at >= 0 ? lags->items[i].source_at : lags->items[i].target_end;
    }
    return true;
}

static void conclude(struct link_live *live, struct link_lags *lags, int64_t now_ms)
{
    int64_t source = 0, target = 0, sum = 0, most = 0;
    bool known = true;
    for (size_t i = 0; i < lags->count; i++) {
        struct link_lag *lag = &lags->items[i];
        lag->source_at = source_at(live, lags, lag);
        lag->lag = lag_of(lag);
        known = known && lag->lag >= 0;
        sum += lag->lag;
        most = lag->lag > most ? lag->lag : most;
        lag->lag_ms = lag->lag == 0 ? 0 : -1;
    }
    lags->lag = known ? sum : -1;
    lags->max_lag = known ? most : -1;
    if (!sum_ends(lags, &source, &target))
        return;
    pthread_mutex_lock(&live->lock);
    link_rates_note(live->rates, lags->topic, source, target, now_ms, lags);
    lags->record_bytes = link_rates_record_bytes(live->rates, lags->topic, now_ms, OLD_MS);
    pthread_mutex_unlock(&live->lock);
}

/* How large the missing records are, of a topic that misses some. False: nothing was asked. */
static bool learn_size(struct link_live *live, struct link_lags *lags)
{
    const struct link_lag *most = NULL;
    int64_t now = kc_mono_ms();
    for (size_t i = 0; i < lags->count; i++)
        if (lags->items[i].lag > 0 && (!most || lags->items[i].lag > most->lag))
            most = &lags->items[i];
    pthread_mutex_lock(&live->lock);
    bool known = link_rates_record_bytes(live->rates, lags->topic, now, SIZE_MS) >= 0;
    pthread_mutex_unlock(&live->lock);
    if (!most || known)
        return false;
    double bytes =
        link_record_size(live->config, lags->source_topic, most->partition, goes_on_at(most));
    if (bytes < 0)
        return true;
    lags->record_bytes = bytes;
    pthread_mutex_lock(&live->lock);
    link_rates_learn_bytes(live->rates, lags->topic, now, bytes);
    pthread_mutex_unlock(&live->lock);
    return true;
}

/* Kafka before 3.0 doesn't know the newest record's time: then lag_ms isn't known. */
static void look_closely(struct link_live *live, struct link_look *look)
{
    enum { TIMES = sizeof(times) / sizeof(times[0]) };
    int asked = 0;
    char *why = ask_side(live, LINK_SOURCE, look, times, TIMES, false);
    if (!why)
        why = ask_side(live, LINK_TARGET, look, times, TIMES, false);
    free(why);
    for (size_t i = 0; i < look->count && asked < SIZES_AT_ONCE; i++)
        asked += learn_size(live, &look->topics[i]);
}

/* Records before the ends that the target has told have their place in the index. */
static void read_index(struct link_live *live, const struct link_look *look)
{
    bool needed = false;
    for (size_t i = 0; i < look->count; i++)
        needed = needed || (look->topics[i].source_topic && !look->topics[i].preserve);
    struct kc_error *err =
        needed && !look->target_error ? link_index_refresh(live->index, NULL) : NULL;
    if (err)
        kc_warn("%s", kc_error_text(err));
    kc_error_destroy(err);
}

void link_live_look(struct link_live *live, struct link_look *look, bool closely)
{
    enum { ENDS = sizeof(ends) / sizeof(ends[0]) };
    for (size_t i = 0; i < look->count; i++)
        prepare(&look->topics[i]);
    look->target_error = ask_side(live, LINK_TARGET, look, ends, ENDS, true);
    read_index(live, look);
    look->source_error = ask_side(live, LINK_SOURCE, look, ends, ENDS, true);
    int64_t now = kc_mono_ms();
    for (size_t i = 0; i < look->count; i++)
        conclude(live, &look->topics[i], now);
    if (closely && !look->source_error && !look->target_error)
        look_closely(live, look);
}

void link_look_clear(struct link_look *look)
{
    for (size_t i = 0; i < look->count; i++)
        free(look->topics[i].items);
    free(look->topics);
    free(look->source_error);
    free(look->target_error);
    free(look->state_error);
    *look = (struct link_look){0};
}

int64_t link_lags_eta_ms(const struct link_lags *lags)
{
    if (lags->lag <= 0)
        return lags->lag;
    double gain = lags->target_rate - (lags->source_rate > 0 ? lags->source_rate : 0);
    double ms = gain > 0 ? (double)lags->lag * 1000 / gain : -1;
    return ms < 0 || ms > 1e15 ? -1 : (int64_t)ms;
}
