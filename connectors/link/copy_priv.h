/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of link_copy share: link_copy.c (life, topics, the loop), copy_partition.c (moves,
 * positions), copy_pump.c (pieces to the appender, and what becomes of them), copy_results.c (its
 * results), copy_intake.c (what is
 * fetched), copy_jobs.c (threads for what blocks), copy_look.c, copy_checks.c, copy_align.c and
 * copy_markers.c (what is done there), copy_rest.c (who needs little), copy_translate.c and
 * copy_witness.c (topics whose offsets are translated), copy_status.c (what is told of it).
 *
 * Everything belongs to the task's thread but what the mutex guards, and jobs, which belong to
 * whoever has them. A job names partitions by topic, number and generation, because they may be
 * gone or elsewhere when it comes back.
 */
#ifndef CONNECTORS_LINK_COPY_PRIV_H
#define CONNECTORS_LINK_COPY_PRIV_H

#include "connect/admin.h"
#include "connect/append.h"
#include "connect/fetch.h"
#include "connect/hash.h"
#include "connect/thread.h"
#include "link/copy_fates_priv.h"
#include "link/copy_flips_priv.h"
#include "link/copy_gaps_priv.h"
#include "link/copy_position_priv.h"
#include "link/link_copy_priv.h"
#include "link/link_index_priv.h"

#include <stdatomic.h>

/* Where a partition stands. copy_partition.c has the moves. */
enum copy_phase {
    COPY_LOOK,     /* both sides are to be asked where it is, or are being asked */
    COPY_SAVE,     /* waits until what a successor must know is saved */
    COPY_ALIGN,    /* writes leading fillers */
    COPY_CUT,      /* cuts them off */
    COPY_RUN,      /* copies */
    COPY_DRAIN,    /* waits for what is in flight, then goes where `next_phase` says */
    COPY_REST,     /* paused */
    COPY_DIVERGED, /* for good */
    COPY_FAILED,   /* for good */
};
#define COPY_PHASES 9

/* How long a log's end must stand still where nothing else tells it: longer than a follower may
 * lag and be in sync (replica.lag.time.max.ms). */
#define COPY_SETTLE_MS 35000

struct copy_chunk {
    struct kc_fetched *fetched;
    size_t refs;
};

struct copy_topic;

/* Of a partition whose offsets are translated; copy_translate.c. */
struct copy_translation {
    struct link_map map;
    bool known;       /* map is of the index, with what came since */
    uint64_t version; /* of map */
    uint64_t saved;   /* the one that is in the index */
    bool saving;      /* a job writes it */
    bool listed;      /* waits for that */
    bool failed;      /* the last one did, which the reason says */
    int64_t retry_at_ms;
    size_t dirty;      /* the first piece that the index doesn't have; SIZE_MAX: it has all */
    size_t own;        /* the first piece in chunks of our era; SIZE_MAX: there are none */
    size_t chunks;     /* of our era that the index may have */
    int64_t era;       /* ours */
    size_t eras;       /* in the index, when it was read */
    bool differs;      /* there are offsets that aren't the source's */
    unsigned losses;   /* of the index, when it last got all of the map */
    int64_t source_at; /* the log has everything before this offset of the source */
    int64_t planned; /* records before this offset of the target have their place; -1: not begun */
};

struct copy_partition {
    struct copy_topic *topic;
    int32_t number;
    enum copy_phase phase;
    enum copy_phase next_phase; /* of DRAIN */
    uint64_t generation;        /* another one with each move, so that older answers are void */
    char *reason;               /* NULL: none */

    /* what a successor must know */
    struct kc_link_partition saved;
    uint64_t save_wanted, save_shown, save_done; /* versions of it */
    uint64_t save_needed;                        /* the one that must be done before going on */
    int64_t saved_at_ms;                         /* when `checked` was last moved on */

    /* looking */
    int looks;  /* since the log last got something */
    int doubts; /* looks in a row that showed what can't be */
    int64_t look_at_ms;
    bool asking;        /* a look is under way */
    int64_t settle_end; /* the end that the log has had */
    int64_t settle_since_ms;

