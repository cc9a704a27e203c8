/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Topics whose offsets are translated: visible records alone are appended, one after the other.
 *
 * The position is the count of the link's records, as everywhere. The partition's map
 * (link_map_priv.h) tells which offset of the source that is. It is written to the offset index
 * before the records are sent: a batch waits until the pieces that it needs are there. So the map
 * is never behind the log, and whoever goes on finds the place by the log's end alone. The task's
 * thread, but for what says that it runs on a lane's.
 */
#include "connect/log.h"
#include "link/copy_priv.h"

#include <string.h>
#include <utlist.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.link.copy");

enum {
    RETRY_MS = 1000,
    CHECK_MS = 5000, /* between two looks at the index's topic */
    ERAS_MOST = 8,   /* writers of a map, before one of them writes all of it anew */
};

/* ---- the index; lanes' threads ---- */

static struct kc_error *refresh(struct link_copy *copy, enum copy_lane lane)
{
    return link_index_refresh(copy->index, kc_thread_stop(copy->workers[lane].thread));
}

static struct link_index_place place_of(const struct copy_item *item)
{
    return (struct link_index_place){item->topic, item->target_id, item->partition};
}

static void fail_all(struct copy_job *job, struct kc_error *err)
{
    for (size_t i = 0; err && i < job->count; i++) {
        if (!job->items[i].target_error && job->items[i].translate)
            job->items[i].target_error = kc_error_copy(err);
    }
    kc_error_destroy(err);
}

void link_translate_load(struct link_copy *copy, struct copy_job *job, enum copy_lane lane)
{
    bool any = false;
    for (size_t i = 0; i < job->count; i++)
        any = any || job->items[i].wants_map;
    if (!any)
        return;
    unsigned losses = atomic_load(&copy->losses);
    struct kc_error *err = refresh(copy, lane);
    for (size_t i = 0; !err && i < job->count; i++) {
        struct copy_item *item = &job->items[i];
        const struct link_index_place place = place_of(item);
        if (!item->wants_map)
            continue;
        link_index_map(copy->index, &place, &item->map);
        item->losses = losses;
        item->era = link_index_era(copy->index, &place);
        item->eras = link_index_eras(copy->index, &place);
    }
    fail_all(job, err);
}

static void take_changes(struct link_copy *copy, struct copy_item *item,
                         struct link_index_changes *all)
{
    const struct link_index_place place = place_of(item);
    for (size_t i = 0; i < item->changes.count; i++) {
        link_index_add(all, &item->changes.items[i]);
        item->changes.items[i].pieces = NULL;
    }
    if (item->whole)
        link_index_drop_before(copy->index, &place, item->era, all);
}

/* Takes err, NULL: all is well. Says it once. */
static void complain(struct link_copy *copy, struct kc_error *err)
{
    const char *text = err ? kc_error_text(err) : NULL;
    if (text && (!copy->index_complaint || strcmp(text, copy->index_complaint) != 0))
        kc_warn("%s: %s. Topics whose offsets are translated wait for it where they need it",
                copy->config->name, text);
    else if (!text && copy->index_complaint)
        kc_info("%s: the offset index is kept again", copy->config->name);
    free(copy->index_complaint);
    copy->index_complaint = kc_strdup(text);
    kc_error_destroy(err);
}

/* What the index has lost isn't lost yet: each task has the maps of its partitions. */
static void watch(struct link_copy *copy)
{
    bool lost = false;
    complain(copy, link_index_check(copy->index, copy->target,
                                    kc_thread_stop(copy->workers[COPY_LANE_INDEX].thread), &lost));
    if (!lost)
        return;
    kc_warn("%s: topic %s was deleted, or records of it. All of the link's are written anew",
            copy->config->name, LINK_INDEX_TOPIC);
    atomic_fetch_add(&copy->losses, 1);
}

