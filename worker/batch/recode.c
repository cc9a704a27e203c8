/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See recode.h. Plain bytes come through one buffer of KC_RECODE_WINDOW. Most batches fit into it;
 * others come piece by piece.
 *
 * A zstd frame that fits is decompressed in one call, which avoids a copy out of the window that
 * streams need.
 */
#include "batch/recode.h"

#include <lz4frame.h>
#include <lz4hc.h>
#include <snappy-c.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

enum {
    ZSTD_WINDOW_MAX = 27,   /* 128 MiB, zstd's own default for streams */
    KEPT_CONTEXT = 4 << 20, /* a larger one isn't kept for the next batch */
    SNAPPY_HEADER = 16,
    SNAPPY_BLOCK_MAX = 128 << 20, /* plain bytes of one: librdkafka makes one of a whole batch */
    TOTAL_MAX = 1 << 30           /* plain bytes of a batch: a bomb takes no longer than these */
};

static const uint8_t snappy_magic[] = {0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0};

struct kc_recoder {
    uint8_t *window; /* KC_RECODE_WINDOW bytes, or more for a large Snappy block */
    size_t window_cap;
    size_t window_len;
    enum kc_codec codec; /* of the batch that is being read */
    const uint8_t *at;   /* its compressed bytes that are left */
    size_t left;
    size_t total; /* plain bytes of it so far */
    bool started; /* something of it has been read */
    bool ended;
    bool java_snappy; /* a stream of blocks */

    ZSTD_DCtx *zstd_in;
    LZ4F_dctx *lz4_in;
    z_stream gzip_in, gzip_out;
    bool gzip_in_open, gzip_out_open;
    int gzip_level; /* of gzip_out */
    ZSTD_CCtx *zstd_out;
    LZ4F_cctx *lz4_out;
};

static const char damaged[] = "the compressed records are damaged";
static const char no_memory[] = "there is no memory for the records";

int kc_codec_level(enum kc_codec codec)
{
    return codec == KC_CODEC_GZIP  ? KC_GZIP_LEVEL
           : codec == KC_CODEC_LZ4 ? KC_LZ4_LEVEL
                                   : KC_ZSTD_LEVEL;
}

struct kc_recoder *kc_recoder_new(void)
{
    return kc_calloc(1, sizeof(struct kc_recoder));
}

void kc_recoder_destroy(struct kc_recoder *recoder)
{
    if (!recoder)
        return;
    ZSTD_freeDCtx(recoder->zstd_in);
    ZSTD_freeCCtx(recoder->zstd_out);
    LZ4F_freeDecompressionContext(recoder->lz4_in);
    LZ4F_freeCompressionContext(recoder->lz4_out);
    if (recoder->gzip_in_open)
        inflateEnd(&recoder->gzip_in);
    if (recoder->gzip_out_open)
        deflateEnd(&recoder->gzip_out);
    free(recoder->window);
    free(recoder);
}

/* ---- decompressing: what begins ---- */

static const char *begin_gzip(struct kc_recoder *recoder)
{
    z_stream *z = &recoder->gzip_in;
    if (recoder->gzip_in_open)
        inflateReset(z);
    else if (inflateInit2(z, 15 + 32) != Z_OK)
        return "zlib can't start";
    recoder->gzip_in_open = true;
    z->next_in = (Bytef *)recoder->at;
    z->avail_in = (uInt)recoder->left;
    return NULL;
}

static const char *begin_lz4(struct kc_recoder *recoder)
{
    if (recoder->lz4_in)
        LZ4F_resetDecompressionContext(recoder->lz4_in);
    else if (LZ4F_isError(LZ4F_createDecompressionContext(&recoder->lz4_in, LZ4F_VERSION)))
        return "LZ4 can't start";
    return NULL;
}

