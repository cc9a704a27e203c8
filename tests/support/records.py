# SPDX-License-Identifier: Apache-2.0
"""Records in and out of clusters, and the comparison of a mirrored topic with its source."""

import dataclasses
import random
import time
import zlib

from confluent_kafka import (
    OFFSET_BEGINNING,
    TIMESTAMP_NOT_AVAILABLE,
    Consumer,
    KafkaError,
    KafkaException,
    Producer,
    TopicPartition,
)

from processes import lenient, wait_for

NO_TIME = -1
COMING_UP = {
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError.OFFSET_NOT_AVAILABLE,
    KafkaError._TIMED_OUT,
    KafkaError._TRANSPORT,
    KafkaError._UNKNOWN_PARTITION,  # a broker that the topic is not yet known to has answered
}


@dataclasses.dataclass(frozen=True)
class Record:
    """What a mirror has to keep of a record; the offset is for messages to people only."""

    partition: int
    key: bytes
    value: bytes
    timestamp: int
    headers: tuple
    offset: int = dataclasses.field(compare=False)

    def brief(self):
        value = "null" if self.value is None else f"{len(self.value)} bytes {self.value[:24]!r}"
        return (
            f"partition {self.partition} offset {self.offset} key {self.key!r} value {value} "
            f"timestamp {self.timestamp} headers {self.headers!r}"
        )


def produce(cluster, topic, count, first=0, size=100, partition=None, codec="none", **config):
    """Produces records of every shape: keys, empty and null values, headers, timestamps of old.

    The content depends on the record's number alone, so that a run can be continued with `first`.
    """
    producer = Producer(
        cluster.client_config(
            **{
                "compression.type": codec,
                "linger.ms": 5,
                "queue.buffering.max.messages": 1000000,
                "enable.idempotence": True,
                "partitioner": "murmur2_random",
                "log_level": 3,
                **config,
            }
        )
    )
    failed = []
    start = int(time.time() * 1000) - 3600_000

    def delivered(error, message):
        if error:
            failed.append(error)

    for number in range(first, first + count):
        send(producer, topic, shape(number, size), start + number, partition, delivered)
    left = producer.flush(120)
    assert not left and not failed, f"producing to {topic}: {left} unsent, failed: {failed[:3]}"


