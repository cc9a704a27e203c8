# SPDX-License-Identifier: Apache-2.0
"""A link that is killed at each of the requests by which it changes anything: before it is sent, and
after the broker has acted on it. Whatever the point, the successor ends where an undisturbed run
does.

A story's table says by which requests it goes; an undisturbed run shows that it has them all and no
other one. Each point is a test of its own, and its name repeats it:

    pytest "tests/cluster/test_link_crash_points.py::test_a_link[migration-topic=PROMOTED-1-after]"
"""

import random
import signal

import exactness
import java
import pytest
import records
from copier import Copier, assert_same, assert_translated, delete_before
from crash_points import (
    BY_THE_CLOCK,
    SELDOM,
    Often,
    Point,
    Points,
    often,
    points_of,
    told,
    unexpected,
)
from crash_stories import Migration, Return, Stay, Troubles, Wave


def params_of(stories):
    """Each story with each of its points, and undisturbed."""
    return [
        pytest.param(name, point, id=f"{name}-{point or 'undisturbed'}")
        for name, (_, requests) in stories.items()
        for point in (None, *points_of(requests))
    ]


def assert_as_expected(points, requests):
    """An undisturbed run's requests are the story's; a run with a point was killed at it."""
    if points.point:
        points.report(requests)
        return
    print(dict(points.seen()))
    wrong = unexpected(requests, points.seen())
    assert not wrong, f"not as often as in the story's table: {wrong}"


# ---- the copying alone ----


def transactions(source, topic):
    source.create_topic(topic)
    exactness.produce_transactions(source, topic, random.Random(5), 5)


def cut_off(source, topic):
    source.create_topic(topic)
    records.produce(source, topic, 300, partition=0)
    delete_before(source, topic, 200)


def cut_off_keyed(source, topic):
    source.create_topic(topic)
    values = [b"%d" % number for number in range(300)]
    exactness.produce(source, topic, values, key=lambda value: b"key-" + value)
    delete_before(source, topic, 200)


KEPT = {"retention_ms": -1}
COMPACT = {"cleanup_policy": "compact", "min_compaction_lag_ms": 10**12}
# How the source's topic is filled, options of the copying, settings of the target's topic.
COORDINATOR = (transactions, {"link_markers": "coordinator"}, KEPT)
DIRECT = (transactions, {"link_markers": "direct"}, KEPT)
TRANSLATED = (transactions, {"link_offsets": "translate"}, KEPT)
CUT_OFF = (cut_off, {}, KEPT)
COMPACTED = (cut_off_keyed, {"compacted": 1}, {**KEPT, **COMPACT})
# "Produce" alone is one to the mirror topic, which it names by its id.
COPIED = {
    "coordinator": (
        COORDINATOR,
        {
            "InitProducerId": often(4, 16),
            "Produce": 4,
            "AddPartitionsToTxn:mirror": 17,
            "EndTxn": 17,
        },
    ),
    "direct": (DIRECT, {"Produce": 4, "WriteTxnMarkers:mirror": 4}),
    "translated": (
        TRANSLATED,
        {"CreateTopics:index": 1, "Produce": 1, "Produce:index": often(1, 3)},
    ),
    "cut-off": (CUT_OFF, {"Produce": 2, "DeleteRecords:mirror": 1}),
    "compacted": (
        COMPACTED,
        {"Produce": 2, "IncrementalAlterConfigs:mirror": 2, "DeleteRecords:mirror": 1},
    ),
}


@pytest.mark.long
@pytest.mark.parametrize("story, point", params_of(COPIED))
def test_copying(source, target, unique, tmp_path, story, point):
    (fill, options, config), requests = COPIED[story]
    topic = unique(story)
    fill(source, topic)
    target.create_topic(topic, 1, **config)
    points = Points(tmp_path, {"isthmus-link-index": "index", topic: "mirror"}, point=point)
    copier = Copier(source, target, topic, tmp_path, **options)
    status, _ = copier.run(environment=points.environment())
    assert status == (-signal.SIGKILL if point and points.came else 0)
    copier.finish()
    if "link_offsets" in options:
        assert_translated(copier, source, target, topic)
    else:
        assert_same(source, target, topic)
    assert_as_expected(points, requests)


def open_transactions(cluster):
    """Those that a copier is in the middle of."""
    command = "org.apache.kafka.tools.TransactionsCommand"
    rows = java.tool(command, "--bootstrap-server", cluster.bootstrap, "list").splitlines()
    return [row for row in rows if "isthmus-link-copying" in row and "Ongoing" in row]


@pytest.mark.long
@pytest.mark.parametrize(
    "then", [{"link_markers": "direct"}, {"former": "1/2"}], ids=["otherwise", "elsewhere"]
)
def test_nothing_is_left_open(source, target, unique, tmp_path, then):
    """A transaction that a predecessor has left open would end by its time-out, with a marker that
    nobody expects: also where the successor writes its markers in another way, or is another task."""
    topic = unique("open")
    transactions(source, topic)
    target.create_topic(topic, 1, **KEPT)
    before = {"link_markers": "coordinator"}
    if "former" in then:
        before |= {"task_index": 1, "task_count": 2}
    points = Points(tmp_path, {topic: "mirror"}, point=Point("EndTxn", 1, "before"))
    copier = Copier(source, target, topic, tmp_path)
    copier.finish(status=-signal.SIGKILL, environment=points.environment(), **before)
    assert open_transactions(target)
    copier.finish(**{"link_markers": "coordinator", **then})
    assert not open_transactions(target)
    assert_same(source, target, topic)


