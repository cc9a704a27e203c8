/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a part of a Produce request goes: source, target, or nowhere yet. See
 * gateway_routing_priv.h and docs/LINKING-INTERNALS.md "Promotion and the flip".
 */
#include "gateway/gateway_metrics_priv.h"
#include "gateway/gateway_routing_priv.h"

#define CLOCKS_MS ((int64_t)15 * 60 * 1000) /* by which two machines' clocks may differ */

void gateway_part_refuse(struct gateway_part *part, int16_t code)
{
    part->error_code = code;
    part->base_offset = part->log_append_time = part->log_start_offset = -1;
}

static bool has_producer(const struct gateway_part *part)
{
    return part->header.producer_id >= 0;
}

/* Answers for good, without a trace. */
static enum gateway_verdict answer(struct gateway_part *part, int16_t code, int64_t offset)
{
    gateway_part_refuse(part, code);
    part->base_offset = offset;
    return GATEWAY_ANSWER;
}

/* The producer sends it again; until then nothing of it passes that follows on this one. */
static enum gateway_verdict try_again(struct gateway_route *route, struct gateway_part *part)
{
    struct gateway_sequence batch = gateway_part_sequence(part);

    if (has_producer(part))
        gateway_gate_close(route->sequences, &batch);
    return answer(part, GATEWAY_TRY_AGAIN, -1);
}

/* ---- transactions ---- */

static bool is_at_target(const struct gateway_way *way)
{
    return !way || way->place == GATEWAY_TARGET || way->place == GATEWAY_TARGET_FLIPPED;
}

static bool is_transactional(const struct gateway_part *part)
{
    return part->job->transactional_id && has_producer(part);
}

static bool is_of_source(struct gateway_route *route, const struct gateway_part *part)
{
    bool of_source = false;

    gateway_id_at_source(route, part->header.producer_id, &of_source);
    return of_source;
}

/* Whether the transaction has writes for both clusters. */
static bool is_mixed(struct gateway_route *route, const struct gateway_part *part)
{
    const struct gateway_job *job = part->job;
    bool here = is_at_target(part->way);

    for (size_t i = 0; i < job->count; i++) {
        if (is_at_target(job->parts[i].way) != here)
            return true;
    }
    return here &&
           gateway_transaction_is_open(route, job->transactional_id, part->header.producer_epoch);
}

/* A transaction lives in one cluster: the one that issued its producer id. A batch for the other
 * one makes it begin anew there. */
static enum gateway_verdict begin_anew(struct gateway_route *route, struct gateway_part *part,
                                       bool source)
{
    if (is_mixed(route, part))
        gateway_transaction_mixed(route, part->job->transactional_id);
    gateway_transaction_note(route, part->job->transactional_id, source);
    return answer(part, gateway_begin_anew_code(part->job->exchange), -1);
}

static bool adds_partitions(const struct gateway_part *part)
{
    return part->job->exchange->header.version >= GATEWAY_FIRST_ADDING;
}

/* It waits. An open transaction can't: the promotion waits for its end. The first write of one that
 * no AddPartitionsToTxn has announced waits for a moment, because its client would begin anew as
 * fast as it can; not longer, because another gateway may know that the transaction is open. */
static enum gateway_verdict judge_held(struct gateway_route *route, struct gateway_part *part,
                                       int64_t now_ms)
{
    const struct gateway_job *job = part->job;

    if (!is_transactional(part) || !is_of_source(route, part))
        return GATEWAY_WAIT;
    bool first = adds_partitions(part) && !gateway_transaction_is_open(route, job->transactional_id,
                                                                       part->header.producer_epoch);
    if (first && now_ms < job->exchange->since_ms + GATEWAY_HELD_TXN_MS)
        return GATEWAY_WAIT;
    return begin_anew(route, part, true);
}

/* ---- after the flip ---- */

static int64_t source_id(struct gateway_route *route, const struct gateway_part *part)
{
    return gateway_id_in_log(route, part->header.producer_id);
}

static enum gateway_verdict begin(struct gateway_route *route, struct gateway_part *part, bool next)
{
    struct gateway_sequence batch = gateway_part_sequence(part);

    switch (gateway_begin(route->sequences, &batch, next, &part->alone)) {
    case GATEWAY_BEGIN_SEND:
        return GATEWAY_TO_TARGET;
    case GATEWAY_BEGIN_ASK:
        part->probed = true;
        part->job->open++;
        return GATEWAY_PROBE;
    case GATEWAY_BEGIN_EARLY:
        return answer(part, KC_KAFKA_OUT_OF_ORDER_SEQUENCE_NUMBER, -1);
    default:
        return GATEWAY_WAIT;
    }
}

/* Whether nobody sends a batch again any more that is from before the promotion. */
static bool is_long_ago(const struct gateway_route *route, const struct gateway_way *way)
{
    const struct gateway_config *config = route->base.config;

    return way->since_ms > 0 &&
           kc_now_ms() - way->since_ms > CLOCKS_MS + (config ? config->aside_ms : 0);
}

static enum kc_link_flip_verdict look_up(struct gateway_route *route,
                                         const struct gateway_part *part,
                                         const struct gateway_way *way, int64_t *offset)
{
    const struct kc_link_flip *flip = gateway_links_flip(route->base.links, way, part->partition);

    *offset = -1;
    if (!flip || !has_producer(part) || is_long_ago(route, way))
        return KC_LINK_FLIP_UNKNOWN;
    return kc_link_flip_look_up(flip, source_id(route, part), part->header.producer_epoch,
                                part->header.base_sequence, part->last_sequence, offset);
}

static enum gateway_verdict judge_flipped(struct gateway_route *route, struct gateway_part *part)
{
    int64_t offset = -1;

