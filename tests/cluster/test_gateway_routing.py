# SPDX-License-Identifier: Apache-2.0
"""Writes through gateways: to the source while topics are linked, to the target from the flip on.

Producers of librdkafka and Java write all the while. What they were acknowledged is compared with
what is in the logs: each record once, in order, at the offset that its producer was told.
"""

import pytest
import records
from confluent_kafka import Producer
from gateways import routing_gateway
from links import linked_topic, promote
from routed_writers import (
    Acknowledged,
    InTransactions,
    JavaWriter,
    check_java,
    check_writer,
    values_of,
)
from workers import SHORT_SESSION

PARTITIONS = 3


@pytest.fixture
def linked(make_worker, source, target, unique):
    """A worker with a link, and a topic that is being linked."""
    worker = make_worker.distributed(make_worker.settings(**SHORT_SESSION))
    return linked_topic(worker, source, target, unique, PARTITIONS)


@pytest.fixture
def make_gateway(source, target, unique):
    made = []

    def make(link):
        gateway = routing_gateway(unique("gateway"), link, source, target)
        made.append(gateway.start())
        return gateway

    yield make
    for gateway in made:
        gateway.close()


def ends(cluster, topic):
    return {p: end for p, (_, end) in records.end_offsets(cluster, topic).items()}


def assert_bypass_blocks(link, topic, source):
    """A producer that writes to the source itself is found, and named."""
    producer = Producer(source.client_config(**{"enable.idempotence": True}))
    producer.produce(topic, b"bypass", partition=0)
    assert producer.flush(60) == 0
    answer = link.ask("promote", topic, dry_run=True)
    assert "BYPASSED" in answer.text, answer.text


def test_producers_write_through_gateways_across_the_flip(linked, make_gateway, source, target):
    link, topic = linked
    first, second = make_gateway(link), make_gateway(link)
    writers = [
        Acknowledged(first, topic, PARTITIONS, "all"),
        Acknowledged(second, topic, PARTITIONS, "five", **{"max.in.flight": 5, "linger.ms": 0}),
        Acknowledged(second, topic, PARTITIONS, "leader", acks=1, **{"enable.idempotence": False}),
        InTransactions(first, topic, PARTITIONS, "tx", rate=50),
    ]
    java = JavaWriter(second, topic, "java")
    try:
        for writer in [*writers, java]:
            writer.wait(100, timeout=90)
        before = ends(target, topic)
        for writer in [*writers, java]:
            writer.wait(200)
        assert sum(ends(source, topic).values()) > sum(before.values())  # that's where it goes
        assert_bypass_blocks(link, topic, source)
        promote(link, topic)
        flip = ends(source, topic)
        for writer in [*writers, java]:
            writer.wait(200)
        assert ends(source, topic) == flip  # nothing goes there any more
    finally:
        for writer in writers:
            writer.close()
        java.close()
    at_source, at_target = values_of(source, topic), values_of(target, topic)
    for place, text in at_source.items():
        assert at_target.get(place) == text, f"{place}: {text} at the source"
    for writer in writers:
        check_writer(at_target, writer)
        print(writer.name, writer.written, "longest pause", writer.longest_pause())
    check_java(at_target, java)
    assert writers[3].aborted <= 3
    for gateway in (first, second):
        gateway.stop()


@pytest.mark.long
def test_pause_of_many_partitions(make_worker, make_gateway, source, target, unique):
    """The flip of a topic of 50 partitions under load; prints how long its producers waited."""
    worker = make_worker.distributed(make_worker.settings(**SHORT_SESSION))
    link, topic = linked_topic(worker, source, target, unique, 50)
    gateway = make_gateway(link)
    writers = [Acknowledged(gateway, topic, 50, f"wide{n}", rate=500) for n in range(4)]
    try:
        for writer in writers:
            writer.wait(1000, timeout=90)
            writer.times.clear()
        promote(link, topic)
        for writer in writers:
            writer.wait(1000)
    finally:
        for writer in writers:
            writer.close()
    found = values_of(target, topic)
    for writer in writers:
        check_writer(found, writer)
    pauses = sorted(writer.longest_pause() for writer in writers)
    print("pauses:", *(f"{pause * 1000:.0f} ms" for pause in pauses))