static const char *begin_zstd(struct kc_recoder *recoder)
{
    /* A frame that asked for a large window leaves it behind. */
    if (recoder->zstd_in && ZSTD_sizeof_DCtx(recoder->zstd_in) > KEPT_CONTEXT) {
        ZSTD_freeDCtx(recoder->zstd_in);
        recoder->zstd_in = NULL;
    }
    if (!recoder->zstd_in)
        recoder->zstd_in = ZSTD_createDCtx();
    if (!recoder->zstd_in)
        return "zstd can't start";
    ZSTD_DCtx_reset(recoder->zstd_in, ZSTD_reset_session_only);
    ZSTD_DCtx_setParameter(recoder->zstd_in, ZSTD_d_windowLogMax, ZSTD_WINDOW_MAX);
    return NULL;
}

static const char *begin_snappy(struct kc_recoder *recoder)
{
    recoder->java_snappy = recoder->left >= SNAPPY_HEADER &&
                           memcmp(recoder->at, snappy_magic, sizeof(snappy_magic)) == 0;
    if (recoder->java_snappy) {
        recoder->at += SNAPPY_HEADER;
        recoder->left -= SNAPPY_HEADER;
        recoder->ended = recoder->left == 0;
    }
    return NULL;
}

/* Sets the buffer back to its usual size, after a large block has enlarged it. */
static void begin_window(struct kc_recoder *recoder)
{
    if (recoder->window_cap != KC_RECODE_WINDOW) {
        free(recoder->window);
        recoder->window = kc_malloc(KC_RECODE_WINDOW);
        recoder->window_cap = KC_RECODE_WINDOW;
    }
    recoder->window_len = 0;
}

const char *kc_recoder_begin(struct kc_recoder *recoder, const struct kc_record_batch *batch)
{
    recoder->codec = (enum kc_codec)kc_record_batch_codec(batch);
    recoder->at = batch->data + KC_BATCH_HEADER;
    recoder->left = batch->size - KC_BATCH_HEADER;
    recoder->total = 0;
    recoder->started = false;
    recoder->ended = false;
    if (recoder->codec != KC_CODEC_NONE)
        begin_window(recoder);
    switch (recoder->codec) {
    case KC_CODEC_NONE:
        return NULL;
    case KC_CODEC_GZIP:
        return begin_gzip(recoder);
    case KC_CODEC_SNAPPY:
        return begin_snappy(recoder);
    case KC_CODEC_LZ4:
        return begin_lz4(recoder);
    case KC_CODEC_ZSTD:
        return begin_zstd(recoder);
    }
    return "the codec isn't known";
}

/* ---- decompressing: the next piece, into the room behind the window's bytes ---- */

static const char *fill_gzip(struct kc_recoder *recoder, uint8_t *to, size_t *room)
{
    z_stream *z = &recoder->gzip_in;
    z->next_out = to;
    z->avail_out = (uInt)*room;
    int code = inflate(z, Z_NO_FLUSH);
    *room -= z->avail_out;
    recoder->ended = code == Z_STREAM_END;
    return code == Z_OK && *room > 0 ? NULL : code == Z_STREAM_END ? NULL : damaged;
}

static const char *fill_lz4(struct kc_recoder *recoder, uint8_t *to, size_t *room)
{
    size_t got = 0;
    while (got < *room && !recoder->ended) {
        size_t step = *room - got, used = recoder->left;
        size_t hint = LZ4F_decompress(recoder->lz4_in, to + got, &step, recoder->at, &used, NULL);
        if (LZ4F_isError(hint) || (hint != 0 && used == 0 && step == 0))
            return damaged;
        recoder->at += used;
        recoder->left -= used;
        got += step;
        recoder->ended = hint == 0;
    }
    *room = got;
    return NULL;
}

