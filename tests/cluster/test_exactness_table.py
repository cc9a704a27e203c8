# SPDX-License-Identifier: Apache-2.0
"""The exactness table: thousands of committed offsets, translated by Java's worker and by Isthmus.

Three flows mirror the same topics at the same time: Java's, and two of Isthmus', with the offset
index and without. Then the offset-syncs topics are compacted, and all begin anew with what is left
in them. At last Isthmus takes Java's flow over and translates what Java has mirrored. Long:

    ISTHMUS_LONG=1 build/venv/bin/python -m pytest -s tests/cluster/test_exactness_table.py

A cell of the table that it prints: how many are exact, behind (by how many records at most), ahead,
and without a translation. Offsets whose record compaction has taken from the target don't count.
EXACT_GROUPS: how many groups there are, each with an offset in every topic; EXACT_BULK: how many
records were in the plain topic before the mirroring began.
"""

import collections
import os
import random

import pytest

import exactness
import records
from exact_story import Flow, Story
from processes import wait_for
from workers import PATIENCE

GROUPS = int(os.environ.get("EXACT_GROUPS", "350"))
BULK = int(os.environ.get("EXACT_BULK", "300000"))


class Round:
    """Groups that commit at one time, and a last one that shows that all were seen."""

    def __init__(self, story, name, count):
        self.offsets = story.offsets(name, count)
        self.committed = exactness.commit_many(story.source, self.offsets)
        ends = {t: records.end_offsets(story.source, t)[0][1] for t in story.topics.values()}
        self.last = f"{story.topics['plain']}-group-{name}-last"
        exactness.commit_many(story.source, {self.last: ends})

    def wait_seen(self, flow):
        """A checkpoint of the last group is written in the same round as all the others."""
        remote = f"{flow.alias}.{flow.story.topics['restarts']}"
        wait_for(
            lambda: (self.last, remote) in exactness.checkpoints(flow.target, flow.alias),
            120 * PATIENCE,
            f"a round of checkpoints of {flow.alias}",
            interval=1,
        )


def kill_and_go_on(worker, flows):
    for flow in flows:
        flow.wait_mirrored()
        flow.wait_committed(worker.rest)
    worker.kill()
    worker.start()
    for flow in flows:
        worker.rest.wait_running(flow.connectors[0], timeout=120 * PATIENCE)


def live_through(story, workers):
    """Bursts, restarts of the connectors, and one of the worker, by SIGKILL."""
    for _ in range(3):
        story.burst()
        for worker, flows in workers:
            for flow in flows:
                flow.restart(worker.rest)
    for worker, flows in workers:
        kill_and_go_on(worker, flows)
    story.burst()
    for _, flows in workers:
        for flow in flows:
            flow.wait_mirrored()


def lose_syncs(story, source, workers):
    """Compaction leaves one sync of each partition; the connectors begin anew with these."""
    for _, flows in workers:
        for flow in flows:
            syncs = f"mm2-offset-syncs.{flow.alias}-target.internal"
            exactness.compact(source, syncs, roll=story.burst)
    for worker, flows in workers:
        for flow in flows:
            flow.wait_mirrored()
            flow.restart(worker.rest)
            worker.rest.wait_running(flow.connectors[1], timeout=60 * PATIENCE)


def ways(flow, rest, offsets):
    """How the answers came about, by the REST API: {by: how many}; all are exact."""
    asked = {(topic, at) for topics in offsets.values() for topic, at in topics.items()}
    by, questions = collections.Counter(), sorted(asked)
    for first in range(0, len(questions), 200):
        for answer in flow.ask(rest, questions[first : first + 200]):
            by[answer["by"] if answer["exact"] else "inexact"] += 1
    return dict(by)


def index_size(rest, flow):
    """Bytes for each change of the index in memory."""
    text = rest.call("GET", "/metrics").text
    found = {}
    for line in text.splitlines():
        for name in ("changes", "bytes"):
            mark = f"isthmus_mirror_checkpoint_index_{name}{{"
            if line.startswith(mark) and f'source="{flow.alias}"' in line:
                found[name] = float(line.rsplit(" ", 1)[1])
    return found["bytes"], found["changes"]


@pytest.mark.java
@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("isolation", ["read_uncommitted", "read_committed"])
def test_the_table(source, target, make_worker, unique, isolation):
    """read_committed: exactly once, with markers on the target, too."""
    story = Story(source, unique, random.Random(14), isolation, plain=BULK)
    story.fill()
    eos = {"exactly.once.source.support": "enabled"} if isolation == "read_committed" else {}
    settings, java_settings = make_worker.settings(**eos), make_worker.settings(**eos)
    ours = make_worker.distributed(settings, kind="isthmus")
    java = make_worker.distributed(java_settings, kind="java")
    by_java = Flow(story, source, target, unique("java")).start(java.rest)
    indexed = Flow(story, source, target, unique("indexed")).start(ours.rest)
    looking = Flow(story, source, target, unique("looking"), **{"offset.index.enabled": "false"})
    looking.start(ours.rest)
    workers = [(java, [by_java]), (ours, [indexed, looking])]
    live_through(story, workers)

    # Groups anywhere.
    first = Round(story, "first", GROUPS)
    first.wait_seen(by_java)
    tables = {
        "Java": by_java.assess(by_java.truths(), first.offsets, first.committed),
        "index": indexed.wait_exact(first.offsets, first.committed),
        "look-up": looking.wait_exact(first.offsets, first.committed),
    }
    for flow in (indexed, looking):
        print(f"{flow.alias} by {ways(flow, ours.rest, first.offsets)}")

    # The offset syncs are gone but for the newest.
    lose_syncs(story, source, workers)
    second = Round(story, "second", GROUPS // 3)
    second.wait_seen(by_java)
    for flow in (indexed, looking):
        flow.wait_exact(second.offsets, second.committed)
    for table, flow in zip(tables.values(), (by_java, indexed, looking)):
        flow.assess(flow.truths(), second.offsets, second.committed, table, "syncs compacted")

    # Isthmus in Java's place: what Java has mirrored, and what comes after.
    java.stop()
    heir = make_worker.distributed(java_settings, kind="isthmus")
    heir.rest.wait_running(by_java.connectors[0], timeout=60 * PATIENCE)
    story.burst()
    by_java.wait_mirrored()
    third = Round(story, "third", GROUPS // 3)
    earlier = first.offsets | second.offsets
    since = dict.fromkeys(earlier, max(third.committed.values()))
    tables["taken over"] = by_java.wait_exact(earlier | third.offsets, since | third.committed)
    print(f"{by_java.alias} by {ways(by_java, heir.rest, third.offsets)}")

    print(exactness.side_by_side(tables))
    used, changes = index_size(ours.rest, indexed)
    print(f"the index takes {used:.0f} bytes for {changes:.0f} changes")
    assert used <= 64 * changes
