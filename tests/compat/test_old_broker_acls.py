# SPDX-License-Identifier: Apache-2.0
"""A broker before 2.8 with ACLs: no producer id without IdempotentWrite on the cluster.

Connect's producers do without by default (Java's worker sets enable.idempotence=false). Ours ask for
an id and go on without one where they get none.
"""

import os

import pytest
from confluent_kafka.admin import AclOperation

import records
from faults import LANES
from guarded_cluster import GuardedCluster
from processes import wait_for
from workers import PATIENCE, mirror_config

OLD = os.environ.get("OLD_KAFKA", "2.1.1")
SAID = "give this user no producer id"


@pytest.fixture(scope="module")
def old():
    with GuardedCluster("old-acls", version=OLD) as cluster:
        yield cluster


def start(old, source, make_worker, unique, lane, **more):
    topic, alias = unique("orders"), unique("src")
    remote = f"{alias}.{topic}"
    source.create_topic(topic, 1)
    old.create_topic(remote, 1)
    old.allow(remote, AclOperation.WRITE)
    old.allow(remote, AclOperation.DESCRIBE)
    worker = make_worker.distributed()
    config = mirror_config("Source", source, old, alias, topics=topic) | old.producer() | more
    config["raw.lane.enabled"] = str(lane == "raw").lower()
    worker.rest.put_connector("mirror", config)
    records.produce(source, topic, 500)
    return worker, topic, remote


@pytest.mark.parametrize("lane", LANES)
def test_flows_without_a_producer_id(old, source, make_worker, unique, lane):
    worker, topic, remote = start(old, source, make_worker, unique, lane)
    records.assert_mirrored(source, topic, old, remote, 90 * PATIENCE)
    records.produce(source, topic, 500, first=500)
    records.assert_mirrored(source, topic, old, remote, 90 * PATIENCE)

    def noted():
        tasks = worker.rest.get("/connectors/mirror/explain")["tasks"]
        return tasks and "no producer id" in tasks[0].get("note", "")

    wait_for(noted, 30 * PATIENCE, "explain to say so", interval=0.2)
    assert worker.process.log().count(SAID) == 1


@pytest.mark.parametrize("lane", LANES)
def test_who_insists_fails(old, source, make_worker, unique, lane):
    insists = {"producer.override.enable.idempotence": "true"}
    worker, topic, remote = start(old, source, make_worker, unique, lane, **insists)

    def failed():
        tasks = (worker.rest.status("mirror") or {"tasks": []})["tasks"]
        return tasks and tasks[0]["state"] == "FAILED" and tasks[0]["trace"]

    trace = wait_for(failed, 60 * PATIENCE, "the task to fail", interval=0.2)
    assert "Cluster authorization failed" in trace


def test_none_is_asked_for_where_none_is_wanted(source, target, make_worker, unique):
    """enable.idempotence=false, as Java's default is, on a broker of today."""
    topic, alias = unique("orders"), unique("src")
    source.create_topic(topic, 2)
    records.produce(source, topic, 1000)
    rest = make_worker.distributed().rest
    for lane in LANES:
        config = mirror_config("Source", source, target, f"{alias}-{lane}", topics=topic)
        config |= {"producer.override.enable.idempotence": "false"}
        rest.put_connector(lane, config | {"raw.lane.enabled": str(lane == "raw").lower()})
    for lane in LANES:
        records.assert_mirrored(source, topic, target, f"{alias}-{lane}.{topic}", 60 * PATIENCE)
