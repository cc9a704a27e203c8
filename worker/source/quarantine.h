/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The topic for records that a source task's target has refused: what the dead letter queue is to
 * sinks. Rare traffic: records are copied, and each goes in a batch of its own, so that none is
 * refused because of another.
 *
 * A record counts as done when the cluster has acknowledged its copy. One per task; reports come
 * on whichever thread serves or adds.
 */
#ifndef WORKER_SOURCE_QUARANTINE_H
#define WORKER_SOURCE_QUARANTINE_H

#include "connect/config_def.h"
#include "host/task_host.h"
#include "source/refused_record.h"

#define KC_QUARANTINE_TOPIC_SETTING "errors.quarantine.topic.name"

struct kc_quarantine;

struct kc_quarantine_settings {
    struct kc_task_host *host;
    const struct kc_config *config; /* the connector's, parsed */
    const char *source_alias;       /* of the connector's source cluster; NULL: it has none */
    const struct kc_map *admin;     /* Java client properties */
    const struct kc_map *producer;
    /* What was added is in the topic; not written: it isn't, and never will be. */
    void (*done)(void *opaque, void *owner, bool written);
    void (*failed)(void *opaque, struct kc_error *err); /* why it can't be; takes err */
    void *opaque;
};

/* Why a connector with such an errors.tolerance, on such a worker, can't have one (static); NULL:
 * it can. */
const char *kc_quarantine_refusal(const char *tolerance, bool exactly_once);
/* Whether the settings name a topic. */
bool kc_quarantine_wanted(const struct kc_config *config);

/* Makes the topic when it is missing. */
struct kc_error *kc_quarantine_new(const struct kc_quarantine_settings *settings,
                                   struct kc_quarantine **quarantine) KC_MUST_CHECK;
/* Gives up what isn't acknowledged. NULL is fine. */
void kc_quarantine_destroy(struct kc_quarantine *quarantine);

/* Sends a copy of record; waits while too much is under way. done tells what became of it, unless
 * there is an error: KC_ERR_WAKEUP, the task has been cancelled. The task's thread. */
struct kc_error *kc_quarantine_add(struct kc_quarantine *quarantine,
                                   const struct kc_refused_record *record,
                                   const struct kc_error *why, void *owner) KC_MUST_CHECK;

/* Takes in what has been acknowledged, within wait_ms. True: more is under way. */
bool kc_quarantine_serve(struct kc_quarantine *quarantine, int wait_ms);

#endif
