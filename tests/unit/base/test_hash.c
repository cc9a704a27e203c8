/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that were chosen to meet in one bucket don't. */
#include "connect/hash.h"
#include "connect/map.h"

#include <check.h>
#include <string.h>

#define KEYS    100000
#define KEY_LEN 12
#define GOLDEN  0x9e3779b9u
#define INITIAL 0xfeedbeefu /* where uthash's own hash begins, in every program */

/* The inverse of one step of Jenkins's mix: x -= y; x -= z; x ^= shifted. */
#define UNMIX(x, y, z, shifted) ((x) = ((x) ^ (shifted)) + (y) + (z))

static void unmix(uint32_t *a, uint32_t *b, uint32_t *c)
{
    UNMIX(*c, *a, *b, *b >> 15);
    UNMIX(*b, *c, *a, *a << 10);
    UNMIX(*a, *b, *c, *c >> 3);
    UNMIX(*c, *a, *b, *b >> 5);
    UNMIX(*b, *c, *a, *a << 16);
    UNMIX(*a, *b, *c, *c >> 12);
    UNMIX(*c, *a, *b, *b >> 13);
    UNMIX(*b, *c, *a, *a << 8);
    UNMIX(*a, *b, *c, *c >> 13);
}

/* A key for which uthash's own hash is 7: from the result back to the beginning. */
static void colliding_key(uint32_t a, uint32_t b, char key[KEY_LEN + 1])
{
    uint32_t c = 7;
    unmix(&a, &b, &c);
    c -= KEY_LEN;
    unmix(&a, &b, &c);
    const uint32_t words[] = {a - GOLDEN, b - GOLDEN, c - INITIAL};
    for (int i = 0; i < KEY_LEN; i++)
        key[i] = (char)(words[i / 4] >> 8 * (i % 4));
    key[KEY_LEN] = '\0';
}

/* Of keys that hold no zero byte; the next one for each call. */
static const char *next_key(uint32_t *state)
{
    static char key[KEY_LEN + 1];
    do {
        ++*state;
        colliding_key(*state * 2654435761u, *state, key);
    } while (strlen(key) != KEY_LEN);
    return key;
}

START_TEST(the_keys_collide_in_a_known_hash)
{
    uint32_t state = 0;
    for (int i = 0; i < 1000; i++) {
        unsigned hash;
        const char *key = next_key(&state);
        HASH_JEN(key, KEY_LEN, hash);
        ck_assert_uint_eq(hash, 7);
    }
}
END_TEST

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

START_TEST(they_dont_in_ours)
{
    static uint32_t hashes[KEYS];
    uint32_t state = 0;
    int distinct = 1;
    for (int i = 0; i < KEYS; i++) {
        const char *key = next_key(&state);
        HASH_FUNCTION(key, KEY_LEN, hashes[i]);
    }
    qsort(hashes, KEYS, sizeof(hashes[0]), by_number);
    for (int i = 1; i < KEYS; i++)
        distinct += hashes[i] != hashes[i - 1];
    ck_assert_int_gt(distinct, KEYS - 50); /* two of 2^32 meet by chance about once */
}
END_TEST

/* In one bucket these take five thousand million comparisons. */
START_TEST(a_map_of_them_is_a_map)
{
    struct kc_map *map = kc_map_new();
    uint32_t state = 0;
    for (int i = 0; i < KEYS; i++)
        kc_map_set(map, next_key(&state), "x");
    ck_assert_uint_eq(kc_map_size(map), KEYS);
    state = 0;
    for (int i = 0; i < KEYS; i++)
        ck_assert_str_eq(kc_map_get(map, next_key(&state)), "x");
    kc_map_destroy(map);
}
END_TEST

/* Bytes behind the end don't count, whatever the length leaves over. */
START_TEST(only_the_key_counts)
{
    char a[20] = "abcdefghijklmnopqrs", b[20] = "abcdefghijklmnopqrs";
    for (size_t len = 0; len < 18; len++) {
        b[len] ^= 1;
        ck_assert_uint_eq(kc_hash(a, len), kc_hash(b, len));
        ck_assert_uint_ne(kc_hash(a, len + 1), kc_hash(b, len + 1));
        b[len] ^= 1;
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("hash");
    TCase *tcase = tcase_create("hash");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, the_keys_collide_in_a_known_hash);
    tcase_add_test(tcase, they_dont_in_ours);
    tcase_add_test(tcase, a_map_of_them_is_a_map);
    tcase_add_test(tcase, only_the_key_counts);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
