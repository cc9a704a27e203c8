/* SPDX-License-Identifier: Apache-2.0 */
/* Gates and beginnings of producers, see gateway_sequences_priv.h. */
#include "gateway/gateway_sequences_priv.h"

#include "connect/hash.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum {
    ENTRIES_MOST = 200000, /* of either kind; the oldest go first */
    GATE_MS = 30000,       /* what was sent behind the failed batch has come by then */
    ASKED_MS = 5000,       /* that the target's "not known" counts */
};

enum sequence_state {
    SEQUENCE_GATE,
    SEQUENCE_FIRST,  /* of the beginnings, as what follows: it is under way */
    SEQUENCE_KNOWN,  /* the target knows the producer */
    SEQUENCE_ASKED,  /* whether it does */
    SEQUENCE_NOT,    /* it doesn't */
    SEQUENCE_UNTOLD, /* it doesn't say */
};

struct sequence_entry {
    char *key;
    enum sequence_state state;
    int32_t epoch;
    int32_t first; /* of a gate */
    int64_t since_ms;
    struct sequence_entry *prev, *next; /* the newest is last */
    UT_hash_handle hh;
};

struct sequence_table {
    struct sequence_entry *by_key;
    struct sequence_entry *by_time;
};

struct gateway_sequences {
    pthread_mutex_t mutex;
    struct sequence_table gates;
    struct sequence_table begun;
};

struct gateway_sequences *gateway_sequences_new(void)
{
    struct gateway_sequences *sequences = kc_calloc(1, sizeof(*sequences));

    pthread_mutex_init(&sequences->mutex, NULL);
    return sequences;
}

static void drop(struct sequence_table *table, struct sequence_entry *entry)
{
    HASH_DEL(table->by_key, entry);
    DL_DELETE(table->by_time, entry);
    free(entry->key);
    free(entry);
}

static void drop_all(struct sequence_table *table)
{
    struct sequence_entry *entry, *next;

    HASH_ITER (hh, table->by_key, entry, next)
        drop(table, entry);
}

void gateway_sequences_destroy(struct gateway_sequences *sequences)
{
    if (!sequences)
        return;
    drop_all(&sequences->gates);
    drop_all(&sequences->begun);
    pthread_mutex_destroy(&sequences->mutex);
    free(sequences);
}

static char *key_of(const struct gateway_sequence *batch)
{
    return kc_asprintf("%s#%d#%lld", batch->topic, batch->partition, (long long)batch->producer_id);
}

static struct sequence_entry *find(struct sequence_table *table,
                                   const struct gateway_sequence *batch)
{
    struct sequence_entry *entry = NULL;

    if (!table->by_key)
        return NULL;
    char *key = key_of(batch);
    HASH_FIND_STR(table->by_key, key, entry);
    free(key);
    return entry;
}

static struct sequence_entry *put(struct sequence_table *table,
                                  const struct gateway_sequence *batch, enum sequence_state state)
{
    struct sequence_entry *entry = find(table, batch);

    if (entry) {
        DL_DELETE(table->by_time, entry);
    } else {
        if (HASH_COUNT(table->by_key) >= ENTRIES_MOST)
            drop(table, table->by_time);
        entry = kc_calloc(1, sizeof(*entry));
        entry->key = key_of(batch);
        HASH_ADD_KEYPTR(hh, table->by_key, entry->key, strlen(entry->key), entry);
    }
    entry->state = state;
    entry->epoch = batch->epoch;
    entry->first = batch->first;
    entry->since_ms = kc_mono_ms();
    DL_APPEND(table->by_time, entry);
    return entry;
}

/* ---- gates ---- */

/* Sequences count modulo 2^31: the nearer half counts as before. */
static bool is_before(int32_t sequence, int32_t other)
{
    return (((uint32_t)sequence - (uint32_t)other) & INT32_MAX) > INT32_MAX / 2;
}

/* One that failed earlier stays the one that is waited for. */
void gateway_gate_close(struct gateway_sequences *sequences, const struct gateway_sequence *batch)
{
    pthread_mutex_lock(&sequences->mutex);
    const struct sequence_entry *gate = find(&sequences->gates, batch);
    bool earlier = gate && gate->epoch == batch->epoch && is_before(gate->first, batch->first);
    if (!earlier)
        put(&sequences->gates, batch, SEQUENCE_GATE);
    pthread_mutex_unlock(&sequences->mutex);
}

