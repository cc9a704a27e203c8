/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A partition: where it stands, how it moves, and what follows from what was asked of brokers. The
 * task's thread.
 */
#include "connect/log.h"
#include "link/copy_priv.h"
#include "link/copy_reasons_priv.h"

#include <string.h>
#include <utlist.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.link.copy");

enum {
    LOOK_AGAIN_MS = 100, /* after the first failure, then twice as long each time up to: */
    LOOK_MOST_MS = 5000,
    SURE_LOOKS = 3,   /* before something is held for somebody else's doing */
    AWAY_MS = 5000,   /* without an answer of the source */
    STUCK_MS = 10000, /* that the last stable offset may stand still */
    CHECK_MS = 500,
    CHECK_SLOW_MS = 3000,  /* after a check that failed */
    CHECK_WHOLE_MS = 3000, /* between checks of everything at rest */
    CUT_AGAIN_MS = 30000,  /* between cuts while copying */
    TRAILING_MS = 500,     /* before the gap at the source's end is filled */
};

#define TO(phase) (1U << (phase))

static const unsigned may_move[COPY_PHASES] = {
    [COPY_LOOK] = TO(COPY_SAVE) | TO(COPY_ALIGN) | TO(COPY_CUT) | TO(COPY_RUN) | TO(COPY_REST) |
                  TO(COPY_DIVERGED) | TO(COPY_FAILED),
    [COPY_SAVE] = TO(COPY_ALIGN) | TO(COPY_CUT) | TO(COPY_RUN) | TO(COPY_DRAIN),
    [COPY_ALIGN] = TO(COPY_CUT) | TO(COPY_DRAIN),
    [COPY_CUT] = TO(COPY_RUN) | TO(COPY_DRAIN),
    [COPY_RUN] = TO(COPY_DRAIN),
    [COPY_DRAIN] = TO(COPY_LOOK) | TO(COPY_REST) | TO(COPY_DIVERGED) | TO(COPY_FAILED),
    [COPY_REST] = TO(COPY_LOOK),
};

static const char *const phase_names[COPY_PHASES] = {
    "looking",  "saving", "aligning", "cutting", "copying",
    "draining", "paused", "diverged", "failed",
};

struct copy_partition *link_part_new(struct copy_topic *topic, int32_t number,
                                     const struct kc_link_partition *saved)
{
    struct copy_partition *partition = kc_calloc(1, sizeof(*partition));
    *partition =
        (struct copy_partition){.topic = topic,
                                .number = number,
                                .generation = ++topic->copy->generations,
                                .settle_end = -1,
                                .source_start = -1,
                                .source_stable = -1,
                                .source_high = -1,
                                .target_start = -1,
                                .foreign_offset = -1,
                                .stuck_stable = -1,
                                .phase = topic->paused ? COPY_REST : COPY_LOOK,
                                .flips = link_flips_new(),
                                .flips_ms = kc_mono_ms(),
                                .translation = {.dirty = SIZE_MAX, .own = SIZE_MAX, .planned = -1}};
    partition->saved =
        saved ? *saved
              : (struct kc_link_partition){
                    .partition = number, .first_offset = -1, .leader_epoch = -1, .checked = -1};
    return partition;
}

void link_part_free(struct copy_partition *partition)
{
    link_pump_drop(partition);
    link_translate_unlist(partition);
    link_map_clear(&partition->translation.map);
    link_flips_free(partition->flips);
    link_fates_free(partition->fates);
    free(partition->reason);
    free(partition->hanging);
    free(partition);
}

void link_part_set_reason(struct copy_partition *partition, char *reason)
{
    free(partition->reason);
    partition->reason = reason;
}

void link_part_move(struct copy_partition *partition, enum copy_phase phase)
{
    const struct copy_topic *topic = partition->topic;
    if (!(may_move[partition->phase] & TO(phase))) {
        kc_log_error("%s: partition %s-%d can't go from %s to %s", topic->copy->config->name,
                     topic->name, partition->number, phase_names[partition->phase],
                     phase_names[phase]);
        return;
    }
    kc_debug("%s: %s-%d: %s, at offset %lld", topic->copy->config->name, topic->name,
             partition->number, phase_names[phase],
             (long long)link_position_offset(&partition->acked));
    partition->phase = phase;
    partition->generation = ++partition->topic->copy->generations;
    if (phase == COPY_DIVERGED || phase == COPY_FAILED)
        kc_warn("%s: topic %s: %s", topic->copy->config->name, topic->name,
                partition->reason ? partition->reason : phase_names[phase]);
}