# ---- a whole link ----

# Up to a topic that is copied, and a group in standby.
BEGINNING = {
    "CreateTopics:state": 1,
    "self": 1,
    "lease": BY_THE_CLOCK,
    "CreateTopics:mirror": 1,
    "topic_order=link": 1,
    "group_order=hold": 1,
    "InitProducerId": often(1, 2),
    "topic=PENDING": often(1, 2),
    "topic=ALIGNING": SELDOM,  # the alignment is over before the task looks
    "topic=LINKING": often(1, 2),
    "Produce": often(2, 3),
    "DeleteRecords:mirror": 1,
    "group=REGISTERED": 1,
    "JoinGroup:group": 1,
    "SyncGroup:group": 1,
    "group=STANDBY": often(1, 2),
    "OffsetCommit:group": BY_THE_CLOCK,
}
# Of a topic that is promoted.
PROMOTED = {
    "topic_order=promote": 1,
    "topic=PROMOTING": 1,
    "flip": 2,
    "IncrementalAlterConfigs:mirror": 1,
    "receipt=PROMOTED": 1,
    "topic=PROMOTED": 1,
}
MOVED = {
    "group_order=promote": 1,
    "group=PROMOTING": 1,
    "LeaveGroup:group": 1,
    "group=PROMOTED": 1,
    **PROMOTED,
}
# A topic that is copied already is paused, repaired, deleted and made anew, and failed over.
TROUBLES = {
    "topic_order=pause": 1,
    "topic=PAUSED": 1,
    "topic_order=link": often(2, 2, since=2),
    "topic=FAILED": 1,
    "topic_order=repair": 4,
    "topic=DIVERGED": 3,
    "topic": 2,
    "DeleteTopics:mirror": 1,
    "CreateTopics:mirror": often(2, 2, since=2),
    "topic=PENDING": often(7, 8, since=3),
    "topic=LINKING": often(3, 5, since=3),
    "Produce": Often(7, 12, range(4, 9)),
    "DeleteRecords:mirror": often(3, 3, since=2),
    "JoinGroup:group": often(2, 3, since=2),
    "SyncGroup:group": often(2, 3, since=2),
    "group=STANDBY": often(2, 3, since=3),
    "group_order=release": 1,
    "LeaveGroup:group": 1,
    "group=RELEASED": 1,
    "topic_order=failover": 1,
    "IncrementalAlterConfigs:mirror": 1,
    "receipt=FAILED_OVER": 1,
    "flip": 2,
    "topic=FAILED_OVER": 1,
}
# Of a worker that finds a link whose topic and group are promoted.
AGAIN = {"CreateTopics:state": SELDOM, "lease": SELDOM, **told({"group=PROMOTED": 1})}
# Up to a topic that is copied back, and a group in standby. The topic is there already.
BACK = {
    "self": 1,
    "back=mirror": 1,
    "group_order=hold": 1,
    "topic_order=link": 1,
    "topic=PENDING": 2,
    "topic=LINKING": often(1, 2),
    "InitProducerId": SELDOM,
    "Produce": 1,
    "group=REGISTERED": 1,
    "JoinGroup:group": often(1, 2),
    "SyncGroup:group": often(1, 2),
    "group=STANDBY": often(1, 2),
    "OffsetCommit:group": BY_THE_CLOCK,
}
RETURNED = {
    "IncrementalAlterConfigs:mirror": 2,
    "group=PROMOTED": often(2, 2, since=2),
    "back=end": 1,
}
STAYED = {
    "IncrementalAlterConfigs:mirror": often(2, 2, since=2),
    "JoinGroup:group": often(1, 3, since=2),
    "SyncGroup:group": often(1, 3, since=2),
    "back=end": 1,
    "topic_order": 1,
    "topic": 2,
}
LINKED = {
    "migration": (Migration, {**BEGINNING, **MOVED}),
    "wave": (
        Wave,
        {
            **told({**BEGINNING, **MOVED}),
            "wave=PLANNED": 1,
            "wave=RUNNING": often(1, 4),
            "wave=DONE": 1,
        },
    ),
    "troubles": (Troubles, {**told(BEGINNING), **TROUBLES}),
    "return": (Return, {**AGAIN, **BACK, **MOVED, **RETURNED}),
    "stay": (Stay, {**told({**AGAIN, **BACK}), **STAYED}),
}


@pytest.mark.long
@pytest.mark.parametrize("story, point", params_of(LINKED))
def test_a_link(make_worker, source, target, unique, tmp_path, story, point):
    tell, requests = LINKED[story]
    told = tell(make_worker, source, target, unique, tmp_path, point)
    told.tell()
    told.worker.stop()
    assert_as_expected(told.points, requests)
