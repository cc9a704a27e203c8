/* SPDX-License-Identifier: Apache-2.0 */
/* Entries by what is asked, see lookup_table.h. */
#include "mirror/lookup_table.h"

#include "connect/hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

enum {
    AGAIN_MS = 3000, /* before an offset that wasn't found is looked up again; doubled each time */
    MOST_AGAIN_MS = 300000,
    WORTH_SWEEPING = 8, /* of so many entries one has to go, that a sweep is worth it */
    WORTH_SHARING = 16, /* entries of a thread: fewer are near each other and quick for one */
};

enum lookup_state { WAITING, UNDER_WAY, FOUND, MISSED };

struct kc_lookup_entry {
    char *key;
    char *topic, *remote;
    struct kc_lookup lookup; /* with the two above */
    enum lookup_state state;
    bool told; /* FOUND, and asked for since */
    int64_t due_ms, again_ms;
    int64_t downstream;                /* FOUND */
    TAILQ_ENTRY(kc_lookup_entry) link; /* while WAITING */
    UT_hash_handle hh;
};

TAILQ_HEAD(waiting_entries, kc_lookup_entry);

/* Items of a run that haven't been taken out yet. */
struct lookup_part {
    size_t at, end;
};

struct kc_lookup_table {
    struct kc_lookup_entry *entries;
    struct waiting_entries waiting;
    size_t most;
    size_t waiting_count, under_way;
    size_t idle; /* that may go: told, or missed */
    /* The items that were due when the run began, sorted by partition and offset. Each thread takes
     * out a part, one after the other. Items that became due later come in the next run. */
    struct kc_lookup_entry **run;
    struct lookup_part parts[KC_LOOKUP_THREADS];
};

struct kc_lookup_table *kc_lookup_table_new(size_t most)
{
    struct kc_lookup_table *table = kc_calloc(1, sizeof(*table));
    table->most = most;
    TAILQ_INIT(&table->waiting);
    return table;
}

static void drop(struct kc_lookup_table *table, struct kc_lookup_entry *entry)
{
    HASH_DEL(table->entries, entry);
    free(entry->key);
    free(entry->topic);
    free(entry->remote);
    free(entry);
}

void kc_lookup_table_destroy(struct kc_lookup_table *table)
{
    struct kc_lookup_entry *entry, *next;
    if (!table)
        return;
    HASH_ITER (hh, table->entries, entry, next)
        drop(table, entry);
    free(table->run);
    free(table);
}

/* ---- room ---- */

static bool idle(const struct kc_lookup_entry *entry)
{
    return entry->state == MISSED || (entry->state == FOUND && entry->told);
}

static bool have_room(struct kc_lookup_table *table)
{
    struct kc_lookup_entry *entry, *next;
    if (HASH_COUNT(table->entries) < table->most)
        return true;
    if (table->idle == 0 || table->idle < table->most / WORTH_SWEEPING)
        return false;
    HASH_ITER (hh, table->entries, entry, next)
        if (idle(entry))
            drop(table, entry);
    table->idle = 0;
    return true;
}

/* ---- asking ---- */

static void enqueue(struct kc_lookup_table *table, struct kc_lookup_entry *entry,
                    const struct kc_lookup *lookup)
{
    table->idle -= idle(entry);
    entry->told = false;
    entry->state = WAITING;
    entry->lookup = *lookup;
    entry->lookup.topic = entry->topic;
    entry->lookup.remote = entry->remote;
    TAILQ_INSERT_TAIL(&table->waiting, entry, link);
    table->waiting_count++;
}

/* NULL: there is no room. */
static struct kc_lookup_entry *need(struct kc_lookup_table *table, const struct kc_lookup *lookup,
                                    int64_t due_ms)
{
    char key[320];
    struct kc_lookup_entry *entry = NULL;
    snprintf(key, sizeof(key), "%s-%d@%lld", lookup->topic, lookup->partition,
             (long long)lookup->upstream);
    HASH_FIND_STR(table->entries, key, entry);
    if (entry || !have_room(table))
        return entry;
    entry = kc_calloc(1, sizeof(*entry));
    entry->key = kc_strdup(key);
    entry->topic = kc_strdup(lookup->topic);
    entry->remote = kc_strdup(lookup->remote);
    entry->again_ms = AGAIN_MS;
    entry->due_ms = due_ms;
    HASH_ADD_KEYPTR(hh, table->entries, entry->key, strlen(entry->key), entry);
    enqueue(table, entry, lookup);
    return entry;
}

