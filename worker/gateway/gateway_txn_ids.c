/* SPDX-License-Identifier: Apache-2.0 */
/* What a gateway remembers of transactional ids: see gateway_txn_priv.h. Any thread. */
#include "gateway/gateway_txn_priv.h"

#include "connect/log.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.gateway.transactions");

#define MIXED                                                                                      \
    "it writes to promoted topics and to topics whose writes still go to the source in one "       \
    "transaction, which two clusters can't commit as one. Its transactions are aborted until all " \
    "of its topics are promoted. Promote topics together that are written together"

enum {
    IDS_MOST = 50000, /* the oldest go first */
    TELL_MS = 60000,  /* between lines about one of them */
};

struct gateway_transaction {
    char *id;
    enum gateway_home next; /* where it begins next */
    int16_t open_epoch;     /* with which it has partitions at the source; -1: none */
    int64_t refused_id;     /* the producer whose offsets were refused last */
    int16_t refused_epoch;
    int64_t told_ms;
    struct gateway_transaction *prev, *next_one; /* the newest is last */
    UT_hash_handle hh;
};

struct gateway_transactions {
    pthread_mutex_t mutex;
    struct gateway_transaction *by_id;
    struct gateway_transaction *by_time;
};

struct gateway_transactions *gateway_transactions_new(void)
{
    struct gateway_transactions *transactions = kc_calloc(1, sizeof(*transactions));

    pthread_mutex_init(&transactions->mutex, NULL);
    return transactions;
}

static void drop(struct gateway_transactions *transactions, struct gateway_transaction *one)
{
    HASH_DEL(transactions->by_id, one);
    DL_DELETE2(transactions->by_time, one, prev, next_one);
    free(one->id);
    free(one);
}

void gateway_transactions_destroy(struct gateway_transactions *transactions)
{
    if (!transactions)
        return;
    while (transactions->by_time)
        drop(transactions, transactions->by_time);
    pthread_mutex_destroy(&transactions->mutex);
    free(transactions);
}

/* With the mutex held. */
static struct gateway_transaction *find(struct gateway_transactions *transactions, const char *id)
{
    struct gateway_transaction *one = NULL;

    HASH_FIND_STR(transactions->by_id, id, one);
    if (one) {
        DL_DELETE2(transactions->by_time, one, prev, next_one);
    } else {
        if (HASH_COUNT(transactions->by_id) >= IDS_MOST)
            drop(transactions, transactions->by_time);
        one = kc_calloc(1, sizeof(*one));
        one->id = kc_strdup(id);
        one->open_epoch = -1;
        HASH_ADD_KEYPTR(hh, transactions->by_id, one->id, strlen(one->id), one);
    }
    DL_APPEND2(transactions->by_time, one, prev, next_one);
    return one;
}

void gateway_transaction_note(struct gateway_route *route, const char *transactional_id,
                              bool source)
{
    struct gateway_transactions *transactions = route->transactions;

    pthread_mutex_lock(&transactions->mutex);
    find(transactions, transactional_id)->next = source ? GATEWAY_HOME_SOURCE : GATEWAY_HOME_TARGET;
    pthread_mutex_unlock(&transactions->mutex);
}

void gateway_transaction_set_open(struct gateway_route *route, const char *transactional_id,
                                  int16_t epoch)
{
    pthread_mutex_lock(&route->transactions->mutex);
    find(route->transactions, transactional_id)->open_epoch = epoch;
    pthread_mutex_unlock(&route->transactions->mutex);
}

bool gateway_transaction_is_open(struct gateway_route *route, const char *transactional_id,
                                 int16_t epoch)
{
    struct gateway_transaction *one = NULL;

    pthread_mutex_lock(&route->transactions->mutex);
    HASH_FIND_STR(route->transactions->by_id, transactional_id, one);
    bool open = one && epoch >= 0 && one->open_epoch == epoch;
    pthread_mutex_unlock(&route->transactions->mutex);
    return open;
}

bool gateway_txn_note_refused(struct gateway_route *route, const char *id, int64_t producer_id,
                              int16_t epoch)
{
    pthread_mutex_lock(&route->transactions->mutex);
    struct gateway_transaction *one = find(route->transactions, id);
    bool before = one->refused_id == producer_id && one->refused_epoch == epoch;
    one->refused_id = producer_id;
    one->refused_epoch = epoch;
    pthread_mutex_unlock(&route->transactions->mutex);
    return before;
}

enum gateway_home gateway_txn_next(struct gateway_route *route, const char *id)
{
    struct gateway_transaction *one = NULL;

    pthread_mutex_lock(&route->transactions->mutex);
    HASH_FIND_STR(route->transactions->by_id, id, one);
    enum gateway_home home = one ? one->next : GATEWAY_HOME_UNKNOWN;
    pthread_mutex_unlock(&route->transactions->mutex);
    return home;
}

void gateway_transaction_mixed(struct gateway_route *route, const char *transactional_id)
{
    gateway_txn_tell(route, transactional_id, MIXED);
}

void gateway_txn_tell(struct gateway_route *route, const char *id, const char *what)
{
    int64_t now_ms = kc_mono_ms();

    pthread_mutex_lock(&route->transactions->mutex);
    struct gateway_transaction *one = find(route->transactions, id);
    bool due = !one->told_ms || now_ms - one->told_ms >= TELL_MS;
    if (due)
        one->told_ms = now_ms;
    pthread_mutex_unlock(&route->transactions->mutex);
    if (due)
        kc_warn("Transactional id %s: %s", id, what);
}
