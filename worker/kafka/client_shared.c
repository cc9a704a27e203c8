/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Admin clients that are one: see client_priv.h.
 *
 * Each client of librdkafka has threads that wake every second, and connections of its own; a
 * worker with MM2's connectors has seven admins of two clusters. What a client is known by is its
 * properties without client.id (the first user's stays), and the state of the files that they name:
 * a store that was renewed makes another client. Any thread.
 */
#include "kafka/client_priv.h"

#include "connect/hash.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct shared_client {
    char *settings;
    rd_kafka_t *client;
    unsigned users;
    UT_hash_handle hh;
};

static struct {
    pthread_mutex_t mutex;
    struct shared_client *all; /* by settings */
} registry = {.mutex = PTHREAD_MUTEX_INITIALIZER};

/* Keystores, truststores, token files: what a client has read of them stays as it was. */
static void append_state(struct kc_str *text, const struct kc_map *properties)
{
    static const char suffix[] = ".location";
    kc_map_foreach (properties, entry) {
        struct stat state;
        size_t len = strlen(entry->key);
        if (!entry->value || len < strlen(suffix) ||
            strcmp(entry->key + len - strlen(suffix), suffix) != 0 ||
            stat(entry->value, &state) != 0)
            continue;
        kc_str_appendf(text, "%s: %llu %lld %lld.%09ld\n", entry->key,
                       (unsigned long long)state.st_ino, (long long)state.st_size,
                       (long long)state.st_mtim.tv_sec, state.st_mtim.tv_nsec);
    }
}

/* Owned by the caller. */
static char *settings_of(const struct kc_map *properties)
{
    struct kc_str text = {0};
    char *printed = kc_map_print_without(properties, "client.id");
    kc_str_appendf(&text, "%s\n", printed);
    append_state(&text, properties);
    free(printed);
    return kc_str_take(&text);
}

/* With the mutex. */
static struct kc_error *find_or_make(const struct kc_map *properties, const char *settings,
                                     rd_kafka_t **client)
{
    struct shared_client *shared;
    HASH_FIND_STR(registry.all, settings, shared);
    if (!shared) {
        struct kc_error *err = kc_client_open(KC_CLIENT_ADMIN, properties, client);
        if (err)
            return err;
        shared = kc_calloc(1, sizeof(*shared));
        shared->settings = kc_strdup(settings);
        shared->client = *client;
        HASH_ADD_KEYPTR(hh, registry.all, shared->settings, strlen(shared->settings), shared);
    }
    shared->users++;
    kc_client_access_join(shared->client);
    *client = shared->client;
    return NULL;
}

struct kc_error *kc_client_share(const struct kc_map *properties, rd_kafka_t **client)
{
    char *settings = settings_of(properties);
    pthread_mutex_lock(&registry.mutex);
    struct kc_error *err = find_or_make(properties, settings, client);
    pthread_mutex_unlock(&registry.mutex);
    free(settings);
    return err;
}

/* With the mutex: what is to be destroyed, if it was the last user's. */
static struct shared_client *drop_user(rd_kafka_t *client)
{
    struct shared_client *shared, *next;
    HASH_ITER (hh, registry.all, shared, next) {
        if (shared->client != client)
            continue;
        if (--shared->users > 0)
            return NULL;
        HASH_DEL(registry.all, shared);
        return shared;
    }
    return NULL;
}

void kc_client_unshare(rd_kafka_t *client)
{
    pthread_mutex_lock(&registry.mutex);
    struct shared_client *last = drop_user(client);
    pthread_mutex_unlock(&registry.mutex);
    if (!last)
        return;
    rd_kafka_destroy(last->client);
    free(last->settings);
    free(last);
}
