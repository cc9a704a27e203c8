# SPDX-License-Identifier: Apache-2.0
"""Topics on which offsets are hard to translate, and how far translations are from the truth."""

import collections
import struct

from confluent_kafka import ConsumerGroupTopicPartitions, Producer, TopicPartition

import records
from processes import wait_for


def _flush(producer, failed):
    assert producer.flush(60) == 0 and not failed, failed[:3]


def produce(cluster, topic, values, timestamp=None, key=None, **config):
    """Records with these values, in this order."""
    failed = []
    producer = Producer(cluster.client_config(**{"linger.ms": 5, "log_level": 3, **config}))
    for value in values:
        producer.produce(
            topic,
            value,
            key(value) if key else None,
            partition=0,
            timestamp=timestamp or 0,
            on_delivery=lambda error, _: failed.append(error) if error else None,
        )
        producer.poll(0)
    _flush(producer, failed)


def produce_transactions(cluster, topic, random, count):
    """Transactions of a few records each; every fifth is aborted."""
    producer = Producer(
        cluster.client_config(**{"transactional.id": f"tx-{topic}", "linger.ms": 0, "log_level": 3})
    )
    producer.init_transactions(30)
    number = 0
    for turn in range(count):
        producer.begin_transaction()
        for _ in range(random.randint(1, 12)):
            producer.produce(topic, b"tx-%d" % number, partition=0)
            number += 1
        producer.flush(30)
        if turn % 5 == 4:
            producer.abort_transaction(30)
        else:
            producer.commit_transaction(30)


def compacted(cluster, topic, random, count):
    """Makes a topic of which compaction has left gaps, and waits for them."""
    cluster.create_topic(
        topic,
        1,
        cleanup_policy="compact",
        segment_bytes=1048576,
        segment_ms=500,
        min_cleanable_dirty_ratio="0.01",
    )
    keys = {}

    def key(value):
        return keys.setdefault(value, b"key-%d" % random.randrange(count // 3))

    produce(cluster, topic, [b"compacted-%d-" % n + b"x" * 1000 for n in range(count)], key=key)

    def gaps():
        there = records.read_all(cluster, topic)[0]
        return len(there) < 0.9 * count  # the cleaner has been

    wait_for(gaps, 120, f"compaction of {topic}", interval=1)


def truth(source_records, target_records):
    """What offsets of the source are, on the target: a function that gives the allowed ones.

    A record may be there more than once: after a crash, any copy is right."""
    places = collections.defaultdict(list)
    for record in target_records:
        places[record.value].append(record.offset)
    alike = collections.Counter(record.value for record in source_records)
    taken = collections.Counter()
    rows = []
    for record in source_records:
        there = places[record.value]
        if alike[record.value] > 1:  # records that are all alike: the first is the first
            there = there[taken[record.value] : taken[record.value] + 1]
            taken[record.value] += 1
        rows.append((record.offset, there))

    def allowed(offset):
        for upstream, there in rows:
            if upstream >= offset:
                return there
        return [there + 1 for there in rows[-1][1]]

    return allowed


def commit_many(cluster, offsets):
    """Commits {group: {topic: offset}} of partitions 0."""
    waiting = []
    for group, topics in offsets.items():
        wanted = [TopicPartition(topic, 0, offset) for topic, offset in topics.items()]
        waiting += cluster.admin.alter_consumer_group_offsets(
            [ConsumerGroupTopicPartitions(group, wanted)]
        ).values()
    for future in waiting:
        future.result(60)


def checkpoints(target, alias):
    """{(group, remote topic): (upstream, downstream)} of partitions 0."""
    found = {}
    for record in records.read_all(target, f"{alias}.checkpoints.internal").get(0, []):
        (length,) = struct.unpack_from(">h", record.key)
        group = record.key[2 : 2 + length].decode()
        (name,) = struct.unpack_from(">h", record.key, 2 + length)
        topic = record.key[4 + length : 4 + length + name].decode()
        found[group, topic] = struct.unpack_from(">qq", record.value, 2)
    return found


def judge(offset, translated, allowed):
    """exact, behind, ahead or none; and how many records too far back."""
    right = allowed(offset)
    if not right or translated in right:  # none is right where compaction has taken the copy away
        return "exact", 0
    if translated is None:
        return "none", 0
    if translated > max(right):
        return "ahead", 0
    return "behind", min(there for there in right if there > translated) - translated


class Table:
    """Counts by scenario, and what was worst."""

    def __init__(self):
        self.counts = collections.defaultdict(collections.Counter)
        self.worst = collections.Counter()
        self.examples = []

    def add(self, scenario, offset, translated, allowed):
        verdict, distance = judge(offset, translated, allowed)
        self.counts[scenario][verdict] += 1
        self.worst[scenario] = max(self.worst[scenario], distance)
        if verdict != "exact" and len(self.examples) < 20:
            self.examples.append((scenario, offset, translated, allowed(offset)))

    def total(self, verdict):
        return sum(counts[verdict] for counts in self.counts.values())

    def __str__(self):
        lines = [f"{'scenario':14}{'exact':>8}{'behind':>8}{'ahead':>8}{'none':>8}{'worst':>8}"]
        for scenario, counts in self.counts.items():
            numbers = [counts[verdict] for verdict in ("exact", "behind", "ahead", "none")]
            numbers.append(self.worst[scenario])
            lines.append(f"{scenario:14}" + "".join(f"{number:8}" for number in numbers))
        return "\n".join([*lines, *(f"  {example}" for example in self.examples)])