void link_translate_run(struct link_copy *copy, struct copy_job *job)
{
    struct link_index_changes all = {0};
    struct kc_error *err = NULL;
    if (job->check)
        watch(copy);
    if (copy->index_complaint)
        err = kc_error_retriable_new(KC_ERR_KAFKA, "%s", copy->index_complaint);
    for (size_t i = 0; i < job->count; i++)
        take_changes(copy, &job->items[i], &all);
    if (!err && !link_lease_holds(copy->lease))
        err = kc_error_retriable_new(KC_ERR_FENCED, "The task's lease has ended");
    if (!err)
        err = link_index_put(copy->index, &all);
    link_index_changes_clear(&all);
    fail_all(job, err);
}

void link_translate_forget_run(struct link_copy *copy, struct copy_job *job)
{
    struct link_index_changes all = {0};
    struct kc_error *err = refresh(copy, COPY_LANE_INDEX);
    for (size_t i = 0; !err && i < job->count; i++)
        link_index_drop_topic(copy->index, job->items[i].topic, &all);
    if (!err)
        err = link_index_put(copy->index, &all);
    if (err)
        kc_warn("%s: the offset index keeps entries of topic %s, which is no longer mirrored: %s",
                copy->config->name, job->items[0].topic, kc_error_text(err));
    link_index_changes_clear(&all);
    kc_error_destroy(err);
}

void link_copy_forget(struct link_copy *copy, const char *topic)
{
    struct copy_topic named = {.name = (char *)topic, .source = (char *)topic};
    struct copy_partition partition = {.topic = &named};
    struct copy_job *job = NULL;
    link_job_add(&job, COPY_JOB_FORGET, &partition);
    link_jobs_submit(copy, COPY_LANE_INDEX, job);
}

/* ---- the map ---- */

/* A place on the target that isn't the source's. */
static void note_difference(struct copy_partition *partition)
{
    struct copy_translation *translation = &partition->translation;
    const struct link_map *map = &translation->map;
    for (size_t i = 0; i < map->count && !translation->differs; i++)
        translation->differs = map->pieces[i].source != map->pieces[i].target;
}

static void give_up(struct copy_partition *partition)
{
    const struct copy_topic *topic = partition->topic;
    note_difference(partition);
    if (partition->translation.differs)
        kc_info("%s: %s-%d: the source has offsets without a record: from here on offsets are "
                "translated",
                topic->copy->config->name, topic->name, partition->number);
}

void link_translate_changed(struct copy_partition *partition, size_t first)
{
    struct copy_translation *translation = &partition->translation;
    struct link_copy *copy = partition->topic->copy;
    if (first == SIZE_MAX)
        return;
    if (partition->topic->gives_up && !translation->differs)
        give_up(partition);
    translation->version++;
    if (first < translation->dirty)
        translation->dirty = first;
    if (translation->listed)
        return;
    translation->listed = true;
    DL_APPEND2(copy->unindexed, partition, prev_unindexed, next_unindexed);
}

void link_translate_unlist(struct copy_partition *partition)
{
    if (!partition->translation.listed)
        return;
    partition->translation.listed = false;
    DL_DELETE2(partition->topic->copy->unindexed, partition, prev_unindexed, next_unindexed);
}

/* The chunks that are to be written so that the index has the map. Those that are too many go
 * first: what readers see meanwhile is a beginning of a map. */
static void collect(struct copy_partition *partition, struct copy_item *item)
{
    struct copy_translation *translation = &partition->translation;
    const struct link_map *map = &translation->map;
    size_t own = translation->own;
    if (own == SIZE_MAX)
        own = map->count <= LINK_INDEX_CHUNK || translation->eras >= ERAS_MOST ? 0
                                                                               : translation->dirty;
    if (translation->dirty < own)
        own = translation->dirty;
    size_t first = own == translation->own ? (translation->dirty - own) / LINK_INDEX_CHUNK : 0;
    size_t count = (map->count - own + LINK_INDEX_CHUNK - 1) / LINK_INDEX_CHUNK;
    struct link_index_change change = {.place = place_of(item), .era = translation->era};
    for (size_t i = translation->chunks; i-- > count;) {
        change.chunk = (int64_t)i;
        link_index_add(&item->changes, &change);
    }
    for (size_t i = first; i < count; i++) {
        change.chunk = (int64_t)i;
        change.pieces = link_map_json(map, own + i * LINK_INDEX_CHUNK, LINK_INDEX_CHUNK);
        link_index_add(&item->changes, &change);
    }
    item->era = translation->era;
    item->whole = own == 0;
    item->count = (int64_t)count;
    item->version = translation->version;
    translation->own = own;
    if (count > translation->chunks)
        translation->chunks = count; /* before it is known, so that none is left behind */
}

