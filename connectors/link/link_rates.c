/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rates of mirror topics, from the ends of their logs as they were seen before: see
 * link_live_priv.h. One thread at a time.
 */
#include "connect/hash.h"
#include "link/link_live_priv.h"

#include <string.h>

enum {
    LEAST_MS = 400,       /* between two looks that make a rate */
    OLDEST_MS = 600000,   /* a look that is older says nothing about now */
    MOST_TOPICS = 100000, /* beyond, all is forgotten */
};

struct rate {
    char *topic;
    int64_t at_ms; /* of the look that the next rate begins with */
    int64_t source_end;
    int64_t target_end;
    double source_rate;
    double target_rate;
    int64_t seen_end; /* of the source, at the last look */
    int64_t same_since_ms;
    double record_bytes; /* negative: not learned */
    int64_t learned_ms;
    UT_hash_handle hh;
};

struct link_rates {
    struct rate *topics;
};

struct link_rates *link_rates_new(void)
{
    return kc_calloc(1, sizeof(struct link_rates));
}

static void forget_all(struct link_rates *rates)
{
    struct rate *rate = NULL, *next = NULL;
    HASH_ITER (hh, rates->topics, rate, next) {
        HASH_DEL(rates->topics, rate);
        free(rate->topic);
        free(rate);
    }
}

void link_rates_destroy(struct link_rates *rates)
{
    if (!rates)
        return;
    forget_all(rates);
    free(rates);
}

static void begin(struct rate *rate, int64_t source_end, int64_t target_end, int64_t now_ms)
{
    rate->at_ms = now_ms;
    rate->source_end = source_end;
    rate->target_end = target_end;
}

static struct rate *find(struct link_rates *rates, const char *topic, int64_t source_end,
                         int64_t target_end, int64_t now_ms)
{
    struct rate *rate = NULL;
    HASH_FIND_STR(rates->topics, topic, rate);
    if (rate)
        return rate;
    if (HASH_COUNT(rates->topics) >= MOST_TOPICS)
        forget_all(rates);
    rate = kc_calloc(1, sizeof(*rate));
    rate->topic = kc_strdup(topic);
    rate->source_rate = rate->target_rate = rate->record_bytes = -1;
    rate->seen_end = source_end;
    rate->same_since_ms = now_ms;
    begin(rate, source_end, target_end, now_ms);
    HASH_ADD_KEYPTR(hh, rates->topics, rate->topic, strlen(rate->topic), rate);
    return rate;
}

/* Records a second; an end that went back (a topic that was made anew) counts as none. */
static double per_second(int64_t from, int64_t to, int64_t ms)
{
    return to > from ? (double)(to - from) * 1000 / (double)ms : 0;
}

void link_rates_note(struct link_rates *rates, const char *topic, int64_t source_end,
                     int64_t target_end, int64_t now_ms, struct link_lags *lags)
{
    struct rate *rate = find(rates, topic, source_end, target_end, now_ms);
    int64_t past = now_ms - rate->at_ms;
    if (source_end != rate->seen_end) {
        rate->seen_end = source_end;
        rate->same_since_ms = now_ms;
    }
    if (past >= LEAST_MS) {
        bool old = past > OLDEST_MS;
        rate->source_rate = old ? -1 : per_second(rate->source_end, source_end, past);
        rate->target_rate = old ? -1 : per_second(rate->target_end, target_end, past);
        begin(rate, source_end, target_end, now_ms);
    }
    lags->source_rate = rate->source_rate;
    lags->target_rate = rate->target_rate;
    lags->quiet_ms = now_ms - rate->same_since_ms;
}

double link_rates_record_bytes(struct link_rates *rates, const char *topic, int64_t now_ms,
                               int64_t max_age_ms)
{
    struct rate *rate = NULL;
    HASH_FIND_STR(rates->topics, topic, rate);
    return rate && now_ms - rate->learned_ms <= max_age_ms ? rate->record_bytes : -1;
}

void link_rates_learn_bytes(struct link_rates *rates, const char *topic, int64_t now_ms,
                            double bytes)
{
    struct rate *rate = NULL;
    HASH_FIND_STR(rates->topics, topic, rate);
    if (!rate)
        return;
    rate->record_bytes = bytes;
    rate->learned_ms = now_ms;
}
