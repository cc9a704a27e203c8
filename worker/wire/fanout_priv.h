/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bulk operation on partitions, one request per leader, repeated for what failed retriably. Used
 * by wire_offsets.c and wire_producers.c; blocking.
 */
#ifndef WORKER_WIRE_FANOUT_PRIV_H
#define WORKER_WIRE_FANOUT_PRIV_H

#include "wire/wire_admin.h"

/* One partition's part of the operation. */
struct wire_part {
    const char *topic;
    int32_t partition;
    void *item; /* the caller's */
    int32_t leader;
    int32_t leader_epoch;
    bool done;
    struct kc_error **error; /* in the item */
};

struct wire_fanout {
    enum kc_api api;
    struct wire_part *parts; /* with room for all that are added */
    size_t count;
    void *arg;
    bool once; /* a sent part isn't sent again, whatever the answer */
    /* Fills a request for parts of one leader, sorted by topic. */
    void (*build)(const struct wire_fanout *fanout, struct kc_wire_request *request,
                  struct wire_part **parts, size_t count);
    /* Reads an answer; calls wire_fanout_result() for each part. */
    void (*take)(struct wire_fanout *fanout, const struct kc_wire_reply *reply,
                 struct wire_part **parts, size_t count);
};

/* Adds a part, whose error is NULL so far. All is borrowed. */
void wire_fanout_add(struct wire_fanout *fanout, const char *topic, int32_t partition, void *item,
                     struct kc_error **error);

/* For parts sorted by topic: the number of their topics; and how many of them, from i on, share one
 * topic. */
int32_t wire_fanout_topics(struct wire_part *const *parts, size_t count);
int32_t wire_fanout_run_length(struct wire_part *const *parts, size_t count, size_t i);

/* For parts of one leader, which are sorted by topic and partition: the first that doesn't stand
 * before a place, or count. */
size_t wire_fanout_first(struct wire_part *const *parts, size_t count, struct kc_wire_str topic,
                         int32_t partition);
/* Whether there is a part i, and it is of this place. */
bool wire_fanout_is_at(struct wire_part *const *parts, size_t count, size_t i,
                       struct kc_wire_str topic, int32_t partition);
/* The part of an answer, among those of one leader; NULL when it wasn't asked for. */
struct wire_part *wire_fanout_find(struct wire_part **parts, size_t count, struct kc_wire_str topic,
                                   int32_t partition);
/* Notes the part's result: done, failed for good, or to try again. */
void wire_fanout_result(const struct wire_fanout *fanout, struct wire_part *part, int16_t code,
                        const char *message);

/* Fills topics, a request's list of `struct topic_type`, from parts sorted by topic. Gives each
 * topic a list of `struct partition_type`, and calls fill() for each of these and its part. */
#define WIRE_FANOUT_BUILD(arena, topics, topic_type, partition_type, parts, n, fill)               \
    do {                                                                                           \
        KC_WIRE_LIST_NEW((arena), (topics), topic_type, wire_fanout_topics((parts), (n)));         \
        struct topic_type *build_topic = (topics)->items;                                          \
        for (size_t build_i = 0; build_i < (n); build_topic++) {                                   \
            int32_t build_run = wire_fanout_run_length((parts), (n), build_i);                     \
            build_topic->name = kc_wire_str_copy((arena), (parts)[build_i]->topic);                \
            KC_WIRE_LIST_NEW((arena), &build_topic->partitions, partition_type, build_run);        \
            for (int32_t build_j = 0; build_j < build_run; build_j++)                              \
                fill(&build_topic->partitions.items[build_j], (parts)[build_i++]);                 \
        }                                                                                          \
    } while (0)

/* Calls take() for each part of an answer's list of topics that was asked for. */
#define WIRE_FANOUT_TAKE(fanout, topics, parts, n, take)                                           \
    do {                                                                                           \
        for (int32_t take_i = 0; take_i < (topics)->count; take_i++) {                             \
            for (int32_t take_j = 0; take_j < (topics)->items[take_i].partitions.count;            \
                 take_j++) {                                                                       \
                struct wire_part *take_part = wire_fanout_find(                                    \
                    (parts), (n), (topics)->items[take_i].name,                                    \
                    (topics)->items[take_i].partitions.items[take_j].partition_index);             \
                if (take_part)                                                                     \
                    take((fanout), take_part, &(topics)->items[take_i].partitions.items[take_j]);  \
            }                                                                                      \
        }                                                                                          \
    } while (0)

struct kc_error *wire_fanout_run(struct kc_wire_admin *admin, struct wire_fanout *fanout,
                                 int32_t timeout_ms) KC_MUST_CHECK;

#endif