    /* the log */
    int64_t source_start, source_stable, source_high; /* -1: not known */
    int64_t target_start;
    struct copy_position acked; /* in the log */
    struct copy_position sent;  /* and what is under way */
    int64_t read;               /* pieces end before this offset of the source */
    int64_t fetched;            /* the source was read up to here */
    int64_t marks_from; /* from here up to the position we found markers: the source has no records
                           there */
    struct copy_piece *pieces; /* that aren't acknowledged */
    struct copy_piece *unsent; /* the first that isn't wholly sent */
    int in_flight;             /* batches */
    atomic_int unanswered;     /* of them, those that the appender has no result of */
    bool marking;              /* a job writes markers */
    uint64_t fence;            /* since which nobody else writes markers here */
    bool cutting;
    int64_t cut_at_ms;  /* not before */
    int64_t read_at_ms; /* when something was fetched */

    /* the source */
    int64_t away_since_ms; /* it hasn't answered since; 0: it does */
    bool away;
    int64_t stuck_stable; /* the last stable offset that stands still before the end */
    int64_t stuck_since_ms;
    bool asked_hanging;
    char *hanging;   /* who keeps it there; NULL */
    bool check_slow; /* the last check failed */
    bool checking;
    int64_t check_at_ms;
    int64_t whole_check_at_ms; /* before that, a check asks for the target's end alone at rest */
    uint64_t checks;           /* of everything, answered */

    /* finishing */
    bool finishing, finished;
    uint64_t finish_after; /* a check with this number or later decides */
    bool forcing;          /* a job looks for the ends of transactions */
    bool forced;           /* it is read from behind the last stable offset */
    int64_t force_end;     /* up to here, and the next holds up to here */
    struct link_fates *fates;

    /* figures */
    bool throttled; /* waits for its share; nothing is fetched */
    int64_t copied_bytes, copied_records, fillers;
    uint32_t checksum;
    int64_t last_source_time_ms;
    int64_t foreign_offset;
    bool asked_name; /* who has written there is being asked, or was */
    bool named;      /* the answer is in the reason */
    struct link_flips *flips;
    int64_t flips_ms; /* since then they are noted */
    struct copy_translation translation;
    struct copy_partition *prev_unindexed, *next_unindexed;
    struct copy_partition *prev_busy, *next_busy;
    bool busy; /* has something to send */
};

struct copy_topic {
    char *name;
    char *source;
    struct kc_uuid source_id, target_id;
    int64_t start;
    bool compacted;
    bool translate; /* offsets aren't preserved */
    bool gives_up;  /* with translate: they are the source's up to the first gap */
    int64_t epoch;  /* of the topic's state when the copying began */
    struct copy_gap_rules rules;
    bool paused;
    bool force;
    bool repairing;                      /* records that the source has lost are made up for */
    int64_t measured_ms, measured_bytes; /* when and what copied_bytes were, all in all */
    double bytes_per_second;
    struct copy_partition **partitions;
    size_t count;
    struct link_copy *copy;
    UT_hash_handle hh;        /* by name */
    UT_hash_handle hh_source; /* by source */
};

/* ---- jobs ---- */

/* Each has a thread, so that what is slow doesn't hold up the rest. */
enum copy_lane {
    COPY_LANE_LOOK,
    COPY_LANE_SLOW,
    COPY_LANE_CHECK,
    COPY_LANE_MARK,
    COPY_LANE_INDEX,
    COPY_LANES
};

enum copy_job_kind {
    COPY_JOB_LOOK,
    COPY_JOB_CHECK,
    COPY_JOB_CUT,
    COPY_JOB_MARK,
    COPY_JOB_NAME,
    COPY_JOB_FORCE,
    COPY_JOB_INDEX,
    COPY_JOB_FORGET
};

/* What is asked of a partition, and what came of it. */
struct copy_item {
    char *topic, *source;
    int32_t partition;
    uint64_t generation;
    struct kc_uuid source_id, target_id;
    int64_t start;             /* of LOOK: as link.start */
    int64_t checked;           /* of LOOK */
    struct copy_position from; /* of LOOK: the position at checked */
    bool settled;              /* of LOOK */
    bool fresh;                /* of LOOK: nothing is known of the log */
    bool compact;              /* of CUT: the policy is "compact"; of LOOK: it has "compact" */
    int64_t offset;            /* CHECK: the end as it should be; CUT: where; NAME: which */
    int64_t count;             /* MARK: how many */

