/* SPDX-License-Identifier: Apache-2.0 */
/* The model of a promotion (test_link_model_flip.c): gateways, the producer and its requests. */
#ifndef TESTS_UNIT_LINK_FLIP_GATEWAYS_H
#define TESTS_UNIT_LINK_FLIP_GATEWAYS_H

#include "link/flip_state.h"

/* ---- gateways ---- */

/* A message has failed. What waits behind it on the connection isn't to overtake it: a partition
 * that doesn't know the producer would take it. */
static void refuse_what_follows(struct flip_state *next, const struct request *failed)
{
    for (int i = 0; i < REQUESTS; i++) {
        struct request *request = &next->requests[i];
        if (request->phase == AT_GATEWAY && request->gateway == failed->gateway &&
            request->message > failed->message)
            *request = (struct request){0};
    }
}

static void drop_source_requests(struct flip_state *next, int g)
{
    for (int i = 0; i < REQUESTS; i++) {
        struct request *request = &next->requests[i];
        if (request->gateway != g || (request->phase != TO_SOURCE && request->phase != FROM_SOURCE))
            continue;
        refuse_what_follows(next, request);
        if (request->phase == TO_SOURCE)
            request->phase = TO_SOURCE_LOST;
        else
            *request = (struct request){0};
    }
}

static bool waits_for_source(const struct flip_state *s, int g)
{
    for (int i = 0; i < REQUESTS; i++)
        if (s->requests[i].gateway == g &&
            (s->requests[i].phase == TO_SOURCE || s->requests[i].phase == FROM_SOURCE))
            return true;
    return false;
}

static void write_record(struct gateway *gateway)
{
    gateway->known = 1;
    gateway->age = 0;
    gateway->left = LEASE;
    gateway->held = 0;
}

static void read_state(struct gateway *gateway, const struct flip_state *s)
{
    gateway->view = s->state;
    gateway->view_epoch = s->epoch;
}

/* Its record first, then the state: so that either the task sees the gateway, or the gateway sees
 * PROMOTING. */
static void start_gateway(struct link_explorer *explorer, const struct flip_state *s, int g)
{
    const struct gateway *gateway = &s->gateways[g];

    if (gateway->phase == GATEWAY_DOWN)
        STEP("a gateway begins", {
            next.gateways[g].phase = GATEWAY_BEGUN;
            if (rules->gateway_reads_first)
                read_state(&next.gateways[g], s);
            else
                write_record(&next.gateways[g]);
        });
    if (gateway->phase == GATEWAY_BEGUN)
        STEP("a gateway has begun", {
            next.gateways[g].phase = GATEWAY_UP;
            if (rules->gateway_reads_first)
                write_record(&next.gateways[g]);
            else
                read_state(&next.gateways[g], s);
        });
}

static void crash_gateway(struct link_explorer *explorer, const struct flip_state *s, int g)
{
    STEP("a gateway crashes", {
        next.crashes--;
        drop_source_requests(&next, g);
        for (int i = 0; i < REQUESTS; i++) {
            struct request *request = &next.requests[i];
            if (request->gateway != g || request->phase == TO_SOURCE_LOST)
                continue;
            if (request->phase == TO_TARGET)
                request->phase = TO_TARGET_LOST;
            else if (request->phase != TO_TARGET_LOST)
                *request = (struct request){0};
        }
        uint8_t age = next.gateways[g].age;
        next.gateways[g] = (struct gateway){.known = 1, .age = age};
    });
}

static void follow_gateway(struct link_explorer *explorer, const struct flip_state *s, int g)
{
    const struct gateway *gateway = &s->gateways[g];

    start_gateway(explorer, s, g);
    if (gateway->phase != GATEWAY_UP)
        return;
    if (s->crashes)
        crash_gateway(explorer, s, g);
    bool holds = gateway->view == KC_LINK_PROMOTING && gateway->held == gateway->view_epoch;
    if (gateway->left > 0 && (gateway->left < LEASE || gateway->age > 0))
        STEP("a gateway renews its lease", {
            next.gateways[g].left = LEASE;
            next.gateways[g].age = 0;
        });
    if (gateway->left == 0)
        STEP("a gateway begins anew after its lease", {
            write_record(&next.gateways[g]);
            if (!rules->gateway_renews_blindly) {
                drop_source_requests(&next, g);
                next.gateways[g].phase = GATEWAY_BEGUN;
            }
        });
    if (gateway->view_epoch != s->epoch || gateway->view != s->state)
        STEP("a gateway reads the state", read_state(&next.gateways[g], s));
    if (gateway->view == KC_LINK_PROMOTING && !holds && gateway->left > 0 &&
        !waits_for_source(s, g))
        STEP("a gateway says that it holds", {
            next.gateways[g].held = gateway->view_epoch;
            next.gateways[g].age = 0;
            next.gateways[g].left = LEASE;
        });
}

