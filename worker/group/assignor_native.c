/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rounds in which some work is for some members alone (assignor_priv.h): connectors that Java has
 * none of, in a group that has Java workers as well.
 *
 * Such a round is two rounds, each with an assignor of its own: native work among the members that
 * can run it, all other work among all members. So neither is weighed against the other, and native
 * work is never moved for the balance to where it can't run.
 */
#include "connect/log.h"
#include "group/assignor_priv.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log =
    KC_LOGGER("org.apache.kafka.connect.runtime.distributed.IncrementalCooperativeAssignor");

struct kc_assignors {
    struct kc_assignor *general;
    struct kc_assignor *native;
    bool apart; /* the last round was two */
    char *told; /* the last message, so that it is logged once; NULL: none */
};

struct kc_assignors *kc_assignors_new(int max_delay_ms)
{
    struct kc_assignors *assignors = kc_calloc(1, sizeof(*assignors));
    assignors->general = kc_assignor_new(max_delay_ms);
    assignors->native = kc_assignor_new(max_delay_ms);
    return assignors;
}

void kc_assignors_destroy(struct kc_assignors *assignors)
{
    if (!assignors)
        return;
    kc_assignor_destroy(assignors->general);
    kc_assignor_destroy(assignors->native);
    free(assignors->told);
    free(assignors);
}

/* ---- the two parts ---- */

/* What is in both. */
static void intersect(struct kc_work *result, const struct kc_work *a, const struct kc_work *b)
{
    struct kc_work rest = {0};
    kc_work_copy(&rest, a);
    kc_work_remove_all(&rest, b);
    kc_work_copy(result, a);
    kc_work_remove_all(result, &rest);
    kc_work_clear(&rest);
}

/* A part of the round: this work, among all members or among those that can run native work. */
static void make_part(struct kc_round *part, const struct kc_round *round,
                      const struct kc_work *configured, bool native)
{
    *part = (struct kc_round){.configured = configured,
                              .last_completed_generation = round->last_completed_generation,
                              .generation = round->generation,
                              .now_ms = round->now_ms};
    part->members = kc_calloc(round->count, sizeof(*part->members));
    for (size_t i = 0; i < round->count; i++) {
        const struct kc_round_member *from = &round->members[i];
        if (native && !from->native)
            continue;
        struct kc_round_member *to = &part->members[part->count++];
        to->id = kc_strdup(from->id);
        to->url = kc_strdup(from->url);
        intersect(&to->owned, &from->owned, configured);
    }
}

static struct kc_round_member *find(const struct kc_round *round, const char *id)
{
    for (size_t i = 0; i < round->count; i++)
        if (strcmp(round->members[i].id, id) == 0)
            return &round->members[i];
    return NULL;
}

static void add_part(struct kc_round *round, const struct kc_round *part)
{
    for (size_t i = 0; i < part->count; i++) {
        const struct kc_round_member *from = &part->members[i];
        struct kc_round_member *to = find(round, from->id);
        kc_work_add_all(&to->assigned, &from->assigned);
        kc_work_add_all(&to->revoked, &from->revoked);
        kc_work_add_all(&to->all, &from->all);
    }
    if (part->delay_ms && (!round->delay_ms || part->delay_ms < round->delay_ms))
        round->delay_ms = part->delay_ms;
}

/* Native work that is where it can't run, and work that isn't configured any more, is taken away.
 * misplaced: the former; it is given to somebody in the next round, when nobody has it. */
static void revoke_misplaced(struct kc_round *round, struct kc_work *misplaced)
{
    for (size_t i = 0; i < round->count; i++) {
        struct kc_round_member *member = &round->members[i];
        struct kc_work wrong = {0}, gone = {0};
        if (!member->native)
            intersect(&wrong, &member->owned, round->native);
        kc_work_copy(&gone, &member->owned);
        kc_work_remove_all(&gone, round->configured);
        kc_work_add_all(&member->revoked, &wrong);
        kc_work_add_all(&member->revoked, &gone);
        kc_work_add_all(misplaced, &wrong);
        kc_work_clear(&wrong);
        kc_work_clear(&gone);
    }
}

/* After a round that was two: what the native one had given, and isn't configured any more, is
 * unknown to the general one. */
static void assign_together(struct kc_assignors *assignors, struct kc_round *round)
{
    kc_assignor_assign(assignors->general, round);
    for (size_t i = 0; i < round->count && assignors->apart; i++) {
        struct kc_round_member *member = &round->members[i];
        struct kc_work gone = {0};
        kc_work_copy(&gone, &member->owned);
        kc_work_remove_all(&gone, round->configured);
        kc_work_add_all(&member->revoked, &gone);
        kc_work_remove_all(&member->all, &gone);
        kc_work_clear(&gone);
    }
}

static void assign_apart(struct kc_assignors *assignors, struct kc_round *round)
{
    struct kc_round general = {0}, native = {0};
    struct kc_work common = {0}, misplaced = {0}, placed = {0};
    revoke_misplaced(round, &misplaced);
    kc_work_copy(&common, round->configured);
    kc_work_remove_all(&common, round->native);
    kc_work_copy(&placed, round->native);
    kc_work_remove_all(&placed, &misplaced);
    make_part(&general, round, &common, false);
    make_part(&native, round, &placed, true);
    kc_assignor_assign(assignors->general, &general);
    kc_assignor_assign(assignors->native, &native);
    round->delay_ms = 0;
    add_part(round, &general);
    add_part(round, &native);
    kc_round_clear(&general);
    kc_round_clear(&native);
    kc_work_clear(&common);
    kc_work_clear(&misplaced);
    kc_work_clear(&placed);
}

/* ---- a round ---- */

/* Takes text; NULL: there is nothing to tell. */
static void tell_once(struct kc_assignors *assignors, char *text)
{
    if (text && (!assignors->told || strcmp(assignors->told, text) != 0))
        kc_info("%s", text);
    free(assignors->told);
    assignors->told = text;
}

static char *describe(const struct kc_round *round, size_t others)
{
    char *connectors = kc_strings_join(&round->native->connectors, ", ");
    char *text = kc_asprintf("The group has %zu worker%s of Java's, which can't run %s: only "
                             "Isthmus workers are given %s",
                             others, others == 1 ? "" : "s", connectors,
                             round->native->connectors.count == 1 ? "it" : "these");
    free(connectors);
    return text;
}

void kc_assignors_assign(struct kc_assignors *assignors, struct kc_round *round)
{
    size_t others = 0;
    for (size_t i = 0; i < round->count; i++)
        others += !round->members[i].native;
    bool apart =
        others > 0 && others < round->count && round->native && !kc_work_empty(round->native);
    if (apart)
        assign_apart(assignors, round);
    else
        assign_together(assignors, round);
    assignors->apart = apart;
    tell_once(assignors, apart ? describe(round, others) : NULL);
}
