# SPDX-License-Identifier: Apache-2.0
"""Rebalances that don't stop the work: only what must move is stopped.

By the workers' logs, which name each task that is started or stopped: a worker that comes or goes
moves its share and nothing else, a changed config restarts what it is for, and topics and groups
that nobody mirrors change nothing at all. (A new topic that is mirrored has its connector's tasks
configured anew, as in Java.)
"""

import pytest

import records
from processes import wait_for
from task_moves import Mark
from workers import PATIENCE, mirror_config

CONNECTORS, TASKS = 6, 3
GROUP = {
    "session.timeout.ms": "6000",
    "heartbeat.interval.ms": "1000",
    "scheduled.rebalance.max.delay.ms": "2000",
}


def everything(rest, names):
    """{task: worker id} of all tasks, None while not all of them run."""
    owners = {}
    for name in names:
        status = rest.status(name)
        if not status or len(status["tasks"]) != TASKS or status["connector"]["state"] != "RUNNING":
            return None
        for task in status["tasks"]:
            if task["state"] != "RUNNING":
                return None
            owners[f"{name}-{task['id']}"] = task["worker_id"]
    return owners


def settled(worker, names, ids):
    """Waits until just these workers run everything; {task: worker id}."""

    def evenly():
        owners = everything(worker.rest, names)
        shares = [list((owners or {}).values()).count(id) for id in ids]
        even = owners and set(owners.values()) == set(ids) and max(shares) - min(shares) <= 1
        return owners if even else None

    return wait_for(evenly, 90 * PATIENCE, f"{ids} to share all tasks", interval=0.3)


def moved(before, after):
    return {task for task in before if before[task] != after[task]}


@pytest.mark.slow
def test_only_what_must_move(source, target, make_worker, unique):
    topic = source.create_topic(unique("orders"), TASKS)
    first = make_worker.settings(**GROUP)
    others = [make_worker.settings(first["group.id"], **GROUP) for _ in range(2)]
    ids = [s["listeners"].removeprefix("http://") for s in (first, *others)]
    workers = [make_worker.distributed(settings) for settings in (first, others[0])]
    names = [unique("mirror") for _ in range(CONNECTORS)]
    for name in names:
        more = {"topics": topic, "tasks.max": TASKS, "emit.offset-syncs.enabled": "false"}
        config = mirror_config("Source", source, target, name, **more)
        del config["offset-syncs.topic.replication.factor"]  # not without offset-syncs
        workers[0].rest.put_connector(name, config)
    owners = settled(workers[0], names, ids[:2])

    # A worker comes: what it gets is stopped elsewhere, once, and nothing else.
    mark = Mark(workers)
    workers.append(make_worker.distributed(others[1]))
    mark.workers = workers
    now = settled(workers[0], names, ids)
    started, stopped = mark.tasks()
    assert set(stopped) == set(started) == moved(owners, now)
    assert set(stopped.values()) == set(started.values()) == {1}
    assert {now[task] for task in started} == {ids[2]}
    connectors_started, connectors_stopped = mark.connectors()
    assert connectors_started == connectors_stopped

    # A config changes: that connector and its tasks.
    mark = Mark(workers)
    config = workers[1].rest.config(names[0])
    workers[1].rest.put_connector(names[0], {**config, "producer.override.linger.ms": "3"})
    own = {f"{names[0]}-{number}" for number in range(TASKS)}
    wait_for(lambda: set(mark.tasks()[0]) >= own, 30 * PATIENCE, "its tasks to start again")
    assert settled(workers[0], names, ids) == now
    started, stopped = mark.tasks()
    assert set(started) == set(stopped) == own
    assert mark.connectors() == ({names[0]: 1}, {names[0]: 1})

    # Topics and groups come that these mirrors have nothing to do with.
    mark = Mark(workers)
    source.create_topic(unique("other"), 2)
    records.commit(source, unique("billing"), topic, {0: 1})
    records.produce(source, topic, 50)
    for name in names:
        records.assert_mirrored(source, topic, target, f"{name}.{topic}", 60 * PATIENCE)
    assert mark.rebalances() == 0
    assert mark.tasks() == mark.connectors() == ({}, {})

    # A worker dies: its work, and only that, starts elsewhere once the delay is over.
    mark = Mark(workers[:2])
    workers[2].kill()
    after = settled(workers[0], names, ids[:2])
    started, stopped = mark.tasks()
    assert not stopped
    assert set(started) == moved(now, after) == {t for t, owner in now.items() if owner == ids[2]}
    assert set(started.values()) == {1}
