# SPDX-License-Identifier: Apache-2.0
"""Partitions go round the tasks by number; where one task then has nearly all of the load, a partition
changes hands, once, and no record is lost or comes twice."""

import records
from processes import wait_for
from workers import PATIENCE, mirror_config

MOVED = "change their task"


def shares(rest):
    """What the tasks have, as a list of sets."""
    tasks = sorted(rest.get("/connectors/mirror/tasks"), key=lambda task: task["id"]["task"])
    return [set(task["config"]["task.assigned.partitions"].split(",")) for task in tasks]


def test_two_busy_partitions_part(source, target, make_worker, unique):
    topic, alias = unique("orders"), unique("src")
    source.create_topic(topic, 4)
    worker = make_worker.distributed()
    rest = worker.rest
    # Other tests may have left heartbeats on the source, which would be dealt out, too.
    more = {
        "tasks.max": "2",
        "replication.balance.interval.ms": "1000",
        "heartbeats.replication.enabled": "false",
    }
    rest.put_connector("mirror", mirror_config("Source", source, target, alias, topics=topic, **more))
    rest.wait_running("mirror", tasks=2)
    busy = {f"{topic}-0", f"{topic}-2"}
    assert shares(rest) == [busy, {f"{topic}-1", f"{topic}-3"}]

    produced = 0

    def parted():
        nonlocal produced
        for partition in (0, 2):
            records.produce(source, topic, 200, first=produced, partition=partition)
            produced += 200
        return all(len(share & busy) == 1 for share in shares(rest))

    wait_for(parted, 90 * PATIENCE, "the busy partitions to have a task each", interval=0.3)
    rest.wait_running("mirror", tasks=2)
    mirrored = records.assert_mirrored(source, topic, target, f"{alias}.{topic}", 60 * PATIENCE)
    assert mirrored == produced
    moves = [line for line in worker.process.log().splitlines() if MOVED in line]
    assert len(moves) == 1 and " 1 partitions of " in moves[0], moves
