/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hold of a KIP-848 group: as many phantom members as its largest topic has partitions, and a
 * reserve for partitions that are added. The broker's range assignor gives each topic's partitions
 * in the order of instance ids, static members before others. Phantoms are static and their ids
 * sort first, so that nothing is left for any real member, whatever it subscribes to.
 *
 * Phantoms subscribe to all topics that the link mirrors, because a pattern of a real member may
 * match any of them. They come back under their id and epoch. On the pool's threads.
 */
#include "link/link_hold_priv.h"

#include "connect/log.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.connect.link.LinkGroups");

enum {
    REST_MS = 1000,
    BUSY_MS = 100,
    LEAVE_MS = 10000,
    DEFICIT_MS = 5000,  /* a gap in the hold passes, and is looked at as often as this */
    REFUSED_MS = 10000, /* until a phantom that was refused is tried again */
    RESERVE = 4,        /* and a tenth */
    MOST_PHANTOMS = 100000,
    TELL_MS = 1000,         /* the broker takes a member's last epoch but one, too */
    UNKNOWN_MEMBER_ID = 25, /* Kafka's code */
};

struct link_crowd {
    struct kc_group_crowd *crowd;
    atomic_bool returns;    /* the phantoms are a predecessor's, and none has been accepted yet */
    atomic_bool forgotten;  /* the broker didn't know them any more */
    size_t expected;        /* partitions of all topics */
    size_t phantoms;        /* that there are */
    int64_t short_since_ms; /* of a gap in the hold; 0: none */
    int64_t asked_ms;       /* when others were looked at */
    int64_t refused_ms;     /* when phantoms were last tried again */
    int64_t told_ms;        /* when epochs were last told */
    uint64_t told;          /* a sum over ids and epochs that are known to the state */
    size_t told_count;      /* of these epochs */
    bool resumed;           /* a predecessor held the group */
    bool leaving;           /* phantoms go, which isn't a hold that is lost */
};

/* What all phantoms together are. */
struct link_tally {
    size_t members;
    size_t partitions;
    size_t failed;
    size_t unknown; /* to the broker, which has given them up */
    int epoch;      /* the highest */
    char *error;    /* the first one's */
    json_t *epochs; /* NULL: not wanted */
    uint64_t sum;
};

static void count(void *arg, const struct kc_crowd_member *member)
{
    struct link_tally *tally = arg;
    bool is_member = member->state == KC_CROWD_MEMBER;
    tally->members += is_member;
    tally->failed += member->state == KC_CROWD_FAILED;
    tally->unknown += kc_error_kafka_code(member->error) == UNKNOWN_MEMBER_ID;
    tally->partitions += is_member ? member->partitions : 0;
    if (member->error && !tally->error)
        tally->error = kc_strdup(kc_error_text(member->error));
    if (member->epoch <= 0 || !tally->epochs)
        return;
    tally->epoch = member->epoch > tally->epoch ? member->epoch : tally->epoch;
    json_object_set_new(tally->epochs, member->id, json_integer(member->epoch));
    for (const char *c = member->id; *c; c++)
        tally->sum = tally->sum * 31 + (unsigned char)*c;
    tally->sum = tally->sum * 31 + (uint64_t)member->epoch;
}

/* ---- phantoms ---- */

static void add_phantoms(struct link_crowd *crowd, size_t wanted)
{
    for (; crowd->phantoms < wanted; crowd->phantoms++) {
        char id[32];
        snprintf(id, sizeof(id), LINK_PHANTOM_PREFIX "%03zu", crowd->phantoms + 1);
        kc_group_crowd_add(crowd->crowd, id, 0);
    }
}

/* Those of the predecessor first, under their epochs. */
static void add_former(struct link_crowd *crowd, json_t *former)
{
    size_t left = json_object_size(former);
    while (left && crowd->phantoms < MOST_PHANTOMS) {
        char id[32];
        snprintf(id, sizeof(id), LINK_PHANTOM_PREFIX "%03zu", ++crowd->phantoms);
        const json_t *epoch = json_object_get(former, id);
        kc_group_crowd_add(crowd->crowd, id, (int)json_integer_value(epoch));
        left -= epoch != NULL;
    }
}

