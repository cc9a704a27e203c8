/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine that fetches: partitions, the broker of each, sessions, requests, answers.
 *
 * Consumers see fetchers (fetcher.c). One or several fetchers share an engine, which belongs to a
 * client (fetcher_open.c). A request to a broker is for the partitions of all of them, so there are
 * as few requests as with one fetcher. A fetcher opens its own connection and session to a distant
 * broker, because there the TCP window limits throughput.
 *
 * fetch_engine.c has partitions, polling and life cycle; fetch_plan.c decides which partition is
 * read from which broker; fetch_session.c makes requests to a broker; fetch_answer.c handles
 * answers; fetch_validate.c finds truncation.
 *
 * `mutex` guards the partitions, the queues and the sessions' lists of partitions, because
 * consumers seek and take while the loop fetches. It is held for bookkeeping only, never while
 * bytes are checked or callbacks run. The rest of a session belongs to the loop thread.
 *
 * Only these go through all partitions: a change of the metadata or of a broker's distance, a lost
 * session, a stuck consumer, and the end.
 */
#ifndef WORKER_FETCH_FETCH_ENGINE_PRIV_H
#define WORKER_FETCH_FETCH_ENGINE_PRIV_H

#include "connect/hash.h"
#include "connect/thread.h"
#include "fetch/fetcher.h"
#include "wire/messages_data.h"

#include <pthread.h>
#include <stdatomic.h>
#include <utlist.h>

/* The state of a partition (SubscriptionState's FetchStates). Whether it is paused, waits for a
 * retry, or has enough queued is another matter. */
enum fetch_state {
    FETCH_READING,
    FETCH_VALIDATING, /* its leader is being asked for the end of the last epoch */
    FETCH_HALTED,     /* waits for a seek */
};

struct fetch_part {
    struct kc_fetcher *fetcher; /* whose it is */
    char *key;                  /* "topic-partition" */
    char *topic;
    int32_t partition;
    int64_t generation; /* changes with each seek, so that answers to older requests are void */
    int64_t position;
    int32_t last_epoch;      /* of the last batch fetched; -1: unknown */
    int32_t validated_epoch; /* the leader epoch under which position was validated; -1: never */
    enum fetch_state state;  /* changed by fetch_part_move() */
    bool paused;
    int attempts;
    int corrupt; /* bad batches in a row */
    int64_t retry_at_ms;
    int32_t preferred; /* read replica; -1: the leader */
    int64_t preferred_until_ms;
    struct kc_uuid topic_id;
    size_t queued_bytes;

    /* fetch_plan.c */
    struct fetch_session *goal;    /* that will fetch it; NULL: none now */
    struct fetch_session *held_by; /* that would, were there not enough queued */
    struct fetch_session *session; /* whose broker knows of it, with the values below */
    int64_t sent_offset;
    int32_t sent_epoch;
    struct kc_uuid sent_id;
    int32_t epoch;      /* the leader's, for the next request */
    bool dirty;         /* in the engine's list, as its names say; the same for the next */
    bool fresh;         /* in goal's list */
    bool nameless;      /* counted in goal's number of those without a topic id */
    int64_t wake_at_ms; /* 0: not in `waiting` */
    struct fetch_part *dirty_prev, *dirty_next;
    struct fetch_part *fresh_prev, *fresh_next;
    struct fetch_part *member_prev, *member_next;
    struct fetch_part *wait_prev, *wait_next;
    struct fetch_part *held_prev, *held_next; /* in its fetcher's list of those held_by a session */

    struct fetch_id {
        struct kc_uuid topic_id;
        int32_t partition;
    } id; /* with a topic id: the key in by_id */
    UT_hash_handle hh;
    UT_hash_handle hh_id;
};

/* The partitions that the broker must remove from its session. */
struct fetch_forgotten {
    char *topic;
    int32_t partition;
    struct kc_uuid topic_id;
    struct fetch_forgotten *next;
};

struct fetch_session {
    int32_t broker_id;
    int channel; /* FETCH_CHANNEL_SHARED, or the fetcher's that alone has it */
    int32_t id;
    int32_t epoch;
    bool in_flight;
    size_t reserved; /* bytes that the request in flight may bring */
    int attempts;
    int64_t sent_at_us;
    int64_t fastest_us; /* of a shared session: from a request to this broker to its answer */
    int soundings; /* requests that measured it; counted only up to the number that decisions need
                    */
    int64_t retry_at_ms; /* nothing is sent before */
    int64_t pace_at_us;  /* the same, for want of records */
    struct fetch_session *next;

    size_t candidates;          /* parts whose goal it is: members and fresh ones */
    size_t nameless;            /* of these: without a topic id */
    size_t held;                /* parts held_by it */
    struct fetch_part *members; /* that the broker knows */
    struct fetch_part *fresh;   /* that must be sent to the broker */
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

/* The sessions that all fetchers of an engine share; a fetcher's own ones follow. */
#define FETCH_CHANNEL_SHARED 0

/* A consumer's view. With the engine's mutex, except the first three. */
struct kc_fetcher {
    atomic_int refs;
    struct fetch_engine *engine; /* with a reference */
    int channel;
    pthread_cond_t cond;
    struct fetch_chunk *queue;
    size_t used;             /* bytes in chunks */
    bool full;               /* what it reads is held back */
    struct fetch_part *held; /* parts that are held_by a session */
    bool untold;             /* something was queued, and the consumer hasn't been woken yet */
    bool woken;              /* by kc_fetcher_wake() */
    bool gone;               /* it is no longer among the engine's */
    struct kc_fetcher *next;
};

struct fetch_engine {
    atomic_int refs;
    struct kc_wire_client *client;
    struct kc_wire_admin *admin; /* the client's owner, of kc_fetcher_open(); NULL */
    struct kc_fetcher_options options;
    pthread_mutex_t mutex;
    pthread_cond_t stopped_cond;
    struct kc_fetcher *fetchers;
    int fetcher_count;
    struct fetch_part *parts;
    struct fetch_part *by_id;
    struct fetch_part *dirty;   /* to be looked at */
    struct fetch_part *waiting; /* for their time */
    bool shares;                /* its fetchers, in KC_FETCHERS_BUDGET; before the first */
    bool starved;               /* the budget keeps a fetch back */
    int64_t starved_at_ms;      /* since when */
    bool poll_posted;
    bool closed;
    int64_t next_generation;

