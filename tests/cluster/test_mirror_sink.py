# SPDX-License-Identifier: Apache-2.0
"""MirrorSinkConnector: a worker beside the source pushes to a target.

The worker lives on the source cluster. The target is a cluster of this test, since it goes down in
the middle; MirrorCheckpointConnector, in a worker beside the target as usual, translates offsets by
what the sink has written: its offset syncs, and its offset index.
"""

import random

import pytest

import exactness
import records
from metrics import wait_metrics
from processes import wait_for
from workers import PATIENCE, Workers, mirror_config

COUNT = 3000


@pytest.fixture
def sink_target(cluster_factory):
    return cluster_factory("target-sink")


def config_of(source, target, alias, **more):
    config = mirror_config("Sink", source, target, alias, **more)
    return config | {"tasks.max": "2", "consumer.override.session.timeout.ms": "6000"}


def wait_commits(rest, read):
    """Until the sink has read so many records, and its two tasks have committed four times since."""
    task = "kafka_connect_sink_task_"
    before = wait_metrics(
        rest,
        lambda seen: seen.sum(task + "sink_record_read_total", connector="push") >= read,
        60 * PATIENCE,
        f"{read} records to be read",
    ).all(task + "offset_commit_seq_no", connector="push")

    def grown(seen):
        now = seen.all(task + "offset_commit_seq_no", connector="push")
        return sum(number for _, number in now) >= sum(number for _, number in before) + 4

    wait_metrics(rest, grown, 60 * PATIENCE, "commits without what the target hasn't taken")


def check_translations(source, target, topic, alias, rest):
    """Offsets anywhere are translated exactly, most by the index. Nobody has written down what was
    pushed when the worker was killed: that is looked up."""
    there, here = records.read_all(source, topic), records.read_all(target, f"{alias}.{topic}")
    by = set()
    for partition, found in there.items():
        allowed = exactness.truth(found, here[partition])
        ends = random.Random(partition).sample(range(found[-1].offset + 1), 40)
        asked = [
            {"topic": topic, "partition": partition, "offset": offset}
            for offset in [0, found[-1].offset + 1, *ends]
        ]
        for answer in rest.ok("POST", "/connectors/push/translate", asked)["translations"]:
            assert answer["translated"]["offset"] in allowed(answer["offset"]), answer
            assert answer["exact"], answer
            by.add(answer["by"])
    assert "index" in by, by


def test_a_push_from_beside_the_source(source, sink_target, unique):
    target, topic, alias = sink_target, unique("orders"), unique("src")
    remote, late, group = f"{alias}.{topic}", f"{topic}-late", unique("billing")
    source.create_topic(topic, 3, **{"retention.ms": "-1"})
    records.produce(source, topic, COUNT)
    beside = Workers("isthmus", source, unique)
    far = Workers("isthmus", target, unique)
    try:
        quick = {"offset.flush.interval.ms": "1000", "scheduled.rebalance.max.delay.ms": "0"}
        worker = beside.distributed(beside.settings(**quick))
        pattern = {"topics.regex": f"{topic}.*"}
        worker.rest.put_connector("push", config_of(source, target, alias, **pattern))
        worker.rest.wait_running("push", tasks=2)

        # Keys, values, headers and timestamps, each in its partition; the topic's settings too.
        records.assert_mirrored(source, topic, target, remote, 120 * PATIENCE)
        assert target.partition_count(remote) == 3
        assert target.topic_config(remote)["retention.ms"] == "-1"

        # A topic that comes later, which no broker may make up: it has two partitions.
        source.create_topic(late, 2)
        records.produce(source, late, 100)
        records.assert_mirrored(source, late, target, f"{alias}.{late}", 120 * PATIENCE)
        assert target.partition_count(f"{alias}.{late}") == 2

        # The target is away: nothing is lost, nothing comes twice, no task fails.
        target.brokers[0].pause()
        records.produce(source, topic, 500, first=COUNT)
        wait_commits(worker.rest, COUNT + 100 + 500)
        assert sum(records.committed(source, "connect-push", topic, range(3)).values()) <= COUNT
        target.brokers[0].resume()
        records.assert_mirrored(source, topic, target, remote, 120 * PATIENCE)
        assert all(task["state"] == "RUNNING" for task in worker.rest.status("push")["tasks"])

        # The worker is killed and another one goes on: nothing is lost.
        records.produce(source, topic, 500, first=COUNT + 500)
        worker.kill()
        worker.start()
        records.produce(source, topic, 500, first=COUNT + 1000)
        records.assert_mirrored(source, topic, target, remote, 120 * PATIENCE, exactly=False)

        # Committed is what was acknowledged: all, in the end.
        ends = {p: high for p, (_, high) in records.end_offsets(source, topic).items()}
        wait_for(
            lambda: records.committed(source, "connect-push", topic, range(3)) == ends,
            60 * PATIENCE,
            "the sink's own offsets",
        )

        # A group's offsets are translated by the sink's offset syncs.
        records.commit(source, group, topic, ends)
        settings = {"groups": group, "topics": f"{topic}.*", "sync.group.offsets.enabled": "true"}
        settings["sync.group.offsets.interval.seconds"] = "1"
        checkpoints = far.distributed()
        checkpoints.rest.put_connector(
            "checkpoint", mirror_config("Checkpoint", source, target, alias, **settings)
        )
        there = {p: high for p, (_, high) in records.end_offsets(target, remote).items()}
        wait_for(
            lambda: records.committed(target, group, remote, range(3)) == there,
            60 * PATIENCE,
            "the group's offsets on the target",
        )
        check_translations(source, target, topic, alias, worker.rest)
        beside.stop()
        far.stop()
    finally:
        beside.close()
        far.close()
