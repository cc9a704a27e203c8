# SPDX-License-Identifier: Apache-2.0
"""Every record arrives equal, whatever it is, by either lane.

Topics of all kinds are mirrored several times from one worker: as batches, record by record, as
batches of another codec, and under Connect's default header converter. Java's consumer then
compares each mirror with its source: key, value, headers and their order, time, order of records
(tests/support/java/CompareTopics.java).

EQUAL_RECORDS: records of each codec's topic (3000). EQUAL_CODECS: only these codecs ("zstd"), and
nothing but the codecs' topics.
"""

import base64
import dataclasses
import os
import re
import struct
import time

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import ConfigResource

import records
from java import snippet
from processes import wait_for
from workers import PATIENCE, Workers, mirror_config

COUNT = int(os.environ.get("EQUAL_RECORDS", "3000"))
ALL_CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]
CODECS = os.environ.get("EQUAL_CODECS", ",".join(ALL_CODECS)).split(",")
ONLY_CODECS = "EQUAL_CODECS" in os.environ
PATIENCE_S = (120 + COUNT // 2000) * PATIENCE
LANES = {
    "raw": {"raw.lane.enabled": "true"},
    "record": {"raw.lane.enabled": "false"},
    "recoded": {"producer.override.compression.type": "zstd"},
}
TWO_LANES = ["raw", "record"]
LIMIT = 1048588  # a broker's max.message.bytes
GROUP = "every-record-readers"
# On the source the lanes would share a topic: syncs of the slower one among those of the faster
# look like rewinds, after which a reader forgets what it knew of older offsets.
SYNCS_BY_LANE = {"offset-syncs.topic.location": "target"}
FAR = 2**63 - 1
START = int(time.time() * 1000) - 3600_000


def send(cluster, topic, messages, **config):
    """Produces (key, value, headers, timestamp) into partition 0, all acknowledged."""
    failed = []
    producer = Producer(cluster.client_config(**{"linger.ms": 20, **config}))
    for key, value, headers, timestamp in messages:
        producer.produce(
            topic,
            value,
            key,
            headers=headers,
            timestamp=timestamp,
            partition=0,
            on_delivery=lambda error, message: error and failed.append(error),
        )
        producer.poll(0)
    assert not producer.flush(120) and not failed, failed[:3]


def set_topic_config(cluster, topic, **config):
    settings = {key.replace("_", "."): str(value) for key, value in config.items()}
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic, set_config=settings)
    cluster.admin.alter_configs([resource])[resource].result(120)


def batch_sizes(cluster, topic):
    """Sizes of the batches in partition 0's log, by the first bytes of each."""
    sizes = []
    directory = cluster.brokers[0].directory / "data" / f"{topic}-0"
    for segment in sorted(directory.glob("*.log")):
        data, at = segment.read_bytes(), 0
        while at + 17 <= len(data):
            (size,) = struct.unpack_from(">i", data, at + 8)
            if size <= 0:
                break
            sizes.append(12 + size)
            at += 12 + size
    return sizes


def transactions(cluster, topic):
    """Two producers' transactions among each other, some aborted, plain records between them."""
    producers = []
    for name in ("a", "b"):
        settings = {"transactional.id": f"{topic}-{name}", "linger.ms": 0}
        producers.append(Producer(cluster.client_config(**settings)))
        producers[-1].init_transactions(120)
    for number in range(40):
        for producer in producers:
            producer.begin_transaction()
        for i in range(6):
            for which, producer in enumerate(producers):
                producer.produce(topic, f"{number}-{which}-{i}", f"{number}", partition=i % 2)
                producer.flush(120)
        for which, producer in enumerate(producers):
            if (number + which) % 3 == 0:
                producer.abort_transaction(120)
            else:
                producer.commit_transaction(120)
        send(cluster, topic, [(b"plain", b"%d" % number, [], START)], **{"linger.ms": 0})
    return topic


