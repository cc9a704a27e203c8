/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of the distributed herder (DistributedHerder); for distributed_*.c only.
 *
 * Everything belongs to the tick thread, except the members under `lock`: what the config store's
 * thread leaves for it, and what request threads need.
 */
#ifndef WORKER_HERDER_DISTRIBUTED_PRIV_H
#define WORKER_HERDER_DISTRIBUTED_PRIV_H

#include "base/queue.h"
#include "base/window.h"
#include "herder/herder_priv.h"
#include "herder/membership_priv.h"
#include "herder/restart_plan_priv.h"
#include "herder/session_key_priv.h"

struct kc_fencing;

/* The changes of the config topic since the last tick. */
struct kc_staged_updates {
    bool needs_rebalance;            /* needsReconfigRebalance */
    struct kc_strings connectors;    /* changed, or gone */
    struct kc_strings target_states; /* of these connectors */
    struct kc_strings tasks;         /* of these connectors were written again */
    struct kc_restart_request *restarts;
    size_t restart_count;
};

/* Figures of rebalances for metrics; written by the tick thread, read by any. */
struct kc_rebalances {
    atomic_uint_fast64_t completed;
    atomic_bool rebalancing;
    int64_t began_ms; /* the tick thread's own */
    atomic_int_fast64_t last_ms;
    struct kc_window time_ms;
    atomic_size_t assigned_connectors;
    atomic_size_t assigned_tasks;
    char *leader_url; /* lock */
};

struct kc_distributed {
    struct kc_herder base;
    struct kc_membership *member;
    char *rest_path;
    bool has_rest; /* peers can be reached */
    bool exactly_once;
    int sync_timeout_ms;
    int unsync_backoff_ms;
    int max_delay_ms;
    int64_t key_ttl_ms;

    struct kc_staged_updates staged;   /* lock */
    struct kc_session_key session_key; /* lock */
    int64_t key_expiration_ms;         /* lock; kc_now_ms() units, INT64_MAX: never */
    struct kc_fencing *fencings;       /* lock */
    atomic_int protocol_version;

    struct kc_rebalances rebalances;
    struct kc_assignment assignment;
    struct kc_work running;
    struct kc_work to_restart;             /* tasks stopped because they have new configs */
    struct kc_cluster_state *joined_state; /* the picture that the running work comes from, */
    struct kc_cluster_state *tasks_state;  /* and the configs of its tasks; newer, if anything */
    bool rebalance_resolved;
    bool can_read_configs;
    bool fenced; /* from the config topic */
    bool was_leader;
    int backoff_retries;
    int64_t scheduled_rebalance_ms; /* kc_mono_ms() units, INT64_MAX: none */

    struct kc_queue *background; /* jobs that block */
    pthread_t background_thread;
    bool background_started;
    struct kc_herder_connector *connectors; /* to see to, as leader */
    size_t connector_count;
};

static inline struct kc_distributed *kc_distributed_of(struct kc_herder *herder)
{
    return (struct kc_distributed *)herder;
}

/* ---- distributed_duty.c: below all others ---- */

#define KC_BACKOFF_RETRIES 5 /* before running work is revoked */

bool kc_distributed_is_leader(const struct kc_distributed *herder);
/* The leader's URL; NULL when nobody knows. Borrowed until the next rebalance. */
const char *kc_distributed_leader_url(const struct kc_distributed *herder);
/* Reads to the end of the config topic and takes a fresh snapshot; false: too slow, or failed. */
bool kc_distributed_refresh(struct kc_distributed *herder);
/* Checks the error of a write that only the leader makes: a lost privilege is noted, and explained
 * in the error. */
struct kc_error *kc_distributed_wrote(struct kc_distributed *herder,
                                      struct kc_error *err) KC_MUST_CHECK;
struct kc_error *kc_distributed_write_tasks(struct kc_distributed *herder, const char *connector,
                                            const struct kc_maps *configs) KC_MUST_CHECK;
void kc_distributed_sleep(struct kc_distributed *herder, int64_t ms); /* Java's backoff() */
void kc_distributed_pause(struct kc_distributed *herder, int64_t ms);
/* KC_ERR_WRONG_TARGET with the leader's URL. */
struct kc_error *kc_distributed_not_leader(struct kc_distributed *herder, const char *why);
bool kc_distributed_is_source(const struct kc_distributed *herder, const char *connector);
bool kc_distributed_rebalance_pending(struct kc_distributed *herder);
void kc_distributed_rejoin(struct kc_distributed *herder, const char *reason);

