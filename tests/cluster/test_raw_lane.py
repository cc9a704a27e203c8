# SPDX-License-Identifier: Apache-2.0
"""The raw lane: record batches are mirrored as bytes, and nobody can tell from the records.

What a batch must not be passed as it is (compacted, aborted, stamped by the broker, too large for
the target, begun before the wanted offset) goes another way by itself, in order. Each mirror is
compared record by record with its source by a client that knows nothing of lanes.
Size: ISTHMUS_RAW_RECORDS (20000) for each codec.
"""

import os
import struct

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import ConfigResource

import records
from processes import wait_for
from workers import PATIENCE, mirror_config

RECORDS = int(os.environ.get("ISTHMUS_RAW_RECORDS", "20000"))
PASSED = "Record batches pass to the target as they are"
OPENED = "Record batches are opened and their records sent one by one"


@pytest.fixture
def mirror(source, target, make_worker, unique):
    """Starts a mirror of topics: mirror("orders", **settings) -> (worker, alias)."""
    alias = unique("src")

    def start(topics, **settings):
        worker = make_worker.distributed()
        config = mirror_config("Source", source, target, alias, topics=topics, **settings)
        config["emit.offset-syncs.enabled"] = "true"
        worker.rest.put_connector("mirror", config)
        return worker, alias

    return start


def syncs_of(source, topic):
    """[(partition, upstream, downstream)] as Java reads them."""
    found = []
    for message in records.read_all(source, "mm2-offset-syncs.target.internal").get(0, []):
        (length,) = struct.unpack_from(">h", message.key)
        if message.key[2 : 2 + length].decode() == topic:
            (partition,) = struct.unpack_from(">i", message.key, 2 + length)
            found.append((partition, *struct.unpack(">qq", message.value)))
    return found


def assert_syncs_exact(source, topic, target, remote):
    """Each offset sync names the same record on both sides."""

    def by_offset(cluster, name):
        return {
            (r.partition, r.offset): r for rs in records.read_all(cluster, name).values() for r in rs
        }

    upstream, downstream = by_offset(source, topic), by_offset(target, remote)
    syncs = wait_for(lambda: syncs_of(source, topic), 30 * PATIENCE, f"offset syncs of {topic}")
    for partition, up, down in syncs:
        assert upstream[partition, up] == downstream[partition, down], (partition, up, down)
    return len(syncs)


def transactions(cluster, topic, count, abort_every):
    """Transactions of ten records; every so many of them is aborted."""
    producer = Producer(cluster.client_config(**{"transactional.id": f"txn-{topic}"}))
    producer.init_transactions(120)
    for number in range(count):
        producer.begin_transaction()
        for i in range(10):
            producer.produce(topic, f"{number}-{i}", f"{number}", partition=number % 2)
        producer.flush(120)
        if number % abort_every == 0:
            producer.abort_transaction(120)
        else:
            producer.commit_transaction(120)


def abort_overlapping(cluster, *each):
    """A transaction for each record; all are aborted, the one that began first as the last."""
    producers = []
    for number, record in enumerate(each):
        name = f"aborts-{record['topic']}-{number}"
        producer = Producer(cluster.client_config(**{"transactional.id": name}))
        producer.init_transactions(120)
        producer.begin_transaction()
        producer.produce(**record)
        assert producer.flush(120) == 0
        producers.append(producer)
    for producer in reversed(producers):
        producer.abort_transaction(120)


def overwrite(cluster, topic, count, first=0):
    """Records of a thousand keys, in batches: all but the last of each key may be compacted away."""
    producer = Producer(cluster.client_config(**{"compression.type": "lz4", "linger.ms": 50}))
    for number in range(first, first + count):
        # Keys of their own, too, so that something is left of every batch.
        key = f"own-{number}" if number % 7 == 0 else f"key-{number % 1000}"
        value = None if number % 29 == 0 else f"{number}-" + "x" * 200
        producer.produce(topic, value, key, headers=[("number", str(number))])
        producer.poll(0)
    assert producer.flush(120) == 0


def batches_in_log(cluster, topic):
    """How many batches the segments of a topic hold, over all its partitions and one broker."""
    found = 0
    for segment in (cluster.brokers[0].directory / "data").glob(f"{topic}-[0-9]*/*.log"):
        data, at = segment.read_bytes(), 0
        while at + 12 <= len(data):
            (length,) = struct.unpack_from(">i", data, at + 8)
            if length <= 0:
                break
            at += 12 + length
            found += 1
    return found


def produce_one_by_one(cluster, topic, count, first=0, **config):
    """Each record in a batch of its own, as a producer sends them that is never in a hurry."""
    alone = {"linger.ms": 0, "batch.num.messages": 1, **config}
    records.produce(cluster, topic, count, first=first, **alone)


