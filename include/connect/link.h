/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a linking connector, its tasks on several workers and the gateways agree on: states and
 * their moves, orders, leases, the flip, receipts; and how each is written in the state topic (API
 * 1.3).
 *
 * The state topic (KC_LINK_STATE_TOPIC, on the target, compacted, one partition) holds a record for
 * each resource of each link: the key names link and resource, the value is JSON. Each key has one
 * writer. People's wishes are orders, which the connector writes. What came of them are states,
 * which the task writes that holds the lease. A record has an epoch: whoever sees a larger one has
 * been overtaken.
 *
 * Pure functions, any thread. JSON is untrusted: what isn't as it should be is an error with the
 * field's name. Unknown fields are ignored.
 */
#ifndef CONNECT_LINK_H
#define CONNECT_LINK_H

#include "connect/map.h"
#include "connect/uuid.h"

#include <jansson.h>

KC_API_BEGIN

#define KC_LINK_STATE_TOPIC "isthmus-link-state"

/* ---- keys ---- */

enum kc_link_resource {
    KC_LINK_SELF,        /* the link itself: identity and clusters */
    KC_LINK_TOPIC_ORDER, /* what people want of a mirror topic; name: the target's topic */
    KC_LINK_TOPIC,       /* its state */
    KC_LINK_GROUP_ORDER, /* what people want of a mirror group; name: the target's group */
    KC_LINK_GROUP,       /* its state */
    KC_LINK_LEASE,       /* who may write for a task; name: "0/2", the first of two tasks */
    KC_LINK_GATEWAY,     /* a gateway: its lease, and what it holds; name: the gateway's own */
    KC_LINK_FLIP,        /* a partition's flip table; name: kc_link_flip_name() */
    KC_LINK_RECEIPT,     /* of a promotion; name: the topic */
    KC_LINK_WAVE,        /* topics and groups that move as one */
    KC_LINK_GUARD,       /* ACLs that keep others from writing to a mirror topic; name: the topic */
    KC_LINK_BACK,        /* the way back of a promoted topic; name: the topic */
    KC_LINK_CLIENTS,     /* who uses a gateway, for people; name: the gateway's */
};
#define KC_LINK_RESOURCES 13

/* Never grows. */
struct kc_link_key {
    char *link;
    enum kc_link_resource resource;
    char *name; /* "" of KC_LINK_SELF */
};
/* The bytes of a key: {"link":L,"topic":N}, with members in this order and without spaces; of the
 * link itself {"link":L,"self":""}. The caller's. */
char *kc_link_key_format(const char *link, enum kc_link_resource resource, const char *name);
/* KC_ERR_SCHEMA. *key is empty after an error. */
struct kc_error *kc_link_key_parse(const void *data, size_t len,
                                   struct kc_link_key *key) KC_MUST_CHECK;
void kc_link_key_clear(struct kc_link_key *key);
/* Whether a record takes effect where there is another one of its key. All readers decide so, in
 * the order of the topic: what a holder of a lease wrote that was overtaken changes nothing. */
bool kc_link_record_counts(enum kc_link_resource resource, const json_t *now, const json_t *next);

/* ---- topics ---- */

enum kc_link_topic_state {
    KC_LINK_PENDING,
    KC_LINK_ALIGNING,
    KC_LINK_LINKING,
    KC_LINK_PAUSED,
    KC_LINK_PROMOTING,
    KC_LINK_PROMOTED,
    KC_LINK_FAILED_OVER,
    KC_LINK_SOURCE_UNAVAILABLE,
    KC_LINK_DIVERGED,
    KC_LINK_FAILED,
};
#define KC_LINK_TOPIC_STATES 10

const char *kc_link_topic_state_name(enum kc_link_topic_state state); /* "PENDING", ... */
/* False: no state is called so. */
bool kc_link_topic_state_parse(const char *name, enum kc_link_topic_state *state);
/* Whether a topic may go from one state to the other. To stay is no move. */
bool kc_link_topic_may_move(enum kc_link_topic_state from, enum kc_link_topic_state to);
/* Whether a state of a topic or a group takes effect where another one is in place. It does with a
 * later epoch, or as a newer record of the same move by the same holder of the lease. Two that
 * follow on one state have the same epoch, and the first of them in the state topic counts: so a
 * holder that was overtaken changes nothing. A new holder therefore writes each state once more
 * with one epoch more, and acts when that has taken effect. */