    switch (look_up(route, part, part->way, &offset)) {
    case KC_LINK_FLIP_DUPLICATE:
        gateway_measure_add(GATEWAY_REPEATED, 1);
        return answer(part, KC_KAFKA_NONE, offset);
    case KC_LINK_FLIP_OLD:
        return answer(part, KC_KAFKA_DUPLICATE_SEQUENCE_NUMBER, -1);
    case KC_LINK_FLIP_FENCED:
        return answer(part, KC_KAFKA_INVALID_PRODUCER_EPOCH, -1);
    case KC_LINK_FLIP_NEXT:
        return begin(route, part, true);
    case KC_LINK_FLIP_LATER:
        return begin(route, part, false);
    default:
        return GATEWAY_TO_TARGET;
    }
}

/* The usual case is that all producers of the table have written to the target since. */
bool gateway_passes(struct gateway_route *route, const struct gateway_part *part,
                    const struct gateway_way *way)
{
    struct gateway_sequence batch = gateway_part_sequence(part);
    int64_t offset = -1;

    if (!is_at_target(way) || (is_transactional(part) && is_of_source(route, part)))
        return false;
    if (!way || !has_producer(part))
        return true;
    if (!gateway_gate_passes(route->sequences, &batch))
        return false;
    enum kc_link_flip_verdict verdict = look_up(route, part, way, &offset);
    if (verdict == KC_LINK_FLIP_NEXT || verdict == KC_LINK_FLIP_LATER)
        return gateway_begin_is_known(route->sequences, &batch);
    return verdict == KC_LINK_FLIP_UNKNOWN;
}

/* ---- verdicts ---- */

static void look_for_way(struct gateway_route *route, struct gateway_part *part)
{
    struct gateway_way *way = NULL;

    if (!part->way) /* no link had the topic when the request came */
        return;
    way = gateway_links_way(route->base.links, part->topic, NULL);
    gateway_way_unref(part->way);
    part->way = way;
}

static enum gateway_verdict judge_at_target(struct gateway_route *route, struct gateway_part *part)
{
    if (is_transactional(part))
        return is_of_source(route, part) ? begin_anew(route, part, false) : GATEWAY_TO_TARGET;
    if (part->way && part->way->place == GATEWAY_TARGET_FLIPPED)
        return judge_flipped(route, part);
    return GATEWAY_TO_TARGET;
}

static enum gateway_verdict judge_place(struct gateway_route *route, struct gateway_part *part,
                                        int64_t now_ms)
{
    look_for_way(route, part);
    if (is_at_target(part->way))
        return judge_at_target(route, part);
    if (part->way->place != GATEWAY_HELD && is_transactional(part) && !is_of_source(route, part))
        return begin_anew(route, part, true);
    if (!part->job->rights[part->topic_index].topic)
        return try_again(route, part); /* it was no link's when its rights were asked */
    if (part->way->place == GATEWAY_HELD)
        return judge_held(route, part, now_ms);
    if (!gateway_links_begin(route->base.links, part->way, source_id(route, part), &part->ticket))
        return GATEWAY_WAIT;
    if (is_transactional(part) && adds_partitions(part))
        gateway_transaction_set_open(route, part->job->transactional_id,
                                     part->header.producer_epoch);
    return GATEWAY_TO_SOURCE;
}

enum gateway_verdict gateway_judge(struct gateway_route *route, struct gateway_part *part,
                                   int64_t now_ms)
{
    const struct gateway_job *job = part->job;
    const struct gateway_right *right = &job->rights[part->topic_index];
    struct gateway_sequence batch = gateway_part_sequence(part);

    if (part->probed)
        return GATEWAY_WAIT;
    if (job->queue->ended)
        return answer(part, GATEWAY_TRY_AGAIN, -1);
    if (part->untold || now_ms >= job->exchange->since_ms + GATEWAY_HOLD_MS)
        return try_again(route, part);
    if (right->topic && !right->known)
        return GATEWAY_WAIT;
    if (right->topic && right->code)
        return answer(part, right->code, -1);
    const struct gateway_right *of_id = &job->rights[job->request->topic_data.count];
    if (right->topic && of_id->topic && !of_id->known)
        return GATEWAY_WAIT;
    if (right->topic && of_id->topic && of_id->code)
        return answer(part, of_id->code, -1);
    if (has_producer(part) && !gateway_gate_passes(route->sequences, &batch))
        return answer(part, GATEWAY_TRY_AGAIN, -1);
    return judge_place(route, part, now_ms);
}

/* ---- answers ---- */

/* Whether the producer will send the same batch again. */
static bool is_repeated(int16_t code)
{
    return code != KC_KAFKA_NONE && code != KC_KAFKA_DUPLICATE_SEQUENCE_NUMBER &&
           kc_kafka_error_retriable(code);
}

/* A target that refuses a batch by its sequence knows the producer as well. */
static bool is_known_then(int16_t code)
{
    return code == KC_KAFKA_NONE || code == KC_KAFKA_DUPLICATE_SEQUENCE_NUMBER ||
           code == KC_KAFKA_OUT_OF_ORDER_SEQUENCE_NUMBER;
}

void gateway_part_answered(struct gateway_route *route, struct gateway_part *part, bool from_source)
{
    struct gateway_sequence batch = gateway_part_sequence(part);

    if (from_source && !gateway_links_end(route->base.links, part->way, part->ticket))
        gateway_part_refuse(part, GATEWAY_UNKNOWN);
    if (!has_producer(part))
        return;
    if ((from_source || part->alone) && is_repeated(part->error_code))
        gateway_gate_close(route->sequences, &batch);
    if (part->alone)
        gateway_begin_done(route->sequences, &batch, is_known_then(part->error_code));
}