/* ---- ending what is under way ---- */

static int64_t look_pause(const struct copy_partition *partition)
{
    int64_t ms = LOOK_AGAIN_MS;
    for (int i = 1; i < partition->looks && ms < LOOK_MOST_MS; i++)
        ms *= 2;
    return ms < LOOK_MOST_MS ? ms : LOOK_MOST_MS;
}

void link_part_drained(struct copy_partition *partition)
{
    struct copy_topic *topic = partition->topic;
    if (partition->phase != COPY_DRAIN || partition->in_flight > 0 || partition->marking ||
        partition->translation.saving)
        return;
    link_pump_drop(partition);
    kc_appender_unblock(topic->copy->appender, topic->name, partition->number);
    if (partition->next_phase == COPY_LOOK) {
        partition->looks++;
        partition->look_at_ms = kc_mono_ms() + look_pause(partition);
    }
    link_part_move(partition, partition->next_phase);
    if (partition->phase == COPY_LOOK && topic->paused)
        link_part_move(partition, COPY_REST);
}

/* What is for good isn't overridden. */
static void decide_next(struct copy_partition *partition, enum copy_phase phase, char *reason)
{
    bool is_set = partition->phase == COPY_DRAIN &&
                  (partition->next_phase == COPY_DIVERGED || partition->next_phase == COPY_FAILED);
    if (is_set) {
        free(reason);
        return;
    }
    partition->next_phase = phase;
    if (reason)
        link_part_set_reason(partition, reason);
}

void link_part_drain(struct copy_partition *partition, enum copy_phase phase, char *reason)
{
    struct copy_topic *topic = partition->topic;
    decide_next(partition, phase, reason);
    if (partition->phase == COPY_DRAIN)
        return;
    if (partition->phase == COPY_LOOK || partition->phase == COPY_REST) {
        if (partition->phase != phase)
            link_part_move(partition, phase);
        return;
    }
    if (partition->phase == COPY_DIVERGED || partition->phase == COPY_FAILED)
        return;
    if (partition->phase == COPY_RUN)
        kc_fetcher_remove(topic->copy->fetcher, topic->source, partition->number);
    link_force_end(partition);
    if (partition->in_flight > 0)
        kc_appender_cancel(topic->copy->appender, topic->name, partition->number);
    link_part_move(partition, COPY_DRAIN);
    partition->unsent = NULL;
    link_part_drained(partition);
}

/* ---- saving ---- */

void link_part_want_save(struct copy_partition *partition, bool blocking)
{
    partition->save_wanted++;
    if (blocking)
        partition->save_needed = partition->save_wanted;
}

bool link_part_is_saved(const struct copy_partition *partition)
{
    return partition->save_done >= partition->save_needed;
}

/* ---- beginning ---- */

int64_t link_part_cut_goal(const struct copy_partition *partition)
{
    int64_t goal = partition->saved.first_offset, at = link_position_offset(&partition->acked);
    if (partition->source_start > partition->saved.base_sequence)
        goal = partition->source_start;
    if (partition->topic->translate && partition->translation.map.count > 0)
        goal = link_map_target(&partition->translation.map, goal);
    return goal < at ? goal : at;
}

/* In a compacted topic records must have keys. What is cut off needn't be anybody's. */
static void align(struct copy_partition *partition)
{
    int64_t at = link_position_offset(&partition->acked);
    struct copy_piece *pieces = NULL, *piece = kc_calloc(1, sizeof(*piece));
    *piece = (struct copy_piece){.kind = COPY_FILLERS,
                                 .offset = at,
                                 .count = partition->saved.first_offset - at,
                                 .source_end = partition->saved.first_offset,
                                 .null_key = !partition->topic->compacted,
                                 .timestamp = kc_now_ms()};
    if (partition->topic->compacted) {
        piece->data = kc_memdup("-", 1);
        piece->len = 1;
        piece->owned = true;
    }
    kc_info("%s: %s-%d: writing %lld offsets that the source no longer has, up to %lld",
            partition->topic->copy->config->name, partition->topic->name, partition->number,
            (long long)piece->count, (long long)partition->saved.first_offset);
    partition->marks_from = partition->saved.first_offset;
    DL_APPEND(pieces, piece);
    link_pump_add(partition, pieces);
}

