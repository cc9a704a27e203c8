# SPDX-License-Identifier: Apache-2.0
"""A first migration with MM2's three connectors on a distributed worker.

History is mirrored, then what is produced meanwhile; the target gets the topic's partitions and
configuration; a consumer group finds its place on the target with Java's own client library; and
heartbeats tell that the flow is alive.
"""

import re
import struct

import pytest

import records
from java import snippet
from processes import wait_for
from workers import PATIENCE, mirror_config

HISTORY = 5000
LIVE = 1500


def decode_sync(message):
    """(topic, partition, upstream, downstream) of an offset-sync record, as Java writes it."""
    (length,) = struct.unpack_from(">h", message.key)
    topic = message.key[2 : 2 + length].decode()
    (partition,) = struct.unpack_from(">i", message.key, 2 + length)
    return (topic, partition, *struct.unpack(">qq", message.value))


def decode_heartbeat(message):
    """(source alias, target alias, timestamp) of a heartbeat record."""
    (length,) = struct.unpack_from(">h", message.key)
    source = message.key[2 : 2 + length].decode()
    target = message.key[4 + length :].decode()
    version, timestamp = struct.unpack(">hq", message.value)
    assert version == 0
    return source, target, timestamp


def all_syncs(source, topic):
    found = records.read_all(source, "mm2-offset-syncs.target.internal").get(0, [])
    return [sync for sync in map(decode_sync, found) if sync[0] == topic]


def translated(target, alias, group):
    """What RemoteClusterUtils says: {(topic, partition): (offset, metadata)}, and the hops."""
    printed = snippet("TranslateOffsets.java", target.bootstrap, alias, group)
    offsets = {}
    for topic, partition, offset, metadata in re.findall(
        r"^(\S+) (\d+) (\d+) (.*)$", printed, re.MULTILINE
    ):
        offsets[topic, int(partition)] = int(offset), metadata
    hops = re.search(r"replicationHops (-?\d+)", printed)
    return offsets, int(hops[1]) if hops else None


@pytest.mark.java
def test_first_migration(source, target, make_worker, unique):
    topic, group, alias = unique("orders"), unique("billing"), unique("src")
    remote = f"{alias}.{topic}"
    source.create_topic(topic, 3, retention_ms=86400001, segment_bytes=1048576)
    records.produce(source, topic, HISTORY)
    records.commit(source, group, topic, {0: 100, 1: 57}, metadata="note")

    rest = make_worker.distributed().rest
    common = {"topics": topic, "groups": group}
    rest.put_connector("mirror", mirror_config("Source", source, target, alias, **common))
    rest.put_connector("checkpoint", mirror_config("Checkpoint", source, target, alias, **common))
    rest.put_connector("heartbeat", mirror_config("Heartbeat", source, target, alias))
    rest.wait_running("mirror")

    # History, then the live tail.
    records.assert_mirrored(source, topic, target, remote, 60 * PATIENCE)
    records.produce(source, topic, LIVE, first=HISTORY)
    assert records.assert_mirrored(source, topic, target, remote, 60 * PATIENCE) == HISTORY + LIVE

    # The topic looks as on the source.
    assert target.partition_count(remote) == 3
    configs = target.topic_config(remote)
    assert configs["retention.ms"] == "86400001"
    assert configs["segment.bytes"] == "1048576"

    # Offset-syncs: one at the first record of each partition, one behind its last.
    ends = {p: high for p, (low, high) in records.end_offsets(source, topic).items()}

    def synced_to_the_end():
        newest = {p: up for _, p, up, _ in all_syncs(source, topic)}
        return newest == {p: end - 1 for p, end in ends.items()}

    wait_for(synced_to_the_end, 30 * PATIENCE, "the last offset-sync of each partition")
    for _, _, upstream, downstream in all_syncs(source, topic):
        assert upstream == downstream, "the mirror began at the start of an empty topic"

    # The group: what Java's client library tells a consumer that fails over.
    rest.wait_running("checkpoint")

    def checkpointed():
        offsets, _ = translated(target, alias, group)
        return offsets if len(offsets) == 2 else None

    offsets = wait_for(checkpointed, 60 * PATIENCE, "checkpoints of the group", interval=1)
    for partition, position in {0: 100, 1: 57}.items():
        offset, metadata = offsets[remote, partition]
        assert 0 < offset <= position, "never ahead of the source's position"
        # The C client of the test commits a string's closing NUL with it.
        assert metadata.rstrip("\0") == "note"

    # A group that has read to the end comes out at the end.
    records.commit(source, group, topic, ends)
    expected = {(remote, p): end for p, end in ends.items()}

    def at_the_end():
        found, _ = translated(target, alias, group)
        return {where: offset for where, (offset, _) in found.items()} == expected

    wait_for(at_the_end, 60 * PATIENCE, "the group to be translated to the end", interval=1)

    # Heartbeats, and what a client learns from them.
    rest.wait_running("heartbeat")

    def beats():
        found = records.read_all(target, "heartbeats").get(0, [])
        return [b for b in map(decode_heartbeat, found) if b[0] == alias]

    first = wait_for(beats, 30 * PATIENCE, "a first heartbeat")[-1]
    assert first[:2] == (alias, "target")
    wait_for(lambda: beats()[-1][2] > first[2], 30, "a later heartbeat")


