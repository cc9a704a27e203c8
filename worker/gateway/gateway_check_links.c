/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The links that a gateway would route for, as the target's state topic has them now: whether they
 * are there, come from the source that the file names, and let clients' rights be seen. See
 * gateway_check_priv.h.
 */
#include "gateway/gateway_check_priv.h"

#include "base/kafka_errors.h"
#include "connect/hash.h"
#include "connect/topic_stream.h"

#include <stdlib.h>
#include <string.h>

enum { READ_MS = 30000, POLL_MS = 500 };

/* A record of the state topic. */
struct check_record {
    char *id; /* the key's bytes */
    struct kc_link_key key;
    json_t *value;
    UT_hash_handle hh;
};

struct check_links {
    struct check_record *records;
};

/* ---- reading ---- */

static void drop(struct check_links *links, struct check_record *record)
{
    HASH_DEL(links->records, record);
    kc_link_key_clear(&record->key);
    json_decref(record->value);
    free(record->id);
    free(record);
}

static struct check_record *find(const struct check_links *links, const char *link,
                                 enum kc_link_resource resource, const char *name)
{
    struct check_record *record = NULL;
    char *id = kc_link_key_format(link, resource, name);
    HASH_FIND_STR(links->records, id, record);
    free(id);
    return record;
}

static const json_t *value_of(const struct check_links *links, const char *link,
                              enum kc_link_resource resource, const char *name)
{
    const struct check_record *record = find(links, link, resource, name);
    return record ? record->value : NULL;
}

/* Takes key and value; value NULL: the record goes. */
static void apply(struct check_links *links, struct kc_link_key *key, json_t *value)
{
    struct check_record *record = find(links, key->link, key->resource, key->name);
    if (record && value && !kc_link_record_counts(key->resource, record->value, value)) {
        kc_link_key_clear(key);
        json_decref(value);
        return;
    }
    if (record)
        drop(links, record);
    if (!value) {
        kc_link_key_clear(key);
        return;
    }
    record = kc_calloc(1, sizeof(*record));
    record->id = kc_link_key_format(key->link, key->resource, key->name);
    record->key = *key;
    record->value = value;
    HASH_ADD_KEYPTR(hh, links->records, record->id, strlen(record->id), record);
}

static void on_record(void *opaque, const struct kc_log_record *record)
{
    struct kc_link_key key = {0};
    struct kc_error *err = kc_link_key_parse(record->key, record->key_len, &key);
    json_t *value = record->value ? json_loadb(record->value, record->value_len, 0, NULL) : NULL;
    if (!err && (value || !record->value))
        apply(opaque, &key, value);
    else
        json_decref(value);
    if (err)
        kc_error_destroy(err);
}

static struct kc_error *read_stream(struct kc_topic_stream *stream, struct check_links *links)
{
    int64_t end = 0, deadline_ms = kc_mono_ms() + READ_MS;
    struct kc_error *err = kc_topic_stream_ends(stream, &end, READ_MS);
    while (!err && kc_topic_stream_position(stream, 0) < end) {
        bool progress = false;
        if (kc_mono_ms() >= deadline_ms)
            return kc_error_new(KC_ERR_TIMEOUT, "it couldn't be read within %d s", READ_MS / 1000);
        err = kc_topic_stream_poll(stream, kc_mono_ms() + POLL_MS, on_record, links, &progress);
    }
    return err;
}

static struct kc_error *read_links(struct check_run *run)
{
    struct kc_topic_stream *stream = NULL;
    run->links = kc_calloc(1, sizeof(*run->links));
    struct kc_error *err =
        kc_topic_stream_open(run->config->target, KC_LINK_STATE_TOPIC, 1, &stream);
    if (!err)
        err = read_stream(stream, run->links);
    kc_topic_stream_close(stream);
    return err;
}

void check_links_free(struct check_run *run)
{
    struct check_record *record, *next;
    if (run->links)
        HASH_ITER (hh, run->links->records, record, next)
            drop(run->links, record);
    free(run->links);
    free(run->topics);
    run->links = NULL;
    run->topics = NULL;
    run->topic_count = 0;
}

/* ---- looking ---- */

static bool is_wanted(const struct check_run *run, const char *link)
{
    return run->config->links.count == 0 || kc_strings_contain(&run->config->links, link);
}

