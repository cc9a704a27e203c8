/* SPDX-License-Identifier: Apache-2.0 */
/* Claims on mirrored topics, see provenance.h. */
#include "mirror/provenance.h"

#include "connect/log.h"
#include "mirror/compacted_topic.h"
#include "mirror/topic_reader.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.mirror.MirrorSourceConnector");

static const char topic_name[] = "mm2-provenance.internal";

enum {
    EXPIRY_MS = 300000,
    RENEW_MS = 60000,
    READ_MS = 5000,
    FLUSH_MS = 10000,
    WARN_INTERVAL_MS = 300000,
    TOPICS_PER_RECORD = 1000,
};

struct kc_provenance {
    const struct kc_flow *flow;
    char *source; /* cluster ids; NULL: not known yet */
    char *target;
    struct kc_topic_reader *source_reader;
    struct kc_topic_reader *target_reader; /* while our own claims aren't known */
    rd_kafka_t *producer;
    json_t *claims; /* on the source, by key */
    json_t *own;    /* topic: {since, origins} */
    json_t *left;   /* topics that are left out: true */
    size_t written; /* records, at the last time */
    bool changed;   /* own isn't what was written */
    int64_t written_ms;
    int64_t warned_ms;
    atomic_size_t left_out;
};

/* ---- decisions ---- */

json_t *kc_claims_parse(const char *data, size_t len)
{
    json_t *claims = data ? json_loadb(data, len, JSON_REJECT_DUPLICATES, NULL) : NULL;
    if (json_is_string(json_object_get(claims, "source")) &&
        json_is_integer(json_object_get(claims, "seen")) &&
        json_is_object(json_object_get(claims, "topics")))
        return claims;
    json_decref(claims);
    return NULL;
}

static bool is_alive(const json_t *claims, const struct kc_claim_view *view)
{
    return view->now_ms - json_integer_value(json_object_get(claims, "seen")) <= EXPIRY_MS;
}

static bool has_origin(const json_t *origins, const char *cluster)
{
    for (size_t i = 0; i < json_array_size(origins); i++) {
        const char *origin = json_string_value(json_array_get(origins, i));
        if (origin && strcmp(origin, cluster) == 0)
            return true;
    }
    return false;
}

/* If two claims have the same time, the one with the smaller source id counts as older. */
static bool is_older(const json_t *claims, const json_t *entry, const struct kc_claim_view *view)
{
    int64_t since = json_integer_value(json_object_get(entry, "since"));
    if (since != view->since_ms)
        return since < view->since_ms;
    return strcmp(json_string_value(json_object_get(claims, "source")), view->source) < 0;
}

const json_t *kc_claims_forbid(const json_t *claims, const char *topic,
                               const struct kc_claim_view *view)
{
    const char *key;
    json_t *flow;
    json_object_foreach ((json_t *)claims, key, flow) {
        const json_t *entry = json_object_get(json_object_get(flow, "topics"), topic);
        if (entry && is_alive(flow, view) &&
            has_origin(json_object_get(entry, "origins"), view->target) &&
            is_older(flow, entry, view))
            return flow;
    }
    return NULL;
}

static void add_origin(json_t *origins, const char *cluster)
{
    if (cluster && !has_origin(origins, cluster))
        json_array_append_new(origins, json_string(cluster));
}

json_t *kc_claims_origins(const json_t *claims, const char *topic, const struct kc_claim_view *view)
{
    const char *key;
    json_t *flow, *origins = json_array();
    add_origin(origins, view->source);
    json_object_foreach ((json_t *)claims, key, flow) {
        const json_t *entry = json_object_get(json_object_get(flow, "topics"), topic);
        const json_t *from = json_object_get(entry, "origins");
        for (size_t i = 0; is_alive(flow, view) && i < json_array_size(from); i++)
            add_origin(origins, json_string_value(json_array_get(from, i)));
    }
    return origins;
}

/* ---- life ---- */

