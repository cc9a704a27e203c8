/* SPDX-License-Identifier: Apache-2.0 */
/* The users without a right to a producer id, see plain_producers.h. */
#include "kafka/plain_producers.h"

#include "connect/log.h"
#include "connect/mem.h"

#include <pthread.h>
#include <stdlib.h>
#include <strings.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.clients.producer");

const char kc_producers_plain_note[] =
    "The producer has no producer id, since the target gives none to this user (no right "
    "IdempotentWrite on the cluster): one request in flight per partition, in order; after a lost "
    "connection records may come twice";

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct kc_strings users; /* by user_of(); with mutex */

/* A key of the cluster and the login user in properties. Owned by the caller. */
static char *user_of(const struct kc_map *properties)
{
    static const char *const keys[] = {"bootstrap.servers", "security.protocol", "sasl.mechanism",
                                       "sasl.jaas.config", "ssl.keystore.location"};
    struct kc_str user = {0};

    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
        kc_str_appendf(&user, "%s\n", kc_map_get_or(properties, keys[i], ""));
    return user.data;
}

bool kc_producers_may_be_plain(const struct kc_map *properties)
{
    return !kc_map_get(properties, "transactional.id") &&
           strcasecmp(kc_map_get_or(properties, "enable.idempotence", ""), "true") != 0;
}

void kc_producers_make_plain(const struct kc_map *properties)
{
    char *user = user_of(properties);
    pthread_mutex_lock(&mutex);
    bool is_new = !kc_strings_contain(&users, user);
    if (is_new)
        kc_strings_add(&users, user);
    pthread_mutex_unlock(&mutex);
    if (is_new)
        kc_warn("The brokers at %s give this user no producer id (CLUSTER_AUTHORIZATION_FAILED): "
                "its producers go on without one, in order, with one request in flight per "
                "partition; after a lost connection records may come twice. Grant the user "
                "IdempotentWrite on the cluster to have none twice; with enable.idempotence=true "
                "tasks fail instead.",
                kc_map_get_or(properties, "bootstrap.servers", "(none)"));
    free(user);
}

bool kc_producers_were_refused(const struct kc_map *properties)
{
    char *user = user_of(properties);
    pthread_mutex_lock(&mutex);
    bool refused = kc_strings_contain(&users, user);
    pthread_mutex_unlock(&mutex);
    free(user);
    return refused && kc_producers_may_be_plain(properties);
}

bool kc_producers_are_plain(const struct kc_map *properties)
{
    return strcasecmp(kc_map_get_or(properties, "enable.idempotence", ""), "false") == 0 ||
           kc_producers_were_refused(properties);
}
