/* SPDX-License-Identifier: Apache-2.0 */
/* Quotas of the target for routed writes: see gateway_quotas_priv.h. */
#include "gateway/gateway_quotas_priv.h"

#include "connect/hash.h"
#include "connect/log.h"
#include "connect/thread.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.gateway.quotas");

#define PRODUCER_RATE "producer_byte_rate"

enum {
    ASK_MS = 15000,
    AGAIN_MS = 30000,
    WINDOW_MS = 10000, /* quota.window.num - 1 windows of quota.window.size.seconds */
    MOST_METERS = 20000,
    MOST_THROTTLE_MS = 60 * 60 * 1000,
};

/* Who is measured as one, and how much it may still write: negative, it is over. */
struct quota_meter {
    char *key;
    double credit; /* bytes */
    int64_t at_ms;
    UT_hash_handle hh;
};

struct gateway_quotas {
    struct kc_admin *admin; /* NULL: quotas are set by hand */
    struct kc_thread *thread;
    bool told;             /* that they can't be read */
    pthread_mutex_t mutex; /* guards what follows */
    struct kc_quotas limits;
    struct quota_meter *meters;
};

/* ---- which quota ---- */

#define DEFAULT NULL /* the name of an entity that stands for all others */

/* Whether the quota's entity has the name for the type; the type mustn't be there with `absent`. */
static bool has(const struct kc_map *entity, const char *type, bool absent, const char *name)
{
    if (absent)
        return !kc_map_has(entity, type);
    const char *value = kc_map_get(entity, type);
    return kc_map_has(entity, type) && (name && value ? strcmp(name, value) == 0 : name == value);
}

struct quota_rule {
    bool any_user, default_user;
    bool any_client, default_client;
};

static const struct kc_quota *find_rule(const struct kc_quotas *limits,
                                        const struct quota_rule *rule, const char *user,
                                        const char *client)
{
    for (size_t i = 0; i < limits->count; i++) {
        const struct kc_quota *quota = &limits->items[i];
        if (strcmp(quota->key, PRODUCER_RATE) == 0 && !kc_map_has(quota->entity, "ip") &&
            has(quota->entity, "user", rule->any_user, rule->default_user ? DEFAULT : user) &&
            has(quota->entity, "client-id", rule->any_client,
                rule->default_client ? DEFAULT : client))
            return quota;
    }
    return NULL;
}

/* The quota that counts, in the order of ClientQuotaManager.DefaultQuotaCallback; *rule says whom
 * it measures as one. NULL: none. */
static const struct kc_quota *find_quota(const struct kc_quotas *limits, const char *user,
                                         const char *client, struct quota_rule *rule)
{
    static const struct quota_rule order[] = {
        {false, false, false, false}, {false, false, false, true}, {false, false, true, false},
        {false, true, false, false},  {false, true, false, true},  {false, true, true, false},
        {true, false, false, false},  {true, false, false, true},
    };
    for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++) {
        const struct kc_quota *quota = find_rule(limits, &order[i], user, client);
        if (quota) {
            *rule = order[i];
            return quota;
        }
    }
    return NULL;
}

/* ---- measuring; locked ---- */

/* Meters that are full again say nothing. */
static void drop_full(struct gateway_quotas *quotas, int64_t now_ms)
{
    struct quota_meter *meter, *next;
    HASH_ITER (hh, quotas->meters, meter, next) {
        if (now_ms - meter->at_ms < 2 * WINDOW_MS)
            continue;
        HASH_DEL(quotas->meters, meter);
        free(meter->key);
        free(meter);
    }
}

/* Takes key. */
static struct quota_meter *take_meter(struct gateway_quotas *quotas, char *key, double full,
                                      int64_t now_ms)
{
    struct quota_meter *meter = NULL;
    HASH_FIND_STR(quotas->meters, key, meter);
    if (meter) {
        free(key);
        return meter;
    }
    if (HASH_COUNT(quotas->meters) >= MOST_METERS)
        drop_full(quotas, now_ms);
    meter = kc_calloc(1, sizeof(*meter));
    *meter = (struct quota_meter){.key = key, .credit = full, .at_ms = now_ms};
    HASH_ADD_KEYPTR(hh, quotas->meters, meter->key, strlen(meter->key), meter);
    return meter;
}

