/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a gateway remembers of producers' sequences, so that their order stays.
 *
 * A gate: a batch failed in a way that its producer repeats. Until it does, what follows on it in
 * the same partition is refused, because a partition that doesn't know the producer would take it.
 * A beginning: after a flip, the first batch of a producer goes to the target alone, and others
 * follow once it is acknowledged. Bounded; any thread.
 */
#ifndef WORKER_GATEWAY_GATEWAY_SEQUENCES_PRIV_H
#define WORKER_GATEWAY_GATEWAY_SEQUENCES_PRIV_H

#include "connect/link.h"

struct gateway_sequences;

/* A batch's producer and place. */
struct gateway_sequence {
    const char *topic;
    int32_t partition;
    int64_t producer_id;
    int32_t epoch;
    int32_t first;
    int32_t last;
};

struct gateway_sequences *gateway_sequences_new(void);
void gateway_sequences_destroy(struct gateway_sequences *sequences); /* NULL is fine */

/* The batch failed, and its producer will send it again. */
void gateway_gate_close(struct gateway_sequences *sequences, const struct gateway_sequence *batch);
/* Whether the batch may pass. It opens the gate if it is the one that failed, or of another epoch.
 */
bool gateway_gate_passes(struct gateway_sequences *sequences, const struct gateway_sequence *batch);

enum gateway_beginning {
    GATEWAY_BEGIN_SEND,  /* to the target */
    GATEWAY_BEGIN_WAIT,  /* the producer's first batch isn't acknowledged yet */
    GATEWAY_BEGIN_ASK,   /* whether the target knows the producer: gateway_begin_told() */
    GATEWAY_BEGIN_EARLY, /* refuse: 45 */
};
/* What becomes of a batch after the flip that the table calls NEXT (next) or LATER. With SEND,
 * *alone: it is the first one, and gateway_begin_done() is to be called. */
enum gateway_beginning gateway_begin(struct gateway_sequences *sequences,
                                     const struct gateway_sequence *batch, bool next, bool *alone);
/* The first batch was answered; known: the target has the producer's state now. */
void gateway_begin_done(struct gateway_sequences *sequences, const struct gateway_sequence *batch,
                        bool known);
/* What the target said of the producer in that epoch. */
enum gateway_known { GATEWAY_KNOWN, GATEWAY_NOT_KNOWN, GATEWAY_NOT_TOLD };
void gateway_begin_told(struct gateway_sequences *sequences, const struct gateway_sequence *batch,
                        enum gateway_known known);
/* Whether the target is known to know it. */
bool gateway_begin_is_known(struct gateway_sequences *sequences,
                            const struct gateway_sequence *batch);

#endif
