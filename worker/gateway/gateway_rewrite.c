/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers in which brokers' addresses or API versions stand, see gateway_rewrite_priv.h.
 *
 * One function per API changes the decoded answer in place. A broker that clients can't reach here
 * (there are more brokers than ports) is left out: clients wait for it, as for one that is down.
 */
#include "gateway/gateway_rewrite_priv.h"

#include "base/kafka_errors.h"
#include "wire/api.h"
#include "wire/messages_cluster.h"
#include "wire/messages_data.h"
#include "wire/messages_group.h"
#include "wire/messages_share.h"

#include <stdlib.h>
#include <string.h>

#define REFERENCE_FROM 1024 /* bytes of records that aren't copied */
#define VERSION_KEYS   128  /* of struct gateway_versions */
#define PRODUCE_HINTS  10   /* from this version on leaders are named (KIP-951) */
#define FETCH_HINTS    16

/* An answer that is being rewritten. */
struct gateway_rewriting {
    struct gateway_nodes *nodes;
    size_t listener;
    const struct gateway_versions *versions;
    struct kc_arena *arena;
    bool changed;
};

/* ---- Addresses ---- */

/* Notes the broker and puts the gateway's address in place of its own. False: it can't be reached
 * here. An empty host stands for no broker, and stays. */
static bool tell(struct gateway_rewriting *rewriting, int32_t id, bool coordinator,
                 struct kc_wire_str *host, int32_t *port)
{
    char *advertised = NULL;
    int advertised_port = 0;

    if (id < 0 || host->len <= 0)
        return true;
    gateway_nodes_note(rewriting->nodes, id, host->data, *port);
    if (!gateway_nodes_advertised(rewriting->nodes, rewriting->listener, id, coordinator,
                                  &advertised, &advertised_port)) {
        rewriting->changed = true;
        return false;
    }
    if (*port != advertised_port || !kc_wire_str_is(*host, advertised)) {
        *host = kc_wire_str_copy(rewriting->arena, advertised);
        *port = advertised_port;
        rewriting->changed = true;
    }
    free(advertised);
    return true;
}

/* Keeps the items of a list of brokers that can be reached. */
#define TELL_ALL(rewriting, list, id_member)                                                       \
    do {                                                                                           \
        int32_t kept = 0;                                                                          \
        for (int32_t i = 0; i < (list)->count; i++) {                                              \
            if (tell((rewriting), (list)->items[i].id_member, false, &(list)->items[i].host,       \
                     &(list)->items[i].port))                                                      \
                (list)->items[kept++] = (list)->items[i];                                          \
        }                                                                                          \
        if ((list)->count > kept)                                                                  \
            (list)->count = kept;                                                                  \
    } while (0)

static void rewrite_metadata(struct gateway_rewriting *rewriting, void *message)
{
    struct kc_metadata_response *response = message;

    TELL_ALL(rewriting, &response->brokers, node_id);
}

static void rewrite_cluster(struct gateway_rewriting *rewriting, void *message)
{
    struct kc_describe_cluster_response *response = message;

    TELL_ALL(rewriting, &response->brokers, broker_id);
}

/* A coordinator out of reach is one that isn't available, which clients look for again. */
static void tell_coordinator(struct gateway_rewriting *rewriting, int32_t *id,
                             struct kc_wire_str *host, int32_t *port, int16_t *error_code)
{
    if (*error_code != KC_KAFKA_NONE || tell(rewriting, *id, true, host, port))
        return;
    *id = -1;
    *host = kc_wire_str("");
    *port = -1;
    *error_code = KC_KAFKA_COORDINATOR_NOT_AVAILABLE;
}

static void rewrite_coordinator(struct gateway_rewriting *rewriting, void *message)
{
    struct kc_find_coordinator_response *response = message;

    tell_coordinator(rewriting, &response->node_id, &response->host, &response->port,
                     &response->error_code);
    for (int32_t i = 0; i < response->coordinators.count; i++) {
        struct kc_find_coordinator_response_coordinator *coordinator =
            &response->coordinators.items[i];

        tell_coordinator(rewriting, &coordinator->node_id, &coordinator->host, &coordinator->port,
                         &coordinator->error_code);
    }
}

static void rewrite_produce(struct gateway_rewriting *rewriting, void *message)
{
    struct kc_produce_response *response = message;

    TELL_ALL(rewriting, &response->node_endpoints, node_id);
}

static void rewrite_fetch(struct gateway_rewriting *rewriting, void *message)
{
    struct kc_fetch_response *response = message;

    TELL_ALL(rewriting, &response->node_endpoints, node_id);
}

static void rewrite_share_fetch(struct gateway_rewriting *rewriting, void *message)
{
    struct kc_share_fetch_response *response = message;

    TELL_ALL(rewriting, &response->node_endpoints, node_id);
}

static void rewrite_share_acknowledge(struct gateway_rewriting *rewriting, void *message)
{
    struct kc_share_acknowledge_response *response = message;

    TELL_ALL(rewriting, &response->node_endpoints, node_id);
}

/* ---- Versions ---- */

