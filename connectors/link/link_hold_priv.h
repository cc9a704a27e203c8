/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memberships by which groups are held on the target: a classic group by one static member that
 * leads it and gives itself everything, a KIP-848 group by phantom members that the range assignor
 * serves first.
 *
 * Holds are served by a few threads (link_hold_pool.c), each of which has many. One thread isn't
 * enough, because a member's poll may wait for a heartbeat interval where the coordinator can't be
 * reached, and commits and leaving wait for the broker. One thread for each hold would be
 * thousands. At rest a hold costs a look without a request four times a second, and its heartbeats.
 *
 * Functions here are called by the groups' thread, but for the ops and those that say so.
 */
#ifndef CONNECTORS_LINK_LINK_HOLD_PRIV_H
#define CONNECTORS_LINK_LINK_HOLD_PRIV_H

#include "connect/admin.h"
#include "link/link_group_offsets_priv.h"
#include "link/link_group_step_priv.h"
#include "link/link_lease_priv.h"

/* The ids of phantoms begin with it: no client makes such an id, and it sorts first. */
#define LINK_PHANTOM_PREFIX "!isthmus-"
/* The instance ids of those who hold classic groups: what follows is the link's name. */
#define LINK_HOLDER_PREFIX "isthmus-link-"

/* Topics that are held, with their partitions. */
struct link_held_topics {
    struct kc_strings names;
    int32_t *partitions; /* of names.items[i] */
};
void link_held_topics_add(struct link_held_topics *topics, const char *name, int32_t partitions);
bool link_held_topics_equal(const struct link_held_topics *a, const struct link_held_topics *b);
void link_held_topics_copy(struct link_held_topics *to, const struct link_held_topics *from);
void link_held_topics_clear(struct link_held_topics *topics); /* empties */

struct link_hold_settings {
    const char *group;
    bool consumer;           /* KIP-848 */
    const char *instance_id; /* of a classic group's holder */
    const char *assignor;    /* that a classic group has on the source; "" : not known */
    const json_t *members;   /* of a KIP-848 group: id to epoch, as a predecessor had them; NULL */
};

struct link_hold_pool;
struct link_hold;

/* Contacts nobody yet. config and lease are borrowed. */
struct kc_error *link_hold_pool_new(const struct link_config *config,
                                    const struct link_lease *lease,
                                    struct link_hold_pool **pool) KC_MUST_CHECK;
/* After its holds. NULL is fine. */
void link_hold_pool_destroy(struct link_hold_pool *pool);

/* Begins to join, with these topics. Copies everything. */
struct kc_error *link_hold_open(struct link_hold_pool *pool,
                                const struct link_hold_settings *settings,
                                const struct link_held_topics *topics,
                                struct link_hold **hold) KC_MUST_CHECK;
/* Doesn't leave. Waits for what is being done for the hold. NULL is fine. */
void link_hold_close(struct link_hold *hold);
/* Other topics, or more partitions. */
void link_hold_show(struct link_hold *hold, const struct link_held_topics *topics);

/* What to do for a hold; one at a time. */
struct link_hold_job {
    struct link_commit commit;
    bool leave; /* once it is committed */
    bool force; /* leave although the commit has failed */
};
/* Takes the job's commit. False: another one is under way, and nothing was taken. */
bool link_hold_submit(struct link_hold *hold, struct link_hold_job *job);
bool link_hold_busy(struct link_hold *hold);

/* The promotion is a moment away: the members of a classic group are brought into a rebalance that
 * the link doesn't finish, so that they go on as soon as it leaves instead of at their next
 * heartbeat. False: not yet, after all. */
void link_hold_gather(struct link_hold *hold, bool gather);

/* What has become of a hold. Zero-initialise it. */
struct link_hold_view {
    enum link_hold_state state;
    char *error;     /* NULL: none */
    int64_t round;   /* grows with each change among the group's members; 0: none yet */
    json_t *members; /* NULL: as before, or a classic group */
    bool job_done;   /* told once; what follows is of the job */
    struct link_commit committed;
    bool commit_done;           /* the broker has answered to it */
    struct kc_error **errors;   /* of the offsets; NULL: none */
    struct kc_error *job_error; /* of the commit, or of leaving behind it */
};
void link_hold_look(struct link_hold *hold, struct link_hold_view *view);
void link_hold_view_clear(struct link_hold_view *view); /* empties */

/* ---- between the pool and the two kinds; on the pool's threads ---- */

struct link_hold_ops {
    /* Looks after the membership; returns in how many ms to look again. topics is NULL: as before.
     */
    int (*serve)(struct link_hold *hold, const struct link_held_topics *topics);
    struct kc_error *(*commit)(struct link_hold *hold, const struct kc_group_offset *offsets,
                               size_t count, struct kc_error **errors);
    /* NULL: the group has no member of the link's any more. */
    struct kc_error *(*leave)(struct link_hold *hold);
    void (*destroy)(struct link_hold *hold); /* what is the kind's own */
};
extern const struct link_hold_ops link_classic_hold;
extern const struct link_hold_ops link_crowd_hold;

struct link_hold_thread;
struct link_hold {
    const struct link_hold_ops *ops;
    struct link_hold_pool *pool;
    struct link_hold_thread *thread;
    char *group;
    char *instance_id;
    char *assignor;
    json_t *former; /* members of a predecessor; NULL */
    void *own;      /* the kind's */

    /* The thread's lock. */
    enum link_hold_state state;
    char *error;
    int64_t round;
    json_t *members; /* that nobody has looked at yet; NULL */
    struct link_held_topics topics;
    bool topics_new;
    bool gather;
    struct link_hold_job job;
    bool has_job;
    bool job_done;
    bool commit_done;
    struct kc_error **job_errors;
    struct kc_error *job_error;
    int64_t due_ms;
    bool serving;
    struct link_hold *next;
};

struct kc_group_client *link_hold_client(const struct link_hold *hold);
/* How long a commit may take: no longer than the lease lasts. */
int link_hold_commit_ms(const struct link_hold *hold);
/* The state, and why: takes error, which may be NULL. */
void link_hold_set(struct link_hold *hold, enum link_hold_state state, char *error);
enum link_hold_state link_hold_state(struct link_hold *hold);
/* The generation or the epoch of the group. */
void link_hold_set_round(struct link_hold *hold, int64_t round);
bool link_hold_gathers(struct link_hold *hold);
void link_hold_set_members(struct link_hold *hold, json_t *members); /* takes */
/* Whether the group has no member of the link's on the target; an error says that it has, or that
 * nobody knows. */
struct kc_error *link_hold_is_gone(struct link_hold *hold) KC_MUST_CHECK;
/* The epochs of the link's members of a KIP-848 group, by their ids, as the target has them; the
 * caller's. NULL: nobody knows. Blocks. */
json_t *link_hold_epochs(struct link_hold *hold);
/* How many partitions members have that aren't a link's; -1: nobody knows. Blocks. */
int64_t link_hold_strange_partitions(struct link_hold *hold);
/* Whether a member of a group on the target is a link's. */
bool link_hold_is_ours(const struct kc_member_description *member);
/* The name of the link whose member it is; "" where it doesn't tell. The caller's. */
char *link_hold_link_of(const struct kc_member_description *member);

#endif
