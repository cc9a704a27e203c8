/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What /metrics shows of a mirror topic: isthmus_link_mirror_topic_*. On the task's thread.
 */
#ifndef CONNECTORS_LINK_LINK_METRICS_PRIV_H
#define CONNECTORS_LINK_LINK_METRICS_PRIV_H

#include "connect/measure.h"
#include "link/link_copy_priv.h"

struct link_metrics;

struct link_metrics *link_metrics_new(struct kc_source_context *context, const char *link,
                                      const char *topic);
void link_metrics_destroy(struct link_metrics *metrics); /* NULL is fine */
/* status NULL: it isn't being copied. */
void link_metrics_note(struct link_metrics *metrics, enum kc_link_topic_state state,
                       const struct link_copy_status *status);

#endif
