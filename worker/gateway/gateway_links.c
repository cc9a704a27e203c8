/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Following the state topic and keeping the leases, see gateway_links_priv.h.
 *
 * The log's thread applies records; a thread of its own writes the gateway's records, all links' in
 * one go. The mutex guards the table. What is under way belongs to the lease in which it began: a
 * ticket is the lease's epoch.
 */
#include "gateway/gateway_clients_priv.h"
#include "gateway/gateway_metrics_priv.h"
#include "gateway/gateway_table_priv.h"

#include "connect/log.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.gateway.links");

#define LOOK_MS 100 /* how often leases are looked at, at least */

struct gateway_links {
    char *name;
    char *address;
    int64_t lease_ms;
    struct kc_topic_log *topic;
    struct kc_thread *keeper;
    pthread_mutex_t mutex;
    struct gateway_table table;
    bool closed;      /* nothing goes to a source any more */
    atomic_bool read; /* the topic was read to its end once */
    atomic_bool active;
    atomic_bool over;
    _Atomic int64_t source_tag, target_tag;
    void (*changed)(void *arg);
    void *arg;
};

/* ---- following ---- */

static void wake_keeper(struct gateway_links *links)
{
    if (links->keeper)
        kc_stop_wake(kc_thread_stop(links->keeper));
}

static void on_record(void *opaque, const struct kc_log_record *record)
{
    struct gateway_links *links = opaque;

    pthread_mutex_lock(&links->mutex);
    bool changed = gateway_table_apply(&links->table, record);
    atomic_store(&links->active, gateway_table_active(&links->table));
    atomic_store(&links->over, gateway_table_over(&links->table));
    atomic_store(&links->source_tag, links->table.source_tag);
    atomic_store(&links->target_tag, links->table.target_tag);
    pthread_mutex_unlock(&links->mutex);
    if (!changed || !atomic_load(&links->read))
        return;
    wake_keeper(links);
    links->changed(links->arg);
}

/* ---- leases ---- */

/* The records of one round, and whose they are. */
struct gateway_renewal {
    struct kc_log_record *records;
    struct gateway_followed **links;
    size_t count;
};

static void add_record(struct gateway_links *links, struct gateway_followed *link,
                       struct gateway_renewal *renewal)
{
    struct kc_link_gateway record = {.address = links->address,
                                     .epoch = link->lease.epoch,
                                     .renewals = link->lease.renewals,
                                     .duration_ms = links->lease_ms};
    record.held = gateway_table_held(link, &record.held_count);
    record.writers = gateway_table_writers(link, kc_mono_ms());
    json_t *json = kc_link_gateway_json(&record);
    char *key = kc_link_key_format(link->name, KC_LINK_GATEWAY, links->name);
    char *value = json_dumps(json, JSON_COMPACT);
    size_t n = renewal->count + 1;

    renewal->records = kc_realloc(renewal->records, n * sizeof(*renewal->records));
    renewal->links = kc_realloc(renewal->links, n * sizeof(struct gateway_followed *));
    renewal->links[renewal->count] = link;
    renewal->records[renewal->count++] = (struct kc_log_record){.timestamp = -1,
                                                                .key = key,
                                                                .key_len = strlen(key),
                                                                .value = value,
                                                                .value_len = strlen(value)};
    free(record.held);
    json_decref(record.writers);
    json_decref(json);
}

static void free_renewal(struct gateway_renewal *renewal)
{
    for (size_t i = 0; i < renewal->count; i++) {
        free((char *)renewal->records[i].key);
        free((char *)renewal->records[i].value);
    }
    free(renewal->records);
    free(renewal->links);
}

