/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the fetcher's parts share: fetcher.c (partitions, queue, life), fetch_plan.c (which
 * partition from which broker), fetch_session.c (requests to a broker), fetch_answer.c (what came
 * back), fetch_validate.c (truncation).
 *
 * `mutex` guards the partitions, the queue and the sessions' lists of partitions, since the
 * consumer seeks and takes while the loop fetches; it is held for bookkeeping only, never while
 * bytes are checked or callbacks run. The rest of a session belongs to the loop thread.
 *
 * Nothing here goes through all partitions but a change of the metadata, a lost session and the
 * end.
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

    /* fetch_plan.c */
    struct fetch_session *goal;    /* that is to fetch it; NULL: none now */
    struct fetch_session *held_by; /* that would, were there not enough queued */
    struct fetch_session *session; /* whose broker has been told of it, as follows */
    int64_t sent_offset;
    int32_t sent_epoch;
    struct kc_uuid sent_id;
    int32_t epoch;      /* the leader's, for the next request */
    bool dirty;         /* in the fetcher's list, as its names say; the same for the next */
    bool fresh;         /* in goal's list */
    bool nameless;      /* counted in goal's number of those without a topic id */
    int64_t wake_at_ms; /* 0: not in `waiting` */
    struct fetch_part *dirty_prev, *dirty_next;
    struct fetch_part *fresh_prev, *fresh_next;
    struct fetch_part *member_prev, *member_next;
    struct fetch_part *wait_prev, *wait_next;

    struct fetch_id {
        struct kc_uuid topic_id;
        int32_t partition;
    } id; /* with a topic id: the key in by_id */
    UT_hash_handle hh;
    UT_hash_handle hh_id;
};

/* What a broker is to take out of its session. */
struct fetch_forgotten {
    char *topic;
    int32_t partition;
    struct kc_uuid topic_id;
    struct fetch_forgotten *next;
};

struct fetch_session {
    int32_t broker_id;
    int32_t id;
    int32_t epoch;
    bool in_flight;
    size_t reserved; /* bytes that the request in flight may bring */
    int attempts;
    int64_t sent_at_ms;
    int64_t fastest_ms;  /* from a request to its answer, of the `answers` so far */
    int answers;         /* counted no further than what is decided by them */
    int64_t retry_at_ms; /* nothing is sent before */
    struct fetch_session *next;

    size_t candidates;          /* parts whose goal it is: members and fresh ones */
    size_t nameless;            /* of these: without a topic id */
    size_t held;                /* parts held_by it */
    struct fetch_part *members; /* that the broker knows */
    struct fetch_part *fresh;   /* that the broker has to be told of */
    struct fetch_forgotten *forgotten;
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
    struct fetch_part *by_id;
    struct fetch_part *dirty;   /* to be looked at */
    struct fetch_part *waiting; /* for their time */
    struct fetch_chunk *queue;
    bool untold;  /* something was queued that the consumer has not been woken for */
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
struct fetch_part *fetcher_part_by_id(struct kc_fetcher *fetcher, const struct kc_uuid *topic_id,
                                      int32_t partition);                    /* locked */
void fetcher_enqueue(struct kc_fetcher *fetcher, struct fetch_chunk *chunk); /* locked; takes */
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

/* fetch_plan.c; locked */
void fetch_plan_touch(struct kc_fetcher *fetcher, struct fetch_part *part);
void fetch_plan_touch_all(struct kc_fetcher *fetcher);
void fetch_plan_update(struct kc_fetcher *fetcher, int64_t now);
int64_t fetch_plan_next(struct kc_fetcher *fetcher); /* when to look again; INT64_MAX */
void fetch_plan_remove(struct kc_fetcher *fetcher, struct fetch_part *part);
void fetch_plan_join(struct fetch_part *part);   /* its goal's broker is being told of it */
void fetch_plan_unjoin(struct fetch_part *part); /* its session is lost */
/* One partition may not fill the queue alone. */
bool fetch_plan_has_enough(const struct kc_fetcher *fetcher, const struct fetch_part *part);
void fetch_forgotten_destroy(struct fetch_forgotten *forgotten);

/* fetch_session.c */
struct fetch_session *fetch_session_get(struct kc_fetcher *fetcher, int32_t broker_id);
void fetch_session_send(struct kc_fetcher *fetcher, struct fetch_session *session,
                        size_t max_bytes);
/* Locked: the broker has, or will have, no session of ours with anything in it. */
void fetch_session_reset(struct fetch_session *session, bool keep_id);
void fetch_sessions_destroy(struct kc_fetcher *fetcher); /* locked */

/* fetch_answer.c: loop thread, unlocked. */
void fetch_answer(struct kc_fetcher *fetcher, struct fetch_session *session,
                  struct kc_wire_reply *reply);

/* fetch_validate.c: loop thread, locked. Asks for the end of the part's last epoch if need be. */
void fetch_validate(struct kc_fetcher *fetcher, struct fetch_part *part, int64_t now);

#endif
