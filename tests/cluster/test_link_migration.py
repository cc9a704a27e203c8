# SPDX-License-Identifier: Apache-2.0
"""A migration with clients that we didn't write: records are written all the while, consumers move
by a rolling restart, groups are promoted by themselves, topics when their producers have stopped.
Members name their topics, or match them by a regular expression.

Each group processes each record once and in order. ISTHMUS_LONG=1 moves more groups, for longer.
"""

import collections
import random

import exactness
import offset_by_offset
import pytest
import records
from applications import (
    Console,
    ConsoleWriter,
    KcatWriter,
    Keyed,
    Librdkafka,
    Transactions,
)
from confluent_kafka import KafkaException
from franz import Franz, FranzWriter, program
from links import Link, link_config, promote
from processes import wait_for
from workers import PATIENCE, SHORT_SESSION

CONSUMER = {"group.protocol": "consumer"}
PATTERN = {"pattern": True}


class Group:
    """A group and its members, each made again on the other cluster when it is restarted."""

    def __init__(self, name, topics, *makers):
        self.name, self.topics, self.makers = name, topics, makers
        self.members, self.ended = [], collections.defaultdict(list)

    def make(self, cluster, maker):
        kind, more = maker
        member = kind(cluster, self.name, self.topics, **more)
        member.cluster, member.maker = cluster, maker
        return member

    def start(self, cluster):
        self.members = [self.make(cluster, maker) for maker in self.makers]

    def end(self, member):
        member.close()
        self.ended[member.cluster.name].append(list(member.seen))
        assert not getattr(member, "errors", None), member.errors

    def restart(self, index, cluster):
        self.end(self.members[index])
        self.members[index] = self.make(cluster, self.members[index].maker)

    def processed(self):
        ended = [record for lists in self.ended.values() for seen in lists for record in seen]
        return ended + [record for member in self.members for record in member.seen]

    def close(self):
        while self.members:
            self.end(self.members.pop())

    def assert_once_and_in_order(self, expected):
        """expected: all visible places. What was processed on the source comes before the rest."""
        counted = collections.Counter(self.processed())
        doubled = sorted(place for place, count in counted.items() if count > 1)
        lost, unknown = sorted(expected - set(counted)), sorted(set(counted) - expected)
        assert not (doubled or lost or unknown), (
            f"{self.name}: twice {doubled[:10]} ({len(doubled)}), never {lost[:10]} ({len(lost)}), "
            f"of no record {unknown[:10]} ({len(unknown)})"
        )
        last = {}
        for cluster, lists in self.ended.items():
            for seen in lists:
                per_member = {}
                for topic, partition, offset in seen:
                    place = topic, partition
                    assert offset > per_member.get(place, -1), f"{self.name}: {place} goes back"
                    per_member[place] = offset
        for first, second in zip(list(self.ended.values()), list(self.ended.values())[1:]):
            for topic, partition, offset in (r for seen in first for r in seen):
                last[topic, partition] = max(offset, last.get((topic, partition), -1))
            for topic, partition, offset in (r for seen in second for r in seen):
                assert offset > last.get((topic, partition), -1), f"{self.name}: read too early"


def visible(cluster, topics):
    return {
        (topic, partition, offset)
        for topic in topics
        for partition, offset in offset_by_offset.placed(cluster, topic)
    }


def make_topics(source, orders, table):
    """One for transactions; one of which compaction has left gaps, and goes on later only."""
    source.create_topic(orders, 3)
    exactness.compacted(source, table, random.Random(16), 2000)
    later = {"min.compaction.lag.ms": "3600000"}
    set_topic_config(source, table, later)
    exactness.produce_transactions(source, orders, random.Random(16), 10)


def set_topic_config(cluster, topic, settings):
    entries = [
        exactness.ConfigEntry(
            name,
            value,
            exactness.ConfigSource.DYNAMIC_TOPIC_CONFIG,
            incremental_operation=exactness.AlterConfigOpType.SET,
        )
        for name, value in settings.items()
    ]
    resource = exactness.ConfigResource(
        exactness.ResourceType.TOPIC, topic, incremental_configs=entries
    )
    cluster.admin.incremental_alter_configs([resource])[resource].result(60)


def committed(cluster, group, topic):
    partitions = range(cluster.partition_count(topic))
    try:
        return records.committed(cluster, group, topic, partitions)
    except KafkaException:
        return None


def wait_processed(groups, cluster, what):
    """Waits until each group has processed each record that is visible."""
    for group in groups:
        expected = visible(cluster, group.topics)
        try:
            wait_for(
                lambda g=group, e=expected: e <= set(g.processed()),
                60 * PATIENCE,
                what,
                interval=0.3,
            )
        except AssertionError:
            print(group.name, "has not processed", sorted(expected - set(group.processed()))[:10])
            raise


