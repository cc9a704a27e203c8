/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the body of a request asks for. Bodies are untrusted: what isn't as it should be is a
 * KC_ERR_BAD_REQUEST that names the field. A field that isn't known is one, too: who writes dryrun
 * for dry_run mustn't promote. Pure functions, any thread.
 */
#ifndef CONNECTORS_LINK_LINK_ASK_PRIV_H
#define CONNECTORS_LINK_LINK_ASK_PRIV_H

#include "connect/mem.h"

#include <jansson.h>
#include <stdint.h>

/* At most so many names in one request. */
#define LINK_ASK_MAX_NAMES 10000

enum link_ask_kind {
    LINK_ASK_NEW_TOPICS, /* mirror_topic_names */
    LINK_ASK_TOPICS,     /* the same, or mirror_topic_name_pattern; force, max_pause_ms */
    LINK_ASK_BACK,       /* the same without max_pause_ms; link_back_follows */
    LINK_ASK_NEW_GROUPS, /* group_ids */
    LINK_ASK_GROUPS,     /* the same, or group_id_pattern; force */
    LINK_ASK_WAVES,      /* wave_names; force */
    LINK_ASK_TASKS,      /* task_names */
};

struct link_ask {
    struct kc_strings names; /* each once, in the order of the body */
    char *pattern;           /* a regular expression in place of names; NULL: none */
    bool dry_run;
    bool force;
    int64_t max_pause_ms;
    bool link_back_follows; /* a link back is made afterwards, if there is none */
};

/* body NULL: there is none, which is an error as well. *ask is empty after an error. */
struct kc_error *link_ask_parse(const json_t *body, enum link_ask_kind kind,
                                struct link_ask *ask) KC_MUST_CHECK;
void link_ask_clear(struct link_ask *ask);

/* A topic's name as Kafka takes it: up to 249 of letters, digits, dot, dash and underscore. A
 * group's: anything that isn't empty. what names the place in the error. */
struct kc_error *link_ask_topic_name(const json_t *value, const char *what,
                                     const char **name) KC_MUST_CHECK;
struct kc_error *link_ask_group_name(const json_t *value, const char *what,
                                     const char **name) KC_MUST_CHECK;

/* A longest pause in milliseconds, up to a day; 0: no limit. */
struct kc_error *link_ask_pause(const json_t *value, const char *what, int64_t *ms) KC_MUST_CHECK;

/* The names among known that match the pattern, appended. KC_ERR_BAD_REQUEST: it is no regular
 * expression. */
struct kc_error *link_ask_match(const char *pattern, const struct kc_strings *known,
                                struct kc_strings *names) KC_MUST_CHECK;

/* A number of a query, from 0 on. text NULL: it is missing. */
struct kc_error *link_ask_number(const char *text, const char *name, int64_t max,
                                 int64_t *number) KC_MUST_CHECK;

#endif