void gateway_versions_own(struct gateway_versions *versions)
{
    /* What the gateway, or its router, reads. Everything else passes in any version. */
    static const int16_t read[] = {
        KC_API_PRODUCE,
        KC_API_FETCH,
        KC_API_METADATA,
        KC_API_FIND_COORDINATOR,
        KC_API_SASL_HANDSHAKE,
        KC_API_API_VERSIONS,
        KC_API_INIT_PRODUCER_ID,
        KC_API_ADD_PARTITIONS_TO_TXN,
        KC_API_ADD_OFFSETS_TO_TXN,
        KC_API_END_TXN,
        KC_API_TXN_OFFSET_COMMIT,
        KC_API_SASL_AUTHENTICATE,
        KC_API_DESCRIBE_CLUSTER,
        KC_API_SHARE_FETCH,
        KC_API_SHARE_ACKNOWLEDGE,
    };

    *versions = (struct gateway_versions){.transaction_version = -1};
    for (size_t i = 0; i < VERSION_KEYS; i++)
        versions->max[i] = INT16_MAX;
    for (size_t i = 0; i < sizeof(read) / sizeof(*read); i++) {
        const struct kc_api_info *info = kc_api_find(read[i]);

        versions->min[read[i]] = info->min;
        versions->max[read[i]] = info->max;
    }
    /* Behind version 0 tokens follow that are no requests. */
    versions->min[KC_API_SASL_HANDSHAKE] = 1;
}

/* Narrows the range of versions; false: none is left. */
static bool narrow(const struct gateway_versions *versions,
                   struct kc_api_versions_response_api_key *key)
{
    if (key->api_key < 0 || key->api_key >= VERSION_KEYS)
        return true;
    if (key->max_version > versions->max[key->api_key])
        key->max_version = versions->max[key->api_key];
    if (key->min_version < versions->min[key->api_key])
        key->min_version = versions->min[key->api_key];
    return key->min_version <= key->max_version;
}

static void rewrite_versions(struct gateway_rewriting *rewriting, void *message)
{
    const struct gateway_versions *versions = rewriting->versions;
    struct kc_api_versions_response *response = message;
    int32_t kept = 0;

    for (int32_t i = 0; i < response->api_keys.count; i++) {
        if (narrow(versions, &response->api_keys.items[i]))
            response->api_keys.items[kept++] = response->api_keys.items[i];
    }
    response->api_keys.count = kept;
    for (int32_t i = 0; i < response->finalized_features.count; i++) {
        struct kc_api_versions_response_finalized_feature *feature =
            &response->finalized_features.items[i];

        if (versions->transaction_version >= 0 &&
            kc_wire_str_is(feature->name, "transaction.version") &&
            feature->max_version_level > versions->transaction_version)
            feature->max_version_level = versions->transaction_version;
    }
    rewriting->changed = true;
}

/* ---- By API ---- */

static const struct gateway_rewriter {
    int16_t api;
    int16_t from; /* the first version with something to rewrite */
    void (*rewrite)(struct gateway_rewriting *rewriting, void *message);
} rewriters[] = {
    {KC_API_PRODUCE, PRODUCE_HINTS, rewrite_produce},
    {KC_API_FETCH, FETCH_HINTS, rewrite_fetch},
    {KC_API_METADATA, 0, rewrite_metadata},
    {KC_API_FIND_COORDINATOR, 0, rewrite_coordinator},
    {KC_API_API_VERSIONS, 0, rewrite_versions},
    {KC_API_DESCRIBE_CLUSTER, 0, rewrite_cluster},
    {KC_API_SHARE_FETCH, 0, rewrite_share_fetch},
    {KC_API_SHARE_ACKNOWLEDGE, 0, rewrite_share_acknowledge},
};

static const struct gateway_rewriter *rewriter_of(int api, int version)
{
    for (size_t i = 0; i < sizeof(rewriters) / sizeof(*rewriters); i++) {
        if (rewriters[i].api == api)
            return version >= rewriters[i].from ? &rewriters[i] : NULL;
    }
    return NULL;
}

bool gateway_rewrites(int api, int version)
{
    return rewriter_of(api, version) != NULL;
}

int gateway_answer_version(int api, int version, const uint8_t *body, size_t len)
{
    if (api == KC_API_API_VERSIONS && len >= 2 && body[0] == 0 &&
        body[1] == KC_KAFKA_UNSUPPORTED_VERSION)
        return 0;
    return version;
}

struct kc_error *gateway_rewrite(int api, int version, const uint8_t *frame, size_t len,
                                 struct gateway_nodes *nodes, size_t listener,
                                 const struct gateway_versions *versions, struct kc_wire_out *out,
                                 bool *same)
{
    const struct gateway_rewriter *rewriter = rewriter_of(api, version);
    struct kc_arena *arena = NULL;
    int32_t correlation = 0;
    void *message = NULL;
    size_t used = 0;

    *same = true;
    if (!rewriter)
        return NULL;
    struct kc_error *err =
        kc_wire_read_response_header(api, version, frame, len, &correlation, &used);
    if (err)
        return err;
    version = gateway_answer_version(api, version, frame + used, len - used);
    arena = kc_arena_new(len < 4096 ? 1024 : 8192);
    err = kc_wire_decode(api, KC_WIRE_RESPONSE, version, frame + used, len - used, arena, &message);
    if (!err) {
        struct gateway_rewriting rewriting = {nodes, listener, versions, arena, false};

        rewriter->rewrite(&rewriting, message);
        *same = !rewriting.changed;
    }
    if (!err && !*same) {
        out->refs_min = REFERENCE_FROM;
        kc_wire_write_response_header(out, api, version, correlation);
        err = kc_wire_encode(api, KC_WIRE_RESPONSE, version, message, out);
    }
    kc_arena_destroy(arena);
    return err;
}
