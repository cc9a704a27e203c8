/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session's two streams: when each is read, and how both end. Part of gateway_life_priv.h. Loop
 * thread.
 */
#include "gateway/gateway_limits_priv.h"
#include "gateway/gateway_own_login_priv.h"

#include "connect/log.h"

#include <stdlib.h>
#include <utlist.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.gateway.session");

#define PATIENCE_MS 5000 /* for what is still to be sent at the end */

/* ---- When streams are read ---- */

void gateway_hold_client(struct gateway_session *session, enum gateway_hold why)
{
    if (!session->client_holds && session->client)
        wire_stream_pause(session->client);
    session->client_holds |= why;
}

void gateway_release_client(struct gateway_session *session, enum gateway_hold why)
{
    if (!(session->client_holds & why))
        return;
    session->client_holds &= ~(unsigned int)why;
    if (!session->client_holds && session->client)
        wire_stream_resume(session->client);
}

void gateway_hold_target(struct gateway_session *session, enum gateway_hold why)
{
    if (!session->target_holds && session->target)
        wire_stream_pause(session->target);
    session->target_holds |= why;
}

void gateway_release_target(struct gateway_session *session, enum gateway_hold why)
{
    if (!(session->target_holds & why))
        return;
    session->target_holds &= ~(unsigned int)why;
    if (!session->target_holds && session->target)
        wire_stream_resume(session->target);
}

/* The target must be read while one of our own requests is there, because answers may wait for it.
 */
void gateway_balance(struct gateway_session *session)
{
    const size_t max = session->loop->common->config->client_bytes_max;

    if (session->bytes > max)
        gateway_hold_client(session, HOLD_BYTES);
    else if (session->bytes <= max / 2)
        gateway_release_client(session, HOLD_BYTES);
    if (session->answers > max && !session->asks)
        gateway_hold_target(session, HOLD_BYTES);
    else if (session->answers <= max / 2 || session->asks)
        gateway_release_target(session, HOLD_BYTES);
}

/* ---- The end ---- */

void gateway_session_uncount(struct gateway_loop *loop, const char *address)
{
    struct gateway_common *common = loop->common;

    atomic_fetch_sub(&loop->session_count, 1);
    gateway_limits_leave(common->limits, address);
    atomic_fetch_sub(&common->sessions, 1);
}

void gateway_session_let_go(struct gateway_session *session)
{
    struct gateway_loop *loop = session->loop;

    if (session->client || session->target)
        return;
    DL_DELETE(loop->sessions, session);
    gateway_session_uncount(loop, session->about.address);
    gateway_own_login_end(session);
    gateway_visitor_clear(session);
    free(session);
    /* The loop may have waited for it. */
    if (loop->stopping)
        uv_async_send(&loop->wake);
}

static void say_why(struct gateway_session *session, struct kc_error *err)
{
    struct gateway_common *common = session->loop->common;

    if (err)
        gateway_say(&common->say_broken, &log, KC_LOG_WARN, "Closed the connection of %s: %s",
                    gateway_visitor_name(session), kc_error_text(err));
    kc_error_destroy(err);
}

/* What was held is of no use now: the rest is sent, and the peers' ends are to be seen. */
static void finish_streams(struct gateway_session *session)
{
    session->client_holds = session->target_holds = 0;
    if (session->client)
        wire_stream_finish(session->client);
    if (session->target)
        wire_stream_finish(session->target);
}

void gateway_session_finish(struct gateway_session *session, struct kc_error *err)
{
    if (session->state == SESSION_ENDING) {
        kc_error_destroy(err);
        return;
    }
    session->state = SESSION_ENDING;
    session->deadline_ms = kc_mono_ms() + PATIENCE_MS;
    if (session->member)
        atomic_fetch_sub(&session->loop->common->members, 1);
    say_why(session, err);
    gateway_requests_end(session);
    finish_streams(session);
}

void gateway_session_cut(struct gateway_session *session)
{
    gateway_session_finish(session, NULL);
    if (session->client)
        wire_stream_close(session->client);
    if (session->target)
        wire_stream_close(session->target);
}
