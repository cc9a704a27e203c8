/* SPDX-License-Identifier: Apache-2.0 */
/* MM2's records, byte by byte as Java writes them (vectors taken from a 4.1.0 cluster). */
#include "mirror/mirror_check.h"
#include "mirror/mirror_records.h"

#include <stdio.h>

static void assert_hex(struct kc_str *str, const char *want)
{
    struct kc_str hex = {0};
    for (size_t i = 0; i < str->len; i++)
        kc_str_appendf(&hex, "%02x", (unsigned char)str->data[i]);
    ck_assert_str_eq(hex.data, want);
    kc_str_destroy(&hex);
}

START_TEST(offset_sync_is_javas)
{
    struct kc_offset_sync sync = {(char *)"t", 3, 100, 200}, back;
    struct kc_str key = {0}, value = {0};
    kc_offset_sync_encode(&sync, &key, &value);
    assert_hex(&key, "00017400000003");
    assert_hex(&value, "000000000000006400000000000000c8");
    assert_ok(kc_offset_sync_decode(key.data, key.len, value.data, value.len, &back));
    ck_assert_str_eq(back.topic, "t");
    ck_assert_int_eq(back.partition, 3);
    ck_assert_int_eq(back.upstream, 100);
    ck_assert_int_eq(back.downstream, 200);
    kc_offset_sync_clear(&back);
    kc_str_destroy(&key);
    kc_str_destroy(&value);
}
END_TEST

START_TEST(checkpoint_is_javas)
{
    struct kc_checkpoint checkpoint = {(char *)"g", (char *)"A.t", 3, 100, 200, (char *)"meta"};
    struct kc_checkpoint back;
    struct kc_str key = {0}, value = {0};
    kc_checkpoint_encode(&checkpoint, &key, &value);
    assert_hex(&key, "0001670003412e7400000003");
    assert_hex(&value, "0000000000000000006400000000000000c800046d657461");
    assert_ok(kc_checkpoint_decode(key.data, key.len, value.data, value.len, &back));
    ck_assert_str_eq(back.group, "g");
    ck_assert_str_eq(back.topic, "A.t");
    ck_assert_str_eq(back.metadata, "meta");
    ck_assert_int_eq(back.downstream, 200);
    kc_checkpoint_clear(&back);
    kc_str_destroy(&key);
    kc_str_destroy(&value);
}
END_TEST

START_TEST(heartbeat_is_javas)
{
    struct kc_heartbeat heartbeat = {(char *)"A", (char *)"B", 1700000000000};
    struct kc_str key = {0}, value = {0};
    kc_heartbeat_encode(&heartbeat, &key, &value);
    assert_hex(&key, "000141000142");
    assert_hex(&value, "00000000018bcfe56800");
    kc_str_destroy(&key);
    kc_str_destroy(&value);
}
END_TEST

START_TEST(broken_bytes_are_errors)
{
    static const char key[] = {0, 1, 'g', 0, 3, 'A', '.', 't', 0, 0, 0, 3};
    char value[24] = {0};
    struct kc_checkpoint checkpoint;
    struct kc_offset_sync sync;
    /* Every shorter key and value. */
    for (size_t len = 0; len < sizeof(key); len++) {
        struct kc_error *err = kc_checkpoint_decode(key, len, value, sizeof(value), &checkpoint);
        ck_assert_ptr_nonnull(err);
        ck_assert_int_eq(kc_error_code(err), KC_ERR_SCHEMA);
        kc_error_destroy(err);
    }
    for (size_t len = 0; len < 20; len++) {
        struct kc_error *err = kc_checkpoint_decode(key, sizeof(key), value, len, &checkpoint);
        ck_assert_ptr_nonnull(err);
        kc_error_destroy(err);
    }
    assert_error(kc_checkpoint_decode(key, sizeof(key), NULL, 0, &checkpoint),
                 "Error reading field 'version' of the value of a checkpoint record");
    value[1] = 1; /* another version */
    assert_error(kc_checkpoint_decode(key, sizeof(key), value, sizeof(value), &checkpoint),
                 "Error reading field 'version' of the value of a checkpoint record");
    /* A length beyond the end, and a negative one. */
    assert_error(kc_offset_sync_decode("\x7f\xffz", 3, value, 16, &sync),
                 "Error reading field 'topic' of the key of an offset sync record");
    assert_error(kc_offset_sync_decode("\xff\xffz", 3, value, 16, &sync),
                 "Error reading field 'topic' of the key of an offset sync record");
}
END_TEST

RUN_TESTS("mirror_records", offset_sync_is_javas, checkpoint_is_javas, heartbeat_is_javas,
          broken_bytes_are_errors)