/* The index has lost it. */
static void write_anew(struct copy_partition *partition, unsigned losses)
{
    struct copy_translation *translation = &partition->translation;
    translation->losses = losses;
    if (translation->map.count == 0)
        return;
    translation->era++;
    translation->own = SIZE_MAX;
    translation->eras = ERAS_MOST;
    translation->chunks = 0;
    link_translate_changed(partition, 0);
}

static void note_losses(struct link_copy *copy)
{
    unsigned losses = atomic_load(&copy->losses);
    if (losses == copy->losses_seen)
        return;
    copy->losses_seen = losses;
    for (struct copy_topic *topic = copy->topics; topic; topic = topic->hh.next) {
        for (size_t i = 0; topic->translate && i < topic->count; i++) {
            struct copy_partition *partition = topic->partitions[i];
            if (partition->translation.known && partition->translation.losses != losses)
                write_anew(partition, losses);
        }
    }
}

static void save(struct copy_job **job, struct copy_partition *partition)
{
    struct copy_item *item = link_job_add(job, COPY_JOB_INDEX, partition);
    collect(partition, item);
    partition->translation.dirty = SIZE_MAX;
    partition->translation.saving = true;
    link_translate_unlist(partition);
}

void link_translate_save(struct link_copy *copy)
{
    struct copy_partition *partition, *next;
    struct copy_job *job = NULL;
    int64_t now = kc_mono_ms();
    bool check = copy->translated > 0 && now >= copy->index_check_ms;
    note_losses(copy);
    if ((!copy->unindexed && !check) || !link_jobs_idle(copy, COPY_LANE_INDEX))
        return;
    DL_FOREACH_SAFE2 (copy->unindexed, partition, next, next_unindexed) {
        if (!partition->translation.saving && now >= partition->translation.retry_at_ms)
            save(&job, partition);
    }
    if (check) {
        job = job ? job : kc_calloc(1, sizeof(*job));
        job->kind = COPY_JOB_INDEX;
        job->check = true;
        copy->index_check_ms = now + CHECK_MS;
    }
    link_jobs_submit(copy, COPY_LANE_INDEX, job);
}

void link_translate_saved(struct copy_partition *partition, struct copy_item *item)
{
    struct copy_translation *translation = &partition->translation;
    translation->saving = false;
    if (item->target_error) { /* none of it may be there: all of ours is written again */
        translation->retry_at_ms = kc_mono_ms() + RETRY_MS;
        link_part_set_reason(partition, kc_strdup(kc_error_text(item->target_error)));
        link_translate_changed(partition, translation->own);
    } else {
        translation->saved = item->version;
        translation->chunks = (size_t)item->count;
        if (translation->failed)
            link_part_set_reason(partition, NULL);
    }
    translation->failed = item->target_error != NULL;
    link_part_drained(partition);
    link_pump_busy(partition);
}

/* ---- positions ---- */

/* What the index has, before anything was read by this task. */
static void take_map(struct copy_partition *partition, struct copy_item *item)
{
    struct copy_translation *translation = &partition->translation;
    if (translation->known)
        return;
    translation->known = true;
    translation->map = item->map;
    item->map = (struct link_map){0};
    translation->eras = item->eras;
    translation->losses = item->losses;
    note_difference(partition);
    translation->era =
        partition->topic->epoch > item->era ? partition->topic->epoch : item->era + 1;
    if (translation->losses != partition->topic->copy->losses_seen)
        write_anew(partition, partition->topic->copy->losses_seen);
}

static char *lost_index(const struct copy_partition *partition)
{
    return kc_asprintf("the target's log of partition %d has %lld records, but topic %s doesn't "
                       "tell which of the source they are: some of its records were deleted. "
                       "Delete the mirror topic and create it anew",
                       partition->number, (long long)partition->acked.records, LINK_INDEX_TOPIC);
}

