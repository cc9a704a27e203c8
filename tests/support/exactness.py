# SPDX-License-Identifier: Apache-2.0
"""Topics on which offsets are hard to translate, and how far translations are from the truth."""

import bisect
import collections
import struct
import time

from confluent_kafka import (
    Consumer,
    ConsumerGroupTopicPartitions,
    KafkaError,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import (
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ConfigSource,
    ResourceType,
)

import records
from processes import lenient, wait_for


def _flush(producer, failed):
    assert producer.flush(120) == 0 and not failed, failed[:3]


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
    producer.init_transactions(120)
    number = 0
    for turn in range(count):
        producer.begin_transaction()
        for _ in range(random.randint(1, 12)):
            producer.produce(topic, b"tx-%d" % number, partition=0)
            number += 1
        producer.flush(120)
        if turn % 5 == 4:
            producer.abort_transaction(120)
        else:
            producer.commit_transaction(120)


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


def read_topics(cluster, topics, isolation, last=None):
    """{topic: [Record]} of partitions 0, by one consumer; last: only so many offsets at the end."""
    found, reading = {topic: [] for topic in topics}, set()
    there = cluster.topics()
    consumer = Consumer(
        cluster.client_config(
            **{
                "group.id": "read",
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "isolation.level": isolation,
                "fetch.wait.max.ms": 50,
            }
        )
    )
    try:
        starts = []
        for topic in filter(there.__contains__, topics):
            low, high = records.watermarks(consumer, TopicPartition(topic, 0))
            if high > low:
                start = max(low, high - last) if last else low
                starts.append(TopicPartition(topic, 0, start))
                reading.add(topic)
        consumer.assign(starts)
        deadline = time.monotonic() + lenient(120)
        while reading:
            assert time.monotonic() < deadline, f"reading {reading} takes too long"
            for message in consumer.consume(10000, timeout=0.2):
                if not message.error():
                    found[message.topic()].append(records.as_record(message))
                elif message.error().code() == KafkaError._PARTITION_EOF:
                    reading.discard(message.topic())
                else:
                    raise AssertionError(f"reading {message.topic()}: {message.error()}")
    finally:
        consumer.close()
    return found


def truth(source_records, target_records):
    """What offsets of the source are, on the target: a function that gives the allowed ones.

    A record may be there more than once: after a crash, any copy is right."""
    places = collections.defaultdict(list)

    def content(record):
        return record.key, record.value, record.timestamp

    for record in target_records:
        places[content(record)].append(record.offset)
    alike = collections.Counter(map(content, source_records))
    taken = collections.Counter()
    rows = []
    for record in source_records:
        same = content(record)
        there = places[same]
        if alike[same] > 1:  # records that are all alike: the first is the first
            there = there[taken[same] : taken[same] + 1]
            taken[same] += 1
        rows.append((record.offset, there))

    offsets = [upstream for upstream, _ in rows]

    def allowed(offset):
        at = bisect.bisect_left(offsets, offset)
        return rows[at][1] if at < len(rows) else [there + 1 for there in rows[-1][1]]

    return allowed


def commit_many(cluster, offsets):
    """Commits {group: {topic: offset}} of partitions 0; returns {group: when, in milliseconds}."""
    waiting = {}
    for group, topics in offsets.items():
        wanted = [TopicPartition(topic, 0, offset) for topic, offset in topics.items()]
        waiting |= cluster.admin.alter_consumer_group_offsets(
            [ConsumerGroupTopicPartitions(group, wanted)]
        )
    committed = {}
    for group, future in waiting.items():
        future.result(120)
        committed[group] = int(time.time() * 1000)
    return committed


def checkpoints(target, alias):
    """{(group, remote topic): [(upstream, downstream, written at)]} of partitions 0."""
    found = collections.defaultdict(list)
    name = f"{alias}.checkpoints.internal"
    if name not in target.topics():
        return found
    for record in records.read_all(target, name).get(0, []):
        (length,) = struct.unpack_from(">h", record.key)
        group = record.key[2 : 2 + length].decode()
        (name_length,) = struct.unpack_from(">h", record.key, 2 + length)
        topic = record.key[4 + length : 4 + length + name_length].decode()
        upstream, downstream = struct.unpack_from(">qq", record.value, 2)
        found[group, topic].append((upstream, downstream, record.timestamp))
    return found


def compact(cluster, topic, roll):
    """Has the cleaner leave of each key of the topic what is newest. roll: causes a new record."""
    entries = [
        ConfigEntry(name, value, ConfigSource.DYNAMIC_TOPIC_CONFIG, incremental_operation=set_it)
        for set_it in [AlterConfigOpType.SET]
        for name, value in [("segment.ms", "100"), ("min.cleanable.dirty.ratio", "0.01")]
    ]
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=entries)
    cluster.admin.incremental_alter_configs([resource])[resource].result(120)
    roll()

    def compacted():
        found = [record.key for record in records.read_all(cluster, topic)[0]]
        return len(found) <= len(set(found)) + 20

    wait_for(compacted, 120, f"compaction of {topic}", interval=1)


