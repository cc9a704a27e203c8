/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A link back follows the link that it is the reverse of (link_back_priv.h): it reads what people
 * want from that link's records, which are on its own source, and orders mirror topics. On the
 * watch's thread.
 *
 * What was wanted is done when the mirror topic is there. A wish that is refused is tried again
 * some time later: its topic is FAILED meanwhile, and says why.
 */
#include "link/link_back_priv.h"

#include "connect/log.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.connect.link.KafkaLinkConnector");

enum { RETRY_MS = 30000 };

struct link_back_follower {
    struct link_control *control;
    struct kc_stop *stop;
    const char *name;            /* of the first link */
    struct link_config *forward; /* the first link's, as far as its clusters are concerned */
    struct link_store *store;    /* its records; NULL: not opened yet */
    uint64_t seen;               /* version up to which they were followed */
    struct kc_map *tried;        /* topics, with the epoch of the wish that was tried */
    int64_t retry_ms;            /* when everything is tried again; 0: nothing was refused */
};

/* ---- opening ---- */

struct kc_error *link_back_forward(const struct link_config *config, struct link_config **forward)
{
    struct kc_map *properties = kc_link_reversed(config->properties);
    kc_map_set(properties, "name", config->reverse_of);
    struct kc_error *err = link_config_new(properties, false, forward);
    kc_map_destroy(properties);
    return err;
}

struct link_back_follower *link_back_follower_new(struct link_control *control)
{
    if (!*control->config->reverse_of)
        return NULL;
    struct link_back_follower *follower = kc_calloc(1, sizeof(*follower));
    follower->control = control;
    follower->name = control->config->reverse_of;
    follower->stop = kc_stop_new();
    follower->tried = kc_map_new();
    return follower;
}

void link_back_follower_stop(struct link_back_follower *follower)
{
    if (follower)
        kc_stop_set(follower->stop);
}

void link_back_follower_destroy(struct link_back_follower *follower)
{
    if (!follower)
        return;
    link_store_close(follower->store);
    link_config_destroy(follower->forward);
    kc_map_destroy(follower->tried);
    kc_stop_destroy(follower->stop);
    free(follower);
}

/* The topic is never made here: where it isn't, there is no link to be the reverse of. */
static struct kc_error *check_state_topic(struct link_back_follower *follower)
{
    struct kc_strings names = {0};
    struct kc_topic_infos topics = {0};
    kc_strings_add(&names, KC_LINK_STATE_TOPIC);
    struct kc_error *err = kc_admin_topics(follower->control->source, &names, &topics);
    if (!err && topics.count == 0)
        err = kc_error_new(KC_ERR_NOT_FOUND,
                           "link.reverse.of is %s, but the source cluster has no topic %s, which "
                           "that link would have made there. Do the clusters stand the right way "
                           "round?",
                           follower->name, KC_LINK_STATE_TOPIC);
    kc_topic_infos_destroy(&topics);
    kc_strings_destroy(&names);
    return err;
}

static struct kc_error *open_store(struct link_back_follower *follower)
{
    if (follower->store)
        return NULL;
    struct kc_error *err =
        follower->forward ? NULL : link_back_forward(follower->control->config, &follower->forward);
    if (!err)
        err = check_state_topic(follower);
    if (!err)
        err = link_store_open(follower->forward, follower->stop, &follower->store);
    return err;
}

/* ---- a mirror topic ---- */

/* A log that is there already counts as written by the link up to the cut, and is read from there
 * at each look. */
static json_t *first_partitions(const struct kc_link_back *back)
{
    json_t *array = json_array();
    for (size_t i = 0; i < back->partition_count; i++) {
        const struct kc_link_partition first = {.partition = back->partitions[i].partition,
                                                .first_offset = 0,
                                                .base_sequence = back->partitions[i].offset,
                                                .leader_epoch = -1,
                                                .checked = back->partitions[i].offset};
        json_array_append_new(array, kc_link_partition_json(&first));
    }
    return array;
}

json_t *link_back_first_state(const struct link_control *control, const char *topic,
                              const struct kc_link_back *back)
{
    json_t *receipt = link_store_get(control->store, KC_LINK_RECEIPT, topic);
    int64_t former = json_integer_value(json_object_get(receipt, "epoch"));
    struct kc_link_topic state = {.state = KC_LINK_PENDING,
                                  .epoch = (former > 0 ? former : 0) + 1,
                                  .since_ms = kc_now_ms(),
                                  .reason = (char *)"",
                                  .offsets = KC_LINK_PRESERVE,
                                  .partitions = (int32_t)back->partition_count,
                                  .lane = (char *)"raw",
                                  .partition_states = first_partitions(back)};
    json_t *json = kc_link_topic_json(&state);
    json_decref(state.partition_states);
    json_decref(receipt);
    return json;
}

static void note_outcome(struct link_back_follower *follower, const char *topic,
                         const struct link_outcomes *outcomes)
{
    const struct link_outcome *outcome = outcomes->count ? &outcomes->items[0] : NULL;
    if (outcome && outcome->status >= 400) {
        follower->retry_ms = kc_mono_ms() + RETRY_MS;
        kc_log_error("Link '%s': topic %s can't go back: %s", follower->control->config->name,
                     topic, outcome->message ? outcome->message : "");
    } else if (outcome)
        kc_info("Link '%s': topic %s goes back, as link '%s' was asked for.",
                follower->control->config->name, topic, follower->name);
}

