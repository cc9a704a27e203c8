# SPDX-License-Identifier: Apache-2.0
"""`isthmus verify`: what is equal is said to be equal, and a flipped byte, a missing record and a
shifted offset that the test plants are found.

A link doesn't let anybody plant something. So the test writes both sides by itself, as a link would
have, and the link is stopped: its orders stand in the state topic.

Size: ISTHMUS_VERIFY_RECORDS (20000).
"""

import json
import os
import re
import time

import pytest
from confluent_kafka import Producer

import records
from cli import Cli
from processes import wait_for
from workers import PATIENCE

RECORDS = int(os.environ.get("ISTHMUS_VERIFY_RECORDS", "20000"))
NOW = int(time.time() * 1000)  # of all records: both sides have the same, and retention keeps them
STATE = "isthmus-link-state"
NO_ID = "AAAAAAAAAAAAAAAAAAAAAA"
pytestmark = pytest.mark.skipif("config.getoption('--worker') == 'java'", reason="our program")


def order(topic, source_topic, partitions, offsets="preserve"):
    return {
        "epoch": 1,
        "source_topic": source_topic,
        "source_id": NO_ID,
        "target_id": NO_ID,
        "partitions": partitions,
        "offsets": offsets,
        "gaps": "auto",
        "start": -2,
        "compacted": False,
        "wish": "link",
        "force": False,
        "max_pause_ms": 0,
        "by": "test",
        "since_ms": 0,
    }


class Side:
    """One cluster, written record by record, each with its own time."""

    def __init__(self, cluster):
        self.cluster = cluster

    def write(self, topic, contents, partition=0, transactional=None, commits=True):
        """contents: texts, or (key, value, headers)."""
        extra = {"transactional.id": transactional} if transactional else {}
        end = self.end(topic, partition) + len(contents) + 1
        producer = Producer(self.cluster.client_config(**{"linger.ms": 20, **extra}))
        if transactional:
            producer.init_transactions()
            producer.begin_transaction()
        for content in contents:
            key, value, headers = (
                content if isinstance(content, tuple) else (f"k-{content}", content, [("h", b"1")])
            )
            producer.produce(
                topic, value, key, partition=partition, timestamp=NOW, headers=headers
            )
            producer.poll(0)
        if transactional and commits:
            producer.commit_transaction()
        elif transactional:
            producer.flush()
            producer.abort_transaction()
        assert producer.flush(60) == 0
        if transactional:  # the answer may come before the marker is in the log
            wait_for(lambda: self.end(topic, partition) == end, 60 * PATIENCE, "the marker")

    def end(self, topic, partition):
        return records.end_offsets(self.cluster, topic)[partition][1]


@pytest.fixture
def sides(source, target):
    return Side(source), Side(target)


def test_all_the_time(source, target, make_worker, unique):
    """With link.verify.interval.ms the link compares what it copies, history and tail."""
    topic, name = unique("orders"), unique("link")
    source.create_topic(topic, 2)
    records.produce(source, topic, 500)
    worker = make_worker.distributed()
    cli = Cli(worker.rest.url)
    worker.rest.ok(
        "PUT", "/admin/loggers/org.isthmus.connect.link.LinkVerifier", {"level": "DEBUG"}
    )
    flags = ("--source", source.bootstrap, "--target", target.bootstrap)
    more = ("--set", "replication.factor=1", "--set", "link.verify.interval.ms=200")
    cli.run("link", "create", name, *flags, *more)
    cli.run("mirror", "create", name, topic, "--watch")
    line = re.compile(rf"Link {name}: (\d+) records of \d partitions are equal on both sides")

    def compared(count):
        found = [int(number) for number in line.findall(worker.process.log())]
        return sum(found) == count

    wait_for(lambda: compared(500), 60 * PATIENCE, "the history to be compared")
    records.produce(source, topic, 300, first=500)
    wait_for(lambda: compared(800), 60 * PATIENCE, "the tail to be compared, once")
    assert "isn't equal" not in worker.process.log()


@pytest.fixture
def link(make_worker, source, target, unique):
    """A stopped link, and a function that says which topics it mirrors."""
    worker, name = make_worker.distributed(), unique("link")
    cli = Cli(worker.rest.url)
    flags = ("--source", source.bootstrap, "--target", target.bootstrap)
    cli.run("link", "create", name, *flags, "--set", "replication.factor=1")
    cli.run("connector", "stop", name)

    def mirrors(topic, partitions=1, **more):
        producer = Producer(target.client_config())
        key = json.dumps({"link": name, "topic_order": topic}, separators=(",", ":"))
        producer.produce(STATE, json.dumps(order(topic, topic, partitions, **more)), key)
        assert producer.flush(60) == 0

    return cli, name, mirrors