static void log_step(const struct gateway_links *links, struct gateway_followed *link,
                     enum gateway_lease_step step, int64_t last_epoch)
{
    if (step == GATEWAY_LEASE_BEGIN && last_epoch > 0)
        gateway_measure_add(GATEWAY_LEASES_LOST, 1);
    if (step == GATEWAY_LEASE_BEGIN && last_epoch > 0 && !link->told)
        kc_warn("Gateway '%s', link '%s': the lease has ended, because its record couldn't be "
                "written in time. Writes to linked topics wait until there is a new one.",
                links->name, link->name);
    else if (step == GATEWAY_LEASE_YIELD && !link->told)
        kc_log_error("Another gateway is called '%s', too. This one routes nothing for link '%s' "
                     "while the other lives. Give each gateway a name of its own: gateway.name.",
                     links->name, link->name);
    link->told = step == GATEWAY_LEASE_YIELD || step == GATEWAY_LEASE_BEGIN;
}

/* With the mutex held. */
static void look_at(struct gateway_links *links, struct gateway_followed *link, int64_t now_ms,
                    struct gateway_renewal *renewal)
{
    int64_t last_epoch = link->lease.epoch;

    if (!link->routed)
        return;
    enum gateway_lease_step step =
        gateway_lease_decide(&link->lease, now_ms, kc_now_ms(), links->lease_ms);
    if (step == GATEWAY_LEASE_REST)
        return;
    if (step != GATEWAY_LEASE_RENEW)
        gateway_table_drop_tickets(link);
    if (step != GATEWAY_LEASE_RENEW || gateway_lease_holds(&link->lease, now_ms))
        log_step(links, link, step, last_epoch);
    if (step != GATEWAY_LEASE_YIELD)
        add_record(links, link, renewal);
}

/* With the mutex held. True: a lease has just begun. */
static bool note_written(struct gateway_links *links, const struct gateway_renewal *renewal,
                         bool ok)
{
    bool any = false;

    for (size_t i = 0; i < renewal->count; i++) {
        struct gateway_followed *link = renewal->links[i];

        if (!gateway_lease_written(&link->lease, ok, kc_mono_ms(), links->lease_ms))
            continue;
        kc_info("Gateway '%s' routes for link '%s', epoch %lld.", links->name, link->name,
                (long long)link->lease.epoch);
        link->told = false;
        any = true;
    }
    return any;
}

/* For the metrics: when the lease was renewed that was renewed least recently. Mutex held. */
static void note_age(struct gateway_links *links)
{
    int64_t oldest_ms = 0;

    for (struct gateway_followed *link = links->table.links; link; link = link->hh.next) {
        int64_t renewed_ms = link->lease.until_ms - links->lease_ms;

        if (link->routed && link->lease.until_ms && (!oldest_ms || renewed_ms < oldest_ms))
            oldest_ms = renewed_ms;
    }
    gateway_measure_set(GATEWAY_LEASE_RENEWED_AT, oldest_ms);
}

/* Writes what is due. Returns when to look again. */
static int64_t renew(struct gateway_links *links)
{
    struct gateway_renewal renewal = {0};
    int64_t now_ms = kc_mono_ms();
    bool begun = false;

    pthread_mutex_lock(&links->mutex);
    for (struct gateway_followed *link = links->table.links; link; link = link->hh.next)
        look_at(links, link, now_ms, &renewal);
    note_age(links);
    pthread_mutex_unlock(&links->mutex);
    if (renewal.count == 0)
        return now_ms + LOOK_MS;
    struct kc_error *err = kc_topic_log_write(links->topic, renewal.records, renewal.count,
                                              kc_timeout_ms(links->lease_ms));
    if (err)
        kc_warn("Gateway '%s' can't write its record to topic %s: %s", links->name,
                KC_LINK_STATE_TOPIC, kc_error_text(err));
    pthread_mutex_lock(&links->mutex);
    begun = note_written(links, &renewal, !err);
    pthread_mutex_unlock(&links->mutex);
    kc_error_destroy(err);
    free_renewal(&renewal);
    if (begun && atomic_load(&links->read))
        links->changed(links->arg);
    return kc_mono_ms();
}

static void keep(void *arg, struct kc_stop *stop)
{
    struct gateway_links *links = arg;
    int64_t next_ms = kc_mono_ms();

    while (!kc_stop_wait_until(stop, next_ms))
        next_ms = renew(links);
}

