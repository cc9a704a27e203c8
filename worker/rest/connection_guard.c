/* SPDX-License-Identifier: Apache-2.0 */
/* Deadlines and places of connections: see connection_guard_priv.h. */
#include "rest/connection_guard_priv.h"

#include "connect/hash.h"
#include "connect/log.h"
#include "connect/mem.h"
#include "connect/thread.h"

#include <linux/sockios.h>
#include <linux/tcp.h> /* netinet's lacks the counters of bytes */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <utlist.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.runtime.rest.RestServer");

#define SWEEP_MS   500                   /* how late a connection may be cut off */
#define SLOW_MS    5000                  /* a client that holds memory is slow when it */
#define STRIDE     ((uint64_t)256 << 10) /* moves fewer bytes than these within that time */
#define REPORT_MS  60000
#define NETWORK_V6 8 /* bytes of an IPv6 address that tell clients apart */

/* Clients that count as one, and how many connections they have. */
struct client {
    unsigned char address[16];
    size_t count;   /* without those that have been cut off */
    size_t entries; /* all */
    UT_hash_handle hh;
};

struct kc_guarded {
    struct kc_connection_guard *guard;
    struct kc_guarded *prev; /* in the order of since_ms */
    struct kc_guarded *next;
    struct client *client;
    int fd;
    enum kc_guard_phase phase;
    int64_t since_ms;
    int64_t deadline_ms;
    const char *farewell;
    bool large;
    uint64_t moved; /* of a large one: bytes in and out at its last progress */
    int64_t moved_ms;
    bool cut; /* shut down, about to be closed */
};

struct kc_connection_guard {
    pthread_mutex_t lock; /* everything, the entries too */
    pthread_cond_t wake;
    struct kc_guarded *entries;
    struct client *clients;
    size_t max;
    size_t count; /* without those that have been cut off */
    size_t crowded_out;
    int64_t report_ms;
    bool closing;
    pthread_t thread;
};

/* ---- cutting off ---- */

/* Locked. Only shuts the socket down: the connection's own thread sees the end and closes it. */
static void cut(struct kc_connection_guard *guard, struct kc_guarded *entry)
{
    if (entry->cut)
        return;
    shutdown(entry->fd, SHUT_RDWR);
    entry->cut = true;
    entry->deadline_ms = INT64_MAX;
    entry->client->count--;
    guard->count--;
}

static bool has_sent(int fd)
{
    struct tcp_info info = {0};
    socklen_t size = sizeof(info);
    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 && info.tcpi_bytes_received > 0;
}

/* Nobody else writes to the socket while a request is being read. */
static void say_farewell(const struct kc_guarded *entry)
{
    if (entry->farewell && entry->phase == KC_GUARD_READING && has_sent(entry->fd))
        send(entry->fd, entry->farewell, strlen(entry->farewell), MSG_DONTWAIT | MSG_NOSIGNAL);
}

static size_t cut_late(struct kc_connection_guard *guard, int64_t now_ms)
{
    struct kc_guarded *entry;
    size_t count = 0;
    DL_FOREACH (guard->entries, entry) {
        if (entry->deadline_ms > now_ms)
            continue;
        say_farewell(entry);
        cut(guard, entry);
        count++;
    }
    return count;
}

static const struct client *largest_client(const struct kc_connection_guard *guard)
{
    const struct client *largest = guard->clients;
    for (const struct client *client = guard->clients; client; client = client->hh.next)
        if (client->count > largest->count)
            largest = client;
    return largest;
}

/* The entry of client (NULL: any) that has been in phase for longest. */
static struct kc_guarded *oldest(const struct kc_connection_guard *guard,
                                 const struct client *client, enum kc_guard_phase phase)
{
    struct kc_guarded *entry;
    DL_FOREACH (guard->entries, entry) {
        if (!entry->cut && entry->phase == phase && (!client || entry->client == client))
            return entry;
    }
    return NULL;
}

static void make_room(struct kc_connection_guard *guard)
{
    const struct client *client = largest_client(guard);
    struct kc_guarded *entry = oldest(guard, client, KC_GUARD_READING);
    if (!entry)
        entry = oldest(guard, client, KC_GUARD_ANSWERING);
    if (!entry)
        entry = oldest(guard, NULL, KC_GUARD_READING);
    if (!entry)
        entry = oldest(guard, NULL, KC_GUARD_ANSWERING);
    if (!entry)
        return;
    cut(guard, entry);
    guard->crowded_out++;
}