def set_topic_config(cluster, topic, **config):
    settings = {key.replace("_", "."): str(value) for key, value in config.items()}
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic, set_config=settings)
    cluster.admin.alter_configs([resource])[resource].result(120)


def test_every_codec_passes(source, target, mirror, unique):
    topics = {codec: unique(codec) for codec in ("none", "gzip", "snappy", "lz4", "zstd")}
    for codec, topic in topics.items():
        source.create_topic(topic, 3)
        records.produce(source, topic, RECORDS, codec=codec)
    worker, alias = mirror(",".join(topics.values()))
    for topic in topics.values():
        remote = f"{alias}.{topic}"
        assert records.assert_mirrored(source, topic, target, remote, 120 * PATIENCE) == RECORDS
        assert assert_syncs_exact(source, topic, target, remote) >= 3
    assert PASSED in worker.process.log()
    assert OPENED not in worker.process.log()


def test_a_compacted_topic(source, target, mirror, unique):
    topic = unique("latest")
    source.create_topic(
        topic,
        1,
        cleanup_policy="compact",
        segment_bytes=1048576,
        min_cleanable_dirty_ratio=0.01,
        segment_ms=1000,
        max_compaction_lag_ms=1000,
    )
    overwrite(source, topic, 30000)

    def compacted():
        overwrite(source, topic, 1, first=30000)
        return sum(map(len, records.read_all(source, topic).values())) < 15000

    wait_for(compacted, 120 * PATIENCE, f"{topic} to be compacted", interval=2)
    # The mirror is to hold what is there now, so neither side may go on compacting.
    set_topic_config(source, topic, cleanup_policy="delete")
    worker, alias = mirror(topic)
    remote = f"{alias}.{topic}"
    records.assert_mirrored(source, topic, target, remote, 60 * PATIENCE)
    overwrite(source, topic, 3000, first=40000)
    records.assert_mirrored(source, topic, target, remote, 60 * PATIENCE)
    assert assert_syncs_exact(source, topic, target, remote) >= 2
    assert OPENED not in worker.process.log()


def test_aborted_transactions_stay_behind(source, target, mirror, unique):
    topic = unique("payments")
    source.create_topic(topic, 2)
    abort_overlapping(source, *[{"topic": topic, "value": "aborted", "partition": 0}] * 3)
    transactions(source, topic, 300, abort_every=3)
    _, alias = mirror(topic, **{"consumer.isolation.level": "read_committed"})
    remote = f"{alias}.{topic}"
    assert records.assert_mirrored(source, topic, target, remote, 60 * PATIENCE) == 2000
    # No transaction goes on at the target, so a committed reader isn't held up there.
    everything = records.read_all(target, remote, isolation="read_uncommitted")
    assert sum(map(len, everything.values())) == 2000
    assert assert_syncs_exact(source, topic, target, remote) >= 2


def test_aborted_transactions_come_along_by_default(source, target, mirror, unique):
    topic = unique("payments")
    source.create_topic(topic, 2)
    transactions(source, topic, 30, abort_every=3)
    _, alias = mirror(topic)
    records.wait_count(target, f"{alias}.{topic}", 300, 60 * PATIENCE)
    expected = records.read_all(source, topic, isolation="read_uncommitted")
    found = records.read_all(target, f"{alias}.{topic}")
    for partition in expected:
        records.compare(expected[partition], found[partition], topic)


def test_times_of_the_broker_become_times_of_creation(source, target, mirror, unique):
    topic = unique("stamped")
    source.create_topic(topic, 2, message_timestamp_type="LogAppendTime")
    records.produce(source, topic, 5000, codec="zstd")
    _, alias = mirror(topic)
    assert records.assert_mirrored(source, topic, target, f"{alias}.{topic}", 60 * PATIENCE) == 5000


def test_batches_too_large_for_the_target(source, target, mirror, unique):
    topic = unique("large")
    source.create_topic(topic, 2)
    _, alias = mirror(topic, **{"sync.topic.configs.enabled": "false"})
    remote = f"{alias}.{topic}"
    records.produce(source, topic, 10)
    records.assert_mirrored(source, topic, target, remote, 60 * PATIENCE)
    set_topic_config(target, remote, max_message_bytes=20000)
    records.produce(source, topic, 20000, first=10, size=500, **{"linger.ms": 200})
    assert records.assert_mirrored(source, topic, target, remote, 60 * PATIENCE) == 20010


