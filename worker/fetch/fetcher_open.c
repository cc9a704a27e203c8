/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fetchers for connectors. Several share a client and an engine. See connect/fetch.h.
 *
 * The settings are a Java consumer's. A value that is no number is a KC_ERR_CONFIG that names the
 * key. On the caller's thread.
 */
#include "base/shared_users.h"
#include "fetch/fetch_engine_priv.h"
#include "wire/wire_admin.h"

#include <errno.h>
#include <stdlib.h>
#include <strings.h>

static struct kc_error *parse(const char *key, const char *text, int32_t *value)
{
    char *end;

    errno = 0;
    long number = strtol(text, &end, 10);
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

    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
        const char *text = kc_map_get(properties, numbers[i].key);
        struct kc_error *err = text ? parse(numbers[i].key, text, numbers[i].value) : NULL;

        if (err)
            return err;
    }
    options->read_committed =
        strcasecmp(kc_map_get_or(properties, "isolation.level", ""), "read_committed") == 0;
    return NULL;
}

/* ---- Who reads together ---- */

/* The settings of an engine. */
struct engine_request {
    const struct kc_map *properties;
    const char *name;
    size_t budget_bytes;
};

/* Owned by the caller. */
static char *key_of(const struct kc_map *properties, const char *name, size_t budget_bytes)
{
    char *text = kc_map_print_without(properties, "client.id"),
         *key = kc_asprintf("%s %zu %s", name, budget_bytes, text);

    free(text);
    return key;
}

static struct kc_error *make(void *arg, void **engine)
{
    const struct engine_request *request = arg;
    struct kc_fetcher_options options = {.budget_bytes = request->budget_bytes};
    struct kc_wire_admin *admin = NULL;
    struct kc_error *err = kc_fetcher_options_take(request->properties, &options);

    if (!err)
        err = kc_wire_admin_new(request->properties, request->name, &admin);
    if (err)
        return err;
    struct fetch_engine *made = fetch_engine_new(kc_wire_admin_client(admin), &options);
    made->admin = admin;
    made->shares = true;
    *engine = made;
    return NULL;
}

static void end(void *arg)
{
    struct fetch_engine *engine = arg;
    struct kc_wire_admin *admin = engine->admin;

    fetch_engine_stop(engine);
    kc_wire_admin_destroy(admin);
}

static struct kc_shared_users engines = KC_SHARED_USERS(make, end, KC_FETCHERS_TOGETHER);

struct kc_error *kc_fetcher_open(const struct kc_map *properties, const char *name,
                                 size_t budget_bytes, struct kc_fetcher **fetcher)
{
    struct engine_request request = {properties, name, budget_bytes};
    char *key = key_of(properties, name, budget_bytes);
    void *joined = NULL;
    struct kc_error *err = kc_shared_users_join(&engines, key, &request, &joined);

    free(key);
    if (err)
        return err;
    struct fetch_engine *engine = joined;
    kc_wire_client_join(engine->client);
    *fetcher = fetcher_new(engine);
    return NULL;
}

void kc_fetcher_close(struct kc_fetcher *fetcher)
{
    if (!fetcher)
        return;
    struct fetch_engine *engine = fetcher->engine;
    fetcher_leave(fetcher);
    kc_shared_users_leave(&engines, engine);
}

void kc_fetcher_bounds(struct kc_fetcher *fetcher, struct kc_fetch_bound *bounds, size_t count,
                       bool end, int timeout_ms)
{
    struct kc_wire_offset_item *items = kc_calloc(count ? count : 1, sizeof(*items));

    for (size_t i = 0; i < count; i++) {
        items[i].topic = bounds[i].topic;
        items[i].partition = bounds[i].partition;
        items[i].timestamp = end ? KC_WIRE_LATEST : KC_WIRE_EARLIEST;
    }
    struct kc_error *err = kc_wire_list_offsets(
        fetcher->engine->admin, items, count, fetcher->engine->options.read_committed, timeout_ms);
    for (size_t i = 0; i < count; i++) {
        bounds[i].offset = items[i].offset;
        bounds[i].error = items[i].error ? items[i].error : kc_error_copy(err);
    }
    kc_error_destroy(err);
    free(items);
}
