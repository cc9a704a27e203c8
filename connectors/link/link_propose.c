/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proposes waves: GET /links/{link}/waves:propose. On the connector's thread.
 *
 * Topics that somebody writes as one stand in one batch. Small sets come first, so that people
 * learn on what costs little. A group stands with the first of its topics. The answer has a
 * manifest, which can be posted as it is, and of each batch what it moves and what would break.
 */
#include "link/link_propose_priv.h"

#include "link/link_plan_priv.h"
#include "link/link_resource_priv.h"
#include "link/link_view_priv.h"
#include "link/link_writers_priv.h"

#include <stdlib.h>
#include <string.h>

enum { BATCH_TOPICS = 50 };

/* ---- sets of topics ---- */

size_t link_sets_root(size_t *parents, size_t i)
{
    while (parents[i] != i) {
        parents[i] = parents[parents[i]];
        i = parents[i];
    }
    return i;
}

static bool find_source(const struct link_mirrors *mirrors, const char *source, size_t *index)
{
    for (size_t i = 0; i < mirrors->count; i++)
        if (strcmp(mirrors->items[i].order.source_topic, source) == 0) {
            *index = i;
            return true;
        }
    return false;
}

void link_sets_join(size_t *parents, const struct link_mirrors *mirrors,
                    const struct link_writers *writers)
{
    for (size_t i = 0; i < mirrors->count; i++)
        parents[i] = i;
    for (size_t w = 0; w < writers->count; w++) {
        const struct kc_strings *topics = &writers->items[w].topics;
        size_t first = 0, other = 0;
        bool any = false;
        for (size_t k = 0; k < topics->count; k++) {
            if (!find_source(mirrors, topics->items[k], &other))
                continue;
            if (any)
                parents[link_sets_root(parents, other)] = link_sets_root(parents, first);
            first = any ? first : other;
            any = true;
        }
    }
}

/* ---- batches ---- */

/* A set of topics that move together, and how much it is. */
struct topic_set {
    size_t root;
    size_t topics;
    int64_t records;
};

static int64_t records_of(const struct link_lags *lags)
{
    int64_t sum = 0;
    for (size_t k = 0; k < lags->count; k++)
        if (lags->items[k].source_end > lags->items[k].source_start)
            sum += lags->items[k].source_end - lags->items[k].source_start;
    return sum;
}

static int by_records(const void *left, const void *right)
{
    const struct topic_set *a = left, *b = right;
    if (a->records != b->records)
        return a->records < b->records ? -1 : 1;
    return (a->root > b->root) - (a->root < b->root);
}

static size_t list_sets(const struct link_mirrors *mirrors, size_t *parents, struct topic_set *sets)
{
    size_t count = 0;
    size_t *places = kc_calloc(mirrors->count + 1, sizeof(*places));
    for (size_t i = 0; i < mirrors->count; i++) {
        size_t root = link_sets_root(parents, i);
        if (!places[root]) {
            sets[count] = (struct topic_set){.root = root};
            places[root] = ++count;
        }
        struct topic_set *set = &sets[places[root] - 1];
        set->topics++;
        set->records += mirrors->look.count ? records_of(&mirrors->look.topics[i]) : 0;
    }
    free(places);
    if (count)
        qsort(sets, count, sizeof(*sets), by_records);
    return count;
}

size_t link_sets_batches(const struct link_mirrors *mirrors, size_t *parents, size_t most,
                         size_t *batches)
{
    size_t count = 0, filled = 0;
    size_t *of_root = kc_calloc(mirrors->count + 1, sizeof(*of_root));
    struct topic_set *sets = kc_calloc(mirrors->count + 1, sizeof(*sets));
    size_t set_count = list_sets(mirrors, parents, sets);
    for (size_t i = 0; i < set_count; i++) {
        if (count == 0 || filled + sets[i].topics > most) {
            count++;
            filled = 0;
        }
        filled += sets[i].topics;
        of_root[sets[i].root] = count - 1;
    }
    for (size_t i = 0; i < mirrors->count; i++)
        batches[i] = of_root[link_sets_root(parents, i)];
    free(of_root);
    free(sets);
    return count;
}

/* ---- how large a batch is ---- */

/* -1: it isn't known. */
static int64_t bytes_of(const struct link_lags *lags, int64_t records)
{
    if (records <= 0)
        return records;
    return lags->record_bytes >= 0 ? (int64_t)((double)records * lags->record_bytes + 0.5) : -1;
}

