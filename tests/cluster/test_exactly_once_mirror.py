# SPDX-License-Identifier: Apache-2.0
"""Mirroring exactly once: whatever happens to worker or target, each record arrives once.

Both lanes, by a parameter: record batches as bytes within transactions, and records. (Plugins that
hand over records have but the one: test_exactly_once_source.py, test_mixed_exactly_once.py.) A reader of
committed records sees a beginning of the source's partitions at any time, in order, nothing lost,
doubled or half committed. The target may be an old cluster (transaction.version 1) or a new one (2).
Sizes: ISTHMUS_EOS_KILLS (3), ISTHMUS_EOS_RECORDS (12000) in all.
"""

import json
import os
import random

import pytest
from confluent_kafka import Producer
from test_raw_lane import (
    OPENED,
    PASSED,
    abort_overlapping,
    assert_syncs_exact,
    set_topic_config,
    transactions,
)

import records
from kafka_cluster import SHORT_BROKER_SESSION
from processes import wait_for
from workers import PATIENCE, SHORT_SESSION, Workers, mirror_config

KILLS = int(os.environ.get("ISTHMUS_EOS_KILLS", "3"))
RECORDS = int(os.environ.get("ISTHMUS_EOS_RECORDS", "12000"))
EXACTLY_ONCE = {"exactly.once.source.support": "enabled", **SHORT_SESSION}
# As a plugin on Java's workers wouldn't notice it, the setting does no harm there.
LANES = {"raw": {}, "record": {"raw.lane.enabled": "false"}}


def exactly_once(source, target, alias, topics, lane="raw", **more):
    config = mirror_config("Source", source, target, alias, topics=topics)
    return {
        **config,
        "consumer.isolation.level": "read_committed",
        "exactly.once.support": "required",
        "emit.offset-syncs.enabled": "true",
        "tasks.max": "2",
        **LANES[lane],
        **more,
    }


def assert_lane(worker, lane):
    if worker.kind == "isthmus":
        wanted, other = (PASSED, OPENED) if lane == "raw" else (OPENED, PASSED)
        # A worker that was killed behind its last record may not have begun its tasks again.
        wait_for(lambda: wanted in worker.process.log(), 60 * PATIENCE, f"the lane to be {lane}")
        assert other not in worker.process.log()


def assert_beginning(source, topic, target, remote):
    """What is committed on the target by now is how the source's partitions begin."""
    found = records.read_all(target, remote)
    expected = records.read_all(source, topic)
    for partition, got in found.items():
        records.compare(expected[partition][: len(got)], got, f"{remote}-{partition}")
    return sum(map(len, found.values()))


def assert_once(source, topic, target, remote, timeout=90):
    """All of the source is committed on the target, once."""
    total = sum(map(len, records.read_all(source, topic).values()))
    wait_for(
        lambda: assert_beginning(source, topic, target, remote) == total,
        timeout * PATIENCE,
        f"{total} committed records in {remote}",
        interval=0.3,
    )
    return total