    struct kc_error *source_error, *target_error;
    char *diverged; /* why; NULL */
    int64_t source_start, source_stable, source_high;
    int64_t start_offset; /* of LOOK: where start is */
    int64_t target_start, target_end;
    bool alone; /* no follower is in sync: the end is the leader's */
    struct copy_sight sight;
    enum copy_finding finding;
    struct copy_position position;
    int64_t marks_from; /* behind our last batch */
    int64_t foreign, foreign_id;
    char *text; /* of CHECK: who keeps the last stable offset back; of NAME: who has written */
    int64_t marked;
    uint64_t fence; /* LOOK: the writer's when the log's end was asked; MARK: the partition's */
    struct link_fates *fates; /* of FORCE */
    bool hanging;             /* of CHECK: asks who */
    bool brief;               /* of CHECK: asks for the target's end alone */

    /* where offsets are translated */
    bool translate;
    bool wants_map;      /* of LOOK */
    struct link_map map; /* of LOOK */
    int64_t era;         /* of LOOK: the newest there is; INDEX: ours */
    size_t eras;
    struct link_index_changes changes; /* of INDEX */
    bool whole;                        /* of INDEX: earlier eras are of no use any more */
    unsigned losses;                   /* of LOOK: of the index, when it was read */
    uint64_t version;
};

struct copy_job {
    enum copy_job_kind kind;
    bool check; /* of INDEX: look at the index's topic first */
    struct copy_item *items;
    size_t count, cap;
    struct copy_job *prev, *next;
};

struct copy_worker {
    struct link_copy *copy;
    struct kc_thread *thread;
    struct copy_job *queue; /* with the mutex */
    bool working;           /* the same */
};

#define COPY_MARKER_IDS 4

struct copy_marker_id {
    char *name; /* transactional */
    struct kc_producer_identity producer;
};

/* Who writes the markers; copy_markers.c. */
struct copy_marker_writer {
    pthread_mutex_t mutex;
    struct copy_marker_id ids[COPY_MARKER_IDS]; /* that take turns */
    unsigned turn;
    bool initialised;  /* all of them */
    bool former_ended; /* what tasks of another number have left open */
    uint64_t fence;    /* one more with each time that former writers were fenced; 0: never */
    bool refused;      /* the cluster doesn't let us write markers directly */
};

/* A batch at the appender. */
struct copy_send {
    struct copy_partition *partition;
    int64_t offset, count;
    size_t len;
    uint8_t *owned; /* its bytes, where they aren't a piece's */
    struct kc_error *error;
    bool skipped;
    int64_t base_offset;
    struct copy_send *prev, *next;
};

/* What the appender has answered, and the task hasn't seen. */
struct copy_results {
    pthread_mutex_t mutex; /* guards the rest */
    struct copy_send *list;
    int count;
    size_t bytes;
};

struct link_copy {
    const struct link_config *config;
    const struct link_lease *lease;
    int64_t producer_id;
    struct kc_admin *source, *target;
    struct kc_fetcher *fetcher;
    struct kc_fetcher *forced_fetcher; /* without isolation; NULL: it wasn't needed */
    struct kc_appender *appender;
    struct copy_marker_writer markers;
    struct link_index *index;
    size_t translated;      /* topics */
    int64_t index_check_ms; /* when its topic is looked at again */
    char *index_complaint;  /* of the last look; NULL: none. The lane's */
    atomic_uint losses;     /* of records of the index, which are written anew */
    unsigned losses_seen;   /* by the task's thread */
    struct copy_topic *topics, *by_source;
    struct copy_partition *busy;
    struct copy_partition *unindexed; /* whose maps are to be written */
    struct copy_gaps gaps;            /* for the chunk at hand */
    bool full;                        /* the appender takes no more */
    struct kc_str filler;             /* the last one that was built, with what follows */
    int64_t filler_count, filler_time;
    int64_t next_tick_ms; /* 0: at once */
    uint64_t generations;