/* ---- the producer and its requests ---- */

static bool is_acked(const struct flip_state *s, int message)
{
    return s->acked >> message & 1;
}

/* Whether a gateway has an older request of the same connection in one of two phases. */
static bool has_older(const struct flip_state *s, const struct request *request, uint8_t phase,
                      uint8_t other)
{
    for (int i = 0; i < REQUESTS; i++) {
        const struct request *older = &s->requests[i];
        if (older->gateway == request->gateway && older->message < request->message &&
            (older->phase == phase || older->phase == other))
            return true;
    }
    return false;
}

static int copies_of(const struct flip_state *s, int message)
{
    int count = 0;

    for (int i = 0; i < REQUESTS; i++)
        count += s->requests[i].phase != REQUEST_NONE && s->requests[i].message == message;
    return count;
}

static void send(struct link_explorer *explorer, const struct flip_state *s, int message, int g)
{
    int free_slots = 0, slot = 0;

    for (int i = REQUESTS - requests; i < REQUESTS; i++)
        if (s->requests[i].phase == REQUEST_NONE) {
            free_slots++;
            slot = i;
        }
    if (!free_slots || s->gateways[g].phase != GATEWAY_UP || copies_of(s, message) >= 2)
        return;
    STEP("the producer sends a message", {
        next.requests[slot] = (struct request){
            .phase = AT_GATEWAY, .message = (uint8_t)message, .gateway = (uint8_t)g};
    });
}

/* The oldest that isn't acknowledged, and the next one behind it on the same connection. */
static void follow_producer(struct link_explorer *explorer, const struct flip_state *s)
{
    int first = 0;

    while (first < messages && is_acked(s, first))
        first++;
    for (int g = 0; g < 1 + rules->two_gateways && first < messages; g++) {
        send(explorer, s, first, g);
        bool behind = false; /* one that may still be answered */
        for (int i = 0; i < REQUESTS; i++)
            behind = behind || (s->requests[i].gateway == g && s->requests[i].message == first &&
                                s->requests[i].phase != REQUEST_NONE &&
                                s->requests[i].phase != TO_SOURCE_LOST &&
                                s->requests[i].phase != TO_TARGET_LOST);
        if (behind && first + 1 < messages && !is_acked(s, first + 1))
            send(explorer, s, first + 1, g);
    }
}

static enum kc_link_flip_verdict look_up(const struct flip_state *s, int message)
{
    struct kc_link_flip_batch batches[KC_LINK_FLIP_BATCHES] = {{0}};
    struct kc_link_flip_producer producer = {.id = 1, .batches = batches};
    struct kc_link_flip flip = {.producers = &producer, .producer_count = s->flip_end > 0};
    int64_t offset = -1;

    for (int i = 0; i < s->flip_end; i++)
        batches[producer.batch_count++] = (struct kc_link_flip_batch){i, i, i};
    return kc_link_flip_look_up(&flip, 1, 0, message, message, &offset);
}

static void answer(struct link_explorer *explorer, const struct flip_state *s, int r,
                   const char *label)
{
    STEP(label, {
        next.acked |= (uint8_t)(1 << s->requests[r].message);
        next.requests[r] = (struct request){0};
    });
}

static void route_to_target(struct link_explorer *explorer, const struct flip_state *s, int r)
{
    const struct request *request = &s->requests[r];
    bool target_knows = s->first_client != NONE;
    if (has_older(s, request, TO_SOURCE, FROM_SOURCE))
        return;
    enum kc_link_flip_verdict verdict =
        rules->table_is_not_asked ? KC_LINK_FLIP_NEXT : look_up(s, request->message);

    if (verdict == KC_LINK_FLIP_DUPLICATE || verdict == KC_LINK_FLIP_OLD) {
        answer(explorer, s, r, "a gateway answers from the flip table");
        return;
    }
    if (verdict == KC_LINK_FLIP_LATER && !target_knows) {
        STEP("a gateway refuses a message that is too early",
             next.requests[r] = (struct request){0});
        return;
    }
    if (!target_knows && !rules->many_begin && has_older(s, request, TO_TARGET, FROM_TARGET))
        return;
    STEP("a gateway sends a message to the target", next.requests[r].phase = TO_TARGET);
}