static const char *fill_zstd(struct kc_recoder *recoder, uint8_t *to, size_t *room)
{
    if (!recoder->started) {
        size_t got = ZSTD_decompressDCtx(recoder->zstd_in, to, *room, recoder->at, recoder->left);
        if (!ZSTD_isError(got)) {
            recoder->ended = true;
            *room = got;
            return NULL;
        }
        if (ZSTD_getErrorCode(got) != ZSTD_error_dstSize_tooSmall)
            return damaged;
        ZSTD_DCtx_reset(recoder->zstd_in, ZSTD_reset_session_only);
    }
    ZSTD_inBuffer in = {recoder->at, recoder->left, 0};
    ZSTD_outBuffer out = {to, *room, 0};
    while (out.pos < out.size && !recoder->ended) {
        size_t in_before = in.pos, out_before = out.pos;
        size_t hint = ZSTD_decompressStream(recoder->zstd_in, &out, &in);
        if (ZSTD_isError(hint) || (hint != 0 && in.pos == in_before && out.pos == out_before))
            return damaged;
        recoder->ended = hint == 0 && in.pos == in.size;
    }
    recoder->at += in.pos;
    recoder->left -= in.pos;
    *room = out.pos;
    return NULL;
}

/* The compressed bytes of the next block, and how many they become. */
static const char *find_block(const struct kc_recoder *recoder, const char **block, size_t *len,
                              size_t *size)
{
    *block = (const char *)recoder->at;
    *len = recoder->left;
    if (recoder->java_snappy) {
        const uint8_t *at = recoder->at;
        if (recoder->left < 4)
            return damaged;
        *len = (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3];
        *block += 4;
        if (*len > recoder->left - 4)
            return damaged;
    }
    /* Snappy can't shrink by more than this; so the claim is worth an allocation. */
    if (snappy_uncompressed_length(*block, *len, size) != SNAPPY_OK || *size / 64 > *len)
        return damaged;
    return *size > SNAPPY_BLOCK_MAX ? "a Snappy block is larger than 128 MiB when decompressed"
                                    : NULL;
}

/* Decompresses as many blocks as there is room for; makes room for the first one. */
static const char *fill_snappy(struct kc_recoder *recoder, uint8_t *to, size_t *room)
{
    size_t got = 0;
    while (!recoder->ended) {
        const char *block;
        size_t len, size;
        const char *why = find_block(recoder, &block, &len, &size);
        if (why)
            return why;
        if (got > 0 && size > *room - got)
            break;
        if (size > *room - got) {
            uint8_t *larger = kc_try_realloc(recoder->window, recoder->window_len + size);
            if (!larger)
                return no_memory;
            recoder->window_cap = recoder->window_len + size;
            recoder->window = larger;
            to = recoder->window + recoder->window_len;
            *room = size;
        }
        if (snappy_uncompress(block, len, (char *)to + got, &size) != SNAPPY_OK)
            return damaged;
        got += size;
        recoder->left -= (size_t)(block + len - (const char *)recoder->at);
        recoder->at = (const uint8_t *)block + len;
        recoder->ended = recoder->left == 0;
    }
    *room = got;
    return NULL;
}

static const char *fill(struct kc_recoder *recoder, uint8_t *to, size_t *room)
{
    switch (recoder->codec) {
    case KC_CODEC_GZIP:
        return fill_gzip(recoder, to, room);
    case KC_CODEC_SNAPPY:
        return fill_snappy(recoder, to, room);
    case KC_CODEC_LZ4:
        return fill_lz4(recoder, to, room);
    case KC_CODEC_ZSTD:
        return fill_zstd(recoder, to, room);
    default:
        return damaged;
    }
}

const char *kc_recoder_read(struct kc_recoder *recoder, size_t keep, const uint8_t **data,
                            size_t *len, bool *end)
{
    if (recoder->codec == KC_CODEC_NONE) { /* where they lie, in one piece */
        *data = recoder->at;
        *len = recoder->left;
        *end = true;
        return NULL;
    }
    memmove(recoder->window, recoder->window + recoder->window_len - keep, keep);
    recoder->window_len = keep;
    const char *why = NULL;
    size_t got = 0;
    while (!why && got == 0 && !recoder->ended) {
        got = recoder->window_cap - recoder->window_len;
        why = fill(recoder, recoder->window + recoder->window_len, &got);
        recoder->started = true;
    }
    if (why)
        return why;
    recoder->total += got;
    if (recoder->total > TOTAL_MAX)
        return "the records are larger than 1 GiB when decompressed";
    recoder->window_len += got;
    *data = recoder->window;
    *len = recoder->window_len;
    *end = recoder->ended;
    return NULL;
}