static bool opens(const struct sequence_entry *gate, const struct gateway_sequence *batch)
{
    return gate->epoch != batch->epoch || gate->first == batch->first ||
           kc_mono_ms() - gate->since_ms > GATE_MS;
}

bool gateway_gate_passes(struct gateway_sequences *sequences, const struct gateway_sequence *batch)
{
    pthread_mutex_lock(&sequences->mutex);
    struct sequence_entry *gate = find(&sequences->gates, batch);
    bool passes = !gate || is_before(batch->first, gate->first);
    if (gate && opens(gate, batch)) {
        drop(&sequences->gates, gate);
        passes = true;
    }
    pthread_mutex_unlock(&sequences->mutex);
    return passes;
}

/* ---- beginnings ---- */

static enum gateway_beginning judge(struct sequence_table *begun,
                                    const struct gateway_sequence *batch, bool next, bool *alone)
{
    const struct sequence_entry *entry = find(begun, batch);

    if (entry && entry->epoch != batch->epoch)
        entry = NULL;
    if (entry && entry->state == SEQUENCE_KNOWN)
        return GATEWAY_BEGIN_SEND;
    if (entry && entry->state == SEQUENCE_FIRST)
        return GATEWAY_BEGIN_WAIT;
    if (next) {
        put(begun, batch, SEQUENCE_FIRST);
        *alone = true;
        return GATEWAY_BEGIN_SEND;
    }
    if (entry && entry->state != SEQUENCE_UNTOLD && kc_mono_ms() - entry->since_ms < ASKED_MS)
        return entry->state == SEQUENCE_ASKED ? GATEWAY_BEGIN_WAIT : GATEWAY_BEGIN_EARLY;
    put(begun, batch, SEQUENCE_ASKED);
    return GATEWAY_BEGIN_ASK;
}

enum gateway_beginning gateway_begin(struct gateway_sequences *sequences,
                                     const struct gateway_sequence *batch, bool next, bool *alone)
{
    *alone = false;
    pthread_mutex_lock(&sequences->mutex);
    enum gateway_beginning beginning = judge(&sequences->begun, batch, next, alone);
    pthread_mutex_unlock(&sequences->mutex);
    return beginning;
}

static void note(struct gateway_sequences *sequences, const struct gateway_sequence *batch,
                 enum sequence_state before, enum sequence_state state)
{
    pthread_mutex_lock(&sequences->mutex);
    struct sequence_entry *entry = find(&sequences->begun, batch);
    if (entry && entry->epoch == batch->epoch && entry->state == before)
        put(&sequences->begun, batch, state);
    pthread_mutex_unlock(&sequences->mutex);
}

/* Nothing is known after a first one that failed: the next one that fits begins again. */
void gateway_begin_done(struct gateway_sequences *sequences, const struct gateway_sequence *batch,
                        bool known)
{
    note(sequences, batch, SEQUENCE_FIRST, known ? SEQUENCE_KNOWN : SEQUENCE_NOT);
}

void gateway_begin_told(struct gateway_sequences *sequences, const struct gateway_sequence *batch,
                        enum gateway_known known)
{
    static const enum sequence_state states[] = {[GATEWAY_KNOWN] = SEQUENCE_KNOWN,
                                                 [GATEWAY_NOT_KNOWN] = SEQUENCE_NOT,
                                                 [GATEWAY_NOT_TOLD] = SEQUENCE_UNTOLD};

    note(sequences, batch, SEQUENCE_ASKED, states[known]);
}

bool gateway_begin_is_known(struct gateway_sequences *sequences,
                            const struct gateway_sequence *batch)
{
    pthread_mutex_lock(&sequences->mutex);
    const struct sequence_entry *entry = find(&sequences->begun, batch);
    bool known = entry && entry->epoch == batch->epoch && entry->state == SEQUENCE_KNOWN;
    pthread_mutex_unlock(&sequences->mutex);
    return known;
}
