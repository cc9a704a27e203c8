# SPDX-License-Identifier: Apache-2.0
"""Records that the target refuses, in the middle of batches with others (errors.tolerance=all).

Every other record arrives, once and in order. The refused ones are in the quarantine topic, each
once, with what it was, where it came from and why it was refused; nothing is committed before it
is in either place. The refusals are the broker's own: too large, from too far ahead, without a key
in a compacted topic.
"""

import random
import time

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import ConfigResource

import records
from metrics import scrape
from processes import wait_for
from workers import PATIENCE, mirror_config

EVER = 9223372036854775807
DAY_MS = 86_400_000
PARTITIONS = 2
LARGE = 30000
LANES = {"raw": "true", "records": "false"}
PREFIX = "__connect.errors."
REASONS = {"large": "10", "ahead": "32", "keyless": "87"}  # Kafka's error codes


def set_topic_config(cluster, topic, **config):
    settings = {key.replace("_", "."): str(value) for key, value in config.items()}
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic, set_config=settings)
    cluster.admin.alter_configs([resource])[resource].result(120)


def refused_kind(number):
    if number % 131 == 50:
        return "large"
    if number % 131 in (70, 71, 72):
        return "ahead"
    return "keyless" if number % 131 == 100 else None


def produce(cluster, topic, count, first=0, codec="none"):
    """Refused records amid others, many in each batch."""
    producer = Producer(cluster.client_config(**{"linger.ms": 300, "compression.type": codec}))
    now = int(time.time() * 1000)
    for number in range(first, first + count):
        kind = refused_kind(number)
        size = LARGE if kind == "large" else 60
        value = f"{number} ".encode() + random.Random(number).randbytes(size)  # no codec helps
        key = None if kind == "keyless" else f"key-{number}"
        ahead = 30 * DAY_MS if kind == "ahead" else 0
        producer.produce(
            topic,
            value,
            key,
            partition=number % PARTITIONS,
            timestamp=now + ahead + number,
            headers=[("number", str(number))],
        )
    assert producer.flush(120) == 0


def number_of(record):
    return int(record.value.split(b" ")[0])


def header(record, name):
    found = [value for key, value in record.headers if key == PREFIX + name]
    assert len(found) == 1, (name, record.headers)
    return found[0].decode()


class Mirror:
    """A mirror of one topic to a target that takes less than the source."""

    def __init__(self, source, target, worker, unique, lane, quarantine, **settings):
        self.source, self.target, self.worker, self.rest = source, target, worker, worker.rest
        self.topic, self.alias = unique("orders"), unique("src")
        self.remote = f"{self.alias}.{self.topic}"
        self.quarantine = quarantine
        source.create_topic(self.topic, PARTITIONS, message_timestamp_after_max_ms=EVER)
        produce(source, self.topic, 10)
        self.config = mirror_config(
            "Source",
            source,
            target,
            self.alias,
            topics=self.topic,
            **{
                "errors.tolerance": "all",
                "raw.lane.enabled": LANES[lane],
                "sync.topic.configs.enabled": "false",
                "config.properties.exclude": "message\\.timestamp\\..*",
                "errors.quarantine.topic.name": quarantine,
                "errors.quarantine.topic.replication.factor": "1",
                **settings,
            },
        )
        self.rest.put_connector("mirror", self.config)
        records.wait_count(target, self.remote, 10, 90 * PATIENCE)
        self.rest.stop_connector("mirror")
        set_topic_config(target, self.remote, max_message_bytes=20000, cleanup_policy="compact")

    def resume(self):
        self.rest.ok("PUT", "/connectors/mirror/resume")

    def expected(self):
        """(records that must arrive, refused ones) of each partition."""
        found = records.read_all(self.source, self.topic)
        taken = {p: [r for r in rs if not refused_kind(number_of(r))] for p, rs in found.items()}
        refused = [r for rs in found.values() for r in rs if refused_kind(number_of(r))]
        return taken, refused

    def in_quarantine(self):
        return records.read_all(self.target, self.quarantine).get(0, [])

    def arrived(self):
        return records.read_all(self.target, self.remote)

    def committed(self):
        offsets = self.rest.ok("GET", "/connectors/mirror/offsets")["offsets"]
        return {o["partition"]["partition"]: o["offset"]["offset"] for o in offsets}

    def await_all(self):
        last = {p: end - 1 for p, (_, end) in records.end_offsets(self.source, self.topic).items()}
        wait_for(lambda: self.committed() == last, 120 * PATIENCE, f"offsets {last} to be committed")


def check_refused(mirror, copy, original):
    """The copy tells all of the original."""
    kind = refused_kind(number_of(original))
    assert (copy.key, copy.value) == (original.key, original.value)
    assert ("number", str(number_of(original)).encode()) in copy.headers
    assert header(copy, "topic") == mirror.topic
    assert int(header(copy, "timestamp")) == original.timestamp
    assert header(copy, "source.cluster.alias") == mirror.alias
    assert header(copy, "target.topic") == mirror.remote
    assert header(copy, "target.partition") == str(original.partition)
    assert header(copy, "connector.name") == "mirror"
    assert header(copy, "task.id") == "0"
    assert header(copy, "stage") == "KAFKA_PRODUCE"
    assert header(copy, "class.name") == "org.apache.kafka.connect.runtime.WorkerSourceTask"
    assert header(copy, "error.code") == REASONS[kind]
    assert header(copy, "exception.class.name").startswith("org.apache.kafka.")
    assert header(copy, "exception.message")