/* ---- distributed_herder.c ---- */

/* kc_herder_distributed_new() in two steps, so that tests can use other parts. First a herder
 * without parts, whose address their listeners need; then its member and stores (taken) and its
 * worker. */
struct kc_herder *kc_distributed_prepare(const struct kc_herder_settings *settings);
struct kc_error *kc_distributed_equip(struct kc_herder *herder, struct kc_membership *member,
                                      const struct kc_herder_parts *parts) KC_MUST_CHECK;

/* ---- distributed_rebalance.c ---- */

extern const struct kc_membership_listener kc_distributed_membership_listener;
/* Brings a finished rebalance to its end; false: not yet, tick again. */
bool kc_distributed_resolve(struct kc_distributed *herder);
bool kc_distributed_read_configs(struct kc_distributed *herder);

/* ---- distributed_metrics.c ---- */

void kc_distributed_note_assignment(struct kc_distributed *herder);
void kc_distributed_note_resolved(struct kc_distributed *herder);
void kc_distributed_expose(struct kc_herder *base, struct kc_exposition *exposition);

/* ---- distributed_updates.c ---- */

extern const struct kc_config_listener kc_distributed_config_listener;
/* Acts on what the config topic brought; true: the tick ends here. */
bool kc_distributed_update(struct kc_distributed *herder);
void kc_distributed_run_restarts(struct kc_distributed *herder);
void kc_staged_updates_clear(struct kc_staged_updates *staged);

/* Whether the tasks of connector may take up their new configs one by one, without a rebalance:
 * their number is the same, they differ only in their assigned items (task.assigned.*), and no task
 * gets an item of another one. Pure. */
bool kc_task_configs_grow(const struct kc_cluster_state *before, const struct kc_cluster_state *now,
                          const char *connector);

/* ---- distributed_keys.c ---- */

/* Writes a new session key if that is this worker's duty; false: it failed; tick again. */
bool kc_distributed_rotate_key(struct kc_distributed *herder);
void kc_distributed_session_key_updated(void *opaque);
/* The time at which the key must be rotated, in kc_mono_ms() units; INT64_MAX: never. */
int64_t kc_distributed_next_rotation(struct kc_distributed *herder);
struct kc_error *kc_distributed_check_signature(struct kc_herder *herder,
                                                const struct kc_signature *signature) KC_MUST_CHECK;
/* A copy; key NULL in it: none yet. Any thread. */
void kc_distributed_session_key(struct kc_distributed *herder, struct kc_session_key *key);

/* ---- distributed_requests.c ---- */

extern const kc_request_run kc_distributed_requests[KC_REQUEST_COUNT];

/* ---- distributed_fencing.c ---- */

void kc_distributed_run_fence(struct kc_herder *herder, struct kc_request *request, void *args);
struct kc_error *kc_distributed_fence_zombies(void *opaque, const char *connector);
struct kc_error *kc_distributed_confirm_task(void *opaque, const char *connector, int task,
                                             int64_t since_ms);
struct kc_error *kc_distributed_verify_task(void *opaque, const char *connector, int task,
                                            int generation);
/* New task configs invalidate a round of fencing. Any thread, lock held. */
void kc_distributed_cancel_fencing(struct kc_distributed *herder, const char *connector);
/* Waits for all rounds; their requests fail. Tick thread, after the queue's close. */
void kc_distributed_end_fencings(struct kc_distributed *herder);

enum kc_fencing_need { KC_FENCE_NOTHING, KC_FENCE_RECORD_ONLY, KC_FENCE_PRODUCERS };
/* The decision of DistributedHerder.doFenceZombieSourceTasks. Pure. */
enum kc_fencing_need kc_fencing_need(const struct kc_cluster_state *state, const char *connector);

/* ---- distributed_publish.c ---- */

struct kc_error *kc_distributed_publish_tasks(struct kc_herder *herder,
                                              struct kc_herder_args *args) KC_MUST_CHECK;
/* Writes the connectors that a new leader has to see to. */
void kc_distributed_configure_connectors(struct kc_distributed *herder);
struct kc_error *kc_distributed_start_background(struct kc_distributed *herder) KC_MUST_CHECK;
void kc_distributed_end_background(struct kc_distributed *herder);
/* Sends an internal request to the leader, signed. Blocks; not on the tick thread. */
struct kc_error *kc_distributed_send(struct kc_distributed *herder, const char *url,
                                     const char *method, const char *connector,
                                     const char *resource, const char *body) KC_MUST_CHECK;

#endif
