/* SPDX-License-Identifier: Apache-2.0 */
/* The ACLs that a connector has created, see acl_ledger_priv.h. */
#include "mirror/acl_ledger_priv.h"

#include "mirror/compacted_topic.h"
#include "mirror/topic_reader.h"

#include <stdlib.h>
#include <string.h>

enum { READ_MS = 5000, FLUSH_MS = 10000 };

struct kc_acl_ledger {
    const struct kc_flow *flow;
    char *topic;
    struct kc_topic_reader *reader;
    rd_kafka_t *producer;
    json_t *keys; /* key: true */
};

/* ---- keys ---- */

char *kc_acl_ledger_key(const char *connector, const struct kc_acl *acl)
{
    json_t *key =
        json_pack("[s, i, i, s, s, s, i, i]", connector, acl->resource_type, acl->pattern_type,
                  acl->name, acl->principal, acl->host, acl->operation, acl->permission);
    char *text = json_dumps(key, JSON_COMPACT);
    json_decref(key);
    return text;
}

bool kc_acl_ledger_parse(const char *key, const char *connector, struct kc_acl *acl)
{
    const char *owner, *name, *principal, *host;
    json_t *array = json_loads(key, 0, NULL);
    struct kc_acl found = {0};
    bool valid = json_unpack(array, "[s, i, i, s, s, s, i, i !]", &owner, &found.resource_type,
                             &found.pattern_type, &name, &principal, &host, &found.operation,
                             &found.permission) == 0 &&
                 strcmp(owner, connector) == 0;
    if (valid) {
        found.name = kc_strdup(name);
        found.principal = kc_strdup(principal);
        found.host = kc_strdup(host);
        *acl = found;
    }
    json_decref(array);
    return valid;
}

/* ---- life ---- */

struct kc_error *kc_acl_ledger_new(const struct kc_flow *flow, struct kc_acl_ledger **ledger)
{
    struct kc_acl_ledger *made = kc_calloc(1, sizeof(*made));
    made->flow = flow;
    made->keys = json_object();
    made->topic = kc_asprintf("mm2-acls.%s.internal", flow->config->source);
    struct kc_map *properties = kc_mirror_client_properties(flow->config, KC_MIRROR_TARGET,
                                                            KC_CLIENT_CONSUMER, "acls-consumer");
    struct kc_error *err = kc_topic_reader_new(properties, made->topic, &made->reader);
    kc_map_destroy(properties);
    if (!err) {
        properties = kc_mirror_client_properties(flow->config, KC_MIRROR_TARGET, KC_CLIENT_PRODUCER,
                                                 "acls-producer");
        err = kc_client_open(KC_CLIENT_PRODUCER, properties, &made->producer);
        kc_map_destroy(properties);
    }
    if (err) {
        kc_acl_ledger_destroy(made);
        return err;
    }
    *ledger = made;
    return NULL;
}

void kc_acl_ledger_destroy(struct kc_acl_ledger *ledger)
{
    if (!ledger)
        return;
    kc_topic_reader_destroy(ledger->reader);
    if (ledger->producer)
        rd_kafka_destroy(ledger->producer);
    json_decref(ledger->keys);
    free(ledger->topic);
    free(ledger);
}

/* ---- reading and writing ---- */

static void on_record(void *arg, const struct kc_log_record *record)
{
    struct kc_acl_ledger *ledger = arg;
    struct kc_acl acl;
    char *key = kc_strndup(record->key ? record->key : "", record->key_len);
    if (kc_acl_ledger_parse(key, ledger->flow->config->connector, &acl)) {
        if (record->value)
            json_object_set_new(ledger->keys, key, json_true());
        else
            json_object_del(ledger->keys, key);
        free(acl.name);
        free(acl.principal);
        free(acl.host);
    }
    free(key);
}

static bool never(void *arg)
{
    return false;
}

struct kc_error *kc_acl_ledger_load(struct kc_acl_ledger *ledger)
{
    const struct kc_flow *flow = ledger->flow;
    struct kc_error *err = kc_compacted_topic_create(
        flow->target, ledger->topic,
        kc_mirror_long(flow->config, "offset-syncs.topic.replication.factor"));
    if (!err)
        err = kc_topic_reader_read_to_end(ledger->reader, READ_MS, on_record, never, ledger);
    return err ? kc_error_prefix(err,
                                 "Could not read %s on %s cluster, which says what ACLs were "
                                 "created",
                                 ledger->topic, flow->config->target)
               : NULL;
}

struct kc_error *kc_acl_ledger_write(struct kc_acl_ledger *ledger, const struct kc_acl *acls,
                                     size_t count, bool created)
{
    static const char value[] = "{\"created\":true}";
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
    for (size_t i = 0; !code && i < count; i++) {
        char *key = kc_acl_ledger_key(ledger->flow->config->connector, &acls[i]);
        code = rd_kafka_producev(
            ledger->producer, RD_KAFKA_V_TOPIC(ledger->topic), RD_KAFKA_V_PARTITION(0),
            RD_KAFKA_V_KEY(key, strlen(key)),
            RD_KAFKA_V_VALUE(created ? (void *)value : NULL, created ? sizeof(value) - 1 : 0),
            RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
        if (!code && created)
            json_object_set_new(ledger->keys, key, json_true());
        else if (!code)
            json_object_del(ledger->keys, key);
        free(key);
    }
    if (!code && count > 0)
        code = rd_kafka_flush(ledger->producer, FLUSH_MS);
    return code ? kc_client_error(code, "Could not write to %s on %s cluster", ledger->topic,
                                  ledger->flow->config->target)
                : NULL;
}

void kc_acl_ledger_list(const struct kc_acl_ledger *ledger, struct kc_acls *acls)
{
    const char *key;
    json_t *value;
    *acls = (struct kc_acls){
        .items = kc_calloc(json_object_size(ledger->keys) + 1, sizeof(*acls->items))};
    json_object_foreach (ledger->keys, key, value)
        if (kc_acl_ledger_parse(key, ledger->flow->config->connector, &acls->items[acls->count]))
            acls->count++;
}