def test_group_offsets_are_synced(source, target, make_worker, unique):
    """sync.group.offsets.enabled: the group itself stands on the target, ready to go on."""
    topic, group, alias = unique("orders"), unique("billing"), unique("src")
    remote = f"{alias}.{topic}"
    source.create_topic(topic, 2)
    records.produce(source, topic, 1000)
    read = records.consume_group(source, group, topic, 1000)
    assert len(read) == 1000

    rest = make_worker.distributed().rest
    common = {"topics": topic, "groups": group, "sync.group.offsets.enabled": "true"}
    common["sync.group.offsets.interval.seconds"] = "1"
    rest.put_connector("mirror", mirror_config("Source", source, target, alias, topics=topic))
    rest.put_connector("checkpoint", mirror_config("Checkpoint", source, target, alias, **common))

    ends = {p: high for p, (low, high) in records.end_offsets(source, topic).items()}
    wait_for(
        lambda: records.committed(target, group, remote, ends) == ends,
        90 * PATIENCE,
        "the group's offsets on the target",
        interval=0.5,
    )
    records.produce(source, topic, 100, first=1000)
    fresh = records.consume_group(target, group, remote, 100)
    numbers = {int(r.value.split(b":")[0]) for r in fresh if r.value}
    assert min(numbers) >= 1000, "nothing is read twice after the move"


def test_flows_of_one_target_alias(source, target, make_worker, unique):
    """Two flows share the topics of offset syncs and index: no answer of one is the other's."""
    topic, first, second = unique("orders"), unique("one"), unique("two")
    ahead = {first: 0, second: 50}
    source.create_topic(topic, 1)
    target.create_topic(f"{second}.{topic}", 1)
    records.produce(target, f"{second}.{topic}", ahead[second])
    rest = make_worker.distributed().rest
    for round in range(2):
        records.produce(source, topic, 200, first=200 * round)
        for alias in ahead:
            rest.put_connector(alias, mirror_config("Source", source, target, alias, topics=topic))
            end = 200 * (round + 1) + ahead[alias]
            records.wait_count(target, f"{alias}.{topic}", end, 90 * PATIENCE)
    offsets = [0, 100, 199, 200, 399]

    def all_exact():
        exact = 0
        for alias, more in ahead.items():
            questions = [{"topic": topic, "partition": 0, "offset": n} for n in offsets]
            answers = rest.ok("POST", f"/connectors/{alias}/translate", questions)["translations"]
            for offset, answer in zip(offsets, answers, strict=True):
                if answer["exact"]:
                    assert answer["translated"]["offset"] == offset + more, (alias, answer)
                exact += answer["exact"]
        return exact == 2 * len(offsets)

    wait_for(all_exact, 60 * PATIENCE, "exact answers of both flows", interval=0.5)


def test_new_topics_and_partitions_appear(source, target, make_worker, unique):
    """A topic created, and a topic grown, while the mirror runs."""
    prefix, alias = unique("grow"), unique("src")
    source.create_topic(f"{prefix}-a", 1)
    rest = make_worker.distributed().rest
    config = mirror_config("Source", source, target, alias, topics=f"{prefix}-.*")
    rest.put_connector("mirror", {**config, "tasks.max": "2"})
    wait_for(lambda: target.partition_count(f"{alias}.{prefix}-a") == 1, 60 * PATIENCE, "topic a")

    source.create_topic(f"{prefix}-b", 2)
    source.add_partitions(f"{prefix}-a", 3)
    wait_for(lambda: target.partition_count(f"{alias}.{prefix}-a") == 3, 60 * PATIENCE, "growth")
    wait_for(lambda: target.partition_count(f"{alias}.{prefix}-b") == 2, 60 * PATIENCE, "topic b")
    for topic in (f"{prefix}-a", f"{prefix}-b"):
        records.produce(source, topic, 500)
        records.assert_mirrored(source, topic, target, f"{alias}.{topic}", 60 * PATIENCE)


def test_compressed_records_arrive_whole(source, target, make_worker, unique):
    """All codecs, in one topic each; large and small batches."""
    prefix, alias = unique("codec"), unique("src")
    codecs = ["none", "gzip", "snappy", "lz4", "zstd"]
    for codec in codecs:
        source.create_topic(f"{prefix}-{codec}", 2)
        records.produce(source, f"{prefix}-{codec}", 2000, size=300, codec=codec)
        records.produce(
            source, f"{prefix}-{codec}", 20, first=2000, codec=codec, **{"linger.ms": 0}
        )
    rest = make_worker.distributed().rest
    config = mirror_config("Source", source, target, alias, topics=f"{prefix}-.*")
    rest.put_connector("mirror", {**config, "tasks.max": "2"})
    for codec in codecs:
        topic = f"{prefix}-{codec}"
        count = records.assert_mirrored(source, topic, target, f"{alias}.{topic}", 60 * PATIENCE)
        assert count == 2020