static struct kc_error *open_reader(const struct kc_flow *flow, enum kc_mirror_cluster cluster,
                                    struct kc_topic_reader **reader)
{
    struct kc_map *properties = kc_mirror_client_properties(
        flow->config, cluster, KC_CLIENT_CONSUMER, "provenance-consumer");
    struct kc_error *err = kc_topic_reader_new(properties, topic_name, reader);
    kc_map_destroy(properties);
    return err;
}

static struct kc_error *open_producer(const struct kc_flow *flow, rd_kafka_t **producer)
{
    struct kc_map *properties = kc_mirror_client_properties(
        flow->config, KC_MIRROR_TARGET, KC_CLIENT_PRODUCER, "provenance-producer");
    struct kc_error *err = kc_client_open(KC_CLIENT_PRODUCER, properties, producer);
    kc_map_destroy(properties);
    return err;
}

static bool is_wanted(const struct kc_flow *flow)
{
    const struct kc_map *properties = flow->config->properties;
    return kc_policy_is_identity(flow->config->policy) && !kc_map_get(properties, "transforms") &&
           strcasecmp(kc_map_get_or(properties, KC_PROVENANCE_SETTING, "true"), "false") != 0;
}

struct kc_error *kc_provenance_new(const struct kc_flow *flow, struct kc_provenance **provenance)
{
    *provenance = NULL;
    if (!is_wanted(flow))
        return NULL;
    struct kc_provenance *made = kc_calloc(1, sizeof(*made));
    made->flow = flow;
    made->claims = json_object();
    made->own = json_object();
    made->left = json_object();
    made->warned_ms = made->written_ms = INT64_MIN / 2;
    struct kc_error *err = open_reader(flow, KC_MIRROR_SOURCE, &made->source_reader);
    if (!err)
        err = open_reader(flow, KC_MIRROR_TARGET, &made->target_reader);
    if (!err)
        err = open_producer(flow, &made->producer);
    if (err) {
        kc_provenance_destroy(made);
        return err;
    }
    *provenance = made;
    return NULL;
}

void kc_provenance_destroy(struct kc_provenance *provenance)
{
    if (!provenance)
        return;
    kc_topic_reader_destroy(provenance->source_reader);
    kc_topic_reader_destroy(provenance->target_reader);
    if (provenance->producer)
        rd_kafka_destroy(provenance->producer);
    json_decref(provenance->claims);
    json_decref(provenance->own);
    json_decref(provenance->left);
    free(provenance->source);
    free(provenance->target);
    free(provenance);
}

size_t kc_provenance_left_out(const struct kc_provenance *provenance)
{
    return provenance ? atomic_load(&provenance->left_out) : 0;
}

/* ---- reading and writing ---- */

/* Takes err. */
static void complain(struct kc_provenance *provenance, struct kc_error *err)
{
    int64_t now = kc_mono_ms();
    if (err && now - provenance->warned_ms >= WARN_INTERVAL_MS) {
        kc_warn("Cycles between clusters may go unnoticed at the moment: %s", kc_error_text(err));
        provenance->warned_ms = now;
    }
    kc_error_destroy(err);
}

static bool never(void *arg)
{
    (void)arg;
    return false;
}

static void on_claims(void *arg, const struct kc_log_record *record)
{
    json_t *all = arg;
    char *key = kc_strndup(record->key ? record->key : "", record->key_len);
    json_t *claims = kc_claims_parse(record->value, record->value_len);
    if (claims)
        json_object_set_new(all, key, claims);
    else
        json_object_del(all, key);
    free(key);
}