static int64_t add_known(int64_t sum, int64_t more)
{
    return sum < 0 || more < 0 ? -1 : sum + more;
}

void link_batch_measure(const struct link_mirrors *mirrors, const size_t *batches, size_t batch,
                        struct link_batch_size *size)
{
    *size = (struct link_batch_size){0};
    for (size_t i = 0; i < mirrors->count; i++) {
        if (batches[i] != batch)
            continue;
        const struct link_lags *lags = &mirrors->look.topics[i];
        int64_t records = records_of(lags);
        size->records += records;
        size->lag = add_known(size->lag, lags->lag);
        size->bytes = add_known(size->bytes, bytes_of(lags, records));
        size->lag_bytes = add_known(size->lag_bytes, bytes_of(lags, lags->lag));
        size->records_per_second += lags->source_rate > 0 ? lags->source_rate : 0;
    }
}

/* ---- the answer ---- */

/* All that a proposal is made of. */
struct proposal {
    struct link_control *control;
    struct link_mirrors mirrors;   /* that aren't promoted yet */
    struct link_outcomes outcomes; /* of a dry run of promoting each */
    struct link_writers writers;
    struct link_commits commits;
    struct link_rights_gaps gaps;
    size_t *batches; /* by mirror */
    size_t batch_count;
};

static void add_group(const struct proposal *proposal, size_t group, json_t *batches)
{
    size_t first = proposal->batch_count;
    for (size_t i = 0; i < proposal->mirrors.count; i++)
        if (proposal->batches[i] < first &&
            link_commits_has(&proposal->commits, group,
                             proposal->mirrors.items[i].order.source_topic))
            first = proposal->batches[i];
    if (first < proposal->batch_count)
        json_array_append_new(json_object_get(json_array_get(batches, first), "groups"),
                              json_string(proposal->commits.target_groups.items[group]));
}

static json_t *view_manifest(const struct proposal *proposal)
{
    json_t *batches = json_array();
    for (size_t b = 0; b < proposal->batch_count; b++) {
        json_t *topics = json_array();
        for (size_t i = 0; i < proposal->mirrors.count; i++)
            if (proposal->batches[i] == b)
                json_array_append_new(topics, json_string(proposal->mirrors.items[i].name));
        json_array_append_new(batches, json_pack("{s:o, s:[]}", "topics", topics, "groups"));
    }
    for (size_t g = 0; g < proposal->commits.groups.count; g++)
        if (!proposal->commits.promoted[g])
            add_group(proposal, g, batches);
    return json_pack("{s:s, s:o}", "wave_name", "proposed", "batches", batches);
}

/* What would break, but for a source that isn't quiet: before a wave it never is. */
static void add_blockers(json_t *list, const struct link_outcome *outcome)
{
    for (size_t i = 0; i < outcome->blocker_count; i++) {
        const struct link_blocker *blocker = &outcome->blockers[i];
        if (strcmp(blocker->code, "SOURCE_NOT_QUIET") != 0)
            json_array_append_new(list,
                                  json_pack("{s:s, s:s, s:s, s:b}", "mirror_topic_name",
                                            outcome->name, "code", blocker->code, "message",
                                            blocker->message, "warning", (int)blocker->warning));
    }
}

static json_t *view_batch(const struct proposal *proposal, size_t batch)
{
    struct link_batch_size size;
    int64_t predicted = -1;
    json_t *blockers = json_array();
    link_batch_measure(&proposal->mirrors, proposal->batches, batch, &size);
    for (size_t i = 0; i < proposal->mirrors.count; i++) {
        if (proposal->batches[i] != batch)
            continue;
        const struct link_outcome *outcome = &proposal->outcomes.items[i];
        predicted = outcome->predicted_ms > predicted ? outcome->predicted_ms : predicted;
        add_blockers(blockers, outcome);
        link_rights_gaps_view(&proposal->gaps, proposal->mirrors.items[i].name, blockers);
    }
    return json_pack("{s:i, s:I, s:o, s:o, s:o, s:f, s:o, s:o}", "batch", (int)batch, "records",
                     (json_int_t)size.records, "bytes", link_view_number(size.bytes), "lag",
                     link_view_number(size.lag), "lag_bytes", link_view_number(size.lag_bytes),
                     "records_per_second", size.records_per_second, "predicted_ms",
                     link_view_number(predicted), "blockers", blockers);
}