def judge(offset, translated, right):
    """exact, behind, ahead, none or gone; and how many records too far back."""
    if not right:
        return "gone", 0  # compaction has taken the copy away: there is no right one
    if translated is None:
        return "none", 0
    if translated in right:
        return "exact", 0
    if translated > max(right):
        return "ahead", 0
    return "behind", min(there for there in right if there > translated) - translated


class Table:
    """How many translations are what, by scenario, and what was worst."""

    COLUMNS = ("exact", "behind", "furthest", "ahead", "none", "slowest")

    def __init__(self):
        self.counts = collections.defaultdict(collections.Counter)
        self.furthest = collections.Counter()
        self.slowest = collections.Counter()  # milliseconds from the commit to the exact checkpoint
        self.examples = []

    def add(self, scenario, offset, history, right, committed):
        """history: the checkpoints of one group and partition, from the first to the last."""
        translated = history[-1][1] if history and history[-1][0] == offset else None
        verdict, distance = judge(offset, translated, right)
        self.counts[scenario][verdict] += 1
        self.furthest[scenario] = max(self.furthest[scenario], distance)
        if verdict == "exact":
            first = min(at for up, down, at in history if up == offset and down in right)
            self.slowest[scenario] = max(self.slowest[scenario], first - committed)
        elif verdict != "gone" and len(self.examples) < 20:
            self.examples.append((scenario, offset, translated, right))

    def total(self, verdict):
        return sum(counts[verdict] for counts in self.counts.values())

    def complete(self):
        """Whether each is exact that can be."""
        return not any(self.total(verdict) for verdict in ("behind", "ahead", "none"))

    def row(self, scenario):
        counts = self.counts[scenario]
        slowest = f"{self.slowest[scenario] / 1000:.1f} s" if counts["exact"] else "-"
        shown = {**counts, "furthest": self.furthest[scenario], "slowest": slowest}
        return [str(shown.get(column, 0)) for column in self.COLUMNS]

    def cell(self, scenario):
        """All in short: exact, behind (by how many records at most), ahead, none."""
        if scenario not in self.counts:
            return "-"
        counts, furthest = self.counts[scenario], self.furthest[scenario]
        behind = f"{counts['behind']} (by {furthest})" if furthest else "0"
        return f"{counts['exact']}, {behind}, {counts['ahead']}, {counts['none']}"

    def __str__(self):
        head = f"{'':14}" + "".join(f"{column:>10}" for column in self.COLUMNS)
        lines = [
            f"{scenario:14}" + "".join(f"{cell:>10}" for cell in self.row(scenario))
            for scenario in self.counts
        ]
        return "\n".join([head, *lines, *(f"  {example}" for example in self.examples)])


def side_by_side(tables):
    """{title: Table} as one table of Markdown: a line for each scenario, a cell for each table."""
    scenarios = list(dict.fromkeys(name for table in tables.values() for name in table.counts))
    lines = [" | ".join(["", "", *tables, ""]).strip(), "|---" * (len(tables) + 1) + "|"]
    for scenario in scenarios:
        cells = [table.cell(scenario) for table in tables.values()]
        lines.append(" | ".join(["", scenario, *cells, ""]).strip())
    return "\n".join(lines)
