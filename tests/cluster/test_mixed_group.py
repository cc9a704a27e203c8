# SPDX-License-Identifier: Apache-2.0
"""One Connect group of Isthmus and Java workers: work is shared, moves, and survives its owners.

Every worker may lead. Requests go to whichever worker, connectors belong to whichever owner.
"""

import pytest

from processes import wait_for
from workers import PATIENCE

SOURCE = "org.apache.kafka.connect.file.FileStreamSourceConnector"
STRINGS = "org.apache.kafka.connect.storage.StringConverter"


def file_source(path, topic):
    return {
        "connector.class": SOURCE,
        "file": str(path),
        "topic": topic,
        "key.converter": STRINGS,
        "value.converter": STRINGS,
    }


def owners(rest, connectors):
    """{worker id: how many connectors and tasks run there}, or None while not all of them run."""
    shares = {}
    for connector in connectors:
        status = rest.status(connector)
        if not status or len(status["tasks"]) != 1:
            return None
        for part in [status["connector"], *status["tasks"]]:
            if part["state"] != "RUNNING":
                return None
            shares[part["worker_id"]] = shares.get(part["worker_id"], 0) + 1
    return shares


def wait_shared(rest, connectors, ids):
    """Waits until exactly these workers run everything, none of them much more than another."""

    def shared():
        shares = owners(rest, connectors)
        even = shares and max(shares.values()) - min(shares.values()) <= 2
        return shares if even and set(shares) == set(ids) else None

    return wait_for(shared, 90 * PATIENCE, f"{ids} to share {connectors}", interval=0.3)


def restart(rest, connector):
    """Restarts the task wherever it is; a rebalance under way is waited out."""

    def attempt():
        return rest.call("POST", f"/connectors/{connector}/tasks/0/restart").status_code == 204

    wait_for(attempt, 30 * PATIENCE, f"the restart of {connector}-0", interval=0.5)


@pytest.mark.java
def test_work_moves_among_workers(target, make_worker, unique, tmp_path, kind):
    topic = unique("lines")
    target.create_topic(topic, 1)
    session = {
        "session.timeout.ms": "6000",
        "heartbeat.interval.ms": "1000",
        "scheduled.rebalance.max.delay.ms": "1000",
    }
    first = make_worker.settings(**session)
    group = first["group.id"]
    made = {}

    def start(worker_kind):
        settings = dict(first) if not made else make_worker.settings(group, **session)
        worker = make_worker.distributed(settings, kind=worker_kind)
        worker_id = settings["listeners"].removeprefix("http://")
        made[worker_id] = worker
        return worker_id, worker

    one, worker_one = start(kind)
    connectors = [unique("file") for _ in range(4)]
    for connector in connectors:
        path = tmp_path / connector
        path.write_text("a line\n")
        worker_one.rest.put_connector(connector, file_source(path, topic))
    wait_shared(worker_one.rest, connectors, [one])

    # A Java worker joins a leader in C and is given a share.
    two, worker_two = start("java")
    wait_shared(worker_two.rest, connectors, [one, two])
    # A request to a follower reaches the leader; one for the other's task reaches its owner.
    config = worker_two.rest.get(f"/connectors/{connectors[0]}/config")
    worker_two.rest.put_connector(connectors[0], {**config, "batch.size": "100"})
    wait_shared(worker_one.rest, connectors, [one, two])
    for worker in worker_one, worker_two:
        for connector in connectors:
            restart(worker.rest, connector)
    wait_shared(worker_one.rest, connectors, [one, two])

    # The leader goes: the Java worker leads, and a new worker in C follows it.
    three, worker_three = start(kind)
    wait_shared(worker_three.rest, connectors, [one, two, three])
    worker_one.stop()
    wait_shared(worker_three.rest, connectors, [two, three])
    worker_three.rest.put_connector(connectors[1], {**config, "name": connectors[1]})
    wait_shared(worker_two.rest, connectors, [two, three])

    # The Java worker dies without a word.
    worker_two.kill()
    wait_shared(worker_three.rest, connectors, [three])
    worker_three.rest.delete_connector(connectors[3])
    wait_shared(worker_three.rest, connectors[:3], [three])