static char *known_links(const struct check_links *links)
{
    struct kc_strings names = {0};
    for (const struct check_record *one = links->records; one; one = one->hh.next)
        if (one->key.resource == KC_LINK_SELF)
            kc_strings_add(&names, one->key.link);
    kc_strings_sort(&names);
    char *text = kc_strings_join(&names, ", ");
    kc_strings_destroy(&names);
    return text;
}

static void check_named(struct check_run *run)
{
    char *known = known_links(run->links);
    for (size_t i = 0; i < run->config->links.count; i++)
        if (!find(run->links, run->config->links.items[i], KC_LINK_SELF, ""))
            check_find(
                run->findings, CHECK_MISSING, "NO_SUCH_LINK", run->config->links.items[i],
                "gateway.links names it, but the target's state topic doesn't know it; known "
                "are: %s. Create the link, or correct gateway.links",
                *known ? known : "none");
    if (run->config->links.count == 0 && !*known)
        check_find(run->findings, CHECK_WARNING, "NO_LINK", "links",
                   "there is no link yet, so all writes go to the target");
    free(known);
}

static void check_source(struct check_run *run, const struct check_record *self)
{
    const char *from = json_string_value(json_object_get(self->value, "source_cluster_id"));
    const char *here = run->source.info.cluster_id;
    if (from && here && strcmp(from, here) != 0)
        check_find(
            run->findings, CHECK_MISSING, "OTHER_SOURCE", self->key.link,
            "the link's source is the cluster %s, but source.cluster.bootstrap.servers leads "
            "to %s: writes would be routed to the wrong cluster. Leave the link out of "
            "gateway.links, or correct source.cluster.*",
            from, here);
    else
        check_find(run->findings, CHECK_OK, "LINK", self->key.link, "the link is there");
}

/* The guard denies writing to all but the link, the gateway's clients too. */
static void check_guard(struct check_run *run, const struct check_record *guard)
{
    check_find(run->findings, CHECK_WARNING, "WRITE_GUARD", guard->key.name,
               "link %s guards the topic by denials (link.write.guard=acl), and who is denied "
               "writing at the target is refused by the gateway, too. Set link.write.guard=detect "
               "before producers move",
               guard->key.link);
}

static bool is_promoted(const struct check_links *links, const struct kc_link_key *order)
{
    struct kc_link_topic state = {0};
    const json_t *json = value_of(links, order->link, KC_LINK_TOPIC, order->name);
    struct kc_error *err = json ? kc_link_topic_parse(json, &state) : NULL;
    bool final = json && !err && kc_link_topic_is_final(state.state);
    kc_error_destroy(err);
    kc_link_topic_clear(&state);
    return final;
}

/* Names stay the records' own. */
static void add_topic(struct check_run *run, const struct check_record *order)
{
    const json_t *source = json_object_get(order->value, "source_topic");
    const json_t *refusal = json_object_get(order->value, "refusal");
    if (!json_is_string(source) || json_is_string(refusal) || is_promoted(run->links, &order->key))
        return;
    run->topics = kc_realloc(run->topics, (run->topic_count + 1) * sizeof(*run->topics));
    run->topics[run->topic_count++] =
        (struct check_topic){order->key.link, json_string_value(source), order->key.name};
}

static void look(struct check_run *run)
{
    for (const struct check_record *one = run->links->records; one; one = one->hh.next) {
        if (!is_wanted(run, one->key.link))
            continue;
        if (one->key.resource == KC_LINK_SELF)
            check_source(run, one);
        else if (one->key.resource == KC_LINK_GUARD)
            check_guard(run, one);
        else if (one->key.resource == KC_LINK_TOPIC_ORDER)
            add_topic(run, one);
    }
}

void check_links(struct check_run *run)
{
    struct kc_error *err = read_links(run);
    if (kc_error_kafka_code(err) == KC_KAFKA_UNKNOWN_TOPIC_OR_PARTITION)
        kc_error_clear(&err); /* no link has been created so far */
    if (err) {
        check_find(run->findings, CHECK_MISSING, "NO_STATE", "links",
                   "the links' state topic " KC_LINK_STATE_TOPIC
                   " can't be read: %s. The gateway needs READ and WRITE on it at the target",
                   kc_error_text(err));
        kc_error_destroy(err);
        return;
    }
    check_named(run);
    look(run);
}
