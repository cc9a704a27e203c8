/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zlib, snappy, LZ4 frame and zstd behind one pair of functions. See compress.h.
 *
 * Snappy comes in two shapes: snappy-java's stream of blocks, which Java writes and we write, and
 * the bare block that other clients write; the stream's magic tells them apart.
 */
#include "batch/compress.h"

#include <lz4frame.h>
#include <snappy-c.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>
#include <zstd.h>

static const char *const names[KC_CODECS] = {"none", "gzip", "snappy", "lz4", "zstd"};

static const char too_large[] = "the records are larger than the limit when decompressed";
static const char damaged[] = "the compressed records are damaged";
static const char no_memory[] = "there is no memory for the records";

const char *kc_codec_name(int codec)
{
    return codec >= 0 && codec < KC_CODECS ? names[codec] : "unknown";
}

bool kc_codec_parse(const char *name, enum kc_codec *codec)
{
    for (int i = 0; i < KC_CODECS; i++) {
        if (strcasecmp(name, names[i]) == 0) {
            *codec = (enum kc_codec)i;
            return true;
        }
    }
    return false;
}

char *kc_compress_reserve(struct kc_str *out, size_t size)
{
    return kc_str_try_reserve(out, size) ? out->data + out->len : NULL;
}

void kc_compress_advance(struct kc_str *out, size_t size)
{
    out->len += size;
    out->data[out->len] = 0;
}

#define STEP_MIN 16384

/* The next size to try: twice what has come so far, within the limit. */
static size_t next_step(const struct kc_str *out, size_t start, size_t limit)
{
    size_t have = out->len - start, step = have > STEP_MIN ? have : STEP_MIN;

    return step > limit - have ? limit - have + 1 : step;
}

/* ---- gzip ---- */

static const char *gzip_compress(const void *data, size_t len, struct kc_str *out)
{
    z_stream z = {.next_in = (Bytef *)data, .avail_in = (uInt)len};

    if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return "zlib can't start";
    size_t bound = deflateBound(&z, len);
    z.next_out = (Bytef *)kc_compress_reserve(out, bound);
    z.avail_out = (uInt)bound;
    if (z.next_out) {
        deflate(&z, Z_FINISH);
        kc_compress_advance(out, z.total_out);
    }
    deflateEnd(&z);
    return z.next_out ? NULL : no_memory;
}

static const char *gzip_decompress(const void *data, size_t len, size_t limit, struct kc_str *out)
{
    z_stream z = {.next_in = (Bytef *)data, .avail_in = (uInt)len};
    const char *bad = NULL;
    size_t start = out->len;
    int code = Z_OK;

    if (inflateInit2(&z, 15 + 32) != Z_OK)
        return "zlib can't start";
    while (code == Z_OK && !bad) {
        size_t step = next_step(out, start, limit);

        z.next_out = (Bytef *)kc_compress_reserve(out, step);
        z.avail_out = (uInt)step;
        if (!z.next_out) {
            bad = no_memory;
            break;
        }
        code = inflate(&z, Z_NO_FLUSH);
        kc_compress_advance(out, step - z.avail_out);
        if (out->len - start > limit)
            bad = too_large;
    }
    inflateEnd(&z);
    return bad ? bad : code == Z_STREAM_END ? NULL : damaged;
}

/* ---- Snappy ---- */

static const uint8_t snappy_magic[] = {0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0};
#define SNAPPY_HEADER 16
#define SNAPPY_BLOCK  32768

static const char *snappy_block_compress(const char *data, size_t len, struct kc_str *out)
{
    size_t size = snappy_max_compressed_length(len), at = out->len;
    char *to = kc_compress_reserve(out, sizeof(int32_t) + size);

    if (!to)
        return no_memory;
    kc_str_append_i32(out, 0);
    if (snappy_compress(data, len, to + sizeof(int32_t), &size) != SNAPPY_OK)
        return "snappy failed";
    kc_compress_advance(out, size);
    for (int i = 0; i < 4; i++)
        out->data[at + (size_t)i] = (char)(size >> (24 - 8 * i));
    return NULL;
}

