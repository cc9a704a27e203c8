/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lease of a task (link_lease_priv.h).
 *
 * A record is taken over when it is released, or when it hasn't changed for one and a half times
 * its duration. Two that take it at the same time write the same epoch, and the first record wins
 * (link_store.c). A thread renews the lease at a third of its duration; a task that is held up, or
 * can't reach the target, loses the right to write by the clock alone.
 *
 * Leases are called 0/2, 1/2: which task, of how many. With another number of tasks, topics belong
 * to other tasks. So a task first waits until no lease of another number is held.
 */
#include "link/link_lease_priv.h"

#include "connect/log.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.connect.link.LinkLease");

#define RETRY_MS 500 /* after a write that failed */

struct link_lease {
    struct link_store *store;
    char *link;
    char *name;
    char *holder;
    int64_t epoch;
    int64_t renewals; /* the renewing thread's */
    int64_t duration_ms;
    _Atomic int64_t until_ms; /* 0: lost */
    struct kc_thread *renewer;
};

/* ---- the record ---- */

/* False: there is no lease that can be read, which is as good as none. */
static bool read_record(struct link_store *store, const char *name, struct kc_link_lease *record)
{
    json_t *json = link_store_get(store, KC_LINK_LEASE, name);
    struct kc_error *err =
        json ? kc_link_lease_parse(json, record) : kc_error_new(KC_ERR_NOT_FOUND, "none");
    json_decref(json);
    bool found = !err;
    kc_error_destroy(err);
    return found;
}

/* Whether somebody has it; the record is filled in as far as there is one. */
static bool is_held(struct link_store *store, const char *name, struct kc_link_lease *record)
{
    return read_record(store, name, record) && record->holder && *record->holder;
}

static bool is_ours(const struct link_lease *lease)
{
    struct kc_link_lease now = {0};
    bool ours = read_record(lease->store, lease->name, &now) && now.epoch == lease->epoch &&
                strcmp(now.holder, lease->holder) == 0;
    kc_link_lease_clear(&now);
    return ours;
}

/* Writes the record, with the holder or without one. The lease's end counts from before that. */
static struct kc_error *write_record(struct link_lease *lease, const char *holder)
{
    const struct kc_link_lease record = {.holder = (char *)holder,
                                         .epoch = lease->epoch,
                                         .renewals = lease->renewals,
                                         .duration_ms = lease->duration_ms};
    int64_t begun = kc_mono_ms();
    struct link_change change = {KC_LINK_LEASE, lease->name, kc_link_lease_json(&record)};
    struct kc_error *err =
        link_store_put(lease->store, &change, 1, kc_timeout_ms(lease->duration_ms));
    if (!err)
        atomic_store(&lease->until_ms, is_ours(lease) ? begun + lease->duration_ms : 0);
    return err;
}

/* ---- renewing ---- */

static void renew(void *arg, struct kc_stop *stop)
{
    struct link_lease *lease = arg;
    int64_t next_ms = kc_mono_ms() + lease->duration_ms / 3;
    while (!kc_stop_wait_until(stop, next_ms)) {
        if (!is_ours(lease)) {
            atomic_store(&lease->until_ms, 0);
            kc_warn("Link '%s': another worker has taken over task %s; this one writes nothing "
                    "any more.",
                    lease->link, lease->name);
            return;
        }
        if (!link_store_is_kept(lease->store)) { /* it says so; the lease ends meanwhile */
            next_ms = kc_mono_ms() + RETRY_MS;
            continue;
        }
        lease->renewals++;
        next_ms = kc_mono_ms() + lease->duration_ms / 3;
        struct kc_error *err = write_record(lease, lease->holder);
        if (!err)
            continue;
        kc_warn("Link '%s', task %s: the lease can't be renewed, and ends in %lld ms: %s",
                lease->link, lease->name, (long long)(atomic_load(&lease->until_ms) - kc_mono_ms()),
                kc_error_text(err));
        kc_error_destroy(err);
        next_ms = kc_mono_ms() + RETRY_MS;
    }
}

/* ---- taking ---- */

