/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blobs and records that other members of a group, or other mirrors, have written: Connect's
 * group protocol and MM2's internal topics. The first byte picks the reader; of records, key and
 * value are parted by the second byte's length. What was read is written and read again.
 */
#include "group/connect_protocol.h"
#include "mirror/acl_ledger_priv.h"
#include "mirror/mirror_records.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void assignment(const uint8_t *data, size_t len)
{
    struct kc_assignment first = {0}, second = {0};
    struct kc_str out = {0};
    struct kc_error *err = kc_assignment_decode(data, len, &first);
    if (!err) {
        kc_assignment_encode(&out, first.version, &first);
        if (kc_assignment_decode(out.data, out.len, &second) ||
            !kc_work_equal(&first.work, &second.work))
            abort();
    }
    kc_error_destroy(err);
    kc_assignment_clear(&first);
    kc_assignment_clear(&second);
    kc_str_destroy(&out);
}

static void worker_state(const uint8_t *data, size_t len)
{
    struct kc_worker_state first = {0}, second = {0};
    struct kc_str out = {0};
    struct kc_error *err = kc_worker_state_decode(data, len, &first);
    if (!err) {
        kc_worker_state_encode(&out, first.version, first.url, first.offset,
                               first.has_allocation ? &first.allocation : NULL);
        if (kc_worker_state_decode(out.data, out.len, &second) ||
            strcmp(first.url, second.url) != 0 || first.offset != second.offset)
            abort();
    }
    kc_error_destroy(err);
    kc_worker_state_clear(&first);
    kc_worker_state_clear(&second);
    kc_str_destroy(&out);
}

struct pair {
    const uint8_t *key, *value;
    size_t key_len, value_len;
};

static void offset_sync(const struct pair *pair)
{
    struct kc_offset_sync first = {0}, second = {0};
    struct kc_str key = {0}, value = {0};
    struct kc_error *err =
        kc_offset_sync_decode(pair->key, pair->key_len, pair->value, pair->value_len, &first);
    if (!err) {
        kc_offset_sync_encode(&first, &key, &value);
        if (kc_offset_sync_decode(key.data, key.len, value.data, value.len, &second) ||
            strcmp(first.topic, second.topic) != 0 || first.downstream != second.downstream)
            abort();
    }
    kc_error_destroy(err);
    kc_offset_sync_clear(&first);
    kc_offset_sync_clear(&second);
    kc_str_destroy(&key);
    kc_str_destroy(&value);
}

static void checkpoint(const struct pair *pair)
{
    struct kc_checkpoint first = {0}, second = {0};
    struct kc_str key = {0}, value = {0};
    struct kc_error *err =
        kc_checkpoint_decode(pair->key, pair->key_len, pair->value, pair->value_len, &first);
    if (!err) {
        kc_checkpoint_encode(&first, &key, &value);
        if (kc_checkpoint_decode(key.data, key.len, value.data, value.len, &second) ||
            strcmp(first.group, second.group) != 0 || first.downstream != second.downstream)
            abort();
    }
    kc_error_destroy(err);
    kc_checkpoint_clear(&first);
    kc_checkpoint_clear(&second);
    kc_str_destroy(&key);
    kc_str_destroy(&value);
}

static void acl_key(const struct pair *pair)
{
    struct kc_acl first = {0}, second = {0};
    char *text = kc_strndup((const char *)pair->key, pair->key_len);
    if (kc_acl_ledger_parse(text, "mm", &first)) {
        char *key = kc_acl_ledger_key("mm", &first);
        if (!kc_acl_ledger_parse(key, "mm", &second) || strcmp(first.name, second.name) != 0 ||
            first.operation != second.operation)
            abort();
        free(key);
        free(second.name);
        free(second.principal);
        free(second.host);
    }
    free(first.name);
    free(first.principal);
    free(first.host);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const readers[])(const struct pair *) = {offset_sync, checkpoint, acl_key};
    if (size < 2)
        return 0;
    struct pair pair = {.key = data + 2, .key_len = size - 2};
    if (data[1] <= pair.key_len) {
        pair.value = data + 2 + data[1];
        pair.value_len = pair.key_len - data[1];
        pair.key_len = data[1];
    }
    switch (data[0] % 5) {
    case 0:
        assignment(data + 2, size - 2);
        break;
    case 1:
        worker_state(data + 2, size - 2);
        break;
    default:
        readers[data[0] % 5 - 2](&pair);
    }
    return 0;
}
