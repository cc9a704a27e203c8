/* SPDX-License-Identifier: Apache-2.0 */
/* How large records are: see link_live_priv.h. Any thread; blocks for a second or two. */
#include "link/link_live_priv.h"

#include "connect/fetch.h"
#include "connect/record_batch.h"

#include <stdlib.h>

enum { WAIT_MS = 1500, BUDGET = 1 << 20 };

/* Bytes and offsets of whole batches. */
static double average(const struct kc_fetched *fetched)
{
    int64_t records = 0;
    for (size_t at = 0; at < fetched->len;) {
        struct kc_record_batch batch;
        const char *why = NULL;
        if (kc_record_batch_parse(fetched->data + at, fetched->len - at, &batch, &why) !=
            KC_BATCH_OK)
            break;
        records += kc_record_batch_last_offset(&batch) - batch.base_offset + 1;
        at += batch.size;
    }
    return records > 0 ? (double)fetched->len / (double)records : -1;
}

static double wait_for_data(struct kc_fetcher *fetcher)
{
    double bytes = -1;
    struct kc_fetched *fetched = kc_fetcher_next(fetcher, kc_mono_ms() + WAIT_MS);
    if (!fetched)
        return -1;
    if (fetched->kind == KC_FETCHED_DATA)
        bytes = average(fetched);
    kc_fetched_release(fetched);
    return bytes;
}

double link_record_size(const struct link_config *config, const char *topic, int32_t partition,
                        int64_t offset)
{
    double bytes = -1;
    struct kc_fetcher *fetcher = NULL;
    struct kc_map *properties =
        link_client_properties(config, LINK_SOURCE, KC_CLIENT_CONSUMER, "size");
    char *name = kc_asprintf("%s|size", config->name);
    kc_map_set(properties, "max.partition.fetch.bytes", "65536");
    struct kc_error *err = kc_fetcher_open(properties, name, BUDGET, &fetcher);
    if (!err) {
        kc_fetcher_add(fetcher, topic, partition, offset, -1);
        bytes = wait_for_data(fetcher);
        kc_fetcher_close(fetcher);
    }
    kc_error_destroy(err); /* the size isn't known then, which the answer says */
    kc_map_destroy(properties);
    free(name);
    return bytes;
}