/* Reading begins where our markers do, so that it is seen that the source has nothing there. */
static int64_t read_from(const struct copy_partition *partition)
{
    int64_t from = partition->marks_from, at = link_position_offset(&partition->acked);
    if (from < partition->source_start)
        from = partition->source_start;
    return from < at ? from : at;
}

void link_part_begin(struct copy_partition *partition)
{
    struct copy_topic *topic = partition->topic;
    int64_t at = link_position_offset(&partition->acked);
    if (at < partition->saved.first_offset && (!topic->translate || topic->gives_up)) {
        link_part_move(partition, COPY_ALIGN);
        align(partition);
        return;
    }
    if (partition->phase != COPY_CUT && partition->target_start < link_part_cut_goal(partition)) {
        link_part_move(partition, COPY_CUT);
        return;
    }
    partition->read = at;
    partition->fetched = read_from(partition);
    if (topic->translate)
        link_translate_begin(partition);
    partition->read_at_ms = kc_mono_ms();
    partition->doubts = 0;
    link_part_set_reason(partition, NULL);
    link_part_move(partition, COPY_RUN);
    kc_fetcher_add(topic->copy->fetcher, topic->source, partition->number, partition->fetched,
                   partition->saved.leader_epoch);
}

/* ---- what a look has found ---- */

static void look_later(struct copy_partition *partition, const struct kc_error *err)
{
    partition->looks++;
    partition->look_at_ms = kc_mono_ms() + look_pause(partition);
    if (err)
        link_part_set_reason(partition, kc_strdup(kc_error_text(err)));
}

static void end_for_good(struct copy_partition *partition, enum copy_phase phase, char *reason)
{
    link_part_set_reason(partition, reason);
    link_part_move(partition, phase);
}

/* What a leader says is in doubt until the log's end has stood still for so long that every replica
 * has what is in it, and that a former leader knows that it is one. */
static void settle(struct copy_partition *partition, const struct copy_item *item, const char *why)
{
    int64_t now = kc_mono_ms();
    if (partition->settle_end != item->target_end) {
        partition->settle_end = item->target_end;
        partition->settle_since_ms = now;
        link_part_set_reason(partition,
                             kc_asprintf("waits %d s, until it is sure where the log of partition "
                                         "%d ends: its leader %s",
                                         COPY_SETTLE_MS / 1000, partition->number, why));
    }
    partition->look_at_ms = now + 1000;
}

/* Nothing but a loss takes from a log's end. The places of the markers that were there aren't known
 * any more. */
static void find_loss(struct copy_partition *partition, const struct copy_item *item)
{
    if (!item->settled || partition->settle_end != item->target_end)
        settle(partition, item, "lacks records that the link has written");
    else
        end_for_good(partition, COPY_DIVERGED,
                     link_reason_lost(item->topic, partition->number, item->checked));
}

static void find_foreign(struct copy_partition *partition, const struct copy_item *item)
{
    int64_t offset = item->foreign >= 0 ? item->foreign : link_position_offset(&item->position);
    if (++partition->doubts < SURE_LOOKS) {
        partition->look_at_ms = kc_mono_ms() + LOOK_AGAIN_MS;
        return;
    }
    partition->foreign_offset = offset;
    end_for_good(partition, COPY_DIVERGED,
                 kc_asprintf("somebody else has written to partition %d at offset %lld",
                             partition->number, (long long)offset));
}

static bool has_lost_records(const struct copy_partition *partition)
{
    int64_t at = link_part_source_at(partition);
    return partition->source_start > at && at > partition->saved.first_offset;
}

static void lose_records(struct copy_partition *partition)
{
    end_for_good(partition, COPY_FAILED,
                 kc_asprintf("the source has deleted records of partition %d before they were "
                             "copied: offsets %lld to %lld (retention, or DeleteRecords). Repair "
                             "goes on behind them",
                             partition->number, (long long)link_part_source_at(partition),
                             (long long)partition->source_start - 1));
}

