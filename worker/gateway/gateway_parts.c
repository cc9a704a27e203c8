/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Large answers to Fetch go on to the client as they come. A consumer that catches up is sent up to
 * fetch.max.bytes (50 MB) at once: kept whole, they would cost the gateway as much for each, and
 * the client would wait for them twice. Part of gateway_life_priv.h. Loop thread.
 */
#include "gateway/gateway_life_priv.h"

#include <utlist.h>

/* Only the answer to the client's first request may pass: the others wait for their turn. */
bool gateway_parts_begin(struct gateway_session *session, size_t size)
{
    const struct gateway_call *call = session->calls;

    if (session->state != SESSION_OPEN || !call || call->done || call->api != KC_API_FETCH ||
        call->request != session->exchanges || call->request->pub.message)
        return false;
    session->passing = size;
    gateway_fetch_walk_begin(&session->walk);
    return true;
}

/* Whether the part is what the answer goes on with. */
static bool goes_on(struct gateway_session *session, const struct gateway_call *call, uint8_t *part,
                    size_t len, size_t left)
{
    if (call->request->state != REQUEST_PASSING && !gateway_relay_is_for(call, part, len))
        return false;
    if (call->version < GATEWAY_FETCH_WALK_FROM)
        return true;
    return gateway_fetch_walk(&session->walk, part, len) &&
           (left || gateway_fetch_walk_is_over(&session->walk));
}

/* Records are nobody's business here. The last byte is kept, so that the answer ends with a part.
 */
static void let_pass(struct gateway_session *session, int version, size_t left)
{
    size_t len = left - 1;

    if (version >= GATEWAY_FETCH_WALK_FROM && gateway_fetch_walk_ahead(&session->walk) < len)
        len = gateway_fetch_walk_ahead(&session->walk);
    wire_stream_let_pass(session->target, session->client, len);
}

void gateway_parts_passed(struct gateway_session *session, size_t len, bool full)
{
    if (session->calls->version >= GATEWAY_FETCH_WALK_FROM)
        gateway_fetch_walk_skip(&session->walk, len);
    gateway_request_sent(session, len);
    if (full)
        gateway_hold_target(session, HOLD_FULL);
}

static void end(struct gateway_session *session, struct gateway_call *call)
{
    session->passing = 0;
    DL_DELETE(session->calls, call);
    gateway_request_settle(call->request, NULL);
}

void gateway_parts_pass(struct gateway_session *session, uint8_t *part, size_t cap, size_t len,
                        size_t left)
{
    struct gateway_call *call = session->calls;

    if (!goes_on(session, call, part, len, left)) {
        wire_frame_free(part, cap);
        gateway_relay_unexpected(session, "an answer to Fetch that isn't one");
        return;
    }
    gateway_request_pass(call->request,
                         gateway_outgoing_part(part, cap, len, session->passing,
                                               call->request->state == REQUEST_PASSING));
    if (left)
        let_pass(session, call->version, left);
    else
        end(session, call);
}
