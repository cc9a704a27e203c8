/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes what reads records' bytes: JsonConverter with and without schemas, and the text of
 * headers.
 *
 * Whatever comes in, each returns an error or data; what is written of data that was read can be
 * read again.
 */
#include "connect/plugin.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

extern const struct kc_plugin kc_json_converter;
extern const struct kc_plugin kc_simple_header_converter;

struct data {
    const struct kc_schema *schema;
    struct kc_value value;
};

static void *open_json(const char *schemas)
{
    void *converter = NULL;
    struct kc_map *config = kc_map_new();
    kc_map_set(config, "schemas.enable", schemas);
    kc_map_set(config, "schemas.cache.size", "3");
    if (kc_json_converter.converter->create(config, false, &converter))
        abort();
    kc_map_destroy(config);
    return converter;
}

static bool read_data(const struct kc_plugin *plugin, void *converter, const void *bytes,
                      size_t len, struct kc_batch *batch, struct data *data)
{
    struct kc_error *err = plugin->converter->to_connect(converter, "t", "h", bytes, len, batch,
                                                         &data->schema, &data->value);
    bool good = !err;
    kc_error_destroy(err);
    return good;
}

static void turn_round(const struct kc_plugin *plugin, void *converter, const uint8_t *bytes,
                       size_t size)
{
    struct kc_batch *batch = kc_batch_new(1);
    const void *written = NULL;
    size_t len = 0;
    struct data first, second;
    if (read_data(plugin, converter, bytes, size, batch, &first)) {
        struct kc_error *err = plugin->converter->from_connect(
            converter, "t", "h", first.schema, &first.value, kc_batch_arena(batch), &written, &len);
        if (!err && written && !read_data(plugin, converter, written, len, batch, &second))
            abort();
        kc_error_destroy(err);
    }
    kc_batch_unref(batch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void *with, *without;
    if (!with) {
        with = open_json("true");
        without = open_json("false");
    }
    turn_round(&kc_json_converter, without, data, size);
    turn_round(&kc_json_converter, with, data, size);
    turn_round(&kc_simple_header_converter, NULL, data, size);
    return 0;
}
