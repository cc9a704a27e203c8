/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the state topic says, as a gateway needs it: links, their topics' ways and flip tables, and
 * the gateway's own records. Without clocks and without I/O. The caller has one lock for a table.
 */
#ifndef WORKER_GATEWAY_GATEWAY_TABLE_PRIV_H
#define WORKER_GATEWAY_GATEWAY_TABLE_PRIV_H

#include "connect/hash.h"
#include "connect/topic_log.h"
#include "gateway/gateway_lease_priv.h"
#include "gateway/gateway_links_priv.h"

struct gateway_flip_table; /* a partition's, shared by reference */

/* A topic of the target that a link has an order for, or had one. */
struct gateway_topic {
    char *name;
    struct gateway_followed *link;
    bool ordered; /* the next three are of the order */
    bool refused;
    char *source_topic;
    struct kc_uuid target_id;
    json_t *state_json; /* the record that is in effect; NULL: none */
    enum kc_link_topic_state state;
    int64_t state_epoch;
    int64_t state_since_ms;
    struct gateway_flip_table **flips; /* by partition; NULL where there is none */
    int32_t flip_count;
    struct gateway_way *way; /* NULL: the link doesn't have the topic any more */
    int64_t under_way;       /* writes to the source in this lease */
    bool in_ids;             /* it is in by_id */
    UT_hash_handle hh;
    UT_hash_handle hh_id;
};

/* A producer that has written to the source through this gateway. */
struct gateway_writer {
    int64_t id;
    int64_t seen_ms;
    UT_hash_handle hh; /* in the order of seen_ms */
};

/* A link that has records in the state topic. */
struct gateway_followed {
    struct gateway_table *table;
    char *name;
    char *source_id; /* of the link's own record; NULL: none yet */
    char *target_id;
    bool routed; /* by this gateway */
    bool told;   /* why it isn't, in the log */
    struct gateway_lease lease;
    struct gateway_topic *topics;
    struct gateway_writer *writers;
    UT_hash_handle hh;
};

struct gateway_table {
    char *gateway;            /* its name */
    struct kc_strings chosen; /* links that it routes; empty: all */
    struct gateway_followed *links;
    struct gateway_topic *by_id; /* topics that have a way, by the target's id */
    size_t active;               /* topics whose truth is the source */
    int64_t source_tag;          /* of the first link that is routed; -1: none yet */
    int64_t target_tag;
    char *source_id;
};

void gateway_table_init(struct gateway_table *table, const char *gateway,
                        const struct kc_strings *links);
void gateway_table_clear(struct gateway_table *table);

/* Takes a record, in the order of the topic. True: a topic's way has changed. Records that can't be
 * read are logged and left out. */
bool gateway_table_apply(struct gateway_table *table, const struct kc_log_record *record);

struct gateway_topic *gateway_table_topic(struct gateway_table *table, const char *link,
                                          const char *topic);
/* By name, or by the target's id (topic NULL). Borrowed. */
struct gateway_way *gateway_table_way(struct gateway_table *table, const char *topic,
                                      const struct kc_uuid *id);
/* Whether a topic of a routed link isn't promoted yet. */
bool gateway_table_active(const struct gateway_table *table);
/* Whether routed links have topics, all of which are promoted. */
bool gateway_table_over(const struct gateway_table *table);
/* The topics of a link that are PROMOTING and have nothing under way, for its record: items are
 * borrowed from the table, the array is the caller's. */
struct kc_link_held *gateway_table_held(const struct gateway_followed *link, size_t *count);
/* The producer writes now. Whether it is a new one, which the link's record doesn't name yet. */
bool gateway_table_wrote(struct gateway_followed *link, int64_t producer_id, int64_t now_ms);
/* Producers that have written lately, for the link's record. A new reference. */
json_t *gateway_table_writers(struct gateway_followed *link, int64_t now_ms);
/* Nothing of this lease is under way any more. */
void gateway_table_drop_tickets(struct gateway_followed *link);

/* gateway_ways.c */
struct gateway_way *gateway_way_new(const struct gateway_topic *topic);
bool gateway_way_same(const struct gateway_way *a, const struct gateway_way *b);
const struct kc_link_flip *gateway_way_flip(const struct gateway_way *way, int32_t partition);
struct gateway_flip_table *gateway_flip_table_new(struct kc_link_flip *flip); /* takes its parts */
struct gateway_flip_table *gateway_flip_table_ref(struct gateway_flip_table *table);
void gateway_flip_table_unref(struct gateway_flip_table *table); /* NULL is fine */
int64_t gateway_flip_table_epoch(const struct gateway_flip_table *table);

#endif
