/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How both sides of a link are now, for REST and for checks of orders: ends of logs, lags, rates.
 *
 * Questions are asked in bulk and with short time-outs, because somebody waits and the requests
 * behind wait too. A side that didn't answer isn't asked again for some seconds. Rates follow from
 * what was seen before. Any thread.
 */
#ifndef CONNECTORS_LINK_LINK_LIVE_PRIV_H
#define CONNECTORS_LINK_LINK_LIVE_PRIV_H

#include "link/link_config_priv.h"
#include "link/link_index_priv.h"

struct link_live;

struct kc_error *link_live_new(const struct link_config *config,
                               struct link_live **live) KC_MUST_CHECK;
void link_live_destroy(struct link_live *live); /* NULL is fine */

/* Where records are whose offsets are translated. It is read to its end whenever a topic is looked
 * at that needs it, after the target was asked for its ends. */
struct link_index *link_live_index(struct link_live *live);
/* The admin of a side, with a short time-out; NULL: the side didn't answer a moment ago, and *why
 * (the caller's) says what it was. */
struct kc_admin *link_live_admin(struct link_live *live, enum link_side side, char **why);
/* What came of a call: takes err, and remembers that the side is away unless the error is about
 * something else. The text is the caller's; NULL: no error. */
char *link_live_failed(struct link_live *live, enum link_side side, struct kc_error *err);

/* A partition. Offsets are -1 where they aren't known. */
struct link_lag {
    int32_t partition;
    int64_t source_start;
    int64_t source_end;    /* the high watermark */
    int64_t source_stable; /* the last stable offset */
    int64_t target_end;
    int64_t source_at;      /* the target has everything before this offset of the source */
    int64_t lag;            /* records; -1: not known */
    int64_t source_time_ms; /* of the source's newest record; -1: not asked, or not known */
    int64_t lag_ms; /* the age of what is missing, by the records' own times; -1: not known */
};

/* A mirror topic. */
struct link_lags {
    const char *topic;        /* in, borrowed, as the next: on the target */
    const char *source_topic; /* in; NULL: it isn't a mirror topic, and isn't asked for */
    int32_t partitions;       /* in: that are linked */
    bool preserve;            /* in: offsets are the same on both sides */
    struct kc_uuid target_id; /* in: of the topic on the target */
    struct link_lag *items;   /* out, as all that follows */
    size_t count;
    bool source_gone; /* the side answered, and has no such topic */
    bool target_gone;
    int64_t lag;         /* of all partitions; -1: not known of one of them */
    int64_t max_lag;     /* of one partition; -1: the same */
    double record_bytes; /* of one that is missing, as the log has it; negative: not known */
    double source_rate;  /* records a second; negative: not known yet */
    double target_rate;
    int64_t quiet_ms; /* so long the source's ends have been seen unchanged */
};

/* A look at some topics. */
struct link_look {
    struct link_lags *topics;
    size_t count;
    char *source_error; /* NULL: the side answered */
    char *target_error;
    char *state_error; /* why the link's state isn't kept; NULL: it is, or nobody has asked */
};

/* Fills in what is out. closely: also lag_ms and record_bytes, which take more requests. */
void link_live_look(struct link_live *live, struct link_look *look, bool closely);
void link_look_clear(struct link_look *look); /* frees the topics too */

/* How long it takes until all is copied at the rates that were seen; -1: not known, or never. */
int64_t link_lags_eta_ms(const struct link_lags *lags);

/* ---- link_rates.c: what was seen before ---- */

struct link_rates;

struct link_rates *link_rates_new(void);
void link_rates_destroy(struct link_rates *rates);
/* Remembers the sums of a topic's ends (now_ms: kc_mono_ms()), and tells the rates. */
void link_rates_note(struct link_rates *rates, const char *topic, int64_t source_end,
                     int64_t target_end, int64_t now_ms, struct link_lags *lags);
/* The size of a topic's records that was learned at most max_age_ms ago, and learns one. */
double link_rates_record_bytes(struct link_rates *rates, const char *topic, int64_t now_ms,
                               int64_t max_age_ms);
void link_rates_learn_bytes(struct link_rates *rates, const char *topic, int64_t now_ms,
                            double bytes);

/* ---- link_record_size.c ---- */

/* The average size of records from an offset of a source partition on: reads a batch or two.
 * Negative: none came within a second or two. */
double link_record_size(const struct link_config *config, const char *topic, int32_t partition,
                        int64_t offset);

#endif