    struct fetch_session *sessions; /* loop thread, as what follows */
    struct kc_wire_timer *timer;
    struct kc_wire_alarm *pace;
    unsigned int turn;
};

/* fetch_engine.c */
struct fetch_engine *fetch_engine_new(struct kc_wire_client *client,
                                      const struct kc_fetcher_options *options);
/* Without fetchers. Chunks that they still hold stay valid. */
void fetch_engine_stop(struct fetch_engine *engine);
struct fetch_engine *fetch_engine_ref(struct fetch_engine *engine);
void fetch_engine_unref(struct fetch_engine *engine);
void fetch_engine_join(struct fetch_engine *engine, struct kc_fetcher *fetcher);
/* Drops the fetcher's partitions. Afterwards the loop doesn't use it any more. Not on the loop
 * thread. */
void fetch_engine_leave(struct fetch_engine *engine, struct kc_fetcher *fetcher);
void fetch_engine_poll(struct fetch_engine *engine);      /* loop thread: send what can be sent */
void fetch_engine_post_poll(struct fetch_engine *engine); /* locked */
/* Locked, as what follows. */
struct fetch_part *fetch_engine_part(struct fetch_engine *engine, const char *key);
struct fetch_part *fetch_engine_part_by_id(struct fetch_engine *engine,
                                           const struct kc_uuid *topic_id, int32_t partition);
/* Makes the part, or takes it from another fetcher. */
struct fetch_part *fetch_engine_part_add(struct fetch_engine *engine, struct kc_fetcher *fetcher,
                                         const char *topic, int32_t partition);
/* The one function that changes a part's state. */
void fetch_part_move(struct fetch_part *part, enum fetch_state state);
void fetch_engine_part_remove(struct fetch_engine *engine, struct fetch_part *part);
void fetch_engine_part_seek(struct fetch_engine *engine, struct fetch_part *part, int64_t offset,
                            int32_t leader_epoch);
/* Halts the part and queues an event; takes err. */
void fetch_engine_event(struct fetch_engine *engine, struct fetch_part *part,
                        enum kc_fetched_kind kind, int64_t log_start, int64_t next_offset,
                        struct kc_error *err);
void fetch_engine_retry_later(struct fetch_engine *engine, struct fetch_part *part);
/* Bytes that each of its fetchers may hold now; any thread. */
size_t fetch_engine_share_bytes(const struct fetch_engine *engine);

/* fetcher.c; locked, except the first four */
struct kc_fetcher *fetcher_new(struct fetch_engine *engine);
void fetcher_ref(struct kc_fetcher *fetcher);
void fetcher_unref(struct kc_fetcher *fetcher);
void fetcher_leave(struct kc_fetcher *fetcher); /* unlocked, the owner: the engine continues */
struct fetch_chunk *fetcher_chunk_new(const struct fetch_part *part, enum kc_fetched_kind kind);
void fetcher_enqueue(struct fetch_part *part, struct fetch_chunk *chunk); /* takes chunk */
void fetcher_drop_queued(struct fetch_part *part);
void fetcher_hold(struct kc_fetcher *fetcher); /* until half of its share is left */

/* fetch_plan.c; locked */
void fetch_plan_touch(struct fetch_engine *engine, struct fetch_part *part);
void fetch_plan_touch_all(struct fetch_engine *engine);
void fetch_plan_update(struct fetch_engine *engine, int64_t now);
int64_t fetch_plan_next(struct fetch_engine *engine); /* when to look again; INT64_MAX */
void fetch_plan_remove(struct fetch_engine *engine, struct fetch_part *part);
void fetch_plan_join(struct fetch_part *part);   /* its goal's broker is being told of it */
void fetch_plan_unjoin(struct fetch_part *part); /* its session is lost */
/* One partition may not fill the queue alone, nor one fetcher the budget. */
bool fetch_plan_has_enough(const struct fetch_engine *engine, const struct fetch_part *part);
void fetch_forgotten_destroy(struct fetch_forgotten *forgotten);

/* fetch_session.c */
/* The session by which the fetcher reads from the broker. */
struct fetch_session *fetch_session_get(struct fetch_engine *engine, int32_t broker_id,
                                        const struct kc_fetcher *fetcher);
void fetch_session_send(struct fetch_engine *engine, struct fetch_session *session,
                        size_t max_bytes);
/* Locked: the broker has no session of ours, or will have only an empty one. */
void fetch_session_reset(struct fetch_session *session, bool keep_id);
void fetch_sessions_destroy(struct fetch_engine *engine); /* locked */

/* fetch_answer.c: loop thread, unlocked. */
void fetch_answer(struct fetch_engine *engine, struct fetch_session *session,
                  struct kc_wire_reply *reply);

/* fetch_validate.c: loop thread, locked. Asks for the end of the part's last epoch if need be. */
void fetch_validate(struct fetch_engine *engine, struct fetch_part *part, int64_t now);

#endif