def compacted(cluster, topic):
    """Keys written over and over, tombstones among them, until the cleaner has left gaps."""
    cluster.create_topic(
        topic,
        1,
        cleanup_policy="compact",
        min_cleanable_dirty_ratio=0.01,
        segment_bytes=1048576,
        segment_ms=1000,
        max_compaction_lag_ms=1000,
        delete_retention_ms=600000,
    )
    producer = Producer(cluster.client_config(**{"compression.type": "zstd", "linger.ms": 20}))
    total = 20000
    for n in range(total):
        key = f"own-{n}" if n % 7 == 0 else f"key-{n % 500}"
        value = None if n % 29 == 0 else f"{n}-" + "x" * 100
        producer.produce(topic, value, key, headers=[("n", str(n))])
        producer.poll(0)
    assert producer.flush(120) == 0

    def cleaned():
        nonlocal total
        send(cluster, topic, [(b"more", b"%d" % total, [], 0)])
        total += 1
        return sum(map(len, records.read_all(cluster, topic).values())) < total // 2

    wait_for(cleaned, 120 * PATIENCE, f"{topic} to be compacted", interval=1)
    # The mirror is to hold what is there now, so neither side may go on compacting.
    set_topic_config(cluster, topic, cleanup_policy="delete")


def limits(cluster, topic):
    """Records and batches of exactly what a broker takes, and far larger ones within."""
    cluster.create_topic(topic, 1)
    large = {"message.max.bytes": 4 * LIMIT, "linger.ms": 0}
    fits = LIMIT - 72  # all that is around a value of this size
    send(cluster, topic, [(None, os.urandom(fits), [], START)], **large)
    assert batch_sizes(cluster, topic) == [LIMIT]
    with pytest.raises(AssertionError, match="MSG_SIZE_TOO_LARGE"):
        send(cluster, topic, [(None, os.urandom(fits + 1), [], START)], **large)
    full = {**large, "linger.ms": 1000, "batch.size": LIMIT, "message.max.bytes": LIMIT}
    for codec in ("none", "lz4"):
        noise = [(b"k", os.urandom(5000), [("h", b"v")], START + n) for n in range(800)]
        send(cluster, topic, noise, **{**full, "compression.type": codec})
    assert sum(1 for size in batch_sizes(cluster, topic) if size > 0.98 * LIMIT) >= 4
    # Small on the wire, large in memory.
    zeros = [(b"k", bytes(900000), [], START + n) for n in range(20)]
    send(cluster, topic, zeros, **{**large, "linger.ms": 1000, "compression.type": "gzip"})


