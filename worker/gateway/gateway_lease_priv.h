/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A gateway's lease with one link: when its record is written, and how long the gateway may send
 * writes to the source. Pure; times are the caller's, in kc_mono_ms() units.
 *
 * The lease counts from before the renewal was sent, and only when the renewal has been read back.
 * A gateway whose lease has ended, if only for a moment, begins anew with another epoch.
 */
#ifndef WORKER_GATEWAY_GATEWAY_LEASE_PRIV_H
#define WORKER_GATEWAY_GATEWAY_LEASE_PRIV_H

#include "connect/contract.h"

#include <stdbool.h>
#include <stdint.h>

struct gateway_lease {
    int64_t epoch; /* of our records; 0: none was written */
    int64_t renewals;
    int64_t until_ms;      /* 0: it doesn't hold */
    int64_t next_ms;       /* when it is to be renewed */
    bool dirty;            /* the record has something new: write it at once */
    int64_t read_epoch;    /* of the record in the topic, whoever wrote it; 0: none */
    int64_t read_renewals; /* the same */
    int64_t foreign_ms;    /* since then another gateway of our name hasn't renewed; 0: none */
    int64_t foreign_renewals;
    int64_t sent_ms; /* of the write that is under way */
};

bool gateway_lease_holds(const struct gateway_lease *lease, int64_t now_ms);

enum gateway_lease_step {
    GATEWAY_LEASE_REST,  /* nothing until next_ms */
    GATEWAY_LEASE_RENEW, /* write the record */
    GATEWAY_LEASE_BEGIN, /* the same; what was under way is over, and nothing is held */
    GATEWAY_LEASE_YIELD, /* another gateway has the same name: wait for it */
};
/* What is to be done now. After RENEW and BEGIN the caller writes the record with epoch and
 * renewals, and calls gateway_lease_written(). clock_ms: kc_now_ms(), so that epochs grow even if
 * the record was deleted. */
enum gateway_lease_step gateway_lease_decide(struct gateway_lease *lease, int64_t now_ms,
                                             int64_t clock_ms, int64_t duration_ms);
/* The record was written and read back (ok), or not. True: the lease has just begun. */
bool gateway_lease_written(struct gateway_lease *lease, bool ok, int64_t now_ms,
                           int64_t duration_ms);
/* A record of our name was read and is in effect; epoch 0: it was deleted. */
void gateway_lease_read(struct gateway_lease *lease, int64_t epoch, int64_t renewals);

#endif