bool kc_link_state_follows(int64_t epoch, int64_t lease_epoch, int64_t next_epoch,
                           int64_t next_lease_epoch);
/* The state in which nothing is written by the link any more. */
bool kc_link_topic_is_final(enum kc_link_topic_state state);

/* What people want of a mirror topic. */
enum kc_link_wish {
    KC_LINK_WISH_LINK,
    KC_LINK_WISH_PAUSE,
    KC_LINK_WISH_PROMOTE,  /* once all is copied */
    KC_LINK_WISH_FAILOVER, /* with what is copied */
    KC_LINK_WISH_REPAIR,   /* out of DIVERGED and FAILED: look anew */
};
#define KC_LINK_WISHES 5
const char *kc_link_wish_name(enum kc_link_wish wish); /* "link", "pause", ... */
bool kc_link_wish_parse(const char *name, enum kc_link_wish *wish);

enum kc_link_offsets { KC_LINK_PRESERVE, KC_LINK_TRANSLATE };
/* TRANSLATE goes with offsets TRANSLATE: they are the source's up to the first gap of a partition,
 * and the offset index has the others. */
enum kc_link_gaps { KC_LINK_GAPS_AUTO, KC_LINK_GAPS_MARKERS, KC_LINK_GAPS_TRANSLATE };

/* An order: one is written when the target's topic exists, or why it can't (refusal). Texts are
 * malloc'ed and the order's. Never grows. */
struct kc_link_topic_order {
    int64_t epoch; /* larger with each order for the topic */
    char *source_topic;
    struct kc_uuid source_id; /* zero: not known */
    struct kc_uuid target_id;
    int32_t partitions; /* of both sides when the order was written */
    enum kc_link_offsets offsets;
    enum kc_link_gaps gaps;
    int64_t start; /* as link.start: -2 earliest, -1 latest, else ms since the epoch */
    bool compacted;
    enum kc_link_wish wish;
    bool force;              /* of promote: although something speaks against it */
    int64_t max_pause_ms;    /* of promote; 0: no limit */
    char *by;                /* who asked: "rest", "pattern", "wave:x", ... */
    int64_t since_ms;        /* since the epoch */
    char *refusal;           /* NULL: none; else the topic is FAILED for this reason */
    struct kc_map *settings; /* of the target's topic after promotion; NULL: none are held */
};
json_t *kc_link_topic_order_json(const struct kc_link_topic_order *order);
struct kc_error *kc_link_topic_order_parse(const json_t *json,
                                           struct kc_link_topic_order *order) KC_MUST_CHECK;
void kc_link_topic_order_clear(struct kc_link_topic_order *order);
/* What a topic's state says of its offsets before anything is copied. */
enum kc_link_offsets kc_link_offsets_at_first(const struct kc_link_topic_order *order);

/* A topic's state, as its task writes it. Never grows. */
struct kc_link_topic {
    enum kc_link_topic_state state;
    int64_t epoch;                /* one more with each move, and with each new holder */
    int64_t order_epoch;          /* of the order that it follows */
    int64_t lease_epoch;          /* of the task that wrote it */
    int64_t since_ms;             /* of the move */
    char *reason;                 /* what to do; "" where all is well */
    enum kc_link_offsets offsets; /* in effect: gaps=translate may have given up preserving */
    int32_t partitions;           /* that are linked */
    int64_t fillers;              /* that are still to be seen, of all partitions */
    char *lane;                   /* how batches go: "raw", "record" */
    json_t *partition_states;     /* an array by partition; NULL: none. See kc_link_partition */
};
json_t *kc_link_topic_json(const struct kc_link_topic *topic);
struct kc_error *kc_link_topic_parse(const json_t *json, struct kc_link_topic *topic) KC_MUST_CHECK;
void kc_link_topic_clear(struct kc_link_topic *topic);

/* What a partition's position follows from, with what the target's log says: kept in
 * partition_states. Never grows. */
struct kc_link_partition {
    int32_t partition;
    int64_t first_offset;  /* of the source's log that is mirrored: fillers lie before it; -1: not
                              decided yet */
    int64_t base_sequence; /* of the first record that this link copies: what lies before it are
                              fillers, or on a way back the records that both sides have */
    int64_t markers;       /* that the link has written before `checked` */
    int32_t leader_epoch;  /* of the source's last record; -1 */
    int64_t checked;       /* everything before this offset of the target is the link's; -1: the
                              link has written no marker, so that it needn't be read */
};
json_t *kc_link_partition_json(const struct kc_link_partition *partition);
struct kc_error *kc_link_partition_parse(const json_t *json,
                                         struct kc_link_partition *partition) KC_MUST_CHECK;