static json_t *view_writers(const struct proposal *proposal)
{
    json_t *list = json_array();
    for (size_t w = 0; w < proposal->writers.count; w++) {
        const struct link_writer *writer = &proposal->writers.items[w];
        json_t *topics = json_array();
        for (size_t k = 0; k < writer->topics.count; k++)
            json_array_append_new(topics, json_string(writer->topics.items[k]));
        json_array_append_new(list, json_pack("{s:s, s:s, s:o}", "kind",
                                              writer->streams ? "streams" : "transactional_id",
                                              "name", writer->name, "source_topics", topics));
    }
    return list;
}

static json_t *view_users(const struct proposal *proposal)
{
    json_t *list = json_array();
    for (size_t i = 0; i < proposal->gaps.users.count; i++)
        json_array_append_new(list, json_string(proposal->gaps.users.items[i]));
    return list;
}

static json_t *view(const struct proposal *proposal)
{
    json_t *batches = json_array();
    for (size_t b = 0; b < proposal->batch_count; b++)
        json_array_append_new(batches, view_batch(proposal, b));
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:s?, s:s?, s:s?, s:s?}", "link_name",
                     proposal->control->config->name, "manifest", view_manifest(proposal),
                     "batches", batches, "together", view_writers(proposal),
                     "users_without_credentials", view_users(proposal), "users_unknown",
                     proposal->gaps.users_unknown, "writers_unknown", proposal->writers.unknown,
                     "rights_unknown", proposal->gaps.unknown, "source_error",
                     proposal->mirrors.look.source_error);
}

/* ---- gathering ---- */

static void drop_final(struct link_mirrors *mirrors)
{
    size_t kept = 0;
    for (size_t i = 0; i < mirrors->count; i++) {
        if (kc_link_topic_is_final(mirrors->items[i].state.state))
            link_mirror_clear(&mirrors->items[i]);
        else
            mirrors->items[kept++] = mirrors->items[i];
    }
    mirrors->count = kept;
}

static struct kc_error *gather(struct proposal *proposal, size_t most)
{
    const struct link_request dry = {.by = "rest", .dry_run = true};
    struct link_mirrors *mirrors = &proposal->mirrors;
    link_mirrors_load(proposal->control, NULL, mirrors);
    drop_final(mirrors);
    for (size_t i = 0; i < mirrors->count; i++)
        link_outcomes_add(&proposal->outcomes, mirrors->items[i].name);
    link_block_promotions(proposal->control, mirrors->items, proposal->outcomes.items,
                          mirrors->count, &dry, &mirrors->look);
    link_look_clear(&mirrors->look);
    link_mirrors_look(proposal->control, mirrors, false);
    link_plan_samples(proposal->control->config, &mirrors->look);
    struct kc_error *err =
        link_writers_load(proposal->control, mirrors->items, mirrors->count, &proposal->writers);
    if (err)
        return err;
    free(link_commits_load(proposal->control, &proposal->commits));
    link_rights_gaps_load(proposal->control, mirrors->items, mirrors->count, &proposal->gaps);
    size_t *parents = kc_calloc(mirrors->count + 1, sizeof(*parents));
    proposal->batches = kc_calloc(mirrors->count + 1, sizeof(*proposal->batches));
    link_sets_join(parents, mirrors, &proposal->writers);
    proposal->batch_count = link_sets_batches(mirrors, parents, most, proposal->batches);
    free(parents);
    return NULL;
}

void link_get_proposal(void *connector, struct kc_resource_request *request)
{
    struct proposal proposal = {.control = link_resource_control(connector, request)};
    int64_t most = BATCH_TOPICS;
    const char *text = kc_resource_query(request, "batch_topics", 0);
    if (!proposal.control)
        return;
    struct kc_error *err =
        text ? link_ask_number(text, "batch_topics", LINK_ASK_MAX_NAMES, &most) : NULL;
    if (!err)
        err = gather(&proposal, most > 0 ? (size_t)most : 1);
    if (err)
        kc_resource_answer_error(request, err);
    else
        kc_resource_answer_json(request, 200, view(&proposal));
    free(proposal.batches);
    link_rights_gaps_clear(&proposal.gaps);
    link_commits_clear(&proposal.commits);
    link_writers_clear(&proposal.writers);
    link_outcomes_clear(&proposal.outcomes);
    link_mirrors_clear(&proposal.mirrors);
}
