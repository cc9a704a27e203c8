/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Spans and records of raw batches: see raw_span.h.
 *
 * Makes another form of a span, which the target may have refused: unchanged, in pieces, built
 * anew, or opened.
 */
#include "source/raw_pack_priv.h"

void kc_raw_again(const struct kc_raw_span *span, struct kc_batch *batch)
{
    struct kc_raw_span *again =
        kc_raw_add_span(batch, span->raw, span->data, &span->header, span->runs, span->run_count);
    again->home = span->home;
    again->dropped = span->dropped;
    again->refusal = span->refusal;
    again->early = span->early;
}

struct kc_raw_span *kc_raw_add_built(struct kc_batch *batch, const struct kc_raw *raw,
                                     const struct kc_str *made, int32_t count)
{
    struct kc_raw_run run = {.target_offset = -1, .count = count};
    struct kc_raw_span *span =
        kc_raw_add_made(batch, raw, made, kc_batch_dup(batch, &run, sizeof(run)), 1);
    span->built = true;
    return span;
}

/* The packer's settings for the batches to make. */
static struct kc_error *pack_again(const struct kc_raw_span *span, struct kc_raw_packer packer,
                                   enum kc_codec codec, struct kc_batch *batch)
{
    packer.batch = batch;
    packer.raw = span->raw;
    const struct kc_raw_input input = {.wire = &span->header, .known = span->runs};
    const char *why = kc_raw_pack(&packer, &input, codec, false);
    if (!why)
        why = kc_raw_packer_finish(&packer);
    kc_raw_packer_destroy(&packer);
    return why ? kc_raw_damaged(span->raw, span->runs[0].source_offset, why) : NULL;
}

static enum kc_codec codec_of(const struct kc_raw_span *span)
{
    return (enum kc_codec)kc_record_batch_codec(&span->header);
}

struct kc_error *kc_raw_split(const struct kc_raw_span *span, size_t size, struct kc_batch *batch)
{
    size_t most = (size_t)span->count * size / span->len;
    most = most < 1 ? 1 : most > (size_t)span->count ? (size_t)span->count : most;
    return pack_again(span, (struct kc_raw_packer){.most = (int32_t)most}, codec_of(span), batch);
}

struct kc_error *kc_raw_pick_records(const struct kc_raw_span *span, kc_raw_picker pick,
                                     void *opaque, struct kc_batch *batch)
{
    return pack_again(
        span, (struct kc_raw_packer){.most = INT32_MAX, .pick = pick, .pick_opaque = opaque},
        codec_of(span), batch);
}

struct kc_error *kc_raw_rebuild(const struct kc_raw_span *span, struct kc_batch *batch)
{
    return pack_again(span, (struct kc_raw_packer){.most = INT32_MAX}, KC_CODEC_NONE, batch);
}

/* The span's records have been through converters and transforms, if there are any. */
struct kc_error *kc_raw_open(const struct kc_raw_span *span, struct kc_batch *batch)
{
    uint64_t opened = 0;
    size_t plain = 0;
    const struct kc_raw_input input = {.wire = &span->header, .known = span->runs};
    const char *why = kc_raw_add_records(batch, span->raw, &input, true, &opened, &plain);
    return why ? kc_raw_damaged(span->raw, span->runs[0].source_offset, why) : NULL;
}

struct kc_raw_facts kc_raw_span_facts(const struct kc_raw_span *span)
{
    return (struct kc_raw_facts){span->len, span->header.base_timestamp,
                                 span->header.max_timestamp};
}