/* Waits until the lease of that name is free. *epoch is that of the last holder, 0 where there was
 * none. */
static struct kc_error *await_free(struct link_lease *lease, const char *name, struct kc_stop *stop,
                                   int64_t *epoch)
{
    int64_t seen_epoch = -1, seen_renewals = -1, free_ms = 0;
    for (;;) {
        struct kc_link_lease now = {0};
        uint64_t version = link_store_version(lease->store);
        bool held = is_held(lease->store, name, &now);
        bool changed = now.epoch != seen_epoch || now.renewals != seen_renewals;
        if (held && changed) {
            if (seen_epoch < 0)
                kc_info("Link '%s', task %s waits for the lease %s that %s holds.", lease->link,
                        lease->name, name, now.holder);
            free_ms = kc_mono_ms() + now.duration_ms + now.duration_ms / 2;
        }
        seen_epoch = now.epoch;
        seen_renewals = now.renewals;
        *epoch = now.epoch;
        kc_link_lease_clear(&now);
        if (!held || kc_mono_ms() >= free_ms)
            return NULL;
        int64_t wait_ms = kc_mono_ms() + 200;
        link_store_wait(lease->store, version, wait_ms < free_ms ? wait_ms : free_ms);
        if (kc_stop_is_set(stop))
            return kc_error_new(KC_ERR_WAKEUP, "Stopped while waiting for the lease");
    }
}

static struct link_lease *lease_new(struct link_store *store, const struct link_config *config)
{
    struct link_lease *lease = kc_calloc(1, sizeof(*lease));
    char host[256] = "";
    uint64_t number = (uint64_t)kc_mono_us();
    if (gethostname(host, sizeof(host) - 1) != 0)
        host[0] = '\0';
    if (getrandom(&number, sizeof(number), GRND_NONBLOCK) != (ssize_t)sizeof(number))
        number ^= (uint64_t)getpid() << 32;
    lease->store = store;
    lease->link = kc_strdup(config->name);
    lease->name = kc_asprintf("%d/%d", config->task, config->tasks);
    lease->holder = kc_asprintf("%s-%d-%016llx", host, (int)getpid(), (unsigned long long)number);
    lease->duration_ms = config->lease_ms;
    return lease;
}

static void lease_free(struct link_lease *lease)
{
    free(lease->link);
    free(lease->name);
    free(lease->holder);
    free(lease);
}

void link_lease_former(const struct link_lease *lease, struct kc_strings *names)
{
    struct kc_strings all = {0};
    const char *count = strchr(lease->name, '/');
    link_store_names(lease->store, KC_LINK_LEASE, &all);
    for (size_t i = 0; i < all.count; i++) {
        const char *other = strchr(all.items[i], '/');
        if (other && strcmp(other, count) != 0)
            kc_strings_add(names, all.items[i]);
    }
    kc_strings_destroy(&all);
}

/* The leases of another number of tasks that somebody holds. */
static void list_others(const struct link_lease *lease, struct kc_strings *names)
{
    struct kc_strings all = {0};
    link_lease_former(lease, &all);
    for (size_t i = 0; i < all.count; i++) {
        struct kc_link_lease now = {0};
        if (is_held(lease->store, all.items[i], &now))
            kc_strings_add(names, all.items[i]);
        kc_link_lease_clear(&now);
    }
    kc_strings_destroy(&all);
}

/* Waits for one of them, and closes it: whoever held it can't renew it any more. */
static struct kc_error *close_other(struct link_lease *lease, const char *name,
                                    struct kc_stop *stop)
{
    int64_t epoch = 0;
    struct kc_error *err = await_free(lease, name, stop, &epoch);
    if (err)
        return err;
    const struct kc_link_lease closed = {
        .holder = (char *)"", .epoch = epoch + 1, .duration_ms = lease->duration_ms};
    struct link_change change = {KC_LINK_LEASE, name, kc_link_lease_json(&closed)};
    return link_store_put(lease->store, &change, 1, kc_timeout_ms(lease->duration_ms));
}