static int32_t charge(struct quota_meter *meter, double rate, size_t bytes, int64_t now_ms)
{
    double full = rate * WINDOW_MS / 1000;
    meter->credit += rate * (double)(now_ms - meter->at_ms) / 1000;
    if (meter->credit > full)
        meter->credit = full;
    meter->at_ms = now_ms;
    meter->credit -= (double)bytes;
    if (meter->credit >= 0)
        return 0;
    double over_ms = rate > 0 ? -meter->credit * 1000 / rate : MOST_THROTTLE_MS;
    return over_ms < MOST_THROTTLE_MS ? (int32_t)over_ms : MOST_THROTTLE_MS;
}

int32_t gateway_quotas_charge_at(struct gateway_quotas *quotas, const char *user,
                                 const char *client_id, int32_t broker, size_t bytes,
                                 int64_t now_ms)
{
    struct quota_rule rule;
    int32_t over_ms = 0;
    const char *name = user ? user : "ANONYMOUS", *client = client_id ? client_id : "";
    pthread_mutex_lock(&quotas->mutex);
    const struct kc_quota *quota =
        quotas->limits.count ? find_quota(&quotas->limits, name, client, &rule) : NULL;
    if (quota) {
        char *key = kc_asprintf("%d/%zu:%s/%s", broker, rule.any_user ? 0 : strlen(name),
                                rule.any_user ? "" : name, rule.any_client ? "" : client);
        struct quota_meter *meter =
            take_meter(quotas, key, quota->value * WINDOW_MS / 1000, now_ms);
        over_ms = charge(meter, quota->value, bytes, now_ms);
    }
    pthread_mutex_unlock(&quotas->mutex);
    return over_ms;
}

int32_t gateway_quotas_charge(struct gateway_quotas *quotas, const char *user,
                              const char *client_id, int32_t broker, size_t bytes)
{
    return gateway_quotas_charge_at(quotas, user, client_id, broker, bytes, kc_mono_ms());
}

/* ---- reading them ---- */

void gateway_quotas_set(struct gateway_quotas *quotas, struct kc_quotas *limits)
{
    pthread_mutex_lock(&quotas->mutex);
    struct kc_quotas before = quotas->limits;
    quotas->limits = *limits;
    pthread_mutex_unlock(&quotas->mutex);
    *limits = (struct kc_quotas){0};
    kc_quotas_destroy(&before);
}

static void read_quotas(struct gateway_quotas *quotas)
{
    struct kc_quotas limits = {0};
    struct kc_error *err = kc_admin_quotas(quotas->admin, &limits);
    if (!err) {
        gateway_quotas_set(quotas, &limits);
        quotas->told = false;
        return;
    }
    if (!quotas->told)
        kc_warn("The target's quotas can't be read, so they aren't kept for writes that are routed "
                "to a source: %s. The gateway needs DESCRIBE_CONFIGS on the target's cluster",
                kc_error_text(err));
    quotas->told = true;
    kc_error_destroy(err);
}

static void run(void *arg, struct kc_stop *stop)
{
    struct gateway_quotas *quotas = arg;
    do
        read_quotas(quotas);
    while (!kc_stop_wait_until(stop, kc_mono_ms() + AGAIN_MS));
}

/* ---- life ---- */

struct gateway_quotas *gateway_quotas_of(void)
{
    struct gateway_quotas *quotas = kc_calloc(1, sizeof(*quotas));
    pthread_mutex_init(&quotas->mutex, NULL);
    return quotas;
}

struct kc_error *gateway_quotas_new(const struct gateway_config *config,
                                    struct gateway_quotas **out)
{
    struct gateway_quotas *quotas = gateway_quotas_of();
    struct kc_error *err = kc_admin_new(config->target, &quotas->admin);
    *out = NULL;
    if (!err) {
        kc_admin_set_timeout(quotas->admin, ASK_MS);
        err = kc_thread_new("gateway-quotas", run, quotas, &quotas->thread);
    }
    if (err) {
        gateway_quotas_destroy(quotas);
        return err;
    }
    *out = quotas;
    return NULL;
}

void gateway_quotas_destroy(struct gateway_quotas *quotas)
{
    struct quota_meter *meter, *next;
    if (!quotas)
        return;
    kc_thread_destroy(quotas->thread);
    if (quotas->admin)
        kc_admin_destroy(quotas->admin);
    HASH_ITER (hh, quotas->meters, meter, next) {
        HASH_DEL(quotas->meters, meter);
        free(meter->key);
        free(meter);
    }
    kc_quotas_destroy(&quotas->limits);
    pthread_mutex_destroy(&quotas->mutex);
    free(quotas);
}
