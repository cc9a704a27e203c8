# SPDX-License-Identifier: Apache-2.0
"""Batches keep passing as bytes under the configurations that people have: Connect's own header
converter, compression.type of the producer, transforms of the topic's name.

Each mirror is compared with what Java's worker writes of the same source (--worker=java runs the
same tests): header values as Java's SimpleHeaderConverter prints bytes, everything else as it is.
One worker serves all of them; its connectors differ.
"""

import base64
import dataclasses
import json
import struct

import pytest

import records
from processes import wait_for
from workers import PATIENCE, Workers, mirror_config

CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]
COUNT = 3000
PLAIN = [r for r in range(COUNT) if r % 5]  # records of records.produce() without headers
TRANSFORMS = "org.apache.kafka.connect.transforms"


def as_java_prints(record):
    """The record as MirrorSourceConnector and SimpleHeaderConverter leave it."""
    headers = tuple(
        (name, None if value is None else base64.b64encode(value))
        for name, value in record.headers
    )
    return dataclasses.replace(record, headers=headers)


def codecs_in_log(cluster, topic):
    """The codecs of all batches in the topic's segments, on one broker."""
    found = set()
    for segment in (cluster.brokers[0].directory / "data").glob(f"{topic}-[0-9]*/*.log"):
        data, at = segment.read_bytes(), 0
        while at + 23 <= len(data):
            (length,) = struct.unpack_from(">i", data, at + 8)
            if length <= 0:
                break
            (attributes,) = struct.unpack_from(">h", data, at + 21)
            found.add(CODECS[attributes & 7])
            at += 12 + length
    return found


class Bed:
    def __init__(self, source, target, kind):
        self.source, self.target, self.kind = source, target, kind
        numbers = iter(range(1000))
        self.workers = Workers(kind, target, lambda word: f"{word}-lane-{next(numbers)}")
        self.worker = self.workers.distributed()

    def fill(self, topic, partitions=2, count=COUNT, **how):
        self.source.create_topic(topic, partitions)
        records.produce(self.source, topic, count, **how)

    def fill_plain(self, topic, codec):
        """Records without headers."""
        self.source.create_topic(topic, 2)
        producer = records.Producer(
            self.source.client_config(**{"compression.type": codec, "linger.ms": 50})
        )
        for number in PLAIN:
            producer.produce(topic, b"%d:" % number + b"x" * 90, b"%d" % (number % 97))
        assert producer.flush(120) == 0

    def mirror(self, name, topics, **settings):
        """A mirror under Connect's default header converter; its name is the alias."""
        config = mirror_config("Source", self.source, self.target, name, topics=topics, **settings)
        config.pop("header.converter", None)
        if "header.converter" in settings:
            config["header.converter"] = settings["header.converter"]
        self.worker.rest.put_connector(name, config)

    def assert_mirrored(self, topic, remote):
        expected = records.read_all(self.source, topic)
        total = sum(map(len, expected.values()))
        records.wait_count(self.target, remote, total, 90 * PATIENCE)
        found = records.read_all(self.target, remote)
        for partition, wanted in expected.items():
            records.compare([as_java_prints(r) for r in wanted], found[partition], remote)
        return total

    def explained(self, name):
        """The first task of a connector, as `explain` has it."""
        return self.worker.rest.get(f"/connectors/{name}/explain")["tasks"][0]

    def ways(self, name, total=0):
        """Records by their ways, summed over the tasks; None with Java's worker, which has none.
        total: so many are on the target; a task counts them a moment later."""
        if self.kind == "java":
            return None

        def counted():
            tasks = self.worker.rest.get(f"/connectors/{name}/explain")["tasks"]
            ways = {way: sum(t["records"][way] for t in tasks) for way in tasks[0]["records"]}
            return sum(ways.values()) >= total and ways

        return wait_for(counted, 30 * PATIENCE, f"{name} to count {total} records")


@pytest.fixture(scope="module")
def bed(source, target, request):
    bed = Bed(source, target, request.config.getoption("--worker"))
    try:
        yield bed
        bed.workers.stop()
    finally:
        bed.workers.close()


