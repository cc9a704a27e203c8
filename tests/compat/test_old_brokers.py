# SPDX-License-Identifier: Apache-2.0
"""Away from very old clusters: Kafka 2.1, the oldest that Kafka 4's clients talk to (KIP-896).

Its partitions may hold the message formats of 0.9, 0.10 and 0.11 one behind the other, each with
the framings of its time. Other versions: OLD_KAFKA=2.8.2 (after make kafka KAFKA_VERSIONS=2.8.2).
"""

import os
import struct
import time

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import ConfigResource

import exactness
import records
from java import snippet
from kafka_cluster import Cluster
from processes import wait_for
from workers import PATIENCE, Workers, mirror_config

OLD = os.environ.get("OLD_KAFKA", "2.1.1")
LANES = {"raw": "true", "record": "false"}
CODECS = ["none", "gzip", "snappy", "lz4"]
GROUPS = 1200  # more than are asked for at once
FORMATS = {"0.9.0": 0, "0.10.0": 1, "2.1": 2}
START = int(time.time() * 1000) - 3600_000


@pytest.fixture(scope="module")
def old():
    with Cluster("old", version=OLD) as cluster:
        yield cluster


def set_topic_config(cluster, topic, **config):
    """Sets what is named and puts the rest back to defaults, as old brokers do."""
    settings = {key.replace("_", "."): str(value) for key, value in config.items()}
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic, set_config=settings)
    cluster.admin.alter_configs([resource])[resource].result(120)


def plain(cluster, topic, first, count, codec, headers=False, **config):
    """Records without what old formats lack. The broker rewrites them into its topic's format."""
    failed = []
    producer = Producer(
        cluster.client_config(**{"compression.type": codec, "linger.ms": 50, **config})
    )
    for n in range(first, first + count):
        producer.produce(
            topic,
            None if n % 17 == 0 else b"%d" % n + b"x" * (n % 50),
            None if n % 11 == 0 else b"" if n % 13 == 0 else b"key-%d" % (n % 5),
            timestamp=START + n,
            partition=0,
            headers=[("n", b"%d" % n), ("n", None), ("", b"")] if headers else [],
            on_delivery=lambda error, message: error and failed.append(error),
        )
    assert not producer.flush(120) and not failed, failed[:3]


def batches_on_disk(cluster, topic, partition=0):
    """[(magic, codec)] of what the broker's log holds, by the first bytes of each entry."""
    found = []
    directory = cluster.brokers[0].directory / "data" / f"{topic}-{partition}"
    for segment in sorted(directory.glob("*.log")):
        data, at = segment.read_bytes(), 0
        while at + 17 <= len(data):
            (size,) = struct.unpack_from(">i", data, at + 8)
            magic = data[at + 16]
            attributes = data[at + 22] if magic == 2 else data[at + 17]
            found.append((magic, attributes & 7))
            at += 12 + size
    return found


def switch_format(cluster, topic, first, version):
    """Has the broker store that format from now on: (the number of the next record)."""
    set_topic_config(cluster, topic, message_format_version=version)

    def switched():
        nonlocal first
        plain(cluster, topic, first, 1, "none")
        first += 1
        return batches_on_disk(cluster, topic)[-1][0] == FORMATS[version]

    wait_for(switched, 30, f"the broker to store the format of {version}")
    return first


def mirror_both_ways(rest, source, target, topic, alias):
    """A mirror by either lane: {lane: remote topic}."""
    for lane, raw in LANES.items():
        config = mirror_config("Source", source, target, f"{alias}-{lane}", topics=topic)
        rest.put_connector(f"mirror-{lane}", {**config, "raw.lane.enabled": raw})
    return {lane: f"{alias}-{lane}.{topic}" for lane in LANES}


def assert_equal(source, topic, target, remote):
    expected = records.read_all(source, topic)
    records.wait_count(target, remote, sum(map(len, expected.values())), 60 * PATIENCE)
    found = records.read_all(target, remote)
    for partition, wanted in expected.items():
        records.compare(wanted, found[partition], remote)
    return sum(map(len, expected.values()))


@pytest.mark.skipif(int(OLD.split(".")[0]) > 2, reason="Kafka 3 stores the new format only")
def test_a_partition_of_all_message_formats(old, target, make_worker, unique):
    topic, alias = unique("ages"), unique("old")
    old.create_topic(topic, 1, message_format_version="0.9.0")
    number = 0
    for version, magic in FORMATS.items():
        number = switch_format(old, topic, number, version)
        codecs = [*CODECS, "zstd"] if magic == 2 else CODECS
        for codec in codecs:
            plain(old, topic, number, 60, codec, headers=magic == 2)
            number += 60
    stored = set(batches_on_disk(old, topic))
    assert stored == {(m, c) for m in (0, 1, 2) for c in range(4)} | {(2, 4)}

    rest = make_worker.distributed().rest
    for remote in mirror_both_ways(rest, old, target, topic, alias).values():
        assert assert_equal(old, topic, target, remote) == number


@pytest.mark.skipif(int(OLD.split(".")[0]) > 2, reason="Kafka 3 stores the new format only")
def test_times_of_an_old_broker(old, target, make_worker, unique):
    """In 0.10's format, too, a broker may have stamped the records."""
    topic, alias = unique("stamped"), unique("old")
    old.create_topic(
        topic, 1, message_format_version="0.10.0", message_timestamp_type="LogAppendTime"
    )
    for at, codec in enumerate(CODECS):
        plain(old, topic, 50 * at, 50, codec)
    rest = make_worker.distributed().rest
    for remote in mirror_both_ways(rest, old, target, topic, alias).values():
        assert assert_equal(old, topic, target, remote) == 200


