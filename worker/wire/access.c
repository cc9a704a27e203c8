/* SPDX-License-Identifier: Apache-2.0 */
/* The registry of clients in trouble: see access.h. One mutex; clients and troubles are few. */
#include "wire/access.h"

#include "base/logging.h"
#include "connect/hash.h"
#include "connect/log.h"
#include "security/jaas_login.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <utlist.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.access");

#define LASTS_MS       10000 /* logged, unless it is a refusal */
#define SAY_AGAIN_MS   60000
#define FORGET_MS      90000 /* librdkafka tells the same failure every 30 s */
#define REFUSAL_MS     35000
#define TROUBLES_MAX   64 /* of one client; a cluster may have more brokers */
#define LOG_TEXT_LIMIT 500

struct trouble {
    char *address;
    char *why;
    bool refused;
    time_t since;
    int64_t first_ms, last_ms, said_ms; /* kc_mono_ms(); said_ms 0: not yet */
    unsigned long count;
    struct trouble *next;
};

struct kc_access {
    const void *handle;
    unsigned holders; /* the client, and who has found it; with the mutex */
    char *client;
    char *login; /* "localhost:9092 (SASL_SSL, SCRAM-SHA-512, user alice)" */
    struct kc_strings contexts;
    struct trouble *troubles;
    size_t trouble_count;
    bool reached; /* once, at least */
    UT_hash_handle hh;
};

static struct {
    pthread_mutex_t mutex;
    struct kc_access *all; /* by handle */
} registry = {.mutex = PTHREAD_MUTEX_INITIALIZER};

/* ---- Clients ---- */

static char *describe(const struct kc_access_login *login)
{
    const char *protocol = login->protocol ? login->protocol : "PLAINTEXT";
    bool sasl = strncasecmp(protocol, "SASL_", 5) == 0 && login->mechanism;
    bool user = sasl && login->user;

    return kc_asprintf("%s (%s%s%s%s%s)", login->servers, protocol, sasl ? ", " : "",
                       sasl ? login->mechanism : "", user ? ", user " : "",
                       user ? login->user : "");
}

struct kc_access *kc_access_new(const char *client, const void *handle,
                                const struct kc_access_login *login)
{
    struct kc_access *access = kc_calloc(1, sizeof(*access));

    access->holders = 1;
    access->client = kc_strdup(client);
    access->login = describe(login);
    kc_strings_add(&access->contexts, kc_log_context());
    pthread_mutex_lock(&registry.mutex);
    access->handle = handle ? handle : access;
    HASH_ADD_PTR(registry.all, handle, access);
    pthread_mutex_unlock(&registry.mutex);
    return access;
}

/* The user named in settings or options. Owned by the caller. */
static char *user_of(const struct kc_map *settings)
{
    static const char *const names[] = {"username", "clientId", "principal",
                                        "unsecuredLoginStringClaim_sub"};
    static const char *const keys[] = {"sasl.oauthbearer.client.credentials.client.id",
                                       "sasl.oauthbearer.assertion.claim.sub"};
    struct kc_jaas jaas = {0};
    char *user = NULL;

    for (size_t i = 0; !user && i < sizeof(keys) / sizeof(*keys); i++)
        user = kc_strdup(kc_map_get(settings, keys[i]));
    if (user)
        return user;
    if (strncasecmp(kc_map_get_or(settings, "security.protocol", ""), "SASL_", 5) != 0)
        return NULL;
    kc_error_destroy(kc_jaas_login(settings, &jaas));
    for (size_t i = 0; jaas.options && !user && i < sizeof(names) / sizeof(*names); i++)
        user = kc_strdup(kc_map_get(jaas.options, names[i]));
    kc_jaas_clear(&jaas);
    return user;
}

struct kc_access *kc_access_of(const char *client, const struct kc_map *settings)
{
    char *user = user_of(settings);
    const struct kc_access_login login = {
        .servers = kc_map_get_or(settings, "bootstrap.servers", ""),
        .protocol = kc_map_get_or(settings, "security.protocol", "PLAINTEXT"),
        .mechanism = kc_map_get_or(settings, "sasl.mechanism", "GSSAPI"),
        .user = user,
    };
    struct kc_access *access = kc_access_new(client, NULL, &login);

    free(user);
    return access;
}

static void trouble_free(struct trouble *trouble)
{
    free(trouble->address);
    free(trouble->why);
    free(trouble);
}

/* With the mutex. address NULL: all. */
static void forget(struct kc_access *access, const char *address)
{
    struct trouble *trouble, *next;

    LL_FOREACH_SAFE (access->troubles, trouble, next) {
        if (address && strcmp(address, trouble->address) != 0)
            continue;
        LL_DELETE(access->troubles, trouble);
        access->trouble_count--;
        trouble_free(trouble);
    }
}

void kc_access_release(struct kc_access *access)
{
    if (!access)
        return;
    pthread_mutex_lock(&registry.mutex);
    bool last = --access->holders == 0;
    pthread_mutex_unlock(&registry.mutex);
    if (!last)
        return;
    forget(access, NULL);
    kc_strings_destroy(&access->contexts);
    free(access->client);
    free(access->login);
    free(access);
}