    /* pace */
    double tokens; /* bytes that may go */
    int64_t tokens_at_ms;
    int64_t lease_until; /* as of this round */

    struct copy_results results;
    struct copy_worker workers[COPY_LANES];
    pthread_mutex_t mutex; /* guards the rest */
    pthread_cond_t cond;   /* a job was handed in */
    struct copy_job *done;
    bool woken;
};

/* copy_jobs.c */
struct kc_error *link_jobs_start(struct link_copy *copy) KC_MUST_CHECK;
void link_jobs_stop(struct link_copy *copy);
/* Adds an item, and makes the job where *job is NULL. The item stays valid until the next one. */
struct copy_item *link_job_add(struct copy_job **job, enum copy_job_kind kind,
                               const struct copy_partition *partition);
void link_job_free(struct copy_job *job);
/* Takes job; NULL: there is nothing to do. */
void link_jobs_submit(struct link_copy *copy, enum copy_lane lane, struct copy_job *job);
bool link_jobs_idle(struct link_copy *copy, enum copy_lane lane);

/* What jobs do; on a lane's thread. */
void link_look_run(struct link_copy *copy, struct copy_job *job);    /* copy_look.c */
void link_name_run(struct link_copy *copy, struct copy_job *job);    /* copy_look.c */
void link_check_run(struct link_copy *copy, struct copy_job *job);   /* copy_checks.c */
void link_cut_run(struct link_copy *copy, struct copy_job *job);     /* copy_align.c */
void link_markers_run(struct link_copy *copy, struct copy_job *job); /* copy_markers.c */
/* Ends what a predecessor may have under way. */
struct kc_error *link_markers_fence(struct link_copy *copy) KC_MUST_CHECK;
uint64_t link_markers_fence_number(struct link_copy *copy);
void link_markers_open(struct link_copy *copy);
void link_markers_close(struct link_copy *copy);
/* Opens a fetcher that shows all records of one side, also those of aborted transactions. */
struct kc_error *link_reader_open(struct link_copy *copy, enum link_side side, const char *use,
                                  struct kc_fetcher **fetcher) KC_MUST_CHECK; /* copy_look.c */
/* Compares what the index says with the last record, of items with a map; copy_witness.c. */
void link_witness_run(struct link_copy *copy, struct copy_job *job);
/* Asks for one kind of offset of all items that have no error, at one side. */
enum copy_side { COPY_AT_SOURCE, COPY_AT_TARGET };
void link_offsets_ask(struct link_copy *copy, struct copy_job *job, enum copy_side side,
                      int64_t timestamp, bool committed_only, size_t to);

/* copy_partition.c: what comes of it; the task's thread. */
struct copy_partition *link_part_new(struct copy_topic *topic, int32_t number,
                                     const struct kc_link_partition *saved);
void link_part_free(struct copy_partition *partition);
void link_part_move(struct copy_partition *partition, enum copy_phase phase);
/* Ends what is under way, then goes on with phase. reason is taken; NULL keeps the last one. */
void link_part_drain(struct copy_partition *partition, enum copy_phase phase, char *reason);
void link_part_drained(struct copy_partition *partition); /* where nothing is in flight any more */
void link_part_set_reason(struct copy_partition *partition, char *reason); /* takes; NULL: none */
void link_part_looked(struct copy_partition *partition, struct copy_item *item);
void link_part_checked(struct copy_partition *partition, struct copy_item *item);
void link_part_cut(struct copy_partition *partition, struct copy_item *item);
void link_part_named(struct copy_partition *partition, struct copy_item *item);
void link_part_begin(struct copy_partition *partition); /* out of LOOK or SAVE */
int64_t link_part_cut_goal(const struct copy_partition *partition);
void link_part_want_save(struct copy_partition *partition, bool blocking);
bool link_part_is_saved(const struct copy_partition *partition);

/* copy_rest.c */
/* All is copied, both sides answered when they were asked last, and nobody waits for anything. */
bool link_part_is_at_rest(const struct copy_partition *partition);
/* Nothing is to be done soon: at rest, paused, or over. */
bool link_part_is_calm(const struct copy_partition *partition);

