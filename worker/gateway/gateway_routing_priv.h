/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared by the router's parts: gateway_route.c (its life; who takes which request),
 * gateway_produce.c (a Produce request and its answer), gateway_lines.c (in which order its parts
 * go on), gateway_verdict.c (where each goes), gateway_producer_ids.c and gateway_transactions.c.
 *
 * A Produce request is a job; what it has for one partition is a part. A session has a line for
 * each partition to which it writes, in which parts wait in the order in which they came. Only the
 * first part of a line goes on. The session's loop goes through them; what comes up meanwhile
 * leaves word, and it looks again.
 */
#ifndef WORKER_GATEWAY_GATEWAY_ROUTING_PRIV_H
#define WORKER_GATEWAY_GATEWAY_ROUTING_PRIV_H

#include "connect/hash.h"
#include "connect/record_batch.h"
#include "gateway/gateway_rights_priv.h"
#include "gateway/gateway_route_priv.h"
#include "gateway/gateway_sequences_priv.h"
#include "gateway/gateway_source_priv.h"
#include "wire/messages_data.h"
#include "wire/messages_txn.h"

#include <pthread.h>
#include <stdatomic.h>
#include <utlist.h>

/* Before the client's request.timeout.ms, which is 30 s unless it is set. */
#define GATEWAY_HOLD_MS     20000 /* for which a write may wait to be sent on */
#define GATEWAY_HELD_TXN_MS 1000  /* the same for the first of a transaction of the source */
#define GATEWAY_ANSWER_MS   26000 /* for an answer of the source */

/* A client that is told so refreshes its metadata and sends again, without counting it as a failure
 * and in the same order: Java, librdkafka, franz-go. The batch certainly wasn't written. */
#define GATEWAY_TRY_AGAIN KC_KAFKA_NOT_LEADER_OR_FOLLOWER
/* The same, but it may have been written. */
#define GATEWAY_UNKNOWN KC_KAFKA_REQUEST_TIMED_OUT
/* Produce: from this version on it adds partitions to the transaction (KIP-890). */
#define GATEWAY_FIRST_ADDING 12

struct gateway_transactions;

struct gateway_route {
    struct gateway_route_base base;
    struct gateway_sequences *sequences;
    struct gateway_transactions *transactions;
    pthread_mutex_t mutex; /* guards queues */
    struct gateway_queue *queues;
    atomic_size_t waiting; /* parts in lines */
    struct kc_thread *waker;
    atomic_llong told_ms; /* of the last line about large ids */
};

/* A session's lines. */
struct gateway_queue {
    struct gateway_session *session; /* the key; not to be looked into */
    struct gateway_route *route;
    atomic_int refs;
    int channel;
    pthread_mutex_t mutex; /* guards what follows, and phases of parts */
    struct gateway_line *lines;
    uint64_t next_job;
    uint64_t written; /* records at the source, and their topics, that the session isn't told yet */
    struct kc_strings written_topics;
    bool advancing;
    bool again;
    bool ended; /* the session: what waits is dropped */
    UT_hash_handle hh;
};

struct gateway_line {
    char *key; /* "topic#partition" */
    struct gateway_part *parts;
    UT_hash_handle hh;
};

enum gateway_phase { GATEWAY_PART_WAITS, GATEWAY_PART_SENT, GATEWAY_PART_DONE };

/* What a Produce request has for one partition. */
struct gateway_part {
    struct gateway_job *job;
    int32_t topic_index; /* in the request */
    int32_t partition_index;
    char *topic; /* at the target; of an id that no link has: the id */
    int32_t partition;
    struct kc_wire_bytes records;
    struct kc_record_batch header; /* of the first batch; without one: producer_id -1 */
    int32_t last_sequence;
    enum gateway_phase phase;
    struct gateway_way *way; /* as it was looked up last */
    int64_t ticket;
    int64_t waits_ms; /* since then it waits in its line; 0: it doesn't */
    bool alone;       /* its producer's first batch after a flip */
    bool probed;      /* the target is being asked about its producer */
    bool untold;      /* it doesn't say */
    /* The answer: */
    int16_t error_code;
    int64_t base_offset;
    int64_t log_append_time;
    int64_t log_start_offset;
    char *error_message;
    struct kc_record_errors *record_errors; /* the records that are why (KIP-467); NULL */
    struct gateway_part *prev, *next;       /* in its line */
};

/* A topic's right, or the transactional id's. */
struct gateway_right {
    struct gateway_job *job;
    char *topic;
    bool known;
    int16_t code;
};

