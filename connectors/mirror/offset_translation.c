/* SPDX-License-Identifier: Apache-2.0 */
/* Index and offset syncs together, see offset_translation.h. */
#include "mirror/offset_translation.h"

const char *kc_translated_by_name(enum kc_translated_by by)
{
    static const char *const names[] = {"none", "sync", "index", "lookup"};
    return names[by];
}

/* The syncs on both sides of upstream. */
struct sync_neighbours {
    const struct kc_sync_slot *newest; /* NULL: there are none */
    struct kc_index_pair low, high;    /* upstream -1: none */
};

static struct kc_index_pair pair_of(const struct kc_sync_slot *slot)
{
    return (struct kc_index_pair){slot->upstream, slot->downstream};
}

static struct sync_neighbours neighbours_of(const struct kc_sync_slot *slots, int64_t upstream)
{
    struct sync_neighbours found = {.newest = slots, .low = {-1, -1}, .high = {-1, -1}};
    for (int i = 0; slots && i < KC_SYNCS_PER_PARTITION; i++) {
        if (slots[i].upstream <= upstream) {
            found.low = pair_of(&slots[i]);
            break;
        }
        found.high = pair_of(&slots[i]);
    }
    return found;
}

static struct kc_translation exactly(int64_t upstream, int64_t downstream, enum kc_translated_by by)
{
    return (struct kc_translation){
        .downstream = downstream, .by = by, .upstream = upstream, .exact = true};
}

/* The mirror's end isn't behind upstream: the record at upstream is still to be mirrored. */
static struct kc_translation at_the_end(int64_t upstream, struct kc_index_pair end)
{
    struct kc_translation result = exactly(end.upstream, end.downstream, KC_BY_INDEX);
    result.exact = upstream == end.upstream;
    result.unmirrored = result.lookup = !result.exact;
    result.low = end;
    result.high = (struct kc_index_pair){-1, -1};
    return result;
}

/* The closer one of two lower neighbours, and of two upper ones. */
static struct kc_index_pair later(struct kc_index_pair a, struct kc_index_pair b)
{
    return a.upstream >= b.upstream ? a : b;
}

static struct kc_index_pair earlier(struct kc_index_pair a, struct kc_index_pair b)
{
    if (a.upstream < 0 || b.upstream < 0)
        return a.upstream < 0 ? b : a;
    return a.upstream <= b.upstream ? a : b;
}

/* In a hole of the index, the result stays between the neighbours' offsets. */
static struct kc_translation narrowed(const struct kc_index_place *place,
                                      const struct sync_neighbours *syncs, int64_t by_sync)
{
    struct kc_translation result = {
        .downstream = by_sync, .by = KC_BY_SYNC, .upstream = syncs->low.upstream, .lookup = true};
    /* If the sync is before the record, Java's task takes the offset after the sync's. */
    result.upstream += by_sync > syncs->low.downstream;
    result.low = later(place->low, syncs->low);
    result.high = earlier(place->high, syncs->high);
    if (place->low.upstream >= 0 && place->low.downstream > by_sync) {
        result.downstream = place->low.downstream;
        result.upstream = place->low.upstream;
        result.by = KC_BY_INDEX;
    }
    if (result.downstream < 0) {
        result.upstream = -1;
        result.by = KC_BY_NOTHING;
    }
    return result;
}

struct kc_translation kc_offset_translate(const struct kc_offset_index *index,
                                          const struct kc_offset_sync_store *syncs,
                                          const char *topic, int32_t partition, int64_t upstream)
{
    struct sync_neighbours around =
        neighbours_of(kc_offset_sync_store_slots(syncs, topic, partition), upstream);
    int64_t by_sync = kc_offset_sync_store_translate(syncs, topic, partition, upstream);
    struct kc_index_place place = kc_offset_index_find(index, topic, partition, upstream);
    if (by_sync == KC_NOT_TRANSLATED)
        around = neighbours_of(NULL, upstream); /* not loaded yet, or none */
    if (around.newest && !kc_offset_index_fits(index, topic, partition, around.newest->upstream,
                                               around.newest->downstream))
        place = (struct kc_index_place){.answer = KC_INDEX_NOTHING};
    if (place.answer == KC_INDEX_NOTHING)
        place.low = place.high = (struct kc_index_pair){-1, -1};
    if (place.answer == KC_INDEX_EXACT)
        return exactly(upstream, place.downstream, KC_BY_INDEX);
    if (around.low.upstream == upstream)
        return exactly(upstream, around.low.downstream, KC_BY_SYNC);
    bool behind_all = place.answer == KC_INDEX_END &&
                      (!around.newest || around.newest->upstream < place.low.upstream);
    if (behind_all)
        return at_the_end(upstream, place.low);
    struct kc_translation result = narrowed(&place, &around, by_sync);
    result.soon = place.answer == KC_INDEX_END;
    result.lookup = around.newest || place.answer != KC_INDEX_NOTHING;
    return result;
}
