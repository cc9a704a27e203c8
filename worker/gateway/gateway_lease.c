/* SPDX-License-Identifier: Apache-2.0 */
/* A gateway's lease with a link, see gateway_lease_priv.h. */
#include "gateway/gateway_lease_priv.h"

#define RETRY_MS 200 /* after a record that wasn't written */

bool gateway_lease_holds(const struct gateway_lease *lease, int64_t now_ms)
{
    return now_ms < lease->until_ms;
}

/* Whether a gateway of the same name has a later epoch, and still renews it. */
static bool is_taken(struct gateway_lease *lease, int64_t now_ms, int64_t duration_ms)
{
    if (lease->epoch == 0 || lease->read_epoch <= lease->epoch) {
        lease->foreign_ms = 0;
        return false;
    }
    if (lease->foreign_ms == 0 || lease->foreign_renewals != lease->read_renewals) {
        lease->foreign_ms = now_ms;
        lease->foreign_renewals = lease->read_renewals;
    }
    return now_ms < lease->foreign_ms + duration_ms + duration_ms / 2;
}

static void begin(struct gateway_lease *lease, int64_t clock_ms)
{
    int64_t last = lease->read_epoch > lease->epoch ? lease->read_epoch : lease->epoch;

    lease->epoch = last + 1 > clock_ms ? last + 1 : clock_ms;
    lease->renewals = 0;
    lease->until_ms = 0;
}

enum gateway_lease_step gateway_lease_decide(struct gateway_lease *lease, int64_t now_ms,
                                             int64_t clock_ms, int64_t duration_ms)
{
    enum gateway_lease_step step = GATEWAY_LEASE_RENEW;

    if (is_taken(lease, now_ms, duration_ms)) {
        lease->until_ms = 0;
        lease->next_ms = now_ms + duration_ms / 3;
        return GATEWAY_LEASE_YIELD;
    }
    if (now_ms < lease->next_ms && !(lease->dirty && gateway_lease_holds(lease, now_ms)))
        return GATEWAY_LEASE_REST;
    if (!gateway_lease_holds(lease, now_ms)) {
        begin(lease, clock_ms);
        step = GATEWAY_LEASE_BEGIN;
    }
    lease->renewals++;
    lease->dirty = false;
    lease->sent_ms = now_ms;
    lease->next_ms = now_ms + duration_ms / 3;
    return step;
}

bool gateway_lease_written(struct gateway_lease *lease, bool ok, int64_t now_ms,
                           int64_t duration_ms)
{
    bool begins = lease->until_ms == 0;
    bool ours = ok && lease->read_epoch == lease->epoch;
    int64_t until_ms = lease->sent_ms + duration_ms;

    if (!ours || now_ms >= until_ms) {
        lease->dirty = true;
        lease->next_ms = now_ms + RETRY_MS;
        return false;
    }
    if (!begins && !gateway_lease_holds(lease, now_ms)) {
        lease->next_ms = now_ms; /* it ended meanwhile: begin anew */
        return false;
    }
    lease->until_ms = until_ms;
    return begins;
}

void gateway_lease_read(struct gateway_lease *lease, int64_t epoch, int64_t renewals)
{
    lease->read_epoch = epoch;
    lease->read_renewals = renewals;
}