bool kc_lookup_holds(const struct kc_lookup *lookup, int64_t downstream)
{
    return downstream >= 0 && (lookup->low.upstream < 0 || downstream >= lookup->low.downstream) &&
           (lookup->high.upstream < 0 || downstream <= lookup->high.downstream);
}

bool kc_lookup_table_ask(struct kc_lookup_table *table, const struct kc_lookup *lookup,
                         int64_t delay_ms, int64_t now_ms, int64_t *downstream)
{
    struct kc_lookup_entry *entry = need(table, lookup, now_ms + delay_ms);
    *downstream = -1;
    if (!entry)
        return false;
    if (entry->state == FOUND && kc_lookup_holds(lookup, entry->downstream)) {
        table->idle += !entry->told;
        entry->told = true;
        *downstream = entry->downstream;
        return true;
    }
    if (entry->state == FOUND || (entry->state == MISSED && now_ms >= entry->due_ms))
        enqueue(table, entry, lookup);
    return false;
}

/* ---- looking up ---- */

static int by_place(const void *a, const void *b)
{
    const struct kc_lookup *x = &(*(struct kc_lookup_entry *const *)a)->lookup;
    const struct kc_lookup *y = &(*(struct kc_lookup_entry *const *)b)->lookup;
    int order = strcmp(x->topic, y->topic);
    if (!order)
        order = (x->partition > y->partition) - (x->partition < y->partition);
    return order ? order : (x->upstream > y->upstream) - (x->upstream < y->upstream);
}

static size_t left_in(const struct lookup_part *part)
{
    return part->end - part->at;
}

/* Near offsets share the records that are read for them. */
static void begin_run(struct kc_lookup_table *table, struct lookup_part *part, int64_t now_ms)
{
    struct kc_lookup_entry *entry;
    *part = (struct lookup_part){0};
    table->run = kc_realloc(table->run, (table->waiting_count + 1) * sizeof(*table->run));
    TAILQ_FOREACH (entry, &table->waiting, link) {
        if (entry->due_ms <= now_ms)
            table->run[part->end++] = entry;
    }
    qsort(table->run, part->end, sizeof(*table->run), by_place);
}

/* For a thread that has nothing left: half of the busiest thread's items, or a new run. */
static void refill(struct kc_lookup_table *table, struct lookup_part *part, int64_t now_ms)
{
    struct lookup_part *busiest = &table->parts[0];
    for (size_t i = 1; i < KC_LOOKUP_THREADS; i++)
        if (left_in(&table->parts[i]) > left_in(busiest))
            busiest = &table->parts[i];
    size_t left = left_in(busiest);
    if (left == 0)
        begin_run(table, part, now_ms);
    if (left < WORTH_SHARING)
        return;
    *part = (struct lookup_part){busiest->end - left / 2, busiest->end};
    busiest->end = part->at;
}

struct kc_lookup_entry *kc_lookup_table_take(struct kc_lookup_table *table, size_t thread,
                                             int64_t now_ms, struct kc_lookup *lookup)
{
    struct lookup_part *part = &table->parts[thread];
    if (left_in(part) == 0)
        refill(table, part, now_ms);
    if (left_in(part) == 0)
        return NULL;
    struct kc_lookup_entry *entry = table->run[part->at++];
    TAILQ_REMOVE(&table->waiting, entry, link);
    table->waiting_count--;
    table->under_way++;
    entry->state = UNDER_WAY;
    *lookup = entry->lookup;
    return entry;
}

void kc_lookup_table_settle(struct kc_lookup_table *table, struct kc_lookup_entry *entry,
                            int64_t now_ms, int64_t downstream)
{
    table->under_way--;
    entry->state = downstream >= 0 ? FOUND : MISSED;
    entry->downstream = downstream;
    if (downstream >= 0)
        return;
    table->idle++;
    entry->due_ms = now_ms + entry->again_ms;
    entry->again_ms = 2 * entry->again_ms < MOST_AGAIN_MS ? 2 * entry->again_ms : MOST_AGAIN_MS;
}

void kc_lookup_table_put_back(struct kc_lookup_table *table, struct kc_lookup_entry *entry)
{
    table->under_way--;
    entry->state = WAITING;
    TAILQ_INSERT_HEAD(&table->waiting, entry, link);
    table->waiting_count++;
}

void kc_lookup_table_pause(struct kc_lookup_table *table)
{
    memset(table->parts, 0, sizeof(table->parts));
}

size_t kc_lookup_table_waiting(const struct kc_lookup_table *table)
{
    return table->waiting_count;
}

size_t kc_lookup_table_open(const struct kc_lookup_table *table)
{
    return table->waiting_count + table->under_way;
}
