/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A creation of mirror topics under way: what its two files share. Both run on the thread of the
 * request. link_create.c makes topics and writes orders; link_create_look.c looks at both sides.
 */
#ifndef LINK_CREATE_PRIV_H
#define LINK_CREATE_PRIV_H

#include "link/link_control_priv.h"

#include "connect/admin.h"

#define LINK_CREATE_AT_ONCE 200

/* A source topic on its way to a mirror topic. */
struct link_candidate {
    const char *source;
    char *target;
    size_t outcome; /* index */
    struct kc_topic_description *from;
    struct kc_topic_description *to; /* NULL: not there yet */
    struct kc_config_entries settings;
    struct kc_error *settings_error;
    struct kc_map *now; /* settings while it is linked */
    struct kc_map *later;
    int64_t epoch;            /* of the order to write */
    bool known;               /* nothing is to be done */
    bool again;               /* it was refused before, and FAILED */
    struct kc_uuid former_id; /* of the target's topic then */
};

struct link_creation {
    struct link_control *control;
    const struct link_request *request;
    struct link_outcomes *outcomes;
    struct link_candidate items[LINK_CREATE_AT_ONCE];
    size_t count;
    struct kc_topic_descriptions sources;
    struct kc_topic_descriptions targets;
    struct kc_config_entries target_settings; /* of a topic, which tell what the target knows */
    struct link_topic_plan *plans;            /* by outcome; NULL: nobody asks */
};

struct link_outcome *link_create_outcome(struct link_creation *creation,
                                         const struct link_candidate *candidate);

/* Whether it goes on: nothing has been said against it so far. */
bool link_create_goes_on(struct link_creation *creation, const struct link_candidate *candidate);

/* Each says what speaks against the candidates that go on. The error is the caller's: a cluster
 * can't be asked at all. Settings of the source are planned by what the target knows, which
 * link_create_learn_settings() finds out first. */
struct kc_error *link_create_learn_settings(struct link_creation *creation);
struct kc_error *link_create_look_at_source(struct link_creation *creation);
struct kc_error *link_create_look_at_settings(struct link_creation *creation);
struct kc_error *link_create_look_at_target(struct link_creation *creation);

/* Asks the target for the topics again, `to` of all candidates. The error is the caller's. */
struct kc_error *link_create_describe_targets(struct link_creation *creation);

#endif