/* ---- groups ---- */

enum kc_link_group_state {
    KC_LINK_REGISTERED,
    KC_LINK_STANDBY,
    KC_LINK_GROUP_PROMOTING,
    KC_LINK_GROUP_PROMOTED,
    KC_LINK_HOLD_LOST,
    KC_LINK_GROUP_FAILED,
    KC_LINK_GROUP_RELEASED, /* the hold was given up without a promotion */
};
#define KC_LINK_GROUP_STATES 7
const char *kc_link_group_state_name(enum kc_link_group_state state); /* "REGISTERED", ... */
bool kc_link_group_state_parse(const char *name, enum kc_link_group_state *state);
bool kc_link_group_may_move(enum kc_link_group_state from, enum kc_link_group_state to);

enum kc_link_group_wish { KC_LINK_GROUP_HOLD, KC_LINK_GROUP_PROMOTE, KC_LINK_GROUP_RELEASE };
const char *kc_link_group_wish_name(enum kc_link_group_wish wish); /* "hold", ... */
bool kc_link_group_wish_parse(const char *name, enum kc_link_group_wish *wish);

/* Never grows. */
struct kc_link_group_order {
    int64_t epoch;
    char *source_group;
    enum kc_link_group_wish wish;
    bool automatic; /* link.groups.promotion */
    bool force;
    char *by;
    int64_t since_ms;
};
json_t *kc_link_group_order_json(const struct kc_link_group_order *order);
struct kc_error *kc_link_group_order_parse(const json_t *json,
                                           struct kc_link_group_order *order) KC_MUST_CHECK;
void kc_link_group_order_clear(struct kc_link_group_order *order);

/* Never grows. */
struct kc_link_group {
    enum kc_link_group_state state;
    int64_t epoch;
    int64_t order_epoch;
    int64_t lease_epoch;
    int64_t since_ms;
    char *reason;         /* what it waits for, or what to do */
    bool consumer;        /* KIP-848 at the target; false: classic */
    char *instance_id;    /* of the holder of a classic group; NULL */
    json_t *members;      /* of a held KIP-848 group: {member id: epoch}; NULL */
    char *session_before; /* consumer.session.timeout.ms to put back; NULL: it wasn't changed */
};
json_t *kc_link_group_json(const struct kc_link_group *group);
struct kc_error *kc_link_group_parse(const json_t *json, struct kc_link_group *group) KC_MUST_CHECK;
void kc_link_group_clear(struct kc_link_group *group);

/* ---- leases ---- */

/* Never grows. */
struct kc_link_lease {
    char *holder;        /* the worker and a random part; "" : nobody */
    int64_t epoch;       /* one more with each holder */
    int64_t renewals;    /* so that a record tells whether it is renewed */
    int64_t duration_ms; /* after its renewal the holder writes no longer than this */
};
json_t *kc_link_lease_json(const struct kc_link_lease *lease);
struct kc_error *kc_link_lease_parse(const json_t *json, struct kc_link_lease *lease) KC_MUST_CHECK;
void kc_link_lease_clear(struct kc_link_lease *lease);

/* ---- gateways ---- */

/* A topic whose writes a gateway holds. Never grows. */
struct kc_link_held {
    char *topic;
    int64_t epoch; /* of the state PROMOTING that it has seen: since then it has sent nothing to the
                      source, and nothing is under way */
};
/* A gateway, which renews its record as a lease. It sends writes to a source, and hands on the
 * source's answers, only while the lease holds. Never grows. */
struct kc_link_gateway {
    char *address; /* that clients use */
    int64_t epoch; /* of the gateway's start: its records never go back */
    int64_t renewals;
    int64_t duration_ms;
    struct kc_link_held *held; /* topics that are being promoted */
    size_t held_count;
    json_t *writers; /* an array: ids of the source's producers that have written through it lately;
                        NULL: it doesn't tell them */
};
json_t *kc_link_gateway_json(const struct kc_link_gateway *gateway);
struct kc_error *kc_link_gateway_parse(const json_t *json,
                                       struct kc_link_gateway *gateway) KC_MUST_CHECK;
