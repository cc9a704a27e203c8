/* SPDX-License-Identifier: Apache-2.0 */
/* The hash of all tables: see connect/hash.h. SipHash by Aumasson and Bernstein, one round for each
 * word and three at the end. */
#include "connect/hash.h"

#include <pthread.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static uint64_t secret[2];

/* Without random bytes (early in boot), the key is only hard to foresee. */
static void draw_secret(void)
{
    struct timespec now;
    if (getrandom(secret, sizeof(secret), GRND_NONBLOCK) == (ssize_t)sizeof(secret))
        return;
    clock_gettime(CLOCK_REALTIME, &now);
    secret[0] = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
    secret[1] = (uint64_t)getpid() << 32 ^ (uint64_t)(uintptr_t)&now;
}

static uint64_t turn(uint64_t word, int bits)
{
    return word << bits | word >> (64 - bits);
}

static void mix(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = turn(v[1], 13) ^ v[0];
    v[3] = turn(v[3], 16) ^ v[2];
    v[0] = turn(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = turn(v[1], 17) ^ v[2];
    v[3] = turn(v[3], 21) ^ v[0];
    v[2] = turn(v[2], 32);
}

static void take(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    mix(v);
    v[0] ^= word;
}

uint32_t kc_hash(const void *key, size_t len)
{
    const unsigned char *at = key;
    uint64_t last = (uint64_t)len << 56, word;
    pthread_once(&once, draw_secret);
    uint64_t v[4] = {secret[0] ^ 0x736f6d6570736575, secret[1] ^ 0x646f72616e646f6d,
                     secret[0] ^ 0x6c7967656e657261, secret[1] ^ 0x7465646279746573};
    for (size_t left = len; left >= sizeof(word); left -= sizeof(word), at += sizeof(word)) {
        memcpy(&word, at, sizeof(word));
        take(v, word);
    }
    for (size_t i = 0; i < len % sizeof(word); i++)
        last |= (uint64_t)at[i] << (8 * i);
    take(v, last);
    v[2] ^= 0xff;
    for (int i = 0; i < 3; i++)
        mix(v);
    word = v[0] ^ v[1] ^ v[2] ^ v[3];
    return (uint32_t)(word ^ word >> 32);
}