/* Where the mirror begins; it moves on with the source as long as nothing was copied. */
static void choose_first(struct copy_partition *partition, const struct copy_item *item)
{
    struct kc_link_partition *saved = &partition->saved;
    int64_t first = saved->first_offset >= 0 ? saved->first_offset : item->start_offset;
    int64_t at = link_position_offset(&partition->acked);
    if (first < item->source_start &&
        (at <= first || (partition->topic->repairing && at < item->source_start)))
        first = item->source_start;
    if (saved->first_offset < 0 && at > first && at >= item->source_start)
        first = item->source_start;
    if (first == saved->first_offset)
        return;
    saved->first_offset = saved->base_sequence = first;
    link_part_want_save(partition, true);
}

static void take_position(struct copy_partition *partition, const struct copy_item *item)
{
    partition->acked = partition->sent = item->position;
    partition->marks_from = item->marks_from;
    partition->source_start = item->source_start;
    partition->source_stable = item->source_stable;
    partition->source_high = item->source_high;
    partition->target_start = item->target_start;
    partition->settle_end = -1;
    partition->fence = item->fence;
    if (item->position.markers > 0 || partition->saved.checked >= 0) {
        partition->saved.checked = link_position_offset(&item->position);
        partition->saved.markers = item->position.markers;
    }
    if (!partition->topic->translate)
        choose_first(partition, item);
}

static bool is_cut_short(struct copy_partition *partition)
{
    int64_t at = link_part_source_at(partition);
    if (at <= partition->source_high || at <= partition->saved.first_offset)
        return false;
    if (++partition->doubts < SURE_LOOKS)
        look_later(partition, NULL);
    else
        end_for_good(partition, COPY_DIVERGED,
                     kc_asprintf("the source's log of partition %d ends at offset %lld, although "
                                 "the link has copied up to %lld: its history was cut off "
                                 "(unclean election, acks=1, or the topic was created again)",
                                 partition->number, (long long)partition->source_high,
                                 (long long)at));
    return true;
}

static void go_on(struct copy_partition *partition, struct copy_item *item)
{
    if (link_translate_overtaken(partition, item)) {
        look_later(partition, NULL);
        return;
    }
    take_position(partition, item);
    char *why = partition->topic->translate ? link_translate_position(partition, item) : NULL;
    if (why) {
        end_for_good(partition, COPY_DIVERGED, why);
        return;
    }
    if (is_cut_short(partition))
        return;
    if (has_lost_records(partition))
        lose_records(partition);
    else if (link_part_is_saved(partition))
        link_part_begin(partition);
    else
        link_part_move(partition, COPY_SAVE);
}

void link_part_looked(struct copy_partition *partition, struct copy_item *item)
{
    partition->asking = false;
    if (partition->phase != COPY_LOOK || partition->generation != item->generation)
        return;
    partition->away = item->source_error != NULL;
    if (item->diverged) {
        end_for_good(partition, COPY_DIVERGED, kc_strdup(item->diverged));
    } else if (item->source_error || item->target_error) {
        look_later(partition, item->source_error ? item->source_error : item->target_error);
    } else if (item->finding == COPY_UNSETTLED) {
        settle(partition, item, "no longer knows the link");
    } else if (item->finding == COPY_LESS_THERE) {
        find_loss(partition, item);
    } else if (item->finding == COPY_MORE_THERE) {
        find_foreign(partition, item);
    } else {
        go_on(partition, item);
    }
}

/* ---- what a check has found ---- */

static void note_away(struct copy_partition *partition, const struct kc_error *err)
{
    int64_t now = kc_mono_ms();
    if (!err) {
        if (partition->away)
            kc_info("%s: %s-%d: the source answers again", partition->topic->copy->config->name,
                    partition->topic->source, partition->number);
        partition->away = false;
        partition->away_since_ms = 0;
        return;
    }
    if (partition->away_since_ms == 0)
        partition->away_since_ms = now;
    if (partition->away || now - partition->away_since_ms < AWAY_MS)
        return;
    partition->away = true;
    link_part_set_reason(partition, link_reason_away(err));
}

static void note_stuck(struct copy_partition *partition, struct copy_item *item)
{
    if (item->source_stable != partition->stuck_stable ||
        item->source_stable == item->source_high) {
        partition->stuck_stable = item->source_stable;
        partition->stuck_since_ms = kc_mono_ms();
        free(partition->hanging);
        partition->hanging = NULL;
    }
    if (item->text) {
        free(partition->hanging);
        partition->hanging = item->text;
        item->text = NULL;
    }
    partition->asked_hanging = partition->source_stable < partition->source_high &&
                               kc_mono_ms() - partition->stuck_since_ms > STUCK_MS;
}