/* ---- compressing ---- */

static const char *compress_gzip(struct kc_recoder *recoder, int level, const void *data,
                                 size_t len, struct kc_str *out)
{
    z_stream *z = &recoder->gzip_out;
    if (recoder->gzip_out_open && recoder->gzip_level != level)
        deflateEnd(z);
    if (recoder->gzip_out_open && recoder->gzip_level == level)
        deflateReset(z);
    else if (deflateInit2(z, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return "zlib can't start";
    recoder->gzip_out_open = true;
    recoder->gzip_level = level;
    size_t bound = deflateBound(z, len);
    z->next_in = (Bytef *)data;
    z->avail_in = (uInt)len;
    z->next_out = (Bytef *)kc_compress_reserve(out, bound);
    z->avail_out = (uInt)bound;
    if (!z->next_out)
        return no_memory;
    if (deflate(z, Z_FINISH) != Z_STREAM_END)
        return "zlib failed";
    kc_compress_advance(out, z->total_out);
    return NULL;
}

/* As lz4-java: the default is the fast compressor, any other level the high-compression one. */
static int lz4_level(int level)
{
    if (level == KC_LZ4_LEVEL)
        return 0;
    return level < LZ4HC_CLEVEL_MIN   ? LZ4HC_CLEVEL_MIN
           : level > LZ4HC_CLEVEL_MAX ? LZ4HC_CLEVEL_MAX
                                      : level;
}

static const char *compress_lz4(struct kc_recoder *recoder, int level, const void *data, size_t len,
                                struct kc_str *out)
{
    const LZ4F_preferences_t options = {
        .frameInfo = {.blockSizeID = LZ4F_max64KB, .blockMode = LZ4F_blockIndependent},
        .compressionLevel = lz4_level(level)};
    if (!recoder->lz4_out &&
        LZ4F_isError(LZ4F_createCompressionContext(&recoder->lz4_out, LZ4F_VERSION)))
        return "LZ4 can't start";
    size_t bound = LZ4F_HEADER_SIZE_MAX + LZ4F_compressBound(len, &options);
    char *to = kc_compress_reserve(out, bound);
    if (!to)
        return no_memory;
    size_t size = LZ4F_compressBegin(recoder->lz4_out, to, bound, &options), parts[2] = {0};
    if (!LZ4F_isError(size))
        parts[0] = LZ4F_compressUpdate(recoder->lz4_out, to + size, bound - size, data, len, NULL);
    if (LZ4F_isError(size) || LZ4F_isError(parts[0]))
        return "LZ4 failed";
    size += parts[0];
    parts[1] = LZ4F_compressEnd(recoder->lz4_out, to + size, bound - size, NULL);
    if (LZ4F_isError(parts[1]))
        return "LZ4 failed";
    kc_compress_advance(out, size + parts[1]);
    return NULL;
}

static const char *compress_zstd(struct kc_recoder *recoder, int level, const void *data,
                                 size_t len, struct kc_str *out)
{
    if (!recoder->zstd_out)
        recoder->zstd_out = ZSTD_createCCtx();
    if (!recoder->zstd_out)
        return "zstd can't start";
    size_t bound = ZSTD_compressBound(len);
    char *to = kc_compress_reserve(out, bound);
    if (!to)
        return no_memory;
    size_t size = ZSTD_compressCCtx(recoder->zstd_out, to, bound, data, len, level);
    if (ZSTD_isError(size))
        return "zstd failed";
    kc_compress_advance(out, size);
    return NULL;
}

const char *kc_recoder_compress(struct kc_recoder *recoder, const struct kc_compression *how,
                                const void *data, size_t len, struct kc_str *out)
{
    switch (how->codec) {
    case KC_CODEC_GZIP:
        return compress_gzip(recoder, how->level, data, len, out);
    case KC_CODEC_LZ4:
        return compress_lz4(recoder, how->level, data, len, out);
    case KC_CODEC_ZSTD:
        return compress_zstd(recoder, how->level, data, len, out);
    default:
        return kc_compress(how->codec, data, len, out);
    }
}
