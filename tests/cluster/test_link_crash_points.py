# SPDX-License-Identifier: Apache-2.0
"""A link that is killed at each of the requests by which it changes anything: before it is sent, and
after the broker has acted on it. Whatever the point, the successor ends where an undisturbed run
does.

Each story runs once to count its requests, then once for each point: by default for the first of each
kind, with ISTHMUS_LONG=1 for all of them. LINK_CRASH_POINT=12-after repeats one."""

import os
import random
import signal

import exactness
import java
import pytest
import records
from copier import Copier, assert_same, delete_before
from crash_points import WHENS, Point, Points, chosen
from links import Link, link_config
from processes import wait_for
from workers import PATIENCE, SHORT_SESSION

ONLY = os.environ.get("LINK_CRASH_POINT")


def points_of(seen, **more):
    if ONLY:
        number, when = ONLY.split("-")
        return [Point(int(number), when)]
    return chosen(seen, **more)


def assert_all_kinds(points, seen, tried):
    """Each kind of request was met, on both sides where all points were tried."""
    missed = {(request, when) for request in seen for when in WHENS} - points.hit
    if len(tried) == len(WHENS) * len(seen):
        assert not missed, missed
    print(f"{len(tried)} crashes of {len(WHENS) * len(seen)} points: {sorted(points.hit)}")


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


COMPACT = {"cleanup_policy": "compact", "min_compaction_lag_ms": 10**12}
COPIED = {
    "coordinator": (transactions, {"link_markers": "coordinator"}, {}),
    "direct": (transactions, {"link_markers": "direct"}, {}),
    "cut-off": (cut_off, {}, {}),
    "compact": (cut_off_keyed, {"compacted": 1}, COMPACT),
}


def copier_of(source, target, topic, mirror, tmp_path, **options):
    copier = Copier(source, target, mirror, tmp_path, **options)
    copier.options["source"] = topic
    return copier


@pytest.mark.long
@pytest.mark.parametrize("story", COPIED)
def test_copying(source, target, unique, tmp_path, story):
    fill, options, config = COPIED[story]
    topic, mirror = unique(story), unique("mirror")
    fill(source, topic)
    points = Points(tmp_path)

    def copier(name):
        target.create_topic(name, 1, retention_ms=-1, **config)
        return copier_of(source, target, topic, name, tmp_path, **options)

    copier(mirror).finish(environment=points.environment())
    assert_same(source, target, topic, mirror=mirror)
    seen = points.seen()
    print(seen)
    tried = points_of(seen)
    for point in tried:
        name = f"{mirror}-{point.number}-{point.when}"
        successor = copier(name)
        successor.finish(status=-signal.SIGKILL, environment=points.environment(point))
        print(point, points.crashed(point))
        successor.finish()
        assert_same(source, target, topic, mirror=name)
    assert_all_kinds(points, seen, tried)


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
    topic, points = unique("open"), Points(tmp_path)
    transactions(source, topic)
    before = {"link_markers": "coordinator"}
    if "former" in then:
        before |= {"task_index": 1, "task_count": 2}

    def copier():
        name = unique("mirror")
        target.create_topic(name, retention_ms=-1)
        return name, copier_of(source, target, topic, name, tmp_path)

    copier()[1].finish(environment=points.environment(), **before)
    point = Point(points.seen().index("EndTxn") + 1, "before")
    mirror, broken = copier()
    broken.finish(status=-signal.SIGKILL, environment=points.environment(point), **before)
    assert points.crashed(point) == "EndTxn"
    assert open_transactions(target)
    broken.finish(**{"link_markers": "coordinator", **then})
    assert not open_transactions(target)
    assert_same(source, target, topic, mirror=mirror)


# ---- a whole link ----


class Migration:
    """A link from its creation to the promotion of a topic and a group, by a worker that may die."""

    def __init__(self, make_worker, source, target, unique, tmp_path):
        self.source, self.target = source, target
        self.topic, self.group = unique("orders"), unique("group")
        name = unique("link")
        source.create_topic(self.topic, 2, retention_ms=100000000)
        records.produce(source, self.topic, 200)
        records.commit(source, self.group, self.topic, {0: 5, 1: 6})
        self.points = Points(tmp_path, client=name, once='"lease":')
        settings = make_worker.settings(**SHORT_SESSION)
        self.worker = make_worker.distributed(settings, start=False)
        self.link = Link(self.worker.rest, name)

    def insist(self, ask, what):
        """Asks until it is done; a worker that has died is started again, without a crash."""

        def done():
            if not self.worker.alive:
                self.worker.environment = {}
                self.worker.start()
            try:
                return ask()
            except OSError:  # it is dying
                return None

        return wait_for(done, 90 * PATIENCE, what, interval=0.2)

    def run(self, point=None):
        link, rest = self.link, self.worker.rest
        self.worker.environment = self.points.environment(point)
        self.worker.start()
        config = link_config(
            self.source,
            self.target,
            topics=self.topic,
            groups=self.group,
            link_groups_promotion="manual",
            link_group_idle_ms=500,
        )
        path = f"/connectors/{link.name}/config"
        self.insist(lambda: rest.call("PUT", path, config).status_code < 300, "the link to be made")
        self.insist(lambda: link.state(self.topic) == "LINKING", "the topic")
        self.insist(self.in_standby, "the group to be in standby, with its offsets")
        self.insist(lambda: self.is_promoted("groups", self.group), "the group's promotion")
        self.insist(lambda: self.is_promoted("mirrors", self.topic), "the topic's promotion")

    def in_standby(self):
        found = self.link.group(self.group)
        return found and found["group_status"] == "STANDBY" and self.committed() == {0: 5, 1: 6}

    def committed(self):
        return records.committed(self.target, self.group, self.topic, range(2))

    def is_promoted(self, kind, name):
        """Orders it again and again: an order of a worker that died may be stored, or not."""
        key = "group_ids" if kind == "groups" else "mirror_topic_names"
        found = self.link.group(name) if kind == "groups" else self.link.mirror(name)
        state = found and found["group_status" if kind == "groups" else "mirror_status"]
        if state in ("STANDBY", "LINKING", "HOLD_LOST"):
            self.link.rest.call("POST", f"/links/{self.link.name}/{kind}:promote", {key: [name]})
        return state == "PROMOTED"

    def check(self):
        assert_same(self.source, self.target, self.topic)
        assert self.committed() == {0: 5, 1: 6}
        assert self.target.topic_config(self.topic)["retention.ms"] == "100000000"
        receipt = self.link.rest.get(f"/links/{self.link.name}/receipts/{self.topic}")
        ends = {part["partition"]: part["target_end"] for part in receipt["partitions"]}
        there = records.end_offsets(self.source, self.topic)
        assert ends == {p: high for p, (_, high) in there.items()}


@pytest.mark.long
def test_a_migration(make_worker, source, target, unique, tmp_path):
    def migration():
        return Migration(make_worker, source, target, unique, tmp_path)

    quiet = migration()
    quiet.run()
    quiet.check()
    quiet.worker.stop()
    seen = quiet.points.seen()
    print(seen)
    tried, hit = points_of(seen), set()
    for point in tried:
        one = migration()
        one.points.hit = hit
        one.run(point)
        if len(one.points.seen(point)) < point.number:  # this run did with fewer requests
            print(f"{point} isn't there")
        else:
            print(point, one.points.crashed(point), flush=True)
        one.check()
        one.worker.stop()
    assert_all_kinds(one.points, set(seen), ())
    if len(tried) == len(WHENS) * len(seen):
        missed = {(request, when) for request in seen for when in WHENS} - hit
        assert not missed, missed
