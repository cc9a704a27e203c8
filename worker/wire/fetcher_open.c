/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fetcher with a client of its own, for connectors. See connect/fetch.h.
 *
 * The settings are a Java consumer's; numbers that aren't any are a KC_ERR_CONFIG that names the
 * key. On the caller's thread.
 */
#include "wire/fetcher_priv.h"
#include "wire/wire_admin.h"

#include <errno.h>
#include <stdlib.h>
#include <strings.h>

static struct kc_error *parse(const char *key, const char *text, int32_t *value)
{
    char *end;
    long number;

    errno = 0;
    number = strtol(text, &end, 10);
    if (errno || end == text || *end || number < 0 || number > INT32_MAX)
        return kc_error_new(KC_ERR_CONFIG,
                            "Invalid value %s for configuration %s: expected a number from 0 to %d",
                            text, key, INT32_MAX);
    *value = (int32_t)number;
    return NULL;
}

struct kc_error *kc_fetcher_options_take(const struct kc_map *properties,
                                         struct kc_fetcher_options *options)
{
    const struct {
        const char *key;
        int32_t *value;
    } numbers[] = {
        {"fetch.max.wait.ms", &options->max_wait_ms},
        {"fetch.min.bytes", &options->min_bytes},
        {"fetch.max.bytes", &options->max_bytes},
        {"max.partition.fetch.bytes", &options->partition_max_bytes},
    };

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        const char *text = kc_map_get(properties, numbers[i].key);
        struct kc_error *err = text ? parse(numbers[i].key, text, numbers[i].value) : NULL;

        if (err)
            return err;
    }
    options->read_committed =
        strcasecmp(kc_map_get_or(properties, "isolation.level", ""), "read_committed") == 0;
    return NULL;
}

struct kc_error *kc_fetcher_open(const struct kc_map *properties, const char *name,
                                 size_t budget_bytes, struct kc_fetcher **fetcher)
{
    struct kc_fetcher_options options = {.budget_bytes = budget_bytes};
    struct kc_wire_admin *admin = NULL;
    struct kc_error *err = kc_fetcher_options_take(properties, &options);

    if (!err)
        err = kc_wire_admin_new(properties, name, &admin);
    if (err)
        return err;
    *fetcher = kc_fetcher_new(kc_wire_admin_client(admin), &options);
    (*fetcher)->admin = admin;
    fetcher_share(*fetcher);
    return NULL;
}

void kc_fetcher_close(struct kc_fetcher *fetcher)
{
    struct kc_wire_admin *admin;

    if (!fetcher)
        return;
    admin = fetcher->admin;
    kc_fetcher_destroy(fetcher);
    kc_wire_admin_destroy(admin);
}

bool kc_fetcher_read_committed(const struct kc_fetcher *fetcher)
{
    return fetcher->options.read_committed;
}

void kc_fetcher_bounds(struct kc_fetcher *fetcher, struct kc_fetch_bound *bounds, size_t count,
                       bool end, int timeout_ms)
{
    struct kc_wire_offset_item *items = kc_calloc(count ? count : 1, sizeof *items);
    struct kc_error *err;

    for (size_t i = 0; i < count; i++) {
        items[i].topic = bounds[i].topic;
        items[i].partition = bounds[i].partition;
        items[i].timestamp = end ? KC_WIRE_LATEST : KC_WIRE_EARLIEST;
    }
    err = kc_wire_list_offsets(fetcher->admin, items, count, fetcher->options.read_committed,
                               timeout_ms);
    for (size_t i = 0; i < count; i++) {
        bounds[i].offset = items[i].offset;
        bounds[i].error = items[i].error ? items[i].error : kc_error_copy(err);
    }
    kc_error_destroy(err);
    free(items);
}