def test_tiny_batches_go_together(source, target, mirror, unique):
    topic = unique("ticks")
    source.create_topic(topic, 2)
    produce_one_by_one(source, topic, RECORDS)
    assert batches_in_log(source, topic) == RECORDS
    worker, alias = mirror(topic)
    remote = f"{alias}.{topic}"
    assert records.assert_mirrored(source, topic, target, remote, 60 * PATIENCE) == RECORDS
    assert assert_syncs_exact(source, topic, target, remote) >= 2
    assert batches_in_log(target, remote) < RECORDS / 10
    assert OPENED not in worker.process.log()


def test_tiny_batches_that_are_too_large_together(source, target, mirror, unique):
    topic = unique("ticks")
    source.create_topic(topic, 1)
    worker, alias = mirror(topic, **{"sync.topic.configs.enabled": "false"})
    remote = f"{alias}.{topic}"
    records.produce(source, topic, 10)
    records.assert_mirrored(source, topic, target, remote, 60 * PATIENCE)
    set_topic_config(target, remote, max_message_bytes=2000)
    worker.rest.stop_connector("mirror")
    produce_one_by_one(source, topic, 3000, first=10)
    worker.rest.ok("PUT", "/connectors/mirror/resume")
    assert records.assert_mirrored(source, topic, target, remote, 60 * PATIENCE) == 3010
    assert assert_syncs_exact(source, topic, target, remote) >= 2
    assert OPENED not in worker.process.log()


def test_an_oversize_record_is_left_out_where_that_is_tolerated(source, target, mirror, unique):
    topic = unique("large")
    source.create_topic(topic, 1)
    tolerant = {"sync.topic.configs.enabled": "false", "errors.tolerance": "all"}
    worker, alias = mirror(topic, **tolerant)
    remote = f"{alias}.{topic}"
    records.produce(source, topic, 10)
    records.assert_mirrored(source, topic, target, remote, 60 * PATIENCE)
    set_topic_config(target, remote, max_message_bytes=20000)
    together = {"linger.ms": 500}
    records.produce(source, topic, 50, first=10, **together)
    records.produce(source, topic, 1, first=60, size=50000)
    records.produce(source, topic, 3000, first=61, **together)
    records.wait_count(target, remote, 3060, 60 * PATIENCE)
    expected = [r for r in records.read_all(source, topic)[0] if len(r.value or b"") < 20000]
    records.compare(expected, records.read_all(target, remote)[0], topic)
    assert worker.rest.status("mirror")["tasks"][0]["state"] == "RUNNING"


def test_begins_within_a_batch(source, target, mirror, unique):
    topic = unique("orders")
    source.create_topic(topic, 1)
    together = {"linger.ms": 500}
    records.produce(source, topic, 1000, codec="gzip", **together)
    worker, alias = mirror(topic)
    records.wait_count(target, f"{alias}.{topic}", 1000, 60 * PATIENCE)
    worker.rest.stop_connector("mirror")
    offset = {
        "partition": {"cluster": alias, "topic": topic, "partition": 0},
        "offset": {"offset": 399},
    }
    worker.rest.ok("PATCH", "/connectors/mirror/offsets", {"offsets": [offset]})
    worker.rest.ok("PUT", "/connectors/mirror/resume")
    records.wait_count(target, f"{alias}.{topic}", 1600, 60 * PATIENCE)
    found = records.read_all(target, f"{alias}.{topic}")[0]
    expected = records.read_all(source, topic)[0]
    records.compare(expected + expected[400:], found, topic)


def test_a_setting_of_the_user_opens_batches(source, target, mirror, unique):
    topic = unique("orders")
    source.create_topic(topic, 2)
    records.produce(source, topic, 2000)
    worker, alias = mirror(topic, **{"raw.lane.enabled": "false"})
    assert records.assert_mirrored(source, topic, target, f"{alias}.{topic}", 60 * PATIENCE) == 2000
    assert f"{OPENED}: raw.lane.enabled is false" in worker.process.log()


def test_offsets_deleted_before_they_were_mirrored(source, target, mirror, unique):
    topic = unique("orders")
    source.create_topic(topic, 1)
    records.produce(source, topic, 1000)
    worker, alias = mirror(topic)
    records.wait_count(target, f"{alias}.{topic}", 1000, 60 * PATIENCE)
    worker.rest.stop_connector("mirror")
    records.produce(source, topic, 1000, first=1000)
    source.admin.delete_records([TopicPartition(topic, 0, 1500)])[
        TopicPartition(topic, 0, 1500)
    ].result(120)
    worker.rest.ok("PUT", "/connectors/mirror/resume")
    records.wait_count(target, f"{alias}.{topic}", 1500, 60 * PATIENCE)
    assert "500 records or fewer are missing on the target" in worker.process.log()