static const char *snappy_stream_compress(const char *data, size_t len, struct kc_str *out)
{
    const char *bad = NULL;

    kc_str_append_n(out, snappy_magic, sizeof(snappy_magic));
    kc_str_append_i32(out, 1);
    kc_str_append_i32(out, 1);
    for (size_t at = 0; at < len && !bad; at += SNAPPY_BLOCK)
        bad = snappy_block_compress(data + at, len - at < SNAPPY_BLOCK ? len - at : SNAPPY_BLOCK,
                                    out);
    return bad;
}

static const char *snappy_block_decompress(const char *data, size_t len, size_t limit,
                                           struct kc_str *out)
{
    size_t size;

    if (snappy_uncompressed_length(data, len, &size) != SNAPPY_OK)
        return damaged;
    /* Snappy can't compress better than this, so a plausible claim is worth an allocation. */
    if (size > limit)
        return too_large;
    if (size / 64 > len || snappy_validate_compressed_buffer(data, len) != SNAPPY_OK)
        return damaged;
    if (!kc_compress_reserve(out, size))
        return no_memory;
    if (snappy_uncompress(data, len, out->data + out->len, &size) != SNAPPY_OK)
        return damaged;
    kc_compress_advance(out, size);
    return NULL;
}

static const char *snappy_any_decompress(const uint8_t *data, size_t len, size_t limit,
                                         struct kc_str *out)
{
    size_t start = out->len, at = SNAPPY_HEADER;

    if (len < SNAPPY_HEADER || memcmp(data, snappy_magic, sizeof(snappy_magic)) != 0)
        return snappy_block_decompress((const char *)data, len, limit, out);
    while (at < len) {
        const char *bad;
        size_t block;

        if (len - at < 4)
            return damaged;
        block = (size_t)data[at] << 24 | (size_t)data[at + 1] << 16 | (size_t)data[at + 2] << 8 |
                data[at + 3];
        at += 4;
        if (block > len - at)
            return damaged;
        bad = snappy_block_decompress((const char *)data + at, block, limit - (out->len - start),
                                      out);
        if (bad)
            return bad;
        at += block;
    }
    return NULL;
}

/* ---- LZ4 ---- */

static const char *lz4_compress(const void *data, size_t len, struct kc_str *out)
{
    LZ4F_preferences_t options = {
        .frameInfo = {.blockSizeID = LZ4F_max64KB, .blockMode = LZ4F_blockIndependent}};
    size_t bound = LZ4F_compressFrameBound(len, &options), size;
    char *to = kc_compress_reserve(out, bound);

    if (!to)
        return no_memory;
    size = LZ4F_compressFrame(to, bound, data, len, &options);
    if (LZ4F_isError(size))
        return "LZ4 failed";
    kc_compress_advance(out, size);
    return NULL;
}

static const char *lz4_run(LZ4F_dctx *lz4, const char *data, size_t len, size_t limit,
                           struct kc_str *out)
{
    size_t start = out->len, hint = 1;

    while (hint != 0) {
        size_t step = next_step(out, start, limit), used = len;

        if (!kc_compress_reserve(out, step))
            return no_memory;
        hint = LZ4F_decompress(lz4, out->data + out->len, &step, data, &used, NULL);
        if (LZ4F_isError(hint))
            return damaged;
        kc_compress_advance(out, step);
        data += used;
        len -= used;
        if (out->len - start > limit)
            return too_large;
        if (hint != 0 && used == 0 && step == 0)
            return damaged;
    }
    return NULL;
}

static const char *lz4_decompress(const void *data, size_t len, size_t limit, struct kc_str *out)
{
    LZ4F_dctx *lz4;

    if (LZ4F_isError(LZ4F_createDecompressionContext(&lz4, LZ4F_VERSION)))
        return "LZ4 can't start";
    const char *bad = lz4_run(lz4, data, len, limit, out);
    LZ4F_freeDecompressionContext(lz4);
    return bad;
}

static bool lz4_header_fits(const uint8_t *data, size_t len)
{
    LZ4F_frameInfo_t info;
    LZ4F_dctx *lz4;
    size_t used = len;

    if (LZ4F_isError(LZ4F_createDecompressionContext(&lz4, LZ4F_VERSION)))
        return false;
    bool fits = !LZ4F_isError(LZ4F_getFrameInfo(lz4, &info, data, &used));
    LZ4F_freeDecompressionContext(lz4);
    return fits;
}