/* ---- clients ---- */

static void send_clients(struct gateway_links *links, const struct gateway_followed *link,
                         const char *value)
{
    char *key = kc_link_key_format(link->name, KC_LINK_CLIENTS, links->name);

    kc_topic_log_send(links->topic, key, strlen(key), value, value ? strlen(value) : 0, NULL, NULL);
    free(key);
}

void gateway_links_tell(struct gateway_links *links, struct gateway_clients *clients)
{
    pthread_mutex_lock(&links->mutex);
    for (struct gateway_followed *link = links->table.links; link; link = link->hh.next) {
        if (!link->routed || links->closed || !gateway_lease_holds(&link->lease, kc_mono_ms()))
            continue;
        json_t *json = gateway_clients_json(clients, link->lease.epoch, kc_now_ms());
        char *value = json_dumps(json, JSON_COMPACT);
        if (value)
            send_clients(links, link, value);
        free(value);
        json_decref(json);
    }
    pthread_mutex_unlock(&links->mutex);
}

/* ---- opening and closing ---- */

static struct kc_error *open_topic(const struct gateway_config *config, const struct kc_stop *stop,
                                   struct gateway_links *links)
{
    struct kc_map *client = kc_map_copy(config->target);
    kc_map_setf(client, "client.id", "isthmus-gateway-%s-links", config->name);
    const struct kc_topic_log_settings settings = {
        .topic = KC_LINK_STATE_TOPIC,
        .client = client,
        .partitions = 1,
        .replication_factor = -1,
        .listener = on_record,
        .opaque = links,
    };
    struct kc_error *err = kc_topic_log_open(&settings, stop, &links->topic);
    kc_map_destroy(client);
    if (!err && kc_topic_log_partitions(links->topic) != 1)
        err = kc_error_new(KC_ERR_CONFIG,
                           "Topic %s on the target cluster has %d partitions, but its records are "
                           "in one order only if it has one",
                           KC_LINK_STATE_TOPIC, (int)kc_topic_log_partitions(links->topic));
    return err;
}

/* Waits until the leases hold that can: writes are held until then anyway, so that it is no error
 * if one doesn't. */
static void await_leases(struct gateway_links *links)
{
    int64_t deadline_ms = kc_mono_ms() + links->lease_ms;
    int64_t next_ms = renew(links);

    while (next_ms <= kc_mono_ms() && kc_mono_ms() < deadline_ms)
        next_ms = renew(links);
}

struct kc_error *gateway_links_open(const struct gateway_config *config, const char *address,
                                    const struct kc_stop *stop, void (*changed)(void *arg),
                                    void *arg, struct gateway_links **links)
{
    struct gateway_links *made = kc_calloc(1, sizeof(*made));

    made->name = kc_strdup(config->name);
    made->address = kc_strdup(address);
    made->lease_ms = config->lease_ms;
    made->changed = changed;
    made->arg = arg;
    atomic_init(&made->source_tag, -1);
    atomic_init(&made->target_tag, -1);
    pthread_mutex_init(&made->mutex, NULL);
    gateway_table_init(&made->table, config->name, &config->links);
    struct kc_error *err = open_topic(config, stop, made);
    if (!err) {
        await_leases(made);
        err = kc_thread_new("gateway-lease", keep, made, &made->keeper);
    }
    if (err) {
        gateway_links_close(made);
        return kc_error_prefix(err, "Gateway '%s' can't follow the links", config->name);
    }
    atomic_store(&made->read, true);
    *links = made;
    return NULL;
}

