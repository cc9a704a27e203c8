/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Comparing again and again what a task copies: see link_verify_priv.h.
 *
 * Each round compares what has been copied since the one before; the first ones compare the
 * history. How far it has come is in memory: a task that moves begins anew. A partition that
 * differs isn't looked at any more.
 */
#include "link/link_verify_priv.h"

#include "connect/hash.h"
#include "connect/log.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.connect.link.LinkVerifier");

enum { LEAST_ROUND_MS = 10000 }; /* the time that a round has */

/* How far a partition is compared. */
struct verified {
    char *id; /* "topic-0" */
    char *topic;
    int64_t next;
    char *finding; /* NULL: no difference so far */
    UT_hash_handle hh;
};

struct link_verifier {
    const struct link_config *config;
    struct link_store *store;
    struct kc_thread *thread;
    pthread_mutex_t mutex; /* guards what follows */
    struct verified *verified;
};

/* ---- what is known; with the mutex held ---- */

static struct verified *known(struct link_verifier *verifier, const char *topic, int32_t partition)
{
    struct verified *found = NULL;
    char *id = kc_asprintf("%s-%d", topic, partition);
    HASH_FIND_STR(verifier->verified, id, found);
    if (found) {
        free(id);
        return found;
    }
    found = kc_calloc(1, sizeof(*found));
    found->id = id;
    found->topic = kc_strdup(topic);
    found->next = -1;
    HASH_ADD_KEYPTR(hh, verifier->verified, found->id, strlen(found->id), found);
    return found;
}

char *link_verifier_finding(struct link_verifier *verifier, const char *topic)
{
    char *finding = NULL;
    pthread_mutex_lock(&verifier->mutex);
    for (struct verified *v = verifier->verified; v && !finding; v = v->hh.next)
        if (v->finding && strcmp(v->topic, topic) == 0)
            finding = kc_strdup(v->finding);
    pthread_mutex_unlock(&verifier->mutex);
    return finding;
}

/* ---- a round ---- */

/* A topic of this task that is being copied. */
static void add_topic(struct link_verifier *verifier, const char *name, struct link_verify *verify)
{
    struct kc_link_topic_order order = {0};
    struct kc_link_topic state = {0};
    json_t *ordered = link_store_get(verifier->store, KC_LINK_TOPIC_ORDER, name);
    json_t *now = link_store_get(verifier->store, KC_LINK_TOPIC, name);
    struct kc_error *err = ordered && now ? kc_link_topic_order_parse(ordered, &order) : NULL;
    if (!err && ordered && now)
        err = kc_link_topic_parse(now, &state);
    if (!err && ordered && now && state.state == KC_LINK_LINKING) {
        struct link_verify_topic *topic = link_verify_add(verify, name, order.source_topic);
        topic->translate = order.offsets == KC_LINK_TRANSLATE;
        topic->target_id = order.target_id;
        pthread_mutex_lock(&verifier->mutex);
        for (int32_t i = 0; i < state.partitions; i++) {
            const struct verified *at = known(verifier, name, i);
            if (!at->finding)
                link_verify_part(topic, i)->from = at->next;
        }
        pthread_mutex_unlock(&verifier->mutex);
        if (!topic->count) /* without partitions it would be all of them */
            topic->error = kc_strdup("all of its partitions differ");
    }
    kc_error_destroy(err); /* whoever reads the topic's state says so */
    kc_link_topic_clear(&state);
    kc_link_topic_order_clear(&order);
    json_decref(now);
    json_decref(ordered);
}

static void add_topics(struct link_verifier *verifier, struct link_verify *verify)
{
    struct kc_strings names = {0};
    link_store_names(verifier->store, KC_LINK_TOPIC_ORDER, &names);
    for (size_t i = 0; i < names.count; i++)
        if (link_task_of(names.items[i], verifier->config->tasks) == verifier->config->task)
            add_topic(verifier, names.items[i], verify);
    kc_strings_destroy(&names);
}