def by_coordinates(copies):
    found = {}
    for copy in copies:
        where = int(header(copy, "partition")), int(header(copy, "offset"))
        found.setdefault(where, []).append(copy)
    return found


@pytest.mark.parametrize("codec", ["none", "lz4"])
@pytest.mark.parametrize("lane", LANES)
def test_each_record_is_in_one_place(source, target, make_worker, unique, lane, codec):
    worker = make_worker.distributed()
    mirror = Mirror(source, target, worker, unique, lane, unique("quarantine"))
    produce(source, mirror.topic, 3000, first=10, codec=codec)
    mirror.resume()
    mirror.await_all()
    taken, refused = mirror.expected()
    arrived = mirror.arrived()
    for partition, expected in taken.items():
        records.compare(expected, arrived[partition], f"{mirror.remote}-{partition}")
    copies = by_coordinates(mirror.in_quarantine())
    assert sorted(copies) == sorted((r.partition, r.offset) for r in refused)
    for original in refused:
        (copy,) = copies[original.partition, original.offset]
        check_refused(mirror, copy, original)

    metrics = scrape(worker.rest)
    quarantined = "isthmus_task_quarantined_records_total"
    assert metrics.sum(quarantined, connector="mirror") == len(refused)
    task = worker.rest.ok("GET", "/connectors/mirror/explain")["tasks"][0]
    assert task["records"]["quarantined"] == len(refused)
    log = worker.process.log()
    assert f"goes to the quarantine topic {mirror.quarantine}" in log
    assert int(target.topic_config(mirror.quarantine)["max.message.bytes"]) > 1_000_000


@pytest.mark.parametrize("lane", LANES)
def test_killed_in_the_middle(source, target, make_worker, unique, lane):
    session = {"session.timeout.ms": "6000", "heartbeat.interval.ms": "500"}
    settings = make_worker.settings(**session, **{"offset.flush.interval.ms": "100"})
    worker = make_worker.distributed(settings)
    mirror = Mirror(source, target, worker, unique, lane, unique("quarantine"))
    produce(source, mirror.topic, 10000, first=10, codec="lz4")
    mirror.resume()
    for share in (500, 3000):
        wait_for(
            lambda: records.count(target, mirror.remote) >= share,
            90 * PATIENCE,
            f"{share} records",
            interval=0.02,
        )
        worker.kill()
        worker.start()
    mirror.await_all()
    taken, refused = mirror.expected()
    arrived = mirror.arrived()
    for partition, expected in taken.items():
        where = f"{mirror.remote}-{partition}"
        records.compare(
            expected, records.first_occurrences(expected, arrived[partition], where), where
        )
    copies = by_coordinates(mirror.in_quarantine())
    assert sorted(copies) == sorted((r.partition, r.offset) for r in refused)


def test_a_quarantine_that_takes_nothing(source, target, make_worker, unique):
    worker, quarantine = make_worker.distributed(), unique("quarantine")
    target.create_topic(quarantine, 1, max_message_bytes=200)
    mirror = Mirror(source, target, worker, unique, "raw", quarantine)
    produce(source, mirror.topic, 200, first=10)
    mirror.resume()

    def failed():
        tasks = (worker.rest.status("mirror") or {"tasks": []})["tasks"]
        return tasks and tasks[0]["state"] == "FAILED" and tasks[0]["trace"]

    trace = wait_for(failed, 90 * PATIENCE, "the task to fail")
    assert "quarantine" in trace and quarantine in trace, trace
    taken, refused = mirror.expected()
    first = {p: min(r.offset for r in refused if r.partition == p) for p in taken}
    for partition, offset in mirror.committed().items():
        assert offset < first.get(partition, EVER)

    # It takes records now, but for the value of the large one.
    set_topic_config(target, quarantine, max_message_bytes=20000)
    worker.rest.ok("POST", "/connectors/mirror/tasks/0/restart")
    mirror.await_all()
    copies = by_coordinates(mirror.in_quarantine())
    assert sorted(copies) == sorted((r.partition, r.offset) for r in refused)
    for original in refused:
        copy = copies[original.partition, original.offset][-1]
        if refused_kind(number_of(original)) == "large":
            assert (copy.key, copy.value) == (original.key, None)
            assert header(copy, "value.omitted") == str(len(original.value))
        else:
            check_refused(mirror, copy, original)


def test_what_it_cant_be_used_with(source, target, make_worker, unique):
    worker = make_worker.distributed()
    config = mirror_config("Source", source, target, unique("src"), topics="none")
    config["errors.quarantine.topic.name"] = "quarantine"
    answer = worker.rest.insist("PUT", "/connectors/mirror/config", config)
    assert answer.status_code == 400 and "errors.tolerance=all" in answer.text
