/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pieces from random batches of a source: whole, compacted, invisible, old, of any codec. What the
 * pieces would make of the target's log is compared with the records that went in.
 */
#include "link/copy_gaps_priv.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum { ROUNDS = 60, OFFSETS = 3000 };

/* What a reader of committed records sees at an offset of the source. */
struct seen {
    bool visible;
    int key; /* number */
    int64_t timestamp;
};

static struct seen source[OFFSETS];
static bool filled[OFFSETS];

static int below(int limit)
{
    return rand() % limit;
}

static struct kc_plain_record record_at(int64_t offset, int key, int64_t timestamp, char *text)
{
    snprintf(text, 32, "k%d", key);
    return (struct kc_plain_record){.offset = offset,
                                    .timestamp = timestamp,
                                    .key = {(const uint8_t *)text, (int32_t)strlen(text)},
                                    .value = {(const uint8_t *)"value", 5}};
}

/* A batch of the offsets [begin, end), of which some are gone; *out is its bytes. */
static void build(int64_t begin, int64_t end, int gone_of_ten, bool visible, struct kc_str *out)
{
    static const enum kc_codec codecs[] = {KC_CODEC_NONE, KC_CODEC_NONE, KC_CODEC_LZ4,
                                           KC_CODEC_ZSTD, KC_CODEC_GZIP};
    enum kc_codec codec = codecs[below(5)];
    struct kc_record_batch_builder *builder =
        kc_record_batch_builder_new(codec, kc_codec_level(codec), false);
    for (int64_t at = begin; at < end; at++) {
        char text[32];
        int key = below(5);
        int64_t timestamp = 1000 + at + below(3);
        if (at != begin && at != end - 1 && below(10) < gone_of_ten)
            continue;
        struct kc_plain_record record = record_at(at, key, timestamp, text);
        ck_assert_ptr_null(kc_record_batch_builder_add(builder, &record));
        source[at] = (struct seen){visible, key, timestamp};
    }
    ck_assert_ptr_null(kc_record_batch_builder_finish(builder, out));
    kc_record_batch_builder_destroy(builder);
}

static void assert_records(const struct copy_piece *piece)
{
    struct kc_record_batch batch;
    struct kc_record_walk *walk = NULL;
    struct kc_plain_record record;
    const char *why = NULL;
    int64_t at = piece->offset;
    ck_assert_int_eq(kc_record_batch_parse(piece->data, piece->len, &batch, &why), KC_BATCH_OK);
    ck_assert(kc_record_batch_intact(&batch));
    ck_assert_int_eq(batch.count, piece->count);
    ck_assert(!kc_record_batch_has_gaps(&batch));
    ck_assert_ptr_null(kc_record_walk_begin(&batch, KC_RECORDS_LIMIT, &walk));
    for (; kc_record_walk_next(walk, &record, &why); at++) {
        char text[32];
        snprintf(text, sizeof(text), "k%d", source[at].key);
        filled[at] = record.value.len < 0;
        if (filled[at])
            continue;
        ck_assert(source[at].visible);
        ck_assert_int_eq(record.timestamp, source[at].timestamp);
        ck_assert_int_eq(record.key.len, (int)strlen(text));
        ck_assert_int_eq(memcmp(record.key.data, text, strlen(text)), 0);
    }
    ck_assert_ptr_null(why);
    ck_assert_int_eq(at, piece->offset + piece->count);
    kc_record_walk_end(walk);
}

/* Every visible record is there, at its place, and everything else is made up for. */
static void assert_pieces(struct copy_gaps *gaps, int64_t begin)
{
    struct copy_piece *piece, *next;
    int64_t at = begin;
    memset(filled, 0, sizeof(filled));
    DL_FOREACH (gaps->pieces, piece) {
        ck_assert_int_eq(piece->offset, at);
        ck_assert_int_gt(piece->count, 0);
        if (piece->kind == COPY_BATCH) {
            assert_records(piece);
        } else {
            for (int64_t i = at; i < at + piece->count; i++)
                filled[i] = true;
            ck_assert(piece->kind == COPY_FILLERS || !gaps->rules.compacted);
        }
        at += piece->count;
    }
    ck_assert_int_eq(at, gaps->next);
    for (int64_t i = begin; i < at; i++)
        ck_assert(source[i].visible != filled[i]);
    DL_FOREACH_SAFE (gaps->pieces, piece, next) {
        DL_DELETE(gaps->pieces, piece);
        link_piece_free(piece);
    }
}

static void one_round(unsigned seed)
{
    static struct copy_gaps gaps;
    struct kc_str chunks[200] = {{0}};
    size_t count = 0;
    int64_t at = below(5), begin = below(40), last_visible = begin;
    srand(seed);
    gaps = (struct copy_gaps){.rules = {below(2) != 0, below(2) ? 5 : 100000}, .next = begin};
    memset(source, 0, sizeof(source));
    while (at < OFFSETS - 200 && count < 200) {
        struct kc_record_batch batch;
        const char *why;
        bool visible = below(6) != 0;
        int64_t end = at + 1 + below(below(8) ? 6 : 100);
        build(at, end, gaps.rules.compacted ? below(10) : 0, visible, &chunks[count]);
        ck_assert_int_eq(kc_record_batch_parse((const uint8_t *)chunks[count].data,
                                               chunks[count].len, &batch, &why),
                         KC_BATCH_OK);
        ck_assert_ptr_null(link_gaps_take(&gaps, &batch, visible));
        if (visible && end > last_visible)
            last_visible = end;
        count++;
        at = end + (gaps.rules.compacted || !below(5) ? below(4) : 0);
    }
    link_gaps_end(&gaps);
    ck_assert_int_eq(gaps.next >= last_visible, 1);
    if (gaps.rules.compacted)
        ck_assert_int_eq(gaps.next, last_visible);
    assert_pieces(&gaps, begin);
    for (size_t i = 0; i < count; i++)
        kc_str_destroy(&chunks[i]);
}

