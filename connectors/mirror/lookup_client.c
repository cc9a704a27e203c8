/* SPDX-License-Identifier: Apache-2.0 */
/* Look-ups by a reader of each cluster, see lookup_client.h. */
#include "mirror/lookup_client.h"

#include "mirror/mark_reader_priv.h"

#include <stdlib.h>

struct kc_lookup_client {
    struct kc_mark_reader *readers[2]; /* by enum kc_lookup_side */
    atomic_bool aborted;
};

struct kc_lookup_client *kc_lookup_client_new(const struct kc_mirror_config *config)
{
    struct kc_lookup_client *client = kc_calloc(1, sizeof(*client));
    client->readers[KC_LOOKUP_SOURCE] =
        kc_mark_reader_new(config, KC_MIRROR_SOURCE, &client->aborted);
    client->readers[KC_LOOKUP_TARGET] =
        kc_mark_reader_new(config, KC_MIRROR_TARGET, &client->aborted);
    return client;
}

void kc_lookup_client_destroy(struct kc_lookup_client *client)
{
    if (!client)
        return;
    kc_mark_reader_destroy(client->readers[KC_LOOKUP_SOURCE]);
    kc_mark_reader_destroy(client->readers[KC_LOOKUP_TARGET]);
    free(client);
}

void kc_lookup_client_abort(struct kc_lookup_client *client)
{
    atomic_store(&client->aborted, true);
}

void kc_lookup_client_rest(struct kc_lookup_client *client)
{
    kc_mark_reader_rest(client->readers[KC_LOOKUP_SOURCE]);
    kc_mark_reader_rest(client->readers[KC_LOOKUP_TARGET]);
}

/* ---- struct kc_lookup_reader ---- */

static struct kc_error *bounds(void *arg, enum kc_lookup_side side, int64_t *low, int64_t *high)
{
    struct kc_lookup_client *client = arg;
    return kc_mark_reader_bounds(client->readers[side], low, high);
}

static struct kc_error *read_window(void *arg, enum kc_lookup_side side, int64_t from, int64_t to,
                                    size_t max, struct kc_record_window *window)
{
    struct kc_lookup_client *client = arg;
    return kc_mark_reader_read(client->readers[side], from, to, max, window);
}

static struct kc_error *by_time(void *arg, int64_t timestamp, int64_t *offset)
{
    struct kc_lookup_client *client = arg;
    return kc_mark_reader_by_time(client->readers[KC_LOOKUP_TARGET], timestamp, offset);
}

static void ahead(void *arg, int64_t from)
{
    struct kc_lookup_client *client = arg;
    kc_mark_reader_ahead(client->readers[KC_LOOKUP_TARGET], from);
}

struct kc_error *kc_lookup_client_find(struct kc_lookup_client *client,
                                       const struct kc_lookup *lookup, int64_t deadline_ms,
                                       enum kc_lookup_result *result, int64_t *downstream)
{
    struct kc_lookup_reader reader = {client, bounds, read_window, by_time, ahead};
    kc_mark_reader_at(client->readers[KC_LOOKUP_SOURCE], lookup->topic, lookup->partition,
                      deadline_ms);
    kc_mark_reader_at(client->readers[KC_LOOKUP_TARGET], lookup->remote, lookup->partition,
                      deadline_ms);
    return kc_offset_lookup(&reader, lookup->upstream, lookup->low, lookup->high, deadline_ms,
                            result, downstream);
}
