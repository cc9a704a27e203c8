# SPDX-License-Identifier: Apache-2.0
"""What a sink's consumer may be told: a topic that is still to be made, a poll interval below the
session's, where to begin by time, assignors, the group protocol.

One broker that makes topics by itself, one worker, all sinks at a time.
"""

import time

import pytest
from confluent_kafka import Producer

import records
from kafka_cluster import Cluster
from processes import wait_for
from workers import PATIENCE, Workers

FILE = "org.apache.kafka.connect.file.FileStreamSinkConnector"
STRING = "org.apache.kafka.connect.storage.StringConverter"
CLIENTS = "org.apache.kafka.clients.consumer"


@pytest.fixture(scope="module")
def cluster():
    with Cluster("sink-clients", auto_create=True) as made:
        yield made


@pytest.fixture
def worker(kind, cluster, unique):
    factory = Workers(kind, cluster, unique)
    try:
        yield factory.distributed(
            factory.settings(**{"key.converter": STRING, "value.converter": STRING})
        )
        factory.stop()
    finally:
        factory.close()


def sink(worker, name, topic, out, **overrides):
    config = {"connector.class": FILE, "topics": topic, "file": str(out)}
    config |= {f"consumer.override.{key}": value for key, value in overrides.items()}
    config |= {"consumer.override.metadata.max.age.ms": "1000"}
    return worker.rest.insist("PUT", f"/connectors/{name}/config", config)


def send(cluster, topic, *lines):
    """Lines with the seconds before now that each is from."""
    producer = Producer(cluster.client_config())
    for line, age in lines:
        producer.produce(topic, line, timestamp=int((time.time() - age) * 1000))
    assert producer.flush(120) == 0


def arrives(out, *lines):
    wanted = sorted(lines)
    wait_for(
        lambda: out.exists() and sorted(out.read_text().split()) == wanted,
        60 * PATIENCE,
        f"{wanted} in {out}",
    )


def test_what_a_sinks_consumer_may_be_told(cluster, worker, unique, tmp_path):
    old = unique("old")
    send(cluster, old, ("hours-ago", 7200), ("minutes-ago", 600), ("now", 0))
    missing = unique("missing")
    assert sink(worker, "missing", missing, tmp_path / "missing").status_code == 201
    hasty = {"max.poll.interval.ms": "8000", "session.timeout.ms": "30000"}
    assert sink(worker, "hasty", old, tmp_path / "hasty", **hasty).status_code == 201
    hour = {"auto.offset.reset": "by_duration:PT1H"}
    assert sink(worker, "hour", old, tmp_path / "hour", **hour).status_code == 201
    sticky = {"partition.assignment.strategy": f"{CLIENTS}.StickyAssignor"}
    assert sink(worker, "sticky", old, tmp_path / "sticky", **sticky).status_code == 201
    modern = sink(worker, "modern", old, tmp_path / "modern", **{"group.protocol": "consumer"})
    if modern.status_code == 400:  # where librdkafka has the classic protocol alone
        assert "group.protocol" in modern.json()["message"]

    wait_for(lambda: missing in cluster.topics(), 60 * PATIENCE, f"{missing} to be made")
    send(cluster, missing, ("made", 0))
    arrives(tmp_path / "missing", "made")
    for name in ("hasty", "sticky", *(["modern"] if modern.status_code == 201 else [])):
        arrives(tmp_path / name, "hours-ago", "minutes-ago", "now")
    arrives(tmp_path / "hour", "minutes-ago", "now")
    for name in worker.rest.get("/connectors"):
        worker.rest.wait_running(name)
    wait_for(
        lambda: records.committed(cluster, "connect-hour", old, [0]),
        60 * PATIENCE,
        "the offsets of the one that began an hour ago",
    )


def test_what_cannot_be_done_is_refused_at_once(kind, worker, tmp_path):
    """In Java these are accepted, and fail when the task starts."""
    for key, value in {
        "auto.offset.reset": "by_duration:soon",
        "partition.assignment.strategy": "com.acme.Assignor",
        "group.protocol": "share",
    }.items():
        answer = sink(worker, "refused", "t", tmp_path / "out", **{key: value})
        assert (answer.status_code == 400) == (kind == "isthmus")
        if kind == "isthmus":
            assert value in answer.json()["message"] and key in answer.json()["message"]