/* On the client's thread. A phantom that the broker has forgotten joins anew within a moment, so
 * that it is noticed here. */
static void on_changed(void *opaque)
{
    struct link_crowd *crowd = opaque;
    struct link_tally tally = {.epochs = NULL};
    if (!atomic_load(&crowd->returns))
        return;
    kc_group_crowd_each(crowd->crowd, count, &tally);
    if (tally.unknown && !tally.members)
        atomic_store(&crowd->forgotten, true);
    if (tally.members || tally.unknown)
        atomic_store(&crowd->returns, false);
    free(tally.error);
}

static struct kc_error *open_crowd(struct link_hold *hold, const struct link_held_topics *topics)
{
    struct link_crowd *crowd = kc_calloc(1, sizeof(*crowd));
    const struct kc_group_crowd_settings settings = {
        KC_GROUP_SIZE(settings), .group = hold->group,   .topics = &topics->names,
        .assignor = "range",     .static_members = true, .changed = on_changed,
        .opaque = crowd,
    };
    struct kc_error *err = kc_group_crowd_new(link_hold_client(hold), &settings, &crowd->crowd);
    if (err) {
        free(crowd);
        return err;
    }
    hold->own = crowd;
    crowd->resumed = json_object_size(hold->former) > 0;
    atomic_store(&crowd->returns, crowd->resumed);
    add_former(crowd, hold->former);
    return NULL;
}

static void take_topics(struct link_crowd *crowd, const struct link_held_topics *topics, bool made)
{
    int32_t most = 0;
    crowd->expected = 0;
    for (size_t i = 0; i < topics->names.count; i++) {
        crowd->expected += (size_t)topics->partitions[i];
        if (topics->partitions[i] > most)
            most = topics->partitions[i];
    }
    add_phantoms(crowd, (size_t)most + RESERVE + (size_t)most / 10);
    if (!made)
        kc_group_crowd_subscribe(crowd->crowd, &topics->names, NULL);
}

/* ---- how it stands ---- */

/* Under the epochs that the broker has: a predecessor may have died before it had written one, and
 * under another one nobody gets in until the phantom's session is over. */
static void try_refused_again(struct link_hold *hold, struct link_crowd *crowd,
                              const struct link_tally *tally)
{
    int64_t now = kc_mono_ms();
    if (!tally->failed || now - crowd->refused_ms < REFUSED_MS)
        return;
    crowd->refused_ms = now;
    json_t *epochs = link_hold_epochs(hold);
    if (epochs && crowd->resumed && !json_object_size(epochs))
        atomic_store(&crowd->forgotten, true);
    for (size_t i = 1; i <= crowd->phantoms; i++) {
        char id[32];
        snprintf(id, sizeof(id), LINK_PHANTOM_PREFIX "%03zu", i);
        const json_t *epoch = json_object_get(epochs, id);
        /* Those that go on are left as they are. */
        kc_group_crowd_add(crowd->crowd, id, (int)json_integer_value(epoch));
    }
    json_decref(epochs);
}

static char *why_short(const struct link_crowd *crowd, const struct link_tally *tally)
{
    return kc_asprintf("The link has %zu of %zu partitions of the group on the target%s%s. It "
                       "holds the group again as soon as the broker lets it",
                       tally->partitions, crowd->expected, tally->error ? ": " : "",
                       tally->error ? tally->error : "");
}

/* Partitions pass from one phantom to another when members come and go, and meanwhile are nobody's.
 * Only what another member has been given is lost. */
static bool others_have_some(struct link_hold *hold, struct link_crowd *crowd)
{
    int64_t now = kc_mono_ms();
    if (!crowd->short_since_ms)
        crowd->short_since_ms = crowd->asked_ms = now;
    if (now - crowd->asked_ms < DEFICIT_MS)
        return false;
    crowd->asked_ms = now;
    return link_hold_strange_partitions(hold) > 0;
}

