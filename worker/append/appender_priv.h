/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the appender's parts share: appender.c (life, the loop), append_post.c (what is handed in),
 * append_part.c (partitions), append_send.c (requests), append_answer.c (results and retries),
 * append_abandon.c (users that leave), append_txn.c (producer id, transactions). All of it on the
 * loop thread, except the atomics and append_post.c.
 *
 * A partition's batches are in one list, in order; those in flight are at its head. Sequences are
 * given when a batch is first sent and kept through retries. A partition with a failed batch waits
 * until everything in flight has come back before it sends again.
 *
 * A sequence is never given to two batches; otherwise the broker could take the second for the
 * first and drop it. When a sent batch fails, its partition continues under another epoch, or
 * another producer id once epochs are used up (as Java's producer since KIP-360). There are two
 * exceptions, both for batches that certainly aren't in any log: the pieces of a merged batch, and
 * the replacement of a refused one within a transaction.
 *
 * Partitions with batches are in the list `busy`; only these are looked at. Small batches that wait
 * together are sent as one (append_merge.c): its pieces hang on it and get their results from it.
 */
#ifndef WORKER_APPEND_APPENDER_PRIV_H
#define WORKER_APPEND_APPENDER_PRIV_H

#include "append/appender.h"
#include "connect/hash.h"
#include "wire/messages_data.h"

#include <pthread.h>
#include <stdatomic.h>
#include <utlist.h>

struct append_batch {
    uint8_t *data;
    size_t len;
    struct kc_record_batch header; /* as it was handed in; of a merged one: empty */
    int32_t count;                 /* offsets that it takes */
    kc_appended done;
    void *arg;
    int64_t queued_ms, deadline_ms;
    int64_t producer_id; /* with given_identity, as the next */
    int16_t producer_epoch;
    int32_t sequence;
    bool sequenced; /* sequence is given */
    bool tried;     /* was sent once: stays as it is */
    bool mergeable;
    struct append_batch *pieces; /* of a merged one, which owns its data; otherwise NULL */
    bool in_flight;
    bool unknown;   /* a try ended without a definite answer: it may be in the log */
    bool appended;  /* the broker has it: waits for those before it */
    bool failed;    /* for good: error says why */
    bool abandoned; /* or one of its pieces is: it isn't tried again */
    struct kc_error *error;
    struct kc_record_errors *record_errors; /* of error; NULL: the broker names none */
    int64_t base_offset, log_append_time_ms, log_start_offset;
    struct append_batch *prev, *next;
};

/* How a partition sends. */
enum append_part_state {
    APPEND_CAREFUL,  /* one batch at a time until one is taken: at the start, after a failure */
    APPEND_FLOWING,  /* several in flight */
    APPEND_DRAINING, /* a batch failed or must be sent again: nothing while any is in flight */
    APPEND_VOID,     /* the same; then it counts from 0 under a new epoch, or another id */
};

struct append_part {
    char *key;
    char *topic;
    int32_t partition;
    struct append_batch *batches;
    int in_flight;
    int32_t in_flight_broker;
    int64_t producer_id; /* of its sequences: an idempotent producer's partitions may differ. With
                            given_identity: of the last batch sent */
    int16_t epoch;       /* the same */
    int32_t next_sequence;
    enum append_part_state state; /* append_part_move() */
    bool blocked;                 /* block_failed: one failed, and nobody has unblocked since */
    bool in_transaction;
    int attempts;
    int64_t retry_at_ms;
    size_t merge_max;                /* bytes that a merged batch may have */
    struct append_part *prev, *next; /* in `busy` */
    UT_hash_handle hh;
};

enum producer_state {
    PRODUCER_NONE,         /* no id yet */
    PRODUCER_INITIALISING, /* InitProducerId is under way */
    PRODUCER_READY,
    PRODUCER_ENDING, /* EndTxn is under way, or waits for results */
    PRODUCER_FATAL,  /* fatal says why */
};

struct append_end {
    bool commit;
    kc_appender_done done;
    void *arg;
};

struct kc_appender {
    struct kc_wire_client *client;
    struct kc_appender_options options;
    char *transactional_id;
    struct kc_wire_client *own_client; /* ends with the appender; NULL: it is somebody else's */
    size_t max_bytes;
    atomic_size_t bytes;
    atomic_int waiters;    /* for bytes to go */
    pthread_mutex_t mutex; /* guards `stopped` and `group` */
    pthread_cond_t cond;   /* stopped, or bytes went */
    bool stopped;
    atomic_int posting;         /* groups on their way to the client */
    struct append_group *group; /* posted and not yet taken: appends join it; NULL: none */

    bool closing;
    int requests; /* in flight, of any kind */
    bool refused; /* a batch failed before it was sent: settle its part */
    struct kc_wire_timer *timer;
    struct append_part *parts;
    struct append_part *busy; /* parts with batches, the next to be served first */
    size_t busy_count;
    struct append_broker {
        int32_t id;
        int flights; /* produce requests in flight */
        UT_hash_handle hh;
    } * brokers;

    atomic_bool plain; /* no producer id: -1 stands for it, for its epoch and its sequences */
    enum producer_state state; /* appender_move() */
    struct kc_error *fatal;
    int64_t producer_id;
    int16_t producer_epoch;
    int init_attempts;
    int64_t init_at_ms;
    struct append_end init_waiter;

    struct kc_error *abortable; /* the transaction can only be aborted */
    bool adding;                /* AddPartitionsToTxn is under way */
    bool transaction_v2;        /* KIP-890: the broker adds partitions by itself */
    bool begun;                 /* something of the transaction was sent */
    bool bump;                  /* get a new epoch after this transaction */
    struct append_end end;      /* with state PRODUCER_ENDING */
    bool end_sent;
    int txn_attempts;
    int64_t txn_at_ms;
    struct append_post *held; /* appended while the transaction ends */
};

/* A batch that was handed in, on its way to its part. */
struct append_post {
    struct kc_append append;       /* its topic is owned */
    struct kc_record_batch header; /* of its bytes */
    const char *bad;               /* why there is no header (static); NULL: there is */
    struct append_post *prev, *next;
};
void append_post_destroy(struct append_post *post);

/* One produce request. */
struct append_flight {
    struct kc_appender *appender;
    struct append_broker *broker;
    size_t bytes;
    struct append_seat {
        struct append_part *part;
        struct append_batch *batch;
        struct kc_uuid topic_id;
    } * seats;
    size_t count;
    struct append_flight *next;
};

/* appender.c */
void appender_poll(struct kc_appender *appender); /* does what can be done now */
void appender_begin_stop(struct kc_appender *appender);
void appender_end_stop(struct kc_appender *appender); /* waits, and frees */
void appender_move(struct kc_appender *appender, enum producer_state state);
void appender_fatal(struct kc_appender *appender, struct kc_error *err); /* takes */
bool appender_idle(const struct kc_appender *appender); /* no batch without a result */
void appender_request_ended(struct kc_appender *appender);

/* append_part.c */
struct append_part *appender_part(struct kc_appender *appender, const char *topic,
                                  int32_t partition);
void append_part_move(struct append_part *part, enum append_part_state state);
/* A batch failed, was given up, or must be sent again: waits for those in flight. */
void append_part_drain(struct append_part *part);
void appender_queue(struct kc_appender *appender, struct append_part *part,
                    struct append_batch *batch); /* behind the others of its part */
void appender_unqueue(struct kc_appender *appender, struct append_part *part,
                      struct append_batch *batch); /* takes batch off its part */

/* append_post.c */
/* Posts it, in order; header NULL: it is read here. Any thread. */
void appender_post(struct kc_appender *appender, const struct kc_append *append,
                   const struct kc_record_batch *header);
void appender_enqueue(struct kc_appender *appender, const struct append_post *post);
void appender_refuse_held(struct kc_appender *appender); /* because it is being closed */
void appender_give_back(struct kc_appender *appender, size_t bytes); /* that have a result */
void appender_close_group(struct kc_appender *appender); /* what is posted next comes behind it */

/* append_send.c */
void append_flight_destroy(struct append_flight *flight);
void append_send(struct kc_appender *appender, int64_t now);

/* append_merge.c */
/* The batch to send next, where batch is the first unsent one of part: batch itself, or one merged
 * from it and its successors, of at most room bytes. */
struct append_batch *append_merge(struct append_part *part, struct append_batch *batch,
                                  size_t room);
/* Replaces a refused merged batch by its pieces. */
void append_unmerge(struct append_part *part, struct append_batch *merged);
/* Whether merging may have caused this error, so that the pieces must be tried. */
bool append_may_unmerge(struct append_part *part, const struct append_batch *batch, int code);

/* append_answer.c */
void append_answer(void *arg, const struct kc_wire_request *request, struct kc_wire_reply *reply);
/* Gives the known results from the head of the list. */
void append_settle(struct kc_appender *appender, struct append_part *part);
void append_fail_batch(struct append_batch *batch, struct kc_error *err); /* takes */
/* Fails all batches that aren't in flight, with copies of err. */
void append_fail_all(struct kc_appender *appender, const struct kc_error *err);

/* append_txn.c */
void append_init(struct kc_appender *appender, int64_t now);
/* Every partition begins with sequence 0 under the producer's id and epoch. With transactions,
 * while nothing is in flight. */
void append_restart_all(struct kc_appender *appender);
/* With may_be_plain, after the target has refused a producer id: works without one from now on. */
void append_become_plain(struct kc_appender *appender);
bool append_may_become_plain(const struct kc_appender *appender, int code);
/* Gives another epoch to every idempotent partition that must begin anew; false: epochs are used
 * up, and another producer id is requested. */
bool append_bump_epoch(struct kc_appender *appender);
/* Whether part may be sent to. If not, requests its addition to the transaction. */
bool append_txn_ready(struct kc_appender *appender, const struct append_part *part);
void append_add_partitions(struct kc_appender *appender, int64_t now);
void append_end(struct kc_appender *appender, int64_t now);
/* The wait after err, the attempt-th failure in a row. It is short while the former transaction's
 * markers are being written, because that is soon over. */
int64_t append_backoff_ms(const struct kc_appender *appender, const struct kc_error *err,
                          int attempt);
/* A batch failed: in a transaction, only aborting is left, unless append_txn_survives(). */
void append_txn_failed(struct kc_appender *appender, const struct kc_error *err);
/* With block_failed, a batch that was refused for its content may be replaced within the
 * transaction, because neither it nor a later one was written, so their sequences are free. */
bool append_txn_survives(const struct kc_appender *appender, const struct append_batch *batch);

#endif
