/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared admin clients: see client_priv.h.
 *
 * Each client of librdkafka has threads that wake every second, and connections of its own; a
 * worker with MM2's connectors has seven admin clients for two clusters. The key of a client is its
 * properties without client.id (the first user's stays) and the state of the files that they name.
 * So a renewed store makes another client. Any thread.
 */
#include "kafka/client_priv.h"

#include "base/shared_users.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Keystores, truststores, token files: a client doesn't read them again. */
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

static struct kc_error *make(void *properties, void **client)
{
    rd_kafka_t *made = NULL;
    struct kc_error *err = kc_client_open(KC_CLIENT_ADMIN, properties, &made);
    *client = made;
    return err;
}

static void end(void *client)
{
    rd_kafka_destroy(client);
}

static struct kc_shared_users clients = KC_SHARED_USERS(make, end, 0);

struct kc_error *kc_client_share(const struct kc_map *properties, rd_kafka_t **client)
{
    void *shared = NULL;
    char *settings = settings_of(properties);
    struct kc_error *err = kc_shared_users_join(&clients, settings, (void *)properties, &shared);
    free(settings);
    if (err)
        return err;
    kc_client_access_join(shared);
    *client = shared;
    return NULL;
}

void kc_client_unshare(rd_kafka_t *client)
{
    kc_shared_users_leave(&clients, client);
}
