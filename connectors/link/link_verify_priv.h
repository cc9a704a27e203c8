/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compares mirror topics with their sources, record by record: offset, timestamp, key, value and
 * headers as they are seen by a reader of committed records. Control records and records of aborted
 * transactions aren't seen.
 *
 * Where offsets are translated, a record of the target counts as one of the source's offset that
 * the offset index has for it.
 *
 * A partition is read on both sides at once, a chunk of each in memory; several partitions are
 * compared at a time. A comparison that isn't done when the time is up says where it can go on.
 *
 * In a compacted topic each side is cleaned when it likes, and the link has put fillers there. So a
 * record that one side alone has is no difference when its key comes again, or when it has no
 * value.
 */
#ifndef CONNECTORS_LINK_LINK_VERIFY_PRIV_H
#define CONNECTORS_LINK_LINK_VERIFY_PRIV_H

#include "connect/record_batch.h"
#include "connect/resource.h"
#include "link/link_map_priv.h"
#include "link/link_store_priv.h"

/* ---- link_verify_compare.c: two streams of records, pure ---- */

enum link_verify_got {
    LINK_VERIFY_RECORD,
    LINK_VERIFY_END,  /* of what is to be compared */
    LINK_VERIFY_STOP, /* the time is up, or something is wrong */
};
/* The next record, valid until the next call. */
typedef enum link_verify_got (*link_verify_next)(void *stream, struct kc_plain_record *record);

enum link_verify_kind {
    LINK_VERIFY_SAME,
    LINK_VERIFY_MISSING, /* the source's record isn't there */
    LINK_VERIFY_EXTRA,   /* the target has a record where the source has none */
    LINK_VERIFY_SHIFTED, /* the source's record has another offset on the target */
    LINK_VERIFY_TIMESTAMP,
    LINK_VERIFY_KEY,
    LINK_VERIFY_VALUE,
    LINK_VERIFY_HEADERS,
};
const char *link_verify_kind_name(enum link_verify_kind kind); /* "missing", ... */

struct link_verify_pair {
    link_verify_next next;
    void *source; /* streams, which may go on behind the range */
    void *target;
    int64_t to; /* the range's end: records from there on only tell whether one before is shifted */
    bool compacted;
    /* Of a compacted topic: the range ends where the source's, the target's log ends. What a side
     * lacks can't be judged when its key may come again behind the range. */
    bool source_ends;
    bool target_ends;

    /* out */
    int64_t records;     /* that are equal */
    int64_t only_source; /* in a compacted topic: that one side alone has any more */
    int64_t only_target;
    int64_t next_offset;        /* in, out: where to go on; nothing before it is left to compare */
    bool complete;              /* both ended */
    enum link_verify_kind kind; /* of the first difference */
    int64_t source_offset;      /* of it; -1 */
    int64_t target_offset;      /* of the same kind as those of the records */
};
/* What the difference is: a text for people, the caller's. */
char *link_verify_text(const struct link_verify_pair *pair);
/* Compares until both end, one stops, or the first difference. next_offset is, before, the first
 * offset that is to be compared. */
void link_verify_compare(struct link_verify_pair *pair);

/* ---- link_verify_stream.c: the records of a range of one partition ---- */

struct link_verify_stream;

struct link_verify_stream *link_verify_stream_new(struct kc_fetcher *fetcher, const char *topic,
                                                  int32_t partition, int64_t from, int64_t to);
/* Ends the fetching of the partition. NULL is fine. */
void link_verify_stream_destroy(struct link_verify_stream *stream);
/* No longer than until then (kc_mono_ms() units), or until stop is set, which may be NULL. */
void link_verify_stream_limit(struct link_verify_stream *stream, int64_t until,
                              const struct kc_stop *stop);
enum link_verify_got link_verify_stream_next(void *stream, struct kc_plain_record *record);
/* Why it stopped: the caller's; NULL: the time was up. */
char *link_verify_stream_error(struct link_verify_stream *stream);

/* ---- link_verify.c: many partitions ---- */

struct link_verify_partition {
    int32_t partition;
    int64_t from;        /* in; -1: where both logs begin. Out: where it began */
    int64_t to;          /* in; -1: where both logs end. Out: where it ends */
    int64_t ends[2];     /* out, of both logs, as offsets of the source */
    struct link_map map; /* where offsets are translated */
    int64_t target_end;  /* the same, as it is on the target */
    struct link_verify_pair pair;
    bool done;   /* with a result */
    char *error; /* it couldn't be compared, or not to its end: why, and what to do; NULL */
};

struct link_verify_place; /* of a partition, by its number */

struct link_verify_topic {
    char *name; /* on the target */
    char *source;
    bool compacted;
    bool translate;           /* in: offsets differ on both sides, for this topic: */
    struct kc_uuid target_id; /* in */
    char *error;              /* of the topic as a whole: why, and what to do; NULL */
    struct link_verify_partition *partitions;
    size_t count;
    size_t cap;
    struct link_verify_place *places;
};

struct link_verify {
    struct link_verify_topic *topics;
    size_t count;
};
void link_verify_clear(struct link_verify *verify);
/* The topic; a new one where there is none of this name. source: on the source. */
struct link_verify_topic *link_verify_add(struct link_verify *verify, const char *name,
                                          const char *source);
/* A partition of the topic; a new one where there is none. Invalidates former ones. */
struct link_verify_partition *link_verify_part(struct link_verify_topic *topic, int32_t partition);

/* Compares all of it; topics without partitions get all that the source has. Until then
 * (kc_mono_ms() units), or until stop is set, which may be NULL; a compacted topic's partition,
 * once begun, is compared to its end. An error is of the whole. */
struct kc_error *link_verify_run(const struct link_config *config, struct link_verify *verify,
                                 int64_t until, const struct kc_stop *stop) KC_MUST_CHECK;

/* ---- link_verify_resource.c ---- */

/* POST /links/{link}/verify; a row with KC_RESOURCE_BODY and KC_RESOURCE_ANYWHERE. */
void link_verify_handle(void *connector, struct kc_resource_request *request);
/* Takes what a request's body asks for. Each topic must be a mirror topic. */
struct kc_error *link_verify_take(struct link_store *store, const json_t *body,
                                  struct link_verify *verify) KC_MUST_CHECK;
/* What REST answers. New reference. */
json_t *link_verify_json(const struct link_verify *verify);

/* ---- link_verifier.c: again and again, in a task ---- */

struct link_verifier;

/* Starts a thread that compares what config's task has copied since it last looked, every
 * link.verify.interval.ms; *verifier is NULL where that is 0. A difference is a line in the log.
 * config and store are borrowed. */
struct kc_error *link_verifier_open(const struct link_config *config, struct link_store *store,
                                    struct link_verifier **verifier) KC_MUST_CHECK;
/* What the verifier has found for a topic: a text for people, the caller's; NULL: no difference.
 * Any thread. */
char *link_verifier_finding(struct link_verifier *verifier, const char *topic);
void link_verifier_close(struct link_verifier *verifier); /* NULL is fine */

#endif