class Bed:
    """The topics, the worker and its mirrors; what the tests of this file share."""

    def __init__(self, source, target, kind):
        self.source, self.target = source, target
        self.names = iter(range(1, 1000))
        self.prefix = "every"
        self.topics = {}
        self.workers = Workers(kind, target, lambda word: f"{word}-every-{next(self.names)}")

    def topic(self, name):
        return f"{self.prefix}-{name}"

    def remote(self, lane, name):
        return f"{lane}.{self.topic(name)}"

    def create(self, name, partitions=1, **config):
        return self.source.create_topic(self.topic(name), partitions, **config)

    def produce_shapes(self, count, topics):
        """topics: {name: codecs}; each topic gets `count` records."""
        pairs = [f"{self.topic(name)}={codecs}" for name, codecs in topics.items()]
        boot = self.source.bootstrap
        snippet("ProduceShapes.java", boot, str(count), *pairs, timeout=PATIENCE_S)

    def fill(self):
        for codec in CODECS:
            self.create(codec, 3)
        self.produce_shapes(COUNT, {codec: codec for codec in CODECS})
        if ONLY_CODECS:
            return
        self.create("mixed", 2)
        self.create("wide", 50)
        self.create("stamped", 2, message_timestamp_type="LogAppendTime")
        self.create("times", 1, message_timestamp_after_max_ms=FAR)
        shapes = {"mixed": ",".join(2 * ALL_CODECS), "wide": "lz4,zstd", "stamped": "snappy,none"}
        self.produce_shapes(min(COUNT, 10000), {**shapes, "times": "none,zstd"})
        self.create("payments", 2)
        transactions(self.source, self.topic("payments"))
        self.create("timeless")
        shapes = [(b"k%d" % n, b"v%d" % n, [("h", None)], -1) for n in range(100)]
        for codec in ("none", "gzip"):
            send(self.source, self.topic("timeless"), shapes, **{"compression.type": codec})
        compacted(self.source, self.topic("compacted"))
        limits(self.source, self.topic("limits"))

    def mirror(self):
        self.worker = self.workers.distributed()
        for lane, settings in LANES.items():
            for isolation in ("uncommitted", "committed"):
                self.start_mirror(lane, settings, isolation)
        self.start_mirror("default", {"header.converter": None}, "uncommitted")

    def start_mirror(self, lane, settings, isolation):
        alias = lane if isolation == "uncommitted" else f"{lane}-committed"
        topics = f"{self.prefix}-.*" if isolation == "uncommitted" else self.topic("payments")
        config = mirror_config("Source", self.source, self.target, alias, topics=topics)
        config.update(
            {
                "consumer.isolation.level": f"read_{isolation}",
                "producer.override.max.request.size": str(4 * LIMIT),
                "emit.offset-syncs.enabled": "true",
                **SYNCS_BY_LANE,
                "offset.lag.max": "50",
                **settings,
            }
        )
        if config["header.converter"] is None:
            del config["header.converter"]
        self.worker.rest.put_connector(alias, config)
        # One after the other: a task that is given its partitions anew may send records again.
        self.worker.rest.wait_running(alias, 1, 60 * PATIENCE)

    def visible(self, name, isolation="read_uncommitted"):
        found = records.read_all(self.source, self.topic(name), isolation=isolation)
        return sum(map(len, found.values()))

    def assert_equal(self, *names, lanes=LANES, committed=False):
        """Each mirror of these topics holds what its source does, says Java's consumer."""
        isolation = "read_committed" if committed else "read_uncommitted"
        suffix = "-committed" if committed else ""
        pairs = []
        for name in names:
            total = COUNT if name in ALL_CODECS else self.visible(name, isolation)
            for lane in lanes:
                remote = self.remote(lane + suffix, name)
                records.wait_count(self.target, remote, total, PATIENCE_S)
                pairs.append(f"{self.topic(name)}={remote}")
        boots = self.source.bootstrap, self.target.bootstrap
        printed = snippet(
            "CompareTopics.java", *boots, isolation, *pairs, timeout=PATIENCE_S, check=False
        )
        print(printed)
        assert len(re.findall(r"^\S+ partitions \d+ records \d+ hash", printed, re.M)) == len(
            pairs
        ), printed


@pytest.fixture(scope="module")
def bed(source, target, request):
    bed = Bed(source, target, request.config.getoption("--worker"))
    try:
        bed.fill()
        bed.mirror()
        yield bed
        bed.workers.stop()
    finally:
        bed.workers.close()


def only_codecs():
    return pytest.mark.skipif(ONLY_CODECS, reason="EQUAL_CODECS asks for the codecs alone")


def test_each_codec(bed):
    bed.assert_equal(*CODECS)


@only_codecs()
def test_several_producers_and_codecs_in_a_partition(bed):
    bed.assert_equal("mixed", "wide")


@only_codecs()
def test_times(bed):
    """Stamped by the broker, none at all, and from the first to the last that there can be."""
    bed.assert_equal("stamped", "timeless")
    bed.assert_equal("times", lanes=["raw", "recoded"])
    # librdkafka takes a time of 0 for "now": the record lane says 1, as near as can be.
    expected = records.read_all(bed.source, bed.topic("times"))[0]
    records.wait_count(bed.target, bed.remote("record", "times"), len(expected), PATIENCE_S)
    found = records.read_all(bed.target, bed.remote("record", "times"))[0]
    assert [max(1, r.timestamp) for r in expected] == [r.timestamp for r in found]
    assert [(r.key, r.value, r.headers) for r in expected] == [
        (r.key, r.value, r.headers) for r in found
    ]


