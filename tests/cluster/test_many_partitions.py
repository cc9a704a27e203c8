# SPDX-License-Identifier: Apache-2.0
"""Many partitions, nearly all of them idle: every one is mirrored, a worker doesn't grow big, and
what it doesn't need for the moment is at rest.

Size: ISTHMUS_MANY_PARTITIONS (1000), in topics of a hundred; up to 9900, since a broker creates no
more than 10,000 topics and partitions at once. Brokers need a larger heap for the largest sizes.
"""

import os
import pathlib

from confluent_kafka import Consumer, Producer, TopicPartition

import records
from processes import SANITIZER, wait_for
from workers import PATIENCE, mirror_config

EACH = 100
TOPICS = int(os.environ.get("ISTHMUS_MANY_PARTITIONS", "1000")) // EACH
# Bytes that a worker with so many idle partitions may take.
MEMORY = 128e6 if TOPICS * EACH <= 5000 else 256e6


def create_all(cluster, names):
    """A few at a time, for a broker's controller refuses what is too large."""
    for first in range(0, len(names), 5):
        for name in names[first : first + 5]:
            cluster.create_topic(name, EACH)


def send_to_every_seventh(cluster, names, round_number):
    """Values that say where they went; returns how many for each topic."""
    producer = Producer(cluster.client_config(**{"linger.ms": 5}))
    chosen = range(round_number % 7, EACH, 7)
    for name in names:
        for partition in chosen:
            producer.produce(name, f"{name}-{partition}-{round_number}", partition=partition)
    assert producer.flush(120) == 0
    return len(chosen)


def ends(cluster, name):
    """End offsets of a topic by partition."""
    consumer = Consumer(cluster.client_config(**{"group.id": "ends"}))
    found = [records.watermarks(consumer, TopicPartition(name, p))[1] for p in range(EACH)]
    consumer.close()
    return found


def librdkafka_clients(process):
    """How many there are: each has a main thread, which wakes every second."""
    found = 0
    for task in pathlib.Path(f"/proc/{process.pid}/task").iterdir():
        try:
            found += (task / "comm").read_text() == "rdk:main\n"
        except OSError:
            pass  # it has just ended
    return found


def test_every_partition_of_many_is_mirrored(source, target, make_worker, unique):
    prefix = unique("many")
    names = [f"{prefix}-{number}" for number in range(TOPICS)]
    create_all(source, names)
    worker = make_worker.distributed()
    alias = unique("src")
    more = {"topics": f"{prefix}-.*", "tasks.max": "4"}
    worker.rest.put_connector("mirror", mirror_config("Source", source, target, alias, **more))
    worker.rest.wait_running("mirror", 4, 120 * PATIENCE)
    for number in (0, 3):
        send_to_every_seventh(source, names, number)
    for name in (names[0], names[-1]):
        remote, expected = f"{alias}.{name}", ends(source, name)
        wait_for(
            lambda r=remote, e=expected: ends(target, r) == e, 120 * PATIENCE, f"{remote} to be full"
        )
        found, sent = (
            {p: [r.value for r in rs] for p, rs in records.read_all(c, n).items()}
            for c, n in ((target, remote), (source, name))
        )
        assert found == sent
    assert SANITIZER or worker.process.peak_rss() < MEMORY
    # The admin clients of both clusters stay, and, at times, a producer of offsets.
    wait_for(
        lambda: librdkafka_clients(worker.process) <= 3, 60 * PATIENCE, "other clients to be at rest"
    )
    send_to_every_seventh(source, names, 5)
    for name in (names[0], names[-1]):
        remote, expected = f"{alias}.{name}", ends(source, name)
        wait_for(
            lambda r=remote, e=expected: ends(target, r) == e, 120 * PATIENCE, f"{remote} to go on"
        )
    # The producers of configs and statuses are back, too.
    worker.rest.ok("PUT", "/connectors/mirror/pause")
    worker.rest.wait_state("mirror", "PAUSED", 60 * PATIENCE)
