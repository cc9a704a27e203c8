/* SPDX-License-Identifier: Apache-2.0 */
/* See gateway_fetch_walk_priv.h. */
#include "gateway/gateway_fetch_walk_priv.h"

#define CORRELATION   4
#define BEFORE_TOPICS (4 + 2 + 4) /* throttle_time_ms, error_code, session_id */
#define TOPIC_ID      16
/* partition_index, error_code, high_watermark, last_stable_offset, log_start_offset */
#define PARTITION    (4 + 2 + 8 + 8 + 8)
#define ABORTED      (8 + 8) /* producer_id, first_offset */
#define READ_REPLICA 4       /* preferred_read_replica */
#define NUMBER_BITS  35      /* of a varint: five bytes */

#define ADDRESSES_TAG 0
#define UNKNOWN_TAG   127 /* the largest of one byte */

void gateway_fetch_walk_begin(struct gateway_fetch_walk *walk)
{
    *walk = (struct gateway_fetch_walk){.step = FETCH_HEADER_TAGS, .skip = CORRELATION};
}

bool gateway_fetch_walk_is_over(const struct gateway_fetch_walk *walk)
{
    return walk->step == FETCH_END && !walk->skip;
}

size_t gateway_fetch_walk_ahead(const struct gateway_fetch_walk *walk)
{
    return walk->skip < SIZE_MAX ? (size_t)walk->skip : SIZE_MAX;
}

void gateway_fetch_walk_skip(struct gateway_fetch_walk *walk, size_t len)
{
    walk->skip -= len;
}

static void go(struct gateway_fetch_walk *walk, uint64_t skip, enum gateway_fetch_step step)
{
    walk->skip = skip;
    walk->step = step;
}

/* The count of a compact array or the length of compact bytes, which says one more; 0: null. */
static uint64_t counted(uint64_t number)
{
    return number ? number - 1 : 0;
}

static void next_topic(struct gateway_fetch_walk *walk)
{
    if (!walk->topics) {
        go(walk, 0, FETCH_ANSWER_TAGS);
        return;
    }
    walk->topics--;
    go(walk, TOPIC_ID, FETCH_PARTITIONS);
}

static void next_partition(struct gateway_fetch_walk *walk)
{
    if (!walk->partitions) {
        go(walk, 0, FETCH_TOPIC_TAGS);
        return;
    }
    walk->partitions--;
    go(walk, PARTITION, FETCH_ABORTED);
}

static void next_aborted(struct gateway_fetch_walk *walk)
{
    if (!walk->aborted) {
        go(walk, READ_REPLICA, FETCH_RECORDS);
        return;
    }
    walk->aborted--;
    go(walk, ABORTED, FETCH_ABORTED_TAGS);
}

/* What is behind the tagged fields of tags_of. */
static void behind_tags(struct gateway_fetch_walk *walk, uint64_t skip)
{
    switch (walk->tags_of) {
    case FETCH_HEADER_TAGS:
        go(walk, BEFORE_TOPICS, FETCH_TOPICS);
        break;
    case FETCH_ABORTED_TAGS:
        next_aborted(walk);
        break;
    case FETCH_PARTITION_TAGS:
        next_partition(walk);
        break;
    case FETCH_TOPIC_TAGS:
        next_topic(walk);
        break;
    default:
        go(walk, 0, FETCH_END);
        break;
    }
    walk->skip += skip;
}

/* The next tagged field; skip: bytes of the one before it. */
static void next_tag(struct gateway_fetch_walk *walk, uint64_t skip)
{
    if (!walk->tags) {
        behind_tags(walk, skip);
        return;
    }
    walk->tags--;
    go(walk, skip, FETCH_TAG);
}

/* A number is complete; last: its last byte. */
static void take(struct gateway_fetch_walk *walk, uint64_t number, uint8_t *last)
{
    switch (walk->step) {
    case FETCH_TOPICS:
        walk->topics = counted(number);
        next_topic(walk);
        break;
    case FETCH_PARTITIONS:
        walk->partitions = counted(number);
        next_partition(walk);
        break;
    case FETCH_ABORTED:
        walk->aborted = counted(number);
        next_aborted(walk);
        break;
    case FETCH_RECORDS:
        go(walk, counted(number), FETCH_PARTITION_TAGS);
        break;
    case FETCH_TAG:
        if (walk->tags_of == FETCH_ANSWER_TAGS && number == ADDRESSES_TAG)
            *last = UNKNOWN_TAG;
        go(walk, 0, FETCH_TAG_SIZE);
        break;
    case FETCH_TAG_SIZE:
        next_tag(walk, number);
        break;
    default:
        walk->tags_of = walk->step;
        walk->tags = number;
        next_tag(walk, 0);
        break;
    }
}

/* Reads a byte of a number. False: the number is too long. */
static bool read_number(struct gateway_fetch_walk *walk, uint8_t *byte)
{
    walk->number |= (uint64_t)(*byte & 0x7f) << walk->shift;
    walk->shift += 7;
    if (*byte & 0x80)
        return walk->shift < NUMBER_BITS;
    const uint64_t number = walk->number;
    walk->number = 0;
    walk->shift = 0;
    take(walk, number, byte);
    return true;
}

bool gateway_fetch_walk(struct gateway_fetch_walk *walk, uint8_t *bytes, size_t len)
{
    while (len) {
        const size_t part = walk->skip < len ? (size_t)walk->skip : len;

        bytes += part;
        len -= part;
        walk->skip -= part;
        if (!len)
            return true;
        if (walk->step == FETCH_END || !read_number(walk, bytes))
            return false;
        bytes++;
        len--;
    }
    return true;
}
