# SPDX-License-Identifier: Apache-2.0
"""Transactional applications that write through a gateway while their topic is promoted: Java's
producer as Spring uses it, and franz-go.

Transactions that the promotion meets are aborted and done again. No client takes what it is told as
final, none is started again, and each committed transaction is there once and whole.
"""

import pytest
import records
from franz import program
from links import linked_topic, promote
from routed_writers import check_writer, values_of
from transactional import (
    FranzTransactions,
    JavaTransactions,
    check_committed,
    check_franz,
)
from workers import SHORT_SESSION

PARTITIONS = 3
OLD = "3.9.1"  # its transactions are as before KIP-890


@pytest.fixture
def worker(make_worker):
    return make_worker.distributed(make_worker.settings(**SHORT_SESSION))


@pytest.fixture
def old_source(cluster_factory):
    return cluster_factory("old-source", version=OLD)


def ends(cluster, topic):
    return {p: end for p, (_, end) in records.end_offsets(cluster, topic).items()}


def write_across_the_flip(link, topic, source, writers, count):
    """The writers' records before and after the promotion, which is the last of the source's."""
    for writer in writers:
        writer.wait(count, timeout=90)
    assert sum(ends(source, topic).values()) > 0
    promote(link, topic)
    flip = ends(source, topic)
    for writer in writers:
        writer.wait(count)
    assert ends(source, topic) == flip


def check_java(found, writer):
    check_writer(found, writer)
    check_committed(found, writer)
    print(writer.name, writer.written, "aborted:", writer.told("aborted"))
    assert not writer.told("failed"), writer.told("failed")


def of(found, writer):
    return {place: text for place, text in found.items() if text.startswith(f"{writer.name}:")}


def run_producers(link, topic, source, target, gateway, writers, count=100):
    try:
        write_across_the_flip(link, topic, source, writers, count)
    finally:
        for writer in writers:
            writer.close()
    found = values_of(target, topic)
    for writer in writers:
        if isinstance(writer, JavaTransactions):
            check_java(found, writer)
    gateway.stop()
    return found


def test_producers_abort_and_go_on(worker, source, target, unique, through):
    """With transaction.version 2 on both sides, where clients add no partitions themselves."""
    link, topic = linked_topic(worker, source, target, unique, PARTITIONS)
    gateway = through(link, source)
    writers = [JavaTransactions(gateway, topic, PARTITIONS, unique("java"))]
    if program()[0]:
        writers.append(FranzTransactions(gateway, topic, unique("franz")))
    found = run_producers(link, topic, source, target, gateway, writers)
    java = of(found, writers[0])
    if len(writers) > 1:
        franz = {place: text for place, text in found.items() if place not in java}
        check_franz(franz, writers[1])
        print("franz-go", writers[1].written, "aborted:", writers[1].told_aborted())
        assert len(writers[1].told_aborted()) <= 3
    assert len(writers[0].told("aborted")) <= 3


@pytest.mark.long
def test_new_producers_at_an_old_source(worker, old_source, target, unique, through):
    """Clients add partitions, as before KIP-890, because the source knows nothing else."""
    link, topic = linked_topic(worker, old_source, target, unique, PARTITIONS)
    gateway = through(link, old_source)
    writer = JavaTransactions(gateway, topic, PARTITIONS, unique("java"))
    run_producers(link, topic, old_source, target, gateway, [writer])
    assert len(writer.told("aborted")) <= 3


@pytest.mark.long
def test_old_producers_of_java(worker, source, target, unique, through):
    link, topic = linked_topic(worker, source, target, unique, PARTITIONS)
    gateway = through(link, source)
    writer = JavaTransactions(gateway, topic, PARTITIONS, unique("java"), version=OLD)
    run_producers(link, topic, source, target, gateway, [writer])
    assert len(writer.told("aborted")) <= 3


@pytest.mark.long
def test_franz_go_at_an_old_source(worker, old_source, target, unique, through):
    if not program()[0]:
        pytest.skip(program()[1])
    link, topic = linked_topic(worker, old_source, target, unique, PARTITIONS)
    gateway = through(link, old_source)
    writer = FranzTransactions(gateway, topic, unique("franz"))
    check_franz(run_producers(link, topic, old_source, target, gateway, [writer]), writer)
    assert len(writer.told_aborted()) <= 3
