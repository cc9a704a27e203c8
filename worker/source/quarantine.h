/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The topic for records that a source task's target has refused; the counterpart of a sink's dead
 * letter queue. Traffic is rare, so records are copied, and each has its own batch, so that none is
 * refused because of another.
 *
 * A record is done when the cluster has acknowledged its copy. One per task; reports come on the
 * thread that serves or adds.
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
    /* The copy is in the topic; not written: it isn't, and never will be. */
    void (*done)(void *opaque, void *owner, bool written);
    void (*failed)(void *opaque, struct kc_error *err); /* why it can't be; takes err */
    void *opaque;
};

/* Why a connector with this errors.tolerance can't have one on this worker (static); NULL: it can.
 */
const char *kc_quarantine_refusal(const char *tolerance, bool exactly_once);
/* Whether the settings name a topic. */
bool kc_quarantine_wanted(const struct kc_config *config);

/* Makes the topic when it is missing. */
struct kc_error *kc_quarantine_new(const struct kc_quarantine_settings *settings,
                                   struct kc_quarantine **quarantine) KC_MUST_CHECK;
/* Gives up what isn't acknowledged. NULL is fine. */
void kc_quarantine_destroy(struct kc_quarantine *quarantine);

/* Sends a copy of record; waits while too much is under way. done reports the outcome, unless an
 * error is returned. KC_ERR_WAKEUP: the task has been cancelled. The task's thread. */
struct kc_error *kc_quarantine_add(struct kc_quarantine *quarantine,
                                   const struct kc_refused_record *record,
                                   const struct kc_error *why, void *owner) KC_MUST_CHECK;

/* Takes acknowledgements in, for at most wait_ms. True: more is under way. */
bool kc_quarantine_serve(struct kc_quarantine *quarantine, int wait_ms);

#endif