static void route(struct link_explorer *explorer, const struct flip_state *s, int r)
{
    const struct request *request = &s->requests[r];
    const struct gateway *gateway = &s->gateways[request->gateway];

    if (gateway->phase != GATEWAY_UP || has_older(s, request, AT_GATEWAY, AT_GATEWAY))
        return;
    if (gateway->view == KC_LINK_PROMOTED)
        route_to_target(explorer, s, r);
    else if (gateway->view != KC_LINK_PROMOTING && gateway->left > 0)
        STEP("a gateway sends a message to the source", next.requests[r].phase = TO_SOURCE);
}

static void reach_source(struct link_explorer *explorer, const struct flip_state *s, int r)
{
    const struct request *request = &s->requests[r];
    bool lost = request->phase == TO_SOURCE_LOST;

    if (!lost)
        STEP("a gateway gives up waiting for the source", {
            refuse_what_follows(&next, request);
            next.requests[r].phase = TO_SOURCE_LOST;
        });
    else
        STEP("a message to the source is lost", next.requests[r] = (struct request){0});
    STEP("a message reaches the source", {
        bool fits = request->message <= s->source_end;
        next.source_end += request->message == s->source_end;
        if (lost || !fits)
            next.requests[r] = (struct request){0};
        else
            next.requests[r].phase = FROM_SOURCE;
    });
}

/* A partition takes any first sequence of an id that it doesn't know (ProducerAppendInfo). */
static void reach_target(struct link_explorer *explorer, const struct flip_state *s, int r)
{
    const struct request *request = &s->requests[r];
    bool lost = request->phase == TO_TARGET_LOST;
    bool knows = s->first_client != NONE;
    const char *why = NULL;

    if (has_older(s, request, TO_TARGET, TO_TARGET))
        return;
    STEP("the target refuses a message for a while", {
        if (!lost)
            refuse_what_follows(&next, request);
        next.requests[r] = (struct request){0};
    });
    if (!lost)
        STEP("a gateway gives up waiting for the target", {
            refuse_what_follows(&next, request);
            next.requests[r].phase = TO_TARGET_LOST;
        });
    struct flip_state next = *s;
    bool is_double =
        knows && request->message >= s->first_client && request->message < s->target_end;
    bool fits = !knows || request->message == s->target_end;
    if (lost || !(fits || is_double))
        next.requests[r] = (struct request){0};
    else
        next.requests[r].phase = FROM_TARGET;
    if (!fits) {
        add(explorer, &next, "a message reaches the target again, or too early", NULL);
        return;
    }
    if (request->message != s->target_end)
        why = "a record is doubled or out of order";
    else if (s->state != KC_LINK_PROMOTED)
        why = "the producer writes before the promotion";
    if (!knows)
        next.first_client = request->message;
    next.target_end++;
    add(explorer, &next, "the target appends a message", why);
}

/* With its connection. */
static void lose_answer(struct link_explorer *explorer, const struct flip_state *s, int r)
{
    STEP("an answer is lost", {
        refuse_what_follows(&next, &s->requests[r]);
        next.requests[r] = (struct request){0};
    });
}

static void follow_request(struct link_explorer *explorer, const struct flip_state *s, int r)
{
    const struct request *request = &s->requests[r];

    switch (request->phase) {
    case AT_GATEWAY:
        route(explorer, s, r);
        break;
    case TO_SOURCE:
    case TO_SOURCE_LOST:
        reach_source(explorer, s, r);
        break;
    case FROM_SOURCE:
        if (s->gateways[request->gateway].left > 0 || rules->gateway_answers_late)
            answer(explorer, s, r, "a gateway hands on the source's answer");
        lose_answer(explorer, s, r);
        break;
    case TO_TARGET:
    case TO_TARGET_LOST:
        reach_target(explorer, s, r);
        break;
    case FROM_TARGET:
        answer(explorer, s, r, "a gateway hands on the target's answer");
        lose_answer(explorer, s, r);
        break;
    default:
        break;
    }
}

#endif