/* A gap that no record follows is filled by markers once nothing more comes. */
static void close_gap(struct copy_partition *partition)
{
    bool translate = partition->topic->translate;
    int64_t read = translate ? partition->translation.source_at : partition->read;
    if (partition->pieces || partition->fetched <= read ||
        partition->fetched < partition->source_stable ||
        kc_mono_ms() - partition->read_at_ms < TRAILING_MS)
        return;
    if (translate)
        link_translate_pass(partition, partition->fetched);
    else
        link_intake_close(partition, partition->fetched);
}

static void look_for_end(struct copy_partition *partition)
{
    if (!partition->finishing || partition->finished ||
        partition->checks < partition->finish_after || partition->pieces ||
        !link_translate_is_saved(partition))
        return;
    partition->finished = (partition->source_stable == partition->source_high ||
                           (partition->forced && partition->force_end == partition->source_high)) &&
                          link_part_source_at(partition) == partition->source_high;
    if (partition->finished)
        link_copy_wake(partition->topic->copy); /* the promotion goes on */
}

/* Whether the log doesn't end where what we have written does, with nothing under way since the
 * check was asked: somebody else has written, or the target has lost something. */
static bool ends_elsewhere(const struct copy_partition *partition, const struct copy_item *item)
{
    return partition->in_flight == 0 && !partition->marking &&
           item->offset == link_position_offset(&partition->acked) &&
           item->target_end != item->offset;
}

static char *reason_shorter(const struct copy_partition *partition, const struct copy_item *item)
{
    if (item->target_end >= item->offset)
        return NULL;
    return kc_asprintf("the target shows partition %d up to offset %lld, but it was written up to "
                       "%lld: replicas aren't in sync, or have lost what they had",
                       partition->number, (long long)item->target_end, (long long)item->offset);
}

void link_part_checked(struct copy_partition *partition, struct copy_item *item)
{
    partition->checking = false;
    partition->check_slow = item->source_error || item->target_error;
    partition->check_at_ms = kc_mono_ms() + (partition->check_slow ? CHECK_SLOW_MS : CHECK_MS);
    if (partition->generation != item->generation || partition->phase != COPY_RUN)
        return;
    if (!item->brief)
        note_away(partition, item->source_error);
    if (!item->target_error && ends_elsewhere(partition, item)) {
        link_part_drain(partition, COPY_LOOK, reason_shorter(partition, item));
        return;
    }
    if (item->brief)
        return;
    if (!item->target_error)
        partition->target_start = item->target_start;
    if (item->source_error)
        return;
    partition->whole_check_at_ms = kc_mono_ms() + CHECK_WHOLE_MS;
    partition->source_start = item->source_start;
    partition->source_stable = item->source_stable;
    partition->source_high = item->source_high;
    partition->checks++;
    note_stuck(partition, item);
    close_gap(partition);
    look_for_end(partition);
}

/* ---- a cut, and who has written ---- */

void link_part_cut(struct copy_partition *partition, struct copy_item *item)
{
    partition->cutting = false;
    partition->cut_at_ms = kc_mono_ms() + CUT_AGAIN_MS;
    if (!item->target_error)
        partition->target_start = item->target_start;
    if (partition->phase != COPY_CUT || partition->generation != item->generation)
        return;
    if (item->target_error) {
        partition->cut_at_ms = kc_mono_ms() + LOOK_MOST_MS;
        link_part_set_reason(partition, kc_asprintf("the target's log can't be cut: %s",
                                                    kc_error_text(item->target_error)));
        return;
    }
    link_part_begin(partition);
}

void link_part_named(struct copy_partition *partition, struct copy_item *item)
{
    partition->named = true;
    if (partition->phase != COPY_DIVERGED || !item->text)
        return;
    link_part_set_reason(
        partition, kc_asprintf("%s has written to partition %d at offset %lld: the target no "
                               "longer has the %s. Stop that writer. A repair by force makes the "
                               "topic anew; its dry run tells what that gives up",
                               item->text, partition->number, (long long)item->offset,
                               partition->topic->translate ? "offsets that the index tells"
                                                           : "source's offsets"));
    kc_warn("%s: topic %s: %s", partition->topic->copy->config->name, partition->topic->name,
            partition->reason);
}