def shape(number, size):
    """Key, value and headers of record number n."""
    noise = random.Random(number).randbytes(size // 2)
    value = (b"%d:" % number) + noise + b"x" * (size - len(noise))
    key = b"key-%d" % (number % 97)
    headers = []
    if number % 5 == 0:
        headers = [("trace", b"%016x" % number), ("empty", b""), ("trace", None)]
    if number % 11 == 0:
        key = None
    if number % 13 == 0:
        value = b""
    if number % 17 == 0 and key is not None:
        value = None
    return key, value, headers


def send(producer, topic, what, timestamp, partition, delivered):
    key, value, headers = what
    where = {} if partition is None else {"partition": partition}
    while True:
        try:
            producer.produce(
                topic,
                value,
                key,
                headers=headers,
                timestamp=timestamp,
                on_delivery=delivered,
                **where,
            )
            producer.poll(0)
            return
        except BufferError:
            producer.poll(0.2)


def end_offsets(cluster, topic, isolation="read_uncommitted"):
    """{partition: (log start offset, log end offset)}."""
    consumer = Consumer(
        cluster.client_config(**{"group.id": "end-offsets", "isolation.level": isolation})
    )
    try:
        found = wait_for(lambda: topics_of(cluster), 60, f"the topics of {cluster.name}").get(topic)
        if found is None:
            return {}
        partitions = [TopicPartition(topic, p) for p in found.partitions]
        return {p.partition: watermarks(consumer, p) for p in partitions}
    finally:
        consumer.close()


def topics_of(cluster):
    """The cluster's topics; None while it can't be asked."""
    try:
        return cluster.admin.list_topics(timeout=60).topics
    except KafkaException as failure:
        if failure.args[0].code() not in COMING_UP:
            raise
        return None


def watermarks(consumer, where):
    """(log start, log end) of a partition; asked again while its leader is only coming up."""

    def ask():
        try:
            return consumer.get_watermark_offsets(where, timeout=60, cached=False)
        except KafkaException as failure:
            if not (failure.args[0].retriable() or failure.args[0].code() in COMING_UP):
                raise
            return None

    return wait_for(ask, 30, f"the offsets of {where.topic}-{where.partition}")


def count(cluster, topic):
    """How many offsets the topic holds (its records, where nothing was compacted away)."""
    return sum(high - low for low, high in end_offsets(cluster, topic).values())


def read_all(cluster, topic, timeout=120, isolation="read_committed", begin=None):
    """Every record of the topic up to its end as of now, by partition: {partition: [Record]}.

    begin: {partition: offset} to start at; by default the log's start."""
    ends = {p: high for p, (low, high) in end_offsets(cluster, topic).items()}
    records = {p: [] for p in ends}
    consumer = Consumer(
        cluster.client_config(
            **{
                "group.id": "read-all",
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "isolation.level": isolation,
                "auto.offset.reset": "earliest",
                "fetch.wait.max.ms": 50,
            }
        )
    )
    starts = {p: (begin or {}).get(p, OFFSET_BEGINNING) for p in ends}
    consumer.assign([TopicPartition(topic, p, start) for p, start in starts.items()])
    open_partitions = set(ends)
    timeout = lenient(timeout)
    deadline = time.monotonic() + timeout
    try:
        while open_partitions:
            assert time.monotonic() < deadline, f"reading {topic} took over {timeout} s"
            for message in consumer.consume(10000, timeout=0.2):
                error = message.error()
                if error and error.code() == KafkaError._PARTITION_EOF:
                    if message.offset() >= ends[message.partition()]:
                        open_partitions.discard(message.partition())
                elif error:
                    raise AssertionError(f"reading {topic}: {error}")
                elif message.offset() < ends[message.partition()]:
                    records[message.partition()].append(as_record(message))
    finally:
        consumer.close()
    return records


def as_record(message):
    headers = tuple((name, value) for name, value in message.headers() or [])
    kind, timestamp = message.timestamp()
    return Record(
        message.partition(),
        message.key(),
        message.value(),
        NO_TIME if kind == TIMESTAMP_NOT_AVAILABLE else timestamp,
        headers,
        message.offset(),
    )


def checksum(records):
    """One CRC over all that a mirror has to keep of the records, in order."""
    crc = 0
    for record in records:
        fields = (record.partition, record.key, record.value, record.timestamp, record.headers)
        crc = zlib.crc32(repr(fields).encode(), crc)
    return crc


def wait_count(cluster, topic, expected, timeout=60):
    """Waits until the topic holds that many records or more."""
    return wait_for(
        lambda: (n := count(cluster, topic)) >= expected and n,
        timeout,
        f"{expected} records in {topic} of {cluster.name}",
        interval=0.2,
    )


def assert_mirrored(source, topic, target, remote, timeout=60, exactly=True):
    """Compares topic with its mirror, record by record, once the mirror has got that far.

    With exactly=False, records may come again (at-least-once after a crash): whatever comes first
    time must come in order and whole, and what comes again must have come before.
    Returns the number of records of the source.
    """
    expected = read_all(source, topic)
    total = sum(len(records) for records in expected.values())
    wait_count(target, remote, total, timeout)
    found = read_all(target, remote)
    if not exactly:  # what came twice counts too: wait for the end of each partition itself
        found = wait_for(
            lambda: ends_alike(expected, read_all(target, remote)),
            timeout,
            f"the last record of each partition of {remote}",
            interval=0.5,
        )
    assert set(found) >= set(expected), f"{remote} has partitions {set(found)}"
    for partition, records in expected.items():
        where = f"{topic}-{partition} of {source.name} and {remote} of {target.name}"
        got = found[partition] if exactly else first_occurrences(records, found[partition], where)
        compare(records, got, where)
    return total


def ends_alike(expected, found):
    """found, if each of its partitions ends with the record that ends the expected one."""
    alike = all(found.get(p) and found[p][-1] == records[-1] for p, records in expected.items())
    return found if alike else None


def first_occurrences(expected, found, where):
    """Leaves out what came a second time; a record that never was in the source fails."""
    position = {}
    for index, record in enumerate(expected):
        position.setdefault(record, index)
    kept, seen, came = [], -1, set()
    for record in found:
        assert record in position, f"{where}: made-up record {record.brief()}"
        late = position[record] < seen and record not in came
        assert not late, f"{where}: came after later ones: {record.brief()}"
        came.add(record)
        if position[record] > seen:
            seen = position[record]
            kept.append(record)
    return kept


def compare(expected, found, where):
    """Fails at the first difference and shows it."""
    for left, right in zip(expected, found):
        assert left == right, f"{where} differ:\n  {left.brief()}\n  {right.brief()}"
    assert len(expected) == len(found), f"{where}: {len(expected)} and {len(found)} records"
    assert checksum(expected) == checksum(found), where


def commit(cluster, group, topic, offsets, metadata=None):
    """Commits offsets ({partition: offset}) for a group without members."""
    consumer = Consumer(cluster.client_config(**{"group.id": group, "enable.auto.commit": False}))
    where = [TopicPartition(topic, p, offset) for p, offset in offsets.items()]
    if metadata is not None:
        where = [TopicPartition(w.topic, w.partition, w.offset, metadata) for w in where]
    try:
        consumer.commit(offsets=where, asynchronous=False)
    finally:
        consumer.close()


def committed(cluster, group, topic, partitions):
    """The group's committed offsets: {partition: offset}, without those that have none."""
    consumer = Consumer(cluster.client_config(**{"group.id": group, "enable.auto.commit": False}))
    try:
        found = consumer.committed([TopicPartition(topic, p) for p in partitions], timeout=60)
        return {p.partition: p.offset for p in found if p.offset >= 0}
    finally:
        consumer.close()


def consume_group(cluster, group, topic, maximum, timeout=60, **config):
    """A group member that reads `maximum` records, commits and leaves. Returns the records."""
    consumer = Consumer(
        cluster.client_config(
            **{
                "group.id": group,
                "auto.offset.reset": "earliest",
                "enable.auto.commit": False,
                **config,
            }
        )
    )
    consumer.subscribe([topic])
    records = []
    timeout = lenient(timeout)
    deadline = time.monotonic() + timeout
    try:
        while len(records) < maximum:
            assert time.monotonic() < deadline, f"{group}: {len(records)} of {maximum} records"
            for message in consumer.consume(min(500, maximum - len(records)), timeout=0.5):
                assert not message.error(), message.error()
                records.append(as_record(message))
        consumer.commit(asynchronous=False)
    finally:
        consumer.close()
    return records


def member(cluster, group, topic, timeout=60):
    """A consumer that has joined the group and got partitions; it commits nothing. Close it."""
    consumer = Consumer(
        cluster.client_config(**{"group.id": group, "enable.auto.commit": False, "log_level": 3})
    )
    consumer.subscribe([topic])
    wait_for(lambda: consumer.poll(0.2) and consumer.assignment(), timeout, f"a member of {group}")
    return consumer
