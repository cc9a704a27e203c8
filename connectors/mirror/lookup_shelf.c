/* SPDX-License-Identifier: Apache-2.0 */
/* Tables by flow, see lookup_shelf_priv.h. */
#include "mirror/lookup_shelf_priv.h"

#include "connect/mem.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { KEEP_MS = 30000 };

struct shelf_place {
    char *flow;
    struct kc_lookup_table *table; /* NULL: the place is free */
    int64_t since_ms;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct shelf_place places[KC_LOOKUP_SHELF_MOST]; /* guarded by mutex */

static void clear(struct shelf_place *place)
{
    kc_lookup_table_destroy(place->table);
    free(place->flow);
    *place = (struct shelf_place){0};
}

static void clear_old(int64_t now_ms)
{
    for (size_t i = 0; i < KC_LOOKUP_SHELF_MOST; i++)
        if (places[i].table && now_ms - places[i].since_ms > KEEP_MS)
            clear(&places[i]);
}

void kc_lookup_shelf_put(const char *flow, struct kc_lookup_table *table, int64_t now_ms)
{
    pthread_mutex_lock(&mutex);
    clear_old(now_ms);
    struct shelf_place *place = &places[0]; /* a free one, otherwise the oldest */
    for (size_t i = 1; i < KC_LOOKUP_SHELF_MOST && place->table; i++)
        if (!places[i].table || places[i].since_ms < place->since_ms)
            place = &places[i];
    clear(place);
    *place = (struct shelf_place){kc_strdup(flow), table, now_ms};
    pthread_mutex_unlock(&mutex);
}

struct kc_lookup_table *kc_lookup_shelf_take(const char *flow, int64_t now_ms)
{
    struct kc_lookup_table *table = NULL;
    pthread_mutex_lock(&mutex);
    clear_old(now_ms);
    for (size_t i = 0; i < KC_LOOKUP_SHELF_MOST && !table; i++) {
        if (!places[i].table || strcmp(places[i].flow, flow) != 0)
            continue;
        table = places[i].table;
        places[i].table = NULL;
        clear(&places[i]);
    }
    pthread_mutex_unlock(&mutex);
    return table;
}
