/* SPDX-License-Identifier: Apache-2.0 */
/* The gateways that may send writes to the source, see link_gateways_priv.h. */
#include "link/link_gateways_priv.h"

#include "connect/hash.h"

#include <stdlib.h>

struct link_seen_gateway {
    char *name;
    struct kc_link_gateway record;
    int64_t lives_until_ms;
    UT_hash_handle hh;
};

struct link_gateways {
    struct link_seen_gateway *all;
    uint64_t version; /* of the store */
};

static void drop(struct link_gateways *gateways, struct link_seen_gateway *gateway)
{
    HASH_DEL(gateways->all, gateway);
    kc_link_gateway_clear(&gateway->record);
    free(gateway->name);
    free(gateway);
}

struct link_gateways *link_gateways_new(void)
{
    return kc_calloc(1, sizeof(struct link_gateways));
}

void link_gateways_destroy(struct link_gateways *gateways)
{
    struct link_seen_gateway *gateway, *next;
    if (!gateways)
        return;
    HASH_ITER (hh, gateways->all, gateway, next)
        drop(gateways, gateway);
    free(gateways);
}

/* So long after its last renewal a gateway certainly holds all writes: clocks don't run exactly
 * alike. */
static int64_t patience_ms(const struct kc_link_gateway *record)
{
    return record->duration_ms + record->duration_ms / 2;
}

/* A copy: the record goes over JSON, as it came. */
static void take(struct link_seen_gateway *gateway, const struct kc_link_gateway *record)
{
    json_t *json = kc_link_gateway_json(record);
    kc_link_gateway_clear(&gateway->record);
    struct kc_error *err = kc_link_gateway_parse(json, &gateway->record);
    kc_error_destroy(err);
    json_decref(json);
}

void link_gateways_note(struct link_gateways *gateways, const char *name,
                        const struct kc_link_gateway *record, int64_t now_ms)
{
    struct link_seen_gateway *gateway = NULL;
    HASH_FIND_STR(gateways->all, name, gateway);
    if (!record) {
        if (gateway)
            drop(gateways, gateway);
        return;
    }
    bool fresh = !gateway;
    if (fresh) {
        gateway = kc_calloc(1, sizeof(*gateway));
        gateway->name = kc_strdup(name);
        HASH_ADD_KEYPTR(hh, gateways->all, gateway->name, strlen(gateway->name), gateway);
    }
    if (fresh || gateway->record.epoch != record->epoch ||
        gateway->record.renewals != record->renewals)
        gateway->lives_until_ms = now_ms + patience_ms(record);
    take(gateway, record);
}

static void note_named(struct link_gateways *gateways, struct link_store *store, const char *name,
                       int64_t now_ms)
{
    struct kc_link_gateway record = {0};
    json_t *json = link_store_get(store, KC_LINK_GATEWAY, name);
    struct kc_error *err = json ? kc_link_gateway_parse(json, &record) : NULL;
    link_gateways_note(gateways, name, json && !err ? &record : NULL, now_ms);
    kc_error_destroy(err);
    json_decref(json);
    kc_link_gateway_clear(&record);
}

void link_gateways_read(struct link_gateways *gateways, struct link_store *store, int64_t now_ms)
{
    struct kc_strings names = {0};
    uint64_t version = link_store_version(store);
    if (version == gateways->version)
        return;
    link_store_changed(store, gateways->version, KC_LINK_GATEWAY, &names);
    gateways->version = version;
    for (size_t i = 0; i < names.count; i++)
        note_named(gateways, store, names.items[i], now_ms);
    kc_strings_destroy(&names);
}

bool link_gateway_lives(struct link_store *store, const char *name)
{
    struct kc_link_gateway record = {0};
    int64_t age_ms = link_store_age_ms(store, KC_LINK_GATEWAY, name);
    json_t *json = link_store_get(store, KC_LINK_GATEWAY, name);
    struct kc_error *err = json ? kc_link_gateway_parse(json, &record) : NULL;
    bool lives = json && !err && age_ms >= 0 && age_ms < patience_ms(&record);
    kc_error_destroy(err);
    json_decref(json);
    kc_link_gateway_clear(&record);
    return lives;
}

bool link_gateways_live(const struct link_gateways *gateways, int64_t now_ms)
{
    for (const struct link_seen_gateway *one = gateways->all; one; one = one->hh.next)
        if (now_ms < one->lives_until_ms)
            return true;
    return false;
}

const char *link_gateways_waited(const struct link_gateways *gateways, const char *topic,
                                 int64_t epoch, int64_t now_ms)
{
    for (const struct link_seen_gateway *one = gateways->all; one; one = one->hh.next)
        if (now_ms < one->lives_until_ms && !kc_link_gateway_holds(&one->record, topic, epoch))
            return one->name;
    return NULL;
}
