# SPDX-License-Identifier: Apache-2.0
"""Rights that a producer lacks on its topic: lost while an answer is lost, or never had.

An answer that gets lost, and a retry that is refused: no later record is taken for a duplicate.

The target writes a batch, but its answer never arrives. When the producer tries again, it has lost
its right to write (a real ACL), and errors.tolerance=all lets the task go on. The next batch has as
many records, so that it would have the same sequence numbers if the first one's were given out
again: the broker would take it for the first one, say that it is written, and drop it.
"""

import pytest
from confluent_kafka.admin import AclOperation

import records
from faults import LANES
from guarded_cluster import GuardedCluster
from processes import wait_for
from workers import PATIENCE, mirror_config

TOGETHER = {"linger.ms": 500}  # one batch


@pytest.fixture(scope="module")
def guarded():
    with GuardedCluster("guarded") as cluster:
        yield cluster


@pytest.fixture
def target(guarded):
    """Where make_worker's workers live."""
    return guarded


@pytest.mark.parametrize("lane", LANES)
def test_the_next_batch_is_written(guarded, make_worker, unique, lane):
    topic, alias = unique("orders"), unique("src")
    remote = f"{alias}.{topic}"
    guarded.create_topic(topic, 1)
    guarded.allow_producer_ids()
    guarded.allow(remote, AclOperation.WRITE)
    guarded.allow(remote, AclOperation.DESCRIBE)
    rest = make_worker.distributed().rest
    config = mirror_config("Source", guarded, guarded, alias, topics=topic) | guarded.producer()
    config |= {"errors.tolerance": "all", "raw.lane.enabled": str(lane == "raw").lower()}
    rest.put_connector("mirror", config)
    rest.wait_running("mirror", timeout=60 * PATIENCE)
    records.produce(guarded, topic, 10)
    records.wait_count(guarded, remote, 10, 60 * PATIENCE)

    def wait_passed(count):
        """Until the task is done with so many records, written or not."""

        def passed():
            found = rest.offsets("mirror")
            return found and found[0]["offset"]["offset"] == count - 1

        wait_for(passed, 120 * PATIENCE, f"the task to pass {count} records", interval=0.2)

    wait_passed(10)
    with guarded.link.freeze(up=False):
        records.produce(guarded, topic, 5, first=10, **TOGETHER)
        records.wait_count(guarded, remote, 15, 60 * PATIENCE)
        guarded.forbid(remote, AclOperation.WRITE)
        guarded.link.cut()
    wait_passed(15)
    guarded.allow(remote, AclOperation.WRITE)
    records.produce(guarded, topic, 5, first=15, **TOGETHER)
    wait_passed(20)
    records.compare(
        records.read_all(guarded, topic)[0], records.read_all(guarded, remote)[0], remote
    )


@pytest.mark.parametrize("lane", LANES)
def test_a_topic_that_may_not_be_seen(guarded, make_worker, unique, lane):
    """Without DESCRIBE there is no metadata, and waiting doesn't help: the task fails at once."""
    topic, alias = unique("orders"), unique("src")
    remote = f"{alias}.{topic}"
    guarded.create_topic(topic, 1)
    guarded.allow_producer_ids()
    records.produce(guarded, topic, 10)
    rest = make_worker.distributed().rest
    config = mirror_config("Source", guarded, guarded, alias, topics=topic) | guarded.producer()
    config |= {
        "producer.override.delivery.timeout.ms": "600000",
        "raw.lane.enabled": str(lane == "raw").lower(),
    }
    rest.put_connector("mirror", config)

    def failed():
        tasks = (rest.status("mirror") or {"tasks": []})["tasks"]
        return tasks and tasks[0]["state"] == "FAILED" and tasks[0]["trace"]

    trace = wait_for(failed, 90 * PATIENCE, "the task to fail")
    assert "TOPIC_AUTHORIZATION_FAILED" in trace or "TopicAuthorizationException" in trace, trace
    assert remote in trace, trace
    guarded.allow(remote, AclOperation.WRITE)
    guarded.allow(remote, AclOperation.DESCRIBE)
    rest.ok("POST", "/connectors/mirror/tasks/0/restart")
    records.wait_count(guarded, remote, 10, 60 * PATIENCE)