bool link_translate_overtaken(struct copy_partition *partition, const struct copy_item *item)
{
    struct copy_translation *translation = &partition->translation;
    if (!partition->topic->translate || translation->planned < 0 ||
        item->position.records <= translation->planned)
        return false;
    kc_info("%s: %s-%d has %lld records of the link, more than this task knows of: a predecessor's "
            "have arrived late. The offset index is read again",
            partition->topic->copy->config->name, partition->topic->name, partition->number,
            (long long)item->position.records);
    link_translate_unlist(partition);
    link_map_clear(&translation->map);
    *translation = (struct copy_translation){.dirty = SIZE_MAX, .own = SIZE_MAX, .planned = -1};
    return true;
}

/* How many records of the log come before the source's first one: fillers, where offsets are the
 * source's up to the first gap. */
static int64_t records_before(const struct copy_partition *partition)
{
    int64_t first = partition->saved.first_offset;
    return partition->topic->gives_up && first > 0 ? first : 0;
}

/* Where the mirror begins. It moves on with the source as long as nothing was copied. */
static void choose_first(struct copy_partition *partition, const struct copy_item *item)
{
    struct kc_link_partition *saved = &partition->saved;
    const struct link_map *map = &partition->translation.map;
    int64_t *at = &partition->translation.source_at;
    int64_t first = saved->first_offset;
    if (first < 0)
        first = map->count > 0 ? map->pieces[0].source : item->start_offset;
    bool empty = partition->acked.records <= records_before(partition);
    if (first < item->source_start && empty)
        first = item->source_start;
    if (empty && *at < first)
        *at = first;
    if (partition->topic->repairing && *at < item->source_start)
        *at = item->source_start;
    if (first == saved->first_offset)
        return;
    saved->first_offset = first;
    link_part_want_save(partition, true);
}

/* Whether the index has the beginning of the log, and so all of it. */
static bool has_beginning(const struct copy_partition *partition)
{
    const struct link_map *map = &partition->translation.map;
    int64_t before = records_before(partition);
    if (partition->acked.records <= before)
        return true;
    return map->count > 0 && map->pieces[0].target <= before;
}

char *link_translate_position(struct copy_partition *partition, struct copy_item *item)
{
    struct copy_translation *translation = &partition->translation;
    take_map(partition, item);
    if (!has_beginning(partition))
        return lost_index(partition);
    translation->source_at = link_map_source(&translation->map, partition->acked.records);
    choose_first(partition, item);
    return NULL;
}

void link_translate_begin(struct copy_partition *partition)
{
    struct copy_translation *translation = &partition->translation;
    translation->planned = partition->acked.records;
    if (translation->map.count == 0) { /* so that lags are known before the first record comes */
        link_map_pass(&translation->map, translation->source_at, translation->planned);
        link_translate_changed(partition, 0);
    }
    partition->read = partition->fetched = translation->source_at;
    partition->marks_from = INT64_MAX; /* there are none */
}

int64_t link_part_source_at(const struct copy_partition *partition)
{
    return partition->topic->translate ? partition->translation.source_at
                                       : link_position_offset(&partition->acked);
}

int64_t link_part_source_sent(const struct copy_partition *partition)
{
    if (!partition->topic->translate)
        return link_position_offset(&partition->sent);
    if (!partition->unsent)
        return partition->read;
    return partition->unsent == partition->pieces ? partition->translation.source_at
                                                  : partition->unsent->prev->source_end;
}

/* What was only taken for aborted may still be committed: the map doesn't say so. */
void link_translate_pass(struct copy_partition *partition, int64_t end)
{
    struct copy_translation *translation = &partition->translation;
    struct link_map *map = &translation->map;
    size_t first =
        partition->forced ? map->count : link_map_pass(map, end, partition->acked.records);
    if (first < map->count)
        link_translate_changed(partition, first);
    translation->source_at = partition->read = end;
}

bool link_translate_admits(const struct copy_partition *partition, const struct copy_piece *piece)
{
    return !partition->topic->translate || piece->map_version <= partition->translation.saved;
}

bool link_translate_is_saved(const struct copy_partition *partition)
{
    const struct copy_translation *translation = &partition->translation;
    return translation->saved == translation->version && !translation->saving;
}