/* A topic that isn't there holds no claims. */
static struct kc_error *read_claims(struct kc_topic_reader *reader, json_t *claims)
{
    struct kc_error *err = kc_topic_reader_read_to_end(reader, READ_MS, on_claims, never, claims);
    if (err && kc_error_kafka_code(err) == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
        kc_error_clear(&err);
    return err;
}

static char *record_key(const struct kc_provenance *provenance, size_t number)
{
    return kc_asprintf("%s/%s/%zu", provenance->source, provenance->flow->config->connector,
                       number);
}

/* Takes over our own earlier claims with their age, unless they have expired. */
static struct kc_error *recall(struct kc_provenance *provenance)
{
    struct kc_claim_view view = {.now_ms = kc_now_ms()};
    json_t *all = json_object();
    struct kc_error *err = read_claims(provenance->target_reader, all);
    for (size_t i = 0; !err; i++) {
        char *key = record_key(provenance, i);
        const json_t *claims = json_object_get(all, key);
        free(key);
        if (!claims)
            break;
        provenance->written = i + 1;
        if (is_alive(claims, &view))
            json_object_update(provenance->own, json_object_get(claims, "topics"));
    }
    json_decref(all);
    if (err)
        return err;
    kc_topic_reader_destroy(provenance->target_reader);
    provenance->target_reader = NULL;
    return NULL;
}

static struct kc_error *introduce(struct kc_provenance *provenance)
{
    const struct kc_flow *flow = provenance->flow;
    struct kc_error *err =
        provenance->source ? NULL : kc_admin_cluster_id(flow->source, &provenance->source);
    if (!err && !provenance->target)
        err = kc_admin_cluster_id(flow->target, &provenance->target);
    if (!err && (!provenance->source || !provenance->target))
        err = kc_error_new(KC_ERR_UNSUPPORTED, "the brokers don't tell their cluster's id");
    if (!err && provenance->target_reader)
        err = kc_compacted_topic_create(
            flow->target, topic_name,
            kc_mirror_long(flow->config, "offset-syncs.topic.replication.factor"));
    return !err && provenance->target_reader ? recall(provenance) : err;
}

static rd_kafka_resp_err_t produce(struct kc_provenance *provenance, size_t number, char *value)
{
    char *key = record_key(provenance, number);
    rd_kafka_resp_err_t code = rd_kafka_producev(
        provenance->producer, RD_KAFKA_V_TOPIC(topic_name), RD_KAFKA_V_PARTITION(0),
        RD_KAFKA_V_KEY(key, strlen(key)), RD_KAFKA_V_VALUE(value, value ? strlen(value) : 0),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
    free(key);
    free(value);
    return code;
}

static json_t *record_of(const struct kc_provenance *provenance, json_t *topics)
{
    return json_pack("{s:s, s:s, s:I, s:o}", "source", provenance->source, "alias",
                     provenance->flow->config->source, "seen", (json_int_t)kc_now_ms(), "topics",
                     topics);
}

static struct kc_error *write_claims(struct kc_provenance *provenance)
{
    size_t number = 0, before = provenance->written;
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
    json_t *topics = json_object(), *entry;
    const char *topic;
    json_object_foreach (provenance->own, topic, entry) {
        json_object_set(topics, topic, entry);
        if (json_object_size(topics) < TOPICS_PER_RECORD)
            continue;
        json_t *record = record_of(provenance, topics);
        code = produce(provenance, number++, json_dumps(record, JSON_COMPACT));
        json_decref(record);
        topics = json_object();
    }
    json_t *record = record_of(provenance, topics);
    if (!code)
        code = produce(provenance, number++, json_dumps(record, JSON_COMPACT));
    json_decref(record);
    for (size_t i = number; !code && i < before; i++)
        code = produce(provenance, i, NULL);
    if (!code)
        code = rd_kafka_flush(provenance->producer, FLUSH_MS);
    if (code)
        return kc_client_error(code, "Could not write to %s on %s cluster", topic_name,
                               provenance->flow->config->target);
    provenance->written = number;
    provenance->changed = false;
    provenance->written_ms = kc_mono_ms();
    return NULL;
}

/* ---- applying ---- */

static void leave_out(struct kc_provenance *provenance, const char *topic, const json_t *claims)
{
    const struct kc_mirror_config *config = provenance->flow->config;
    if (!json_object_get(provenance->left, topic))
        kc_warn("Topic %s is left out: on %s it is itself a mirror, fed from '%s' (cluster %s), "
                "and came from %s (cluster %s), so its records would go round in a circle. It will "
                "be mirrored when that flow has been stopped for %d s. Set %s=false to mirror it "
                "all the same.",
                topic, config->source, json_string_value(json_object_get(claims, "alias")),
                json_string_value(json_object_get(claims, "source")), config->target,
                provenance->target, EXPIRY_MS / 1000, KC_PROVENANCE_SETTING);
    json_object_set_new(provenance->left, topic, json_true());
    provenance->changed |= json_object_del(provenance->own, topic) == 0;
}

static void claim(struct kc_provenance *provenance, const char *topic,
                  const struct kc_claim_view *view)
{
    json_t *origins = kc_claims_origins(provenance->claims, topic, view);
    json_t *entry =
        json_pack("{s:I, s:o}", "since", (json_int_t)view->since_ms, "origins", origins);
    if (!json_equal(entry, json_object_get(provenance->own, topic))) {
        json_object_set(provenance->own, topic, entry);
        provenance->changed = true;
    }
    json_decref(entry);
    if (json_object_del(provenance->left, topic) == 0)
        kc_info("Topic %s makes no circle any more and is mirrored", topic);
}

/* True: the topic is mirrored. */
static bool decide(struct kc_provenance *provenance, const struct kc_flow_topic *topic)
{
    if (strcmp(topic->name, topic->remote) != 0)
        return true; /* heartbeats have their way in their names */
    const json_t *own = json_object_get(provenance->own, topic->name);
    int64_t now = kc_now_ms();
    struct kc_claim_view view = {provenance->source, provenance->target, now, now};
    if (own)
        view.since_ms = json_integer_value(json_object_get(own, "since"));
    const json_t *forbids = kc_claims_forbid(provenance->claims, topic->name, &view);
    if (forbids)
        leave_out(provenance, topic->name, forbids);
    else
        claim(provenance, topic->name, &view);
    return !forbids;
}

static void decide_all(struct kc_provenance *provenance, struct kc_flow_topics *topics)
{
    size_t kept = 0;
    for (size_t i = 0; i < topics->count; i++) {
        if (decide(provenance, &topics->items[i])) {
            topics->items[kept++] = topics->items[i];
            continue;
        }
        free(topics->items[i].name);
        free(topics->items[i].remote);
    }
    topics->count = kept;
}

static int by_name(const void *key, const void *topic)
{
    return strcmp(key, ((const struct kc_flow_topic *)topic)->name);
}

/* Topics that aren't mirrored any more aren't claimed any more. */
static void drop_stale(struct kc_provenance *provenance, const struct kc_flow_topics *topics)
{
    const char *topic;
    json_t *entry;
    void *next;
    json_object_foreach_safe (provenance->own, next, topic, entry) {
        if (topics->count &&
            bsearch(topic, topics->items, topics->count, sizeof(*topics->items), by_name))
            continue;
        json_object_del(provenance->own, topic);
        provenance->changed = true;
    }
}

void kc_provenance_apply(struct kc_provenance *provenance, struct kc_flow_topics *topics)
{
    if (!provenance)
        return;
    struct kc_error *err = introduce(provenance);
    if (err) {
        complain(provenance, err);
        return;
    }
    complain(provenance, read_claims(provenance->source_reader, provenance->claims));
    decide_all(provenance, topics);
    drop_stale(provenance, topics);
    bool fresh = provenance->changed;
    if (fresh || kc_mono_ms() - provenance->written_ms >= RENEW_MS)
        complain(provenance, write_claims(provenance));
    if (fresh) {
        /* Flows that begin at the same time all write before they look again, so one of them sees
         * the other. */
        complain(provenance, read_claims(provenance->source_reader, provenance->claims));
        decide_all(provenance, topics);
    }
    atomic_store(&provenance->left_out, json_object_size(provenance->left));
}