def roll(groups, writers, target, pause):
    """The rolling restart: one member after the other leaves the source and joins on the target."""
    for turn in range(max(len(group.members) for group in groups)):
        for group in groups:
            if turn < len(group.members):
                group.restart(turn, target)
        for writer in writers:
            writer.wait(max(1, int(writer.rate * pause)))


def migrate(source, target, link, topics, groups, writers, pause):
    """The whole of it, from a link without groups to promoted topics."""
    orders, table = topics
    for group in groups:
        group.start(source)
    wait_processed(groups, source, "the groups to read at the source")
    writing = [kind(source, topic, rate=rate) for kind, topic, rate in writers]
    try:
        assert link.create(orders, table).status_code == 202
        for topic in topics:
            link.wait_state(topic, "LINKING")
        answer = link.register(*[group.name for group in groups])
        assert answer.status_code == 202, answer.text
        for group in groups:
            link.wait_group(group.name, "STANDBY")
        roll(groups, writing, target, pause)
        for group in groups:
            link.wait_group(group.name, "PROMOTED", timeout=90)
        for writer in writing:
            writer.wait(max(1, int(writer.rate * pause)))
    finally:
        for writer in writing:
            writer.close()
    wait_processed(groups, source, "the groups to go on at the target")
    for group in groups:
        group.close()
        group.assert_once_and_in_order(visible(source, group.topics))
        for topic in group.topics:
            wait_for(
                lambda name=group.name, topic=topic: committed(source, name, topic)
                == committed(target, name, topic),
                60 * PATIENCE,
                f"what {group.name} has committed to be equal on both sides",
            )
            print(group.name, topic, committed(target, group.name, topic))
    promote(link, *topics)
    offset_by_offset.assert_same(source, target, orders)
    offset_by_offset.assert_same(source, target, table, fillers=True)


@pytest.fixture
def linked(make_worker, source, target, unique):
    """Two workers with a link that has nothing to do yet, and two topics at the source."""
    settings = make_worker.settings(**SHORT_SESSION)
    first = make_worker.distributed(settings)
    make_worker.distributed(make_worker.settings(settings["group.id"], **SHORT_SESSION))
    link = Link(first.rest, unique("link"))
    orders, table = unique("orders"), unique("table")
    make_topics(source, orders, table)
    config = link_config(source, target, tasks_max=2, link_group_idle_ms=1500)
    first.rest.put_connector(link.name, config)
    first.rest.wait_running(link.name, tasks=2)
    return link, orders, table


def of_franz_go(unique, topics):
    """Groups of franz-go, where it can be built."""
    if not program()[0]:
        print("without franz-go:", program()[1])
        return []
    return [
        Group(unique("franz"), topics, (Franz, {"instance": "static-f"}), (Franz, {})),
        Group(unique("franz-848"), topics, *[(Franz, {"protocol": "consumer"})] * 2),
    ]


def test_consumers_move_while_records_flow(linked, source, target, unique):
    link, orders, table = linked
    groups = [
        Group(
            unique("classic"),
            [orders, table],
            (Librdkafka, {"group.instance.id": "static-1"}),
            (Librdkafka, {}),
        ),
        Group(unique("consumer"), [orders, table], (Librdkafka, CONSUMER), (Librdkafka, CONSUMER)),
        Group(unique("console"), [orders], (Console, {"protocol": "consumer", **PATTERN})),
        Group(unique("pattern"), [orders, table], *[(Librdkafka, PATTERN)] * 2),
        Group(unique("pattern-848"), [orders, table], *[(Librdkafka, CONSUMER | PATTERN)] * 2),
        *of_franz_go(unique, [orders, table]),
    ]
    writers = [(Transactions, orders, 50), (Keyed, table, 100)]
    migrate(source, target, link, [orders, table], groups, writers, 1)


@pytest.mark.long
def test_more_groups_for_longer(linked, source, target, unique):
    link, orders, table = linked
    fixed = [{"group.instance.id": f"static-{n}"} for n in range(3)]
    java_848 = {"protocol": "consumer", **PATTERN}
    groups = [
        Group(unique("static"), [orders, table], *[(Librdkafka, one) for one in fixed]),
        Group(unique("consumer"), [orders, table], *[(Librdkafka, CONSUMER)] * 3),
        Group(unique("pattern"), [orders, table], *[(Librdkafka, PATTERN)] * 3),
        Group(unique("pattern-848"), [orders, table], *[(Librdkafka, CONSUMER | PATTERN)] * 3),
        Group(unique("console"), [orders], (Console, {}), (Console, PATTERN)),
        Group(unique("console-848"), [table], *[(Console, java_848)] * 2),
        Group(unique("mixed"), [orders], (Librdkafka, {}), (Console, PATTERN)),
        *of_franz_go(unique, [orders, table]),
    ]
    writers = [
        (Transactions, orders, 200),
        (Keyed, table, 300),
        (ConsoleWriter, table, 50),
        (KcatWriter, table, 50),
    ]
    if program()[0]:
        writers.append((FranzWriter, table, 100))
    migrate(source, target, link, [orders, table], groups, writers, 10)