@only_codecs()
def test_transactions(bed):
    """As they are, aborted ones too, by default; with read_committed only what was committed."""
    bed.assert_equal("payments", committed=True)
    everything = bed.visible("payments")
    for lane in LANES:
        remote = bed.remote(lane, "payments")
        records.wait_count(bed.target, remote, everything, PATIENCE_S)
        expected = records.read_all(bed.source, bed.topic("payments"), isolation="read_uncommitted")
        found = records.read_all(bed.target, remote)
        for partition, wanted in expected.items():
            records.compare(wanted, found[partition], remote)


@only_codecs()
def test_a_compacted_topic(bed):
    bed.assert_equal("compacted")


@only_codecs()
def test_the_largest_that_a_broker_takes(bed):
    bed.assert_equal("limits")


@only_codecs()
def test_the_default_header_converter(bed):
    """Everything is as it is but header values, which SimpleHeaderConverter prints in base64."""
    names = [*ALL_CODECS, "mixed", "wide", "stamped", "timeless", "times", "payments"]
    for name in [*names, "compacted", "limits"]:
        expected = records.read_all(bed.source, bed.topic(name), isolation="read_uncommitted")
        remote = bed.remote("default", name)
        records.wait_count(bed.target, remote, sum(map(len, expected.values())), PATIENCE_S)
        found = records.read_all(bed.target, remote)
        for partition, wanted in expected.items():
            printed = [dataclasses.replace(r, headers=as_text(r.headers)) for r in wanted]
            records.compare(printed, found[partition], remote)


def as_text(headers):
    return tuple((k, None if v is None else base64.b64encode(v)) for k, v in headers)


@only_codecs()
@pytest.mark.parametrize("lane", TWO_LANES)
def test_translated_offsets_name_the_same_records(bed, lane):
    """What RemoteClusterUtils translates never skips a record, and is exact at a partition's end."""
    names = [*ALL_CODECS, "mixed", "compacted"]
    source = {name: records.read_all(bed.source, bed.topic(name)) for name in names}
    for name, partitions in source.items():
        total = sum(map(len, partitions.values()))
        records.wait_count(bed.target, bed.remote(lane, name), total, PATIENCE_S)
    ends = {}
    for name, partitions in source.items():
        for partition, found in partitions.items():
            end = partition == 0
            ends[name, partition] = found[-1].offset + 1 if end else found[len(found) // 3].offset
        offsets = {p: ends[name, p] for p in partitions}
        records.commit(bed.source, f"{GROUP}-{lane}", bed.topic(name), offsets)
    common = {"topics": f"{bed.prefix}-.*", "groups": f"{GROUP}-{lane}", **SYNCS_BY_LANE}
    config = mirror_config("Checkpoint", bed.source, bed.target, lane, **common)
    bed.worker.rest.put_connector(f"{lane}-checkpoint", config)

    def translated():
        printed = snippet("TranslateOffsets.java", bed.target.bootstrap, lane, common["groups"])
        print(printed)
        found = re.findall(r"^(\S+) (\d+) (\d+) ", printed, re.M)
        offsets = {(topic, int(p)): int(offset) for topic, p, offset in found}
        ready = all(
            offsets.get((bed.remote(lane, name), 0))
            == records.end_offsets(bed.target, bed.remote(lane, name))[0][1]
            for name in names
        )
        return ready and len(offsets) == len(ends) and offsets

    offsets = wait_for(translated, 60 * PATIENCE, "the readers' places at the end", interval=1)
    for (name, partition), upstream in ends.items():
        place = offsets[bed.remote(lane, name), partition]
        target = records.read_all(bed.target, bed.remote(lane, name))[partition]
        # The first record that a reader on either side has not seen, by its place in the order.
        left = sum(1 for r in source[name][partition] if r.offset < upstream)
        right = sum(1 for r in target if r.offset < place)
        assert right <= left, f"{name}-{partition}: {upstream} was translated to {place}"
        assert right == left or partition > 0