#define LZ4_FLAGS_AT      4
#define LZ4_FLAG_SIZE     0x08 /* eight more bytes of header */
#define LZ4_CHECKSUM_FROM 6

/* The checksum is one byte; trying finds the one that fits. */
const char *kc_decompress_lz4_legacy(const void *data, size_t len, size_t limit, struct kc_str *out)
{
    const char *bad = damaged;
    size_t at = LZ4_CHECKSUM_FROM;

    if (len < LZ4_CHECKSUM_FROM + 9)
        return damaged;
    uint8_t *copy = kc_try_memdup(data, len);
    if (!copy)
        return no_memory;
    if (copy[LZ4_FLAGS_AT] & LZ4_FLAG_SIZE)
        at += 8;
    for (int i = 0; i < 256 && !lz4_header_fits(copy, len); i++)
        copy[at] = (uint8_t)i;
    bad = lz4_decompress(copy, len, limit, out);
    free(copy);
    return bad;
}

/* ---- zstd ---- */

static const char *zstd_compress(const void *data, size_t len, struct kc_str *out)
{
    size_t bound = ZSTD_compressBound(len), size;
    char *to = kc_compress_reserve(out, bound);

    if (!to)
        return no_memory;
    size = ZSTD_compress(to, bound, data, len, ZSTD_CLEVEL_DEFAULT);
    if (ZSTD_isError(size))
        return "zstd failed";
    kc_compress_advance(out, size);
    return NULL;
}

#define ZSTD_WINDOW_MAX 27 /* 128 MiB, zstd's own default for streams */

static const char *zstd_decompress(const void *data, size_t len, size_t limit, struct kc_str *out)
{
    ZSTD_DStream *zstd = ZSTD_createDStream();
    ZSTD_inBuffer in = {data, len, 0};
    size_t start = out->len, hint = 1;
    const char *bad = NULL;

    if (!zstd)
        return "zstd can't start";
    ZSTD_DCtx_setParameter(zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_MAX);
    while (!bad && (hint != 0 || in.pos < in.size)) {
        size_t step = next_step(out, start, limit), before = in.pos;
        ZSTD_outBuffer to = {kc_compress_reserve(out, step), step, 0};

        hint = to.dst ? ZSTD_decompressStream(zstd, &to, &in) : 0;
        if (!to.dst || ZSTD_isError(hint)) {
            bad = to.dst ? damaged : no_memory;
            break;
        }
        kc_compress_advance(out, to.pos);
        if (out->len - start > limit)
            bad = too_large;
        else if (hint != 0 && to.pos == 0 && in.pos == before)
            bad = damaged;
    }
    ZSTD_freeDStream(zstd);
    return bad;
}

/* ---- All ---- */

const char *kc_compress(enum kc_codec codec, const void *data, size_t len, struct kc_str *out)
{
    switch (codec) {
    case KC_CODEC_NONE:
        if (!kc_str_try_reserve(out, len))
            return no_memory;
        kc_str_append_n(out, data, len);
        return NULL;
    case KC_CODEC_GZIP:
        return gzip_compress(data, len, out);
    case KC_CODEC_SNAPPY:
        return snappy_stream_compress(data, len, out);
    case KC_CODEC_LZ4:
        return lz4_compress(data, len, out);
    case KC_CODEC_ZSTD:
        return zstd_compress(data, len, out);
    }
    return "the codec isn't known";
}

const char *kc_decompress(enum kc_codec codec, const void *data, size_t len, size_t limit,
                          struct kc_str *out)
{
    switch (codec) {
    case KC_CODEC_NONE:
        if (len > limit)
            return too_large;
        if (!kc_str_try_reserve(out, len))
            return no_memory;
        kc_str_append_n(out, data, len);
        return NULL;
    case KC_CODEC_GZIP:
        return gzip_decompress(data, len, limit, out);
    case KC_CODEC_SNAPPY:
        return snappy_any_decompress(data, len, limit, out);
    case KC_CODEC_LZ4:
        return lz4_decompress(data, len, limit, out);
    case KC_CODEC_ZSTD:
        return zstd_decompress(data, len, limit, out);
    }
    return "the codec isn't known";
}