/* Bytes that the other side has sent, and has taken. */
static uint64_t bytes_moved(int fd)
{
    struct tcp_info info = {0};
    socklen_t size = sizeof(info);
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0)
        return 0;
    return info.tcpi_bytes_received + info.tcpi_bytes_acked;
}

/* Whether this side has something to do: bytes wait to be read, or the client has taken everything
 * written. */
static bool our_turn(const struct kc_guarded *entry)
{
    int bytes = 0;
    if (entry->phase == KC_GUARD_READING)
        return ioctl(entry->fd, FIONREAD, &bytes) == 0 && bytes > 0;
    return ioctl(entry->fd, SIOCOUTQ, &bytes) == 0 && bytes == 0;
}

/* Locked. */
static void note_moves(struct kc_connection_guard *guard, int64_t now_ms)
{
    struct kc_guarded *entry;
    DL_FOREACH (guard->entries, entry) {
        uint64_t moved = entry->large && !entry->cut ? bytes_moved(entry->fd) : 0;
        if (moved < entry->moved + STRIDE)
            continue;
        entry->moved = moved;
        entry->moved_ms = now_ms;
    }
}

static bool is_slow(const struct kc_guarded *entry, int64_t now_ms)
{
    return entry->large && !entry->cut && entry->phase != KC_GUARD_HANDLING &&
           now_ms - entry->moved_ms >= SLOW_MS && !our_turn(entry);
}

void kc_connection_guard_relieve(struct kc_connection_guard *guard)
{
    int64_t now_ms = kc_mono_ms();
    struct kc_guarded *entry, *slowest = NULL;
    pthread_mutex_lock(&guard->lock);
    note_moves(guard, now_ms);
    DL_FOREACH (guard->entries, entry) {
        if (is_slow(entry, now_ms) && (!slowest || entry->moved_ms < slowest->moved_ms))
            slowest = entry;
    }
    if (slowest) {
        cut(guard, slowest);
        guard->crowded_out++;
    }
    pthread_mutex_unlock(&guard->lock);
}

/* ---- the thread ---- */

/* Locked. The number of connections closed to make room; 0 unless a report is due. */
static size_t due_report(struct kc_connection_guard *guard, int64_t now_ms)
{
    size_t count = guard->crowded_out;
    if (!count || now_ms < guard->report_ms)
        return 0;
    guard->crowded_out = 0;
    guard->report_ms = now_ms + REPORT_MS;
    return count;
}

static void *sweep(void *arg)
{
    struct kc_connection_guard *guard = arg;
    pthread_mutex_lock(&guard->lock);
    while (!guard->closing) {
        int64_t now_ms = kc_mono_ms();
        size_t late = cut_late(guard, now_ms);
        note_moves(guard, now_ms);
        size_t crowded_out = due_report(guard, now_ms);
        pthread_mutex_unlock(&guard->lock);
        if (late)
            kc_info("%zu connection(s) took too long over a request and were closed", late);
        if (crowded_out)
            kc_warn("%zu connection(s) were closed to make room for others: their clients were "
                    "slow or silent, and %zu may be open, or memory was wanted "
                    "(rest.connections.max, rest.memory.max.bytes, the limit on open files)",
                    crowded_out, guard->max);
        pthread_mutex_lock(&guard->lock);
        if (!guard->closing)
            kc_cond_wait_until(&guard->wake, &guard->lock, kc_mono_ms() + SWEEP_MS);
    }
    pthread_mutex_unlock(&guard->lock);
    return NULL;
}

struct kc_error *kc_connection_guard_new(size_t max_connections, struct kc_connection_guard **guard)
{
    struct kc_connection_guard *made = kc_calloc(1, sizeof(*made));
    made->max = max_connections;
    pthread_mutex_init(&made->lock, NULL);
    kc_cond_init(&made->wake);
    struct kc_error *err = kc_thread_start(&made->thread, "rest-guard", sweep, made);
    if (err) {
        pthread_cond_destroy(&made->wake);
        pthread_mutex_destroy(&made->lock);
        free(made);
        made = NULL;
    }
    *guard = made;
    return err;
}