static struct kc_error *close_others(struct link_lease *lease, struct kc_stop *stop)
{
    struct kc_strings names = {0};
    struct kc_error *err = NULL;
    list_others(lease, &names);
    for (size_t i = 0; !err && i < names.count; i++)
        err = close_other(lease, names.items[i], stop);
    kc_strings_destroy(&names);
    return err;
}

/* A task of another number may have taken its lease at the same time: its record, which came before
 * ours in the topic, has been read when ours has. Then ours is given back. */
static struct kc_error *yield_to_others(struct link_lease *lease, bool *ours)
{
    struct kc_strings names = {0};
    list_others(lease, &names);
    *ours = names.count == 0;
    kc_strings_destroy(&names);
    return *ours ? NULL : write_record(lease, "");
}

/* States tell holders apart by the epochs of their leases. So one that begins after a change of the
 * number of tasks goes beyond those of the former number. epoch: of the lease's last holder. */
static int64_t next_epoch(const struct link_lease *lease, int64_t epoch)
{
    struct kc_strings all = {0};
    link_lease_former(lease, &all);
    for (size_t i = 0; i < all.count; i++) {
        struct kc_link_lease other = {0};
        if (read_record(lease->store, all.items[i], &other) && other.epoch > epoch)
            epoch = other.epoch;
        kc_link_lease_clear(&other);
    }
    kc_strings_destroy(&all);
    return epoch + 1;
}

static struct kc_error *claim_once(struct link_lease *lease, struct kc_stop *stop, bool *ours)
{
    int64_t epoch = 0;
    struct kc_error *err = link_store_read_to_end(lease->store, kc_timeout_ms(lease->duration_ms));
    *ours = false;
    if (!err)
        err = close_others(lease, stop);
    if (!err)
        err = await_free(lease, lease->name, stop, &epoch);
    if (err)
        return err;
    lease->epoch = next_epoch(lease, epoch);
    err = write_record(lease, lease->holder);
    return err || atomic_load(&lease->until_ms) == 0 ? err : yield_to_others(lease, ours);
}

/* Tries until the lease is ours: another task may be faster. */
static struct kc_error *claim(struct link_lease *lease, struct kc_stop *stop)
{
    for (;;) {
        bool ours = false;
        struct kc_error *err = claim_once(lease, stop, &ours);
        if (ours || (err && !kc_error_retriable(err)))
            return err;
        if (err)
            kc_warn("%s. It is tried again.", kc_error_text(err));
        kc_error_destroy(err);
        if (kc_stop_wait_until(stop, kc_mono_ms() + RETRY_MS))
            return kc_error_new(KC_ERR_WAKEUP, "Stopped while waiting for the lease");
    }
}

struct kc_error *link_lease_take(struct link_store *store, const struct link_config *config,
                                 struct kc_stop *stop, struct link_lease **lease)
{
    struct link_lease *made = lease_new(store, config);
    struct kc_error *err = claim(made, stop);
    if (!err)
        err = kc_thread_new("link-lease", renew, made, &made->renewer);
    if (err) {
        lease_free(made);
        return err;
    }
    kc_info("Link '%s', task %s has the lease, epoch %lld.", made->link, made->name,
            (long long)made->epoch);
    *lease = made;
    return NULL;
}

/* ---- using and releasing ---- */

int64_t link_lease_until(const struct link_lease *lease)
{
    return atomic_load(&((struct link_lease *)lease)->until_ms);
}

bool link_lease_holds(const struct link_lease *lease)
{
    return kc_mono_ms() < link_lease_until(lease);
}

int64_t link_lease_epoch(const struct link_lease *lease)
{
    return lease->epoch;
}

void link_lease_release(struct link_lease *lease)
{
    if (!lease)
        return;
    kc_thread_destroy(lease->renewer);
    if (is_ours(lease)) {
        struct kc_error *err = write_record(lease, "");
        if (err)
            kc_warn("Link '%s', task %s can't give its lease back; a successor waits for its end: "
                    "%s",
                    lease->link, lease->name, kc_error_text(err));
        kc_error_destroy(err);
    }
    lease_free(lease);
}