static const char expired[] =
    "Nobody renewed the hold for longer than its session, so that members may have read the "
    "group's "
    "topics on the target, from the offsets that were brought over last. The link takes the hold "
    "again";

static void set_state(struct link_hold *hold, struct link_crowd *crowd,
                      const struct link_tally *tally)
{
    enum link_hold_state before = link_hold_state(hold);
    bool all = tally->members && tally->members + tally->failed >= crowd->phantoms;
    bool forgotten = atomic_exchange(&crowd->forgotten, false);
    if (!forgotten && all && tally->partitions >= crowd->expected) {
        crowd->short_since_ms = 0;
        if (before != LINK_HOLD_HELD)
            kc_info("Group %s is held by %zu phantom members", hold->group, tally->members);
        link_hold_set(hold, LINK_HOLD_HELD, NULL);
        return;
    }
    if (forgotten || (others_have_some(hold, crowd) && before == LINK_HOLD_HELD)) {
        link_hold_set(hold, LINK_HOLD_LOST,
                      forgotten ? kc_strdup(expired) : why_short(crowd, tally));
        kc_warn("The hold on group %s is lost; %zu of %zu partitions are the link's", hold->group,
                tally->partitions, crowd->expected);
    } else if (before == LINK_HOLD_JOINING && tally->failed) {
        link_hold_set(hold, LINK_HOLD_JOINING, kc_strdup(tally->error));
    }
}

/* A successor comes back under these. Each phantom's is told before the group counts as held. */
static void tell_epochs(struct link_hold *hold, struct link_crowd *crowd,
                        const struct link_tally *tally)
{
    int64_t now = kc_mono_ms();
    size_t count = json_object_size(tally->epochs);
    if (tally->sum == crowd->told || (count == crowd->told_count && now - crowd->told_ms < TELL_MS))
        return;
    crowd->told = tally->sum;
    crowd->told_ms = now;
    crowd->told_count = count;
    if (json_object_size(tally->epochs))
        link_hold_set_members(hold, json_incref(tally->epochs));
}

static int crowd_serve(struct link_hold *hold, const struct link_held_topics *topics)
{
    bool made = !hold->own;
    struct kc_error *err = made ? open_crowd(hold, topics) : NULL;
    if (err) {
        link_hold_set(hold, LINK_HOLD_JOINING, kc_strdup(kc_error_text(err)));
        kc_error_destroy(err);
        return REST_MS;
    }
    struct link_crowd *crowd = hold->own;
    if (topics)
        take_topics(crowd, topics, made);
    if (crowd->leaving)
        return REST_MS;
    struct link_tally tally = {.epochs = json_object()};
    kc_group_crowd_each(crowd->crowd, count, &tally);
    try_refused_again(hold, crowd, &tally);
    tell_epochs(hold, crowd, &tally);
    set_state(hold, crowd, &tally);
    link_hold_set_round(hold, tally.epoch);
    json_decref(tally.epochs);
    free(tally.error);
    return link_hold_state(hold) == LINK_HOLD_HELD && !crowd->short_since_ms ? REST_MS : BUSY_MS;
}

static struct kc_error *crowd_commit(struct link_hold *hold, const struct kc_group_offset *offsets,
                                     size_t count, struct kc_error **errors)
{
    struct link_crowd *crowd = hold->own;
    crowd->leaving = false;
    return kc_group_crowd_commit(crowd->crowd, NULL, offsets, count, link_hold_commit_ms(hold),
                                 errors);
}

static struct kc_error *crowd_leave(struct link_hold *hold)
{
    struct link_crowd *crowd = hold->own;
    crowd->leaving = true;
    struct kc_error *err = kc_group_crowd_leave(crowd->crowd, LEAVE_MS);
    return err ? err : link_hold_is_gone(hold);
}

static void crowd_destroy(struct link_hold *hold)
{
    struct link_crowd *crowd = hold->own;
    kc_group_crowd_destroy(crowd->crowd);
    free(crowd);
}

const struct link_hold_ops link_crowd_hold = {
    .serve = crowd_serve,
    .commit = crowd_commit,
    .leave = crowd_leave,
    .destroy = crowd_destroy,
};