void kc_connection_guard_destroy(struct kc_connection_guard *guard)
{
    if (!guard)
        return;
    pthread_mutex_lock(&guard->lock);
    guard->closing = true;
    pthread_cond_signal(&guard->wake);
    pthread_mutex_unlock(&guard->lock);
    pthread_join(guard->thread, NULL);
    pthread_cond_destroy(&guard->wake);
    pthread_mutex_destroy(&guard->lock);
    free(guard);
}

/* ---- entries ---- */

static void read_address(const struct sockaddr *address, unsigned char key[16])
{
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
    memset(key, 0, 16);
    if (address && address->sa_family == AF_INET) {
        memcpy(key, mapped, sizeof(mapped));
        memcpy(key + 12, &((const struct sockaddr_in *)address)->sin_addr, 4);
    } else if (address && address->sa_family == AF_INET6) {
        const unsigned char *bytes = ((const struct sockaddr_in6 *)address)->sin6_addr.s6_addr;
        memcpy(key, bytes, memcmp(bytes, mapped, sizeof(mapped)) == 0 ? 16 : NETWORK_V6);
    }
}

/* Locked. */
static struct client *find_client(struct kc_connection_guard *guard, const struct sockaddr *address)
{
    unsigned char key[16];
    struct client *client = NULL;
    read_address(address, key);
    HASH_FIND(hh, guard->clients, key, sizeof(key), client);
    if (client)
        return client;
    client = kc_calloc(1, sizeof(*client));
    memcpy(client->address, key, sizeof(key));
    HASH_ADD(hh, guard->clients, address, sizeof(client->address), client);
    return client;
}

static void leave_client(struct kc_connection_guard *guard, struct client *client)
{
    if (--client->entries)
        return;
    HASH_DEL(guard->clients, client);
    free(client);
}

struct kc_guarded *kc_guarded_new(struct kc_connection_guard *guard, int fd,
                                  const struct sockaddr *address, int64_t deadline_ms)
{
    struct kc_guarded *guarded = kc_calloc(1, sizeof(*guarded));
    guarded->guard = guard;
    guarded->fd = fd;
    guarded->deadline_ms = deadline_ms;
    guarded->since_ms = guarded->moved_ms = kc_mono_ms();
    pthread_mutex_lock(&guard->lock);
    if (guard->count >= guard->max)
        make_room(guard);
    guarded->client = find_client(guard, address);
    guarded->client->count++;
    guarded->client->entries++;
    guard->count++;
    DL_APPEND(guard->entries, guarded);
    pthread_mutex_unlock(&guard->lock);
    return guarded;
}

void kc_guarded_destroy(struct kc_guarded *guarded)
{
    if (!guarded)
        return;
    struct kc_connection_guard *guard = guarded->guard;
    pthread_mutex_lock(&guard->lock);
    DL_DELETE(guard->entries, guarded);
    if (!guarded->cut) {
        guarded->client->count--;
        guard->count--;
    }
    leave_client(guard, guarded->client);
    pthread_mutex_unlock(&guard->lock);
    free(guarded);
}

void kc_guarded_move(struct kc_guarded *guarded, enum kc_guard_phase phase, int64_t deadline_ms)
{
    struct kc_connection_guard *guard = guarded->guard;
    pthread_mutex_lock(&guard->lock);
    if (!guarded->cut) {
        guarded->deadline_ms = deadline_ms;
        guarded->phase = phase;
        guarded->farewell = NULL;
        guarded->since_ms = guarded->moved_ms = kc_mono_ms();
        DL_DELETE(guard->entries, guarded);
        DL_APPEND(guard->entries, guarded);
    }
    pthread_mutex_unlock(&guard->lock);
}

void kc_guarded_set_farewell(struct kc_guarded *guarded, const char *text)
{
    pthread_mutex_lock(&guarded->guard->lock);
    guarded->farewell = text;
    pthread_mutex_unlock(&guarded->guard->lock);
}

void kc_guarded_set_large(struct kc_guarded *guarded, bool large)
{
    pthread_mutex_lock(&guarded->guard->lock);
    guarded->large = large;
    pthread_mutex_unlock(&guarded->guard->lock);
}