def made(sides, topic, partitions=1, **config):
    for side in sides:
        side.cluster.create_topic(topic, partitions, **config)
    return topic


def difference(cli, name, topic):
    """The only partition's first difference."""
    answer = json.loads(cli.call("verify", name, topic, "-o", "json").stdout)
    ((partition,),) = (t["partitions"] for t in answer["topics"])
    assert not partition["equal"]
    found = partition["first_difference"]
    return found["what"], found.get("source_offset"), found.get("target_offset")


def test_equal_and_planted(link, sides, unique):
    cli, name, mirrors = link
    same = [f"{number}-{'x' * (number % 50)}" for number in range(RECORDS // 4)]
    tail = ["a", "b", "c"]

    # Equal: several partitions, other batches and codecs on each side, transactions.
    equal = made(sides, unique("equal"), 3)
    for side in sides:
        for partition in range(3):
            side.write(equal, same, partition)
        side.write(equal, ["lost", "too"], 1, transactional=unique("tx"), commits=False)
        side.write(equal, tail, 1, transactional=unique("tx"))
    mirrors(equal, 3)
    # What the target doesn't have yet isn't a difference.
    sides[0].write(equal, ["not", "copied", "yet"], 2)
    shown = cli.run("verify", name, equal)
    assert f"3 of 3 partitions are equal: {3 * len(same) + 3:,} records." in shown
    (topic,) = cli.data("verify", name, equal)["topics"]
    assert [p["records"] for p in topic["partitions"]] == [len(same), len(same) + 3, len(same)]
    assert [p["from"] for p in topic["partitions"]] == [0, 0, 0]

    # A single flipped byte, in a value, a key, a header.
    for what, changed in {
        "value": ("k-b", "c", [("h", b"1")]),
        "key": ("k-c", "b", [("h", b"1")]),
        "headers": ("k-b", "b", [("h", b"0")]),
    }.items():
        topic = made(sides, unique(what))
        mirrors(topic)
        sides[0].write(topic, same + tail)
        sides[1].write(topic, same + ["a", changed, "c"])
        at = len(same) + 1
        assert difference(cli, name, topic) == (what, at, at)
    shown = cli.run("verify", name, topic, status=1)
    assert shown == ""  # what differs is an answer, not an error

    # A record that is missing; those behind it have moved up.
    topic = made(sides, unique("missing"))
    mirrors(topic)
    sides[0].write(topic, same + tail)
    sides[1].write(topic, same + ["a", "c"])
    assert difference(cli, name, topic) == ("missing", len(same) + 1, None)

    # An offset that is shifted: somebody wrote in between.
    topic = made(sides, unique("shifted"))
    mirrors(topic)
    sides[0].write(topic, same + tail)
    sides[1].write(topic, same + ["a", "foreign", "b", "c"])
    assert difference(cli, name, topic) == ("shifted", len(same) + 1, len(same) + 2)
    done = cli.call("verify", name, topic)
    assert done.returncode == 1 and "different" in done.stdout
    assert f"is at offset {len(same) + 2} on the target" in done.stdout

    # Compacted: the target has a filler where the source was cleaned.
    topic = made(sides, unique("compacted"), cleanup_policy="compact")
    mirrors(topic)
    sides[0].write(topic, [("x", "1", []), ("y", "1", []), ("x", "2", [])])
    sides[1].write(topic, [("x", "1", []), ("y", "1", []), ("x", "2", [])])
    assert cli.data("verify", name, topic)["topics"][0]["partitions"][0]["equal"]

    # What can't be compared is said.
    other = made(sides, unique("translated"))
    sides[0].write(other, ["a", "b"])
    mirrors(other, offsets="translate")
    assert "1 of 1 partitions are equal: 0 records" in cli.run("verify", name, other)
    sides[1].write(other, ["a"])
    done = cli.call("verify", name, other)
    assert done.returncode == 1 and "isthmus-link-index has nothing of it" in done.stdout
    assert "isn't a mirror topic of this link" in cli.run("verify", name, "nowhere", status=1)
    assert "not found" in cli.run("verify", unique("no"), status=1)