def test_batches_without_headers_pass_under_the_default_header_converter(bed):
    for codec in CODECS:
        bed.fill_plain(f"plain-{codec}", codec)
    topics = ",".join(f"plain-{codec}" for codec in CODECS)  # others have made topics of such names
    bed.mirror("plain", topics, **{"emit.offset-syncs.enabled": "true"})
    total = sum(bed.assert_mirrored(f"plain-{c}", f"plain.plain-{c}") for c in CODECS)
    ways = bed.ways("plain", total)
    if ways:
        assert ways["passed"] == total, ways
        assert bed.explained("plain")["reason"] == "record batches as bytes"
        log = bed.worker.process.log()
        assert "Record batches pass to the target as they are" in log


def test_batches_with_headers_are_written_anew_as_java_writes_them(bed):
    for codec in CODECS:
        bed.fill(f"headed-{codec}", codec=codec)
    bed.mirror("headed", "headed-.*")
    total = sum(bed.assert_mirrored(f"headed-{c}", f"headed.headed-{c}") for c in CODECS)
    # Later ones without any pass again, in order behind them.
    before = bed.ways("headed", total)
    producer = records.Producer(bed.source.client_config())
    for number in range(500):
        producer.produce("headed-lz4", b"later %d" % number, b"k", partition=0)
    assert producer.flush(120) == 0
    bed.assert_mirrored("headed-lz4", "headed.headed-lz4")
    if before:
        ways = bed.ways("headed", total + 500)
        assert before["repacked"] > 0 and before["opened"] == 0, before
        assert before["repacked"] + before["passed"] == total
        assert ways["passed"] - before["passed"] == 500, (before, ways)
        assert codecs_in_log(bed.target, "headed.headed-zstd") == {"zstd"}


@pytest.mark.parametrize("codec", CODECS)
def test_the_producers_codec(bed, codec):
    """Every other codec becomes it; batches that have it pass."""
    name = f"to-{codec}"
    for theirs in ("none", "lz4", "zstd"):
        bed.fill_plain(f"{name}-from-{theirs}", theirs)
    bed.fill(f"{name}-headed", codec="gzip", count=500)
    level = {"producer.override.compression.zstd.level": "5"} if codec == "zstd" else {}
    bed.mirror(name, f"{name}-.*", **{"producer.override.compression.type": codec, **level})
    for theirs in ("none", "lz4", "zstd"):
        bed.assert_mirrored(f"{name}-from-{theirs}", f"{name}.{name}-from-{theirs}")
        assert codecs_in_log(bed.target, f"{name}.{name}-from-{theirs}") == {codec}
    bed.assert_mirrored(f"{name}-headed", f"{name}.{name}-headed")
    ways = bed.ways(name)
    if ways:
        assert ways["opened"] == 0, ways
        assert (ways["passed"] > 0) == (codec in ("none", "lz4", "zstd")), ways
        assert ways["transcoded"] > 0, ways


def test_transforms_of_the_topics_name(bed):
    for topic in ("route-a", "route-b", "route-secret"):
        bed.fill_plain(topic, "lz4")
    for topic in ("renamed-route-a", "renamed-route-B"):
        bed.target.create_topic(topic, 2)
    bed.mirror(
        "route",
        "route-.*",
        transforms="drop,rename,upper",
        **{
            "transforms.drop.type": f"{TRANSFORMS}.Filter",
            "transforms.drop.predicate": "secret",
            "transforms.rename.type": f"{TRANSFORMS}.RegexRouter",
            "transforms.rename.regex": "route\\.(.*)",
            "transforms.rename.replacement": "renamed-$1",
            "transforms.upper.type": f"{TRANSFORMS}.RegexRouter",
            "transforms.upper.regex": "(.*)-b",
            "transforms.upper.replacement": "$1-B",
            "transforms.upper.predicate": "secret",
            "transforms.upper.negate": "true",
            "predicates": "secret",
            "predicates.secret.type": f"{TRANSFORMS}.predicates.TopicNameMatches",
            "predicates.secret.pattern": ".*secret",
        },
    )
    total = bed.assert_mirrored("route-a", "renamed-route-a")
    total += bed.assert_mirrored("route-b", "renamed-route-B")
    assert records.count(bed.target, "renamed-route-secret") == 0
    ways = bed.ways("route")
    if ways:
        wait_for(lambda: bed.ways("route")["dropped"] == len(PLAIN), 30, "the filter's records")
        assert bed.ways("route")["passed"] == total and bed.ways("route")["opened"] == 0


