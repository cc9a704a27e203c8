# SPDX-License-Identifier: Apache-2.0
"""Two topics compared offset by offset, by a reader that no link has a part in: what is lost, made
up, changed, or lies at another offset than at the source."""

import records


def placed(cluster, topic):
    """{(partition, offset): record} as readers of committed records see them."""
    found = records.read_all(cluster, topic)
    return {(r.partition, r.offset): r for part in found.values() for r in part}


def where_else(record, places, near):
    """The offset in the same partition at which an equal record lies; the nearest one."""
    offsets = [offset for _, offset in places.get(record, ())]
    return min(offsets, key=lambda offset: abs(offset - near), default=None)


def by_content(there):
    places = {}
    for place, record in there.items():
        places.setdefault(record, []).append(place)
    return places


def differences(there, here, fillers=False):
    """What differs, in words; there: placed() of the source. fillers: null values may lie between.

    A record's partition is part of what it is."""
    found, source_places, target_places = [], by_content(there), by_content(here)
    for place, record in there.items():
        if here.get(place) == record:
            continue
        moved = where_else(record, target_places, place[1])
        if moved is not None and there.get((place[0], moved)) != record:
            found.append(f"shifted by {moved - place[1]}: {record.brief()}")
        elif place in here:
            found.append(f"changed: {record.brief()}\n  is {here[place].brief()}")
        else:
            found.append(f"lost: {record.brief()}")
    for place, record in here.items():
        if place in there or (fillers and record.value is None):
            continue
        kind = "doubled" if where_else(record, source_places, place[1]) is not None else "made up"
        found.append(f"{kind}: {record.brief()}")
    return found


def bounds_differ(source, target, topic):
    """Partitions that don't end at the same offset."""
    here = records.end_offsets(target, topic)
    return [
        f"partition {p} ends at {high}, and at {here.get(p, (0, 0))[1]} on the target"
        for p, (_, high) in records.end_offsets(source, topic).items()
        if here.get(p, (0, 0))[1] != high
    ]


def assert_same(source, target, topic, fillers=False, older=False):
    """Every visible record lies at its offset, nothing else does, and the logs end alike. older: the
    target may still have what the source has deleted at its log's start."""
    there, here = placed(source, topic), placed(target, topic)
    assert there, f"{topic}: nothing to compare"
    if older:
        starts = {p: low for p, (low, _) in records.end_offsets(source, topic).items()}
        here = {place: record for place, record in here.items() if place[1] >= starts[place[0]]}
    found = bounds_differ(source, target, topic)
    found += differences(there, here, fillers)
    assert not found, f"{topic}: {len(found)} differences\n" + "\n".join(found[:20])
    return len(there)