/* Tombstones: nobody waits for this gateway from now on. */
static void take_back(struct gateway_links *links)
{
    struct gateway_renewal renewal = {0};

    pthread_mutex_lock(&links->mutex);
    links->closed = true;
    for (struct gateway_followed *link = links->table.links; link; link = link->hh.next) {
        if (!link->routed || link->lease.epoch == 0 || link->lease.read_epoch != link->lease.epoch)
            continue;
        send_clients(links, link, NULL);
        add_record(links, link, &renewal);
        free((char *)renewal.records[renewal.count - 1].value);
        renewal.records[renewal.count - 1].value = NULL;
        renewal.records[renewal.count - 1].value_len = 0;
    }
    pthread_mutex_unlock(&links->mutex);
    struct kc_error *err =
        renewal.count ? kc_topic_log_write(links->topic, renewal.records, renewal.count, 5000)
                      : NULL;
    if (err)
        kc_warn("Gateway '%s' can't delete its record in topic %s, so that a promotion waits for "
                "the end of its lease: %s",
                links->name, KC_LINK_STATE_TOPIC, kc_error_text(err));
    kc_error_destroy(err);
    free_renewal(&renewal);
}

void gateway_links_close(struct gateway_links *links)
{
    if (!links)
        return;
    kc_thread_destroy(links->keeper);
    links->keeper = NULL;
    if (links->topic)
        take_back(links);
    kc_topic_log_close(links->topic);
    gateway_table_clear(&links->table);
    pthread_mutex_destroy(&links->mutex);
    free(links->name);
    free(links->address);
    free(links);
}

/* ---- asking ---- */

struct gateway_way *gateway_links_way(struct gateway_links *links, const char *topic,
                                      const struct kc_uuid *id)
{
    pthread_mutex_lock(&links->mutex);
    struct gateway_way *way = gateway_way_ref(gateway_table_way(&links->table, topic, id));
    pthread_mutex_unlock(&links->mutex);
    return way;
}

bool gateway_links_begin(struct gateway_links *links, const struct gateway_way *way,
                         int64_t producer_id, int64_t *ticket)
{
    int64_t now_ms = kc_mono_ms();
    bool fresh = false;

    pthread_mutex_lock(&links->mutex);
    struct gateway_topic *topic = gateway_table_topic(&links->table, way->link, way->topic);
    bool begins = topic && topic->way && topic->way->place == GATEWAY_SOURCE && !links->closed &&
                  gateway_lease_holds(&topic->link->lease, now_ms);
    if (begins) {
        topic->under_way++;
        *ticket = topic->link->lease.epoch;
        fresh = producer_id >= 0 && gateway_table_wrote(topic->link, producer_id, now_ms);
        topic->link->lease.dirty = topic->link->lease.dirty || fresh;
    }
    pthread_mutex_unlock(&links->mutex);
    if (fresh)
        wake_keeper(links);
    return begins;
}

bool gateway_links_end(struct gateway_links *links, const struct gateway_way *way, int64_t ticket)
{
    bool holds = false, wake = false;

    pthread_mutex_lock(&links->mutex);
    struct gateway_topic *topic = gateway_table_topic(&links->table, way->link, way->topic);
    if (topic && topic->link->lease.epoch == ticket) {
        topic->under_way -= topic->under_way > 0;
        holds = !links->closed && gateway_lease_holds(&topic->link->lease, kc_mono_ms());
        wake = topic->under_way == 0 && topic->way && topic->way->place == GATEWAY_HELD;
        topic->link->lease.dirty = topic->link->lease.dirty || wake;
    }
    pthread_mutex_unlock(&links->mutex);
    if (wake)
        wake_keeper(links);
    return holds;
}

const struct kc_link_flip *gateway_links_flip(struct gateway_links *links,
                                              const struct gateway_way *way, int32_t partition)
{
    return gateway_way_flip(way, partition);
}

int64_t gateway_links_tag(const struct gateway_links *links, bool source)
{
    return atomic_load(source ? &((struct gateway_links *)links)->source_tag
                              : &((struct gateway_links *)links)->target_tag);
}

bool gateway_links_active(struct gateway_links *links)
{
    return atomic_load(&links->active);
}

bool gateway_links_over(struct gateway_links *links)
{
    return atomic_load(&links->read) && atomic_load(&links->over);
}
