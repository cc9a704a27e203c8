/* SPDX-License-Identifier: Apache-2.0 */
/* Orders of one request for several mirrors: see link_order_batch_priv.h. */
#include "link/link_order_batch_priv.h"

#include "connect/log.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.connect.link.Orders");

enum { WRITE_MS = 15000 };

static void *mirror_at(const struct link_order_batch *batch, size_t i)
{
    return (char *)batch->mirrors + i * batch->kind->mirror_size;
}

/* ---- loading ---- */

static void load(const struct link_order_batch *batch, size_t i)
{
    struct link_outcome *outcome = &batch->outcomes[i];
    void *mirror = mirror_at(batch, i);
    struct kc_error *err = batch->kind->load(batch->control, outcome->name, mirror);
    if (err)
        link_outcome_refuse(outcome, kc_error_code(err) == KC_ERR_NOT_FOUND ? 404 : 500, "%s",
                            kc_error_text(err));
    else
        batch->kind->check(batch, mirror, outcome);
    kc_error_destroy(err);
}

void link_order_batch_open(struct link_order_batch *batch, const struct kc_strings *names,
                           struct link_outcomes *outcomes)
{
    size_t first = outcomes->count;
    for (size_t i = 0; i < names->count; i++)
        link_outcomes_add(outcomes, names->items[i]);
    batch->count = names->count;
    batch->mirrors = kc_calloc(batch->count + 1, batch->kind->mirror_size);
    batch->outcomes = outcomes->items + first;
    for (size_t i = 0; i < batch->count; i++)
        load(batch, i);
}

void link_order_batch_close(struct link_order_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        batch->kind->clear(mirror_at(batch, i));
    free(batch->mirrors);
    batch->mirrors = NULL;
}

void link_order_batch_say_under_way(const struct link_order_batch *batch, const void *mirror,
                                    struct link_outcome *outcome)
{
    struct link_order_facts facts = batch->kind->facts(mirror);
    link_outcome_refuse(outcome, batch->request->dry_run ? 200 : 202,
                        "%s is %s; the last order (%s) was given %lld s ago by %s. Nothing new was "
                        "ordered",
                        facts.name, facts.state, facts.wish,
                        (long long)(kc_now_ms() - facts.since_ms) / 1000, facts.by);
}

/* ---- blockers ---- */

void link_order_batch_block(const struct link_order_batch *batch)
{
    size_t size = batch->kind->mirror_size, count = 0;
    char *mirrors = kc_calloc(batch->count + 1, size);
    struct link_outcome *outcomes = kc_calloc(batch->count + 1, sizeof(*outcomes));
    size_t *places = kc_calloc(batch->count + 1, sizeof(*places));
    for (size_t i = 0; i < batch->count; i++) {
        if (batch->outcomes[i].status || link_outcome_blocked(&batch->outcomes[i]))
            continue;
        memcpy(mirrors + count * size, mirror_at(batch, i), size);
        outcomes[count] = batch->outcomes[i];
        places[count++] = i;
    }
    if (count)
        batch->kind->block(batch, mirrors, outcomes, count);
    for (size_t k = 0; k < count; k++)
        batch->outcomes[places[k]] = outcomes[k];
    free(places);
    free(outcomes);
    free(mirrors);
}

/* ---- writing ---- */

/* Whether the order is still the one that was checked; if not, the outcome says so. */
static bool is_unchanged(const struct link_order_batch *batch, size_t i)
{
    const struct link_order_kind *kind = batch->kind;
    struct link_order_facts before = kind->facts(mirror_at(batch, i));
    void *mirror = kc_calloc(1, kind->mirror_size);
    struct kc_error *err = kind->load(batch->control, before.name, mirror);
    struct link_order_facts now = err ? before : kind->facts(mirror);
    bool same = !err && now.epoch == before.epoch;
    if (err)
        link_outcome_refuse(&batch->outcomes[i], 404, "%s", kc_error_text(err));
    else if (!same)
        link_outcome_refuse(&batch->outcomes[i], 409,
                            "Somebody else (%s) has ordered %s for %s%s at the same time. Look at "
                            "its state, and ask again if that isn't what you want",
                            now.by, now.wish, kind->what, now.name);
    kc_error_destroy(err);
    kind->clear(mirror);
    free(mirror);
    return same;
}

static void log_order(const struct link_order_batch *batch, const char *name)
{
    kc_info("Link %s: mirror %s %s is to be %s, asked by %s%s", batch->control->config->name,
            batch->kind->noun, name, batch->kind->done(batch->wish), batch->request->by,
            batch->request->force ? ", by force" : "");
}

/* Holds the lock. */
static struct kc_error *write_locked(const struct link_order_batch *batch)
{
    struct link_change *changes = kc_calloc(batch->count + 1, sizeof(*changes));
    size_t count = 0;
    for (size_t i = 0; i < batch->count; i++) {
        if (!link_outcome_settle(&batch->outcomes[i], batch->request) || !is_unchanged(batch, i))
            continue;
        void *mirror = mirror_at(batch, i);
        changes[count++] =
            (struct link_change){batch->kind->resource, batch->kind->facts(mirror).name,
                                 batch->kind->renew(batch, mirror)};
    }
    struct kc_error *err =
        count ? link_store_put(batch->control->store, changes, count, WRITE_MS) : NULL;
    for (size_t i = 0; i < count && !err; i++)
        log_order(batch, changes[i].name);
    free(changes);
    return err;
}

struct kc_error *link_order_batch_write(const struct link_order_batch *batch)
{
    pthread_mutex_lock(&batch->control->ordering);
    struct kc_error *err = write_locked(batch);
    pthread_mutex_unlock(&batch->control->ordering);
    return err ? kc_error_prefix(err, "The orders can't be stored") : NULL;
}
