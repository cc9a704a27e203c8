/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is to be done about a mirror topic: from the order, the state that was last written, and how
 * the copying stands. A pure function, which the task asks again and again (link_task.c).
 */
#ifndef CONNECTORS_LINK_LINK_TOPIC_LIFE_PRIV_H
#define CONNECTORS_LINK_LINK_TOPIC_LIFE_PRIV_H

#include "link/link_copy_priv.h"

enum link_step {
    LINK_STEP_NONE,
    LINK_STEP_FORGET,  /* end the copying; nothing of the topic is kept */
    LINK_STEP_ADD,     /* begin to copy, or go on */
    LINK_STEP_RESTART, /* end the copying and begin anew from the target's log */
    LINK_STEP_PAUSE,
    LINK_STEP_RESUME,
    LINK_STEP_FINISH,   /* copy to the source's end, for a promotion */
    LINK_STEP_CUT_OVER, /* end the copying, put settings in place, write receipt and final state */
    LINK_STEP_END,      /* end the copying; the state says why */
};

struct link_topic_view {
    const struct kc_link_topic_order *order; /* NULL: there is none any more */
    const struct kc_link_topic *state;       /* NULL: none was written yet */
    const struct link_copy_status *status;   /* NULL: it isn't being copied */
    bool paused;                             /* the copying was paused */
    bool finishing;                          /* LINK_STEP_FINISH was done */
    bool quiet;                              /* nothing new at the source for a while */
    const char *waited;                      /* a gateway that doesn't hold writes yet; NULL */
    int64_t pause_ms;                        /* so long writes have been held, or it finishes */
    const char *hindrance; /* why the last LINK_STEP_CUT_OVER failed, which is to be told; NULL */
};

/* The state is to be written before the step is done, but for LINK_STEP_CUT_OVER, which writes it
 * itself at its end. */
struct link_decision {
    enum link_step step;
    enum kc_link_topic_state state; /* the same, or one that the table of moves allows */
    const char *reason;             /* borrowed from the view, or static */
    int64_t order_epoch;            /* of the order that the state follows */
};

struct link_decision link_topic_decide(const struct link_topic_view *view);

#define LINK_NOT_QUIET                                                                             \
    "SOURCE_NOT_QUIET: producers still write to the source. Stop them, or promote with force"

#define LINK_WAITS_FOR_GATEWAY "Waits until all gateways hold the writes to the topic"

#endif
