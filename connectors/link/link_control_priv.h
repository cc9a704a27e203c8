/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The connector's side of a link: what people want, checked and written as orders.
 *
 * A link has one control, which the running connector owns. It is used by the connector's thread
 * (REST) and by its scheduler (patterns, growth, settings). Orders are written by these functions
 * alone, one call at a time.
 */
#ifndef CONNECTORS_LINK_LINK_CONTROL_PRIV_H
#define CONNECTORS_LINK_LINK_CONTROL_PRIV_H

#include "link/link_store_priv.h"

#include <stdatomic.h>

struct link_live; /* link_live_priv.h */

struct link_control {
    struct kc_connector_context *context;
    struct link_config *config;
    struct link_store *store;
    struct kc_admin *source;
    struct kc_admin *target;
    char *source_cluster_id;
    char *target_cluster_id;
    struct link_live *live;   /* how both sides are now; link_live_new() at the start */
    pthread_mutex_t ordering; /* held by whoever writes orders */
    pthread_mutex_t guarding; /* held by whoever makes or removes guards (link_acls_priv.h) */
    atomic_bool ended;        /* by link_end(): nothing is taken up any more */
};

/* What speaks against something, or makes it dangerous. */
struct link_blocker {
    char *code;    /* "TARGET_NOT_EMPTY", "SOURCE_NOT_QUIET", ...; link_blockers.c has all */
    char *message; /* names the thing, and what to do */
    bool warning;  /* doesn't stop anything; force isn't needed */
};

/* What became of one name in a request. */
struct link_outcome {
    char *name; /* on the target */
    int status; /* HTTP's: 202 or 200 (dry run), 404, 409, ... */
    char *message;
    struct link_blocker *blockers;
    size_t blocker_count;
    int64_t predicted_ms; /* -1: not known */
    json_t *given_up;     /* records that go with it (link_given_up_json()); NULL: none */
};
struct link_outcomes {
    struct link_outcome *items;
    size_t count;
};
void link_outcomes_clear(struct link_outcomes *outcomes);
struct link_outcome *link_outcomes_add(struct link_outcomes *outcomes, const char *name);
/* Takes nothing; copies the text. */
void link_outcome_block(struct link_outcome *outcome, const char *code, bool warning,
                        const char *fmt, ...) KC_PRINTF(4, 5);
bool link_outcome_blocked(const struct link_outcome *outcome); /* by more than warnings */
/* The outcome of this name is an error; copies the text, in place of a former one. */
void link_outcome_refuse(struct link_outcome *outcome, int status, const char *fmt, ...)
    KC_PRINTF(3, 4);

/* How a request is meant. */
struct link_request {
    const char *by; /* "rest", "pattern", "wave:x" */
    bool dry_run;
    bool force;
    int64_t max_pause_ms;   /* of promotions; 0: no limit */
    bool link_back_follows; /* of a way back: the link is made afterwards */
    /* Of a way back: the target's topic has the source's records already, up to where this says;
     * NULL: it must be empty. */
    const struct kc_link_back *back;
};

/* link_create.c: makes mirror topics of source topics: looks at both sides, says what speaks
 * against it, makes the target's topics with settings that are safe until promotion, writes the
 * orders. */
struct kc_error *link_create_topics(struct link_control *control,
                                    const struct kc_strings *source_topics,
                                    const struct link_request *request,
                                    struct link_outcomes *outcomes) KC_MUST_CHECK;
/* What a mirror topic would be. */
struct link_topic_plan {
    int32_t partitions; /* that the source has; 0: there is no such topic */
    bool exists;        /* on the target */
    bool compacted;
    struct kc_map *now;   /* settings while it is linked; NULL: not known */
    struct kc_map *later; /* those that change with the promotion; NULL: the target's default */
};
/* What would become of the same, with a plan for each source topic: maps are the caller's. outcomes
 * is empty. */
struct kc_error *link_plan_topics(struct link_control *control,
                                  const struct kc_strings *source_topics,
                                  struct link_outcomes *outcomes,
                                  struct link_topic_plan *plans) KC_MUST_CHECK;
/* Registers mirror groups of source groups. */
struct kc_error *link_create_groups(struct link_control *control,
                                    const struct kc_strings *source_groups,
                                    const struct link_request *request,
                                    struct link_outcomes *outcomes) KC_MUST_CHECK;

/* A conflict (409) where something blocks it, with the first blocker's words; else, unless it has a
 * status, 200 for a dry run and 202. Returns whether its order is to be written. */
bool link_outcome_settle(struct link_outcome *outcome, const struct link_request *request);

/* link_orders.c: other wishes for mirror topics and groups, by their names on the target. */
struct kc_error *link_order_topics(struct link_control *control, const struct kc_strings *topics,
                                   enum kc_link_wish wish, const struct link_request *request,
                                   struct link_outcomes *outcomes) KC_MUST_CHECK;
struct kc_error *link_order_groups(struct link_control *control, const struct kc_strings *groups,
                                   enum kc_link_group_wish wish, const struct link_request *request,
                                   struct link_outcomes *outcomes) KC_MUST_CHECK;
/* Ends the mirroring; topics and groups stay. */
struct kc_error *link_forget_topic(struct link_control *control, const char *topic) KC_MUST_CHECK;
/* The same for many, in few requests; the first error ends it, with some of them ended. */
struct kc_error *link_forget_topics(struct link_control *control,
                                    const struct kc_strings *topics) KC_MUST_CHECK;
struct kc_error *link_forget_group(struct link_control *control, const char *group) KC_MUST_CHECK;

/* link_end.c: ends the mirroring of all topics and groups, and takes away what the link has put on
 * the target. KC_ERR_CONFLICT during a promotion. Groups are released by the tasks afterwards. */
struct kc_error *link_end(struct link_control *control) KC_MUST_CHECK;
/* The same with its part of the offset index. It is to be called again until *done. */
struct kc_error *link_end_wholly(struct link_control *control, bool *done) KC_MUST_CHECK;
/* KC_ERR_CONFLICT: the link has ended. */
static inline KC_MUST_CHECK struct kc_error *link_check_open(struct link_control *control)
{
    return atomic_load(&control->ended)
               ? kc_error_new(KC_ERR_CONFLICT,
                              "it ends, by DELETE /links/%s. Delete its connector, "
                              "or restart it to go on with the link",
                              control->config->name)
               : NULL;
}

/* link_watch.c: what the connector does by itself, on a thread of its own: new topics and groups
 * that match, more partitions, settings and rights that are kept alike. */
struct link_watch;
struct kc_error *link_watch_start(struct link_control *control,
                                  struct link_watch **watch) KC_MUST_CHECK;
void link_watch_stop(struct link_watch *watch); /* NULL is fine */

/* link_resource.c: the REST resource /links, whose connector object begins with a struct
 * link_control * (NULL until it is started). */
extern const struct kc_resource link_resource;

#endif
