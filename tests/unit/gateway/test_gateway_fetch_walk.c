/* SPDX-License-Identifier: Apache-2.0 */
/* The way through an answer to Fetch in parts of any size: it ends where the answer ends, and takes
 * brokers' addresses out of clients' sight, and nothing else. */
#include "gateway/gateway_fetch_walk_priv.h"

#include "base/run_suite.h"
#include "wire/api.h"
#include "wire/messages_data.h"

#include <stdlib.h>
#include <string.h>

#define CORRELATION 4711
#define RECORDS     300 /* bytes */
#define LAST        kc_api_find(KC_API_FETCH)->max

static struct kc_arena *arena;
static uint8_t records[RECORDS];

static void set_up(void)
{
    arena = kc_arena_new(4096);
    for (size_t i = 0; i < RECORDS; i++)
        records[i] = (uint8_t)(i * 7);
}

static void tear_down(void)
{
    kc_arena_destroy(arena);
}

/* ---- An answer with all that may stand in it ---- */

static void fill(struct kc_fetch_response_partition *partition, int number)
{
    partition->partition_index = number;
    partition->high_watermark = 1000 + number;
    partition->records =
        number % 3 ? kc_wire_bytes(records, (size_t)number * 20) : (struct kc_wire_bytes){NULL, -1};
    if (number % 2) {
        partition->error_code = 6;
        partition->current_leader.leader_id = 3;
        partition->current_leader.leader_epoch = 300;
    }
    if (number % 4 == 0) {
        partition->aborted_transactions.count = -1;
        return;
    }
    KC_WIRE_LIST_NEW(arena, &partition->aborted_transactions, kc_fetch_response_aborted_transaction,
                     number % 4 - 1);
}

static struct kc_fetch_response *answer(int endpoints)
{
    struct kc_fetch_response *response = kc_wire_new(arena, &kc_fetch_response_type);

    response->session_id = 77;
    KC_WIRE_LIST_NEW(arena, &response->responses, kc_fetch_response_topic, 3);
    for (int i = 0; i < 3; i++) {
        struct kc_fetch_response_topic *topic = &response->responses.items[i];

        KC_WIRE_LIST_NEW(arena, &topic->partitions, kc_fetch_response_partition, i * 7);
        for (int j = 0; j < i * 7; j++)
            fill(&topic->partitions.items[j], j);
    }
    KC_WIRE_LIST_NEW(arena, &response->node_endpoints, kc_fetch_response_node_endpoint, endpoints);
    for (int i = 0; i < endpoints; i++)
        response->node_endpoints.items[i] =
            (struct kc_fetch_response_node_endpoint){i, kc_wire_str("host"), 9092, {NULL, -1}};
    return response;
}

static struct kc_str encode(int version, const struct kc_fetch_response *response)
{
    struct kc_wire_out out = {0};
    struct kc_str frame = {0};

    kc_wire_write_response_header(&out, KC_API_FETCH, version, CORRELATION);
    ck_assert_ptr_null(kc_wire_encode(KC_API_FETCH, KC_WIRE_RESPONSE, version, response, &out));
    kc_str_append_n(&frame, out.bytes.data, out.bytes.len);
    kc_wire_out_destroy(&out);
    return frame;
}

static bool walk(uint8_t *bytes, size_t len, size_t piece)
{
    struct gateway_fetch_walk way;

    gateway_fetch_walk_begin(&way);
    for (size_t at = 0; at < len; at += piece) {
        if (!gateway_fetch_walk(&way, bytes + at, len - at < piece ? len - at : piece))
            return false;
    }
    return gateway_fetch_walk_is_over(&way);
}

/* ---- Tests ---- */

static void check_same(int version)
{
    const struct kc_str frame = encode(version, answer(0));

    for (size_t piece = 1; piece < frame.len + 2; piece++) {
        uint8_t *copy = kc_memdup(frame.data, frame.len);

        ck_assert(walk(copy, frame.len, piece));
        ck_assert_mem_eq(copy, frame.data, frame.len);
        free(copy);
    }
    free(frame.data);
}

START_TEST(an_answer_without_addresses_stays_as_it_is)
{
    for (int version = GATEWAY_FETCH_WALK_FROM; version <= LAST; version++)
        check_same(version);
}
END_TEST

/* Decoded, what was in it is there, but for the addresses. */
static void check_without(int version, const uint8_t *frame, size_t len)
{
    int32_t correlation = 0;
    void *message = NULL;
    size_t used = 0;

    ck_assert_ptr_null(
        kc_wire_read_response_header(KC_API_FETCH, version, frame, len, &correlation, &used));
    ck_assert_int_eq(correlation, CORRELATION);
    ck_assert_ptr_null(kc_wire_decode(KC_API_FETCH, KC_WIRE_RESPONSE, version, frame + used,
                                      len - used, arena, &message));
    ck_assert_int_le(((struct kc_fetch_response *)message)->node_endpoints.count, 0);
    struct kc_str again = encode(version, message), plain = encode(version, answer(0));
    ck_assert_uint_eq(again.len, plain.len);
    ck_assert_mem_eq(again.data, plain.data, plain.len);
    kc_str_destroy(&again);
    kc_str_destroy(&plain);
}

static void check_hidden(int version)
{
    const struct kc_str frame = encode(version, answer(2));

    for (size_t piece = 1; piece < frame.len + 2; piece += 1 + piece / 8) {
        uint8_t *copy = kc_memdup(frame.data, frame.len);

        ck_assert(walk(copy, frame.len, piece));
        check_without(version, copy, frame.len);
        free(copy);
    }
    free(frame.data);
}

START_TEST(addresses_are_not_seen_behind_it)
{
    for (int version = GATEWAY_FETCH_WALK_FROM; version <= LAST; version++)
        check_hidden(version);
}
END_TEST

START_TEST(its_end_is_where_the_answer_ends)
{
    const struct kc_str frame = encode(GATEWAY_FETCH_WALK_FROM, answer(1));
    uint8_t *longer = kc_calloc(1, frame.len + 1);

    memcpy(longer, frame.data, frame.len);
    for (size_t len = 0; len < frame.len; len++)
        ck_assert(!walk(longer, len, 16));
    ck_assert(!walk(longer, frame.len + 1, 16));
    free(longer);
    free(frame.data);
}
END_TEST

START_TEST(a_number_that_is_too_long_is_refused)
{
    uint8_t endless[64];

    memset(endless, 0xff, sizeof(endless));
    ck_assert(!walk(endless, sizeof(endless), 1));
    ck_assert(!walk(endless, sizeof(endless), sizeof(endless)));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        an_answer_without_addresses_stays_as_it_is, addresses_are_not_seen_behind_it,
        its_end_is_where_the_answer_ends, a_number_that_is_too_long_is_refused};

    return run_suite_with("gateway fetch walk", tests, sizeof(tests) / sizeof(*tests), 60, set_up,
                          tear_down);
}