void kc_access_destroy(struct kc_access *access)
{
    if (!access)
        return;
    pthread_mutex_lock(&registry.mutex);
    HASH_DEL(registry.all, access);
    pthread_mutex_unlock(&registry.mutex);
    kc_access_release(access);
}

struct kc_access *kc_access_find(const void *handle)
{
    struct kc_access *access;

    pthread_mutex_lock(&registry.mutex);
    HASH_FIND_PTR(registry.all, &handle, access);
    if (access)
        access->holders++;
    pthread_mutex_unlock(&registry.mutex);
    return access;
}

void kc_access_join(struct kc_access *access)
{
    pthread_mutex_lock(&registry.mutex);
    if (!kc_strings_contain(&access->contexts, kc_log_context()))
        kc_strings_add(&access->contexts, kc_log_context());
    pthread_mutex_unlock(&registry.mutex);
}

/* ---- Troubles ---- */

/* Call it with the mutex; NULL if there are too many. */
static struct trouble *trouble_get(struct kc_access *access, const char *address, int64_t now)
{
    struct trouble *trouble;

    LL_FOREACH (access->troubles, trouble) {
        if (strcmp(trouble->address, address) == 0)
            break;
    }
    if (trouble && now - trouble->last_ms > FORGET_MS) {
        forget(access, address);
        trouble = NULL;
    }
    if (trouble || access->trouble_count >= TROUBLES_MAX)
        return trouble;
    trouble = kc_calloc(1, sizeof(*trouble));
    trouble->address = kc_strdup(address);
    trouble->first_ms = now;
    trouble->since = time(NULL);
    LL_PREPEND(access->troubles, trouble);
    access->trouble_count++;
    return trouble;
}

/* Owned by the caller. */
static char *tell(const struct kc_access *access, const struct trouble *trouble)
{
    char since[16] = "";
    struct tm parts;

    localtime_r(&trouble->since, &parts);
    strftime(since, sizeof(since), "%H:%M:%S", &parts);
    return kc_asprintf("client %s can't use the cluster at %s: %s%s%s; since %s", access->client,
                       access->login,
                       strstr(trouble->why, trouble->address) ? "" : trouble->address,
                       strstr(trouble->why, trouble->address) ? "" : ": ", trouble->why, since);
}

/* A cluster that was reachable may be away for a moment; one that never was is logged at once. */
static bool worth_saying(const struct kc_access *access, const struct trouble *trouble, int64_t now)
{
    if (trouble->said_ms)
        return now - trouble->said_ms >= SAY_AGAIN_MS;
    return trouble->refused || now - trouble->first_ms >= LASTS_MS ||
           (!access->reached && trouble->count > 1);
}

void kc_access_failed(struct kc_access *access, const char *address, bool refused, const char *why)
{
    int64_t now = kc_mono_ms();
    char *said = NULL;

    pthread_mutex_lock(&registry.mutex);
    struct trouble *trouble = trouble_get(access, address, now);
    if (trouble) {
        free(trouble->why);
        trouble->why = kc_strndup(why, LOG_TEXT_LIMIT);
        trouble->refused = refused;
        trouble->last_ms = now;
        trouble->count++;
        if (worth_saying(access, trouble, now)) {
            trouble->said_ms = now;
            said = tell(access, trouble);
        }
    }
    pthread_mutex_unlock(&registry.mutex);
    if (said)
        kc_warn("%s. It goes on trying.", said);
    free(said);
}

void kc_access_ready(struct kc_access *access, const char *address)
{
    pthread_mutex_lock(&registry.mutex);
    access->reached = true;
    forget(access, address);
    pthread_mutex_unlock(&registry.mutex);
}

char *kc_access_refusal(struct kc_access *access)
{
    int64_t now = kc_mono_ms();
    const struct trouble *trouble;
    char *text = NULL;

    pthread_mutex_lock(&registry.mutex);
    LL_FOREACH (access->troubles, trouble) {
        if (!text && trouble->refused && now - trouble->last_ms < REFUSAL_MS)
            text = tell(access, trouble);
    }
    pthread_mutex_unlock(&registry.mutex);
    return text;
}

/* ---- For people ---- */

static void add_troubles(const struct kc_access *access, struct kc_strings *troubles)
{
    const struct trouble *trouble;
    int64_t now = kc_mono_ms();

    LL_FOREACH (access->troubles, trouble) {
        if (now - trouble->last_ms <= FORGET_MS)
            kc_strings_take(troubles, tell(access, trouble));
    }
}

void kc_access_explain(const char *connector, int task, struct kc_strings *troubles)
{
    char *context = task < 0 ? kc_asprintf("[%s|worker] ", connector)
                             : kc_asprintf("[%s|task-%d] ", connector, task);

    pthread_mutex_lock(&registry.mutex);
    for (const struct kc_access *access = registry.all; access; access = access->hh.next) {
        if (kc_strings_contain(&access->contexts, context))
            add_troubles(access, troubles);
    }
    pthread_mutex_unlock(&registry.mutex);
    free(context);
}