/* copy_results.c: from the appender's thread to the task's */
void link_results_init(struct copy_results *results);
void link_results_destroy(struct copy_results *results); /* that is empty */
void link_results_expect(struct copy_send *send);        /* it goes to the appender */
void link_results_forget(struct copy_send *send);        /* which didn't take it */
/* The appender's thread. Whether the task is to be woken for the results. */
bool link_results_add(struct copy_results *results, struct copy_send *send);
struct copy_send *link_results_take(struct copy_results *results); /* all; NULL: there is none */

/* copy_pump.c */
void link_pump_add(struct copy_partition *partition, struct copy_piece *pieces); /* takes */
void link_pump_run(struct link_copy *copy);
void link_pump_results(struct link_copy *copy);
void link_pump_discard(struct link_copy *copy);        /* results that nobody wants any more */
void link_pump_drop(struct copy_partition *partition); /* pieces that aren't acknowledged */
void link_pump_marked(struct copy_partition *partition, struct copy_item *item);
void link_pump_mark(struct link_copy *copy); /* hands waiting markers to a job */
void link_pump_busy(struct copy_partition *partition);

/* copy_translate.c */
/* On a lane's thread: maps for those items that want one; writing them; removing them. */
void link_translate_load(struct link_copy *copy, struct copy_job *job, enum copy_lane lane);
void link_translate_run(struct link_copy *copy, struct copy_job *job);
void link_translate_forget_run(struct link_copy *copy, struct copy_job *job);
/* The map has changed from this piece on; SIZE_MAX: it hasn't. */
void link_translate_changed(struct copy_partition *partition, size_t first);
void link_translate_unlist(struct copy_partition *partition);
void link_translate_save(struct link_copy *copy); /* hands maps that have changed to a job */
void link_translate_saved(struct copy_partition *partition, struct copy_item *item);
/* Whether the log has records that we haven't planned. Then the map is to be loaded again. */
bool link_translate_overtaken(struct copy_partition *partition, const struct copy_item *item);
/* The place at the source that belongs to `acked`. NULL: it is known; else why it isn't, the
 * caller's. */
char *link_translate_position(struct copy_partition *partition, struct copy_item *item);
void link_translate_begin(struct copy_partition *partition);
/* Nothing is to be seen at the source from the last record up to `end`. */
void link_translate_pass(struct copy_partition *partition, int64_t end);
bool link_translate_admits(const struct copy_partition *partition, const struct copy_piece *piece);
bool link_translate_is_saved(const struct copy_partition *partition);
/* The offset of the source before which everything is in the target's log, or was sent to it. */
int64_t link_part_source_at(const struct copy_partition *partition);
int64_t link_part_source_sent(const struct copy_partition *partition);

/* copy_intake.c */
void link_intake_take(struct link_copy *copy, struct kc_fetched *fetched); /* takes */
void link_chunk_unref(struct copy_chunk *chunk);                           /* NULL is fine */
/* Fills what is left behind the last record by markers. */
void link_intake_close(struct copy_partition *partition, int64_t end);

/* copy_force.c */
void link_force_run(struct link_copy *copy, struct copy_job *job); /* on a lane's thread */
bool link_force_is_due(const struct copy_partition *partition);
void link_force_add(struct copy_job **job, struct copy_partition *partition);
void link_force_known(struct copy_partition *partition, struct copy_item *item);
void link_force_end(struct copy_partition *partition);

/* copy_pace.c */
void link_pace_refill(struct link_copy *copy);
/* Whether the partition's pieces may be sent. */
bool link_pace_admits(const struct copy_partition *partition);
/* Whether a chunk that is far behind the source's end may be taken. */
bool link_pace_admits_history(const struct link_copy *copy);
void link_pace_take(struct link_copy *copy, size_t bytes);

/* copy_status.c */
void link_status_measure(struct copy_topic *topic, int64_t now);

/* link_copy.c */
struct copy_partition *link_copy_find(struct link_copy *copy, const struct copy_item *item);
struct copy_topic *link_copy_topic(struct link_copy *copy, const char *name);

#endif
