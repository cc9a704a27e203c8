/* SPDX-License-Identifier: Apache-2.0 */
/* Gates behind failed batches, and the first batch of a producer after a flip. */
#include "gateway/gateway_sequences_priv.h"
#include "gateway/route_check.h"

static struct gateway_sequence batch(int32_t epoch, int32_t first)
{
    return (struct gateway_sequence){"t", 0, 7, epoch, first, first};
}

static bool passes(struct gateway_sequences *sequences, int32_t epoch, int32_t first)
{
    struct gateway_sequence one = batch(epoch, first);

    return gateway_gate_passes(sequences, &one);
}

static void close_gate(struct gateway_sequences *sequences, int32_t first)
{
    struct gateway_sequence one = batch(0, first);

    gateway_gate_close(sequences, &one);
}

START_TEST(nothing_passes_a_failed_batch)
{
    struct gateway_sequences *sequences = gateway_sequences_new();

    ck_assert(passes(sequences, 0, 5));
    close_gate(sequences, 5);
    ck_assert(!passes(sequences, 0, 6));
    ck_assert(!passes(sequences, 0, 7));
    ck_assert(passes(sequences, 0, 4)); /* an older one that is repeated */
    ck_assert(passes(sequences, 0, 5));
    ck_assert(passes(sequences, 0, 6));
    gateway_sequences_destroy(sequences);
}
END_TEST

START_TEST(the_first_that_failed_is_waited_for)
{
    struct gateway_sequences *sequences = gateway_sequences_new();

    close_gate(sequences, 5);
    close_gate(sequences, 6);
    ck_assert(!passes(sequences, 0, 6));
    ck_assert(passes(sequences, 0, 5));
    close_gate(sequences, 2147483647);
    ck_assert(!passes(sequences, 0, 0)); /* sequences begin anew with 0 */
    ck_assert(passes(sequences, 1, 0));  /* another epoch */
    gateway_sequences_destroy(sequences);
}
END_TEST

START_TEST(a_gate_is_for_one_partition_and_producer)
{
    struct gateway_sequences *sequences = gateway_sequences_new();
    struct gateway_sequence other = {"t", 1, 7, 0, 9, 9}, stranger = {"t", 0, 8, 0, 9, 9};

    close_gate(sequences, 5);
    ck_assert(gateway_gate_passes(sequences, &other));
    ck_assert(gateway_gate_passes(sequences, &stranger));
    gateway_sequences_destroy(sequences);
}
END_TEST

START_TEST(the_first_batch_goes_alone)
{
    struct gateway_sequences *sequences = gateway_sequences_new();
    struct gateway_sequence first = batch(0, 5), second = batch(0, 6);
    bool alone = false;

    ck_assert_int_eq(gateway_begin(sequences, &first, true, &alone), GATEWAY_BEGIN_SEND);
    ck_assert(alone);
    ck_assert_int_eq(gateway_begin(sequences, &second, false, &alone), GATEWAY_BEGIN_WAIT);
    gateway_begin_done(sequences, &first, true);
    ck_assert(gateway_begin_is_known(sequences, &second));
    ck_assert_int_eq(gateway_begin(sequences, &second, false, &alone), GATEWAY_BEGIN_SEND);
    ck_assert(!alone);
    gateway_sequences_destroy(sequences);
}
END_TEST

START_TEST(a_first_batch_that_failed_begins_again)
{
    struct gateway_sequences *sequences = gateway_sequences_new();
    struct gateway_sequence first = batch(0, 5), second = batch(0, 6);
    bool alone = false;

    gateway_begin(sequences, &first, true, &alone);
    gateway_begin_done(sequences, &first, false);
    ck_assert_int_eq(gateway_begin(sequences, &second, false, &alone), GATEWAY_BEGIN_EARLY);
    ck_assert_int_eq(gateway_begin(sequences, &first, true, &alone), GATEWAY_BEGIN_SEND);
    ck_assert(alone);
    gateway_sequences_destroy(sequences);
}
END_TEST

/* Another gateway may have written for the producer since the flip. */
START_TEST(the_target_is_asked_about_a_later_batch)
{
    struct gateway_sequences *sequences = gateway_sequences_new();
    struct gateway_sequence later = batch(0, 9), newer = batch(1, 3);
    bool alone = false;

    ck_assert_int_eq(gateway_begin(sequences, &later, false, &alone), GATEWAY_BEGIN_ASK);
    ck_assert_int_eq(gateway_begin(sequences, &later, false, &alone), GATEWAY_BEGIN_WAIT);
    gateway_begin_told(sequences, &later, GATEWAY_KNOWN);
    ck_assert_int_eq(gateway_begin(sequences, &later, false, &alone), GATEWAY_BEGIN_SEND);
    ck_assert_int_eq(gateway_begin(sequences, &newer, false, &alone), GATEWAY_BEGIN_ASK);
    gateway_begin_told(sequences, &newer, GATEWAY_NOT_TOLD);
    ck_assert_int_eq(gateway_begin(sequences, &newer, false, &alone), GATEWAY_BEGIN_ASK);
    gateway_begin_told(sequences, &newer, GATEWAY_NOT_KNOWN);
    ck_assert_int_eq(gateway_begin(sequences, &newer, false, &alone), GATEWAY_BEGIN_EARLY);
    gateway_sequences_destroy(sequences);
}
END_TEST

RUN_TESTS("gateway_sequences", nothing_passes_a_failed_batch, the_first_that_failed_is_waited_for,
          a_gate_is_for_one_partition_and_producer, the_first_batch_goes_alone,
          a_first_batch_that_failed_begins_again, the_target_is_asked_about_a_later_batch)