void kc_link_gateway_clear(struct kc_link_gateway *gateway);
/* Whether it holds the topic's writes since that epoch, or a later one. */
bool kc_link_gateway_holds(const struct kc_link_gateway *gateway, const char *topic, int64_t epoch);

/* ---- flip tables ---- */

#define KC_LINK_FLIP_BATCHES 5 /* that a broker remembers of a producer */

/* A batch at the source that was copied. Never grows. */
struct kc_link_flip_batch {
    int32_t first; /* sequences */
    int32_t last;
    int64_t offset; /* of the first record, at the target */
};
/* Never grows. */
struct kc_link_flip_producer {
    int64_t id;                         /* as the source's log has it: kc_link_real_id() */
    int32_t epoch;                      /* its newest there; batches are of this epoch alone */
    struct kc_link_flip_batch *batches; /* oldest first, one at least */
    size_t batch_count;
};
/* What a promoted partition's producers wrote last at the source: so that a gateway can tell a
 * repeated batch from a new one. A record for each partition, written before PROMOTED; the
 * resource's name is kc_link_flip_name(). Producers are in the order of their ids. Never grows. */
struct kc_link_flip {
    int64_t epoch; /* of the topic's move to PROMOTED */
    int32_t partition;
    int64_t end; /* of the target's log: what is written after the flip begins here */
    struct kc_link_flip_producer *producers;
    size_t producer_count;
};
json_t *kc_link_flip_json(const struct kc_link_flip *flip);
/* Also refuses producers that aren't in order, and without a batch or with too many. */
struct kc_error *kc_link_flip_parse(const json_t *json, struct kc_link_flip *flip) KC_MUST_CHECK;
void kc_link_flip_clear(struct kc_link_flip *flip);
/* "topic#partition": no topic's name has '#'. The caller's. */
char *kc_link_flip_name(const char *topic, int32_t partition);
/* The other way round; *topic is the caller's. False: it is no such name. */
bool kc_link_flip_name_parse(const char *name, char **topic, int32_t *partition);

/* What becomes of a batch that a producer sends after the flip. */
enum kc_link_flip_verdict {
    KC_LINK_FLIP_UNKNOWN,   /* not a producer of the table: as NEXT or LATER, by the target alone */
    KC_LINK_FLIP_DUPLICATE, /* it was copied: answer with its offset */
    KC_LINK_FLIP_OLD,       /* so was this, but its offset isn't known any more: answer 46 */
    KC_LINK_FLIP_NEXT,      /* the first that the target sees of this producer: send it alone, and
                               what follows once it is acknowledged */
    KC_LINK_FLIP_LATER,  /* answer 45, unless the target has acknowledged a batch of this producer:
                            then the target's to decide */
    KC_LINK_FLIP_FENCED, /* of an older epoch: answer 47 */
};
/* offset: of DUPLICATE, else -1. */
enum kc_link_flip_verdict kc_link_flip_look_up(const struct kc_link_flip *flip, int64_t id,
                                               int32_t epoch, int32_t first, int32_t last,
                                               int64_t *offset);

/* ---- receipts ---- */

/* Never grows. */
struct kc_link_receipt_partition {
    int32_t partition;
    int64_t source_end; /* offset after the last record that was copied */
    int64_t target_end; /* the same at the target, before anybody else wrote */
    int64_t records;    /* that the link has copied, whichever of its tasks; 0: nobody knows */
    uint32_t checksum;  /* of them; 0: several tasks have copied them, and none knows it */
};
/* Where a group stood at the promotion. Never grows. */
struct kc_link_receipt_group {
    char *group;
    int32_t partition;
    int64_t offset; /* at the target */
};
/* Of a topic that was promoted or failed over. Never grows. */
struct kc_link_receipt {
    char *source_topic;
    enum kc_link_topic_state state; /* PROMOTED, FAILED_OVER */
    int64_t epoch;                  /* of that state */
    int64_t since_ms;               /* of that state */
    int64_t pause_ms;               /* for which writes had to wait */
    char *by;
    bool force;
    struct kc_link_receipt_partition *partitions;
    size_t partition_count;
    struct kc_link_receipt_group *groups;
    size_t group_count;
};
json_t *kc_link_receipt_json(const struct kc_link_receipt *receipt);
struct kc_error *kc_link_receipt_parse(const json_t *json,
                                       struct kc_link_receipt *receipt) KC_MUST_CHECK;