class Rounds:
    """Produces in rounds and waits for moments within them."""

    def __init__(self, source, topic, target, remote, rounds):
        self.source, self.topic, self.target, self.remote = source, topic, target, remote
        self.size = RECORDS // rounds
        self.produced = 0
        self.moments = random.Random(topic)

    def produce(self):
        before = records.count(self.target, self.remote)
        codec = self.moments.choice(["none", "lz4", "zstd"])
        records.produce(self.source, self.topic, self.size, first=self.produced, codec=codec)
        self.produced += self.size
        return before + self.moments.randrange(1, self.size // 2)

    def wait(self, moment):
        """Until so many offsets, committed or not, are there."""
        wait_for(
            lambda: records.count(self.target, self.remote) >= moment,
            90 * PATIENCE,
            f"{moment} offsets of {self.remote}",
            interval=0.02,
        )


@pytest.mark.parametrize(
    "lane, boundary",
    [
        ("raw", "poll"),
        pytest.param("raw", "interval", marks=pytest.mark.long),
        pytest.param("record", "poll", marks=pytest.mark.long),
    ],
)
def test_a_worker_that_is_killed(source, target, make_worker, unique, lane, boundary):
    topic, alias = unique("orders"), unique("src")
    remote = f"{alias}.{topic}"
    source.create_topic(topic, 4)
    worker = make_worker.distributed(make_worker.settings(**EXACTLY_ONCE))
    more = {
        "offsets.storage.topic": f"{alias}-offsets",
        "transaction.boundary": boundary,
        "transaction.boundary.interval.ms": "300",
        "offset.lag.max": "0",
    }
    config = exactly_once(source, target, alias, topic, lane, **more)
    worker.rest.put_connector("mirror", config)
    rounds = Rounds(source, topic, target, remote, KILLS)
    for _ in range(KILLS):
        rounds.wait(rounds.produce())
        worker.kill()
        worker.start()
        assert_beginning(source, topic, target, remote)
    assert assert_once(source, topic, target, remote) == rounds.produced
    assert_lane(worker, lane)
    if lane == "raw":
        # What is killed at once may write none.
        rounds.produce()
        assert_once(source, topic, target, remote)
        assert assert_syncs_exact(source, topic, target, remote) >= 4
    topics = worker.rest.get("/connectors/mirror/topics")["mirror"]["topics"]
    assert topics == [remote]


@pytest.mark.java
@pytest.mark.long
def test_java_before_and_after(source, target, make_worker, unique, kind):
    topic, alias = unique("orders"), unique("src")
    remote = f"{alias}.{topic}"
    source.create_topic(topic, 4)
    settings = make_worker.settings(**EXACTLY_ONCE)
    rounds = Rounds(source, topic, target, remote, 3)
    for number, each in enumerate(["java", kind, "java"]):
        worker = make_worker.distributed(settings, kind=each)
        if number == 0:
            worker.rest.put_connector("mirror", exactly_once(source, target, alias, topic))
        rounds.wait(rounds.produce())
        if number < 2:
            worker.kill()
    assert assert_once(source, topic, target, remote) == rounds.produced


def abort_offsets(target, offsets_topic, connector, alias, topic, *numbers):
    """Leaves source offsets of partition 0 as a task does that is killed within a transaction."""
    where = {"cluster": alias, "partition": 0, "topic": topic}
    key = json.dumps([connector, where], separators=(",", ":"))
    record = {"topic": offsets_topic, "partition": 0, "key": key}
    values = [json.dumps({"offset": number}) for number in numbers]
    abort_overlapping(target, *[{**record, "value": value} for value in values])


def test_offsets_of_aborted_transactions(source, target, make_worker, unique):
    """A worker was killed, and its tasks' last transactions are aborted in another order than they
    began: the next one doesn't go on at offsets whose records aren't there."""
    topic, alias = unique("orders"), unique("src")
    source.create_topic(topic, 1)
    records.produce(source, topic, 1000)
    settings = make_worker.settings(**EXACTLY_ONCE)
    worker = make_worker.distributed(settings)
    abort_offsets(target, settings["offset.storage.topic"], "mirror", alias, topic, 499, 599)
    worker.rest.put_connector("mirror", exactly_once(source, target, alias, topic))
    assert assert_once(source, topic, target, f"{alias}.{topic}") == 1000


def test_exactly_once_is_turned_off(source, target, make_worker, unique, kind):
    """What its last transactions left isn't taken for offsets afterwards, either."""
    topic, own, shared = unique("orders"), unique("own"), unique("shared")
    source.create_topic(topic, 1)
    records.produce(source, topic, 1000)
    target.create_topic(f"{own}-offsets", 1, cleanup_policy="compact")
    settings = make_worker.settings()
    worker = make_worker.distributed(settings)
    offsets = {own: f"{own}-offsets", shared: settings["offset.storage.topic"]}
    if kind == "java":
        del offsets[shared]  # Java reads every offset of the worker's topic, and begins at 500
    for alias, offsets_topic in offsets.items():
        more = {"offsets.storage.topic": offsets_topic} if alias == own else {}
        abort_offsets(target, offsets_topic, alias, alias, topic, 499)
        config = mirror_config("Source", source, target, alias, topics=topic, **more)
        worker.rest.put_connector(alias, config)
    for alias in offsets:
        assert assert_once(source, topic, target, f"{alias}.{topic}") == 1000


@pytest.mark.parametrize("lane", ["raw", pytest.param("record", marks=pytest.mark.long)])
def test_a_worker_that_comes_back_as_a_zombie(source, target, make_worker, unique, lane):
    topic, alias = unique("orders"), unique("src")
    remote = f"{alias}.{topic}"
    source.create_topic(topic, 4)
    group = unique("connect")
    first = make_worker.distributed(make_worker.settings(group, **EXACTLY_ONCE))
    first.rest.put_connector("mirror", exactly_once(source, target, alias, topic, lane))
    rounds = Rounds(source, topic, target, remote, 3)
    rounds.wait(rounds.produce())
    first.process.pause()
    second = make_worker.distributed(make_worker.settings(group, **EXACTLY_ONCE))
    rounds.wait(rounds.produce())
    first.process.resume()
    rounds.wait(rounds.produce())
    assert assert_once(source, topic, target, remote) == rounds.produced
    second.rest.wait_running("mirror", 2)


@pytest.mark.parametrize("lane", ["raw", pytest.param("record", marks=pytest.mark.long)])
def test_a_task_that_was_fenced_goes_on_by_itself(source, target, make_worker, unique, kind, lane):
    """As when a zombie came back: the task is still this worker's, and takes its id again."""
    if kind == "java":
        pytest.skip("Java's task fails until people restart it")
    topic, alias = unique("orders"), unique("src")
    remote = f"{alias}.{topic}"
    source.create_topic(topic, 4)
    group = unique("connect")
    worker = make_worker.distributed(make_worker.settings(group, **EXACTLY_ONCE))
    worker.rest.put_connector("mirror", exactly_once(source, target, alias, topic, lane))
    rounds = Rounds(source, topic, target, remote, 3)
    for _ in range(2):
        rounds.wait(rounds.produce())
        for task in range(2):
            client = {"bootstrap.servers": target.bootstrap}
            Producer({**client, "transactional.id": f"{group}-mirror-{task}"}).init_transactions(120)
    rounds.produce()
    assert assert_once(source, topic, target, remote) == rounds.produced
    worker.rest.wait_running("mirror", 2)
    assert "it is started anew" in worker.process.log()
    assert "will not recover" not in worker.process.log()


@pytest.mark.parametrize("version", ["4.1.0", pytest.param("3.9.1", marks=pytest.mark.long)])
def test_a_broker_that_is_killed(source, cluster_factory, kind, unique, version):
    topic, alias = unique("orders"), unique("src")
    remote = f"{alias}.{topic}"
    source.create_topic(topic, 4)
    target = cluster_factory(unique("target"), version=version, properties=SHORT_BROKER_SESSION)
    workers = Workers(kind, target, unique)
    try:
        worker = workers.distributed(workers.settings(**EXACTLY_ONCE))
        worker.rest.put_connector("mirror", exactly_once(source, target, alias, topic))
        rounds = Rounds(source, topic, target, remote, 2)
        for _ in range(2):
            rounds.wait(rounds.produce())
            target.brokers[0].kill()
            target.brokers[0].start()
        assert assert_once(source, topic, target, remote) == rounds.produced
        assert_lane(worker, "raw")
        workers.stop()
    finally:
        workers.close()


def test_what_cannot_pass_as_it_is(source, target, make_worker, unique):
    """Batches too large are cut within the transaction; the source's transactions become ours."""
    large, payments, alias = unique("large"), unique("payments"), unique("src")
    source.create_topic(large, 2)
    source.create_topic(payments, 2)
    worker = make_worker.distributed(make_worker.settings(**EXACTLY_ONCE))
    more = {"sync.topic.configs.enabled": "false"}
    config = exactly_once(source, target, alias, f"{large},{payments}", **more)
    worker.rest.put_connector("mirror", config)
    records.produce(source, large, 10)
    assert_once(source, large, target, f"{alias}.{large}")
    set_topic_config(target, f"{alias}.{large}", max_message_bytes=20000)
    records.produce(source, large, 6000, first=10, size=500, **{"linger.ms": 200})
    transactions(source, payments, 60, abort_every=3)
    assert assert_once(source, large, target, f"{alias}.{large}") == 6010
    assert assert_once(source, payments, target, f"{alias}.{payments}") == 400
    if worker.kind == "isthmus":
        assert "it is sent in pieces" in worker.process.log()
        assert_lane(worker, "raw")