static void note(struct link_verifier *verifier, const struct link_verify_topic *topic,
                 const struct link_verify_partition *part)
{
    pthread_mutex_lock(&verifier->mutex);
    struct verified *at = known(verifier, topic->name, part->partition);
    at->next = part->pair.next_offset;
    if (part->pair.kind != LINK_VERIFY_SAME)
        at->finding = link_verify_text(&part->pair);
    char *finding = kc_strdup(at->finding);
    pthread_mutex_unlock(&verifier->mutex);
    if (finding)
        kc_warn("Link %s: partition %d of %s isn't equal on both sides: %s. It isn't compared any "
                "more; ask for POST /links/%s/verify after it was repaired.",
                verifier->config->name, part->partition, topic->name, finding,
                verifier->config->name);
    else if (part->error)
        kc_debug("Link %s: partition %d of %s can't be compared now: %s", verifier->config->name,
                 part->partition, topic->name, part->error);
    free(finding);
}

static void tell(const struct link_verifier *verifier, const struct link_verify *verify)
{
    long long records = 0;
    size_t partitions = 0;
    for (size_t i = 0; i < verify->count; i++)
        for (size_t j = 0; j < verify->topics[i].count; j++) {
            records += verify->topics[i].partitions[j].pair.records;
            partitions += verify->topics[i].partitions[j].pair.records > 0;
        }
    if (records)
        kc_debug("Link %s: %lld records of %zu partitions are equal on both sides",
                 verifier->config->name, records, partitions);
}

static void compare_once(struct link_verifier *verifier, const struct kc_stop *stop)
{
    struct link_verify verify = {0};
    int64_t time = verifier->config->verify_interval_ms;
    add_topics(verifier, &verify);
    struct kc_error *err =
        verify.count
            ? link_verify_run(verifier->config, &verify,
                              kc_deadline_ms(time < LEAST_ROUND_MS ? LEAST_ROUND_MS : time), stop)
            : NULL;
    for (size_t i = 0; i < verify.count && !err; i++)
        for (size_t j = 0; j < verify.topics[i].count; j++)
            if (!verify.topics[i].error)
                note(verifier, &verify.topics[i], &verify.topics[i].partitions[j]);
    if (!err)
        tell(verifier, &verify);
    else
        kc_warn("Link %s: source and target can't be compared now: %s. It is tried again.",
                verifier->config->name, kc_error_text(err));
    kc_error_destroy(err);
    link_verify_clear(&verify);
}

/* ---- life ---- */

static void run(void *arg, struct kc_stop *stop)
{
    struct link_verifier *verifier = arg;
    while (!kc_stop_wait_until(stop, kc_deadline_ms(verifier->config->verify_interval_ms)))
        compare_once(verifier, stop);
}

struct kc_error *link_verifier_open(const struct link_config *config, struct link_store *store,
                                    struct link_verifier **verifier)
{
    *verifier = NULL;
    if (config->verify_interval_ms <= 0)
        return NULL;
    struct link_verifier *made = kc_calloc(1, sizeof(*made));
    made->config = config;
    made->store = store;
    pthread_mutex_init(&made->mutex, NULL);
    struct kc_error *err = kc_thread_new("link-verifier", run, made, &made->thread);
    if (err) {
        link_verifier_close(made);
        return err;
    }
    *verifier = made;
    return NULL;
}

void link_verifier_close(struct link_verifier *verifier)
{
    struct verified *at = NULL, *next = NULL;
    if (!verifier)
        return;
    kc_thread_destroy(verifier->thread);
    HASH_ITER (hh, verifier->verified, at, next) {
        HASH_DEL(verifier->verified, at);
        free(at->id);
        free(at->topic);
        free(at->finding);
        free(at);
    }
    pthread_mutex_destroy(&verifier->mutex);
    free(verifier);
}