def test_mirror_maker_from_an_old_cluster(old, target, make_worker, unique):
    """All three connectors: data, settings, partitions, group offsets, heartbeats."""
    topic, group, alias = unique("orders"), unique("billing"), unique("old")
    remote = f"{alias}.{topic}"
    old.create_topic(topic, 2, retention_ms=86400001)
    records.produce(old, topic, 1000, codec="lz4")
    # Heartbeats of a flow into the old cluster: that they arrive is how Java counts the hops.
    old.create_topic("heartbeats", 1)
    records.produce(old, "heartbeats", 1)
    assert len(records.consume_group(old, group, topic, 1000)) == 1000

    rest = make_worker.distributed().rest
    common = {
        "topics": topic,
        "groups": group,
        "sync.group.offsets.enabled": "true",
        "sync.group.offsets.interval.seconds": "1",
    }
    for kind in ("Source", "Checkpoint", "Heartbeat"):
        rest.put_connector(kind, mirror_config(kind, old, target, alias, **common))
    assert_equal(old, topic, target, remote)
    old.add_partitions(topic, 3)
    wait_for(lambda: target.partition_count(remote) == 3, 60 * PATIENCE, "the third partition")
    set_topic_config(old, topic, retention_ms=86400002)
    wait_for(
        lambda: target.topic_config(remote)["retention.ms"] == "86400002",
        60 * PATIENCE,
        "the topic's setting",
    )
    records.produce(old, topic, 500, first=1000, codec="zstd")
    assert assert_equal(old, topic, target, remote) == 1500

    ends = {p: high for p, (low, high) in records.end_offsets(old, topic).items()}
    records.commit(old, group, topic, ends)
    wait_for(
        lambda: records.committed(target, group, remote, ends) == ends,
        90 * PATIENCE,
        "the group's offsets on the target",
        interval=0.5,
    )
    printed = snippet("TranslateOffsets.java", target.bootstrap, alias, group)
    for partition, end in ends.items():
        assert f"{remote} {partition} {end} " in printed
    assert "replicationHops 1" in printed


def test_many_groups_of_an_old_cluster(old, target, make_worker, unique):
    """Before Kafka 3.0 brokers are asked for the offsets of one group at a time; each is translated
    exactly, and is committed on the target."""
    topic, prefix, alias = unique("orders"), unique("billing"), unique("old")
    remote, count = f"{alias}.{topic}", 2000
    old.create_topic(topic, 1)
    records.produce(old, topic, count)
    offsets = {f"{prefix}-{n}": {topic: 1 + n % count} for n in range(GROUPS)}
    exactness.commit_many(old, offsets)
    rest = make_worker.distributed().rest
    common = {"topics": topic, "groups": f"{prefix}-.*", "sync.group.offsets.enabled": "true"}
    common["sync.group.offsets.interval.seconds"] = "1"
    for kind in ("Source", "Checkpoint"):
        rest.put_connector(kind, mirror_config(kind, old, target, alias, **common))
    assert_equal(old, topic, target, remote)
    expected = {(group, remote): where[topic] for group, where in offsets.items()}

    def translated():
        found = exactness.checkpoints(target, alias)
        return {key: history[-1][1] for key, history in found.items()} == expected

    wait_for(translated, 90 * PATIENCE, f"exact checkpoints of {GROUPS} groups", interval=1)
    for group in list(offsets)[:: GROUPS // 6]:
        wait_for(
            lambda g=group: records.committed(target, g, remote, [0]) == {0: offsets[g][topic]},
            60 * PATIENCE,
            f"{group} on the target",
            interval=0.5,
        )


def test_an_old_cluster_is_the_target(old, source, kind, unique):
    """The worker's own topics, its group and the mirrors live on the old cluster."""
    topic, group, alias = unique("orders"), unique("billing"), unique("new")
    remote = f"{alias}.{topic}"
    source.create_topic(topic, 2)
    records.produce(source, topic, 1000, codec="zstd")
    factory = Workers(kind, old, unique)
    try:
        rest = factory.distributed().rest
        groups = [f"{group}-{n}" for n in range(20)]
        common = {"topics": topic, "groups": f"{group}-.*", "sync.group.offsets.enabled": "true"}
        common["sync.group.offsets.interval.seconds"] = "1"
        for part in ("Source", "Checkpoint", "Heartbeat"):
            rest.put_connector(part, mirror_config(part, source, old, alias, **common))
        assert_equal(source, topic, old, remote)
        rest.put_connector(
            "opened",
            mirror_config(
                "Source",
                source,
                old,
                f"{alias}-opened",
                topics=topic,
                **{"raw.lane.enabled": "false"},
            ),
        )
        assert_equal(source, topic, old, f"{alias}-opened.{topic}")
        ends = {p: high for p, (low, high) in records.end_offsets(source, topic).items()}
        for each in groups:
            records.commit(source, each, topic, ends)
        wait_for(
            lambda: all(records.committed(old, each, remote, ends) == ends for each in groups),
            90 * PATIENCE,
            "the groups' offsets on the old cluster",
            interval=0.5,
        )
        factory.stop()
    finally:
        factory.close()