struct gateway_job {
    struct gateway_route *route;
    struct gateway_exchange *exchange;
    struct gateway_queue *queue;
    const struct kc_produce_request *request;
    uint64_t number; /* in the order of the session's requests */
    char *transactional_id;
    struct gateway_part *parts;
    size_t count;
    struct gateway_right *rights; /* by topic of the request, the transactional id's behind them;
                                     topic NULL: not asked */
    size_t open;                  /* parts without an answer, and one while it is begun */
    int32_t throttle_ms;
};

/* ---- gateway_produce.c ---- */
bool gateway_produce_take(struct gateway_route *route, struct gateway_exchange *exchange);
struct gateway_sequence gateway_part_sequence(const struct gateway_part *part);
/* Answers the job's exchange, and frees the job. */
void gateway_job_finish(struct gateway_job *job);

/* ---- gateway_lines.c ---- */
struct gateway_queue *gateway_queue_get(struct gateway_route *route,
                                        struct gateway_session *session); /* a reference */
void gateway_queue_unref(struct gateway_queue *queue);
void gateway_queue_add(struct gateway_queue *queue, struct gateway_part *part);
bool gateway_queue_is_empty(struct gateway_queue *queue);
/* An exchange that waits in it, a reference; NULL: none does. Any thread. */
struct gateway_exchange *gateway_queue_waits(struct gateway_queue *queue);
/* Sends on what can go. On the session's loop, or when the session has ended. */
void gateway_queue_advance(struct gateway_queue *queue);
/* One thing less that the job waits for. */
void gateway_job_settle(struct gateway_job *job);

/* ---- gateway_verdict.c ---- */
enum gateway_verdict {
    GATEWAY_WAIT,
    GATEWAY_TO_SOURCE,
    GATEWAY_TO_TARGET,
    GATEWAY_PROBE,  /* ask the target about the producer; it waits meanwhile */
    GATEWAY_ANSWER, /* the part has its answer */
};
/* Where the part goes now. With TO_SOURCE the write has begun (part->ticket). Queue's mutex held.
 */
enum gateway_verdict gateway_judge(struct gateway_route *route, struct gateway_part *part,
                                   int64_t now_ms);
/* Whether the target may have the part as it is, without a look at anything else. */
bool gateway_passes(struct gateway_route *route, const struct gateway_part *part,
                    const struct gateway_way *way);
void gateway_part_refuse(struct gateway_part *part, int16_t code);
/* The part was answered by source or target: its error code is set. */
void gateway_part_answered(struct gateway_route *route, struct gateway_part *part,
                           bool from_source);

/* ---- gateway_producer_ids.c ---- */
bool gateway_init_take(struct gateway_route *route, struct gateway_exchange *exchange);
/* What the client is told instead of an id of the source. */
int64_t gateway_id_for_client(struct gateway_route *route, int64_t id);
/* The id at the source. *of_source: it was issued there. */
int64_t gateway_id_at_source(struct gateway_route *route, int64_t id, bool *of_source);
/* The id in a batch that is written to the source: the same, and no id of the target is one that
 * the source may issue. */
int64_t gateway_id_in_log(struct gateway_route *route, int64_t id);

/* ---- gateway_transactions.c ---- */
struct gateway_transactions *gateway_transactions_new(void);
void gateway_transactions_destroy(struct gateway_transactions *transactions);
bool gateway_transaction_take(struct gateway_route *route, struct gateway_exchange *exchange);
bool gateway_transaction_init(struct gateway_route *route, struct gateway_exchange *exchange);
/* The code by which the client of an exchange is told that its transaction must begin anew. */
int16_t gateway_begin_anew_code(const struct gateway_exchange *exchange);
/* Whether the producer with this epoch has partitions at the source, as far as this gateway has
 * seen. */
bool gateway_transaction_is_open(struct gateway_route *route, const char *transactional_id,
                                 int16_t epoch);
/* epoch -1: it has none. */
void gateway_transaction_set_open(struct gateway_route *route, const char *transactional_id,
                                  int16_t epoch);
/* Its transactions have topics of both clusters: the operator is told. */
void gateway_transaction_mixed(struct gateway_route *route, const char *transactional_id);
/* A transaction wrote, or was to write, to a topic whose truth is the source, or the target: where
 * its id begins next. */
void gateway_transaction_note(struct gateway_route *route, const char *transactional_id,
                              bool source);

#endif
