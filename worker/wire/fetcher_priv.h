/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the fetcher's parts share: fetcher.c (partitions, queue, life), fetch_session.c (requests to
 * a broker), fetch_answer.c (what came back), fetch_validate.c (truncation).
 *
 * `mutex` guards the partitions and the queue, since the consumer seeks and takes while the loop
 * fetches; it is held for bookkeeping only, never while bytes are checked or callbacks run.
 * Sessions belong to the loop thread.
 */
#ifndef WORKER_WIRE_FETCHER_PRIV_H
#define WORKER_WIRE_FETCHER_PRIV_H

#include "wire/fetcher.h"
#include "wire/messages_data.h"

#include <pthread.h>
#include <stdatomic.h>
#include <uthash.h>
#include <utlist.h>

struct fetch_part {
    char *key; /* "topic-partition" */
    char *topic;
    int32_t partition;
    int64_t generation; /* changes with each seek: answers to older requests are void */
    int64_t position;
    int32_t last_epoch;      /* of the last batch fetched; -1: unknown */
    int32_t validated_epoch; /* the leader epoch under which position was found good; -1: never */
    bool validating;
    bool paused;
    bool halted; /* waits for a seek */
    int attempts;
    int corrupt; /* bad batches in a row */
    int64_t retry_at_ms;
    int32_t preferred; /* read replica; -1: the leader */
    int64_t preferred_until_ms;
    struct kc_uuid topic_id;
    size_t queued_bytes;
    UT_hash_handle hh;
};

/* A partition as the broker's session knows it. */
struct fetch_member {
    char *key;
    char *topic;
    int32_t partition;
    struct kc_uuid topic_id;
    int64_t offset;
    int32_t epoch;
    bool wanted; /* mark of one build */
    bool sent;   /* in the request being built */
    UT_hash_handle hh;
};

struct fetch_session {
    int32_t broker_id;
    int32_t id;
    int32_t epoch;
    bool in_flight;
    size_t reserved; /* bytes that the request in flight may bring */
    int attempts;
    int64_t retry_at_ms;
    size_t candidates; /* parts that may be fetched from here, at the last poll */
    bool held_back;    /* some of them have enough queued */
    struct fetch_member *members;
    struct fetch_session *next;
};

/* A chunk in the queue or with the consumer. */
struct fetch_chunk {
    struct kc_fetched pub; /* first */
    struct kc_fetcher *fetcher;
    struct kc_wire_reply *reply; /* holds the bytes */
    char *topic;
    char *key;
    struct kc_aborted *aborted;
    size_t charged;
    struct fetch_chunk *prev, *next;
};

struct kc_fetcher {
    atomic_int refs;
    struct kc_wire_client *client;
    struct kc_wire_admin *admin; /* the client's owner, of kc_fetcher_open(); NULL */
    struct kc_fetcher_options options;
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    struct fetch_part *parts;
    struct fetch_chunk *queue;
    size_t used;  /* bytes in chunks */
    bool shares;  /* in KC_FETCHERS_BUDGET */
    bool starved; /* the budget kept a fetch back */
    bool poll_posted;
    bool woken; /* by kc_fetcher_wake() */
    bool closed;
    int64_t next_generation;

    struct fetch_session *sessions; /* loop thread, as what follows */
    struct kc_wire_timer *timer;
    unsigned int turn;
};

/* fetcher.c */
void fetcher_unref(struct kc_fetcher *fetcher);
struct kc_fetcher *fetcher_ref(struct kc_fetcher *fetcher);
void fetcher_poll(struct kc_fetcher *fetcher); /* loop thread: send what can be sent */
struct fetch_part *fetcher_part(struct kc_fetcher *fetcher, const char *key); /* locked */
void fetcher_enqueue(struct kc_fetcher *fetcher, struct fetch_chunk *chunk);  /* locked; takes */
/* Locked: halts the part and queues an event; takes err. */
void fetcher_event(struct kc_fetcher *fetcher, struct fetch_part *part, enum kc_fetched_kind kind,
                   int64_t log_start, int64_t next_offset, struct kc_error *err);
struct fetch_chunk *fetcher_chunk_new(struct kc_fetcher *fetcher, const struct fetch_part *part,
                                      enum kc_fetched_kind kind);
void fetcher_chunk_destroy(struct fetch_chunk *chunk);
void fetcher_retry_later(struct kc_fetcher *fetcher, struct fetch_part *part); /* locked */
/* Bytes that it may hold now; any thread. */
size_t fetcher_budget(const struct kc_fetcher *fetcher);
/* From now on the fetcher has a share in KC_FETCHERS_BUDGET, as others in this process. */
void fetcher_share(struct kc_fetcher *fetcher);
/* Locked: the broker to fetch the part from; -1: none now. */
int32_t fetcher_broker_of(struct kc_fetcher *fetcher, struct fetch_part *part, int64_t now,
                          int32_t *leader_epoch);

/* fetch_session.c */
struct fetch_session *fetch_session_get(struct kc_fetcher *fetcher, int32_t broker_id);
void fetch_session_send(struct kc_fetcher *fetcher, struct fetch_session *session,
                        size_t max_bytes);
void fetch_session_reset(struct fetch_session *session, bool keep_id);
void fetch_sessions_destroy(struct kc_fetcher *fetcher);

/* fetch_answer.c: loop thread, unlocked. */
void fetch_answer(struct kc_fetcher *fetcher, struct fetch_session *session,
                  struct kc_wire_reply *reply);

/* fetch_validate.c */
void fetch_validate(struct kc_fetcher *fetcher, int64_t now); /* loop thread, unlocked */

#endif