void kc_link_receipt_clear(struct kc_link_receipt *receipt);

/* ---- ways back ---- */

/* What people want of a topic that was promoted or failed over. */
enum kc_link_back_wish {
    KC_LINK_BACK_MIRROR,  /* the source's topic goes on as a mirror of the target's */
    KC_LINK_BACK_RESTORE, /* the same with a topic that is made anew: what it has is given up */
    KC_LINK_BACK_END,     /* nobody goes back any more */
};
const char *kc_link_back_wish_name(enum kc_link_back_wish wish); /* "mirror", "restore", "end" */

/* Never grows. */
struct kc_link_back_partition {
    int32_t partition;
    int64_t offset; /* up to here both sides have the same; new records begin here */
};
/* The link writes it; the link the other way round, whose link.reverse.of names this one, follows
 * it. Never grows. */
struct kc_link_back {
    int64_t epoch; /* larger with each wish for the topic */
    enum kc_link_back_wish wish;
    struct kc_uuid topic_id; /* of the source's topic that goes on, or is given up */
    bool force;
    char *by;
    int64_t since_ms;
    struct kc_link_back_partition *partitions; /* by number */
    size_t partition_count;
    json_t *given_up; /* an array, for people: what RESTORE gives up; NULL: nothing */
};
json_t *kc_link_back_json(const struct kc_link_back *back);
struct kc_error *kc_link_back_parse(const json_t *json, struct kc_link_back *back) KC_MUST_CHECK;
void kc_link_back_clear(struct kc_link_back *back);
/* The configuration of a link with the sides swapped, without what names topics and groups. New
 * map. */
struct kc_map *kc_link_reversed(const struct kc_map *config);

/* ---- waves ---- */

enum kc_link_wave_state {
    KC_LINK_WAVE_PLANNED,
    KC_LINK_WAVE_RUNNING,
    KC_LINK_WAVE_STOPPED, /* by people, or a blocker: goes on with the batch that isn't done */
    KC_LINK_WAVE_DONE,
};
#define KC_LINK_WAVE_STATES 4
const char *kc_link_wave_state_name(enum kc_link_wave_state state); /* "PLANNED", ... */
bool kc_link_wave_state_parse(const char *name, enum kc_link_wave_state *state);
bool kc_link_wave_may_move(enum kc_link_wave_state from, enum kc_link_wave_state to);

/* Topics and groups, by their names on the target, that move at once. Never grows. */
struct kc_link_wave_batch {
    struct kc_strings topics;
    struct kc_strings groups;
};
/* Never grows. */
struct kc_link_wave {
    enum kc_link_wave_state state;
    int64_t epoch;
    int64_t since_ms;
    char *reason; /* what it waits for, or what to do */
    char *by;
    bool force;
    int64_t max_pause_ms; /* of each promotion; 0: no limit */
    int32_t done;         /* batches that have moved */
    struct kc_link_wave_batch *batches;
    size_t batch_count;
};
json_t *kc_link_wave_json(const struct kc_link_wave *wave);
/* Also refuses a wave that has done more batches than it has. */
struct kc_error *kc_link_wave_parse(const json_t *json, struct kc_link_wave *wave) KC_MUST_CHECK;
void kc_link_wave_clear(struct kc_link_wave *wave);

/* ---- producer ids ---- */

/* Ids that brokers never issue have bit 62; a tag lies in bits 42 to 61. */
#define KC_LINK_ID_MARK   ((int64_t)1 << 62)
#define KC_LINK_TAG_SHIFT 42
#define KC_LINK_TAG_MASK  ((int64_t)0xFFFFF)

/* A tag of a text (a cluster's id, a link's identity): 20 bits of a hash that is the same on all
 * machines. */
int64_t kc_link_tag(const char *text);
/* The id under which a link appends. */
int64_t kc_link_producer_id(const char *link_identity);
/* Whether it is the id of any link. */
bool kc_link_id_is_links(int64_t id);
/* What a gateway tells clients instead of an id that the cluster with that tag has issued; the same
 * id where it has more than 42 bits. */
int64_t kc_link_virtual_id(int64_t tag, int64_t id);
/* The id as the cluster with that tag knows it: its own ones without the mark, others unchanged. */
int64_t kc_link_real_id(int64_t tag, int64_t id);

KC_API_END

#endif