START_TEST(pieces_are_the_source)
{
    for (unsigned seed = 1; seed <= ROUNDS; seed++)
        one_round(seed);
}
END_TEST

/* ---- translated ---- */

/* The records of a piece are those that the source shows from *at on; *at moves behind them. */
static void assert_next(const struct copy_piece *piece, int64_t *at)
{
    struct kc_record_batch batch;
    struct kc_record_walk *walk = NULL;
    struct kc_plain_record record;
    const char *why = NULL;
    int64_t count = 0;
    ck_assert_int_eq(kc_record_batch_parse(piece->data, piece->len, &batch, &why), KC_BATCH_OK);
    ck_assert(!kc_record_batch_has_gaps(&batch));
    ck_assert_ptr_null(kc_record_walk_begin(&batch, KC_RECORDS_LIMIT, &walk));
    while (kc_record_walk_next(walk, &record, &why)) {
        char text[32];
        while (!source[*at].visible)
            (*at)++;
        snprintf(text, sizeof(text), "k%d", source[*at].key);
        ck_assert_int_eq(record.timestamp, source[*at].timestamp);
        ck_assert_mem_eq(record.key.data, text, strlen(text));
        (*at)++;
        count++;
    }
    ck_assert_ptr_null(why);
    kc_record_walk_end(walk);
    ck_assert_int_eq(count, piece->count);
    ck_assert_int_eq(piece->source_end, *at);
}

static void assert_translated(struct copy_gaps *gaps, int64_t begin, int64_t target)
{
    struct copy_piece *piece, *next;
    int64_t at = begin, to = target;
    DL_FOREACH_SAFE (gaps->pieces, piece, next) {
        ck_assert_int_eq(piece->kind, COPY_BATCH);
        ck_assert_int_eq(piece->offset, to);
        to += piece->count;
        assert_next(piece, &at);
        DL_DELETE(gaps->pieces, piece);
        link_piece_free(piece);
    }
    ck_assert_int_eq(to, gaps->target);
    for (int64_t i = begin, k = target; i < at; k += source[i++].visible)
        ck_assert_int_eq(link_map_target(gaps->map, i), k);
    for (; at < OFFSETS; at++)
        ck_assert(!source[at].visible);
}

static void translated_round(unsigned seed)
{
    static struct copy_gaps gaps;
    struct link_map map = {0};
    struct kc_str chunks[200] = {{0}};
    size_t count = 0;
    int64_t at = below(5);
    srand(seed);
    int gone_of_ten = below(2) ? below(10) : 0;
    gaps = (struct copy_gaps){.map = &map, .target = 7, .placed = 7, .changed = SIZE_MAX};
    memset(source, 0, sizeof(source));
    while (at < OFFSETS - 200 && count < 200) {
        struct kc_record_batch batch;
        const char *why;
        bool visible = below(6) != 0;
        int64_t end = at + 1 + below(below(8) ? 6 : 100);
        build(at, end, gone_of_ten, visible, &chunks[count]);
        kc_record_batch_parse((const uint8_t *)chunks[count].data, chunks[count].len, &batch, &why);
        ck_assert_ptr_null(link_gaps_take(&gaps, &batch, visible));
        count++;
        at = end + (below(5) ? 0 : below(4));
    }
    link_gaps_end(&gaps);
    ck_assert_uint_eq(gaps.changed, 0);
    assert_translated(&gaps, 0, 7);
    link_map_clear(&map);
    for (size_t i = 0; i < count; i++)
        kc_str_destroy(&chunks[i]);
}

START_TEST(translated_records_are_the_visible_ones)
{
    for (unsigned seed = 1; seed <= ROUNDS; seed++)
        translated_round(seed);
}
END_TEST

START_TEST(small_batches_become_one)
{
    static struct copy_gaps gaps;
    struct kc_str chunks[100] = {{0}};
    struct copy_piece *piece;
    int pieces = 0;
    memset(source, 0, sizeof(source));
    gaps = (struct copy_gaps){.rules = {false, 5}};
    for (int i = 0; i < 100; i++) {
        struct kc_record_batch_builder *builder =
            kc_record_batch_builder_new(KC_CODEC_NONE, 0, false);
        struct kc_record_batch batch;
        const char *why;
        char text[32];
        struct kc_plain_record record = record_at(i, i % 5, 1000 + i, text);
        source[i] = (struct seen){true, i % 5, 1000 + i};
        ck_assert_ptr_null(kc_record_batch_builder_add(builder, &record));
        ck_assert_ptr_null(kc_record_batch_builder_finish(builder, &chunks[i]));
        kc_record_batch_builder_destroy(builder);
        kc_record_batch_parse((const uint8_t *)chunks[i].data, chunks[i].len, &batch, &why);
        ck_assert_ptr_null(link_gaps_take(&gaps, &batch, true));
    }
    link_gaps_end(&gaps);
    DL_FOREACH (gaps.pieces, piece)
        pieces++;
    ck_assert_int_eq(pieces, 1);
    assert_pieces(&gaps, 0);
    for (int i = 0; i < 100; i++)
        kc_str_destroy(&chunks[i]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("copy_gaps");
    TCase *tc = tcase_create("pieces");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, pieces_are_the_source);
    tcase_add_test(tc, small_batches_become_one);
    tcase_add_test(tc, translated_records_are_the_visible_ones);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
