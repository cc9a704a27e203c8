/* SPDX-License-Identifier: Apache-2.0 */
/* What anybody may have written into the internal topics or the offset file. The first byte picks
 * the reader; the rest is key and value, parted by the first zero byte. */
#include "storage/config_reader_priv.h"
#include "storage/java_serial_priv.h"
#include "storage/offset_codec_priv.h"
#include "storage/offset_table_priv.h"
#include "storage/status_cache_priv.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void config(const char *key, size_t key_len, const char *value, size_t value_len)
{
    struct kc_config_reader *reader = kc_config_reader_new(NULL, NULL);
    kc_config_reader_set_started(reader);
    kc_config_reader_apply(reader, 0, "connector-c", 11, "{\"properties\":{}}", 17);
    kc_config_reader_apply(reader, 1, key, key_len, value, value_len);
    kc_config_reader_apply(reader, 2, "commit-c", 8, "{\"tasks\":1}", 11);
    kc_cluster_state_unref(kc_config_reader_snapshot(reader));
    kc_config_reader_destroy(reader);
}

static void status(const char *key, size_t key_len, const char *value, size_t value_len)
{
    struct kc_status_cache *cache = kc_status_cache_new(NULL, NULL);
    kc_error_destroy(kc_status_cache_apply(cache, key, key_len, value, value_len));
    kc_error_destroy(kc_status_cache_apply(cache, key, key_len, NULL, 0));
    kc_status_cache_destroy(cache);
}

static void offset(const char *key, size_t key_len, const char *value, size_t value_len)
{
    json_t *parsed = NULL;
    struct kc_offset_table *table = kc_offset_table_new();
    kc_offset_table_put(table, key, key_len, value, value_len);
    kc_offset_table_destroy(table);
    kc_error_destroy(kc_offset_value_read(value, value_len, &parsed));
    json_decref(parsed);
}

static void on_pair(void *opaque, const struct kc_serial_pair *pair)
{
    kc_offset_table_put(opaque, pair->key, pair->key_len, pair->value, pair->value_len);
}

/* What has been read is written and read again. */
static void serial(const char *data, size_t len)
{
    struct kc_str out = {0};
    struct kc_offset_table *table = kc_offset_table_new();
    kc_error_destroy(kc_serial_read(data, len, on_pair, table));
    kc_offset_table_serialize(table, &out);
    if (kc_serial_read(out.data, out.len, on_pair, table))
        abort();
    kc_offset_table_destroy(table);
    kc_str_destroy(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    const char *key = (const char *)data + 1;
    size_t len = size - 1;
    size_t key_len = strnlen(key, len);
    const char *value = key_len < len ? key + key_len + 1 : NULL;
    size_t value_len = value ? len - key_len - 1 : 0;
    switch (data[0] % 4) {
    case 0:
        config(key, key_len, value, value_len);
        break;
    case 1:
        status(key, key_len, value, value_len);
        break;
    case 2:
        offset(key, key_len, value, value_len);
        break;
    default:
        serial(key, len);
    }
    return 0;
}