static struct kc_error *make_mirror(struct link_back_follower *follower, const char *topic,
                                    const struct kc_link_back *back)
{
    const struct link_request request = {.by = "back",
                                         .back = back->wish == KC_LINK_BACK_MIRROR ? back : NULL};
    struct kc_strings names = {0};
    struct link_outcomes outcomes = {0};
    kc_strings_add(&names, topic);
    struct kc_error *err = link_create_topics(follower->control, &names, &request, &outcomes);
    if (!err && outcomes.count && outcomes.items[0].status >= 500)
        err = kc_error_retriable_new(KC_ERR_UNAVAILABLE, "%s",
                                     outcomes.items[0].message ? outcomes.items[0].message : "");
    if (!err)
        note_outcome(follower, topic, &outcomes);
    link_outcomes_clear(&outcomes);
    kc_strings_destroy(&names);
    return err;
}

/* ---- following ---- */

enum link_back_step link_back_decide(const struct kc_link_back *back,
                                     const struct link_mirror *mirror, bool returned)
{
    bool refused = mirror && mirror->order.refusal;
    bool old = mirror && kc_uuid_equal(&mirror->order.target_id, &back->topic_id);
    if (returned || (mirror && kc_link_topic_is_final(mirror->state.state)))
        return LINK_BACK_NOTHING;
    switch (back->wish) {
    case KC_LINK_BACK_MIRROR:
        return mirror && !refused ? LINK_BACK_NOTHING : LINK_BACK_MAKE;
    case KC_LINK_BACK_RESTORE:
        if (old)
            return LINK_BACK_UNMAKE;
        return mirror && !refused ? LINK_BACK_NOTHING : LINK_BACK_DELETE;
    case KC_LINK_BACK_END:
        return mirror ? LINK_BACK_FORGET : LINK_BACK_NOTHING;
    }
    return LINK_BACK_NOTHING;
}

static bool was_tried(const struct link_back_follower *follower, const char *topic,
                      const struct kc_link_back *back)
{
    char epoch[24];
    const char *tried = kc_map_get(follower->tried, topic);
    snprintf(epoch, sizeof(epoch), "%lld", (long long)back->epoch);
    return tried && strcmp(tried, epoch) == 0;
}

static int64_t receipt_time(struct link_store *store, const char *topic)
{
    json_t *receipt = link_store_get(store, KC_LINK_RECEIPT, topic);
    int64_t ms = json_integer_value(json_object_get(receipt, "since_ms"));
    json_decref(receipt);
    return ms;
}

/* Whether clients have returned since the first link's promotion, even if the mirroring back was
 * forgotten since. */
static bool has_returned(const struct link_back_follower *follower, const char *topic)
{
    return receipt_time(follower->control->store, topic) > receipt_time(follower->store, topic);
}

static struct kc_error *follow(struct link_back_follower *follower, const char *topic,
                               const struct kc_link_back *back, struct link_mirror *mirror,
                               bool known)
{
    struct link_control *control = follower->control;
    struct kc_error *err = NULL;
    switch (link_back_decide(back, known ? mirror : NULL, has_returned(follower, topic))) {
    case LINK_BACK_NOTHING:
        return NULL;
    case LINK_BACK_FORGET:
        return link_forget_topic(control, topic);
    case LINK_BACK_MAKE:
        return make_mirror(follower, topic, back);
    case LINK_BACK_DELETE:
        err = link_delete_topic(control, topic, &back->topic_id);
        return err ? err : make_mirror(follower, topic, back);
    case LINK_BACK_UNMAKE:
        err = link_unmake(control, mirror, back->by);
        return err ? err : make_mirror(follower, topic, back);
    }
    return NULL;
}

static struct kc_error *follow_one(struct link_back_follower *follower, const char *topic)
{
    struct kc_link_back back = {0};
    struct link_mirror mirror = {0};
    struct link_control *control = follower->control;
    json_t *json = link_store_get(follower->store, KC_LINK_BACK, topic);
    struct kc_error *err = json ? kc_link_back_parse(json, &back) : NULL;
    if (!err && json && !was_tried(follower, topic, &back)) {
        struct kc_error *unknown =
            link_mirror_load(control->store, control->config->name, topic, &mirror);
        err = follow(follower, topic, &back, &mirror, !unknown);
        kc_error_destroy(unknown);
        if (!err)
            kc_map_setf(follower->tried, topic, "%lld", (long long)back.epoch);
    }
    json_decref(json);
    link_mirror_clear(&mirror);
    kc_link_back_clear(&back);
    return err ? kc_error_prefix(err, "Topic %s", topic) : NULL;
}

/* As after a restart: what is done is found so. */
static void begin_anew(struct link_back_follower *follower)
{
    kc_map_destroy(follower->tried);
    follower->tried = kc_map_new();
    follower->seen = 0;
    follower->retry_ms = 0;
}

struct kc_error *link_back_follower_step(struct link_back_follower *follower)
{
    struct kc_strings names = {0};
    struct kc_error *err = open_store(follower);
    if (err)
        return err;
    if (follower->retry_ms > 0 && kc_mono_ms() >= follower->retry_ms)
        begin_anew(follower);
    uint64_t version = link_store_version(follower->store);
    if (version == follower->seen)
        return NULL;
    link_store_names(follower->store, KC_LINK_BACK, &names);
    for (size_t i = 0; i < names.count && !kc_stop_is_set(follower->stop); i++) {
        struct kc_error *failed = follow_one(follower, names.items[i]);
        if (err)
            kc_error_destroy(failed);
        else
            err = failed;
    }
    if (!err)
        follower->seen = version;
    kc_strings_destroy(&names);
    return err;
}