def test_a_routed_topic_that_is_missing(bed):
    """What goes to it waits, which is said again and again, and goes on once the topic is there."""
    bed.fill_plain("lost-a", "lz4")
    settings = {
        "transforms": "rename",
        "transforms.rename.type": f"{TRANSFORMS}.RegexRouter",
        "transforms.rename.regex": "lost\\.(.*)",
        "transforms.rename.replacement": "found-$1",
    }
    bed.mirror("lost", "lost-a", **settings)
    bed.worker.rest.wait_running("lost")
    if bed.kind != "java":

        def missing():
            return bed.explained("lost").get("missing_topics")

        wait_for(lambda: missing() == ["found-lost-a"], 60 * PATIENCE, "the topic to be missed")
        again = "topics that the transforms name are still not there on the target"
        wait_for(lambda: again in bed.worker.process.log(), 60 * PATIENCE, "a second word of it")
    bed.target.create_topic("found-lost-a", 2)
    bed.assert_mirrored("lost-a", "found-lost-a")
    if bed.kind != "java":
        wait_for(lambda: not missing(), 90 * PATIENCE, "the topic to be missed no more")


def test_a_transform_of_some_topics_opens_these_alone(bed):
    for topic in ("some-plain", "some-stamped"):
        bed.fill_plain(topic, "zstd")
    bed.mirror(
        "some",
        "some-.*",
        transforms="stamp",
        **{
            "tasks.max": "1",
            "transforms.stamp.type": f"{TRANSFORMS}.InsertHeader",
            "transforms.stamp.header": "from",
            "transforms.stamp.value.literal": "here",
            "transforms.stamp.predicate": "stamped",
            "predicates": "stamped",
            "predicates.stamped.type": f"{TRANSFORMS}.predicates.TopicNameMatches",
            "predicates.stamped.pattern": ".*stamped",
        },
    )
    total = bed.assert_mirrored("some-plain", "some.some-plain")
    records.wait_count(bed.target, "some.some-stamped", total, 60 * PATIENCE)
    found = records.read_all(bed.target, "some.some-stamped")
    expected = records.read_all(bed.source, "some-stamped")
    for partition, wanted in expected.items():
        stamped = [dataclasses.replace(r, headers=(("from", b"here"),)) for r in wanted]
        records.compare(stamped, found[partition], "some-stamped")
    ways = bed.ways("some", 2 * total)
    if ways:
        assert ways["passed"] == total and ways["opened"] == total, ways


def test_a_converter_that_writes_anew_is_named(bed):
    """JsonConverter wraps bytes: so do we, record by record, and say what to change."""
    bed.fill_plain("wrapped", "none")
    converter = "org.apache.kafka.connect.json.JsonConverter"
    bed.mirror("json", "wrapped", **{"value.converter": converter})
    records.wait_count(bed.target, "json.wrapped", len(PLAIN), 60 * PATIENCE)
    expected = records.read_all(bed.source, "wrapped")
    for partition, found in records.read_all(bed.target, "json.wrapped").items():
        for left, right in zip(expected[partition], found):
            envelope = json.loads(right.value)
            assert envelope["schema"] == {"type": "bytes", "optional": False}
            assert base64.b64decode(envelope["payload"]) == left.value
    if bed.kind == "isthmus":
        reason = bed.explained("json")["reason"]
        assert reason.startswith(f"value.converter {converter} writes records anew"), reason
        assert "ByteArrayConverter" in reason
